/* dataset_map.c - functions of elements, one after another: MapDataset, FilterDataset,
 * FilterByLastComponentDataset, TakeWhileDataset, ScanDataset. */
#include "base/mem.h"
#include "graph/graph.h"
#include "op/callee.h"
#include "op/shape_fn.h"
#include "ops/dataset.h"

struct mapped { struct dataset base; struct caller f; bool preserve; };

static void mapped_release(struct dataset *d) { caller_release(&((struct mapped *)d)->f); }

static int64_t same_count(const struct dataset *d)
{
    const struct mapped *m = (const struct mapped *)d;
    int64_t n = dataset_count(d->in[0]);
    return n < 0 || m->preserve ? n : COUNT_UNKNOWN;
}

/* The next element of the dataset below, in the cursor's room. */
static struct status *next_below(struct cursor *c, struct run_env *env, bool *end)
{
    return cursor_next_in(c, env, ((struct call_cursor *)c)->element, end);
}

/* TF: a function may end it all by OUT_OF_RANGE, unless the number of elements is to be kept. */
struct status *dataset_call_ends(struct status *st, bool preserve, bool *end)
{
    if (status_code(st) != OUT_OF_RANGE)
        return st;
    struct status *invalid = preserve ? status_new(INVALID_ARGUMENT, "Function invocation produced "
                                                   "OutOfRangeError: %s", status_message(st))
                                      : NULL;
    *end = !preserve;
    status_free(st);
    return invalid;
}

/* ---- MapDataset ---- */

static struct status *map_next(struct cursor *c, struct run_env *env, struct tensor *out, bool *end)
{
    const struct mapped *m = (const struct mapped *)c->d;
    TRY(next_below(c, env, end));
    if (*end)
        return NULL;
    struct status *st = caller_run(&m->f, env, ((struct call_cursor *)c)->element,
                                   c->d->in[0]->n, out);
    return __builtin_expect(st != NULL, 0) ? dataset_call_ends(st, m->preserve, end) : NULL;
}

static const struct dataset_kind MAP = {
    .name = "Map", .size = sizeof(struct mapped), .cursor = sizeof(struct call_cursor),
    .begin = call_begin, .next = map_next, .finish = call_finish, .release = mapped_release,
    .count = same_count
};

struct map_state { struct callee *f; bool preserve; };

static struct status *map_prepare(struct prep *p)
{
    struct map_state *m;
    struct callee *f;
    TRY(prep_callee(p, "f", &f));
    TRY(prep_state(p, sizeof *m, &m));
    *m = (struct map_state){ f, node_attr(p->node, "preserve_cardinality") };
    return NULL;
}

static struct status *map_run(struct kernel *k)
{
    const struct map_state *s = k->state;
    struct mapped *m;
    TRY(dataset_make(k, &MAP, 1, &m));
    m->preserve = s->preserve;
    m->base.waits |= callee_may_wait(s->f);
    TRY(caller_take(&m->f, k, s->f, m->base.in[0]->n, 1));
    return caller_gives(&m->f, m->base.n, m->base.dtype);
}

/* ---- FilterDataset, TakeWhileDataset ---- */

static struct status *filter_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                  bool *end)
{
    struct tensor *element = ((struct call_cursor *)c)->element;
    int n = c->d->n;
    for (int64_t keep = 0; !keep;) {
        TRY(dataset_check_stop(env));
        TRY(next_below(c, env, end));
        if (*end)
            return NULL;
        struct status *st = caller_ask(&((const struct mapped *)c->d)->f, env, element, n, &keep);
        if (st || !keep)
            element_clear(element, n);
        TRY(st);
    }
    element_move(out, element, n);
    return NULL;
}

static const struct dataset_kind FILTER = {
    .name = "Filter", .size = sizeof(struct mapped), .cursor = sizeof(struct call_cursor),
    .begin = call_begin, .next = filter_next, .finish = call_finish, .release = mapped_release
};

static struct status *take_while_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                      bool *end)
{
    struct tensor *element = ((struct call_cursor *)c)->element;
    int64_t keep = 0;
    TRY(next_below(c, env, end));
    if (*end)
        return NULL;
    struct status *st = caller_ask(&((const struct mapped *)c->d)->f, env, element, c->d->n,
                                   &keep);
    if (keep) {
        element_move(out, element, c->d->n);
    } else {
        element_clear(element, c->d->n);
        *end = !st;
    }
    if (*end) {
        cursor_free(c->in);
        c->in = NULL;
    }
    return st;
}

