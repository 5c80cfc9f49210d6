/* op.c - a callable for each op type, made from the library's own rows: gen.MatMul(a, b, ...).
 *
 * Arguments are the row's inputs, then the attributes that inputs do not tell (those without a
 * default first), then `name`. What is no Tensor yet becomes one inside the new operation's name
 * scope, in the order of the row, as TensorFlow does it: names and numbers depend on that. */
#include "making.h"

#include <structmember.h>

#include <stdlib.h>
#include <string.h>

static PyTypeObject *function_type;
static PyObject *name_keyword;          /* "name" */

/* ---- memory for one call ---- */

void *scratch_get(struct scratch *s, size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (s->used + bytes <= ROOM) {
        void *p = s->room + s->used;
        s->used += bytes;
        return memset(p, 0, bytes);
    }
    void *p = s->n < MOST_PIECES ? calloc(1, bytes) : NULL;
    if (!p)
        PyErr_NoMemory();
    else
        s->piece[s->n++] = p;
    return p;
}

void scratch_end(struct scratch *s)
{
    for (int i = 0; i < s->n; i++)
        free(s->piece[i]);
}

bool keep(struct making *m, PyObject *x)
{
    if (!m->keep && !(m->keep = PyList_New(0)))
        return false;
    return PyList_Append(m->keep, x) == 0;
}

/* ---- arguments ---- */

static bool take_keyword(struct making *m, PyObject *key, PyObject *value)
{
    const struct op_function *f = m->f;
    PyObject **to = key == name_keyword ? &m->name : NULL;
    for (int i = 0; i < f->n_in && !to; i++)
        if (PyUnicode_Compare(f->in_name[i], key) == 0)
            to = &m->input[i];
    for (int i = 0; i < f->n_attr && !to; i++)
        if (PyUnicode_Compare(f->attr_name[i], key) == 0)
            to = &m->attr[i];
    if (!to && PyUnicode_Compare(key, name_keyword) == 0)
        to = &m->name;
    if (!to)
        PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", f->op, key);
    else if (*to)
        PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", f->op, key);
    else
        *to = value;
    return !PyErr_Occurred();
}

static bool take_arguments(struct making *m, PyObject *const *args, Py_ssize_t n, PyObject *keys)
{
    const struct op_function *f = m->f;
    if (n > f->n_in + f->n_said + 1) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %d positional arguments (%zd given)",
                     f->op, f->n_in + f->n_said + 1, n);
        return false;
    }
    for (Py_ssize_t i = 0; i < n; i++)
        if (i < f->n_in)
            m->input[i] = args[i];
        else if (i < f->n_in + f->n_said)
            m->attr[f->said[i - f->n_in]] = args[i];
        else
            m->name = args[i];
    for (Py_ssize_t i = 0; keys && i < PyTuple_GET_SIZE(keys); i++)
        if (!take_keyword(m, PyTuple_GET_ITEM(keys, i), args[n + i]))
            return false;
    for (int i = 0; i < f->n_in; i++)
        if (!m->input[i]) {
            PyErr_Format(PyExc_TypeError, "%s() missing required argument '%U'", f->op,
                         f->in_name[i]);
            return false;
        }
    return true;
}

/* ---- what comes out ---- */

