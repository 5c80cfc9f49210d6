/* sample.c - samples of distributions that depend on tensors, on TensorFlow's streams:
 * Multinomial, StatelessMultinomial, RandomGamma, RandomPoisson(V2), ParameterizedTruncatedNormal.
 *
 * Where TensorFlow's numbers depend on how it splits its work among threads (Multinomial and
 * ParameterizedTruncatedNormal of many rows) these are the numbers of one thread. */
#include "base/pool.h"
#include "ops/array.h"
#include "ops/random.h"

#include <float.h>
#include <tgmath.h>

/* ---- what gamma and Poisson share: a stream of its own for each sample ---- */

/* Numbers in [0, 1) or normal ones, two a block, of which the second comes first. */
struct two { double v[2]; int left; };
struct source { struct philox at; struct two unit, normal; };

static double next_unit(struct source *s)
{
    uint32_t block[1][4];
    if (!s->unit.left) {
        philox_blocks(&s->at, 1, block);
        s->unit = (struct two){ { unit_f64(block[0]), unit_f64(block[0] + 2) }, 2 };
    }
    return s->unit.v[--s->unit.left];
}

static double next_normal(struct source *s)
{
    uint32_t block[1][4];
    if (!s->normal.left) {
        philox_blocks(&s->at, 1, block);
        normal_pair_double(block[0], s->normal.v);
        s->normal.left = 2;
    }
    return s->normal.v[--s->normal.left];
}

/* Sample s of parameter p lies at y[s * n_params + p] and is the (p * per_param + s)th drawn. */
struct draw {
    struct philox at;
    const struct tensor *param;
    void *y;
    int64_t n_params, per_param;
};

static struct source draw_source(const struct draw *d, int64_t i)
{
    struct source s = { .at = d->at };
    philox_skip(&s.at, (uint64_t)i * BLOCKS_PER_OUTPUT);
    return s;
}

static int64_t draw_place(const struct draw *d, int64_t i)
{
    return i % d->per_param * d->n_params + i / d->per_param;
}

/* The output has the shape that input 0 asks for, followed by that of the parameters. */
static struct status *draw_samples(struct kernel *k, enum dtype t, struct draw *d,
                                   void (*fn)(void *draw, int64_t begin, int64_t end))
{
    const struct shape *p = &kernel_in(k, 1)->shape;
    struct shape s;
    TRY(random_shape(k, 0, &s));
    d->param = kernel_in(k, 1);
    d->n_params = shape_count(p);
    d->per_param = 1;
    for (int i = 0; i < s.rank; i++)
        ENSURE(!__builtin_mul_overflow(d->per_param, s.dim[i], &d->per_param),
               "shape %s is too large", SHAPE_STR(&s));
    ENSURE(s.rank + p->rank <= MAX_RANK, "more than %d dimensions", MAX_RANK);
    memcpy(s.dim + s.rank, p->dim, (size_t)p->rank * sizeof *p->dim);
    s.rank += p->rank;

    TRY(kernel_new(k, 0, t, &s));
    int64_t n = shape_count(&s);
    d->y = kernel_out(k, 0)->data;
    d->at = random_reserve(k, (uint64_t)n * BLOCKS_PER_OUTPUT);
    pool_for(n, 512, k->env->threads, fn, d);
    return NULL;
}

static struct status *draw_shape(struct shape_ctx *c)
{
    const struct shape *p = shape_in(c, 1);
    struct shape s;
    TRY(shape_in_shape(c, 0, &s));
    if (s.rank < 0 || p->rank < 0)
        return NULL;
    ENSURE(s.rank + p->rank <= MAX_RANK, "more than %d dimensions", MAX_RANK);
    memcpy(s.dim + s.rank, p->dim, (size_t)p->rank * sizeof *p->dim);
    s.rank += p->rank;
    *shape_out(c, 0) = s;
    return NULL;
}

/* ---- RandomGamma: Marsaglia and Tsang, 2000 ---- */

static double gamma_above_one(struct source *s, double d)
{
    double c = 1.0 / 3 / sqrt(d);
    for (;;) {
        double x = next_normal(s), v = fma(c, x, 1);    /* rounded once, as TensorFlow's is */
        if (v <= 0)
            continue;
        v = v * v * v;
        double u = next_unit(s);
        /* The first test spares the logarithms of the second, nearly always. */
        if (u < 1 - 0.0331 * (x * x) * (x * x) || log(u) < 0.5 * x * x + d * (1 - v + log(v)))
            return d * v;
    }
}

