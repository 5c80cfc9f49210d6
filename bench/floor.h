/* floor.h - what an op is held against: memory moved, multiplications done, loops in straight C. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stddef.h>

struct floor {
    void (*run)(void *self);            /* what floor_find() gives for the kind */
    size_t in, out;                     /* bytes of all inputs, of all outputs */
    size_t count, last;                 /* elements of the first input, its last dimension */
    double products;                    /* multiplications and additions */
    const float *x, *y;                 /* the first two inputs */
    void *from, *to;                    /* room for max(in, out) bytes each */
};

/* NULL: there is no such kind. "product" and its like are done by `products`, see ops.c. */
void (*floor_find(const char *kind))(void *self);

#endif
