/* reader.c - readers of files: TFRecordReader, TextLineReader, WholeFileReader, IdentityReader,
 * FixedLengthRecordReader, and Reader's Read, ReadUpTo, NumRecordsProduced,
 * NumWorkUnitsCompleted, SerializeState, RestoreState and Reset; each by reference and (V2) by
 * handle. What is in a file: reader_file.c. */
#include "ops/reader.h"

#include "base/mem.h"
#include "op/shape_fn.h"
#include "ops/queue.h"
#include "tensor/tstring.h"
#include "wire/reader.pb-c.h"
#include "wire/wire.h"

/* ---- the resource ---- */

static bool init_reader(struct resource *resource)
{
    struct reader *r = (struct reader *)resource;
    wait_init(&r->changed);
    return shared_init(&r->handle);
}

/* Who is at work on it has a session that is closed by now, and does not look at it again. */
static void release_reader(struct resource *resource)
{
    struct reader *r = (struct reader *)resource;
    reader_close(r);
    str_free(&r->line);
    pthread_cond_destroy(&r->changed);
    shared_release(&r->handle);
}

static void clear_reader(struct resource *resource) { (void)resource; }

static const struct resource_kind READER = { "reader", sizeof(struct reader), init_reader,
                                             clear_reader, release_reader };

/* ---- making one ---- */

static const char *const names[] = { "IdentityReader", "WholeFileReader", "TextLineReader",
                                     "TFRecordReader", "FixedLengthRecordReader" };

static void set_up(struct reader *r, const struct node *n, enum reader_type type,
                   enum compression c)
{
    r->type = type;
    r->compression = c;
    r->skip_lines = node_attr(n, "skip_header_lines");
    r->header = node_attr(n, "header_bytes");
    r->record = node_attr(n, "record_bytes");
    r->footer = node_attr(n, "footer_bytes");
    r->hop = node_attr(n, "hop_bytes");
    r->name = names[type];
}

static struct status *check_sizes(const struct node *n)
{
    static const char *const sizes[] = { "header_bytes", "footer_bytes", "hop_bytes" };
    static const char *const held[] = { "record_bytes", "footer_bytes" };
    ENSURE(node_attr(n, "record_bytes") > 0, "record_bytes must be > 0 not %lld",
           (long long)node_attr(n, "record_bytes"));
    for (int i = 0; i < 2; i++)
        ENSURE(node_attr(n, held[i]) <= INT32_MAX, "%s must be <= %d not %lld", held[i], INT32_MAX,
               (long long)node_attr(n, held[i]));
    for (int i = 0; i < 3; i++)
        ENSURE(node_attr(n, sizes[i]) >= 0, "%s must be >= 0 not %lld", sizes[i],
               (long long)node_attr(n, sizes[i]));
    return NULL;
}

static struct status *reader_prepare(struct prep *p)
{
    struct reader *r;
    enum compression c;
    int type = 0;
    while (strncmp(p->node->op->name, names[type], strlen(names[type])))
        type++;
    if (type == READ_FIXED)
        TRY(check_sizes(p->node));
    TRY(compression_parse(node_attr_string(p->node, type == READ_FIXED ? "encoding"
                                                                       : "compression_type"), &c));
    TRY(shared_prepare(p, &READER, &r));
    pthread_mutex_lock(&r->handle.lock);
    if (!r->name)
        set_up(r, p->node, (enum reader_type)type, c);
    pthread_mutex_unlock(&r->handle.lock);
    return NULL;
}

/* ---- one at a time ---- */

static struct status *enter_locked(struct kernel *k, struct reader *r)
{
    while (r->busy) {
        if (!k->env->may_wait)
            return status_would_wait();
        if (kernel_wait(k, &r->changed, &r->handle.lock))
            return status_new(CANCELLED, "Read operation was cancelled");
    }
    r->busy = true;
    return NULL;
}

typedef struct status *reader_fn(struct kernel *k, struct reader *r);

/* Calls fn as the only one who is at work on the reader. */
static struct status *alone(struct kernel *k, reader_fn *fn)
{
    struct reader *r;
    TRY(shared_in(k, 0, &READER, &r));
    pthread_mutex_lock(&r->handle.lock);
    struct status *st = enter_locked(k, r);
    pthread_mutex_unlock(&r->handle.lock);
    if (st)
        return st;
    st = fn(k, r);
    pthread_mutex_lock(&r->handle.lock);
    r->busy = false;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->handle.lock);
    return st;
}

