/* weft.h - TensorFlow 1's graphs and sessions, in C.
 *
 *     #include <weft.h>
 *     #include <weft_ops.h>           a builder for each op: weft_add(), weft_mat_mul()...
 *
 * Five kinds of object, all opaque: a graph is what is to be computed, a node is one operation
 * in it, a session runs a graph and owns its variables, a tensor is a value, a status says why
 * something failed.
 *
 * Errors. A function that can fail returns `struct weft_status *`: NULL is success, anything else
 * belongs to the caller, who ends it with weft_status_free(). Functions that build a graph return
 * what they built instead, and their first error sticks to the graph (for the calling thread):
 * later builders do nothing, and the next run, or weft_graph_error(), returns it. So a model reads
 * like mathematics and is checked once.
 *
 * Lifetimes. A graph outlives the sessions on it, whichever is freed first. A session owns its
 * variables: closing gives them back. A tensor is counted and outlives everything.
 *
 * Threads. Any thread may call any function on any object, several at a time on one graph or
 * session, but for freeing an object that another thread still uses, and for options and
 * optimizers, which are for one thread at a time. Default graphs, scopes and the error that
 * sticks belong to the thread that made them.
 *
 * Names, numbers and messages are TensorFlow 1.15's; "TF:" names the Python or C counterpart.
 */
#ifndef WEFT_H
#define WEFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define WEFT_API __attribute__((visibility("default")))
#define WEFT_MUST_CHECK __attribute__((warn_unused_result))
#else
#define WEFT_API
#define WEFT_MUST_CHECK
#endif

struct weft_status;
struct weft_tensor;
struct weft_graph;
struct weft_node;
struct weft_context;
struct weft_optimizer;
struct weft_session;
struct weft_session_options;
struct weft_run_options;
struct weft_call;
struct weft_server;

/* "0.1.0". */
WEFT_API const char *weft_version(void);

/* Bytes that the library now holds on the heap, for all graphs, sessions and tensors. */
WEFT_API size_t weft_memory_in_use(void);

/* Threads that kernels may use in this process, the calling one included; 0: as many as there are
 * CPUs. The first session, or the first call here, decides; later ones change nothing. */
WEFT_API void weft_set_threads(int threads);

/* Bytes that the library made: the caller's, to be freed with this, which leaves them empty. */
struct weft_bytes { void *data; size_t size; };
WEFT_API void weft_bytes_free(struct weft_bytes *b);

/* ---- status ------------------------------------------------------------------------------- */

/* TensorFlow's codes. */
enum weft_code {
    WEFT_OK = 0,
    WEFT_CANCELLED = 1,
    WEFT_UNKNOWN = 2,
    WEFT_INVALID_ARGUMENT = 3,
    WEFT_DEADLINE_EXCEEDED = 4,
    WEFT_NOT_FOUND = 5,
    WEFT_ALREADY_EXISTS = 6,
    WEFT_PERMISSION_DENIED = 7,
    WEFT_RESOURCE_EXHAUSTED = 8,        /* no memory, from any function */
    WEFT_FAILED_PRECONDITION = 9,
    WEFT_ABORTED = 10,
    WEFT_OUT_OF_RANGE = 11,
    WEFT_UNIMPLEMENTED = 12,
    WEFT_INTERNAL = 13,
    WEFT_UNAVAILABLE = 14,
    WEFT_DATA_LOSS = 15,
    WEFT_UNAUTHENTICATED = 16
};

/* WEFT_OK and "" for NULL. The text lives as long as the status. */
WEFT_API enum weft_code weft_status_code(const struct weft_status *s);
WEFT_API const char *weft_status_message(const struct weft_status *s);
/* The name of the node that failed; NULL if it was none. */
WEFT_API const char *weft_status_node(const struct weft_status *s);
WEFT_API void weft_status_free(struct weft_status *s);          /* NULL is fine */
/* For what a host function (below) has to report. NULL for WEFT_OK. */
WEFT_API struct weft_status *weft_status_new(enum weft_code code, const char *message);

/* For programs that end at the first error: prints it to standard error and exits with 1. */
WEFT_API void weft_check(struct weft_status *s);

/* ---- tensors ------------------------------------------------------------------------------ */

/* TensorFlow's numbers. */
enum weft_dtype {
    WEFT_FLOAT = 1,
    WEFT_DOUBLE = 2,
    WEFT_INT32 = 3,
    WEFT_UINT8 = 4,
    WEFT_INT16 = 5,
    WEFT_INT8 = 6,
    WEFT_STRING = 7,
    WEFT_COMPLEX64 = 8,
    WEFT_INT64 = 9,
    WEFT_BOOL = 10,
    WEFT_QINT8 = 11,
    WEFT_QUINT8 = 12,
    WEFT_QINT32 = 13,
    WEFT_BFLOAT16 = 14,
    WEFT_QINT16 = 15,
    WEFT_QUINT16 = 16,
    WEFT_UINT16 = 17,
    WEFT_COMPLEX128 = 18,
    WEFT_HALF = 19,
    WEFT_RESOURCE = 20,
    WEFT_VARIANT = 21,
    WEFT_UINT32 = 22,
    WEFT_UINT64 = 23
};

enum { WEFT_MAX_RANK = 8 };

WEFT_API size_t weft_dtype_size(enum weft_dtype t);             /* bytes an element; 0: none such */
WEFT_API const char *weft_dtype_name(enum weft_dtype t);        /* "float", "int32"... */

/* A new tensor of the given shape (rank 0: a scalar, dims may be NULL), its elements zero, or a
 * copy of `data` if that is not NULL (numbers only, row-major). One reference, the caller's. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_tensor_new(enum weft_dtype dtype, int rank, const int64_t *dims, const void *data,
                struct weft_tensor **result);

/* A tensor around the caller's memory, which stays there until release(ctx, data, bytes) is called
 * by the last reference, on any thread. `release` may be NULL. Numbers only. What outlives a run
 * that it is fed to (variables, fetched values) and constants hold copies. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_tensor_wrap(enum weft_dtype dtype, int rank, const int64_t *dims, void *data,
                 void (*release)(void *ctx, void *data, size_t bytes), void *ctx,
                 struct weft_tensor **result);

/* A scalar of any number type or bool. NULL: no memory, or not such a type. */
WEFT_API struct weft_tensor *weft_tensor_scalar(enum weft_dtype dtype, double value);
/* A scalar string of n bytes. NULL: no memory. */
WEFT_API struct weft_tensor *weft_tensor_text(const char *bytes, size_t n);

WEFT_API struct weft_tensor *weft_tensor_ref(struct weft_tensor *t);    /* one more reference */
WEFT_API void weft_tensor_free(struct weft_tensor *t);          /* one fewer; NULL is fine */

WEFT_API enum weft_dtype weft_tensor_dtype(const struct weft_tensor *t);
WEFT_API int weft_tensor_rank(const struct weft_tensor *t);
WEFT_API int64_t weft_tensor_dim(const struct weft_tensor *t, int axis);
WEFT_API int64_t weft_tensor_count(const struct weft_tensor *t);        /* elements */
WEFT_API size_t weft_tensor_bytes(const struct weft_tensor *t);
/* Does anything else hold its elements: a variable, a constant, another tensor? If not, the caller
 * may write to them. */
WEFT_API bool weft_tensor_is_shared(const struct weft_tensor *t);
/* Row-major elements, 64-byte aligned unless wrapped. Write only to a tensor that was made here and
 * not yet fed to a run. Strings: see below. Resources and variants are for feeding back alone. */
WEFT_API void *weft_tensor_data(const struct weft_tensor *t);

/* Element i of any number or bool tensor, converted. 0 where there is no such element. */
WEFT_API double weft_tensor_number(const struct weft_tensor *t, int64_t i);
/* Element i of a string tensor: any bytes, a NUL behind them; they are the tensor's. */
WEFT_API const char *weft_tensor_string(const struct weft_tensor *t, int64_t i, size_t *n);
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_tensor_set_string(struct weft_tensor *t, int64_t i, const char *bytes, size_t n);

/* The values as text, nested brackets as NumPy prints them, at most `most` elements a dimension.
 * The caller free()s it. NULL: no memory. */
WEFT_API char *weft_tensor_to_text(const struct weft_tensor *t, int64_t most);

/* ---- graphs ------------------------------------------------------------------------------- */

/* One output of one node; {NULL, 0} is none. Passed by value; owns nothing. */
struct weft_out { struct weft_node *node; int index; };

/* NULL: no memory. TF: tf.Graph. */
WEFT_API struct weft_graph *weft_graph_new(void);
/* Gives the caller's reference back. Sessions on the graph keep it until they are freed. */
WEFT_API void weft_graph_free(struct weft_graph *g);            /* NULL is fine */

/* The calling thread's default graph: the innermost one entered, else one made for the thread when
 * first asked for, freed when the thread ends or resets it. Borrowed. NULL: no memory.
 * TF: tf.get_default_graph. */
WEFT_API struct weft_graph *weft_default_graph(void);
/* Until weft_graph_leave(), `g` is the thread's default graph. TF: Graph.as_default. */
WEFT_API WEFT_MUST_CHECK struct weft_status *weft_graph_enter(struct weft_graph *g);
/* FAILED_PRECONDITION "Nesting violated" unless `g` is the innermost. */
WEFT_API WEFT_MUST_CHECK struct weft_status *weft_graph_leave(struct weft_graph *g);
/* Drop the thread's own default graph; the next use makes a fresh one. What others still hold of
 * the old one keeps working. FAILED_PRECONDITION, naming what is open, while a graph is entered
 * or a name scope open. TF: tf.reset_default_graph. */
WEFT_API WEFT_MUST_CHECK struct weft_status *weft_reset_default_graph(void);

/* The first error of a builder on this graph in this thread, cleared by asking; NULL: none. */
WEFT_API WEFT_MUST_CHECK struct weft_status *weft_graph_error(struct weft_graph *g);

/* No more nodes: adding one is FAILED_PRECONDITION. Running goes on. TF: Graph.finalize. */
WEFT_API void weft_graph_finalize(struct weft_graph *g);
/* Undoes that. TF: Graph._unsafe_unfinalize. */
WEFT_API void weft_graph_reopen(struct weft_graph *g);
WEFT_API bool weft_graph_is_finalized(struct weft_graph *g);

