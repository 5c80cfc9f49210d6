/* gradients.c - dy to dx: walk back from the ys, call each op's gradient, sum what meets.
 *
 * Nodes are visited by falling id: every reader of a value has a higher id than its writer, so
 * when a node's turn comes all contributions to its outputs are there.
 */
#include "base/arena.h"
#include "graph/graph.h"

#include <stdarg.h>
#include <stdio.h>

struct term { struct out v; struct slices s; struct term *next; };
struct sum { struct term *first, **end; int n; struct out v; struct slices s; };

struct walk {
    struct grad g;              /* what gradient functions see; its `st` sticks for the walk too */
    struct arena tmp;
    const struct gradients *q;
    const char *scope;          /* "gradients/" */
    int n_nodes;
    bool *reached;              /* by id: depends on an x, differentiably */
    bool *stop;
    struct sum **sum;           /* by id: one for each output, once something is known */
};

/* ---- for gradient functions ---- */

enum dtype out_dtype(struct out o)
{
    return out_is_valid(o) ? o.node->dtype[o.index] : DT_INVALID;
}

const struct shape *out_shape(struct out o)
{
    return out_is_valid(o) ? __atomic_load_n(&o.node->shape[o.index], __ATOMIC_ACQUIRE)
                           : &SHAPE_UNKNOWN;        /* graph_set_shape() may be at it */
}

void grad_fail(struct grad *g, enum code code, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    if (g->st)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    g->st = status_new(code, "%s", text);
}

static struct out add_named(struct grad *g, const char *op, const char *name,
                            const struct out *in, int n_in, const struct attr *attr, int n_attr)
{
    char wanted[1024];
    struct node *n = NULL;
    for (int i = 0; i < n_in && !g->st; i++)
        if (!in[i].node)
            grad_fail(g, INTERNAL, "%s%s: input %d has no gradient to build on", g->scope, op, i);
    if (g->st)
        return (struct out){ 0 };
    if (snprintf(wanted, sizeof wanted, "%s%s", g->scope, name) >= (int)sizeof wanted)
        grad_fail(g, INVALID_ARGUMENT, "Name too long: '%.60s...'", wanted);
    const char *unique = g->st ? NULL : graph_unique_name(g->graph, wanted, true);
    if (!g->st && !unique)
        g->st = status_no_memory();
    if (!g->st)
        g->st = graph_add(g->graph, &(struct node_def){ .op = op, .name = unique, .in = in,
                          .n_in = n_in, .attr = attr, .n_attr = n_attr }, &n);
    return (struct out){ n, 0 };
}

struct out grad_add(struct grad *g, const char *op, const struct out *in, int n_in,
                    const struct attr *attr, int n_attr)
{
    return add_named(g, op, op, in, n_in, attr, n_attr);
}

static struct out add_const(struct grad *g, const char *name, const struct tensor *value)
{
    return add_named(g, "Const", name, NULL, 0,
                     ATTRS(attr_tensor("value", value), attr_type("dtype", value->dtype)));
}

static struct out named_scalar(struct grad *g, const char *name, enum dtype t, double value)
{
    struct tensor v = { 0 };
    struct out o = { 0 };
    if (!g->st)
        g->st = tensor_new(&v, NULL, t, &SHAPE_SCALAR);
    if (!g->st) {
        tensor_set_double(&v, 0, value);
        o = add_const(g, name, &v);
    }
    tensor_unref(&v);
    return o;
}

struct out grad_scalar(struct grad *g, enum dtype t, double value)
{
    return named_scalar(g, "Const", t, value);
}

struct out grad_vector(struct grad *g, enum dtype t, const int64_t *value, int n)
{
    struct tensor v = { 0 };
    struct out o = { 0 };
    if (!g->st)
        g->st = tensor_new(&v, NULL, t, &(struct shape){ 1, { n } });
    for (int i = 0; i < n && !g->st; i++)
        tensor_set_double(&v, i, (double)value[i]);
    if (!g->st)
        o = add_const(g, "Const", &v);
    tensor_unref(&v);
    return o;
}

/* ---- sums of what meets ---- */

static struct out shape_node(struct grad *g, struct out x)
{
    const struct shape *s = out_shape(x);
    if (shape_is_known(s))
        return grad_vector(g, DT_INT32, s->dim, s->rank);
    return grad_add(g, "Shape", OUTS(x), NULL, 0);
}

