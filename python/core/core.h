/* core.h - weft._core: what Python sees of <weft.h>. Everything here runs under the interpreter's
 * lock but for the steps of a session, which run without it.
 *
 * A Graph owns its nodes. An Operation or a Tensor is a thin facade: it holds its Graph, and the
 * Graph knows it without holding it, so that the same object is handed out while somebody has it
 * and nothing of ours ever forms a cycle. What a Graph keeps for others (collections, stores)
 * names nodes by Tokens, which hold nothing at all.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stdint.h>
#include <weft.h>

#if PY_VERSION_HEX < 0x030A0000
static inline PyObject *Py_NewRef(PyObject *x) { Py_INCREF(x); return x; }
static inline PyObject *Py_XNewRef(PyObject *x) { Py_XINCREF(x); return x; }
#endif

struct traces;                          /* where nodes were made: trace.c */

struct graph {
    PyObject_HEAD
    struct weft_graph *g;
    PyObject **operation;               /* by node: its facade while there is one (borrowed) */
    int n_operations;
    PyObject **context;                 /* by number: likewise */
    int n_contexts;
    struct traces *traces;
    PyObject *overrides;                /* gradient_override_map: {op type: name}, or NULL */
    PyObject *unfeedable, *unfetchable, *handles;   /* sets of Tokens, or NULL */
    int device_functions;               /* how many of the open device scopes are functions */
    bool captures;                      /* tensors of other graphs become some of this one */
    bool ordered;                       /* what is stateful runs in the order it is made: */
    struct weft_node *last;             /* after this one, or NULL */
};

struct operation {
    PyObject_HEAD
    struct graph *graph;                /* strong */
    struct weft_node *node;
    PyObject **tensor;                  /* by output: its facade while there is one (borrowed) */
};

struct tensor {
    PyObject_HEAD
    struct operation *op;               /* strong */
    int index;
};

/* ---- what Python tells us once, by _core.set_hooks() ---- */
struct hooks {
    PyObject *Graph, *Tensor, *Operation;       /* the classes, subclasses of ours */
    PyObject *dtypes;                   /* list: DType by number, reference types at 100 + number */
    PyObject *as_dtype;                 /* as_dtype(x) -> DType */
    PyObject *TensorShape;
    PyObject *convert;                  /* convert(value, dtype, name, as_ref) -> Tensor */
    PyObject *constant;                 /* constant(value, dtype, name) -> ndarray, or raises */
    PyObject *graph_of;                 /* graph_of(value) -> Graph or None */
    PyObject *build_error;              /* build_error(code, message, node) -> exception */
    PyObject *run_error;                /* run_error(graph, code, message, node) -> exception */
    PyObject *result_type;              /* result_type(op, names) -> namedtuple class */
    PyObject *feed_items;               /* feed_items(graph, key, value) -> [(Tensor, value)] */
    PyObject *feed_value;               /* feed_value(tensor, value) -> ndarray, or raises */
    PyObject *feed_refused;             /* feed_refused(tensor, value) raises */
    PyObject *fetch_items;              /* fetch_items(graph, fetch) -> ([element], build) */
    PyObject *device_of;                /* device_of(graph, op type, name, inputs) -> str */
    PyObject *shape_of;                 /* shape_of(x) -> tuple of ints and None, or None */
    PyObject *traced_call;              /* traced_call(callable, graph, values, options, data) */
    PyObject *host_error;               /* host_error(exception) -> (code, message) */
    PyObject *context_class;            /* context_class(is a loop) -> subclass of Context */
};
extern struct hooks hooks;
extern unsigned long main_thread;       /* its identifier: the one that Ctrl-C interrupts */

extern PyTypeObject *graph_type, *operation_type, *tensor_type, *token_type;

static inline bool is_tensor(PyObject *x)
{ return PyObject_TypeCheck(x, tensor_type); }
static inline bool is_operation(PyObject *x)
{ return PyObject_TypeCheck(x, operation_type); }
static inline bool is_graph(PyObject *x)
{ return PyObject_TypeCheck(x, graph_type); }

/* ---- graph.c ---- */
struct graph *default_graph(void);                      /* borrowed; NULL: an exception is set */
PyObject *graph_facade(struct graph *g, struct weft_node *n);           /* new reference */
PyObject *graph_tensor(struct graph *g, struct weft_out o);             /* new reference */
struct weft_out tensor_out(PyObject *tensor);
static inline struct graph *tensor_graph(PyObject *t) { return ((struct tensor *)t)->op->graph; }
bool graph_may_feed(struct graph *g, struct weft_out o);
bool graph_may_fetch(struct graph *g, PyObject *x);     /* a Tensor or an Operation */
bool graph_is_handle(struct graph *g, PyObject *x);     /* its value is made a TensorHandle */
/* What sticks to the graph becomes an exception. Always returns NULL. */
PyObject *raise_build_error(struct graph *g);
/* The status, which is freed, becomes an exception of a build; of a run of `g`. */
PyObject *raise_build_status(struct weft_status *st);
PyObject *raise_run_status(struct graph *g, struct weft_status *st);
/* The nodes added since the last call were made here. */
bool graph_note(struct graph *g);

