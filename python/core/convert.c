/* convert.c - values of Python and NumPy to tensors and back, without a copy where the memory fits
 * as it is and its lifetime allows. */
#include "core.h"

#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>
#include <string.h>

bool convert_ready(void)
{
    import_array1(false);
    return true;
}

/* ---- dtypes ---- */

/* bfloat16 and quantized types have none of NumPy's: they travel as integers. */
static const int numpy_type[] = {
    [WEFT_FLOAT] = NPY_FLOAT32, [WEFT_DOUBLE] = NPY_FLOAT64, [WEFT_INT32] = NPY_INT32,
    [WEFT_UINT8] = NPY_UINT8, [WEFT_INT16] = NPY_INT16, [WEFT_INT8] = NPY_INT8,
    [WEFT_STRING] = NPY_OBJECT, [WEFT_COMPLEX64] = NPY_COMPLEX64, [WEFT_INT64] = NPY_INT64,
    [WEFT_BOOL] = NPY_BOOL, [WEFT_QINT8] = NPY_INT8, [WEFT_QUINT8] = NPY_UINT8,
    [WEFT_QINT32] = NPY_INT32, [WEFT_BFLOAT16] = NPY_UINT16, [WEFT_QINT16] = NPY_INT16,
    [WEFT_QUINT16] = NPY_UINT16, [WEFT_UINT16] = NPY_UINT16, [WEFT_COMPLEX128] = NPY_COMPLEX128,
    [WEFT_HALF] = NPY_FLOAT16, [WEFT_RESOURCE] = -1, [WEFT_VARIANT] = -1,
    [WEFT_UINT32] = NPY_UINT32, [WEFT_UINT64] = NPY_UINT64
};

static int numpy_of(int dtype)
{
    int n = sizeof numpy_type / sizeof *numpy_type;
    return dtype > 0 && dtype < n ? numpy_type[dtype] : -1;
}

/* What NumPy has no name for is a structure of one field, whose name says it: "quint8". */
static int dtype_of_field(PyArrayObject *a)
{
    PyObject *names = PyObject_GetAttrString((PyObject *)PyArray_DESCR(a), "names");
    PyObject *name = names && PyTuple_Check(names) && PyTuple_GET_SIZE(names) == 1
                         ? PyTuple_GET_ITEM(names, 0) : NULL;
    int n = sizeof numpy_type / sizeof *numpy_type, found = 0;
    for (int t = 1; name && t < n; t++)
        if ((t == WEFT_BFLOAT16 || weft_dtype_name(t)[0] == 'q') &&
            !PyUnicode_CompareWithASCIIString(name, weft_dtype_name(t)))
            found = t;
    Py_XDECREF(names);
    PyErr_Clear();
    return found;
}

/* 0: there is none. */
static int dtype_of(PyArrayObject *a)
{
    switch (PyArray_TYPE(a)) {
    case NPY_BOOL: return WEFT_BOOL;
    case NPY_FLOAT16: return WEFT_HALF;
    case NPY_FLOAT32: return WEFT_FLOAT;
    case NPY_FLOAT64: return WEFT_DOUBLE;
    case NPY_COMPLEX64: return WEFT_COMPLEX64;
    case NPY_COMPLEX128: return WEFT_COMPLEX128;
    case NPY_OBJECT: case NPY_STRING: case NPY_UNICODE: return WEFT_STRING;
    case NPY_VOID: return dtype_of_field(a);
    default: break;
    }
    if (!PyArray_ISINTEGER(a))
        return 0;
    bool is_signed = PyArray_ISSIGNED(a);
    switch (PyArray_ITEMSIZE(a)) {
    case 1: return is_signed ? WEFT_INT8 : WEFT_UINT8;
    case 2: return is_signed ? WEFT_INT16 : WEFT_UINT16;
    case 4: return is_signed ? WEFT_INT32 : WEFT_UINT32;
    default: return is_signed ? WEFT_INT64 : WEFT_UINT64;
    }
}

/* ---- names ---- */

const char *name_text(PyObject *x)
{
    const char *text = NULL;
    Py_ssize_t n = 0;
    if (PyUnicode_Check(x)) {
        text = PyUnicode_AsUTF8AndSize(x, &n);
    } else if (PyBytes_Check(x)) {
        text = PyBytes_AS_STRING(x);
        n = PyBytes_GET_SIZE(x);
    } else {
        PyErr_Format(PyExc_TypeError, "Names are strings (or similar), not %s.",
                     Py_TYPE(x)->tp_name);
    }
    if (!text || strlen(text) == (size_t)n)
        return text;
    PyErr_Format(PyExc_ValueError, "%R is not a valid node name", x);
    return NULL;
}

/* ---- arrays to tensors ---- */

/* False: an exception is set. */
static bool fine(struct weft_status *st)
{
    if (!st)
        return true;
    PyErr_SetString(weft_status_code(st) == WEFT_RESOURCE_EXHAUSTED ? PyExc_MemoryError
                                                                    : PyExc_ValueError,
                    weft_status_message(st));
    weft_status_free(st);
    return false;
}

