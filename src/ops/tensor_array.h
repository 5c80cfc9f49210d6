/* tensor_array.h - arrays of tensors that loops write and read, an element at a time.
 *
 * A handle counts the array it names: an array lives while a handle does, so that one made in an
 * iteration of a loop goes with it. An element is written once and, unless the array says
 * otherwise, gone once it was read. The array of the gradients of another one is held by that,
 * under the name of the call of gradients that made it; what is written to it twice is summed.
 * Values are shared, not copied. Whoever calls holds the array's lock; nobody else need have a new
 * one's.
 */
#ifndef OPS_TENSOR_ARRAY_H
#define OPS_TENSOR_ARRAY_H

#include "graph/graph.h"
#include "op/kernel.h"

#include <pthread.h>

/* A value of the array's dtype: long arrays of small ones are common, and most have one shape,
 * which the array keeps as long as it lives. */
struct tensor_part {
    struct buffer *buf;             /* NULL: empty */
    void *data;
    const struct shape *shape;
};

struct tensor_element {
    struct tensor_part value;       /* empty though written: zeros of its shape */
    bool written, read, cleared;
};

struct element_shape { struct shape s; struct element_shape *next; };

struct tensor_array {
    struct resource base;
    pthread_mutex_t lock;
    enum dtype dtype;
    bool dynamic;                   /* a write behind its end makes it longer */
    bool clears;                    /* what was read is gone */
    bool identical;                 /* the first write says the shape of all */
    bool is_gradient, is_summed, is_closed;
    struct shape shape;             /* what is known of every element's */
    struct element_shape *shapes;   /* of what was written, the latest first */
    bool accepted;                  /* that one fits `shape` */
    struct tensor_element *element;
    int64_t n, room, used;          /* elements, places for them; none from `used` on was touched */
    char *name, *source;            /* for messages; of a gradient: who made it */
    struct tensor_array *gradients, *next;      /* a reference each */
};

extern const struct resource_kind TENSOR_ARRAY;

/* All that is not said is 0 or unknown. */
MUST_CHECK struct status *tensor_array_new(const char *name, enum dtype dtype, int64_t n,
                                           struct tensor_array **a);
/* The one of that source, made when first asked for; *grad holds a new reference. Elements have
 * the shapes of `a`'s, behind the dimensions of `before`. */
MUST_CHECK struct status *tensor_array_gradient(struct tensor_array *a, const char *source,
                                                const struct shape *before,
                                                struct tensor_array **grad);

/* Takes the value over, whatever comes. */
MUST_CHECK struct status *tensor_array_put(struct tensor_array *a, int64_t i, struct tensor value,
                                           struct buffer_pool *pool);
/* *value holds a reference. */
MUST_CHECK struct status *tensor_array_get(struct tensor_array *a, int64_t i,
                                           struct buffer_pool *pool, struct tensor_part *value);
static inline struct tensor tensor_of(const struct tensor_array *a, const struct tensor_part *p)
{ return (struct tensor){ p->buf, p->data, a->dtype, *p->shape }; }

/* Every element is of this shape, too. */
MUST_CHECK struct status *tensor_array_narrow(struct tensor_array *a, const struct shape *s);
MUST_CHECK struct status *tensor_array_check_open(const struct tensor_array *a);
void tensor_array_close(struct tensor_array *a);

/* ---- what the two families of ops share ---- */

MUST_CHECK struct status *tensor_array_in(const struct kernel *k, struct tensor_array **a);
/* For shape functions: what the ops that made input 0 say of every element; unknown otherwise. */
struct shape tensor_array_shape_in(const struct node *n);
MUST_CHECK struct status *tensor_array_want_write(const struct tensor_array *a, enum dtype t);
MUST_CHECK struct status *tensor_array_want_read(const struct tensor_array *a, enum dtype t);

/* Nodes of a gradient: input 0's array of gradients, made when `flow` has come, and its flow. */
struct tensor_array_node { struct out handle, flow; };
struct tensor_array_node grad_tensor_array(struct grad *g, struct out dy, struct out flow);

#endif
