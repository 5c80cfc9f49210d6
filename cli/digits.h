/* digits.h - images of handwritten digits, 28x28 grey values from 0 to 1, with their labels. */
#ifndef CLI_DIGITS_H
#define CLI_DIGITS_H

#include <stdbool.h>
#include <stdint.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE };

struct digits { int n; float *image; int32_t *label; };

/* MNIST's idx files in `dir`, gzipped or not: "train" or "t10k". On failure a line on standard
 * error and false. digits_free() afterwards. */
bool digits_read(const char *dir, const char *set, struct digits *d);

/* Digits drawn here: strokes with random slant, scale, place, thickness and noise. The same seed
 * gives the same digits on any machine. False: no memory. */
bool digits_draw(int n, uint64_t seed, struct digits *d);

void digits_free(struct digits *d);

#endif
