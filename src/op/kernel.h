/* kernel.h - what a running kernel sees. A kernel reads its inputs, asks for
 * its outputs, and never frees anything. */
#ifndef OP_KERNEL_H
#define OP_KERNEL_H

#include "op/op.h"
#include "op/variable.h"

#include <stdatomic.h>

struct compiler;                    /* of plans: see op/callee.h */

/* While a plan is compiled: decode attributes once, choose the kernel. */
struct prep {
    const struct node *node;
    const char *name;               /* the node's */
    struct arena *arena;            /* the plan's: the state lives as long */
    struct resources *resources;    /* the session's; NULL where a value is computed while a graph
                                     * is built or folded: stateful ops never are */
    kernel_fn *run;
    const void *state;
    struct resource *bound;         /* a reference the plan will give back; prepare() sets it */
    struct compiler *compiler;      /* for prep_callee(); NULL as above */
    unsigned flags;                 /* the node's besides its op's, for executors */
};

/* What ends a run early: either is NULL, or no longer 0. The second one is the caller's, whom
 * nobody announces: it must be looked at. Who waits in a run looks, too, whether another step of it
 * has failed, or of a run that this one is a part of (op/wait.h). */
struct stop {
    const atomic_int *cancelled;
    const volatile int *interrupt;
    const atomic_bool *failed;
    const struct stop *outer;
};

/* Executors ask before each step, kernels that block ask while they wait. */
static inline bool stop_asked(struct stop s)
{
    return (s.cancelled &&
            __builtin_expect(atomic_load_explicit(s.cancelled, memory_order_relaxed), 0)) ||
           __builtin_expect(s.interrupt && __atomic_load_n(s.interrupt, __ATOMIC_RELAXED), 0);
}

/* What all kernels of one run share. */
struct run_env {
    struct buffer_pool *buffers;    /* NULL: the heap */
    struct buffer *temp;            /* see kernel_temp(): what the kernel that runs was given */
    struct stop stop;
    int threads;                    /* most that pool_for() may use (0: all) */
    int inter;                      /* most steps at a time (0: the pool's) */
    bool may_wait;                  /* see op/wait.h */
    struct buffer *spare;           /* NULL, or room for a scalar that kernel_new() may take */
};

/* While it runs. */
struct kernel {
    struct tensor *slot;            /* where the inputs are read */
    struct tensor *to;              /* where the outputs land */
    const int *in;                  /* slots of the inputs */
    int n_in, out;                  /* slot of the 1st output, in `to` */
    unsigned movable;               /* bit i: input i (< 32) is not used again */
    unsigned unread;                /* bit i: nobody looks at output i (< 32): it may be left out */
    const void *state;              /* what prepare() left */
    const struct node *node;
    struct run_env *env;
};

static inline const struct tensor *kernel_in(const struct kernel *k, int i)
{ return &k->slot[k->in[i]]; }

static inline struct tensor *kernel_out(struct kernel *k, int i)
{ return &k->to[k->out + i]; }

/* The variable that a Ref input refers to, or a variable handle (resource) input names. The
 * latter fails when the handle is of another kind. Borrowed. */
struct variable *kernel_ref(const struct kernel *k, int i);
MUST_CHECK struct status *kernel_resource(const struct kernel *k, int i,
                                          const struct resource_kind *kind, struct resource **r);
/* A whole kernel: output 0 is a handle of the resource that its state is. */
MUST_CHECK struct status *kernel_handle(struct kernel *k);
/* A whole kernel: the reference that input 0 is goes on. */
MUST_CHECK struct status *kernel_pass_ref(struct kernel *k);
/* Output i becomes a reference to `v` (borrowed: the plan keeps it). */
void kernel_set_ref(struct kernel *k, int i, struct variable *v);

void kernel_take_spare(struct kernel *k, int i, enum dtype t);      /* for kernel_new() alone */
/* Allocate output i: elements uninitialized, strings and resources empty. */
MUST_CHECK static inline struct status *
kernel_new(struct kernel *k, int i, enum dtype t, const struct shape *s)
{
    if (__builtin_expect(!k->env->spare, 1) || s->rank || dtype_owns(t))
        return tensor_new(kernel_out(k, i), k->env->buffers, t, s);
    kernel_take_spare(k, i, t);
    return NULL;
}

