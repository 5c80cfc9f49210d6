/* boxes.c - boxes in images: NonMaxSuppression, V2 to V5 and WithOverlaps; DrawBoundingBoxes(V2).
 * CombinedNonMaxSuppression, of many classes, stands in boxes_combined.c. */
#include "ops/boxes.h"

#include "ops/array.h"
#include "ops/floats.h"

#include <math.h>
#include <string.h>

/* ---- NonMaxSuppression: boxes and scores, then how many, and the thresholds ---- */

static struct status *suppress_shapes(struct shape_ctx *c, int scalars)
{
    struct shape boxes = SHAPE(-1, 4);
    int64_t n;
    TRY(shape_want_rank(shape_in(c, 0), 2));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    TRY(shape_merge(&boxes, shape_in(c, 0), &boxes));
    if (shape_in(c, 1)->rank == 1)
        TRY(dim_merge(boxes.dim[0], shape_in(c, 1)->dim[0], &n));
    for (int i = 2; i < 2 + scalars; i++)
        TRY(shape_want_rank(shape_in(c, i), 0));
    return NULL;
}

/* A padded output is as long as was asked for. */
static struct status *suppress_shape(struct shape_ctx *c)
{
    const struct tensor *most = shape_in_value(c, 2);
    bool pad = node_attr(c->node, "pad_to_max_output_size");
    TRY(suppress_shapes(c, c->n_in - 2));
    int64_t n = pad && most ? index_at(most, 0) : -1;
    for (int i = 0; i < c->n_out; i++)
        *shape_out(c, i) = SHAPE(n < 0 ? -1 : n);
    if (c->n_out > 1)
        *shape_out(c, c->n_out - 1) = SHAPE_SCALAR;
    return NULL;
}

struct status *boxes_scalar(const struct kernel *k, int i, const char *name, float *v)
{
    const struct tensor *t = kernel_in(k, i);
    ENSURE(t->shape.rank == 0, "%s must be 0-D, got shape %s", name, SHAPE_STR(&t->shape));
    *v = (float)tensor_double(t, 0);
    return NULL;
}

struct status *suppress_room(struct kernel *k, struct suppress *s)
{
    size_t room = (size_t)s->n + 1;
    TRY(kernel_temp(k, room * sizeof *s->heap, &s->heap));
    TRY(kernel_temp(k, room * sizeof *s->picked, &s->picked));
    return kernel_temp(k, room * sizeof *s->picked_score, &s->picked_score);
}

static struct status *suppress_check(struct kernel *k, struct suppress *s)
{
    const struct tensor *boxes = kernel_in(k, 0), *scores = kernel_in(k, 1);
    float number;
    TRY(boxes_scalar(k, 2, "max_output_size", &number));
    ENSURE(s->overlap >= 0 && s->overlap <= 1, "iou_threshold must be in [0, 1]");
    ENSURE(boxes->shape.rank == 2, "boxes must be 2-D%s", SHAPE_STR(&boxes->shape));
    ENSURE(boxes->shape.dim[1] == 4, "boxes must have 4 columns");
    ENSURE(scores->shape.rank == 1, "scores must be 1-D%s", SHAPE_STR(&scores->shape));
    ENSURE(scores->shape.dim[0] == boxes->shape.dim[0], "scores has incompatible shape");
    s->n = boxes->shape.dim[0];
    int64_t asked = index_at(kernel_in(k, 2), 0);
    s->most = asked >= 0 && asked < s->n ? asked : s->n;        /* TF: negative ones take all */
    TRY(floats_in(k, 0, &s->box));
    TRY(floats_in(k, 1, &s->score));
    return suppress_room(k, s);
}

/* Corners may be given in either order. */
static float overlap_of(const float *a, const float *b)
{
    float top[2], left[2], bottom[2], right[2];
    const float *box[2] = { a, b };
    for (int i = 0; i < 2; i++) {
        top[i] = fminf(box[i][0], box[i][2]);
        left[i] = fminf(box[i][1], box[i][3]);
        bottom[i] = fmaxf(box[i][0], box[i][2]);
        right[i] = fmaxf(box[i][1], box[i][3]);
    }
    float area[2] = { (bottom[0] - top[0]) * (right[0] - left[0]),
                      (bottom[1] - top[1]) * (right[1] - left[1]) };
    if (area[0] <= 0 || area[1] <= 0)
        return 0;
    float high = fmaxf(fminf(bottom[0], bottom[1]) - fmaxf(top[0], top[1]), 0);
    float wide = fmaxf(fminf(right[0], right[1]) - fmaxf(left[0], left[1]), 0);
    return high * wide / (area[0] + area[1] - high * wide);
}

