/* define.h - some nodes of a graph become a function: a FunctionDef, which graphs may be given.
 *
 * Everything here is borrowed. The graph is not changed; its lock is taken.
 */
#ifndef GRAPH_DEFINE_H
#define GRAPH_DEFINE_H

#include "graph/graph.h"

struct definition {
    const char *name;
    bool hashed;                        /* what it is made of goes into its name, behind a '_' */
    const char *description;            /* NULL: none */
    const struct out *in, *out;
    const char *const *out_name;        /* NULL: after the outputs' nodes */
    int n_in, n_out;
    struct node *const *node;           /* its nodes; */
    int n_nodes;                        /* -1: all of the graph but the inputs' */
    struct node *const *control;        /* those of its nodes that run though nobody reads them, */
    const char *const *control_name;    /* and how they are called */
    int n_controls;
    const struct attr *attr;            /* of the function: "_noinline"... */
    int n_attr;
};

/* A serialized FunctionDef, to be mem_free()d. Names are TensorFlow's: arguments and results are
 * called after their nodes, in lower case, nodes as they are; what is taken gets _0, _1...
 * INVALID_ARGUMENT where an input is twice there, or a node reads what is neither in the
 * function nor among its inputs. */
MUST_CHECK struct status *graph_define(struct graph *g, const struct definition *d, void **bytes,
                                       size_t *n);

#endif
