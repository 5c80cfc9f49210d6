/* variable.c - variables: the ops that hold them, by reference and by handle, and that read, assign
 * and count them. Every write is made under the variable's lock, use_locking or not, and in place
 * only where nobody else holds the buffer: what was read stays as it was. */
#include "ops/variable.h"

#include "base/pool.h"

#include <stdio.h>

/* ---- shared with the other families ---- */

struct out variable_handle(struct out o)
{
    static const char *const pass[] = { "Identity", "Enter", "Switch", "StopGradient" };
    for (size_t i = 0; i < sizeof pass / sizeof *pass; i++)
        if (!strcmp(o.node->op->name, pass[i]))
            return variable_handle(o.node->in[0]);
    return o;
}

struct status *variable_shape_in(struct shape_ctx *c, int i, enum dtype dtype, struct shape *s)
{
    *s = *shape_in(c, i);
    if (node_in_dtype(c->node, i) != DT_RESOURCE)
        return NULL;
    *s = SHAPE_UNKNOWN;
    const struct node *n = variable_handle(c->node->in[i]).node;
    if (strcmp(n->op->name, "VarHandleOp"))
        return NULL;
    enum dtype own = node_attr_type(n, "dtype");
    ENSURE(own == dtype || !dtype, "Trying to read variable with wrong dtype. Expected %s got %s",
           dtype_name(own), dtype_name(dtype));
    const struct shape *declared = node_attr_shape(n, "shape");
    if (declared)                       /* a file's own VarHandleOp may lack what ours has */
        *s = *declared;
    return NULL;
}

struct status *variable_in(const struct kernel *k, int i, struct variable **v)
{
    if (dtype_is_ref(kernel_in(k, i)->dtype)) {
        *v = kernel_ref(k, i);
        return NULL;
    }
    struct resource *r;
    TRY(kernel_resource(k, i, &VARIABLE, &r));
    *v = (struct variable *)r;
    return NULL;
}

struct status *variable_check(const struct kernel *k, int i, const struct variable *v,
                              enum dtype dtype)
{
    if (!v->value.buf)
        return variable_uninitialized(v, dtype_is_ref(kernel_in(k, i)->dtype) ?
                                             k->node->in[i].node->name : NULL);
    ENSURE(v->value.dtype == dtype,
           "Trying to read variable with wrong dtype. Expected %s got %s",
           dtype_name(dtype), dtype_name(v->value.dtype));
    return NULL;
}

struct status *variable_begin(struct kernel *k, enum dtype dtype, bool write, struct variable **v)
{
    *v = NULL;
    TRY(variable_in(k, 0, v));
    variables_lock(v, 1);
    TRY(variable_check(k, 0, *v, dtype));
    return write ? variable_writable(*v, k->env->buffers) : NULL;
}

struct status *variable_end(struct kernel *k, struct variable *v, struct status *st)
{
    if (v)
        variables_unlock(&v, 1);
    if (!st && k->node->ref && k->node->ref[0])
        kernel_set_ref(k, 0, v);
    return st;
}

const char *variable_index_text(const struct shape *indices, int64_t i, char text[INDEX_TEXT])
{
    int64_t left = shape_count(indices);
    int n = snprintf(text, INDEX_TEXT, "indices");
    for (int d = 0; d < indices->rank; d++) {
        left /= indices->dim[d];
        n += snprintf(text + n, (size_t)(INDEX_TEXT - n), "%c%lld", d ? ',' : '[',
                      (long long)(i / left % indices->dim[d]));
    }
    if (indices->rank)
        snprintf(text + n, (size_t)(INDEX_TEXT - n), "]");
    return text;
}

/* ---- Variable, VariableV2, VarHandleOp ---- */

/* The old Variable cannot say that a shape is unknown: [] means that. */
static struct status *variable_v1_shape(struct shape_ctx *c)
{
    const struct shape *s = node_attr_shape(c->node, "shape");
    *shape_out(c, 0) = s->rank > 0 ? *s : SHAPE_UNKNOWN;
    return NULL;
}

