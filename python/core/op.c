/* op.c - a callable for each op type, made from the library's own rows: gen.MatMul(a, b, ...).
 *
 * Arguments are the row's inputs, then the attributes that inputs do not tell (those without a
 * default first), then `name`. What is no Tensor yet becomes one inside the new operation's name
 * scope, in the order of the row, as TensorFlow does it: names and numbers depend on that. */
#include "core.h"

#include <structmember.h>

#include <stdlib.h>
#include <string.h>

struct op_function {
    PyObject_HEAD
    vectorcallfunc call;
    const struct weft_op_def *def;
    const char *op;
    int n_in, n_attr, n_out, n_said;
    struct weft_op_arg *in;
    struct weft_op_attr *attr;
    PyObject **in_name, **attr_name;    /* interned */
    int *said;                          /* the attributes that a caller says, in order */
    PyObject *result;                   /* namedtuple of several outputs, once needed */
};

static PyTypeObject *function_type;
static PyObject *name_keyword;          /* "name" */

/* ---- memory for one call ---- */

enum { ROOM = 3072, MOST_PIECES = 64 };

struct scratch { char room[ROOM]; size_t used; void *piece[MOST_PIECES]; int n; };

static void *scratch_get(struct scratch *s, size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (s->used + bytes <= ROOM) {
        void *p = s->room + s->used;
        s->used += bytes;
        return memset(p, 0, bytes);
    }
    void *p = s->n < MOST_PIECES ? calloc(1, bytes) : NULL;
    if (!p)
        PyErr_NoMemory();
    else
        s->piece[s->n++] = p;
    return p;
}

static void scratch_end(struct scratch *s)
{
    for (int i = 0; i < s->n; i++)
        free(s->piece[i]);
}

/* ---- one call ---- */

struct making {
    struct op_function *f;
    struct graph *g;                    /* strong */
    PyObject **input, **attr, *name;    /* as given, borrowed; NULL: not given */
    struct weft_out *in;
    int n_in, cap_in;
    int *type;                          /* by attribute: a dtype that is known by now, or 0 */
    struct weft_attr *out_attr;
    int n_out_attr;
    PyObject *prefix;                   /* of the scope that was opened, or NULL */
    bool entered;                       /* the graph was made the default one */
    PyObject *keep;                     /* list: objects whose memory is pointed to, or NULL */
    struct weft_tensor *value;          /* of a tensor attribute */
    struct scratch scratch;
};

static bool keep(struct making *m, PyObject *x)
{
    if (!m->keep && !(m->keep = PyList_New(0)))
        return false;
    return PyList_Append(m->keep, x) == 0;
}

static bool take_keyword(struct making *m, PyObject *key, PyObject *value)
{
    const struct op_function *f = m->f;
    PyObject **to = key == name_keyword ? &m->name : NULL;
    for (int i = 0; i < f->n_in && !to; i++)
        if (PyUnicode_Compare(f->in_name[i], key) == 0)
            to = &m->input[i];
    for (int i = 0; i < f->n_attr && !to; i++)
        if (PyUnicode_Compare(f->attr_name[i], key) == 0)
            to = &m->attr[i];
    if (!to && PyUnicode_Compare(key, name_keyword) == 0)
        to = &m->name;
    if (!to)
        PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", f->op, key);
    else if (*to)
        PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", f->op, key);
    else
        *to = value;
    return !PyErr_Occurred();
}

static bool take_arguments(struct making *m, PyObject *const *args, Py_ssize_t n, PyObject *keys)
{
    const struct op_function *f = m->f;
    if (n > f->n_in + f->n_said + 1) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %d positional arguments (%zd given)",
                     f->op, f->n_in + f->n_said + 1, n);
        return false;
    }
    for (Py_ssize_t i = 0; i < n; i++)
        if (i < f->n_in)
            m->input[i] = args[i];
        else if (i < f->n_in + f->n_said)
            m->attr[f->said[i - f->n_in]] = args[i];
        else
            m->name = args[i];
    for (Py_ssize_t i = 0; keys && i < PyTuple_GET_SIZE(keys); i++)
        if (!take_keyword(m, PyTuple_GET_ITEM(keys, i), args[n + i]))
            return false;
    for (int i = 0; i < f->n_in; i++)
        if (!m->input[i]) {
            PyErr_Format(PyExc_TypeError, "%s() missing required argument '%U'", f->op,
                         f->in_name[i]);
            return false;
        }
    return true;
}