static void add_to(struct reader *r, int64_t *count, int64_t n)
{
    pthread_mutex_lock(&r->handle.lock);
    *count += n;
    pthread_mutex_unlock(&r->handle.lock);
}

/* ---- reading ---- */

static struct status *check_queue(const struct queue *q)
{
    ENSURE(q->n == 1, "Expected single component queue");
    ENSURE(q->dtype[0] == DT_STRING, "Expected queue with single string component");
    return NULL;
}

/* The next file is the queue's next element. */
static struct status *next_work(struct kernel *k, struct reader *r)
{
    struct queue *q;
    struct tensor name;
    TRY(shared_in(k, 1, &QUEUE, &q));
    TRY(check_queue(q));
    TRY(queue_take(k, q, &name));
    if (tensor_count(&name) != 1) {
        tensor_unref(&name);
        return status_new(INVALID_ARGUMENT, "Expected to dequeue a one-element string tensor");
    }
    r->work = name;
    struct status *st = reader_open(r);
    if (st)
        reader_close(r);
    else
        add_to(r, &r->started, 1);
    return st;
}

static void finish_work(struct reader *r)
{
    reader_close(r);
    pthread_mutex_lock(&r->handle.lock);
    r->finished = r->started;
    pthread_mutex_unlock(&r->handle.lock);
}

/* A list of strings that grows. */
struct strings { struct tstring *at; int64_t n, room; };

static struct status *add_string(struct strings *l, const void *data, size_t n)
{
    if (l->n == l->room) {
        struct tstring *grown = mem_grow(l->at, sizeof *grown * (size_t)(2 * l->room + 4));
        NEED(grown);
        memset(grown + l->room, 0, sizeof *grown * (size_t)(l->room + 4));
        l->at = grown;
        l->room = 2 * l->room + 4;
    }
    if (!tstring_set(&l->at[l->n], data, n))
        return status_no_memory();
    l->n++;
    return NULL;
}

static struct status *read_some(struct kernel *k, struct reader *r, int64_t most,
                                struct strings list[2], struct record *record)
{
    while (list[0].n < most) {
        bool done;
        if (wait_is_over(&k->env->stop))
            return status_new(CANCELLED, "The step was cancelled while it read a file");
        if (!r->work.buf)
            TRY(next_work(k, r));
        TRY(reader_next(r, record, &done));
        if (!done) {
            TRY(add_string(&list[1], record->data, record->n));
            TRY(add_string(&list[0], record->key.text, record->key.n));
            add_to(r, &r->produced, 1);
        }
        if (done || r->type <= READ_FILES)
            finish_work(r);
        if (!r->work.buf && list[0].n)
            return NULL;
    }
    return NULL;
}

/* Output i: these strings, which leave the list. */
static struct status *put_strings(struct kernel *k, int i, struct strings *l, bool scalar)
{
    TRY(kernel_new(k, i, DT_STRING, scalar ? &SHAPE_SCALAR : &SHAPE(l->n)));
    if (l->n)
        memcpy(kernel_out(k, i)->data, l->at, sizeof *l->at * (size_t)l->n);
    l->n = 0;
    return NULL;
}

static void free_strings(struct strings *l)
{
    for (int64_t i = 0; i < l->n; i++)
        tstring_free(&l->at[i]);
    mem_free(l->at);
}

/* TF: what was read before an error is lost. */
static struct status *read_up_to(struct kernel *k, struct reader *r, int64_t most, bool scalar)
{
    struct strings list[2] = { { 0 } };
    struct record record = { 0 };
    struct status *st = read_some(k, r, most, list, &record);
    for (int i = 0; i < 2 && !st; i++)
        st = put_strings(k, i, &list[i], scalar);
    free_strings(&list[0]);
    free_strings(&list[1]);
    str_free(&record.key);
    return st;
}

static struct status *read_one(struct kernel *k, struct reader *r)
{
    return read_up_to(k, r, 1, true);
}

static struct status *read_many(struct kernel *k, struct reader *r)
{
    const struct tensor *n = kernel_in(k, 2);
    ENSURE(!n->shape.rank, "num_records must be a scalar, got shape %s", SHAPE_STR(&n->shape));
    ENSURE(*(int64_t *)n->data >= 0, "num_records must not be negative, got %lld",
           (long long)*(int64_t *)n->data);
    return read_up_to(k, r, *(int64_t *)n->data, false);
}

static struct status *read_run(struct kernel *k) { return alone(k, read_one); }
static struct status *read_up_to_run(struct kernel *k) { return alone(k, read_many); }

/* ---- its state ---- */

