/* glimpse.c - ExtractGlimpse: a window of each image about a point. What lies outside the image is
 * noise, drawn from a stream that is always the same. */
#include "ops/array.h"
#include "ops/random.h"

#include <string.h>

struct glimpse { bool centered, normalized, uniform, zero; };

static struct status *glimpse_prepare(struct prep *p)
{
    struct glimpse *s;
    TRY(prep_state(p, sizeof *s, &s));
    s->centered = node_attr(p->node, "centered");
    s->normalized = node_attr(p->node, "normalized");
    s->uniform = node_attr(p->node, "uniform_noise");
    /* TF: "uniform", the default, leaves it to uniform_noise. */
    const char *noise = node_attr_string(p->node, "noise");
    bool asked = strcmp(noise, "uniform");
    s->zero = !strcmp(noise, "zero");
    ENSURE(!asked || s->zero || !strcmp(noise, "gaussian"), "noise must be uniform, gaussian or "
           "zero, got %s", noise);
    ENSURE(!asked || !s->uniform, "The uniform_noise and noise should not be specified at the same "
           "time");
    return NULL;
}

static struct status *glimpse_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0), *at = shape_in(c, 2);
    const struct tensor *size = shape_in_value(c, 1);
    struct shape two = SHAPE(2), offsets = SHAPE(-1, 2);
    TRY(shape_want_rank(x, 4));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    TRY(shape_merge(&two, shape_in(c, 1), &two));
    TRY(shape_want_rank(at, 2));
    TRY(shape_merge(&offsets, at, &offsets));
    if (x->rank == 4)
        TRY(dim_merge(offsets.dim[0], x->dim[0], &offsets.dim[0]));
    *shape_out(c, 0) = SHAPE(offsets.dim[0], size ? index_at(size, 0) : -1,
                             size ? index_at(size, 1) : -1, x->rank < 0 ? -1 : x->dim[3]);
    return NULL;
}

static struct status *glimpse_check(const struct kernel *k)
{
    const struct shape *x = &kernel_in(k, 0)->shape, *at = &kernel_in(k, 2)->shape;
    const struct tensor *size = kernel_in(k, 1);
    ENSURE(x->rank == 4, "input must be a vector of images (a 4-D tensor): %s", SHAPE_STR(x));
    ENSURE(size->shape.rank == 1 && size->shape.dim[0] == 2, "input must be a vector of size 2, "
           "but is %s", SHAPE_STR(&size->shape));
    ENSURE(index_at(size, 0) > 0 && index_at(size, 1) > 0, "size must be positive, got %lld x %lld",
           (long long)index_at(size, 0), (long long)index_at(size, 1));
    ENSURE(at->rank == 2 && at->dim[1] == 2, "offsets must be a matrix of 2 columns: %s",
           SHAPE_STR(at));
    ENSURE(at->dim[0] == x->dim[0], "offsets should have as many rows as there are images: %lld "
           "vs. %lld", (long long)at->dim[0], (long long)x->dim[0]);
    return NULL;
}

/* Where a window begins along one dimension, rounded toward zero; what is no number is far out. */
static int64_t glimpse_begin(const struct glimpse *s, float offset, int64_t in, int64_t out)
{
    float at = s->normalized ? offset * (float)in : offset;
    if (s->centered)
        at = at / 2 + (float)in / 2 - (float)out / 2;
    return at > -1e9f && at < 1e9f ? (int64_t)at : -out - 1000000000;
}

/* The values of one channel of an image: its range, or mean and deviation. */
static void channel_noise(const float *x, int64_t n, int64_t depth, bool uniform, float by[2])
{
    float least = INFINITY, most = -INFINITY;
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n * depth; i += depth) {
        least = fminf(least, x[i]);
        most = fmaxf(most, x[i]);
        sum += x[i];
        squares += (double)x[i] * x[i];
    }
    double mean = sum / (double)n, variance = squares / (double)n - mean * mean;
    by[0] = uniform ? least : (float)mean;
    by[1] = uniform ? most - least : (float)sqrt(variance > 0 ? variance : 0);
}

