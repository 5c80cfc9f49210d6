/* grad.c - what gradient functions call: nodes, constants, shapes; the first error sticks. */
#include "graph/gradients.h"

#include <stdarg.h>
#include <stdio.h>

enum { MOST_ATTRS = 24 };       /* of a node in a gradient */

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

/* `outer` and n bytes of `name`, made unique; NULL when an error sticks. */
static const char *unique_in(struct grad *g, const char *outer, const char *name, size_t n,
                             bool mark)
{
    char wanted[1024];
    if (snprintf(wanted, sizeof wanted, "%s%.*s", outer, (int)n, name) >= (int)sizeof wanted)
        grad_fail(g, INVALID_ARGUMENT, "Name too long: '%.60s...'", wanted);
    const char *unique = g->st ? NULL : graph_unique_name(g->graph, wanted, mark);
    if (!g->st && !unique)
        g->st = status_no_memory();
    return unique;
}

/* A name under the scope that no other node has; NULL when an error sticks. "Greater/y" stands
 * under the name that the next "Greater" will have, which is to be made next. */
static const char *name_in_scope(struct grad *g, const char *name)
{
    const char *slash = strchr(name, '/');
    if (!slash)
        return unique_in(g, g->scope, name, strlen(name), true);
    const char *user = unique_in(g, g->scope, name, (size_t)(slash - name), false);
    return user ? unique_in(g, user, slash, strlen(slash), true) : NULL;
}

const char *grad_reserve(struct grad *g, const char *name)
{
    return name_in_scope(g, name);
}

struct out grad_place(struct grad *g, struct node_def *d, const char *name)
{
    struct attr all[MOST_ATTRS];
    struct node *n = NULL;
    d->name = name_in_scope(g, name);
    d->device = g->device;
    if (!d->context)
        d->context = g->context;
    if (g->groups && d->n_attr < MOST_ATTRS) {
        if (d->n_attr)
            memcpy(all, d->attr, (size_t)d->n_attr * sizeof *all);
        all[d->n_attr++] = *g->groups;
        d->attr = all;
    }
    if (!g->st)
        g->st = g->add(g->graph, d, &n);
    return (struct out){ n, 0 };
}

struct out grad_add_named(struct grad *g, const char *op, const char *name,
                          const struct out *in, int n_in, const struct attr *attr, int n_attr)
{
    for (int i = 0; i < n_in && !g->st; i++)
        if (!in[i].node)
            grad_fail(g, INTERNAL, "%s%s: input %d has no gradient to build on", g->scope, op, i);
    if (g->st)
        return (struct out){ 0 };
    struct node_def d = { .op = op, .in = in, .n_in = n_in, .attr = attr, .n_attr = n_attr };
    return grad_place(g, &d, name);
}

struct out grad_add(struct grad *g, const char *op, const struct out *in, int n_in,
                    const struct attr *attr, int n_attr)
{
    return grad_add_named(g, op, op, in, n_in, attr, n_attr);
}

static struct out add_const(struct grad *g, const char *name, const struct tensor *value)
{
    return grad_add_named(g, "Const", name, NULL, 0,
                          ATTRS(attr_tensor("value", value),
                                attr_type("dtype", value->dtype)));
}

struct out grad_named_scalar(struct grad *g, const char *name, enum dtype t, double value)
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
    return grad_named_scalar(g, "Const", t, value);
}

struct out grad_named_vector(struct grad *g, const char *name, enum dtype t, const int64_t *value,
                             int n)
{
    struct tensor v = { 0 };
    struct out o = { 0 };
    if (!g->st)
        g->st = tensor_new(&v, NULL, t, &(struct shape){ 1, { n } });
    for (int i = 0; i < n && !g->st; i++)
        tensor_set_double(&v, i, (double)value[i]);
    if (!g->st)
        o = add_const(g, name, &v);
    tensor_unref(&v);
    return o;
}

struct out grad_vector(struct grad *g, enum dtype t, const int64_t *value, int n)
{
    return grad_named_vector(g, "Const", t, value, n);
}

struct out grad_shape_of(struct grad *g, struct out x, enum dtype t)
{
    const struct shape *s = out_shape(x);
    if (shape_is_known(s))
        return grad_named_vector(g, "Shape", t, s->dim, s->rank);
    return grad_add(g, "Shape", OUTS(x), ATTRS(attr_type("out_type", t)));
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
