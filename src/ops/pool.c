/* pool.c - pooling over windows of images: MaxPool and AvgPool, their gradients, and gradients
 * of those; QuantizedMaxPool and QuantizedAvgPool. Each channel of an NCHW image is pooled as an
 * image of its own; NCHW_VECT_C, which no CPU has, is refused when a plan is made (shapes are
 * inferred for it all the same). */
#include "num/pool2d.h"
#include "graph/graph.h"
#include "op/kernel.h"
#include "ops/pool_grad.h"
#include "ops/pool_shape.h"
#include "ops/steps.h"

#include <string.h>

/* The least finite number of each type. */
#define LEAST_f16 (-65504.0f)
#define LEAST_bf16 (-0x1.fep127f)
#define LEAST_i8 INT8_MIN
#define LEAST_i16 INT16_MIN
#define LEAST_i32 INT32_MIN
#define LEAST_i64 INT64_MIN
#define LEAST_u8 0
#define LEAST_u16 0
#define LEAST_u32 0
#define LEAST_u64 0

#define EACH "ops/pool.inc"
#define EACH_SET (SET_F16 | SET_BF16 | SET_INTS)
#include "op/each.h"

struct pool {
    struct window window;           /* where attributes give it */
    const int *layout;              /* see pool_layout() */
    int at;                         /* or: the inputs `at` and `at` + 1 do; 0: they do not */
    const struct pool_loops *loops;
};

static const struct pool_loops *loops_find(enum dtype t)
{
#define LOOPS(sfx) &pooling_##sfx
    static const struct pool_loops *const of[DT_COUNT] = {
        [DT_HALF] = LOOPS(f16), [DT_BFLOAT16] = LOOPS(bf16), [DT_INT8] = LOOPS(i8),
        [DT_INT16] = LOOPS(i16), [DT_INT32] = LOOPS(i32), [DT_INT64] = LOOPS(i64),
        [DT_UINT8] = LOOPS(u8), [DT_UINT16] = LOOPS(u16), [DT_UINT32] = LOOPS(u32),
        [DT_UINT64] = LOOPS(u64), [DT_QUINT8] = LOOPS(u8),
    };
    return t == DT_FLOAT ? pool_loops_f32() : t == DT_DOUBLE ? pool_loops_f64() : of[t];
}

static struct status *unimplemented(bool is, const char *text)
{
    return is ? status_new(UNIMPLEMENTED, "%s", text) : NULL;
}

static struct status *window_check(const struct window *w, bool depth_too)
{
    for (int i = 0; i < 4; i++) {
        ENSURE(w->k[i] > 0, "Sliding window ksize for dimension %d must be > 0, but is %lld", i,
               (long long)w->k[i]);
        ENSURE(w->s[i] > 0, "Sliding window stride for dimension %d must be > 0, but is %lld", i,
               (long long)w->s[i]);
    }
    TRY(unimplemented(w->k[0] != 1 || w->s[0] != 1,
                      "Pooling is not yet supported on the batch dimension."));
    return unimplemented(!depth_too && (w->k[3] != 1 || w->s[3] != 1),
                         "Non-spatial pooling is not yet supported: the depth dimension of ksize "
                         "and strides must be 1");
}

static struct status *pool_prepare(struct prep *p, const char *what, int at)
{
    struct pool *s;
    const char *format = node_attr_string(p->node, "data_format");
    TRY(prep_state(p, sizeof *s, &s));
    ENSURE(strcmp(format, "NCHW_VECT_C"),
           "Default %s only supports NHWC on device type CPU, and NCHW, but not %s", what, format);
    s->layout = pool_layout(p->node);
    s->loops = loops_find(node_attr_type(p->node, "T"));
    s->at = at;
    s->window.same = !strcmp(node_attr_string(p->node, "padding"), "SAME");
    return at ? NULL : window_of_attrs(p->node, &s->window);
}

