/* dataset_test.c - what single datasets give, in sessions: those that call functions, hold several
 * components or read files (E48-E51). */
#include "api/pipeline.h"

#include <unistd.h>

/* ---- functions ---- */

static void multiply_by(struct weft_graph *g, const struct weft_out *x, double by,
                        struct weft_out *out)
{
    out[0] = call_in(g, "Mul", x[0], by);
}

static void is_even(struct weft_graph *g, const struct weft_out *x, double by, struct weft_out *out)
{
    (void)by;
    out[0] = call_in(g, "Equal", call_in(g, "FloorMod", x[0], 2), 0);
}

static void is_less(struct weft_graph *g, const struct weft_out *x, double by, struct weft_out *out)
{
    out[0] = call_in(g, "Less", x[0], by);
}

static void add_both(struct weft_graph *g, const struct weft_out *x, double by,
                     struct weft_out *out)
{
    (void)by;
    out[0] = weft_op(g, "AddV2", x, 2, NULL, 0);
    out[1] = out[0];
}

static void range_to(struct weft_graph *g, const struct weft_out *x, double by,
                     struct weft_out *out)
{
    (void)by;
    out[0] = range_in(g, weft_scalar(g, WEFT_INT64, 0), x[0]);
}

static void ten_by(struct weft_graph *g, const struct weft_out *x, double by, struct weft_out *out)
{
    struct weft_out from = call_in(g, "Mul", x[0], 10);
    out[0] = range_in(g, from, call_in(g, "AddV2", from, by));
}

/* 12 / x: fails where x is 0. */
static void divide(struct weft_graph *g, const struct weft_out *x, double by, struct weft_out *out)
{
    out[0] = weft_op(g, "FloorDiv", WEFT_OUTS(weft_scalar(g, WEFT_INT64, by), x[0]), NULL, 0);
}

static void maps(void **state)
{
    (void)state;
    gives(DATA_F("MapDataset", "f", adding(10), range(0, 3)), LIST(10, 11, 12));
    struct weft_out captured = number(100);
    const char *sum = define(add_both, 0, NULL, 2, 1);
    gives(data_in(graph, "MapDataset", WEFT_OUTS(range(0, 3), captured),
                  WEFT_ATTRS(weft_attr_func("f", sum), weft_attr_types("Targuments", int64s, 1))),
          LIST(100, 101, 102));
    struct weft_out few = weft_scalar(graph, WEFT_INT32, 3);
    gives(DATA_F("ParallelMapDataset", "f", define(multiply_by, 3, NULL, 1, 1), range(0, 5), few),
          LIST(0, 3, 6, 9, 12));
    gives(DATA_F("FilterDataset", "predicate", define(is_even, 0, NULL, 1, 1), range(0, 6)),
          LIST(0, 2, 4));
    gives(DATA_F("TakeWhileDataset", "predicate", define(is_less, 3, NULL, 1, 1), range(0, 100)),
          LIST(0, 1, 2));
}

static void flat_maps(void **state)
{
    (void)state;
    gives(DATA_F("FlatMapDataset", "f", define(range_to, 0, NULL, 1, 1), range(0, 4)),
          LIST(0, 0, 1, 0, 1, 2));
    const char *ten = define(ten_by, 3, NULL, 1, 1);
    struct weft_out four = range(1, 5), two = number(2), one = number(1);
    gives(DATA_F("InterleaveDataset", "f", ten, four, two, one),
          LIST(10, 20, 11, 21, 12, 22, 30, 40, 31, 41, 32, 42));
    gives(DATA_F("InterleaveDataset", "f", ten, four, number(1000), two),
          LIST(10, 11, 20, 21, 30, 31, 40, 41, 12, 22, 32, 42));
    gives(DATA_F("ParallelInterleaveDatasetV2", "f", ten, four, two, one, two),
          LIST(10, 20, 11, 21, 12, 22, 30, 40, 31, 41, 32, 42));
    gives(DATA_F("ParallelInterleaveDataset", "f", ten, four, two, two, truth(true), one, one),
          LIST(10, 11, 20, 21, 12, 22, 30, 31, 40, 41, 32, 42));
}

