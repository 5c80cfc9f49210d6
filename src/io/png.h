/* png.h - pixels as a PNG file, by libpng. */
#ifndef IO_PNG_H
#define IO_PNG_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* Rows of `channels` (1 gray, 2 with alpha, 3 RGB, 4 RGBA) numbers of 8 or 16 bits each, those of
 * 16 in the machine's order. `compression` 0 to 9; -1: zlib's default. The bytes are the caller's,
 * to mem_free(). */
struct picture { const void *pixels; int height, width, channels, bits, compression; };
MUST_CHECK struct status *png_encode(const struct picture *p, void **bytes, size_t *n);

#endif
