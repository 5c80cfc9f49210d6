/* sample_box.c - SampleDistortedBoundingBox and its V2: a window of an image, at random, that
 * covers enough of one of the boxes in it. On TensorFlow's stream: the same windows. */
#include "graph/graph.h"
#include "ops/random.h"

#include <string.h>

struct sample_box {
    struct generator *generator;
    float covered, ratio[2], area[2];
    int64_t attempts;
    bool whole;                         /* without boxes the whole image is one */
};

struct box { int32_t top, left, bottom, right; };

static struct status *read_range(const struct node *n, const char *attr, const char *name,
                                 float range[2])
{
    const struct attr *a = node_attr_find(n, attr);
    ENSURE(a->n == 2, "%s range field must specify 2 dimensions", name);
    range[0] = (float)a->floats[0];
    range[1] = (float)a->floats[1];
    return NULL;
}

static struct status *check_covered(float covered)
{
    ENSURE(covered >= 0, "Min object covered must be non-negative: %g", covered);
    return NULL;
}

static struct status *sample_prepare(struct prep *p)
{
    struct sample_box *s;
    const struct node *n = p->node;
    TRY(random_prepare_bytes(p, sizeof *s, &s));
    TRY(read_range(n, "aspect_ratio_range", "Aspect ratio", s->ratio));
    TRY(read_range(n, "area_range", "Area", s->area));
    s->attempts = node_attr(n, "max_attempts");
    s->whole = node_attr(n, "use_image_if_no_bounding_boxes");
    if (n->n_in == 2)
        s->covered = (float)node_attr_float(n, "min_object_covered");
    TRY(check_covered(s->covered));
    ENSURE(s->ratio[0] > 0 && s->ratio[1] > 0, "Aspect ratio range must be non-negative: [%g, %g]",
           s->ratio[0], s->ratio[1]);
    ENSURE(s->area[0] > 0 && s->area[1] > 0 && s->area[0] <= 1 && s->area[1] <= 1,
           "Area range must be between 0 and 1: [%g, %g]", s->area[0], s->area[1]);
    ENSURE(s->attempts > 0 && s->attempts <= INT32_MAX, "Max attempts must be non-negative: %lld",
           (long long)s->attempts);
    return NULL;
}

/* ---- boxes ---- */

static float area_of(const struct box *b)
{
    return (float)((int64_t)(b->bottom - b->top) * (b->right - b->left));
}

static struct box meet(const struct box *a, const struct box *b)
{
    struct box m = { a->top > b->top ? a->top : b->top, a->left > b->left ? a->left : b->left,
                     a->bottom < b->bottom ? a->bottom : b->bottom,
                     a->right < b->right ? a->right : b->right };
    return m.top > m.bottom || m.left > m.right ? (struct box){ 0 } : m;
}

/* What contains no pixel is neither a window nor an object. */
static bool covers(const struct box *window, float least, const struct box *box, int64_t n)
{
    bool any = false;
    for (int64_t i = 0; i < n && area_of(window) >= 1; i++) {
        struct box m = meet(window, &box[i]);
        float area = area_of(&box[i]);
        any |= area >= 1 && area_of(&m) / area >= least;
    }
    return any;
}

/* ---- windows ---- */

/* 0 <= n - 1, each as likely: words that would favour the small ones are thrown away. */
static int32_t below(struct philox_words *w, uint32_t n)
{
    if ((n & (n - 1)) == 0)
        return (int32_t)(philox_next(w) & (n - 1));
    uint32_t uneven = UINT32_MAX % n + 1, word;
    do
        word = philox_next(w);
    while (word < uneven);
    return (int32_t)(word % n);
}

static int32_t rounded(float v) { return v < 2e9f ? (int32_t)lrintf(v) : 2000000000; }

/* The most rows so that columns, ratio times as many, fit into `width`. */
static int32_t most_rows(float area, float ratio, int32_t width, int32_t height)
{
    int32_t rows = rounded(sqrtf(area / ratio));
    if (rounded((float)rows * ratio) > width) {
        rows = (int32_t)(((float)width + 0.5f - 0.0000001f) / ratio);
        rows -= rounded((float)rows * ratio) > width;
    }
    return rows < height ? rows : height;
}

