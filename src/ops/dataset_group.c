/* dataset_group.c - datasets of elements that belong together: WindowDataset,
 * SlidingWindowDataset (1.12's SlideDataset), GroupByWindowDataset, GroupByReducerDataset. */
#include "base/mem.h"
#include "graph/graph.h"
#include "op/callee.h"
#include "op/shape_fn.h"
#include "ops/array.h"
#include "ops/dataset.h"

/* ---- WindowDataset: each component of some elements that follow one another is a dataset ---- */

struct window { struct dataset base; int64_t size, shift, stride; bool drop; };

/* `held` are the elements from number `first` on that a window may still want. */
struct window_cursor { struct call_cursor call; struct elements held; int64_t begin, first; };

static struct status *window_begin(struct cursor *c, struct run_env *env)
{
    ((struct window_cursor *)c)->held.n = c->d->in[0]->n;
    return call_begin(c, env);
}

static void window_finish(struct cursor *c)
{
    elements_clear(&((struct window_cursor *)c)->held);
    call_finish(c);
}

/* Elements before the window go, those up to its end are read. */
static struct status *window_fill(struct window_cursor *w, struct run_env *env, int64_t end)
{
    struct elements *e = &w->held;
    int64_t past = w->begin - w->first < e->count ? w->begin - w->first : e->count;
    element_clear(e->at, past * e->n);
    if (past)
        memmove(e->at, e->at + past * e->n, (size_t)((e->count - past) * e->n) * sizeof *e->at);
    e->count -= past;
    w->first += past;
    for (bool over = false; w->first + e->count < end;) {
        TRY(dataset_check_stop(env));
        TRY(cursor_next_in(&w->call.base, env, w->call.element, &over));
        if (over)
            return NULL;
        if (w->first < w->begin && !e->count) {
            element_clear(w->call.element, e->n);
            w->first++;
        } else {
            TRY(elements_add(e, w->call.element));
        }
    }
    return NULL;
}

/* Component i of every stride-th element of the window. */
static struct status *component(const struct window_cursor *w, int i, int64_t stride, int64_t n,
                                struct dataset **d)
{
    struct elements e = { .n = 1 };
    for (int64_t at = 0; at < n; at += stride) {
        struct tensor t = tensor_ref(elements_at(&w->held, at) + i);
        struct status *st = elements_add(&e, &t);
        if (st) {
            elements_clear(&e);
            return st;
        }
    }
    return dataset_of_elements(w->call.base.d->in[0], i, 1, &e, d);
}

static struct status *window_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                  bool *end)
{
    struct window_cursor *w = (struct window_cursor *)c;
    const struct window *d = (const struct window *)c->d;
    int64_t whole = (d->size - 1) * d->stride + 1, n;
    TRY(window_fill(w, env, w->begin + whole));
    n = w->first < w->begin ? 0 : w->held.count < whole ? w->held.count : whole;
    *end = n == 0 || (d->drop && n < whole);
    for (int i = 0; i < c->d->n && !*end; i++) {
        struct dataset *part;
        TRY(tensor_new(&out[i], env->buffers, DT_VARIANT, &SHAPE_SCALAR));
        TRY(component(w, i, d->stride, n, &part));
        *(struct dataset **)out[i].data = part;
    }
    if (!*end)
        w->begin += d->shift;
    return NULL;
}

static int64_t window_count(const struct dataset *d)
{
    const struct window *w = (const struct window *)d;
    int64_t n = dataset_count(d->in[0]), whole = (w->size - 1) * w->stride + 1;
    if (n < 0)
        return n;
    if (w->drop)
        return n < whole ? 0 : (n - whole) / w->shift + 1;
    return n / w->shift + (n % w->shift != 0);
}

static const struct dataset_kind WINDOW = {
    .name = "Window", .size = sizeof(struct window), .cursor = sizeof(struct window_cursor),
    .begin = window_begin, .next = window_next, .finish = window_finish, .count = window_count
};

static struct status *read_window(struct kernel *k, struct window *w)
{
    int64_t product;
    TRY(dataset_int(k, 1, "size", &w->size));
    TRY(dataset_int(k, 2, "shift", &w->shift));
    TRY(dataset_int(k, 3, "stride", &w->stride));
    ENSURE(w->size > 0, "Window size must be greater than zero.");
    ENSURE(w->shift > 0, "Window shift must be greater than zero.");
    ENSURE(w->stride > 0, "Window stride must be greater than zero.");
    ENSURE(!__builtin_mul_overflow(w->size, w->stride, &product) && product < INT64_MAX / 4 &&
           w->shift < INT64_MAX / 4, "Window size, shift or stride is too large");
    return NULL;
}

