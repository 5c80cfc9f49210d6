/* interrupt.c - Ctrl-C while a step runs: it is cancelled, then Python has its say. */
#include "run.h"

#include <signal.h>

unsigned long main_thread;

static volatile int interrupted;
static struct sigaction python_action;  /* what was there before, and is again afterwards */
static bool watching;                   /* the main thread's */

static void on_interrupt(int number)
{
    __atomic_store_n(&interrupted, 1, __ATOMIC_RELAXED);
    if (python_action.sa_handler != SIG_DFL && python_action.sa_handler != SIG_IGN)
        python_action.sa_handler(number);
}

static bool watch(void)
{
    static const struct sigaction ours = { .sa_handler = on_interrupt };
    if (watching || PyThread_get_thread_ident() != main_thread)
        return false;                   /* it may be a run inside a run, by way of tf.py_func */
    __atomic_store_n(&interrupted, 0, __ATOMIC_RELAXED);
    if (sigaction(SIGINT, &ours, &python_action))
        return false;
    watching = !(python_action.sa_flags & SA_SIGINFO) && python_action.sa_handler != SIG_DFL &&
               python_action.sa_handler != SIG_IGN;
    if (!watching)
        sigaction(SIGINT, &python_action, NULL);
    return watching;
}

void unwatch_interrupts(void)
{
    struct sigaction now;
    bool changed = !sigaction(SIGINT, NULL, &now) && now.sa_handler != on_interrupt;
    if (!changed)                       /* by a function of the program that the step ran */
        sigaction(SIGINT, &python_action, NULL);
    watching = false;
}

bool watch_interrupts(struct weft_run_options **options)
{
    static struct weft_run_options *plain;
    if (!watch())
        return false;
    if (!*options && !plain)
        plain = weft_run_options_new();
    if (!*options)
        *options = plain;
    if (*options)
        weft_run_options_cancel(*options, &interrupted);
    return true;
}

PyObject *ended(struct graph *g, struct weft_status *st)
{
    if (weft_status_code(st) == WEFT_CANCELLED && PyErr_CheckSignals() < 0) {
        weft_status_free(st);
        return NULL;
    }
    return raise_run_status(g, st);
}

struct weft_run_options *options_new(long long timeout, bool trace)
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

PyObject *options_done(struct weft_run_options *o, PyObject *result)
{
    struct weft_bytes data = { 0 };
    struct weft_status *st = result ? weft_run_options_metadata(o, &data) : NULL;
    PyObject *pair = NULL;
    if (st) {
        Py_DECREF(result);
        raise_run_status(NULL, st);
    } else if (result)
        pair = Py_BuildValue("(Ny#)", result, data.data ? data.data : "", (Py_ssize_t)data.size);
    weft_bytes_free(&data);
    weft_run_options_free(o);
    return pair;
}