static double gamma_sample(struct source *s, double alpha)
{
    if (alpha == 1)
        return -log(1 - next_unit(s));          /* 1 - u is exact */
    if (alpha >= 1)
        return gamma_above_one(s, alpha - 1.0 / 3);
    double above = gamma_above_one(s, alpha + 2.0 / 3);
    return above * pow(next_unit(s), 1 / alpha);
}

/* Alpha must not be negative: else nothing would ever be accepted. */
static struct status *gamma_check(const struct tensor *alpha)
{
    for (int64_t i = 0, n = tensor_count(alpha); i < n; i++) {
        double a = tensor_double(alpha, i);
        ENSURE(a >= 0, "alpha must not be negative, got %g", a);
    }
    return NULL;
}

/* Every sample moves with its alpha; those of one alpha are summed over the dimensions that the
 * shape gave. */
static void gamma_grad(struct grad *g)
{
    struct out alpha = g->x[1], slope = grad2(g, "RandomGammaGrad", alpha, g->y[0]);
    struct out axes = grad_add(g, "Range", OUTS(grad_ints(g, 0), grad_size(g, g->x[0]),
                                                grad_ints(g, 1)), NULL, 0);
    g->dx[1] = grad2(g, "Sum", grad2(g, "Mul", g->dy[0], slope), axes);
}

/* ---- Poisson: Knuth's product of uniform numbers, or Hörmann's rejection, 1993 ---- */

static double poisson_small(struct source *s, double rate)
{
    double limit = exp(-rate), x = 0;
    for (double product = next_unit(s); product > limit; product *= next_unit(s))
        x += 1;
    return x;
}

static double poisson_large(struct source *s, double rate, double most)
{
    double log_rate = log(rate), b = 0.931 + 2.53 * sqrt(rate), a = -0.059 + 0.02483 * b;
    double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);

    for (;;) {
        double u = next_unit(s) - 0.5, v = next_unit(s), edge = 0.5 - fabs(u);
        double k = floor((2 * a / edge + b) * u + rate + 0.43);
        if (k > most)
            continue;
        if (edge >= 0.07 && v <= 0.9277 - 3.6224 / (b - 2))
            return k;
        if (k < 0 || (edge < 0.013 && v > edge))
            continue;
        int sign;
        double left = log(v * inverse_alpha / (a / (edge * edge) + b));
        if (left <= -rate + k * log_rate - lgamma_r(k + 1, &sign))
            return k;
    }
}

/* Every rate must be one whose samples the output can hold, or drawing would never end. */
static struct status *poisson_check(const struct tensor *rate, double most)
{
    for (int64_t i = 0, n = tensor_count(rate); i < n; i++) {
        double r = tensor_double(rate, i);
        ENSURE(r <= most && r >= -HUGE_VAL, "rate must be a number below %g, got %g", most, r);
    }
    return NULL;
}

/* ---- Multinomial ---- */

struct rows {
    struct philox at;
    const void *logits;
    void *y;
    double *sums;                       /* n_classes for each row */
    int64_t n_classes, n_samples;
    bool wide;                          /* the output is int64 */
};

