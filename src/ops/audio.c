/* audio.c - sound: DecodeWav, EncodeWav, AudioSpectrogram, and Mfcc, the mel-frequency cepstral
 * coefficients of a spectrogram. */
#include "base/mem.h"
#include "base/pool.h"
#include "io/wav.h"
#include "num/fft.h"
#include "ops/array.h"
#include "tensor/tstring.h"

#include <math.h>
#include <string.h>

/* ---- DecodeWav ---- */

struct decode { int64_t channels, samples; };   /* -1: as the file has them */

static struct status *decode_prepare(struct prep *p)
{
    struct decode *d;
    TRY(prep_state(p, sizeof *d, &d));
    d->channels = node_attr(p->node, "desired_channels");
    d->samples = node_attr(p->node, "desired_samples");
    return NULL;
}

static struct status *decode_shape(struct shape_ctx *c)
{
    int64_t channels = node_attr(c->node, "desired_channels");
    int64_t samples = node_attr(c->node, "desired_samples");
    TRY(shape_want_rank(shape_in(c, 0), 0));
    ENSURE(channels >= -1, "channels must be non-negative, got %lld", (long long)channels);
    ENSURE(samples >= -1, "samples must be non-negative, got %lld", (long long)samples);
    *shape_out(c, 0) = SHAPE(samples, channels);
    *shape_out(c, 1) = SHAPE_SCALAR;
    return NULL;
}

/* More frames than there are are silence, more channels the last one again. */
static struct status *decode_wav(struct kernel *k)
{
    const struct decode *d = k->state;
    const struct tensor *x = kernel_in(k, 0);
    struct wav w;
    ENSURE(x->shape.rank == 0, "contents must be scalar, got shape %s", SHAPE_STR(&x->shape));
    TRY(wav_decode(tstring_data(x->data), tstring_len(x->data), &w));
    int64_t frames = d->samples < 0 ? w.frames : d->samples;
    int64_t channels = d->channels < 0 ? w.channels : d->channels;
    TRY(kernel_new(k, 0, DT_FLOAT, &SHAPE(frames, channels)));
    TRY(kernel_new(k, 1, DT_INT32, &SHAPE_SCALAR));
    *(int32_t *)kernel_out(k, 1)->data = (int32_t)w.rate;
    float *y = kernel_out(k, 0)->data;
    for (int64_t i = 0; i < frames; i++)
        for (int64_t c = 0; c < channels; c++)
            *y++ = i >= w.frames ? 0 : wav_sample(&w, i, c < w.channels ? c : w.channels - 1);
    return NULL;
}

/* ---- EncodeWav ---- */

static struct status *one_rate(const struct kernel *k, int64_t *rate)
{
    const struct tensor *t = kernel_in(k, 1);
    ENSURE(t->shape.rank == 0, "Input sample_rate should be a scalar tensor, got %s instead.",
           SHAPE_STR(&t->shape));
    *rate = *(const int32_t *)t->data;
    return NULL;
}

static struct status *encode_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 2));
    TRY(shape_want_rank(shape_in(c, 1), 0));
    return shape_scalar(c);
}

static struct status *encode_wav(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    void *bytes;
    size_t n;
    ENSURE(x->shape.rank == 2, "audio must be 2-dimensional, got shape %s", SHAPE_STR(&x->shape));
    struct sound s = { x->data, x->shape.dim[0], x->shape.dim[1], 0 };
    TRY(one_rate(k, &s.rate));
    TRY(kernel_new(k, 0, DT_STRING, &SHAPE_SCALAR));
    TRY(wav_encode(&s, &bytes, &n));
    bool set = tstring_set(kernel_out(k, 0)->data, bytes, n);
    mem_free(bytes);
    return set ? NULL : status_no_memory();
}

/* ---- AudioSpectrogram ---- */

enum { LONGEST_WINDOW = 1 << 30 };

/* Windows of `size` numbers, each weighted (Hann) and followed by zeros up to `length`. */
struct windows {
    int64_t size, stride, length;
    bool squared;
    const float *x;
    float *y;
    int64_t channels, count;            /* of windows, in each channel */
    int parts;
    double *hann, *room;                /* for each part: numbers, then their transform */
    const struct fft_plan *plan;
};

