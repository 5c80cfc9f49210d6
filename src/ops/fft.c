/* fft.c - Fourier transforms of the last one, two or three dimensions, through FFTW: FFT and IFFT
 * of complex numbers, RFFT of real ones to half of a spectrum, IRFFT back, each also 2D and 3D. */
#include "num/fft.h"

#include "base/pool.h"
#include "num/vec.h"
#include "ops/array.h"

#include <math.h>
#include <string.h>

/* A name says all: RFFT2D is of reals and two dimensions, IFFT is an inverse. */
static bool is_inverse(const char *op) { return strchr(op, 'I') != NULL; }
static int rank_of(const char *op)
{
    size_t n = strlen(op);
    return op[n - 1] == 'D' ? op[n - 2] - '0' : 1;
}

struct transform { int rank; bool inverse; };

static struct status *transform_prepare(struct prep *p)
{
    struct transform *t;
    TRY(prep_state(p, sizeof *t, &t));
    t->rank = rank_of(p->node->op->name);
    t->inverse = is_inverse(p->node->op->name);
    return NULL;
}

/* ---- shapes ---- */

static struct status *complex_shape(struct shape_ctx *c)
{
    *shape_out(c, 0) = *shape_in(c, 0);
    return shape_want_rank_at_least(shape_in(c, 0), rank_of(c->node->op->name));
}

/* Of n real numbers the spectrum has n/2 + 1 that are not known from others. */
static int64_t half_of(int64_t n) { return n > 0 ? n / 2 + 1 : n; }

static struct status *real_shape(struct shape_ctx *c)
{
    const char *op = c->node->op->name;
    int rank = rank_of(op);
    struct shape s = *shape_in(c, 0), length = SHAPE_UNKNOWN;
    int64_t n = -1;
    TRY(shape_want_rank_at_least(&s, rank));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    if (shape_in(c, 1)->rank == 1)
        TRY(dim_merge(shape_in(c, 1)->dim[0], rank, &n));
    TRY(shape_in_shape(c, 1, &length));
    for (int i = 0; i < rank && s.rank >= 0; i++)
        s.dim[s.rank - rank + i] = length.rank < 0 ? -1 : length.dim[i];
    if (!is_inverse(op) && s.rank >= 0)
        s.dim[s.rank - 1] = half_of(s.dim[s.rank - 1]);
    *shape_out(c, 0) = s;
    return NULL;
}

/* ---- transforms, one after another ---- */

struct job {
    struct fft_plan *first, *plan;      /* `first` in place on the input, where there is one */
    char *in, *out;
    size_t in_bytes, out_bytes;         /* of one transform */
    int64_t numbers;                    /* real ones, of one output */
    double scale;                       /* 1: none */
    bool wide;
};

static void job_scale(const struct job *j, void *out)
{
    const float narrow = (float)j->scale;
    if (j->wide)
        vec_best()->mul_f64(out, out, &j->scale, (size_t)j->numbers, VEC_VS);
    else
        vec_best()->mul_f32(out, out, &narrow, (size_t)j->numbers, VEC_VS);
}

static void job_range(void *ctx, int64_t begin, int64_t end)
{
    const struct job *j = ctx;
    for (int64_t i = begin; i < end; i++) {
        char *in = j->in + (size_t)i * j->in_bytes, *out = j->out + (size_t)i * j->out_bytes;
        if (j->first)
            fft_run(j->first, in, in);
        fft_run(j->plan, in, out);
        if (j->scale != 1)
            job_scale(j, out);
    }
}

static void job_run(const struct kernel *k, struct job *j, int64_t count)
{
    double n = (double)j->numbers;
    pool_for(count, 1 + (int64_t)(50000 / (n * log2(n + 1))), k->env->threads, job_range, j);
}

static bool aligned(const struct job *j)
{
    return (((uintptr_t)j->in | (uintptr_t)j->out | j->in_bytes | j->out_bytes) & 15) == 0;
}

