/* graph.h - nodes and edges. A graph only grows: a node, once added, never
 * changes (but for a shape that becomes better known), so a plan compiled
 * from it stays valid while it grows.
 *
 * A graph is counted: its user holds it, each session on it does. Any thread may call any
 * function here; each takes the graph's lock for as long as it runs. Nodes, their names,
 * inputs and attributes may be read without it.
 */
#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H

#include "base/arena.h"
#include "base/map.h"
#include "op/grad.h"
#include "op/op.h"
#include "op/shape_fn.h"

#include <pthread.h>

struct node {
    const struct op *op;
    const char *name;
    struct graph *graph;
    int id;                             /* position in graph->node[] */
    int n_in, n_control, n_out, n_attr;
    struct out *in;                     /* flattened: lists take several */
    struct node **control;
    const struct shape *const *shape;   /* per output, as inferred */
    const uint8_t *ref;                 /* per output: 1 if it is a reference; NULL: none is */
    enum dtype *dtype;                  /* per output, without DT_REF */
    struct attr *attr;                  /* the op's, in its order, then private ones ("_class") */
    const char *device;                 /* "" if none was asked for */
    struct context *context;            /* the branch or loop that it was made in, or NULL */
    bool unfed, unfetched;              /* a run may not feed or fetch it (A84, A85) */
};

struct collection;
struct context;
struct control_scope;

struct graph {
    pthread_mutex_t lock;               /* recursive: shape functions look back into the graph */
    atomic_int refs;
    struct arena arena;
    struct node **node;                 /* read under the lock */
    int n, cap;
    struct map names;                   /* case folded: names in use, and whose they are */
    struct map other_case;              /* nodes whose name differs from one in use by case alone */
    struct map suffixes;                /* case folded: the next suffix to try for a name */
    struct collection *collections;
    struct kept_value *values;          /* computed for shape functions, see eval.c */
    struct map ops;                     /* known to this graph alone: files brought them */
    struct library *library;            /* functions, see library.h; NULL: none */
    struct graph *outer;                /* of the body of a function: whose library it is in */
    int depth;                          /* calls that lie around the body */
    struct context **context;           /* branches and loops, in the order of making */
    int n_contexts, contexts_cap;
    int64_t seed;
    bool has_seed, finalized;
    int ids_given;                      /* op ids handed out, failed ops counted (A12, A57) */
    int version;                        /* the id of the latest node (A51) */
};

#define NAME_USED ((void *)1)           /* in `names`: of a scope, or of no node yet */

struct graph *graph_new(void);          /* NULL: no memory; one reference */
struct graph *graph_ref(struct graph *g);
void graph_unref(struct graph *g);      /* NULL is fine */
void graph_lock(struct graph *g);
void graph_unlock(struct graph *g);

struct node_def {
    const char *op, *name, *device;     /* device may be NULL */
    const struct op *row;               /* NULL, or the op itself: one that nobody else knows */
    const struct out *in;               /* lists flattened; of a merge, {NULL}: set later */
    int n_in;
    struct node *const *control;
    int n_control;
    const struct attr *attr;            /* those not said are inferred or take their default */
    int n_attr;
    struct context *context;            /* the branch or loop that it is made in, or NULL */
    const struct control_scope *controls;       /* ... and the control scopes that it is made in,
                                                   for what brings its inputs in; or NULL */
};

/* Add a node by exactly this name: "Duplicate node name in graph: 'x'" if it is taken. Types are
 * checked and shapes inferred here; on failure the graph is as it was. Inputs of another
 * graph, dtypes that do not fit, attributes unknown or missing: INVALID_ARGUMENT (A80, A92);
 * unknown op: NOT_FOUND "Op type not registered 'X'"; FAILED_PRECONDITION once finalized (A52).
 * In a context its inputs come in through it (context.h); the value of a loop that it is not in is
 * INVALID_ARGUMENT (E28). */
MUST_CHECK struct status *graph_add(struct graph *g, const struct node_def *d,
                                    struct node **result);

/* The same for context.c alone, which has seen to all that. */
MUST_CHECK struct status *graph_add_plain(struct graph *g, const struct node_def *d,
                                          struct node **result);

/* The edge that closes a loop: input `i` of a merge reads `from`, which stands later. */
MUST_CHECK struct status *graph_set_back_edge(struct graph *g, struct node *merge, int i,
                                              struct out from);

/* The graph has its first n nodes again, for an import that failed half way. The lock has been held
 * since there were n: nobody has seen the others. */
void graph_truncate(struct graph *g, int n);

/* The op of that name: of the registry, one known by its signature, one of this graph's own. NULL:
 * "Op type not registered". */
const struct op *graph_op(struct graph *g, const char *name);

struct node *graph_find(struct graph *g, const char *name);             /* NULL: none (I1) */
struct node *graph_find_n(struct graph *g, const char *name, size_t n);

/* "x" or "x:1" to an output, with the texts of A65-A67. */
MUST_CHECK struct status *graph_find_out(struct graph *g, const char *name, struct out *out);

