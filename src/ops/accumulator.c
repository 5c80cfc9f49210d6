/* accumulator.c - gradients added up: ConditionalAccumulator and Accumulator's ApplyGradient,
 * TakeGradient, SetGlobalStep and NumAccumulated; by reference and (Resource...) by handle. What
 * sparse ones share is here, the rest in accumulator_sparse.c. */
#include "ops/accumulator.h"

#include "base/mem.h"
#include "op/shape_fn.h"
#include "ops/array.h"

#define EACH "ops/accumulator.inc"
#include "op/each_number.h"

void accumulator_add(enum dtype t, void *to, const void *from, int64_t n)
{
    static void (*const fn[DT_COUNT])(void *, const void *, int64_t) = { NUMBERS(add_up) };
    fn[t](to, from, n);
}

void accumulator_divide(enum dtype t, void *to, int64_t n, int64_t by)
{
    static void (*const fn[DT_COUNT])(void *, int64_t, int64_t) = { NUMBERS(divide) };
    fn[t](to, n, by);
}

/* ---- the resource ---- */

static bool init(struct resource *r)
{
    struct accumulator *a = (struct accumulator *)r;
    wait_init(&a->changed);
    return shared_init(&a->handle);
}

static void empty(struct accumulator *a)
{
    tensor_unref(&a->sum);
    a->count = a->n = a->room = 0;
    mem_free(a->index);
    mem_free(a->times);
    a->index = a->times = NULL;
}

static void clear(struct resource *r)
{
    struct accumulator *a = (struct accumulator *)r;
    pthread_mutex_lock(&a->handle.lock);
    empty(a);
    pthread_mutex_unlock(&a->handle.lock);
}

static void release(struct resource *r)
{
    struct accumulator *a = (struct accumulator *)r;
    empty(a);
    pthread_cond_destroy(&a->changed);
    shared_release(&a->handle);
}

const struct resource_kind ACCUMULATOR = { "accumulator", sizeof(struct accumulator), init, clear,
                                           release };

static struct status *compare(const struct accumulator *a, const struct node *n)
{
    const char *name = shared_name(&a->handle);
    const struct shape *shape = node_attr_shape(n, "shape");
    ENSURE(!strcmp(a->type, n->op->name), "Shared conditional accumulator '%s' has type '%s' that "
           "does not match type of Node '%s': %s", name, a->type, n->name, n->op->name);
    ENSURE(a->dtype == node_attr_type(n, "dtype"), "Shared conditional accumulator '%s' has dtype "
           "%s but requested dtype is %s", name, dtype_name(a->dtype),
           dtype_name(node_attr_type(n, "dtype")));
    ENSURE(shape_equal(&a->shape, shape), "Shared conditional accumulator '%s' has shape %s but "
           "requested shape is %s", name, SHAPE_STR(&a->shape), SHAPE_STR(shape));
    return NULL;
}

static void set_up(struct accumulator *a, const struct node *n)
{
    a->type = n->op->name;
    a->dtype = node_attr_type(n, "dtype");
    a->shape = *node_attr_shape(n, "shape");
    a->mean = !strcmp(node_attr_string(n, "reduction_type"), "MEAN");
}

struct status *accumulator_prepare(struct prep *p)
{
    struct accumulator *a;
    struct status *st = NULL;
    enum dtype t = node_attr_type(p->node, "dtype");
    if (!dtype_is_floating(t) && !dtype_is_complex(t) && !dtype_is_integer(t))
        return status_new(UNIMPLEMENTED, "Gradients of type %s are not added up", dtype_name(t));
    TRY(shared_prepare(p, &ACCUMULATOR, &a));
    pthread_mutex_lock(&a->handle.lock);
    if (a->type)
        st = compare(a, p->node);
    else
        set_up(a, p->node);
    pthread_mutex_unlock(&a->handle.lock);
    return st;
}

/* ---- what kernels share ---- */

struct status *accumulator_locked(struct kernel *k, accumulator_fn *fn)
{
    struct accumulator *a;
    const struct attr *dtype = node_attr_find(k->node, "dtype");
    TRY(shared_in(k, 0, &ACCUMULATOR, &a));
    ENSURE(!dtype || (enum dtype)dtype->i == a->dtype, "Accumulator '%s' is of type %s, not %s",
           shared_name(&a->handle), dtype_name(a->dtype), dtype_name((enum dtype)dtype->i));
    pthread_mutex_lock(&a->handle.lock);
    struct status *st = fn(k, a);
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->handle.lock);
    return st;
}

struct status *accumulator_wait(struct kernel *k, struct accumulator *a)
{
    const struct tensor *n = kernel_in(k, 1);
    ENSURE(!n->shape.rank, "Argument num_required must be a scalar, but had shape %s",
           SHAPE_STR(&n->shape));
    int64_t wanted = *(const int32_t *)n->data;
    ENSURE(wanted > 0, "Argument num_required must be positive, but was %lld", (long long)wanted);
    while (a->count < wanted) {
        if (!k->env->may_wait)
            return status_would_wait();
        if (kernel_wait(k, &a->changed, &a->handle.lock))
            return status_new(CANCELLED, "TakeGrad operation was cancelled");
    }
    return NULL;
}

void accumulator_next(struct accumulator *a)
{
    empty(a);
    a->step++;
}