/* The first class whose running sum is above x. */
static int64_t class_of(const double *sums, int64_t n, double x)
{
    int64_t low = 0, high = n;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (sums[middle] > x)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Each sample takes two words of one stream that goes through all rows. */
static void multinomial_row(const struct rows *r, int64_t row, const double *sums)
{
    uint64_t first = (uint64_t)row * (uint64_t)r->n_samples * 2;
    struct philox_words w = philox_words(r->at);
    philox_skip(&w.at, first / 4);
    for (uint64_t i = 0; i < first % 4; i++)
        philox_next(&w);

    for (int64_t i = row * r->n_samples; i < (row + 1) * r->n_samples; i++) {
        uint32_t word[2] = { philox_next(&w), philox_next(&w) };
        int64_t c = class_of(sums, r->n_classes, unit_f64(word) * sums[r->n_classes - 1]);
        if (r->wide)
            ((int64_t *)r->y)[i] = c;
        else
            ((int32_t *)r->y)[i] = (int32_t)c;
    }
}

struct multinomial { struct generator *generator; enum dtype output; };

static struct status *multinomial_prepare(struct prep *p)
{
    struct multinomial *m;
    TRY(random_prepare_bytes(p, sizeof *m, &m));
    m->output = node_attr_type(p->node, "output_dtype");
    return NULL;
}

static struct status *stateless_multinomial_prepare(struct prep *p)
{
    struct multinomial *m;
    TRY(prep_state(p, sizeof *m, &m));
    m->output = node_attr_type(p->node, "output_dtype");
    return NULL;
}

/* Without a generator the stream is an input. */
static struct status *multinomial_stream(struct kernel *k, uint64_t blocks, struct philox *at)
{
    if (!((const struct multinomial *)k->state)->generator)
        return random_stateless(k, 2, at);
    *at = random_reserve(k, blocks);
    return NULL;
}

static struct status *multinomial_check(const struct kernel *k)
{
    const struct tensor *logits = kernel_in(k, 0), *n = kernel_in(k, 1);
    ENSURE(logits->shape.rank == 2, "logits should be a matrix, got shape %s",
           SHAPE_STR(&logits->shape));
    ENSURE(n->shape.rank == 0, "num_samples should be a scalar, got shape %s",
           SHAPE_STR(&n->shape));
    ENSURE(tensor_int(n, 0) >= 0, "num_samples should be nonnegative, got %lld",
           (long long)tensor_int(n, 0));
    ENSURE(logits->shape.dim[1] > 0, "num_classes should be positive, got %lld",
           (long long)logits->shape.dim[1]);
    return NULL;
}

static struct status *multinomial_run(struct kernel *k, void (*fn)(void *, int64_t, int64_t))
{
    const struct multinomial *m = k->state;
    const struct tensor *logits = kernel_in(k, 0);
    TRY(multinomial_check(k));
    int64_t batch = logits->shape.dim[0], samples = tensor_int(kernel_in(k, 1), 0);
    struct rows r = { .logits = logits->data, .n_classes = logits->shape.dim[1],
                      .n_samples = samples, .wide = m->output == DT_INT64 };

    TRY(kernel_new(k, 0, m->output, &SHAPE(batch, samples)));
    TRY(kernel_temp(k, (size_t)tensor_count(logits) * sizeof *r.sums, &r.sums));
    r.y = kernel_out(k, 0)->data;
    TRY(multinomial_stream(k, (uint64_t)(batch * ((samples + 3) / 4 * 4)) * 2 * BLOCKS_PER_OUTPUT,
                           &r.at));
    pool_for(batch, 1 + 2000 / (1 + samples + r.n_classes), k->env->threads, fn, &r);
    return NULL;
}

static struct status *multinomial_shape(struct shape_ctx *c)
{
    const struct shape *logits = shape_in(c, 0);
    int64_t samples;
    TRY(shape_want_rank(logits, 2));
    TRY(shape_want_rank(shape_in(c, 1), 0));
    TRY(shape_in_size(c, 1, &samples));
    *shape_out(c, 0) = SHAPE(logits->rank < 0 ? -1 : logits->dim[0], samples);
    return NULL;
}

static struct status *stateless_multinomial_shape(struct shape_ctx *c)
{
    TRY(random_want_seeds(shape_in(c, 2)));
    return multinomial_shape(c);
}

/* ---- ParameterizedTruncatedNormal ---- */

enum { MOST_TRIES = 1000, SAME_PARAMETERS = 100 };

static const char *const parameter[] = { "shape", "means", "stdevs", "minvals", "maxvals" };

/* Output rows, each with parameters of its own, or pieces of a fixed size where all are alike. */
static struct status *bounded_batches(const struct kernel *k, const struct shape *s,
                                        int64_t *batches, int64_t *each)
{
    bool alike = true;
    for (int i = 1; i < 5; i++) {
        const struct shape *p = &kernel_in(k, i)->shape;
        ENSURE(p->rank <= 1, "Input %s should be a scalar or vector, got shape: %s", parameter[i],
               SHAPE_STR(p));
        alike &= p->rank == 0 || (i < 3 && p->dim[0] == 1);
    }
    ENSURE(s->rank > 0, "Shape must have at least one dimension");
    *batches = s->dim[0];
    *each = shape_span(s, 1, s->rank);
    for (int i = 1; i < 5 && !alike; i++) {
        const struct shape *p = &kernel_in(k, i)->shape;
        ENSURE(p->rank == 0 || p->dim[0] == 1 || p->dim[0] == *batches,
               "Input %s should have length 1 or shape[0], got shape: %s", parameter[i],
               SHAPE_STR(p));
    }
    if (alike) {
        *batches = (shape_count(s) + SAME_PARAMETERS - 1) / SAME_PARAMETERS;
        *each = SAME_PARAMETERS;
    }
    return NULL;
}

static struct status *bounded_shape(struct shape_ctx *c)
{
    for (int i = 1; i < 5; i++)
        ENSURE(shape_in(c, i)->rank <= 1, "Shape must be at most rank 1 but is rank %d",
               shape_in(c, i)->rank);
    return shape_in_shape(c, 0, shape_out(c, 0));
}

#define WORDS ((int)sizeof(T) == 8 ? 2 : 1)
#define GROUP (4 / WORDS)

/* The largest number that fits. */
#define MOST_OF(t) ((t) == DT_HALF ? 65504.0 : (t) == DT_FLOAT ? (double)FLT_MAX : \
                    (t) == DT_DOUBLE ? DBL_MAX : (t) == DT_INT32 ? INT32_MAX : 0x1p63 - 1024)

