/* session.c - Session.run and what is prepared from it. One crossing into C for a run: feeds are
 * made tensors, fetches of any structure are walked, the step runs without the interpreter's lock,
 * and the structure is walked again to be filled. */
#include "core.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <structmember.h>

unsigned long main_thread;

struct session {
    PyObject_HEAD
    struct graph *graph;                /* strong */
    struct weft_session *s;
    int closed;
};

/* ---- Ctrl-C: a step of the main thread is cancelled, then Python has its say ---- */

static volatile int interrupted;
static struct sigaction python_action;  /* what was there before, and is again afterwards */
static bool watching;                   /* the main thread's */

static void on_interrupt(int number)
{
    interrupted = 1;
    if (python_action.sa_handler != SIG_DFL && python_action.sa_handler != SIG_IGN)
        python_action.sa_handler(number);
}

static bool watch_interrupts(void)
{
    static const struct sigaction ours = { .sa_handler = on_interrupt };
    if (watching || PyThread_get_thread_ident() != main_thread)
        return false;                   /* it may be a run inside a run, by way of tf.py_func */
    interrupted = 0;
    if (sigaction(SIGINT, &ours, &python_action))
        return false;
    watching = !(python_action.sa_flags & SA_SIGINFO) && python_action.sa_handler != SIG_DFL &&
               python_action.sa_handler != SIG_IGN;
    if (!watching)
        sigaction(SIGINT, &python_action, NULL);
    return watching;
}

static void unwatch_interrupts(void)
{
    sigaction(SIGINT, &python_action, NULL);
    watching = false;
}

/* The options of a run that Ctrl-C may end: its own, or one for all that have none. */
static struct weft_run_options *watched_options(struct weft_run_options *own)
{
    static struct weft_run_options *plain;
    if (!own && !plain)
        plain = weft_run_options_new();
    struct weft_run_options *options = own ? own : plain;
    if (options)
        weft_run_options_cancel(options, &interrupted);
    return options;
}

/* ---- what a run is about ---- */

enum { FEW = 16 };

struct list { void *at, *few; int n, cap; size_t size; };

static bool list_grow(struct list *l)
{
    int cap = 4 * l->cap;
    void *at = l->at == l->few ? malloc((size_t)cap * l->size)
                               : realloc(l->at, (size_t)cap * l->size);
    if (!at) {
        PyErr_NoMemory();
        return false;
    }
    if (l->at == l->few)
        memcpy(at, l->few, (size_t)l->n * l->size);
    l->at = at;
    l->cap = cap;
    return true;
}

static bool list_add(struct list *l, const void *x)
{
    if (l->n == l->cap && !list_grow(l))
        return false;
    memcpy((char *)l->at + (size_t)l->n++ * l->size, x, l->size);
    return true;
}

static void list_end(struct list *l)
{
    if (l->at != l->few)
        free(l->at);
}

struct request {
    struct graph *g;
    struct weft_feed few_feeds[FEW];
    struct weft_out few_fetches[FEW];
    struct weft_node *few_targets[FEW];
    int few_order[FEW];
    struct list feeds, fetches, targets;
    struct list order;                  /* of the leaves: a fetch, FED - a feed, or NOTHING */
    PyObject *built;                    /* list: how leaves of other kinds are put together */
};

enum { NOTHING = -1, FED = -2 };

static void request_init(struct request *r, struct graph *g)
{
    r->g = g;
    r->feeds = (struct list){ r->few_feeds, r->few_feeds, 0, FEW, sizeof *r->few_feeds };
    r->fetches = (struct list){ r->few_fetches, r->few_fetches, 0, FEW, sizeof *r->few_fetches };
    r->targets = (struct list){ r->few_targets, r->few_targets, 0, FEW, sizeof *r->few_targets };
    r->order = (struct list){ r->few_order, r->few_order, 0, FEW, sizeof *r->few_order };
    r->built = NULL;
}

static struct weft_feed *feeds_of(struct request *r) { return r->feeds.at; }

static void request_end(struct request *r)
{
    for (int i = 0; i < r->feeds.n; i++)
        weft_tensor_free(feeds_of(r)[i].value);
    list_end(&r->feeds);
    list_end(&r->fetches);
    list_end(&r->targets);
    list_end(&r->order);
    Py_XDECREF(r->built);
}

/* ---- feeds ---- */

static bool refused(PyObject *tensor, PyObject *value)
{
    PyObject *none = PyObject_CallFunctionObjArgs(hooks.feed_refused, tensor, value, NULL);
    if (none && !PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, "A feed was refused");
    Py_XDECREF(none);
    return false;
}