struct status *accumulator_is_stale(const struct kernel *k, const struct accumulator *a,
                                    bool *stale)
{
    const struct tensor *step = kernel_in(k, 1);
    ENSURE(!step->shape.rank, "Argument local_step must be a scalar, but had shape %s",
           SHAPE_STR(&step->shape));
    *stale = *(const int64_t *)step->data < a->step;
    return NULL;
}

/* ---- dense gradients ---- */

/* TF: whatever comes too late is left out without a word. */
static struct status *apply(struct kernel *k, struct accumulator *a)
{
    const struct tensor *grad = kernel_in(k, 2);
    bool stale;
    TRY(accumulator_is_stale(k, a, &stale));
    ENSURE(shape_accepts(&a->shape, &grad->shape) &&
           (!a->sum.buf || shape_equal(&a->sum.shape, &grad->shape)),
           "Shape mismatch: expected shape %s, got %s",
           SHAPE_STR(a->sum.buf ? &a->sum.shape : &a->shape), SHAPE_STR(&grad->shape));
    if (stale)
        return NULL;
    if (a->sum.buf)
        accumulator_add(a->dtype, a->sum.data, grad->data, tensor_count(grad));
    else
        TRY(tensor_copy(&a->sum, k->env->buffers, grad));
    a->count++;
    return NULL;
}

static struct status *take(struct kernel *k, struct accumulator *a)
{
    TRY(accumulator_wait(k, a));
    if (a->mean)
        accumulator_divide(a->dtype, a->sum.data, tensor_count(&a->sum), a->count);
    kernel_set(k, 0, tensor_ref(&a->sum));
    accumulator_next(a);
    return NULL;
}

static struct status *set_step(struct kernel *k, struct accumulator *a)
{
    const struct tensor *step = kernel_in(k, 1);
    ENSURE(!step->shape.rank, "Argument num_required must be a scalar, but had shape %s",
           SHAPE_STR(&step->shape));
    a->step = *(const int64_t *)step->data;
    return NULL;
}

static struct status *count(struct kernel *k, struct accumulator *a)
{
    TRY(kernel_new(k, 0, DT_INT32, &SHAPE_SCALAR));
    *(int32_t *)kernel_out(k, 0)->data = (int32_t)a->count;
    return NULL;
}

static struct status *apply_run(struct kernel *k) { return accumulator_locked(k, apply); }
static struct status *take_run(struct kernel *k) { return accumulator_locked(k, take); }
static struct status *set_step_run(struct kernel *k) { return accumulator_locked(k, set_step); }
static struct status *count_run(struct kernel *k) { return accumulator_locked(k, count); }

/* ---- shapes ---- */

static struct status *check_step(struct shape_ctx *c)
{
    TRY(shared_check(c, 0));
    return shape_want_rank(shape_in(c, 1), 0);
}

/* ---- rows ---- */

#define MAKES "dtype: numbertype; shape: shape; container: string = \"\"; " \
              "shared_name: string = \"\"; reduction_type: {\"MEAN\", \"SUM\"} = \"MEAN\""
#define USE_AS(NAME, HANDLE, INPUTS, OUTPUTS, ATTRS, DOC, SHAPE_FN, RUN, GRAD, FLAGS)         \
    { .name = NAME, .inputs = "handle: " HANDLE INPUTS, .outputs = OUTPUTS, .attrs = ATTRS,   \
      .doc = DOC, .shape = SHAPE_FN, .grad = GRAD, .kernel_any = RUN, .flags = FLAGS }
#define USE(NAME, INPUTS, OUTPUTS, ATTRS, DOC, SHAPE_FN, RUN, FLAGS)                          \
    USE_AS(NAME, "Ref(string)", INPUTS, OUTPUTS, ATTRS, DOC, SHAPE_FN, RUN,                   \
           NOT_DIFFERENTIABLE, OP_HOST | (FLAGS)),                                            \
    USE_AS("Resource" NAME, "resource", INPUTS, OUTPUTS, ATTRS, DOC, SHAPE_FN, RUN,           \
           NO_GRADIENT, OP_STATEFUL | (FLAGS))

const struct op ops_accumulator[] = {
    { .name = "ConditionalAccumulator", .outputs = "handle: Ref(string)", .attrs = MAKES,
      .doc = "Adds up gradients.", .shape = shared_ref_shape, .grad = NOT_DIFFERENTIABLE,
      .prepare = accumulator_prepare, .kernel_any = shared_ref, .flags = OP_STATEFUL },
    { .name = "ResourceConditionalAccumulator", .outputs = "handle: resource", .attrs = MAKES,
      .doc = "Adds up gradients.", .shape = shape_scalar, .grad = NO_GRADIENT,
      .prepare = accumulator_prepare, .kernel_any = kernel_handle, .flags = OP_STATEFUL },
    USE("AccumulatorApplyGradient", ", local_step: int64, gradient: dtype", NULL,
        "dtype: numbertype", "Adds a gradient, if it is not of an earlier step.", check_step,
        apply_run, 0),
    USE("AccumulatorTakeGradient", ", num_required: int32", "average: dtype", "dtype: numbertype",
        "Takes the mean or the sum of the gradients, when there are so many; the next step "
        "begins.", check_step, take_run, OP_BLOCKING),
    USE("AccumulatorSetGlobalStep", ", new_global_step: int64", NULL, NULL,
        "Sets the step that gradients must be of.", check_step, set_step_run, 0),
    USE("AccumulatorNumAccumulated", "", "num_accumulated: int32", NULL,
        "How many gradients were added up in this step.", shared_scalars, count_run, 0),
    { 0 }
};
