/* run.h - what Session, Callable and Partial share: a run's feeds and fetches, and Ctrl-C. */
#ifndef CORE_RUN_H
#define CORE_RUN_H

#include "core.h"

struct session {
    PyObject_HEAD
    struct graph *graph;                /* strong */
    struct weft_session *s;
    int closed;
};

/* ---- Ctrl-C: a step of the main thread is cancelled, then Python decides (interrupt.c) ---- */
/* `options` (or one for all runs that have none) end with the signal from now on; true: the caller
 * ends this with unwatch_interrupts() when the step is over. */
bool watch_interrupts(struct weft_run_options **options);
void unwatch_interrupts(void);
/* The exception of a step that failed. Returns NULL. */
PyObject *ended(struct graph *g, struct weft_status *st);
/* RunOptions; NULL: an exception is set. */
struct weft_run_options *options_new(long long timeout, bool trace);
/* Frees them. (result, RunMetadata's bytes), or NULL if `result`, which is taken over, is. */
PyObject *options_done(struct weft_run_options *o, PyObject *result);

/* ---- a request: what is fed and fetched (request.c) ---- */
enum { FEW = 16 };

struct list { void *at, *few; int n, cap; size_t size; };

struct request {
    struct graph *g;
    struct weft_feed few_feeds[FEW];
    struct weft_out few_fetches[FEW];
    struct weft_node *few_targets[FEW];
    int few_order[FEW];
    struct list feeds, fetches, targets;
    struct list order;                  /* of the leaves: a fetch, FED - a feed, or NOTHING */
    PyObject *built;                    /* list: how leaves of other kinds are put together */
};

enum { NOTHING = -1, FED = -2 };

void request_init(struct request *r, struct graph *g);
void request_end(struct request *r);
static inline struct weft_feed *feeds_of(struct request *r) { return r->feeds.at; }

/* False, NULL: an exception is set. */
bool add_feeds(struct request *r, PyObject *feeds);             /* a feed_dict, NULL or None */
bool declare_feeds(struct request *r, PyObject *feeds);         /* Tensors alone, a tuple */
struct weft_out *outs_of(struct request *r);                    /* of the feeds; to be free()d */
struct weft_tensor *feed_tensor(PyObject *tensor, PyObject *value);     /* as np.asarray makes it */
bool shape_fits(struct weft_out o, const struct weft_tensor *t);
bool refused(PyObject *tensor, PyObject *value);                /* says why; false */
/* The structure is walked once to find what to run... */
bool walk(struct request *r, PyObject *fetch);

/* ... and once more to be filled. */
struct filling {
    struct session *session;
    const int *order;                   /* what the next leaf is */
    int left;                           /* how many there are */
    PyObject *const *value;             /* of the fetches */
    const void *fed;                    /* the fed tensors: a pointer every `stride` bytes */
    size_t stride;
    PyObject *built;
    int next_built;
};
/* The fetched tensors, taken over, become values; `fetches` is rebuilt with them. */
PyObject *results(struct filling *f, struct weft_tensor **tensor, PyObject **value, int n,
                  PyObject *fetches);

bool is_open(struct session *s);                                /* or an exception says why not */
PyObject *session_prepare(PyObject *self, PyObject *args);      /* callable.c */
PyObject *session_partial(PyObject *self, PyObject *args);      /* partial.c */

/* The arguments of Session.run(), in order. */
enum { FETCHES, FEEDS, OPTIONS, METADATA, RUN_ARGUMENTS };
int run_argument(PyObject *keyword);                            /* -1: an exception is set */

#endif
