/* quantized_norm.c - images of quantized numbers whose channels are normalized:
 * QuantizedBatchNormWithGlobalNormalization, by moments that are given, and QuantizedInstanceNorm,
 * by each image's own. */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/each.h"
#include "op/grad.h"
#include "ops/array.h"
#include "ops/steps.h"

#include <math.h>

enum { GRAIN = 1 << 15 };

/* ---- by moments that are given, in fixed point ---- */

/* Inputs: each a value, and the two ends of its range. */
enum { T_AT = 0, MEAN_AT = 3, VARIANCE_AT = 6, BETA_AT = 9, GAMMA_AT = 12 };

struct global { double epsilon; bool scale; };

static struct status *global_prepare(struct prep *p)
{
    struct global *s;
    steps_only_bytes(p, "Tinput", "Tinput", "out_type");
    TRY(prep_state(p, sizeof *s, &s));
    s->epsilon = node_attr_float(p->node, "variance_epsilon");
    s->scale = node_attr(p->node, "scale_after_normalization");
    return NULL;
}

static struct status *global_shape(struct shape_ctx *c)
{
    int64_t depth = -1;
    TRY(shape_want_rank(shape_in(c, T_AT), 4));
    struct shape y = shape_in(c, T_AT)->rank < 0 ? SHAPE(-1, -1, -1, -1) : *shape_in(c, T_AT);
    depth = y.dim[3];
    for (int i = 0; i < c->n_in; i++) {
        const struct shape *s = shape_in(c, i);
        bool vector = i > T_AT && i % 3 == 0;
        TRY(i == T_AT ? NULL : shape_want_rank(s, vector));
        if (vector && s->rank == 1)
            TRY(dim_merge(depth, s->dim[0], &depth));
    }
    y.dim[3] = depth;
    *shape_out(c, 0) = y;
    *shape_out(c, 1) = *shape_out(c, 2) = SHAPE_SCALAR;
    return NULL;
}

static struct status *global_check(const struct kernel *k)
{
    static const char *const name[] = { "input", "mean", "var", "beta", "gamma" };
    const struct shape *x = &kernel_in(k, T_AT)->shape;
    TRY(array_want_image(x));
    for (int i = 1; i < 5; i++) {
        const struct shape *s = &kernel_in(k, 3 * i)->shape;
        ENSURE(s->rank == 1, "%s must be 1-dimensional%s", name[i], SHAPE_STR(s));
        ENSURE(s->dim[0] == x->dim[3], "%s of shape %s does not fit input of shape %s", name[i],
               SHAPE_STR(s), SHAPE_STR(x));
    }
    return NULL;
}

/* What the numbers of a channel are multiplied by, and what is added: 32-bit steps, too. */
struct line { int32_t scale, offset; };

/* TF: from -2^20 to 2^20, so that 1 is 2048 steps. */
static const struct range wide = { -(1 << 20), 1 << 20 };

static int32_t wide_steps(float x) { return (int32_t)steps_of(x, wide, DT_QINT32); }

static float value_in(const struct kernel *k, int at, const struct range r[5], int64_t i)
{
    return steps_value(((const uint8_t *)kernel_in(k, at)->data)[i], r[at / 3], DT_QUINT8);
}

static void lines_of(const struct kernel *k, const struct range r[5], struct line *line)
{
    const struct global *s = k->state;
    int64_t depth = kernel_in(k, MEAN_AT)->shape.dim[0];
    for (int64_t c = 0; c < depth; c++) {
        float scale = 1 / sqrtf(value_in(k, VARIANCE_AT, r, c) + (float)s->epsilon);
        scale = s->scale ? scale * value_in(k, GAMMA_AT, r, c) : scale;
        line[c].scale = wide_steps(scale);
        line[c].offset = wide_steps(-value_in(k, MEAN_AT, r, c) * scale +
                                    value_in(k, BETA_AT, r, c));
    }
}

struct global_job { const uint8_t *x; int32_t *y, value[256]; const struct line *line;
                    int64_t depth; };

