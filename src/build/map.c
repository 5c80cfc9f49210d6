#include "build/map.h"
#include "base/arena.h"
#include "build/array.h"
#include "build/loop.h"
#include "build/scope.h"

struct mapping {
    struct graph *graph;
    struct arena tmp;
    struct row_fn fn;
    const struct map_options *options;
    bool reverse;
    int n_elems, n_state, n_kept;
    int64_t rows;                       /* where it is known; -1: */
    struct out n_rows;
    struct build_array *elem, *kept;    /* the rows; what is kept of each */
};

/* Room until the end; NULL: an error sticks. */
static struct out *room_for(struct mapping *m, int n)
{
    struct out *room = arena_array(&m->tmp, struct out, n);
    if (!room)
        build_fail(m->graph, status_no_memory());
    return room;
}

/* ---- how many rows ---- */

/* A number that is known is a constant wherever it is used, under the name that it has there. */
static struct out rows_as(struct mapping *m, const char *name)
{
    return m->rows < 0 ? m->n_rows : build_scalar(m->graph, name, DT_INT32, (double)m->rows);
}

static struct out binary(struct mapping *m, const char *op, const char *name, struct out x,
                         struct out y)
{
    return build(m->graph, op, name, OUTS(x, y), NULL, 0);
}

/* In a scope of the node's name, where its constant stands: "sub" and "sub/y". */
static struct out with_one(struct mapping *m, const char *op, const char *name, struct out x)
{
    struct graph *g = m->graph;
    scope_name(g, name);
    struct out one = build_scalar(g, "y", DT_INT32, 1);
    struct out result = binary(m, op, scope_prefix(g), x, one);
    scope_end(g);
    return result;
}

/* Rows of all inputs must be as many. */
static struct status *count_rows(struct mapping *m, const struct out *elems)
{
    m->rows = -1;
    for (int i = 0; i < m->n_elems; i++) {
        const struct shape *s = out_shape(elems[i]);
        ENSURE(s->rank, "elems must be a 1+ dimensional Tensor, not a scalar");
        if (s->rank > 0)
            TRY(dim_merge(m->rows, s->dim[0], &m->rows));
    }
    return NULL;
}

/* ---- the arrays ---- */

static struct build_array new_array(struct mapping *m, enum dtype t, const struct shape *s,
                                    bool alike)
{
    struct graph *g = m->graph;
    scope_name(g, "TensorArray");
    struct out size = rows_as(m, "size");
    struct build_array a = build_array_new(g, t, size, &(struct array_options){
        .name = scope_prefix(g), .shape = *s, .alike = alike });
    scope_end(g);
    return a;
}

static void take_rows(struct mapping *m, const struct out *elems)
{
    struct graph *g = m->graph;
    if (m->rows < 0)
        m->n_rows = build_rows(g, elems[0]);
    for (int i = 0; i < m->n_elems && !build_failed(g); i++) {
        struct shape row = shape_of_row(out_shape(elems[i]));
        m->elem[i] = new_array(m, out_dtype(elems[i]), &row, true);
    }
    for (int i = 0; i < m->n_elems && !build_failed(g); i++)
        m->elem[i] = build_array_unstack(g, m->elem[i], elems[i]);
}

static void read_row(struct mapping *m, struct out i, struct out *row)
{
    for (int k = 0; k < m->n_elems && !build_failed(m->graph); k++)
        row[k] = build_array_read(m->graph, m->elem[k], i);
}

/* What is known of how many rows there are, the results show. */
static void stack_results(struct mapping *m, const struct out *flow, struct out *results)
{
    struct graph *g = m->graph;
    for (int i = 0; i < m->n_kept && !build_failed(g); i++)
        results[i] = build_array_stack(g, build_array_at(m->kept[i], flow[i]));
    for (int i = 0; i < m->n_kept && !build_failed(g); i++) {
        struct shape s = *out_shape(results[i]);
        if (s.rank > 0) {
            s.dim[0] = m->rows;
            build_fail(g, graph_set_shape(g, results[i], &s));
        }
    }
}

/* ---- the loop; its variables: the row's number, the state, the flows of what is kept ---- */

