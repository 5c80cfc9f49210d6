/* sweep_test.c - small calls that the real TensorFlow answered (../shared/recorded/sweep.txt), as
 * cases.
 *
 *     ops-sweep-test [PART OF AN OP'S NAME]...
 *
 * A line is rewritten as a case (test/cases.h) and checked like one:
 *     OP[/variant] | Tensor(dt=1 shape=(2,) [1.0, 2.0]) ; ... | {'attr': value} -> Tensor(...)
 * Lines that tell of several ops in words are counted and left to the recorded graphs.
 */
#include "base/str.h"
#include "ops/ops.h"
#include "test/isolate.h"
#include "test/trial.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char SWEEP[] = "../shared/recorded/sweep.txt";
static char **wanted;
static int n_wanted;

/* Not to be compared: the op, and why. */
static const struct { const char *op, *why; } skipped[] = {
    { "Qr", "signs are free" }, { "Svd", "signs are free" },
    { "SelfAdjointEigV2", "signs are free" },
    { "FusedBatchNormV2", "its other outputs are what memory held" },
};

/* 'it\'s' or b"x" to "it's"; returns what follows. */
static const char *rewrite_text(const char *p, struct str *to)
{
    p += *p == 'b';
    char quote = *p++;
    str_puts(to, "\"");
    for (; *p && *p != quote; p++) {
        if (*p == '\\') {
            str_add(to, p, 2);
            p++;
        } else {
            str_printf(to, *p == '"' ? "\\%c" : "%c", *p);
        }
    }
    str_puts(to, "\"");
    return *p ? p + 1 : p;
}

static bool text_is_here(const char *p)
{
    return *p == '\'' || *p == '"' || (*p == 'b' && (p[1] == '\'' || p[1] == '"'));
}

/* Python's values up to `close` as ours: True, (1+2j), 'text', 1.5. Types stand as numbers. */
static const char *rewrite_values(const char *p, char close, bool types, struct str *to)
{
    while (*p && *p != close) {
        if (text_is_here(p)) {
            p = rewrite_text(p, to);
        } else if (!strncmp(p, "True", 4) || !strncmp(p, "False", 5)) {
            str_puts(to, *p == 'T' ? "true" : "false");
            p += *p == 'T' ? 4 : 5;
        } else if (types && isdigit((unsigned char)*p)) {
            char *end;
            str_puts(to, dtype_name((enum dtype)strtol(p, &end, 10)));
            p = end;
        } else {
            if (*p != '(' && *p != ')')
                str_add(to, p, 1);
            p++;
        }
    }
    return p;
}

/* Tensor(dt=1 shape=(2, 3) [1.0, ...]) */
static const char *rewrite_tensor(const char *p, struct str *to)
{
    char *end;
    enum dtype t = (enum dtype)strtol(p + strlen("Tensor(dt="), &end, 10);
    str_puts(to, dtype_name(t));
    p = end + strlen(" shape=(");
    if (*p != ')')
        str_printf(to, "[%.*s]", (int)strcspn(p, ")"), p);
    p = strchr(p, '[') + 1;
    str_puts(to, "{");
    p = rewrite_values(p, ']', false, to);
    str_puts(to, "}");
    return p + strlen("])");
}

static void rewrite_tensors(const char *p, const char *end, const char *between, struct str *to)
{
    bool first = true;
    while ((p = strstr(p, "Tensor(dt=")) && p < end) {
        str_puts(to, first ? " " : between);
        p = rewrite_tensor(p, to);
        first = false;
    }
}