static struct status *bind_prepare(struct prep *p)
{
    const char *container = node_attr_string(p->node, "container");
    const char *shared = node_attr_string(p->node, "shared_name");
    struct variable *v;
    TRY(resource_check_names(container, shared));
    TRY(variable_get(p->resources, *container ? container : DEFAULT_CONTAINER,
                     *shared ? shared : p->node->name, node_attr_type(p->node, "dtype"), &v));
    p->bound = &v->base;
    p->state = v;
    return NULL;
}

static struct status *variable_run(struct kernel *k)
{
    kernel_set_ref(k, 0, (struct variable *)k->state);
    return NULL;
}

/* ---- Assign, AssignVariableOp ---- */

struct assign {
    bool validate;
    struct shape declared;      /* what an uninitialized variable must get */
};

static struct status *assign_shape(struct shape_ctx *c)
{
    if (node_attr(c->node, "validate_shape"))
        return shape_merged(c);
    *shape_out(c, 0) = *shape_in(c, 1);
    return NULL;
}

static struct status *assign_prepare(struct prep *p)
{
    struct assign *a;
    TRY(prep_state(p, sizeof *a, &a));
    a->validate = node_attr(p->node, "validate_shape");
    a->declared = SHAPE_UNKNOWN;
    const struct node *v = p->node->in[0].node;
    if (!strcmp(v->op->name, "VariableV2") || !strcmp(v->op->name, "Variable"))
        a->declared = *v->shape[0];
    return NULL;
}

static struct status *assign_run(struct kernel *k)
{
    const struct assign *a = k->state;
    const struct tensor *value = kernel_in(k, 1);
    struct variable *v = kernel_ref(k, 0);

    variables_lock(&v, 1);
    const struct shape *own = v->value.buf ? &v->value.shape : &a->declared;
    bool fits = !a->validate || shape_accepts(own, &value->shape);
    struct tensor was = { 0 }, kept = { 0 };
    struct status *st = fits ? kernel_keep(k, 1, &kept) : NULL;
    char text[SHAPE_TEXT];
    shape_print(own, text);
    if (kept.buf) {
        was = v->value;
        v->value = kept;
    }
    variables_unlock(&v, 1);
    tensor_unref(&was);
    TRY(st);
    ENSURE(fits, "Assign requires shapes of both tensors to match. lhs shape= %s rhs shape= %s",
           text, SHAPE_STR(&value->shape));
    kernel_set_ref(k, 0, v);
    return NULL;
}

static struct status *assign_handle_shape(struct shape_ctx *c)
{
    struct shape s;
    TRY(variable_shape_in(c, 0, node_attr_type(c->node, "dtype"), &s));
    return shape_merge(&s, shape_in(c, 1), &s);
}

static struct status *assign_handle_run(struct kernel *k)
{
    struct variable *v;
    TRY(variable_in(k, 0, &v));
    enum dtype given = kernel_in(k, 1)->dtype;
    ENSURE(!v->dtype || v->dtype == given,
           "Trying to assign variable with wrong dtype. Expected %s got %s", dtype_name(v->dtype),
           dtype_name(given));
    struct tensor kept;
    TRY(kernel_keep(k, 1, &kept));
    variable_set(v, kept);
    return NULL;
}

/* ---- AssignAdd, AssignSub and the same on handles ---- */

enum { GRAIN = 32768 };         /* elements worth another thread */

struct span { void *to; const void *from; };

static struct status *update_check(const struct kernel *k, const struct variable *v)
{
    const struct shape *own = &v->value.shape, *given = &kernel_in(k, 1)->shape;
    bool alike = shape_equal(own, given);
    if (k->node->n_out)
        ENSURE(alike, "Parameters and update must be the same size: %s and %s", SHAPE_STR(own),
               SHAPE_STR(given));
    ENSURE(alike, "Cannot update variable with shape %s using a Tensor with shape %s, shapes must "
           "be equal.", SHAPE_STR(own), SHAPE_STR(given));
    return NULL;
}

/* An update that is the variable's own value as read is another buffer by now: that reader made
 * the variable a copy. */
static struct status *update(struct kernel *k, void (*loop)(void *, int64_t, int64_t))
{
    const struct tensor *value = kernel_in(k, 1);
    struct variable *v;
    struct status *st = variable_begin(k, value->dtype, true, &v);
    if (!st)
        st = update_check(k, v);
    if (!st)
        pool_for(tensor_count(value), GRAIN, k->env->threads, loop,
                 &(struct span){ v->value.data, value->data });
    return variable_end(k, v, st);
}

