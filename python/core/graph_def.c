/* graph_def.c - graphs as messages: Graph.as_graph_def, Operation.node_def, tf.import_graph_def.
 * Messages cross as bytes; Python's protobuf reads and writes them. */
#include "core.h"

/* ---- out ---- */

/* The bytes as Python's, or the status as an OpError. */
static PyObject *bytes_or_error(struct weft_status *st, struct weft_bytes *b)
{
    if (st)
        return raise_run_status(NULL, st);
    PyObject *bytes = PyBytes_FromStringAndSize(b->data, (Py_ssize_t)b->size);
    weft_bytes_free(b);
    return bytes;
}

PyObject *core_graph_export(PyObject *self, PyObject *args)
{
    PyObject *graph;
    int shapes;
    struct weft_bytes bytes = { 0 };
    struct weft_status *st;
    (void)self;
    if (!PyArg_ParseTuple(args, "O!p", graph_type, &graph, &shapes))
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    st = weft_graph_export(((struct graph *)graph)->g, shapes ? WEFT_EXPORT_SHAPES : 0, &bytes);
    Py_END_ALLOW_THREADS
    return bytes_or_error(st, &bytes);
}

PyObject *core_node_export(PyObject *self, PyObject *op)
{
    struct weft_bytes bytes = { 0 };
    (void)self;
    if (!is_operation(op))
        return PyErr_Format(PyExc_TypeError, "Expected an Operation, got %s", Py_TYPE(op)->tp_name);
    return bytes_or_error(weft_node_export(((struct operation *)op)->node, &bytes), &bytes);
}

PyObject *core_op_export(PyObject *self, PyObject *name)
{
    struct weft_bytes bytes = { 0 };
    const char *text = name_text(name);
    const struct weft_op_def *op = text ? weft_op_find(text) : NULL;
    (void)self;
    if (!text)
        return NULL;
    if (!op)
        return PyErr_Format(PyExc_KeyError, "Op type not registered '%s'", text);
    return bytes_or_error(weft_op_export(op, &bytes), &bytes);
}

/* ---- in ---- */

static bool add_map(struct weft_import *i, PyObject *pair)
{
    const char *name;
    PyObject *to;
    if (!PyArg_ParseTuple(pair, "sO", &name, &to))
        return false;
    if (is_operation(to))
        weft_import_map_control(i, name, ((struct operation *)to)->node);
    else if (is_tensor(to))
        weft_import_map(i, name, tensor_out(to));
    else
        PyErr_Format(PyExc_TypeError, "Expected a Tensor or an Operation, got %s",
                     Py_TYPE(to)->tp_name);
    return !PyErr_Occurred();
}

static bool add_return(struct weft_import *i, PyObject *name)
{
    const char *text = PyUnicode_AsUTF8(name);
    if (text)
        weft_import_return(i, text);
    return text != NULL;
}

static bool for_each(struct weft_import *i, PyObject *list,
                     bool (*add)(struct weft_import *i, PyObject *item))
{
    for (Py_ssize_t k = 0; k < PyList_GET_SIZE(list); k++)
        if (!add(i, PyList_GET_ITEM(list, k)))
            return false;
    return true;
}

static PyObject *returned(struct graph *g, const struct weft_import *i, Py_ssize_t n)
{
    PyObject *list = PyList_New(n);
    for (Py_ssize_t k = 0; k < n && list; k++) {
        struct weft_out o = weft_import_returned(i, (int)k);
        PyObject *x = o.index < 0 ? graph_facade(g, o.node) : graph_tensor(g, o);
        if (x)
            PyList_SET_ITEM(list, k, x);
        else
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *unused(const struct weft_import *i)
{
    PyObject *list = PyList_New(0);
    for (int k = 0; k < weft_import_unused(i) && list; k++) {
        PyObject *key = PyUnicode_FromString(weft_import_unused_key(i, k));
        if (!key || PyList_Append(list, key) < 0)
            Py_CLEAR(list);
        Py_XDECREF(key);
    }
    return list;
}

/* (what was asked for, keys of the map that were not met) */
static PyObject *results(struct graph *g, const struct weft_import *i, Py_ssize_t n)
{
    PyObject *elements = returned(g, i, n), *keys = elements ? unused(i) : NULL;
    if (keys)
        return Py_BuildValue("(NN)", elements, keys);
    Py_XDECREF(elements);
    return NULL;
}

static PyObject *import_bytes(struct graph *g, struct weft_import *i, Py_buffer *def,
                              PyObject *names)
{
    struct weft_status *st;
    Py_BEGIN_ALLOW_THREADS
    st = weft_graph_import(g->g, i, def->buf, (size_t)def->len);
    Py_END_ALLOW_THREADS
    if (st)
        return raise_run_status(NULL, st);
    return graph_note(g) ? results(g, i, PyList_GET_SIZE(names)) : NULL;
}

PyObject *core_graph_import(PyObject *self, PyObject *args)
{
    PyObject *graph, *map, *names, *imported = NULL;
    const char *prefix;
    Py_buffer def, ops;
    (void)self;
    if (!PyArg_ParseTuple(args, "O!y*sO!O!z*", graph_type, &graph, &def, &prefix, &PyList_Type,
                          &map, &PyList_Type, &names, &ops))
        return NULL;
    struct weft_import *i = weft_import_new();
    if (!i)
        PyErr_NoMemory();
    else {
        weft_import_prefix(i, prefix);
        if (ops.buf)
            weft_import_ops(i, ops.buf, (size_t)ops.len);
        if (for_each(i, map, add_map) && for_each(i, names, add_return))
            imported = import_bytes((struct graph *)graph, i, &def, names);
        weft_import_free(i);
    }
    PyBuffer_Release(&def);
    if (ops.buf)
        PyBuffer_Release(&ops);
    return imported;
}