/* An element that cannot be computed is an error, and then comes the next one. */
static void errors(void **state)
{
    (void)state;
    const char *f = define(divide, 12, NULL, 1, 1);
    struct weft_out dataset[] = {
        DATA_F("MapDataset", "f", f, range(-1, 3)),
        DATA_F("ParallelMapDataset", "f", f, range(-1, 3), weft_scalar(graph, WEFT_INT32, 2)),
        DATA("PrefetchDataset", DATA_F("MapDataset", "f", f, range(-1, 3)), number(2)),
    };
    for (int i = 0; i < 3; i++) {
        struct walk w = walk(dataset[i]);
        goes_on(&w, LIST(-12));
        fails(weft_session_eval(w.session, w.next, &(struct weft_tensor *){ NULL }),
              WEFT_INVALID_ARGUMENT, "ivision by zero");
        goes_on(&w, LIST(12, 6));
        is_over(&w);
        walk_end(&w);
        gives(DATA("IgnoreErrorsDataset", dataset[i]), LIST(-12, 12, 6));
    }
}

static void scans(void **state)
{
    (void)state;
    const char *sum = define(add_both, 0, NULL, 2, 2);
    struct weft_attr attr[] = { weft_attr_func("f", sum), weft_attr_types("Tstate", int64s, 1),
                                weft_attr_types("Targuments", NULL, 0) };
    gives(data_in(graph, "ScanDataset", WEFT_OUTS(range(1, 5), number(100)), attr, 3),
          LIST(101, 103, 106, 110));
    attr[0] = weft_attr_func("f", define(add_both, 0, NULL, 2, 1));
    struct weft_out all = data_in(graph, "ReduceDataset", WEFT_OUTS(range(1, 5), number(100)),
                                  attr, 3);
    struct weft_session *s = session_on(graph);
    HOLDS(s, all, 110);
    weft_session_free(s);
}

/* ---- groups ---- */

static const enum weft_dtype key_and_window[] = { WEFT_INT64, WEFT_VARIANT };

static void mod_by(struct weft_graph *g, const struct weft_out *x, double by, struct weft_out *out)
{
    out[0] = call_in(g, "FloorMod", x[0], by);
}

static void constant(struct weft_graph *g, const struct weft_out *x, double by,
                     struct weft_out *out)
{
    (void)x;
    out[0] = weft_scalar(g, WEFT_INT64, by);
}

/* (key, window) -> a dataset of window's elements */
static void second(struct weft_graph *g, const struct weft_out *x, double by, struct weft_out *out)
{
    (void)by;
    out[0] = weft_op(g, "Identity", &x[1], 1, NULL, 0);
}

static void first(struct weft_graph *g, const struct weft_out *x, double by, struct weft_out *out)
{
    (void)by;
    out[0] = weft_op(g, "Identity", x, 1, NULL, 0);
}

static void groups(void **state)
{
    (void)state;
    struct weft_attr by_window[] = {
        weft_attr_func("key_func", define(mod_by, 2, NULL, 1, 1)),
        weft_attr_func("window_size_func", define(constant, 3, NULL, 1, 1)),
        weft_attr_func("reduce_func", define(second, 0, key_and_window, 2, 1)),
        weft_attr_types("Tkey_func_other_arguments", NULL, 0),
        weft_attr_types("Twindow_size_func_other_arguments", NULL, 0),
        weft_attr_types("Treduce_func_other_arguments", NULL, 0)
    };
    gives(data_in(graph, "GroupByWindowDataset", WEFT_OUTS(range(0, 8)), by_window, 6),
          LIST(0, 2, 4, 1, 3, 5, 6, 7));
    struct weft_attr by_reducer[] = {
        weft_attr_func("key_func", define(mod_by, 3, NULL, 1, 1)),
        weft_attr_func("init_func", define(multiply_by, 1000, NULL, 1, 1)),
        weft_attr_func("reduce_func", define(add_both, 0, NULL, 2, 1)),
        weft_attr_func("finalize_func", define(first, 0, NULL, 1, 1)),
        weft_attr_types("Tkey_func_other_arguments", NULL, 0),
        weft_attr_types("Tinit_func_other_arguments", NULL, 0),
        weft_attr_types("Treduce_func_other_arguments", NULL, 0),
        weft_attr_types("Tfinalize_func_other_arguments", NULL, 0)
    };
    gives(data_in(graph, "GroupByReducerDataset", WEFT_OUTS(range(0, 7)), by_reducer, 8),
          LIST(0 + 3 + 6, 1000 + 1 + 4, 2000 + 2 + 5));
}

