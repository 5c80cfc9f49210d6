/* png.h - PNG files, by libpng, which is loaded when first needed.
 *
 * Pixels lie row by row, channels together: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; of 8 bits, or
 * of 16 in the machine's order. A file is read in two steps, so that the caller makes room for
 * the size that it says; no more is promised than its bytes can hold. Any thread.
 */
#ifndef IO_PNG_H
#define IO_PNG_H

#include "base/status.h"
#include "base/str.h"

#include <stdint.h>

/* Appends the file to `to`. `compression` is zlib's, 0 to 9; -1: as it likes. */
MUST_CHECK struct status *png_encode(const void *pixels, int64_t height, int64_t width,
                                     int channels, int bits, int compression, struct str *to);

struct png_reader;

struct png_size { int64_t height, width; int channels; };

/* `channels` 0: as the file has them. The bytes must outlive the reader. INVALID_ARGUMENT "Invalid
 * PNG header, data size N", "PNG size too large for int: W by H". */
MUST_CHECK struct status *png_open(const void *bytes, size_t n, int channels, int bits,
                                   struct png_reader **r, struct png_size *size);
/* height * width * channels values. INVALID_ARGUMENT "Invalid PNG data, size N". */
MUST_CHECK struct status *png_read(struct png_reader *r, void *pixels);
void png_close(struct png_reader *r);                   /* NULL is fine */

#endif
