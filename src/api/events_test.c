/* events_test.c - event files: what was written is read again, value by value; the record of a
 * traced run as TensorFlow's. */
#include "api/testing.h"
#include "base/arena.h"
#include "wire/config.pb-c.h"
#include "wire/wire.h"

#include <dirent.h>
#include <time.h>
#include <unistd.h>

static char dir[] = P_tmpdir "/weft_events_XXXXXX";

static int prepare(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int tidy(void **state)
{
    (void)state;
    DIR *d = opendir(dir);
    char path[512];
    for (struct dirent *e; (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        unlink(path);
    }
    closedir(d);
    return rmdir(dir);
}

static struct weft_event_writer *writer(const char *suffix)
{
    struct weft_event_writer *w;
    ok(weft_event_writer_new(dir, suffix, &w));
    return w;
}

/* Closes the writer and opens what it wrote; past the version. */
static struct weft_event_reader *reread(struct weft_event_writer *w)
{
    struct weft_event_reader *r;
    struct weft_event e;
    bool done;
    char path[512];
    snprintf(path, sizeof path, "%s", weft_event_writer_path(w));
    ok(weft_event_writer_close(w));
    ok(weft_event_reader_new(path, &r));
    ok(weft_event_reader_next(r, &e, &done));
    assert_false(done);
    assert_int_equal(e.kind, WEFT_EVENT_VERSION);
    assert_string_equal(e.text, "brain.Event:2");
    is_near(e.wall_time, (double)time(NULL), 1e-6);
    return r;
}

static struct weft_event next(struct weft_event_reader *r, enum weft_event_kind kind, int step)
{
    struct weft_event e;
    bool done;
    ok(weft_event_reader_next(r, &e, &done));
    assert_false(done);
    assert_int_equal(e.kind, kind);
    assert_int_equal(e.step, step);
    return e;
}

static void ends(struct weft_event_reader *r)
{
    struct weft_event e;
    bool done;
    ok(weft_event_reader_next(r, &e, &done));
    assert_true(done);
    weft_event_reader_free(r);
}

static void names(void **state)
{
    char host[256] = "", want[512];
    struct weft_event_writer *a = writer(".a"), *b = writer(".a");
    long long second;
    (void)state;
    gethostname(host, sizeof host - 1);
    const char *name = strrchr(weft_event_writer_path(a), '/') + 1;
    assert_int_equal(sscanf(name, "events.out.tfevents.%lld.", &second), 1);
    snprintf(want, sizeof want, "events.out.tfevents.%010lld.%s.a", second, host);
    assert_string_equal(name, want);
    assert_string_not_equal(weft_event_writer_path(a), weft_event_writer_path(b));
    ends(reread(a));
    ends(reread(b));
    assert_null(weft_event_writer_close(NULL));
    fails(weft_event_writer_new("/dev/null/x", NULL, &a), WEFT_FAILED_PRECONDITION,
          "/dev/null/x; Not a directory");
}

static void values(void **state)
{
    static const double numbers[] = { -1, 0, 0.5, 0.5, 3 };
    static const uint8_t pixels[] = { 255, 0, 0, 0, 0, 255 };
    struct weft_event_writer *w = writer(NULL);
    double count = 0;
    (void)state;
    ok(weft_event_writer_scalar(w, "loss", 0.25, 7));
    ok(weft_event_writer_histogram(w, "weights", numbers, 5, 8));
    ok(weft_event_writer_image(w, "picture", pixels, 1, 2, 3, 9));
    ok(weft_event_writer_text(w, "note", "*well*", 10));
    ok(weft_event_writer_session_log(w, 3, "/tmp/model-11", 11));
    ok(weft_event_writer_run_metadata(w, "step12", "\x0a\x00", 2, 12));
    fails(weft_event_writer_image(w, "picture", pixels, 1, 2, 5, 9), WEFT_INVALID_ARGUMENT,
          "an image has 1 to 4 channels, not 5");
    fails(weft_event_writer_histogram(w, "h", (double[]){ NAN }, 1, 8), WEFT_INVALID_ARGUMENT,
          "Nan in summary histogram for: h");
    fails(weft_event_writer_summary(w, "\xff", 1, 8), WEFT_INVALID_ARGUMENT, "protocol buffer");

    struct weft_event_reader *r = reread(w);
    struct weft_event e = next(r, WEFT_EVENT_SCALAR, 7);
    assert_string_equal(e.tag, "loss");
    is_near(e.number, 0.25, 0);
    e = next(r, WEFT_EVENT_HISTOGRAM, 8);
    is_near(e.number, 3, 0);
    for (int i = 0; i < e.n_buckets; i++)
        count += e.buckets[i];
    is_near(count, 5, 0);
    e = next(r, WEFT_EVENT_IMAGE, 9);
    assert_int_equal(e.height, 1);
    assert_int_equal(e.width, 2);
    assert_memory_equal(e.bytes, "\x89PNG", 4);
    e = next(r, WEFT_EVENT_TENSOR, 10);
    assert_string_equal(e.text, "text");
    assert_string_equal(e.tag, "note");
    assert_memory_equal(e.bytes, "\x08\x07\x12\x00\x42\x06*well*", e.size);
    e = next(r, WEFT_EVENT_SESSION_LOG, 11);
    assert_string_equal(e.text, "/tmp/model-11");
    is_near(e.number, 3, 0);
    e = next(r, WEFT_EVENT_RUN_METADATA, 12);
    assert_string_equal(e.tag, "step12");
    assert_int_equal(e.size, 2);
    ends(r);
}

/* Limits next to values: the bucket of 1 ends just above it, that of 0 at the smallest limit. */
static void buckets(void **state)
{
    struct weft_event_writer *w = writer(".h");
    (void)state;
    ok(weft_event_writer_histogram(w, "h", (double[]){ 0, 1 }, 2, 0));
    struct weft_event_reader *r = reread(w);
    struct weft_event e = next(r, WEFT_EVENT_HISTOGRAM, 0);
    assert_int_equal(e.n_buckets, 5);
    is_near(e.limits[0], 0, 0);
    is_near(e.limits[1], 1e-12, 0);
    is_near(e.buckets[1], 1, 0);
    assert_true(e.limits[2] <= 1 && e.limits[3] > 1);
    is_near(e.limits[3], e.limits[2] * 1.1, 1e-15);
    is_near(e.buckets[3], 1, 0);
    assert_true(e.limits[4] == 1.7976931348623157e308);
    ends(r);
}

/* What a session makes of summary ops goes into the file as it is. */
static void from_a_session(void **state)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_out a = binary("ScalarSummary", weft_text(g, "a"), weft_scalar(g, WEFT_FLOAT, 1));
    struct weft_out b = binary("ScalarSummary", weft_text(g, "b"), weft_scalar(g, WEFT_FLOAT, 2));
    struct weft_out both = weft_op(g, "MergeSummary", WEFT_OUTS(a, b), NULL, 0);
    struct weft_session *s = session_on(g);
    struct weft_tensor *t = value_of(s, both);
    struct weft_event_writer *w = writer(".s");
    size_t n;
    (void)state;
    const char *bytes = weft_tensor_string(t, 0, &n);
    ok(weft_event_writer_summary(w, bytes, n, 5));
    ok(weft_event_writer_graph(w, g, 6));
    struct weft_event_reader *r = reread(w);
    struct weft_event e = next(r, WEFT_EVENT_SCALAR, 5);
    assert_string_equal(e.tag, "a");
    e = next(r, WEFT_EVENT_SCALAR, 5);
    assert_string_equal(e.tag, "b");
    is_near(e.number, 2, 0);
    e = next(r, WEFT_EVENT_GRAPH, 6);
    assert_non_null(memmem(e.bytes, e.size, "MergeSummary", 12));
    ends(r);
    weft_tensor_free(t);
    weft_session_free(s);
    weft_graph_free(g);
}

/* A reader follows a file that grows: what is not flushed yet is not there. */
static void follows(void **state)
{
    struct weft_event_writer *w = writer(".f");
    struct weft_event_reader *r;
    struct weft_event e;
    bool done;
    (void)state;
    ok(weft_event_reader_new(weft_event_writer_path(w), &r));
    next(r, WEFT_EVENT_VERSION, 0);
    ok(weft_event_writer_scalar(w, "a", 1, 1));
    ok(weft_event_reader_next(r, &e, &done));
    assert_true(done);
    ok(weft_event_writer_flush(w));
    next(r, WEFT_EVENT_SCALAR, 1);
    ok(weft_event_writer_close(w));
    ends(r);
}

enum { THREADS = 4, EACH = 500 };

static void *write_many(void *w)
{
    for (int i = 0; i < EACH; i++)
        ok(weft_event_writer_scalar(w, "a", i, i));
    return NULL;
}

static void many_threads(void **state)
{
    struct weft_event_writer *w = writer(".t");
    pthread_t thread[THREADS];
    struct weft_event e;
    bool done = false;
    double sum = 0;
    (void)state;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, write_many, w);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    struct weft_event_reader *r = reread(w);
    while (!done) {
        ok(weft_event_reader_next(r, &e, &done));
        sum += e.number;
    }
    is_near(sum, THREADS * EACH * (EACH - 1) / 2, 0);
    weft_event_reader_free(r);
}

