/* trace.c - where each node was made: the frames of the caller's program, kept as code objects and
 * positions, so that nothing of a frame stays alive and lines are looked up only when asked for.
 * Traces of one graph share their outer frames, like branches of a tree. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

struct trace {
    struct trace *outer;                /* NULL: the outermost frame */
    PyObject *code;
    int at;                             /* position in the code; before 3.11 the line */
    struct trace *next;                 /* in its bucket */
};

struct traces {
    struct trace **bucket;
    size_t n_buckets, n;
    struct trace **of;                  /* by node */
    int n_of, cap_of;
};

static char library[4096];              /* "/.../weft/" */
static size_t library_length;

void traces_library(const char *folder)
{
    library_length = strlen(folder) < sizeof library ? strlen(folder) : 0;
    memcpy(library, folder, library_length);
}

struct traces *traces_new(void)
{
    return calloc(1, sizeof(struct traces));
}

void traces_free(struct traces *t)
{
    for (size_t i = 0; t && i < t->n_buckets; i++)
        for (struct trace *x = t->bucket[i], *next; x; x = next) {
            next = x->next;
            Py_DECREF(x->code);
            free(x);
        }
    if (t) {
        free(t->bucket);
        free(t->of);
    }
    free(t);
}

static size_t hash(const struct trace *outer, const PyObject *code, int at)
{
    uint64_t h = (uintptr_t)outer * 0x9E3779B97F4A7C15u ^ (uintptr_t)code;
    return (size_t)((h ^ (uint64_t)at << 40) * 0x9E3779B97F4A7C15u >> 20);
}

static bool grow(struct traces *t)
{
    size_t n = t->n_buckets ? 2 * t->n_buckets : 64;
    struct trace **bucket = calloc(n, sizeof *bucket);
    if (!bucket)
        return false;
    for (size_t i = 0; i < t->n_buckets; i++)
        for (struct trace *x = t->bucket[i], *next; x; x = next) {
            struct trace **to = &bucket[hash(x->outer, x->code, x->at) & (n - 1)];
            next = x->next;
            x->next = *to;
            *to = x;
        }
    free(t->bucket);
    t->bucket = bucket;
    t->n_buckets = n;
    return true;
}

static struct trace *find(struct traces *t, struct trace *outer, PyObject *code, int at)
{
    if (t->n >= t->n_buckets && !grow(t))
        return NULL;
    struct trace **to = &t->bucket[hash(outer, code, at) & (t->n_buckets - 1)];
    for (struct trace *x = *to; x; x = x->next)
        if (x->outer == outer && x->code == code && x->at == at)
            return x;
    struct trace *x = malloc(sizeof *x);
    if (!x)
        return NULL;
    *x = (struct trace){ outer, Py_NewRef(code), at, *to };
    t->n++;
    return *to = x;
}

static bool is_ours(PyObject *code)
{
    Py_ssize_t n;
    const char *file = PyUnicode_AsUTF8AndSize(((PyCodeObject *)code)->co_filename, &n);
    if (!file)
        PyErr_Clear();
    return file && library_length && (size_t)n >= library_length &&
           !memcmp(file, library, library_length);
}

static int position(PyFrameObject *f)
{
#if PY_VERSION_HEX >= 0x030B0000
    return PyFrame_GetLasti(f);
#else
    return PyFrame_GetLineNumber(f);
#endif
}

static int line_of(const struct trace *x)
{
#if PY_VERSION_HEX >= 0x030B0000
    return PyCode_Addr2Line((PyCodeObject *)x->code, x->at);
#else
    return x->at;
#endif
}

enum { DEEPEST = 100 };                 /* frames kept of one trace, the innermost */

struct frames { PyObject *code[DEEPEST]; int at[DEEPEST], n; };

/* Innermost first. */
static void collect(struct frames *to)
{
    PyFrameObject *f = PyThreadState_GetFrame(PyThreadState_Get());
    while (f) {
        PyObject *code = (PyObject *)PyFrame_GetCode(f);
        PyFrameObject *back = PyFrame_GetBack(f);
        if (to->n < DEEPEST && !is_ours(code)) {
            to->code[to->n] = code;
            to->at[to->n++] = position(f);
        } else {
            Py_DECREF(code);
        }
        Py_DECREF(f);
        f = back;
    }
}

static struct trace *here(struct traces *t)
{
    struct frames frames;
    struct trace *x = NULL;
    frames.n = 0;
    collect(&frames);
    for (int i = frames.n; i-- > 0;) {
        x = find(t, x, frames.code[i], frames.at[i]);
        Py_DECREF(frames.code[i]);
    }
    return x;
}

bool traces_note(struct traces *t, int n)
{
    if (n > t->cap_of) {
        int cap = 2 * n + 64;
        struct trace **of = realloc(t->of, (size_t)cap * sizeof *of);
        if (!of) {
            PyErr_NoMemory();
            return false;
        }
        t->of = of;
        t->cap_of = cap;
    }
    struct trace *x = n > t->n_of ? here(t) : NULL;
    while (t->n_of < n)
        t->of[t->n_of++] = x;
    return true;
}

PyObject *traces_get(struct traces *t, int i)
{
    PyObject *list = PyList_New(0);
    for (struct trace *x = i < t->n_of ? t->of[i] : NULL; x && list; x = x->outer) {
        PyCodeObject *code = (PyCodeObject *)x->code;
        PyObject *entry = Py_BuildValue("(OiO)", code->co_filename, line_of(x), code->co_name);
        if (!entry || PyList_Append(list, entry) < 0)
            Py_CLEAR(list);
        Py_XDECREF(entry);
    }
    if (list && PyList_Reverse(list) < 0)
        Py_CLEAR(list);
    return list;
}
