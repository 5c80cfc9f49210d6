/* buffer.h - counted bytes, and the pool that recycles them.
 *
 * Fresh pages cost more than most kernels, so a session keeps what its runs
 * release, by size class, until the session closes. A buffer may outlive the
 * pool it came from: the pool's memory goes with its last buffer. Any thread.
 */
#ifndef TENSOR_BUFFER_H
#define TENSOR_BUFFER_H

#include "tensor/dtype.h"

#include <stdatomic.h>

struct buffer_pool;

struct buffer {
    atomic_int refs;
    uint8_t content;                    /* the dtype, if dtype_owns() it: elements own something */
    uint8_t size_class;
    size_t size;                        /* bytes of data in use */
    struct buffer_pool *pool;           /* where it goes back to, or NULL */
    struct buffer *next;             /* while it lies in the pool, or is a kernel's (op/kernel.c) */
    void (*release)(void *ctx, void *data, size_t size);     /* foreign memory: gives it back */
    void *ctx, *data;                   /* 64-aligned unless foreign */
};

struct buffer_pool *buffer_pool_new(void);              /* NULL: no memory */
void buffer_pool_free(struct buffer_pool *p);           /* gives back what lies in it; NULL fine */
size_t buffer_pool_kept(struct buffer_pool *p);         /* bytes lying in it */

/* `size` bytes for elements of `content`; strings, resources and variants start zeroed (empty),
 * numbers uninitialized. `pool` may be NULL (the heap). NULL: no memory. */
struct buffer *buffer_new(struct buffer_pool *pool, size_t size, enum dtype content);

/* Wrap memory of the caller's, given back with release(ctx, data, size) by the last unref; NULL:
 * there is nothing to do then. */
struct buffer *buffer_wrap(void *data, size_t size,
                           void (*release)(void *ctx, void *data, size_t size), void *ctx);

/* Resources are known only above this layer: op/ says here, before any is stored in a tensor, how
 * one more reference to one is had, and given back. */
void buffer_on_resource(struct resource *(*ref)(struct resource *r),
                        void (*unref)(struct resource *r));
/* n elements, each NULL or a resource, which are shared; what was in `to` is given back. */
void buffer_share_resources(struct resource **to, struct resource *const *from, int64_t n);

void buffer_free(struct buffer *b);                     /* by the last unref only */

static inline struct buffer *buffer_ref(struct buffer *b)
{
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

/* Memory of the caller's: nothing that outlives a run may hold on to it. */
static inline bool buffer_is_foreign(const struct buffer *b) { return b->release != NULL; }

/* Of the least size that the pool has, and owning nothing: room for any scalar. */
static inline bool buffer_is_least(const struct buffer *b, const struct buffer_pool *pool)
{ return pool && b->pool == pool && !b->size_class && !b->content; }

static inline bool buffer_unique(const struct buffer *b)
{
    return atomic_load_explicit(&b->refs, memory_order_acquire) == 1;
}

/* A sole owner needs no atomic subtraction: nobody else can be counting. */
static inline void buffer_unref(struct buffer *b)
{
    if (buffer_unique(b) || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
        buffer_free(b);
}

#endif