static void fill_noise(const float *x, int64_t pixels, int64_t depth, bool uniform,
                       struct philox_words *w, float *y, int64_t n)
{
    for (int64_t c = 0; c < depth; c++) {
        float by[2] = { 0, 0 };
        if (pixels)
            channel_noise(x + c, pixels, depth, uniform, by);
        for (int64_t i = c; i < n * depth; i += depth) {
            uint32_t word[2] = { philox_next(w) };
            word[1] = philox_next(w);
            float pair[2] = { unit_f32(word), 0 };
            if (!uniform)
                normal_pair(word, pair);
            y[i] = by[0] + by[1] * pair[0];
        }
    }
}

/* The part of a window [begin, begin + size) that is inside of an image of `in`. */
struct part { int64_t from, to, count; };

static struct part inside(int64_t begin, int64_t size, int64_t in)
{
    int64_t from = begin < 0 ? 0 : begin, end = begin + size < in ? begin + size : in;
    return (struct part){ from, from - begin, end > from ? end - from : 0 };
}

static struct status *glimpse_one(struct kernel *k, int64_t image, struct philox_words *noise)
{
    const struct glimpse *s = k->state;
    const struct shape *x = &kernel_in(k, 0)->shape, *y = &kernel_out(k, 0)->shape;
    const float *offset = (const float *)kernel_in(k, 2)->data + 2 * image;
    int64_t from[MAX_RANK], to[MAX_RANK];
    struct part part[2];
    for (int i = 0; i < 2; i++)
        part[i] = inside(glimpse_begin(s, offset[i], x->dim[1 + i], y->dim[1 + i]),
                         y->dim[1 + i], x->dim[1 + i]);
    shape_strides(x, from);
    shape_strides(y, to);
    if (!s->zero && (part[0].count < y->dim[1] || part[1].count < y->dim[2]))
        fill_noise((const float *)kernel_in(k, 0)->data + image * from[0], x->dim[1] * x->dim[2],
                   x->dim[3], s->uniform, noise,
                   (float *)kernel_out(k, 0)->data + image * to[0], y->dim[1] * y->dim[2]);
    struct layout l = { 3, { part[0].count, part[1].count, x->dim[3] }, { to[1], to[2], 1 },
                        { from[1], from[2], 1 } };
    return array_move(k, kernel_out(k, 0),
                      image * to[0] + part[0].to * to[1] + part[1].to * to[2], kernel_in(k, 0),
                      image * from[0] + part[0].from * from[1] + part[1].from * from[2], &l);
}

static struct status *glimpse(struct kernel *k)
{
    const struct shape *x = &kernel_in(k, 0)->shape;
    struct philox_words noise = philox_words(philox_seed(1, 1));
    TRY(glimpse_check(k));
    TRY(kernel_new(k, 0, DT_FLOAT, &SHAPE(x->dim[0], index_at(kernel_in(k, 1), 0),
                                          index_at(kernel_in(k, 1), 1), x->dim[3])));
    if (((const struct glimpse *)k->state)->zero)
        array_zero(kernel_out(k, 0));
    for (int64_t i = 0; i < x->dim[0] && tensor_count(kernel_out(k, 0)); i++)
        TRY(glimpse_one(k, i, &noise));
    return NULL;
}

const struct op ops_glimpse[] = {
    { .name = "ExtractGlimpse", .inputs = "input: float, size: int32, offsets: float",
      .outputs = "glimpse: float",
      .attrs = "centered: bool = true; normalized: bool = true; uniform_noise: bool = true; "
               "noise: string = \"uniform\"",
      .doc = "A window of each image about the point that offsets name, noise where there is no "
             "image.",
      .shape = glimpse_shape, .grad = NO_GRADIENT, .prepare = glimpse_prepare,
      .kernel_any = glimpse },
    { 0 }
};
