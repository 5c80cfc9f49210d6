/* context.c - branches and loops: Context, and what a Graph does to build one. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

struct context {
    PyObject_HEAD
    struct graph *graph;                /* strong */
    struct weft_context *c;
};

static PyTypeObject *context_type;

/* ---- the object of a context ---- */

static bool make_room(struct graph *g, int id)
{
    if (id < g->n_contexts)
        return true;
    int n = 2 * id + 8;
    PyObject **context = realloc(g->context, (size_t)n * sizeof *context);
    if (!context) {
        PyErr_NoMemory();
        return false;
    }
    memset(context + g->n_contexts, 0, (size_t)(n - g->n_contexts) * sizeof *context);
    g->context = context;
    g->n_contexts = n;
    return true;
}

static PyObject *class_of(const struct weft_context_info *info)
{
    return PyObject_CallFunction(hooks.context_class, "i", info->is_loop);
}

PyObject *graph_context(struct graph *g, struct weft_context *c)
{
    if (!c)
        Py_RETURN_NONE;
    struct weft_context_info info = weft_context_info(c);
    if (!make_room(g, info.id))
        return NULL;
    PyObject *known = g->context[info.id];
    if (known && Py_REFCNT(known) > 0)
        return Py_NewRef(known);
    PyTypeObject *type = (PyTypeObject *)class_of(&info);
    struct context *x = type ? (struct context *)type->tp_alloc(type, 0) : NULL;
    Py_XDECREF((PyObject *)type);
    if (!x)
        return NULL;
    x->graph = (struct graph *)Py_NewRef((PyObject *)g);
    x->c = c;
    return g->context[info.id] = (PyObject *)x;
}

static int context_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((struct context *)self)->graph);
    return 0;
}