/* FFTW counts in ints. */
static struct status *sizes_check(const int64_t *n, int rank)
{
    int64_t all = 1;
    for (int i = 0; i < rank; i++)
        ENSURE(!__builtin_mul_overflow(all, n[i] > 0 ? n[i] : 1, &all) && all <= INT32_MAX,
               "transforms of more than %d numbers are not supported", INT32_MAX);
    return NULL;
}

static void plan_sizes(struct fft *f, const int64_t *n, int rank)
{
    f->rank = rank;
    f->many = 1;
    for (int i = 0; i < rank; i++)
        f->n[i] = (int)n[i];
}

static struct status *transform(struct kernel *k)
{
    const struct transform *t = k->state;
    const struct tensor *x = kernel_in(k, 0);
    const struct shape *s = &x->shape;
    ENSURE(s->rank >= t->rank, "Input must have rank of at least %d but got: %s", t->rank,
           SHAPE_STR(s));
    const int64_t *n = s->dim + s->rank - t->rank;
    TRY(sizes_check(n, t->rank));
    TRY(kernel_new(k, 0, x->dtype, s));
    if (!shape_count(s))
        return NULL;

    int64_t each = shape_span(s, s->rank - t->rank, s->rank);
    struct job j = { .in = x->data, .out = kernel_out(k, 0)->data, .numbers = 2 * each,
                     .scale = t->inverse ? 1 / (double)each : 1,
                     .wide = x->dtype == DT_COMPLEX128 };
    j.in_bytes = j.out_bytes = (size_t)each * dtype_size(x->dtype);
    struct fft f = { .kind = t->inverse ? FFT_BACKWARD : FFT_FORWARD, .wide = j.wide,
                     .aligned = aligned(&j) };
    plan_sizes(&f, n, t->rank);
    TRY(fft_take(&f, &j.plan));
    job_run(k, &j, shape_count(s) / each);
    fft_give(j.plan);
    return NULL;
}

/* ---- real numbers: fft_length may cut the input ---- */

/* The inner dimensions, 1s before them: `n` real numbers are transformed, of which the input has
 * `in` and the output `out`; `have` is what the input has before it is cut. */
struct lengths { int64_t n[3], in[3], out[3], have[3]; };

static struct status *length_check(const struct kernel *k, int i, struct lengths *l)
{
    const struct transform *t = k->state;
    const struct shape *s = &kernel_in(k, 0)->shape;
    int at = 3 - t->rank + i, dim = s->rank - t->rank + i;
    int64_t n = index_at(kernel_in(k, 1), i);
    ENSURE(n >= 0, "fft_length[%d] must be >= 0, but got: %lld", i, (long long)n);
    l->n[at] = n;
    l->in[at] = at == 2 && t->inverse ? half_of(n) : n;
    l->out[at] = at == 2 && !t->inverse ? half_of(n) : n;
    l->have[at] = s->dim[dim];
    ENSURE(!l->have[at] || l->have[at] >= l->in[at], "Input dimension %d must have length of at "
           "least %lld but got: %lld", dim, (long long)l->in[at], (long long)l->have[at]);
    return NULL;
}

static struct status *lengths_check(const struct kernel *k, struct lengths *l)
{
    const struct transform *t = k->state;
    const struct shape *s = &kernel_in(k, 0)->shape, *length = &kernel_in(k, 1)->shape;
    ENSURE(s->rank >= t->rank, "Input must have rank of at least %d but got: %s", t->rank,
           SHAPE_STR(s));
    ENSURE(length->rank == 1 && length->dim[0] == t->rank, "fft_length must have shape [%d]",
           t->rank);
    *l = (struct lengths){ { 1, 1, 1 }, { 1, 1, 1 }, { 1, 1, 1 }, { 1, 1, 1 } };
    for (int i = 0; i < t->rank; i++)
        TRY(length_check(k, i, l));
    return sizes_check(l->n, 3);
}

static int64_t product(const int64_t n[3]) { return n[0] * n[1] * n[2]; }

