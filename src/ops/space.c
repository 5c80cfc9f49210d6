/* space.c - pixels that change between space and the batch or the channels: SpaceToBatch(ND),
 * BatchToSpace(ND), SpaceToDepth, DepthToSpace.
 *
 * Everything is moved block offset by block offset: those pixels of the image that lie at one
 * place of their block are a strided part of it, and neighbours on the other side. */
#include "ops/array.h"

#include <string.h>

/* ---- blocks in space, images in the batch ---- */

/* What the inputs say: for each of n spatial dimensions the block's size, and what is added before
 * and after the image (or cropped from it). */
struct blocks { int n; int64_t size[MAX_RANK], before[MAX_RANK], after[MAX_RANK], all; };

/* The two sides of a move: `image` has the pixels in space, `batch` in the batch. */
struct sides { struct shape image, batch; };

struct space { int64_t block_size; const char *padding, *pad; };

static struct status *blocks_check(const struct space *s, int rank, const struct tensor *size,
                                   const struct shape *pads, int n)
{
    if (size)
        ENSURE(size->shape.rank == 1, "block_shape rank should be 1 instead of %d",
               size->shape.rank);
    ENSURE(rank >= 1 + n, "input rank should be >= %d instead of %d", 1 + n, rank);
    ENSURE(pads->rank == 2 && pads->dim[0] == n && pads->dim[1] == 2,
           "%s should have shape [%d, 2] instead of %s", s->padding, n, SHAPE_STR(pads));
    return NULL;
}

static struct status *blocks_read(const struct kernel *k, struct blocks *b)
{
    const struct space *s = k->state;
    const struct tensor *size = s->block_size ? NULL : kernel_in(k, 1);
    const struct tensor *pads = kernel_in(k, k->n_in - 1);
    int64_t n = size ? tensor_count(size) : 2;
    bool positive = true;
    if (!size || size->shape.rank == 1)
        ENSURE(n < MAX_RANK, "at most %d dimensions can be blocks, not %lld", MAX_RANK - 1,
               (long long)n);
    TRY(blocks_check(s, kernel_in(k, 0)->shape.rank, size, &pads->shape, (int)n));
    *b = (struct blocks){ .n = (int)n, .all = 1 };
    for (int i = 0; i < b->n; i++) {
        b->size[i] = size ? index_at(size, i) : s->block_size;
        positive &= b->size[i] > 0;
        ENSURE(!__builtin_mul_overflow(b->all, b->size[i], &b->all), "blocks are too large");
    }
    ENSURE(positive, "Product of block sizes must be positive, got %lld", (long long)b->all);
    for (int i = 0; i < b->n; i++) {
        b->before[i] = index_at(pads, 2 * i);
        b->after[i] = index_at(pads, 2 * i + 1);
        ENSURE(b->before[i] >= 0 && b->after[i] >= 0, "%s must be non-negative", s->pad);
    }
    return NULL;
}

/* Where the pixels of block offset `offset` go: which of those on the side of the batch there are
 * in the image, along one dimension. */
struct span { int64_t first, count; };

static struct span span_of(int64_t image, int64_t batch, int64_t block, int64_t offset,
                           int64_t before)
{
    int64_t first = before > offset ? (before - offset + block - 1) / block : 0;
    int64_t end = image + before > offset ? (image + before - offset + block - 1) / block : 0;
    if (end > batch)
        end = batch;
    return (struct span){ first, end > first ? end - first : 0 };
}

/* Moves all pixels; output 0 is the image or the batch. */
static struct status *blocks_move(struct kernel *k, const struct blocks *b, const struct sides *s,
                                  bool to_image)
{
    int64_t image[MAX_RANK], batch[MAX_RANK];
    int64_t images = s->image.dim[0], inner = shape_span(&s->image, b->n + 1, s->image.rank);
    shape_strides(&s->image, image);
    shape_strides(&s->batch, batch);
    for (int64_t block = 0; block < b->all; block++) {
        struct layout l = { 0 };
        int64_t image_at = 0, batch_at = block * images * batch[0], rest = block;
        layout_add(&l, images, batch[0], image[0]);
        for (int i = b->n - 1, d = b->n; i >= 0; i--, d--) {
            int64_t offset = rest % b->size[i];
            struct span span = span_of(s->image.dim[d], s->batch.dim[d], b->size[i], offset,
                                       b->before[i]);
            rest /= b->size[i];
            batch_at += span.first * batch[d];
            image_at += (span.first * b->size[i] + offset - b->before[i]) * image[d];
            layout_add(&l, span.count, batch[d], image[d] * b->size[i]);
        }
        layout_add(&l, inner, 1, 1);
        for (int i = 0; to_image && i < l.rank; i++) {
            int64_t to = l.to[i];
            l.to[i] = l.from[i];
            l.from[i] = to;
        }
        if (layout_count(&l))
            TRY(array_move(k, kernel_out(k, 0), to_image ? image_at : batch_at, kernel_in(k, 0),
                           to_image ? batch_at : image_at, &l));
    }
    return NULL;
}