static void context_dealloc(PyObject *self)
{
    struct context *x = (struct context *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (x->graph) {
        PyObject **known = &x->graph->context[weft_context_info(x->c).id];
        if (*known == self)
            *known = NULL;
    }
    Py_CLEAR(x->graph);
    type->tp_free(self);
    Py_DECREF(type);
}

/* A Context, or None: then *c is NULL. */
static bool context_from(PyObject *x, struct weft_context **c)
{
    bool fine = x == Py_None || PyObject_TypeCheck(x, context_type);
    *c = fine && x != Py_None ? ((struct context *)x)->c : NULL;
    if (!fine)
        PyErr_Format(PyExc_TypeError, "Expected a control flow context or None, got %R", x);
    return fine;
}

/* ---- what it knows ---- */

static struct weft_context_info info_of(PyObject *self)
{
    return weft_context_info(((struct context *)self)->c);
}

static PyObject *tensor_or_none(PyObject *self, struct weft_out o)
{
    if (!o.node)
        Py_RETURN_NONE;
    return graph_tensor(((struct context *)self)->graph, o);
}

static PyObject *tensors_of(struct graph *g, const struct weft_out *o, int n)
{
    PyObject *list = PyList_New(n);
    for (int i = 0; i < n && list; i++) {
        PyObject *t = o[i].node ? graph_tensor(g, o[i]) : raise_build_error(g);
        if (t)
            PyList_SET_ITEM(list, i, t);
        else
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *get_graph(PyObject *self, void *unused)
{
    (void)unused;
    return Py_NewRef((PyObject *)((struct context *)self)->graph);
}

static PyObject *get_number(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(info_of(self).id);
}

static PyObject *get_name(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(info_of(self).name);
}

static PyObject *get_outer(PyObject *self, void *unused)
{
    struct context *x = (struct context *)self;
    (void)unused;
    return graph_context(x->graph, weft_context_outer(x->c));
}

static PyObject *get_pred(PyObject *self, void *unused)
{
    (void)unused;
    return tensor_or_none(self, info_of(self).pred);
}

static PyObject *get_pivot(PyObject *self, void *unused)
{
    (void)unused;
    return tensor_or_none(self, info_of(self).pivot);
}

static PyObject *get_branch(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(info_of(self).branch);
}

static PyObject *get_pivot_for_pred(PyObject *self, void *unused)
{
    (void)unused;
    return tensor_or_none(self, info_of(self).pivot_for_pred);
}

static PyObject *get_pivot_for_body(PyObject *self, void *unused)
{
    (void)unused;
    return tensor_or_none(self, info_of(self).pivot_for_body);
}

static PyObject *get_maximum(PyObject *self, void *unused)
{
    (void)unused;
    return tensor_or_none(self, info_of(self).maximum);
}

static PyObject *get_parallel(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(info_of(self).parallel_iterations);
}

static PyObject *get_back_prop(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(info_of(self).back_prop);
}

static PyObject *get_swap_memory(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(info_of(self).swap_memory);
}

static PyObject *get_enters(PyObject *self, void *unused)
{
    struct weft_context_info i = info_of(self);
    (void)unused;
    return tensors_of(((struct context *)self)->graph, i.enters, i.is_loop ? i.n_vars : 0);
}

static PyObject *get_exits(PyObject *self, void *unused)
{
    struct weft_context_info i = info_of(self);
    (void)unused;
    return tensors_of(((struct context *)self)->graph, i.exits, i.is_done ? i.n_vars : 0);
}

static PyGetSetDef context_getset[] = {
    { "graph", get_graph, NULL, "The Graph it is in.", NULL },
    { "name", get_name, NULL, "'cond/cond_text'; of a loop, the name of its frame.", NULL },
    { "outer_context", get_outer, NULL, "The context that it lies in, or None.", NULL },
    { "_number", get_number, NULL, "Its place in the order of making.", NULL },
    { "_pred", get_pred, NULL, "What chooses the branch.", NULL },
    { "_pivot", get_pivot, NULL, "A branch: there where it is taken. A loop: its condition.",
      NULL },
    { "_branch", get_branch, NULL, "1: taken where the predicate is true.", NULL },
    { "_pivot_for_pred", get_pivot_for_pred, NULL, "What a loop's condition waits for.", NULL },
    { "_pivot_for_body", get_pivot_for_body, NULL, "What a loop's body waits for.", NULL },
    { "_maximum_iterations", get_maximum, NULL, "A Tensor, or None.", NULL },
    { "_parallel_iterations", get_parallel, NULL, "How many may be under way.", NULL },
    { "_back_prop", get_back_prop, NULL, "Whether there may be gradients.", NULL },
    { "_swap_memory", get_swap_memory, NULL, "What files say.", NULL },
    { "_loop_enters", get_enters, NULL, "A Tensor of each variable of the loop.", NULL },
    { "_loop_exits", get_exits, NULL, "The same; [] until the loop is built.", NULL },
    { NULL, NULL, NULL, NULL, NULL }
};

/* ---- building ---- */

/* A list of tensors from Python; the caller free()s it. NULL: an exception is set. */
static struct weft_out *outs_from(PyObject *x, int *n)
{
    PyObject *list = PySequence_Fast(x, "tensors: a list");
    struct weft_out *outs = NULL;
    *n = list ? (int)PySequence_Fast_GET_SIZE(list) : 0;
    if (list && !(outs = calloc((size_t)*n + 1, sizeof *outs)))
        PyErr_NoMemory();
    for (int i = 0; i < *n && outs; i++) {
        PyObject *t = PySequence_Fast_GET_ITEM(list, i);
        if (is_tensor(t)) {
            outs[i] = tensor_out(t);
            continue;
        }
        PyErr_Format(PyExc_TypeError, "Expected a Tensor, got %R", t);
        free(outs);
        outs = NULL;
    }
    Py_XDECREF(list);
    return outs;
}

static PyObject *built_list(struct graph *g, const struct weft_out *outs, int n)
{
    struct weft_status *st = weft_graph_error(g->g);
    if (st)
        return raise_build_status(st);
    return graph_note(g) ? tensors_of(g, outs, n) : NULL;
}

static PyObject *built(struct graph *g, struct weft_out o)
{
    if (!o.node)
        return raise_build_error(g);
    return graph_note(g) ? graph_tensor(g, o) : NULL;
}

PyObject *graph_push_context(PyObject *self, PyObject *x)
{
    struct weft_context *c;
    if (!context_from(x, &c))
        return NULL;
    weft_context_enter(((struct graph *)self)->g, c);
    Py_RETURN_NONE;
}

PyObject *graph_current_context(PyObject *self, PyObject *none)
{
    struct graph *g = (struct graph *)self;
    (void)none;
    return graph_context(g, weft_current_context(g->g));
}

PyObject *graph_set_current_context(PyObject *self, PyObject *x)
{
    struct weft_context *c;
    if (!context_from(x, &c))
        return NULL;
    weft_set_context(((struct graph *)self)->g, c);
    Py_RETURN_NONE;
}

PyObject *graph_context_number(PyObject *self, PyObject *number)
{
    struct graph *g = (struct graph *)self;
    long i = PyLong_AsLong(number);
    if (PyErr_Occurred())
        return NULL;
    return graph_context(g, weft_graph_context(g->g, (int)i));
}

/* (is a loop, message, scope) */
PyObject *graph_import_context(PyObject *self, PyObject *args)
{
    struct graph *g = (struct graph *)self;
    struct weft_context *c;
    Py_buffer def;
    const char *prefix;
    int is_loop;
    if (!PyArg_ParseTuple(args, "py*s", &is_loop, &def, &prefix))
        return NULL;
    struct weft_status *st = weft_context_import(g->g, prefix, is_loop, def.buf, (size_t)def.len,
                                                 &c);
    PyBuffer_Release(&def);
    return st ? raise_build_status(st) : graph_context(g, c);
}

PyObject *graph_new_condition(PyObject *self, PyObject *pred)
{
    struct graph *g = (struct graph *)self;
    if (!is_tensor(pred))
        return PyErr_Format(PyExc_TypeError, "Expected a Tensor, got %R", pred);
    struct weft_condition c = weft_condition_new(g->g, tensor_out(pred));
    if (!c.pred.node)
        return raise_build_error(g);
    return graph_note(g) ? tensors_of(g, (struct weft_out[]){ c.pred, c.pivot[0], c.pivot[1] }, 3)
                         : NULL;
}

PyObject *graph_new_branch(PyObject *self, PyObject *args)
{
    struct graph *g = (struct graph *)self;
    PyObject *pred, *pivot;
    const char *name;
    int branch;
    if (!PyArg_ParseTuple(args, "O!O!is", tensor_type, &pred, tensor_type, &pivot, &branch, &name))
        return NULL;
    struct weft_context *c = weft_branch_new(g->g, name, tensor_out(pred), tensor_out(pivot),
                                             branch);
    return c ? graph_context(g, c) : raise_build_error(g);
}

PyObject *graph_merge_branches(PyObject *self, PyObject *args)
{
    struct graph *g = (struct graph *)self;
    PyObject *f, *t;
    if (!PyArg_ParseTuple(args, "O!O!", tensor_type, &f, tensor_type, &t))
        return NULL;
    return built(g, weft_branch_merge(g->g, tensor_out(f), tensor_out(t)));
}

/* None, or a list of shapes; the caller free()s them. */
static bool shapes_from(PyObject *x, int n, struct weft_shape **shapes)
{
    *shapes = NULL;
    if (x == Py_None)
        return true;
    PyObject *list = PySequence_Fast(x, "shapes: a list");
    bool ok = list && (*shapes = calloc((size_t)n + 1, sizeof **shapes));
    if (ok && PySequence_Fast_GET_SIZE(list) != n) {
        PyErr_Format(PyExc_ValueError, "Expected %d shapes, got %zd", n,
                     PySequence_Fast_GET_SIZE(list));
        ok = false;
    }
    for (int i = 0; i < n && ok; i++)
        ok = shape_from(PySequence_Fast_GET_ITEM(list, i), &(*shapes)[i]);
    Py_XDECREF(list);
    return ok;
}

static PyObject *loop_begun(struct graph *g, const struct weft_loop_options *o,
                            const struct weft_out *vars, int n, struct weft_out *inside)
{
    struct weft_context *c = weft_loop_begin(g->g, o, vars, n, inside);
    if (!c)
        return raise_build_error(g);
    PyObject *list = graph_note(g) ? tensors_of(g, inside, n) : NULL;
    PyObject *context = list ? graph_context(g, c) : NULL;
    if (context)
        return Py_BuildValue("(NN)", context, list);
    weft_scope_end(g->g);
    Py_XDECREF(list);
    return NULL;
}

PyObject *graph_begin_loop(PyObject *self, PyObject *args)
{
    PyObject *list, *sizes, *maximum, *counter, *result = NULL;
    struct weft_loop_options o = { 0 };
    struct weft_shape *shapes = NULL;
    int n, back_prop, swap;
    if (!PyArg_ParseTuple(args, "OOOOipp", &list, &sizes, &maximum, &counter,
                          &o.parallel_iterations, &back_prop, &swap))
        return NULL;
    o.no_gradient = !back_prop;
    o.swap_memory = swap;
    if (is_tensor(maximum))
        o.maximum = tensor_out(maximum);
    if (is_tensor(counter))
        o.counter = tensor_out(counter);
    struct weft_out *vars = outs_from(list, &n);
    struct weft_out *inside = vars ? calloc((size_t)n + 1, sizeof *inside) : NULL;
    if (vars && inside && shapes_from(sizes, n, &shapes)) {
        o.shapes = shapes;
        result = loop_begun((struct graph *)self, &o, vars, n, inside);
    }
    free(shapes);
    free(inside);
    free(vars);
    return result;
}

static int variables(const struct weft_context_info *i)
{
    return i->n_vars - (i->maximum.node != NULL);
}

static PyObject *context_test(PyObject *self, PyObject *test)
{
    struct context *x = (struct context *)self;
    struct weft_context_info info = info_of(self);
    struct weft_out *inside = calloc((size_t)info.n_vars + 1, sizeof *inside);
    PyObject *result = NULL;
    if (!inside)
        return PyErr_NoMemory();
    if (is_tensor(test)) {
        weft_loop_test_is(x->c, tensor_out(test), inside);
        result = built_list(x->graph, inside, variables(&info));
    } else {
        PyErr_Format(PyExc_TypeError, "Expected a Tensor, got %R", test);
    }
    free(inside);
    return result;
}

static PyObject *context_end(PyObject *self, PyObject *list)
{
    struct context *x = (struct context *)self;
    struct weft_context_info info = info_of(self);
    int n, wanted = variables(&info);
    struct weft_out *next = outs_from(list, &n);
    PyObject *result = NULL;
    if (next && n == wanted) {
        weft_loop_end(x->c, next, next);
        result = built_list(x->graph, next, n);
    } else {
        weft_scope_end(x->graph->g);
        if (next)
            PyErr_Format(PyExc_ValueError, "Number of inputs and outputs of body must match "
                         "loop_vars: %d, %d", wanted, n);
    }
    free(next);
    return result;
}

static PyObject *context_result(PyObject *self, PyObject *value)
{
    struct context *x = (struct context *)self;
    if (is_tensor(value))
        return built(x->graph, weft_branch_result(x->c, tensor_out(value)));
    if (is_operation(value))
        return built(x->graph, weft_branch_result(x->c, (struct weft_out){
                     ((struct operation *)value)->node, -1 }));
    return PyErr_Format(PyExc_TypeError, "Expected a Tensor or an Operation, got %R", value);
}

static PyObject *context_value(PyObject *self, PyObject *value)
{
    struct context *x = (struct context *)self;
    if (!is_tensor(value))
        return PyErr_Format(PyExc_TypeError, "Expected a Tensor, got %R", value);
    return built(x->graph, weft_context_value(x->c, tensor_out(value)));
}

static PyObject *context_captures(PyObject *self, PyObject *none)
{
    struct context *x = (struct context *)self;
    int n = weft_context_captures(x->c, NULL, NULL, 0);
    struct weft_out *both = calloc(2 * (size_t)n + 1, sizeof *both);
    (void)none;
    if (!both)
        return PyErr_NoMemory();
    weft_context_captures(x->c, both, both + n, n);
    PyObject *pair = Py_BuildValue("(NN)", tensors_of(x->graph, both, n),
                                   tensors_of(x->graph, both + n, n));
    free(both);
    return pair;
}

static PyObject *context_export(PyObject *self, PyObject *none)
{
    struct weft_bytes def;
    struct weft_status *st = weft_context_export(((struct context *)self)->c, &def);
    (void)none;
    if (st)
        return raise_build_status(st);
    PyObject *bytes = PyBytes_FromStringAndSize(def.data, (Py_ssize_t)def.size);
    weft_bytes_free(&def);
    return bytes;
}

static PyMethodDef context_methods[] = {
    { "_export", context_export, METH_NOARGS, "A CondContextDef's or WhileContextDef's bytes." },
    { "_test", context_test, METH_O, "The loop goes on while this is true: its variables then." },
    { "_end", context_end, METH_O, "What the variables are next; leaves the loop: the results." },
    { "_result", context_result, METH_O, "A result of the branch, to be merged." },
    { "AddValue", context_value, METH_O, "A tensor as it is inside of the context." },
    { "_captures", context_captures, METH_NOARGS, "([outside], [inside])" },
    { NULL, NULL, 0, NULL }
};

static PyType_Slot context_slots[] = {
    { Py_tp_doc, "What a branch or a loop is in C." },
    { Py_tp_new, not_made_by_hand },
    { Py_tp_traverse, context_traverse },
    { Py_tp_dealloc, context_dealloc },
    { Py_tp_methods, context_methods },
    { Py_tp_getset, context_getset },
    { 0, NULL }
};
static PyType_Spec context_spec = {
    "weft._core.Context", sizeof(struct context), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, context_slots
};

PyObject *operation_get_context(PyObject *self, PyObject *none)
{
    struct operation *op = (struct operation *)self;
    (void)none;
    return graph_context(op->graph, weft_node_context(op->node));
}

PyObject *operation_set_context(PyObject *self, PyObject *x)
{
    struct weft_context *c;
    if (!context_from(x, &c))
        return NULL;
    weft_node_set_context(((struct operation *)self)->node, c);
    Py_RETURN_NONE;
}

bool context_types(PyObject *module)
{
    return add_type(module, &context_spec, "Context", &context_type);
}
