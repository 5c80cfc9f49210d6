/* reader_test.c - files read record by record, their names coming from a queue. */
#include "base/pool.h"
#include "io/record.h"
#include "ops/ops.h"
#include "test/stage.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static bool v2;
static char folder[64];

static const char *called(const char *name)
{
    static char text[64];
    snprintf(text, sizeof text, "%s%s", name, v2 ? "V2" : "");
    return text;
}

static const char *path(const char *name)
{
    static char text[128];
    snprintf(text, sizeof text, "%s/%s", folder, name);
    return text;
}

static void write_file(const char *name, const char *text)
{
    ok(file_replace(path(name), text, strlen(text)));
}

/* Fetches all outputs of a node, or runs it; stops when told to. */
static struct status *run_until(struct node *n, struct tensor *result, const atomic_int *cancel)
{
    struct out fetch[2] = { { n, 0 }, { n, 1 } };
    struct plan *plan;
    struct plan_key key = { .fetch = fetch, .n_fetches = n->n_out, .target = &n,
                            .n_targets = !n->n_out };
    TRY(plan_compile(graph, &key, state, 0, &plan));
    struct run *r = run_new(plan, buffers);
    struct status *st = plan_run(plan, r, NULL, result,
                                 &(struct run_options){ .stop.cancelled = cancel });
    run_free(r);
    plan_free(plan);
    return st;
}

static struct status *run(struct out o)
{
    struct tensor t[2] = { { 0 } };
    struct status *st = run_until(o.node, t, NULL);
    tensor_unref(&t[0]);
    tensor_unref(&t[1]);
    return st;
}

/* `@` stands for the folder. */
static struct tensor here(const char *text)
{
    char room[512];
    size_t n = 0;
    for (; *text && n < sizeof room - 80; text++)
        if (*text == '@')
            n += (size_t)snprintf(room + n, sizeof room - n, "%s/", folder);
        else
            room[n++] = *text;
    room[n] = 0;
    return value(room);
}

static void gives(struct out o, const char *first, const char *second)
{
    const char *text[] = { first, second };
    struct tensor t[2] = { { 0 } };
    ok(run_until(o.node, t, NULL));
    for (int i = 0; i < 2 && text[i]; i++) {
        struct tensor want = here(text[i]);
        ok(tensor_differs(&t[i], &want, (struct tolerance){ 0 }));
        tensor_unref(&want);
    }
    tensor_unref(&t[0]);
    tensor_unref(&t[1]);
}

/* ---- graphs ---- */

static const int64_t text_type[] = { DT_STRING };

/* A queue of these files; closed if it is to be no more. */
static struct out files(const char *names, bool closed)
{
    struct out q = add(called("FIFOQueue"), NULL, 0,
                       ATTRS(attr_types("component_types", text_type, 1)));
    struct tensor t = here(names);
    struct out list = add("Const", NULL, 0, ATTRS(attr_type("dtype", DT_STRING),
                                                  attr_tensor("value", &t)));
    tensor_unref(&t);
    ok(run(add(called("QueueEnqueueMany"), OUTS(q, list), NULL, 0)));
    if (closed)
        ok(run(add(called("QueueClose"), &q, 1, NULL, 0)));
    return q;
}

static struct out use(const char *op, struct out reader)
{
    return add(called(op), &reader, 1, NULL, 0);
}

static struct out next_of(struct out reader, struct out q)
{
    return add(called("ReaderRead"), OUTS(reader, q), NULL, 0);
}

static struct out some_of(struct out reader, struct out q, const char *n)
{
    return add(called("ReaderReadUpTo"), OUTS(reader, q, constant(n)), NULL, 0);
}

/* ---- tests ---- */

static void lines(void **state_)
{
    (void)state_;
    write_file("a", "title\none\r\n\ntwo");
    write_file("b", "title\nthree\n");
    struct out r = add(called("TextLineReader"), NULL, 0,
                       ATTRS(attr_int("skip_header_lines", 1)));
    struct out next = next_of(r, files("string[2]{\"@a\" \"@b\"}", true));
    struct out n = use("ReaderNumRecordsProduced", r), m = use("ReaderNumWorkUnitsCompleted", r);
    gives(next, "string{\"@a:2\"}", "string{\"one\"}");
    gives(next, "string{\"@a:3\"}", "string{\"\"}");
    gives(next, "string{\"@a:4\"}", "string{\"two\"}");
    gives(m, "int64{0}", NULL);
    gives(next, "string{\"@b:2\"}", "string{\"three\"}");
    gives(n, "int64{4}", NULL);
    gives(m, "int64{1}", NULL);
    fails(run(next), OUT_OF_RANGE, "is closed and has insufficient elements");
    gives(m, "int64{2}", NULL);
    fails(run(use("ReaderSerializeState", r)), UNIMPLEMENTED, "Reader SerializeState");
    ok(run(use("ReaderReset", r)));
    gives(n, "int64{0}", NULL);
}