static struct status *space_to_batch(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    struct sides s = { x->shape, x->shape };
    struct blocks b;
    TRY(blocks_read(k, &b));
    for (int i = 0; i < b.n; i++) {
        int64_t padded;
        ENSURE(!__builtin_add_overflow(x->shape.dim[i + 1], b.before[i], &padded) &&
               !__builtin_add_overflow(padded, b.after[i], &padded), "Paddings are too large");
        ENSURE(padded % b.size[i] == 0, "padded_shape[%d]=%lld is not divisible by "
               "block_shape[%d]=%lld", i, (long long)padded, i, (long long)b.size[i]);
        s.batch.dim[i + 1] = padded / b.size[i];
    }
    ENSURE(!__builtin_mul_overflow(x->shape.dim[0], b.all, &s.batch.dim[0]),
           "blocks are too large");
    TRY(kernel_new(k, 0, x->dtype, &s.batch));
    if (tensor_count(kernel_out(k, 0)) == 0)
        return NULL;
    array_zero(kernel_out(k, 0));
    return tensor_count(x) ? blocks_move(k, &b, &s, false) : NULL;
}

static struct status *batch_to_space(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    struct sides s = { x->shape, x->shape };
    struct blocks b;
    TRY(blocks_read(k, &b));
    ENSURE(x->shape.dim[0] % b.all == 0, "Input batch dimension (%lld) is not divisible by "
           "product of block sizes (%lld)", (long long)x->shape.dim[0], (long long)b.all);
    s.image.dim[0] = x->shape.dim[0] / b.all;
    for (int i = 0; i < b.n; i++) {
        int64_t size;
        ENSURE(!__builtin_mul_overflow(x->shape.dim[i + 1], b.size[i], &size) &&
               !__builtin_sub_overflow(size, b.before[i], &size) &&
               !__builtin_sub_overflow(size, b.after[i], &size), "blocks are too large");
        ENSURE(size >= 0, "cropped_shape[%d]=%lld must be non-negative", i, (long long)size);
        s.image.dim[i + 1] = size;
    }
    TRY(kernel_new(k, 0, x->dtype, &s.image));
    return tensor_count(kernel_out(k, 0)) ? blocks_move(k, &b, &s, true) : NULL;
}

static struct status *space_prepare(struct prep *p)
{
    struct space *s;
    bool to_batch = !strncmp(p->node->op->name, "Space", 5);
    TRY(prep_state(p, sizeof *s, &s));
    s->block_size = node_attr(p->node, "block_size");
    s->padding = to_batch ? "paddings" : "crops";
    s->pad = to_batch ? "Paddings" : "Crops";
    return NULL;
}

/* ---- shapes ---- */

/* The size of dimension `dim` on the other side. */
static struct status *other_dim(int64_t dim, int64_t size, int64_t pads, bool to_batch, int64_t *y)
{
    *y = -1;
    if (dim < 0 || size < 0 || pads < 0)
        return NULL;
    if (to_batch)
        ENSURE((dim + pads) % size == 0, "Dimension size must be evenly divisible by %lld but is "
               "%lld", (long long)size, (long long)(dim + pads));
    *y = to_batch ? (dim + pads) / size : dim * size - pads;
    ENSURE(*y >= 0, "Negative dimension size caused by subtracting %lld from %lld",
           (long long)pads, (long long)(dim * size));
    return NULL;
}