static void refuses_next(struct walk *w, const char *text)
{
    fails(weft_session_eval(w->session, w->next, &(struct weft_tensor *){ NULL }),
          WEFT_INVALID_ARGUMENT, text);
}

static struct walk reducer(const char *key, const char *init, const char *reduce,
                           struct weft_out in)
{
    struct weft_attr attr[] = {
        weft_attr_func("key_func", key), weft_attr_func("init_func", init),
        weft_attr_func("reduce_func", reduce),
        weft_attr_func("finalize_func", define(first, 0, NULL, 1, 1)),
        weft_attr_types("Tkey_func_other_arguments", NULL, 0),
        weft_attr_types("Tinit_func_other_arguments", NULL, 0),
        weft_attr_types("Treduce_func_other_arguments", NULL, 0),
        weft_attr_types("Tfinalize_func_other_arguments", NULL, 0)
    };
    return walk(data_in(graph, "GroupByReducerDataset", WEFT_OUTS(in), attr, 8));
}

static void quotient(struct weft_graph *g, const struct weft_out *x, double by,
                     struct weft_out *out)
{
    (void)by;
    out[0] = weft_op(g, "FloorDiv", x, 2, NULL, 0);
}

/* A group whose state could not be computed is gone: the next element begins it again. */
static void groups_that_fail(void **state)
{
    (void)state;
    struct walk w = reducer(define(mod_by, 1, NULL, 1, 1), define(constant, 12, NULL, 1, 1),
                            define(quotient, 0, NULL, 2, 1), range(-1, 3));
    refuses_next(&w, "ivision by zero");
    goes_on(&w, LIST(6));
    is_over(&w);
    walk_end(&w);
    w = reducer(define(mod_by, 1, NULL, 1, 1), define(constant, 12, NULL, 1, 1),
                define(quotient, 0, NULL, 2, 1), range(-1, 1));
    refuses_next(&w, "ivision by zero");
    is_over(&w);
    walk_end(&w);
    w = reducer(define(mod_by, 2, NULL, 1, 1), define(divide, 12, NULL, 1, 1),
                define(add_both, 0, NULL, 2, 1), range(0, 4));
    refuses_next(&w, "ivision by zero");
    refuses_next(&w, "ivision by zero");
    goes_on(&w, LIST(12 + 1 + 3));
    is_over(&w);
    walk_end(&w);
}

/* ---- what only claims to be of a type ---- */

static void false_types(void **state)
{
    static const enum weft_dtype strings[] = { WEFT_STRING };
    (void)state;
    struct weft_out rows = weft_op(NULL, "TensorDataset",
                                   WEFT_OUTS(weft_vector(graph, WEFT_INT64, 0, NULL)),
                                   WEFT_ATTRS(weft_attr_shapes("output_shapes", scalars, 1)));
    struct walk w = walk(data_in(graph, "DirectedInterleaveDataset",
                                 WEFT_OUTS(DATA("TakeDataset", rows, number(-1)), range(0, 3)),
                                 WEFT_ATTRS(weft_attr_int("N", 1))));
    refuses_next(&w, "must be a dataset of scalar int64 elements");
    walk_end(&w);
    struct weft_attr by_window[] = {
        weft_attr_types("output_types", strings, 1),
        weft_attr_shapes("output_shapes", scalars, 1),
        weft_attr_func("key_func", define(mod_by, 2, NULL, 1, 1)),
        weft_attr_func("window_size_func", define(constant, 3, NULL, 1, 1)),
        weft_attr_func("reduce_func", define(second, 0, key_and_window, 2, 1)),
        weft_attr_types("Tkey_func_other_arguments", NULL, 0),
        weft_attr_types("Twindow_size_func_other_arguments", NULL, 0),
        weft_attr_types("Treduce_func_other_arguments", NULL, 0)
    };
    struct weft_out in[] = { range(0, 8) };
    struct weft_out unique = DATA("ExperimentalUniqueDataset",
                                  weft_op(NULL, "GroupByWindowDataset", in, 1, by_window, 8));
    w = walk(DATA_F("MapDataset", "f", define(constant, 1, strings, 1, 1), unique));
    refuses_next(&w, "the reduce function returned is int64, not string");
    walk_end(&w);
}

