/* array.h - arrays of tensors that loops write and read (TF: tf.TensorArray).
 *
 * A build_array is the array behind what was last written: what writes gives another one, and that
 * is to be used from there on. In a loop its flow is the variable. Errors stick to the graph.
 */
#ifndef BUILD_ARRAY_H
#define BUILD_ARRAY_H

#include "graph/graph.h"

struct build_array {
    struct out handle, flow;
    enum dtype dtype;
    struct shape shape;         /* what is known of every element's */
    bool alike;                 /* elements have one shape: what was written says it */
};

struct array_options {
    const char *name;           /* of the node; NULL: "TensorArray" */
    struct shape shape;         /* of every element */
    bool dynamic;               /* a write behind its end makes it longer */
    bool keeps;                 /* what was read can be read again */
    bool alike;
};

struct build_array build_array_new(struct graph *g, enum dtype t, struct out size,
                                   const struct array_options *o);
/* The same array behind another flow, and as one behind this one knows it. */
struct build_array build_array_at(struct build_array a, struct out flow);

struct out build_array_read(struct graph *g, struct build_array a, struct out index);
struct build_array build_array_write(struct graph *g, struct build_array a, struct out index,
                                     struct out value);
struct out build_array_gather(struct graph *g, struct build_array a, struct out indices);
struct build_array build_array_scatter(struct graph *g, struct build_array a, struct out indices,
                                       struct out value);
struct out build_array_stack(struct graph *g, struct build_array a);            /* all of them */
struct build_array build_array_unstack(struct graph *g, struct build_array a, struct out value);
struct out build_array_concat(struct graph *g, struct build_array a);
struct build_array build_array_split(struct graph *g, struct build_array a, struct out value,
                                     struct out lengths);
struct out build_array_size(struct graph *g, struct build_array a);

/* How many rows x has: shape(x)[0]. */
struct out build_rows(struct graph *g, struct out x);
/* Output 0 of a node in a scope of its own name, where its constants stand: range(0, n). */
struct out build_range(struct graph *g, struct out n);

#endif