/* ---- candidates: a heap, the best score on top; among equals the first ---- */

static bool is_better(const struct candidate *a, const struct candidate *b)
{
    return a->score > b->score || (a->score == b->score && a->box < b->box);
}

static void sift_down(struct candidate *heap, int64_t n, int64_t i)
{
    for (;;) {
        int64_t best = i;
        for (int64_t child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++)
            if (is_better(&heap[child], &heap[best]))
                best = child;
        if (best == i)
            return;
        struct candidate t = heap[i];
        heap[i] = heap[best];
        heap[best] = t;
        i = best;
    }
}

static float overlap_between(const struct suppress *s, int64_t a, int64_t b)
{
    return s->overlaps ? s->overlaps[a * s->n + b] : overlap_of(s->box + 4 * a, s->box + 4 * b);
}

/* The score of a candidate beside what was picked since it was last looked at (`seen`); 0 or less
 * than was asked for: it goes. With a sigma, overlap lowers a score instead of ending it. */
static float reviewed(const struct suppress *s, struct candidate *c)
{
    for (int64_t i = s->n_picked - 1; i >= c->seen; i--) {
        float overlap = overlap_between(s, c->box, s->picked[i]);
        if (s->sigma > 0)
            c->score *= overlap <= s->overlap ? expf(-0.5f / s->sigma * overlap * overlap) : 0;
        else if (overlap > s->overlap)
            return -INFINITY;
        if (s->sigma > 0 && c->score <= s->least)
            break;
    }
    c->seen = s->n_picked;
    return c->score;
}

void suppress_pick(struct suppress *s)
{
    struct candidate *heap = s->heap;
    int64_t n = 0;
    s->n_picked = 0;
    for (int64_t i = 0; i < s->n; i++)
        if (s->score[i] > s->least)
            heap[n++] = (struct candidate){ s->score[i], (int32_t)i, 0 };
    for (int64_t i = n / 2; i-- > 0;)
        sift_down(heap, n, i);
    while (n && s->n_picked < s->most) {
        struct candidate best = heap[0];
        float was = best.score, now = reviewed(s, &best);
        if (now == was) {
            s->picked_score[s->n_picked] = now;
            s->picked[s->n_picked++] = best.box;
        }
        if (now != was && now > s->least)
            heap[0] = best;             /* lower now: back among the others */
        else
            heap[0] = heap[--n];
        sift_down(heap, n, 0);
    }
}

static struct status *put_picked(struct kernel *k, const struct suppress *s, int64_t length)
{
    TRY(kernel_new(k, 0, DT_INT32, &SHAPE(length)));
    array_zero(kernel_out(k, 0));
    memcpy(kernel_out(k, 0)->data, s->picked, (size_t)s->n_picked * sizeof *s->picked);
    return NULL;
}

/* V1 has its threshold in an attribute, the others in an input. */
static struct status *suppress_v1(struct kernel *k)
{
    struct suppress s = { .overlap = *(const float *)k->state, .least = -INFINITY };
    TRY(suppress_check(k, &s));
    suppress_pick(&s);
    return put_picked(k, &s, s.n_picked);
}

static struct status *suppress_v1_prepare(struct prep *p)
{
    float *overlap;
    TRY(prep_state(p, sizeof *overlap, &overlap));
    *overlap = (float)node_attr_float(p->node, "iou_threshold");
    ENSURE(*overlap >= 0 && *overlap <= 1, "iou_threshold must be in [0, 1]");
    return NULL;
}

static struct status *suppress_scored(struct kernel *k, struct suppress *s)
{
    s->least = -INFINITY;
    TRY(boxes_scalar(k, 3, "iou_threshold", &s->overlap));
    if (k->n_in > 4)
        TRY(boxes_scalar(k, 4, "score_threshold", &s->least));
    if (k->n_in > 5)
        TRY(boxes_scalar(k, 5, "soft_nms_sigma", &s->sigma));
    ENSURE(s->sigma >= 0, "soft_nms_sigma_val must be >= 0");
    TRY(suppress_check(k, s));
    suppress_pick(s);
    return NULL;
}

static struct status *suppress_v3(struct kernel *k)
{
    struct suppress s = { 0 };
    TRY(suppress_scored(k, &s));
    return put_picked(k, &s, s.n_picked);
}

static struct status *suppress_pad_prepare(struct prep *p)
{
    bool *pad;
    TRY(prep_state(p, sizeof *pad, &pad));
    *pad = node_attr(p->node, "pad_to_max_output_size");
    return NULL;
}

