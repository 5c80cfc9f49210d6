/* dataset_parallel.c - functions of several elements at a time, results in order:
 * ParallelMapDataset, MapAndBatchDataset(V2).
 *
 * Each thread takes the next element of the dataset below, and with it the next place of a ring,
 * calls the function and leaves what it gave in its place. */
#include "base/mem.h"
#include "graph/graph.h"
#include "op/callee.h"
#include "op/shape_fn.h"
#include "ops/dataset_thread.h"

enum { AUTOTUNE = -1, MOST_THREADS = 64 };

struct parallel { struct dataset base; struct caller f; int64_t threads; bool preserve; };

enum place_state { EMPTY, TAKEN, MADE };
struct place { enum place_state state; bool end, last; struct status *st; };

struct worker { struct crew_thread thread; struct tensor *element; };

/* `taken` places were ever taken, `given` of them were asked for; under the crew's lock. */
struct parallel_cursor {
    struct cursor base;
    struct crew crew;
    struct worker *worker;
    int n;                                  /* workers, and twice as many places */
    struct place *place;
    struct tensor *ring;
    int64_t taken, given;
    bool began;                             /* the workers */
    pthread_mutex_t below;                  /* who holds it takes the next element */
    bool over;                              /* there are no more; under that lock */
};

static struct parallel_cursor *of(struct cursor *c) { return (struct parallel_cursor *)c; }
static int room(const struct parallel_cursor *p) { return 2 * p->n; }

/* ---- a worker ---- */

/* With the lock below held: the next place, or -1 where there is no more to do. */
static int claim(struct parallel_cursor *p)
{
    pthread_mutex_lock(&p->crew.lock);
    while (p->taken - p->given >= room(p) && !atomic_load(&p->crew.stop))
        pthread_cond_wait(&p->crew.taken, &p->crew.lock);
    int at = -1;
    if (!p->over && !atomic_load(&p->crew.stop)) {
        at = (int)(p->taken++ % room(p));
        p->place[at] = (struct place){ .state = TAKEN };
    }
    pthread_mutex_unlock(&p->crew.lock);
    return at;
}

static void make(struct parallel_cursor *p, int at, struct worker *w, struct run_env *env,
                 struct status *st, bool end)
{
    const struct parallel *d = (const struct parallel *)p->base.d;
    bool last = end;
    if (!st && !end) {
        st = caller_run(&d->f, env, w->element, p->base.d->in[0]->n,
                        p->ring + (int64_t)at * p->base.d->n);
        st = dataset_call_ends(st, d->preserve, &end);
        run_env_tidy(env);
    }
    pthread_mutex_lock(&p->crew.lock);
    p->place[at] = (struct place){ MADE, end && !st, last && !st, st };
    if (at == p->given % room(p))
        pthread_cond_signal(&p->crew.given);
    pthread_mutex_unlock(&p->crew.lock);
}

static void labour(struct crew_thread *t, struct run_env *env)
{
    struct parallel_cursor *p = of(t->cursor);
    struct worker *w = (struct worker *)t;
    for (bool more = true; more;) {
        struct status *st = NULL;
        bool end = false;
        pthread_mutex_lock(&p->below);
        int at = claim(p);
        more = at >= 0;
        if (more) {
            st = cursor_next(p->base.in, env, w->element, &end);
            run_env_tidy(env);
            p->over = end && !st;
        }
        pthread_mutex_unlock(&p->below);
        if (more)
            make(p, at, w, env, st, end);
    }
}

/* ---- the cursor ---- */

static struct status *parallel_begin(struct cursor *c, struct run_env *env)
{
    struct parallel_cursor *p = of(c);
    int64_t n = ((const struct parallel *)c->d)->threads;
    (void)env;
    if (n == AUTOTUNE)
        n = pool_threads();
    p->n = (int)(n < MOST_THREADS ? n : MOST_THREADS);
    pthread_mutex_init(&p->below, NULL);
    NEED(p->place = mem_array(struct place, room(p)));
    NEED(p->ring = mem_array(struct tensor, (int64_t)room(p) * c->d->n));
    NEED(p->worker = mem_array(struct worker, p->n));
    for (int i = 0; i < p->n; i++)
        NEED(p->worker[i].element = mem_array(struct tensor, c->d->in[0]->n));
    return crew_init(&p->crew);
}

