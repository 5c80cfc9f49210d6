/* pool.c - pooling over windows of images of two and three dimensions: MaxPool and AvgPool, their
 * gradients, and gradients of those; QuantizedMaxPool and QuantizedAvgPool. Each channel of an NCHW
 * image is pooled as an image of its own; NCHW_VECT_C, which no CPU has, is refused when a plan is
 * made (shapes are inferred for it all the same). */
#include "ops/pool.h"

#include "graph/graph.h"
#include "op/kernel.h"
#include "ops/array.h"
#include "ops/least.h"
#include "ops/pool_grad.h"
#include "ops/pool_shape.h"
#include "ops/slide.h"
#include "ops/steps.h"

#include <string.h>

#define EACH "ops/pool.inc"
#define EACH_SET (SET_F16 | SET_BF16 | SET_INTS)
#include "op/each.h"

struct pool {
    struct window window;           /* where attributes give it */
    int rank;
    const int *layout;              /* see pool_layout() */
    int at;                         /* or: the inputs `at` and `at` + 1 do; 0: they do not */
    const struct pool_loops *loops;
    bool whole_batch;               /* include_batch_in_index */
};

const struct pool_loops *pool_loops(enum dtype t)
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
    for (int i = 0; i < POOL_DIMS; i++) {
        ENSURE(w->k[i] > 0, "Sliding window ksize must be > 0, but is %lld", (long long)w->k[i]);
        ENSURE(w->s[i] > 0, "Sliding window stride must be > 0, but is %lld", (long long)w->s[i]);
    }
    TRY(unimplemented(w->k[POOL_BATCH] != 1 || w->s[POOL_BATCH] != 1,
                      "Pooling is not yet supported on the batch dimension."));
    return unimplemented(!depth_too && (w->k[POOL_CHANNELS] != 1 || w->s[POOL_CHANNELS] != 1),
                         "Non-spatial pooling is not yet supported: the depth dimension of ksize "
                         "and strides must be 1");
}

static struct status *pool_prepare(struct prep *p, const char *what, int at)
{
    struct pool *s;
    TRY(prep_state(p, sizeof *s, &s));
    ENSURE(!node_attr_find(p->node, "data_format") ||
           strcmp(node_attr_string(p->node, "data_format"), "NCHW_VECT_C"),
           "Default %s only supports NHWC on device type CPU, and NCHW, but not NCHW_VECT_C", what);
    s->rank = pool_rank(p->node);
    s->layout = pool_layout(p->node);
    s->loops = pool_loops(node_attr_type(p->node, "T"));
    s->at = at;
    s->whole_batch = node_attr_find(p->node, "include_batch_in_index") &&
                     node_attr(p->node, "include_batch_in_index");
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
        for (int i = 0; i < POOL_DIMS; i++) {
            w->k[i] = s->layout[i] < 0 ? 1 : tensor_int(size, s->layout[i]);
            w->s[i] = s->layout[i] < 0 ? 1 : tensor_int(stride, s->layout[i]);
        }
    }
    return window_check(w, depth_too);
}

static bool is_nchw(const struct pool *s) { return s->layout[POOL_CHANNELS] == 1; }

static struct status *pool_geometry(const struct pool *s, const struct window *w,
                                    const struct shape *x, struct pooling *p, struct shape *y)
{
    struct slide slide;
    *p = (struct pooling){ .batch = x->dim[0], .depth = pool_size(s->layout, x, POOL_CHANNELS) };
    *y = *x;
    for (int i = 0; i < 3; i++) {
        int at = s->layout[POOL_PLANES + i];
        p->in[i] = pool_size(s->layout, x, POOL_PLANES + i);
        p->k[i] = w->k[POOL_PLANES + i];
        p->s[i] = w->s[POOL_PLANES + i];
        TRY(slide_over(p->in[i], p->k[i], p->s[i], w->same, &slide));
        p->out[i] = slide.out;
        p->pad[i] = slide.before;
        if (at >= 0)
            y->dim[at] = p->out[i];
    }
    if (is_nchw(s)) {
        p->batch = shape_span(x, 0, 2);
        p->depth = 1;
    }
    return NULL;
}