static PyObject *output_list(struct graph *g, struct weft_node *n, int from, int to)
{
    PyObject *list = PyList_New(to - from);
    for (int i = from; i < to && list; i++) {
        PyObject *t = graph_tensor(g, (struct weft_out){ n, i });
        if (t)
            PyList_SET_ITEM(list, i - from, t);
        else
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *result_type(struct op_function *f)
{
    if (f->result)
        return f->result;
    PyObject *names = PyTuple_New(f->n_out);
    for (int i = 0; i < f->n_out && names; i++) {
        struct weft_op_arg a = weft_op_output(f->def, i);
        PyObject *name = PyUnicode_FromStringAndSize(a.name, a.name_length);
        if (name)
            PyTuple_SET_ITEM(names, i, name);
        else
            Py_CLEAR(names);
    }
    if (names)
        f->result = PyObject_CallFunction(hooks.result_type, "sO", f->op, names);
    Py_XDECREF(names);
    return f->result;
}

static int output_length(const struct weft_node *n, struct op_function *f,
                         const struct weft_op_arg *a)
{
    struct weft_attr value;
    int attr = a->number_attr >= 0 ? a->number_attr : a->is_list ? a->type_attr : -1;
    if (attr < 0)
        return -1;
    struct weft_status *st = weft_node_attr(n, f->attr[attr].name, &value);
    weft_status_free(st);
    return st ? 0 : (int)value.i;
}

static PyObject *results(struct op_function *f, struct graph *g, struct weft_node *n)
{
    if (!weft_node_outputs(n))          /* none at all, or an empty list */
        return graph_facade(g, n);
    struct weft_op_arg first = weft_op_output(f->def, 0);
    if (f->n_out == 1)
        return is_listed(&first) ? output_list(g, n, 0, weft_node_outputs(n))
                                 : graph_tensor(g, (struct weft_out){ n, 0 });
    PyObject *type = result_type(f), *fields = type ? PyTuple_New(f->n_out) : NULL;
    for (int i = 0, at = 0; i < f->n_out && fields; i++) {
        struct weft_op_arg a = weft_op_output(f->def, i);
        int length = output_length(n, f, &a);
        PyObject *field = length < 0 ? graph_tensor(g, (struct weft_out){ n, at })
                                     : output_list(g, n, at, at + length);
        at += length < 0 ? 1 : length;
        if (field)
            PyTuple_SET_ITEM(fields, i, field);
        else
            Py_CLEAR(fields);
    }
    PyObject *result = fields ? PyObject_CallObject(type, fields) : NULL;
    Py_XDECREF(fields);
    return result;
}

/* ---- the call ---- */

static PyObject *make_node(struct making *m)
{
    const char *name = m->prefix ? PyUnicode_AsUTF8(m->prefix)
                     : m->name && m->name != Py_None ? name_text(m->name) : NULL;
    if (!name && PyErr_Occurred())
        return NULL;
    bool ordered = m->g->ordered && weft_op_is_stateful(m->f->def);
    if (!set_gradient(m) || !set_device(m, name ? name : m->f->op))
        return NULL;
    if (name)
        m->out_attr[m->n_out_attr++] = weft_name(name);
    if (ordered && m->g->last)
        m->out_attr[m->n_out_attr++] = weft_after(m->g->last);
    struct weft_out o = weft_op(m->g->g, m->f->op, m->in, m->n_in, m->out_attr, m->n_out_attr);
    if (!o.node)
        return raise_build_error(m->g);
    if (ordered)
        m->g->last = o.node;
    return graph_note(m->g) ? results(m->f, m->g, o.node) : NULL;
}

static PyObject *make(struct making *m, PyObject *const *args, Py_ssize_t n, PyObject *keys)
{
    const struct op_function *f = m->f;
    bool tensors;
    m->input = scratch_get(&m->scratch, (size_t)(f->n_in + 1) * sizeof *m->input);
    m->attr = scratch_get(&m->scratch, (size_t)(f->n_attr + 1) * sizeof *m->attr);
    m->type = scratch_get(&m->scratch, (size_t)(f->n_attr + 1) * sizeof *m->type);
    m->out_attr = scratch_get(&m->scratch, (size_t)(f->n_attr + 4) * sizeof *m->out_attr);
    if (!m->input || !m->attr || !m->type || !m->out_attr || !take_arguments(m, args, n, keys) ||
        !find_graph(m, &tensors) || !set_attrs(m))
        return NULL;
    bool ok = (tensors || open_scope(m)) && convert_inputs(m) && capture_inputs(m);
    close_scope(m);
    return ok ? make_node(m) : NULL;
}

static PyObject *function_call(PyObject *self, PyObject *const *args, size_t n, PyObject *keys)
{
    struct making m;
    memset(&m, 0, offsetof(struct making, scratch));
    m.scratch.used = 0;
    m.scratch.n = 0;
    m.f = (struct op_function *)self;
    PyObject *result = make(&m, args, PyVectorcall_NARGS(n), keys);
    Py_XDECREF((PyObject *)m.g);
    Py_XDECREF(m.prefix);
    Py_XDECREF(m.keep);
    weft_tensor_free(m.value);
    scratch_end(&m.scratch);
    return result;
}

/* ---- the functions as objects ---- */

static void function_dealloc(PyObject *self)
{
    struct op_function *f = (struct op_function *)self;
    PyTypeObject *type = Py_TYPE(self);
    for (int i = 0; i < f->n_in; i++)
        Py_XDECREF(f->in_name[i]);
    for (int i = 0; i < f->n_attr; i++)
        Py_XDECREF(f->attr_name[i]);
    Py_XDECREF(f->result);
    free(f->in);
    free(f->attr);
    free(f->in_name);
    free(f->attr_name);
    free(f->said);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyObject *function_repr(PyObject *self)
{
    return PyUnicode_FromFormat("<op %s>", ((struct op_function *)self)->op);
}

static PyObject *function_name(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(((struct op_function *)self)->op);
}

static PyObject *function_doc(PyObject *self, void *unused)
{
    const struct weft_op_def *d = ((struct op_function *)self)->def;
    (void)unused;
    return PyUnicode_FromFormat("%s\n\n(%s) -> (%s)\n%s", weft_op_doc(d), weft_op_inputs_text(d),
                                weft_op_outputs_text(d), weft_op_attrs_text(d));
}

static PyObject *function_parameters(PyObject *self, void *unused)
{
    struct op_function *f = (struct op_function *)self;
    PyObject *list = PyList_New(0);
    (void)unused;
    for (int i = 0; i < f->n_in && list; i++)
        if (PyList_Append(list, f->in_name[i]) < 0)
            Py_CLEAR(list);
    for (int i = 0; i < f->n_said && list; i++)
        if (PyList_Append(list, f->attr_name[f->said[i]]) < 0)
            Py_CLEAR(list);
    return list;
}

static PyObject *function_stateful(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(weft_op_is_stateful(((struct op_function *)self)->def));
}

static PyGetSetDef function_getset[] = {
    { "__name__", function_name, NULL, NULL, NULL },
    { "__doc__", function_doc, NULL, NULL, NULL },
    { "parameters", function_parameters, NULL, "Names of its arguments, `name` apart.", NULL },
    { "is_stateful", function_stateful, NULL, "May two runs differ?", NULL },
    { NULL, NULL, NULL, NULL, NULL }
};

static PyMemberDef function_members[] = {
    { "__vectorcalloffset__", T_PYSSIZET, offsetof(struct op_function, call), READONLY, NULL },
    { NULL, 0, 0, 0, NULL }
};

static PyType_Slot function_slots[] = {
    { Py_tp_new, not_made_by_hand },
    { Py_tp_call, PyVectorcall_Call },
    { Py_tp_dealloc, function_dealloc },
    { Py_tp_repr, function_repr },
    { Py_tp_getset, function_getset },
    { Py_tp_members, function_members },
    { 0, NULL }
};
static PyType_Spec function_spec = {
    "weft._core.OpFunction", sizeof(struct op_function), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL, function_slots
};

static PyObject *interned(const char *text, int n)
{
    PyObject *x = PyUnicode_FromStringAndSize(text, n);
    if (x)
        PyUnicode_InternInPlace(&x);
    return x;
}

static bool fill(struct op_function *f)
{
    f->in = calloc((size_t)f->n_in + 1, sizeof *f->in);
    f->in_name = calloc((size_t)f->n_in + 1, sizeof *f->in_name);
    f->attr = calloc((size_t)f->n_attr + 1, sizeof *f->attr);
    f->attr_name = calloc((size_t)f->n_attr + 1, sizeof *f->attr_name);
    f->said = calloc((size_t)f->n_attr + 1, sizeof *f->said);
    if (!f->in || !f->in_name || !f->attr || !f->attr_name || !f->said)
        return PyErr_NoMemory();
    for (int i = 0; i < f->n_in; i++) {
        f->in[i] = weft_op_input(f->def, i);
        if (!(f->in_name[i] = interned(f->in[i].name, f->in[i].name_length)))
            return false;
    }
    for (int i = 0; i < f->n_attr; i++) {
        f->attr[i] = weft_op_attr(f->def, i);
        if (!(f->attr_name[i] = interned(f->attr[i].name, (int)strlen(f->attr[i].name))))
            return false;
    }
    for (int with_default = 0; with_default < 2; with_default++)
        for (int i = 0; i < f->n_attr; i++)
            if (!f->attr[i].is_inferred && f->attr[i].has_default == with_default)
                f->said[f->n_said++] = i;
    return true;
}

static PyObject *function_new(const struct weft_op_def *d)
{
    struct op_function *f = PyObject_New(struct op_function, function_type);
    if (!f)
        return NULL;
    memset((char *)f + sizeof(PyObject), 0, sizeof *f - sizeof(PyObject));
    f->call = function_call;
    f->def = d;
    f->op = weft_op_name(d);
    f->n_in = weft_op_inputs(d);
    f->n_attr = weft_op_attrs(d);
    f->n_out = weft_op_outputs(d);
    if (fill(f))
        return (PyObject *)f;
    Py_DECREF((PyObject *)f);
    return NULL;
}

PyObject *op_functions(void)
{
    PyObject *all = PyDict_New();
    for (int i = 0; i < weft_op_count() && all; i++) {
        PyObject *f = function_new(weft_op_at(i));
        if (!f || PyDict_SetItemString(all, ((struct op_function *)f)->op, f) < 0)
            Py_CLEAR(all);
        Py_XDECREF(f);
    }
    return all;
}

/* constant(value, dtype or None, name): in the default graph; None where Python has to look at the
 * value, or at the graph's scopes, first. */
PyObject *core_constant(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    const char *name = n == 3 && args[2] != Py_None ? name_text(args[2]) : NULL;
    bool unfit = true;
    (void)self;
    if (PyErr_Occurred())
        return NULL;
    int dtype = !name || args[1] == Py_None ? 0 : dtype_number(args[1]);
    struct graph *g = PyErr_Occurred() ? NULL : default_graph();    /* no Python runs below */
    if (!g)
        return NULL;
    if (!name || g->device_functions || g->overrides)
        Py_RETURN_NONE;
    struct weft_tensor *t = tensor_from(args[0], dtype, &unfit);
    if (!t)
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    struct weft_out o = weft_const_named(g->g, name, t);
    weft_tensor_free(t);
    if (!o.node)
        return raise_build_error(g);
    return graph_note(g) ? graph_tensor(g, o) : NULL;
}

bool op_types(PyObject *module)
{
    function_type = (PyTypeObject *)PyType_FromSpec(&function_spec);
    name_keyword = PyUnicode_InternFromString("name");
    return name_keyword && function_type &&
           PyModule_AddObject(module, "OpFunction", Py_NewRef((PyObject *)function_type)) == 0;
}