/* A row more or less where rounding left the area outside its range; false: it stays there. */
static bool choose_size(const float area[2], float ratio, int32_t *rows, int32_t *columns)
{
    *columns = rounded((float)*rows * ratio);
    float now = (float)((int64_t)*rows * *columns);
    if (now < area[0]) {
        *columns = rounded((float)++*rows * ratio);
        now = (float)((int64_t)*rows * *columns);
    }
    if (now > area[1]) {
        *columns = rounded((float)--*rows * ratio);
        now = (float)((int64_t)*rows * *columns);
    }
    return now >= area[0] && now <= area[1];
}

static bool draw_window(const struct sample_box *s, const struct box *image, float ratio,
                        struct philox_words *w, struct box *window)
{
    int32_t height = image->bottom, width = image->right, columns;
    if (height <= 0 || width <= 0 || s->area[0] > s->area[1] || ratio <= 0)
        return false;
    float area[2] = { s->area[0] * (float)width * (float)height,
                      s->area[1] * (float)width * (float)height };
    int32_t rows = rounded(sqrtf(area[0] / ratio));
    int32_t most = most_rows(area[1], ratio, width, height);
    rows = rows < most ? rows + below(w, (uint32_t)(most - rows) + 1) : most;
    if (!choose_size(area, ratio, &rows, &columns) || columns > width || rows > height ||
        columns <= 0 || rows <= 0)
        return false;
    window->top = rows < height ? below(w, (uint32_t)(height - rows)) : 0;
    window->left = columns < width ? below(w, (uint32_t)(width - columns)) : 0;
    window->bottom = window->top + rows;
    window->right = window->left + columns;
    return true;
}

/* The whole image where no attempt succeeded. */
static struct box choose_window(const struct kernel *k, const struct sample_box *s, float covered,
                                const struct box *image, const struct box *box, int64_t n)
{
    struct box window;
    struct philox_words w = philox_words(random_reserve(k, (uint64_t)s->attempts * 4));
    for (int64_t i = 0; i < s->attempts; i++) {
        uint32_t word = philox_next(&w);
        float ratio = unit_f32(&word) * (s->ratio[1] - s->ratio[0]) + s->ratio[0];
        if (draw_window(s, image, ratio, &w, &window) && covers(&window, covered, box, n))
            return window;
    }
    return *image;
}

/* ---- the op ---- */

static struct status *read_image(const struct kernel *k, struct box *image)
{
    const struct tensor *size = kernel_in(k, 0);
    ENSURE(size->shape.rank == 1, "image_size must be 1-dimensional%s", SHAPE_STR(&size->shape));
    ENSURE(size->shape.dim[0] == 3, "image_size must contain 3 elements%s",
           SHAPE_STR(&size->shape));
    int64_t height = tensor_int(size, 0), width = tensor_int(size, 1);
    ENSURE(height >= 0 && height < INT32_MAX, "image height cannot be >= int32 max");
    ENSURE(width >= 0 && width < INT32_MAX, "image width cannot be >= int32 max");
    *image = (struct box){ 0, 0, (int32_t)height, (int32_t)width };
    return NULL;
}

/* Floats round large sizes up. */
static int32_t pixel_of(float part, int32_t size)
{
    float at = part * (float)size;
    return at < (float)size ? (int32_t)at : size;
}

static struct status *read_boxes(struct kernel *k, const struct box *image, struct box **box,
                                 int64_t *n)
{
    const struct tensor *t = kernel_in(k, 1);
    const struct sample_box *s = k->state;
    ENSURE(t->shape.rank == 3, "input boxes must be 3-dimensional [batch, num_boxes, coords]: %s",
           SHAPE_STR(&t->shape));
    ENSURE(t->shape.dim[2] == 4, "bounding boxes must have shape [4] or [*, 4], got %s",
           SHAPE_STR(&t->shape));
    *n = tensor_count(t) / 4;
    TRY(kernel_temp(k, (size_t)(*n + 1) * sizeof **box, box));
    const float *v = t->data;
    for (int64_t i = 0; i < 4 * *n; i++)
        ENSURE(v[i] >= 0 && v[i] <= 1, "All bounding box coordinates must be in [0.0, 1.0]: %g",
               v[i]);
    for (int64_t i = 0; i < *n; i++, v += 4)
        (*box)[i] = (struct box){ pixel_of(v[0], image->bottom), pixel_of(v[1], image->right),
                                  pixel_of(v[2], image->bottom), pixel_of(v[3], image->right) };
    if (*n)
        return NULL;
    ENSURE(s->whole, "No bounding boxes provided as input. One must enable "
           "use_image_if_no_bounding_boxes if you wish to not provide any bounding boxes.");
    (*box)[(*n)++] = *image;
    return NULL;
}

