#include "io/wav.h"
#include "base/mem.h"

#include <math.h>
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