static struct status *max_prepare(struct prep *p) { return pool_prepare(p, "MaxPoolingOp", 0); }
static struct status *max_v2_prepare(struct prep *p) { return pool_prepare(p, "MaxPoolingOp", 1); }
static struct status *max_grad_prepare(struct prep *p)
{ return pool_prepare(p, "MaxPoolingGradOp", 0); }
static struct status *max_grad_v2_prepare(struct prep *p)
{ return pool_prepare(p, "MaxPoolingGradOp", 3); }
static struct status *mean_prepare(struct prep *p) { return pool_prepare(p, "AvgPoolingOp", 0); }

/* The window of this run. */
static struct status *window_now(const struct kernel *k, bool depth_too, struct window *w)
{
    const struct pool *s = k->state;
    *w = s->window;
    if (s->at) {
        const struct tensor *size = kernel_in(k, s->at), *stride = kernel_in(k, s->at + 1);
        ENSURE(tensor_count(size) == 4, "Sliding window ksize field must specify 4 dimensions");
        ENSURE(tensor_count(stride) == 4, "Sliding window stride field must specify 4 dimensions");
        for (int i = 0; i < 4; i++) {
            w->k[i] = tensor_int(size, s->layout[i]);
            w->s[i] = tensor_int(stride, s->layout[i]);
        }
    }
    return window_check(w, depth_too);
}

/* TF pads an uneven number by one more below and on the right. */
static struct status *pool_dim(int64_t in, int64_t k, int64_t s, bool same, int64_t *out,
                               int64_t *pad)
{
    *pad = 0;
    if (!same) {
        *out = (in - k + s) / s;
        ENSURE(*out >= 0, "Computed output size would be negative: %lld [input_size: %lld, "
               "effective_filter_size: %lld, stride: %lld]", (long long)*out, (long long)in,
               (long long)k, (long long)s);
        return NULL;
    }
    *out = in / s + (in % s != 0);
    int64_t needed = (*out - 1) * s + k - in;
    *pad = *out && needed > 0 ? needed / 2 : 0;
    return NULL;
}

static bool is_nchw(const struct pool *s) { return s->layout[3] == 1; }

static struct status *pool_geometry(const struct pool *s, const struct window *w,
                                    const struct shape *x, struct pool2d *p, struct shape *y)
{
    const int *at = s->layout;
    *p = (struct pool2d){ .batch = x->dim[0], .in_h = x->dim[at[1]], .in_w = x->dim[at[2]],
                          .depth = x->dim[at[3]], .k_h = w->k[1], .k_w = w->k[2],
                          .s_h = w->s[1], .s_w = w->s[2] };
    TRY(pool_dim(p->in_h, p->k_h, p->s_h, w->same, &p->out_h, &p->pad_h));
    TRY(pool_dim(p->in_w, p->k_w, p->s_w, w->same, &p->out_w, &p->pad_w));
    *y = *x;
    y->dim[at[1]] = p->out_h;
    y->dim[at[2]] = p->out_w;
    if (is_nchw(s)) {
        p->batch = shape_span(x, 0, 2);
        p->depth = 1;
    }
    return NULL;
}

static struct status *depth_check(const struct window *w, int64_t depth)
{
    TRY(unimplemented(w->k[1] != 1 || w->k[2] != 1, "MaxPooling supports exactly one of pooling "
                      "across depth or pooling across width/height."));
    TRY(unimplemented(depth % w->k[3] != 0, "Depthwise max pooling requires the depth window to "
                      "evenly divide the input depth"));
    return unimplemented(w->s[3] != w->k[3], "Depthwise max pooling requires the depth window to "
                         "equal the depth stride.");
}

/* Pooling over channels is pooling over the columns of one-channel images of one row. In NCHW each
 * plane becomes a row: its rows are that row's columns, and their pixels the channels. */