static struct out goes_on(struct mapping *m, struct out i, bool down_to_0)
{
    struct graph *g = m->graph;
    if (!m->reverse) {
        scope_name(g, "Less");
        struct out n = rows_as(m, "y");
        struct out less = binary(m, "Less", scope_prefix(g), i, n);
        scope_end(g);
        return less;
    }
    const char *op = down_to_0 ? "GreaterEqual" : "Greater";
    scope_name(g, op);
    struct out zero = build_scalar(g, "y", DT_INT32, 0);
    struct out more = binary(m, op, scope_prefix(g), i, zero);
    scope_end(g);
    return more;
}

static void body(struct mapping *m, bool before, const struct out *vars, struct out *next)
{
    struct graph *g = m->graph;
    struct out *row = room_for(m, m->n_elems), i = vars[0];
    struct out *result = room_for(m, m->n_state + m->n_kept + 1);
    if (!row || !result)
        return;
    if (before)                             /* foldr counts down at the beginning */
        i = with_one(m, "Sub", "sub", i);
    read_row(m, i, row);
    if (!build_failed(g))
        m->fn.fn(m->fn.ctx, g, m->n_state ? vars + 1 : NULL, row, result);
    for (int k = 0; k < m->n_kept && !build_failed(g); k++) {
        struct build_array a = build_array_at(m->kept[k], vars[1 + m->n_state + k]);
        a = build_array_write(g, a, i, result[k]);
        m->kept[k].shape = a.shape;
        next[1 + m->n_state + k] = a.flow;
    }
    memcpy(next + 1, result, (size_t)m->n_state * sizeof *next);
    next[0] = before ? i : with_one(m, m->reverse ? "Sub" : "AddV2", m->reverse ? "sub" : "add", i);
}

/* `before`: the number is one too high at the start of an iteration. */
static void loop(struct mapping *m, bool before, const struct out *vars, int n, struct out *results)
{
    struct graph *g = m->graph;
    const struct map_options *o = m->options;
    struct out *inside = room_for(m, n), *next = room_for(m, n);
    if (!inside || !next)
        return;
    scope_name(g, "while");
    struct loop_options lo = { .parallel_iterations = o->parallel_iterations,
                               .back_prop = o->back_prop, .swap_memory = o->swap_memory,
                               .maximum = rows_as(m, "maximum_iterations") };
    struct context *c = loop_begin(g, &lo, vars, n, inside);
    if (c) {
        struct out test = goes_on(m, inside[0], !before);
        if (!build_failed(g))
            loop_test(c, test, inside);
        if (!build_failed(g))
            body(m, before, inside, next);
        loop_end(c, next, results);
    }
    scope_end(g);
}

/* ---- beginning and end ---- */

static struct status *prepare(struct mapping *m, const struct out *elems)
{
    ENSURE(m->n_elems > 0, "elems must not be empty");
    ENSURE(m->options->dtypes || m->n_state || m->n_kept <= m->n_elems, "dtypes must be given: "
           "there are %d results of %d elems", m->n_kept, m->n_elems);
    TRY(count_rows(m, elems));
    NEED(m->elem = arena_array(&m->tmp, struct build_array, m->n_elems + 1));
    NEED(m->kept = arena_array(&m->tmp, struct build_array, m->n_kept + 1));
    return NULL;
}

static bool begin(struct mapping *m, struct graph *g, const char *name, const struct out *elems)
{
    if (!g || build_failed(g))
        return false;
    m->graph = g;
    scope_name(g, m->options->name ? m->options->name : name);
    build_fail(g, prepare(m, elems));
    if (!build_failed(g))
        take_rows(m, elems);
    return !build_failed(g);
}

static void finish(struct mapping *m, struct out *results, int n)
{
    if (m->graph)
        scope_end(m->graph);
    if (!m->graph || build_failed(m->graph))
        memset(results, 0, (size_t)n * sizeof *results);
    arena_free(&m->tmp);
}

/* ---- map_fn ---- */

static void map_rows(struct mapping *m, const struct out *elems, struct out *results)
{
    struct graph *g = m->graph;
    const struct map_options *o = m->options;
    struct out *vars = room_for(m, 1 + m->n_kept), *left = room_for(m, 1 + m->n_kept);
    if (!vars || !left)
        return;
    vars[0] = build_scalar(g, NULL, DT_INT32, 0);
    for (int i = 0; i < m->n_kept; i++) {
        enum dtype t = o->dtypes ? o->dtypes[i] : out_dtype(elems[i]);
        m->kept[i] = new_array(m, t, &SHAPE_UNKNOWN, !o->varied);
        vars[1 + i] = m->kept[i].flow;
    }
    if (!build_failed(g))
        loop(m, false, vars, 1 + m->n_kept, left);
    if (!build_failed(g))
        stack_results(m, left + 1, results);
}

