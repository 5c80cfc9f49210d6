/* dataset.h - what the families of dataset ops share: datasets, and cursors that walk through
 * them.
 *
 * A dataset is an immutable, counted value, an element of dtype variant: its kind, the datasets
 * that it is made of, and what its kind needs. A cursor is one walk through one: it holds its
 * dataset and the cursors of the datasets below. A cursor is for one thread at a time; a dataset
 * for any number.
 *
 * An element is an array of tensors, one a component. Whoever asks for the next one brings the
 * environment it is computed in: where memory comes from, and when to stop.
 */
#ifndef OPS_DATASET_H
#define OPS_DATASET_H

#include "op/kernel.h"
#include "tensor/variant.h"

struct callee;
struct cursor;
struct dataset;

struct dataset_kind {
    const char *name;                       /* "Range": for messages */
    size_t size;                            /* of the struct that begins with a struct dataset */
    size_t cursor;                          /* of the one that begins with a struct cursor */
    bool many;                              /* it opens the cursors below itself; else that of its
                                             * first dataset, if it has any, is c->in */
    /* A cursor begins, zeroed but for the cursor's own fields; NULL: that is all. */
    struct status *(*begin)(struct cursor *c, struct run_env *env);
    /* The next element to `out`, which is empty, or *end. What is left in `out` on failure, or at
     * the end, is given back by the caller. */
    struct status *(*next)(struct cursor *c, struct run_env *env, struct tensor *out, bool *end);
    void (*finish)(struct cursor *c);       /* gives back what begin() and next() took; NULL fine */
    void (*release)(struct dataset *d);     /* the same of the dataset's own fields */
    int64_t (*count)(const struct dataset *d);      /* how many elements; NULL: UNKNOWN */
    /* Of a kind whose next() may wait for another thread: is the next element there? */
    bool (*ready)(struct cursor *c);
};

enum { COUNT_INFINITE = -1, COUNT_UNKNOWN = -2 };   /* TensorFlow's numbers */

struct dataset {
    struct variant base;
    const struct dataset_kind *kind;
    bool waits;                             /* its cursors may wait: for threads, or in functions */
    int n, n_in;
    enum dtype *dtype;                      /* of each component */
    struct shape *shape;                    /* as far as it is known */
    struct dataset **in;                    /* references */
};

struct cursor {
    struct dataset *d;                      /* a reference */
    struct cursor *in;                      /* of d->in[0]; NULL once it has come to its end */
};

static inline struct dataset *dataset_ref(struct dataset *d)
{
    variant_ref(&d->base);
    return d;
}

static inline void dataset_unref(struct dataset *d)                         /* NULL is fine */
{
    variant_unref((struct variant *)d);
}

int64_t dataset_count(const struct dataset *d);

/* ---- cursors ---- */

MUST_CHECK struct status *cursor_new(struct dataset *d, struct run_env *env, struct cursor **c);
void cursor_free(struct cursor *c);                                         /* NULL is fine */
/* The next element to out[d->n], or *end; after a failure the cursor can be asked again. */
MUST_CHECK struct status *cursor_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                      bool *end);
/* The same of c->in, which goes when it has come to its end, for good. */
MUST_CHECK struct status *cursor_next_in(struct cursor *c, struct run_env *env,
                                         struct tensor *out, bool *end);

/* Will it give the next element without waiting, for all that is known? */
bool cursor_is_ready(struct cursor *c);

/* For loops that may go on for long without giving an element: CANCELLED once it is to stop. */
MUST_CHECK struct status *dataset_check_stop(const struct run_env *env);

/* ---- elements ---- */

static inline void element_clear(struct tensor *t, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        tensor_unref(&t[i]);
}

static inline void element_move(struct tensor *to, struct tensor *from, int n)
{
    for (int i = 0; i < n; i++) {
        to[i] = from[i];
        from[i].buf = NULL;
    }
}

/* What is or goes into an element: a scalar. */
MUST_CHECK struct status *element_int64(struct tensor *t, struct run_env *env, int64_t v);

/* Elements that are kept, each n tensors, one behind the other; zeroed, with n set, it is empty. */
struct elements { struct tensor *at; int64_t count, room; int n; };

/* Takes the element over, also on failure. */
MUST_CHECK struct status *elements_add(struct elements *e, struct tensor *element);
void elements_clear(struct elements *e);                        /* the memory goes, too */
static inline struct tensor *elements_at(const struct elements *e, int64_t i)
{ return e->at + i * e->n; }

/* A dataset of elements that are there, which it takes over, also on failure. Its types are those
 * of components [first, first + n) of `like`. */
MUST_CHECK struct status *dataset_of_elements(const struct dataset *like, int first, int n,
                                              struct elements *e, struct dataset **d);

/* ---- making them, in kernels ---- */

/* Output 0 becomes a dataset of that kind, made of those that the first n_in inputs hold; its types
 * and shapes are the node's attributes'. Borrowed. */
