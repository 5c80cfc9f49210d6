/* checkpoint.c - CheckpointReader: what is in a checkpoint, without a graph (G15). */
#include "core.h"

struct reader { PyObject_HEAD struct weft_checkpoint *c; };

static struct weft_checkpoint *checkpoint(PyObject *self) { return ((struct reader *)self)->c; }

static PyObject *reader_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = { "filename", NULL };
    PyObject *path = NULL;
    struct weft_checkpoint *c = NULL;
    struct weft_status *st;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O&", names, PyUnicode_FSConverter, &path))
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    st = weft_checkpoint_open(PyBytes_AS_STRING(path), &c);
    Py_END_ALLOW_THREADS
    Py_DECREF(path);
    if (st)
        return raise_run_status(NULL, st);
    struct reader *r = (struct reader *)type->tp_alloc(type, 0);
    if (r)
        r->c = c;
    else
        weft_checkpoint_free(c);
    return (PyObject *)r;
}

static void reader_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    weft_checkpoint_free(checkpoint(self));
    type->tp_free(self);
    Py_DECREF(type);
}

/* ---- what there is ---- */

static PyObject *shape_list(const struct weft_checkpoint *c, int i)
{
    int64_t dims[WEFT_MAX_RANK];
    int rank = weft_checkpoint_shape(c, i, dims);
    PyObject *list = PyList_New(rank < 0 ? 0 : rank);
    for (int d = 0; list && d < rank; d++) {
        PyObject *n = PyLong_FromLongLong(dims[d]);
        if (n)
            PyList_SET_ITEM(list, d, n);
        else
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *dtype_at(const struct weft_checkpoint *c, int i)
{
    return Py_XNewRef(dtype_object(weft_checkpoint_dtype(c, i), false));
}

/* {name: of(c, i)} */
static PyObject *map_of(PyObject *self, PyObject *(*of)(const struct weft_checkpoint *, int))
{
    struct weft_checkpoint *c = checkpoint(self);
    PyObject *dict = PyDict_New();
    for (int i = 0; dict && i < weft_checkpoint_count(c); i++) {
        PyObject *value = of(c, i);
        if (!value || PyDict_SetItemString(dict, weft_checkpoint_name(c, i), value) < 0)
            Py_CLEAR(dict);
        Py_XDECREF(value);
    }
    return dict;
}

static PyObject *shape_map(PyObject *self, PyObject *none)
{
    (void)none;
    return map_of(self, shape_list);
}

static PyObject *dtype_map(PyObject *self, PyObject *none)
{
    (void)none;
    return map_of(self, dtype_at);
}

static PyObject *has_tensor(PyObject *self, PyObject *name)
{
    const char *text = name_text(name);
    return text ? PyBool_FromLong(weft_checkpoint_find(checkpoint(self), text) >= 0) : NULL;
}

/* TF: the same text as of a restore that misses a key (G9). */
static struct weft_status *not_found(const char *name)
{
    PyObject *text = PyUnicode_FromFormat("Key %s not found in checkpoint", name);
    struct weft_status *st = weft_status_new(WEFT_NOT_FOUND, text ? PyUnicode_AsUTF8(text) : name);
    Py_XDECREF(text);
    return st;
}

static PyObject *get_tensor(PyObject *self, PyObject *name)
{
    const char *text = name_text(name);
    struct weft_tensor *t = NULL;
    struct weft_status *st;
    if (!text)
        return NULL;
    int i = weft_checkpoint_find(checkpoint(self), text);
    if (i < 0)
        return raise_run_status(NULL, not_found(text));
    Py_BEGIN_ALLOW_THREADS
    st = weft_checkpoint_read(checkpoint(self), i, &t);
    Py_END_ALLOW_THREADS
    return st ? raise_run_status(NULL, st) : array_from(t);
}

static PyMethodDef reader_methods[] = {
    { "get_variable_to_shape_map", shape_map, METH_NOARGS, "{name: list of dimensions}" },
    { "get_variable_to_dtype_map", dtype_map, METH_NOARGS, "{name: DType}" },
    { "has_tensor", has_tensor, METH_O, "Is there a tensor of this name?" },
    { "get_tensor", get_tensor, METH_O, "Its value; NotFoundError if there is none." },
    { NULL, NULL, 0, NULL }
};
static PyType_Slot reader_slots[] = {
    { Py_tp_doc, "The tensors of a checkpoint, by name." },
    { Py_tp_new, reader_new },
    { Py_tp_dealloc, reader_dealloc },
    { Py_tp_methods, reader_methods },
    { 0, NULL }
};
PyType_Spec checkpoint_spec = { "weft._core.CheckpointReader", sizeof(struct reader), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, reader_slots };