static bool shape_fits(struct weft_out o, const struct weft_tensor *t)
{
    int64_t dims[WEFT_MAX_RANK];
    int rank = weft_out_shape(o, dims);
    if (rank >= 0 && rank != weft_tensor_rank(t))
        return false;
    for (int i = 0; i < rank; i++)
        if (dims[i] >= 0 && dims[i] != weft_tensor_dim(t, i))
            return false;
    return true;
}

/* As np.asarray(value, dtype) makes it; NULL with an exception set. */
static struct weft_tensor *feed_tensor(PyObject *tensor, PyObject *value)
{
    bool unfit;
    int dtype = (int)weft_out_dtype(tensor_out(tensor));
    struct weft_tensor *t = tensor_from(value, dtype, &unfit);
    if (t || !unfit)
        return t;
    PyObject *array = PyObject_CallFunctionObjArgs(hooks.feed_value, tensor, value, NULL);
    if (array) {
        t = tensor_from_array(array, dtype);
        Py_DECREF(array);
    }
    return t;
}

static bool add_feed(struct request *r, PyObject *tensor, PyObject *value)
{
    struct weft_feed f = { tensor_out(tensor), NULL };
    if (tensor_graph(tensor) != r->g || !graph_may_feed(r->g, f.to))
        return refused(tensor, value);
    if (!(f.value = feed_tensor(tensor, value)))
        return false;
    if (!shape_fits(f.to, f.value) || !list_add(&r->feeds, &f)) {
        weft_tensor_free(f.value);
        return PyErr_Occurred() ? false : refused(tensor, value);
    }
    return true;
}

static bool add_feed_items(struct request *r, PyObject *key, PyObject *value)
{
    PyObject *items = PyObject_CallFunctionObjArgs(hooks.feed_items, (PyObject *)r->g, key, value,
                                                   NULL);
    bool ok = items != NULL;
    for (Py_ssize_t i = 0; ok && i < PyList_GET_SIZE(items); i++) {
        PyObject *pair = PyList_GET_ITEM(items, i);
        ok = add_feed(r, PyTuple_GET_ITEM(pair, 0), PyTuple_GET_ITEM(pair, 1));
    }
    Py_XDECREF(items);
    return ok;
}

static bool add_feeds(struct request *r, PyObject *feeds)
{
    Py_ssize_t at = 0;
    PyObject *key, *value;
    if (!feeds || feeds == Py_None)
        return true;
    if (!PyDict_Check(feeds)) {
        PyErr_SetString(PyExc_TypeError, "feed_dict: input must be a dictionary");
        return false;
    }
    while (PyDict_Next(feeds, &at, &key, &value)) {
        bool plain = is_tensor(key) && !is_tensor(value);
        Py_INCREF(key);                 /* converting a value may change the dictionary */
        Py_INCREF(value);
        bool ok = plain ? add_feed(r, key, value) : add_feed_items(r, key, value);
        Py_DECREF(key);
        Py_DECREF(value);
        if (!ok)
            return false;
    }
    return true;
}

/* ---- fetches: the structure is walked once to find what to run ---- */

static int find_feed(struct request *r, struct weft_out o)
{
    for (int i = 0; i < r->feeds.n; i++)
        if (feeds_of(r)[i].to.node == o.node && feeds_of(r)[i].to.index == o.index)
            return i;
    return -1;
}

static int find_fetch(struct request *r, struct weft_out o)
{
    const struct weft_out *known = r->fetches.at;
    for (int i = r->fetches.n; i-- > 0;)
        if (known[i].node == o.node && known[i].index == o.index)
            return i;
    return -1;
}

static bool add_order(struct request *r, int x) { return list_add(&r->order, &x); }

static bool add_tensor(struct request *r, PyObject *tensor)
{
    struct weft_out o = tensor_out(tensor);
    int fed = r->feeds.n ? find_feed(r, o) : -1;
    if (fed >= 0)
        return add_order(r, FED - fed);
    int known = find_fetch(r, o);
    if (known < 0) {
        known = r->fetches.n;
        if (!list_add(&r->fetches, &o))
            return false;
    }
    return add_order(r, known);
}

static bool add_operation(struct request *r, PyObject *op)
{
    struct weft_node *n = ((struct operation *)op)->node;
    return list_add(&r->targets, &n) && add_order(r, NOTHING);
}

static bool walk(struct request *r, PyObject *fetch);

