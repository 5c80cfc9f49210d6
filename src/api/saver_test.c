/* saver_test.c - the saver as a program uses it (G4-G11), and one that is killed while it saves:
 * saver_test [KILLS]. */
#include "test/expect.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weft.h>

static char folder[] = P_tmpdir "/weft-saver-XXXXXX";
static int kills = 30;

static const char *in_folder(const char *name)
{
    static char path[4][200];
    static int turn;
    char *to = path[turn++ % 4];
    snprintf(to, sizeof *path, "%s/%s", folder, name);
    return to;
}

static bool there(const char *name) { return !access(in_folder(name), F_OK); }

/* ---- a graph of some variables, all filled with one number ---- */

enum { VARIABLES = 3 };

struct model {
    struct weft_graph *g;
    struct weft_session *s;
    struct weft_saver *saver;
    struct weft_variable v[VARIABLES];
    struct weft_out set[VARIABLES], number;
};

static struct weft_variable variable(struct weft_graph *g, const char *name, int64_t n,
                                     unsigned flags)
{
    return weft_variable_new(g, name, weft_zeros(g, WEFT_FLOAT, 1, &n), flags);
}

static void model_open(struct model *m, int64_t n, const struct weft_saver_options *o)
{
    *m = (struct model){ .g = weft_graph_new() };
    m->v[0] = variable(m->g, "a", n, 0);
    m->v[1] = variable(m->g, "scope/b", 5, 0);
    m->v[2] = variable(m->g, "c", n, WEFT_USE_RESOURCE);
    m->number = weft_op(m->g, "Placeholder", NULL, 0,
                        WEFT_ATTRS(weft_attr_type("dtype", WEFT_FLOAT)));
    for (int i = 0; i < VARIABLES; i++) {
        int64_t dim = i == 1 ? 5 : n;
        struct weft_out zeros = weft_zeros(m->g, WEFT_FLOAT, 1, &dim);
        struct weft_out value = weft_op(m->g, "Add", WEFT_OUTS(zeros, m->number), NULL, 0);
        m->set[i] = weft_variable_assign(m->v[i], value);
    }
    weft_check(weft_graph_error(m->g));
    weft_check(weft_saver_new(m->g, NULL, 0, o, &m->saver));
    weft_check(weft_session_new(m->g, NULL, &m->s));
}

static void model_close(struct model *m)
{
    weft_saver_free(m->saver);
    weft_session_free(m->s);
    weft_graph_free(m->g);
}

static void set(struct model *m, float number)
{
    struct weft_tensor *t = weft_tensor_scalar(WEFT_FLOAT, number), *out[VARIABLES];
    struct weft_feed feed = { m->number, t };
    weft_check(weft_session_run(m->s, NULL, &feed, 1, m->set, VARIABLES, NULL, 0, out));
    for (int i = 0; i < VARIABLES; i++)
        weft_tensor_free(out[i]);
    weft_tensor_free(t);
}

/* The number that all elements of all variables are; -1 if they are not the same. */
static double get(struct model *m)
{
    double number = -2;
    for (int i = 0; i < VARIABLES; i++) {
        struct weft_tensor *t;
        weft_check(weft_session_eval(m->s, m->v[i].value, &t));
        for (int64_t k = 0; k < weft_tensor_count(t); k++)
            number = number == -2 || number == weft_tensor_number(t, k)
                         ? weft_tensor_number(t, k) : -1;
        weft_tensor_free(t);
    }
    return number;
}

#define OK(call) ok((struct status *)(call))
#define FAILS(call, code, text) fails((struct status *)(call), code, text)

static void save(struct model *m, const char *name, int64_t step)
{
    OK(weft_saver_save(m->saver, m->s, in_folder(name), step, NULL));
}

/* ---- what it does ---- */