static void parallel_finish(struct cursor *c)
{
    struct parallel_cursor *p = of(c);
    crew_release(&p->crew);
    element_clear(p->ring, p->ring ? (int64_t)room(p) * c->d->n : 0);
    for (int i = 0; i < room(p) && p->place; i++)
        status_free(p->place[i].st);
    for (int i = 0; i < p->n && p->worker; i++)
        mem_free(p->worker[i].element);
    mem_free(p->place);
    mem_free(p->ring);
    mem_free(p->worker);
    pthread_mutex_destroy(&p->below);
}

/* One thread does the work of all, where no more are to be had. */
static struct status *start(struct parallel_cursor *p)
{
    struct status *st = NULL;
    for (int i = 0; i < p->n && !st; i++) {
        struct crew_thread *t = &p->worker[i].thread;
        t->work = labour;
        t->cursor = &p->base;
        st = crew_start(&p->crew, t);
        if (i && st) {
            status_free(st);
            st = NULL;
            break;
        }
    }
    p->began = !st;
    return st;
}

/* With the lock held. The last end stays where it is. */
static struct status *take(struct parallel_cursor *p, struct run_env *env, struct tensor *out,
                           bool *end)
{
    struct place *now = &p->place[p->given % room(p)];
    int n = p->base.d->n;
    bool over = false;
    while (now->state != MADE && !over)
        over = env_wait(env, &p->crew.given, &p->crew.lock);
    if (now->state != MADE)
        return status_new(CANCELLED, "The step was cancelled while it waited for an element");
    struct status *st = now->st;
    *end = now->end;
    if (now->last)
        return NULL;
    element_move(out, p->ring + p->given % room(p) * n, n);
    *now = (struct place){ .state = EMPTY };
    p->given++;
    pthread_cond_signal(&p->crew.taken);
    return st;
}

static struct status *parallel_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                    bool *end)
{
    struct parallel_cursor *p = of(c);
    if (!p->began)
        TRY(start(p));
    pthread_mutex_lock(&p->crew.lock);
    struct status *st = take(p, env, out, end);
    pthread_mutex_unlock(&p->crew.lock);
    return st;
}

static bool parallel_ready(struct cursor *c)
{
    struct parallel_cursor *p = of(c);
    pthread_mutex_lock(&p->crew.lock);
    bool ready = p->place[p->given % room(p)].state == MADE;
    pthread_mutex_unlock(&p->crew.lock);
    return ready;
}

static void parallel_release(struct dataset *d) { caller_release(&((struct parallel *)d)->f); }

static int64_t parallel_count(const struct dataset *d)
{
    int64_t n = dataset_count(d->in[0]);
    return n < 0 || ((const struct parallel *)d)->preserve ? n : COUNT_UNKNOWN;
}

static const struct dataset_kind PARALLEL = {
    .name = "ParallelMap", .size = sizeof(struct parallel),
    .cursor = sizeof(struct parallel_cursor), .begin = parallel_begin, .next = parallel_next,
    .finish = parallel_finish, .release = parallel_release, .count = parallel_count,
    .ready = parallel_ready
};

/* ---- in kernels ---- */

struct state { struct callee *f; bool preserve; };

static struct status *parallel_prepare(struct prep *p)
{
    struct state *s;
    struct callee *f;
    TRY(prep_callee(p, "f", &f));
    TRY(prep_state(p, sizeof *s, &s));
    *s = (struct state){ f, node_attr(p->node, "preserve_cardinality") };
    return NULL;
}

/* Of the elements that input 0 gives; `like` says what the function gives. */
static struct status *new_parallel(struct kernel *k, int64_t threads, int n,
                                   const enum dtype *dtype, const struct shape *shape,
                                   struct parallel **d)
{
    const struct state *s = k->state;
    struct dataset *in;
    TRY(kernel_dataset(k, 0, &in));
    ENSURE(threads > 0 || threads == AUTOTUNE, "num_parallel_calls must be greater than zero.");
    TRY(dataset_new(&PARALLEL, &in, 1, n, dtype, shape, d));
    (*d)->threads = threads;
    (*d)->preserve = s->preserve;
    struct status *st = caller_take(&(*d)->f, k, s->f, in->n, 1);
    if (!st)
        st = caller_gives(&(*d)->f, n, dtype);
    if (st)
        dataset_unref(&(*d)->base);
    return st;
}