/* The name that the next op asking for `name` gets (A1-A6): itself, or with _1, _2... Case does
 * not distinguish. Marks it as used if `mark`. The text is the graph's; NULL: no memory. */
const char *graph_unique_name(struct graph *g, const char *name, bool mark);

/* A9; `scope` true: the rule for scope names inside another scope (A18). */
bool name_is_valid(const char *name, bool inner_scope);

/* Merge what is known into an output's shape (A90). */
MUST_CHECK struct status *graph_set_shape(struct graph *g, struct out o, const struct shape *s);

void graph_finalize(struct graph *g, bool final);       /* false: open again (A54) */

/* The pair of seeds for a random op (A57, A58). */
void graph_seed_pair(struct graph *g, bool has_op_seed, int64_t op_seed,
                     int64_t *seed, int64_t *seed2);

/* Collections (A41-A45): outputs of nodes, in order, duplicates kept; an operation has index -1. */
MUST_CHECK struct status *graph_collect(struct graph *g, const char *key, struct out o);
int graph_collection(struct graph *g, const char *key, struct out *items, int most);  /* how many */
/* Their keys, which live as long as the collection, in order of their making; how many. */
int graph_collection_keys(struct graph *g, const char **keys, int most);
MUST_CHECK struct status *graph_clear_collection(struct graph *g, const char *key);

/* ---- attributes of a node; 0, NULL or "" where there is none of that name ---- */
const struct attr *node_attr_find(const struct node *n, const char *name);
int64_t node_attr(const struct node *n, const char *name);              /* BOOL, INT, TYPE */
double node_attr_float(const struct node *n, const char *name);
const char *node_attr_string(const struct node *n, const char *name);
const struct shape *node_attr_shape(const struct node *n, const char *name);
const struct tensor *node_attr_tensor(const struct node *n, const char *name);
static inline enum dtype node_attr_type(const struct node *n, const char *name)
{ return (enum dtype)node_attr(n, name); }

/* The kernel of its row, before prepare() may choose another; NULL: none. */
kernel_fn *node_kernel(const struct node *n);

/* The attribute "_class" of what is colocated with `n` (A37): the groups that it is in, or the one
 * it is the first of. Its memory is the arena's and the node's. */
MUST_CHECK struct status *node_groups(const struct node *n, struct arena *a, struct attr *groups);

/* Where the inputs of argument `arg` of the op begin in n->in, and how many there are. */
int node_arg(const struct node *n, int arg, int *count);
/* Where the outputs of the argument of that name begin, and how many there are; -1: none has it. */
int node_out_arg(const struct node *n, struct text name, int *count);

static inline enum dtype node_in_dtype(const struct node *n, int i)
{ return n->in[i].node->dtype[n->in[i].index]; }
static inline bool out_is_valid(struct out o)
{ return o.node && o.index >= 0 && o.index < o.node->n_out; }
static inline bool out_is_ref(struct out o)
{ return o.node->ref && o.node->ref[o.index]; }

/* ---- values known before a run (graph/eval.c) ---- */

/* Looking for a value stops after so many nodes, so that building stays linear. */
enum { VALUE_BUDGET = 100 };

/* The value of o if it follows from constants and shapes by stateless, cheap ops; the caller
 * unrefs *value. False: not known. The graph's lock is held. */
bool graph_constant(struct out o, int *budget, struct tensor *value);

/* What is known of the shape that a vector holds. */
MUST_CHECK struct status *graph_constant_shape(struct out o, struct shape *s);

void kept_values_free(struct kept_value *v);

/* Run one stateless node's kernel on given inputs; n_out outputs, owned by the caller. */
MUST_CHECK struct status *node_compute(const struct node *n, const struct tensor *in,
                                       struct tensor *out);

/* ---- gradients (graph/gradients.c) ---- */
struct gradients {
    const struct out *y, *x;            /* sum of dy/dx over all y, for each x */
    int n_y, n_x;
    const struct out *grad_y;           /* dL/dy, or NULL: ones; entries may be {NULL} */
    const struct out *stop;             /* stop_gradients (F4) */
    int n_stop;
    const char *scope;                  /* NULL: "gradients"; "x/": exactly x, not made unique */
    bool colocate, gate;                /* F14 */
    struct context *context;            /* the branch or loop that the caller is in, or NULL */
    /* What adds the nodes, for a caller whose scopes they are made in; NULL: graph_add(). */
    struct status *(*add)(struct graph *g, const struct node_def *d, struct node **n);
    /* NULL, or: asked before each node's own gradient, which it gives if it sets *done. dy is as it
     * came, slices as slices, {NULL} for nothing. The graph's lock is not held. */
    struct status *(*function)(void *ctx, struct grad *g, bool *done);
    void *ctx;
};

/* dx[i] {NULL}: not connected (F2). dx_slices[i].indices set: dx[i] holds rows of IndexedSlices;
 * dx_slices NULL: those are made dense. */
MUST_CHECK struct status *graph_gradients(struct graph *g, const struct gradients *q,
                                          struct out *dx, struct slices *dx_slices);

#endif