static const struct dataset_kind TAKE_WHILE = {
    .name = "TakeWhile", .size = sizeof(struct mapped), .cursor = sizeof(struct call_cursor),
    .begin = call_begin, .next = take_while_next, .finish = call_finish,
    .release = mapped_release
};

static struct status *make_predicate(struct kernel *k, const struct dataset_kind *kind)
{
    struct callee *f = (struct callee *)k->state;
    struct mapped *m;
    TRY(dataset_make_like(k, kind, &m));
    m->base.waits |= callee_may_wait(f);
    TRY(caller_take(&m->f, k, f, m->base.n, 1));
    ENSURE(callee_n_out(f) == 1 && callee_out_dtype(f, 0) == DT_BOOL,
           "predicate function has to return a scalar bool: %s does not", callee_name(f));
    return NULL;
}

static struct status *filter_run(struct kernel *k) { return make_predicate(k, &FILTER); }
static struct status *take_while_run(struct kernel *k) { return make_predicate(k, &TAKE_WHILE); }

/* ---- FilterByLastComponentDataset ---- */

static struct status *by_last_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                   bool *end)
{
    struct tensor *element = ((struct call_cursor *)c)->element;
    const struct tensor *last = &element[c->d->n];
    for (bool keep = false; !keep;) {
        TRY(dataset_check_stop(env));
        TRY(next_below(c, env, end));
        if (*end)
            return NULL;
        bool fits = last->dtype == DT_BOOL && last->shape.rank == 0;
        keep = fits && tensor_int(last, 0);
        if (!keep)
            element_clear(element, c->d->n + 1);
        ENSURE(fits, "Last component must be a bool scalar.");
    }
    element_move(out, element, c->d->n);
    element_clear(element + c->d->n, 1);
    return NULL;
}

static const struct dataset_kind BY_LAST = {
    .name = "FilterByLastComponent", .size = sizeof(struct dataset),
    .cursor = sizeof(struct call_cursor), .begin = call_begin, .next = by_last_next,
    .finish = call_finish
};

static struct status *by_last_run(struct kernel *k)
{
    struct dataset *in, *d;
    TRY(kernel_dataset(k, 0, &in));
    ENSURE(in->n > 1 && in->dtype[in->n - 1] == DT_BOOL, "Last component must be a bool scalar.");
    return dataset_make_as(k, &BY_LAST, 1, in->n - 1, in->dtype, in->shape, &d);
}

/* ---- ScanDataset: f(state, element) gives the next state and an element ---- */

struct scan { struct mapped map; int n_state; struct tensor *state; };
struct scan_cursor { struct call_cursor call; struct tensor *state, *arg, *result; };

static struct status *scan_begin(struct cursor *c, struct run_env *env)
{
    struct scan_cursor *s = (struct scan_cursor *)c;
    const struct scan *d = (const struct scan *)c->d;
    TRY(call_begin(c, env));
    NEED(s->state = mem_array(struct tensor, d->n_state));
    NEED(s->arg = mem_array(struct tensor, d->n_state + c->d->in[0]->n));
    NEED(s->result = mem_array(struct tensor, d->n_state + c->d->n));
    for (int i = 0; i < d->n_state; i++)
        s->state[i] = tensor_ref(&d->state[i]);
    return NULL;
}

static void scan_finish(struct cursor *c)
{
    struct scan_cursor *s = (struct scan_cursor *)c;
    element_clear(s->state, s->state ? ((const struct scan *)c->d)->n_state : 0);
    mem_free(s->state);
    mem_free(s->arg);
    mem_free(s->result);
    call_finish(c);
}

/* The state stays what it was where the function fails. */
static struct status *scan_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                bool *end)
{
    struct scan_cursor *s = (struct scan_cursor *)c;
    const struct scan *d = (const struct scan *)c->d;
    int n = d->n_state, n_in = c->d->in[0]->n;
    TRY(next_below(c, env, end));
    if (*end)
        return NULL;
    for (int i = 0; i < n; i++)
        s->arg[i] = tensor_ref(&s->state[i]);
    element_move(s->arg + n, s->call.element, n_in);
    struct status *st = caller_run(&d->map.f, env, s->arg, n + n_in, s->result);
    if (st)
        return dataset_call_ends(st, d->map.preserve, end);
    element_clear(s->state, n);
    element_move(s->state, s->result, n);
    element_move(out, s->result + n, c->d->n);
    return NULL;
}

