/* scope.h - where new nodes go and what they are called: the thread's stack of default graphs,
 * and for each graph the thread's scopes (names, control dependencies, devices, colocation,
 * containers, branches and loops) and the error that sticks.
 *
 * All of it belongs to the calling thread and goes when the thread ends. A graph with an open
 * scope or a sticking error is kept alive.
 */
#ifndef BUILD_SCOPE_H
#define BUILD_SCOPE_H

#include "graph/graph.h"

/* ---- default graphs (A71-A79) ---- */
struct graph *default_graph(void);                              /* borrowed; NULL: no memory */
MUST_CHECK struct status *default_graph_enter(struct graph *g);
MUST_CHECK struct status *default_graph_leave(struct graph *g);
MUST_CHECK struct status *default_graph_reset(void);

/* ---- the error that sticks ---- */
bool build_failed(struct graph *g);
void build_fail(struct graph *g, struct status *st);    /* takes st over; the first one stays */
struct status *build_take_error(struct graph *g);       /* NULL: none */
void build_forget(struct graph *g);     /* the thread's scopes and error on g are given up */

/* ---- scopes; each ends with scope_end() ---- */
const char *scope_name(struct graph *g, const char *name);   /* "a/b/", ""; NULL: an error sticks */
void scope_control(struct graph *g, struct node *const *nodes, int n);
void scope_device(struct graph *g, const char *device);         /* NULL: ignore enclosing ones */
void scope_colocate(struct graph *g, struct node *node);
void scope_container(struct graph *g, const char *container);
void scope_context(struct graph *g, struct context *c);         /* NULL: in none */
void scope_end(struct graph *g);
const char *scope_prefix(struct graph *g);                     /* the current one, "" at the root */
struct context *current_context(struct graph *g);               /* NULL: none */
void set_current_context(struct graph *g, struct context *c);   /* in the innermost scope */

/* ---- nodes ---- */
struct build_args {
    const char *op;
    const char *name;           /* NULL: the op's; with a trailing '/': exactly that (A7) */
    const struct out *in;
    int n_in;
    const struct attr *attr;
    int n_attr;
    struct node *const *after;  /* control inputs besides the scopes' */
    int n_after;
    struct node *colocate;      /* NULL, or overrides the scopes' */
    const char *device;         /* NULL, or overrides all of these, in canonical spelling */
    struct context *context;    /* NULL, or overrides the scopes' */
};

/* Output 0 of a new node in the graph of its inputs, or `g`, or (NULL) the default graph; {NULL}
 * when an error sticks. */
struct out build_node(struct graph *g, const struct build_args *a);
struct out build(struct graph *g, const char *op, const char *name, const struct out *in, int n_in,
                 const struct attr *attr, int n_attr);

/* Adds a node by exactly this name, in the thread's scopes but for their names; one that says its
 * own "_class" leaves their devices and colocation alone. */
MUST_CHECK struct status *build_exactly(struct graph *g, const struct node_def *d,
                                        struct node **n);

/* The same for a node that a file brings (G32): its device fills up from the scopes' and wins over
 * it, control dependencies apply; who it is colocated with, the file says. */
MUST_CHECK struct status *build_imported(struct graph *g, const struct node_def *d,
                                         struct node **n);
/* How what brings values into the current context is made here. */
struct capture;
void build_capture(struct graph *g, struct capture *how);
/* An import failed: nodes from id `n` on are gone. */
void build_forget_nodes(struct graph *g, int n);

struct graph *build_graph(struct graph *g, const struct out *in, int n_in);

/* Constants; `name` NULL: "Const". */
struct out build_const(struct graph *g, const char *name, const struct tensor *value);
struct out build_scalar(struct graph *g, const char *name, enum dtype t, double value);
struct out build_ints(struct graph *g, const char *name, enum dtype t, const int64_t *v, int n);
struct out build_filled(struct graph *g, const char *name, enum dtype t, const struct shape *s,
                        double value);

#endif
