/* jpeg.h - JPEG files, by libjpeg-turbo, which is loaded when first needed.
 *
 * Pixels lie row by row, 1 (grey) or 3 (RGB) bytes each. A file is read in two steps, so that the
 * caller makes room for the size that it says; no more is promised than its bytes can hold. Any
 * thread.
 */
#ifndef IO_JPEG_H
#define IO_JPEG_H

#include "base/status.h"
#include "base/str.h"

#include <stdint.h>

struct jpeg_size { int64_t height, width; int channels; };

struct jpeg_decoding {
    int channels;               /* 0: as the file has them */
    int ratio;                  /* 1, 2, 4 or 8: made smaller by that */
    bool smooth;                /* chroma is interpolated */
    bool accurate;              /* the slow transform */
    bool recover;               /* what is missing at the end is grey */
    double fraction;            /* of the rows: enough where an error ends them */
};

struct jpeg_reader;

/* The bytes must outlive the reader. A malformed file is INVALID_ARGUMENT, the text libjpeg's. */
MUST_CHECK struct status *jpeg_open(const void *bytes, size_t n, const struct jpeg_decoding *d,
                                    struct jpeg_reader **r, struct jpeg_size *size);
/* A window of the image, which lies in it: height * width * channels bytes. */
MUST_CHECK struct status *jpeg_read(struct jpeg_reader *r, int64_t y, int64_t x, int64_t height,
                                    int64_t width, unsigned char *pixels);
void jpeg_close(struct jpeg_reader *r);                 /* NULL is fine */

/* The size of the image in a file, whose rows are not looked at. */
MUST_CHECK struct status *jpeg_measure(const void *bytes, size_t n, struct jpeg_size *size);

struct jpeg_encoding {
    int quality;                /* 0 to 100 */
    bool progressive, optimize, downsample;
    bool per_cm;                /* density: else dots per inch */
    int x_density, y_density;
    const char *xmp;            /* metadata; "": none */
    size_t n_xmp;
};

/* Appends the file to `to`. */
MUST_CHECK struct status *jpeg_encode(const unsigned char *pixels, const struct jpeg_size *size,
                                      const struct jpeg_encoding *e, struct str *to);

#endif