/* The graph-level seed of random ops added from now on. TF: tf.set_random_seed. */
WEFT_API void weft_graph_set_seed(struct weft_graph *g, int64_t seed);

WEFT_API int weft_graph_count(struct weft_graph *g);                    /* nodes */
WEFT_API struct weft_node *weft_graph_node(struct weft_graph *g, int i);     /* in creation order */
WEFT_API struct weft_node *weft_graph_find(struct weft_graph *g, const char *name); /* NULL: none */
/* "name:index" to an output; NOT_FOUND or INVALID_ARGUMENT with TensorFlow's texts. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_graph_find_out(struct weft_graph *g, const char *name, struct weft_out *result);
/* The name that the next node asking for `name` would get, scopes apart, to be free()d; with `mark`
 * it counts as taken from now on. NULL: no memory. TF: Graph.unique_name. */
WEFT_API char *weft_graph_unique_name(struct weft_graph *g, const char *name, bool mark);
/* Ids handed out so far, failed nodes counted: what the seed of a random op without one of its own
 * is made of. The version is the id of the latest node, 0 in an empty graph. TF: Graph.version. */
WEFT_API int weft_graph_ids(struct weft_graph *g);
WEFT_API int weft_graph_version(struct weft_graph *g);

/* Collections: named lists of outputs; of a node itself with index -1. TF: Graph.add_to_collection.
 * Standard names: "variables", "trainable_variables", "local_variables", "losses", "train_op"... */
WEFT_API void weft_collect(struct weft_graph *g, const char *key, struct weft_out item);
/* How many there are; the first `most` of them go to `items`. */
WEFT_API int weft_collection(struct weft_graph *g, const char *key, struct weft_out *items,
                             int most);

/* ---- scopes ------------------------------------------------------------------------------- *
 * Each applies to the nodes that this thread adds to `g` until its weft_scope_end(); they nest. */

/* Put "name/" in front of names; a trailing '/' means: exactly this, not made unique. NULL or "":
 * the root. Returns the prefix ("" at the root), good until the graph goes; NULL: an error sticks.
 * TF: tf.name_scope. */
WEFT_API const char *weft_name_scope(struct weft_graph *g, const char *name);
/* Nodes run after these; n = 0 drops all enclosing ones, and leaves branches and loops (below).
 * TF: tf.control_dependencies. */
WEFT_API void weft_control_dependencies(struct weft_graph *g, struct weft_node *const *nodes,
                                        int n);
/* "/device:CPU:0"; merged by fields with the enclosing ones; NULL: ignore those. TF: tf.device. */
WEFT_API void weft_device(struct weft_graph *g, const char *device);
/* On the device of `node`, whatever device scopes say. TF: tf.colocate_with. */
WEFT_API void weft_colocate_with(struct weft_graph *g, struct weft_node *node);
/* Resources made by the nodes live in this container. TF: Graph.container. */
WEFT_API void weft_container(struct weft_graph *g, const char *container);
WEFT_API void weft_scope_end(struct weft_graph *g);
/* The name scope that this thread is in, "a/b/"; "" at the root. Good until the graph goes. */
WEFT_API const char *weft_current_scope(struct weft_graph *g);

/* ---- nodes -------------------------------------------------------------------------------- *
 * A node lives as long as its graph and never changes; all texts are the node's. */

WEFT_API const char *weft_node_name(const struct weft_node *n);
WEFT_API int weft_node_id(const struct weft_node *n);   /* its place: weft_graph_node(g, id) */
WEFT_API const char *weft_node_op(const struct weft_node *n);           /* "MatMul" */
WEFT_API const char *weft_node_device(const struct weft_node *n);       /* "" if none asked for */
WEFT_API struct weft_graph *weft_node_graph(const struct weft_node *n); /* borrowed */
/* Has its op a kernel here? A graph may hold nodes of ops that have none. */
WEFT_API bool weft_node_can_run(const struct weft_node *n);
WEFT_API int weft_node_inputs(const struct weft_node *n);
WEFT_API struct weft_out weft_node_input(const struct weft_node *n, int i);
WEFT_API int weft_node_outputs(const struct weft_node *n);
WEFT_API int weft_node_controls(const struct weft_node *n);             /* control inputs */
WEFT_API struct weft_node *weft_node_control(const struct weft_node *n, int i);

/* An attribute of kind bool, int, float, type: its value, else NOT_FOUND "Operation 'x' has no
 * attr named 'k'." or INVALID_ARGUMENT. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_node_number(const struct weft_node *n, const char *attr, double *result);
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_node_text(const struct weft_node *n, const char *attr, const char **bytes, size_t *length);

static inline struct weft_out weft_output(struct weft_out of, int index)
{
    of.index = index;
    return of;
}

WEFT_API enum weft_dtype weft_out_dtype(struct weft_out o);
WEFT_API bool weft_out_is_ref(struct weft_out o);               /* of a variable: may be assigned */
/* Rank as far as it is known (-1: unknown), dims (-1: unknown) for up to WEFT_MAX_RANK of them. */
WEFT_API int weft_out_shape(struct weft_out o, int64_t dims[WEFT_MAX_RANK]);
/* Tell what is known better than it could be inferred. TF: Tensor.set_shape. */
WEFT_API void weft_set_shape(struct weft_out o, int rank, const int64_t *dims);
/* The value if it is known without a run, from constants and shapes by cheap stateless ops; the
 * caller frees it. NULL: not known. TF: tensor_util.constant_value. */
WEFT_API struct weft_tensor *weft_out_value(struct weft_out o);
/* The shape that a vector holds, as far as it is known (as of weft_out_shape()). TF:
 * tensor_util.constant_value_as_shape. */
WEFT_API int weft_out_value_shape(struct weft_out o, int64_t dims[WEFT_MAX_RANK]);

/* All attributes: the op's in its order, then private ones ("_class"). */
WEFT_API int weft_node_attrs(const struct weft_node *n);
WEFT_API const char *weft_node_attr_name(const struct weft_node *n, int i);
struct weft_attr;
/* Any attribute as a weft_attr that points into the node; NOT_FOUND as of weft_node_number(). A
 * STRING has its bytes in p and their number in i; lists have their length in i, and in p int64_t
 * (BOOLS, INTS), double (FLOATS) or enum weft_dtype (TYPES); TENSOR and the elements of STRINGS,
 * FUNCS, SHAPES and TENSORS are asked for one by one, by the functions below. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_node_attr(const struct weft_node *n, const char *attr, struct weft_attr *value);
/* Element i of a list (0 of a single value). Bytes are the node's, a tensor is the caller's. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_node_attr_string(const struct weft_node *n, const char *attr, int i, const char **bytes,
                      size_t *length);
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_node_attr_shape(const struct weft_node *n, const char *attr, int i, int *rank,
                     int64_t dims[WEFT_MAX_RANK]);
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_node_attr_tensor(const struct weft_node *n, const char *attr, int i,
                      struct weft_tensor **value);

/* ---- building ----------------------------------------------------------------------------- */

enum weft_attr_kind {
    WEFT_ATTR_NAME, WEFT_ATTR_BOOL, WEFT_ATTR_INT, WEFT_ATTR_FLOAT, WEFT_ATTR_TYPE,
    WEFT_ATTR_STRING, WEFT_ATTR_SHAPE, WEFT_ATTR_TENSOR, WEFT_ATTR_INTS, WEFT_ATTR_FLOATS,
    WEFT_ATTR_TYPES, WEFT_ATTR_STRINGS, WEFT_ATTR_CONTROL, WEFT_ATTR_DEVICE, WEFT_ATTR_BOOLS,
    WEFT_ATTR_SHAPES, WEFT_ATTR_TENSORS, WEFT_ATTR_FUNC, WEFT_ATTR_FUNCS
};

/* One attribute; what it points to is copied when the node is made. Made by the functions below. */
struct weft_attr {
    enum weft_attr_kind kind;
    const char *name;
    int64_t i;                  /* BOOL, INT, TYPE; the rank of SHAPE; the length of a list, or
                                   of a STRING (-1: up to its NUL) */
    double f;
    const void *p;
};

static inline struct weft_attr weft_attr_of(enum weft_attr_kind kind, const char *name, int64_t i,
                                            double f, const void *p)
{
    struct weft_attr a;
    a.kind = kind;
    a.name = name;
    a.i = i;
    a.f = f;
    a.p = p;
    return a;
}

