/* subgraph.h - the part of a GraphDef that some of its nodes need; and that part with variables
 * replaced by their values ("frozen"). Bytes that come out are the caller's, to mem_free(). */
#ifndef MODEL_SUBGRAPH_H
#define MODEL_SUBGRAPH_H

#include "base/map.h"
#include "session/session.h"
#include "wire/graph.pb-c.h"

struct name_list { const char *const *name; int n; };

/* Nodes that are not needed leave `def` (G24); `by_name` gets those that stay. It and the message
 * share their strings. NOT_FOUND "x is not in graph". */
MUST_CHECK struct status *subgraph_keep(struct arena *a, Wire__GraphDef *def,
                                        struct name_list wanted, struct map *by_name);
MUST_CHECK struct status *subgraph_extract(const void *bytes, size_t n, struct name_list wanted,
                                           void **result, size_t *result_n);

struct freeze {
    struct session *session;            /* has the values */
    struct name_list outputs;           /* nodes */
    struct name_list only, except;      /* variables; only.name NULL: all */
};

/* `bytes` NULL: the session's graph. G23; VarHandleOp too becomes its value, what passes it on or
 * reads it an Identity, what gathers from it a GatherV2. */
MUST_CHECK struct status *subgraph_freeze(const struct freeze *f, const void *bytes, size_t n,
                                          void **result, size_t *result_n);

/* The graph with no node saying where it is to run. */
MUST_CHECK struct status *subgraph_clear_devices(const void *bytes, size_t n, void **result,
                                                 size_t *result_n);

/* "x:1", "^x" to the length of the node's name, which begins at *name. */
size_t input_name(const char *input, const char **name);

MUST_CHECK struct status *graph_def_decode(struct arena *a, const void *bytes, size_t n,
                                           Wire__GraphDef **def);

/* The attribute of a node; NULL: it has none of that name. */
Wire__AttrValue *node_def_attr(const Wire__NodeDef *def, const char *key);

#endif
