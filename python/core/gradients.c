/* gradients.c - tf.gradients: the walk is C's; gradients that were registered in Python are asked
 * for through a callback. */
#include "core.h"

#include <stdlib.h>

struct asking { struct graph *g; PyObject *function; };

/* A Tensor, None, or (values, indices, dense_shape) for rows. */
static PyObject *slices_object(struct graph *g, struct weft_slices s)
{
    if (!s.values.node)
        Py_RETURN_NONE;
    if (!s.indices.node)
        return graph_tensor(g, s.values);
    PyObject *shape = s.dense_shape.node ? graph_tensor(g, s.dense_shape) : Py_NewRef(Py_None);
    return Py_BuildValue("(NNN)", graph_tensor(g, s.values), graph_tensor(g, s.indices), shape);
}

static bool slices_from(PyObject *x, struct weft_slices *s)
{
    *s = (struct weft_slices){ 0 };
    if (x == Py_None)
        return true;
    if (is_tensor(x)) {
        s->values = tensor_out(x);
        return true;
    }
    if (!PyTuple_Check(x) || PyTuple_GET_SIZE(x) != 3 || !is_tensor(PyTuple_GET_ITEM(x, 0)) ||
        !is_tensor(PyTuple_GET_ITEM(x, 1))) {
        PyErr_Format(PyExc_TypeError, "Gradient must be a Tensor, IndexedSlices, or None: %R", x);
        return false;
    }
    s->values = tensor_out(PyTuple_GET_ITEM(x, 0));
    s->indices = tensor_out(PyTuple_GET_ITEM(x, 1));
    if (is_tensor(PyTuple_GET_ITEM(x, 2)))
        s->dense_shape = tensor_out(PyTuple_GET_ITEM(x, 2));
    return true;
}

static PyObject *slices_list(struct graph *g, const struct weft_slices *s, int n)
{
    PyObject *list = PyList_New(n);
    for (int i = 0; i < n && list; i++) {
        PyObject *x = slices_object(g, s[i]);
        if (x)
            PyList_SET_ITEM(list, i, x);
        else
            Py_CLEAR(list);
    }
    return list;
}

static bool take_answer(PyObject *answer, struct weft_node_gradient *q)
{
    PyObject *list = PySequence_Fast(answer, "gradients of an operation's inputs: a list");
    bool ok = list != NULL;
    if (ok && PySequence_Fast_GET_SIZE(list) != q->n_dx) {
        PyErr_Format(PyExc_ValueError, "Num gradients %zd generated for op %s do not match num "
                     "inputs %d", PySequence_Fast_GET_SIZE(list), weft_node_name(q->node),
                     q->n_dx);
        ok = false;
    }
    for (int i = 0; ok && i < q->n_dx; i++)
        ok = slices_from(PySequence_Fast_GET_ITEM(list, i), &q->dx[i]);
    Py_XDECREF(list);
    return ok;
}

/* What Python raised stays raised: the status only stops the walk. */
static struct weft_status *ask(void *ctx, struct weft_node_gradient *q, bool *done)
{
    struct asking *a = ctx;
    PyObject *op = graph_note(a->g) ? graph_facade(a->g, q->node) : NULL;
    PyObject *dy = op ? slices_list(a->g, q->dy, q->n_dy) : NULL;
    PyObject *answer = dy ? PyObject_CallFunction(a->function, "OsO", op, q->scope, dy) : NULL;
    *done = answer && answer != Py_None;
    bool ok = answer && (!*done || take_answer(answer, q));
    Py_XDECREF(op);
    Py_XDECREF(dy);
    Py_XDECREF(answer);
    return ok ? NULL : weft_status_new(WEFT_ABORTED, "A gradient function of Python's failed");
}

struct lists { struct weft_out *y, *x, *dy, *stop, *dx; struct weft_slices *slices; };

static struct weft_out *outs_from(PyObject *list)
{
    Py_ssize_t n = PyList_GET_SIZE(list);
    struct weft_out *out = calloc((size_t)n + 1, sizeof *out);
    for (Py_ssize_t i = 0; out && i < n; i++)
        if (is_tensor(PyList_GET_ITEM(list, i)))
            out[i] = tensor_out(PyList_GET_ITEM(list, i));
    return out;
}

static PyObject *collect(struct graph *g, const struct lists *l, int n)
{
    PyObject *list = PyList_New(n);
    for (int i = 0; i < n && list; i++) {
        struct weft_slices s = l->slices[i];
        s.values = l->dx[i];
        PyObject *x = slices_object(g, s);
        if (x)
            PyList_SET_ITEM(list, i, x);
        else
            Py_CLEAR(list);
    }
    return list;
}

/* gradients(graph, ys, xs, grad_ys or None, stop_gradients, scope, colocate, gate, function) */
PyObject *core_gradients(PyObject *self, PyObject *args)
{
    PyObject *graph, *ys, *xs, *dys, *stop, *function;
    struct weft_gradients_options o = { 0 };
    int colocate, gate;
    (void)self;
    if (!PyArg_ParseTuple(args, "O!O!O!OO!sppO", graph_type, &graph, &PyList_Type, &ys,
                          &PyList_Type, &xs, &dys, &PyList_Type, &stop, &o.name, &colocate, &gate,
                          &function))
        return NULL;
    if (PyList_Check(dys) && PyList_GET_SIZE(dys) != PyList_GET_SIZE(ys)) {
        PyErr_SetString(PyExc_ValueError, "gradients() takes as many grad_ys as ys");
        return NULL;
    }
    struct graph *g = (struct graph *)graph;
    int n = (int)PyList_GET_SIZE(xs);
    struct asking asking = { g, function };
    struct lists l = { outs_from(ys), outs_from(xs), PyList_Check(dys) ? outs_from(dys) : NULL,
                       outs_from(stop), calloc((size_t)n + 1, sizeof *l.dx),
                       calloc((size_t)n + 1, sizeof *l.slices) };
    o.grad_ys = l.dy;
    o.stop = l.stop;
    o.n_stop = (int)PyList_GET_SIZE(stop);
    o.slices = l.slices;
    o.colocate = colocate;
    o.gate = gate;
    o.function = function == Py_None ? NULL : ask;
    o.ctx = &asking;
    bool room = l.y && l.x && (l.dy || !PyList_Check(dys)) && l.stop && l.dx && l.slices;
    if (room)
        weft_gradients(g->g, l.y, (int)PyList_GET_SIZE(ys), l.x, n, &o, l.dx);
    else
        PyErr_NoMemory();
    struct weft_status *st = weft_graph_error(g->g);
    PyObject *result = NULL;
    if (PyErr_Occurred())
        weft_status_free(st);
    else if (st)
        raise_build_status(st);
    else if (graph_note(g))
        result = collect(g, &l, n);
    free(l.y);
    free(l.x);
    free(l.dy);
    free(l.stop);
    free(l.dx);
    free(l.slices);
    return result;
}