static int64_t power_of_two(int64_t n)
{
    int64_t power = 1;
    while (power < n)
        power *= 2;
    return power;
}

static struct status *windows_prepare(struct prep *p)
{
    struct windows *w;
    TRY(prep_state(p, sizeof *w, &w));
    w->size = node_attr(p->node, "window_size");
    w->stride = node_attr(p->node, "stride");
    w->squared = node_attr(p->node, "magnitude_squared");
    ENSURE(w->size >= 2 && w->size <= LONGEST_WINDOW && w->stride >= 1, "Spectrogram "
           "initialization failed for window size %lld and stride %lld", (long long)w->size,
           (long long)w->stride);
    w->length = power_of_two(w->size);
    return NULL;
}

static struct status *windows_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    int64_t size = node_attr(c->node, "window_size"), stride = node_attr(c->node, "stride");
    TRY(shape_want_rank(x, 2));
    ENSURE(size >= 0 && size <= LONGEST_WINDOW, "window_size must be in [0, 2^30], got %lld",
           (long long)size);
    ENSURE(stride > 0, "Divisor must be positive but is %lld", (long long)stride);
    int64_t frames = x->rank < 0 ? -1 : x->dim[0], count = -1;
    if (frames >= 0)
        count = frames < size ? 0 : 1 + (frames - size) / stride;
    *shape_out(c, 0) = SHAPE(x->rank < 0 ? -1 : x->dim[1], count, 1 + power_of_two(size) / 2);
    return NULL;
}

static void transform(const struct windows *w, int64_t i, double *room)
{
    const float *x = w->x + i % w->count * w->stride * w->channels + i / w->count;
    float *y = w->y + i * (w->length / 2 + 1);
    double *z = room + w->length;
    for (int64_t j = 0; j < w->length; j++)
        room[j] = j < w->size ? x[j * w->channels] * w->hann[j] : 0;
    fft_run(w->plan, room, z);
    for (int64_t j = 0; j <= w->length / 2; j++) {
        float power = (float)(z[2 * j] * z[2 * j] + z[2 * j + 1] * z[2 * j + 1]);
        y[j] = w->squared ? power : sqrtf(power);
    }
}

static void some_windows(void *ctx, int64_t begin, int64_t end)
{
    const struct windows *w = ctx;
    int64_t all = w->channels * w->count;
    for (int64_t part = begin; part < end; part++)
        for (int64_t i = all * part / w->parts; i < all * (part + 1) / w->parts; i++)
            transform(w, i, w->room + part * (2 * w->length + 2));
}

static struct status *windows_room(struct kernel *k, struct windows *w)
{
    int threads = k->env->threads ? k->env->threads : pool_threads();
    int64_t all = w->channels * w->count, worth = all * w->length / 4096 + 1;
    w->parts = (int)(worth < threads ? worth : threads);
    size_t each = (size_t)(2 * w->length + 2);
    TRY(kernel_temp(k, each * (size_t)w->parts * sizeof *w->room, &w->room));
    TRY(kernel_temp(k, (size_t)w->size * sizeof *w->hann, &w->hann));
    for (int64_t i = 0; i < w->size; i++)
        w->hann[i] = 0.5 - 0.5 * cos(2 * M_PI * (double)i / (double)w->size);
    return NULL;
}

static struct status *spectrogram(struct kernel *k)
{
    struct windows w = *(const struct windows *)k->state;
    const struct shape *x = &kernel_in(k, 0)->shape;
    struct fft f = { .kind = FFT_REAL, .wide = true, .aligned = true, .rank = 1,
                     .n = { (int)w.length }, .many = 1 };
    struct fft_plan *plan;
    ENSURE(x->rank == 2, "input must be 2-dimensional, got shape %s", SHAPE_STR(x));
    w.x = kernel_in(k, 0)->data;
    w.channels = x->dim[1];
    w.count = x->dim[0] < w.size ? 0 : 1 + (x->dim[0] - w.size) / w.stride;
    TRY(kernel_new(k, 0, DT_FLOAT, &SHAPE(w.channels, w.count, w.length / 2 + 1)));
    w.y = kernel_out(k, 0)->data;
    if (w.channels == 0 || w.count == 0)
        return NULL;
    TRY(windows_room(k, &w));
    TRY(fft_take(&f, &plan));
    w.plan = plan;
    pool_for(w.parts, 1, w.parts, some_windows, &w);
    fft_give(plan);
    return NULL;
}

