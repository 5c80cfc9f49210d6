/* context.h - conditions and loops while they are built: which branch or loop a node is made in.
 *
 * A node that is made in a context (node_def.context) takes what it needs from outside through it:
 * in a branch by a Switch, in a loop by a constant Enter, and through all contexts that lie
 * between, the outermost first, each value once (TF: CondContext.AddOp, WhileContext.AddOp). What
 * has no inputs of its own waits for the pivot, so that it runs where the branch is taken and once
 * an iteration; a loop's nodes wait for nothing outside.
 *
 * Contexts are their graph's and live as long; nodes point at theirs. The graph's lock is held.
 */
#ifndef GRAPH_CONTEXT_H
#define GRAPH_CONTEXT_H

#include "graph/graph.h"

struct capture;

enum context_kind { CONTEXT_COND, CONTEXT_WHILE };

/* What came in from outside: `value` is `inside` there. By hash, `cap` a power of two. */
struct captured { struct out value, inside; };
struct captures { struct captured *at; int n, cap; };

struct context {
    enum context_kind kind;
    int id;                             /* position in graph->context[] */
    struct graph *graph;
    struct context *outer;              /* NULL: it lies in none */
    const char *name;                   /* "cond/cond_text"; of a loop, its frame's too */
    struct captures captured;

    struct out pivot;                   /* a branch: alive where it is taken; a loop: LoopCond */
    struct out pred;                    /* a branch */
    int branch;                         /* 1: taken where pred is true; 0: where it is false */

    struct out pivot_for_pred, pivot_for_body;  /* a loop: the first Merge, the first Identity */
    struct out *enter, *merge, *way, *exit;     /* of its n_vars variables: `way` a Switch each */
    int n_vars;
    struct out maximum;                 /* of iterations, whose count is variable 0; {NULL}: none */
    struct out below_maximum, next_count;
    bool done;                          /* built to its end */
    int parallel_iterations;
    bool back_prop, swap_memory;

    /* A loop that gradients make: the loop that it goes back through, and what gives, inside this
     * one, the value that `value` had in the iteration of that loop. */
    struct context *forward;
    struct status *(*recall)(struct context *c, struct out value, const struct capture *how,
                             struct out *inside);
    void *gradient;                     /* whatever recall() needs */
};

/* A new context in `outer` (NULL: in none), called `name` or, if that is taken, so with a number;
 * `name` NULL: the caller names it. */
MUST_CHECK struct status *context_new(struct graph *g, enum context_kind kind,
                                      struct context *outer, const char *name,
                                      struct context **result);
/* The branch of pred's condition that `pivot` is alive in; the pivot's node is in it then. */
MUST_CHECK struct status *context_branch(struct graph *g, struct context *outer, const char *name,
                                         struct out pred, struct out pivot, int branch,
                                         struct context **result);

/* ---- where things are ---- */
/* The context that what `n` gives is in: the node's own; of an Exit, the one around its loop. */
struct context *context_of_outputs(const struct node *n);
/* `c` itself if it is a loop, or the innermost loop around it; NULL: none. */
struct context *context_loop(struct context *c);
/* Is `c` the same as `outer`, or does it lie in it? All lie in NULL. */
bool context_lies_in(const struct context *c, const struct context *outer);
/* What nodes without inputs wait for in a loop; in a branch {NULL}. TF: GetControlPivot. */
struct out context_control_pivot(const struct context *c);
bool node_is_constant_enter(const struct node *n);

/* ---- what comes in ---- */

/* How the nodes that bring values in are made: for the sake of a node named `name`. */
struct capture {
    const char *prefix;                 /* of their names: "cond/Add/" */
    const char *device;                 /* of Enters, with their "_class"; NULL: none */
    const struct attr *groups;
    const struct control_scope *controls;       /* NULL, or what Enters wait for, as far as it is
                                                   around the loop */
};

/* `value` as it is inside of `c` (NULL: nothing changes). TF: AddValue. */
MUST_CHECK struct status *context_capture(struct context *c, struct out value,
                                          const struct capture *how, struct out *inside);
/* Is it inside already, as `inside`? */
bool context_knows(const struct context *c, struct out value, struct out *inside);
/* From now on `value` is `inside` in c. */
MUST_CHECK struct status *context_know(struct context *c, struct out value, struct out inside);
/* Nodes from id `n` on are gone. */
void context_forget(struct graph *g, int n);

/* The Enters of a loop's variables are made outside of all contexts; this makes one: of `value`,
 * which is in c->outer, constant or not. */
MUST_CHECK struct status *context_enter(struct context *c, struct out value, bool constant,
                                        const struct capture *how, struct out *enter);

/* graph_add() of a node in d->context. */
MUST_CHECK struct status *context_add(struct graph *g, const struct node_def *d, struct node **n);

#endif
