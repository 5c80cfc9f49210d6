/* facade.c - Operation, Tensor and Token: thin names for the nodes of a graph. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

PyTypeObject *operation_type, *tensor_type, *token_type;

/* ---- facades ---- */

static bool make_room(struct graph *g, int id)
{
    int n = id >= 2 * g->n_operations ? id + 64 : 2 * g->n_operations;
    if (id < g->n_operations)
        return true;
    PyObject **operation = realloc(g->operation, (size_t)n * sizeof *operation);
    if (!operation) {
        PyErr_NoMemory();
        return false;
    }
    memset(operation + g->n_operations, 0, (size_t)(n - g->n_operations) * sizeof *operation);
    g->operation = operation;
    g->n_operations = n;
    return true;
}

/* A facade whose end has begun is nobody's any more. */
static PyObject *alive(PyObject *facade)
{
    return facade && Py_REFCNT(facade) > 0 ? Py_NewRef(facade) : NULL;
}

PyObject *graph_facade(struct graph *g, struct weft_node *n)
{
    int id = weft_node_id(n);
    PyTypeObject *type = (PyTypeObject *)hooks.Operation;
    if (!make_room(g, id))
        return NULL;
    PyObject *known = alive(g->operation[id]);
    if (known)
        return known;
    struct operation *op = (struct operation *)type->tp_alloc(type, 0);
    if (!op)
        return NULL;
    op->graph = (struct graph *)Py_NewRef((PyObject *)g);
    op->node = n;
    return g->operation[id] = (PyObject *)op;
}

static PyObject *operation_tensor(struct operation *op, int index)
{
    PyTypeObject *type = (PyTypeObject *)hooks.Tensor;
    int n = weft_node_outputs(op->node);
    if (!op->tensor && !(op->tensor = calloc((size_t)(n ? n : 1), sizeof *op->tensor)))
        return PyErr_NoMemory();
    PyObject *known = alive(op->tensor[index]);
    if (known)
        return known;
    struct tensor *t = (struct tensor *)type->tp_alloc(type, 0);
    if (!t)
        return NULL;
    t->op = (struct operation *)Py_NewRef((PyObject *)op);
    t->index = index;
    return op->tensor[index] = (PyObject *)t;
}

PyObject *graph_tensor(struct graph *g, struct weft_out o)
{
    PyObject *op = graph_facade(g, o.node);
    PyObject *t = op ? operation_tensor((struct operation *)op, o.index) : NULL;
    Py_XDECREF(op);
    return t;
}

struct weft_out tensor_out(PyObject *t)
{
    return (struct weft_out){ ((struct tensor *)t)->op->node, ((struct tensor *)t)->index };
}

bool graph_note(struct graph *g)
{
    return traces_note(g->traces, weft_graph_count(g->g));
}

/* ---- Token: a node or an output of one, by number, holding nothing ---- */

struct token { PyObject_HEAD int node, index; };        /* index -1: the node itself */

PyObject *token_new(int node, int index)
{
    struct token *t = PyObject_New(struct token, token_type);
    if (t) {
        t->node = node;
        t->index = index;
    }
    return (PyObject *)t;
}

static PyObject *token_compare(PyObject *a, PyObject *b, int how)
{
    const struct token *x = (struct token *)a, *y = (struct token *)b;
    if ((how != Py_EQ && how != Py_NE) || Py_TYPE(a) != Py_TYPE(b))
        Py_RETURN_NOTIMPLEMENTED;
    return PyBool_FromLong((x->node == y->node && x->index == y->index) == (how == Py_EQ));
}

static Py_hash_t token_hash(PyObject *x)
{
    const struct token *t = (struct token *)x;
    return (Py_hash_t)t->node * 1000003 + t->index + 7;
}

PyObject *graph_hold_node(PyObject *self, PyObject *x)
{
    (void)self;
    if (is_tensor(x))
        return token_new(weft_node_id(((struct tensor *)x)->op->node), ((struct tensor *)x)->index);
    if (is_operation(x))
        return token_new(weft_node_id(((struct operation *)x)->node), -1);
    PyErr_Format(PyExc_TypeError, "A Token is of a Tensor or an Operation, not %s",
                 Py_TYPE(x)->tp_name);
    return NULL;
}

PyObject *graph_unhold_node(PyObject *self, PyObject *x)
{
    struct graph *g = (struct graph *)self;
    struct token *t = (struct token *)x;
    if (Py_TYPE(x) != token_type) {
        PyErr_Format(PyExc_TypeError, "Expected a Token, got %s", Py_TYPE(x)->tp_name);
        return NULL;
    }
    struct weft_node *n = weft_graph_node(g->g, t->node);
    if (!n || t->index >= weft_node_outputs(n)) {
        PyErr_SetString(PyExc_ValueError, "The Token is not of this graph");
        return NULL;
    }
    return t->index < 0 ? graph_facade(g, n)
                        : graph_tensor(g, (struct weft_out){ n, t->index });
}