static struct status *depth_check(const struct window *w, int64_t depth)
{
    TRY(unimplemented(w->k[POOL_ROWS] != 1 || w->k[POOL_COLUMNS] != 1, "MaxPooling "
                      "supports exactly one of pooling across depth or pooling across "
                      "width/height."));
    TRY(unimplemented(depth % w->k[POOL_CHANNELS] != 0, "Depthwise max pooling requires the depth "
                      "window to evenly divide the input depth"));
    return unimplemented(w->s[POOL_CHANNELS] != w->k[POOL_CHANNELS], "Depthwise max pooling "
                         "requires the depth window to equal the depth stride.");
}

/* Pooling over channels is pooling over the columns of one-channel images of one row. In NCHW each
 * plane becomes a row: its rows are that row's columns, and their pixels the channels. */
static struct status *depth_geometry(const struct pool *s, const struct window *w,
                                     const struct shape *x, struct pooling *p, struct shape *y)
{
    int64_t depth = pool_size(s->layout, x, POOL_CHANNELS), k = w->k[POOL_CHANNELS];
    TRY(depth_check(w, depth));
    *p = (struct pooling){ .batch = shape_span(x, 0, 3), .depth = 1, .in = { 1, 1, depth },
                           .out = { 1, 1, depth / k }, .k = { 1, 1, k }, .s = { 1, 1, k } };
    if (is_nchw(s))
        *p = (struct pooling){ .batch = x->dim[0], .depth = x->dim[3],
                               .in = { 1, depth, x->dim[2] }, .out = { 1, depth / k, x->dim[2] },
                               .k = { 1, k, 1 }, .s = { 1, k, 1 } };
    *y = *x;
    y->dim[s->layout[POOL_CHANNELS]] = depth / k;
    return NULL;
}

