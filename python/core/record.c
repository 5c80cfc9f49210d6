/* record.c - files of records and event files: tf.python_io, tf.summary.FileWriter.
 * The interpreter's lock is kept throughout: it is what makes a close() in one thread wait for a
 * write in another. */
#include "core.h"

struct record_writer { PyObject_HEAD struct weft_record_writer *w; };
struct record_reader { PyObject_HEAD struct weft_record_reader *r; };
struct event_writer { PyObject_HEAD struct weft_event_writer *w; };

/* None, or the status as an OpError. */
static PyObject *none_or(struct weft_status *st)
{
    if (st)
        return raise_run_status(NULL, st);
    Py_RETURN_NONE;
}

static PyObject *ended(const char *what)
{
    PyErr_Format(PyExc_RuntimeError, "%s is closed.", what);
    return NULL;
}

/* The object made by `st`, which says why if it was not. */
static PyObject *made(PyObject *self, struct weft_status *st)
{
    if (!st)
        return self;
    Py_XDECREF(self);
    return raise_run_status(NULL, st);
}

static void finish(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

/* ---- RecordWriter ---- */

static PyObject *record_writer_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    const char *path, *compression;
    (void)keywords;
    if (!PyArg_ParseTuple(args, "ss", &path, &compression))
        return NULL;
    struct record_writer *self = (struct record_writer *)type->tp_alloc(type, 0);
    return made((PyObject *)self,
                self ? weft_record_writer_new(path, compression, &self->w) : NULL);
}

static PyObject *record_writer_write(PyObject *self, PyObject *record)
{
    struct weft_record_writer *w = ((struct record_writer *)self)->w;
    Py_buffer data;
    if (!w)
        return ended("The writer");
    if (PyObject_GetBuffer(record, &data, PyBUF_SIMPLE) < 0)
        return NULL;
    struct weft_status *st = weft_record_writer_write(w, data.buf, (size_t)data.len);
    PyBuffer_Release(&data);
    return none_or(st);
}

static PyObject *record_writer_flush(PyObject *self, PyObject *none)
{
    struct weft_record_writer *w = ((struct record_writer *)self)->w;
    (void)none;
    return w ? none_or(weft_record_writer_flush(w)) : ended("The writer");
}

static PyObject *record_writer_close(PyObject *self, PyObject *none)
{
    struct record_writer *x = (struct record_writer *)self;
    struct weft_record_writer *w = x->w;
    (void)none;
    x->w = NULL;
    return none_or(weft_record_writer_close(w));
}

static void record_writer_dealloc(PyObject *self)
{
    weft_status_free(weft_record_writer_close(((struct record_writer *)self)->w));
    finish(self);
}

static PyMethodDef record_writer_methods[] = {
    { "write", record_writer_write, METH_O, "(bytes): appends a record." },
    { "flush", record_writer_flush, METH_NOARGS, "What was written is in the file." },
    { "close", record_writer_close, METH_NOARGS, "Ends the file." },
    { NULL, NULL, 0, NULL }
};
static PyType_Slot record_writer_slots[] = {
    { Py_tp_doc, "RecordWriter(path, compression)" },
    { Py_tp_new, record_writer_new },
    { Py_tp_dealloc, record_writer_dealloc },
    { Py_tp_methods, record_writer_methods },
    { 0, NULL }
};
PyType_Spec record_writer_spec = { "weft._core.RecordWriter", sizeof(struct record_writer), 0,
                                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                                   record_writer_slots };

/* ---- RecordReader ---- */

static PyObject *record_reader_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    const char *path, *compression;
    (void)keywords;
    if (!PyArg_ParseTuple(args, "ss", &path, &compression))
        return NULL;
    struct record_reader *self = (struct record_reader *)type->tp_alloc(type, 0);
    return made((PyObject *)self,
                self ? weft_record_reader_new(path, compression, &self->r) : NULL);
}