/* V4 and V5: how many indices are valid comes last, V5's scores between. */
static struct status *suppress_v5(struct kernel *k)
{
    struct suppress s = { 0 };
    enum dtype t = kernel_in(k, 1)->dtype;
    int last = k->node->n_out - 1;
    TRY(suppress_scored(k, &s));
    int64_t asked = index_at(kernel_in(k, 2), 0);
    int64_t length = *(const bool *)k->state && asked > s.n_picked ? asked : s.n_picked;
    TRY(put_picked(k, &s, length));
    if (last > 1) {
        TRY(kernel_new(k, 1, t, &SHAPE(length)));
        array_zero(kernel_out(k, 1));
        for (int64_t i = 0; i < s.n_picked; i++)
            tensor_set_double(kernel_out(k, 1), i, s.picked_score[i]);
    }
    TRY(kernel_new(k, last, DT_INT32, &SHAPE_SCALAR));
    *(int32_t *)kernel_out(k, last)->data = (int32_t)s.n_picked;
    return NULL;
}

/* ---- WithOverlaps: those of all pairs, as a matrix, in the place of the boxes ---- */

static struct status *suppress_overlaps(struct kernel *k)
{
    const struct shape *pairs = &kernel_in(k, 0)->shape, *scores = &kernel_in(k, 1)->shape;
    struct suppress s = { .overlaps = kernel_in(k, 0)->data, .score = kernel_in(k, 1)->data };
    float number;
    TRY(boxes_scalar(k, 2, "max_output_size", &number));
    TRY(boxes_scalar(k, 3, "overlap_threshold", &s.overlap));
    TRY(boxes_scalar(k, 4, "score_threshold", &s.least));
    ENSURE(pairs->rank == 2, "overlaps must be 2-D%s", SHAPE_STR(pairs));
    ENSURE(pairs->dim[0] == pairs->dim[1], "overlaps must be square%s", SHAPE_STR(pairs));
    ENSURE(scores->rank == 1, "scores must be 1-D%s", SHAPE_STR(scores));
    ENSURE(scores->dim[0] == pairs->dim[0], "scores has incompatible shape");
    s.n = scores->dim[0];
    int64_t asked = index_at(kernel_in(k, 2), 0);
    s.most = asked >= 0 && asked < s.n ? asked : s.n;
    TRY(suppress_room(k, &s));
    suppress_pick(&s);
    return put_picked(k, &s, s.n_picked);
}

static struct status *overlaps_shape(struct shape_ctx *c)
{
    const struct shape *pairs = shape_in(c, 0), *scores = shape_in(c, 1);
    int64_t n = -1;
    TRY(shape_want_rank(pairs, 2));
    TRY(shape_want_rank(scores, 1));
    for (int i = 2; i < 5; i++)
        TRY(shape_want_rank(shape_in(c, i), 0));
    if (pairs->rank == 2)
        TRY(dim_merge(pairs->dim[0], pairs->dim[1], &n));
    if (scores->rank == 1)
        TRY(dim_merge(n, scores->dim[0], &n));
    *shape_out(c, 0) = SHAPE(-1);
    return NULL;
}

/* ---- DrawBoundingBoxes ---- */

/* Yellow, blue, red, lime, purple, olive, maroon, navy, aqua, fuchsia. */
static const float palette[][4] = {
    { 1, 1, 0, 1 }, { 0, 0, 1, 1 }, { 1, 0, 0, 1 }, { 0, 1, 0, 1 }, { 0.5f, 0, 0.5f, 1 },
    { 0.5f, 0.5f, 0, 1 }, { 0.5f, 0, 0, 1 }, { 0, 0, 0.5f, 1 }, { 0, 1, 1, 1 }, { 1, 0, 1, 1 },
};
static const float white[4] = { 1, 1, 1, 1 };

struct canvas { void *y; int64_t h, w, depth; };

/* The pixel that a part of a side falls on, rounded toward zero as TensorFlow does; NaN is far
 * outside. */
static int64_t edge_at(float part, int64_t size)
{
    float at = part * (float)(size - 1);
    return at > -1e9f && at < 1e9f ? (int64_t)at : INT64_MIN;
}

