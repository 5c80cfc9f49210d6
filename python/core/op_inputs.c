/* op_inputs.c - the inputs of a node that is being made: which graph they are in, and how values
 * that are no Tensors yet become some, under the names that TensorFlow gives them. */
#include "making.h"

#include <string.h>

/* ---- which graph (A80, A81) ---- */

static bool is_plain(PyObject *x)
{
    return PyFloat_CheckExact(x) || PyLong_CheckExact(x) || PyBool_Check(x) ||
           PyUnicode_CheckExact(x) || PyBytes_CheckExact(x) || x == Py_None;
}

/* *first: a new reference. */
static bool join_graph(struct making *m, PyObject *x, PyObject **first)
{
    struct graph *g = NULL;
    if (is_tensor(x)) {
        g = tensor_graph(x);
        Py_INCREF((PyObject *)g);
    } else if (!is_plain(x)) {
        g = (struct graph *)PyObject_CallOneArg(hooks.graph_of, x);
        if (!g)
            return false;
        if (!is_graph((PyObject *)g))
            Py_CLEAR(g);
    }
    if (g && m->g && m->g != g) {
        PyErr_Format(PyExc_ValueError, "%S must be from the same graph as %S.", x, *first);
        Py_DECREF((PyObject *)g);
        return false;
    }
    if (g && !m->g) {
        m->g = g;
        *first = Py_NewRef(x);
    } else {
        Py_XDECREF((PyObject *)g);
    }
    return true;
}

static bool join_graph_all(struct making *m, PyObject *list, PyObject **first, bool *tensors)
{
    bool ok = true;
    for (Py_ssize_t k = 0; ok && k < PySequence_Fast_GET_SIZE(list); k++) {
        PyObject *item = Py_NewRef(PySequence_Fast_GET_ITEM(list, k));
        *tensors &= is_tensor(item);
        ok = join_graph(m, item, first);        /* Python may run in it, and change the list */
        Py_DECREF(item);
    }
    return ok;
}

/* In the body of a function it is the body, whatever the inputs are. */
static bool find_body(struct making *m, bool *tensors)
{
    struct graph *g = default_graph();
    if (!g || !g->captures)
        return false;
    m->g = (struct graph *)Py_NewRef((PyObject *)g);
    *tensors = false;
    return true;
}

bool find_graph(struct making *m, bool *tensors)
{
    PyObject *first = NULL;
    bool ok = true;
    if (find_body(m, tensors))
        return true;
    if (PyErr_Occurred())
        return false;
    *tensors = true;
    for (int i = 0; ok && i < m->f->n_in; i++) {
        PyObject *x = m->input[i];
        bool sequence = PyList_Check(x) || PyTuple_Check(x);
        *tensors &= sequence == is_listed(&m->f->in[i]) && (sequence || is_tensor(x));
        ok = sequence ? join_graph_all(m, x, &first, tensors) : join_graph(m, x, &first);
    }
    Py_XDECREF(first);
    if (!ok)
        return false;
    if (!m->g)
        m->g = (struct graph *)Py_XNewRef((PyObject *)default_graph());
    return m->g != NULL;
}

/* ---- the scope in which values become tensors ---- */

bool open_scope(struct making *m)
{
    const char *name = m->f->op;
    struct graph *now = default_graph();
    PyObject *stack = PyDict_GetItemString(PyThreadState_GetDict(), "weft.graphs");
    if (m->name && m->name != Py_None && !(name = name_text(m->name)))
        return false;
    if (now != m->g) {
        if (PyList_Append(stack, (PyObject *)m->g) < 0)
            return false;
        m->entered = true;
    }
    const char *prefix = weft_name_scope(m->g->g, name);
    m->prefix = prefix ? PyUnicode_FromString(prefix) : NULL;
    if (m->prefix)
        return true;
    weft_scope_end(m->g->g);
    raise_build_error(m->g);
    return false;
}