static int after_captured(const struct kernel *k)
{
    int n, at = node_arg(k->node, 1, &n);
    return at + n;
}

static struct status *parallel_run(struct kernel *k)
{
    struct dataset_types t;
    struct parallel *d;
    int64_t threads;
    TRY(dataset_types_of(k->node, &t));
    TRY(dataset_int(k, after_captured(k), "num_parallel_calls", &threads));
    TRY(new_parallel(k, threads, t.n, t.dtype, t.shape, &d));
    return dataset_put(k, 0, &d->base);
}

/* A dimension more is what batches have over their elements. */
static struct status *element_shapes(struct kernel *k, const struct dataset_types *t,
                                     struct shape **shape)
{
    TRY(kernel_temp(k, (size_t)t->n * sizeof **shape, shape));
    for (int i = 0; i < t->n; i++)
        (*shape)[i] = shape_of_row(&t->shape[i]);
    return NULL;
}

static struct status *map_and_batch(struct kernel *k, bool calls_by_batches)
{
    struct dataset_types t;
    struct parallel *d;
    struct shape *shape;
    int64_t size, threads, drop;
    int at = after_captured(k);
    TRY(dataset_types_of(k->node, &t));
    TRY(dataset_int(k, at, "batch_size", &size));
    TRY(dataset_int(k, at + 1, "num_parallel_calls", &threads));
    TRY(dataset_int(k, at + 2, "drop_remainder", &drop));
    ENSURE(size > 0, "batch_size must be greater than zero.");
    if (calls_by_batches && threads > 0 && __builtin_mul_overflow(threads, size, &threads))
        threads = INT64_MAX;
    TRY(element_shapes(k, &t, &shape));
    TRY(new_parallel(k, threads, t.n, t.dtype, shape, &d));
    struct status *st = dataset_batch(k, &d->base, size, drop, &t);
    dataset_unref(&d->base);
    return st;
}

static struct status *map_and_batch_run(struct kernel *k) { return map_and_batch(k, true); }
static struct status *map_and_batch_v2_run(struct kernel *k) { return map_and_batch(k, false); }

/* ---- the rows ---- */

#define MAP_ATTRS "f: func; Targuments: list(type) >= 0; output_types: list(type) >= 1; " \
              "output_shapes: list(shape) >= 1"

#define PARALLEL_OP(op_name, in, attributes, run, sentence)                                 \
    { .name = op_name,                                                                      \
      .inputs = "input_dataset: variant, other_arguments: Targuments, " in,                 \
      .outputs = "handle: variant", .attrs = attributes, .doc = sentence,                   \
      .shape = shape_scalar, .grad = NO_GRADIENT, .prepare = parallel_prepare,              \
      .kernel_any = run }

#define BATCHES "So many results of a function of a dataset's elements as one; some at a time."

const struct op ops_dataset_parallel[] = {
    PARALLEL_OP("ParallelMapDataset", "num_parallel_calls: int32",
                MAP_ATTRS "; use_inter_op_parallelism: bool = true; sloppy: bool = false; "
                      "preserve_cardinality: bool = false",
                parallel_run, "What a function makes of each element, some at a time, in order."),
    PARALLEL_OP("MapAndBatchDataset",
                "batch_size: int64, num_parallel_batches: int64, drop_remainder: bool",
                MAP_ATTRS "; preserve_cardinality: bool = false", map_and_batch_run, BATCHES),
    PARALLEL_OP("MapAndBatchDatasetV2",
                "batch_size: int64, num_parallel_calls: int64, drop_remainder: bool",
                MAP_ATTRS "; preserve_cardinality: bool = false", map_and_batch_v2_run, BATCHES),
    PARALLEL_OP("ExperimentalMapAndBatchDataset",
                "batch_size: int64, num_parallel_calls: int64, drop_remainder: bool",
                MAP_ATTRS "; preserve_cardinality: bool = false", map_and_batch_v2_run, BATCHES),
    { 0 }
};
