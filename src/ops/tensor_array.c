/* tensor_array.c - arrays of tensors, an element at a time: TensorArrayV3, TensorArrayReadV3,
 * TensorArrayWriteV3, what they know of themselves, and the arrays of their gradients. The float
 * that goes from op to op, the flow, puts them in order and carries gradients back. */
#include "ops/tensor_array.h"

#include "graph/gradients.h"
#include "ops/array.h"
#include "ops/variable.h"

#include <string.h>

/* ---- what both families share ---- */

struct status *tensor_array_in(const struct kernel *k, struct tensor_array **a)
{
    struct resource *r;
    TRY(kernel_resource(k, 0, &TENSOR_ARRAY, &r));
    *a = (struct tensor_array *)r;
    return NULL;
}

struct status *tensor_array_want_write(const struct tensor_array *a, enum dtype t)
{
    ENSURE(a->dtype == t, "TensorArray dtype is %s but Op is trying to write dtype %s.",
           dtype_name(a->dtype), dtype_name(t));
    return NULL;
}

struct status *tensor_array_want_read(const struct tensor_array *a, enum dtype t)
{
    ENSURE(a->dtype == t, "TensorArray dtype is %s but Op requested dtype %s.",
           dtype_name(a->dtype), dtype_name(t));
    return NULL;
}

/* TF: only arrays of elements that are all alike tell what is known of them. */
struct shape tensor_array_shape_in(const struct node *n)
{
    n = variable_handle(n->in[0]).node;
    if (!strcmp(n->op->name, "TensorArrayGradV3"))
        return tensor_array_shape_in(n);
    bool known = !strcmp(n->op->name, "TensorArrayV3") &&
                 node_attr(n, "identical_element_shapes");
    const struct shape *s = known ? node_attr_shape(n, "element_shape") : NULL;
    return s ? *s : SHAPE_UNKNOWN;
}

static struct status *index_in(const struct kernel *k, int64_t *i)
{
    const struct tensor *index = kernel_in(k, 1);
    ENSURE(index->shape.rank == 0, "TensorArray index must be scalar, but had shape: %s",
           SHAPE_STR(&index->shape));
    *i = *(const int32_t *)index->data;
    return NULL;
}

/* ---- TensorArrayV3 ---- */

struct making {
    const char *name;
    struct shape shape;
    enum dtype dtype;
    bool dynamic, clears, identical;
};

/* TF: a handle counts as two strings, which it was at first, whatever a run makes of it. */
static struct status *handle_shape(struct shape_ctx *c)
{
    *shape_out(c, 0) = SHAPE(2);
    *shape_out(c, 1) = SHAPE_SCALAR;
    return NULL;
}

static struct status *array_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 0));
    return handle_shape(c);
}

static struct status *array_prepare(struct prep *p)
{
    struct making *m;
    const char *name = node_attr_string(p->node, "tensor_array_name");
    const struct shape *s = node_attr_shape(p->node, "element_shape");
    TRY(prep_state(p, sizeof *m, &m));
    *m = (struct making){ .name = *name ? name : p->name, .shape = s ? *s : SHAPE_UNKNOWN,
                          .dtype = node_attr_type(p->node, "dtype"),
                          .dynamic = node_attr(p->node, "dynamic_size"),
                          .clears = node_attr(p->node, "clear_after_read"),
                          .identical = node_attr(p->node, "identical_element_shapes") };
    return NULL;
}

/* Takes the reference over. */
static struct status *give_handle(struct kernel *k, struct tensor_array *a)
{
    struct status *st = kernel_new(k, 0, DT_RESOURCE, &SHAPE_SCALAR);
    if (st)
        resource_unref(&a->base);
    else
        *(struct resource **)kernel_out(k, 0)->data = &a->base;
    return st;
}

static struct status *array_run(struct kernel *k)
{
    const struct making *m = k->state;
    const struct tensor *size = kernel_in(k, 0);
    struct tensor_array *a;
    ENSURE(size->shape.rank == 0, "TensorArray size must be scalar, but had shape: %s",
           SHAPE_STR(&size->shape));
    int32_t n = *(const int32_t *)size->data;
    ENSURE(n >= 0, "Size should be >= 0.");
    TRY(tensor_array_new(m->name, m->dtype, n, &a));
    a->shape = m->shape;
    a->dynamic = m->dynamic;
    a->clears = m->clears;
    a->identical = m->identical;
    TRY(give_handle(k, a));
    TRY(kernel_new(k, 1, DT_FLOAT, &SHAPE_SCALAR));
    *(float *)kernel_out(k, 1)->data = 0;
    return NULL;
}