/* Products wrap around, as TensorFlow's do. */
static void global_rows(void *ctx, int64_t begin, int64_t end)
{
    const struct global_job *j = ctx;
    int32_t one = wide_steps(1);
    for (int64_t r = begin; r < end; r++)
        for (int64_t c = 0; c < j->depth; c++) {
            uint32_t v = (uint32_t)j->value[j->x[r * j->depth + c]];
            int32_t product = (int32_t)(v * (uint32_t)j->line[c].scale);
            j->y[r * j->depth + c] = (int32_t)((uint32_t)(product / one) +
                                               (uint32_t)j->line[c].offset);
        }
}

static struct status *global_norm(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, T_AT);
    struct global_job j = { .x = x->data };
    struct range r[5];
    struct line *line;
    for (int i = 0; i < 5; i++)
        TRY(range_in(k, 3 * i + 1, &r[i]));
    TRY(global_check(k));
    j.depth = x->shape.dim[3];
    TRY(kernel_temp(k, (size_t)j.depth * sizeof *line, &line));
    TRY(kernel_new(k, 0, DT_QINT32, &x->shape));
    lines_of(k, r, line);
    j.line = line;
    j.y = kernel_out(k, 0)->data;
    for (int v = 0; v < 256; v++)
        j.value[v] = wide_steps(steps_value(v, r[0], DT_QUINT8));
    if (tensor_count(x))
        pool_for(tensor_count(x) / j.depth, 1 + GRAIN / j.depth, k->env->threads, global_rows, &j);
    return range_out(k, 1, wide);
}

/* ---- by each image's own moments ---- */

struct instance { float epsilon, separation; bool given; struct range y; };

static struct status *instance_prepare(struct prep *p)
{
    struct instance *s;
    TRY(prep_state(p, sizeof *s, &s));
    s->epsilon = (float)node_attr_float(p->node, "variance_epsilon");
    s->separation = (float)node_attr_float(p->node, "min_separation");
    s->given = node_attr(p->node, "output_range_given");
    s->y = (struct range){ (float)node_attr_float(p->node, "given_y_min"),
                           (float)node_attr_float(p->node, "given_y_max") };
    ENSURE(!s->given || s->y.min < s->y.max, "given_y_min must be less than given_y_max : "
           "%g >= %g", (double)s->y.min, (double)s->y.max);
    return NULL;
}

static struct status *instance_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    TRY(ranges_shape(c, 1));
    TRY(shape_want_rank(x, 4));
    *shape_out(c, 0) = x->rank < 0 ? SHAPE(-1, -1, -1, -1) : *x;
    return NULL;
}

/* An image, whose channels are columns of a matrix of pixels. */
struct image_job {
    const uint8_t *x;
    float *y, step, epsilon;
    struct moments *moments;            /* for each channel of each image */
    int64_t pixels, depth;
};

/* Sums of the bytes and of their squares, which are exact; and what they come to. */
struct moments { uint64_t sum, squares; };
struct centered { float mean, scale; };

static void sum_up(const struct image_job *j, const uint8_t *x, struct moments *m)
{
    for (int64_t c = 0; c < j->depth; c++)
        m[c] = (struct moments){ 0 };
    for (int64_t p = 0; p < j->pixels; p++, x += j->depth)
        for (int64_t c = 0; c < j->depth; c++) {
            m[c].sum += x[c];
            m[c].squares += (uint32_t)(x[c] * x[c]);
        }
}

static struct centered centered(const struct image_job *j, struct moments m)
{
    double n = (double)j->pixels, mean = (double)m.sum / n, step = (double)j->step;
    double variance = step * step * ((double)m.squares / n - mean * mean);
    return (struct centered){ (float)mean,
                              j->step / sqrtf((float)fmax(variance, 0) + j->epsilon) };
}