/* G4, G8 */
static void saves_and_restores(void **state)
{
    struct model m;
    struct weft_bytes prefix;
    (void)state;
    model_open(&m, 10, NULL);
    set(&m, 7);
    OK(weft_saver_save(m.saver, m.s, in_folder("m"), 7, &prefix));
    assert_string_equal(prefix.data, in_folder("m-7"));
    weft_bytes_free(&prefix);
    assert_true(there("m-7.index") && there("m-7.data-00000-of-00001") && there("m-7.meta"));
    set(&m, 8);
    OK(weft_saver_restore(m.saver, m.s, in_folder("m-7")));
    assert_true(get(&m) == 7);
    OK(weft_latest_checkpoint(folder, &prefix));
    assert_string_equal(prefix.data, in_folder("m-7"));
    weft_bytes_free(&prefix);
    model_close(&m);

    /* Another program: no initializer has been run. */
    model_open(&m, 10, NULL);
    OK(weft_saver_restore(m.saver, m.s, in_folder("m-7")));
    assert_true(get(&m) == 7);
    assert_non_null(weft_graph_find(m.g, "save/restore_all"));
    assert_non_null(weft_graph_find(m.g, "save/SaveV2/tensor_names"));
    model_close(&m);
}

/* G5 */
static void old_ones_go(void **state)
{
    struct model m;
    (void)state;
    model_open(&m, 10, &(struct weft_saver_options){ .max_to_keep = 2, .pad_step_number = true });
    set(&m, 1);
    for (int i = 1; i <= 3; i++)
        save(&m, "old", i);
    assert_false(there("old-00000001.index") || there("old-00000001.data-00000-of-00001") ||
                 there("old-00000001.meta"));
    assert_true(there("old-00000002.index"));
    save(&m, "old", 2);                         /* becomes the newest */
    save(&m, "old", 4);
    assert_true(there("old-00000002.index"));
    assert_false(there("old-00000003.index"));
    assert_int_equal(weft_saver_checkpoints(m.saver), 2);
    assert_string_equal(weft_saver_checkpoint(m.saver, 1), in_folder("old-00000004"));
    model_close(&m);

    /* A new saver starts empty unless it goes on with what is there. */
    const char *names[] = { in_folder("old-00000002"), in_folder("old-00000003"),
                            in_folder("old-00000004") };
    model_open(&m, 10, &(struct weft_saver_options){ .max_to_keep = 2, .no_meta_graph = true });
    OK(weft_saver_recover(m.saver, names, 3));
    assert_int_equal(weft_saver_checkpoints(m.saver), 2);
    set(&m, 1);
    save(&m, "old", 5);
    assert_false(there("old-00000002.index"));
    assert_false(there("old-5.meta"));
    model_close(&m);
}

/* G1, G6, G7 */
static void refusals(void **state)
{
    struct model m;
    struct weft_saver *none;
    struct weft_graph *empty = weft_graph_new();
    (void)state;
    FAILS(weft_saver_new(empty, NULL, 0, NULL, &none), INVALID_ARGUMENT, "No variables to save");
    FAILS(weft_saver_new(empty, NULL, 0, &(struct weft_saver_options){ .latest_filename = "a/b" },
                         &none), INVALID_ARGUMENT,
          "'latest_filename' must not contain path components");
    weft_graph_free(empty);
    model_open(&m, 10, NULL);
    FAILS(weft_saver_save(m.saver, m.s, in_folder("x"), -1, NULL), FAILED_PRECONDITION, "");
    assert_false(there("x.index") || there("x.meta"));
    set(&m, 1);
    FAILS(weft_saver_save(m.saver, m.s, in_folder("checkpoint"), -1, NULL), INVALID_ARGUMENT,
          "'latest_filename' collides with 'save_path'");
    FAILS(weft_saver_save(m.saver, m.s, in_folder("none/x"), -1, NULL), INVALID_ARGUMENT,
          "doesn't exist, can't save.");
    FAILS(weft_saver_restore(m.saver, m.s, NULL), INVALID_ARGUMENT, "Can't load save_path");
    FAILS(weft_saver_restore(m.saver, m.s, in_folder("none")), INVALID_ARGUMENT,
          "The passed save_path is not a valid checkpoint: ");
    model_close(&m);
}

/* G9, G10: a failed restore changes no variable. */
static void what_does_not_fit(void **state)
{
    struct model m, other;
    struct weft_tensor *t = weft_tensor_scalar(WEFT_FLOAT, 1);
    (void)state;
    model_open(&other, 11, NULL);
    set(&other, 2);
    save(&other, "other", -1);
    model_close(&other);
    model_open(&m, 10, NULL);
    set(&m, 1);
    FAILS(weft_saver_restore(m.saver, m.s, in_folder("other")), INVALID_ARGUMENT,
          "Assign requires shapes of both tensors to match.");
    assert_true(get(&m) == 1);
    OK(weft_checkpoint_write(in_folder("one"), (const char *const[]){ "a" }, &t, 1));
    FAILS(weft_saver_restore(m.saver, m.s, in_folder("one")), INVALID_ARGUMENT, "a mismatch");
    OK(weft_checkpoint_write(in_folder("one"), (const char *const[]){ "q" }, &t, 1));
    FAILS(weft_saver_restore(m.saver, m.s, in_folder("one")), NOT_FOUND,
          "Key a not found in checkpoint");
    assert_true(get(&m) == 1);
    weft_tensor_free(t);
    model_close(&m);
}