/* What is transformed of `count` inputs, numbers of `size` bytes, one input after another. */
static void cut(const struct lengths *l, int64_t count, size_t size, const char *from, char *to)
{
    size_t bytes = (size_t)l->in[2] * size, row = (size_t)l->have[2] * size;
    for (int64_t i = 0; i < count * l->in[0] * l->in[1]; i++, to += bytes) {
        int64_t column = i % l->in[1], plane = i / l->in[1] % l->in[0];
        int64_t one = i / l->in[1] / l->in[0];
        memcpy(to, from + (size_t)((one * l->have[0] + plane) * l->have[1] + column) * row, bytes);
    }
}

/* The input as it is, where it is what is wanted and stays what it is; else a copy. */
static struct status *job_input(struct kernel *k, const struct lengths *l, int64_t count,
                                struct job *j)
{
    const struct tensor *x = kernel_in(k, 0);
    const struct transform *t = k->state;
    size_t size = dtype_size(x->dtype);
    j->in_bytes = (size_t)product(l->in) * size;
    j->in = x->data;
    if (!t->inverse && product(l->in) == product(l->have))
        return NULL;
    TRY(kernel_temp(k, (size_t)count * j->in_bytes, &j->in));
    cut(l, count, size, x->data, j->in);
    return NULL;
}

/* Back to reals: complex numbers in the outer dimensions, in place, then the last one. */
static struct status *take_inverse(const struct lengths *l, int rank, struct job *j)
{
    struct fft outer = { .kind = FFT_BACKWARD, .in_place = true, .aligned = aligned(j) };
    struct fft last = { .kind = FFT_HALF, .aligned = aligned(j) };
    plan_sizes(&last, l->n + 2, 1);
    last.many = (int)(l->n[0] * l->n[1]);
    if (rank > 1) {
        plan_sizes(&outer, l->n + 3 - rank, rank - 1);
        outer.many = (int)l->in[2];
        TRY(fft_take(&outer, &j->first));
    }
    struct status *st = fft_take(&last, &j->plan);
    if (st && j->first)
        fft_give(j->first);
    return st;
}

static struct status *take_forward(const struct lengths *l, int rank, struct job *j)
{
    struct fft f = { .kind = FFT_REAL, .aligned = aligned(j) };
    plan_sizes(&f, l->n + 3 - rank, rank);
    return fft_take(&f, &j->plan);
}

static struct status *real_transform(struct kernel *k)
{
    const struct transform *t = k->state;
    const struct shape *x = &kernel_in(k, 0)->shape;
    struct lengths l;
    TRY(lengths_check(k, &l));
    struct shape y = *x;
    memcpy(y.dim + y.rank - t->rank, l.out + 3 - t->rank, (size_t)t->rank * sizeof *l.out);
    TRY(kernel_new(k, 0, t->inverse ? DT_FLOAT : DT_COMPLEX64, &y));
    struct tensor *out = kernel_out(k, 0);
    if (!shape_count(x) || !shape_count(&y)) {
        array_zero(out);
        return NULL;
    }
    int64_t count = shape_span(x, 0, x->rank - t->rank);
    struct job j = { .out = out->data, .scale = t->inverse ? 1 / (double)product(l.n) : 1 };
    j.numbers = product(l.out) * (t->inverse ? 1 : 2);
    j.out_bytes = (size_t)j.numbers * sizeof(float);
    TRY(job_input(k, &l, count, &j));
    TRY((t->inverse ? take_inverse : take_forward)(&l, t->rank, &j));
    job_run(k, &j, count);
    fft_give(j.plan);
    if (j.first)
        fft_give(j.first);
    return NULL;
}

/* ---- gradients: a transform's is the other one, but for factors ---- */

/* How many numbers one transform has. */
static struct out size_of(struct grad *g, struct out x, enum dtype t)
{
    struct out shape = grad_shape_of(g, x, DT_INT32);
    struct out inner = grad_part(g, shape, -rank_of(g->node->op->name), 0);
    return grad_cast(g, grad2(g, "Prod", inner, grad_ints(g, 0)), t);
}

