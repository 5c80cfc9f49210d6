/* gif.h - GIF files, by giflib, which is loaded when first needed. Reading only. Any thread. */
#ifndef IO_GIF_H
#define IO_GIF_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct gif;

struct gif_size { int64_t frames, height, width; };

/* Frames are as large as the largest. What is malformed is INVALID_ARGUMENT. */
MUST_CHECK struct status *gif_open(const void *bytes, size_t n, struct gif **g,
                                   struct gif_size *size);
/* frames * height * width * 3 bytes of RGB; what a frame leaves out is the frame's before. */
MUST_CHECK struct status *gif_read(const struct gif *g, unsigned char *pixels);
void gif_close(struct gif *g);                          /* NULL is fine */

#endif