/* ---- which graph (A80, A81) ---- */

static bool is_plain(PyObject *x)
{
    return PyFloat_CheckExact(x) || PyLong_CheckExact(x) || PyBool_Check(x) ||
           PyUnicode_CheckExact(x) || PyBytes_CheckExact(x) || x == Py_None;
}

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
        *first = x;
    } else {
        Py_XDECREF((PyObject *)g);
    }
    return true;
}

static bool is_listed(const struct weft_op_arg *a)
{
    return a->number_attr >= 0 || a->is_list;
}

static bool find_graph(struct making *m, bool *tensors)
{
    PyObject *first = NULL;
    *tensors = true;
    for (int i = 0; i < m->f->n_in; i++) {
        PyObject *x = m->input[i];
        bool sequence = PyList_Check(x) || PyTuple_Check(x);
        Py_ssize_t n = sequence ? PySequence_Fast_GET_SIZE(x) : 1;
        for (Py_ssize_t k = 0; k < n; k++) {
            PyObject *item = sequence ? PySequence_Fast_GET_ITEM(x, k) : x;
            *tensors &= is_tensor(item);
            if (!join_graph(m, item, &first))
                return false;
        }
        *tensors &= sequence == is_listed(&m->f->in[i]);
    }
    if (!m->g)
        m->g = (struct graph *)Py_XNewRef((PyObject *)default_graph());
    return m->g != NULL;
}

/* ---- the scope in which values become tensors ---- */

static bool open_scope(struct making *m)
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
static void close_scope(struct making *m)
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

static bool add_constant(struct making *m, struct weft_tensor *t, const char *name)
{
    struct weft_out o = weft_op(m->g->g, "Const", NULL, 0,
                                WEFT_ATTRS(weft_attr_tensor("value", t),
                                           weft_attr_type("dtype", weft_tensor_dtype(t)),
                                           weft_name(name)));
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
    if (ok && tensor_graph(t) != m->g) {
        PyErr_Format(PyExc_ValueError, "%S must be from the same graph as the other inputs.", x);
        ok = false;
    }
    ok = ok && add_input(m, tensor_out(t));
    Py_XDECREF(t);
    return ok;
}

static bool convert(struct making *m, PyObject *x, int dtype, const char *name, bool ref)
{
    bool unfit = true;
    if (is_tensor(x))
        return add_input(m, tensor_out(x));
    struct weft_tensor *t = ref ? NULL : tensor_from(x, dtype, &unfit);
    if (t)
        return add_constant(m, t, name);
    return unfit ? convert_slowly(m, x, dtype, name, ref) : false;
}

static int wanted(const struct making *m, const struct weft_op_arg *a)
{
    return a->type_attr < 0 ? (int)a->dtype : a->is_list ? 0 : m->type[a->type_attr];
}

/* TF: what has no elements to tell its dtype takes the attribute's default, as in reshape(x, []). */
static int dtype_of_nothing(const struct making *m, const struct weft_op_arg *a, PyObject *x)
{
    const struct weft_op_attr *attr = a->type_attr < 0 ? NULL : &m->f->attr[a->type_attr];
    bool nothing = (PyList_Check(x) || PyTuple_Check(x)) && !PySequence_Size(x);
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

static bool convert_list(struct making *m, int arg, PyObject *list)
{
    const struct weft_op_arg *a = &m->f->in[arg];
    char name[128];
    int dtype = wanted(m, a);
    if (!dtype && !a->is_list)
        dtype = first_dtype(list);
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list); i++) {
        snprintf(name, sizeof name, "%.*s_%zd", a->name_length, a->name, i);
        if (!convert(m, PySequence_Fast_GET_ITEM(list, i), dtype, name, a->is_ref))
            return false;
        if (!dtype && !a->is_list)
            dtype = (int)weft_out_dtype(m->in[m->n_in - 1]);
    }
    if (!a->is_list && a->type_attr >= 0 && dtype)
        m->type[a->type_attr] = dtype;
    return true;
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

/* ---- attributes ---- */

