/* dataset_prefetch.c - PrefetchDataset: a thread computes elements before they are asked for. */
#include "base/mem.h"
#include "graph/graph.h"
#include "op/shape_fn.h"
#include "ops/dataset_thread.h"

/* A buffer that nobody gave a size grows, up to this, whenever it is found empty. */
enum { MOST_BUFFERED = 512, FIRST_ROOM = 16, AUTOTUNE = -1 };

struct prefetch { struct dataset base; int64_t size; };

struct made { struct status *st; bool end; };   /* what came instead of, or with, an element */

/* A ring of `room` elements, which may become `most`; all of it under the crew's lock. */
struct prefetch_cursor {
    struct cursor base;
    struct crew crew;
    struct crew_thread thread;
    struct tensor *ring;
    struct made *made;
    int64_t room, most, limit, first, held;
    bool began, over;                       /* the thread; the input has ended */
    bool hungry;                            /* someone waits for an element */
};

static struct prefetch_cursor *of(struct cursor *c) { return (struct prefetch_cursor *)c; }

/* ---- the thread ---- */

/* The ring has its size only when it has been filled so far: what is asked for may never come.
 * Without memory for more it stays as it is. */
static bool grow(struct prefetch_cursor *p)
{
    int n = p->base.d->n;
    int64_t room = 2 * p->room < p->most ? 2 * p->room : p->most;
    struct tensor *ring = mem_array(struct tensor, room * n);
    struct made *made = mem_array(struct made, room);
    if (!ring || !made) {
        mem_free(ring);
        mem_free(made);
        return false;
    }
    for (int64_t i = 0; i < p->held; i++) {
        int64_t at = (p->first + i) % p->room;
        element_move(ring + i * n, p->ring + at * n, n);
        made[i] = p->made[at];
    }
    mem_free(p->ring);
    mem_free(p->made);
    p->ring = ring;
    p->made = made;
    p->room = room;
    p->first = 0;
    return true;
}

/* The place of one more element, once there is room for it. False: it is to stop. */
static bool await_room(struct prefetch_cursor *p, int64_t *at)
{
    pthread_mutex_lock(&p->crew.lock);
    while ((p->held >= p->limit || (p->held == p->room && !grow(p))) &&
           !atomic_load(&p->crew.stop))
        pthread_cond_wait(&p->crew.taken, &p->crew.lock);
    *at = (p->first + p->held) % p->room;
    pthread_mutex_unlock(&p->crew.lock);
    return !atomic_load(&p->crew.stop);
}

/* Only this thread writes behind the last element, and makes the ring grow, so that it needs no
 * lock until the element is there. */
static void fill(struct crew_thread *t, struct run_env *env)
{
    struct prefetch_cursor *p = of(t->cursor);
    int n = p->base.d->n;
    for (int64_t at; await_room(p, &at);) {
        struct made *m = &p->made[at];
        m->st = cursor_next(p->base.in, env, p->ring + at * n, &m->end);
        run_env_tidy(env);
        bool end = m->end && !m->st;
        pthread_mutex_lock(&p->crew.lock);
        p->held++;
        if (p->hungry)
            pthread_cond_signal(&p->crew.given);
        pthread_mutex_unlock(&p->crew.lock);
        if (end)
            break;
    }
}

/* ---- the cursor ---- */

static struct status *prefetch_begin(struct cursor *c, struct run_env *env)
{
    struct prefetch_cursor *p = of(c);
    int64_t size = ((const struct prefetch *)c->d)->size;
    (void)env;
    p->limit = size == AUTOTUNE ? 1 : size;
    p->most = size == AUTOTUNE ? MOST_BUFFERED : size;
    p->room = p->most < FIRST_ROOM ? p->most : FIRST_ROOM;
    if (!p->room)
        return NULL;
    NEED(p->ring = mem_array(struct tensor, p->room * c->d->n));
    NEED(p->made = mem_array(struct made, p->room));
    return crew_init(&p->crew);
}

