/* thread.h - what build/ keeps for each thread; see scope.h for what it means. */
#ifndef BUILD_THREAD_H
#define BUILD_THREAD_H

#include "graph/control.h"

enum scope_kind {
    SCOPE_NAME, SCOPE_CONTROL, SCOPE_DEVICE, SCOPE_COLOCATE, SCOPE_CONTAINER, SCOPE_CONTEXT
};

/* A scope keeps what is in force inside it, so that adding a node looks at the innermost alone;
 * only control dependencies are looked for outwards, because a node that has an input made
 * inside one of those scopes waits for it already (A34). */
struct scope {
    struct scope *outer;
    enum scope_kind kind;
    const char *prefix, *device, *container;    /* in force; texts are the graph's */
    struct node *colocate;
    struct context *context;                    /* the branch or loop that nodes are made in */
    struct control_scope *controls;             /* NULL: none */
    struct control_scope own;                   /* what `controls` is where this scope adds some */
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
