/* summary_media.c - pictures and sound as Summary messages: ImageSummary, AudioSummary,
 * AudioSummaryV2. */
#include "ops/summary.h"
#include "base/half.h"
#include "graph/graph.h"

#include <math.h>

/* The tag of the i-th of at most `most`: the number asked for decides, not how many there are. */
static struct status *tag_of(struct summary *s, const char *base, const char *kind, int64_t most,
                             int64_t i, const char **tag)
{
    NEED(*tag = most > 1 ? arena_printf(&s->arena, "%s/%s/%lld", base, kind, (long long)i)
                : arena_printf(&s->arena, "%s/%s", base, kind));
    return NULL;
}

/* ---- ImageSummary ---- */

struct image_summary { int64_t most; const struct tensor *bad_color; };

static struct status *image_prepare(struct prep *p)
{
    struct image_summary *m;
    TRY(prep_state(p, sizeof *m, &m));
    m->most = node_attr(p->node, "max_images");
    m->bad_color = node_attr_tensor(p->node, "bad_color");
    ENSURE(m->most < INT64_C(1) << 31, "max_images must be < 2^31");
    ENSURE(m->bad_color->dtype == DT_UINT8, "bad_color must be uint8, got %s",
           dtype_name(m->bad_color->dtype));
    ENSURE(m->bad_color->shape.rank == 1, "bad_color must be a vector, got shape %s",
           SHAPE_STR(&m->bad_color->shape));
    return NULL;
}

static struct status *check_images(const struct tensor *x)
{
    const int64_t *d = x->shape.dim;
    ENSURE(x->shape.rank == 4 && (d[3] == 1 || d[3] == 3 || d[3] == 4),
           "Tensor must be 4-D with last dim 1, 3, or 4, not %s", SHAPE_STR(&x->shape));
    ENSURE(d[0] < INT64_C(1) << 31 && d[1] < INT64_C(1) << 31 && d[2] < INT64_C(1) << 31 &&
           d[1] * d[2] < INT64_C(1) << 29, "Tensor too large for summary %s",
           SHAPE_STR(&x->shape));
    ENSURE(d[1] && d[2], "input tensor must have non-zero dims. Found: [%lld, %lld, %lld, %lld].",
           (long long)d[0], (long long)d[1], (long long)d[2], (long long)d[3]);
    return NULL;
}

/* Numbers of one image, from `at` on. */
struct image { const struct tensor *x; int64_t at, pixels, depth; };

static bool is_good(const struct image *m, int64_t pixel)
{
    for (int64_t j = 0; j < m->depth; j++)
        if (!isfinite(tensor_double(m->x, m->at + pixel * m->depth + j)))
            return false;
    return true;
}

static void find_range(const struct image *m, float *least, float *most)
{
    *least = INFINITY;
    *most = -INFINITY;
    for (int64_t i = 0; i < m->pixels * m->depth; i++) {
        if (!is_good(m, i / m->depth))
            continue;
        float v = (float)tensor_double(m->x, m->at + i);
        *least = v < *least ? v : *least;
        *most = v > *most ? v : *most;
    }
}

/* Numbers of both signs lie around 128, others begin at 0; the largest decides. */
static void choose_scale(float least, float most, double *scale, double *offset)
{
    float top = least < 0 ? fmaxf(fabsf(least), fabsf(most)) : most;
    *scale = top < 1e-6f ? 0 : (least < 0 ? 127.0f : 255.0f) / top;
    *offset = least < 0 ? 128 : 0;
}

static uint8_t to_byte(double v) { return (uint8_t)(!(v > 0) ? 0 : v > 255 ? 255 : v); }
static float as_half(float v) { return half_load(half_store(v)); }

/* Scaled in the tensor's own type, step by step: what is rounded there is rounded here. */
static uint8_t scaled(enum dtype t, double v, double scale, double offset)
{
    float product;
    switch (t) {
    case DT_FLOAT:
        product = (float)v * (float)scale;
        return to_byte(product + (float)offset);
    case DT_HALF:
        product = as_half((float)v * as_half((float)scale));
        return to_byte(as_half(product + (float)offset));
    default:
        return to_byte(v * scale + offset);
    }
}

static void normalize(const struct image *m, const uint8_t *bad_color, uint8_t *to)
{
    float least, most;
    double scale, offset;
    find_range(m, &least, &most);
    choose_scale(least, most, &scale, &offset);
    for (int64_t i = 0; i < m->pixels * m->depth; i++)
        to[i] = is_good(m, i / m->depth)
                ? scaled(m->x->dtype, tensor_double(m->x, m->at + i), scale, offset)
                : bad_color[i % m->depth];
}

static struct status *add_image(struct kernel *k, struct summary *s, int64_t i, uint8_t *scratch)
{
    const struct image_summary *state = k->state;
    const struct tensor *x = kernel_in(k, 1);
    int64_t pixels = x->shape.dim[1] * x->shape.dim[2], depth = x->shape.dim[3];
    struct image m = { x, i * pixels * depth, pixels, depth };
    struct picture p = { scratch, x->shape.dim[1], x->shape.dim[2], (int)depth };
    const char *tag;
    if (x->dtype == DT_UINT8)
        p.pixels = (const uint8_t *)x->data + m.at;
    else
        normalize(&m, state->bad_color->data, scratch);
    TRY(tag_of(s, summary_text_in(k, 0), "image", state->most, i, &tag));
    return summary_image(s, tag, &p);
}