static bool walk_sequence(struct request *r, PyObject *fetch)
{
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fetch); i++)
        if (!walk(r, PySequence_Fast_GET_ITEM(fetch, i)))
            return false;
    return true;
}

static bool walk_dict(struct request *r, PyObject *fetch)
{
    Py_ssize_t at = 0;
    PyObject *key, *value;
    while (PyDict_Next(fetch, &at, &key, &value))
        if (!walk(r, value))
            return false;
    return true;
}

/* Names, variables, sparse tensors, named tuples, ...: Python says what elements they have, and how
 * the result is put together from their values. */
static bool walk_other(struct request *r, PyObject *fetch)
{
    PyObject *items = PyObject_CallFunctionObjArgs(hooks.fetch_items, (PyObject *)r->g, fetch,
                                                   NULL);
    bool ok = items && (r->built || (r->built = PyList_New(0))) &&
              PyList_Append(r->built, items) == 0 && walk_sequence(r, PyTuple_GET_ITEM(items, 0));
    Py_XDECREF(items);
    return ok;
}

static bool may_fetch(struct graph *g, PyObject *x)
{
    struct graph *own = is_tensor(x) ? tensor_graph(x) : ((struct operation *)x)->graph;
    return own == g && graph_may_fetch(g, x);
}

static bool is_leaf(PyObject *x) { return is_tensor(x) || is_operation(x); }

static bool walk_inside(struct request *r, PyObject *fetch)
{
    if (PyList_CheckExact(fetch) || PyTuple_CheckExact(fetch))
        return walk_sequence(r, fetch);
    return PyDict_CheckExact(fetch) ? walk_dict(r, fetch) : walk_other(r, fetch);
}

static bool walk(struct request *r, PyObject *fetch)
{
    if (is_leaf(fetch) && may_fetch(r->g, fetch))
        return is_tensor(fetch) ? add_tensor(r, fetch) : add_operation(r, fetch);
    if (Py_EnterRecursiveCall(" in fetches"))
        return false;
    bool ok = walk_inside(r, fetch);
    Py_LeaveRecursiveCall();
    return ok;
}

/* ---- and once more to be filled ---- */

struct filling {
    const int *order;                   /* what the next leaf is */
    PyObject *const *value;             /* of the fetches */
    const void *fed;                    /* the fed tensors: a pointer every `stride` bytes */
    size_t stride;
    PyObject *built;
    int next_built;
};

static PyObject *fill(struct filling *f, PyObject *fetch);

static PyObject *fill_leaf(struct filling *f)
{
    int i = *f->order++;
    if (i == NOTHING)
        return Py_NewRef(Py_None);
    if (i >= 0)
        return Py_NewRef(f->value[i]);
    const char *at = (const char *)f->fed + (size_t)(FED - i) * f->stride;
    return array_from(weft_tensor_ref(*(struct weft_tensor *const *)at));
}

static PyObject *fill_sequence(struct filling *f, PyObject *fetch, bool tuple)
{
    Py_ssize_t n = PySequence_Fast_GET_SIZE(fetch);
    PyObject *to = tuple ? PyTuple_New(n) : PyList_New(n);
    for (Py_ssize_t i = 0; i < n && to; i++) {
        PyObject *x = fill(f, PySequence_Fast_GET_ITEM(fetch, i));
        if (!x)
            Py_CLEAR(to);
        else if (tuple)
            PyTuple_SET_ITEM(to, i, x);
        else
            PyList_SET_ITEM(to, i, x);
    }
    return to;
}

static PyObject *fill_dict(struct filling *f, PyObject *fetch)
{
    Py_ssize_t at = 0;
    PyObject *key, *value, *to = PyDict_New();
    while (to && PyDict_Next(fetch, &at, &key, &value)) {
        PyObject *x = fill(f, value);
        if (!x || PyDict_SetItem(to, key, x) < 0)
            Py_CLEAR(to);
        Py_XDECREF(x);
    }
    return to;
}

static PyObject *fill_other(struct filling *f)
{
    PyObject *items = PyList_GET_ITEM(f->built, f->next_built++);
    PyObject *values = fill_sequence(f, PyTuple_GET_ITEM(items, 0), false);
    PyObject *x = values ? PyObject_CallOneArg(PyTuple_GET_ITEM(items, 1), values) : NULL;
    Py_XDECREF(values);
    return x;
}

