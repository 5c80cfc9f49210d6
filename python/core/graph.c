/* graph.c - Graph: a weft_graph, its scopes and marks, and the thread's stack of default graphs. */
#include "core.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

PyTypeObject *graph_type;

/* ---- errors ---- */

static PyObject *raise_made(PyObject *exception, struct weft_status *st)
{
    weft_status_free(st);
    if (exception)
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    Py_XDECREF(exception);
    return NULL;
}

/* A message may quote data that is no text. */
static PyObject *message_of(const struct weft_status *st)
{
    const char *text = weft_status_message(st);
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "backslashreplace");
}

PyObject *raise_build_status(struct weft_status *st)
{
    return raise_made(PyObject_CallFunction(hooks.build_error, "iNz", (int)weft_status_code(st),
                                            message_of(st), weft_status_node(st)), st);
}

PyObject *raise_build_error(struct graph *g)
{
    return raise_build_status(weft_graph_error(g->g));
}

PyObject *raise_run_status(struct graph *g, struct weft_status *st)
{
    return raise_made(PyObject_CallFunction(hooks.run_error, "OiNz", g ? (PyObject *)g : Py_None,
                                            (int)weft_status_code(st), message_of(st),
                                            weft_status_node(st)), st);
}

/* ---- default graphs: a list of the thread's, and the one at the bottom ---- */

static PyObject *thread_item(const char *key, PyObject *(*make)(void))
{
    PyObject *dict = PyThreadState_GetDict();
    PyObject *item = dict ? PyDict_GetItemString(dict, key) : NULL;
    if (item || !dict || !(item = make()))
        return item;
    int failed = PyDict_SetItemString(dict, key, item);
    Py_DECREF(item);
    return failed ? NULL : item;
}

static PyObject *new_list(void) { return PyList_New(0); }
static PyObject *new_graph(void) { return PyObject_CallNoArgs(hooks.Graph); }

static PyObject *stack(void) { return thread_item("weft.graphs", new_list); }

struct graph *default_graph(void)
{
    PyObject *list = stack();
    Py_ssize_t n = list ? PyList_GET_SIZE(list) : 0;
    if (!list)
        return NULL;
    return (struct graph *)(n ? PyList_GET_ITEM(list, n - 1)
                              : thread_item("weft.graph", new_graph));
}

static PyObject *core_default_graph(PyObject *self, PyObject *none)
{
    PyObject *g = (PyObject *)default_graph();
    (void)self, (void)none;
    return g ? Py_NewRef(g) : NULL;
}

static PyObject *core_graph_stack(PyObject *self, PyObject *none)
{
    PyObject *list = stack();
    (void)self, (void)none;
    return list ? Py_NewRef(list) : NULL;
}

static PyObject *core_drop_default_graph(PyObject *self, PyObject *none)
{
    PyObject *dict = PyThreadState_GetDict();
    (void)self, (void)none;
    if (dict && PyDict_GetItemString(dict, "weft.graph"))
        PyDict_DelItemString(dict, "weft.graph");
    Py_RETURN_NONE;
}

/* ---- Graph ---- */

static PyObject *graph_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    struct graph *g = (struct graph *)type->tp_alloc(type, 0);
    (void)args, (void)keywords;
    if (!g)
        return NULL;
    g->g = weft_graph_new();
    g->traces = traces_new();
    if (!g->g || !g->traces) {
        Py_DECREF(g);
        return PyErr_NoMemory();
    }
    return (PyObject *)g;
}

