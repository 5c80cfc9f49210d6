/* dataset.c - datasets and cursors of any kind: made, walked through, given back. */
#include "ops/dataset.h"

#include "base/mem.h"
#include "graph/graph.h"
#include "op/shape_fn.h"
#include "op/wait.h"
#include "ops/array.h"

/* ---- datasets ---- */

static void dataset_free(struct variant *v)
{
    struct dataset *d = (struct dataset *)v;
    if (d->kind->release)
        d->kind->release(d);
    for (int i = 0; i < d->n_in; i++)
        dataset_unref(d->in[i]);
    mem_free(d);
}

static const struct variant_kind DATASET = { "dataset", dataset_free };

static size_t aligned(size_t n) { return (n + 15) & ~(size_t)15; }

/* What it is made of lies behind the struct, in one piece of memory. */
struct status *dataset_new(const struct dataset_kind *kind, struct dataset *const *in, int n_in,
                           int n, const enum dtype *dtype, const struct shape *shape,
                           void *pointer_to_pointer)
{
    size_t size = aligned(kind->size), shapes = aligned((size_t)n * sizeof *shape),
           dtypes = aligned((size_t)n * sizeof *dtype);
    struct dataset *d = mem_zero(size + shapes + dtypes + (size_t)n_in * sizeof *in);
    NEED(d);
    variant_init(&d->base, &DATASET);
    d->kind = kind;
    d->waits = kind->ready != NULL;
    d->n = n;
    d->n_in = n_in;
    d->shape = (void *)((char *)d + size);
    d->dtype = (void *)((char *)d + size + shapes);
    d->in = (void *)((char *)d + size + shapes + dtypes);
    for (int i = 0; i < n; i++) {
        d->dtype[i] = dtype[i];
        d->shape[i] = shape ? shape[i] : SHAPE_UNKNOWN;
    }
    for (int i = 0; i < n_in; i++) {
        d->in[i] = dataset_ref(in[i]);
        d->waits |= in[i]->waits;
    }
    memcpy(pointer_to_pointer, &d, sizeof d);
    return NULL;
}

struct status *dataset_put(struct kernel *k, int i, struct dataset *d)
{
    struct status *st = kernel_new(k, i, DT_VARIANT, &SHAPE_SCALAR);
    if (st)
        dataset_unref(d);
    else
        *(struct dataset **)kernel_out(k, i)->data = d;
    return st;
}

struct status *dataset_make_as(struct kernel *k, const struct dataset_kind *kind, int n_in, int n,
                               const enum dtype *dtype, const struct shape *shape,
                               void *pointer_to_pointer)
{
    struct dataset **in, *d;
    TRY(kernel_temp(k, (size_t)(n_in + 1) * sizeof *in, &in));
    for (int i = 0; i < n_in; i++)
        TRY(kernel_dataset(k, i, &in[i]));
    TRY(dataset_new(kind, in, n_in, n, dtype, shape, &d));
    memcpy(pointer_to_pointer, &d, sizeof d);
    return dataset_put(k, 0, d);
}

struct status *dataset_types_of(const struct node *n, struct dataset_types *t)
{
    const struct attr *types = node_attr_find(n, "output_types");
    const struct attr *shapes = node_attr_find(n, "output_shapes");
    if (!types)
        types = node_attr_find(n, "Toutput_types");
    ENSURE(types && shapes && types->n == shapes->n, "`output_shapes` must be the same length as "
           "`output_types` (%d vs. %d)", shapes ? shapes->n : 0, types ? types->n : 0);
    *t = (struct dataset_types){ types->n, attr_dtypes(types), shapes->shapes };
    return NULL;
}

struct status *dataset_make(struct kernel *k, const struct dataset_kind *kind, int n_in,
                            void *pointer_to_pointer)
{
    struct dataset_types t;
    TRY(dataset_types_of(k->node, &t));
    return dataset_make_as(k, kind, n_in, t.n, t.dtype, t.shape, pointer_to_pointer);
}

struct status *dataset_make_like(struct kernel *k, const struct dataset_kind *kind,
                                 void *pointer_to_pointer)
{
    struct dataset *in;
    TRY(kernel_dataset(k, 0, &in));
    return dataset_make_as(k, kind, 1, in->n, in->dtype, in->shape, pointer_to_pointer);
}

int64_t dataset_count(const struct dataset *d)
{
    return d->kind->count ? d->kind->count(d) : COUNT_UNKNOWN;
}

/* ---- what kernels are given ---- */

struct status *dataset_in(const struct tensor *t, struct dataset **d)
{
    ENSURE(t->dtype == DT_VARIANT && t->shape.rank == 0,
           "Dataset tensor must be a scalar of dtype DT_VARIANT.");
    struct variant *v = *(struct variant **)t->data;
    ENSURE(v && v->kind == &DATASET, "Tensor must be a Dataset object.");
    *d = (struct dataset *)v;
    return NULL;
}

struct status *kernel_dataset(const struct kernel *k, int i, struct dataset **d)
{
    return dataset_in(kernel_in(k, i), d);
}

struct status *dataset_int(const struct kernel *k, int i, const char *name, int64_t *v)
{
    const struct tensor *t = kernel_in(k, i);
    ENSURE(t->shape.rank == 0, "%s must be a scalar", name);
    *v = tensor_int(t, 0);
    return NULL;
}

struct status *dataset_text(const struct kernel *k, int i, const char *name,
                            const struct tstring **v)
{
    const struct tensor *t = kernel_in(k, i);
    ENSURE(t->shape.rank == 0, "%s must be a scalar", name);
    *v = t->data;
    return NULL;
}

/* ---- cursors ---- */

