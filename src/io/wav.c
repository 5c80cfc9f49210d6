#include "io/wav.h"
#include "base/mem.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { HEADER = 44, FORMAT = 16, PCM = 1, BITS = 16, BYTES = BITS / 8 };

/* ---- writing ---- */

static uint8_t *put(uint8_t *to, uint32_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (uint8_t)(v >> 8 * i);
    return to + bytes;
}

static uint8_t *put_name(uint8_t *to, const char *name)
{
    memcpy(to, name, 4);
    return to + 4;
}

static void put_header(uint8_t *to, const struct sound *s, uint32_t data)
{
    to = put_name(to, "RIFF");
    to = put(to, HEADER + data - 8, 4);
    to = put_name(to, "WAVE");
    to = put_name(to, "fmt ");
    to = put(to, FORMAT, 4);
    to = put(to, PCM, 2);
    to = put(to, (uint32_t)s->channels, 2);
    to = put(to, (uint32_t)s->rate, 4);
    to = put(to, (uint32_t)(s->rate * s->channels * BYTES), 4);
    to = put(to, (uint32_t)(s->channels * BYTES), 2);
    to = put(to, BITS, 2);
    to = put_name(to, "data");
    put(to, data, 4);
}

/* Halves are rounded away from zero; what is no number is the least one. */
static int16_t narrow(float v)
{
    v = roundf(v * (1 << 15));
    return !(v > INT16_MIN) ? INT16_MIN : v > INT16_MAX ? INT16_MAX : (int16_t)v;
}

static struct status *check(const struct sound *s)
{
    ENSURE(s->rate > 0 && s->rate <= UINT32_MAX, "sample_rate must be in (0, 2^32), got: %lld",
           (long long)s->rate);
    ENSURE(s->channels > 0 && s->channels <= UINT16_MAX,
           "num_channels must be in (0, 2^16), got: %lld", (long long)s->channels);
    ENSURE(s->frames > 0, "num_frames must be positive.");
    ENSURE(s->frames <= (UINT32_MAX - HEADER) / (s->channels * BYTES),
           "Provided channels and frames cannot be encoded as a WAV.");
    return NULL;
}

struct status *wav_encode(const struct sound *s, void **bytes, size_t *n)
{
    TRY(check(s));
    size_t samples = (size_t)(s->frames * s->channels);
    uint8_t *to = *bytes = mem_alloc(*n = HEADER + samples * BYTES);
    NEED(to);
    put_header(to, s, (uint32_t)(samples * BYTES));
    for (size_t i = 0; i < samples; i++)
        put(to + HEADER + i * BYTES, (uint16_t)narrow(s->samples[i]), BYTES);
    return NULL;
}

/* ---- reading ---- */

struct walk { const uint8_t *at, *end; };

/* So many bytes of the file, if it has them. */
static struct status *take(struct walk *w, uint32_t n, const uint8_t **p)
{
    ENSURE((size_t)(w->end - w->at) >= n, "Data too short when trying to read string");
    *p = w->at;
    w->at += n;
    return NULL;
}

static uint32_t get(const uint8_t *p, int bytes)
{
    uint32_t v = 0;
    for (int i = 0; i < bytes; i++)
        v |= (uint32_t)p[i] << 8 * i;
    return v;
}

static struct status *take_number(struct walk *w, int bytes, uint32_t *v)
{
    const uint8_t *p;
    TRY(take(w, (uint32_t)bytes, &p));
    *v = get(p, bytes);
    return NULL;
}

static struct status *expect(struct walk *w, const char *name)
{
    const uint8_t *p;
    TRY(take(w, 4, &p));
    ENSURE(!memcmp(p, name, 4), "Header mismatch: Expected %s but found %.4s", name, p);
    return NULL;
}

struct format { uint32_t size, audio, channels, rate, per_second, per_frame, bits; };

static struct status *take_format(struct walk *w, struct format *f)
{
    TRY(take_number(w, 4, &f->size));
    TRY(take_number(w, 2, &f->audio));
    TRY(take_number(w, 2, &f->channels));
    TRY(take_number(w, 4, &f->rate));
    TRY(take_number(w, 4, &f->per_second));
    TRY(take_number(w, 2, &f->per_frame));
    return take_number(w, 2, &f->bits);
}

static struct status *check_format(const struct format *f)
{
    ENSURE(f->size == FORMAT || f->size == FORMAT + 2,
           "Bad format chunk size for WAV: Expected 16 or 18, but got%u", f->size);
    ENSURE(f->audio == PCM, "Bad audio format for WAV: Expected 1 (PCM), but got%u", f->audio);
    ENSURE(f->bits == BITS, "Can only read 16-bit WAV files, but received %u", f->bits);
    ENSURE(f->channels > 0, "Bad number of channels for WAV: Expected at least 1, but got 0");
    ENSURE(f->per_frame == BYTES * f->channels,
           "Bad bytes per sample in WAV header: Expected %u but got %u", BYTES * f->channels,
           f->per_frame);
    ENSURE(f->per_second == f->per_frame * f->rate,
           "Bad bytes per second in WAV header: Expected %u but got %u (sample_rate=%u, "
           "bytes_per_sample=%u)", f->per_frame * f->rate, f->per_second, f->rate, f->per_frame);
    return NULL;
}

/* Chunks up to the numbers; others are passed over. */
static struct status *take_data(struct walk *w, struct wav *to)
{
    bool found = false;
    while (!found) {
        const uint8_t *name, *data;
        uint32_t size;
        TRY(take(w, 4, &name));
        TRY(take_number(w, 4, &size));
        found = !memcmp(name, "data", 4);
        TRY(take(w, size, &data));
        to->data = data;
        to->frames = size / (uint32_t)(BYTES * to->channels);
    }
    return NULL;
}

struct status *wav_open(const void *bytes, size_t n, struct wav *to)
{
    struct walk w = { bytes, (const uint8_t *)bytes + n };
    struct format f;
    uint32_t size, skipped;
    TRY(expect(&w, "RIFF"));
    TRY(take_number(&w, 4, &size));
    TRY(expect(&w, "WAVE"));
    TRY(expect(&w, "fmt "));
    TRY(take_format(&w, &f));
    TRY(check_format(&f));
    if (f.size == FORMAT + 2)
        TRY(take_number(&w, 2, &skipped));
    *to = (struct wav){ .rate = f.rate, .channels = (uint16_t)f.channels };
    return take_data(&w, to);
}

float wav_sample(const struct wav *w, size_t i)
{
    return (float)(int16_t)get(w->data + i * BYTES, BYTES) * (1.0f / (1 << 15));
}