/* ---- Mfcc ---- */

struct mfcc { double low, high; int64_t bands, coefficients; };

static struct status *mfcc_prepare(struct prep *p)
{
    struct mfcc *m;
    TRY(prep_state(p, sizeof *m, &m));
    m->high = (float)node_attr_float(p->node, "upper_frequency_limit");
    m->low = (float)node_attr_float(p->node, "lower_frequency_limit");
    m->bands = node_attr(p->node, "filterbank_channel_count");
    m->coefficients = node_attr(p->node, "dct_coefficient_count");
    return NULL;
}

static struct status *mfcc_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    int64_t coefficients = node_attr(c->node, "dct_coefficient_count");
    TRY(shape_want_rank(x, 3));
    TRY(shape_want_rank(shape_in(c, 1), 0));
    ENSURE(coefficients >= 0, "dct_coefficient_count must be non-negative, got %lld",
           (long long)coefficients);
    *shape_out(c, 0) = SHAPE(x->rank < 0 ? -1 : x->dim[0], x->rank < 0 ? -1 : x->dim[1],
                             coefficients);
    return NULL;
}

static double to_mel(double hertz) { return 1127 * log1p(hertz / 700); }

/* Triangles of equal width on the mel scale, each from the middle of the one before to the middle
 * of the next. Bin i of [first, last] adds `share` of itself to its band and the rest to the next;
 * band -1 is none. */
struct bank {
    const struct mfcc *how;
    int64_t bins, first, last;
    double *share, *cosine, *band;      /* band: room for each frame's */
    int64_t *band_of;
    const float *x;
    float *y;
};

static struct status *bank_check(const struct mfcc *m, int64_t bins, int64_t rate)
{
    bool good = m->bands >= 1 && rate > 0 && bins >= 2 && m->low >= 0 && m->high > m->low &&
                m->coefficients >= 1 && m->coefficients <= m->bands &&
                m->bands <= INT32_MAX && m->high < 1e9;
    ENSURE(good, "Mfcc initialization failed for channel count %lld, sample rate %lld, and "
           "filterbank_channel_count %lld", (long long)bins, (long long)rate,
           (long long)m->bands);
    return NULL;
}

static void bank_fill(struct bank *b, int64_t rate)
{
    const struct mfcc *m = b->how;
    double low = to_mel(m->low), width = (to_mel(m->high) - low) / (double)(m->bands + 1);
    double hertz = 0.5 * (double)rate / (double)(b->bins - 1);
    b->first = (int64_t)fmin(1.5 + m->low / hertz, (double)b->bins);
    b->last = (int64_t)fmin(m->high / hertz, (double)b->bins);
    for (int64_t i = b->first, next = 0; i <= b->last && i < b->bins; i++) {
        double mel = to_mel((double)i * hertz);
        while (next < m->bands && low + width * (double)(next + 1) < mel)
            next++;
        b->band_of[i] = next - 1;
        b->share[i] = (low + width * (double)(next + 1) - mel) / width;
    }
    for (int64_t i = 0; i < m->coefficients; i++)
        for (int64_t j = 0; j < m->bands; j++)
            b->cosine[i * m->bands + j] = sqrt(2.0 / (double)m->bands) *
                                          cos(M_PI / (double)m->bands * (double)i * (j + 0.5));
}

/* TF: where the upper limit lies beyond the spectrum, all is 0. */
static void bank_frame(const struct bank *b, const float *x, double *band, float *y)
{
    const struct mfcc *m = b->how;
    int64_t bands = b->last < b->bins ? m->bands : 0;
    memset(band, 0, (size_t)bands * sizeof *band);
    for (int64_t i = b->first; i <= b->last && bands; i++) {
        double all = sqrt(x[i]), part = all * b->share[i];
        int64_t at = b->band_of[i];
        if (at >= 0)
            band[at] += part;
        if (at + 1 < bands)
            band[at + 1] += all - part;
    }
    for (int64_t j = 0; j < bands; j++)
        band[j] = log(band[j] < 1e-12 ? 1e-12 : band[j]);
    for (int64_t i = 0; i < m->coefficients; i++) {
        double sum = 0;
        for (int64_t j = 0; j < bands; j++)
            sum += b->cosine[i * m->bands + j] * band[j];
        y[i] = (float)sum;
    }
}