static bool wrong_kind(const struct making *m, int attr, PyObject *x, const char *kind)
{
    if (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Clear();
        PyErr_Format(PyExc_TypeError, "Expected %s for argument '%U' not %R.", kind,
                     m->f->attr_name[attr], x);
    }
    return false;
}

static bool int_from(PyObject *x, int64_t *to)
{
    PyObject *n = PyFloat_Check(x) ? NULL : PyNumber_Index(x);
    if (n)
        *to = PyLong_AsLongLong(n);
    Py_XDECREF(n);
    return n && !PyErr_Occurred();
}

static bool bytes_from(struct making *m, PyObject *x, const char **bytes, Py_ssize_t *n)
{
    if (PyUnicode_Check(x))
        return (*bytes = PyUnicode_AsUTF8AndSize(x, n)) != NULL;
    if (!PyBytes_Check(x))
        return false;
    *bytes = PyBytes_AS_STRING(x);
    *n = PyBytes_GET_SIZE(x);
    return keep(m, x);
}

static struct weft_tensor *tensor_attr(struct making *m, PyObject *x)
{
    bool unfit;
    struct weft_tensor *t = tensor_from(x, 0, &unfit);
    if (t || !unfit)
        return t;
    PyObject *array = PyObject_CallFunction(hooks.constant, "OOO", x, Py_None, Py_None);
    t = array ? tensor_from(array, 0, &unfit) : NULL;
    if (!t && !PyErr_Occurred())
        PyErr_Format(PyExc_TypeError, "%s() cannot make a tensor of %R", m->f->op, x);
    Py_XDECREF(array);
    return t;
}

struct list { PyObject *items; Py_ssize_t n; };

static bool int_list(struct making *m, struct list l, struct weft_attr *to)
{
    int64_t *v = scratch_get(&m->scratch, (size_t)(l.n + 1) * sizeof *v);
    for (Py_ssize_t i = 0; v && i < l.n; i++)
        if (!int_from(PySequence_Fast_GET_ITEM(l.items, i), &v[i]))
            return false;
    to->p = v;
    return v != NULL;
}

static bool bool_list(struct making *m, struct list l, struct weft_attr *to)
{
    int64_t *v = scratch_get(&m->scratch, (size_t)(l.n + 1) * sizeof *v);
    for (Py_ssize_t i = 0; v && i < l.n; i++)
        v[i] = PyObject_IsTrue(PySequence_Fast_GET_ITEM(l.items, i));
    to->p = v;
    return v != NULL;
}

static bool float_list(struct making *m, struct list l, struct weft_attr *to)
{
    double *v = scratch_get(&m->scratch, (size_t)(l.n + 1) * sizeof *v);
    for (Py_ssize_t i = 0; v && i < l.n; i++)
        v[i] = PyFloat_AsDouble(PySequence_Fast_GET_ITEM(l.items, i));
    to->p = v;
    return v && !PyErr_Occurred();
}

static bool type_list(struct making *m, struct list l, struct weft_attr *to)
{
    enum weft_dtype *v = scratch_get(&m->scratch, (size_t)(l.n + 1) * sizeof *v);
    for (Py_ssize_t i = 0; v && i < l.n; i++)
        v[i] = (enum weft_dtype)dtype_number(PySequence_Fast_GET_ITEM(l.items, i));
    to->p = v;
    return v && !PyErr_Occurred();
}

static bool string_list(struct making *m, struct list l, struct weft_attr *to)
{
    const char **v = scratch_get(&m->scratch, (size_t)(l.n + 1) * sizeof *v);
    Py_ssize_t length;
    for (Py_ssize_t i = 0; v && i < l.n; i++)
        if (!bytes_from(m, PySequence_Fast_GET_ITEM(l.items, i), &v[i], &length))
            return false;
    to->p = v;
    return v != NULL;
}

static bool shape_list(struct making *m, struct list l, struct weft_attr *to)
{
    struct weft_shape *v = scratch_get(&m->scratch, (size_t)(l.n + 1) * sizeof *v);
    for (Py_ssize_t i = 0; v && i < l.n; i++)
        if (!shape_from(PySequence_Fast_GET_ITEM(l.items, i), &v[i]))
            return false;
    to->p = v;
    return v != NULL;
}