static PyType_Slot token_slots[] = {
    { Py_tp_doc, "An operation or tensor as a graph's own containers keep it: Graph.unhold() gives "
                 "it back." },
    { Py_tp_new, not_made_by_hand },
    { Py_tp_richcompare, token_compare },
    { Py_tp_hash, token_hash },
    { 0, NULL }
};
static PyType_Spec token_spec = { "weft._core.Token", sizeof(struct token), 0, Py_TPFLAGS_DEFAULT,
                                  token_slots };

/* ---- Operation ---- */

static int operation_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((struct operation *)self)->graph);
    return 0;
}

static void operation_dealloc(PyObject *self)
{
    struct operation *op = (struct operation *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (op->graph) {
        PyObject **known = &op->graph->operation[weft_node_id(op->node)];
        if (*known == self)
            *known = NULL;
    }
    Py_CLEAR(op->graph);
    free(op->tensor);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *operation_outputs(PyObject *self, void *unused)
{
    struct operation *op = (struct operation *)self;
    int n = weft_node_outputs(op->node);
    PyObject *list = PyList_New(n);
    (void)unused;
    for (int i = 0; i < n && list; i++) {
        PyObject *t = operation_tensor(op, i);
        if (t)
            PyList_SET_ITEM(list, i, t);
        else
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *operation_inputs(PyObject *self, void *unused)
{
    struct operation *op = (struct operation *)self;
    int n = weft_node_inputs(op->node);
    PyObject *list = PyTuple_New(n);
    (void)unused;
    for (int i = 0; i < n && list; i++) {
        PyObject *t = graph_tensor(op->graph, weft_node_input(op->node, i));
        if (t)
            PyTuple_SET_ITEM(list, i, t);
        else
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *operation_controls(PyObject *self, void *unused)
{
    struct operation *op = (struct operation *)self;
    int n = weft_node_controls(op->node);
    PyObject *list = PyList_New(n);
    (void)unused;
    for (int i = 0; i < n && list; i++) {
        PyObject *c = graph_facade(op->graph, weft_node_control(op->node, i));
        if (c)
            PyList_SET_ITEM(list, i, c);
        else
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *operation_name(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(weft_node_name(((struct operation *)self)->node));
}

static PyObject *operation_op_type(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(weft_node_op(((struct operation *)self)->node));
}

static PyObject *operation_device(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(weft_node_device(((struct operation *)self)->node));
}

static PyObject *operation_graph(PyObject *self, void *unused)
{
    (void)unused;
    return Py_NewRef((PyObject *)((struct operation *)self)->graph);
}

static PyObject *operation_number(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(weft_node_id(((struct operation *)self)->node));
}

static PyObject *operation_output(PyObject *self, PyObject *number)
{
    struct operation *op = (struct operation *)self;
    int i = (int)PyLong_AsLong(number);
    if (i >= 0 && i < weft_node_outputs(op->node))
        return operation_tensor(op, i);
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_IndexError, "Operation '%s' has no output %d",
                     weft_node_name(op->node), i);
    return NULL;
}

static PyObject *operation_attr(PyObject *self, PyObject *name)
{
    struct operation *op = (struct operation *)self;
    const char *text = PyUnicode_AsUTF8(name);
    return text ? attr_value(op->graph, op->node, text) : NULL;
}

static PyObject *operation_attrs(PyObject *self, PyObject *none)
{
    const struct weft_node *node = ((struct operation *)self)->node;
    int n = weft_node_attrs(node);
    PyObject *list = PyList_New(n);
    (void)none;
    for (int i = 0; i < n && list; i++) {
        PyObject *name = PyUnicode_FromString(weft_node_attr_name(node, i));
        if (name)
            PyList_SET_ITEM(list, i, name);
        else
            Py_CLEAR(list);
    }
    return list;
}

static PyMethodDef operation_methods[] = {
    { "_output", operation_output, METH_O, "Output number i." },
    { "_attr", operation_attr, METH_O, "The value of an attribute, as Python has it." },
    { "_get_control_flow_context", operation_get_context, METH_NOARGS,
      "The branch or loop that it was made in, or None." },
    { "_set_control_flow_context", operation_set_context, METH_O, "It is in another one." },
    { "_attr_names", operation_attrs, METH_NOARGS, "The names of all attributes." },
    { NULL, NULL, 0, NULL }
};

static PyGetSetDef operation_getset[] = {
    { "name", operation_name, NULL, "Full name, 'scope/MatMul_1'.", NULL },
    { "type", operation_op_type, NULL, "The op's type, 'MatMul'.", NULL },
    { "device", operation_device, NULL, "The device asked for, or ''.", NULL },
    { "graph", operation_graph, NULL, "The Graph it is in.", NULL },
    { "inputs", operation_inputs, NULL, "The input Tensors, a tuple.", NULL },
    { "outputs", operation_outputs, NULL, "The output Tensors, a list.", NULL },
    { "control_inputs", operation_controls, NULL, "Operations that run before it.", NULL },
    { "_number", operation_number, NULL, "Its place in creation order.", NULL },
    { NULL, NULL, NULL, NULL, NULL }
};

static PyType_Slot operation_slots[] = {
    { Py_tp_doc, "What an Operation is in C." },
    { Py_tp_new, not_made_by_hand },
    { Py_tp_traverse, operation_traverse },
    { Py_tp_dealloc, operation_dealloc },
    { Py_tp_methods, operation_methods },
    { Py_tp_getset, operation_getset },
    { 0, NULL }
};
static PyType_Spec operation_spec = {
    "weft._core.Operation", sizeof(struct operation), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, operation_slots
};

/* ---- Tensor ---- */

static int tensor_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((struct tensor *)self)->op);
    return 0;
}

static void tensor_dealloc(PyObject *self)
{
    struct tensor *t = (struct tensor *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (t->op && t->op->tensor && t->op->tensor[t->index] == self)
        t->op->tensor[t->index] = NULL;
    Py_CLEAR(t->op);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *tensor_op(PyObject *self, void *unused)
{
    (void)unused;
    return Py_NewRef((PyObject *)((struct tensor *)self)->op);
}

static PyObject *tensor_get_graph(PyObject *self, void *unused)
{
    (void)unused;
    return Py_NewRef((PyObject *)tensor_graph(self));
}

static PyObject *tensor_index(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(((struct tensor *)self)->index);
}

static PyObject *tensor_name(PyObject *self, void *unused)
{
    struct weft_out o = tensor_out(self);
    (void)unused;
    return PyUnicode_FromFormat("%s:%d", weft_node_name(o.node), o.index);
}

static PyObject *tensor_dtype(PyObject *self, void *unused)
{
    struct weft_out o = tensor_out(self);
    PyObject *t = dtype_object(weft_out_dtype(o), weft_out_is_ref(o));
    (void)unused;
    return t ? Py_NewRef(t) : NULL;
}

static PyObject *tensor_shape(PyObject *self, void *unused)
{
    int64_t dims[WEFT_MAX_RANK];
    (void)unused;
    return shape_tuple(weft_out_shape(tensor_out(self), dims), dims);
}

static PyObject *tensor_set_shape(PyObject *self, PyObject *shape)
{
    struct weft_shape s;
    struct graph *g = tensor_graph(self);
    if (!shape_from(shape, &s))
        return NULL;
    weft_set_shape(tensor_out(self), s.rank, s.dims);
    struct weft_status *st = weft_graph_error(g->g);
    if (st)
        return raise_build_status(st);
    Py_RETURN_NONE;
}

static PyObject *tensor_value(PyObject *self, PyObject *none)
{
    struct weft_tensor *t = weft_out_value(tensor_out(self));
    (void)none;
    return t ? array_from(t) : Py_NewRef(Py_None);
}

static PyObject *tensor_value_as_shape(PyObject *self, PyObject *none)
{
    int64_t dims[WEFT_MAX_RANK];
    (void)none;
    return shape_tuple(weft_out_value_shape(tensor_out(self), dims), dims);
}

static PyMethodDef tensor_methods[] = {
    { "_value_as_shape", tensor_value_as_shape, METH_NOARGS,
      "What is known of the shape that this vector holds: as _dims." },
    { "_set_shape", tensor_set_shape, METH_O, "Merges what is known of the shape." },
    { "_value", tensor_value, METH_NOARGS, "The value if it is known without a run, or None." },
    { NULL, NULL, 0, NULL }
};

static PyGetSetDef tensor_getset[] = {
    { "op", tensor_op, NULL, "The Operation whose output it is.", NULL },
    { "graph", tensor_get_graph, NULL, "The Graph it is in.", NULL },
    { "value_index", tensor_index, NULL, "Which output it is.", NULL },
    { "name", tensor_name, NULL, "'add:0'.", NULL },
    { "dtype", tensor_dtype, NULL, "The DType of its elements.", NULL },
    { "_dims", tensor_shape, NULL, "Its dimensions, None where nothing is known.", NULL },
    { NULL, NULL, NULL, NULL, NULL }
};

static PyType_Slot tensor_slots[] = {
    { Py_tp_doc, "What a Tensor is in C." },
    { Py_tp_new, not_made_by_hand },
    { Py_tp_traverse, tensor_traverse },
    { Py_tp_dealloc, tensor_dealloc },
    { Py_tp_methods, tensor_methods },
    { Py_tp_getset, tensor_getset },
    { 0, NULL }
};
static PyType_Spec tensor_spec = {
    "weft._core.Tensor", sizeof(struct tensor), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, tensor_slots
};

bool facade_types(PyObject *module)
{
    return add_type(module, &token_spec, "Token", &token_type) &&
           add_type(module, &operation_spec, "Operation", &operation_type) &&
           add_type(module, &tensor_spec, "Tensor", &tensor_type);
}
