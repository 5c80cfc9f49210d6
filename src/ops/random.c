/* random.c - random numbers on TensorFlow's streams, exact: RandomUniform, RandomUniformInt,
 * RandomStandardNormal, TruncatedNormal, RandomShuffle, RandomCrop, and the stateless ones whose
 * stream is an input.
 *
 * An execution reserves its part of the node's stream under a lock and then computes it in
 * pieces, any piece from its place in the stream: threads never change the numbers. */
#include "ops/random.h"

#include "base/mem.h"
#include "base/pool.h"
#include "graph/graph.h"
#include "num/quotient.h"

#include <sys/random.h>

/* ---- the generator of a node, kept by the session ---- */

struct generator {
    struct resource base;
    pthread_mutex_t lock;
    bool seeded;
    struct philox at;
};

static bool generator_init(struct resource *r)
{
    return pthread_mutex_init(&((struct generator *)r)->lock, NULL) == 0;
}

static void generator_clear(struct resource *r)
{
    (void)r;                            /* it holds nothing */
}

static void generator_release(struct resource *r)
{
    pthread_mutex_destroy(&((struct generator *)r)->lock);
}

static const struct resource_kind GENERATOR = { "generator", sizeof(struct generator),
                                                generator_init, generator_clear,
                                                generator_release };

/* Both seeds 0: nobody asked for numbers that come again. */
static void seeds_from_system(uint64_t seed[2])
{
    if (getrandom(seed, 2 * sizeof *seed, 0) != 2 * sizeof *seed) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        seed[0] = (uint64_t)now.tv_nsec ^ (uint64_t)(uintptr_t)seed;
        seed[1] = (uint64_t)now.tv_sec;
    }
}

struct philox random_from_seeds(int64_t seed, int64_t seed2)
{
    uint64_t seeds[2] = { (uint64_t)seed, (uint64_t)seed2 };
    if (!seed && !seed2)
        seeds_from_system(seeds);
    return philox_seed(seeds[0], seeds[1]);
}

struct philox random_begin(const struct node *n)
{
    return random_from_seeds(node_attr(n, "seed"), node_attr(n, "seed2"));
}

static void generator_seed(struct generator *g, const struct node *n)
{
    struct philox begin = random_begin(n);
    pthread_mutex_lock(&g->lock);
    if (!g->seeded)
        g->at = begin;
    g->seeded = true;
    pthread_mutex_unlock(&g->lock);
}

struct status *random_prepare_bytes(struct prep *p, size_t bytes, void *state)
{
    struct generator **first;
    struct resource *r;
    TRY(prep_own(p, &GENERATOR, &r));
    generator_seed((struct generator *)r, p->node);
    TRY(prep_state(p, bytes, &first));
    *first = (struct generator *)r;
    memcpy(state, &first, sizeof first);
    return NULL;
}

struct status *random_prepare(struct prep *p)
{
    void *state;
    return random_prepare_bytes(p, sizeof(struct generator *), &state);
}

struct philox random_reserve(const struct kernel *k, uint64_t blocks)
{
    struct generator *g = *(struct generator *const *)k->state;
    pthread_mutex_lock(&g->lock);
    struct philox at = g->at;
    philox_skip(&g->at, blocks);
    pthread_mutex_unlock(&g->lock);
    return at;
}

struct status *random_shape(const struct kernel *k, int i, struct shape *s)
{
    const struct tensor *t = kernel_in(k, i);
    ENSURE(t->shape.rank == 1, "shape must be a vector of {int32,int64}, got shape %s",
           SHAPE_STR(&t->shape));
    ENSURE(t->shape.dim[0] <= MAX_RANK, "shape has %lld dimensions, more than %d",
           (long long)t->shape.dim[0], MAX_RANK);
    s->rank = (int)t->shape.dim[0];
    for (int d = 0; d < s->rank; d++) {
        s->dim[d] = tensor_int(t, d);
        ENSURE(s->dim[d] >= 0, "Dimension %lld must be >= 0", (long long)s->dim[d]);
    }
    return NULL;
}

/* ---- filling a tensor ---- */

/* One execution: `n` elements from `at` on. The functions of random.inc do a range of it, counted
 * in groups of as many elements as one block makes (two of the 64-bit types, else four). */
struct fill {
    struct philox at;
    void *y;
    int64_t n;
    int64_t low;                        /* RandomUniformInt: the least value, */
    uint64_t range;                     /* and how many there are */
};

