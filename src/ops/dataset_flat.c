/* dataset_flat.c - functions that make a dataset of each element, whose elements come one after
 * another or by turns: FlatMapDataset, InterleaveDataset, ParallelInterleaveDataset(V2).
 *
 * The parallel ones read ahead in each of the datasets whose turn it will be; the order is the
 * same, also where TensorFlow would not promise it ("sloppy"). */
#include "base/mem.h"
#include "graph/graph.h"
#include "op/callee.h"
#include "op/shape_fn.h"
#include "ops/dataset.h"

/* `cycle` datasets are open at a time, each gives `block` elements when it is its turn, and up to
 * `ahead` of them are computed before (0: none). */
struct flat { struct dataset base; struct caller f; int64_t cycle, block, ahead; };

/* A cycle may be longer than there are elements: room grows as far as they go. */
struct flat_cursor {
    struct call_cursor call;
    struct cursor **turn;                   /* `room` of them, NULL: not open */
    int64_t room, open, at, given;          /* whose turn it is, how many it has given */
    bool over;                              /* the dataset of datasets is */
};

static const struct flat *of(const struct flat_cursor *f)
{
    return (const struct flat *)f->call.base.d;
}

static void next_turn(struct flat_cursor *f)
{
    f->given = 0;
    f->at = f->at + 1 == of(f)->cycle ? 0 : f->at + 1;
}

static struct status *grow(struct flat_cursor *f)
{
    int64_t room = f->room ? 2 * f->room : 4;
    if (room > of(f)->cycle)
        room = of(f)->cycle;
    struct cursor **more = mem_grow(f->turn, (size_t)room * sizeof *more);
    NEED(more);
    memset(more + f->room, 0, (size_t)(room - f->room) * sizeof *more);
    f->turn = more;
    f->room = room;
    return NULL;
}

static struct status *open_cursor(struct flat_cursor *f, struct dataset *d, struct run_env *env)
{
    const struct dataset *base = f->call.base.d;
    bool same = d->n == base->n;
    for (int i = 0; i < d->n && same; i++)
        same = d->dtype[i] == base->dtype[i];
    ENSURE(same, "The function %s returned a dataset of other types than were declared",
           callee_name(of(f)->f.callee));
    if (f->at == f->room)
        TRY(grow(f));
    return cursor_new(d, env, &f->turn[f->at]);
}

/* The next dataset is open, or there is none any more. */
static struct status *open_next(struct flat_cursor *f, struct run_env *env)
{
    struct cursor *c = &f->call.base;
    struct dataset *d, *ahead;
    TRY(cursor_next_in(c, env, f->call.element, &f->over));
    if (f->over)
        return NULL;
    TRY(caller_dataset(&of(f)->f, env, f->call.element, c->d->in[0]->n, &d));
    if (of(f)->ahead) {
        struct status *st = dataset_prefetch(d, of(f)->ahead, &ahead);
        dataset_unref(d);
        TRY(st);
        d = ahead;
    }
    struct status *st = open_cursor(f, d, env);
    dataset_unref(d);
    f->open += !st;
    return st;
}

static struct status *flat_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                bool *end)
{
    struct flat_cursor *f = (struct flat_cursor *)c;
    while (!f->over || f->open) {
        struct cursor *now = f->at < f->room ? f->turn[f->at] : NULL;
        bool over = false;
        TRY(dataset_check_stop(env));
        if (!now && !f->over) {
            TRY(open_next(f, env));
            continue;
        }
        if (now) {
            TRY(cursor_next(now, env, out, &over));
            if (!over && ++f->given == of(f)->block)
                next_turn(f);
            if (!over)
                return NULL;
            cursor_free(now);
            f->turn[f->at] = NULL;
            f->open--;
        }
        next_turn(f);
        if (f->at >= f->room && f->over)
            f->at = 0;
    }
    *end = true;
    return NULL;
}

static void flat_finish(struct cursor *c)
{
    struct flat_cursor *f = (struct flat_cursor *)c;
    for (int64_t i = 0; i < f->room; i++)
        cursor_free(f->turn[i]);
    mem_free(f->turn);
    call_finish(c);
}

static void flat_release(struct dataset *d) { caller_release(&((struct flat *)d)->f); }

static const struct dataset_kind FLAT = {
    .name = "Interleave", .size = sizeof(struct flat), .cursor = sizeof(struct flat_cursor),
    .begin = call_begin, .next = flat_next, .finish = flat_finish, .release = flat_release
};

/* ---- in kernels ---- */

