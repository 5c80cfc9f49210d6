/* thread.h - what build/ keeps for each thread; see scope.h for what it means. */
#ifndef BUILD_THREAD_H
#define BUILD_THREAD_H

#include "graph/graph.h"

enum scope_kind { SCOPE_NAME, SCOPE_CONTROL, SCOPE_DEVICE, SCOPE_COLOCATE, SCOPE_CONTAINER };

/* A scope keeps what is in force inside it, so that adding a node looks at the innermost alone;
 * only control dependencies are looked for outwards, because a node that has an input made
 * inside one of those scopes waits for it already (A34). */
struct scope {
    struct scope *outer;
    enum scope_kind kind;
    const char *prefix, *device, *container;    /* in force; texts are the graph's */
    struct node *colocate;
    struct node **control;                      /* this scope's own */
    int n_control;
    int *made, n_made, cap_made;                /* ids of nodes that wait for them, rising */
    bool control_barrier;
};

struct builder {                /* what a thread keeps for a graph, while there is something */
    struct builder *next;
    struct graph *graph;        /* a reference */
    struct scope *top;
    struct status *error;
};

struct builder *builder_find(struct graph *g);          /* NULL: nothing is kept */
struct builder *builder_get(struct graph *g);           /* made if absent; NULL: no memory */
void builder_drop_if_idle(struct builder *b);
void scope_pop(struct builder *b);

#endif
