/* patches.c - ExtractImagePatches: windows of images as the channels of one pixel each. */
#include "ops/array.h"

#include <string.h>

struct patches { int64_t k[2], s[2], r[2]; bool same; };

static struct status *patch_attr(const struct node *n, const char *name, int64_t v[2])
{
    const struct attr *a = node_attr_find(n, name);
    ENSURE(a->n == 4, "ExtractImagePatches requires the %s attribute to contain 4 values, but got: "
           "%d", name, a->n);
    ENSURE(a->ints[0] == 1 && a->ints[3] == 1, "Only support %s across space.", name);
    for (int i = 0; i < 2; i++) {
        v[i] = a->ints[1 + i];
        ENSURE(v[i] >= 1 && v[i] <= INT32_MAX, "%s must be positive, got %lld", name,
               (long long)v[i]);
    }
    return NULL;
}

static struct status *patches_of(const struct node *n, struct patches *p)
{
    TRY(patch_attr(n, "ksizes", p->k));
    TRY(patch_attr(n, "strides", p->s));
    TRY(patch_attr(n, "rates", p->r));
    p->same = !strcmp(node_attr_string(n, "padding"), "SAME");
    return NULL;
}

/* How many windows there are along dimension i, and what is padded before. */
static struct status *patch_dim(const struct patches *p, int i, int64_t in, int64_t *out,
                                int64_t *pad)
{
    int64_t wide = p->k[i] + (p->k[i] - 1) * (p->r[i] - 1);
    *pad = 0;
    *out = p->same ? (in + p->s[i] - 1) / p->s[i] : (in - wide + p->s[i]) / p->s[i];
    if (!p->same && in < wide)
        *out = in - wide + p->s[i] < 0 ? -1 : 0;
    ENSURE(*out >= 0, "Computed output size would be negative: %lld [input_size: %lld, "
           "effective_filter_size: %lld, stride: %lld]", (long long)*out, (long long)in,
           (long long)wide, (long long)p->s[i]);
    int64_t need = (*out - 1) * p->s[i] + wide - in;
    if (p->same && need > 0)
        *pad = need / 2;
    return NULL;
}

static struct status *patches_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    struct patches p;
    int64_t pad;
    TRY(shape_want_rank(x, 4));
    TRY(patches_of(c->node, &p));
    struct shape y = x->rank < 0 ? SHAPE(-1, -1, -1, -1) : *x;
    for (int i = 0; i < 2; i++)
        if (y.dim[1 + i] >= 0)
            TRY(patch_dim(&p, i, y.dim[1 + i], &y.dim[1 + i], &pad));
    ENSURE(y.dim[3] < 0 || (!__builtin_mul_overflow(y.dim[3], p.k[0], &y.dim[3]) &&
                            !__builtin_mul_overflow(y.dim[3], p.k[1], &y.dim[3])),
           "ksizes are too large");
    *shape_out(c, 0) = y;
    return NULL;
}

static struct status *patches_prepare(struct prep *p)
{
    struct patches *s;
    TRY(prep_state(p, sizeof *s, &s));
    return patches_of(p->node, s);
}

/* One place in the window for all windows of an image: a strided move of pixels. */
static struct status *patch_place(struct kernel *k, const struct patches *p, int64_t image,
                                  int64_t row, int64_t column, const int64_t pad[2])
{
    const struct shape *x = &kernel_in(k, 0)->shape, *y = &kernel_out(k, 0)->shape;
    int64_t depth = x->dim[3], at[2] = { row * p->r[0] - pad[0], column * p->r[1] - pad[1] };
    int64_t first[2], count[2], xs[MAX_RANK], ys[MAX_RANK];
    for (int i = 0; i < 2; i++) {       /* windows whose pixel here is inside the image */
        first[i] = at[i] < 0 ? (-at[i] + p->s[i] - 1) / p->s[i] : 0;
        int64_t end = x->dim[1 + i] > at[i] ? (x->dim[1 + i] - at[i] + p->s[i] - 1) / p->s[i] : 0;
        count[i] = (end < y->dim[1 + i] ? end : y->dim[1 + i]) - first[i];
        if (count[i] <= 0)
            return NULL;
        at[i] += first[i] * p->s[i];
    }
    shape_strides(x, xs);
    shape_strides(y, ys);
    struct layout l = { 3, { count[0], count[1], depth }, { ys[1], ys[2], 1 },
                        { xs[1] * p->s[0], xs[2] * p->s[1], 1 } };
    return array_move(k, kernel_out(k, 0),
                      image * ys[0] + first[0] * ys[1] + first[1] * ys[2] +
                      (row * p->k[1] + column) * depth,
                      kernel_in(k, 0), image * xs[0] + at[0] * xs[1] + at[1] * xs[2], &l);
}

