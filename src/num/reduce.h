/* reduce.h - folding dimensions of an array away: sums, products, extremes.
 *
 * A reduction is first brought to its simplest form: dimensions of size one go, neighbours that
 * are alike (both reduced or both kept) become one, so that kept and reduced ones alternate. Then
 * a few loops over rows do all the work, whatever the rank and the axes were. The order in which
 * elements are combined depends on the shape alone, never on how many threads there are.
 */
#ifndef NUM_REDUCE_H
#define NUM_REDUCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fold_kind { FOLD_SUM, FOLD_MEAN, FOLD_PROD, FOLD_MAX, FOLD_MIN, FOLD_SQUARES, FOLD_COUNT };

/* How elements of one type are combined. Accumulators may be of a wider type than elements. */
struct fold {
    size_t x_size, acc_size;                            /* bytes; 0: there is no such fold */
    void (*init)(void *acc, int64_t n);                 /* n accumulators to the unit */
    void (*row)(void *acc, const void *x, int64_t n);   /* one takes in n elements */
    void (*cols)(void *acc, const void *x, int64_t rows, int64_t stride, int64_t n);
                                                        /* each of n takes in its column */
    void (*merge)(void *acc, const void *part, int64_t n);      /* n take in n */
};

enum { REDUCE_RANK = 8 };

struct reduction {
    int n;                          /* dimensions left, kept and reduced in turn */
    int64_t dim[REDUCE_RANK];
    bool last_reduced;
    int64_t outputs, count;         /* how many, and how many elements make one */
};

/* `reduced` has bit i set where dimension i goes; rank is at most REDUCE_RANK. */
void reduce_simplify(struct reduction *r, int rank, const int64_t *dim, unsigned reduced);

/* Bytes that reduce_run() needs besides. */
size_t reduce_scratch(const struct fold *f, const struct reduction *r);

/* acc[outputs] become the folds of x. `threads` as in pool_for(). */
void reduce_run(const struct fold *f, const struct reduction *r, const void *x, void *acc,
                void *scratch, int threads);

/* The folds of float and double for this machine (or as WEFT_ISA names it). */
const struct fold *folds_f32(void);
const struct fold *folds_f64(void);

#endif