/* The node's name, instead of its op's; made unique. */
static inline struct weft_attr weft_name(const char *name)
{ return weft_attr_of(WEFT_ATTR_NAME, "", 0, 0, name); }
/* Run after that node too. */
static inline struct weft_attr weft_after(struct weft_node *node)
{ return weft_attr_of(WEFT_ATTR_CONTROL, "", 0, 0, node); }
static inline struct weft_attr weft_attr_bool(const char *name, bool v)
{ return weft_attr_of(WEFT_ATTR_BOOL, name, v, 0, NULL); }
static inline struct weft_attr weft_attr_int(const char *name, int64_t v)
{ return weft_attr_of(WEFT_ATTR_INT, name, v, 0, NULL); }
static inline struct weft_attr weft_attr_float(const char *name, double v)
{ return weft_attr_of(WEFT_ATTR_FLOAT, name, 0, v, NULL); }
static inline struct weft_attr weft_attr_type(const char *name, enum weft_dtype v)
{ return weft_attr_of(WEFT_ATTR_TYPE, name, v, 0, NULL); }
static inline struct weft_attr weft_attr_string(const char *name, const char *v)
{ return weft_attr_of(WEFT_ATTR_STRING, name, -1, 0, v); }
static inline struct weft_attr weft_attr_bytes(const char *name, const char *v, int64_t n)
{ return weft_attr_of(WEFT_ATTR_STRING, name, n, 0, v); }
/* rank -1: unknown; dims -1: unknown. */
static inline struct weft_attr weft_attr_shape(const char *name, int rank, const int64_t *dims)
{ return weft_attr_of(WEFT_ATTR_SHAPE, name, rank, 0, dims); }
static inline struct weft_attr weft_attr_tensor(const char *name, const struct weft_tensor *v)
{ return weft_attr_of(WEFT_ATTR_TENSOR, name, 0, 0, v); }
static inline struct weft_attr weft_attr_ints(const char *name, const int64_t *v, int n)
{ return weft_attr_of(WEFT_ATTR_INTS, name, n, 0, v); }
static inline struct weft_attr weft_attr_floats(const char *name, const double *v, int n)
{ return weft_attr_of(WEFT_ATTR_FLOATS, name, n, 0, v); }
static inline struct weft_attr weft_attr_types(const char *name, const enum weft_dtype *v, int n)
{ return weft_attr_of(WEFT_ATTR_TYPES, name, n, 0, v); }
static inline struct weft_attr weft_attr_strings(const char *name, const char *const *v, int n)
{ return weft_attr_of(WEFT_ATTR_STRINGS, name, n, 0, v); }
static inline struct weft_attr weft_attr_bools(const char *name, const int64_t *v, int n)
{ return weft_attr_of(WEFT_ATTR_BOOLS, name, n, 0, v); }
/* A function of the graph, by its name; n of them. */
static inline struct weft_attr weft_attr_func(const char *name, const char *function)
{ return weft_attr_of(WEFT_ATTR_FUNC, name, -1, 0, function); }
static inline struct weft_attr weft_attr_funcs(const char *name, const char *const *v, int n)
{ return weft_attr_of(WEFT_ATTR_FUNCS, name, n, 0, v); }
/* v: n shapes. */
struct weft_shape { int rank; int64_t dims[WEFT_MAX_RANK]; };
static inline struct weft_attr weft_attr_shapes(const char *name, const struct weft_shape *v, int n)
{ return weft_attr_of(WEFT_ATTR_SHAPES, name, n, 0, v); }
/* The node's device, whatever device scopes say. */
static inline struct weft_attr weft_attr_device(const char *device)
{ return weft_attr_of(WEFT_ATTR_DEVICE, "", 0, 0, device); }

/* Arrays and their lengths, as arguments:
 *     weft_mat_mul_with(g, a, b, WEFT_ATTRS(weft_name("y"), weft_attr_bool("transpose_b", true)))
 */
#define WEFT_ATTRS(...)                                                                     \
    (const struct weft_attr[]){ __VA_ARGS__ },                                              \
    (int)(sizeof((const struct weft_attr[]){ __VA_ARGS__ }) / sizeof(struct weft_attr))
#define WEFT_OUTS(...)                                                                      \
    (const struct weft_out[]){ __VA_ARGS__ },                                               \
    (int)(sizeof((const struct weft_out[]){ __VA_ARGS__ }) / sizeof(struct weft_out))
#define WEFT_NODES(...)                                                                     \
    (struct weft_node *const[]){ __VA_ARGS__ },                                             \
    (int)(sizeof((struct weft_node *const[]){ __VA_ARGS__ }) / sizeof(struct weft_node *))

/* Add a node of any op: output 0 of it (weft_output() gives the others), or {NULL} when an error
 * sticks. It goes to the graph of its inputs; without inputs to `g`, or to the thread's default
 * graph if `g` is NULL. Inputs of two graphs, wrong dtypes, impossible shapes: INVALID_ARGUMENT.
 * The builders of weft_ops.h are written on this. */
WEFT_API struct weft_out weft_op(struct weft_graph *g, const char *op,
                                 const struct weft_out *inputs, int n_inputs,
                                 const struct weft_attr *attrs, int n_attrs);
/* The same with the error returned, nothing sticking and the name taken as it is, scopes apart:
 * one that is taken is INVALID_ARGUMENT "Duplicate node name in graph". TF: TF_FinishOperation. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_node_new(struct weft_graph *g, const char *op, const char *name,
              const struct weft_out *inputs, int n_inputs,
              const struct weft_attr *attrs, int n_attrs, struct weft_node **result);

/* What the builders of weft_ops.h call: inputs as one array, or as lists that are joined, and two
 * sets of attributes. */
struct weft_list { const struct weft_out *outs; int n; };
WEFT_API struct weft_out weft_op_built(struct weft_graph *g, const char *op,
                                       const struct weft_out *inputs, int n_inputs,
                                       const struct weft_list *lists, int n_lists,
                                       const struct weft_attr *own, int n_own,
                                       const struct weft_attr *attrs, int n_attrs);

/* ---- the ops there are --------------------------------------------------------------------- *
 * For front ends in other languages: what weft_ops.h is made from. All of it lives as long as the
 * process. */

struct weft_op_def;
WEFT_API int weft_op_count(void);
WEFT_API const struct weft_op_def *weft_op_at(int i);
WEFT_API const struct weft_op_def *weft_op_find(const char *name);      /* NULL: none */
WEFT_API const char *weft_op_name(const struct weft_op_def *d);         /* "MatMul" */
WEFT_API const char *weft_op_doc(const struct weft_op_def *d);          /* one sentence, or "" */
WEFT_API bool weft_op_is_stateful(const struct weft_op_def *d);
/* The row as text: "a: T, b: T", "product: T", "transpose_a: bool = false; T: {float, double}". */
WEFT_API const char *weft_op_inputs_text(const struct weft_op_def *d);
WEFT_API const char *weft_op_outputs_text(const struct weft_op_def *d);
WEFT_API const char *weft_op_attrs_text(const struct weft_op_def *d);
/* As a serialized OpDef, without descriptions. TF: Operation.op_def. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_op_export(const struct weft_op_def *d, struct weft_bytes *op_def);

struct weft_op_arg {                    /* an input or output argument */
    const char *name;                   /* name_length bytes, no NUL */
    int name_length;
    int type_attr;                      /* index of the attr that gives its dtype(s), or -1 */
    int number_attr;                    /* index of the attr that says how many, or -1: one */
    bool is_list;                       /* type_attr is a list: as many as it has */
    bool is_ref;
    enum weft_dtype dtype;              /* where type_attr is -1 */
};
WEFT_API int weft_op_inputs(const struct weft_op_def *d);
WEFT_API int weft_op_outputs(const struct weft_op_def *d);
WEFT_API struct weft_op_arg weft_op_input(const struct weft_op_def *d, int i);
WEFT_API struct weft_op_arg weft_op_output(const struct weft_op_def *d, int i);

struct weft_op_attr {
    const char *name;
    enum weft_attr_kind kind;
    bool has_default;
    bool is_inferred;                   /* the inputs bind it: nobody need say it */
    bool has_minimum;
    int64_t minimum;
    uint32_t allowed;                   /* TYPE, TYPES: bit t for each dtype t that may be */
    struct weft_attr fallback;          /* the default, as weft_node_attr() gives one */
};
WEFT_API int weft_op_attrs(const struct weft_op_def *d);
WEFT_API struct weft_op_attr weft_op_attr(const struct weft_op_def *d, int i);

/* What PyFunc and PyFuncStateless call: `token` is the node's attribute; it fills `out` with n_out
 * tensors of the dtypes wanted, which become the node's (NULL on failure), and leaves the inputs to
 * the caller. On any thread, several at a time, while no lock of the library's is held: it may
 * build and run, but must not wait for what the run's caller holds. One for the process; NULL:
 * none, and running such a node is INVALID_ARGUMENT "callback TOKEN is not found". TF: py_func. */
typedef struct weft_status *weft_host_function(const char *token, struct weft_tensor *const *in,
                                               int n_in, const enum weft_dtype *out_dtypes,
                                               struct weft_tensor **out, int n_out);
WEFT_API void weft_set_host_function(weft_host_function *f);

/* Constants. TF: tf.constant. */
WEFT_API struct weft_out weft_const(struct weft_graph *g, const struct weft_tensor *value);
WEFT_API struct weft_out weft_const_named(struct weft_graph *g, const char *name,
                                          const struct weft_tensor *value);
WEFT_API struct weft_out weft_scalar(struct weft_graph *g, enum weft_dtype dtype, double value);
WEFT_API struct weft_out weft_vector(struct weft_graph *g, enum weft_dtype dtype, int n,
                                     const double *values);
WEFT_API struct weft_out weft_text(struct weft_graph *g, const char *text);
WEFT_API struct weft_out weft_zeros(struct weft_graph *g, enum weft_dtype dtype, int rank,
                                    const int64_t *dims);

/* Random values of a floating type, drawn anew by each run; seed < 0: the graph's seed decides
 * (TF: tf.random.uniform, normal, truncated_normal). */
WEFT_API struct weft_out weft_uniform(struct weft_graph *g, enum weft_dtype dtype, int rank,
                                      const int64_t *dims, double from, double below, int64_t seed);
WEFT_API struct weft_out weft_normal(struct weft_graph *g, enum weft_dtype dtype, int rank,
                                     const int64_t *dims, double mean, double stddev, int64_t seed);
WEFT_API struct weft_out weft_normal_truncated(struct weft_graph *g, enum weft_dtype dtype,
                                               int rank, const int64_t *dims, double mean,
                                               double stddev, int64_t seed);

/* A NoOp that runs after all of these. TF: tf.group. */
WEFT_API struct weft_node *weft_group(struct weft_graph *g, struct weft_node *const *nodes, int n,
                                      const char *name);

/* ---- variables ---------------------------------------------------------------------------- */

/* Outputs of a variable's nodes; passed by value, owns nothing. */
struct weft_variable {
    struct weft_out ref;                /* VariableV2's reference, or VarHandleOp's handle */
    struct weft_out value;              /* what is read: `v/read` */
    struct weft_node *initializer;      /* assigns the initial value */
};

enum weft_variable_flags {
    WEFT_NOT_TRAINABLE = 1,             /* optimizers leave it alone */
    WEFT_USE_RESOURCE = 2,              /* VarHandleOp instead of VariableV2 */
    WEFT_LOCAL = 4                      /* in "local_variables" instead of "variables" */
};

/* A variable whose first value is `initial`, in each session, once its initializer (or
 * weft_variables_initializer()) has been run there; until then reading it is FAILED_PRECONDITION
 * "Attempting to use uninitialized value v". Added to the collections. TF: tf.Variable. */
WEFT_API struct weft_variable weft_variable_new(struct weft_graph *g, const char *name,
                                                struct weft_out initial, unsigned flags);