static struct status *depth_geometry(const struct pool *s, const struct window *w,
                                     const struct shape *x, struct pool2d *p, struct shape *y)
{
    int64_t depth = x->dim[s->layout[3]], k = w->k[3];
    TRY(depth_check(w, depth));
    *p = (struct pool2d){ .batch = shape_span(x, 0, 3), .in_h = 1, .in_w = depth, .depth = 1,
                          .out_h = 1, .out_w = depth / k, .k_h = 1, .k_w = k, .s_h = 1, .s_w = k };
    if (is_nchw(s))
        *p = (struct pool2d){ .batch = x->dim[0], .in_h = depth, .in_w = x->dim[2],
                              .depth = x->dim[3], .out_h = depth / k, .out_w = x->dim[2],
                              .k_h = k, .k_w = 1, .s_h = k, .s_w = 1 };
    *y = *x;
    y->dim[s->layout[3]] = depth / k;
    return NULL;
}

static struct status *want_image(const struct tensor *t, const char *name)
{
    ENSURE(t->shape.rank == 4, "%s must be 4-dimensional, but is of shape %s", name,
           SHAPE_STR(&t->shape));
    return NULL;
}

static struct status *want_shape(const struct tensor *t, const struct shape *s, const char *name)
{
    ENSURE(shape_equal(&t->shape, s), "Expected %s shape to be %s, but got %s", name, SHAPE_STR(s),
           SHAPE_STR(&t->shape));
    return NULL;
}

/* ---- forward ---- */

static struct status *pool_forward(struct kernel *k, bool depth_too, pool_fn *fn)
{
    const struct tensor *x = kernel_in(k, 0);
    struct window w;
    struct pool2d p;
    struct shape y;
    ENSURE(x->shape.rank == 4, "tensor_in_shape must have 2 spatial dimensions. %d 0",
           x->shape.rank);
    TRY(window_now(k, depth_too, &w));
    TRY((w.k[3] > 1 ? depth_geometry : pool_geometry)(k->state, &w, &x->shape, &p, &y));
    TRY(kernel_new(k, 0, x->dtype, &y));
    pool2d_run(&(struct pool_job){ .p = &p, .x = x->data, .y = kernel_out(k, 0)->data }, fn,
               k->env->threads);
    return NULL;
}

static struct status *max_pool(struct kernel *k)
{
    return pool_forward(k, true, ((const struct pool *)k->state)->loops->max);
}

static struct status *mean_pool(struct kernel *k)
{
    return pool_forward(k, false, ((const struct pool *)k->state)->loops->mean);
}

/* ---- of bytes that are steps of a range, which stays ---- */

/* TF: what is left of the division is cut off. */
static void mean_of_bytes(const struct pool_job *j, const struct pool_run *r)
{
    int64_t depth = j->p->depth, row = j->p->in_w * depth;
    const uint8_t *x = (const uint8_t *)j->x + r->x;
    uint8_t *y = (uint8_t *)j->y + r->y;
    for (int64_t i = 0; i < r->n; i++, x += r->step, y += depth)
        for (int64_t c = 0; c < depth; c++) {
            int64_t sum = 0;
            for (int64_t h = 0; h < r->rows; h++)
                for (int64_t v = 0; v < r->cols; v++)
                    sum += x[h * row + v * depth + c];
            y[c] = (uint8_t)(sum / (r->rows * r->cols));
        }
}

static struct status *quantized_max(struct kernel *k)
{
    TRY(max_pool(k));
    return range_pass(k, 1);
}

static struct status *quantized_mean(struct kernel *k)
{
    TRY(pool_forward(k, false, mean_of_bytes));
    return range_pass(k, 1);
}

static struct status *quantized_max_shape(struct shape_ctx *c)
{
    TRY(ranges_shape(c, 1));
    return max_pool_shape(c);
}

static struct status *quantized_mean_shape(struct shape_ctx *c)
{
    TRY(ranges_shape(c, 1));
    return mean_pool_shape(c);
}

/* ---- gradients: input 0 is what was pooled, input 1 what came, input 2 a gradient ---- */

static struct status *max_inputs(struct kernel *k, struct pool2d *p, struct shape *y)
{
    struct window w;
    TRY(want_image(kernel_in(k, 0), "tensor_in"));
    TRY(want_image(kernel_in(k, 1), "tensor_out"));
    TRY(want_image(kernel_in(k, 2), "out_backprop"));
    TRY(window_now(k, false, &w));
    TRY(pool_geometry(k->state, &w, &kernel_in(k, 0)->shape, p, y));
    return want_shape(kernel_in(k, 1), y, "orig_output");
}