/* Safe with an exception set. */
void close_scope(struct making *m)
{
    if (m->prefix)
        weft_scope_end(m->g->g);
    if (m->entered) {
        PyObject *stack = PyDict_GetItemString(PyThreadState_GetDict(), "weft.graphs");
        Py_ssize_t n = stack ? PyList_GET_SIZE(stack) : 0;
        if (n)
            PyList_SetSlice(stack, n - 1, n, NULL);
    }
    m->entered = false;
}

/* ---- inputs ---- */

static bool add_input(struct making *m, struct weft_out o)
{
    if (m->n_in == m->cap_in) {
        int cap = m->cap_in ? 4 * m->cap_in : 8;
        struct weft_out *in = scratch_get(&m->scratch, (size_t)cap * sizeof *in);
        if (!in)
            return false;
        if (m->n_in)
            memcpy(in, m->in, (size_t)m->n_in * sizeof *in);
        m->in = in;
        m->cap_in = cap;
    }
    m->in[m->n_in++] = o;
    return true;
}

/* One of another graph is captured once all inputs are there; till then it must live. */
static bool add_tensor(struct making *m, PyObject *t)
{
    if (tensor_graph(t) == m->g || (m->g->captures && keep(m, t)))
        return add_input(m, tensor_out(t));
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "%S must be from the same graph as the other inputs.", t);
    return false;
}

static bool add_constant(struct making *m, struct weft_tensor *t, const char *name)
{
    struct weft_out o = weft_const_named(m->g->g, name, t);
    weft_tensor_free(t);
    if (!o.node)
        return raise_build_error(m->g);
    return graph_note(m->g) && add_input(m, o);
}

static bool convert_slowly(struct making *m, PyObject *x, int dtype, const char *name, bool ref)
{
    PyObject *want = dtype ? dtype_object((enum weft_dtype)dtype, false) : Py_None;
    PyObject *t = want ? PyObject_CallFunction(hooks.convert, "OOsO", x, want, name,
                                               ref ? Py_True : Py_False) : NULL;
    bool ok = t && is_tensor(t);
    if (t && !ok)
        PyErr_Format(PyExc_TypeError, "%R did not become a Tensor", x);
    ok = ok && add_tensor(m, t);
    Py_XDECREF(t);
    return ok;
}

static bool convert(struct making *m, PyObject *x, int dtype, const char *name, bool ref)
{
    bool unfit = true;
    if (is_tensor(x))
        return add_tensor(m, x);
    struct weft_tensor *t = ref ? NULL : tensor_from(x, dtype, &unfit);
    if (t)
        return add_constant(m, t, name);
    return unfit ? convert_slowly(m, x, dtype, name, ref) : false;
}

static int wanted(const struct making *m, const struct weft_op_arg *a)
{
    return a->type_attr < 0 ? (int)a->dtype : a->is_list ? 0 : m->type[a->type_attr];
}

/* TF: what has no elements to tell its dtype takes the attribute's default: reshape(x, []). */
static int dtype_of_nothing(const struct making *m, const struct weft_op_arg *a, PyObject *x)
{
    const struct weft_op_attr *attr = a->type_attr < 0 ? NULL : &m->f->attr[a->type_attr];
    bool nothing = (PyList_Check(x) || PyTuple_Check(x)) && !PySequence_Fast_GET_SIZE(x);
    return nothing && attr && attr->has_default ? (int)attr->fallback.i : 0;
}

/* The dtype of the first Tensor of a list says what the rest becomes. */
static int first_dtype(PyObject *list)
{
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list); i++) {
        PyObject *x = PySequence_Fast_GET_ITEM(list, i);
        if (is_tensor(x))
            return (int)weft_out_dtype(tensor_out(x));
    }
    return 0;
}

/* How many inputs a list has, for ops with several lists. Lists that share the attribute are
 * equally long. */