/* May elements of x's type make room for those of another one, t? */
bool kernel_types_fit(const struct tensor *x, enum dtype t);

/* Would kernel_reuse_as() give input j's own buffer to an output of dtype t and shape s? */
static inline bool kernel_can_reuse(const struct kernel *k, int j, enum dtype t,
                                    const struct shape *s)
{
    const struct tensor *x = &k->slot[k->in[j]];
    return (k->movable >> (j & 31) & (j < 32)) && tensor_unique(x) &&
           (__builtin_expect(x->dtype == t, 1) || kernel_types_fit(x, t)) &&
           (s == &x->shape || shape_count(&x->shape) == shape_count(s));
}

/* Output i gets input j's buffer, as kernel_can_reuse() allowed. Field by field, because a struct
 * literal would go by way of the stack. */
static inline void kernel_take(struct kernel *k, int i, int j, enum dtype t,
                               const struct shape *s)
{
    struct tensor *x = &k->slot[k->in[j]], *y = kernel_out(k, i);
    y->buf = x->buf;
    y->data = x->data;
    y->dtype = t;
    y->shape = *s;
    x->buf = NULL;
}

/* Output i gets input j's buffer, moved if nobody else will look at it (input j may still be
 * read and is then the same memory), else a new one; of dtype t (of the same size) and shape s. */
MUST_CHECK static inline struct status *
kernel_reuse_as(struct kernel *k, int i, int j, enum dtype t, const struct shape *s)
{
    if (!kernel_can_reuse(k, j, t, s))
        return kernel_new(k, i, t, s);
    kernel_take(k, i, j, t, s);
    return NULL;
}

MUST_CHECK static inline struct status *kernel_reuse(struct kernel *k, int i, int j)
{
    const struct tensor *x = kernel_in(k, j);
    return kernel_reuse_as(k, i, j, x->dtype, &x->shape);
}

/* The value of input i, whose reference is the caller's; moved if nobody else will look at it. */
static inline struct tensor kernel_take_in(struct kernel *k, int i)
{
    struct tensor *x = &k->slot[k->in[i]], t = *x;
    if ((k->movable >> (i & 31) & (i < 32)))
        x->buf = NULL;
    else
        buffer_ref(t.buf);
    return t;
}

/* Output i is input j: the same value, shared; with another shape of as many elements. */
static inline void kernel_view(struct kernel *k, int i, int j, const struct shape *s)
{
    struct tensor *x = &k->slot[k->in[j]];
    struct tensor y = { x->buf, x->data, x->dtype, *s };
    if ((k->movable >> (j & 31) & (j < 32)))
        x->buf = NULL;
    else if (y.buf)
        buffer_ref(y.buf);
    *kernel_out(k, i) = y;
}

static inline void kernel_forward(struct kernel *k, int i, int j)
{ kernel_view(k, i, j, &kernel_in(k, j)->shape); }

/* Output i becomes `t`, whose reference it takes over. */
static inline void kernel_set(struct kernel *k, int i, struct tensor t)
{ *kernel_out(k, i) = t; }

/* Input i for a variable, a queue: whatever outlives the run. The reference is the caller's; it is
 * moved if nobody else will look at the input, and to a copy where a feed's memory is not ours. */
MUST_CHECK struct status *kernel_keep(struct kernel *k, int i, struct tensor *t);

/* Memory for this kernel only, 64-aligned, uninitialized; gone when it returns, for whoever called
 * it then calls run_env_tidy(). One thread's: ask before a loop is split, not inside. */
MUST_CHECK struct status *kernel_temp(struct kernel *k, size_t bytes, void *pointer_to_pointer);
void run_env_release(struct run_env *e);
static inline void run_env_tidy(struct run_env *e)
{
    if (__builtin_expect(e->temp != NULL, 0))
        run_env_release(e);
}

/* For prepare(): zeroed state of the plan's; `pointer_to_pointer` gets it and p->state too. */
MUST_CHECK struct status *prep_state(struct prep *p, size_t bytes, void *pointer_to_pointer);

/* For prepare(): the kernel's own resource (a generator...), one for a node of a session, shared
 * by all plans (E14); named after the node, p->bound holds it. */
MUST_CHECK struct status *prep_own(struct prep *p, const struct resource_kind *kind,
                                   struct resource **r);

#endif