static struct status *max_pool_grad(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *dy = kernel_in(k, 2);
    struct pool2d p;
    struct shape y;
    TRY(max_inputs(k, &p, &y));
    TRY(want_shape(dy, &y, "grad"));
    TRY(kernel_new(k, 0, x->dtype, &x->shape));
    pool2d_scatter(&(struct pool_job){ .p = &p, .x = x->data, .g = dy->data,
                                       .y = kernel_out(k, 0)->data },
                   ((const struct pool *)k->state)->loops->max_grad, dtype_size(x->dtype),
                   k->env->threads);
    return NULL;
}

static struct status *max_pool_grad_grad(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *g = kernel_in(k, 2);
    struct pool2d p;
    struct shape y;
    TRY(max_inputs(k, &p, &y));
    TRY(want_shape(g, &x->shape, "grad"));
    TRY(kernel_new(k, 0, x->dtype, &y));
    pool2d_run(&(struct pool_job){ .p = &p, .x = x->data, .g = g->data,
                                   .y = kernel_out(k, 0)->data },
               ((const struct pool *)k->state)->loops->max_pick, k->env->threads);
    return NULL;
}

static struct status *mean_pool_grad(struct kernel *k)
{
    const struct tensor *dims = kernel_in(k, 0), *dy = kernel_in(k, 1);
    struct shape x = { 4, { 0 } }, y;
    struct window w;
    struct pool2d p;
    ENSURE(dims->shape.rank == 1 && tensor_count(dims) == 4,
           "orig_input_shape must be 1-dimensional and 4 elements, but is of shape %s",
           SHAPE_STR(&dims->shape));
    TRY(want_image(dy, "out_backprop"));
    for (int i = 0; i < 4; i++)
        x.dim[i] = tensor_int(dims, i);
    TRY(shape_check(&x));
    TRY(window_now(k, false, &w));
    TRY(pool_geometry(k->state, &w, &x, &p, &y));
    TRY(want_shape(dy, &y, "out_backprop"));
    TRY(kernel_new(k, 0, dy->dtype, &x));
    pool2d_scatter(&(struct pool_job){ .p = &p, .g = dy->data, .y = kernel_out(k, 0)->data },
                   ((const struct pool *)k->state)->loops->mean_grad, dtype_size(dy->dtype),
                   k->env->threads);
    return NULL;
}

/* ---- where the maxima are ---- */

static struct status *max_pool_with_argmax(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    enum dtype t = node_attr_type(k->node, "Targmax");
    struct window w;
    struct pool2d p;
    struct shape y;
    TRY(want_image(x, "tensor_in"));
    TRY(window_now(k, false, &w));
    TRY(pool_geometry(k->state, &w, &x->shape, &p, &y));
    ENSURE(t == DT_INT64 || tensor_count(x) <= INT32_MAX, "the input has too many elements for "
           "int32 indices: %s", SHAPE_STR(&x->shape));
    TRY(kernel_new(k, 0, x->dtype, &y));
    TRY(kernel_new(k, 1, t, &y));
    int64_t n = shape_count(&y), *at = kernel_out(k, 1)->data;
    if (t == DT_INT32)
        TRY(kernel_temp(k, (size_t)n * sizeof *at, &at));
    pool2d_run(&(struct pool_job){ .p = &p, .x = x->data, .y = kernel_out(k, 0)->data,
                                   .argmax = at },
               ((const struct pool *)k->state)->loops->max_at, k->env->threads);
    for (int64_t i = 0; t == DT_INT32 && i < n; i++)
        ((int32_t *)kernel_out(k, 1)->data)[i] = (int32_t)at[i];
    return NULL;
}

static int64_t index_at(const struct tensor *t, int64_t i)
{
    return t->dtype == DT_INT64 ? ((const int64_t *)t->data)[i] : ((const int32_t *)t->data)[i];
}