void build_map(struct graph *g, struct row_fn fn, const struct out *elems, int n,
               const struct map_options *o, struct out *results, int n_results)
{
    struct mapping m = { .fn = fn, .options = o, .n_elems = n, .n_kept = n_results };
    g = build_graph(g, elems, n);
    if (begin(&m, g, "map", elems))
        map_rows(&m, elems, results);
    finish(&m, results, n_results);
}

/* ---- what has a state: scan, foldl, foldr ---- */

/* The number of the first row that the function sees, and the state it sees with it. */
static struct out first_state(struct mapping *m, const struct out *initial, struct out *state)
{
    struct graph *g = m->graph;
    if (initial) {
        memcpy(state, initial, (size_t)m->n_state * sizeof *state);
        return m->reverse ? rows_as(m, "n") : build_scalar(g, NULL, DT_INT32, 0);
    }
    struct out first = m->reverse ? with_one(m, "Sub", "sub", rows_as(m, "n"))
                                  : build_scalar(g, NULL, DT_INT32, 0);
    read_row(m, first, state);
    return m->reverse ? first : build_scalar(g, NULL, DT_INT32, 1);
}

static void scan_rows(struct mapping *m, const struct out *initial, struct out *results)
{
    struct graph *g = m->graph;
    int n = 1 + m->n_state + m->n_kept;
    struct out *vars = room_for(m, n), *left = room_for(m, n);
    if (!vars || !left)
        return;
    struct out at = first_state(m, initial, vars + 1);
    for (int i = 0; i < m->n_kept && !build_failed(g); i++) {
        struct out a = vars[1 + i];
        m->kept[i] = new_array(m, out_dtype(a), m->options->varied ? &SHAPE_UNKNOWN : out_shape(a),
                               !m->options->varied);
        if (!initial)
            m->kept[i] = build_array_write(g, m->kept[i],
                                           m->reverse ? at : build_scalar(g, NULL, DT_INT32, 0),
                                           a);
        vars[1 + m->n_state + i] = m->kept[i].flow;
    }
    vars[0] = m->reverse ? with_one(m, "Sub", "sub", at) : at;
    if (!build_failed(g))
        loop(m, false, vars, n, left);
    if (!build_failed(g))
        stack_results(m, left + 1 + m->n_state, results);
}

static struct mapping stateful(struct row_fn fn, int n, const struct out *initial, int n_state,
                               const struct map_options *o)
{
    return (struct mapping){ .fn = fn, .options = o, .reverse = o->reverse, .n_elems = n,
                             .n_state = initial ? n_state : n };
}

void build_scan(struct graph *g, struct row_fn fn, const struct out *elems, int n,
                const struct out *initial, int n_state, const struct map_options *o,
                struct out *results)
{
    struct mapping m = stateful(fn, n, initial, n_state, o);
    m.n_kept = m.n_state;
    g = build_graph(g, elems, n);
    if (begin(&m, g, "scan", elems))
        scan_rows(&m, initial, results);
    finish(&m, results, m.n_state);
}

static void fold_rows(struct mapping *m, const struct out *initial, struct out *results)
{
    int n = 1 + m->n_state;
    struct out *vars = room_for(m, n), *left = room_for(m, n);
    if (!vars || !left)
        return;
    vars[0] = first_state(m, initial, vars + 1);
    if (!build_failed(m->graph))
        loop(m, m->reverse, vars, n, left);
    memcpy(results, left + 1, (size_t)m->n_state * sizeof *results);
}

void build_fold(struct graph *g, struct row_fn fn, const struct out *elems, int n,
                const struct out *initial, int n_state, const struct map_options *o,
                struct out *results)
{
    struct mapping m = stateful(fn, n, initial, n_state, o);
    g = build_graph(g, elems, n);
    if (begin(&m, g, o->reverse ? "foldr" : "foldl", elems))
        fold_rows(&m, initial, results);
    finish(&m, results, m.n_state);
}
