/* function.c - functions of graphs: made of a graph, given to a graph, called in one. Definitions
 * cross as bytes; Python's protobuf reads them. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

/* ---- arguments: all memory of one call ---- */

struct taken {
    struct weft_out *in, *out;
    const char **name;
    struct weft_node **control;
    struct weft_attr *attr;
    int n_in, n_out, n_names, n_controls, n_attrs;
};

static void give_back(struct taken *t)
{
    free(t->in);
    free(t->out);
    free(t->name);
    free(t->control);
    free(t->attr);
}

static void *room(Py_ssize_t n, size_t size)
{
    void *p = calloc((size_t)n + 1, size);
    if (!p)
        PyErr_NoMemory();
    return p;
}

static bool take_tensors(PyObject *list, struct weft_out **to, int *n)
{
    Py_ssize_t count = PyList_GET_SIZE(list);
    if (!(*to = room(count, sizeof **to)))
        return false;
    for (; *n < count; ++*n) {
        PyObject *x = PyList_GET_ITEM(list, *n);
        if (!is_tensor(x)) {
            PyErr_Format(PyExc_TypeError, "Expected a Tensor, got %R", x);
            return false;
        }
        (*to)[*n] = tensor_out(x);
    }
    return true;
}

static bool take_names(PyObject *list, struct taken *t)
{
    Py_ssize_t count = PyList_GET_SIZE(list);
    if (!(t->name = room(count, sizeof *t->name)))
        return false;
    while (t->n_names < count)
        if (!(t->name[t->n_names] = name_text(PyList_GET_ITEM(list, t->n_names))))
            return false;
        else
            t->n_names++;
    return true;
}

static bool take_controls(PyObject *list, struct taken *t)
{
    Py_ssize_t count = PyList_GET_SIZE(list);
    if (!(t->control = room(count, sizeof *t->control)))
        return false;
    for (; t->n_controls < count; t->n_controls++) {
        PyObject *x = PyList_GET_ITEM(list, t->n_controls);
        if (!is_operation(x)) {
            PyErr_Format(PyExc_TypeError, "Expected an Operation, got %R", x);
            return false;
        }
        t->control[t->n_controls] = ((struct operation *)x)->node;
    }
    return true;
}

/* A bool, an int, a float, a string or a DType by its name; borrowed from the dict. */
static bool take_attr(const char *name, PyObject *x, struct weft_attr *to)
{
    Py_ssize_t n = 0;
    const char *text;
    if (PyBool_Check(x)) {
        *to = weft_attr_bool(name, x == Py_True);
    } else if (PyLong_Check(x)) {
        *to = weft_attr_int(name, PyLong_AsLongLong(x));
    } else if (PyFloat_Check(x)) {
        *to = weft_attr_float(name, PyFloat_AS_DOUBLE(x));
    } else if (PyBytes_Check(x)) {
        *to = weft_attr_bytes(name, PyBytes_AS_STRING(x), PyBytes_GET_SIZE(x));
    } else if (PyUnicode_Check(x)) {
        text = PyUnicode_AsUTF8AndSize(x, &n);
        *to = weft_attr_bytes(name, text, n);
    } else {
        *to = weft_attr_type(name, (enum weft_dtype)dtype_number(x));
    }
    return !PyErr_Occurred();
}

static bool take_attrs(PyObject *dict, struct taken *t)
{
    PyObject *key, *value;
    Py_ssize_t at = 0;
    if (!(t->attr = room(PyDict_Size(dict) + 1, sizeof *t->attr)))
        return false;
    while (PyDict_Next(dict, &at, &key, &value)) {
        const char *name = PyUnicode_AsUTF8(key);
        if (!name || !take_attr(name, value, &t->attr[t->n_attrs]))
            return false;
        t->n_attrs++;
    }
    return true;
}

static PyObject *bytes_or_error(struct weft_status *st, struct weft_bytes *b)
{
    if (st)
        return raise_build_status(st);
    PyObject *bytes = PyBytes_FromStringAndSize(b->data, (Py_ssize_t)b->size);
    weft_bytes_free(b);
    return bytes;
}

/* ---- a graph becomes a function ---- */