/* `argmax` names an element of `of` for each of `like`. */
static struct status *argmax_check(const struct tensor *argmax, const struct tensor *like,
                                   const struct tensor *of)
{
    int64_t n = tensor_count(of);
    TRY(want_shape(argmax, &like->shape, "argmax"));
    for (int64_t i = 0; i < tensor_count(argmax); i++) {
        int64_t at = index_at(argmax, i);
        ENSURE(at >= 0 && at < n, "Invalid index: argmax[%lld] = %lld is not in [0, %lld)",
               (long long)i, (long long)at, (long long)n);
    }
    return NULL;
}

#define EACH "ops/pool_argmax.inc"
#include "op/each_real.h"

/* ---- rows ---- */

#define WINDOW "ksize: list(int) >= 4; strides: list(int) >= 4; "
#define PADDING "padding: {\"SAME\", \"VALID\"}"
#define FORMAT "; data_format: {\"NHWC\", \"NCHW\"} = \"NHWC\""
#define FORMAT_3 "; data_format: {\"NHWC\", \"NCHW\", \"NCHW_VECT_C\"} = \"NHWC\""
#define MAXTYPE "T: {half, bfloat16, float, double, int32, int64, uint8, int16, int8, uint16, " \
                "qint8} = float; "
#define FLOATTYPE "T: {half, bfloat16, float, double}"

#define OF_FLOATS(k) KERNELS([DT_HALF] = k, [DT_BFLOAT16] = k, [DT_FLOAT] = k, [DT_DOUBLE] = k)
#define OF_REALS(k) KERNELS([DT_HALF] = k, [DT_BFLOAT16] = k, [DT_FLOAT] = k, [DT_DOUBLE] = k, \
                            [DT_INT8] = k, [DT_INT16] = k, [DT_INT32] = k, [DT_INT64] = k,     \
                            [DT_UINT8] = k, [DT_UINT16] = k, [DT_UINT32] = k, [DT_UINT64] = k)

#define QUANTIZED .inputs = "input: T, min_input: float, max_input: float", \
    .outputs = "output: T, min_output: float, max_output: float", \
    .attrs = "T: " QUANTIZED_TYPES "; ksize: list(int); strides: list(int); " PADDING, \
    .grad = NO_GRADIENT

#define THREE "orig_input: T, orig_output: T, grad: T"

