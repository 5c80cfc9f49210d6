/* tensor.h - a value: dtype, shape and a shared buffer.
 *
 * A tensor is a small struct passed by value; a live one holds one reference
 * on its buffer, an empty one has no buffer. Two tensors may share a buffer with
 * different shapes. Who holds the only reference may write; nobody else may.
 */
#ifndef TENSOR_TENSOR_H
#define TENSOR_TENSOR_H

#include "tensor/buffer.h"
#include "tensor/shape.h"

struct str;

struct tensor {
    struct buffer *buf;         /* NULL: empty; then nothing else counts */
    void *data;
    enum dtype dtype;
    struct shape shape;
};

/* Elements uninitialized (strings, resources, variants: empty). `pool` NULL: the heap. The shape is
 * checked; too much memory is RESOURCE_EXHAUSTED "OOM when allocating tensor with shape[...]". */
MUST_CHECK struct status *tensor_new(struct tensor *t, struct buffer_pool *pool,
                                     enum dtype dtype, const struct shape *shape);

/* A copy that shares nothing but variants, which never change, and resources. */
MUST_CHECK struct status *tensor_copy(struct tensor *to, struct buffer_pool *pool,
                                      const struct tensor *from);
/* A reference that may outlive the run: to a copy, where the memory is the caller's. */
MUST_CHECK struct status *tensor_keep(struct tensor *to, struct buffer_pool *pool,
                                      const struct tensor *from);
/* Elements [from_at, from_at+n) of `from` to `to`, both of one dtype; strings are copied,
 * variants shared. */
MUST_CHECK struct status *tensor_copy_elements(struct tensor *to, int64_t to_at,
                                               const struct tensor *from, int64_t from_at,
                                               int64_t n);

static inline struct tensor tensor_ref(const struct tensor *t)      /* takes one more reference */
{
    if (t->buf)
        buffer_ref(t->buf);
    return *t;
}

static inline void tensor_unref(struct tensor *t)                   /* leaves *t empty */
{
    if (t->buf)
        buffer_unref(t->buf);
    t->buf = NULL;
}

static inline bool tensor_unique(const struct tensor *t)            /* the only reference */
{
    return t->buf && buffer_unique(t->buf);
}

static inline int64_t tensor_count(const struct tensor *t) { return shape_count(&t->shape); }
static inline size_t tensor_bytes(const struct tensor *t)
{ return (size_t)tensor_count(t) * dtype_size(t->dtype); }

/* Values as text, the way NumPy nests brackets, at most `most` elements a dimension. */
void tensor_print(const struct tensor *t, int64_t most, struct str *to);

/* Element i of any numeric or bool tensor, converted. For tests, printing and small
 * arguments (axes, sizes), not for loops. */
double tensor_double(const struct tensor *t, int64_t i);
int64_t tensor_int(const struct tensor *t, int64_t i);
void tensor_set_double(struct tensor *t, int64_t i, double v);

#endif
