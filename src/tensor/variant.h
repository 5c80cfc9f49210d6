/* variant.h - an element of dtype variant: a counted value of a kind that only its own ops know
 * (a dataset, a list of tensors, an optional value).
 *
 * A tensor's element is a `struct variant *`, NULL where it is empty; the tensor's buffer holds one
 * reference to each. A value never changes while more than one holds it, so copies of tensors share
 * it. Any thread.
 */
#ifndef TENSOR_VARIANT_H
#define TENSOR_VARIANT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct variant;

struct variant_kind {
    const char *name;                       /* "dataset" */
    void (*free)(struct variant *v);        /* by the last unref: the value and its memory */
};

struct variant {                            /* what a value's struct begins with */
    const struct variant_kind *kind;
    atomic_int refs;
};

static inline void variant_init(struct variant *v, const struct variant_kind *kind)
{
    v->kind = kind;
    atomic_init(&v->refs, 1);
}

static inline struct variant *variant_ref(struct variant *v)                /* NULL is fine */
{
    if (v)
        atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    return v;
}

static inline void variant_unref(struct variant *v)                         /* NULL is fine */
{
    if (v && atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) == 1)
        v->kind->free(v);
}

static inline bool variant_unique(const struct variant *v)                  /* the only reference */
{
    return atomic_load_explicit(&v->refs, memory_order_acquire) == 1;
}

#endif