static struct status *patches(struct kernel *k)
{
    const struct patches *p = k->state;
    const struct tensor *x = kernel_in(k, 0);
    int64_t pad[2];
    ENSURE(x->shape.rank == 4, "input must be 4-dimensional%s", SHAPE_STR(&x->shape));
    struct shape y = x->shape;
    for (int i = 0; i < 2; i++)
        TRY(patch_dim(p, i, x->shape.dim[1 + i], &y.dim[1 + i], &pad[i]));
    ENSURE(!__builtin_mul_overflow(y.dim[3], p->k[0], &y.dim[3]) &&
           !__builtin_mul_overflow(y.dim[3], p->k[1], &y.dim[3]), "ksizes are too large");
    TRY(kernel_new(k, 0, x->dtype, &y));
    array_zero(kernel_out(k, 0));
    if (shape_count(&y) == 0)
        return NULL;
    for (int64_t image = 0; image < y.dim[0]; image++)
        for (int64_t row = 0; row < p->k[0]; row++)
            for (int64_t column = 0; column < p->k[1]; column++)
                TRY(patch_place(k, p, image, row, column, pad));
    return NULL;
}

/* The patches of an image of numbers say where each pixel of a patch came from; numbers begin at 1
 * so that padding becomes -1, which UnsortedSegmentSum leaves out. */
static void patches_grad(struct grad *g)
{
    const struct node *n = g->node;
    struct out size = grad_shape(g, g->x[0], DT_INT32), one = grad_ints(g, 1);
    struct out flat = grad_vector(g, DT_INT32, (int64_t[]){ -1 }, 1);
    struct out ones = grad_vector(g, DT_INT32, (int64_t[]){ 1 }, 1);
    struct out batch = grad_part(g, size, 0, 1), area = grad_part(g, size, 1, 3);
    struct out depth = grad_part(g, size, 3, 4);
    struct out pixels = grad_two(g, "Prod", area, grad_ints(g, 0));
    struct out number = grad_add(g, "Range", OUTS(one, grad_two(g, "Add", pixels, one), one),
                                 NULL, 0);
    struct out one_image = grad_concat(g, (struct out[]){ ones, area, ones }, 3, grad_ints(g, 0));
    struct out image = grad_reshape(g, number, one_image);
    struct out from = grad_add(g, "ExtractImagePatches", OUTS(image),
                               (struct attr[]){ *node_attr_find(n, "ksizes"),
                                                *node_attr_find(n, "strides"),
                                                *node_attr_find(n, "rates"),
                                                *node_attr_find(n, "padding") }, 4);
    struct out ids = grad_two(g, "Sub", grad_reshape(g, from, flat), one);
    struct out swap = grad_vector(g, DT_INT32, (int64_t[]){ 1, 0, 2 }, 3);
    struct out rows = grad_concat(g, (struct out[]){ batch, flat, depth }, 3, grad_ints(g, 0));
    struct out dy = grad_reshape(g, g->dy[0], rows);
    struct out sum = grad_add(g, "UnsortedSegmentSum",
                              OUTS(grad_two(g, "Transpose", dy, swap), ids, pixels), NULL, 0);
    g->dx[0] = grad_reshape(g, grad_two(g, "Transpose", sum, swap), size);
}

const struct op ops_patches[] = {
    { .name = "ExtractImagePatches", .inputs = "images: T", .outputs = "patches: T",
      .attrs = "ksizes: list(int) >= 4; strides: list(int) >= 4; rates: list(int) >= 4; "
               "T: realnumbertype; padding: {\"SAME\", \"VALID\"}",
      .doc = "Windows of images, the pixels of each side by side in the channels.",
      .shape = patches_shape, .grad = patches_grad, .prepare = patches_prepare,
      .kernel_any = patches },
    { 0 }
};