/* {'keep_dims': True, 'DstT': 3} */
static void rewrite_attrs(const struct op *op, const char *p, const char *end, struct str *to)
{
    for (p++; p < end && *p == '\''; p += strspn(p, ", ")) {
        int n = (int)strcspn(p + 1, "'");
        const char *name = strndupa(p + 1, (size_t)n);
        int i = sig_attr(op_sig(op), name);
        enum attr_kind kind = i < 0 ? ATTR_NONE : op_sig(op)->attr[i].kind;
        bool types = kind == ATTR_TYPE || kind == ATTR_LIST + ATTR_TYPE;
        p += n + strlen("'': ");
        str_printf(to, " %s=", name);
        if (*p == '[' || *p == '(') {
            char close = *p == '[' ? ']' : ')';
            str_puts(to, "[");
            p = rewrite_values(p + 1, close, types, to) + 1;
            str_puts(to, "]");
        } else if (text_is_here(p)) {
            p = rewrite_text(p, to);
        } else {
            const char *stop = p + strcspn(p, ",}");
            struct str one = { 0 };
            str_add(&one, p, (size_t)(stop - p));
            rewrite_values(str_text(&one), 0, types, to);
            str_free(&one);
            p = stop;
        }
    }
}

/* "Sum[0, 1]", "Sumkeep" and "Cast/f64" to the op's name. */
static void op_name(const char *line, const char *end, char *name, size_t size)
{
    size_t n = strcspn(line, "/[|");
    if (n > (size_t)(end - line))
        n = (size_t)(end - line);
    snprintf(name, size, "%.*s", (int)n, line);
    char *keep = strstr(name, "keep");
    if (keep && !op_find(name))
        *keep = 0;
    name[strcspn(name, " ")] = 0;
}

static void on_case(void *ctx, const struct op_case *c, const char *broken)
{
    const char *line = ctx;
    struct status *st = broken ? status_new(INTERNAL, "not understood: %s", broken)
                               : case_check(c);
    progress->passed += !st;
    progress->failures += st != NULL;
    if (st)
        printf("sweep:%d: %.160s\n  %s\n", c->line, line, status_message(st));
    status_free(st);
}

static bool is_skipped(const char *name)
{
    for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++)
        if (!strcmp(skipped[i].op, name))
            return true;
    return false;
}

static void run_line(int number, const char *line)
{
    char name[64];
    const char *inputs = strstr(line, " | "), *attrs = inputs ? strstr(inputs + 3, " | {") : NULL;
    const char *outputs = attrs ? strstr(attrs, "} -> ") : NULL;
    if (!outputs) {
        progress->skipped++;
        progress_note("(in words)");
        return;
    }
    if (strstr(outputs, "]...)")) {
        progress->skipped++;
        progress_note("(cut short)");
        return;
    }
    op_name(line, inputs, name, sizeof name);
    bool match = !n_wanted;
    for (int i = 0; i < n_wanted; i++)
        match |= strcasestr(name, wanted[i]) != NULL;
    if (!match)
        return;
    const struct op *op = op_find(name);
    if (!op || is_skipped(name)) {
        progress->skipped++;
        progress_note(name);
        return;
    }
    struct str text = { 0 };
    str_puts(&text, name);
    rewrite_attrs(op, attrs + 3, outputs, &text);
    rewrite_tensors(inputs, attrs, " ", &text);
    str_puts(&text, " =");
    rewrite_tensors(outputs, outputs + strlen(outputs), " | ", &text);
    progress_at(number, str_text(&text));
    case_read("sweep", number, str_text(&text), on_case, (void *)str_text(&text));
    str_free(&text);
}

static void run_lines(void *ctx, int from)
{
    FILE *f = fopen(SWEEP, "r");
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    (void)ctx;
    for (int number = 1; f && (n = getline(&line, &cap, f)) > 0; number++) {
        line[n - (line[n - 1] == '\n')] = 0;
        if (number >= from)
            run_line(number, line);
    }
    free(line);
    if (f)
        fclose(f);
}

static void sweep(void **state)
{
    FILE *f = fopen(SWEEP, "r");
    (void)state;
    if (!f) {
        printf("%s is not here: skipped\n", SWEEP);
        skip();
    }
    fclose(f);
    isolate("sweep", 60, run_lines, NULL);
    progress_print_notes("not yet: ");
    printf("sweep: %d passed, %d failed, %d not yet\n", progress->passed, progress->failures,
           progress->skipped);
    assert_int_equal(progress->failures, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(sweep) };
    wanted = argv + 1;
    n_wanted = argc - 1;
    struct status *st = ops_init();
    if (!st)
        st = trial_init();
    if (st) {
        printf("%s\n", status_message(st));
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