static struct status *want_image(const struct kernel *k, int i, const char *name)
{
    const struct shape *s = &kernel_in(k, i)->shape;
    int rank = ((const struct pool *)k->state)->rank;
    ENSURE(s->rank == rank, "%s must be %d-dimensional, but is of shape %s", name, rank,
           SHAPE_STR(s));
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
    const struct pool *s = k->state;
    struct window w;
    struct pooling p;
    struct shape y;
    ENSURE(x->shape.rank == 4 || s->rank == 5, "tensor_in_shape must have 2 spatial dimensions. "
           "%d 0", x->shape.rank);
    TRY(want_image(k, 0, "tensor_in"));
    TRY(window_now(k, depth_too && s->rank == 4, &w));
    TRY((w.k[POOL_CHANNELS] > 1 ? depth_geometry : pool_geometry)(s, &w, &x->shape, &p, &y));
    TRY(kernel_new(k, 0, x->dtype, &y));
    pooling_run(&(struct pool_job){ .p = &p, .x = x->data, .y = kernel_out(k, 0)->data }, fn,
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
    int64_t depth = j->p->depth, row = j->p->in[2] * depth;
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

static struct status *max_inputs(struct kernel *k, struct pooling *p, struct shape *y)
{
    struct window w;
    TRY(want_image(k, 0, "tensor_in"));
    TRY(want_image(k, 1, "tensor_out"));
    TRY(want_image(k, 2, "out_backprop"));
    TRY(window_now(k, false, &w));
    TRY(pool_geometry(k->state, &w, &kernel_in(k, 0)->shape, p, y));
    return want_shape(kernel_in(k, 1), y, "orig_output");
}

static struct status *max_pool_back(struct kernel *k, pool_fn *fn)
{
    const struct tensor *x = kernel_in(k, 0), *dy = kernel_in(k, 2);
    struct pooling p;
    struct shape y;
    TRY(max_inputs(k, &p, &y));
    TRY(want_shape(dy, &y, "grad"));
    TRY(kernel_new(k, 0, x->dtype, &x->shape));
    pooling_scatter(&(struct pool_job){ .p = &p, .x = x->data, .g = dy->data,
                                       .y = kernel_out(k, 0)->data },
                    fn, dtype_size(x->dtype), k->env->threads);
    return NULL;
}

static struct status *max_pool_grad(struct kernel *k)
{
    return max_pool_back(k, ((const struct pool *)k->state)->loops->max_grad);
}

/* TF's CPU gives, of volumes, to all that are as great. */
static struct status *max_pool3d_grad(struct kernel *k)
{
    enum dtype x = kernel_in(k, 0)->dtype, dy = kernel_in(k, 2)->dtype;
    ENSURE(x == dy, "grad is %s, but orig_input is %s", dtype_name(dy), dtype_name(x));
    return max_pool_back(k, ((const struct pool *)k->state)->loops->max_share);
}

static struct status *max_pool_grad_grad(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *g = kernel_in(k, 2);
    struct pooling p;
    struct shape y;
    TRY(max_inputs(k, &p, &y));
    TRY(want_shape(g, &x->shape, "grad"));
    TRY(kernel_new(k, 0, x->dtype, &y));
    pooling_run(&(struct pool_job){ .p = &p, .x = x->data, .g = g->data,
                                   .y = kernel_out(k, 0)->data },
               ((const struct pool *)k->state)->loops->max_pick, k->env->threads);
    return NULL;
}

static struct status *mean_pool_grad(struct kernel *k)
{
    const struct tensor *dims = kernel_in(k, 0), *dy = kernel_in(k, 1);
    const int rank = ((const struct pool *)k->state)->rank;
    struct shape x, y;
    struct window w;
    struct pooling p;
    ENSURE(dims->shape.rank == 1 && tensor_count(dims) == rank,
           "orig_input_shape must be 1-dimensional and %d elements, but is of shape %s", rank,
           SHAPE_STR(&dims->shape));
    TRY(want_image(k, 1, "out_backprop"));
    TRY(array_read_shape(dims, &x));
    TRY(window_now(k, false, &w));
    TRY(pool_geometry(k->state, &w, &x, &p, &y));
    TRY(want_shape(dy, &y, "out_backprop"));
    TRY(kernel_new(k, 0, dy->dtype, &x));
    pooling_scatter(&(struct pool_job){ .p = &p, .g = dy->data, .y = kernel_out(k, 0)->data },
                   ((const struct pool *)k->state)->loops->mean_grad, dtype_size(dy->dtype),
                   k->env->threads);
    return NULL;
}

/* ---- where the maxima are ---- */

/* Indices count from the first element of the image, or of the batch: what to add in image i. */
static int64_t index_base(const struct kernel *k, const struct shape *x, int64_t i)
{
    return ((const struct pool *)k->state)->whole_batch ? 0 : i * shape_span(x, 1, x->rank);
}

static struct status *max_pool_with_argmax(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    enum dtype t = node_attr_type(k->node, "Targmax");
    struct window w;
    struct pooling p;
    struct shape y;
    TRY(want_image(k, 0, "tensor_in"));
    TRY(window_now(k, false, &w));
    TRY(pool_geometry(k->state, &w, &x->shape, &p, &y));
    ENSURE(t == DT_INT64 || tensor_count(x) <= INT32_MAX, "the input has too many elements for "
           "int32 indices: %s", SHAPE_STR(&x->shape));
    TRY(kernel_new(k, 0, x->dtype, &y));
    TRY(kernel_new(k, 1, t, &y));
    int64_t n = shape_span(&y, 1, y.rank), *at = kernel_out(k, 1)->data;
    int32_t *narrow = t == DT_INT32 ? kernel_out(k, 1)->data : NULL;
    if (narrow)
        TRY(kernel_temp(k, (size_t)shape_count(&y) * sizeof *at, &at));
    pooling_run(&(struct pool_job){ .p = &p, .x = x->data, .y = kernel_out(k, 0)->data,
                                    .argmax = at },
                ((const struct pool *)k->state)->loops->max_at, k->env->threads);
    for (int64_t image = 0; image < y.dim[0]; image++) {
        int64_t base = index_base(k, &x->shape, image), *from = at + image * n;
        for (int64_t i = 0; narrow && i < n; i++)
            narrow[image * n + i] = (int32_t)(from[i] - base);
        for (int64_t i = 0; base && !narrow && i < n; i++)
            from[i] -= base;
    }
    return NULL;
}

/* `argmax` names an element of `of` for each of `like`: which, counted over the batch. */
static struct status *argmax_read(struct kernel *k, const struct tensor *argmax,
                                  const struct tensor *like, const struct tensor *of,
                                  int64_t **at)
{
    ENSURE(of->shape.rank == 4, "tensor_in must be 4-dimensional");
    ENSURE(argmax->shape.rank == 4, "argmax must be 4-dimensional");
    bool whole = ((const struct pool *)k->state)->whole_batch;
    int64_t batch = of->shape.dim[0], images = argmax->shape.dim[0];
    int64_t n = shape_span(&argmax->shape, 1, argmax->shape.rank);
    int64_t range = whole ? tensor_count(of) : shape_span(&of->shape, 1, of->shape.rank);
    TRY(want_shape(argmax, &like->shape, "argmax"));
    ENSURE(whole || images == batch, "argmax is of %lld images, the input of %lld",
           (long long)images, (long long)batch);
    TRY(kernel_temp(k, (size_t)(images * n + 1) * sizeof **at, at));
    for (int64_t image = 0; image < images; image++)
        for (int64_t i = image * n; i < (image + 1) * n; i++) {
            int64_t index = index_at(argmax, i);
            ENSURE(index >= 0 && index < range, "Invalid index: argmax[%lld] = %lld is not in "
                   "[0, %lld)", (long long)i, (long long)index, (long long)range);
            (*at)[i] = index + index_base(k, &of->shape, image);
        }
    return NULL;
}

#define EACH "ops/pool_argmax.inc"
#include "op/each_real.h"

/* ---- rows ---- */

#define WINDOW "ksize: list(int) >= 4; strides: list(int) >= 4; "
#define PADDING "padding: {\"SAME\", \"VALID\"}"
/* A graph that does not say is older than the attribute: then indices were the batch's. */
#define BATCHED "; include_batch_in_index: bool = true"
#define FORMAT "; data_format: {\"NHWC\", \"NCHW\"} = \"NHWC\""
#define FORMAT_3 "; data_format: {\"NHWC\", \"NCHW\", \"NCHW_VECT_C\"} = \"NHWC\""
#define MAXTYPE "T: {half, bfloat16, float, double, int32, int64, uint8, int16, int8, uint16, " \
                "qint8} = float; "
#define WINDOW_3D "ksize: list(int) >= 5; strides: list(int) >= 5; "
#define FORMAT_3D "; data_format: {\"NDHWC\", \"NCDHW\"} = \"NDHWC\""
#define SINGLES "{half, bfloat16, float}"
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
      .doc = "The greatest of each channel in every window of an image.",
      .note = "Images may be NCHW on the CPU too." },
    { .name = "MaxPoolV2", .inputs = "input: T, ksize: int32, strides: int32",
      .outputs = "output: T", .attrs = MAXTYPE PADDING FORMAT_3,
      .shape = max_pool_v2_shape, .grad = max_pool_v2_gradient, .prepare = max_v2_prepare,
      .kernel = OF_REALS(max_pool), .flags = OP_EXPENSIVE,
      .doc = "MaxPool with the sizes of windows and strides as inputs.",
      .note = "Images may be NCHW on the CPU too." },
    { .name = "MaxPoolGrad", .inputs = THREE, .outputs = "output: T",
      .attrs = WINDOW PADDING FORMAT "; T: realnumbertype = float",
      .shape = image_unchanged, .grad = max_pool_grad_gradient, .prepare = max_grad_prepare,
      .kernel = OF_REALS(max_pool_grad), .flags = OP_EXPENSIVE,
      .doc = "The gradient of MaxPool: each goes to the first maximum of its window.",
      .note = "Images may be NCHW on the CPU too." },
    { .name = "MaxPoolGradV2", .inputs = THREE ", ksize: int32, strides: int32",
      .outputs = "output: T", .attrs = PADDING FORMAT "; T: realnumbertype = float",
      .shape = image_unchanged, .grad = max_pool_grad_v2_gradient, .prepare = max_grad_v2_prepare,
      .kernel = OF_REALS(max_pool_grad), .flags = OP_EXPENSIVE,
      .doc = "MaxPoolGrad with the sizes of windows and strides as inputs.",
      .note = "Images may be NCHW on the CPU too." },
    { .name = "MaxPoolGradGrad", .inputs = THREE, .outputs = "output: T",
      .attrs = WINDOW PADDING FORMAT "; T: realnumbertype",
      .shape = max_pool_grad_grad_shape, .grad = max_pool_grad_grad_gradient,
      .prepare = max_grad_prepare, .kernel = OF_REALS(max_pool_grad_grad), .flags = OP_EXPENSIVE,
      .doc = "The gradient of MaxPoolGrad: what lies where each window has its first maximum.",
      .note = "Images may be NCHW on the CPU too." },
    { .name = "MaxPoolGradGradV2", .inputs = THREE ", ksize: int32, strides: int32",
      .outputs = "output: T", .attrs = PADDING FORMAT "; T: realnumbertype",
      .shape = max_pool_grad_grad_v2_shape, .grad = max_pool_grad_grad_v2_gradient,
      .prepare = max_grad_v2_prepare, .kernel = OF_REALS(max_pool_grad_grad),
      .flags = OP_EXPENSIVE,
      .doc = "MaxPoolGradGrad with the sizes of windows and strides as inputs.",
      .note = "Images may be NCHW on the CPU too." },
    { .name = "MaxPoolWithArgmax", .inputs = "input: T", .outputs = "output: T, argmax: Targmax",
      .attrs = WINDOW "Targmax: {int32, int64} = int64; " PADDING BATCHED
               "; T: realnumbertype",
      .shape = max_pool_argmax_shape, .grad = max_pool_argmax_gradient, .prepare = max_prepare,
      .kernel = OF_REALS(max_pool_with_argmax), .flags = OP_EXPENSIVE,
      .doc = "MaxPool, and where in the flattened image (or batch) each maximum lies.",
      .note = "include_batch_in_index is true by default, as before it was an attribute." },
    { .name = "MaxPoolGradWithArgmax", .inputs = "input: T, grad: T, argmax: Targmax",
      .outputs = "output: T",
      .attrs = WINDOW PADDING BATCHED "; Targmax: {int32, int64}; T: realnumbertype",
      .shape = image_unchanged, .grad = NO_GRADIENT, .prepare = max_prepare,
      .kernel = KERNELS(REALS(max_grad_argmax)), .flags = OP_EXPENSIVE,
      .doc = "The gradient of MaxPoolWithArgmax.",
      .note = "include_batch_in_index is true by default, as before it was an attribute." },
    { .name = "MaxPoolGradGradWithArgmax", .inputs = "input: T, grad: T, argmax: Targmax",
      .outputs = "output: T",
      .attrs = WINDOW PADDING BATCHED "; Targmax: {int32, int64}; T: realnumbertype",
      .shape = max_pool_pick_shape, .grad = NO_GRADIENT, .prepare = max_prepare,
      .kernel = KERNELS(REALS(max_pick_argmax)), .flags = OP_EXPENSIVE,
      .doc = "The gradient of MaxPoolGradWithArgmax.",
      .note = "include_batch_in_index is true by default, as before it was an attribute." },
    { .name = "AvgPool", .inputs = "value: T", .outputs = "output: T",
      .attrs = WINDOW PADDING FORMAT "; " FLOATTYPE,
      .shape = mean_pool_shape, .grad = mean_pool_gradient, .prepare = mean_prepare,
      .kernel = OF_FLOATS(mean_pool), .flags = OP_EXPENSIVE,
      .doc = "The mean of each channel in every window of an image, padding left out.",
      .note = "Images may be NCHW on the CPU too." },
    { .name = "AvgPoolGrad", .inputs = "orig_input_shape: int32, grad: T",
      .outputs = "output: T", .attrs = WINDOW PADDING FORMAT "; " FLOATTYPE,
      .shape = mean_pool_grad_shape, .grad = mean_pool_grad_gradient, .prepare = mean_prepare,
      .kernel = OF_FLOATS(mean_pool_grad), .flags = OP_EXPENSIVE,
      .doc = "The gradient of AvgPool.",
      .note = "Images may be NCHW on the CPU too." },
    { .name = "QuantizedMaxPool", QUANTIZED, .shape = quantized_max_shape,
      .prepare = max_prepare, .kernel = KERNELS([DT_QUINT8] = quantized_max),
      .doc = "MaxPool of quantized numbers." },
    { .name = "QuantizedAvgPool", QUANTIZED, .shape = quantized_mean_shape,
      .prepare = mean_prepare, .kernel = KERNELS([DT_QUINT8] = quantized_mean),
      .doc = "AvgPool of quantized numbers." },
    { .name = "MaxPool3D", .inputs = "input: T", .outputs = "output: T",
      .attrs = WINDOW_3D PADDING FORMAT_3D "; T: " SINGLES,
      .shape = max_pool_shape, .grad = max_pool3d_gradient, .prepare = max_prepare,
      .kernel = OF_FLOATS(max_pool), .flags = OP_EXPENSIVE,
      .doc = "The greatest of each channel in every window of a volume." },
    { .name = "MaxPool3DGrad",
      .inputs = "orig_input: TInput, orig_output: TInput, grad: T", .outputs = "output: T",
      .attrs = WINDOW_3D PADDING FORMAT_3D "; T: " SINGLES " = float; TInput: " SINGLES " = float",
      .shape = image_unchanged, .grad = max_pool3d_grad_gradient, .prepare = max_grad_prepare,
      .kernel = OF_FLOATS(max_pool3d_grad), .flags = OP_EXPENSIVE,
      .doc = "The gradient of MaxPool3D: each goes to all that are as great as the maximum." },
    { .name = "MaxPool3DGradGrad", .inputs = THREE, .outputs = "output: T",
      .attrs = WINDOW_3D PADDING FORMAT_3D "; T: realnumbertype",
      .shape = max_pool_grad_grad_shape, .grad = max_pool3d_grad_grad_gradient,
      .prepare = max_grad_prepare, .kernel = OF_REALS(max_pool_grad_grad), .flags = OP_EXPENSIVE,
      .doc = "The gradient of MaxPool3DGrad: what lies where each window has its maximum." },
    { .name = "AvgPool3D", .inputs = "input: T", .outputs = "output: T",
      .attrs = WINDOW_3D PADDING FORMAT_3D "; " FLOATTYPE,
      .shape = mean_pool_shape, .grad = mean_pool3d_gradient, .prepare = mean_prepare,
      .kernel = OF_FLOATS(mean_pool), .flags = OP_EXPENSIVE,
      .doc = "The mean of each channel in every window of a volume, padding left out." },
    { .name = "AvgPool3DGrad", .inputs = "orig_input_shape: int32, grad: T",
      .outputs = "output: T", .attrs = WINDOW_3D PADDING FORMAT_3D "; " FLOATTYPE,
      .shape = mean_pool_grad_shape, .grad = mean_pool3d_grad_gradient, .prepare = mean_prepare,
      .kernel = OF_FLOATS(mean_pool_grad), .flags = OP_EXPENSIVE,
      .doc = "The gradient of AvgPool3D." },
    { 0 }
};