static bool dims_of(PyArrayObject *a, int64_t *dims)
{
    if (PyArray_NDIM(a) > WEFT_MAX_RANK) {
        PyErr_Format(PyExc_ValueError, "Expected at most %d dimensions, got %d", WEFT_MAX_RANK,
                     PyArray_NDIM(a));
        return false;
    }
    for (int i = 0; i < PyArray_NDIM(a); i++)
        dims[i] = PyArray_DIM(a, i);
    return true;
}

static bool set_string(struct weft_tensor *t, int64_t i, PyObject *x)
{
    Py_ssize_t n;
    const char *bytes;
    if (PyUnicode_Check(x)) {
        if (!(bytes = PyUnicode_AsUTF8AndSize(x, &n)))
            return false;
    } else if (PyBytes_Check(x)) {
        bytes = PyBytes_AS_STRING(x);
        n = PyBytes_GET_SIZE(x);
    } else {
        PyErr_Format(PyExc_TypeError, "Expected binary or unicode string, got %R", x);
        return false;
    }
    return fine(weft_tensor_set_string(t, i, bytes, (size_t)n));
}

/* NumPy cuts the NULs off the end of its own strings, and so do we. */
static struct weft_tensor *strings_from(PyArrayObject *a)
{
    int64_t dims[WEFT_MAX_RANK];
    struct weft_tensor *t = NULL;
    PyObject *flat = dims_of(a, dims) ? PyArray_Ravel(a, NPY_CORDER) : NULL;
    if (flat && !fine(weft_tensor_new(WEFT_STRING, PyArray_NDIM(a), dims, NULL, &t)))
        t = NULL;
    for (int64_t i = 0; t && i < weft_tensor_count(t); i++) {
        PyObject *x = PyArray_GETITEM((PyArrayObject *)flat,
                                      PyArray_GETPTR1((PyArrayObject *)flat, i));
        if (!x || !set_string(t, i, x)) {
            weft_tensor_free(t);
            t = NULL;
        }
        Py_XDECREF(x);
    }
    Py_XDECREF(flat);
    return t;
}

static void drop_array(void *array, void *data, size_t bytes)
{
    (void)data, (void)bytes;
    if (!Py_IsInitialized())            /* the interpreter has ended, and its objects with it */
        return;
    PyGILState_STATE lock = PyGILState_Ensure();
    Py_DECREF((PyObject *)array);
    PyGILState_Release(lock);
}

enum { COPIED = 4096 };                 /* bytes that are sooner copied than lent */

/* Contiguous, aligned, native: as a tensor wants it. */
static struct weft_tensor *plain_tensor(PyArrayObject *a, int dtype)
{
    int64_t dims[WEFT_MAX_RANK];
    struct weft_tensor *t = NULL;
    if (!dims_of(a, dims))
        return NULL;
    if (PyArray_NBYTES(a) <= COPIED)
        return fine(weft_tensor_new((enum weft_dtype)dtype, PyArray_NDIM(a), dims,
                                    PyArray_DATA(a), &t)) ? t : NULL;
    if (!fine(weft_tensor_wrap((enum weft_dtype)dtype, PyArray_NDIM(a), dims, PyArray_DATA(a),
                               drop_array, a, &t)))
        return NULL;
    Py_INCREF(a);
    return t;
}

struct weft_tensor *tensor_from_array(PyObject *array, int dtype)
{
    PyArrayObject *a = (PyArrayObject *)array;
    int want = numpy_of(dtype);
    if (dtype == WEFT_STRING)
        return strings_from(a);
    if (want < 0) {
        PyErr_SetString(PyExc_TypeError, "A value of this type cannot be made from an array");
        return NULL;
    }
    PyObject *fit = PyArray_FromArray(a, PyArray_DescrFromType(want),
                                      NPY_ARRAY_CARRAY_RO | NPY_ARRAY_NOTSWAPPED |
                                      NPY_ARRAY_FORCECAST);
    struct weft_tensor *t = fit ? plain_tensor((PyArrayObject *)fit, dtype) : NULL;
    Py_XDECREF(fit);
    return t;
}

/* ---- scalars of Python ---- */

static bool fits(int dtype, PyObject *value, double *number)
{
    bool floating = dtype == WEFT_FLOAT || dtype == WEFT_DOUBLE || dtype == WEFT_HALF;
    if (PyFloat_CheckExact(value)) {
        *number = PyFloat_AS_DOUBLE(value);
        return floating;
    }
    if (PyBool_Check(value)) {
        *number = value == Py_True;
        return dtype == WEFT_BOOL;
    }
    int overflow;
    long n = PyLong_CheckExact(value) ? PyLong_AsLongAndOverflow(value, &overflow) : 0;
    *number = (double)n;
    if (!PyLong_CheckExact(value) || overflow || n > (1L << 53) || n < -(1L << 53))
        return false;
    return floating || dtype == WEFT_INT64 ||
           (dtype == WEFT_INT32 && n == (int32_t)n) || (dtype == WEFT_UINT8 && n == (uint8_t)n);
}