static void complex_grad(struct grad *g, const char *back)
{
    enum dtype t = out_dtype(g->dy[0]), real = t == DT_COMPLEX64 ? DT_FLOAT : DT_DOUBLE;
    struct out size = size_of(g, g->dy[0], real);
    if (is_inverse(g->node->op->name))
        size = grad1(g, "Reciprocal", size);
    struct out dx = grad1(g, back, g->dy[0]);
    g->dx[0] = grad2(g, "Mul", dx, grad_cast(g, size, t));
}

static void fft_grad(struct grad *g) { complex_grad(g, "IFFT"); }
static void ifft_grad(struct grad *g) { complex_grad(g, "FFT"); }
static void fft2d_grad(struct grad *g) { complex_grad(g, "IFFT2D"); }
static void ifft2d_grad(struct grad *g) { complex_grad(g, "FFT2D"); }
static void fft3d_grad(struct grad *g) { complex_grad(g, "IFFT3D"); }
static void ifft3d_grad(struct grad *g) { complex_grad(g, "FFT3D"); }

static struct out last_of(struct grad *g, struct out vector)
{
    return grad_add(g, "Reshape", OUTS(grad_part(g, vector, -1, 0),
                                       grad_vector(g, DT_INT32, NULL, 0)), NULL, 0);
}

/* 1 where a number of half a spectrum stands for itself alone, 0 where it does for its mirror
 * image, too: all but the first and, of an even count, the last. */
static struct out alone(struct grad *g, struct out half)
{
    struct out n = last_of(g, g->x[1]), zero = grad_ints(g, 0);
    struct out size = last_of(g, grad_shape_of(g, half, DT_INT32));
    struct out i = grad_add(g, "Range", OUTS(zero, size, grad_ints(g, 1)), NULL, 0);
    struct out middle = grad2(g, "Equal", grad2(g, "Add", i, i), n);
    struct out any = grad2(g, "LogicalOr", grad2(g, "Equal", i, zero), middle);
    return grad_cast(g, any, DT_FLOAT);
}

/* What fft_length cut off the input does not matter: 0s. (Of an input without elements dx has
 * more than there is.) */
static struct out uncut(struct grad *g, struct out dx)
{
    struct out x = g->x[0];
    if (shape_is_known(out_shape(x)) && shape_equal(out_shape(x), out_shape(dx)))
        return dx;
    struct out want = grad_shape_of(g, x, DT_INT32), have = grad_shape_of(g, dx, DT_INT32);
    struct out least = grad2(g, "Minimum", want, have);
    dx = grad_add(g, "Slice", OUTS(dx, grad1(g, "ZerosLike", least), least), NULL, 0);
    struct out after = grad2(g, "Sub", want, least);
    struct out pair = grad_add(g, "Pack", OUTS(grad1(g, "ZerosLike", after), after),
                               ATTRS(attr_int("axis", 1)));
    return grad2(g, "Pad", dx, pair);
}

static void rfft_grad_by(struct grad *g, const char *back)
{
    struct out half = grad_scalar(g, DT_FLOAT, 0.5), dy = g->dy[0];
    struct out weight = grad2(g, "Mul", half, grad2(g, "Add", grad_scalar(g, DT_FLOAT, 1),
                                                    alone(g, dy)));
    dy = grad2(g, "Mul", dy, grad_cast(g, weight, DT_COMPLEX64));
    struct out dx = grad2(g, back, dy, g->x[1]);
    g->dx[0] = uncut(g, grad2(g, "Mul", dx, size_of(g, dx, DT_FLOAT)));
}

static void irfft_grad_by(struct grad *g, const char *back)
{
    struct out dx = grad2(g, back, g->dy[0], g->x[1]);
    struct out weight = grad2(g, "Sub", grad_scalar(g, DT_FLOAT, 2), alone(g, dx));
    weight = grad2(g, "RealDiv", weight, size_of(g, g->dy[0], DT_FLOAT));
    g->dx[0] = uncut(g, grad2(g, "Mul", dx, grad_cast(g, weight, DT_COMPLEX64)));
}

