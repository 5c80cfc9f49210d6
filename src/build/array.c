#include "build/array.h"
#include "build/scope.h"

/* ---- parts ---- */

struct out build_range(struct graph *g, struct out n)
{
    scope_name(g, "range");
    struct out from = build_scalar(g, "start", DT_INT32, 0);
    struct out by = build_scalar(g, "delta", DT_INT32, 1);
    struct out all = build(g, "Range", scope_prefix(g), OUTS(from, n, by), NULL, 0);
    scope_end(g);
    return all;
}

static struct out shape_of(struct graph *g, struct out x)
{
    const struct shape *s = out_shape(x);
    if (shape_is_known(s))
        return build_ints(g, "Shape", DT_INT32, s->dim, s->rank);
    return build(g, "Shape", NULL, &x, 1, NULL, 0);
}

struct out build_rows(struct graph *g, struct out x)
{
    static const int64_t zero = 0, one = 1;
    struct out shape = shape_of(g, x);
    scope_name(g, "strided_slice");
    struct out from = build_ints(g, "stack", DT_INT32, &zero, 1);
    struct out to = build_ints(g, "stack_1", DT_INT32, &one, 1);
    struct out by = build_ints(g, "stack_2", DT_INT32, &one, 1);
    struct out rows = build(g, "StridedSlice", scope_prefix(g), OUTS(shape, from, to, by),
                            ATTRS(attr_int("shrink_axis_mask", 1)));
    scope_end(g);
    return rows;
}

static void set_shape(struct graph *g, struct out o, const struct shape *s)
{
    if (o.node && !build_failed(g))
        build_fail(g, graph_set_shape(g, o, s));
}

/* Behind a first dimension of unknown size; of `skip` dimensions the rest. */
static struct shape with_rows(const struct shape *s, int skip)
{
    struct shape all = { 1, { -1 } };
    if (s->rank < skip)
        return SHAPE_UNKNOWN;
    for (int i = skip; i < s->rank && all.rank < MAX_RANK; i++)
        all.dim[all.rank++] = s->dim[i];
    return all;
}

/* What is written is as elements are, and says more of them. */
static void learn(struct graph *g, struct build_array *a, const struct shape *s)
{
    struct shape both;
    struct status *st = build_failed(g) ? NULL : shape_merge(&a->shape, s, &both);
    if (build_failed(g))
        return;
    if (st) {
        status_free(st);
        build_fail(g, status_new(INVALID_ARGUMENT, "Inconsistent shapes: saw %s but expected %s "
                                 "(and infer_shape=True)", SHAPE_STR(s), SHAPE_STR(&a->shape)));
    } else if (a->alike) {
        a->shape = both;
    }
}

/* ---- the array ---- */

struct build_array build_array_new(struct graph *g, enum dtype t, struct out size,
                                   const struct array_options *o)
{
    struct build_array a = { .dtype = t, .shape = o->shape, .alike = o->alike };
    a.handle = build(g, "TensorArrayV3", o->name ? o->name : "TensorArray", &size, 1,
                     ATTRS(attr_type("dtype", t), attr_shape("element_shape", &o->shape),
                           attr_bool("identical_element_shapes", o->alike),
                           attr_bool("dynamic_size", o->dynamic),
                           attr_bool("clear_after_read", !o->keeps)));
    a.flow = (struct out){ a.handle.node, 1 };
    return a;
}

struct build_array build_array_at(struct build_array a, struct out flow)
{
    a.flow = flow;
    return a;
}

struct out build_array_size(struct graph *g, struct build_array a)
{
    return build(g, "TensorArraySizeV3", NULL, OUTS(a.handle, a.flow), NULL, 0);
}

/* ---- an element at a time ---- */

struct out build_array_read(struct graph *g, struct build_array a, struct out index)
{
    struct out v = build(g, "TensorArrayReadV3", NULL, OUTS(a.handle, index, a.flow),
                         ATTRS(attr_type("dtype", a.dtype)));
    set_shape(g, v, &a.shape);
    return v;
}

struct build_array build_array_write(struct graph *g, struct build_array a, struct out index,
                                     struct out value)
{
    scope_name(g, "TensorArrayWrite");
    learn(g, &a, out_shape(value));
    a.flow = build(g, "TensorArrayWriteV3", NULL, OUTS(a.handle, index, value, a.flow), NULL, 0);
    scope_end(g);
    return a;
}

/* ---- many elements ---- */

struct out build_array_gather(struct graph *g, struct build_array a, struct out indices)
{
    struct out v = build(g, "TensorArrayGatherV3", NULL, OUTS(a.handle, indices, a.flow),
                         ATTRS(attr_type("dtype", a.dtype),
                               attr_shape("element_shape", &a.shape)));
    struct shape s = with_rows(&a.shape, 0);
    set_shape(g, v, &s);
    return v;
}

struct build_array build_array_scatter(struct graph *g, struct build_array a, struct out indices,
                                       struct out value)
{
    struct shape row = shape_of_row(out_shape(value));
    scope_name(g, "TensorArrayScatter");
    learn(g, &a, &row);
    a.flow = build(g, "TensorArrayScatterV3", NULL, OUTS(a.handle, indices, value, a.flow), NULL,
                   0);
    scope_end(g);
    return a;
}

struct out build_array_stack(struct graph *g, struct build_array a)
{
    scope_name(g, "TensorArrayStack");
    struct out size = build_array_size(g, a);
    struct out v = build_array_gather(g, a, build_range(g, size));
    scope_end(g);
    return v;
}

struct build_array build_array_unstack(struct graph *g, struct build_array a, struct out value)
{
    scope_name(g, "TensorArrayUnstack");
    struct out rows = build_rows(g, value);
    a = build_array_scatter(g, a, build_range(g, rows), value);
    scope_end(g);
    return a;
}

struct out build_array_concat(struct graph *g, struct build_array a)
{
    struct shape rest = shape_of_row(&a.shape), s = with_rows(&a.shape, 1);
    struct out v = build(g, "TensorArrayConcatV3", NULL, OUTS(a.handle, a.flow),
                         ATTRS(attr_type("dtype", a.dtype),
                               attr_shape("element_shape_except0", &rest)));
    set_shape(g, v, &s);
    return v;
}

struct build_array build_array_split(struct graph *g, struct build_array a, struct out value,
                                     struct out lengths)
{
    scope_name(g, "TensorArraySplit");
    a.flow = build(g, "TensorArraySplitV3", NULL, OUTS(a.handle, value, lengths, a.flow), NULL, 0);
    scope_end(g);
    return a;
}
