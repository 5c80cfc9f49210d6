/* dataset_shuffle.c - ShuffleDataset, ShuffleAndRepeatDataset, in TensorFlow's order for the same
 * seeds.
 *
 * A buffer is a ring. Elements of one pass through the input stand in it side by side, those of
 * the next pass behind them: a slice a pass. One is drawn at random from the first slice, and the
 * slice's first element takes its place. */
#include "base/mem.h"
#include "graph/graph.h"
#include "num/philox.h"
#include "op/shape_fn.h"
#include "ops/dataset.h"
#include "ops/random.h"

#include <pthread.h>

/* `count`: passes through the input, -1: without end. */
struct shuffle {
    struct dataset base;
    int64_t size, count;
    bool reshuffle;                         /* each cursor draws its own seeds, */
    pthread_mutex_t lock;
    struct philox_words seeds;              /* from here, under the lock */
    struct philox at;                       /* or all begin here */
};

struct slice { int64_t begin, end; };       /* of places, that of a ring of `size` is modulo it */

struct shuffle_cursor {
    struct cursor base;
    struct philox_words words;
    struct tensor *ring;                    /* of `room` elements */
    int64_t room, held, epoch;
    struct slice *slice;                    /* a queue: [first, n) */
    int64_t first, n, cap;
    bool began, over;                       /* the input is over */
};

static const struct shuffle *of(const struct shuffle_cursor *s)
{
    return (const struct shuffle *)s->base.d;
}

static struct tensor *place(struct shuffle_cursor *s, int64_t at)
{
    return s->ring + at % s->room * s->base.d->n;
}

/* ---- slices ---- */

static bool slice_add(struct shuffle_cursor *s, int64_t at)
{
    if (s->first && s->n == s->cap) {
        memmove(s->slice, s->slice + s->first, (size_t)(s->n - s->first) * sizeof *s->slice);
        s->n -= s->first;
        s->first = 0;
    }
    if (s->n == s->cap) {
        int64_t cap = s->cap ? 2 * s->cap : 4;
        struct slice *more = mem_grow(s->slice, (size_t)cap * sizeof *more);
        if (!more)
            return false;
        s->slice = more;
        s->cap = cap;
    }
    s->slice[s->n++] = (struct slice){ at, at };
    return true;
}

/* The ring has its size only when it has been filled so far: what is asked for may never come. All
 * that is in it stands from the first slice's begin on. */
static struct status *grow(struct shuffle_cursor *s)
{
    int n = s->base.d->n;
    int64_t begin = s->slice[s->first].begin, end = s->slice[s->n - 1].end;
    int64_t room = s->room ? s->room * 2 : 64;
    if (room > of(s)->size)
        room = of(s)->size;
    struct tensor *more = mem_alloc((size_t)room * (size_t)n * sizeof *more);
    NEED(more);
    for (int64_t i = begin; i < end; i++)
        element_move(more + i % room * n, place(s, i), n);
    mem_free(s->ring);
    s->ring = more;
    s->room = room;
    return NULL;
}

/* ---- cursors ---- */

static struct philox begin_of(struct shuffle *d)
{
    if (!d->reshuffle)
        return d->at;
    pthread_mutex_lock(&d->lock);
    uint32_t seed = philox_next(&d->seeds), seed2 = philox_next(&d->seeds);
    pthread_mutex_unlock(&d->lock);
    return philox_seed(seed, seed2);
}

static struct status *shuffle_begin(struct cursor *c, struct run_env *env)
{
    struct shuffle_cursor *s = (struct shuffle_cursor *)c;
    (void)env;
    s->words = philox_words(begin_of((struct shuffle *)c->d));
    NEED(slice_add(s, 0));
    return NULL;
}

static void shuffle_finish(struct cursor *c)
{
    struct shuffle_cursor *s = (struct shuffle_cursor *)c;
    for (int64_t i = s->first; i < s->n; i++)
        for (int64_t at = s->slice[i].begin; at < s->slice[i].end; at++)
            element_clear(place(s, at), c->d->n);
    mem_free(s->ring);
    mem_free(s->slice);
}

/* The next element of the input to `out`, from the next pass if need be. */
static struct status *pull(struct shuffle_cursor *s, struct run_env *env, struct tensor *out)
{
    const struct shuffle *d = of(s);
    while (d->count < 0 || s->epoch < d->count) {
        bool end;
        if (!s->base.in)
            TRY(cursor_new(s->base.d->in[0], env, &s->base.in));
        TRY(cursor_next_in(&s->base, env, out, &end));
        if (!end) {
            s->began = true;
            return NULL;
        }
        if (!s->began && d->count < 0)
            break;                          /* nothing, repeated for ever, is nothing */
        s->epoch++;
        const struct slice *last = &s->slice[s->n - 1];
        if (last->begin != last->end)       /* passes that give nothing share one */
            NEED(slice_add(s, last->end));
        TRY(dataset_check_stop(env));
    }
    s->over = true;
    return NULL;
}