static struct status *make(struct kernel *k, int64_t cycle, int64_t block, int64_t ahead)
{
    struct callee *f = (struct callee *)k->state;
    struct flat *d;
    ENSURE(cycle > 0, "cycle_length must be greater than zero.");
    ENSURE(block > 0, "block_length must be greater than zero.");
    TRY(dataset_make(k, &FLAT, 1, &d));
    d->base.waits = true;                   /* who knows what its datasets do */
    d->cycle = cycle;
    d->block = block;
    d->ahead = ahead;
    TRY(caller_take(&d->f, k, f, d->base.in[0]->n, 1));
    ENSURE(callee_n_out(f) == 1 && callee_out_dtype(f, 0) == DT_VARIANT,
           "The function %s must return a single dataset", callee_name(f));
    return NULL;
}

static struct status *flat_run(struct kernel *k) { return make(k, 1, INT64_MAX, 0); }

/* The inputs behind what the function captured. */
static struct status *cycle_of(const struct kernel *k, int64_t *cycle, int64_t *block, int *at)
{
    int n;
    *at = node_arg(k->node, 1, &n) + n;
    TRY(dataset_int(k, *at, "cycle_length", cycle));
    return dataset_int(k, *at + 1, "block_length", block);
}

static struct status *interleave_run(struct kernel *k)
{
    int64_t cycle, block;
    int at;
    TRY(cycle_of(k, &cycle, &block, &at));
    return make(k, cycle, block, 0);
}

/* Threads are not for the asking: a long cycle is read by the caller. */
enum { MOST_AHEAD = 64 };

static int64_t ahead_of(int64_t cycle, int64_t block)
{
    return cycle > MOST_AHEAD ? 0 : block < MOST_AHEAD ? block : MOST_AHEAD;
}

static struct status *parallel_run(struct kernel *k)
{
    int64_t cycle, block, sloppy, output, input;
    int at;
    TRY(cycle_of(k, &cycle, &block, &at));
    TRY(dataset_int(k, at + 2, "sloppy", &sloppy));
    TRY(dataset_int(k, at + 3, "buffer_output_elements", &output));
    TRY(dataset_int(k, at + 4, "prefetch_input_elements", &input));
    ENSURE(output > 0, "`buffer_output_elements` must be > 0");
    ENSURE(input >= 0, "`prefetch_input_elements` must be >= 0");
    int64_t ahead = ahead_of(cycle, block);
    return make(k, cycle, block, ahead && output > ahead && output <= MOST_AHEAD ? output : ahead);
}

static struct status *parallel_v2_run(struct kernel *k)
{
    int64_t cycle, block, calls;
    int at;
    TRY(cycle_of(k, &cycle, &block, &at));
    TRY(dataset_int(k, at + 2, "num_parallel_calls", &calls));
    ENSURE(calls > 0 || calls == -1, "num_parallel_calls must be greater than zero.");
    ENSURE(calls <= cycle, "num_parallel_calls must less than or equal to cycle_length.");
    return make(k, cycle, block, ahead_of(cycle, block));
}

/* ---- the rows ---- */

#define FLAT_OP(op_name, in, more, run, sentence)                                           \
    { .name = op_name,                                                                      \
      .inputs = "input_dataset: variant, other_arguments: Targuments" in,                   \
      .outputs = "handle: variant",                                                         \
      .attrs = "f: func; Targuments: list(type) >= 0; output_types: list(type) >= 1; "      \
               "output_shapes: list(shape) >= 1" more,                                      \
      .doc = sentence, .shape = shape_scalar, .grad = NO_GRADIENT,                          \
      .prepare = dataset_prepare_f, .kernel_any = run }

#define CYCLE ", cycle_length: int64, block_length: int64"
#define BY_TURNS "The elements of the datasets that a function makes of elements, by turns."
#define PARALLEL(op_name)                                                                   \
    FLAT_OP(op_name, CYCLE ", sloppy: bool, buffer_output_elements: int64, "                \
            "prefetch_input_elements: int64", "", parallel_run, BY_TURNS)

const struct op ops_dataset_flat[] = {
    FLAT_OP("FlatMapDataset", "", "", flat_run,
            "The elements of the datasets that a function makes of elements."),
    FLAT_OP("InterleaveDataset", CYCLE, "", interleave_run, BY_TURNS),
    PARALLEL("ParallelInterleaveDataset"),
    PARALLEL("ExperimentalParallelInterleaveDataset"),
    FLAT_OP("ParallelInterleaveDatasetV2", CYCLE ", num_parallel_calls: int64",
            "; sloppy: bool = false", parallel_v2_run, BY_TURNS),
    { 0 }
};
