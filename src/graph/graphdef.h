/* graphdef.h - graphs as GraphDef bytes, in and out. Any thread; an import and its options are for
 * one thread at a time. */
#ifndef GRAPH_GRAPHDEF_H
#define GRAPH_GRAPHDEF_H

#include "graph/graph.h"

enum {
    GRAPHDEF_PRODUCER = 27,             /* versions.producer of what is written (A47) */
    GRAPHDEF_CONSUMER = 134,            /* the latest version that is read */
    GRAPHDEF_FUNCTIONS = 12             /* versions.min_consumer once there are functions (A47) */
};

enum { EXPORT_SHAPES = 1 };             /* what is known of shapes, as "_output_shapes" (A48) */

/* The nodes in order of creation, with every attribute, and the functions; the bytes are the
 * caller's, to mem_free(). */
MUST_CHECK struct status *graph_export(struct graph *g, unsigned flags, void **bytes, size_t *n);
MUST_CHECK struct status *node_export(const struct node *n, void **bytes, size_t *size);

/* "x:1", an output; "x" where an output is meant: "x:0"; INDEX_NODE: the node itself. */
struct import_name { const char *node; int index; };
enum { INDEX_NODE = -1 };

struct import_map {
    struct import_name from;            /* of the file */
    struct out to;                      /* of the graph */
    const char *text;                   /* as it was given */
    struct import_map *next;            /* of the same node */
    bool used;
};

struct import_want { const char *text; struct import_name name; bool valid; };

/* Options, then results. Made by import_new(); fields may be set as well. */
struct import {
    struct arena arena;                 /* of all that stands here */
    const char *prefix, *device;        /* NULL or "": none */
    bool uniquify_prefix, uniquify_names, allow_unknown;
    bool of_function;                   /* inputs are written as a function's: "node:argument:1" */
    bool no_memory;                     /* for an option: said by the import */
    struct import_map **map;
    struct node **after;
    struct import_want *want;
    int n_map, n_after, n_wants;
    const void *ops;                    /* a serialized OpList: as the writer knew the ops */
    size_t n_ops;
    /* What adds the nodes, for a caller whose scopes they are made in; NULL: graph_add(). */
    struct status *(*add)(struct graph *g, const struct node_def *d, struct node **n);
    struct out *returned;               /* by want; an operation has INDEX_NODE */
    const char **unused;                /* what maps and the file has not, as it was given */
    int n_unused;
};

struct import *import_new(void);                        /* NULL: no memory */
void import_free(struct import *im);                    /* NULL is fine */
void import_set_text(struct import *im, const char **option, const char *text);
void import_set_ops(struct import *im, const void *bytes, size_t n);
void import_map_to(struct import *im, const char *name, struct out to);
void import_map_control(struct import *im, const char *name, struct node *to);
void import_after(struct import *im, struct node *node);
void import_return(struct import *im, const char *name);

/* Adds every node of a serialized GraphDef, whatever their order, and its functions; attributes
 * not said take their defaults. On failure the graph is as it was. Errors are INVALID_ARGUMENT and
 * name the node: what is not a GraphDef, unknown inputs, types that do not fit, names that are
 * taken; NOT_FOUND for an op that is not registered. */
MUST_CHECK struct status *graph_import(struct graph *g, struct import *im, const void *bytes,
                                       size_t n);

#endif
