/* node.c - attributes, dtypes and shapes, as Python has them. */
#include "core.h"

enum { REF = 100 };                     /* TensorFlow's number of a reference type: 100 + its own */

PyObject *dtype_object(enum weft_dtype t, bool ref)
{
    Py_ssize_t i = (Py_ssize_t)t + (ref ? REF : 0);
    if (hooks.dtypes && i < PyList_GET_SIZE(hooks.dtypes))
        return PyList_GET_ITEM(hooks.dtypes, i);
    PyErr_Format(PyExc_TypeError, "No DType has number %zd", i);
    return NULL;
}

static int number_of(PyObject *dtype)
{
    PyObject *number = PyObject_GetAttrString(dtype, "_enum");
    long n = number ? PyLong_AsLong(number) : 0;
    Py_XDECREF(number);
    return PyErr_Occurred() ? 0 : (int)(n % REF);
}

int dtype_number(PyObject *x)
{
    static PyTypeObject *dtype_class;
    if (!dtype_class && hooks.dtypes)
        dtype_class = Py_TYPE(PyList_GET_ITEM(hooks.dtypes, WEFT_FLOAT));
    if (Py_TYPE(x) == dtype_class)
        return number_of(x);
    PyObject *dtype = PyObject_CallOneArg(hooks.as_dtype, x);
    int n = dtype ? number_of(dtype) : 0;
    Py_XDECREF(dtype);
    return n;
}

PyObject *shape_tuple(int rank, const int64_t *dims)
{
    if (rank < 0)
        Py_RETURN_NONE;
    PyObject *tuple = PyTuple_New(rank);
    for (int i = 0; i < rank && tuple; i++) {
        PyObject *dim = dims[i] < 0 ? Py_NewRef(Py_None) : PyLong_FromLongLong(dims[i]);
        if (dim)
            PyTuple_SET_ITEM(tuple, i, dim);
        else
            Py_CLEAR(tuple);
    }
    return tuple;
}

/* Plain sequences of ints and None here; whatever else says a shape is Python's to read. */
static int plain_shape(PyObject *x, struct weft_shape *s)
{
    if (x == Py_None) {
        s->rank = -1;
        return 1;
    }
    if (!PyTuple_CheckExact(x) && !PyList_CheckExact(x))
        return 0;
    Py_ssize_t n = PySequence_Fast_GET_SIZE(x);
    if (n > WEFT_MAX_RANK) {
        PyErr_Format(PyExc_ValueError, "Expected at most %d dimensions, got %zd", WEFT_MAX_RANK, n);
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *dim = PySequence_Fast_GET_ITEM(x, i);
        if (dim != Py_None && !PyLong_CheckExact(dim))
            return 0;
        s->dims[i] = dim == Py_None ? -1 : PyLong_AsLongLong(dim);
        if (PyErr_Occurred())
            return -1;
    }
    s->rank = (int)n;
    return 1;
}

bool shape_from(PyObject *x, struct weft_shape *s)
{
    int plain = plain_shape(x, s);
    if (plain)
        return plain > 0;
    PyObject *tuple = PyObject_CallOneArg(hooks.shape_of, x);
    plain = tuple ? plain_shape(tuple, s) : -1;
    if (tuple && !plain)
        PyErr_SetString(PyExc_TypeError, "A shape's dimensions are ints or None");
    Py_XDECREF(tuple);
    return plain > 0;
}

/* ---- attributes ---- */

static PyObject *shape_object(int rank, const int64_t *dims)
{
    PyObject *tuple = shape_tuple(rank, dims);
    PyObject *shape = tuple ? PyObject_CallOneArg(hooks.TensorShape, tuple) : NULL;
    Py_XDECREF(tuple);
    return shape;
}

static PyObject *refuse(struct weft_status *st)
{
    PyErr_SetString(PyExc_ValueError, weft_status_message(st));
    weft_status_free(st);
    return NULL;
}

static PyObject *one_string(struct weft_node *n, const char *name, int i)
{
    const char *bytes;
    size_t length;
    struct weft_status *st = weft_node_attr_string(n, name, i, &bytes, &length);
    return st ? refuse(st) : PyBytes_FromStringAndSize(bytes, (Py_ssize_t)length);
}

static PyObject *one_shape(struct weft_node *n, const char *name, int i)
{
    int rank;
    int64_t dims[WEFT_MAX_RANK];
    struct weft_status *st = weft_node_attr_shape(n, name, i, &rank, dims);
    return st ? refuse(st) : shape_object(rank, dims);
}

static PyObject *one_tensor(struct weft_node *n, const char *name, int i)
{
    struct weft_tensor *t;
    struct weft_status *st = weft_node_attr_tensor(n, name, i, &t);
    return st ? refuse(st) : array_from(t);
}

static PyObject *one_dtype(int64_t t)
{
    PyObject *dtype = dtype_object((enum weft_dtype)t, false);
    return dtype ? Py_NewRef(dtype) : NULL;
}

static PyObject *element(struct weft_node *n, const char *name, const struct weft_attr *a, int i)
{
    switch (a->kind) {
    case WEFT_ATTR_INTS: return PyLong_FromLongLong(((const int64_t *)a->p)[i]);
    case WEFT_ATTR_BOOLS: return PyBool_FromLong(((const int64_t *)a->p)[i] != 0);
    case WEFT_ATTR_TYPES: return one_dtype(((const enum weft_dtype *)a->p)[i]);
    case WEFT_ATTR_FLOATS: return PyFloat_FromDouble(((const double *)a->p)[i]);
    case WEFT_ATTR_STRINGS: return one_string(n, name, i);
    case WEFT_ATTR_SHAPES: return one_shape(n, name, i);
    default: return one_tensor(n, name, i);
    }
}

static PyObject *list_value(struct weft_node *n, const char *name, const struct weft_attr *a)
{
    PyObject *list = PyList_New((Py_ssize_t)a->i);
    for (int i = 0; i < a->i && list; i++) {
        PyObject *x = element(n, name, a, i);
        if (x)
            PyList_SET_ITEM(list, i, x);
        else
            Py_CLEAR(list);
    }
    return list;
}

PyObject *attr_value(struct graph *g, struct weft_node *n, const char *name)
{
    struct weft_attr a;
    struct weft_status *st = weft_node_attr(n, name, &a);
    (void)g;
    if (st)
        return refuse(st);
    switch (a.kind) {
    case WEFT_ATTR_BOOL: return PyBool_FromLong(a.i != 0);
    case WEFT_ATTR_INT: return PyLong_FromLongLong(a.i);
    case WEFT_ATTR_FLOAT: return PyFloat_FromDouble(a.f);
    case WEFT_ATTR_TYPE: return one_dtype(a.i);
    case WEFT_ATTR_FUNC:
    case WEFT_ATTR_FUNCS: Py_RETURN_NOTIMPLEMENTED;     /* a message: Operation.get_attr() */
    case WEFT_ATTR_STRING: return PyBytes_FromStringAndSize(a.p, (Py_ssize_t)a.i);
    case WEFT_ATTR_SHAPE: return shape_object((int)a.i, a.p);
    case WEFT_ATTR_TENSOR: return one_tensor(n, name, 0);
    default: return list_value(n, name, &a);
    }
}