static void not_events(void **state)
{
    char path[512];
    struct weft_record_writer *w;
    struct weft_event_reader *r;
    struct weft_event e;
    bool done;
    (void)state;
    snprintf(path, sizeof path, "%s/records", dir);
    ok(weft_record_writer_new(path, NULL, &w));
    ok(weft_record_writer_write(w, "\xff\xff", 2));
    ok(weft_record_writer_write(w, "\x10\x05", 2));
    ok(weft_record_writer_close(w));
    ok(weft_event_reader_new(path, &r));
    fails(weft_event_reader_next(r, &e, &done), WEFT_DATA_LOSS,
          "a record of 2 bytes is not an Event");
    next(r, WEFT_EVENT_EMPTY, 5);
    ends(r);
    fails(weft_event_reader_new("/nowhere", &r), WEFT_NOT_FOUND, "/nowhere");
    fails(weft_record_writer_new(path, "LZ4", &w), WEFT_INVALID_ARGUMENT,
          "Unsupported compression_type:LZ4");
}

/* ---- RunMetadata ---- */

static Wire__RunMetadata *traced(struct arena *a, struct weft_session *s, struct weft_out y)
{
    struct weft_run_options *o = weft_run_options_new();
    struct weft_tensor *t;
    struct weft_bytes b;
    Wire__RunMetadata *m;
    ok(weft_run_options_metadata(o, &b));
    assert_int_equal(b.size, 0);
    weft_run_options_trace(o, true);
    ok(weft_session_run(s, o, NULL, 0, &y, 1, NULL, 0, &t));
    weft_tensor_free(t);
    ok(weft_run_options_metadata(o, &b));
    assert_null(wire_decode(a, &wire__run_metadata__descriptor, b.data, b.size, &m));
    weft_bytes_free(&b);
    assert_null(b.data);
    weft_run_options_free(o);
    return m;
}

