/* control.h - the control dependencies that are in force (A29-A36). */
#ifndef GRAPH_CONTROL_H
#define GRAPH_CONTROL_H

#include "graph/graph.h"

/* One scope of them. A node with an input that was made inside waits for its nodes already. */
struct control_scope {
    struct control_scope *outer;
    struct node **control;
    int n;
    int *made, n_made, cap_made;        /* ids of nodes made inside, rising */
};

/* A list that grows; it starts zeroed, its memory ends with mem_free(). */
struct controls { struct node **at; int n; };

/* What a node with these inputs waits for besides `after`, each once: `after` first. */
MUST_CHECK struct status *controls_gather(const struct control_scope *scopes, const struct out *in,
                                          int n_in, struct node *const *after, int n_after,
                                          struct controls *c);
/* Node `id` was made inside. Where there is no memory for it, later nodes wait for more than they
 * would have to. */
void control_note(struct control_scope *scopes, int id);
/* Nodes from id `n` on are gone. */
void control_forget(struct control_scope *scopes, int n);

#endif