/* A node that runs the initializers of the variables now in "variables" (and "local_variables"),
 * named "init". TF: tf.global_variables_initializer. */
WEFT_API struct weft_node *weft_variables_initializer(struct weft_graph *g);
/* Updates; each returns what a read after it gives (of a ref variable: the reference). */
WEFT_API struct weft_out weft_variable_assign(struct weft_variable v, struct weft_out value);
WEFT_API struct weft_out weft_variable_add(struct weft_variable v, struct weft_out delta);
WEFT_API struct weft_out weft_variable_sub(struct weft_variable v, struct weft_out delta);

/* ---- conditions and loops ------------------------------------------------------------------- *
 * They are built by functions of the caller's, which are called once, before weft_cond() and its
 * like return: what they build is put in the branch or in the loop, and what they use from outside
 * comes in by itself. In a run it is computed where the branch is taken, and once an iteration;
 * what was built outside is computed anyway, once. Variables may be read and assigned inside; one
 * that is made there lies outside. What is in a branch or loop cannot be fed or fetched. */

/* Builds a branch and tells its n results; a node itself, as {node, -1}, becomes a bool that is
 * there once the node has run. */
typedef void weft_branch(void *ctx, struct weft_graph *g, struct weft_out *results, int n);

/* results[i] is what when_true() tells where `pred`, a bool, is true, else what when_false() tells,
 * in a name scope called `name` (NULL: "cond"). INVALID_ARGUMENT: the results differ in dtype, one
 * is missing. TF: tf.cond. */
WEFT_API void weft_cond(struct weft_graph *g, const char *name, struct weft_out pred,
                        weft_branch *when_true, weft_branch *when_false, void *ctx,
                        struct weft_out *results, int n);

/* The same for the first of several whose `pred` holds, else for `otherwise`; where that is NULL
 * and none holds the run fails. `exclusive`: it fails too where several hold. TF: tf.case. */
struct weft_case { struct weft_out pred; weft_branch *then; };
WEFT_API void weft_case(struct weft_graph *g, const char *name, const struct weft_case *cases,
                        int n_cases, weft_branch *otherwise, bool exclusive, void *ctx,
                        struct weft_out *results, int n);

/* Builds whether there is another iteration, a bool, of the n variables at its start. */
typedef struct weft_out weft_loop_test(void *ctx, struct weft_graph *g,
                                       const struct weft_out *vars, int n);
/* Builds an iteration: next[i] is what vars[i] is in the one after it. */
typedef void weft_loop_body(void *ctx, struct weft_graph *g, const struct weft_out *vars,
                            struct weft_out *next, int n);

struct weft_loop_options {              /* zeroed is the default */
    const char *name;                   /* of the name scope; NULL: "while" */
    const struct weft_shape *shapes;    /* NULL, or of each variable: what of its shape stays */
    struct weft_out maximum;            /* of iterations, a scalar int; {NULL}: there is none */
    struct weft_out counter;            /* 0, of the same dtype; {NULL}: it is made here */
    int parallel_iterations;            /* that may be under way at once; 0: 10 */
    bool no_gradient;                   /* none will be asked for */
    bool swap_memory;                   /* means nothing here; files say it */
};
/* Iterates while `test` holds, from `vars`, which results[i] are in the end. `options` may be NULL.
 * INVALID_ARGUMENT "No loop variables provided", "enters the loop with shape ..., but has shape ...
 * after one iteration", "incompatible with expected" for a dtype that changes; for a value of the
 * loop that is used outside of it "because 'x' is in a while loop". TF: tf.while_loop. */
WEFT_API void weft_while(struct weft_graph *g, weft_loop_test *test, weft_loop_body *body,
                         void *ctx, const struct weft_out *vars, int n,
                         const struct weft_loop_options *options, struct weft_out *results);

/* What these are made of, for front ends that call functions of their own. A context is a branch or
 * a loop; it is its graph's. */

/* Opens a scope: what is built until its weft_scope_end() is in the context; NULL: in none, as
 * inside weft_control_dependencies() of no nodes. */
WEFT_API void weft_context_enter(struct weft_graph *g, struct weft_context *c);
/* The one that this thread builds in; NULL: none. It is another one from now on, as long as the
 * innermost scope is open. TF: Graph._get_control_flow_context, _set_control_flow_context. */
WEFT_API struct weft_context *weft_current_context(struct weft_graph *g);
WEFT_API void weft_set_context(struct weft_graph *g, struct weft_context *c);
/* `value` as it is inside: itself, or what brings it in; {NULL}: an error sticks, or `c` is NULL.
 * TF: AddValue. */
WEFT_API struct weft_out weft_context_value(struct weft_context *c, struct weft_out value);

/* The choice, under the current name scope; each branch is entered, built, and each of its results
 * asked for with weft_branch_result() before it is left; a Merge of what is false and what is true
 * is the result. */
struct weft_condition {
    struct weft_out pred;               /* {NULL}: an error sticks */
    struct weft_out pivot[2];           /* [1] is there where pred is true, [0] where it is not */
};
WEFT_API struct weft_condition weft_condition_new(struct weft_graph *g, struct weft_out pred);
/* Not entered. `name` NULL: "cond_text". NULL: an error sticks. */
WEFT_API struct weft_context *weft_branch_new(struct weft_graph *g, const char *name,
                                              struct weft_out pred, struct weft_out pivot,
                                              int branch);
/* {NULL}: an error sticks, or `c` is NULL. */
WEFT_API struct weft_out weft_branch_result(struct weft_context *c, struct weft_out value);
WEFT_API struct weft_out weft_branch_merge(struct weft_graph *g, struct weft_out when_false,
                                           struct weft_out when_true);

/* Begins a loop under the current name scope and enters it: inside[i] is vars[i] for the test. Then
 * `inside` for the body; then the end, which leaves it. NULL: an error sticks, nothing is entered,
 * `inside` is {NULL}, and the others do nothing with it: what they would give stays as it was. A
 * loop that is given up is left by weft_scope_end(). */
WEFT_API struct weft_context *weft_loop_begin(struct weft_graph *g,
                                              const struct weft_loop_options *options,
                                              const struct weft_out *vars, int n,
                                              struct weft_out *inside);
WEFT_API void weft_loop_test_is(struct weft_context *c, struct weft_out test,
                                struct weft_out *inside);
WEFT_API void weft_loop_end(struct weft_context *c, const struct weft_out *next,
                            struct weft_out *results);

/* All contexts, in the order of making. */
WEFT_API int weft_graph_contexts(struct weft_graph *g);
WEFT_API struct weft_context *weft_graph_context(struct weft_graph *g, int i);
/* The context that a node was made in, and the one that a context lies in; NULL: none. */
WEFT_API struct weft_context *weft_node_context(const struct weft_node *n);
WEFT_API struct weft_context *weft_context_outer(const struct weft_context *c);
/* Places the node in another context than it was made in. TF: _set_control_flow_context */
WEFT_API void weft_node_set_context(struct weft_node *n, struct weft_context *c);
/* May a run feed what the node gives, and fetch it? */
WEFT_API bool weft_node_may_be_fed(const struct weft_node *n);
WEFT_API bool weft_node_may_be_fetched(const struct weft_node *n);

struct weft_context_info {              /* what belongs to one kind is zero in the other */
    const char *name;                   /* texts are the graph's */
    int id;                             /* a graph counts its contexts from 0 */
    bool is_loop;
    bool is_done;                       /* a loop: it was ended */
    struct weft_out pivot;              /* of a loop: whether it goes on */
    struct weft_out pred;
    int branch;                         /* 1: taken where pred is true */
    struct weft_out pivot_for_pred, pivot_for_body;
    struct weft_out maximum;
    int n_vars;                         /* the counter included, where there is a maximum */
    const struct weft_out *enters, *exits;
    int parallel_iterations;
    bool back_prop, swap_memory;
};
WEFT_API struct weft_context_info weft_context_info(const struct weft_context *c);
/* As a serialized CondContextDef or WhileContextDef, to be freed with weft_bytes_free(); and such a
 * one in a graph that has its nodes, named under "prefix/" (NULL: as they are), which are in it
 * then. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_context_export(const struct weft_context *c, struct weft_bytes *def);
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_context_import(struct weft_graph *g, const char *prefix, bool is_loop, const void *def,
                    size_t n, struct weft_context **result);
/* The pairs that came in: outside[i] is inside[i]; how many there are, of which `most` are told. */
WEFT_API int weft_context_captures(const struct weft_context *c, struct weft_out *outside,
                                   struct weft_out *inside, int most);

/* ---- arrays of tensors, and functions over rows ---------------------------------------------- *
 * An array holds tensors of one dtype, each written once and read once; loops write and read it an
 * element at a time, without copies, and gradients go through. A struct weft_array is the array
 * behind what was last done to it: what writes gives another one, and that is to be used from there
 * on. Of a loop its flow is a variable, weft_array_at() the array again. An error sticks to the
 * array's graph, and the result is {NULL}, or an array whose handle or flow is; of an array without
 * a handle comes nothing. INVALID_ARGUMENT "Inconsistent shapes: saw [3] but expected [2]" for what
 * is written; runs fail with what TensorFlow's ops say. TF: tf.TensorArray. */
struct weft_array {
    struct weft_out handle, flow;
    enum weft_dtype dtype;
    struct weft_shape shape;            /* what is known of every element's */
    bool varied;                        /* elements may differ in shape */
};

struct weft_array_options {             /* zeroed is the default */
    const char *name;                   /* of the node; NULL: "TensorArray" */
    const struct weft_shape *shape;     /* NULL, or of every element, as far as it is known */
    bool dynamic;                       /* a write behind the end makes it longer */
    bool keeps;                         /* what was read can be read again */
    bool varied;                        /* elements may differ in shape */
};
/* `size`: a scalar int32. `options` may be NULL. */
WEFT_API struct weft_array weft_array_new(struct weft_graph *g, enum weft_dtype t,
                                          struct weft_out size,
                                          const struct weft_array_options *options);
WEFT_API struct weft_array weft_array_at(struct weft_array a, struct weft_out flow);
WEFT_API struct weft_out weft_array_read(struct weft_array a, struct weft_out index);
WEFT_API struct weft_array weft_array_write(struct weft_array a, struct weft_out index,
                                            struct weft_out value);