static struct status *put_count(struct kernel *k, size_t offset)
{
    struct reader *r;
    TRY(shared_in(k, 0, &READER, &r));
    TRY(kernel_new(k, 0, DT_INT64, &SHAPE_SCALAR));
    pthread_mutex_lock(&r->handle.lock);
    *(int64_t *)kernel_out(k, 0)->data = *(int64_t *)((char *)r + offset);
    pthread_mutex_unlock(&r->handle.lock);
    return NULL;
}

static struct status *produced_run(struct kernel *k)
{
    return put_count(k, offsetof(struct reader, produced));
}

static struct status *completed_run(struct kernel *k)
{
    return put_count(k, offsetof(struct reader, finished));
}

static void set_counts(struct reader *r, int64_t started, int64_t finished, int64_t produced)
{
    pthread_mutex_lock(&r->handle.lock);
    r->started = started;
    r->finished = finished;
    r->produced = produced;
    pthread_mutex_unlock(&r->handle.lock);
}

static struct status *reset(struct kernel *k, struct reader *r)
{
    (void)k;
    reader_close(r);
    set_counts(r, 0, 0, 0);
    return NULL;
}

static struct status *refuse_state(const struct reader *r, const char *what)
{
    return r->type <= READ_FILES ? NULL : status_new(UNIMPLEMENTED, "Reader %s", what);
}

static struct status *serialize(struct kernel *k, struct reader *r)
{
    Wire__ReaderBaseState m = WIRE__READER_BASE_STATE__INIT;
    void *bytes;
    size_t n;
    TRY(refuse_state(r, "SerializeState"));
    m.work_started = r->started;
    m.work_finished = r->finished;
    m.num_records_produced = r->produced;
    if (r->work.buf) {
        m.current_work.data = (uint8_t *)reader_work(r);
        m.current_work.len = tstring_len(r->work.data);
    }
    TRY(kernel_new(k, 0, DT_STRING, &SHAPE_SCALAR));
    TRY(wire_encode(&m.base, &bytes, &n));
    bool put = tstring_set(kernel_out(k, 0)->data, bytes, n);
    mem_free(bytes);
    return put ? NULL : status_no_memory();
}

static struct status *restore_counts(struct reader *r, const Wire__ReaderBaseState *m)
{
    ENSURE(m->work_started >= 0 && m->work_finished >= 0 && m->num_records_produced >= 0,
           "Unexpected negative value when restoring in %s", shared_name(&r->handle));
    ENSURE(m->work_started >= m->work_finished,
           "Inconsistent work started vs. finished when restoring in %s: %lld vs. %lld",
           shared_name(&r->handle), (long long)m->work_started, (long long)m->work_finished);
    ENSURE(m->work_started == m->work_finished, "Unfinished work when restoring in %s",
           shared_name(&r->handle));
    reader_close(r);
    set_counts(r, m->work_started, m->work_finished, m->num_records_produced);
    return NULL;
}

static struct status *restore(struct kernel *k, struct reader *r)
{
    const struct tensor *t = kernel_in(k, 1);
    struct arena a = { 0 };
    Wire__ReaderBaseState *m;
    TRY(refuse_state(r, "RestoreState"));
    ENSURE(!t->shape.rank, "Reader state must be scalar, but had shape: %s",
           SHAPE_STR(&t->shape));
    const struct tstring *s = t->data;
    struct status *st = wire_decode(&a, &wire__reader_base_state__descriptor, tstring_data(s),
                                    tstring_len(s), &m);
    st = st ? status_prefix(st, "Could not parse state for %s: ", shared_name(&r->handle))
            : restore_counts(r, m);
    arena_free(&a);
    return st;
}

static struct status *reset_run(struct kernel *k) { return alone(k, reset); }
static struct status *serialize_run(struct kernel *k) { return alone(k, serialize); }
static struct status *restore_run(struct kernel *k) { return alone(k, restore); }

/* ---- shapes ---- */

static struct status *read_shape(struct shape_ctx *c)
{
    TRY(shared_check(c, 0));
    TRY(shared_check(c, 1));
    return shape_scalar(c);
}

static struct status *read_up_to_shape(struct shape_ctx *c)
{
    TRY(shared_check(c, 0));
    TRY(shared_check(c, 1));
    TRY(shape_want_rank(shape_in(c, 2), 0));
    *shape_out(c, 0) = *shape_out(c, 1) = SHAPE(-1);
    return NULL;
}

static struct status *check_reader(struct shape_ctx *c) { return shared_check(c, 0); }