enum { CHUNK = 64 };                    /* blocks made at a time */

typedef void fill_fn(void *fill, int64_t begin, int64_t end);

/* The stream that a pair of seeds names: a block drawn with a key of its own mixes them, so that
 * seeds that differ in little give streams that have nothing in common. */
struct status *random_stateless(const struct kernel *k, int i, struct philox *at)
{
    const struct tensor *seed = kernel_in(k, i);
    ENSURE(seed->shape.rank == 1 && seed->shape.dim[0] == 2, "seed must have shape [2], not %s",
           SHAPE_STR(&seed->shape));
    struct philox mixer = { { 0x3ec8f720, 0x02461e29 }, (uint64_t)tensor_int(seed, 0),
                            (uint64_t)tensor_int(seed, 1) };
    uint32_t mix[1][4];
    philox_blocks(&mixer, 1, mix);
    *at = (struct philox){ { mix[0][0], mix[0][1] }, 0, mix[0][2] | (uint64_t)mix[0][3] << 32 };
    return NULL;
}

/* Allocate the output and fill it; `group` elements a block, `grain` groups worth a thread. A
 * kernel without a generator is a stateless one. */
static struct status *random_fill(struct kernel *k, enum dtype t, struct fill *f, fill_fn *fn,
                                  int group, int64_t grain)
{
    struct shape s;
    TRY(random_shape(k, 0, &s));
    if (!k->state)
        TRY(random_stateless(k, 1, &f->at));
    TRY(kernel_new(k, 0, t, &s));
    f->y = kernel_out(k, 0)->data;
    f->n = shape_count(&s);
    if (k->state)
        f->at = random_reserve(k, (uint64_t)f->n * BLOCKS_PER_OUTPUT);
    pool_for((f->n + group - 1) / group, grain, k->env->threads, fn, f);
    return NULL;
}

/* Words and elements of this dtype in a block. */
#define WORDS ((int)sizeof(T) == 8 ? 2 : 1)
#define GROUP (4 / WORDS)

#define EACH "ops/random.inc"
#include "op/each_float.h"

#define EACH "ops/random.inc"
#define EACH_SET (SET_I32 | SET_I64)
#include "op/each.h"

struct status *random_want_seeds(const struct shape *s)
{
    int64_t two = 2;
    TRY(shape_want_rank(s, 1));
    return s->rank == 1 ? dim_merge(s->dim[0], two, &two) : NULL;
}

static struct status *stateless_shape(struct shape_ctx *c)
{
    TRY(random_want_seeds(shape_in(c, 1)));
    return shape_in_shape(c, 0, shape_out(c, 0));
}

static struct status *stateless_int_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 2), 0));
    TRY(shape_want_rank(shape_in(c, 3), 0));
    return stateless_shape(c);
}

static struct status *uniform_int_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 1), 0));
    TRY(shape_want_rank(shape_in(c, 2), 0));
    return shape_in_shape(c, 0, shape_out(c, 0));
}

/* ---- RandomShuffle: rows of dimension 0 in another order (Fisher and Yates, from the front) */

void random_order(struct philox at, int64_t n, int64_t *row)
{
    struct philox_words w = philox_words(at);
    for (int64_t i = 0; i < n; i++)
        row[i] = i;
    for (int64_t i = 0; i < n - 1; i++) {
        int64_t j = i + philox_next(&w) % (uint32_t)(n - i), t = row[i];
        row[i] = row[j];
        row[j] = t;
    }
}

static struct status *copy_rows(struct tensor *y, const struct tensor *x, const int64_t *row)
{
    int64_t n = x->shape.dim[0], each = tensor_count(x) / n;
    size_t bytes = (size_t)each * dtype_size(x->dtype);
    bool plain = !dtype_owns(x->dtype);

    for (int64_t i = 0; i < n; i++)
        if (plain)
            memcpy((char *)y->data + (size_t)i * bytes,
                   (const char *)x->data + (size_t)row[i] * bytes, bytes);
        else
            TRY(tensor_copy_elements(y, i * each, x, row[i] * each, each));
    return NULL;
}

static struct status *shuffle(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    int64_t n = x->shape.rank ? x->shape.dim[0] : 1, *row;
    if (n <= 1 || tensor_count(x) <= 1) {
        kernel_forward(k, 0, 0);
        return NULL;
    }
    ENSURE(n <= UINT32_MAX, "cannot shuffle %lld rows", (long long)n);
    TRY(kernel_temp(k, (size_t)n * sizeof *row, &row));
    TRY(kernel_new(k, 0, x->dtype, &x->shape));
    random_order(random_reserve(k, (uint64_t)(n - 1 + 3) / 4), n, row);
    return copy_rows(kernel_out(k, 0), x, row);
}