static int64_t within(int64_t i, int64_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

static struct status *draw_check(const struct kernel *k)
{
    const struct shape *x = &kernel_in(k, 0)->shape, *boxes = &kernel_in(k, 1)->shape;
    ENSURE(x->rank == 4, "The rank of the images should be 4");
    ENSURE(boxes->rank == 3, "The rank of the boxes tensor should be 3");
    ENSURE(x->dim[0] == boxes->dim[0], "The batch sizes should be the same");
    ENSURE(x->dim[3] == 4 || x->dim[3] == 1 || x->dim[3] == 3, "Channel depth should be either 1 "
           "(GRY), 3 (RGB), or 4 (RGBA)");
    ENSURE(boxes->dim[2] == 4, "The size of the last dimension of boxes must be 4, got %lld",
           (long long)boxes->dim[2]);
    if (k->n_in > 2) {
        const struct shape *colors = &kernel_in(k, 2)->shape;
        ENSURE(colors->rank == 2, "colors must be a 2-D matrix%s", SHAPE_STR(colors));
        ENSURE(colors->dim[0] == 0 || colors->dim[1] >= x->dim[3], "colors must have equal or more "
               "channels than the image provided: %lld vs. %lld", (long long)colors->dim[1],
               (long long)x->dim[3]);
    }
    return NULL;
}

#define EACH "ops/boxes.inc"
#define EACH_SET (SET_F16 | SET_F32)
#include "op/each.h"

static struct status *draw_shape(struct shape_ctx *c)
{
    const struct shape *boxes = shape_in(c, 1);
    TRY(shape_want_rank(shape_in(c, 0), 4));
    TRY(shape_want_rank(boxes, 3));
    if (boxes->rank == 3)
        TRY(dim_merge(boxes->dim[2], 4, &(int64_t){ 0 }));
    if (c->n_in > 2)
        TRY(shape_want_rank(shape_in(c, 2), 2));
    return shape_unchanged(c);
}

#define PICKED .outputs = "selected_indices: int32", .shape = suppress_shape, .grad = NO_GRADIENT
#define DRAWN .outputs = "output: T", .attrs = "T: {float, half} = float", .shape = draw_shape, \
    .grad = NO_GRADIENT, .kernel = KERNELS([DT_HALF] = draw_f16, [DT_FLOAT] = draw_f32)
#define SCORED "boxes: T, scores: T, max_output_size: int32, iou_threshold: "
#define THRESHOLD "T: {half, float} = float; T_threshold: {half, float} = float"

const struct op ops_boxes[] = {
    { .name = "NonMaxSuppression", PICKED,
      .inputs = "boxes: float, scores: float, max_output_size: int32",
      .attrs = "iou_threshold: float = 0.5",
      .doc = "Boxes by falling score, without those that overlap one picked before too much.",
      .prepare = suppress_v1_prepare, .kernel_any = suppress_v1 },
    { .name = "NonMaxSuppressionV2", PICKED, .inputs = SCORED "T_threshold", .attrs = THRESHOLD,
      .doc = "NonMaxSuppression whose threshold is an input.", .kernel_any = suppress_v3 },
    { .name = "NonMaxSuppressionV3", PICKED, .attrs = THRESHOLD,
      .inputs = SCORED "T_threshold, score_threshold: T_threshold",
      .doc = "NonMaxSuppressionV2 of the boxes whose score is above a threshold.",
      .kernel_any = suppress_v3 },
    { .name = "NonMaxSuppressionV4", .inputs = SCORED "T_threshold, score_threshold: T_threshold",
      .outputs = "selected_indices: int32, valid_outputs: int32",
      .attrs = THRESHOLD "; pad_to_max_output_size: bool = false",
      .doc = "NonMaxSuppressionV3 whose output may be padded with 0 to max_output_size, and how "
             "many indices there are.",
      .shape = suppress_shape, .grad = NO_GRADIENT, .prepare = suppress_pad_prepare,
      .kernel_any = suppress_v5 },
    { .name = "NonMaxSuppressionV5", .inputs = SCORED "T, score_threshold: T, soft_nms_sigma: T",
      .outputs = "selected_indices: int32, selected_scores: T, valid_outputs: int32",
      .attrs = "T: {half, float} = float; pad_to_max_output_size: bool = false",
      .doc = "NonMaxSuppressionV4 with scores, which overlap lowers where soft_nms_sigma is not 0.",
      .shape = suppress_shape, .grad = NO_GRADIENT, .prepare = suppress_pad_prepare,
      .kernel_any = suppress_v5 },
    { .name = "NonMaxSuppressionWithOverlaps",
      .inputs = "overlaps: float, scores: float, max_output_size: int32, "
                "overlap_threshold: float, score_threshold: float",
      .outputs = "selected_indices: int32",
      .doc = "NonMaxSuppressionV3 that is given how much each pair of boxes overlaps.",
      .shape = overlaps_shape, .grad = NO_GRADIENT, .kernel_any = suppress_overlaps },
    { .name = "DrawBoundingBoxes", DRAWN, .inputs = "images: T, boxes: float",
      .doc = "Images with the outlines of boxes drawn into them, in ten colors." },
    { .name = "DrawBoundingBoxesV2", DRAWN, .inputs = "images: T, boxes: float, colors: float",
      .doc = "DrawBoundingBoxes in the colors given, if any." },
    { 0 }
};
