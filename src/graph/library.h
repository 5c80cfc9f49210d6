/* library.h - the functions that a graph has been given: what files bring and exports write.
 *
 * A function is kept as its message, whose memory is the graph's arena. The graph's lock is held
 * around every call but library_add() and library_export(); what they return lives as long as the
 * graph.
 */
#ifndef GRAPH_LIBRARY_H
#define GRAPH_LIBRARY_H

#include "graph/graph.h"
#include "wire/graph.pb-c.h"

struct function {
    const Wire__FunctionDef *def;
    const struct op *op;                /* its signature: a node may have its name as op */
    const char *gradient;               /* the function that is its gradient; NULL: none is named */
    int index;                          /* its place */
    struct instance *instances;         /* its bodies, by the attributes given: see function.h */
};

/* NULL: none of that name. */
const struct function *library_find(const struct graph *g, const char *name);
int library_count(const struct graph *g);
const struct function *library_at(const struct graph *g, int i);        /* in the order added */

/* Adds what is new. One of the same name must be equal: else INVALID_ARGUMENT "Cannot add function
 * 'f' because a different function with the same name already exists.". */
MUST_CHECK struct status *library_merge(struct graph *g, const Wire__FunctionDefLibrary *m);
/* One, serialized, whose gradient is the function of that name (NULL: none is named). `name`, if
 * it is not NULL, gets the function's. */
MUST_CHECK struct status *library_add(struct graph *g, const void *bytes, size_t n,
                                      const char *gradient, const char **name);
/* The graph has its first n functions again, after an import that failed. */
void library_truncate(struct graph *g, int n);

/* One, serialized, to be mem_free()d. */
MUST_CHECK struct status *library_export(struct graph *g, const char *name, void **bytes,
                                         size_t *n);
/* All of them, borrowed; NULL where there is none. */
MUST_CHECK struct status *library_to_proto(struct arena *a, const struct graph *g,
                                           Wire__FunctionDefLibrary **m);
void library_free(struct library *l);                                   /* NULL is fine */

#endif