static PyObject *record_reader_next(PyObject *self)
{
    const void *data;
    size_t n;
    bool done = false;
    struct weft_status *st =
        weft_record_reader_next(((struct record_reader *)self)->r, &data, &n, &done);
    if (st)
        return raise_run_status(NULL, st);
    return done ? NULL : PyBytes_FromStringAndSize(data, (Py_ssize_t)n);
}

static void record_reader_dealloc(PyObject *self)
{
    weft_record_reader_free(((struct record_reader *)self)->r);
    finish(self);
}

static PyType_Slot record_reader_slots[] = {
    { Py_tp_doc, "RecordReader(path, compression): the records of a file, one by one." },
    { Py_tp_new, record_reader_new },
    { Py_tp_dealloc, record_reader_dealloc },
    { Py_tp_iter, PyObject_SelfIter },
    { Py_tp_iternext, record_reader_next },
    { 0, NULL }
};
PyType_Spec record_reader_spec = { "weft._core.RecordReader", sizeof(struct record_reader), 0,
                                   Py_TPFLAGS_DEFAULT, record_reader_slots };

/* ---- EventWriter ---- */

static PyObject *event_writer_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    const char *folder, *suffix;
    (void)keywords;
    if (!PyArg_ParseTuple(args, "ss", &folder, &suffix))
        return NULL;
    struct event_writer *self = (struct event_writer *)type->tp_alloc(type, 0);
    return made((PyObject *)self, self ? weft_event_writer_new(folder, suffix, &self->w) : NULL);
}

static PyObject *event_writer_event(PyObject *self, PyObject *event)
{
    struct weft_event_writer *w = ((struct event_writer *)self)->w;
    char *data;
    Py_ssize_t n;
    if (!w)
        return ended("The event file");
    if (PyBytes_AsStringAndSize(event, &data, &n) < 0)
        return NULL;
    return none_or(weft_event_writer_event(w, data, (size_t)n));
}

static PyObject *event_writer_flush(PyObject *self, PyObject *none)
{
    struct weft_event_writer *w = ((struct event_writer *)self)->w;
    (void)none;
    return w ? none_or(weft_event_writer_flush(w)) : ended("The event file");
}

static PyObject *event_writer_close(PyObject *self, PyObject *none)
{
    struct event_writer *x = (struct event_writer *)self;
    struct weft_event_writer *w = x->w;
    (void)none;
    x->w = NULL;
    return none_or(weft_event_writer_close(w));
}

static PyObject *event_writer_path(PyObject *self, void *unused)
{
    struct weft_event_writer *w = ((struct event_writer *)self)->w;
    (void)unused;
    return w ? PyUnicode_FromString(weft_event_writer_path(w)) : ended("The event file");
}

static void event_writer_dealloc(PyObject *self)
{
    weft_status_free(weft_event_writer_close(((struct event_writer *)self)->w));
    finish(self);
}

static PyGetSetDef event_writer_getset[] = {
    { "path", event_writer_path, NULL, "The file.", NULL },
    { NULL, NULL, NULL, NULL, NULL }
};
static PyMethodDef event_writer_methods[] = {
    { "event", event_writer_event, METH_O, "(bytes): appends a serialized Event." },
    { "flush", event_writer_flush, METH_NOARGS, "What was written is in the file." },
    { "close", event_writer_close, METH_NOARGS, "Ends the file." },
    { NULL, NULL, 0, NULL }
};
static PyType_Slot event_writer_slots[] = {
    { Py_tp_doc, "EventWriter(folder, suffix): a new event file." },
    { Py_tp_new, event_writer_new },
    { Py_tp_dealloc, event_writer_dealloc },
    { Py_tp_getset, event_writer_getset },
    { Py_tp_methods, event_writer_methods },
    { 0, NULL }
};
PyType_Spec event_writer_spec = { "weft._core.EventWriter", sizeof(struct event_writer), 0,
                                  Py_TPFLAGS_DEFAULT, event_writer_slots };