/* ---- RandomCrop: a part of an image [height, width, channels] ---- */

static struct status *random_crop_shape(struct shape_ctx *c)
{
    const struct shape *image = shape_in(c, 0);
    struct shape size;
    int64_t two = 2;
    TRY(shape_want_rank(image, 3));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    if (shape_in(c, 1)->rank == 1)
        TRY(dim_merge(shape_in(c, 1)->dim[0], two, &two));
    TRY(shape_in_shape(c, 1, &size));
    bool known = size.rank == 2;
    *shape_out(c, 0) = SHAPE(known ? size.dim[0] : -1, known ? size.dim[1] : -1,
                             image->rank < 0 ? -1 : image->dim[2]);
    return NULL;
}

static struct status *crop_check(const struct kernel *k, int64_t size[2])
{
    static const char *const name[] = { "height", "width" };
    const struct shape *image = &kernel_in(k, 0)->shape, *s = &kernel_in(k, 1)->shape;
    ENSURE(image->rank == 3, "input must be 3-dimensional%s", SHAPE_STR(image));
    ENSURE(s->rank == 1, "shape_t must be 1-dimensional%s", SHAPE_STR(s));
    ENSURE(s->dim[0] == 2, "shape_t must have two elements%s", SHAPE_STR(s));
    for (int i = 1; i >= 0; i--) {
        size[i] = tensor_int(kernel_in(k, 1), i);
        ENSURE(size[i] >= 0, "Dimension %lld must be >= 0", (long long)size[i]);
        if (size[i] > image->dim[i])
            return status_new(FAILED_PRECONDITION, "%s must be >= target_%s: %s = %lld, target_%s "
                              "= %lld", name[i], name[i], name[i], (long long)image->dim[i],
                              name[i], (long long)size[i]);
        ENSURE(image->dim[i] < UINT32_MAX, "images of this %s are not supported", name[i]);
    }
    return NULL;
}

/* The column is drawn before the row, each only if there is a choice. */
static struct status *crop(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    int64_t size[2], from[2] = { 0, 0 };
    TRY(crop_check(k, size));
    const int64_t *image = x->shape.dim;
    if (size[0] == image[0] && size[1] == image[1]) {
        kernel_forward(k, 0, 0);
        return NULL;
    }
    TRY(kernel_new(k, 0, x->dtype, &SHAPE(size[0], size[1], image[2])));
    struct philox_words w = philox_words(random_reserve(k, 1));
    for (int i = 1; i >= 0; i--)
        if (size[i] < image[i])
            from[i] = philox_next(&w) % (uint32_t)(image[i] - size[i] + 1);
    size_t pixel = (size_t)image[2] * dtype_size(x->dtype), row = (size_t)size[1] * pixel;
    for (int64_t i = 0; i < size[0] && row; i++)
        memcpy((char *)kernel_out(k, 0)->data + (size_t)i * row,
               (const char *)x->data + (size_t)((from[0] + i) * image[1] + from[1]) * pixel, row);
    return NULL;
}

#define FLOAT_ATTRS "seed: int = 0; seed2: int = 0; " \
                    "dtype: {half, bfloat16, float, double}; T: {int32, int64}"

#define STATELESS_ATTRS "dtype: {half, float, double} = float; T: {int32, int64} = int32; " \
                        "Tseed: {int32, int64} = int64"

