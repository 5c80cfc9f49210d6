/* boxes_combined.c - CombinedNonMaxSuppression: for each image of a batch the best boxes of all
 * classes, each class suppressed for itself. */
#include "ops/array.h"
#include "ops/boxes.h"

#include <stdlib.h>
#include <string.h>

struct combined_attrs { bool pad, clip; };

static struct status *combined_prepare(struct prep *p)
{
    struct combined_attrs *a;
    TRY(prep_state(p, sizeof *a, &a));
    a->pad = node_attr(p->node, "pad_per_class");
    a->clip = node_attr(p->node, "clip_boxes");
    return NULL;
}

/* One that was picked, of any class: the best first, among equals the one picked first. */
struct winner { float score; int32_t box, cls; int64_t order; };

struct combined {
    const struct combined_attrs *how;
    int64_t batch, n, owners, classes;  /* owners of boxes: all classes, or each its own */
    int64_t per_class, total;
    struct suppress s;
    float *box, *score;                 /* of one class, side by side */
    struct winner *winner;
    int64_t winners;
};

static struct status *read_count(const struct kernel *k, int i, const char *name, int64_t *v)
{
    float number;
    TRY(boxes_scalar(k, i, name, &number));
    *v = index_at(kernel_in(k, i), 0);
    ENSURE(*v > 0, "%s must be > 0, got %lld", name, (long long)*v);
    return NULL;
}

static struct status *combined_check(const struct kernel *k, struct combined *c)
{
    const struct shape *b = &kernel_in(k, 0)->shape, *s = &kernel_in(k, 1)->shape;
    ENSURE(b->rank == 4, "boxes must be 4-D%s", SHAPE_STR(b));
    ENSURE(s->rank == 3, "scores must be 3-D%s", SHAPE_STR(s));
    ENSURE(b->dim[0] == s->dim[0], "boxes and scores must have same batch size");
    ENSURE(b->dim[3] == 4, "boxes must have 4 columns");
    ENSURE(b->dim[1] == s->dim[1], "scores has incompatible shape");
    ENSURE(b->dim[2] == 1 || b->dim[2] == s->dim[2], "third dimension of boxes must be either 1 or "
           "num classes");
    *c = (struct combined){ .how = k->state, .batch = s->dim[0], .n = s->dim[1],
                            .owners = b->dim[2], .classes = s->dim[2] };
    TRY(read_count(k, 2, "max_size_per_class", &c->per_class));
    TRY(read_count(k, 3, "max_total_size", &c->total));
    TRY(boxes_scalar(k, 4, "iou_threshold", &c->s.overlap));
    TRY(boxes_scalar(k, 5, "score_threshold", &c->s.least));
    ENSURE(c->s.overlap >= 0 && c->s.overlap <= 1, "iou_threshold must be in [0, 1]");
    c->s.n = c->n;
    c->s.most = c->per_class < c->n ? c->per_class : c->n;
    return NULL;
}

static int better_first(const void *a, const void *b)
{
    const struct winner *x = a, *y = b;
    return x->score != y->score ? (x->score < y->score ? 1 : -1)
           : x->order < y->order ? -1 : x->order > y->order;
}

static void pick_class(struct combined *c, const float *boxes, const float *scores, int32_t cls)
{
    int64_t owner = c->owners == 1 ? 0 : cls;
    for (int64_t i = 0; i < c->n; i++) {
        memcpy(c->box + 4 * i, boxes + 4 * (i * c->owners + owner), 4 * sizeof *boxes);
        c->score[i] = scores[i * c->classes + cls];
    }
    suppress_pick(&c->s);
    for (int64_t i = 0; i < c->s.n_picked; i++, c->winners++)
        c->winner[c->winners] = (struct winner){ c->s.picked_score[i], c->s.picked[i], cls,
                                                 c->winners };
}

static float clipped(const struct combined *c, float v)
{
    return !c->how->clip ? v : v < 0 ? 0 : v > 1 ? 1 : v;
}

/* Rows of the outputs for one image; the rest stays zero. */
static void put_image(struct kernel *k, const struct combined *c, int64_t image, int64_t length)
{
    const float *boxes = (const float *)kernel_in(k, 0)->data + image * c->n * c->owners * 4;
    float *box = (float *)kernel_out(k, 0)->data + image * length * 4;
    float *score = (float *)kernel_out(k, 1)->data + image * length;
    float *cls = (float *)kernel_out(k, 2)->data + image * length;
    int64_t n = c->winners < length ? c->winners : length;
    for (int64_t i = 0; i < n; i++) {
        const struct winner *w = &c->winner[i];
        const float *from = boxes + 4 * (w->box * c->owners + (c->owners == 1 ? 0 : w->cls));
        for (int j = 0; j < 4; j++)
            box[4 * i + j] = clipped(c, from[j]);
        score[i] = w->score;
        cls[i] = (float)w->cls;
    }
    ((int32_t *)kernel_out(k, 3)->data)[image] = (int32_t)n;
}

