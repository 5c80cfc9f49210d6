#include "io/wav.h"
#include "base/mem.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { HEADER = 44, FORMAT = 16, PCM = 1, BITS = 16, BYTES = BITS / 8 };

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

/* ---- decoding ---- */

struct reader { const uint8_t *at, *end; };

static struct status *take(struct reader *r, int bytes, uint32_t *v)
{
    ENSURE(r->end - r->at >= bytes, "Data too short when trying to read value");
    *v = 0;
    for (int i = 0; i < bytes; i++)
        *v |= (uint32_t)r->at[i] << 8 * i;
    r->at += bytes;
    return NULL;
}

static struct status *take_name(struct reader *r, char name[5])
{
    ENSURE(r->end - r->at >= 4, "Data too short when trying to read string");
    memcpy(name, r->at, 4);
    name[4] = 0;
    r->at += 4;
    return NULL;
}

static struct status *want_name(struct reader *r, const char *want)
{
    char name[5];
    TRY(take_name(r, name));
    ENSURE(!strcmp(name, want), "Header mismatch: Expected %s but found %s", want, name);
    return NULL;
}

/* Longer formats have two bytes more, which say nothing. */
static struct status *read_format(struct reader *r, struct wav *w)
{
    uint32_t size, format, channels, rate, per_second, per_frame, bits, rest;
    TRY(take(r, 4, &size));
    ENSURE(size == FORMAT || size == FORMAT + 2, "Bad file size for WAV: Expected 16 or 18, but "
           "got%u", size);
    TRY(take(r, 2, &format));
    ENSURE(format == PCM, "Bad audio format for WAV: Expected 1 (PCM), but got%u", format);
    TRY(take(r, 2, &channels));
    ENSURE(channels > 0, "Bad number of channels for WAV: Expected at least 1, but got 0");
    TRY(take(r, 4, &rate));
    TRY(take(r, 4, &per_second));
    TRY(take(r, 2, &per_frame));
    TRY(take(r, 2, &bits));
    ENSURE(bits == BITS, "Can only read 16-bit WAV files, but received %u", bits);
    ENSURE(per_frame == channels * BYTES, "Bad bytes per sample in WAV header: Expected %u but got "
           "%u", channels * BYTES, per_frame);
    ENSURE(per_second == per_frame * rate, "Bad bytes per second in WAV header: Expected %u but "
           "got %u (sample_rate=%u, bytes_per_sample=%u)", per_frame * rate, per_second, rate,
           per_frame);
    w->channels = channels;
    w->rate = rate;
    return size == FORMAT ? NULL : take(r, 2, &rest);
}

/* Of the chunks that follow, the one that is called "data" counts. */
static struct status *read_chunk(struct reader *r, struct wav *w)
{
    char name[5];
    uint32_t size;
    TRY(take_name(r, name));
    TRY(take(r, 4, &size));
    ENSURE(size <= INT32_MAX, "WAV data chunk '%s' is too large: %u bytes, but the limit is %d",
           name, size, INT32_MAX);
    bool fits = r->end - r->at >= (ptrdiff_t)size;
    if (!strcmp(name, "data")) {
        ENSURE(!w->samples, "More than one data chunk found in WAV");
        ENSURE(fits, "Data too short when trying to read string");
        w->samples = r->at;
        w->frames = size / (w->channels * BYTES);
        size = (uint32_t)(w->frames * w->channels * BYTES);
    }
    r->at = fits ? r->at + size : r->end;
    return NULL;
}

struct status *wav_decode(const void *bytes, size_t n, struct wav *w)
{
    struct reader r = { bytes, (const uint8_t *)bytes + n };
    uint32_t size;
    *w = (struct wav){ 0 };
    TRY(want_name(&r, "RIFF"));
    TRY(take(&r, 4, &size));
    TRY(want_name(&r, "WAVE"));
    TRY(want_name(&r, "fmt "));
    TRY(read_format(&r, w));
    while (r.at < r.end)
        TRY(read_chunk(&r, w));
    ENSURE(w->samples, "No data chunk found in WAV");
    return NULL;
}
