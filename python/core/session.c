/* session.c - Session: one crossing into C for a run, and the step runs without the interpreter's
 * lock. */
#include "run.h"

#include <stdlib.h>
#include <string.h>

/* ---- opening and closing ---- */

static bool apply_options(struct weft_session_options *o, PyObject *given)
{
    const char *target = "";
    int intra = 0, inter = 0, soft = 0, pruned = 0, log = 0, isolate = 0;
    long long timeout = 0;
    static char *names[] = { "target", "intra", "inter", "soft", "pruned", "log", "isolate",
                             "timeout", NULL };
    PyObject *none = PyTuple_New(0);
    bool ok = none && PyArg_ParseTupleAndKeywords(none, given, "|siippppL", names, &target, &intra,
                                                  &inter, &soft, &pruned, &log, &isolate,
                                                  &timeout);
    Py_XDECREF(none);
    if (!ok)
        return false;
    weft_session_options_threads(o, intra, inter);
    weft_session_options_soft_placement(o, soft);
    weft_session_options_place_pruned(o, pruned);
    weft_session_options_log_placement(o, log);
    weft_session_options_isolate(o, isolate);
    weft_session_options_timeout(o, timeout);
    return weft_session_options_target(o, target) || PyErr_NoMemory();
}

/* _open(graph, {option: value}) */
static PyObject *session_open(PyObject *self, PyObject *args)
{
    struct session *s = (struct session *)self;
    PyObject *graph, *options;
    if (!PyArg_ParseTuple(args, "O!O!", graph_type, &graph, &PyDict_Type, &options))
        return NULL;
    if (s->s) {
        PyErr_SetString(PyExc_RuntimeError, "The session is open already");
        return NULL;
    }
    struct weft_session_options *o = weft_session_options_new();
    if (!o)
        return PyErr_NoMemory();
    struct weft_status *st = NULL;
    struct weft_session *opened = NULL;
    bool ok = apply_options(o, options);
    if (ok) {
        Py_BEGIN_ALLOW_THREADS          /* another session's end may hold the lock of the list */
        st = weft_session_new(((struct graph *)graph)->g, o, &opened);
        Py_END_ALLOW_THREADS
    }
    weft_session_options_free(o);
    if (st)
        return raise_run_status((struct graph *)graph, st);
    if (!ok)
        return NULL;
    s->s = opened;
    s->graph = (struct graph *)Py_NewRef(graph);
    Py_RETURN_NONE;
}

static int session_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((struct session *)self)->graph);
    return 0;
}

/* Its steps may need the interpreter's lock to end. */
static void free_unlocked(struct weft_session *s)
{
    Py_BEGIN_ALLOW_THREADS
    weft_session_free(s);
    Py_END_ALLOW_THREADS
}