/* G15 */
static void a_checkpoint_is_looked_at(void **state)
{
    static const char *const names[] = { "x", "a/b" };
    struct weft_tensor *t[2] = { weft_tensor_scalar(WEFT_DOUBLE, 3), weft_tensor_text("hi", 2) };
    struct weft_tensor *back;
    struct weft_checkpoint *c;
    int64_t dims[WEFT_MAX_RANK];
    (void)state;
    OK(weft_checkpoint_write(in_folder("look"), names, t, 2));
    OK(weft_checkpoint_open(in_folder("look"), &c));
    OK(weft_checkpoint_verify(c));
    assert_int_equal(weft_checkpoint_count(c), 2);
    assert_string_equal(weft_checkpoint_name(c, 0), "a/b");
    assert_int_equal(weft_checkpoint_dtype(c, 1), WEFT_DOUBLE);
    assert_int_equal(weft_checkpoint_shape(c, 1, dims), 0);
    assert_int_equal(weft_checkpoint_find(c, "y"), -1);
    OK(weft_checkpoint_read(c, weft_checkpoint_find(c, "x"), &back));
    assert_true(weft_tensor_number(back, 0) == 3);
    weft_tensor_free(back);
    weft_checkpoint_free(c);
    weft_tensor_free(t[0]);
    weft_tensor_free(t[1]);
}

/* ---- killed at any instant ---- */

enum { LARGE = 20000 };

/* Saves under new names, and, every other time, under one name again and again. */
static void save_for_ever(int seed)
{
    struct model m;
    model_open(&m, LARGE, &(struct weft_saver_options){ .max_to_keep = 3 });
    for (int i = 0;; i++) {
        set(&m, (float)(seed * 1000 + i));
        weft_check(weft_saver_save(m.saver, m.s, in_folder("kill"), i % 2 ? i : -1, NULL));
    }
}

static int restore_latest(struct model *m)
{
    struct weft_bytes prefix;
    weft_check(weft_latest_checkpoint(folder, &prefix));
    if (!prefix.data)
        return 0;
    weft_check(weft_saver_restore(m->saver, m->s, prefix.data));
    weft_bytes_free(&prefix);
    assert_true(get(m) >= 0);
    if (there("kill.index") || there("kill.index.next")) {
        weft_check(weft_saver_restore(m->saver, m->s, in_folder("kill")));
        assert_true(get(m) >= 0);
    }
    return 1;
}

/* What those who were killed could not remove would fill the disk. */
static void start_over(void)
{
    char command[300];
    snprintf(command, sizeof command, "rm -f %s/*", folder);
    assert_int_equal(system(command), 0);
}

static void kills_leave_a_whole_checkpoint(void **state)
{
    struct model m;
    int restored = 0, replaced = 0;
    (void)state;
    srand(11);
    model_open(&m, LARGE, NULL);
    for (int i = 1; i <= kills; i++) {
        pid_t child = fork();
        if (!child)
            save_for_ever(i);
        usleep((useconds_t)(20000 + rand() % 120000));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        replaced += there("kill.index.next");
        restored += restore_latest(&m);
        if (i % 20 == 0)
            start_over();
    }
    printf("%d kills, %d times there was a checkpoint and it was whole, %d times its files had yet "
           "to be renamed\n", kills, restored, replaced);
    assert_true(restored > kills / 2);
    model_close(&m);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[300];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kills_leave_a_whole_checkpoint),
        cmocka_unit_test(saves_and_restores),
        cmocka_unit_test(old_ones_go),
        cmocka_unit_test(refusals),
        cmocka_unit_test(what_does_not_fit),
        cmocka_unit_test(a_checkpoint_is_looked_at),
    };
    kills = argc > 1 ? atoi(argv[1]) : kills;
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