static bool say_length(struct making *m, int arg, Py_ssize_t n)
{
    int attr = m->f->in[arg].number_attr;
    if (attr < 0 || m->attr[attr])
        return true;
    if (m->type[attr] && m->type[attr] != (int)n + 1) {
        PyErr_Format(PyExc_ValueError, "List argument '%U' to '%s' Op with length %zd must match "
                     "length %d of the arguments before it.", m->f->in_name[arg], m->f->op, n,
                     m->type[attr] - 1);
        return false;
    }
    if (!m->type[attr])
        m->out_attr[m->n_out_attr++] = weft_attr_int(m->f->attr[attr].name, n);
    m->type[attr] = (int)n + 1;
    return true;
}

static bool convert_list(struct making *m, int arg, PyObject *list)
{
    const struct weft_op_arg *a = &m->f->in[arg];
    char name[128];
    int dtype = wanted(m, a);
    if (!dtype && !a->is_list)
        dtype = first_dtype(list);
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list); i++) {
        snprintf(name, sizeof name, "%.*s_%zd", a->name_length, a->name, i);
        PyObject *x = Py_NewRef(PySequence_Fast_GET_ITEM(list, i));
        bool ok = convert(m, x, dtype, name, a->is_ref);        /* may change the list */
        Py_DECREF(x);
        if (!ok)
            return false;
        if (!dtype && !a->is_list)
            dtype = (int)weft_out_dtype(m->in[m->n_in - 1]);
    }
    if (!a->is_list && a->type_attr >= 0 && dtype)
        m->type[a->type_attr] = dtype;
    return say_length(m, arg, PySequence_Fast_GET_SIZE(list));
}

static bool convert_input(struct making *m, int arg)
{
    const struct weft_op_arg *a = &m->f->in[arg];
    PyObject *x = m->input[arg];
    if (is_listed(a)) {
        if (PyList_Check(x) || PyTuple_Check(x))
            return convert_list(m, arg, x);
        PyErr_Format(PyExc_TypeError, "Expected list for '%U' argument to '%s' Op, not %R.",
                     m->f->in_name[arg], m->f->op, x);
        return false;
    }
    int dtype = wanted(m, a);
    if (!dtype)
        dtype = dtype_of_nothing(m, a, x);
    if (!convert(m, x, dtype, PyUnicode_AsUTF8(m->f->in_name[arg]), a->is_ref))
        return false;
    if (a->type_attr >= 0 && !m->type[a->type_attr])
        m->type[a->type_attr] = (int)weft_out_dtype(m->in[m->n_in - 1]);
    return true;
}

bool convert_inputs(struct making *m)
{
    for (int i = 0; i < m->f->n_in; i++)
        if (!convert_input(m, i))
            return false;
    return true;
}

/* ---- tensors of other graphs, in the body of a function ---- */

static PyObject *kept_tensor(const struct making *m, struct weft_out o)
{
    for (Py_ssize_t i = 0; m->keep && i < PyList_GET_SIZE(m->keep); i++) {
        PyObject *x = PyList_GET_ITEM(m->keep, i);
        if (is_tensor(x) && tensor_out(x).node == o.node && tensor_out(x).index == o.index)
            return x;
    }
    return NULL;
}

static bool capture(struct making *m, struct weft_out *o)
{
    PyObject *x = kept_tensor(m, *o);
    PyObject *own = x ? PyObject_CallMethod((PyObject *)m->g, "capture", "O", x) : NULL;
    bool ok = own && is_tensor(own) && tensor_graph(own) == m->g;
    if (ok)
        *o = tensor_out(own);
    else if (!PyErr_Occurred())
        PyErr_Format(PyExc_RuntimeError, "%R was not captured", x ? x : Py_None);
    Py_XDECREF(own);
    return ok;
}

bool capture_inputs(struct making *m)
{
    bool ok = true;
    for (int i = 0; ok && m->g->captures && i < m->n_in; i++)
        if (weft_node_graph(m->in[i].node) != m->g->g)
            ok = capture(m, &m->in[i]);
    return ok;
}