const struct op ops_pool[] = {
    { .name = "MaxPool", .inputs = "input: T", .outputs = "output: T",
      .attrs = MAXTYPE WINDOW PADDING FORMAT_3,
      .shape = max_pool_shape, .grad = max_pool_gradient, .prepare = max_prepare,
      .kernel = OF_REALS(max_pool), .flags = OP_EXPENSIVE,
      .doc = "The greatest of each channel in every window of an image." },
    { .name = "MaxPoolV2", .inputs = "input: T, ksize: int32, strides: int32",
      .outputs = "output: T", .attrs = MAXTYPE PADDING FORMAT_3,
      .shape = max_pool_v2_shape, .grad = max_pool_v2_gradient, .prepare = max_v2_prepare,
      .kernel = OF_REALS(max_pool), .flags = OP_EXPENSIVE,
      .doc = "MaxPool with the sizes of windows and strides as inputs." },
    { .name = "MaxPoolGrad", .inputs = THREE, .outputs = "output: T",
      .attrs = WINDOW PADDING FORMAT "; T: realnumbertype = float",
      .shape = image_unchanged, .grad = max_pool_grad_gradient, .prepare = max_grad_prepare,
      .kernel = OF_REALS(max_pool_grad), .flags = OP_EXPENSIVE,
      .doc = "The gradient of MaxPool: each goes to the first maximum of its window." },
    { .name = "MaxPoolGradV2", .inputs = THREE ", ksize: int32, strides: int32",
      .outputs = "output: T", .attrs = PADDING FORMAT "; T: realnumbertype = float",
      .shape = image_unchanged, .grad = max_pool_grad_v2_gradient, .prepare = max_grad_v2_prepare,
      .kernel = OF_REALS(max_pool_grad), .flags = OP_EXPENSIVE,
      .doc = "MaxPoolGrad with the sizes of windows and strides as inputs." },
    { .name = "MaxPoolGradGrad", .inputs = THREE, .outputs = "output: T",
      .attrs = WINDOW PADDING FORMAT "; T: realnumbertype",
      .shape = max_pool_grad_grad_shape, .grad = max_pool_grad_grad_gradient,
      .prepare = max_grad_prepare, .kernel = OF_REALS(max_pool_grad_grad), .flags = OP_EXPENSIVE,
      .doc = "The gradient of MaxPoolGrad: what lies where each window has its first maximum." },
    { .name = "MaxPoolGradGradV2", .inputs = THREE ", ksize: int32, strides: int32",
      .outputs = "output: T", .attrs = PADDING FORMAT "; T: realnumbertype",
      .shape = max_pool_grad_grad_v2_shape, .grad = max_pool_grad_grad_v2_gradient,
      .prepare = max_grad_v2_prepare, .kernel = OF_REALS(max_pool_grad_grad),
      .flags = OP_EXPENSIVE,
      .doc = "MaxPoolGradGrad with the sizes of windows and strides as inputs." },
    { .name = "MaxPoolWithArgmax", .inputs = "input: T", .outputs = "output: T, argmax: Targmax",
      .attrs = WINDOW "Targmax: {int32, int64} = int64; " PADDING "; T: realnumbertype",
      .shape = max_pool_argmax_shape, .grad = max_pool_argmax_gradient, .prepare = max_prepare,
      .kernel = OF_REALS(max_pool_with_argmax), .flags = OP_EXPENSIVE,
      .doc = "MaxPool, and where in the flattened input each maximum lies." },
    { .name = "MaxPoolGradWithArgmax", .inputs = "input: T, grad: T, argmax: Targmax",
      .outputs = "output: T",
      .attrs = WINDOW PADDING "; Targmax: {int32, int64}; T: realnumbertype",
      .shape = image_unchanged, .grad = NO_GRADIENT, .prepare = max_prepare,
      .kernel = KERNELS(REALS(max_grad_argmax)), .flags = OP_EXPENSIVE,
      .doc = "The gradient of MaxPoolWithArgmax." },
    { .name = "MaxPoolGradGradWithArgmax", .inputs = "input: T, grad: T, argmax: Targmax",
      .outputs = "output: T",
      .attrs = WINDOW PADDING "; Targmax: {int32, int64}; T: realnumbertype",
      .shape = max_pool_pick_shape, .grad = NO_GRADIENT, .prepare = max_prepare,
      .kernel = KERNELS(REALS(max_pick_argmax)), .flags = OP_EXPENSIVE,
      .doc = "The gradient of MaxPoolGradWithArgmax." },
    { .name = "AvgPool", .inputs = "value: T", .outputs = "output: T",
      .attrs = WINDOW PADDING FORMAT "; " FLOATTYPE,
      .shape = mean_pool_shape, .grad = mean_pool_gradient, .prepare = mean_prepare,
      .kernel = OF_FLOATS(mean_pool), .flags = OP_EXPENSIVE,
      .doc = "The mean of each channel in every window of an image, padding left out." },
    { .name = "AvgPoolGrad", .inputs = "orig_input_shape: int32, grad: T",
      .outputs = "output: T", .attrs = WINDOW PADDING FORMAT "; " FLOATTYPE,
      .shape = mean_pool_grad_shape, .grad = mean_pool_grad_gradient, .prepare = mean_prepare,
      .kernel = OF_FLOATS(mean_pool_grad), .flags = OP_EXPENSIVE,
      .doc = "The gradient of AvgPool." },
    { .name = "QuantizedMaxPool", QUANTIZED, .shape = quantized_max_shape,
      .prepare = max_prepare, .kernel = KERNELS([DT_QUINT8] = quantized_max),
      .doc = "MaxPool of quantized numbers." },
    { .name = "QuantizedAvgPool", QUANTIZED, .shape = quantized_mean_shape,
      .prepare = mean_prepare, .kernel = KERNELS([DT_QUINT8] = quantized_mean),
      .doc = "AvgPool of quantized numbers." },
    { 0 }
};