static void names_and_whole_files(void **state_)
{
    (void)state_;
    write_file("a", "all of\nit");
    struct out r = add(called("WholeFileReader"), NULL, 0, NULL, 0);
    struct out id = add(called("IdentityReader"), NULL, 0, NULL, 0);
    struct out q = files("string[4]{\"@a\" \"@none\" \"x\" \"y\"}", false);
    gives(next_of(r, q), "string{\"@a\"}", "string{\"all of\\nit\"}");
    gives(use("ReaderNumWorkUnitsCompleted", r), "int64{1}", NULL);
    fails(run(next_of(r, q)), NOT_FOUND, "none");
    gives(next_of(id, q), "string{\"x\"}", "string{\"x\"}");
    struct out kept = add("Identity", OUTS(use("ReaderSerializeState", id)),
                          ATTRS(attr_type("T", DT_STRING)));
    struct tensor t[2];
    ok(run_until(kept.node, t, NULL));
    struct out text = add("Const", NULL, 0, ATTRS(attr_type("dtype", DT_STRING),
                                                  attr_tensor("value", &t[0])));
    tensor_unref(&t[0]);
    gives(next_of(id, q), "string{\"y\"}", NULL);
    gives(use("ReaderNumRecordsProduced", id), "int64{2}", NULL);
    ok(run(add(called("ReaderRestoreState"), OUTS(id, text), NULL, 0)));
    gives(use("ReaderNumRecordsProduced", id), "int64{1}", NULL);
    fails(run(add(called("ReaderRestoreState"), OUTS(id, constant("string{\"BOGUS\"}")), NULL, 0)),
          INVALID_ARGUMENT, "Could not parse state for");
}

static void records(void **state_)
{
    (void)state_;
    for (int zip = 0; zip < 2; zip++) {
        struct record_writer *w;
        ok(record_writer_new(path("r"), zip ? ZLIB : PLAIN, &w));
        ok(record_write(w, "first", 5));
        ok(record_write(w, "second", 6));
        ok(record_writer_close(w));
        struct out r = add(called("TFRecordReader"), NULL, 0,
                           ATTRS(attr_string("compression_type", zip ? "ZLIB" : "")));
        struct out q = files("string[2]{\"@r\" \"@r\"}", true);
        gives(next_of(r, q), "string{\"@r:0\"}", "string{\"first\"}");
        gives(some_of(r, q, "int64{9}"), "string[1]{\"@r:21\"}", "string[1]{\"second\"}");
        gives(some_of(r, q, "int64{0}"), "string[0]{}", "string[0]{}");
        gives(some_of(r, q, "int64{9}"), "string[2]{\"@r:0\" \"@r:21\"}",
              "string[2]{\"first\" \"second\"}");
        fails(run(some_of(r, q, "int64{-1}")), INVALID_ARGUMENT, "must not be negative");
    }
}

static struct out fixed(int64_t header, int64_t record, int64_t footer, int64_t hop)
{
    return add(called("FixedLengthRecordReader"), NULL, 0,
               ATTRS(attr_int("header_bytes", header), attr_int("record_bytes", record),
                     attr_int("footer_bytes", footer), attr_int("hop_bytes", hop)));
}

static void records_of_one_length(void **state_)
{
    (void)state_;
    write_file("f", "HHHaabbccFF");
    gives(some_of(fixed(3, 2, 2, 0), files("string[1]{\"@f\"}", true), "int64{9}"),
          "string[3]{\"@f:0\" \"@f:1\" \"@f:2\"}", "string[3]{\"aa\" \"bb\" \"cc\"}");
    gives(some_of(fixed(3, 3, 2, 1), files("string[1]{\"@f\"}", true), "int64{9}"),
          NULL, NULL);
    gives(some_of(fixed(3, 3, 2, 1), files("string[1]{\"@f\"}", true), "int64{2}"),
          "string[2]{\"@f:0\" \"@f:1\"}", "string[2]{\"aab\" \"abb\"}");
    gives(some_of(fixed(0, 2, 0, 5), files("string[1]{\"@f\"}", true), "int64{9}"),
          "string[2]{\"@f:0\" \"@f:1\"}", "string[2]{\"HH\" \"bb\"}");
}

struct job { pthread_t thread; struct node *node; atomic_int cancel; struct status *st; };

