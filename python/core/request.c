/* request.c - what a run is about: feeds become tensors, fetches of any structure are walked, and
 * the structure is walked again to be filled. C does lists, tuples and dicts itself, Python is asked
 * about names, variables and whatever else may be fed or fetched. */
#include "run.h"

#include <stdlib.h>
#include <string.h>

/* ---- lists that are short as a rule ---- */

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

void request_init(struct request *r, struct graph *g)
{
    r->g = g;
    r->feeds = (struct list){ r->few_feeds, r->few_feeds, 0, FEW, sizeof *r->few_feeds };
    r->fetches = (struct list){ r->few_fetches, r->few_fetches, 0, FEW, sizeof *r->few_fetches };
    r->targets = (struct list){ r->few_targets, r->few_targets, 0, FEW, sizeof *r->few_targets };
    r->order = (struct list){ r->few_order, r->few_order, 0, FEW, sizeof *r->few_order };
    r->built = NULL;
}


void request_end(struct request *r)
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

bool refused(PyObject *tensor, PyObject *value)
{
    PyObject *none = PyObject_CallFunctionObjArgs(hooks.feed_refused, tensor, value, NULL);
    if (none && !PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, "A feed was refused");
    Py_XDECREF(none);
    return false;
}

bool shape_fits(struct weft_out o, const struct weft_tensor *t)
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
struct weft_tensor *feed_tensor(PyObject *tensor, PyObject *value)
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

bool add_feeds(struct request *r, PyObject *feeds)
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

bool declare_feeds(struct request *r, PyObject *feeds)
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

struct weft_out *outs_of(struct request *r)
{
    struct weft_out *out = malloc((size_t)(r->feeds.n + 1) * sizeof *out);
    for (int i = 0; out && i < r->feeds.n; i++)
        out[i] = feeds_of(r)[i].to;
    if (!out)
        PyErr_NoMemory();
    return out;
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

bool walk(struct request *r, PyObject *fetch)
{
    if (is_leaf(fetch) && may_fetch(r->g, fetch))
        return is_tensor(fetch) ? add_tensor(r, fetch) : add_operation(r, fetch);
    if (Py_EnterRecursiveCall(" in fetches"))
        return false;
    Py_INCREF(fetch);                   /* Python may take it out of where it lies */
    bool ok = walk_inside(r, fetch);
    Py_DECREF(fetch);
    Py_LeaveRecursiveCall();
    return ok;
}

/* ---- and once more to be filled ---- */

static PyObject *fill(struct filling *f, PyObject *fetch);

/* The lists are the caller's, who may have changed them while the step ran. */
static PyObject *changed(void)
{
    PyErr_SetString(PyExc_RuntimeError, "The structure of the fetches changed during the run");
    return NULL;
}

static PyObject *fill_leaf(struct filling *f)
{
    if (!f->left--)
        return changed();
    int i = *f->order++;
    if (i == NOTHING)
        return Py_NewRef(Py_None);
    if (i >= 0)
        return Py_NewRef(f->value[i]);
    const char *at = (const char *)f->fed + (size_t)(FED - i) * f->stride;
    return array_from(weft_tensor_ref(*(struct weft_tensor *const *)at));
}

/* A handle of what the session keeps is Python's object, which knows the session. Takes x over. */
static PyObject *as_handle(struct filling *f, PyObject *fetch, PyObject *x)
{
    if (!x || !graph_is_handle(f->session->graph, fetch))
        return x;
    PyObject *handle = PyObject_CallMethod((PyObject *)f->session, "_handle_of", "OO", fetch, x);
    Py_DECREF(x);
    return handle;
}

static PyObject *fill_sequence(struct filling *f, PyObject *fetch, bool tuple)
{
    Py_ssize_t n = PySequence_Fast_GET_SIZE(fetch);
    PyObject *to = tuple ? PyTuple_New(n) : PyList_New(n);
    for (Py_ssize_t i = 0; i < n && to; i++) {
        PyObject *x = i < PySequence_Fast_GET_SIZE(fetch)
                          ? fill(f, PySequence_Fast_GET_ITEM(fetch, i)) : changed();
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
        Py_INCREF(key);
        PyObject *x = fill(f, value);
        if (!x || PyDict_SetItem(to, key, x) < 0)
            Py_CLEAR(to);
        Py_DECREF(key);
        Py_XDECREF(x);
    }
    return to;
}

static PyObject *fill_other(struct filling *f)
{
    if (!f->built || f->next_built >= PyList_GET_SIZE(f->built))
        return changed();
    PyObject *items = PyList_GET_ITEM(f->built, f->next_built++);
    PyObject *values = fill_sequence(f, PyTuple_GET_ITEM(items, 0), false);
    PyObject *x = values ? PyObject_CallOneArg(PyTuple_GET_ITEM(items, 1), values) : NULL;
    Py_XDECREF(values);
    return x;
}

static PyObject *fill_inside(struct filling *f, PyObject *fetch)
{
    if (PyList_CheckExact(fetch))
        return fill_sequence(f, fetch, false);
    if (PyTuple_CheckExact(fetch))
        return fill_sequence(f, fetch, true);
    return PyDict_CheckExact(fetch) ? fill_dict(f, fetch) : fill_other(f);
}

static PyObject *fill(struct filling *f, PyObject *fetch)
{
    if (is_leaf(fetch))
        return as_handle(f, fetch, fill_leaf(f));
    if (Py_EnterRecursiveCall(" in fetches"))
        return NULL;
    Py_INCREF(fetch);
    PyObject *x = fill_inside(f, fetch);
    Py_DECREF(fetch);
    Py_LeaveRecursiveCall();
    return x;
}

/* The fetched tensors become values; the structure is filled with them. */
PyObject *results(struct filling *f, struct weft_tensor **tensor, PyObject **value, int n,
                         PyObject *fetches)
{
    bool ok = true;
    for (int i = 0; i < n; i++) {
        value[i] = ok ? array_from(tensor[i]) : NULL;
        if (!ok)
            drop_tensor(tensor[i]);
        ok = ok && value[i];
    }
    f->value = value;
    PyObject *result = ok ? fill(f, fetches) : NULL;
    if (result && f->left) {
        Py_CLEAR(result);
        changed();
    }
    for (int i = 0; i < n; i++)
        Py_XDECREF(value[i]);
    return result;
}