static void rfft_grad(struct grad *g) { rfft_grad_by(g, "IRFFT"); }
static void rfft2d_grad(struct grad *g) { rfft_grad_by(g, "IRFFT2D"); }
static void irfft_grad(struct grad *g) { irfft_grad_by(g, "RFFT"); }
static void irfft2d_grad(struct grad *g) { irfft_grad_by(g, "RFFT2D"); }

/* ---- rows ---- */

#define FFTW "It needs the library FFTW, which is loaded when first used."
#define COMPLEX_ROW(op, gradient, text)                                                     \
    { .name = op, .inputs = "input: Tcomplex", .outputs = "output: Tcomplex",               \
      .attrs = "Tcomplex: {complex64, complex128} = complex64", .doc = text, .note = FFTW,   \
      .shape = complex_shape, .grad = gradient, .prepare = transform_prepare,               \
      .kernel_any = transform, .flags = OP_EXPENSIVE }
#define BATCH_ROW(op, text)                                                                 \
    { .name = op, .inputs = "input: complex64", .outputs = "output: complex64",             \
      .doc = text, .note = FFTW, .shape = complex_shape, .grad = NO_GRADIENT,               \
      .prepare = transform_prepare, .kernel_any = transform, .flags = OP_EXPENSIVE }
#define REAL_ROW(op, from, to, gradient, text)                                              \
    { .name = op, .inputs = "input: " from ", fft_length: int32", .outputs = "output: " to, \
      .doc = text, .note = FFTW, .shape = real_shape, .grad = gradient,                     \
      .prepare = transform_prepare,                                                         \
      .kernel_any = real_transform, .flags = OP_EXPENSIVE }

#define TO_HALF(op, gradient, of) \
    REAL_ROW(op, "float", "complex64", gradient, "The first half of the Fourier transform of " \
             "the first fft_length reals in " of ".")
#define FROM_HALF(op, gradient, of) \
    REAL_ROW(op, "complex64", "float", gradient, "Real numbers, fft_length of them, whose " \
             "Fourier transform in " of " begins with the input.")

#define ONE "the last dimension"
#define TWO "the last two dimensions"
#define THREE "the last three dimensions"

const struct op ops_fft[] = {
    COMPLEX_ROW("FFT", fft_grad, "The Fourier transform over " ONE "."),
    COMPLEX_ROW("IFFT", ifft_grad, "The inverse Fourier transform over " ONE "."),
    COMPLEX_ROW("FFT2D", fft2d_grad, "The Fourier transform over " TWO "."),
    COMPLEX_ROW("IFFT2D", ifft2d_grad, "The inverse Fourier transform over " TWO "."),
    COMPLEX_ROW("FFT3D", fft3d_grad, "The Fourier transform over " THREE "."),
    COMPLEX_ROW("IFFT3D", ifft3d_grad, "The inverse Fourier transform over " THREE "."),
    TO_HALF("RFFT", rfft_grad, ONE),
    FROM_HALF("IRFFT", irfft_grad, ONE),
    TO_HALF("RFFT2D", rfft2d_grad, TWO),
    FROM_HALF("IRFFT2D", irfft2d_grad, TWO),
    TO_HALF("RFFT3D", NOT_DIFFERENTIABLE, THREE),
    FROM_HALF("IRFFT3D", NOT_DIFFERENTIABLE, THREE),
    BATCH_ROW("BatchFFT", "FFT under its old name."),
    BATCH_ROW("BatchIFFT", "IFFT under its old name."),
    BATCH_ROW("BatchFFT2D", "FFT2D under its old name."),
    BATCH_ROW("BatchIFFT2D", "IFFT2D under its old name."),
    BATCH_ROW("BatchFFT3D", "FFT3D under its old name."),
    BATCH_ROW("BatchIFFT3D", "IFFT3D under its old name."),
    { 0 }
};