static void window_set(struct window *w, const struct window *numbers)
{
    w->size = numbers->size;
    w->shift = numbers->shift;
    w->stride = numbers->stride;
    w->drop = numbers->drop;
}

static struct status *window_run(struct kernel *k)
{
    struct window numbers, *w;
    struct dataset *in;
    enum dtype *dtype;
    struct shape *shape;
    int64_t drop;
    TRY(read_window(k, &numbers));
    TRY(dataset_int(k, 4, "drop_remainder", &drop));
    numbers.drop = drop;
    TRY(kernel_dataset(k, 0, &in));
    TRY(kernel_temp(k, (size_t)in->n * sizeof *dtype, &dtype));
    TRY(kernel_temp(k, (size_t)in->n * sizeof *shape, &shape));
    for (int i = 0; i < in->n; i++) {
        dtype[i] = DT_VARIANT;
        shape[i] = SHAPE_SCALAR;
    }
    TRY(dataset_make_as(k, &WINDOW, 1, in->n, dtype, shape, &w));
    window_set(w, &numbers);
    return NULL;
}

/* ---- SlidingWindowDataset: whole windows, each as a batch ---- */

static struct status *stack(const struct window_cursor *w, struct run_env *env, int i,
                            const struct window *d, struct tensor *out)
{
    const struct tensor *first = elements_at(&w->held, 0) + i;
    int64_t n = tensor_count(first);
    struct shape s;
    ENSURE(first->shape.rank < MAX_RANK, "A batch has at most %d dimensions", MAX_RANK);
    TRY(shape_with_rows(d->size, &first->shape, 0, &s));
    TRY(tensor_new(out, env->buffers, first->dtype, &s));
    for (int64_t row = 0; row < d->size; row++) {
        const struct tensor *t = elements_at(&w->held, row * d->stride) + i;
        ENSURE(t->dtype == first->dtype && shape_equal(&t->shape, &first->shape),
               "Cannot batch tensors with different shapes in component %d. First element had "
               "shape %s and element %lld had shape %s.", i, SHAPE_STR(&first->shape),
               (long long)row, SHAPE_STR(&t->shape));
        TRY(tensor_copy_elements(out, row * n, t, 0, n));
    }
    return NULL;
}

static struct status *slide_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                 bool *end)
{
    struct window_cursor *w = (struct window_cursor *)c;
    const struct window *d = (const struct window *)c->d;
    int64_t whole = (d->size - 1) * d->stride + 1;
    TRY(window_fill(w, env, w->begin + whole));
    *end = w->first < w->begin || w->held.count < whole;
    for (int i = 0; i < c->d->n && !*end; i++)
        TRY(stack(w, env, i, d, &out[i]));
    if (!*end)
        w->begin += d->shift;
    return NULL;
}

static const struct dataset_kind SLIDE = {
    .name = "SlidingWindow", .size = sizeof(struct window), .cursor = sizeof(struct window_cursor),
    .begin = window_begin, .next = slide_next, .finish = window_finish, .count = window_count
};

static struct status *slide_run(struct kernel *k)
{
    struct window numbers = { .drop = true }, *w;
    struct dataset_types t;
    struct dataset *in;
    TRY(kernel_dataset(k, 0, &in));
    TRY(read_window(k, &numbers));
    TRY(dataset_types_of(k->node, &t));
    TRY(dataset_make_as(k, &SLIDE, 1, in->n, in->dtype, t.n == in->n ? t.shape : NULL, &w));
    window_set(w, &numbers);
    return NULL;
}

/* ---- groups by key, in the order of keys ---- */

struct group { int64_t key; struct elements elements; int64_t size; };
struct groups { struct group *at; int64_t n, room; };

/* Where the key is, or would be. */
static int64_t group_place(const struct groups *g, int64_t key)
{
    int64_t low = 0, high = g->n;
    while (low < high) {
        int64_t at = low + (high - low) / 2;
        if (g->at[at].key < key)
            low = at + 1;
        else
            high = at;
    }
    return low;
}

/* A new one has no size yet: 0. */
static struct status *group_find(struct groups *g, int64_t key, int n, struct group **found)
{
    int64_t at = group_place(g, key);
    if (at == g->n || g->at[at].key != key) {
        if (g->n == g->room) {
            int64_t room = g->room ? 2 * g->room : 8;
            struct group *more = mem_grow(g->at, (size_t)room * sizeof *more);
            NEED(more);
            g->at = more;
            g->room = room;
        }
        memmove(g->at + at + 1, g->at + at, (size_t)(g->n++ - at) * sizeof *g->at);
        g->at[at] = (struct group){ .key = key, .elements = { .n = n } };
    }
    *found = &g->at[at];
    return NULL;
}