/* ---- facade.c ---- */
PyObject *token_new(int node, int index);               /* index -1: the node itself */
PyObject *graph_hold_node(PyObject *graph, PyObject *x);        /* a Token for it */
PyObject *graph_unhold_node(PyObject *graph, PyObject *token);

/* ---- context.c: methods of Graph and of Operation ---- */
PyObject *graph_context(struct graph *g, struct weft_context *c);       /* new; NULL: None */
PyObject *graph_push_context(PyObject *graph, PyObject *context);
PyObject *graph_current_context(PyObject *graph, PyObject *none);
PyObject *graph_set_current_context(PyObject *graph, PyObject *context);
PyObject *graph_context_number(PyObject *graph, PyObject *number);
PyObject *graph_import_context(PyObject *graph, PyObject *args);
PyObject *graph_new_condition(PyObject *graph, PyObject *pred);
PyObject *graph_new_branch(PyObject *graph, PyObject *args);
PyObject *graph_merge_branches(PyObject *graph, PyObject *args);
PyObject *graph_begin_loop(PyObject *graph, PyObject *args);
PyObject *operation_get_context(PyObject *op, PyObject *none);
PyObject *operation_set_context(PyObject *op, PyObject *context);

/* ---- node.c ---- */
PyObject *attr_value(struct graph *g, struct weft_node *n, const char *name);
PyObject *shape_tuple(int rank, const int64_t *dims);   /* None where nothing is known */
PyObject *dtype_object(enum weft_dtype t, bool ref);    /* borrowed */
int dtype_number(PyObject *x);                          /* 0: an exception is set; never a ref */

/* ---- convert.c ---- */
/* A name, str or bytes, as it lives in `x`; NULL: an exception is set. */
const char *name_text(PyObject *x);
bool convert_ready(void);               /* NumPy */
/* np.asarray(value, dtype), as a tensor; `dtype` 0: as tf.constant chooses. *unfit: a value that
 * needs Python's words about why not; then NULL without an exception. */
struct weft_tensor *tensor_from(PyObject *value, int dtype, bool *unfit);
/* An array of numbers becomes a tensor that lends its memory, if it fits as it is. */
struct weft_tensor *tensor_from_array(PyObject *array, int dtype);
/* The value as NumPy gives it: a scalar for rank 0. Takes the tensor over. */
PyObject *array_from(struct weft_tensor *t);
void drop_tensor(struct weft_tensor *t);        /* a fetched one: weft_tensor_free() */
bool shape_from(PyObject *x, struct weft_shape *s);     /* rank -1: unknown; false: exception */

/* ---- op.c ---- */
PyObject *op_functions(void);           /* {op type: callable} */
PyObject *core_constant(PyObject *self, PyObject *const *args, Py_ssize_t n);

/* ---- trace.c ---- */
struct traces *traces_new(void);
void traces_free(struct traces *t);
/* Nodes up to `n` that have none get the trace of the Python frames now running. */
bool traces_note(struct traces *t, int n);
/* [(file, line, function)], outermost first, of node i. */
PyObject *traces_get(struct traces *t, int i);
void traces_library(const char *folder);        /* frames of files below it are left out */

/* ---- the rest ---- */
PyObject *core_gradients(PyObject *self, PyObject *args);
PyObject *core_set_host_function(PyObject *self, PyObject *function);
PyObject *core_end_host_calls(PyObject *self, PyObject *none);
PyObject *core_graph_export(PyObject *self, PyObject *args);
PyObject *core_node_export(PyObject *self, PyObject *op);
PyObject *core_op_export(PyObject *self, PyObject *name);
PyObject *core_graph_import(PyObject *self, PyObject *args);
PyObject *core_function_define(PyObject *self, PyObject *args);
PyObject *core_function_add(PyObject *self, PyObject *args);
PyObject *core_function_names(PyObject *self, PyObject *graph);
PyObject *core_function_get(PyObject *self, PyObject *args);
PyObject *core_function_call(PyObject *self, PyObject *args);
extern PyType_Spec session_spec, callable_spec, partial_spec, server_spec, checkpoint_spec;
extern PyType_Spec record_writer_spec, record_reader_spec, event_writer_spec;
extern PyTypeObject *callable_type, *partial_type;
/* `type`, if not NULL, gets the class as well. */
bool add_type(PyObject *module, PyType_Spec *spec, const char *name, PyTypeObject **type);
/* The tp_new of what only C makes: TypeError. */
PyObject *not_made_by_hand(PyTypeObject *type, PyObject *args, PyObject *keywords);
bool graph_types(PyObject *module);
bool facade_types(PyObject *module);
bool context_types(PyObject *module);
bool op_types(PyObject *module);

#endif