static struct status *put_window(struct kernel *k, const struct box *image, const struct box *w)
{
    enum dtype t = kernel_in(k, 0)->dtype;
    const double all = t == DT_UINT8 ? 255 : -1;        /* of the channels */
    const double begin[] = { w->top, w->left, 0 };
    const double size[] = { w->bottom - w->top, w->right - w->left, all };
    TRY(kernel_new(k, 0, t, &SHAPE(3)));
    TRY(kernel_new(k, 1, t, &SHAPE(3)));
    TRY(kernel_new(k, 2, DT_FLOAT, &SHAPE(1, 1, 4)));
    for (int i = 0; i < 3; i++) {
        tensor_set_double(kernel_out(k, 0), i, begin[i]);
        tensor_set_double(kernel_out(k, 1), i, size[i]);
    }
    const float h = (float)image->bottom, wide = (float)image->right;
    const float box[] = { (float)w->top / h, (float)w->left / wide, (float)w->bottom / h,
                          (float)w->right / wide };
    memcpy(kernel_out(k, 2)->data, box, sizeof box);
    return NULL;
}

static struct status *sample_box(struct kernel *k)
{
    const struct sample_box *s = k->state;
    struct box image, *box;
    int64_t n;
    float covered = s->covered;
    TRY(read_image(k, &image));
    if (k->n_in > 2) {
        const struct tensor *t = kernel_in(k, 2);
        ENSURE(t->shape.rank == 0, "min_object_covered must be 0-D, got shape %s",
               SHAPE_STR(&t->shape));
        covered = *(const float *)t->data;
        TRY(check_covered(covered));
    }
    TRY(read_boxes(k, &image, &box, &n));
    struct box window = choose_window(k, s, covered, &image, box, n);
    return put_window(k, &image, &window);
}

static struct status *sample_shape(struct shape_ctx *c)
{
    const struct shape *size = shape_in(c, 0), *boxes = shape_in(c, 1);
    TRY(shape_want_rank(size, 1));
    TRY(shape_want_rank(boxes, 3));
    if (size->rank == 1)
        TRY(dim_merge(size->dim[0], 3, &(int64_t){ 0 }));
    if (boxes->rank == 3)
        TRY(dim_merge(boxes->dim[2], 4, &(int64_t){ 0 }));
    if (c->n_in > 2)
        TRY(shape_want_rank(shape_in(c, 2), 0));
    *shape_out(c, 0) = *shape_out(c, 1) = SHAPE(3);
    *shape_out(c, 2) = SHAPE(1, 1, 4);
    return NULL;
}

#define RANGES "aspect_ratio_range: list(float) = [0.75, 1.33]; " \
    "area_range: list(float) = [0.05, 1]; max_attempts: int = 100; " \
    "use_image_if_no_bounding_boxes: bool = false"
#define SEEDS "T: {uint8, int8, int16, int32, int64}; seed: int = 0; seed2: int = 0; "
#define SAMPLE .outputs = "begin: T, size: T, bboxes: float", .shape = sample_shape, \
    .grad = NO_GRADIENT, .prepare = sample_prepare, .kernel_any = sample_box, \
    .flags = OP_STATEFUL

const struct op ops_sample_box[] = {
    { .name = "SampleDistortedBoundingBox", SAMPLE,
      .inputs = "image_size: T, bounding_boxes: float",
      .attrs = SEEDS "min_object_covered: float = 0.1; " RANGES,
      .doc = "Where a window of an image begins, how large it is, and as a box: at random, but "
             "over one of the boxes given." },
    { .name = "SampleDistortedBoundingBoxV2", SAMPLE,
      .inputs = "image_size: T, bounding_boxes: float, min_object_covered: float",
      .attrs = SEEDS RANGES,
      .doc = "SampleDistortedBoundingBox that is told how much to cover by an input." },
    { 0 }
};
