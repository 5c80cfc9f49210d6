/* wav.h - sound as a WAV file of 16-bit numbers, and back. */
#ifndef IO_WAV_H
#define IO_WAV_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* Frame by frame, each of so many channels; numbers from -1 to 1, others are cut. The bytes are the
 * caller's, to mem_free(). */
struct sound { const float *samples; int64_t frames, channels, rate; };
MUST_CHECK struct status *wav_encode(const struct sound *s, void **bytes, size_t *n);

/* What is in a file: `data` points into it. */
struct wav { const uint8_t *data; uint32_t frames, rate; uint16_t channels; };
MUST_CHECK struct status *wav_open(const void *bytes, size_t n, struct wav *w);
/* The i-th number of all. */
float wav_sample(const struct wav *w, size_t i);

#endif