static void normalize(const struct image_job *j, int64_t image)
{
    const uint8_t *x = j->x + image * j->pixels * j->depth;
    float *y = j->y + image * j->pixels * j->depth;
    struct moments *m = j->moments + image * j->depth;
    struct centered tile[64];
    sum_up(j, x, m);
    for (int64_t first = 0; first < j->depth; first += 64) {
        int64_t n = j->depth - first < 64 ? j->depth - first : 64;
        for (int64_t c = 0; c < n; c++)
            tile[c] = centered(j, m[first + c]);
        for (int64_t p = first; p < j->pixels * j->depth; p += j->depth)
            for (int64_t c = 0; c < n; c++)
                y[p + c] = ((float)x[p + c] - tile[c].mean) * tile[c].scale;
    }
}

static void images_part(void *ctx, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        normalize(ctx, i);
}

/* The range of n numbers, or the given one; never narrower than min_separation. */
static struct range instance_range(const struct instance *s, const float *y, int64_t n)
{
    struct range r = s->given ? s->y : (struct range){ n ? y[0] : 0, n ? y[0] : 0 };
    for (int64_t i = 1; !s->given && i < n; i++) {
        r.min = y[i] < r.min ? y[i] : r.min;
        r.max = y[i] > r.max ? y[i] : r.max;
    }
    r.max = r.max - r.min < s->separation ? r.min + s->separation : r.max;
    return r;
}

static struct status *instance_norm(struct kernel *k)
{
    const struct instance *s = k->state;
    const struct tensor *x = kernel_in(k, 0);
    const struct shape *d = &x->shape;
    struct range r;
    int64_t n = tensor_count(x);
    TRY(range_in(k, 1, &r));
    ENSURE(r.min < r.max, "input_min must be less than input_max : %g >= %g", (double)r.min,
           (double)r.max);
    TRY(array_want_image(d));
    struct image_job j = { .x = x->data, .step = (r.max - r.min) / 255, .epsilon = s->epsilon,
                           .pixels = d->dim[1] * d->dim[2], .depth = d->dim[3] };
    TRY(kernel_temp(k, (size_t)n * sizeof *j.y, &j.y));
    TRY(kernel_temp(k, (size_t)(n ? d->dim[0] * j.depth : 0) * sizeof *j.moments, &j.moments));
    TRY(kernel_new(k, 0, DT_QUINT8, d));
    if (n)
        pool_for(d->dim[0], 1 + GRAIN / (j.pixels * j.depth), k->env->threads, images_part, &j);
    struct range y = instance_range(s, j.y, n);
    struct conversion c = { .from = DT_FLOAT, .to = DT_QUINT8, .write = writing_of(y, DT_QUINT8) };
    steps_convert(k, &c, j.y, kernel_out(k, 0)->data, n);
    return range_out(k, 1, y);
}

const struct op ops_quantized_norm[] = {
    { .name = "QuantizedBatchNormWithGlobalNormalization",
      .inputs = "t: Tinput, t_min: float, t_max: float, m: Tinput, m_min: float, m_max: float, "
                "v: Tinput, v_min: float, v_max: float, beta: Tinput, beta_min: float, "
                "beta_max: float, gamma: Tinput, gamma_min: float, gamma_max: float",
      .outputs = "result: out_type, result_min: float, result_max: float",
      .attrs = "Tinput: " QUANTIZED_TYPES "; out_type: " QUANTIZED_TYPES "; "
               "variance_epsilon: float; scale_after_normalization: bool",
      .doc = "BatchNormWithGlobalNormalization of quantized numbers, in 32 bits.",
      .shape = global_shape, .grad = NO_GRADIENT, .prepare = global_prepare,
      .kernel_any = global_norm },
    { .name = "QuantizedInstanceNorm", .inputs = "x: T, x_min: float, x_max: float",
      .outputs = "y: T, y_min: float, y_max: float",
      .attrs = "T: " QUANTIZED_TYPES "; output_range_given: bool = false; given_y_min: float = 0; "
               "given_y_max: float = 0; variance_epsilon: float = 0.00001; "
               "min_separation: float = 0.001",
      .doc = "Images whose channels are brought to mean 0 and variance 1, each by itself.",
      .shape = instance_shape, .grad = NO_GRADIENT, .prepare = instance_prepare,
      .kernel = KERNELS([DT_QUINT8] = instance_norm) },
    { 0 }
};
