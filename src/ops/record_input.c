/* record_input.c - RecordInput: batches of records of many TFRecord files, shuffled, without end.
 *
 * An epoch reads every file once, in another order each time; a record is drawn by chance from
 * those that were read ahead, and all come before the next epoch begins.
 */
#include "io/record.h"
#include "base/mem.h"
#include "graph/graph.h"
#include "op/kernel.h"
#include "op/shape_fn.h"
#include "op/wait.h"
#include "num/philox.h"
#include "tensor/tstring.h"

#include <glob.h>
#include <string.h>

struct record_input {
    struct resource base;
    pthread_mutex_t lock;
    bool begun;
    glob_t files;
    size_t file;                        /* how many of this epoch's were opened */
    size_t epoch;
    struct record_reader *reader;
    enum compression compression;
    struct tstring *ahead;              /* records that were read: n of them, room for `most` */
    int64_t n, room, most;
    double shift;
    struct philox_words random;
};

static bool init(struct resource *r)
{
    return !pthread_mutex_init(&((struct record_input *)r)->lock, NULL);
}

static void clear(struct resource *r) { (void)r; }

static void release(struct resource *r)
{
    struct record_input *in = (struct record_input *)r;
    for (int64_t i = 0; i < in->n; i++)
        tstring_free(&in->ahead[i]);
    mem_free(in->ahead);
    record_reader_free(in->reader);
    globfree(&in->files);
    pthread_mutex_destroy(&in->lock);
}

static const struct resource_kind RECORD_INPUT = { "record input", sizeof(struct record_input),
                                                   init, clear, release };

static struct status *prepare(struct prep *p)
{
    const struct node *n = p->node;
    struct resource *r;
    enum compression c;
    TRY(compression_parse(node_attr_string(n, "compression_type"), &c));
    ENSURE(node_attr(n, "batch_size") > 0, "batch_size must be positive, got %lld",
           (long long)node_attr(n, "batch_size"));
    double shift = node_attr_float(n, "file_shuffle_shift_ratio");
    ENSURE(shift >= 0 && shift <= 1, "file_shuffle_shift_ratio must be between 0 and 1, got %g",
           shift);
    TRY(prep_own(p, &RECORD_INPUT, &r));
    struct record_input *in = (struct record_input *)r;
    pthread_mutex_lock(&in->lock);
    if (!in->most) {
        uint64_t seed = (uint64_t)node_attr(n, "file_random_seed");
        in->compression = c;
        in->most = node_attr(n, "file_buffer_size") > 1 ? node_attr(n, "file_buffer_size") : 1;
        in->shift = shift;
        in->random = philox_words(philox_seed(seed, 0));
    }
    pthread_mutex_unlock(&in->lock);
    p->state = in;
    return NULL;
}

/* ---- files ---- */

static struct status *find_files(struct record_input *in, const char *pattern)
{
    globfree(&in->files);
    in->files = (glob_t){ 0 };
    if (glob(pattern, 0, NULL, &in->files) || !in->files.gl_pathc)
        return status_new(NOT_FOUND, "Found no files at %s", pattern);
    in->begun = true;
    return NULL;
}

static void swap_paths(struct record_input *in, size_t i, size_t j)
{
    char *t = in->files.gl_pathv[i];
    in->files.gl_pathv[i] = in->files.gl_pathv[j];
    in->files.gl_pathv[j] = t;
}

static void shuffle_files(struct record_input *in)
{
    for (size_t i = in->files.gl_pathc; i > 1; i--)
        swap_paths(in, i - 1, philox_next(&in->random) % (uint32_t)i);
}

/* TF: each epoch begins so much further on in the list. */
static const char *path_now(const struct record_input *in)
{
    size_t n = in->files.gl_pathc, shift = (size_t)(in->shift * (double)n) * in->epoch;
    return in->files.gl_pathv[(in->file + shift) % n];
}

/* One record more among those read ahead; *over: the epoch has no more. */
static struct status *read_on(struct record_input *in, bool *over)
{
    const void *data;
    size_t n;
    bool done = true;
    for (*over = false; !*over;) {
        if (in->reader)
            TRY(record_next(in->reader, &data, &n, &done));
        if (!done)
            return tstring_set(&in->ahead[in->n], data, n) ? (in->n++, NULL) : status_no_memory();
        record_reader_free(in->reader);
        in->reader = NULL;
        *over = in->file == in->files.gl_pathc;
        if (!*over) {
            TRY(record_reader_new(path_now(in), in->compression, &in->reader));
            in->file++;
            done = true;
        }
    }
    return NULL;
}

static struct status *make_room(struct record_input *in)
{
    int64_t room = in->room ? 2 * in->room : 64;
    if (in->n < in->room)
        return NULL;
    struct tstring *grown = mem_grow(in->ahead, sizeof *grown * (size_t)room);
    NEED(grown);
    memset(grown + in->room, 0, sizeof *grown * (size_t)(room - in->room));
    in->ahead = grown;
    in->room = room;
    return NULL;
}

static struct status *fill(struct kernel *k, struct record_input *in)
{
    for (bool over = false; in->n < in->most && !over;) {
        if (wait_is_over(&k->env->stop))
            return status_new(CANCELLED, "The step was cancelled while it read records");
        TRY(make_room(in));
        TRY(read_on(in, &over));
    }
    return NULL;
}

static struct status *next_epoch(struct kernel *k, struct record_input *in)
{
    in->file = 0;
    in->epoch++;
    shuffle_files(in);
    TRY(fill(k, in));
    return in->n ? NULL : status_new(OUT_OF_RANGE, "The files hold no records");
}

/* ---- the kernel ---- */

static struct status *draw(struct kernel *k, struct record_input *in, struct tstring *to)
{
    TRY(fill(k, in));
    if (!in->n)
        TRY(next_epoch(k, in));
    int64_t i = philox_next(&in->random) % in->n;
    *to = in->ahead[i];
    in->ahead[i] = in->ahead[--in->n];
    memset(&in->ahead[in->n], 0, sizeof *in->ahead);
    return NULL;
}

static struct status *draw_batch(struct kernel *k, struct record_input *in)
{
    if (!in->begun) {
        TRY(find_files(in, node_attr_string(k->node, "file_pattern")));
        shuffle_files(in);
    }
    for (int64_t i = 0; i < tensor_count(kernel_out(k, 0)); i++)
        TRY(draw(k, in, (struct tstring *)kernel_out(k, 0)->data + i));
    return NULL;
}

static struct status *run(struct kernel *k)
{
    struct record_input *in = (struct record_input *)k->state;
    TRY(kernel_new(k, 0, DT_STRING, &SHAPE(node_attr(k->node, "batch_size"))));
    pthread_mutex_lock(&in->lock);
    struct status *st = draw_batch(k, in);
    pthread_mutex_unlock(&in->lock);
    return st;
}

const struct op ops_record_input[] = {
    { .name = "RecordInput", .outputs = "records: string",
      .attrs = "file_pattern: string; file_random_seed: int = 301; "
               "file_shuffle_shift_ratio: float = 0; file_buffer_size: int = 10000; "
               "file_parallelism: int = 16; batch_size: int = 32; compression_type: string = \"\"",
      .doc = "A batch of records of the files that match a pattern, shuffled, without end.",
      .note = "One thread reads; the order is not TensorFlow's, which depends on its threads.",
      .shape = shape_unknown, .grad = NO_GRADIENT, .prepare = prepare, .kernel_any = run,
      .flags = OP_STATEFUL },
    { 0 }
};
