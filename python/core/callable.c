/* callable.c - a run prepared once: Session.make_callable. */
#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <structmember.h>

struct callable {
    PyObject_HEAD
    vectorcallfunc call;
    struct session *session;            /* strong */
    struct weft_call *prepared;         /* NULL: nothing is to be run */
    PyObject *feeds, *fetches, *built;  /* tuple of Tensors; the structure; as in a request */
    int *order;
    int n_order, n_fetches;
};

PyTypeObject *callable_type;

static bool callable_feeds(struct callable *c, PyObject *const *args, struct weft_tensor **to)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(c->feeds); i++) {
        PyObject *tensor = PyTuple_GET_ITEM(c->feeds, i);
        if (is_tensor(args[i]))
            return refused(tensor, args[i]);
        if (!(to[i] = feed_tensor(tensor, args[i])))
            return false;
        if (!shape_fits(tensor_out(tensor), to[i]))
            return refused(tensor, args[i]);
    }
    return true;
}

static struct weft_status *callable_step(struct callable *c, struct weft_run_options *options,
                                         struct weft_tensor **feeds, struct weft_tensor **values)
{
    struct weft_status *st;
    bool watched = watch_interrupts(&options);
    Py_BEGIN_ALLOW_THREADS
    st = weft_call_run(c->prepared, options, feeds, values);
    Py_END_ALLOW_THREADS
    if (watched)
        unwatch_interrupts();
    return st;
}

static PyObject *callable_with(struct callable *c, PyObject *const *args,
                               struct weft_run_options *options)
{
    int n = (int)PyTuple_GET_SIZE(c->feeds), m = c->n_fetches;
    void *few[3 * FEW], **room = few;
    PyObject *result = NULL;
    if (n + 2 * m > 3 * FEW && !(room = malloc((size_t)(n + 2 * m) * sizeof *room)))
        return PyErr_NoMemory();
    struct weft_tensor **feed = (struct weft_tensor **)room, **tensor = feed + n;
    for (int i = 0; i < n; i++)
        feed[i] = NULL;
    if (callable_feeds(c, args, feed)) {
        struct weft_status *st = c->prepared ? callable_step(c, options, feed, tensor) : NULL;
        if (st)
            ended(c->session->graph, st);
        else
            result = results(&(struct filling){ .session = c->session,
                                                .order = c->order, .left = c->n_order,
                                                .built = c->built, .fed = feed,
                                                .stride = sizeof *feed },
                             tensor, (PyObject **)room + n + m, m, c->fetches);
    }
    for (int i = 0; i < n; i++)
        weft_tensor_free(feed[i]);
    if (room != few)
        free(room);
    return result;
}

static bool callable_count(const struct callable *c, Py_ssize_t n)
{
    if (n == PyTuple_GET_SIZE(c->feeds))
        return true;
    PyErr_Format(PyExc_ValueError, "The callable takes %zd values, one for each feed (%zd given)",
                 PyTuple_GET_SIZE(c->feeds), n);
    return false;
}

/* With `options` or `run_metadata` (B87): Python reads the one and fills the other. */
static PyObject *callable_optional(struct callable *c, PyObject *const *args, Py_ssize_t n,
                                   PyObject *keys)
{
    PyObject *given[] = { Py_None, Py_None }, *values = PyTuple_New(n), *result = NULL;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(keys); i++) {
        int at = run_argument(PyTuple_GET_ITEM(keys, i)) - OPTIONS;
        if (at < 0 && !PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "A callable takes its feeds by position");
        if (at >= 0)
            given[at] = args[n + i];
    }
    for (Py_ssize_t i = 0; i < n && values; i++)
        PyTuple_SET_ITEM(values, i, Py_NewRef(args[i]));
    if (values && !PyErr_Occurred())
        result = PyObject_CallFunctionObjArgs(hooks.traced_call, (PyObject *)c,
                                              (PyObject *)c->session->graph, values, given[0],
                                              given[1], NULL);
    Py_XDECREF(values);
    return result;
}

static PyObject *callable_call(PyObject *self, PyObject *const *args, size_t n, PyObject *keys)
{
    struct callable *c = (struct callable *)self;
    if (!callable_count(c, PyVectorcall_NARGS(n)))
        return NULL;
    if (keys && PyTuple_GET_SIZE(keys))
        return callable_optional(c, args, PyVectorcall_NARGS(n), keys);
    return callable_with(c, args, NULL);
}