struct out grad_dense(struct grad *g, struct out values, const struct slices *s)
{
    if (!s->indices.node)
        return values;
    struct out zero = grad_vector(g, DT_INT32, (int64_t[]){ 0 }, 1);
    struct out one = grad_vector(g, DT_INT32, (int64_t[]){ 1 }, 1);
    struct out rows = grad_add(g, "StridedSlice", OUTS(s->dense_shape, zero, one, one),
                               ATTRS(attr_int("shrink_axis_mask", 1)));
    return grad_add(g, "UnsortedSegmentSum", OUTS(values, s->indices, rows), NULL, 0);
}

/* A dense term among sparse ones: all its rows (F8). */
static struct slices all_rows(struct grad *g, struct out dense)
{
    struct out shape = shape_node(g, dense);
    struct out zero = grad_vector(g, DT_INT32, (int64_t[]){ 0 }, 1);
    struct out one = grad_vector(g, DT_INT32, (int64_t[]){ 1 }, 1);
    struct out rows = grad_add(g, "StridedSlice", OUTS(shape, zero, one, one),
                               ATTRS(attr_int("shrink_axis_mask", 1)));
    struct out all = grad_add(g, "Range", OUTS(grad_scalar(g, DT_INT32, 0), rows,
                                               grad_scalar(g, DT_INT32, 1)), NULL, 0);
    return (struct slices){ all, shape };
}

static struct out concat(struct walk *w, const struct out *list, int n)
{
    struct out *in = arena_array(&w->tmp, struct out, n + 1);
    if (!in) {
        w->g.st = w->g.st ? w->g.st : status_no_memory();
        return (struct out){ 0 };
    }
    memcpy(in, list, (size_t)n * sizeof *in);
    in[n] = grad_scalar(&w->g, DT_INT32, 0);
    return grad_add(&w->g, "ConcatV2", in, n + 1, NULL, 0);
}

static struct out int32_of(struct grad *g, struct out x)
{
    if (out_dtype(x) == DT_INT32)
        return x;
    return grad_add(g, "Cast", OUTS(x), ATTRS(attr_type("DstT", DT_INT32)));
}

static void sum_slices(struct walk *w, struct sum *s, struct out *values, struct out *indices)
{
    int i = 0;
    bool alike = true;
    for (struct term *t = s->first; t; t = t->next, i++) {
        if (!t->s.indices.node)
            t->s = all_rows(&w->g, t->v);
        values[i] = t->v;
        indices[i] = t->s.indices;
        alike &= out_dtype(indices[i]) == out_dtype(indices[0]);
    }
    for (i = 0; i < s->n && !alike; i++)
        indices[i] = int32_of(&w->g, indices[i]);
    s->v = concat(w, values, s->n);
    s->s = (struct slices){ concat(w, indices, s->n), s->first->s.dense_shape };
}

static void sum_up(struct walk *w, struct sum *s)
{
    bool sparse = false;
    if (!s->n || s->v.node || w->g.st)
        return;
    s->v = s->first->v;
    s->s = s->first->s;
    if (s->n == 1)
        return;
    struct out *in = arena_array(&w->tmp, struct out, 2 * s->n);
    if (!in) {
        w->g.st = status_no_memory();
        return;
    }
    w->g.scope = w->scope;
    int i = 0;
    for (struct term *t = s->first; t; t = t->next) {
        in[i++] = t->v;
        sparse |= t->s.indices.node != NULL;
    }
    if (sparse)
        sum_slices(w, s, in, in + s->n);
    else
        s->v = grad_add(&w->g, "AddN", in, s->n, NULL, 0);
}

static void contribute(struct walk *w, struct out to, struct out v, struct slices s)
{
    int id = to.node->id;
    if (w->g.st || !v.node || id >= w->n_nodes)
        return;
    if (!w->sum[id])
        w->sum[id] = arena_array(&w->tmp, struct sum, to.node->n_out);
    struct term *t = arena_new(&w->tmp, struct term);
    if (!w->sum[id] || !t) {
        w->g.st = status_no_memory();
        return;
    }
    struct sum *sum = &w->sum[id][to.index];
    *t = (struct term){ v, s, NULL };
    if (!sum->end)
        sum->end = &sum->first;
    *sum->end = t;
    sum->end = &t->next;
    sum->n++;
}

/* ---- the walk ---- */

static bool differentiable(enum dtype t)
{
    return dtype_is_floating(t) || dtype_is_complex(t) || t == DT_RESOURCE || t == DT_VARIANT;
}

