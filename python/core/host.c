/* host.c - functions of Python's that graphs call: tf.py_func. */
#include "core.h"

#include <stdatomic.h>
#include <time.h>

static PyObject *function;              /* function(token, [array]) -> [array] */
static atomic_int calls;                /* under way */
static atomic_bool ended;               /* the interpreter is about to go */

static struct weft_status *why(void)
{
    PyObject *type, *value, *trace;
    int code = WEFT_UNKNOWN;
    const char *message = "";
    if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
        PyErr_Clear();
        PyErr_SetInterrupt();           /* the run's caller gets it, when the step has ended */
        return weft_status_new(WEFT_CANCELLED, "Interrupted in a function of the program");
    }
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    if (trace)
        PyException_SetTraceback(value, trace);
    PyObject *pair = PyObject_CallOneArg(hooks.host_error, value);
    if (!pair || !PyArg_ParseTuple(pair, "is", &code, &message))
        PyErr_Clear();
    struct weft_status *st = weft_status_new((enum weft_code)code, message);
    Py_XDECREF(pair);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(trace);
    return st;
}

static PyObject *arrays(struct weft_tensor *const *in, int n)
{
    PyObject *list = PyList_New(n);
    for (int i = 0; i < n && list; i++) {
        PyObject *a = array_from(weft_tensor_ref(in[i]));
        if (a)
            PyList_SET_ITEM(list, i, a);
        else
            Py_CLEAR(list);
    }
    return list;
}

static bool take(PyObject *list, const enum weft_dtype *dtypes, struct weft_tensor **out, int n)
{
    bool unfit;
    for (int i = 0; i < n; i++) {
        PyObject *x = PyList_GET_ITEM(list, i);
        out[i] = tensor_from(x, (int)dtypes[i], &unfit);
        if (!out[i] && unfit)
            out[i] = tensor_from_array(x, (int)dtypes[i]);
        if (!out[i])
            return false;
    }
    return true;
}

static struct weft_status *call_python(const char *token, struct weft_tensor *const *in, int n_in,
                                       const enum weft_dtype *dtypes, struct weft_tensor **out,
                                       int n_out)
{
    PyGILState_STATE lock = PyGILState_Ensure();
    PyObject *given = arrays(in, n_in);
    PyObject *list = given ? PyObject_CallFunction(function, "sO", token, given) : NULL;
    struct weft_status *st = NULL;
    for (int i = 0; i < n_out; i++)
        out[i] = NULL;
    if (list && !PyList_Check(list))
        PyErr_Format(PyExc_TypeError, "%s returns %R, not a list", token, list);
    else if (list && PyList_GET_SIZE(list) != n_out)
        PyErr_Format(PyExc_ValueError, "%s returns %zd values, but expects to see %d values.",
                     token, PyList_GET_SIZE(list), n_out);
    if (!list || PyErr_Occurred() || !take(list, dtypes, out, n_out)) {
        st = why();
        for (int i = 0; i < n_out; i++) {
            weft_tensor_free(out[i]);
            out[i] = NULL;
        }
    }
    Py_XDECREF(given);
    Py_XDECREF(list);
    PyGILState_Release(lock);
    return st;
}

/* A thread that asks for the interpreter's lock when the interpreter ends is ended itself, and whoever
 * waits for what it does waits for ever: so none asks any more. */
static struct weft_status *call(const char *token, struct weft_tensor *const *in, int n_in,
                                const enum weft_dtype *dtypes, struct weft_tensor **out, int n_out)
{
    atomic_fetch_add(&calls, 1);
    struct weft_status *st =
        atomic_load(&ended) ? weft_status_new(WEFT_CANCELLED, "The program has come to its end")
                            : call_python(token, in, n_in, dtypes, out, n_out);
    atomic_fetch_sub(&calls, 1);
    return st;
}

/* Calls under way get two seconds to end: one that sleeps for ever must not hold up the exit. */
PyObject *core_end_host_calls(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    atomic_store(&ended, true);
    Py_BEGIN_ALLOW_THREADS
    for (int i = 0; i < 2000 && atomic_load(&calls); i++)
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

PyObject *core_set_host_function(PyObject *self, PyObject *f)
{
    (void)self;
    Py_XSETREF(function, Py_NewRef(f));
    weft_set_host_function(call);
    Py_RETURN_NONE;
}