static void group_drop(struct groups *g, struct group *gone)
{
    int64_t at = gone - g->at;
    elements_clear(&gone->elements);
    memmove(gone, gone + 1, (size_t)(--g->n - at) * sizeof *gone);
}

static void groups_clear(struct groups *g)
{
    for (int64_t i = 0; i < g->n; i++)
        elements_clear(&g->at[i].elements);
    mem_free(g->at);
    *g = (struct groups){ 0 };
}

/* ---- GroupByWindowDataset ---- */

struct by_window { struct dataset base; struct caller key, reduce, size; };
struct by_window_cursor { struct call_cursor call; struct groups groups; struct cursor *now; };

static void by_window_finish(struct cursor *c)
{
    struct by_window_cursor *b = (struct by_window_cursor *)c;
    groups_clear(&b->groups);
    cursor_free(b->now);
    call_finish(c);
}

static struct status *check_reduced(const struct dataset *d, const struct dataset *want)
{
    ENSURE(d->n == want->n, "The reduce function returned a dataset of %d components, not of %d",
           d->n, want->n);
    for (int i = 0; i < d->n; i++)
        ENSURE(d->dtype[i] == want->dtype[i], "Component %d of the dataset that the reduce "
               "function returned is %s, not %s", i, dtype_name(d->dtype[i]),
               dtype_name(want->dtype[i]));
    return NULL;
}

/* The group becomes what the function makes of it, which comes next. */
static struct status *open_group(struct by_window_cursor *b, struct run_env *env, struct group *g)
{
    struct cursor *c = &b->call.base;
    struct tensor arg[2] = { 0 };
    struct dataset *d;
    struct status *st = element_int64(&arg[0], env, g->key);
    if (!st)
        st = tensor_new(&arg[1], env->buffers, DT_VARIANT, &SHAPE_SCALAR);
    if (!st)
        st = dataset_of_elements(c->d->in[0], 0, c->d->in[0]->n, &g->elements, arg[1].data);
    group_drop(&b->groups, g);
    if (st) {
        element_clear(arg, 2);
        return st;
    }
    TRY(caller_dataset(&((const struct by_window *)c->d)->reduce, env, arg, 2, &d));
    st = check_reduced(d, c->d);
    if (!st)
        st = cursor_new(d, env, &b->now);
    dataset_unref(d);
    return st;
}

static struct status *ask_size(const struct by_window *d, struct run_env *env, struct group *g)
{
    struct tensor key = { 0 };
    TRY(element_int64(&key, env, g->key));
    struct status *st = caller_ask(&d->size, env, &key, 1, &g->size);
    tensor_unref(&key);
    if (!st && g->size <= 0)
        st = status_new(INVALID_ARGUMENT, "Window size must be greater than zero, but got %lld.",
                        (long long)g->size);
    return st;
}

/* One more element goes to its group, which may be complete then. */
static struct status *sort_element(struct by_window_cursor *b, struct run_env *env)
{
    struct cursor *c = &b->call.base;
    const struct by_window *d = (const struct by_window *)c->d;
    struct tensor *element = b->call.element;
    int n = c->d->in[0]->n;
    struct group *g;
    int64_t key;
    struct status *st = caller_ask(&d->key, env, element, n, &key);
    if (!st)
        st = group_find(&b->groups, key, n, &g);
    if (!st && !g->size && (st = ask_size(d, env, g)))
        group_drop(&b->groups, g);
    if (st) {
        element_clear(element, n);
        return st;
    }
    TRY(elements_add(&g->elements, element));
    return g->elements.count == g->size ? open_group(b, env, g) : NULL;
}

static struct status *by_window_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                     bool *end)
{
    struct by_window_cursor *b = (struct by_window_cursor *)c;
    for (;;) {
        TRY(dataset_check_stop(env));
        if (b->now) {
            TRY(cursor_next(b->now, env, out, end));
            if (!*end)
                return NULL;
            cursor_free(b->now);
            b->now = NULL;
        }
        TRY(cursor_next_in(c, env, b->call.element, end));
        if (*end && !b->groups.n)
            return NULL;
        TRY(*end ? open_group(b, env, b->groups.at) : sort_element(b, env));
    }
}

static void by_window_release(struct dataset *d)
{
    struct by_window *b = (struct by_window *)d;
    caller_release(&b->key);
    caller_release(&b->reduce);
    caller_release(&b->size);
}