static bool list_attr(struct making *m, int attr, PyObject *x, struct weft_attr *to)
{
    PyObject *items = PyUnicode_Check(x) || PyBytes_Check(x) ? NULL : PySequence_Fast(x, "");
    if (!items || !keep(m, items)) {
        Py_XDECREF(items);
        return wrong_kind(m, attr, x, "list");
    }
    struct list l = { items, PySequence_Fast_GET_SIZE(items) };
    Py_DECREF(items);                   /* `keep` has it */
    to->i = l.n;
    switch (to->kind) {
    case WEFT_ATTR_INTS: return int_list(m, l, to) || wrong_kind(m, attr, x, "list of int");
    case WEFT_ATTR_BOOLS: return bool_list(m, l, to);
    case WEFT_ATTR_FLOATS: return float_list(m, l, to) || wrong_kind(m, attr, x, "list of float");
    case WEFT_ATTR_TYPES: return type_list(m, l, to);
    case WEFT_ATTR_SHAPES: return shape_list(m, l, to);
    default: return string_list(m, l, to) || wrong_kind(m, attr, x, "list of string");
    }
}

static bool shape_attr(struct making *m, PyObject *x, struct weft_attr *to)
{
    struct weft_shape *s = scratch_get(&m->scratch, sizeof *s);
    if (!s || !shape_from(x, s))
        return false;
    to->i = s->rank;
    to->p = s->dims;
    return true;
}

static bool set_attr(struct making *m, int attr, PyObject *x)
{
    struct weft_attr *to = &m->out_attr[m->n_out_attr++];
    const char *bytes;
    Py_ssize_t n;
    *to = (struct weft_attr){ .kind = m->f->attr[attr].kind, .name = m->f->attr[attr].name };
    switch (to->kind) {
    case WEFT_ATTR_BOOL:
        to->i = PyObject_IsTrue(x);
        return (PyBool_Check(x) || PyLong_Check(x) || PyIndex_Check(x) || Py_TYPE(x)->tp_as_number)
               && to->i >= 0 ? true : wrong_kind(m, attr, x, "bool");
    case WEFT_ATTR_INT: return int_from(x, &to->i) || wrong_kind(m, attr, x, "int");
    case WEFT_ATTR_FLOAT:
        to->f = PyFloat_AsDouble(x);
        return !PyErr_Occurred() || wrong_kind(m, attr, x, "float");
    case WEFT_ATTR_TYPE:
        to->i = m->type[attr] = dtype_number(x);
        return to->i != 0;
    case WEFT_ATTR_STRING:
        if (!bytes_from(m, x, &bytes, &n))
            return wrong_kind(m, attr, x, "string");
        to->p = bytes;
        to->i = n;
        return true;
    case WEFT_ATTR_SHAPE: return shape_attr(m, x, to);
    case WEFT_ATTR_TENSOR: return (to->p = m->value = tensor_attr(m, x)) != NULL;
    default: return list_attr(m, attr, x, to);
    }
}

static bool set_attrs(struct making *m)
{
    const struct op_function *f = m->f;
    for (int i = 0; i < f->n_attr; i++) {
        bool given = m->attr[i] && (m->attr[i] != Py_None || f->attr[i].kind == WEFT_ATTR_SHAPE);
        if (given ? !set_attr(m, i, m->attr[i]) : false)
            return false;
        if (!given && !f->attr[i].has_default && !f->attr[i].is_inferred) {
            PyErr_Format(PyExc_TypeError, "%s() missing required argument '%U'", f->op,
                         f->attr_name[i]);
            return false;
        }
    }
    return true;
}

/* What the graph's own scopes add, for those that Python keeps. */
static bool set_gradient(struct making *m)
{
    PyObject *map = m->g->overrides, *name;
    const char *bytes;
    Py_ssize_t n;
    if (!map || !(name = PyDict_GetItemString(map, m->f->op)))
        return true;
    if (!bytes_from(m, name, &bytes, &n))
        return wrong_kind(m, 0, name, "string");
    m->out_attr[m->n_out_attr++] = weft_attr_bytes("_gradient_op_type", bytes, n);
    return true;
}