static struct status *add_images(struct kernel *k, struct summary *s)
{
    const struct image_summary *state = k->state;
    const struct tensor *x = kernel_in(k, 1);
    const int64_t *d = x->shape.dim;
    uint8_t *scratch;
    ENSURE(summary_is_scalar(kernel_in(k, 0)), "Tags must be a scalar");
    TRY(check_images(x));
    ENSURE(x->dtype == DT_UINT8 || state->bad_color->shape.dim[0] >= d[3],
           "expected depth <= bad_color.size, got depth = %lld, bad_color.size = %lld",
           (long long)d[3], (long long)state->bad_color->shape.dim[0]);
    TRY(kernel_temp(k, (size_t)(d[1] * d[2] * d[3]), &scratch));
    for (int64_t i = 0; i < d[0] && i < state->most; i++)
        TRY(add_image(k, s, i, scratch));
    return NULL;
}

static struct status *image_summary(struct kernel *k)
{
    struct summary s = { 0 };
    return summary_give(k, &s, add_images(k, &s));
}

/* ---- AudioSummary, AudioSummaryV2 ---- */

struct audio_summary { int64_t most; float rate; bool has_rate; };

static struct status *audio_prepare(struct prep *p)
{
    struct audio_summary *m;
    TRY(prep_state(p, sizeof *m, &m));
    m->most = node_attr(p->node, "max_outputs");
    m->has_rate = node_attr_find(p->node, "sample_rate");
    if (m->has_rate)
        m->rate = (float)node_attr_float(p->node, "sample_rate");
    return NULL;
}

static struct status *take_rate(const struct kernel *k, float *rate)
{
    const struct audio_summary *state = k->state;
    *rate = state->rate;
    if (!state->has_rate) {
        ENSURE(summary_is_scalar(kernel_in(k, 2)), "sample_rate must be a scalar");
        *rate = (float)tensor_double(kernel_in(k, 2), 0);
    }
    ENSURE(*rate > 0, "sample_rate must be > 0");
    return NULL;
}

static struct status *add_sounds(struct kernel *k, struct summary *s)
{
    const struct audio_summary *state = k->state;
    const struct tensor *x = kernel_in(k, 1);
    float rate;
    ENSURE(summary_is_scalar(kernel_in(k, 0)), "Tag must be a scalar");
    ENSURE(x->shape.rank == 2 || x->shape.rank == 3, "Tensor must be 3-D or 2-D, got: %s",
           SHAPE_STR(&x->shape));
    TRY(take_rate(k, &rate));
    struct sound sound = { .frames = x->shape.dim[1], .rate = llrintf(rate) ? llrintf(rate) : 1,
                           .channels = x->shape.rank == 2 ? 1 : x->shape.dim[2] };
    for (int64_t i = 0; i < x->shape.dim[0] && i < state->most; i++) {
        const char *tag;
        sound.samples = (const float *)x->data + i * sound.frames * sound.channels;
        TRY(tag_of(s, summary_text_in(k, 0), "audio", state->most, i, &tag));
        TRY(summary_audio(s, tag, &sound, rate));
    }
    return NULL;
}

static struct status *audio_summary(struct kernel *k)
{
    struct summary s = { 0 };
    return summary_give(k, &s, add_sounds(k, &s));
}

/* ---- rows ---- */

const struct op ops_summary_media[] = {
    { .name = "ImageSummary", .inputs = "tag: string, tensor: T", .outputs = "summary: string",
      .attrs = "max_images: int >= 1 = 3; T: {uint8, float, half, double} = float; "
               "bad_color: tensor = uint8{255 0 0 255}",
      .doc = "Pictures as a summary; numbers that are no bytes are scaled, picture by picture.",
      .shape = shape_scalar, .grad = NOT_DIFFERENTIABLE, .prepare = image_prepare,
      .kernel_any = image_summary, .flags = OP_EXPENSIVE },
    { .name = "AudioSummary", .inputs = "tag: string, tensor: float",
      .outputs = "summary: string", .attrs = "sample_rate: float; max_outputs: int >= 1 = 3",
      .doc = "Sound as a summary.", .shape = shape_scalar, .grad = NOT_DIFFERENTIABLE,
      .prepare = audio_prepare, .kernel_any = audio_summary, .flags = OP_EXPENSIVE },
    { .name = "AudioSummaryV2", .inputs = "tag: string, tensor: float, sample_rate: float",
      .outputs = "summary: string", .attrs = "max_outputs: int >= 1 = 3",
      .doc = "Sound as a summary, its rate an input.", .shape = shape_scalar,
      .grad = NOT_DIFFERENTIABLE, .prepare = audio_prepare, .kernel_any = audio_summary,
      .flags = OP_EXPENSIVE },
    { 0 }
};