#define EACH "ops/variable.inc"
#include "op/each_number.h"

#define QUANTIZED(x) [DT_QINT8] = x##_i8, [DT_QUINT8] = x##_u8, [DT_QINT32] = x##_i32

/* ---- is it initialized? ---- */

static struct status *is_initialized_run(struct kernel *k)
{
    struct variable *v;
    TRY(variable_in(k, 0, &v));
    TRY(kernel_new(k, 0, DT_BOOL, &SHAPE_SCALAR));
    *(bool *)kernel_out(k, 0)->data = variable_is_initialized(v);
    return NULL;
}

/* ---- CountUpTo, ResourceCountUpTo ---- */

static struct status *count_shape(struct shape_ctx *c)
{
    struct shape s;
    TRY(variable_shape_in(c, 0, node_attr_type(c->node, "T"), &s));
    TRY(shape_want_rank(&s, 0));
    *shape_out(c, 0) = SHAPE_SCALAR;
    return NULL;
}

static struct status *count_prepare(struct prep *p)
{
    return prep_int(p, "limit");
}

static struct status *count(struct kernel *k, struct tensor *value)
{
    int64_t limit = *(const int64_t *)k->state, now;
    ENSURE(value->shape.rank == 0, "input is not a scalar: %s", SHAPE_STR(&value->shape));
    now = tensor_int(value, 0);
    if (now >= limit)
        return status_new(OUT_OF_RANGE, "Reached limit of %lld", (long long)limit);
    TRY(kernel_new(k, 0, value->dtype, &SHAPE_SCALAR));
    memcpy(kernel_out(k, 0)->data, value->data, dtype_size(value->dtype));
    if (value->dtype == DT_INT32)
        *(int32_t *)value->data = (int32_t)(now + 1);
    else
        *(int64_t *)value->data = now + 1;
    return NULL;
}

static struct status *count_run(struct kernel *k)
{
    struct variable *v;
    struct status *st = variable_begin(k, k->node->dtype[0], true, &v);
    return variable_end(k, v, st ? st : count(k, &v->value));
}

/* ---- ReadVariableOp, VariableShape, DestroyResourceOp ---- */

static struct status *read_shape(struct shape_ctx *c)
{
    return variable_shape_in(c, 0, node_attr_type(c->node, "dtype"), shape_out(c, 0));
}

static struct status *read_run(struct kernel *k)
{
    struct variable *v;
    struct status *st = variable_begin(k, k->node->dtype[0], false, &v);
    if (!st)
        kernel_set(k, 0, tensor_ref(&v->value));
    return variable_end(k, v, st);
}

static struct status *shape_shape(struct shape_ctx *c)
{
    struct shape s;
    TRY(variable_shape_in(c, 0, DT_INVALID, &s));
    *shape_out(c, 0) = SHAPE(s.rank);
    return NULL;
}

static bool shape_partial(struct shape_ctx *c, struct shape *value)
{
    struct status *st = variable_shape_in(c, 0, DT_INVALID, value);
    status_free(st);
    return !st && value->rank >= 0;
}

static struct status *shape_of(struct kernel *k, const struct shape *s)
{
    TRY(kernel_new(k, 0, k->node->dtype[0], &SHAPE(s->rank)));
    struct tensor *out = kernel_out(k, 0);
    for (int i = 0; i < s->rank; i++) {
        ENSURE(out->dtype == DT_INT64 || s->dim[i] <= INT32_MAX,
               "Shape output type is 32-bit but dim %d is %lld", i, (long long)s->dim[i]);
        if (out->dtype == DT_INT64)
            ((int64_t *)out->data)[i] = s->dim[i];
        else
            ((int32_t *)out->data)[i] = (int32_t)s->dim[i];
    }
    return NULL;
}

static struct status *shape_run(struct kernel *k)
{
    struct variable *v;
    TRY(variable_in(k, 0, &v));
    struct tensor t = variable_read(v);
    struct status *st = t.buf ? shape_of(k, &t.shape) : variable_uninitialized(v, NULL);
    tensor_unref(&t);
    return st;
}

struct destroy { struct resources *resources; bool ignore_lookup_error; };