/* `size` is NULL where the sizes of blocks are not known. */
static struct status *spatial_dims(struct shape_ctx *c, int n, const int64_t *size, bool to_batch)
{
    const struct tensor *pads = shape_in_value(c, c->n_in - 1);
    const struct shape *x = shape_in(c, 0);
    struct shape y = *x;
    int64_t all = size ? 1 : -1;
    TRY(shape_want_rank_at_least(x, n + 1));
    if (x->rank < 0)
        return NULL;
    for (int i = 0; i < n; i++) {
        int64_t before = pads ? index_at(pads, 2 * i) : 0;
        int64_t after = pads ? index_at(pads, 2 * i + 1) : 0;
        ENSURE(before >= 0 && after >= 0, "%s cannot be negative",
               to_batch ? "paddings" : "crops");
        ENSURE(!size || size[i] >= 1, "block_shape must be positive");
        TRY(other_dim(x->dim[i + 1], size ? size[i] : -1, pads ? before + after : -1, to_batch,
                      &y.dim[i + 1]));
        if (size)
            ENSURE(!__builtin_mul_overflow(all, size[i], &all), "blocks are too large");
    }
    y.dim[0] = -1;
    if (x->dim[0] >= 0 && all > 0 && to_batch)
        ENSURE(!__builtin_mul_overflow(x->dim[0], all, &y.dim[0]), "blocks are too large");
    if (x->dim[0] >= 0 && all > 0 && !to_batch) {
        ENSURE(x->dim[0] % all == 0, "Dimension size must be evenly divisible by %lld but is %lld",
               (long long)all, (long long)x->dim[0]);
        y.dim[0] = x->dim[0] / all;
    }
    *shape_out(c, 0) = y;
    return NULL;
}

static struct status *space_shape(struct shape_ctx *c)
{
    bool to_batch = !strncmp(c->node->op->name, "Space", 5), nd = c->n_in == 3;
    const struct tensor *value = nd ? shape_in_value(c, 1) : NULL;
    int64_t size[MAX_RANK] = { 0 }, n = 2;
    struct shape pads = SHAPE(-1, 2);
    if (nd) {
        TRY(shape_want_rank(shape_in(c, 1), 1));
        n = shape_in(c, 1)->rank < 0 ? -1 : shape_in(c, 1)->dim[0];
    }
    pads.dim[0] = n;
    TRY(shape_want_rank(shape_in(c, c->n_in - 1), 2));
    TRY(shape_merge(&pads, shape_in(c, c->n_in - 1), &pads));
    if (pads.dim[0] < 0)
        return NULL;
    ENSURE(pads.dim[0] < MAX_RANK, "at most %d dimensions can be blocks, not %lld", MAX_RANK - 1,
           (long long)pads.dim[0]);
    for (int i = 0; i < pads.dim[0]; i++)
        size[i] = value ? index_at(value, i) : node_attr(c->node, "block_size");
    if (!nd)
        TRY(shape_want_rank(shape_in(c, 0), 4));
    return spatial_dims(c, (int)pads.dim[0], nd && !value ? NULL : size, to_batch);
}

/* ---- blocks in space, pixels side by side in the channels ---- */

struct depth { int64_t block; bool nchw; };

static struct status *depth_prepare(struct prep *p)
{
    struct depth *d;
    const char *format = node_attr_string(p->node, "data_format");
    ENSURE(strcmp(format, "NCHW_VECT_C"),
           "Only NHWC and NCHW data_format supported on CPU. Got %s", format);
    TRY(prep_state(p, sizeof *d, &d));
    d->block = node_attr(p->node, "block_size");
    d->nchw = !strcmp(format, "NCHW");
    return NULL;
}

/* Sizes of an image, whatever its layout. */
struct image { int64_t n, h, w, c; };

static struct image image_of(const struct shape *s, bool nchw)
{
    return nchw ? (struct image){ s->dim[0], s->dim[2], s->dim[3], s->dim[1] }
                : (struct image){ s->dim[0], s->dim[1], s->dim[2], s->dim[3] };
}

static struct shape shape_of(struct image i, bool nchw)
{
    return nchw ? SHAPE(i.n, i.c, i.h, i.w) : SHAPE(i.n, i.h, i.w, i.c);
}

/* The steps of the six loops over an image of small size `i` (rows, columns and channels after
 * the blocks): images, rows, columns, rows of a block, columns of a block, channels. */