static void find_reached(struct walk *w)
{
    for (int i = 0; i < w->q->n_x; i++)
        if (differentiable(out_dtype(w->q->x[i])))
            w->reached[w->q->x[i].node->id] = true;
    for (int i = 0; i < w->q->n_stop; i++)
        w->stop[w->q->stop[i].node->id] = true;
    for (int id = 0; id < w->n_nodes; id++) {
        const struct node *n = w->g.graph->node[id];
        for (int i = 0; i < n->n_in && !w->reached[id]; i++)
            w->reached[id] = w->reached[n->in[i].node->id] && !w->stop[id] &&
                             differentiable(out_dtype(n->in[i]));
    }
}

static bool any_input_reached(const struct walk *w, const struct node *n)
{
    for (int i = 0; i < n->n_in; i++)
        if (w->reached[n->in[i].node->id] && differentiable(out_dtype(n->in[i])))
            return true;
    return false;
}

static struct out default_grad_y(struct walk *w, struct out y, int i)
{
    char name[32];
    if (dtype_is_complex(out_dtype(y)))
        grad_fail(&w->g, INVALID_ARGUMENT, "Gradients of complex tensors must set grad_ys "
                  "(y.dtype = %s)", dtype_py_name(out_dtype(y)));
    snprintf(name, sizeof name, "grad_ys_%d", i);
    struct out shape = shape_node(&w->g, y);
    return grad_add(&w->g, "Fill", OUTS(shape, named_scalar(&w->g, name, out_dtype(y), 1)),
                    NULL, 0);
}

static void check_grad_y(struct walk *w, struct out y, struct out dy)
{
    if (out_dtype(dy) != out_dtype(y))
        grad_fail(&w->g, INVALID_ARGUMENT, "Gradient type %s generated for tensor %s:%d with type "
                  "%s must match", dtype_py_name(out_dtype(dy)), y.node->name, y.index,
                  dtype_py_name(out_dtype(y)));
    else if (!shape_accepts(out_shape(y), out_shape(dy)))
        grad_fail(&w->g, INVALID_ARGUMENT, "Gradient of shape %s given for tensor %s:%d of shape "
                  "%s", SHAPE_STR(out_shape(dy)), y.node->name, y.index, SHAPE_STR(out_shape(y)));
}

static void begin(struct walk *w)
{
    w->g.scope = w->scope;
    for (int i = 0; i < w->q->n_y && !w->g.st; i++) {
        struct out y = w->q->y[i], dy = { 0 };
        if (w->q->grad_y)
            dy = w->q->grad_y[i];
        if (dy.node)
            check_grad_y(w, y, dy);
        else if (w->reached[y.node->id])
            dy = default_grad_y(w, y, i);
        contribute(w, y, dy, (struct slices){ 0 });
    }
}

/* What is known of each output's gradient; missing ones are zeros (F10). */
static bool gather_dy(struct walk *w, const struct node *n, struct out *dy, struct slices *dys)
{
    bool any = false;
    for (int i = 0; i < n->n_out; i++) {
        struct sum *s = &w->sum[n->id][i];
        sum_up(w, s);
        dy[i] = s->v;
        dys[i] = s->s;
        any |= dy[i].node != NULL;
    }
    return any && !w->g.st;
}

static void complete_dy(struct walk *w, const struct node *n, struct out *dy, struct slices *dys)
{
    for (int i = 0; i < n->n_out && !w->g.st; i++) {
        struct out y = { (struct node *)n, i };
        if (dys[i].indices.node && !(n->op->flags & OP_SLICES)) {
            dy[i] = grad_dense(&w->g, dy[i], &dys[i]);
            dys[i] = (struct slices){ 0 };
        } else if (!dy[i].node && (dtype_is_floating(out_dtype(y)) ||
                                   dtype_is_complex(out_dtype(y)))) {
            dy[i] = grad_add(&w->g, "ZerosLike", OUTS(y), NULL, 0);
        }
    }
}

static void check_dx(struct walk *w, const struct node *n)
{
    for (int i = 0; i < n->n_in; i++) {
        struct out dx = w->g.dx[i], x = n->in[i];
        if (!dx.node || w->g.dx_slices[i].indices.node || out_dtype(x) == DT_RESOURCE)
            continue;
        if (!shape_accepts(out_shape(x), out_shape(dx)))
            grad_fail(&w->g, INVALID_ARGUMENT, "Incompatible shapes between op input and "
                      "calculated input gradient. Forward operation: %s. Input index: %d. "
                      "Original input shape: %s. Calculated input gradient shape: %s", n->name, i,
                      SHAPE_STR(out_shape(x)), SHAPE_STR(out_shape(dx)));
    }
}