/* ---- shuffled ---- */

/* Passes differ unless that is not wanted; the same seeds give the same order again. */
static void shuffles(void **state)
{
    (void)state;
    for (int reshuffle = 0; reshuffle < 2; reshuffle++) {
        struct weft_out once = data_in(graph, "ShuffleDataset", WEFT_OUTS(range(0, 100), number(50),
            number(3), number(4)),
            WEFT_ATTRS(weft_attr_bool("reshuffle_each_iteration", reshuffle)));
        struct walk w = walk(DATA("RepeatDataset", once, number(2)));
        int64_t pass[2][100], seen[100] = { 0 }, v = 0;
        for (int i = 0; i < 200; i++) {
            assert_true(walk_next(&w, &v));
            pass[i / 100][i % 100] = v;
            seen[v]++;
        }
        is_over(&w);
        for (int i = 0; i < 100; i++)
            assert_int_equal(seen[i], 2);
        assert_int_equal(!memcmp(pass[0], pass[1], sizeof pass[0]), !reshuffle);
        ok(weft_session_do(w.session, w.init));
        goes_on(&w, pass[0], 100);
        goes_on(&w, pass[1], 100);
        walk_end(&w);
    }
}

/* ---- what is asked for may never come ---- */

static void huge_numbers(void **state)
{
    (void)state;
    struct weft_out nothing = DATA("ShuffleAndRepeatDataset", range(0, 0), number(8), number(1),
                                   number(2), number(100000));
    struct walk w = walk(nothing);
    mem_limit(mem_live() + (1 << 18));
    is_over(&w);
    mem_limit(0);
    walk_end(&w);
    w = walk_of(DATA("PrefetchDataset", range(0, 1000), number(INT32_MAX)));
    w.session = session_on(graph);
    mem_limit(mem_live() + (64 << 20));
    ok(weft_session_do(w.session, w.init));
    for (int64_t i = 0; i < 1000; i++)
        goes_on(&w, &i, 1);
    is_over(&w);
    mem_limit(0);
    walk_end(&w);
}

/* ---- iterators ---- */

static void not_initialized(void **state)
{
    (void)state;
    struct walk w = walk_of(range(0, 3));
    struct weft_tensor *t;
    w.session = session_on(graph);
    fails(weft_session_eval(w.session, w.next, &t), WEFT_FAILED_PRECONDITION,
          "GetNext() failed because the iterator has not been initialized.");
    walk_end(&w);
}

/* E48: each session has its own position; E50: one run takes one element. */
static void positions(void **state)
{
    (void)state;
    struct walk a = walk(range(0, 3)), b = a;
    struct weft_out twice[] = { a.next, a.next };
    struct weft_tensor *t[2];
    b.session = session_on(graph);
    ok(weft_session_do(b.session, b.init));
    goes_on(&a, LIST(0, 1));
    goes_on(&b, LIST(0));
    ok(weft_session_run(b.session, NULL, NULL, 0, twice, 2, NULL, 0, t));
    assert_int_equal(weft_tensor_number(t[0], 0), 1);
    assert_int_equal(weft_tensor_number(t[1], 0), 1);
    weft_tensor_free(t[0]);
    weft_tensor_free(t[1]);
    goes_on(&b, LIST(2));
    is_over(&b);
    goes_on(&a, LIST(2));
    walk_end(&a);
    walk_end(&b);
}