/* ---- TensorArrayGradV3, TensorArrayGradWithShape ---- */

static struct status *grad_prepare(struct prep *p)
{
    p->state = node_attr_string(p->node, "source");
    return NULL;
}

static struct status *grad_of(struct kernel *k, const struct shape *before)
{
    struct tensor_array *a, *grad;
    TRY(tensor_array_in(k, &a));
    pthread_mutex_lock(&a->lock);
    struct status *st = tensor_array_gradient(a, k->state, before, &grad);
    pthread_mutex_unlock(&a->lock);
    TRY(st);
    TRY(give_handle(k, grad));
    kernel_forward(k, 1, 1);
    return NULL;
}

static struct status *grad_run(struct kernel *k)
{
    return grad_of(k, &SHAPE_SCALAR);
}

static struct status *grad_with_shape_run(struct kernel *k)
{
    const struct tensor *prepend = kernel_in(k, 2);
    struct shape before;
    ENSURE(prepend->shape.rank == 1, "shape_to_prepend must be a vector, but had shape: %s",
           SHAPE_STR(&prepend->shape));
    TRY(array_read_shape(prepend, &before));
    return grad_of(k, &before);
}

/* ---- TensorArrayWriteV3 ---- */

static struct status *element_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 1), 0));
    return shape_want_rank(shape_in(c, c->n_in - 1), 0);
}

static struct status *write_shape(struct shape_ctx *c)
{
    struct shape s = tensor_array_shape_in(c->node);
    TRY(element_shape(c));
    TRY(shape_merge(&s, shape_in(c, 2), &s));
    return shape_scalar(c);
}

static struct status *write_run(struct kernel *k)
{
    struct tensor_array *a;
    struct tensor value;
    int64_t i;
    TRY(tensor_array_in(k, &a));
    TRY(index_in(k, &i));
    TRY(tensor_array_want_write(a, kernel_in(k, 2)->dtype));
    TRY(kernel_keep(k, 2, &value));
    pthread_mutex_lock(&a->lock);
    struct status *st = tensor_array_put(a, i, value, k->env->buffers);
    pthread_mutex_unlock(&a->lock);
    TRY(st);
    kernel_forward(k, 0, 3);
    return NULL;
}

/* ---- TensorArrayReadV3 ---- */

static struct status *read_shape(struct shape_ctx *c)
{
    *shape_out(c, 0) = tensor_array_shape_in(c->node);
    return element_shape(c);
}

static struct status *read_prepare(struct prep *p)
{
    return prep_type(p, "dtype");
}

static struct status *read_run(struct kernel *k)
{
    struct tensor_array *a;
    struct tensor_part value;
    int64_t i;
    TRY(tensor_array_in(k, &a));
    TRY(index_in(k, &i));
    TRY(tensor_array_want_read(a, *(const enum dtype *)k->state));
    pthread_mutex_lock(&a->lock);
    struct status *st = tensor_array_get(a, i, k->env->buffers, &value);
    pthread_mutex_unlock(&a->lock);
    TRY(st);
    kernel_set(k, 0, tensor_of(a, &value));
    return NULL;
}

/* ---- TensorArraySizeV3, TensorArrayCloseV3 ---- */

static struct status *size_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 1), 0));
    return shape_scalar(c);
}

static struct status *size_run(struct kernel *k)
{
    struct tensor_array *a;
    TRY(tensor_array_in(k, &a));
    TRY(kernel_new(k, 0, DT_INT32, &SHAPE_SCALAR));
    pthread_mutex_lock(&a->lock);
    struct status *st = tensor_array_check_open(a);
    *(int32_t *)kernel_out(k, 0)->data = (int32_t)a->n;
    pthread_mutex_unlock(&a->lock);
    return st;
}

