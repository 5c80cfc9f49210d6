/* graphdef.h - graphs as GraphDef bytes, in and out.
 *
 * Any thread. On failure of an import the nodes added before the one that failed stay: a graph
 * only grows.
 */
#ifndef GRAPH_GRAPHDEF_H
#define GRAPH_GRAPHDEF_H

#include "graph/graph.h"

/* Adds every node of a serialized GraphDef, by its name, whatever their order; attributes not said
 * take their defaults. Errors are INVALID_ARGUMENT and name the node: what is not a GraphDef,
 * unknown inputs, types that do not fit, names that are taken; NOT_FOUND for an op that is not
 * registered. */
MUST_CHECK struct status *graph_import(struct graph *g, const void *bytes, size_t n);

/* The nodes in order of creation, with every attribute; the bytes are the caller's, to
 * mem_free(). */
MUST_CHECK struct status *graph_export(struct graph *g, void **bytes, size_t *n);

enum {
    GRAPHDEF_PRODUCER = 27,             /* versions.producer of what is written (A47) */
    GRAPHDEF_CONSUMER = 134             /* the latest version that is read */
};

#endif
