/* wav.h - sound as a WAV file of 16-bit numbers. */
#ifndef IO_WAV_H
#define IO_WAV_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* Frame by frame, each of so many channels; numbers from -1 to 1, others are cut. The bytes are the
 * caller's, to mem_free(). */
struct sound { const float *samples; int64_t frames, channels, rate; };
MUST_CHECK struct status *wav_encode(const struct sound *s, void **bytes, size_t *n);

/* Where the numbers of a file lie in its bytes, which are borrowed. */
struct wav { const uint8_t *samples; int64_t frames, channels, rate; };
MUST_CHECK struct status *wav_decode(const void *bytes, size_t n, struct wav *w);

static inline float wav_sample(const struct wav *w, int64_t frame, int64_t channel)
{
    const uint8_t *p = w->samples + 2 * (frame * w->channels + channel);
    return (float)(int16_t)(p[0] | p[1] << 8) / (1 << 15);
}

#endif
