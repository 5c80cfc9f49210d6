/* making.h - one call of an op's function, while a node is made: op.c leads through it. */
#ifndef CORE_MAKING_H
#define CORE_MAKING_H

#include "core.h"

struct op_function {
    PyObject_HEAD
    vectorcallfunc call;
    const struct weft_op_def *def;
    const char *op;
    int n_in, n_attr, n_out, n_said;
    struct weft_op_arg *in;
    struct weft_op_attr *attr;
    PyObject **in_name, **attr_name;    /* interned */
    int *said;                          /* the attributes that a caller says, in order */
    PyObject *result;                   /* namedtuple of several outputs, once needed */
};

/* Memory for one call: zeroed; scratch_end() gives it back. NULL: an exception is set. */
enum { ROOM = 3072, MOST_PIECES = 64 };

struct scratch { char room[ROOM]; size_t used; void *piece[MOST_PIECES]; int n; };
void *scratch_get(struct scratch *s, size_t bytes);
void scratch_end(struct scratch *s);

struct making {
    struct op_function *f;
    struct graph *g;                    /* strong */
    PyObject **input, **attr, *name;    /* as given, borrowed; NULL: not given */
    struct weft_out *in;
    int n_in, cap_in;
    int *type;                          /* by attribute, what is known by now, or 0: a dtype; for
                                         * how many inputs a list has, one more than that */
    struct weft_attr *out_attr;
    int n_out_attr;
    PyObject *prefix;                   /* of the scope that was opened, or NULL */
    bool entered;                       /* the graph was made the default one */
    PyObject *keep;                     /* list: objects whose memory is pointed to, or NULL */
    struct weft_tensor *value;          /* of a tensor attribute */
    struct scratch scratch;
};

/* All return false with an exception set. */
bool keep(struct making *m, PyObject *x);       /* alive until the node is made */

/* ---- op_inputs.c ---- */
bool find_graph(struct making *m, bool *tensors);       /* are all inputs Tensors already? */
bool open_scope(struct making *m);                      /* in which values become tensors */
void close_scope(struct making *m);                     /* safe with an exception set */
bool convert_inputs(struct making *m);
bool capture_inputs(struct making *m);          /* those of other graphs, in a function's body */

/* ---- op_attrs.c ---- */
bool set_attrs(struct making *m);               /* those that the caller said */
bool set_gradient(struct making *m);            /* what the graph's gradient_override_map says */
bool set_device(struct making *m, const char *name);    /* what device functions say */

static inline bool is_listed(const struct weft_op_arg *a)
{ return a->number_attr >= 0 || a->is_list; }

#endif