static int scalar_dtype(PyObject *value)
{
    if (PyFloat_CheckExact(value))
        return WEFT_FLOAT;
    if (PyBool_Check(value))
        return WEFT_BOOL;
    return PyLong_CheckExact(value) ? WEFT_INT32 : 0;
}

static struct weft_tensor *no_memory(struct weft_tensor *t)
{
    if (!t)
        PyErr_NoMemory();
    return t;
}

struct weft_tensor *tensor_from(PyObject *value, int dtype, bool *unfit)
{
    double number;
    int scalar = dtype ? dtype : scalar_dtype(value);
    *unfit = false;
    if (scalar && fits(scalar, value, &number))
        return no_memory(weft_tensor_scalar((enum weft_dtype)scalar, number));
    if (PyUnicode_CheckExact(value) && (!dtype || dtype == WEFT_STRING)) {
        Py_ssize_t n;
        const char *text = PyUnicode_AsUTF8AndSize(value, &n);
        return text ? no_memory(weft_tensor_text(text, (size_t)n)) : NULL;
    }
    if (PyArray_CheckExact(value)) {
        int own = dtype_of((PyArrayObject *)value);
        if (own && (own == WEFT_STRING) == ((dtype ? dtype : own) == WEFT_STRING) &&
            (!dtype || dtype == own))
            return tensor_from_array(value, own);
    }
    *unfit = true;
    return NULL;
}

/* ---- tensors to arrays ---- */

static PyObject *string_at(const struct weft_tensor *t, int64_t i)
{
    size_t n;
    const char *bytes = weft_tensor_string(t, i, &n);
    return PyBytes_FromStringAndSize(bytes, (Py_ssize_t)n);
}

static PyObject *strings_array(const struct weft_tensor *t, int rank, npy_intp *dims)
{
    PyObject *a = PyArray_SimpleNew(rank, dims, NPY_OBJECT);
    PyObject **to = a ? PyArray_DATA((PyArrayObject *)a) : NULL;
    for (int64_t i = 0; a && i < weft_tensor_count(t); i++) {
        PyObject *x = string_at(t, i);
        if (x)
            Py_XSETREF(to[i], x);
        else
            Py_CLEAR(a);
    }
    return a;
}

static void end_loan(PyObject *capsule)
{
    weft_tensor_free(PyCapsule_GetPointer(capsule, NULL));
}

/* The array is the tensor's memory, which it keeps alive and alone may write to. */
static PyObject *lent_array(struct weft_tensor *t, int rank, npy_intp *dims, int type)
{
    PyObject *owner = PyCapsule_New(t, NULL, end_loan);
    if (!owner) {
        weft_tensor_free(t);
        return NULL;
    }
    PyObject *a = PyArray_SimpleNewFromData(rank, dims, type, weft_tensor_data(t));
    if (!a)
        Py_DECREF(owner);
    else if (PyArray_SetBaseObject((PyArrayObject *)a, owner) < 0)
        Py_CLEAR(a);
    return a;
}

static PyObject *copied_array(struct weft_tensor *t, int rank, npy_intp *dims, int type)
{
    PyObject *a = PyArray_SimpleNew(rank, dims, type);
    if (a)
        memcpy(PyArray_DATA((PyArrayObject *)a), weft_tensor_data(t), weft_tensor_bytes(t));
    weft_tensor_free(t);
    return a;
}

static PyObject *scalar_from(const struct weft_tensor *t, int type)
{
    PyArray_Descr *descr = PyArray_DescrFromType(type);
    PyObject *x = descr ? PyArray_Scalar(weft_tensor_data(t), descr, NULL) : NULL;
    Py_XDECREF(descr);
    return x;
}

/* The last handle of an iterator waits for the iterator's threads, which may want Python's lock. */
void drop_tensor(struct weft_tensor *t)
{
    enum weft_dtype dtype = weft_tensor_dtype(t);
    if (dtype != WEFT_RESOURCE && dtype != WEFT_VARIANT) {
        weft_tensor_free(t);
        return;
    }
    Py_BEGIN_ALLOW_THREADS
    weft_tensor_free(t);
    Py_END_ALLOW_THREADS
}

PyObject *array_from(struct weft_tensor *t)
{
    int rank = weft_tensor_rank(t), type = numpy_of((int)weft_tensor_dtype(t));
    npy_intp dims[WEFT_MAX_RANK];
    PyObject *a;
    for (int i = 0; i < rank; i++)
        dims[i] = weft_tensor_dim(t, i);
    if (type >= 0 && type != NPY_OBJECT && rank)
        return weft_tensor_bytes(t) > COPIED && !weft_tensor_is_shared(t)
                   ? lent_array(t, rank, dims, type) : copied_array(t, rank, dims, type);
    if (type < 0)
        a = PyUnicode_FromFormat("<%s>", weft_dtype_name(weft_tensor_dtype(t)));
    else if (type == NPY_OBJECT)
        a = rank ? strings_array(t, rank, dims) : string_at(t, 0);
    else
        a = scalar_from(t, type);
    drop_tensor(t);
    return a;
}
