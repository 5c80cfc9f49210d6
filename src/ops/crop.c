/* crop.c - CropAndResize, which cuts boxes out of images and brings them to one size, and its
 * gradients for the images and for the boxes. */
#include "base/pool.h"
#include "ops/array.h"

#include <math.h>
#include <string.h>

struct crop_attrs { bool nearest; float outside; };

static struct status *crop_prepare(struct prep *p)
{
    struct crop_attrs *s;
    TRY(prep_state(p, sizeof *s, &s));
    s->nearest = !strcmp(node_attr_string(p->node, "method"), "nearest");
    s->outside = (float)node_attr_float(p->node, "extrapolation_value");
    return NULL;
}

/* Images [batch, h, w, depth]; n crops of [crop_h, crop_w] of them. */
struct crop {
    const struct crop_attrs *how;
    const void *x, *dy;
    void *y;
    const float *box;
    const int32_t *image;
    int64_t batch, h, w, depth, n, crop_h, crop_w;
};

/* Where pixel i of a crop lies in an image of `size`, along a box from `from` to `to`: between two
 * pixels, or outside. */
struct spot { bool inside; int64_t a, b; float share; };

static struct spot spot_at(const struct crop_attrs *how, float from, float to, int64_t i,
                           int64_t size, int64_t crop)
{
    float last = (float)(size - 1);
    float step = crop > 1 ? (to - from) * last / (float)(crop - 1) : 0;
    float at = crop > 1 ? from * last + (float)i * step : 0.5f * (from + to) * last;
    struct spot s = { .inside = at >= 0 && at <= last };
    if (!s.inside)
        return s;
    s.a = (int64_t)(how->nearest ? roundf(at) : floorf(at));
    s.b = how->nearest ? s.a : (int64_t)ceilf(at);
    s.share = how->nearest ? 0 : at - (float)s.a;
    return s;
}

static struct spot row_of(const struct crop *c, int64_t n, int64_t i)
{
    return spot_at(c->how, c->box[4 * n], c->box[4 * n + 2], i, c->h, c->crop_h);
}

static struct spot column_of(const struct crop *c, int64_t n, int64_t i)
{
    return spot_at(c->how, c->box[4 * n + 1], c->box[4 * n + 3], i, c->w, c->crop_w);
}

static int64_t pixel(const struct crop *c, int64_t n, int64_t y, int64_t x)
{
    return ((c->image[n] * c->h + y) * c->w + x) * c->depth;
}

/* ---- checks ---- */

static struct status *boxes_check(const struct tensor *box, const struct tensor *image,
                                  struct crop *c)
{
    ENSURE(box->shape.rank == 2, "boxes must be 2-D%s", SHAPE_STR(&box->shape));
    ENSURE(box->shape.dim[1] == 4, "boxes must have 4 columns");
    ENSURE(image->shape.rank == 1, "box_index must be 1-D%s", SHAPE_STR(&image->shape));
    ENSURE(image->shape.dim[0] == box->shape.dim[0], "box_index has incompatible shape");
    c->n = box->shape.dim[0];
    c->box = box->data;
    c->image = image->data;
    return NULL;
}

static struct status *images_check(struct crop *c, const struct shape *s)
{
    ENSURE(s->rank == 4, "input image must be 4-D%s", SHAPE_STR(s));
    c->batch = s->dim[0];
    c->h = s->dim[1];
    c->w = s->dim[2];
    c->depth = s->dim[3];
    ENSURE(c->h > 0 && c->w > 0, "image dimensions must be positive");
    for (int64_t i = 0; i < c->n; i++)
        ENSURE(c->image[i] >= 0 && c->image[i] < c->batch,
               "box_index has values outside [0, batch_size)");
    return NULL;
}

static struct status *grads_check(struct crop *c, const struct tensor *dy)
{
    const struct shape *s = &dy->shape;
    ENSURE(s->rank == 4, "grads image must be 4-D%s", SHAPE_STR(s));
    ENSURE(s->dim[1] > 0 && s->dim[2] > 0, "grads dimensions must be positive");
    ENSURE(s->dim[0] == c->n, "boxes and grads have incompatible shape");
    ENSURE(s->dim[3] == c->depth, "image, grads depth differ");
    c->crop_h = s->dim[1];
    c->crop_w = s->dim[2];
    c->dy = dy->data;
    return NULL;
}