static int graph_traverse(PyObject *self, visitproc visit, void *arg)
{
    struct graph *g = (struct graph *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(g->overrides);
    Py_VISIT(g->unfeedable);
    Py_VISIT(g->unfetchable);
    Py_VISIT(g->handles);
    return 0;
}

static int graph_clear(PyObject *self)
{
    struct graph *g = (struct graph *)self;
    Py_CLEAR(g->overrides);
    Py_CLEAR(g->unfeedable);
    Py_CLEAR(g->unfetchable);
    Py_CLEAR(g->handles);
    return 0;
}

static void graph_dealloc(PyObject *self)
{
    struct graph *g = (struct graph *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    graph_clear(self);
    weft_graph_free(g->g);
    traces_free(g->traces);
    free(g->operation);
    free(g->context);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *graph_count(PyObject *self, PyObject *none)
{
    (void)none;
    return PyLong_FromLong(weft_graph_count(((struct graph *)self)->g));
}

static PyObject *graph_operation(PyObject *self, PyObject *number)
{
    struct graph *g = (struct graph *)self;
    long i = PyLong_AsLong(number);
    struct weft_node *n = i >= 0 && i <= INT_MAX ? weft_graph_node(g->g, (int)i) : NULL;
    if (!n && !PyErr_Occurred())
        PyErr_Format(PyExc_IndexError, "The graph has no operation %ld", i);
    return n ? graph_facade(g, n) : NULL;
}

static PyObject *graph_find(PyObject *self, PyObject *name)
{
    struct graph *g = (struct graph *)self;
    const char *text = PyUnicode_AsUTF8(name);
    struct weft_node *n = text ? weft_graph_find(g->g, text) : NULL;
    if (!text)
        return NULL;
    return n ? graph_facade(g, n) : Py_NewRef(Py_None);
}

static PyObject *graph_unique_name(PyObject *self, PyObject *args)
{
    const char *name;
    int mark;
    if (!PyArg_ParseTuple(args, "sp", &name, &mark))
        return NULL;
    char *unique = weft_graph_unique_name(((struct graph *)self)->g, name, mark);
    PyObject *text = unique ? PyUnicode_FromString(unique) : PyErr_NoMemory();
    free(unique);
    return text;
}

/* False: a TypeError is set. */
static bool want(bool fine, PyObject *x, const char *kind)
{
    if (!fine)
        PyErr_Format(PyExc_TypeError, "Expected %s, got %R", kind, x);
    return fine;
}

static bool want_operation(PyObject *x) { return want(is_operation(x), x, "an Operation"); }

static PyObject *graph_traceback(PyObject *self, PyObject *op)
{
    if (!want_operation(op))
        return NULL;
    return traces_get(((struct graph *)self)->traces,
                      weft_node_id(((struct operation *)op)->node));
}

static PyObject *graph_finalize(PyObject *self, PyObject *none)
{
    (void)none;
    weft_graph_finalize(((struct graph *)self)->g);
    Py_RETURN_NONE;
}

static PyObject *mark(PyObject **set, PyObject *token)
{
    if (!*set)
        *set = PySet_New(NULL);
    int failed = !token || !*set || PySet_Add(*set, token) < 0;
    Py_XDECREF(token);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

static bool is_marked(PyObject *set, PyObject *token)
{
    int found = token ? PySet_Contains(set, token) : -1;
    Py_XDECREF(token);
    return found != 0;
}

static PyObject *graph_reopen(PyObject *self, PyObject *none)
{
    (void)none;
    weft_graph_reopen(((struct graph *)self)->g);
    Py_RETURN_NONE;
}

static PyObject *graph_set_unfeedable(PyObject *self, PyObject *t)
{
    return mark(&((struct graph *)self)->unfeedable, graph_hold_node(self, t));
}

static PyObject *graph_set_unfetchable(PyObject *self, PyObject *op)
{
    return mark(&((struct graph *)self)->unfetchable, graph_hold_node(self, op));
}

static PyObject *graph_set_handle(PyObject *self, PyObject *op)
{
    return mark(&((struct graph *)self)->handles, graph_hold_node(self, op));
}

bool graph_is_handle(struct graph *g, PyObject *x)
{
    return g->handles && is_tensor(x) &&
           is_marked(g->handles, token_new(weft_node_id(((struct tensor *)x)->op->node), -1));
}

bool graph_may_feed(struct graph *g, struct weft_out o)
{
    if (!weft_node_may_be_fed(o.node))
        return false;
    return !g->unfeedable ||
           !is_marked(g->unfeedable, token_new(weft_node_id(o.node), o.index));
}

bool graph_may_fetch(struct graph *g, PyObject *x)
{
    struct weft_node *n = is_tensor(x) ? ((struct tensor *)x)->op->node
                                       : ((struct operation *)x)->node;
    if (!weft_node_may_be_fetched(n))
        return false;
    return !g->unfetchable || !is_marked(g->unfetchable, token_new(weft_node_id(n), -1));
}

static PyObject *graph_feedable(PyObject *self, PyObject *t)
{
    if (!want(is_tensor(t), t, "a Tensor"))
        return NULL;
    return PyBool_FromLong(graph_may_feed((struct graph *)self, tensor_out(t)));
}

static PyObject *graph_fetchable(PyObject *self, PyObject *x)
{
    if (!want(is_tensor(x) || is_operation(x), x, "a Tensor or an Operation"))
        return NULL;
    return PyBool_FromLong(graph_may_fetch((struct graph *)self, x));
}

/* ---- scopes: each push is ended by pop_scope() ---- */

static PyObject *graph_push_name(PyObject *self, PyObject *name)
{
    struct graph *g = (struct graph *)self;
    const char *text = name == Py_None ? NULL : name_text(name);
    if (!text && name != Py_None)
        return NULL;
    const char *prefix = weft_name_scope(g->g, text);
    if (prefix)
        return PyUnicode_FromString(prefix);
    weft_scope_end(g->g);
    return raise_build_error(g);
}

static PyObject *graph_push_control(PyObject *self, PyObject *ops)
{
    struct graph *g = (struct graph *)self;
    PyObject *list = PySequence_Fast(ops, "control inputs");
    Py_ssize_t n = list ? PySequence_Fast_GET_SIZE(list) : 0;
    struct weft_node **node = list ? malloc((size_t)(n + 1) * sizeof *node) : NULL;
    bool ok = node != NULL;
    for (Py_ssize_t i = 0; i < n && ok; i++) {
        PyObject *op = PySequence_Fast_GET_ITEM(list, i);
        if ((ok = want_operation(op)))
            node[i] = ((struct operation *)op)->node;
    }
    if (ok)
        weft_control_dependencies(g->g, node, (int)n);
    free(node);
    Py_XDECREF(list);
    if (ok)
        Py_RETURN_NONE;
    return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

static PyObject *graph_push_device(PyObject *self, PyObject *device)
{
    struct graph *g = (struct graph *)self;
    const char *text = device == Py_None ? NULL : name_text(device);
    if (!text && device != Py_None)
        return NULL;
    weft_device(g->g, text);
    struct weft_status *st = weft_graph_error(g->g);
    if (!st)
        Py_RETURN_NONE;
    weft_scope_end(g->g);
    return raise_build_status(st);
}

static PyObject *graph_push_colocate(PyObject *self, PyObject *op)
{
    if (op != Py_None && !want_operation(op))
        return NULL;
    weft_colocate_with(((struct graph *)self)->g,
                       op == Py_None ? NULL : ((struct operation *)op)->node);
    Py_RETURN_NONE;
}

static PyObject *graph_push_container(PyObject *self, PyObject *name)
{
    const char *text = name_text(name);
    if (!text)
        return NULL;
    weft_container(((struct graph *)self)->g, text);
    Py_RETURN_NONE;
}

static PyObject *graph_pop(PyObject *self, PyObject *none)
{
    (void)none;
    weft_scope_end(((struct graph *)self)->g);
    Py_RETURN_NONE;
}

static PyMethodDef graph_methods[] = {
    { "_count", graph_count, METH_NOARGS, "How many operations there are." },
    { "_operation", graph_operation, METH_O, "Operation number i, in creation order." },
    { "_find", graph_find, METH_O, "The operation of that name, or None." },
    { "_hold_node", graph_hold_node, METH_O, "A Token for a Tensor or an Operation." },
    { "_unhold_node", graph_unhold_node, METH_O, "What a Token stands for." },
    { "_unique_name", graph_unique_name, METH_VARARGS, "(name, mark): full name, scopes apart." },
    { "_traceback", graph_traceback, METH_O, "[(file, line, function)] of where it was made." },
    { "_finalize", graph_finalize, METH_NOARGS, "No more operations." },
    { "_reopen", graph_reopen, METH_NOARGS, "Undoes _finalize()." },
    { "_set_unfeedable", graph_set_unfeedable, METH_O, "This tensor may not be fed." },
    { "_set_unfetchable", graph_set_unfetchable, METH_O, "This operation may not be fetched." },
    { "_set_handle", graph_set_handle, METH_O, "What this operation gives is a handle." },
    { "_fetchable", graph_fetchable, METH_O, "May this tensor or operation be fetched?" },
    { "_feedable", graph_feedable, METH_O, "May this tensor be fed?" },
    { "_push_name", graph_push_name, METH_O, "Opens a name scope; its prefix, 'a/b/'." },
    { "_push_control", graph_push_control, METH_O, "Control inputs; none: drops enclosing ones." },
    { "_push_device", graph_push_device, METH_O, "A device; None: ignores enclosing ones." },
    { "_push_colocate", graph_push_colocate, METH_O, "With this operation." },
    { "_push_container", graph_push_container, METH_O, "For the resources made inside." },
    { "_push_context", graph_push_context, METH_O, "A branch or a loop; None: none." },
    { "_get_control_flow_context", graph_current_context, METH_NOARGS,
      "The branch or loop that this thread builds in, or None." },
    { "_set_control_flow_context", graph_set_current_context, METH_O,
      "Another one, as long as the innermost scope is open." },
    { "_context", graph_context_number, METH_O, "Context number i, in the order of making." },
    { "_import_context", graph_import_context, METH_VARARGS,
      "(is a loop, message, scope): the context that the message tells." },
    { "_new_condition", graph_new_condition, METH_O, "[pred_id, switch_f, switch_t]" },
    { "_new_branch", graph_new_branch, METH_VARARGS, "(pred, pivot, branch, name)" },
    { "_merge_branches", graph_merge_branches, METH_VARARGS, "(when false, when true)" },
    { "_begin_loop", graph_begin_loop, METH_VARARGS,
      "(variables, shapes, maximum, counter, parallel, back_prop, swap): (context, variables)" },
    { "_pop", graph_pop, METH_NOARGS, "Ends the innermost scope of this thread." },
    { NULL, NULL, 0, NULL }
};

static PyObject *graph_get_scope(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(weft_current_scope(((struct graph *)self)->g));
}

static PyObject *graph_get_version(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(weft_graph_version(((struct graph *)self)->g));
}

static PyObject *graph_get_ids(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(weft_graph_ids(((struct graph *)self)->g));
}

static PyObject *graph_get_finalized(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(weft_graph_is_finalized(((struct graph *)self)->g));
}

static PyObject *graph_get_overrides(PyObject *self, void *unused)
{
    struct graph *g = (struct graph *)self;
    (void)unused;
    return Py_NewRef(g->overrides ? g->overrides : Py_None);
}

static int graph_set_overrides(PyObject *self, PyObject *map, void *unused)
{
    struct graph *g = (struct graph *)self;
    (void)unused;
    Py_XSETREF(g->overrides, map && map != Py_None ? Py_NewRef(map) : NULL);
    return 0;
}

static PyObject *graph_get_captures(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(((struct graph *)self)->captures);
}

static int graph_set_captures(PyObject *self, PyObject *x, void *unused)
{
    int on = x ? PyObject_IsTrue(x) : 0;
    (void)unused;
    if (on < 0)
        return -1;
    ((struct graph *)self)->captures = on;
    return 0;
}

static PyObject *graph_get_ordered(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(((struct graph *)self)->ordered);
}

static int graph_set_ordered(PyObject *self, PyObject *x, void *unused)
{
    int on = x ? PyObject_IsTrue(x) : 0;
    (void)unused;
    if (on < 0)
        return -1;
    ((struct graph *)self)->ordered = on;
    return 0;
}

static PyObject *graph_get_device_functions(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(((struct graph *)self)->device_functions);
}

static int graph_set_device_functions(PyObject *self, PyObject *n, void *unused)
{
    long count = n ? PyLong_AsLong(n) : 0;
    (void)unused;
    if (PyErr_Occurred())
        return -1;
    ((struct graph *)self)->device_functions = (int)count;
    return 0;
}

static PyGetSetDef graph_getset[] = {
    { "_scope", graph_get_scope, NULL, "The thread's name scope, 'a/b/'; '' at the root.", NULL },
    { "version", graph_get_version, NULL, "Id of the latest operation; 0 in an empty graph.",
      NULL },
    { "_last_id", graph_get_ids, NULL, "Ids handed out so far, failed operations counted.", NULL },
    { "finalized", graph_get_finalized, NULL, "Is the graph closed to new operations?", NULL },
    { "_gradient_override_map", graph_get_overrides, graph_set_overrides,
      "{op type: name of the gradient} for operations made now.", NULL },
    { "_captures", graph_get_captures, graph_set_captures,
      "Is it the body of a function? Its capture(tensor) gives what stands here for a tensor of "
      "another graph.", NULL },
    { "_ordered", graph_get_ordered, graph_set_ordered,
      "Do operations with state run in the order in which they are made?", NULL },
    { "_device_functions", graph_get_device_functions, graph_set_device_functions,
      "How many open device scopes are functions.", NULL },
    { NULL, NULL, NULL, NULL, NULL }
};

static PyType_Slot graph_slots[] = {
    { Py_tp_doc, "What a Graph is in C." },
    { Py_tp_new, graph_new },
    { Py_tp_traverse, graph_traverse },
    { Py_tp_clear, graph_clear },
    { Py_tp_dealloc, graph_dealloc },
    { Py_tp_methods, graph_methods },
    { Py_tp_getset, graph_getset },
    { 0, NULL }
};
static PyType_Spec graph_spec = {
    "weft._core.Graph", sizeof(struct graph), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, graph_slots
};

/* ---- */

static PyMethodDef functions[] = {
    { "default_graph", core_default_graph, METH_NOARGS, "The thread's default Graph." },
    { "graph_stack", core_graph_stack, METH_NOARGS, "The Graphs entered in this thread, a list." },
    { "drop_default_graph", core_drop_default_graph, METH_NOARGS,
      "Forgets the Graph at the bottom of the thread's stack." },
    { NULL, NULL, 0, NULL }
};

PyObject *not_made_by_hand(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    (void)args, (void)keywords;
    PyErr_Format(PyExc_TypeError, "cannot create '%s' instances", type->tp_name);
    return NULL;
}

bool add_type(PyObject *module, PyType_Spec *spec, const char *name, PyTypeObject **type)
{
    PyObject *made = PyType_FromSpec(spec);
    if (type)
        *type = (PyTypeObject *)made;
    return made && PyModule_AddObject(module, name, Py_NewRef(made)) == 0;
}

bool graph_types(PyObject *module)
{
    return add_type(module, &graph_spec, "Graph", &graph_type) &&
           PyModule_AddFunctions(module, functions) == 0;
}