static const struct dataset_kind BY_WINDOW = {
    .name = "GroupByWindow", .size = sizeof(struct by_window),
    .cursor = sizeof(struct by_window_cursor), .begin = call_begin, .next = by_window_next,
    .finish = by_window_finish, .release = by_window_release
};

struct by_window_state { struct callee *key, *reduce, *size; };

static struct status *by_window_prepare(struct prep *p)
{
    struct by_window_state *s;
    TRY(prep_state(p, sizeof *s, &s));
    TRY(prep_callee(p, "key_func", &s->key));
    TRY(prep_callee(p, "reduce_func", &s->reduce));
    return prep_callee(p, "window_size_func", &s->size);
}

static const enum dtype ONE_KEY[] = { DT_INT64 }, ONE_DATASET[] = { DT_VARIANT };

static struct status *by_window_run(struct kernel *k)
{
    const struct by_window_state *s = k->state;
    struct by_window *b;
    TRY(dataset_make(k, &BY_WINDOW, 1, &b));
    b->base.waits = true;
    TRY(caller_take(&b->key, k, s->key, b->base.in[0]->n, 1));
    TRY(caller_take(&b->reduce, k, s->reduce, 2, 2));
    TRY(caller_take(&b->size, k, s->size, 1, 3));
    TRY(caller_gives(&b->key, 1, ONE_KEY));
    TRY(caller_gives(&b->reduce, 1, ONE_DATASET));
    return caller_gives(&b->size, 1, ONE_KEY);
}

/* ---- GroupByReducerDataset: a state for each key, and what becomes of it at the end ---- */

struct reducer { struct dataset base; struct caller key, init, reduce, last; int n_state; };
struct reducer_cursor { struct call_cursor call; struct groups groups; int64_t at; bool whole; };

static void reducer_finish(struct cursor *c)
{
    groups_clear(&((struct reducer_cursor *)c)->groups);
    call_finish(c);
}

/* The state of a key that has not been met before. */
static struct status *first_state(const struct reducer *d, struct run_env *env, struct group *g,
                                  struct tensor *state)
{
    struct tensor key = { 0 };
    TRY(element_int64(&key, env, g->key));
    TRY(caller_run(&d->init, env, &key, 1, state));
    return elements_add(&g->elements, state);
}

/* state = reduce(state, element); on failure the old one is gone, and with it the group: the next
 * element of its key begins another. */
static struct status *reduce(struct reducer_cursor *r, struct run_env *env)
{
    const struct reducer *d = (const struct reducer *)r->call.base.d;
    int n = d->n_state, n_in = r->call.base.d->in[0]->n;
    struct tensor *element = r->call.element, *arg, *state;
    struct group *g;
    int64_t key;
    TRY(caller_ask(&d->key, env, element, n_in, &key));
    TRY(group_find(&r->groups, key, n, &g));
    arg = mem_array(struct tensor, 2 * n + n_in);
    state = arg ? arg + n + n_in : NULL;
    struct status *st = arg ? NULL : status_no_memory();
    if (!st && !g->elements.count)
        st = first_state(d, env, g, state);
    if (!st) {
        element_move(arg, elements_at(&g->elements, 0), n);
        element_move(arg + n, element, n_in);
        st = caller_run(&d->reduce, env, arg, n + n_in, state);
    }
    if (st)
        group_drop(&r->groups, g);
    else
        element_move(elements_at(&g->elements, 0), state, n);
    mem_free(arg);
    return st;
}

static struct status *reducer_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                   bool *end)
{
    struct reducer_cursor *r = (struct reducer_cursor *)c;
    const struct reducer *d = (const struct reducer *)c->d;
    while (!r->whole) {
        TRY(dataset_check_stop(env));
        TRY(cursor_next_in(c, env, r->call.element, &r->whole));
        struct status *st = r->whole ? NULL : reduce(r, env);
        if (st) {
            element_clear(r->call.element, c->d->in[0]->n);
            return st;
        }
    }
    *end = r->at == r->groups.n;
    return *end ? NULL : caller_run(&d->last, env, elements_at(&r->groups.at[r->at++].elements, 0),
                                    d->n_state, out);
}

static void reducer_release(struct dataset *d)
{
    struct reducer *r = (struct reducer *)d;
    caller_release(&r->key);
    caller_release(&r->init);
    caller_release(&r->reduce);
    caller_release(&r->last);
}

static const struct dataset_kind REDUCER = {
    .name = "GroupByReducer", .size = sizeof(struct reducer),
    .cursor = sizeof(struct reducer_cursor), .begin = call_begin, .next = reducer_next,
    .finish = reducer_finish, .release = reducer_release
};