static struct status *fill(struct shuffle_cursor *s, struct run_env *env, struct tensor *out)
{
    while (!s->over && s->held < of(s)->size) {
        TRY(dataset_check_stop(env));
        TRY(pull(s, env, out));
        if (s->over)
            break;
        if (s->held == s->room)
            TRY(grow(s));
        element_move(place(s, s->slice[s->n - 1].end++), out, s->base.d->n);
        s->held++;
    }
    return NULL;
}

static struct status *shuffle_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                   bool *end)
{
    struct shuffle_cursor *s = (struct shuffle_cursor *)c;
    TRY(fill(s, env, out));
    *end = !s->held;
    if (*end)
        return NULL;
    while (s->slice[s->first].begin == s->slice[s->first].end)
        s->first++;
    struct slice *now = &s->slice[s->first];
    int64_t at = now->begin + (int64_t)(philox_next(&s->words) % (now->end - now->begin));
    element_move(out, place(s, at), c->d->n);
    if (at != now->begin)
        element_move(place(s, at), place(s, now->begin), c->d->n);
    now->begin++;
    s->held--;
    return NULL;
}

/* ---- datasets ---- */

static void shuffle_release(struct dataset *d)
{
    pthread_mutex_destroy(&((struct shuffle *)d)->lock);
}

static int64_t shuffle_count(const struct dataset *d)
{
    int64_t n = dataset_count(d->in[0]), times = ((const struct shuffle *)d)->count, all;
    if (n == 0 || times == 0)
        return 0;
    if (times < 0)
        return COUNT_INFINITE;
    return n < 0 ? n : __builtin_mul_overflow(n, times, &all) ? COUNT_INFINITE : all;
}

static const struct dataset_kind SHUFFLE = {
    .name = "Shuffle", .size = sizeof(struct shuffle), .cursor = sizeof(struct shuffle_cursor),
    .begin = shuffle_begin, .next = shuffle_next, .finish = shuffle_finish,
    .release = shuffle_release, .count = shuffle_count
};

static struct status *make(struct kernel *k, int64_t count, bool reshuffle, bool one_seed)
{
    struct shuffle *d;
    int64_t size, seed, seed2;
    TRY(dataset_int(k, 1, "buffer_size", &size));
    TRY(dataset_int(k, 2, "seed", &seed));
    TRY(dataset_int(k, 3, "seed2", &seed2));
    ENSURE(size > 0, "buffer_size must be greater than zero.");
    TRY(dataset_make_like(k, &SHUFFLE, &d));
    pthread_mutex_init(&d->lock, NULL);
    d->size = size;
    d->count = count;
    d->reshuffle = reshuffle;
    d->at = random_from_seeds(seed, one_seed && (seed || seed2) ? seed : seed2);
    d->seeds = philox_words(d->at);
    return NULL;
}

/* TF: where each pass is the same, the first seed stands for the second one, too. */
static struct status *shuffle_run(struct kernel *k)
{
    bool reshuffle = *(const bool *)k->state;
    return make(k, 1, reshuffle, !reshuffle);
}

static struct status *shuffle_prepare(struct prep *p)
{
    bool *reshuffle;
    TRY(prep_state(p, sizeof *reshuffle, &reshuffle));
    *reshuffle = node_attr(p->node, "reshuffle_each_iteration");
    return NULL;
}

static struct status *repeat_run(struct kernel *k)
{
    int64_t count;
    TRY(dataset_int(k, 4, "count", &count));
    return make(k, count, false, false);
}

#define TYPES "output_types: list(type) >= 1; output_shapes: list(shape) >= 1"

const struct op ops_dataset_shuffle[] = {
    { .name = "ShuffleDataset",
      .inputs = "input_dataset: variant, buffer_size: int64, seed: int64, seed2: int64",
      .outputs = "handle: variant", .attrs = "reshuffle_each_iteration: bool = true; " TYPES,
      .doc = "A dataset whose next element is drawn at random from the next buffer_size ones.",
      .shape = dataset_shape, .grad = NO_GRADIENT, .prepare = shuffle_prepare,
      .kernel_any = shuffle_run },
    { .name = "ShuffleAndRepeatDataset",
      .inputs = "input_dataset: variant, buffer_size: int64, seed: int64, seed2: int64, "
                "count: int64",
      .outputs = "handle: variant", .attrs = TYPES,
      .doc = "A dataset shuffled, count times over (-1: without end); passes never mix.",
      .shape = dataset_shape, .grad = NO_GRADIENT, .kernel_any = repeat_run },
    { 0 }
};