static struct status *close_run(struct kernel *k)
{
    struct tensor_array *a;
    TRY(tensor_array_in(k, &a));
    pthread_mutex_lock(&a->lock);
    tensor_array_close(a);
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* ---- gradients ---- */

/* Which call of gradients this is, by the name of what came back: each has arrays of its own, so
 * that two of them in one run do not meet. Up to the last part that begins so. */
static bool call_of(const char *name, struct text *call)
{
    static const char begin[] = "gradients";
    call->s = NULL;
    for (const char *at = name, *slash; at; at = slash ? slash + 1 : NULL) {
        slash = strchr(at, '/');
        if (!strncmp(at, begin, sizeof begin - 1))
            *call = (struct text){ name, slash ? (size_t)(slash - name) : strlen(name) };
    }
    return call->s != NULL;
}

struct tensor_array_node grad_tensor_array(struct grad *g, struct out dy, struct out flow)
{
    struct text call = { 0 };
    if (g->st)
        return (struct tensor_array_node){ 0 };
    if (!call_of(dy.node->name, &call) && !call_of(g->scope, &call)) {
        grad_fail(g, INVALID_ARGUMENT, "Expected op/tensor name to start with gradients, got: %s",
                  dy.node->name);
        return (struct tensor_array_node){ 0 };
    }
    struct attr source = { "source", ATTR_STRING, { .text = call }, 0 };
    struct out array = grad_add_named(g, "TensorArrayGradV3", "TensorArrayGrad/TensorArrayGradV3",
                                      OUTS(g->x[0], flow), ATTRS(source));
    struct node_def d = { .op = "Identity", .in = &flow, .n_in = 1, .control = &array.node,
                          .n_control = 1 };
    if (g->st)
        return (struct tensor_array_node){ 0 };
    return (struct tensor_array_node){ array, grad_place(g, &d, "TensorArrayGrad/gradient_flow") };
}

static void read_grad(struct grad *g)
{
    struct tensor_array_node a = grad_tensor_array(g, g->dy[0], g->x[2]);
    g->dx[2] = grad_add_named(g, "TensorArrayWriteV3", "TensorArrayWrite/TensorArrayWriteV3",
                              OUTS(a.handle, g->x[1], g->dy[0], a.flow), NULL, 0);
}

static void write_grad(struct grad *g)
{
    struct tensor_array_node a = grad_tensor_array(g, g->dy[0], g->dy[0]);
    g->dx[2] = grad_add(g, "TensorArrayReadV3", OUTS(a.handle, g->x[1], a.flow),
                        ATTRS(attr_type("dtype", out_dtype(g->x[2]))));
    g->dx[3] = g->dy[0];
}

#define HANDLE "handle: resource"

const struct op ops_tensor_array[] = {
    { .name = "TensorArrayV3", .inputs = "size: int32", .outputs = HANDLE ", flow: float",
      .attrs = "dtype: type; element_shape: shape = ?; dynamic_size: bool = false; "
               "clear_after_read: bool = true; identical_element_shapes: bool = false; "
               "tensor_array_name: string = \"\"",
      .doc = "A new array of tensors, which lives as long as a handle of it.",
      .shape = array_shape, .grad = NOT_DIFFERENTIABLE, .prepare = array_prepare,
      .kernel_any = array_run, .flags = OP_STATEFUL },
    { .name = "TensorArrayGradV3", .inputs = HANDLE ", flow_in: float",
      .outputs = "grad_handle: resource, flow_out: float", .attrs = "source: string",
      .doc = "The array of the gradients of another one, one for each source.",
      .shape = handle_shape, .grad = NOT_DIFFERENTIABLE, .prepare = grad_prepare,
      .kernel_any = grad_run, .flags = OP_STATEFUL },
    { .name = "TensorArrayGradWithShape",
      .inputs = HANDLE ", flow_in: float, shape_to_prepend: int32",
      .outputs = "grad_handle: resource, flow_out: float", .attrs = "source: string",
      .doc = "The same, where each gradient has more dimensions before those of its element.",
      .shape = handle_shape, .grad = NOT_DIFFERENTIABLE, .prepare = grad_prepare,
      .kernel_any = grad_with_shape_run, .flags = OP_STATEFUL },
    { .name = "TensorArrayWriteV3", .inputs = HANDLE ", index: int32, value: T, flow_in: float",
      .outputs = "flow_out: float", .attrs = "T: type",
      .doc = "Puts a tensor at an index of an array, where none was put before.",
      .shape = write_shape, .grad = write_grad, .kernel_any = write_run, .flags = OP_STATEFUL },
    { .name = "TensorArrayReadV3", .inputs = HANDLE ", index: int32, flow_in: float",
      .outputs = "value: dtype", .attrs = "dtype: type",
      .doc = "The tensor at an index of an array.",
      .shape = read_shape, .grad = read_grad, .prepare = read_prepare, .kernel_any = read_run,
      .flags = OP_STATEFUL },
    { .name = "TensorArraySizeV3", .inputs = HANDLE ", flow_in: float", .outputs = "size: int32",
      .doc = "How many tensors an array has room for.",
      .shape = size_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = size_run,
      .flags = OP_STATEFUL },
    { .name = "TensorArrayCloseV3", .inputs = HANDLE,
      .doc = "Gives back what an array holds; it can be used no more.",
      .shape = shape_none, .grad = NOT_DIFFERENTIABLE, .kernel_any = close_run,
      .flags = OP_STATEFUL },
    { 0 }
};