PyObject *core_function_define(PyObject *self, PyObject *args)
{
    PyObject *graph, *in, *out, *names, *controls, *attrs, *bytes = NULL;
    struct taken t = { 0 };
    struct weft_bytes def = { 0 };
    const char *name, *description;
    int hashed;
    (void)self;
    if (!PyArg_ParseTuple(args, "O!spzO!O!O!O!O!", graph_type, &graph, &name, &hashed, &description,
                          &PyList_Type, &in, &PyList_Type, &out, &PyList_Type, &names,
                          &PyList_Type, &controls, &PyDict_Type, &attrs))
        return NULL;
    if (take_tensors(in, &t.in, &t.n_in) && take_tensors(out, &t.out, &t.n_out) &&
        take_names(names, &t) && take_controls(controls, &t) && take_attrs(attrs, &t)) {
        struct weft_definition d = {
            .name = name, .hashed = hashed, .description = description, .inputs = t.in,
            .n_inputs = t.n_in, .outputs = t.out, .n_outputs = t.n_out, .n_nodes = -1,
            .output_names = t.n_names ? t.name : NULL, .controls = t.control,
            .n_controls = t.n_controls, .attrs = t.attr, .n_attrs = t.n_attrs };
        if (t.n_names && t.n_names != t.n_out)
            PyErr_Format(PyExc_ValueError, "Expected number of output names to be the same as the "
                         "number of outputs: %d, got %d", t.n_out, t.n_names);
        else
            bytes = bytes_or_error(weft_graph_define(((struct graph *)graph)->g, &d, &def), &def);
    }
    give_back(&t);
    return bytes;
}

/* ---- the functions of a graph ---- */

PyObject *core_function_add(PyObject *self, PyObject *args)
{
    PyObject *graph;
    Py_buffer def;
    const char *gradient;
    (void)self;
    if (!PyArg_ParseTuple(args, "O!y*z", graph_type, &graph, &def, &gradient))
        return NULL;
    struct weft_status *st = weft_graph_add_function(((struct graph *)graph)->g, def.buf,
                                                     (size_t)def.len, gradient);
    PyBuffer_Release(&def);
    if (st)
        return raise_build_status(st);
    Py_RETURN_NONE;
}

PyObject *core_function_names(PyObject *self, PyObject *graph)
{
    PyObject *list = PyList_New(0);
    (void)self;
    if (!is_graph(graph)) {
        Py_XDECREF(list);
        return PyErr_Format(PyExc_TypeError, "Expected a Graph, got %s", Py_TYPE(graph)->tp_name);
    }
    struct weft_graph *g = ((struct graph *)graph)->g;
    for (int i = 0; i < weft_graph_functions(g) && list; i++) {
        PyObject *name = PyUnicode_FromString(weft_graph_function_name(g, i));
        if (!name || PyList_Append(list, name) < 0)
            Py_CLEAR(list);
        Py_XDECREF(name);
    }
    return list;
}

PyObject *core_function_get(PyObject *self, PyObject *args)
{
    PyObject *graph;
    const char *name;
    struct weft_bytes def = { 0 };
    (void)self;
    if (!PyArg_ParseTuple(args, "O!s", graph_type, &graph, &name))
        return NULL;
    struct weft_graph *g = ((struct graph *)graph)->g;
    const char *gradient = weft_graph_function_gradient(g, name);
    PyObject *bytes = bytes_or_error(weft_graph_function(g, name, &def), &def);
    return bytes ? Py_BuildValue("(Nz)", bytes, gradient) : NULL;
}

/* ---- calls ---- */

PyObject *core_function_call(PyObject *self, PyObject *args)
{
    PyObject *graph, *in, *attrs, *op = NULL;
    struct taken t = { 0 };
    const char *function, *name;
    (void)self;
    if (!PyArg_ParseTuple(args, "O!ssO!O!", graph_type, &graph, &function, &name, &PyList_Type, &in,
                          &PyDict_Type, &attrs))
        return NULL;
    struct graph *g = (struct graph *)graph;
    if (take_tensors(in, &t.in, &t.n_in) && take_attrs(attrs, &t)) {
        t.attr[t.n_attrs++] = weft_name(name);
        struct weft_out o = weft_op(g->g, function, t.in, t.n_in, t.attr, t.n_attrs);
        op = !o.node ? raise_build_error(g) : graph_note(g) ? graph_facade(g, o.node) : NULL;
    }
    give_back(&t);
    return op;
}