/* Elements at these indices, or all, along a new first dimension; and rows to elements. */
WEFT_API struct weft_out weft_array_gather(struct weft_array a, struct weft_out indices);
WEFT_API struct weft_array weft_array_scatter(struct weft_array a, struct weft_out indices,
                                              struct weft_out value);
WEFT_API struct weft_out weft_array_stack(struct weft_array a);
WEFT_API struct weft_array weft_array_unstack(struct weft_array a, struct weft_out value);
/* All elements joined along their first dimension; parts of these lengths (int64) to elements. */
WEFT_API struct weft_out weft_array_concat(struct weft_array a);
WEFT_API struct weft_array weft_array_split(struct weft_array a, struct weft_out value,
                                            struct weft_out lengths);
WEFT_API struct weft_out weft_array_size(struct weft_array a);

/* Builds what becomes of a row of each of the tensors: results[i]. `state`: what became of the row
 * before; NULL for weft_map_fn(). Called once. */
typedef void weft_row_fn(void *ctx, struct weft_graph *g, const struct weft_out *state,
                         const struct weft_out *row, struct weft_out *results);

struct weft_map_options {               /* zeroed is the default */
    const char *name;                   /* of the name scope; NULL: "map", "scan"... */
    const enum weft_dtype *dtypes;      /* of weft_map_fn()'s results; NULL: as the tensors',
                                           of which there are as many or more */
    int parallel_iterations;            /* that may be under way at once; 0: 10 */
    bool no_gradient, swap_memory;      /* as for loops */
    bool varied;                        /* results of different rows may differ in shape */
    bool reverse;                       /* weft_scan(): from the last row on */
};
/* results[i], n_results of them: what the function gave for each row of the n tensors `elems`, in a
 * tensor. Where an error sticks, each is {NULL}, here and below: INVALID_ARGUMENT "elems must not
 * be empty", "elems must be a 1+ dimensional Tensor, not a scalar", "must be equal, but are 3 and
 * 4" for rows that are not as many, and here "dtypes must be given". TF: tf.map_fn. */
WEFT_API void weft_map_fn(struct weft_graph *g, weft_row_fn *fn, void *ctx,
                          const struct weft_out *elems, int n,
                          const struct weft_map_options *options, struct weft_out *results,
                          int n_results);
/* results[i], n_state of them: what the function gave for each row, by and by. `initial` is the
 * state that the first row finds; NULL: the first row is it, and n_state is n. TF: tf.scan. */
WEFT_API void weft_scan(struct weft_graph *g, weft_row_fn *fn, void *ctx,
                        const struct weft_out *elems, int n, const struct weft_out *initial,
                        int n_state, const struct weft_map_options *options,
                        struct weft_out *results);
/* ... what it gave for the last row; from the last on, for the first. TF: tf.foldl, tf.foldr. */
WEFT_API void weft_foldl(struct weft_graph *g, weft_row_fn *fn, void *ctx,
                         const struct weft_out *elems, int n, const struct weft_out *initial,
                         int n_state, const struct weft_map_options *options,
                         struct weft_out *results);
WEFT_API void weft_foldr(struct weft_graph *g, weft_row_fn *fn, void *ctx,
                         const struct weft_out *elems, int n, const struct weft_out *initial,
                         int n_state, const struct weft_map_options *options,
                         struct weft_out *results);

/* ---- functions ---------------------------------------------------------------------------- *
 * A graph's library holds functions, each a FunctionDef: a node that has one's name as its op calls
 * it, and so do PartitionedCall, If, While... which have it as an attribute. */

/* What a function is made of; what is not said may be zeroed. */
struct weft_definition {
    const char *name;
    bool hashed;                        /* a text made of all the rest is put behind the name */
    const char *description;            /* or NULL */
    const struct weft_out *inputs, *outputs;
    const char *const *output_names;    /* NULL: after the outputs' nodes */
    int n_inputs, n_outputs;
    struct weft_node *const *nodes;     /* those of the function; */
    int n_nodes;                        /* -1: all of the graph but the inputs' */
    struct weft_node *const *controls;  /* nodes that run though nobody reads them */
    const char *const *control_names;   /* NULL: the nodes' */
    int n_controls;
    const struct weft_attr *attrs;      /* of the function: "_noinline"... */
    int n_attrs;
};

/* Nodes of `g` as a serialized FunctionDef, to be freed with weft_bytes_free(); the graph is as it
 * was. INVALID_ARGUMENT where a node reads what is neither in the function nor among its inputs.
 * TF: TF_GraphToFunction. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_graph_define(struct weft_graph *g, const struct weft_definition *d,
                  struct weft_bytes *function_def);
/* The graph gets the function; `gradient` (or NULL) is the name of the one that is its gradient.
 * INVALID_ARGUMENT "Cannot add function 'f' because a different function with the same name already
 * exists." TF: TF_GraphCopyFunction. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_graph_add_function(struct weft_graph *g, const void *function_def, size_t n,
                        const char *gradient);
WEFT_API int weft_graph_functions(struct weft_graph *g);
/* The name of function i, in the order added, as long as the graph lives; NULL: there is none. */
WEFT_API const char *weft_graph_function_name(struct weft_graph *g, int i);
/* That of its gradient, or NULL. */
WEFT_API const char *weft_graph_function_gradient(struct weft_graph *g, const char *name);
/* As a serialized FunctionDef, to be freed with weft_bytes_free(). NOT_FOUND "Function f is not
 * defined." TF: TF_FunctionToFunctionDef. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_graph_function(struct weft_graph *g, const char *name, struct weft_bytes *function_def);

/* ---- gradients and optimizers ------------------------------------------------------------- */

/* Rows of a gradient: values[i] belongs to row indices[i]. TF: tf.IndexedSlices. */
struct weft_slices { struct weft_out values, indices, dense_shape; };

/* One node's turn: dy for each output ({NULL}: nothing came; zeros are meant), dx to be filled for
 * each input ({NULL}: not connected). Nodes it adds belong under `scope`, a name with a '/'. */
struct weft_node_gradient {
    struct weft_node *node;
    const char *scope;
    const struct weft_slices *dy;
    struct weft_slices *dx;
    int n_dy, n_dx;
};

/* What weft_gradients() may be told besides; zeroed is the default. */
struct weft_gradients_options {
    const struct weft_out *grad_ys;     /* dL/dy for each y; NULL, or an entry {NULL}: ones */
    const struct weft_out *stop;        /* held constant */
    int n_stop;
    struct weft_slices *slices;      /* room for n_xs: gradients of gathers stay rows; else dense */
    const char *name;                   /* of the scope; NULL: "gradients"; "x/": exactly x */
    bool colocate;                      /* each on the device of the node it belongs to; what
                                           `function` adds it places itself */
    bool gate;                          /* of one node: none is used before all are there */
    /* NULL, or: asked at each node on the way back, before its op's own gradient; sets *done where
     * it gives the gradient itself. No lock is held while it runs. TF: tf.RegisterGradient. */
    struct weft_status *(*function)(void *ctx, struct weft_node_gradient *q, bool *done);
    void *ctx;
};

/* dx[i] becomes the sum of dy/dx over all ys, {NULL} where no path connects. With `slices`, an x
 * whose gradient is rows has slices[i].indices.node set, and dx[i] is the values. An op on the path
 * without gradient: NOT_FOUND "No gradient defined for operation 'x' (op type: X)", which sticks.
 * TF: tf.gradients. `options` may be NULL. */
WEFT_API void weft_gradients(struct weft_graph *g, const struct weft_out *ys, int n_ys,
                             const struct weft_out *xs, int n_xs,
                             const struct weft_gradients_options *options, struct weft_out *dx);

/* Optimizers: a rule and its numbers; belongs to no graph. NULL: no memory. The caller frees it,
 * its nodes and variables stay in their graphs. TF: tf.train.*Optimizer, the same defaults. */
WEFT_API struct weft_optimizer *weft_gradient_descent(double learning_rate);
WEFT_API struct weft_optimizer *weft_momentum(double learning_rate, double momentum, bool nesterov);
WEFT_API struct weft_optimizer *weft_adagrad(double learning_rate, double initial_accumulator);
WEFT_API struct weft_optimizer *weft_adadelta(double learning_rate, double rho, double epsilon);
WEFT_API struct weft_optimizer *weft_rmsprop(double learning_rate, double decay, double momentum,
                                             double epsilon, bool centered);
WEFT_API struct weft_optimizer *weft_adam(double learning_rate, double beta1, double beta2,
                                          double epsilon);
WEFT_API struct weft_optimizer *weft_ftrl(double learning_rate, double power,
                                          double initial_accumulator, double l1, double l2);
/* The learning rate as a scalar of the graph, to be fed or computed, instead of a number. */
WEFT_API void weft_optimizer_set_rate(struct weft_optimizer *o, struct weft_out rate);
/* Another name for the train op and the slots. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_optimizer_set_name(struct weft_optimizer *o, const char *name);
WEFT_API void weft_optimizer_free(struct weft_optimizer *o);            /* NULL is fine */

/* Gradients of `loss` for `vars` (n = 0: "trainable_variables"), and the updates: a node to run,
 * named after the optimizer. `global_step`, if its ref is there, is incremented after them. Slots
 * are variables named "w/Momentum": run the initializer made after this. Errors stick:
 * "No variables to optimize.", "No gradients provided for any variable". */
WEFT_API struct weft_node *weft_minimize(struct weft_optimizer *o, struct weft_out loss,
                                         const struct weft_variable *vars, int n,
                                         const struct weft_variable *global_step);
/* The two halves. A grads[i].values of {NULL} leaves vars[i] alone; indices {NULL}: dense. */
WEFT_API void weft_compute_gradients(struct weft_optimizer *o, struct weft_out loss,
                                     const struct weft_variable *vars, int n,
                                     struct weft_slices *grads);
WEFT_API struct weft_node *weft_apply_gradients(struct weft_optimizer *o,
                                                const struct weft_slices *grads,
                                                const struct weft_variable *vars, int n,
                                                const struct weft_variable *global_step);