struct reducer_state { struct callee *key, *init, *reduce, *last; };

static struct status *reducer_prepare(struct prep *p)
{
    struct reducer_state *s;
    TRY(prep_state(p, sizeof *s, &s));
    TRY(prep_callee(p, "key_func", &s->key));
    TRY(prep_callee(p, "init_func", &s->init));
    TRY(prep_callee(p, "reduce_func", &s->reduce));
    return prep_callee(p, "finalize_func", &s->last);
}

static struct status *reducer_run(struct kernel *k)
{
    const struct reducer_state *s = k->state;
    struct reducer *r;
    enum dtype *state;
    TRY(dataset_make(k, &REDUCER, 1, &r));
    r->base.waits = true;
    int n = r->n_state = callee_n_out(s->init);
    TRY(caller_take(&r->key, k, s->key, r->base.in[0]->n, 1));
    TRY(caller_take(&r->init, k, s->init, 1, 2));
    TRY(caller_take(&r->reduce, k, s->reduce, n + r->base.in[0]->n, 3));
    TRY(caller_take(&r->last, k, s->last, n, 4));
    TRY(kernel_temp(k, (size_t)(n + 1) * sizeof *state, &state));
    for (int i = 0; i < n; i++)
        state[i] = callee_out_dtype(s->init, i);
    TRY(caller_gives(&r->key, 1, ONE_KEY));
    TRY(caller_gives(&r->reduce, n, state));
    return caller_gives(&r->last, r->base.n, r->base.dtype);
}

/* ---- the rows ---- */

#define TYPES "output_types: list(type) >= 1; output_shapes: list(shape) >= 1"
#define T_OF(what) "T" what "_func_other_arguments: list(type) >= 0; "
#define IN_OF(what) ", " what "_func_other_arguments: T" what "_func_other_arguments"

#define SLIDE_OP(op_name)                                                                   \
    { .name = op_name,                                                                      \
      .inputs = "input_dataset: variant, window_size: int64, window_shift: int64, "         \
                "window_stride: int64",                                                     \
      .outputs = "handle: variant", .attrs = TYPES,                                         \
      .doc = "window_size elements that follow one another as one, again window_shift later.", \
      .shape = dataset_shape, .grad = NO_GRADIENT, .kernel_any = slide_run }

#define BY_WINDOW_OP(op_name)                                                               \
    { .name = op_name,                                                                      \
      .inputs = "input_dataset: variant" IN_OF("key") IN_OF("reduce") IN_OF("window_size"), \
      .outputs = "handle: variant",                                                         \
      .attrs = "key_func: func; reduce_func: func; window_size_func: func; " T_OF("key")    \
               T_OF("reduce") T_OF("window_size") TYPES,                                    \
      .doc = "What a function makes of so many elements for which another gives one key.",  \
      .shape = shape_scalar, .grad = NO_GRADIENT, .prepare = by_window_prepare,             \
      .kernel_any = by_window_run }

#define REDUCER_OP(op_name)                                                                 \
    { .name = op_name,                                                                      \
      .inputs = "input_dataset: variant" IN_OF("key") IN_OF("init") IN_OF("reduce")         \
                IN_OF("finalize"),                                                          \
      .outputs = "handle: variant",                                                         \
      .attrs = "key_func: func; init_func: func; reduce_func: func; finalize_func: func; "  \
               T_OF("key") T_OF("init") T_OF("reduce") T_OF("finalize") TYPES,              \
      .doc = "For each key that a function gives, what others make of all its elements.",   \
      .shape = shape_scalar, .grad = NO_GRADIENT, .prepare = reducer_prepare,               \
      .kernel_any = reducer_run, .flags = OP_STATEFUL }

const struct op ops_dataset_group[] = {
    { .name = "WindowDataset",
      .inputs = "input_dataset: variant, size: int64, shift: int64, stride: int64, "
                "drop_remainder: bool",
      .outputs = "handle: variant", .attrs = TYPES,
      .doc = "Datasets of size elements that follow one another, each shift behind the last one.",
      .shape = dataset_shape, .grad = NO_GRADIENT, .kernel_any = window_run },
    SLIDE_OP("SlideDataset"), SLIDE_OP("SlidingWindowDataset"),
    SLIDE_OP("ExperimentalSlidingWindowDataset"),
    BY_WINDOW_OP("GroupByWindowDataset"),
    BY_WINDOW_OP("ExperimentalGroupByWindowDataset"),
    REDUCER_OP("GroupByReducerDataset"),
    REDUCER_OP("ExperimentalGroupByReducerDataset"),
    { 0 }
};