static struct status *crop_begin(struct kernel *k, struct crop *c)
{
    const struct tensor *size = kernel_in(k, 3);
    *c = (struct crop){ .how = k->state, .x = kernel_in(k, 0)->data };
    TRY(boxes_check(kernel_in(k, 1), kernel_in(k, 2), c));
    TRY(images_check(c, &kernel_in(k, 0)->shape));
    ENSURE(size->shape.rank == 1, "crop_size must be 1-D%s", SHAPE_STR(&size->shape));
    ENSURE(size->shape.dim[0] == 2, "crop_size must have two elements%s", SHAPE_STR(&size->shape));
    c->crop_h = index_at(size, 0);
    c->crop_w = index_at(size, 1);
    ENSURE(c->crop_h > 0 && c->crop_w > 0, "crop dimensions must be positive");
    TRY(kernel_new(k, 0, DT_FLOAT, &SHAPE(c->n, c->crop_h, c->crop_w, c->depth)));
    c->y = kernel_out(k, 0)->data;
    return NULL;
}

/* Inputs: grads, boxes, box_ind, image_size. */
static struct status *image_back_begin(struct kernel *k, enum dtype t, struct crop *c)
{
    const struct tensor *size = kernel_in(k, 3);
    struct shape s;
    *c = (struct crop){ .how = k->state };
    TRY(boxes_check(kernel_in(k, 1), kernel_in(k, 2), c));
    ENSURE(size->shape.rank == 1, "image_size must be 1-D%s", SHAPE_STR(&size->shape));
    ENSURE(size->shape.dim[0] == 4, "image_size must have 4 elements%s", SHAPE_STR(&size->shape));
    TRY(array_read_shape(size, &s));
    TRY(images_check(c, &s));
    TRY(grads_check(c, kernel_in(k, 0)));
    TRY(kernel_new(k, 0, t, &s));
    array_zero(kernel_out(k, 0));
    c->y = kernel_out(k, 0)->data;
    return NULL;
}

/* Inputs: grads, image, boxes, box_ind. */
static struct status *boxes_back_begin(struct kernel *k, struct crop *c)
{
    *c = (struct crop){ .how = k->state, .x = kernel_in(k, 1)->data };
    TRY(boxes_check(kernel_in(k, 2), kernel_in(k, 3), c));
    TRY(images_check(c, &kernel_in(k, 1)->shape));
    TRY(grads_check(c, kernel_in(k, 0)));
    TRY(kernel_new(k, 0, DT_FLOAT, &SHAPE(c->n, 4)));
    array_zero(kernel_out(k, 0));
    c->y = kernel_out(k, 0)->data;
    return NULL;
}

/* Crops are shared out. */
static void crop_run(const struct kernel *k, struct crop *c,
                     void (*fn)(void *ctx, int64_t begin, int64_t end))
{
    int64_t work = c->crop_h * c->crop_w * c->depth;
    if (c->n && work)
        pool_for(c->n, 1 + 8192 / work, k->env->threads, fn, c);
}

/* ---- shapes ---- */

static struct status *boxes_shape(const struct shape *box, const struct shape *image, int64_t *n)
{
    struct shape b = SHAPE(-1, 4);
    TRY(shape_want_rank(box, 2));
    TRY(shape_want_rank(image, 1));
    TRY(shape_merge(&b, box, &b));
    *n = b.dim[0];
    return image->rank < 0 ? NULL : dim_merge(*n, image->dim[0], n);
}

static struct status *crop_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    const struct tensor *size = shape_in_value(c, 3);
    struct shape two = SHAPE(2);
    int64_t n;
    TRY(shape_want_rank(x, 4));
    TRY(boxes_shape(shape_in(c, 1), shape_in(c, 2), &n));
    TRY(shape_want_rank(shape_in(c, 3), 1));
    TRY(shape_merge(&two, shape_in(c, 3), &two));
    *shape_out(c, 0) = SHAPE(n, size ? index_at(size, 0) : -1, size ? index_at(size, 1) : -1,
                             x->rank < 0 ? -1 : x->dim[3]);
    return NULL;
}