#define EACH "ops/sample_multinomial.inc"
#include "op/each_real.h"

#define EACH "ops/sample_draw.inc"
#define EACH_SET (SET_F16 | SET_F32 | SET_F64 | SET_I32 | SET_I64)
#include "op/each.h"

#define EACH "ops/sample_bounded.inc"
#include "op/each_float.h"

#define POISSONS [DT_HALF] = poisson_f16, [DT_FLOAT] = poisson_f32, [DT_DOUBLE] = poisson_f64
#define SEEDS "seed: int = 0; seed2: int = 0; "

const struct op ops_sample[] = {
    { .name    = "Multinomial",
      .inputs  = "logits: T, num_samples: int32",
      .outputs = "output: output_dtype",
      .attrs   = SEEDS "T: realnumbertype; output_dtype: {int32, int64} = int64",
      .doc     = "For each row of logits, unnormalized log-probabilities, indices of classes "
                 "drawn with them.",
      .shape   = multinomial_shape,
      .grad    = NOT_DIFFERENTIABLE,
      .prepare = multinomial_prepare,
      .kernel  = KERNELS(REALS(multinomial)),
      .flags   = OP_STATEFUL },
    { .name    = "StatelessMultinomial",
      .inputs  = "logits: T, num_samples: int32, seed: Tseed",
      .outputs = "output: output_dtype",
      .attrs   = "T: realnumbertype; Tseed: {int32, int64} = int64; "
                 "output_dtype: {int32, int64} = int64",
      .doc     = "As Multinomial, always the same for the same seeds.",
      .shape   = stateless_multinomial_shape,
      .grad    = NOT_DIFFERENTIABLE,
      .prepare = stateless_multinomial_prepare,
      .kernel  = KERNELS(REALS(multinomial)) },
    { .name    = "RandomPoisson",
      .inputs  = "shape: S, rate: dtype",
      .outputs = "output: dtype",
      .attrs   = SEEDS "S: {int32, int64}; dtype: {half, float, double}",
      .doc     = "Samples of Poisson distributions; those of each rate have the given shape.",
      .shape   = draw_shape,
      .grad    = NO_GRADIENT,
      .prepare = random_prepare,
      .kernel  = KERNELS(POISSONS),
      .by      = "dtype",
      .flags   = OP_STATEFUL },
    { .name    = "RandomPoissonV2",
      .inputs  = "shape: S, rate: R",
      .outputs = "output: dtype",
      .attrs   = SEEDS "S: {int32, int64}; R: {half, float, double, int32, int64} = double; "
                 "dtype: {half, float, double, int32, int64} = int64",
      .doc     = "Samples of Poisson distributions; those of each rate have the given shape.",
      .shape   = draw_shape,
      .grad    = NO_GRADIENT,
      .prepare = random_prepare,
      .kernel  = KERNELS(POISSONS, [DT_INT32] = poisson_i32, [DT_INT64] = poisson_i64),
      .by      = "dtype",
      .flags   = OP_STATEFUL },
    { .name    = "ParameterizedTruncatedNormal",
      .inputs  = "shape: T, means: dtype, stdevs: dtype, minvals: dtype, maxvals: dtype",
      .outputs = "output: dtype",
      .attrs   = SEEDS "dtype: {half, bfloat16, float, double}; T: {int32, int64}",
      .doc     = "Numbers drawn from normal distributions within bounds; the parameters are "
                 "scalars or have an element for each row of the output.",
      .shape   = bounded_shape,
      .grad    = NOT_DIFFERENTIABLE,
      .prepare = random_prepare,
      .kernel  = KERNELS(FLOATS(bounded)),
      .by      = "dtype",
      .flags   = OP_STATEFUL },
    { .name    = "RandomGamma",
      .note = "A parameter that is NaN is refused.",

      .inputs  = "shape: S, alpha: T",
      .outputs = "output: T",
      .attrs   = SEEDS "S: {int32, int64}; T: {half, float, double}",
      .doc     = "Samples of gamma distributions of scale 1; those of each alpha have the given "
                 "shape.",
      .shape   = draw_shape,
      .grad    = gamma_grad,
      .prepare = random_prepare,
      .kernel  = KERNELS([DT_HALF] = gamma_f16, DOUBLES(gamma)),
      .flags   = OP_STATEFUL },
    { 0 }
};