const struct op ops_random[] = {
    { .name    = "RandomUniform",
      .inputs  = "shape: T",
      .outputs = "output: dtype",
      .attrs   = FLOAT_ATTRS,
      .doc     = "Numbers drawn evenly from [0, 1).",
      .shape   = shape_from_input,
      .grad    = NOT_DIFFERENTIABLE,
      .prepare = random_prepare,
      .kernel  = KERNELS(FLOATS(uniform)),
      .by      = "dtype",
      .flags   = OP_STATEFUL },
    { .name    = "RandomUniformInt",
      .inputs  = "shape: T, minval: Tout, maxval: Tout",
      .outputs = "output: Tout",
      .attrs   = "seed: int = 0; seed2: int = 0; Tout: {int32, int64}; T: {int32, int64}",
      .doc     = "Integers drawn evenly from [minval, maxval).",
      .shape   = uniform_int_shape,
      .grad    = NO_GRADIENT,
      .prepare = random_prepare,
      .kernel  = KERNELS([DT_INT32] = uniform_i32, [DT_INT64] = uniform_i64),
      .by      = "Tout",
      .flags   = OP_STATEFUL },
    { .name    = "RandomStandardNormal",
      .inputs  = "shape: T",
      .outputs = "output: dtype",
      .attrs   = FLOAT_ATTRS,
      .doc     = "Numbers drawn from the normal distribution of mean 0 and deviation 1.",
      .shape   = shape_from_input,
      .grad    = NOT_DIFFERENTIABLE,
      .prepare = random_prepare,
      .kernel  = KERNELS(FLOATS(normal)),
      .by      = "dtype",
      .flags   = OP_STATEFUL },
    { .name    = "TruncatedNormal",
      .inputs  = "shape: T",
      .outputs = "output: dtype",
      .attrs   = FLOAT_ATTRS,
      .doc     = "Numbers drawn from the standard normal distribution, those of magnitude 2 and "
                 "more drawn anew.",
      .shape   = shape_from_input,
      .grad    = NOT_DIFFERENTIABLE,
      .prepare = random_prepare,
      .kernel  = KERNELS(FLOATS(truncated)),
      .by      = "dtype",
      .flags   = OP_STATEFUL },
    { .name    = "RandomShuffle",
      .inputs  = "value: T",
      .outputs = "output: T",
      .attrs   = "seed: int = 0; seed2: int = 0; T: type",
      .doc     = "The rows of dimension 0 in an order drawn at random.",
      .shape   = shape_unchanged,
      .grad    = NO_GRADIENT,
      .prepare = random_prepare,
      .kernel_any = shuffle,
      .flags   = OP_STATEFUL },
    { .name    = "RandomCrop",
      .inputs  = "image: T, size: int64",
      .outputs = "output: T",
      .attrs   = "T: {uint8, int8, int16, int32, int64, float, double}; seed: int = 0; "
                 "seed2: int = 0",
      .doc     = "A part of an image, size[0] rows and size[1] columns, from a random place.",
      .shape   = random_crop_shape,
      .grad    = NO_GRADIENT,
      .prepare = random_prepare,
      .kernel_any = crop,
      .flags   = OP_STATEFUL },
    { .name    = "StatelessRandomUniform",
      .inputs  = "shape: T, seed: Tseed",
      .outputs = "output: dtype",
      .attrs   = STATELESS_ATTRS,
      .doc     = "Numbers from [0, 1), always the same for the same seeds.",
      .shape   = stateless_shape,
      .grad    = NOT_DIFFERENTIABLE,
      .kernel  = KERNELS([DT_HALF] = uniform_f16, DOUBLES(uniform)),
      .by      = "dtype" },
    { .name    = "StatelessRandomNormal",
      .inputs  = "shape: T, seed: Tseed",
      .outputs = "output: dtype",
      .attrs   = STATELESS_ATTRS,
      .doc     = "Numbers of the standard normal distribution, the same for the same seeds.",
      .shape   = stateless_shape,
      .grad    = NOT_DIFFERENTIABLE,
      .kernel  = KERNELS([DT_HALF] = normal_f16, DOUBLES(normal)),
      .by      = "dtype" },
    { .name    = "StatelessTruncatedNormal",
      .inputs  = "shape: T, seed: Tseed",
      .outputs = "output: dtype",
      .attrs   = STATELESS_ATTRS,
      .doc     = "As StatelessRandomNormal, those of magnitude 2 and more drawn anew.",
      .shape   = stateless_shape,
      .grad    = NOT_DIFFERENTIABLE,
      .kernel  = KERNELS([DT_HALF] = truncated_f16, DOUBLES(truncated)),
      .by      = "dtype" },
    { .name    = "StatelessRandomUniformInt",
      .inputs  = "shape: T, seed: Tseed, minval: dtype, maxval: dtype",
      .outputs = "output: dtype",
      .attrs   = "dtype: {int32, int64}; T: {int32, int64}; Tseed: {int32, int64} = int64",
      .doc     = "Integers from [minval, maxval), always the same for the same seeds.",
      .shape   = stateless_int_shape,
      .grad    = NOT_DIFFERENTIABLE,
      .kernel  = KERNELS([DT_INT32] = uniform_i32, [DT_INT64] = uniform_i64),
      .by      = "dtype" },
    { 0 }
};
