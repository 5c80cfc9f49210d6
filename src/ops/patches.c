/* patches.c - ExtractImagePatches and ExtractVolumePatches: windows of images of two and three
 * dimensions as the channels of one pixel each. Images are seen as volumes of one plane. */
#include "ops/array.h"
#include "ops/slide.h"

#include <string.h>

enum { SPACE = 3, PIXEL = SPACE + 1 };      /* planes, rows, columns; in a volume before channels */

struct patches { int rank; int64_t k[SPACE], s[SPACE], r[SPACE]; bool same; };

static int patches_rank(const struct node *n) { return strstr(n->op->name, "Volume") ? 5 : 4; }

static struct status *patch_attr(const struct node *n, const char *name, int64_t v[SPACE])
{
    const struct attr *a = node_attr_find(n, name);
    int rank = patches_rank(n);
    for (int i = 0; i < SPACE; i++)
        v[i] = 1;
    if (!a)                                 /* volumes have no rates */
        return NULL;
    ENSURE(a->n == rank, "%s requires the %s attribute to contain %d values, but got: %d",
           n->op->name, name, rank, a->n);
    ENSURE(a->ints[0] == 1 && a->ints[rank - 1] == 1, "Only support %s across space.", name);
    for (int i = 1; i < rank - 1; i++) {
        ENSURE(a->ints[i] >= 1 && a->ints[i] <= INT32_MAX, "%s must be positive, got %lld", name,
               (long long)a->ints[i]);
        v[i + SPACE - (rank - 1)] = a->ints[i];
    }
    return NULL;
}

static struct status *patches_of(const struct node *n, struct patches *p)
{
    p->rank = patches_rank(n);
    TRY(patch_attr(n, "ksizes", p->k));
    TRY(patch_attr(n, "strides", p->s));
    TRY(patch_attr(n, "rates", p->r));
    p->same = !strcmp(node_attr_string(n, "padding"), "SAME");
    return NULL;
}

static struct shape as_volume(const struct shape *s)
{
    if (s->rank == 5)
        return *s;
    return SHAPE(s->dim[0], 1, s->dim[1], s->dim[2], s->dim[3]);
}

static struct shape as_image(const struct patches *p, const struct shape *s)
{
    if (p->rank == 5)
        return *s;
    return SHAPE(s->dim[0], s->dim[2], s->dim[3], s->dim[4]);
}

/* How deep the patches of so many channels are. */
static struct status *patch_depth(const struct patches *p, int64_t *depth)
{
    for (int i = 0; i < SPACE; i++)
        ENSURE(*depth < 0 || !__builtin_mul_overflow(*depth, p->k[i], depth),
               "ksizes are too large");
    return NULL;
}

static struct status *patches_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    struct patches p;
    TRY(patches_of(c->node, &p));
    TRY(shape_want_rank(x, p.rank));
    struct shape any = shape_of_rank(p.rank), y = as_volume(x->rank < 0 ? &any : x);
    for (int i = 0; i < SPACE; i++)
        TRY(slide_shape(y.dim[1 + i], slide_span(p.k[i], p.r[i]), p.s[i], p.same,
                        &y.dim[1 + i]));
    TRY(patch_depth(&p, &y.dim[PIXEL]));
    *shape_out(c, 0) = as_image(&p, &y);
    return NULL;
}

static struct status *patches_prepare(struct prep *p)
{
    struct patches *s;
    TRY(prep_state(p, sizeof *s, &s));
    return patches_of(p->node, s);
}

/* All windows of one input as volumes of shapes x and y, padded by `before`; of the places in a
 * window those of [first, end) meet the image in one window or another. */
struct windows {
    const struct patches *p;
    struct shape x, y;
    int64_t before[SPACE], first[SPACE], end[SPACE];
};

static int64_t steps(int64_t n, int64_t step) { return n > 0 ? (n + step - 1) / step : 0; }

/* A window may be far larger than what it sees: its other places are padding everywhere. */
static void places_met(struct windows *w, int i)
{
    const struct patches *p = w->p;
    int64_t last = (w->y.dim[1 + i] - 1) * p->s[i];             /* where the last window begins */
    int64_t end = steps(w->before[i] + w->x.dim[1 + i], p->r[i]);
    w->first[i] = steps(w->before[i] - last, p->r[i]);
    w->end[i] = end < p->k[i] ? end : p->k[i];
}

/* One place in the window for all windows of an image: a strided move of pixels. */
static struct status *patch_place(struct kernel *k, const struct windows *w, int64_t image,
                                  const int64_t place[SPACE])
{
    const struct patches *p = w->p;
    int64_t depth = w->x.dim[PIXEL], xs[MAX_RANK], ys[MAX_RANK], number = 0;
    int64_t from = 0, to = 0;
    struct layout l = { PIXEL, { 0, 0, 0, depth }, { 0, 0, 0, 1 }, { 0, 0, 0, 1 } };
    shape_strides(&w->x, xs);
    shape_strides(&w->y, ys);
    for (int i = 0; i < SPACE; i++) {       /* windows whose pixel here is inside the image */
        int64_t at = place[i] * p->r[i] - w->before[i];
        int64_t first = steps(-at, p->s[i]), end = steps(w->x.dim[1 + i] - at, p->s[i]);
        int64_t count = (end < w->y.dim[1 + i] ? end : w->y.dim[1 + i]) - first;
        if (count <= 0)
            return NULL;
        number = number * p->k[i] + place[i];
        l.dim[i] = count;
        l.to[i] = ys[1 + i];
        l.from[i] = xs[1 + i] * p->s[i];
        to += first * ys[1 + i];
        from += (at + first * p->s[i]) * xs[1 + i];
    }
    return array_move(k, kernel_out(k, 0), image * ys[0] + to + number * depth, kernel_in(k, 0),
                      image * xs[0] + from, &l);
}