/* E51, at run time. */
static void other_elements(void **state)
{
    (void)state;
    struct walk w = walk_of(range(0, 3));
    struct weft_out floats = weft_vector(graph, WEFT_FLOAT, 2, (double[]){ 1, 2 });
    struct weft_out rows = matrix(graph, WEFT_INT64, 1, 2, (double[]){ 1, 2 });
    struct weft_attr shapes = weft_attr_shapes("output_shapes", scalars, 1);
    struct weft_shape pair = { 1, { 2 } };
    struct weft_out other = weft_op(NULL, "TensorSliceDataset", &floats, 1, &shapes, 1);
    struct weft_attr pairs = weft_attr_shapes("output_shapes", &pair, 1);
    struct weft_out longer = weft_op(NULL, "TensorSliceDataset", &rows, 1, &pairs, 1);
    w.session = session_on(graph);
    fails(weft_session_do(w.session, weft_op(NULL, "MakeIterator", WEFT_OUTS(other, w.iterator),
                                             NULL, 0).node),
          WEFT_INVALID_ARGUMENT,
          "Data type mismatch at component 0: expected int64 but got float.");
    fails(weft_session_do(w.session, weft_op(NULL, "MakeIterator", WEFT_OUTS(longer, w.iterator),
                                             NULL, 0).node),
          WEFT_INVALID_ARGUMENT, "Incompatible shapes at component 0: expected [] but got [2].");
    walk_end(&w);
}

static void factory(struct weft_graph *g, const struct weft_out *x, double by,
                    struct weft_out *out)
{
    (void)x;
    out[0] = range_in(g, weft_scalar(g, WEFT_INT64, 0), weft_scalar(g, WEFT_INT64, by));
}

static void one_shot(void **state)
{
    (void)state;
    const char *f = define(factory, 3, NULL, 0, 1);
    struct weft_out it = data_in(graph, "OneShotIterator", NULL, 0,
                                 WEFT_ATTRS(weft_attr_func("dataset_factory", f)));
    struct walk a = { .next = DATA("IteratorGetNext", it) }, b = a;
    a.session = session_on(graph);
    b.session = session_on(graph);
    goes_on(&a, LIST(0, 1));
    goes_on(&b, LIST(0, 1, 2));
    is_over(&b);
    goes_on(&a, LIST(2));
    is_over(&a);
    walk_end(&a);
    walk_end(&b);
}

/* Which iterator the next element comes from is what a string says. */
static void feedable(void **state)
{
    (void)state;
    struct walk a = walk(range(0, 3)), b = walk_of(range(10, 13)), any = a;
    struct weft_out name = placeholder(graph, "handle", WEFT_STRING, 0, NULL);
    struct weft_out it = data_in(graph, "IteratorFromStringHandleV2", &name, 1, NULL, 0);
    struct weft_out of_a = weft_op(NULL, "IteratorToStringHandle", &a.iterator, 1, NULL, 0);
    struct weft_out of_b = weft_op(NULL, "IteratorToStringHandle", &b.iterator, 1, NULL, 0);
    any.next = DATA("IteratorGetNext", it);
    ok(weft_session_do(a.session, b.init));
    struct weft_tensor *handle[] = { value_of(a.session, of_a), value_of(a.session, of_b) };
    static const double want[] = { 0, 10, 1, 11, 2, 12 };
    for (int i = 0; i < 6; i++) {
        struct weft_tensor *t;
        ok(weft_session_run(a.session, NULL, WEFT_FEEDS({ name, handle[i % 2] }), &any.next, 1,
                            NULL, 0, &t));
        assert_int_equal(weft_tensor_number(t, 0), want[i]);
        weft_tensor_free(t);
    }
    weft_tensor_free(handle[0]);
    weft_tensor_free(handle[1]);
    walk_end(&a);
}

static void optionals(void **state)
{
    (void)state;
    struct walk w = walk(range(5, 6));
    struct weft_out may_be = DATA("IteratorGetNextAsOptional", w.iterator);
    struct weft_out is = weft_op(NULL, "OptionalHasValue", &may_be, 1, NULL, 0);
    struct weft_out got = DATA("OptionalGetValue", may_be);
    struct weft_out both[] = { is, got };
    struct weft_tensor *t[2];
    ok(weft_session_run(w.session, NULL, NULL, 0, both, 2, NULL, 0, t));
    assert_int_equal(weft_tensor_number(t[0], 0), 1);
    assert_int_equal(weft_tensor_number(t[1], 0), 5);
    weft_tensor_free(t[0]);
    weft_tensor_free(t[1]);
    HOLDS(w.session, is, 0);
    fails(weft_session_eval(w.session, got, &t[0]), WEFT_INVALID_ARGUMENT,
          "The given optional does not have a value.");
    walk_end(&w);
}