static void some_frames(void *ctx, int64_t begin, int64_t end)
{
    const struct bank *b = ctx;
    for (int64_t i = begin; i < end; i++)
        bank_frame(b, b->x + i * b->bins, b->band + i * b->how->bands,
                   b->y + i * b->how->coefficients);
}

static struct status *bank_room(struct kernel *k, struct bank *b, int64_t frames)
{
    const struct mfcc *m = b->how;
    int64_t bands, cosines;
    ENSURE(!__builtin_mul_overflow(frames, m->bands * 8, &bands) &&
           !__builtin_mul_overflow(m->coefficients, m->bands * 8, &cosines),
           "%lld frames of %lld bands are too many", (long long)frames, (long long)m->bands);
    TRY(kernel_temp(k, (size_t)bands + 1, &b->band));
    TRY(kernel_temp(k, (size_t)cosines, &b->cosine));
    TRY(kernel_temp(k, (size_t)b->bins * sizeof *b->share, &b->share));
    return kernel_temp(k, (size_t)b->bins * sizeof *b->band_of, &b->band_of);
}

static struct status *mfcc(struct kernel *k)
{
    const struct shape *x = &kernel_in(k, 0)->shape;
    struct bank b = { .how = k->state, .x = kernel_in(k, 0)->data };
    int64_t rate;
    ENSURE(x->rank == 3, "spectrogram must be 3-dimensional, got shape %s", SHAPE_STR(x));
    TRY(one_rate(k, &rate));
    b.bins = x->dim[2];
    TRY(bank_check(b.how, b.bins, rate));
    TRY(kernel_new(k, 0, DT_FLOAT, &SHAPE(x->dim[0], x->dim[1], b.how->coefficients)));
    if (!shape_count(x))                /* there may be no memory for as many bins */
        return NULL;
    TRY(bank_room(k, &b, x->dim[0] * x->dim[1]));
    b.y = kernel_out(k, 0)->data;
    bank_fill(&b, rate);
    pool_for(x->dim[0] * x->dim[1], 1 + 65536 / (b.bins + b.how->bands * b.how->coefficients),
             k->env->threads, some_frames, &b);
    return NULL;
}

const struct op ops_audio[] = {
    { .name = "DecodeWav", .inputs = "contents: string",
      .outputs = "audio: float, sample_rate: int32",
      .attrs = "desired_channels: int = -1; desired_samples: int = -1",
      .doc = "The numbers of a WAV file of 16 bits, from -1 to 1: a row a frame.",
      .shape = decode_shape, .grad = NO_GRADIENT, .prepare = decode_prepare,
      .kernel_any = decode_wav },
    { .name = "EncodeWav", .inputs = "audio: float, sample_rate: int32",
      .outputs = "contents: string", .doc = "A WAV file of 16 bits, of numbers from -1 to 1.",
      .shape = encode_shape, .grad = NO_GRADIENT, .kernel_any = encode_wav },
    { .name = "AudioSpectrogram", .inputs = "input: float", .outputs = "spectrogram: float",
      .attrs = "window_size: int; stride: int; magnitude_squared: bool = false",
      .doc = "How strong each frequency is in windows of each channel.",
      .shape = windows_shape, .grad = NO_GRADIENT, .prepare = windows_prepare,
      .kernel_any = spectrogram, .flags = OP_EXPENSIVE },
    { .name = "Mfcc", .inputs = "spectrogram: float, sample_rate: int32",
      .outputs = "output: float",
      .attrs = "upper_frequency_limit: float = 4000; lower_frequency_limit: float = 20; "
               "filterbank_channel_count: int = 40; dct_coefficient_count: int = 13",
      .doc = "A cosine transform of the logarithms of a spectrogram, in bands of the mel scale.",
      .shape = mfcc_shape, .grad = NO_GRADIENT, .prepare = mfcc_prepare, .kernel_any = mfcc,
      .flags = OP_EXPENSIVE },
    { 0 }
};