static struct status *destroy_prepare(struct prep *p)
{
    struct destroy *d;
    TRY(prep_state(p, sizeof *d, &d));
    d->resources = p->resources;
    d->ignore_lookup_error = node_attr(p->node, "ignore_lookup_error");
    return NULL;
}

/* A variable that holds nothing is one that TensorFlow does not find. */
static struct status *destroy_run(struct kernel *k)
{
    const struct destroy *d = k->state;
    const struct tensor *in = kernel_in(k, 0);
    struct resource *r = tensor_count(in) == 1 ? *(struct resource **)in->data : NULL;
    ENSURE(r, "resource must be a handle, not a tensor of shape %s", SHAPE_STR(&in->shape));
    if (r->kind == &VARIABLE && !variable_is_initialized((struct variable *)r)) {
        if (d->ignore_lookup_error)
            return NULL;
        return status_new(NOT_FOUND, "Resource %s/%s/%s does not exist.",
                          r->container ? r->container : "", r->name ? r->name : "",
                          r->kind->name);
    }
    resources_remove(d->resources, r);
    return NULL;
}

/* A read shares the value, and who writes copies what is shared. */
static struct status *reads_copied_run(struct kernel *k)
{
    struct variable *v;
    return variable_in(k, 0, &v);
}

/* ---- rows ---- */


