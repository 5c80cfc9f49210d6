/* server.c - targets of this process whose sessions share variables: tf.train.Server. */
#include "core.h"

struct server { PyObject_HEAD struct weft_server *s; };

static PyObject *server_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    struct server *s = (struct server *)type->tp_alloc(type, 0);
    (void)args, (void)keywords;
    struct weft_status *st = NULL;
    Py_BEGIN_ALLOW_THREADS
    if (s)
        st = weft_server_new(&s->s);
    Py_END_ALLOW_THREADS
    if (!st)
        return (PyObject *)s;
    PyErr_SetString(PyExc_RuntimeError, weft_status_message(st));
    weft_status_free(st);
    Py_DECREF((PyObject *)s);
    return NULL;
}

static void server_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_BEGIN_ALLOW_THREADS
    weft_server_free(((struct server *)self)->s);
    Py_END_ALLOW_THREADS
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *server_target(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(weft_server_target(((struct server *)self)->s));
}

static PyGetSetDef server_getset[] = {
    { "target", server_target, NULL, "What a Session on it is given as its target.", NULL },
    { NULL, NULL, NULL, NULL, NULL }
};
static PyType_Slot server_slots[] = {
    { Py_tp_doc, "Variables that sessions of this process share and that outlive them." },
    { Py_tp_new, server_new },
    { Py_tp_dealloc, server_dealloc },
    { Py_tp_getset, server_getset },
    { 0, NULL }
};
PyType_Spec server_spec = { "weft._core.Server", sizeof(struct server), 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, server_slots };
