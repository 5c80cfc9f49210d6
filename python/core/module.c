/* module.c - weft._core: its types, and what Python tells it at the start. */
#include "core.h"

#include <stdlib.h>

struct hooks hooks;

/* set_hooks(**hooks): every field of `struct hooks` by its name. */
static PyObject *set_hooks(PyObject *self, PyObject *args, PyObject *keywords)
{
    static const struct { const char *name; PyObject **to; } all[] = {
        { "Graph", &hooks.Graph }, { "Tensor", &hooks.Tensor }, { "Operation", &hooks.Operation },
        { "dtypes", &hooks.dtypes }, { "as_dtype", &hooks.as_dtype },
        { "TensorShape", &hooks.TensorShape }, { "convert", &hooks.convert },
        { "constant", &hooks.constant }, { "graph_of", &hooks.graph_of },
        { "build_error", &hooks.build_error }, { "run_error", &hooks.run_error },
        { "result_type", &hooks.result_type }, { "feed_items", &hooks.feed_items },
        { "feed_value", &hooks.feed_value }, { "feed_refused", &hooks.feed_refused },
        { "fetch_items", &hooks.fetch_items }, { "device_of", &hooks.device_of },
        { "shape_of", &hooks.shape_of }, { "traced_call", &hooks.traced_call },
        { "host_error", &hooks.host_error }, { "context_class", &hooks.context_class },
    };
    (void)self, (void)args;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        PyObject *x = keywords ? PyDict_GetItemString(keywords, all[i].name) : NULL;
        if (x)
            Py_XSETREF(*all[i].to, Py_NewRef(x));
        else if (!*all[i].to) {
            PyErr_Format(PyExc_TypeError, "set_hooks() is not told '%s'", all[i].name);
            return NULL;
        }
    }
    Py_RETURN_NONE;
}

static PyObject *functions_dict(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    return op_functions();
}

static PyObject *set_library(PyObject *self, PyObject *args)
{
    const char *folder;
    (void)self;
    if (!PyArg_ParseTuple(args, "sk", &folder, &main_thread))
        return NULL;
    traces_library(folder);
    Py_RETURN_NONE;
}

static PyObject *make_array(PyObject *self, PyObject *args)
{
    PyObject *value, *dtype;
    bool unfit;
    (void)self;
    if (!PyArg_ParseTuple(args, "OO", &value, &dtype))
        return NULL;
    int number = dtype == Py_None ? 0 : dtype_number(dtype);
    if (PyErr_Occurred())
        return NULL;
    struct weft_tensor *t = tensor_from(value, number, &unfit);
    return t ? array_from(t) : unfit ? Py_NewRef(Py_None) : NULL;
}

static PyObject *reset(PyObject *self, PyObject *args)
{
    const char *target;
    PyObject *names;
    struct weft_status *st = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "sO!", &target, &PyTuple_Type, &names))
        return NULL;
    int n = (int)PyTuple_GET_SIZE(names);
    const char **name = malloc(((size_t)n + 1) * sizeof *name);
    if (!name)
        return PyErr_NoMemory();
    for (int i = 0; i < n && !PyErr_Occurred(); i++)
        name[i] = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i));
    if (!PyErr_Occurred()) {
        Py_BEGIN_ALLOW_THREADS
        st = weft_reset(target, name, n);
        Py_END_ALLOW_THREADS
    }
    free(name);
    if (PyErr_Occurred())
        return NULL;
    if (st)
        return raise_run_status(NULL, st);
    Py_RETURN_NONE;
}

static PyObject *memory_in_use(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    return PyLong_FromSize_t(weft_memory_in_use());
}

static PyObject *set_threads(PyObject *self, PyObject *n)
{
    (void)self;
    long threads = PyLong_AsLong(n);
    if (PyErr_Occurred())
        return NULL;
    weft_set_threads((int)threads);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    { "set_hooks", (PyCFunction)(void (*)(void))set_hooks, METH_VARARGS | METH_KEYWORDS,
      "What C asks Python for." },
    { "set_library", set_library, METH_VARARGS,
      "(folder, main thread): frames of its files are left out of traces." },
    { "constant", (PyCFunction)(void (*)(void))core_constant, METH_FASTCALL,
      "(value, dtype, name): a Const, or None where Python has to look first." },
    { "op_functions", functions_dict, METH_NOARGS, "{op type: callable}" },
    { "gradients", core_gradients, METH_VARARGS,
      "(graph, ys, xs, grad_ys, stop, scope, colocate, gate, function)" },
    { "set_host_function", core_set_host_function, METH_O, "function(token, arrays) -> arrays" },
    { "end_host_calls", core_end_host_calls, METH_NOARGS,
      "The interpreter is about to go: no function is called any more." },
    { "graph_export", core_graph_export, METH_VARARGS, "(graph, shapes): a GraphDef's bytes." },
    { "op_export", core_op_export, METH_O, "(op type): a serialized OpDef." },
    { "node_export", core_node_export, METH_O, "A NodeDef's bytes." },
    { "graph_import", core_graph_import, METH_VARARGS,
      "(graph, GraphDef, prefix, [(key, element)], [name], OpList or None): the elements named, "
      "the keys unused" },
    { "function_define", core_function_define, METH_VARARGS,
      "(graph, name, hashed, description or None, inputs, outputs, output names, controls, attrs): "
      "a FunctionDef's bytes" },
    { "function_add", core_function_add, METH_VARARGS,
      "(graph, FunctionDef, name of its gradient or None)" },
    { "function_names", core_function_names, METH_O, "Those of the graph's functions, a list." },
    { "function_get", core_function_get, METH_VARARGS,
      "(graph, name): (a FunctionDef's bytes, the name of its gradient or None)" },
    { "function_call", core_function_call, METH_VARARGS,
      "(graph, function, name, [Tensor], attrs): the Operation" },
    { "make_array", make_array, METH_VARARGS, "(value, dtype): as a feed has it, or None." },
    { "reset", reset, METH_VARARGS, "(target, containers)" },
    { "memory_in_use", memory_in_use, METH_NOARGS, "Bytes that the library holds." },
    { "set_threads", set_threads, METH_O, "Threads that kernels may use; 0: all CPUs." },
    { NULL, NULL, 0, NULL }
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "weft._core", "Graphs and sessions in C; see weft.", -1, functions,
    NULL, NULL, NULL, NULL
};

PyMODINIT_FUNC PyInit__core(void);
PyMODINIT_FUNC PyInit__core(void)
{
    PyObject *m = PyModule_Create(&definition);
    if (m && convert_ready() && graph_types(m) && facade_types(m) && op_types(m) &&
        context_types(m) &&
        add_type(m, &session_spec, "Session", NULL) &&
        add_type(m, &callable_spec, "Callable", &callable_type) &&
        add_type(m, &partial_spec, "Partial", &partial_type) &&
        add_type(m, &server_spec, "Server", NULL) &&
        add_type(m, &checkpoint_spec, "CheckpointReader", NULL) &&
        add_type(m, &record_writer_spec, "RecordWriter", NULL) &&
        add_type(m, &record_reader_spec, "RecordReader", NULL) &&
        add_type(m, &event_writer_spec, "EventWriter", NULL) &&
        PyModule_AddStringConstant(m, "version", weft_version()) == 0)
        return m;
    Py_XDECREF(m);
    return NULL;
}