static void depth_layout(struct image i, int64_t b, bool nchw, int64_t deep[6], int64_t flat[6])
{
    int64_t block = b * b * i.c, area = i.h * i.w, large = area * b * b;
    int64_t nhwc[2][6] = { { area * block, i.w * block, block, b * i.c, i.c, 1 },
                           { area * block, b * i.w * b * i.c, b * i.c, i.w * b * i.c, i.c, 1 } };
    int64_t planes[2][6] = { { area * block, i.w, 1, b * i.c * area, i.c * area, area },
                             { area * block, b * i.w * b, b, i.w * b, 1, large } };
    memcpy(deep, nchw ? planes[0] : nhwc[0], sizeof nhwc[0]);
    memcpy(flat, nchw ? planes[1] : nhwc[1], sizeof nhwc[1]);
}

static struct status *depth_move(struct kernel *k, struct image small, bool to_depth)
{
    const struct depth *d = k->state;
    int64_t deep[6], flat[6], b = d->block;
    int64_t count[6] = { small.n, small.h, small.w, b, b, small.c };
    struct layout l = { 0 };
    depth_layout(small, b, d->nchw, deep, flat);
    for (int i = 0; i < 6; i++)
        layout_add(&l, count[i], to_depth ? deep[i] : flat[i], to_depth ? flat[i] : deep[i]);
    return array_move(k, kernel_out(k, 0), 0, kernel_in(k, 0), 0, &l);
}

static struct status *space_to_depth(struct kernel *k)
{
    const struct depth *d = k->state;
    const struct tensor *x = kernel_in(k, 0);
    ENSURE(x->shape.rank == 4, "Input rank should be 4 instead of %d", x->shape.rank);
    struct image i = image_of(&x->shape, d->nchw);
    ENSURE(i.h % d->block == 0 && i.w % d->block == 0, "Image width %lld and height %lld should "
           "be divisible by block_size: %lld", (long long)i.w, (long long)i.h, (long long)d->block);
    struct image y = { i.n, i.h / d->block, i.w / d->block, i.c };
    ENSURE(!__builtin_mul_overflow(y.c, d->block * d->block, &y.c), "block_size is too large");
    struct shape s = shape_of(y, d->nchw);
    TRY(kernel_new(k, 0, x->dtype, &s));
    y.c = i.c;
    return tensor_count(x) ? depth_move(k, y, true) : NULL;
}

static struct status *depth_to_space(struct kernel *k)
{
    const struct depth *d = k->state;
    const struct tensor *x = kernel_in(k, 0);
    int64_t block = d->block * d->block;
    ENSURE(x->shape.rank == 4, "Input rank should be: 4 instead of: %d", x->shape.rank);
    struct image i = image_of(&x->shape, d->nchw);
    ENSURE(i.c % block == 0, "Input depth dimension %lld should be divisible by: %lld",
           (long long)i.c, (long long)block);
    struct image y = { i.n, i.h, i.w, i.c / block };
    ENSURE(!__builtin_mul_overflow(y.h, d->block, &y.h) &&
           !__builtin_mul_overflow(y.w, d->block, &y.w), "block_size is too large");
    struct shape s = shape_of(y, d->nchw);
    TRY(kernel_new(k, 0, x->dtype, &s));
    i.c /= block;
    return tensor_count(x) ? depth_move(k, i, false) : NULL;
}

static struct status *divided(int64_t dim, int64_t by, int64_t *y)
{
    ENSURE(dim < 0 || dim % by == 0, "Dimension size must be evenly divisible by %lld but is %lld",
           (long long)by, (long long)dim);
    *y = dim < 0 ? -1 : dim / by;
    return NULL;
}

static struct status *multiplied(int64_t dim, int64_t by, int64_t *y)
{
    *y = -1;
    ENSURE(dim < 0 || !__builtin_mul_overflow(dim, by, y), "block_size is too large");
    return NULL;
}

static struct status *depth_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    const char *format = node_attr_string(c->node, "data_format");
    int64_t block = node_attr(c->node, "block_size"), area;
    bool to_depth = c->node->op->name[0] == 'S', nchw = !strcmp(format, "NCHW");
    if (!strcmp(format, "NCHW_VECT_C"))
        return NULL;
    TRY(shape_want_rank(x, 4));
    ENSURE(!__builtin_mul_overflow(block, block, &area), "block_size is too large");
    struct image i = x->rank < 0 ? (struct image){ -1, -1, -1, -1 } : image_of(x, nchw), y = i;
    TRY((to_depth ? divided : multiplied)(i.h, block, &y.h));
    TRY((to_depth ? divided : multiplied)(i.w, block, &y.w));
    TRY((to_depth ? multiplied : divided)(i.c, area, &y.c));
    *shape_out(c, 0) = shape_of(y, nchw);
    return NULL;
}