static void call_grad(struct walk *w, struct node *n, struct out *dy, struct slices *dys)
{
    struct grad *g = &w->g;
    struct out *y = arena_array(&w->tmp, struct out, n->n_out + n->n_in);
    struct slices *dx_slices = arena_array(&w->tmp, struct slices, n->n_in);
    const char *wanted = arena_printf(&w->tmp, "%s%s_grad", w->scope, n->name);
    const char *unique = wanted ? graph_unique_name(g->graph, wanted, true) : NULL;
    g->scope = unique ? arena_printf(&w->tmp, "%s/", unique) : NULL;
    if (!y || !dx_slices || !g->scope) {
        g->st = status_no_memory();
        return;
    }
    for (int i = 0; i < n->n_out; i++)
        y[i] = (struct out){ n, i };
    complete_dy(w, n, dy, dys);
    g->node = n;
    g->n_in = n->n_in;
    g->n_out = n->n_out;
    g->x = n->in;
    g->y = y;
    g->dy = dy;
    g->dy_slices = dys;
    g->dx = y + n->n_out;
    g->dx_slices = dx_slices;
    if (!g->st)
        n->op->grad(g);
    if (!g->st)
        check_dx(w, n);
    for (int i = 0; i < n->n_in; i++)
        contribute(w, n->in[i], g->dx[i], dx_slices[i]);
}

static void visit(struct walk *w, int id)
{
    struct node *n = w->g.graph->node[id];
    struct out *dy = arena_array(&w->tmp, struct out, n->n_out);
    struct slices *dys = arena_array(&w->tmp, struct slices, n->n_out);
    if (!dy || !dys) {
        w->g.st = status_no_memory();
        return;
    }
    if (!gather_dy(w, n, dy, dys) || w->stop[id] || !any_input_reached(w, n))
        return;
    if (n->op->grad == NO_GRADIENT)
        grad_fail(&w->g, NOT_FOUND, "No gradient defined for operation '%s' (op type: %s)",
                  n->name, n->op->name);
    else if (n->op->grad != NOT_DIFFERENTIABLE)
        call_grad(w, n, dy, dys);
}

static void results(struct walk *w, struct out *dx, struct slices *dx_slices)
{
    for (int i = 0; i < w->q->n_x; i++) {
        struct out x = w->q->x[i];
        struct sum *s = w->sum[x.node->id] ? &w->sum[x.node->id][x.index] : NULL;
        struct slices none = { 0 }, *slices = s ? &s->s : &none;
        bool known = s && s->v.node && differentiable(out_dtype(x));
        dx[i] = known ? s->v : (struct out){ 0 };
        w->g.scope = w->scope;
        if (known && slices->indices.node && !dx_slices)
            dx[i] = grad_dense(&w->g, s->v, slices);
        if (dx_slices)
            dx_slices[i] = known ? *slices : none;
    }
}

static struct status *check_outs(const struct graph *g, const char *what, const struct out *o,
                                 int n)
{
    for (int i = 0; i < n; i++)
        ENSURE(out_is_valid(o[i]) && o[i].node->graph == g,
               "%s %d is not an element of this graph.", what, i);
    return NULL;
}

static struct status *check(const struct graph *g, const struct gradients *q)
{
    TRY(check_outs(g, "y", q->y, q->n_y));
    TRY(check_outs(g, "x", q->x, q->n_x));
    for (int i = 0; q->grad_y && i < q->n_y; i++)
        if (q->grad_y[i].node)
            TRY(check_outs(g, "grad_ys", &q->grad_y[i], 1));
    return check_outs(g, "stop_gradients", q->stop, q->n_stop);
}

static struct status *start(struct walk *w)
{
    struct graph *g = w->g.graph;
    const char *scope = graph_unique_name(g, w->q->scope ? w->q->scope : "gradients", true);
    w->n_nodes = g->n;
    NEED(scope);
    NEED(w->scope = arena_printf(&w->tmp, "%s/", scope));
    NEED(w->reached = arena_array(&w->tmp, bool, g->n));
    NEED(w->stop = arena_array(&w->tmp, bool, g->n));
    NEED(w->sum = arena_array(&w->tmp, struct sum *, g->n));
    return NULL;
}

struct status *graph_gradients(struct graph *g, const struct gradients *q, struct out *dx,
                               struct slices *dx_slices)
{
    struct walk w = { .g = { .graph = g }, .q = q };
    TRY(check(g, q));
    graph_lock(g);
    w.g.st = start(&w);
    if (!w.g.st) {
        find_reached(&w);
        begin(&w);
    }
    for (int id = w.n_nodes - 1; id >= 0 && !w.g.st; id--)
        if (w.sum[id])
            visit(&w, id);
    if (!w.g.st)
        results(&w, dx, dx_slices);
    graph_unlock(g);
    arena_free(&w.tmp);
    return w.g.st;
}
