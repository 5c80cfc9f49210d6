/* partial.c - a run in several parts: Session.partial_run. */
#include "run.h"

#include <stdlib.h>

struct partial { PyObject_HEAD struct session *session; struct weft_partial *p; };

PyTypeObject *partial_type;

/* _partial(tuple of fetched Tensors, tuple of fed Tensors) */
PyObject *session_partial(PyObject *self, PyObject *args)
{
    struct session *s = (struct session *)self;
    PyObject *fetches, *feeds;
    struct request r;
    if (!PyArg_ParseTuple(args, "OO!", &fetches, &PyTuple_Type, &feeds) || !is_open(s))
        return NULL;
    struct partial *p = (struct partial *)partial_type->tp_alloc(partial_type, 0);
    if (!p)
        return NULL;
    p->session = (struct session *)Py_NewRef(self);
    request_init(&r, s->graph);
    struct weft_out *f = NULL;
    if (declare_feeds(&r, feeds) && (f = outs_of(&r))) {
        int n = r.feeds.n;
        r.feeds.n = 0;                  /* what is fed may be fetched as well */
        if (walk(&r, fetches)) {
            struct weft_status *st;
            Py_BEGIN_ALLOW_THREADS
            st = weft_partial_new(s->s, f, n, r.fetches.at, r.fetches.n, &p->p);
            Py_END_ALLOW_THREADS
            if (st)
                raise_run_status(s->graph, st);
        }
    }
    free(f);
    request_end(&r);
    if (PyErr_Occurred())
        Py_CLEAR(p);
    return (PyObject *)p;
}

/* run(fetches, feed_dict) */
static PyObject *partial_run(PyObject *self, PyObject *args)
{
    struct partial *p = (struct partial *)self;
    struct session *s = p->session;
    PyObject *fetches, *feeds, *result = NULL;
    struct request r;
    if (!PyArg_ParseTuple(args, "OO", &fetches, &feeds) || !is_open(s))
        return NULL;
    request_init(&r, s->graph);
    bool ok = add_feeds(&r, feeds) && walk(&r, fetches);
    struct weft_tensor **tensor = calloc((size_t)r.fetches.n + 1, sizeof *tensor);
    PyObject **value = calloc((size_t)r.fetches.n + 1, sizeof *value);
    if (ok && r.targets.n) {
        PyErr_SetString(PyExc_RuntimeError, "partial_run() requires empty target_list.");
        ok = false;
    }
    if (ok && tensor && value) {
        struct weft_status *st;
        Py_BEGIN_ALLOW_THREADS
        st = weft_partial_run(p->p, feeds_of(&r), r.feeds.n, r.fetches.at, r.fetches.n, tensor);
        Py_END_ALLOW_THREADS
        if (st)
            raise_run_status(s->graph, st);
        else
            result = results(&(struct filling){ .session = s,
                                                .order = r.order.at, .left = r.order.n,
                                                .built = r.built,
                                                .fed = r.feeds.n ? &feeds_of(&r)->value : NULL,
                                                .stride = sizeof(struct weft_feed) },
                             tensor, value, r.fetches.n, fetches);
    }
    free(tensor);
    free(value);
    request_end(&r);
    return result ? result : PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

static int partial_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)((struct partial *)self)->session);
    return 0;
}

/* A thread that closes the session may hold its lock while it waits for the interpreter's. */
static void partial_dealloc(PyObject *self)
{
    struct partial *p = (struct partial *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_BEGIN_ALLOW_THREADS
    weft_partial_free(p->p);
    Py_END_ALLOW_THREADS
    Py_CLEAR(p->session);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef partial_methods[] = {
    { "run", partial_run, METH_VARARGS, "(fetches, feed_dict): the next part." },
    { NULL, NULL, 0, NULL }
};
static PyType_Slot partial_slots[] = {
    { Py_tp_doc, "A run in several parts." },
    { Py_tp_new, not_made_by_hand },
    { Py_tp_traverse, partial_traverse },
    { Py_tp_dealloc, partial_dealloc },
    { Py_tp_methods, partial_methods },
    { 0, NULL }
};
PyType_Spec partial_spec = { "weft._core.Partial", sizeof(struct partial), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, partial_slots };