static struct status *patch_places(struct kernel *k, const struct windows *w, int64_t image)
{
    int64_t at[SPACE];
    for (at[0] = w->first[0]; at[0] < w->end[0]; at[0]++)
        for (at[1] = w->first[1]; at[1] < w->end[1]; at[1]++)
            for (at[2] = w->first[2]; at[2] < w->end[2]; at[2]++)
                TRY(patch_place(k, w, image, at));
    return NULL;
}

static struct status *patches(struct kernel *k)
{
    struct windows w = { .p = k->state };
    const struct tensor *x = kernel_in(k, 0);
    struct slide slide;
    ENSURE(x->shape.rank == w.p->rank, "input must be %d-dimensional%s", w.p->rank,
           SHAPE_STR(&x->shape));
    w.x = w.y = as_volume(&x->shape);
    for (int i = 0; i < SPACE; i++) {
        TRY(slide_over(w.x.dim[1 + i], slide_span(w.p->k[i], w.p->r[i]), w.p->s[i], w.p->same,
                       &slide));
        w.y.dim[1 + i] = slide.out;
        w.before[i] = slide.before;
        places_met(&w, i);
    }
    TRY(patch_depth(w.p, &w.y.dim[PIXEL]));
    struct shape y = as_image(w.p, &w.y);
    TRY(kernel_new(k, 0, x->dtype, &y));
    array_zero(kernel_out(k, 0));
    if (shape_count(&y) == 0)
        return NULL;
    for (int64_t image = 0; image < y.dim[0]; image++)
        TRY(patch_places(k, &w, image));
    return NULL;
}

/* The patches that this node makes, of another image. */
static struct out patches_again(struct grad *g, struct out image)
{
    static const char *const name[] = { "ksizes", "strides", "padding", "rates" };
    struct attr attr[4];
    int n = 0;
    for (int i = 0; i < 4; i++)
        if (node_attr_find(g->node, name[i]))
            attr[n++] = *node_attr_find(g->node, name[i]);
    return grad_add(g, g->node->op->name, OUTS(image), attr, n);
}

/* The patches of an image of numbers say where each pixel of a patch came from; numbers begin at 1
 * so that padding becomes -1, which UnsortedSegmentSum leaves out. */
static void patches_grad(struct grad *g)
{
    const struct node *n = g->node;
    struct out size = grad_shape_of(g, g->x[0], DT_INT32), one = grad_ints(g, 1);
    struct out flat = grad_vector(g, DT_INT32, (int64_t[]){ -1 }, 1);
    struct out ones = grad_vector(g, DT_INT32, (int64_t[]){ 1 }, 1);
    int last = patches_rank(n) - 1;
    struct out batch = grad_part(g, size, 0, 1), area = grad_part(g, size, 1, last);
    struct out depth = grad_part(g, size, last, last + 1);
    struct out pixels = grad2(g, "Prod", area, grad_ints(g, 0));
    struct out number = grad_add(g, "Range", OUTS(one, grad2(g, "Add", pixels, one), one),
                                 NULL, 0);
    struct out one_image = grad_concat(g, (struct out[]){ ones, area, ones }, 3, grad_ints(g, 0));
    struct out image = grad_reshape(g, number, one_image);
    struct out from = patches_again(g, image);
    struct out ids = grad2(g, "Sub", grad_reshape(g, from, flat), one);
    struct out swap = grad_vector(g, DT_INT32, (int64_t[]){ 1, 0, 2 }, 3);
    struct out rows = grad_concat(g, (struct out[]){ batch, flat, depth }, 3, grad_ints(g, 0));
    struct out dy = grad_reshape(g, g->dy[0], rows);
    struct out sum = grad_add(g, "UnsortedSegmentSum",
                              OUTS(grad2(g, "Transpose", dy, swap), ids, pixels), NULL, 0);
    g->dx[0] = grad_reshape(g, grad2(g, "Transpose", sum, swap), size);
}

const struct op ops_patches[] = {
    { .name = "ExtractImagePatches", .inputs = "images: T", .outputs = "patches: T",
      .attrs = "ksizes: list(int) >= 4; strides: list(int) >= 4; rates: list(int) >= 4; "
               "T: realnumbertype; padding: {\"SAME\", \"VALID\"}",
      .doc = "Windows of images, the pixels of each side by side in the channels.",
      .shape = patches_shape, .grad = patches_grad, .prepare = patches_prepare,
      .kernel_any = patches },
    { .name = "ExtractVolumePatches", .inputs = "input: T", .outputs = "patches: T",
      .attrs = "ksizes: list(int) >= 5; strides: list(int) >= 5; T: realnumbertype; "
               "padding: {\"SAME\", \"VALID\"}",
      .doc = "Windows of volumes, the pixels of each side by side in the channels.",
      .shape = patches_shape, .grad = patches_grad, .prepare = patches_prepare,
      .kernel_any = patches },
    { 0 }
};
