/* normal.h - pairs of normal numbers from pairs of random words, by Box and Muller.
 *
 * The numbers are those that libm's logf, sinf and cosf make, to the last bit, whatever the
 * instruction set: they are TensorFlow's, and recorded. Any thread.
 */
#ifndef NUM_NORMAL_H
#define NUM_NORMAL_H

#include <stdint.h>

/* By libm, one pair: y[2] of w[2]. */
void normal_pair(const uint32_t *w, float *y);

/* y[2 n] of w[2 n]. */
void normal_pairs(const uint32_t *w, int n, float *y);

#endif