/* The variables in "trainable_variables": how many; the first `most` go to `vars`. */
WEFT_API int weft_trainable_variables(struct weft_graph *g, struct weft_variable *vars, int most);
/* A slot variable of `v`: "momentum", "m", "v"...; ref {NULL}: none. TF: Optimizer.get_slot. */
WEFT_API struct weft_variable weft_optimizer_slot(struct weft_optimizer *o, struct weft_variable v,
                                                  const char *slot);
/* An int64 scalar variable "global_step", not trainable. TF: tf.train.create_global_step. */
WEFT_API struct weft_variable weft_global_step(struct weft_graph *g);

/* ---- sessions ----------------------------------------------------------------------------- */

/* Options, all with a default; NULL: no memory. TF: tf.ConfigProto. */
WEFT_API struct weft_session_options *weft_session_options_new(void);
WEFT_API void weft_session_options_free(struct weft_session_options *o);
/* A server's target; "" (the default): in this session alone. Copied. False: no memory. */
WEFT_API bool weft_session_options_target(struct weft_session_options *o, const char *target);
/* Threads for one kernel, and for kernels at the same time; 0: as many as CPUs. One pool serves the
 * process; see weft_set_threads(). */
WEFT_API void weft_session_options_threads(struct weft_session_options *o, int intra_op,
                                           int inter_op);
/* Each run's limit in milliseconds; 0: none. Past it: DEADLINE_EXCEEDED. */
WEFT_API void weft_session_options_timeout(struct weft_session_options *o, int64_t milliseconds);
/* On a server: variables of its own. */
WEFT_API void weft_session_options_isolate(struct weft_session_options *o, bool isolate);
/* Nodes whose device does not exist run on the CPU instead of failing. */
WEFT_API void weft_session_options_soft_placement(struct weft_session_options *o, bool soft);

/* Only the nodes that a run needs must have a device, instead of the graph's all. */
WEFT_API void weft_session_options_place_pruned(struct weft_session_options *o, bool pruned);
/* Print to standard error where each node is placed. TF: log_device_placement. */
WEFT_API void weft_session_options_log_placement(struct weft_session_options *o, bool log);

/* A session on `g` (NULL: the thread's default graph), which it keeps alive and never changes;
 * nothing runs and nothing is copied yet. TF: tf.Session. `options` may be NULL. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_session_new(struct weft_graph *g, const struct weft_session_options *options,
                 struct weft_session **result);
/* Cancels the steps in flight, waits for them and gives back what the session owned: variables,
 * plans, buffers. Later runs are CANCELLED "Session has been closed.". Twice is fine. The graph is
 * not touched. A host function that a step of it has called does not wait: the end of the step is
 * the session's. TF: Session.close. */
WEFT_API void weft_session_close(struct weft_session *s);
WEFT_API void weft_session_free(struct weft_session *s);        /* closes first; NULL is fine */
WEFT_API struct weft_graph *weft_session_graph(struct weft_session *s); /* borrowed */

struct weft_feed { struct weft_out to; struct weft_tensor *value; };

#define WEFT_FEEDS(...)                                                                     \
    (const struct weft_feed[]){ __VA_ARGS__ },                                              \
    (int)(sizeof((const struct weft_feed[]){ __VA_ARGS__ }) / sizeof(struct weft_feed))

/* For one run; zeroed is the default. TF: tf.RunOptions. NULL: no memory. */
WEFT_API struct weft_run_options *weft_run_options_new(void);
WEFT_API void weft_run_options_free(struct weft_run_options *o);
WEFT_API void weft_run_options_timeout(struct weft_run_options *o, int64_t milliseconds);
/* Record what each node took; the record of the latest run with these options can then be read as
 * Chrome trace JSON ("" before), which is the options' until the next run. Such a run writes to
 * the options: one at a time. */
WEFT_API void weft_run_options_trace(struct weft_run_options *o, bool trace);
WEFT_API const char *weft_run_options_trace_json(const struct weft_run_options *o);
/* The same record step by step, in order of ending; 0 before. Nodes are their graph's. */
struct weft_trace_step {
    const struct weft_node *node;
    int64_t start_ns, duration_ns;      /* the start is on CLOCK_MONOTONIC */
    int thread;
};
WEFT_API int weft_run_options_steps(const struct weft_run_options *o);
WEFT_API struct weft_trace_step weft_run_options_step(const struct weft_run_options *o, int i);
/* The same record as a serialized RunMetadata (StepStats of the CPU); empty before. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_run_options_metadata(const struct weft_run_options *o, struct weft_bytes *run_metadata);
/* As soon as *flag is not 0, which a signal handler may see to (by an atomic store: other threads
 * look), a run in flight ends with CANCELLED "Run call was cancelled"; the session stays usable. */
WEFT_API void weft_run_options_cancel(struct weft_run_options *o, const volatile int *flag);

/* Run what the fetches and targets need, once. Feeds replace the values of any outputs, fetches
 * come back in `values` (the caller frees each; none is set on failure), targets are nodes run for
 * their effect. Every distinct set of feeds, fetches and targets is compiled once. An error that
 * sticks to the graph is returned first. TF: Session.run. `options` may be NULL.
 * Errors: what a kernel says, with its node; INVALID_ARGUMENT for an unfed placeholder, a feed of
 * the wrong dtype or shape, an empty request; NOT_FOUND for nodes that are not the graph's. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_session_run(struct weft_session *s, const struct weft_run_options *options,
                 const struct weft_feed *feeds, int n_feeds,
                 const struct weft_out *fetches, int n_fetches,
                 struct weft_node *const *targets, int n_targets,
                 struct weft_tensor **values);
/* Shorter: run one node for its effect; fetch one value. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_session_do(struct weft_session *s, struct weft_node *target);
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_session_eval(struct weft_session *s, struct weft_out fetch, struct weft_tensor **value);

/* A run prepared once, for the hot path: feeds and fetches in this order from now on. It outlives
 * close(), after which calling it is CANCELLED. TF: Session.make_callable.
 * weft_call_run() takes a tensor a feed and gives a value a fetch, as weft_session_run() does;
 * `options` may be NULL. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_call_new(struct weft_session *s, const struct weft_out *feeds, int n_feeds,
              const struct weft_out *fetches, int n_fetches,
              struct weft_node *const *targets, int n_targets, struct weft_call **result);
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_call_run(struct weft_call *c, const struct weft_run_options *options,
              struct weft_tensor *const *feeds, struct weft_tensor **values);
WEFT_API void weft_call_free(struct weft_call *c);              /* NULL is fine */

/* A run in several parts: of the feeds and fetches declared here each may be given once, over any
 * number of calls; every node runs at most once, as soon as what it needs has been fed.
 * INVALID_ARGUMENT: "was not specified in partial_run_setup.", "has already been fed.", "has
 * already been fetched.", "can't be computed from the feeds that have been fed so far.", none of
 * which changes anything; after a node has failed, or when all is done, "Must run 'setup' before
 * performing partial runs!". One thread at a time; several may be open at once. It outlives close()
 * as a call does. TF: Session.partial_run_setup, partial_run. */
struct weft_partial;
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_partial_new(struct weft_session *s, const struct weft_out *feeds, int n_feeds,
                 const struct weft_out *fetches, int n_fetches, struct weft_partial **result);
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_partial_run(struct weft_partial *p, const struct weft_feed *feeds, int n_feeds,
                 const struct weft_out *fetches, int n_fetches, struct weft_tensor **values);
WEFT_API void weft_partial_free(struct weft_partial *p);        /* NULL is fine */

/* ---- servers: variables that outlive sessions ---------------------------------------------- */

/* A target in this process whose sessions share variables by container and name, whatever their
 * graphs. TF: tf.train.Server.create_local_server. */
WEFT_API WEFT_MUST_CHECK struct weft_status *weft_server_new(struct weft_server **result);
WEFT_API const char *weft_server_target(const struct weft_server *s);
WEFT_API void weft_server_free(struct weft_server *s);          /* NULL is fine */
/* Empty the containers (n = 0: the default one) and close the target's sessions; "" means all
 * sessions of the process that are on no server. TF: Session.reset. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_reset(const char *target, const char *const *containers, int n);

/* ---- graphs as files ---------------------------------------------------------------------- */

enum { WEFT_EXPORT_SHAPES = 1 };        /* what is known of outputs' shapes, as "_output_shapes" */

/* The graph as a serialized GraphDef: nodes in order of creation with all attributes, and the
 * functions that were imported. TF: Graph.as_graph_def. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_graph_export(struct weft_graph *g, unsigned flags, struct weft_bytes *graph_def);
/* One node as a NodeDef. TF: Operation.node_def. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_node_export(const struct weft_node *n, struct weft_bytes *node_def);

/* How a GraphDef is to be imported and, after that, what came of it; for one thread at a time.
 * Texts are copied. NULL: no memory. A setter that finds none says so at the import.
 * TF: TF_ImportGraphDefOptions, TF_ImportGraphDefResults. */
struct weft_import;
WEFT_API struct weft_import *weft_import_new(void);
WEFT_API void weft_import_free(struct weft_import *i);          /* NULL is fine */
/* Names get "prefix/" in front; NULL or "": nothing. */
WEFT_API void weft_import_prefix(struct weft_import *i, const char *prefix);
/* A prefix that nodes have already becomes prefix_1, prefix_2...; single names likewise. Without
 * these a name that is taken is an error. */
WEFT_API void weft_import_uniquify_prefix(struct weft_import *i, bool uniquify);
WEFT_API void weft_import_uniquify_names(struct weft_import *i, bool uniquify);
/* Of nodes that name none. */
WEFT_API void weft_import_device(struct weft_import *i, const char *device);
/* What reads the file's output "x:0" (or "x") reads `out`, of the graph imported to, instead. */
WEFT_API void weft_import_map(struct weft_import *i, const char *name, struct weft_out out);
/* What waits for the file's node "x" waits for `node` instead. */
WEFT_API void weft_import_map_control(struct weft_import *i, const char *name,
                                      struct weft_node *node);
/* The imported nodes run after this one. */
WEFT_API void weft_import_after(struct weft_import *i, struct weft_node *node);
/* Ask for "x:1", an output, or "x", an operation: see weft_import_returned(). */
WEFT_API void weft_import_return(struct weft_import *i, const char *name);
/* A serialized OpList: the ops as the writer of the file knew them. Those that are unknown here
 * become nodes, which cannot run; attributes that are newer than the ops here are left out where
 * they have their default. TF: producer_op_list. */