static void run_metadata(void **state)
{
    struct arena a = { 0 };
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = weft_normal(g, WEFT_FLOAT, 2, (int64_t[]){ 2, 3 }, 0, 1, -1);
    struct weft_out y = binary("Mul", x, x);
    struct weft_session *s = session_on(g);
    Wire__RunMetadata *m = traced(&a, s, y);
    char label[200];
    (void)state;
    assert_int_equal(m->step_stats->n_dev_stats, 1);
    const Wire__DeviceStepStats *d = m->step_stats->dev_stats[0];
    assert_string_equal(d->device, "/job:localhost/replica:0/task:0/device:CPU:0");
    const Wire__NodeExecStats *n = d->node_stats[d->n_node_stats - 1];
    assert_string_equal(n->node_name, weft_node_name(y.node));
    snprintf(label, sizeof label, "%s = Mul(%s, %s)", n->node_name, weft_node_name(x.node),
             weft_node_name(x.node));
    assert_string_equal(n->timeline_label, label);
    is_near((double)n->all_start_micros / 1e6, (double)time(NULL), 1e-6);
    assert_int_equal(n->all_start_nanos / 1000, n->all_start_micros);
    assert_true(n->op_end_rel_nanos > 0 && n->all_end_rel_nanos >= n->op_end_rel_nanos);
    assert_int_equal(n->n_output, 1);
    const Wire__TensorDescription *t = n->output[0]->tensor_description;
    assert_int_equal(t->dtype, WEFT_FLOAT);
    assert_int_equal(t->shape->n_dim, 2);
    assert_int_equal(t->shape->dim[1]->size, 3);
    assert_int_equal(t->allocation_description->requested_bytes, 24);
    weft_session_free(s);
    weft_graph_free(g);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names), cmocka_unit_test(values), cmocka_unit_test(buckets),
        cmocka_unit_test(from_a_session), cmocka_unit_test(follows),
        cmocka_unit_test(many_threads), cmocka_unit_test(not_events),
        cmocka_unit_test(run_metadata),
    };
    return cmocka_run_group_tests(tests, prepare, tidy);
}