static void *work(void *ctx)
{
    struct job *j = ctx;
    struct tensor t[2] = { { 0 } };
    j->st = run_until(j->node, t, &j->cancel);
    tensor_unref(&t[0]);
    tensor_unref(&t[1]);
    return NULL;
}

/* Many read at a time, each record once; those who wait end with their runs. */
static void many_threads(void **state_)
{
    (void)state_;
    enum { N = 12 };
    struct out r = add(called("TextLineReader"), NULL, 0, NULL, 0);
    struct out q = files("string[2]{\"@a\" \"@b\"}", false), next = next_of(r, q);
    struct out n = use("ReaderNumRecordsProduced", r);
    struct job j[N];
    write_file("a", "1\n2\n3\n4\n");
    write_file("b", "5\n6\n");
    for (int i = 0; i < N; i++) {
        j[i] = (struct job){ .node = next.node };
        assert_int_equal(pthread_create(&j[i].thread, NULL, work, &j[i]), 0);
    }
    for (int64_t got = 0; got < 6; sched_yield()) {
        struct tensor t[2];
        ok(run_until(n.node, t, NULL));
        got = *(int64_t *)t[0].data;
        tensor_unref(&t[0]);
    }
    int ended = 0;
    for (int i = 0; i < N; i++)
        atomic_store(&j[i].cancel, 1);
    for (int i = 0; i < N; i++) {
        pthread_join(j[i].thread, NULL);
        ended += j[i].st != NULL;
        if (j[i].st)
            fails(j[i].st, CANCELLED, "cancelled");
    }
    assert_true(ended >= N - 6);
    gives(n, "int64{6}", NULL);
}

/* A run is to end in the middle of a file, too. */
static void ends_within_a_file(void **state_)
{
    (void)state_;
    struct out r = fixed(0, 1, 0, 0), q = files("string[1]{\"/dev/zero\"}", false);
    struct out n = use("ReaderNumRecordsProduced", r);
    struct job j = { .node = some_of(r, q, "int64{20000000}").node };
    assert_int_equal(pthread_create(&j.thread, NULL, work, &j), 0);
    for (int64_t got = 0; !got; sched_yield()) {
        struct tensor t[2];
        ok(run_until(n.node, t, NULL));
        got = *(int64_t *)t[0].data;
        tensor_unref(&t[0]);
    }
    atomic_store(&j.cancel, 1);
    pthread_join(j.thread, NULL);
    fails(j.st, CANCELLED, "cancelled");
}

static void records_too_long(void **state_)
{
    (void)state_;
    struct out q = files("string[1]{\"@a\"}", true);
    fails(run(next_of(fixed(0, INT64_MAX, 1, 0), q)), INVALID_ARGUMENT, "record_bytes must be <=");
    fails(run(next_of(fixed(0, 1, INT64_MAX, 0), q)), INVALID_ARGUMENT, "footer_bytes must be <=");
}

static void queues_that_do_not_fit(void **state_)
{
    (void)state_;
    const int64_t types[] = { DT_INT64, DT_STRING };
    struct out r = add(called("IdentityReader"), NULL, 0, NULL, 0);
    struct out numbers = add(called("FIFOQueue"), NULL, 0,
                             ATTRS(attr_types("component_types", types, 1)));
    struct out pairs = add(called("FIFOQueue"), NULL, 0,
                           ATTRS(attr_types("component_types", types, 2)));
    fails(run(next_of(r, numbers)), INVALID_ARGUMENT, "single string component");
    fails(run(next_of(r, pairs)), INVALID_ARGUMENT, "Expected single component queue");
}

/* TF: an old reader takes a new queue by way of this op. */
static void a_handle_as_a_reference(void **state_)
{
    (void)state_;
    v2 = true;
    struct out q = files("string[1]{\"x\"}", true), fake = add("FakeQueue", &q, 1, NULL, 0);
    v2 = false;
    gives(next_of(add("IdentityReader", NULL, 0, NULL, 0), fake), "string{\"x\"}", NULL);
}

static void by_reference(void **state_) { (void)state_; v2 = false; }
static void by_handle(void **state_) { (void)state_; v2 = true; }

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
#define ALL                                                                             \
    TEST(lines), TEST(names_and_whole_files), TEST(records), TEST(records_of_one_length), \
    TEST(many_threads), TEST(ends_within_a_file), TEST(records_too_long),               \
    TEST(queues_that_do_not_fit)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(by_reference), ALL, TEST(by_handle), ALL, TEST(a_handle_as_a_reference),
    };
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/weft_readerXXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return 1;
    pool_size_hint(3);
    ok(ops_init());
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    const char *const made[] = { "a", "b", "r", "f" };
    for (int i = 0; i < 4; i++)
        unlink(path(made[i]));
    rmdir(folder);
    return failed;
}