static struct status *combined_room(struct kernel *k, struct combined *c)
{
    int64_t all;
    ENSURE(!__builtin_mul_overflow(c->s.most, c->classes, &all) && all < INT32_MAX,
           "%lld boxes of %lld classes are too many", (long long)c->s.most,
           (long long)c->classes);
    TRY(kernel_temp(k, (size_t)(c->n + 1) * 4 * sizeof *c->box, &c->box));
    TRY(kernel_temp(k, (size_t)(c->n + 1) * sizeof *c->score, &c->score));
    c->s.box = c->box;
    c->s.score = c->score;
    TRY(kernel_temp(k, (size_t)(all + 1) * sizeof *c->winner, &c->winner));
    return suppress_room(k, &c->s);
}

static struct status *combined(struct kernel *k)
{
    struct combined c;
    TRY(combined_check(k, &c));
    int64_t length = c.total, padded;
    if (c.how->pad && !__builtin_mul_overflow(c.per_class, c.classes, &padded) && padded < length)
        length = padded;
    TRY(combined_room(k, &c));
    const struct shape out[] = { SHAPE(c.batch, length, 4), SHAPE(c.batch, length),
                                 SHAPE(c.batch, length), SHAPE(c.batch) };
    for (int i = 0; i < 4; i++) {
        TRY(kernel_new(k, i, i < 3 ? DT_FLOAT : DT_INT32, &out[i]));
        array_zero(kernel_out(k, i));
    }
    for (int64_t image = 0; image < c.batch; image++) {
        c.winners = 0;
        for (int32_t cls = 0; cls < c.classes; cls++)
            pick_class(&c, (const float *)kernel_in(k, 0)->data + image * c.n * c.owners * 4,
                       (const float *)kernel_in(k, 1)->data + image * c.n * c.classes, cls);
        qsort(c.winner, (size_t)c.winners, sizeof *c.winner, better_first);
        put_image(k, &c, image, length);
    }
    return NULL;
}

static int64_t known_count(struct shape_ctx *c, int i)
{
    const struct tensor *t = shape_in_value(c, i);
    return t ? index_at(t, 0) : -1;
}

static struct status *combined_shape(struct shape_ctx *c)
{
    const struct shape *b = shape_in(c, 0), *s = shape_in(c, 1);
    TRY(shape_want_rank(b, 4));
    TRY(shape_want_rank(s, 3));
    for (int i = 2; i < 6; i++)
        TRY(shape_want_rank(shape_in(c, i), 0));
    int64_t batch = b->rank < 0 ? -1 : b->dim[0], n = b->rank < 0 ? -1 : b->dim[1];
    int64_t classes = s->rank < 0 ? -1 : s->dim[2], per_class = known_count(c, 2), all;
    if (s->rank > 0) {
        TRY(dim_merge(batch, s->dim[0], &batch));
        TRY(dim_merge(n, s->dim[1], &n));
    }
    if (b->rank > 0)
        TRY(dim_merge(b->dim[3], 4, &(int64_t){ 0 }));
    int64_t length = known_count(c, 3);
    if (node_attr(c->node, "pad_per_class")) {
        bool known = per_class >= 0 && classes >= 0 && length >= 0 &&
                     !__builtin_mul_overflow(per_class, classes, &all);
        length = known ? (all < length ? all : length) : -1;
    }
    length = length < 0 ? -1 : length;
    *shape_out(c, 0) = SHAPE(batch, length, 4);
    *shape_out(c, 1) = *shape_out(c, 2) = SHAPE(batch, length);
    *shape_out(c, 3) = SHAPE(batch);
    return NULL;
}

const struct op ops_boxes_combined[] = {
    { .name = "CombinedNonMaxSuppression",
      .inputs = "boxes: float, scores: float, max_output_size_per_class: int32, "
                "max_total_size: int32, iou_threshold: float, score_threshold: float",
      .outputs = "nmsed_boxes: float, nmsed_scores: float, nmsed_classes: float, "
                 "valid_detections: int32",
      .attrs = "pad_per_class: bool = false; clip_boxes: bool = true",
      .doc = "The best boxes of each image, of all classes, without those that overlap one of "
             "their class too much.",
      .shape = combined_shape, .grad = NO_GRADIENT, .prepare = combined_prepare,
      .kernel_any = combined, .flags = OP_EXPENSIVE },
    { 0 }
};