static void deleted(void **state)
{
    (void)state;
    struct walk w = walk(range(0, 3));
    goes_on(&w, LIST(0));
    struct weft_out none = weft_op(graph, "OptionalNone", NULL, 0, NULL, 0);
    ok(weft_session_do(w.session, weft_op(NULL, "DeleteIterator", WEFT_OUTS(w.iterator, none), NULL,
                                          0).node));
    fails(weft_session_eval(w.session, w.next, &(struct weft_tensor *){ NULL }),
          WEFT_FAILED_PRECONDITION, "has not been initialized");
    walk_end(&w);
}

/* A dataset is a value: fetched, fed to another session, alive when its own is not. */
static void fetched_and_fed(void **state)
{
    (void)state;
    struct weft_out dataset = DATA_F("MapDataset", "f", adding(10), range(0, 3));
    struct weft_out hole = placeholder(graph, "dataset", WEFT_VARIANT, 0, NULL);
    struct walk w = walk_of(hole);
    struct weft_session *s = session_on(graph);
    struct weft_tensor *t = value_of(s, dataset);
    weft_session_free(s);
    w.session = session_on(graph);
    ok(weft_session_run(w.session, NULL, WEFT_FEEDS({ hole, t }), NULL, 0, &w.init, 1, NULL));
    weft_tensor_free(t);
    goes_on(&w, LIST(10, 11, 12));
    is_over(&w);
    walk_end(&w);
}

/* ---- files ---- */

static const char *path(const char *name)
{
    static char text[300];
    const char *folder = getenv("TMPDIR");
    snprintf(text, sizeof text, "%s/weft_dataset_%d_%s", folder ? folder : "/tmp", (int)getpid(),
             name);
    return text;
}

