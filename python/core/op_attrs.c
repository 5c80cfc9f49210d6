/* op_attrs.c - the attributes of a node that is being made: what the caller said, as C takes it. */
#include "making.h"

#include <string.h>

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

/* A tuple of its own, as Python that runs on the way may change the caller's list. */
struct list { PyObject *items; Py_ssize_t n; };

static bool int_list(struct making *m, struct list l, struct weft_attr *to)
{
    int64_t *v = scratch_get(&m->scratch, (size_t)(l.n + 1) * sizeof *v);
    for (Py_ssize_t i = 0; v && i < l.n; i++)
        if (!int_from(PyTuple_GET_ITEM(l.items, i), &v[i]))
            return false;
    to->p = v;
    return v != NULL;
}

static bool bool_list(struct making *m, struct list l, struct weft_attr *to)
{
    int64_t *v = scratch_get(&m->scratch, (size_t)(l.n + 1) * sizeof *v);
    for (Py_ssize_t i = 0; v && i < l.n; i++)
        if ((v[i] = PyObject_IsTrue(PyTuple_GET_ITEM(l.items, i))) < 0)
            return false;
    to->p = v;
    return v != NULL;
}

static bool float_list(struct making *m, struct list l, struct weft_attr *to)
{
    double *v = scratch_get(&m->scratch, (size_t)(l.n + 1) * sizeof *v);
    for (Py_ssize_t i = 0; v && i < l.n; i++) {
        v[i] = PyFloat_AsDouble(PyTuple_GET_ITEM(l.items, i));
        if (PyErr_Occurred())
            return false;
    }
    to->p = v;
    return v != NULL;
}

static bool type_list(struct making *m, struct list l, struct weft_attr *to)
{
    enum weft_dtype *v = scratch_get(&m->scratch, (size_t)(l.n + 1) * sizeof *v);
    for (Py_ssize_t i = 0; v && i < l.n; i++)
        if (!(v[i] = (enum weft_dtype)dtype_number(PyTuple_GET_ITEM(l.items, i))))
            return false;
    to->p = v;
    return v != NULL;
}

static bool string_list(struct making *m, struct list l, struct weft_attr *to)
{
    const char **v = scratch_get(&m->scratch, (size_t)(l.n + 1) * sizeof *v);
    Py_ssize_t length;
    for (Py_ssize_t i = 0; v && i < l.n; i++)
        if (!bytes_from(m, PyTuple_GET_ITEM(l.items, i), &v[i], &length))
            return false;
    to->p = v;
    return v != NULL;
}

/* A NameAttrList may say what attributes of the function are: those a GraphDef alone can bring. */
static bool has_attributes(PyObject *x)
{
    PyObject *attr = PyObject_HasAttrString(x, "attr") ? PyObject_GetAttrString(x, "attr") : NULL;
    Py_ssize_t n = attr ? PyObject_Length(attr) : 0;
    Py_XDECREF(attr);
    PyErr_Clear();
    if (n > 0)
        PyErr_Format(PyExc_NotImplementedError, "A function with attributes of its own: %R", x);
    return n > 0;
}

/* A function of the graph: by its name, or something that has one and may have to be added. */
static bool function_from(struct making *m, PyObject *x, const char **name, Py_ssize_t *n)
{
    if (PyUnicode_Check(x) || PyBytes_Check(x))
        return bytes_from(m, x, name, n);
    if (PyObject_HasAttrString(x, "add_to_graph")) {
        PyObject *added = PyObject_CallMethod(x, "add_to_graph", "O", (PyObject *)m->g);
        if (!added)
            return false;
        Py_DECREF(added);
    }
    if (has_attributes(x))
        return false;
    PyObject *text = PyObject_GetAttrString(x, "name");
    bool ok = text && keep(m, text) && bytes_from(m, text, name, n);
    Py_XDECREF(text);
    return ok;
}

static bool function_list(struct making *m, struct list l, struct weft_attr *to)
{
    const char **v = scratch_get(&m->scratch, (size_t)(l.n + 1) * sizeof *v);
    Py_ssize_t length;
    for (Py_ssize_t i = 0; v && i < l.n; i++)
        if (!function_from(m, PyTuple_GET_ITEM(l.items, i), &v[i], &length))
            return false;
    to->p = v;
    return v != NULL;
}

static bool shape_list(struct making *m, struct list l, struct weft_attr *to)
{
    struct weft_shape *v = scratch_get(&m->scratch, (size_t)(l.n + 1) * sizeof *v);
    for (Py_ssize_t i = 0; v && i < l.n; i++)
        if (!shape_from(PyTuple_GET_ITEM(l.items, i), &v[i]))
            return false;
    to->p = v;
    return v != NULL;
}

static bool list_attr(struct making *m, int attr, PyObject *x, struct weft_attr *to)
{
    PyObject *items = PyUnicode_Check(x) || PyBytes_Check(x) ? NULL : PySequence_Tuple(x);
    if (!items || !keep(m, items)) {
        Py_XDECREF(items);
        return wrong_kind(m, attr, x, "list");
    }
    struct list l = { items, PyTuple_GET_SIZE(items) };
    Py_DECREF(items);                   /* `keep` has it */
    to->i = l.n;
    switch (to->kind) {
    case WEFT_ATTR_INTS: return int_list(m, l, to) || wrong_kind(m, attr, x, "list of int");
    case WEFT_ATTR_BOOLS: return bool_list(m, l, to);
    case WEFT_ATTR_FLOATS: return float_list(m, l, to) || wrong_kind(m, attr, x, "list of float");
    case WEFT_ATTR_TYPES: return type_list(m, l, to);
    case WEFT_ATTR_SHAPES: return shape_list(m, l, to);
    case WEFT_ATTR_FUNCS: return function_list(m, l, to) || wrong_kind(m, attr, x, "list of func");
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
    case WEFT_ATTR_FUNC:
        if (!function_from(m, x, &bytes, &n))
            return PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_AttributeError)
                ? false : (PyErr_Clear(), wrong_kind(m, attr, x, "func"));
        to->p = bytes;
        to->i = n;
        return true;
    case WEFT_ATTR_SHAPE: return shape_attr(m, x, to);
    case WEFT_ATTR_TENSOR: return (to->p = m->value = tensor_attr(m, x)) != NULL;
    default: return list_attr(m, attr, x, to);
    }
}

bool set_attrs(struct making *m)
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
bool set_gradient(struct making *m)
{
    PyObject *map = m->g->overrides, *name;
    const char *bytes;
    Py_ssize_t n;
    if (!map || !(name = PyDict_GetItemString(map, m->f->op)))
        return true;
    if (!keep(m, name) || !bytes_from(m, name, &bytes, &n)) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_TypeError, "A gradient's name is a string, not %R", name);
        return false;
    }
    m->out_attr[m->n_out_attr++] = weft_attr_bytes("_gradient_op_type", bytes, n);
    return true;
}

bool set_device(struct making *m, const char *name)
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