static struct status *restore_shape(struct shape_ctx *c)
{
    TRY(shared_check(c, 0));
    return shape_want_rank(shape_in(c, 1), 0);
}

/* ---- rows ---- */

#define NAMED "container: string = \"\"; shared_name: string = \"\""
#define SIZES "header_bytes: int = 0; record_bytes: int; footer_bytes: int = 0; " \
              "hop_bytes: int = 0; "

#define MAKE(NAME, OUT, ATTRS, DOC, SHAPE_FN, RUN)                                            \
    { .name = NAME, .outputs = "reader_handle: " OUT, .attrs = ATTRS, .doc = DOC,             \
      .shape = SHAPE_FN, .grad = NO_GRADIENT, .prepare = reader_prepare, .kernel_any = RUN,   \
      .flags = OP_STATEFUL }

#define USE_AS(NAME, HANDLE, INPUTS, OUTPUTS, DOC, SHAPE_FN, RUN, GRAD, FLAGS)                \
    { .name = NAME, .inputs = "reader_handle: " HANDLE INPUTS, .outputs = OUTPUTS,            \
      .doc = DOC, .shape = SHAPE_FN, .grad = GRAD, .kernel_any = RUN, .flags = FLAGS }
#define USE(NAME, INPUTS, OUTPUTS, DOC, SHAPE_FN, RUN, FLAGS)                                 \
    USE_AS(NAME, "Ref(string)", INPUTS, OUTPUTS, DOC, SHAPE_FN, RUN, NOT_DIFFERENTIABLE,      \
           OP_HOST | (FLAGS)),                                                                \
    USE_AS(NAME "V2", "resource", INPUTS, OUTPUTS, DOC, SHAPE_FN, RUN, NO_GRADIENT,           \
           OP_STATEFUL | (FLAGS))
#define READ(NAME, INPUTS, OUTPUTS, DOC, SHAPE_FN, RUN)                                       \
    USE_AS(NAME, "Ref(string)", ", queue_handle: Ref(string)" INPUTS, OUTPUTS, DOC, SHAPE_FN, \
           RUN, NOT_DIFFERENTIABLE, OP_BLOCKING | OP_HOST),                                   \
    USE_AS(NAME "V2", "resource", ", queue_handle: resource" INPUTS, OUTPUTS, DOC, SHAPE_FN,  \
           RUN, NO_GRADIENT, OP_BLOCKING | OP_STATEFUL)

const struct op ops_reader[] = {
    SHARED_MAKE("IdentityReader", "reader_handle", NAMED,
                "A reader that gives the names of the files.", reader_prepare),
    SHARED_MAKE("WholeFileReader", "reader_handle", NAMED,
                "A reader that gives whole files.", reader_prepare),
    SHARED_MAKE("TextLineReader", "reader_handle", "skip_header_lines: int = 0; " NAMED,
                "A reader that gives lines.", reader_prepare),
    SHARED_MAKE("TFRecordReader", "reader_handle", NAMED "; compression_type: string = \"\"",
                "A reader that gives the records of TFRecord files.", reader_prepare),
    MAKE("FixedLengthRecordReader", "Ref(string)", SIZES NAMED,
         "A reader that gives records of one length.", shared_ref_shape, shared_ref),
    MAKE("FixedLengthRecordReaderV2", "resource", SIZES NAMED "; encoding: string = \"\"",
         "A reader that gives records of one length.", shape_scalar, kernel_handle),
    READ("ReaderRead", "", "key: string, value: string",
         "The next record of a reader, and its name.", read_shape, read_run),
    READ("ReaderReadUpTo", ", num_records: int64", "keys: string, values: string",
         "The next records of a reader, of one file, and their names.", read_up_to_shape,
         read_up_to_run),
    USE("ReaderNumRecordsProduced", "", "records_produced: int64",
        "How many records a reader has given.", shared_scalars, produced_run, 0),
    USE("ReaderNumWorkUnitsCompleted", "", "units_completed: int64",
        "How many files a reader has read to their end.", shared_scalars, completed_run, 0),
    USE("ReaderSerializeState", "", "state: string",
        "Where a reader is, as a string for ReaderRestoreState.", shared_scalars, serialize_run,
        OP_BLOCKING),
    USE("ReaderRestoreState", ", state: string", NULL,
        "A reader is where it was when that string was made.", restore_shape, restore_run,
        OP_BLOCKING),
    USE("ReaderReset", "", NULL, "A reader is as new.", check_reader, reset_run, OP_BLOCKING),
    { 0 }
};