/* ---- gradients: the other way ---- */

static void space_to_batch_grad(struct grad *g)
{
    g->dx[0] = grad_add(g, "BatchToSpace", OUTS(g->dy[0], g->x[1]),
                        ATTRS(attr_int("block_size", node_attr(g->node, "block_size"))));
}

static void batch_to_space_grad(struct grad *g)
{
    g->dx[0] = grad_add(g, "SpaceToBatch", OUTS(g->dy[0], g->x[1]),
                        ATTRS(attr_int("block_size", node_attr(g->node, "block_size"))));
}

static void space_to_batch_nd_grad(struct grad *g)
{
    g->dx[0] = grad_add(g, "BatchToSpaceND", OUTS(g->dy[0], g->x[1], g->x[2]), NULL, 0);
}

static void batch_to_space_nd_grad(struct grad *g)
{
    g->dx[0] = grad_add(g, "SpaceToBatchND", OUTS(g->dy[0], g->x[1], g->x[2]), NULL, 0);
}

static void depth_grad(struct grad *g)
{
    const struct node *n = g->node;
    g->dx[0] = grad_add(g, n->op->name[0] == 'S' ? "DepthToSpace" : "SpaceToDepth",
                        OUTS(g->dy[0]),
                        ATTRS(attr_int("block_size", node_attr(n, "block_size")),
                              attr_string("data_format", node_attr_string(n, "data_format"))));
}

#define DEPTH .inputs = "input: T", .outputs = "output: T", \
    .attrs = "T: type; block_size: int >= 2; " \
             "data_format: {\"NHWC\", \"NCHW\", \"NCHW_VECT_C\"} = \"NHWC\"", \
    .shape = depth_shape, .grad = depth_grad, .prepare = depth_prepare

const struct op ops_space[] = {
    { .name = "SpaceToBatch", .inputs = "input: T, paddings: Tpaddings", .outputs = "output: T",
      .attrs = "T: type; Tpaddings: {int32, int64} = int32; block_size: int >= 2",
      .doc = "Images, padded with zeros, as many small ones: one for each place in a block.",
      .shape = space_shape, .grad = space_to_batch_grad, .prepare = space_prepare,
      .kernel_any = space_to_batch },
    { .name = "SpaceToBatchND",
      .inputs = "input: T, block_shape: Tblock_shape, paddings: Tpaddings",
      .outputs = "output: T",
      .attrs = "T: type; Tblock_shape: {int32, int64} = int32; Tpaddings: {int32, int64} = int32",
      .doc = "SpaceToBatch over any number of dimensions, each with a block size of its own.",
      .shape = space_shape, .grad = space_to_batch_nd_grad, .prepare = space_prepare,
      .kernel_any = space_to_batch },
    { .name = "BatchToSpace", .inputs = "input: T, crops: Tidx", .outputs = "output: T",
      .attrs = "T: type; block_size: int >= 2; Tidx: {int32, int64} = int32",
      .doc = "Large images put together of small ones, then cropped: undoes SpaceToBatch.",
      .shape = space_shape, .grad = batch_to_space_grad, .prepare = space_prepare,
      .kernel_any = batch_to_space },
    { .name = "BatchToSpaceND", .inputs = "input: T, block_shape: Tblock_shape, crops: Tcrops",
      .outputs = "output: T",
      .attrs = "T: type; Tblock_shape: {int32, int64} = int32; Tcrops: {int32, int64} = int32",
      .doc = "BatchToSpace over any number of dimensions: undoes SpaceToBatchND.",
      .shape = space_shape, .grad = batch_to_space_nd_grad, .prepare = space_prepare,
      .kernel_any = batch_to_space },
    { .name = "SpaceToDepth", DEPTH,
      .doc = "Images whose blocks of pixels have become one pixel of more channels.",
      .kernel_any = space_to_depth },
    { .name = "DepthToSpace", DEPTH,
      .doc = "Images whose pixels have become blocks of pixels of fewer channels.",
      .kernel_any = depth_to_space },
    { 0 }
};