static struct status *image_back_shape(struct shape_ctx *c)
{
    struct shape s;
    TRY(shape_want_rank(shape_in(c, 0), 4));
    TRY(shape_in_shape(c, 3, &s));
    TRY(shape_want_rank(&s, 4));
    *shape_out(c, 0) = s.rank < 0 ? SHAPE(-1, -1, -1, -1) : s;
    return NULL;
}

static struct status *boxes_back_shape(struct shape_ctx *c)
{
    int64_t n;
    TRY(shape_want_rank(shape_in(c, 0), 4));
    TRY(shape_want_rank(shape_in(c, 1), 4));
    TRY(boxes_shape(shape_in(c, 2), shape_in(c, 3), &n));
    *shape_out(c, 0) = SHAPE(n, 4);
    return NULL;
}

#define EACH "ops/crop.inc"
#define EACH_SET (SET_F16 | SET_F32 | SET_F64 | SET_I8 | SET_U8 | SET_I16 | SET_U16 | SET_I32 | \
                  SET_I64)
#include "op/each.h"

static void crop_grad(struct grad *g)
{
    enum dtype t = out_dtype(g->x[0]);
    if (t == DT_FLOAT || t == DT_HALF || t == DT_DOUBLE)
        g->dx[0] = grad_add(g, "CropAndResizeGradImage",
                            OUTS(g->dy[0], g->x[1], g->x[2], grad_shape_of(g, g->x[0], DT_INT32)),
                            ATTRS(attr_type("T", t),
                                  attr_string("method", node_attr_string(g->node, "method"))));
    g->dx[1] = grad_add(g, "CropAndResizeGradBoxes", OUTS(g->dy[0], g->x[0], g->x[1], g->x[2]),
                        NULL, 0);
}

#define CROPPED(x) KERNELS([DT_INT8] = x##_i8, [DT_UINT8] = x##_u8, [DT_INT16] = x##_i16, \
                           [DT_UINT16] = x##_u16, [DT_INT32] = x##_i32, [DT_INT64] = x##_i64, \
                           [DT_HALF] = x##_f16, DOUBLES(x))
#define CROP_TYPES "T: {uint8, uint16, int8, int16, int32, int64, half, float, double}; "

const struct op ops_crop[] = {
    { .name = "CropAndResize", .inputs = "image: T, boxes: float, box_ind: int32, crop_size: int32",
      .outputs = "crops: float",
      .attrs = CROP_TYPES "method: {\"bilinear\", \"nearest\"} = \"bilinear\"; "
               "extrapolation_value: float = 0",
      .doc = "Parts of images, as boxes in [0, 1] say, brought to one size.",
      .shape = crop_shape, .grad = crop_grad, .prepare = crop_prepare, .kernel = CROPPED(crop),
      .flags = OP_EXPENSIVE },
    { .name = "CropAndResizeGradImage",
      .inputs = "grads: float, boxes: float, box_ind: int32, image_size: int32",
      .outputs = "output: T",
      .attrs = "T: {float, half, double}; method: {\"bilinear\", \"nearest\"} = \"bilinear\"",
      .doc = "The gradient of CropAndResize for the images.",
      .shape = image_back_shape, .grad = NO_GRADIENT, .prepare = crop_prepare,
      .kernel = KERNELS([DT_HALF] = image_back_f16, DOUBLES(image_back)) },
    { .name = "CropAndResizeGradBoxes",
      .inputs = "grads: float, image: T, boxes: float, box_ind: int32", .outputs = "output: float",
      .attrs = CROP_TYPES "method: {\"bilinear\"} = \"bilinear\"",
      .doc = "The gradient of CropAndResize for the boxes.",
      .shape = boxes_back_shape, .grad = NO_GRADIENT, .prepare = crop_prepare,
      .kernel = CROPPED(boxes_back) },
    { 0 }
};
