/* dataset_pick.c - elements of a dataset that are picked, or come late: UniqueDataset,
 * SamplingDataset, SleepDataset. */
#include "base/clock.h"
#include "base/mem.h"
#include "graph/graph.h"
#include "op/shape_fn.h"
#include "op/wait.h"
#include "ops/dataset.h"
#include "ops/random.h"
#include "tensor/tstring.h"

#include <time.h>

/* ---- UniqueDataset: what has come before is left out ---- */

/* A table of 2 * room slots: 1 + which of the elements that came, or 0. */
struct unique_cursor { struct cursor base; struct elements came; uint32_t *slot; int64_t room; };

static uint64_t hash(const struct tensor *t)
{
    bool text = t->dtype == DT_STRING;
    const uint8_t *bytes = text ? (const uint8_t *)tstring_data(t->data) : t->data;
    size_t n = text ? tstring_len(t->data) : dtype_size(t->dtype);
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ bytes[i]) * 0x100000001b3u;
    return (h ^ h >> 32) * 0x9e3779b97f4a7c15u >> 20;
}

static bool same(const struct tensor *a, const struct tensor *b)
{
    return a->dtype == DT_STRING ? tstring_equal(a->data, b->data)
                                 : !memcmp(a->data, b->data, dtype_size(a->dtype));
}

static uint32_t *slot_of(struct unique_cursor *u, const struct tensor *t)
{
    int64_t mask = 2 * u->room - 1;
    for (int64_t s = (int64_t)hash(t) & mask;; s = (s + 1) & mask)
        if (!u->slot[s] || same(elements_at(&u->came, u->slot[s] - 1), t))
            return &u->slot[s];
}

static struct status *make_room(struct unique_cursor *u)
{
    if (u->came.count < u->room)
        return NULL;
    ENSURE(u->room < INT32_MAX / 4, "More elements than can be told apart");
    int64_t room = u->room ? 2 * u->room : 64;
    uint32_t *slot = mem_array(uint32_t, 2 * room);
    NEED(slot);
    mem_free(u->slot);
    u->slot = slot;
    u->room = room;
    for (int64_t i = 0; i < u->came.count; i++)
        *slot_of(u, elements_at(&u->came, i)) = (uint32_t)i + 1;
    return NULL;
}

static struct status *remember(struct unique_cursor *u, const struct tensor *t, bool *new)
{
    ENSURE(t->shape.rank == 0, "UniqueDataset only supports scalars, got shape %s",
           SHAPE_STR(&t->shape));
    TRY(make_room(u));
    uint32_t *slot = slot_of(u, t);
    *new = !*slot;
    if (!*new)
        return NULL;
    struct tensor again = tensor_ref(t);
    TRY(elements_add(&u->came, &again));
    *slot = (uint32_t)u->came.count;
    return NULL;
}

static struct status *unique_begin(struct cursor *c, struct run_env *env)
{
    (void)env;
    ((struct unique_cursor *)c)->came.n = 1;
    return NULL;
}

static struct status *unique_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                  bool *end)
{
    for (bool new = false; !new;) {
        element_clear(out, 1);
        TRY(dataset_check_stop(env));
        TRY(cursor_next_in(c, env, out, end));
        if (*end)
            return NULL;
        TRY(remember((struct unique_cursor *)c, out, &new));
    }
    return NULL;
}

static void unique_finish(struct cursor *c)
{
    elements_clear(&((struct unique_cursor *)c)->came);
    mem_free(((struct unique_cursor *)c)->slot);
}

static const struct dataset_kind UNIQUE = {
    .name = "Unique", .size = sizeof(struct dataset), .cursor = sizeof(struct unique_cursor),
    .begin = unique_begin, .next = unique_next, .finish = unique_finish
};

static struct status *unique_run(struct kernel *k)
{
    struct dataset *in, *d;
    TRY(kernel_dataset(k, 0, &in));
    ENSURE(in->n == 1, "UniqueDataset only supports inputs with a single component.");
    ENSURE(in->dtype[0] == DT_INT32 || in->dtype[0] == DT_INT64 || in->dtype[0] == DT_STRING,
           "UniqueDataset only supports inputs with a single `tf.int32`, `tf.int64`, or "
           "`tf.string` component.");
    return dataset_make_like(k, &UNIQUE, &d);
}

