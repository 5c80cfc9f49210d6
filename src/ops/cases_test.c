/* cases_test.c - runs every line of src/ops/X.cases; test/cases.h has their format.
 *
 *     ops-cases-test [FILE.cases | PART OF AN OP'S NAME]...
 */
#include "ops/ops.h"
#include "test/isolate.h"
#include "test/trial.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { SECONDS_PER_CASE = 60 };

static char **wanted;                   /* parts of names of ops; none: all */
static int n_wanted;

static bool is_wanted(const struct op_case *c)
{
    for (int i = 0; i < n_wanted; i++)
        if (c->op && strcasestr(c->op, wanted[i]))
            return true;
    return !n_wanted;
}

static void on_case(void *ctx, const struct op_case *c, const char *broken)
{
    (void)ctx;
    if (!is_wanted(c) && !broken)
        return;
    progress_at(c->line, c->text);
    struct status *st = broken ? status_new(INTERNAL, "not understood: %s", broken)
                               : case_check(c);
    if (!st)
        return;
    progress->failures++;
    printf("%s:%d: %.160s\n  %s\n", c->file, c->line, c->text, status_message(st));
    status_free(st);
}

static void run_lines(void *path, int from)
{
    if (!cases_read(path, from, on_case, NULL)) {
        printf("%s: cannot be read\n", (char *)path);
        exit(1);
    }
}

static void run_file(void **state)
{
    const char *path = *state;
    isolate(path, SECONDS_PER_CASE, run_lines, *state);
    printf("%s: %d cases, %d failures\n", path, progress->done, progress->failures);
    assert_int_equal(progress->failures, 0);
}

int main(int argc, char **argv)
{
    glob_t found = { 0 };
    struct CMUnitTest *test;
    int n = 0;
    wanted = argv + 1;
    for (int i = 1; i < argc; i++) {
        if (strstr(argv[i], ".cases"))
            glob(argv[i], n++ ? GLOB_APPEND | GLOB_NOCHECK : GLOB_NOCHECK, NULL, &found);
        else
            wanted[n_wanted++] = argv[i];
    }
    if (!n)
        glob("src/ops/*.cases", 0, NULL, &found);
    struct status *st = ops_init();
    if (!st)
        st = trial_init();
    if (st) {
        printf("%s\n", status_message(st));
        return 1;
    }
    test = calloc(found.gl_pathc + 1, sizeof *test);
    for (size_t i = 0; i < found.gl_pathc; i++)
        test[i] = (struct CMUnitTest){ found.gl_pathv[i], run_file, NULL, NULL, found.gl_pathv[i] };
    int failed = _cmocka_run_group_tests("cases", test, found.gl_pathc, NULL, NULL);
    free(test);
    globfree(&found);
    return failed != 0;
}