static void write_file(const char *name, const char *bytes, size_t n)
{
    FILE *f = fopen(path(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

/* The strings of a dataset, joined. */
static void reads(struct weft_out dataset, const char *want)
{
    struct walk w = { 0 };
    const enum weft_dtype strings[] = { WEFT_STRING };
    struct weft_attr attr[] = { weft_attr_types("output_types", strings, 1),
                                weft_attr_shapes("output_shapes", scalars, 1),
                                weft_attr_string("shared_name", ""),
                                weft_attr_string("container", "") };
    struct weft_out it = weft_op(graph, "Iterator", NULL, 0, attr, 4);
    struct weft_out next = weft_op(NULL, "IteratorGetNext", &it, 1, attr, 2);
    w.init = weft_op(NULL, "MakeIterator", WEFT_OUTS(dataset, it), NULL, 0).node;
    w.session = session_on(graph);
    ok(weft_session_do(w.session, w.init));
    char all[200] = "";
    struct weft_tensor *t;
    struct weft_status *st;
    while (!(st = weft_session_eval(w.session, next, &t))) {
        strcat(all, weft_tensor_string(t, 0, NULL));
        strcat(all, "|");
        weft_tensor_free(t);
    }
    fails(st, WEFT_OUT_OF_RANGE, "End of sequence");
    assert_string_equal(all, want);
    walk_end(&w);
}

static void files(void **state)
{
    (void)state;
    struct weft_out none = text(""), zero = number(0);
    write_file("a", "one\r\ntwo\n\nthree", 15);
    write_file("b", "HEADabcdefTAIL", 14);
    struct weft_out a = text(path("a")), b = text(path("b")), r = text(path("r"));
    struct weft_out lines = weft_op(NULL, "TextLineDataset", WEFT_OUTS(a, none, zero), NULL, 0);
    reads(lines, "one|two||three|");
    reads(weft_op(NULL, "FixedLengthRecordDataset", WEFT_OUTS(b, number(4), number(3), number(4),
                                                              zero), NULL, 0), "abc|def|");
    struct weft_session *s = session_on(graph);
    ok(weft_session_do(s, weft_op(NULL, "DatasetToTFRecord", WEFT_OUTS(lines, r, text("GZIP")),
                                  NULL, 0).node));
    weft_session_free(s);
    reads(weft_op(NULL, "TFRecordDataset", WEFT_OUTS(r, text("GZIP"), zero), NULL, 0),
          "one|two||three|");
    unlink(path("a"));
    unlink(path("b"));
    unlink(path("r"));
}

/* The first column and the third, where a quote may hold a newline and a value may be missing;
 * what is not well made is left out. */
static void csv(void **state)
{
    (void)state;
    static const char all[] = "a,b,c\n1,x,10\r\n2,\"y\n,y\",20\n3,z,\nfour,z,40\n5,z,50";
    write_file("csv", all, sizeof all - 1);
    struct weft_attr attr[] = { weft_attr_types("output_types", int64s, 2),
                                weft_attr_shapes("output_shapes", scalars, 2) };
    struct weft_out file = text(path("csv")), none = text(""), missing = number(7);
    struct weft_out columns = weft_vector(graph, WEFT_INT64, 2, (double[]){ 0, 2 });
    struct weft_out d = weft_op(NULL, "CSVDataset", WEFT_OUTS(file, none, number(0), truth(true),
        text(","), truth(true), none, columns, missing, missing), attr, 2);
    d = weft_op(NULL, "IgnoreErrorsDataset", &d, 1, attr, 2);
    gives(DATA_F("MapDataset", "f", define(add_both, 0, NULL, 2, 1), d), LIST(11, 22, 10, 55));
    unlink(path("csv"));
}

/* The second walk reads what the first one wrote, and an unfinished one leaves nothing. */
static void cached_in_a_file(void **state)
{
    (void)state;
    struct weft_out cached = DATA("CacheDataset", range(0, 12), text(path("cache")));
    struct walk w = walk(cached);
    goes_on(&w, LIST(0, 1));
    walk_end(&w);
    char index[320];
    snprintf(index, sizeof index, "%s.index", path("cache"));
    assert_int_not_equal(access(index, F_OK), 0);
    gives(cached, LIST(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
    assert_int_equal(access(index, F_OK), 0);
    gives(DATA("CacheDataset", range(50, 60), text(path("cache"))),
          LIST(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
    unlink(index);
    snprintf(index, sizeof index, "%s.data-00000-of-00001", path("cache"));
    unlink(index);
}

/* ---- no memory ---- */

/* The nth allocation fails, for every n: an error, no more, and the next walk is whole. */
static void no_memory(void **state)
{
    (void)state;
    struct weft_out d = DATA_F("MapDataset", "f", adding(1), range(0, 40));
    d = DATA("ShuffleDataset", d, number(8), number(1), number(2));
    d = DATA_F("FlatMapDataset", "f", define(ten_by, 2, NULL, 1, 1), DATA("CacheDataset", d,
                                                                        text("")));
    struct walk w = walk(DATA("PrefetchDataset", d, number(2)));
    struct weft_tensor *t;
    bool failed = true;
    for (long n = 0; failed && n < 2000; n++) {
        mem_fail_after(n, 0);
        struct weft_status *st = weft_session_do(w.session, w.init);
        for (int i = 0; !st && i < 80; i++)
            if (!(st = weft_session_eval(w.session, w.next, &t)))
                weft_tensor_free(t);
        mem_fail_after(-1, 0);
        failed = st != NULL;
        if (st)
            fails(st, WEFT_RESOURCE_EXHAUSTED, "");
    }
    assert_false(failed);
    walk_end(&w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(maps), TEST(flat_maps), TEST(errors), TEST(scans), TEST(groups),
        TEST(groups_that_fail), TEST(false_types), TEST(shuffles), TEST(huge_numbers),
        TEST(not_initialized), TEST(positions), TEST(other_elements), TEST(one_shot),
        TEST(feedable), TEST(optionals), TEST(deleted), TEST(fetched_and_fed), TEST(files),
        TEST(csv), TEST(cached_in_a_file), TEST(no_memory),
    };
    weft_graph_free(weft_graph_new());      /* what the library makes once is there */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