/* ---- SamplingDataset: each element with some probability ---- */

struct sampling { struct dataset base; float rate; struct philox at; };
struct sampling_cursor { struct cursor base; struct philox_words words; };

static struct status *sampling_begin(struct cursor *c, struct run_env *env)
{
    (void)env;
    ((struct sampling_cursor *)c)->words = philox_words(((const struct sampling *)c->d)->at);
    return NULL;
}

static struct status *sampling_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                    bool *end)
{
    for (bool taken = false; !taken;) {
        element_clear(out, c->d->n);
        TRY(dataset_check_stop(env));
        TRY(cursor_next_in(c, env, out, end));
        if (*end)
            return NULL;
        uint32_t word = philox_next(&((struct sampling_cursor *)c)->words);
        taken = unit_f32(&word) < ((const struct sampling *)c->d)->rate;
    }
    return NULL;
}

static const struct dataset_kind SAMPLING = {
    .name = "Sampling", .size = sizeof(struct sampling), .cursor = sizeof(struct sampling_cursor),
    .begin = sampling_begin, .next = sampling_next
};

static struct status *sampling_run(struct kernel *k)
{
    struct sampling *s;
    int64_t seed, seed2;
    ENSURE(kernel_in(k, 1)->shape.rank == 0, "rate must be a scalar");
    TRY(dataset_int(k, 2, "seed", &seed));
    TRY(dataset_int(k, 3, "seed2", &seed2));
    TRY(dataset_make_like(k, &SAMPLING, &s));
    s->rate = *(const float *)kernel_in(k, 1)->data;
    s->at = random_from_seeds(seed, seed2);
    return NULL;
}

/* ---- SleepDataset: some time passes before each element ---- */

struct sleeping { struct dataset base; int64_t microseconds; };

static struct status *sleep_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                 bool *end)
{
    enum { LOOK_NS = 5000000 };
    int64_t until = clock_ns() + ((const struct sleeping *)c->d)->microseconds * 1000, left;
    while ((left = until - clock_ns()) > 0) {
        TRY(dataset_check_stop(env));
        nanosleep(&(struct timespec){ 0, left < LOOK_NS ? left : LOOK_NS }, NULL);
    }
    return cursor_next_in(c, env, out, end);
}

static int64_t sleep_count(const struct dataset *d) { return dataset_count(d->in[0]); }

static const struct dataset_kind SLEEP = {
    .name = "Sleep", .size = sizeof(struct sleeping), .cursor = sizeof(struct cursor),
    .next = sleep_next, .count = sleep_count
};

static struct status *sleep_run(struct kernel *k)
{
    struct sleeping *s;
    int64_t microseconds;
    TRY(dataset_int(k, 1, "sleep_microseconds", &microseconds));
    ENSURE(microseconds >= 0 && microseconds <= INT64_MAX / 4000,
           "sleep_microseconds must be >= 0 and less than a lifetime");
    TRY(dataset_make_like(k, &SLEEP, &s));
    s->microseconds = microseconds;
    s->base.waits = true;
    return NULL;
}

/* ---- the rows ---- */

#define PICK(op_name, more, run, sentence)                                                  \
    { .name = op_name, .inputs = "input_dataset: variant" more,                             \
      .outputs = "handle: variant",                                                         \
      .attrs = "output_types: list(type) >= 1; output_shapes: list(shape) >= 1",            \
      .doc = sentence, .shape = dataset_shape, .grad = NO_GRADIENT, .kernel_any = run }

const struct op ops_dataset_pick[] = {
    PICK("UniqueDataset", "", unique_run, "A dataset without what it has given before."),
    PICK("ExperimentalUniqueDataset", "", unique_run,
         "A dataset without what it has given before."),
    PICK("SamplingDataset", ", rate: float, seed: int64, seed2: int64", sampling_run,
         "The elements of a dataset, each with a probability of rate."),
    PICK("SleepDataset", ", sleep_microseconds: int64", sleep_run,
         "The same dataset, with a pause before each element."),
    PICK("ExperimentalSleepDataset", ", sleep_microseconds: int64", sleep_run,
         "The same dataset, with a pause before each element."),
    { 0 }
};
