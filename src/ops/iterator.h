/* iterator.h - iterators: resources of a session that hold a position in a dataset.
 *
 * Each initialization is a new position. Elements are taken from it one after another, by whoever
 * comes; one that has been replaced goes when nobody takes from it any more.
 */
#ifndef OPS_ITERATOR_H
#define OPS_ITERATOR_H

#include "op/resource.h"
#include "ops/dataset.h"

struct position;

struct iterator {
    struct resource base;
    pthread_mutex_t lock;
    pthread_cond_t changed;             /* `making` */
    struct position *at;                /* NULL: not initialized */
    bool making;                        /* someone computes what dataset it is of (one-shot) */
    int n;                              /* what its elements are; 0: whatever comes */
    enum dtype *dtype;
    struct shape *shape;
};

extern const struct resource_kind ITERATOR;

MUST_CHECK struct status *iterator_in(const struct kernel *k, struct iterator **it);

/* Says what its elements are, or that they are other ones already. */
MUST_CHECK struct status *iterator_declare(struct iterator *it, const struct dataset_types *t);
MUST_CHECK struct status *iterator_check(const struct iterator *it, const struct dataset_types *t);

/* It begins (again), with this dataset. */
MUST_CHECK struct status *iterator_begin(struct iterator *it, struct dataset *d,
                                         struct run_env *env);

/* The next element, as many tensors as n says and of these types: to `out`, or *end. */
MUST_CHECK struct status *iterator_next(struct iterator *it, struct kernel *k, int n,
                                        const enum dtype *dtype, struct tensor *out, bool *end);

#endif