/* run_traced(values, timeout_ms, trace) -> (result, RunMetadata's bytes) */
static PyObject *callable_run_traced(PyObject *self, PyObject *args)
{
    struct callable *c = (struct callable *)self;
    PyObject *values;
    long long timeout;
    int trace;
    if (!PyArg_ParseTuple(args, "O!Lp", &PyTuple_Type, &values, &timeout, &trace) ||
        !callable_count(c, PyTuple_GET_SIZE(values)))
        return NULL;
    struct weft_run_options *o = options_new(timeout, trace);
    return o ? options_done(o, callable_with(c, ((PyTupleObject *)values)->ob_item, o)) : NULL;
}

static int callable_traverse(PyObject *self, visitproc visit, void *arg)
{
    struct callable *c = (struct callable *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)c->session);
    Py_VISIT(c->feeds);
    Py_VISIT(c->fetches);
    Py_VISIT(c->built);
    return 0;
}

static void callable_dealloc(PyObject *self)
{
    struct callable *c = (struct callable *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_BEGIN_ALLOW_THREADS
    weft_call_free(c->prepared);
    Py_END_ALLOW_THREADS
    Py_CLEAR(c->session);
    Py_CLEAR(c->feeds);
    Py_CLEAR(c->fetches);
    Py_CLEAR(c->built);
    free(c->order);
    type->tp_free(self);
    Py_DECREF(type);
}

static struct weft_status *prepare(struct callable *c, struct request *r, const struct weft_out *f)
{
    struct weft_status *st = NULL;
    if (!r->fetches.n && !r->targets.n)
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    st = weft_call_new(c->session->s, f, r->feeds.n, r->fetches.at, r->fetches.n, r->targets.at,
                       r->targets.n, &c->prepared);
    Py_END_ALLOW_THREADS
    return st;
}

static bool callable_init(struct callable *c, struct request *r)
{
    size_t bytes = (size_t)r->order.n * sizeof *c->order;
    struct weft_out *f = outs_of(r);
    struct weft_status *st = f ? prepare(c, r, f) : NULL;
    free(f);
    c->n_fetches = r->fetches.n;
    c->n_order = r->order.n;
    c->built = Py_XNewRef(r->built);
    c->order = malloc(bytes + 1);
    if (st)
        raise_run_status(r->g, st);
    else if (!f || !c->order)
        PyErr_NoMemory();
    else
        memcpy(c->order, r->order.at, bytes);
    return !PyErr_Occurred();
}

/* _prepare(fetches, tuple of Tensors) -> Callable */
PyObject *session_prepare(PyObject *self, PyObject *args)
{
    struct session *s = (struct session *)self;
    PyObject *fetches, *feeds;
    struct request r;
    if (!PyArg_ParseTuple(args, "OO!", &fetches, &PyTuple_Type, &feeds))
        return NULL;
    if (!s->s && !is_open(s))
        return NULL;
    struct callable *c = (struct callable *)callable_type->tp_alloc(callable_type, 0);
    if (!c)
        return NULL;
    c->call = callable_call;
    c->session = (struct session *)Py_NewRef(self);
    c->feeds = Py_NewRef(feeds);
    c->fetches = Py_NewRef(fetches);
    request_init(&r, s->graph);
    if (!declare_feeds(&r, feeds) || !walk(&r, fetches) || !callable_init(c, &r))
        Py_CLEAR(c);
    request_end(&r);
    return (PyObject *)c;
}

static PyMethodDef callable_methods[] = {
    { "run_traced", callable_run_traced, METH_VARARGS,
      "(values, timeout_ms, trace) -> (result, RunMetadata's bytes)." },
    { NULL, NULL, 0, NULL }
};
static PyMemberDef callable_members[] = {
    { "__vectorcalloffset__", T_PYSSIZET, offsetof(struct callable, call), READONLY, NULL },
    { NULL, 0, 0, 0, NULL }
};
static PyType_Slot callable_slots[] = {
    { Py_tp_doc, "A run prepared once: call it with a value for each feed." },
    { Py_tp_new, not_made_by_hand },
    { Py_tp_call, PyVectorcall_Call },
    { Py_tp_traverse, callable_traverse },
    { Py_tp_dealloc, callable_dealloc },
    { Py_tp_methods, callable_methods },
    { Py_tp_members, callable_members },
    { 0, NULL }
};
PyType_Spec callable_spec = {
    "weft._core.Callable", sizeof(struct callable), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_HAVE_GC, callable_slots
};