static PyObject *fill(struct filling *f, PyObject *fetch)
{
    if (is_leaf(fetch))
        return fill_leaf(f);
    if (PyList_CheckExact(fetch))
        return fill_sequence(f, fetch, false);
    if (PyTuple_CheckExact(fetch))
        return fill_sequence(f, fetch, true);
    return PyDict_CheckExact(fetch) ? fill_dict(f, fetch) : fill_other(f);
}

/* The fetched tensors become values; the structure is filled with them. */
static PyObject *results(struct filling *f, struct weft_tensor **tensor, PyObject **value, int n,
                         PyObject *fetches)
{
    bool ok = true;
    for (int i = 0; i < n; i++) {
        value[i] = ok ? array_from(tensor[i]) : NULL;
        if (!ok)
            weft_tensor_free(tensor[i]);
        ok = ok && value[i];
    }
    f->value = value;
    PyObject *result = ok ? fill(f, fetches) : NULL;
    for (int i = 0; i < n; i++)
        Py_XDECREF(value[i]);
    return result;
}

/* ---- Session ---- */

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
    struct weft_session_options *o = weft_session_options_new();
    if (!o)
        return PyErr_NoMemory();
    struct weft_status *st = NULL;
    if (apply_options(o, options))
        st = weft_session_new(((struct graph *)graph)->g, o, &s->s);
    weft_session_options_free(o);
    if (PyErr_Occurred())
        return NULL;
    if (st)
        return raise_run_status((struct graph *)graph, st);
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

static bool is_open(struct session *s)
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

static PyObject *ended(struct graph *g, struct weft_status *st)
{
    if (weft_status_code(st) == WEFT_CANCELLED && PyErr_CheckSignals() < 0) {
        weft_status_free(st);
        return NULL;
    }
    return raise_run_status(g, st);
}