static bool set_device(struct making *m, const char *name)
{
    if (!m->g->device_functions)
        return true;
    PyObject *inputs = PyTuple_New(m->n_in), *device = NULL;
    for (int i = 0; i < m->n_in && inputs; i++) {
        PyObject *t = graph_tensor(m->g, m->in[i]);
        if (t)
            PyTuple_SET_ITEM(inputs, i, t);
        else
            Py_CLEAR(inputs);
    }
    if (inputs)
        device = PyObject_CallFunction(hooks.device_of, "OssO", (PyObject *)m->g, m->f->op, name,
                                       inputs);
    Py_XDECREF(inputs);
    const char *text = device && keep(m, device) ? PyUnicode_AsUTF8(device) : NULL;
    Py_XDECREF(device);
    if (text)
        m->out_attr[m->n_out_attr++] = weft_attr_device(text);
    return text != NULL;
}

/* ---- what comes out ---- */

static PyObject *output_list(struct graph *g, struct weft_node *n, int from, int to)
{
    PyObject *list = PyList_New(to - from);
    for (int i = from; i < to && list; i++) {
        PyObject *t = graph_tensor(g, (struct weft_out){ n, i });
        if (t)
            PyList_SET_ITEM(list, i - from, t);
        else
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *result_type(struct op_function *f)
{
    if (f->result)
        return f->result;
    PyObject *names = PyTuple_New(f->n_out);
    for (int i = 0; i < f->n_out && names; i++) {
        struct weft_op_arg a = weft_op_output(f->def, i);
        PyObject *name = PyUnicode_FromStringAndSize(a.name, a.name_length);
        if (name)
            PyTuple_SET_ITEM(names, i, name);
        else
            Py_CLEAR(names);
    }
    if (names)
        f->result = PyObject_CallFunction(hooks.result_type, "sO", f->op, names);
    Py_XDECREF(names);
    return f->result;
}

static int output_length(const struct weft_node *n, struct op_function *f,
                         const struct weft_op_arg *a)
{
    struct weft_attr value;
    int attr = a->number_attr >= 0 ? a->number_attr : a->is_list ? a->type_attr : -1;
    if (attr < 0)
        return -1;
    struct weft_status *st = weft_node_attr(n, f->attr[attr].name, &value);
    weft_status_free(st);
    return st ? 0 : (int)value.i;
}

static PyObject *results(struct op_function *f, struct graph *g, struct weft_node *n)
{
    if (!weft_node_outputs(n))          /* none at all, or an empty list */
        return graph_facade(g, n);
    struct weft_op_arg first = weft_op_output(f->def, 0);
    if (f->n_out == 1)
        return is_listed(&first) ? output_list(g, n, 0, weft_node_outputs(n))
                                 : graph_tensor(g, (struct weft_out){ n, 0 });
    PyObject *type = result_type(f), *fields = type ? PyTuple_New(f->n_out) : NULL;
    for (int i = 0, at = 0; i < f->n_out && fields; i++) {
        struct weft_op_arg a = weft_op_output(f->def, i);
        int length = output_length(n, f, &a);
        PyObject *field = length < 0 ? graph_tensor(g, (struct weft_out){ n, at })
                                     : output_list(g, n, at, at + length);
        at += length < 0 ? 1 : length;
        if (field)
            PyTuple_SET_ITEM(fields, i, field);
        else
            Py_CLEAR(fields);
    }
    PyObject *result = fields ? PyObject_CallObject(type, fields) : NULL;
    Py_XDECREF(fields);
    return result;
}

/* ---- the call ---- */

static PyObject *make_node(struct making *m)
{
    const char *name = m->prefix ? PyUnicode_AsUTF8(m->prefix)
                     : m->name && m->name != Py_None ? name_text(m->name) : NULL;
    if (!name && PyErr_Occurred())
        return NULL;
    if (!set_gradient(m) || !set_device(m, name ? name : m->f->op))
        return NULL;
    if (name)
        m->out_attr[m->n_out_attr++] = weft_name(name);
    struct weft_out o = weft_op(m->g->g, m->f->op, m->in, m->n_in, m->out_attr, m->n_out_attr);
    if (!o.node)
        return raise_build_error(m->g);
    return graph_note(m->g) ? results(m->f, m->g, o.node) : NULL;
}

static bool convert_inputs(struct making *m)
{
    for (int i = 0; i < m->f->n_in; i++)
        if (!convert_input(m, i))
            return false;
    return true;
}

static PyObject *make(struct making *m, PyObject *const *args, Py_ssize_t n, PyObject *keys)
{
    const struct op_function *f = m->f;
    bool tensors;
    m->input = scratch_get(&m->scratch, (size_t)(f->n_in + 1) * sizeof *m->input);
    m->attr = scratch_get(&m->scratch, (size_t)(f->n_attr + 1) * sizeof *m->attr);
    m->type = scratch_get(&m->scratch, (size_t)(f->n_attr + 1) * sizeof *m->type);
    m->out_attr = scratch_get(&m->scratch, (size_t)(f->n_attr + 3) * sizeof *m->out_attr);
    if (!m->input || !m->attr || !m->type || !m->out_attr || !take_arguments(m, args, n, keys) ||
        !find_graph(m, &tensors) || !set_attrs(m))
        return NULL;
    bool ok = (tensors || open_scope(m)) && convert_inputs(m);
    close_scope(m);
    return ok ? make_node(m) : NULL;
}

static PyObject *function_call(PyObject *self, PyObject *const *args, size_t n, PyObject *keys)
{
    struct making m;
    memset(&m, 0, offsetof(struct making, scratch));
    m.scratch.used = 0;
    m.scratch.n = 0;
    m.f = (struct op_function *)self;
    PyObject *result = make(&m, args, PyVectorcall_NARGS(n), keys);
    Py_XDECREF((PyObject *)m.g);
    Py_XDECREF(m.prefix);
    Py_XDECREF(m.keep);
    weft_tensor_free(m.value);
    scratch_end(&m.scratch);
    return result;
}

/* ---- the functions as objects ---- */

static void function_dealloc(PyObject *self)
{
    struct op_function *f = (struct op_function *)self;
    PyTypeObject *type = Py_TYPE(self);
    for (int i = 0; i < f->n_in; i++)
        Py_XDECREF(f->in_name[i]);
    for (int i = 0; i < f->n_attr; i++)
        Py_XDECREF(f->attr_name[i]);
    Py_XDECREF(f->result);
    free(f->in);
    free(f->attr);
    free(f->in_name);
    free(f->attr_name);
    free(f->said);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyObject *function_repr(PyObject *self)
{
    return PyUnicode_FromFormat("<op %s>", ((struct op_function *)self)->op);
}

static PyObject *function_name(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(((struct op_function *)self)->op);
}

static PyObject *function_doc(PyObject *self, void *unused)
{
    const struct weft_op_def *d = ((struct op_function *)self)->def;
    (void)unused;
    return PyUnicode_FromFormat("%s\n\n(%s) -> (%s)\n%s", weft_op_doc(d), weft_op_inputs_text(d),
                                weft_op_outputs_text(d), weft_op_attrs_text(d));
}

static PyObject *function_parameters(PyObject *self, void *unused)
{
    struct op_function *f = (struct op_function *)self;
    PyObject *list = PyList_New(0);
    (void)unused;
    for (int i = 0; i < f->n_in && list; i++)
        if (PyList_Append(list, f->in_name[i]) < 0)
            Py_CLEAR(list);
    for (int i = 0; i < f->n_said && list; i++)
        if (PyList_Append(list, f->attr_name[f->said[i]]) < 0)
            Py_CLEAR(list);
    return list;
}

static PyObject *function_stateful(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(weft_op_is_stateful(((struct op_function *)self)->def));
}

static PyGetSetDef function_getset[] = {
    { "__name__", function_name, NULL, NULL, NULL },
    { "__doc__", function_doc, NULL, NULL, NULL },
    { "parameters", function_parameters, NULL, "Names of its arguments, `name` apart.", NULL },
    { "is_stateful", function_stateful, NULL, "May two runs differ?", NULL },
    { NULL, NULL, NULL, NULL, NULL }
};

static PyMemberDef function_members[] = {
    { "__vectorcalloffset__", T_PYSSIZET, offsetof(struct op_function, call), READONLY, NULL },
    { NULL, 0, 0, 0, NULL }
};

static PyType_Slot function_slots[] = {
    { Py_tp_call, PyVectorcall_Call },
    { Py_tp_dealloc, function_dealloc },
    { Py_tp_repr, function_repr },
    { Py_tp_getset, function_getset },
    { Py_tp_members, function_members },
    { 0, NULL }
};
static PyType_Spec function_spec = {
    "weft._core.OpFunction", sizeof(struct op_function), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL, function_slots
};

static PyObject *interned(const char *text, int n)
{
    PyObject *x = PyUnicode_FromStringAndSize(text, n);
    if (x)
        PyUnicode_InternInPlace(&x);
    return x;
}

static bool fill(struct op_function *f)
{
    f->in = calloc((size_t)f->n_in + 1, sizeof *f->in);
    f->in_name = calloc((size_t)f->n_in + 1, sizeof *f->in_name);
    f->attr = calloc((size_t)f->n_attr + 1, sizeof *f->attr);
    f->attr_name = calloc((size_t)f->n_attr + 1, sizeof *f->attr_name);
    f->said = calloc((size_t)f->n_attr + 1, sizeof *f->said);
    if (!f->in || !f->in_name || !f->attr || !f->attr_name || !f->said)
        return PyErr_NoMemory();
    for (int i = 0; i < f->n_in; i++) {
        f->in[i] = weft_op_input(f->def, i);
        if (!(f->in_name[i] = interned(f->in[i].name, f->in[i].name_length)))
            return false;
    }
    for (int i = 0; i < f->n_attr; i++) {
        f->attr[i] = weft_op_attr(f->def, i);
        if (!(f->attr_name[i] = interned(f->attr[i].name, (int)strlen(f->attr[i].name))))
            return false;
    }
    for (int with_default = 0; with_default < 2; with_default++)
        for (int i = 0; i < f->n_attr; i++)
            if (!f->attr[i].is_inferred && f->attr[i].has_default == with_default)
                f->said[f->n_said++] = i;
    return true;
}

static PyObject *function_new(const struct weft_op_def *d)
{
    struct op_function *f = PyObject_New(struct op_function, function_type);
    if (!f)
        return NULL;
    memset((char *)f + sizeof(PyObject), 0, sizeof *f - sizeof(PyObject));
    f->call = function_call;
    f->def = d;
    f->op = weft_op_name(d);
    f->n_in = weft_op_inputs(d);
    f->n_attr = weft_op_attrs(d);
    f->n_out = weft_op_outputs(d);
    if (fill(f))
        return (PyObject *)f;
    Py_DECREF((PyObject *)f);
    return NULL;
}

PyObject *op_functions(void)
{
    PyObject *all = PyDict_New();
    for (int i = 0; i < weft_op_count() && all; i++) {
        PyObject *f = function_new(weft_op_at(i));
        if (!f || PyDict_SetItemString(all, ((struct op_function *)f)->op, f) < 0)
            Py_CLEAR(all);
        Py_XDECREF(f);
    }
    return all;
}

/* constant(value, dtype or None, name): in the default graph; None where Python has to look at the
 * value, or at the graph's scopes, first. */
PyObject *core_constant(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    struct graph *g = default_graph();
    const char *name = n == 3 && args[2] != Py_None ? name_text(args[2]) : NULL;
    bool unfit = true;
    (void)self;
    if (!g || PyErr_Occurred())
        return NULL;
    if (!name || g->device_functions || g->overrides)
        Py_RETURN_NONE;
    int dtype = args[1] == Py_None ? 0 : dtype_number(args[1]);
    struct weft_tensor *t = PyErr_Occurred() ? NULL : tensor_from(args[0], dtype, &unfit);
    if (!t)
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    struct weft_out o = weft_op(g->g, "Const", NULL, 0,
                                WEFT_ATTRS(weft_attr_tensor("value", t),
                                           weft_attr_type("dtype", weft_tensor_dtype(t)),
                                           weft_name(name)));
    weft_tensor_free(t);
    if (!o.node)
        return raise_build_error(g);
    return graph_note(g) ? graph_tensor(g, o) : NULL;
}

bool op_types(PyObject *module)
{
    function_type = (PyTypeObject *)PyType_FromSpec(&function_spec);
    name_keyword = PyUnicode_InternFromString("name");
    return name_keyword && function_type &&
           PyModule_AddObject(module, "OpFunction", Py_NewRef((PyObject *)function_type)) == 0;
}