const struct op ops_variable[] = {
    { .name     = "Variable",
      .outputs  = "ref: Ref(dtype)",
      .attrs    = "shape: shape; dtype: type; container: string = \"\"; "
                  "shared_name: string = \"\"",
      .doc      = "The old form of VariableV2, whose shape [] stands for an unknown one.",
      .shape    = variable_v1_shape,
      .grad     = NOT_DIFFERENTIABLE,
      .prepare  = bind_prepare,
      .kernel_any = variable_run,
      .flags    = OP_STATEFUL },
    { .name     = "VariableV2",
      .outputs  = "ref: Ref(dtype)",
      .attrs    = "shape: shape; dtype: type; container: string = \"\"; "
                  "shared_name: string = \"\"",
      .doc      = "A reference to the session's variable of this container and name.",
      .shape    = shape_attr,
      .grad     = NOT_DIFFERENTIABLE,
      .prepare  = bind_prepare,
      .kernel_any = variable_run,
      .flags    = OP_STATEFUL },
    { .name     = "VarHandleOp",
      .outputs  = "resource: resource",
      .attrs    = "container: string = \"\"; shared_name: string = \"\"; dtype: type; "
                  "shape: shape",
      .doc      = "A handle of the session's variable of this container and name.",
      .shape    = shape_scalar,
      .grad     = NOT_DIFFERENTIABLE,
      .prepare  = bind_prepare,
      .kernel_any = kernel_handle,
      .flags    = OP_STATEFUL },
    { .name     = "Assign",
      .inputs   = "ref: Ref(T), value: T",
      .outputs  = "output_ref: Ref(T)",
      .attrs    = "T: type; validate_shape: bool = true; use_locking: bool = true",
      .doc      = "Gives the variable a value, of its own shape unless validate_shape is false.",
      .shape    = assign_shape,
      .grad     = NOT_DIFFERENTIABLE,
      .prepare  = assign_prepare,
      .kernel_any = assign_run,
      .flags    = OP_UNINITIALIZED },
    { .name     = "AssignAdd",
      .inputs   = "ref: Ref(T), value: T",
      .outputs  = "output_ref: Ref(T)",
      .attrs    = "T: numbertype; use_locking: bool = false",
      .doc      = "Adds a value to the variable.",
      .shape    = shape_merged,
      .grad     = NOT_DIFFERENTIABLE,
      .kernel   = KERNELS(NUMBERS(assign_add), QUANTIZED(assign_add)) },
    { .name     = "AssignSub",
      .inputs   = "ref: Ref(T), value: T",
      .outputs  = "output_ref: Ref(T)",
      .attrs    = "T: numbertype; use_locking: bool = false",
      .doc      = "Subtracts a value from the variable.",
      .shape    = shape_merged,
      .grad     = NOT_DIFFERENTIABLE,
      .kernel   = KERNELS(NUMBERS(assign_sub), QUANTIZED(assign_sub)) },
    { .name     = "IsVariableInitialized",
      .inputs   = "ref: Ref(dtype)",
      .outputs  = "is_initialized: bool",
      .attrs    = "dtype: type",
      .doc      = "Whether the variable holds a value.",
      .shape    = shape_scalar,
      .grad     = NO_GRADIENT,
      .kernel_any = is_initialized_run,
      .flags    = OP_UNINITIALIZED },
    { .name     = "CountUpTo",
      .inputs   = "ref: Ref(T)",
      .outputs  = "output: T",
      .attrs    = "limit: int; T: {int32, int64}",
      .doc      = "The variable's value before one is added to it; out of range at the limit.",
      .shape    = count_shape,
      .grad     = NO_GRADIENT,
      .prepare  = count_prepare,
      .kernel_any = count_run },
    { .name     = "AssignVariableOp",
      .inputs   = "resource: resource, value: dtype",
      .attrs    = "dtype: type",
      .doc      = "Gives the variable a value.",
      .shape    = assign_handle_shape,
      .grad     = NO_GRADIENT,
      .kernel_any = assign_handle_run,
      .flags    = OP_STATEFUL },
    { .name     = "AssignAddVariableOp",
      .inputs   = "resource: resource, value: dtype",
      .attrs    = "dtype: type",
      .doc      = "Adds a value to the variable.",
      .shape    = assign_handle_shape,
      .grad     = NO_GRADIENT,
      .kernel   = KERNELS(NUMBERS(assign_add), QUANTIZED(assign_add)),
      .by       = "dtype",
      .flags    = OP_STATEFUL },
    { .name     = "AssignSubVariableOp",
      .inputs   = "resource: resource, value: dtype",
      .attrs    = "dtype: type",
      .doc      = "Subtracts a value from the variable.",
      .shape    = assign_handle_shape,
      .grad     = NO_GRADIENT,
      .kernel   = KERNELS(NUMBERS(assign_sub), QUANTIZED(assign_sub)),
      .by       = "dtype",
      .flags    = OP_STATEFUL },
    { .name     = "ReadVariableOp",
      .inputs   = "resource: resource",
      .outputs  = "value: dtype",
      .attrs    = "dtype: type",
      .doc      = "The variable's value at this moment; later writes do not change it.",
      .shape    = read_shape,
      .grad     = grad_passed,
      .kernel_any = read_run,
      .flags    = OP_STATEFUL | OP_SLICES },
    { .name     = "VarIsInitializedOp",
      .inputs   = "resource: resource",
      .outputs  = "is_initialized: bool",
      .doc      = "Whether the variable holds a value.",
      .shape    = shape_scalar,
      .grad     = NOT_DIFFERENTIABLE,
      .kernel_any = is_initialized_run,
      .flags    = OP_STATEFUL },
    { .name     = "VariableShape",
      .inputs   = "input: resource",
      .outputs  = "output: out_type",
      .attrs    = "out_type: {int32, int64} = int32",
      .doc      = "The shape of the variable's value.",
      .shape    = shape_shape,
      .partial  = shape_partial,
      .grad     = NOT_DIFFERENTIABLE,
      .kernel_any = shape_run,
      .flags    = OP_STATEFUL },
    { .name     = "DestroyResourceOp",
      .inputs   = "resource: resource",
      .attrs    = "ignore_lookup_error: bool = true",
      .doc      = "Empties the resource: a variable is then uninitialized.",
      .shape    = shape_none,
      .grad     = NO_GRADIENT,
      .prepare  = destroy_prepare,
      .kernel_any = destroy_run,
      .flags    = OP_STATEFUL },
    { .name     = "DisableCopyOnRead",
      .inputs   = "resource: resource",
      .doc      = "Nothing: that reading the variable need not copy it is so here.",
      .shape    = shape_none,
      .grad     = NO_GRADIENT,
      .kernel_any = reads_copied_run,
      .flags    = OP_STATEFUL },
    { .name     = "ResourceCountUpTo",
      .inputs   = "resource: resource",
      .outputs  = "output: T",
      .attrs    = "limit: int; T: {int32, int64}",
      .doc      = "The variable's value before one is added to it; out of range at the limit.",
      .shape    = count_shape,
      .grad     = NO_GRADIENT,
      .prepare  = count_prepare,
      .kernel_any = count_run,
      .flags    = OP_STATEFUL },
    { 0 }
};