static void scan_release(struct dataset *d)
{
    struct scan *s = (struct scan *)d;
    element_clear(s->state, s->n_state);
    mem_free(s->state);
    mapped_release(d);
}

static const struct dataset_kind SCAN = {
    .name = "Scan", .size = sizeof(struct scan), .cursor = sizeof(struct scan_cursor),
    .begin = scan_begin, .next = scan_next, .finish = scan_finish, .release = scan_release,
    .count = same_count
};

static struct status *scan_types(const struct scan *s, struct kernel *k)
{
    enum dtype *t;
    int n = s->n_state + s->map.base.n;
    TRY(kernel_temp(k, (size_t)n * sizeof *t, &t));
    for (int i = 0; i < n; i++)
        t[i] = i < s->n_state ? s->state[i].dtype : s->map.base.dtype[i - s->n_state];
    return caller_gives(&s->map.f, n, t);
}

static struct status *scan_run(struct kernel *k)
{
    const struct map_state *state = k->state;
    struct scan *s;
    int n, at = node_arg(k->node, 1, &n);
    TRY(dataset_make(k, &SCAN, 1, &s));
    s->map.preserve = state->preserve;
    s->map.base.waits |= callee_may_wait(state->f);
    NEED(s->state = mem_array(struct tensor, n));
    for (; s->n_state < n; s->n_state++)
        TRY(kernel_keep(k, at + s->n_state, &s->state[s->n_state]));
    TRY(caller_take(&s->map.f, k, state->f, n + s->map.base.in[0]->n, 2));
    return scan_types(s, k);
}

/* ---- the rows ---- */

#define TYPES "output_types: list(type) >= 1; output_shapes: list(shape) >= 1"

#define CALLS(op_name, in, attributes, prep, run, sentence)                                 \
    { .name = op_name, .inputs = "input_dataset: variant, " in, .outputs = "handle: variant", \
      .attrs = attributes, .doc = sentence, .shape = shape_scalar, .grad = NO_GRADIENT,     \
      .prepare = prep, .kernel_any = run }

#define MAP_ATTRS "f: func; Targuments: list(type) >= 0; " TYPES \
                  "; use_inter_op_parallelism: bool = true; preserve_cardinality: bool = false"
#define SCAN_IN "initial_state: Tstate, other_arguments: Targuments"
#define SCAN_ATTRS "f: func; Tstate: list(type) >= 1; Targuments: list(type) >= 0; " TYPES \
                   "; preserve_cardinality: bool = false"
#define PREDICATE "predicate: func; Targuments: list(type) >= 0; " TYPES
#define CAPTURED "other_arguments: Targuments"

const struct op ops_dataset_map[] = {
    CALLS("MapDataset", CAPTURED, MAP_ATTRS, map_prepare, map_run,
          "What a function makes of each element of a dataset."),
    CALLS("ExperimentalMapDataset", CAPTURED, MAP_ATTRS, map_prepare, map_run,
          "What a function makes of each element of a dataset."),
    CALLS("FilterDataset", CAPTURED, PREDICATE, dataset_prepare_predicate, filter_run,
          "The elements of a dataset for which a function gives true."),
    CALLS("TakeWhileDataset", CAPTURED, PREDICATE, dataset_prepare_predicate, take_while_run,
          "The first elements of a dataset, as long as a function gives true for them."),
    CALLS("ExperimentalTakeWhileDataset", CAPTURED, PREDICATE, dataset_prepare_predicate,
          take_while_run,
          "The first elements of a dataset, as long as a function gives true for them."),
    CALLS("ScanDataset", SCAN_IN, SCAN_ATTRS, map_prepare, scan_run,
          "What a function makes of each element of a dataset and of a state that it hands on."),
    CALLS("ExperimentalScanDataset", SCAN_IN, SCAN_ATTRS, map_prepare, scan_run,
          "What a function makes of each element of a dataset and of a state that it hands on."),
    { .name = "FilterByLastComponentDataset", .inputs = "input_dataset: variant",
      .outputs = "output: variant", .attrs = TYPES,
      .doc = "The elements whose last component is true, without it.", .shape = shape_scalar,
      .grad = NO_GRADIENT, .kernel_any = by_last_run },
    { 0 }
};