WEFT_API void weft_import_ops(struct weft_import *i, const void *op_list, size_t n);
/* Ops that nobody knows, and known ones with attributes that are not theirs, become nodes too, with
 * the outputs that the file makes use of, and shapes that cannot be are unknown: for looking at. */
WEFT_API void weft_import_allow_unknown(struct weft_import *i, bool allow);

/* Adds the nodes of a serialized GraphDef, whatever their order, and its functions, which nodes run
 * that have one's name as their op, or as attribute "f" of a PartitionedCall; on failure the
 * graph is as it was. The thread's scopes hold for the nodes (devices fill up what they say,
 * control dependencies apply), but not for their names. `i` may be NULL. INVALID_ARGUMENT: "Invalid
 * GraphDef", "Node name 'x' already exists in the Graph", "Node 'x': Unknown input node 'y'",
 * "Requested return node 'x' not found in graph def"...; NOT_FOUND "Op type not registered".
 * TF: tf.import_graph_def, TF_GraphImportGraphDef. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_graph_import(struct weft_graph *g, struct weft_import *i, const void *graph_def, size_t n);
/* The same from a file, which holds a GraphDef as binary or as text; what its constants hold is in
 * memory once when it is done, and twice meanwhile. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_graph_import_file(struct weft_graph *g, struct weft_import *i, const char *path);

/* After an import: the k-th that was asked for; of an operation, its index is -1. */
WEFT_API struct weft_out weft_import_returned(const struct weft_import *i, int k);
/* Names given to weft_import_map() and weft_import_map_control() that nothing in the file has, in
 * the order given, controls as "^x". */
WEFT_API int weft_import_unused(const struct weft_import *i);
WEFT_API const char *weft_import_unused_key(const struct weft_import *i, int k);

/* A message of a type ("GraphDef", "MetaGraphDef", "SavedModel", "Event", "ConfigProto"...) from
 * its bytes to protobuf's text format and back. INVALID_ARGUMENT for a type that is not known, and
 * for bytes or text that are not of it ("3:14: GraphDef has no field \"nodes\""). */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_message_to_text(const char *type, const void *message, size_t n, struct weft_bytes *text);
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_message_from_text(const char *type, const char *text, size_t n, struct weft_bytes *message);

/* ---- checkpoints -------------------------------------------------------------------------- */

/* Values that a program saved, read by name: a V2 checkpoint (PREFIX.index, PREFIX.data-...) or a
 * V1 one (a file, or a pattern of its files). Variables that were saved in parts are joined. Every
 * checksum is checked; what is damaged is DATA_LOSS. NOT_FOUND "Unsuccessful TensorSliceReader
 * constructor: Failed to find any matching files for ..." if there is none.
 * TF: tf.train.NewCheckpointReader. */
struct weft_checkpoint;
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_checkpoint_open(const char *prefix, struct weft_checkpoint **result);
WEFT_API void weft_checkpoint_free(struct weft_checkpoint *c);          /* NULL is fine */
/* Could it be opened, as far as the names of files tell? TF: tf.train.checkpoint_exists. */
WEFT_API bool weft_checkpoint_exists(const char *prefix);

/* Tensors in the order of their names; i from 0. The names live as long as the checkpoint. */
WEFT_API int weft_checkpoint_count(const struct weft_checkpoint *c);
WEFT_API const char *weft_checkpoint_name(const struct weft_checkpoint *c, int i);
WEFT_API enum weft_dtype weft_checkpoint_dtype(const struct weft_checkpoint *c, int i);
/* Returns the rank; -1 if it is more than can be read. */
WEFT_API int weft_checkpoint_shape(const struct weft_checkpoint *c, int i,
                                   int64_t dims[WEFT_MAX_RANK]);
/* In how many parts it was saved; 0: it stands whole. */
WEFT_API int weft_checkpoint_parts(const struct weft_checkpoint *c, int i);
WEFT_API int weft_checkpoint_find(const struct weft_checkpoint *c, const char *name); /* -1: none */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_checkpoint_read(struct weft_checkpoint *c, int i, struct weft_tensor **value);
/* Reads everything and keeps nothing: is the checkpoint whole? */
WEFT_API WEFT_MUST_CHECK struct weft_status *weft_checkpoint_verify(struct weft_checkpoint *c);

/* A V2 checkpoint of these tensors, n of each. It appears whole: who is killed at any instant
 * leaves what was there before, or all of this. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_checkpoint_write(const char *prefix, const char *const *names,
                      struct weft_tensor *const *values, int n);

/* Saves a graph's variables from time to time, and restores them. TF: tf.train.Saver. */
struct weft_saver;
struct weft_saver_options {
    int max_to_keep;            /* checkpoints; the oldest ones are removed. 0: the default, 5;
                                 * -1: all */
    double keep_every_n_hours;  /* one in so many is spared; 0: none */
    bool pad_step_number;       /* steps have eight digits */
    bool no_meta_graph;         /* do not write PREFIX.meta, the graph as a MetaGraphDef */
    const char *latest_filename; /* of the file that lists the checkpoints; NULL: "checkpoint" */
};

/* Adds the nodes that save and restore to the graph, under "save/" ("save_1/"...), for these
 * variables, or, n = 0, all there are so far (G1). `options` may be NULL. INVALID_ARGUMENT "No
 * variables to save". */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_saver_new(struct weft_graph *g, const struct weft_variable *variables, int n,
               const struct weft_saver_options *options, struct weft_saver **result);
WEFT_API void weft_saver_free(struct weft_saver *s);            /* NULL is fine */
/* Saves to `path`, or `path`-STEP if step >= 0 (G4), and updates the file "checkpoint" beside it
 * (G5). `prefix` (may be NULL) becomes the name of what was written; weft_bytes_free() it. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_saver_save(struct weft_saver *s, struct weft_session *session, const char *path, int64_t step,
                struct weft_bytes *prefix);
/* All variables get the values of the checkpoint, or, after an error, none (G8-G10). */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_saver_restore(struct weft_saver *s, struct weft_session *session, const char *prefix);
/* The checkpoints that this saver has made and not yet removed, the oldest first; i from 0. */
WEFT_API int weft_saver_checkpoints(const struct weft_saver *s);
WEFT_API const char *weft_saver_checkpoint(const struct weft_saver *s, int i);
/* Go on with what an earlier program saved: those of them that are there count as this saver's.
 * TF: Saver.recover_last_checkpoints. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_saver_recover(struct weft_saver *s, const char *const *prefixes, int n);

/* The newest checkpoint that the file "checkpoint" in `dir` names (G11), NUL-terminated; NULL data
 * if there is none. TF: tf.train.latest_checkpoint. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_latest_checkpoint(const char *dir, struct weft_bytes *prefix);

/* ---- saved models ------------------------------------------------------------------------- *
 * A MetaGraphDef is a graph with what belongs to it: collections, signatures, how its variables
 * are saved. A SavedModel is a directory of such graphs for different uses, told apart by their
 * tags, with the values of the variables and with files that the graphs read (assets). */

struct weft_meta_graph;
struct weft_saved_model;
struct weft_signature;

struct weft_named_out { const char *key; struct weft_out out; };
struct weft_named_value { const char *key; struct weft_tensor *value; };

/* What a MetaGraphDef is to say besides the graph and its collections: nothing at first. Texts are
 * copied. An error of a setter is returned by what writes it. NULL: no memory. */
WEFT_API struct weft_meta_graph *weft_meta_graph_new(void);
WEFT_API void weft_meta_graph_free(struct weft_meta_graph *m);         /* NULL is fine */
/* One more tag: "serve", "train", "gpu"... */
WEFT_API void weft_meta_graph_tag(struct weft_meta_graph *m, const char *tag);
/* A use of the graph under names of its own. `key` NULL: "serving_default"; `method` NULL:
 * "tensorflow/serving/predict". TF: build_signature_def. */
WEFT_API void weft_meta_graph_signature(struct weft_meta_graph *m, const char *key,
                                        const char *method,
                                        const struct weft_named_out *inputs, int n_inputs,
                                        const struct weft_named_out *outputs, int n_outputs);
/* A file that is copied along; where the model is loaded, its path there is fed to `name`, a
 * string. */
WEFT_API void weft_meta_graph_asset(struct weft_meta_graph *m, const char *path,
                                    struct weft_out name);
/* To be run when the model has been loaded: fills tables and what else is no variable.
 * TF: main_op. */
WEFT_API void weft_meta_graph_init(struct weft_meta_graph *m, struct weft_node *op);
/* How the variables are saved and restored: by the nodes of this saver. */
WEFT_API void weft_meta_graph_saver(struct weft_meta_graph *m, const struct weft_saver *saver);
/* Leave out where nodes are to run. */
WEFT_API void weft_meta_graph_clear_devices(struct weft_meta_graph *m, bool clear);

/* The graph as a MetaGraphDef; `m` may be NULL. TF: tf.train.export_meta_graph. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_meta_graph_export(struct weft_graph *g, const struct weft_meta_graph *m,
                       struct weft_bytes *meta_graph_def);
/* Adds the graph of a MetaGraphDef, its names under "prefix/" (NULL: as they are), and its
 * collections of nodes and of variables, so that weft_trainable_variables() and
 * weft_variables_initializer() know them. TF: tf.train.import_meta_graph. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_meta_graph_import(struct weft_graph *g, const char *prefix, bool clear_devices,
                       const void *meta_graph_def, size_t n);
/* Runs what restores the variables of a graph so imported, from the checkpoint `path`. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_meta_graph_restore(struct weft_session *s, const char *prefix, const void *meta_graph_def,
                        size_t n, const char *path);

/* Writes `dir` with the graph of the session, the values of the variables in "variables" and what
 * `m` says (nodes that save them are added to the graph unless it has a saver). The directory
 * appears when all of it is written; ALREADY_EXISTS "Export directory already exists" if there is
 * one. TF: SavedModelBuilder. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_saved_model_save(struct weft_session *s, const struct weft_meta_graph *m, const char *dir,
                      bool as_text);

/* The graph with exactly these tags (NULL: the only one there is), in a graph and a session of its
 * own; variables are restored, assets fed to the initializing op, which has been run. Operations
 * that are not known here are no obstacle until they would have to run. NOT_FOUND "SavedModel file
 * does not exist at: DIR/{saved_model.pbtxt|saved_model.pb}" and "MetaGraphDef associated with tags
 * { serve } could not be found in SavedModel", with the tags there are. `options` may be NULL.
 * TF: tf.saved_model.loader.load, TF_LoadSessionFromSavedModel. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_saved_model_load(const char *dir, const char *const *tags, int n_tags,
                      const struct weft_session_options *options,
                      struct weft_saved_model **result);
/* The same for looking at: nothing is restored or run, and there is no session. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_saved_model_read(const char *dir, const char *const *tags, int n_tags,
                      struct weft_saved_model **result);
/* The tag sets of the graphs in `dir`, a line each: "serve\nserve, gpu\n". */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_saved_model_tags(const char *dir, struct weft_bytes *text);
WEFT_API void weft_saved_model_free(struct weft_saved_model *m);        /* NULL is fine */