static struct weft_status *step(struct session *s, struct request *r,
                                struct weft_run_options *options, struct weft_tensor **values)
{
    struct weft_status *st;
    bool watched = watch_interrupts();
    if (watched)
        options = watched_options(options);
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
        result = results(&(struct filling){ .order = r->order.at, .built = r->built,
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

enum { FETCHES, FEEDS, OPTIONS, METADATA, RUN_ARGUMENTS };

static int run_argument(PyObject *keyword)
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

static struct weft_run_options *options_new(long long timeout, bool trace)
{
    struct weft_run_options *o = weft_run_options_new();
    if (!o) {
        PyErr_NoMemory();
        return NULL;
    }
    weft_run_options_timeout(o, timeout);
    weft_run_options_trace(o, trace);
    return o;
}

/* _run_traced(fetches, feeds, timeout_ms, trace) -> (result, trace as JSON) */
static PyObject *session_run_traced(PyObject *self, PyObject *args)
{
    PyObject *fetches, *feeds;
    long long timeout;
    int trace;
    if (!PyArg_ParseTuple(args, "OOLp", &fetches, &feeds, &timeout, &trace))
        return NULL;
    struct weft_run_options *o = options_new(timeout, trace);
    PyObject *result = o ? run((struct session *)self, fetches, feeds, o) : NULL;
    PyObject *pair = result ? Py_BuildValue("(Ns)", result, weft_run_options_trace_json(o)) : NULL;
    if (o)
        weft_run_options_free(o);
    return pair;
}

/* ---- Callable: a run prepared once ---- */

struct callable {
    PyObject_HEAD
    vectorcallfunc call;
    struct session *session;            /* strong */
    struct weft_call *prepared;         /* NULL: nothing is to be run */
    PyObject *feeds, *fetches, *built;  /* tuple of Tensors; the structure; as in a request */
    int *order;
    int n_fetches;
};

PyTypeObject *callable_type, *partial_type;

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
    bool watched = watch_interrupts();
    if (watched)
        options = watched_options(options);
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
            result = results(&(struct filling){ .order = c->order, .built = c->built, .fed = feed,
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

/* run_traced(values, timeout_ms, trace) -> (result, trace as JSON) */
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
    PyObject *result = o ? callable_with(c, ((PyTupleObject *)values)->ob_item, o) : NULL;
    PyObject *pair = result ? Py_BuildValue("(Ns)", result, weft_run_options_trace_json(o)) : NULL;
    if (o)
        weft_run_options_free(o);
    return pair;
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
    weft_call_free(c->prepared);
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
    if (!r->fetches.n && !r->targets.n)
        return NULL;
    return weft_call_new(c->session->s, f, r->feeds.n, r->fetches.at, r->fetches.n, r->targets.at,
                         r->targets.n, &c->prepared);
}

static bool declare_feeds(struct request *r, PyObject *feeds)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(feeds); i++) {
        PyObject *t = PyTuple_GET_ITEM(feeds, i);
        struct weft_feed f = { tensor_out(t), NULL };
        if (tensor_graph(t) != r->g || !graph_may_feed(r->g, f.to))
            return refused(t, Py_None);
        if (!list_add(&r->feeds, &f))
            return false;
    }
    return true;
}

static struct weft_out *outs_of(struct request *r)
{
    struct weft_out *out = malloc((size_t)(r->feeds.n + 1) * sizeof *out);
    for (int i = 0; out && i < r->feeds.n; i++)
        out[i] = feeds_of(r)[i].to;
    if (!out)
        PyErr_NoMemory();
    return out;
}

static bool callable_init(struct callable *c, struct request *r)
{
    size_t bytes = (size_t)r->order.n * sizeof *c->order;
    struct weft_out *f = outs_of(r);
    struct weft_status *st = f ? prepare(c, r, f) : NULL;
    free(f);
    c->n_fetches = r->fetches.n;
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
static PyObject *session_prepare(PyObject *self, PyObject *args)
{
    struct session *s = (struct session *)self;
    PyObject *fetches, *feeds;
    struct request r;
    if (!PyArg_ParseTuple(args, "OO!", &fetches, &PyTuple_Type, &feeds) || !s->s)
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
      "(values, timeout_ms, trace) -> (result, trace as JSON)." },
    { NULL, NULL, 0, NULL }
};
static PyMemberDef callable_members[] = {
    { "__vectorcalloffset__", T_PYSSIZET, offsetof(struct callable, call), READONLY, NULL },
    { NULL, 0, 0, 0, NULL }
};
static PyType_Slot callable_slots[] = {
    { Py_tp_doc, "A run prepared once: call it with a value for each feed." },
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

/* ---- Partial: a run in several parts ---- */

struct partial { PyObject_HEAD struct session *session; struct weft_partial *p; };

/* _partial(tuple of fetched Tensors, tuple of fed Tensors) */
static PyObject *session_partial(PyObject *self, PyObject *args)
{
    struct session *s = (struct session *)self;
    PyObject *fetches, *feeds;
    struct request r;
    if (!PyArg_ParseTuple(args, "OO!", &fetches, &PyTuple_Type, &feeds) || !is_open(s))
        return NULL;
    struct partial *p = PyObject_New(struct partial, partial_type);
    if (!p)
        return NULL;
    p->session = (struct session *)Py_NewRef(self);
    p->p = NULL;
    request_init(&r, s->graph);
    struct weft_out *f = NULL;
    if (declare_feeds(&r, feeds) && (f = outs_of(&r))) {
        int n = r.feeds.n;
        r.feeds.n = 0;                  /* what is fed may be fetched as well */
        if (walk(&r, fetches)) {
            struct weft_status *st = weft_partial_new(s->s, f, n, r.fetches.at, r.fetches.n,
                                                      &p->p);
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
            result = results(&(struct filling){ .order = r.order.at, .built = r.built,
                                                .fed = r.feeds.n ? &feeds_of(&r)->value : NULL,
                                                .stride = sizeof(struct weft_feed) },
                             tensor, value, r.fetches.n, fetches);
    }
    free(tensor);
    free(value);
    request_end(&r);
    return result ? result : PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

static void partial_dealloc(PyObject *self)
{
    struct partial *p = (struct partial *)self;
    PyTypeObject *type = Py_TYPE(self);
    weft_partial_free(p->p);
    Py_CLEAR(p->session);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyMethodDef partial_methods[] = {
    { "run", partial_run, METH_VARARGS, "(fetches, feed_dict): the next part." },
    { NULL, NULL, 0, NULL }
};
static PyType_Slot partial_slots[] = {
    { Py_tp_doc, "A run in several parts." },
    { Py_tp_dealloc, partial_dealloc },
    { Py_tp_methods, partial_methods },
    { 0, NULL }
};
PyType_Spec partial_spec = { "weft._core.Partial", sizeof(struct partial), 0, Py_TPFLAGS_DEFAULT,
                             partial_slots };

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
      "(fetches, feeds, timeout_ms, trace) -> (result, trace as JSON)" },
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

/* ---- Server ---- */

struct server { PyObject_HEAD struct weft_server *s; };

static PyObject *server_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    struct server *s = (struct server *)type->tp_alloc(type, 0);
    (void)args, (void)keywords;
    struct weft_status *st = s ? weft_server_new(&s->s) : NULL;
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
    weft_server_free(((struct server *)self)->s);
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
