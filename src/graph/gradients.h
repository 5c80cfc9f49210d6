/* gradients.h - the walk back: what its parts share, and what it shares with the functions that it
 * calls. All of it lives as long as graph_gradients() runs, under the graph's lock.
 */
#ifndef GRAPH_GRADIENTS_H
#define GRAPH_GRADIENTS_H

#include "graph/context.h"

/* What came for one output, and, once its node's turn has come, the sum of it. */
struct term { struct out v; struct slices s; struct term *next; };
struct sum { struct term *first, **end; int n; struct out v; struct slices s; };

struct visit { struct node *node; struct visit *next; };

struct walk {
    struct grad g;              /* what gradient functions see; its `st` sticks for the walk too */
    struct arena tmp;
    const struct gradients *q;
    const char *scope;          /* "gradients/" */
    int n_nodes;                /* what is added later is no part of the walk */
    bool *reached;              /* by id: depends on an x, differentiably */
    bool *stop;                 /* ... gradients go no further */
    bool *between;              /* ... and some y depends on it */
    int *pending;               /* ... readers between whose turn has not come */
    bool *met;                  /* ... its turn has come, or been asked for */
    struct sum **sum;           /* ... one for each output, once something is known */
    struct node **order;        /* those between, from the ys back */
    int n_order;
    struct visit *first, **end; /* whose turn comes next */
    struct loop_grad *loops;    /* that gradients go back through, in order */
};

static inline struct walk *walk_of(struct grad *g) { return (struct walk *)g; }

/* Adds a node named g->scope and `name`, made unique, where the gradient is to be. */
struct out grad_place(struct grad *g, struct node_def *d, const char *name);
/* "gradients/b_sync": a name under the scope that no other node gets; NULL when an error sticks. */
const char *grad_reserve(struct grad *g, const char *name);

/* ---- gradients.c ---- */
bool walk_differentiable(enum dtype t);
void walk_enqueue(struct walk *w, struct node *n);
/* What is added from now on is where `n` is, or (NULL) anywhere. */
void walk_place_with(struct walk *w, const struct node *n);

/* ---- gradients_sum.c ---- */
void walk_contribute(struct walk *w, struct out to, struct out v, struct slices s);
void walk_sum_up(struct walk *w, struct sum *s);
/* What a dense term of that shape is among rows (F8). */
struct slices grad_all_rows(struct grad *g, struct out shape);

/* ---- gradients_loop.c: the loops that gradients go back through ---- */

/* One for each loop that is left between the xs and the ys. */
void loops_find(struct walk *w);
/* All readers of this Exit have had their turn: its own comes with that of all others. */
void loops_exit_ready(struct walk *w, struct node *exit);
/* Exits that no y depends on are ready from the beginning. */
void loops_unused_exits(struct walk *w);
/* The counters and edges that close what was begun; also after an error. */
void loops_finish(struct walk *w);

/* The loop that `n`, a node of the forward pass, is in; `before` it: an Exit is outside. NULL:
 * none that gradients go through. */
struct loop_grad *loops_of(struct walk *w, const struct node *n, bool before);
/* Where the gradients of nodes in that loop are made. */
struct context *loop_context(const struct loop_grad *l);
/* The loop whose gradients are made in g->context, or NULL. */
struct loop_grad *loop_current(const struct grad *g);
struct loop_grad *loop_outer(const struct loop_grad *l);
/* `value`, of the loop, is kept in each iteration; what gives it in the iteration that goes back.
 * If `dead`, it is there where its branch is not taken. */
struct out loop_recall(struct loop_grad *l, struct out value, bool dead);

/* A loop's Switch has its turn twice: the Merge that the first one left; {NULL}: none yet. */
struct out *loop_switched(struct loop_grad *l, const struct node *n);

/* ---- gradients_zero.c: what stands for a gradient that never came ---- */
struct out zeros_for(struct walk *w, struct node *n, int index);
struct out zeros_for_exit(struct walk *w, struct out exit);
struct out grad_zeros(struct grad *g, enum dtype t, const struct shape *s, const char *name);
/* Zeros of the shape that is in the vector `shape`. */
struct out zeros_of(struct grad *g, struct out shape, enum dtype t);
/* The shape of x, as a node; of a variable where x is its handle. */
struct out zeros_shape(struct grad *g, struct out x, enum dtype t);

/* ---- gradients_flow.c: the gradients of the ops that conditions and loops are made of ---- */
void grad_of_switch(struct grad *g);
void grad_of_merge(struct grad *g);
void grad_of_enter(struct grad *g);
void grad_of_exit(struct grad *g);

/* Is it the Switch of a loop's variable, and is it the Merge of one? */
bool is_loop_switch(const struct node *n);
bool is_loop_merge(const struct node *n);

/* Nodes are made in `c` from now on (NULL: where the caller is); gives what was so before. */
static inline struct context *grad_within(struct grad *g, struct context *c)
{
    struct context *was = g->context;
    g->context = c;
    return was;
}

/* What a variable of the loop g->context begins with: `value`, which is outside. */
struct out grad_enter(struct grad *g, struct out value, const char *name);
/* `value` as it is in g->context. */
struct out grad_capture(struct grad *g, struct out value);

#endif