MUST_CHECK struct status *dataset_make(struct kernel *k, const struct dataset_kind *kind, int n_in,
                                       void *pointer_to_pointer);
/* Of the types and shapes of the one dataset that input 0 holds. */
MUST_CHECK struct status *dataset_make_like(struct kernel *k, const struct dataset_kind *kind,
                                            void *pointer_to_pointer);
/* Of any types; `shape` NULL: unknown. */
MUST_CHECK struct status *dataset_make_as(struct kernel *k, const struct dataset_kind *kind,
                                          int n_in, int n, const enum dtype *dtype,
                                          const struct shape *shape, void *pointer_to_pointer);
/* One that is in no tensor yet: a reference, the caller's. Those below are borrowed. */
MUST_CHECK struct status *dataset_new(const struct dataset_kind *kind, struct dataset *const *in,
                                      int n_in, int n, const enum dtype *dtype,
                                      const struct shape *shape, void *pointer_to_pointer);
/* Output i holds it; the reference is taken over, also on failure. */
MUST_CHECK struct status *dataset_put(struct kernel *k, int i, struct dataset *d);

/* The dataset that a tensor, or input i, holds. Borrowed. */
MUST_CHECK struct status *dataset_in(const struct tensor *t, struct dataset **d);
MUST_CHECK struct status *kernel_dataset(const struct kernel *k, int i, struct dataset **d);

/* Input i, a scalar of the type that the op declares: "count must be a scalar". */
MUST_CHECK struct status *dataset_int(const struct kernel *k, int i, const char *name, int64_t *v);
MUST_CHECK struct status *dataset_text(const struct kernel *k, int i, const char *name,
                                       const struct tstring **v);

/* Attributes output_types and output_shapes (or others of such kinds), which must fit. */
struct dataset_types { int n; const enum dtype *dtype; const struct shape *shape; };
MUST_CHECK struct status *dataset_types_of(const struct node *n, struct dataset_types *t);

/* ---- functions that datasets call (dataset_call.c) ---- */

/* A function and what it captured, for a dataset to keep. Zeroed, it is none. */
struct caller { struct callee *callee; int n; struct tensor *captured; };

/* For prepare(): the state is what the attributes "f" or "predicate" name. */
MUST_CHECK struct status *dataset_prepare_f(struct prep *p);
MUST_CHECK struct status *dataset_prepare_predicate(struct prep *p);

/* Its first arguments are n_in; what it captured are the inputs of the op's argument `arg`. On
 * failure, too, caller_release() is to be called. */
MUST_CHECK struct status *caller_take(struct caller *c, struct kernel *k, struct callee *callee,
                                      int n_in, int arg);
void caller_release(struct caller *c);
/* Its results must be of these types, n of them. */
MUST_CHECK struct status *caller_gives(const struct caller *c, int n, const enum dtype *dtype);

/* One call with n arguments, which it takes over, also on failure. Results are set, or none is. */
MUST_CHECK struct status *caller_run(const struct caller *c, struct run_env *env,
                                     struct tensor *arg, int n, struct tensor *out);
/* One with arguments that stay the caller's; its one result is a scalar, a bool or an int64. */
MUST_CHECK struct status *caller_ask(const struct caller *c, struct run_env *env,
                                     const struct tensor *arg, int n, int64_t *v);
/* One whose one result is a dataset, a reference. Takes the arguments over. */
MUST_CHECK struct status *caller_dataset(const struct caller *c, struct run_env *env,
                                         struct tensor *arg, int n, struct dataset **d);

/* What a function's OUT_OF_RANGE means: *end, or where the number of elements is to be kept,
 * INVALID_ARGUMENT. Other failures stay what they are. */
MUST_CHECK struct status *dataset_call_ends(struct status *st, bool preserve, bool *end);

/* What kinds that call functions need of a cursor: room for an element of the dataset below. */
struct call_cursor { struct cursor base; struct tensor *element; };
struct status *call_begin(struct cursor *c, struct run_env *env);
void call_finish(struct cursor *c);

/* ---- kinds that others make, too ---- */

/* Output 0: batches of `in`, of the shapes that `types` gives; `drop`: not a last one that is
 * smaller. */
MUST_CHECK struct status *dataset_batch(struct kernel *k, struct dataset *in, int64_t size,
                                        bool drop, const struct dataset_types *types);

/* Of `in`, up to `size` elements ahead; -1: as many as turn out to be good. A reference. */
MUST_CHECK struct status *dataset_prefetch(struct dataset *in, int64_t size, struct dataset **d);

/* ---- shape functions ---- */

/* A scalar handle; every input that is neither a list nor a variant must be a scalar. */
struct status *dataset_shape(struct shape_ctx *c);
/* Outputs have the attribute output_shapes. */
struct status *dataset_shape_outputs(struct shape_ctx *c);

#endif