static void prefetch_finish(struct cursor *c)
{
    struct prefetch_cursor *p = of(c);
    crew_release(&p->crew);
    for (int64_t i = 0; i < p->held && p->made; i++) {
        int64_t at = (p->first + i) % p->room;
        element_clear(p->ring + at * c->d->n, c->d->n);
        status_free(p->made[at].st);
    }
    mem_free(p->ring);
    mem_free(p->made);
}

/* With the lock held: an element is there, or the run is to end. */
static struct status *await_element(struct prefetch_cursor *p, struct run_env *env)
{
    bool over = false;
    if (!p->held && p->limit < p->most)
        p->limit *= 2;
    p->hungry = true;
    while (!p->held && !over)
        over = env_wait(env, &p->crew.given, &p->crew.lock);
    p->hungry = false;
    return p->held ? NULL
                   : status_new(CANCELLED, "The step was cancelled while it waited for an element");
}

static struct status *take(struct prefetch_cursor *p, struct tensor *out, bool *end)
{
    int n = p->base.d->n;
    struct made m = p->made[p->first];
    element_move(out, p->ring + p->first * n, n);
    p->first = (p->first + 1) % p->room;
    p->held--;
    *end = p->over = m.end && !m.st;
    return m.st;
}

static struct status *prefetch_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                    bool *end)
{
    struct prefetch_cursor *p = of(c);
    if (!p->room || p->over) {
        *end = p->over;
        return p->over ? NULL : cursor_next_in(c, env, out, end);
    }
    if (!p->began) {
        p->thread.work = fill;
        p->thread.cursor = c;
        TRY(crew_start(&p->crew, &p->thread));
        p->began = true;
    }
    pthread_mutex_lock(&p->crew.lock);
    struct status *st = await_element(p, env);
    if (!st)
        st = take(p, out, end);
    bool low = p->held < p->limit;
    if (low)
        pthread_cond_signal(&p->crew.taken);
    pthread_mutex_unlock(&p->crew.lock);
    return st;
}

static bool prefetch_ready(struct cursor *c)
{
    struct prefetch_cursor *p = of(c);
    if (!p->room)
        return !c->d->in[0]->waits;
    pthread_mutex_lock(&p->crew.lock);
    bool ready = p->held > 0 || p->over;
    pthread_mutex_unlock(&p->crew.lock);
    return ready;
}

static int64_t prefetch_count(const struct dataset *d) { return dataset_count(d->in[0]); }

static const struct dataset_kind PREFETCH = {
    .name = "Prefetch", .size = sizeof(struct prefetch), .cursor = sizeof(struct prefetch_cursor),
    .begin = prefetch_begin, .next = prefetch_next, .finish = prefetch_finish,
    .count = prefetch_count, .ready = prefetch_ready
};

struct status *dataset_prefetch(struct dataset *in, int64_t size, struct dataset **d)
{
    struct prefetch *p;
    TRY(dataset_new(&PREFETCH, &in, 1, in->n, in->dtype, in->shape, &p));
    p->size = size;
    *d = &p->base;
    return NULL;
}

static struct status *prefetch_run(struct kernel *k)
{
    struct dataset *in, *d;
    int64_t size;
    TRY(kernel_dataset(k, 0, &in));
    TRY(dataset_int(k, 1, "buffer_size", &size));
    ENSURE(size >= AUTOTUNE && size <= INT32_MAX, "buffer_size must be >= 0 or set "
           "buffer_size to be -1 for auto-tuning, got %lld", (long long)size);
    TRY(dataset_prefetch(in, size, &d));
    return dataset_put(k, 0, d);
}

const struct op ops_dataset_prefetch[] = {
    { .name = "PrefetchDataset", .inputs = "input_dataset: variant, buffer_size: int64",
      .outputs = "handle: variant",
      .attrs = "output_types: list(type) >= 1; output_shapes: list(shape) >= 1; "
               "slack_period: int = 0; legacy_autotune: bool = true",
      .doc = "The same dataset, up to buffer_size elements of it computed before they are asked "
             "for.",
      .shape = dataset_shape, .grad = NO_GRADIENT, .kernel_any = prefetch_run },
    { 0 }
};
