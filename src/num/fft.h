/* fft.h - the door to FFTW, which is loaded when a transform is first wanted.
 *
 * A transform is planned once and kept for who wants the same again (FFTW's planner is one thread's
 * at a time, running is not). Sums are not divided by n. Any thread.
 */
#ifndef NUM_FFT_H
#define NUM_FFT_H

#include "base/status.h"

#include <stdbool.h>

enum fft_kind {
    FFT_FORWARD,        /* complex numbers, exp(-i...) */
    FFT_BACKWARD,       /* ... exp(+i...) */
    FFT_REAL,           /* real numbers to the first n/2 + 1 of the last dimension, forward */
    FFT_HALF            /* back from those, in one dimension; they are overwritten */
};

/* What is transformed: `rank` dimensions n, `many` times at once. FFT_HALF takes these one after
 * another; FFT_FORWARD and FFT_BACKWARD side by side, as columns; FFT_REAL takes one. */
struct fft {
    enum fft_kind kind;
    bool wide;          /* double, else float */
    bool in_place;      /* complex numbers only */
    bool aligned;       /* input and output both lie at multiples of 16 bytes */
    int rank, n[3], many;
};

struct fft_plan;

/* UNAVAILABLE, with the package's name, where there is no FFTW. A plan that was taken is given
 * back; in between it may run in any number of threads. */
MUST_CHECK struct status *fft_take(const struct fft *f, struct fft_plan **plan);
void fft_give(struct fft_plan *plan);
void fft_run(const struct fft_plan *plan, void *in, void *out);

#endif