static void session_dealloc(PyObject *self)
{
    struct session *s = (struct session *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    free_unlocked(s->s);
    Py_CLEAR(s->graph);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *session_close(PyObject *self, PyObject *none)
{
    struct session *s = (struct session *)self;
    (void)none;
    s->closed = 1;
    Py_BEGIN_ALLOW_THREADS
    if (s->s)
        weft_session_close(s->s);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

bool is_open(struct session *s)
{
    if (s->s && !s->closed && weft_graph_version(s->graph->g))
        return true;
    PyErr_SetString(PyExc_RuntimeError, !s->s || s->closed
                    ? "Attempted to use a closed Session."
                    : "The Session graph is empty.  Add operations to the graph before calling "
                      "run().");
    return false;
}

/* ---- a step ---- */

static struct weft_status *step(struct session *s, struct request *r,
                                struct weft_run_options *options, struct weft_tensor **values)
{
    struct weft_status *st;
    bool watched = watch_interrupts(&options);
    Py_BEGIN_ALLOW_THREADS
    st = weft_session_run(s->s, options, feeds_of(r), r->feeds.n, r->fetches.at, r->fetches.n,
                          r->targets.at, r->targets.n, values);
    Py_END_ALLOW_THREADS
    if (watched)
        unwatch_interrupts();
    return st;
}

static PyObject *run_request(struct session *s, struct request *r,
                             struct weft_run_options *options, PyObject *fetches)
{
    struct weft_tensor *few_tensors[FEW], **tensor = few_tensors;
    PyObject *few_values[FEW], **value = few_values, *result = NULL;
    struct weft_status *st = NULL;
    int n = r->fetches.n;
    if (n > FEW) {
        tensor = malloc((size_t)n * sizeof *tensor);
        value = malloc((size_t)n * sizeof *value);
    }
    if (!tensor || !value)
        PyErr_NoMemory();
    else if (n || r->targets.n)
        st = step(s, r, options, tensor);
    if (st)
        ended(s->graph, st);
    else if (!PyErr_Occurred())
        result = results(&(struct filling){ .session = s,
                                            .order = r->order.at, .left = r->order.n,
                                            .built = r->built,
                                            .fed = r->feeds.n ? &feeds_of(r)->value : NULL,
                                            .stride = sizeof(struct weft_feed) },
                         tensor, value, n, fetches);
    if (n > FEW) {
        free(tensor);
        free(value);
    }
    return result;
}

static PyObject *run(struct session *s, PyObject *fetches, PyObject *feeds,
                     struct weft_run_options *options)
{
    struct request r;
    if (!is_open(s))
        return NULL;
    request_init(&r, s->graph);
    PyObject *result = add_feeds(&r, feeds) && walk(&r, fetches)
                           ? run_request(s, &r, options, fetches) : NULL;
    request_end(&r);
    return result;
}

int run_argument(PyObject *keyword)
{
    static const char *const names[] = { "fetches", "feed_dict", "options", "run_metadata" };
    for (int i = 0; i < RUN_ARGUMENTS; i++)
        if (PyUnicode_CompareWithASCIIString(keyword, names[i]) == 0)
            return i;
    PyErr_Format(PyExc_TypeError, "run() got an unexpected keyword argument '%U'", keyword);
    return -1;
}

static PyObject *session_run(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *keys)
{
    PyObject *given[RUN_ARGUMENTS] = { NULL, Py_None, Py_None, Py_None };
    if (n > RUN_ARGUMENTS) {
        PyErr_Format(PyExc_TypeError, "run() takes at most 4 arguments (%zd given)", n);
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++)
        given[i] = args[i];
    for (Py_ssize_t i = 0; keys && i < PyTuple_GET_SIZE(keys); i++) {
        int at = run_argument(PyTuple_GET_ITEM(keys, i));
        if (at >= 0 && at < n)
            PyErr_Format(PyExc_TypeError, "run() got multiple values for argument '%U'",
                         PyTuple_GET_ITEM(keys, i));
        if (PyErr_Occurred())
            return NULL;
        given[at] = args[n + i];
    }
    if (!given[FETCHES]) {
        PyErr_SetString(PyExc_TypeError, "run() missing 1 required argument: 'fetches'");
        return NULL;
    }
    if (given[OPTIONS] == Py_None && given[METADATA] == Py_None)
        return run((struct session *)self, given[FETCHES], given[FEEDS], NULL);
    return PyObject_CallMethod(self, "_run_with", "OOOO", given[FETCHES], given[FEEDS],
                               given[OPTIONS], given[METADATA]);
}

/* _run_traced(fetches, feeds, timeout_ms, trace) -> (result, RunMetadata's bytes) */
static PyObject *session_run_traced(PyObject *self, PyObject *args)
{
    PyObject *fetches, *feeds;
    long long timeout;
    int trace;
    if (!PyArg_ParseTuple(args, "OOLp", &fetches, &feeds, &timeout, &trace))
        return NULL;
    struct weft_run_options *o = options_new(timeout, trace);
    return o ? options_done(o, run((struct session *)self, fetches, feeds, o)) : NULL;
}

/* ---- the type ---- */

static PyObject *session_graph(PyObject *self, void *unused)
{
    struct session *s = (struct session *)self;
    (void)unused;
    return Py_NewRef(s->graph ? (PyObject *)s->graph : Py_None);
}

static PyObject *session_closed(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(((struct session *)self)->closed);
}

static PyMethodDef session_methods[] = {
    { "_open", session_open, METH_VARARGS, "(graph, {option: value})" },
    { "_close", session_close, METH_NOARGS, "Ends its steps and gives back what it owns." },
    { "run", (PyCFunction)(void (*)(void))session_run, METH_FASTCALL | METH_KEYWORDS,
      "run(fetches, feed_dict=None, options=None, run_metadata=None)\n--\n\n"
      "Run what the fetches need, once, and return their values in the structure given.\n\n"
      "Leaves are Tensors (an array, a NumPy scalar for rank 0, bytes for a string), Operations\n"
      "(None), variables, or names of those. `feed_dict` maps Tensors to values that replace\n"
      "theirs for this run. Raises what the step failed with, a subclass of tf.errors.OpError." },
    { "_run_traced", session_run_traced, METH_VARARGS,
      "(fetches, feeds, timeout_ms, trace) -> (result, RunMetadata's bytes)" },
    { "_prepare", session_prepare, METH_VARARGS, "(fetches, feeds) -> Callable" },
    { "_partial", session_partial, METH_VARARGS, "(fetches, feeds) -> Partial" },
    { NULL, NULL, 0, NULL }
};

static PyGetSetDef session_getset[] = {
    { "graph", session_graph, NULL, "The Graph it runs, the same all its life.", NULL },
    { "_closed", session_closed, NULL, "Has it been closed?", NULL },
    { NULL, NULL, NULL, NULL, NULL }
};

static PyType_Slot session_slots[] = {
    { Py_tp_doc, "What a Session is in C." },
    { Py_tp_new, PyType_GenericNew },
    { Py_tp_traverse, session_traverse },
    { Py_tp_dealloc, session_dealloc },
    { Py_tp_methods, session_methods },
    { Py_tp_getset, session_getset },
    { 0, NULL }
};
PyType_Spec session_spec = {
    "weft._core.Session", sizeof(struct session), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, session_slots
};