/* Borrowed; the session is NULL after weft_saved_model_read(). */
WEFT_API struct weft_graph *weft_saved_model_graph(const struct weft_saved_model *m);
WEFT_API struct weft_session *weft_saved_model_session(const struct weft_saved_model *m);
/* The MetaGraphDef, read from the directory once more. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_saved_model_meta_graph(const struct weft_saved_model *m, struct weft_bytes *meta_graph_def);

/* Signatures, sorted by their keys, and what each takes and gives, sorted likewise. All of it is
 * the model's. */
struct weft_signature_value {
    const char *key;                    /* the signature's name for it */
    const char *name;                   /* the graph's: "x:0"; of an operation "init" */
    struct weft_out out;                /* of an operation: index -1 */
    enum weft_dtype dtype;              /* 0: an operation */
    struct weft_shape shape;
};
WEFT_API int weft_saved_model_signatures(const struct weft_saved_model *m);
WEFT_API const struct weft_signature *weft_saved_model_signature(const struct weft_saved_model *m,
                                                                 int i);
/* NULL: none has this key. */
WEFT_API const struct weft_signature *weft_saved_model_find(const struct weft_saved_model *m,
                                                            const char *key);
WEFT_API const char *weft_signature_key(const struct weft_signature *s);
WEFT_API const char *weft_signature_method(const struct weft_signature *s);
WEFT_API int weft_signature_inputs(const struct weft_signature *s);
WEFT_API int weft_signature_outputs(const struct weft_signature *s);
/* A SparseTensor stands as three: "x/indices", "x/values" and "x/dense_shape". */
WEFT_API struct weft_signature_value weft_signature_input(const struct weft_signature *s, int i);
WEFT_API struct weft_signature_value weft_signature_output(const struct weft_signature *s, int i);

/* Runs a signature (NULL: "serving_default"): a value for each of its inputs, in any order;
 * values[i] becomes that of output i, for the caller to free (NULL where the output is an
 * operation). INVALID_ARGUMENT for an input that is missing, with its dtype and shape, or not the
 * signature's; NOT_FOUND for a signature that is not there; both list what there is. `options` may
 * be NULL. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_saved_model_run(struct weft_saved_model *m, const char *signature,
                     const struct weft_run_options *options,
                     const struct weft_named_value *inputs, int n_inputs,
                     struct weft_tensor **values);

/* A GraphDef of what the outputs (names of nodes) need, variables replaced by constants of the
 * values that they have in `s`; other names are kept. `graph_def` NULL: the session's graph.
 * NOT_FOUND "x is not in graph". TF: tf.graph_util.convert_variables_to_constants. */
struct weft_freeze_options {            /* zeroed is the default: all variables */
    const char *const *only, *const *except;    /* names of variables */
    int n_only, n_except;               /* `only` counts where it is not NULL */
};
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_freeze(struct weft_session *s, const void *graph_def, size_t n,
            const char *const *outputs, int n_outputs, const struct weft_freeze_options *options,
            struct weft_bytes *frozen);
/* A GraphDef of those nodes and what they need, control inputs too, in the order that they have.
 * TF: tf.graph_util.extract_sub_graph. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_extract_subgraph(const void *graph_def, size_t n, const char *const *nodes, int n_nodes,
                      struct weft_bytes *subgraph);

/* ---- records and event files ---------------------------------------------------------------- */

/* Files of records (TFRecord): any bytes, with checksums. `compression` is "" (or NULL), "ZLIB" or
 * "GZIP". A record is in the file once it was flushed; close() flushes, frees in any case and
 * returns the first error there was. Any thread may write, several at a time.
 * TF: tf.python_io.TFRecordWriter. */
struct weft_record_writer;
struct weft_record_reader;
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_record_writer_new(const char *path, const char *compression,
                       struct weft_record_writer **result);
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_record_writer_write(struct weft_record_writer *w, const void *data, size_t n);
WEFT_API WEFT_MUST_CHECK struct weft_status *weft_record_writer_flush(struct weft_record_writer *w);
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_record_writer_close(struct weft_record_writer *w);         /* NULL is fine */

/* The records one by one, for one thread at a time; `data` is the reader's until the next call.
 * *done: there are no more. DATA_LOSS "corrupted record at N" for bytes that are not what was
 * written, "truncated record at N" where the file ends too early; the latter may be tried again
 * when the file (not compressed) has grown. TF: tf.python_io.tf_record_iterator. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_record_reader_new(const char *path, const char *compression,
                       struct weft_record_reader **result);
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_record_reader_next(struct weft_record_reader *r, const void **data, size_t *n, bool *done);
WEFT_API void weft_record_reader_free(struct weft_record_reader *r);    /* NULL is fine */

/* Event files are what TensorBoard shows: records of Event messages. A writer makes one in `dir`
 * (and that folder, if need be), named "events.out.tfevents.SECONDS.HOST" and `suffix` (NULL: "").
 * Events carry the time when they were written; they are in the file after a flush, 64 kilobytes
 * of them, or close(), which frees in any case and returns the first error there was.
 * Any thread may write, several at a time. TF: tf.summary.FileWriter. */
struct weft_event_writer;
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_event_writer_new(const char *dir, const char *suffix, struct weft_event_writer **result);
WEFT_API const char *weft_event_writer_path(const struct weft_event_writer *w);
/* A serialized Event, as it is. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_event_writer_event(struct weft_event_writer *w, const void *event, size_t n);
/* The graph `g`, with the shapes that are known. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_event_writer_graph(struct weft_event_writer *w, struct weft_graph *g, int64_t step);
/* A serialized Summary: what ScalarSummary, MergeSummary and their like give. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_event_writer_summary(struct weft_event_writer *w, const void *summary, size_t n,
                          int64_t step);
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_event_writer_scalar(struct weft_event_writer *w, const char *tag, double value, int64_t step);
/* The distribution of n values, in TensorFlow's buckets. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_event_writer_histogram(struct weft_event_writer *w, const char *tag, const double *values,
                            size_t n, int64_t step);
/* height x width pixels of 1 to 4 bytes: gray, gray and alpha, RGB, RGBA. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_event_writer_image(struct weft_event_writer *w, const char *tag, const uint8_t *pixels,
                        int height, int width, int channels, int64_t step);
/* Markdown. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_event_writer_text(struct weft_event_writer *w, const char *tag, const char *text,
                       int64_t step);
/* That a run of the program has started (1), stopped (2) or saved a checkpoint (3), at `path` then
 * (else NULL). TF: SessionLog. */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_event_writer_session_log(struct weft_event_writer *w, int status, const char *path,
                              int64_t step);
/* What a traced run took: see weft_run_options_metadata(). */
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_event_writer_run_metadata(struct weft_event_writer *w, const char *tag, const void *metadata,
                               size_t n, int64_t step);
WEFT_API WEFT_MUST_CHECK struct weft_status *weft_event_writer_flush(struct weft_event_writer *w);
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_event_writer_close(struct weft_event_writer *w);           /* NULL is fine */

/* One value of one event. A summary of several tags is several of these; a text or image is in
 * `bytes`, the number of a scalar in `number`; strings and bytes are the reader's until the next
 * call. */
enum weft_event_kind {
    WEFT_EVENT_VERSION = 3,             /* of the file: text */
    WEFT_EVENT_GRAPH = 4,               /* bytes: a GraphDef */
    WEFT_EVENT_LOG = 6,                 /* text */
    WEFT_EVENT_SESSION_LOG = 7,         /* number: its status; text: the checkpoint */
    WEFT_EVENT_RUN_METADATA = 8,        /* tag; bytes: a RunMetadata */
    WEFT_EVENT_META_GRAPH = 9,          /* bytes: a MetaGraphDef */
    WEFT_EVENT_SCALAR = 12,             /* tag, number */
    WEFT_EVENT_IMAGE = 14,              /* tag; bytes: a PNG file; height, width */
    WEFT_EVENT_HISTOGRAM = 15,          /* tag; limits, buckets, n_buckets; number: their sum */
    WEFT_EVENT_AUDIO = 16,              /* tag; bytes: a WAV file */
    WEFT_EVENT_TENSOR = 18,             /* tag; bytes: a TensorProto; text: who is to show it */
    WEFT_EVENT_EMPTY = 0
};
struct weft_event {
    enum weft_event_kind kind;
    double wall_time;                   /* seconds since 1970 */
    int64_t step;
    const char *tag, *text;             /* "" where there is none */
    double number;
    const void *bytes;
    size_t size;
    int height, width, n_buckets;
    const double *limits, *buckets;     /* buckets[i] values are below limits[i] */
};
/* Reads an event file, or any file of Event records, as weft_record_reader_next() does. What is no
 * Event is DATA_LOSS. TF: tf.train.summary_iterator. */
struct weft_event_reader;
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_event_reader_new(const char *path, struct weft_event_reader **result);
WEFT_API WEFT_MUST_CHECK struct weft_status *
weft_event_reader_next(struct weft_event_reader *r, struct weft_event *event, bool *done);
WEFT_API void weft_event_reader_free(struct weft_event_reader *r);      /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