struct status *cursor_new(struct dataset *d, struct run_env *env, struct cursor **result)
{
    const struct dataset_kind *kind = d->kind;
    struct cursor *c = mem_zero(kind->cursor);
    struct status *st = NULL;
    NEED(c);
    c->d = dataset_ref(d);
    if (d->n_in && !kind->many)
        st = cursor_new(d->in[0], env, &c->in);
    if (!st && kind->begin)
        st = kind->begin(c, env);
    if (st)
        cursor_free(c);
    else
        *result = c;
    return st;
}

void cursor_free(struct cursor *c)
{
    if (!c)
        return;
    if (c->d->kind->finish)
        c->d->kind->finish(c);
    cursor_free(c->in);
    dataset_unref(c->d);
    mem_free(c);
}

/* OUT_OF_RANGE is how functions and kernels say other things than that all is over. */
static struct status *not_the_end(struct cursor *c, struct status *st)
{
    if (status_code(st) != OUT_OF_RANGE)
        return st;
    struct status *internal = status_new(INTERNAL, "Iterator \"%s\" returned OutOfRange without "
        "setting `*end_of_sequence`. This indicates that an error may have occurred. Original "
        "message: %s", c->d->kind->name, status_message(st));
    status_free(st);
    return internal;
}

struct status *cursor_next(struct cursor *c, struct run_env *env, struct tensor *out, bool *end)
{
    *end = false;
    struct status *st = c->d->kind->next(c, env, out, end);
    if (__builtin_expect(st || *end, 0)) {
        element_clear(out, c->d->n);
        return not_the_end(c, st);
    }
    return NULL;
}

struct status *cursor_next_in(struct cursor *c, struct run_env *env, struct tensor *out, bool *end)
{
    *end = !c->in;
    if (*end)
        return NULL;
    TRY(cursor_next(c->in, env, out, end));
    if (*end) {
        cursor_free(c->in);
        c->in = NULL;
    }
    return NULL;
}

bool cursor_is_ready(struct cursor *c)
{
    return c->d->kind->ready ? c->d->kind->ready(c) : !c->d->waits;
}

struct status *dataset_check_stop(const struct run_env *env)
{
    return wait_is_over(&env->stop)
               ? status_new(CANCELLED, "The step was cancelled while it looked for an element")
               : NULL;
}

/* ---- elements that are kept ---- */

struct status *element_int64(struct tensor *t, struct run_env *env, int64_t v)
{
    TRY(tensor_new(t, env->buffers, DT_INT64, &SHAPE_SCALAR));
    *(int64_t *)t->data = v;
    return NULL;
}

struct status *elements_add(struct elements *e, struct tensor *element)
{
    if (e->count == e->room) {
        int64_t room = e->room ? 2 * e->room : 16;
        struct tensor *more = mem_grow(e->at, (size_t)(room * e->n) * sizeof *more);
        if (!more) {
            element_clear(element, e->n);
            return status_no_memory();
        }
        e->at = more;
        e->room = room;
    }
    element_move(elements_at(e, e->count++), element, e->n);
    return NULL;
}

void elements_clear(struct elements *e)
{
    element_clear(e->at, e->count * e->n);
    mem_free(e->at);
    e->at = NULL;
    e->count = e->room = 0;
}

struct of_elements { struct dataset base; struct elements elements; };
struct of_elements_cursor { struct cursor base; int64_t at; };

static struct status *of_elements_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                       bool *end)
{
    struct of_elements_cursor *o = (struct of_elements_cursor *)c;
    const struct elements *e = &((struct of_elements *)c->d)->elements;
    (void)env;
    *end = o->at == e->count;
    if (*end)
        return NULL;
    for (int i = 0; i < e->n; i++)
        out[i] = tensor_ref(elements_at(e, o->at) + i);
    o->at++;
    return NULL;
}

static void of_elements_release(struct dataset *d)
{
    elements_clear(&((struct of_elements *)d)->elements);
}

static int64_t of_elements_count(const struct dataset *d)
{
    return ((const struct of_elements *)d)->elements.count;
}

static const struct dataset_kind OF_ELEMENTS = {
    .name = "Window", .size = sizeof(struct of_elements),
    .cursor = sizeof(struct of_elements_cursor), .next = of_elements_next,
    .release = of_elements_release, .count = of_elements_count
};

struct status *dataset_of_elements(const struct dataset *like, int first, int n,
                                   struct elements *e, struct dataset **d)
{
    struct of_elements *o;
    struct status *st = dataset_new(&OF_ELEMENTS, NULL, 0, n, like->dtype + first,
                                    like->shape + first, &o);
    if (st) {
        elements_clear(e);
        return st;
    }
    o->elements = *e;
    *e = (struct elements){ .n = e->n };
    *d = &o->base;
    return NULL;
}

/* ---- shape functions ---- */

static bool is_one_value(const struct arg *a)
{
    return !a->list && a->number_attr < 0 && a->type_attr < 0 && a->dtype != DT_VARIANT;
}

struct status *dataset_shape(struct shape_ctx *c)
{
    const struct sig *s = op_sig(c->node->op);
    for (int i = 0; i < s->n_in; i++) {
        if (is_one_value(&s->in[i]))
            TRY(shape_want_rank(shape_in(c, node_arg(c->node, i, &(int){ 0 })), 0));
    }
    return shape_scalar(c);
}

struct status *dataset_shape_outputs(struct shape_ctx *c)
{
    struct dataset_types t;
    TRY(dataset_types_of(c->node, &t));
    for (int i = 0; i < c->n_out && i < t.n; i++)
        *shape_out(c, i) = t.shape[i];
    return NULL;
}
