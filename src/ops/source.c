/* source.c - where values come from, and ops that pass them on: Const, Placeholder,
 * Identity, NoOp and their kin. */
#include "graph/graph.h"
#include "op/kernel.h"

/* ---- Const ---- */

static struct status *const_shape(struct shape_ctx *c)
{
    const struct tensor *v = node_attr_tensor(c->node, "value");
    ENSURE(v && v->buf, "Const '%s' has no value", c->node->name);
    ENSURE(v->dtype == node_attr_type(c->node, "dtype"),
           "Inconsistent type: attr 'dtype' is %s but 'value' holds %s",
           dtype_name(node_attr_type(c->node, "dtype")), dtype_name(v->dtype));
    *shape_out(c, 0) = v->shape;
    return NULL;
}

static struct status *const_prepare(struct prep *p)
{
    p->state = node_attr_tensor(p->node, "value");
    return NULL;
}

static struct status *const_run(struct kernel *k)
{
    kernel_set(k, 0, tensor_ref(k->state));
    return NULL;
}

/* ---- Placeholder ---- */

/* B56: the shape is said only where the declared rank is 1 or more. */
static struct status *placeholder_run(struct kernel *k)
{
    const struct shape *s = node_attr_shape(k->node, "shape");
    bool say = s && s->rank > 0;
    return status_new(INVALID_ARGUMENT,
                      "You must feed a value for placeholder tensor '%s' with dtype %s%s%s",
                      k->node->name, dtype_name(node_attr_type(k->node, "dtype")),
                      say ? " and shape " : "", say ? SHAPE_STR(s) : "");
}

static struct status *default_shape(struct shape_ctx *c)
{
    const struct shape *declared = node_attr_shape(c->node, "shape");
    struct shape merged;
    TRY(shape_merge(declared, shape_in(c, 0), &merged));
    *shape_out(c, 0) = *declared;
    return NULL;
}

/* ---- passing on ---- */

static struct status *forward_run(struct kernel *k)
{
    kernel_forward(k, 0, 0);
    return NULL;
}

static struct status *guarantee_run(struct kernel *k)
{
    ENSURE(kernel_in(k, 0)->dtype != DT_RESOURCE,
           "Input tensor cannot be a resource variable handle.");
    return forward_run(k);
}

static struct status *forward_all_run(struct kernel *k)
{
    for (int i = 0; i < k->n_in; i++)
        kernel_forward(k, i, i);
    return NULL;
}

static struct status *shape_each(struct shape_ctx *c)
{
    for (int i = 0; i < c->n_in; i++)
        *shape_out(c, i) = *shape_in(c, i);
    return NULL;
}

static void forward_grad(struct grad *g)
{
    for (int i = 0; i < g->n_in; i++) {
        g->dx[i] = g->dy[i];
        g->dx_slices[i] = g->dy_slices[i];
    }
}

static bool forward_partial(struct shape_ctx *c, struct shape *value)
{
    struct status *st;
    if (shape_in(c, 0)->rank == 0) {
        value->rank = 0;
        st = shape_in_size(c, 0, &value->dim[0]);
    } else {
        st = shape_in_shape(c, 0, value);
    }
    status_free(st);
    return !st;
}

static void prevented_grad(struct grad *g)
{
    grad_fail(g, NOT_FOUND, "Gradient explicitly disabled. Reason: %s",
              node_attr_string(g->node, "message"));
}

static struct status *noop_run(struct kernel *k)
{
    (void)k;
    return NULL;
}

const struct op ops_source[] = {
    { .name = "Const", .outputs = "output: dtype", .attrs = "value: tensor; dtype: type",
      .doc = "A constant tensor.",
      .shape = const_shape, .grad = NOT_DIFFERENTIABLE, .prepare = const_prepare,
      .kernel_any = const_run, .flags = OP_CONSTANT },
    { .name = "HostConst", .outputs = "output: dtype", .attrs = "value: tensor; dtype: type",
      .doc = "A constant tensor, in the memory of the host wherever the op is.",
      .shape = const_shape, .grad = NO_GRADIENT, .prepare = const_prepare,
      .kernel_any = const_run, .flags = OP_CONSTANT },
    { .name = "Placeholder", .outputs = "output: dtype", .attrs = "dtype: type; shape: shape = ?",
      .doc = "A value that each run is given.",
      .shape = shape_attr, .grad = NOT_DIFFERENTIABLE, .kernel_any = placeholder_run,
      .flags = OP_FED },
    { .name = "PlaceholderV2", .outputs = "output: dtype", .attrs = "dtype: type; shape: shape",
      .doc = "A value that each run is given; its shape must be declared.",
      .shape = shape_attr, .grad = NOT_DIFFERENTIABLE, .kernel_any = placeholder_run,
      .flags = OP_FED },
    { .name = "PlaceholderWithDefault", .inputs = "input: dtype", .outputs = "output: dtype",
      .attrs = "dtype: type; shape: shape",
      .doc = "A value that a run may be given, else the input.",
      .shape = default_shape, .grad = forward_grad, .kernel_any = forward_run,
      .flags = OP_FED | OP_SLICES },
    { .name = "Identity", .inputs = "input: T", .outputs = "output: T", .attrs = "T: type",
      .doc = "The input, unchanged.",
      .shape = shape_unchanged, .partial = forward_partial, .grad = forward_grad,
      .kernel_any = forward_run, .flags = OP_SLICES },
    { .name = "IdentityN", .inputs = "input: T", .outputs = "output: T",
      .attrs = "T: list(type) >= 1",
      .doc = "The inputs, unchanged, all available together.",
      .shape = shape_each, .grad = forward_grad, .kernel_any = forward_all_run,
      .flags = OP_SLICES },
    { .name = "Snapshot", .inputs = "input: T", .outputs = "output: T", .attrs = "T: type",
      .doc = "The input, unchanged.",
      .shape = shape_unchanged, .grad = NO_GRADIENT, .kernel_any = forward_run },
    { .name = "GuaranteeConst", .inputs = "input: T", .outputs = "output: T", .attrs = "T: type",
      .doc = "The input, unchanged, of which the caller promises that it never changes.",
      .shape = shape_unchanged, .grad = NO_GRADIENT, .kernel_any = guarantee_run,
      .flags = OP_STATEFUL },
    { .name = "StopGradient", .inputs = "input: T", .outputs = "output: T", .attrs = "T: type",
      .doc = "The input, unchanged, where gradients stop.",
      .shape = shape_unchanged, .partial = forward_partial, .grad = NOT_DIFFERENTIABLE,
      .kernel_any = forward_run },
    { .name = "PreventGradient", .inputs = "input: T", .outputs = "output: T",
      .attrs = "T: type; message: string = \"\"",
      .doc = "The input, unchanged, whose gradient is refused with a message.",
      .shape = shape_unchanged, .grad = prevented_grad, .kernel_any = forward_run },
    { .name = "NoOp", .doc = "Nothing: a place for control dependencies.",
      .shape = shape_none, .grad = NOT_DIFFERENTIABLE, .kernel_any = noop_run },
    { 0 }
};
