/* stack.c - stacks of tensors, by which the gradient of a loop finds again what each iteration
 * computed: StackV2, StackPushV2, StackPopV2, StackCloseV2.
 *
 * A stack belongs to its handle: it is made when StackV2 runs, anew in each iteration of a loop
 * around it, and gone when nothing refers to it any more. What is pushed is shared, not copied.
 */
#include "graph/graph.h"
#include "base/mem.h"
#include "op/kernel.h"
#include "op/shape_fn.h"

#include <pthread.h>
#include <string.h>

struct stack {
    struct resource base;
    pthread_mutex_t lock;
    char *name;                         /* the attribute, or the node's */
    enum dtype dtype;
    int64_t most;                       /* elements; -1: any number */
    struct tensor *item;
    int64_t n, cap;
    bool closed;
};

static bool stack_init(struct resource *r)
{
    return pthread_mutex_init(&((struct stack *)r)->lock, NULL) == 0;
}

static void stack_clear(struct resource *r)
{
    struct stack *s = (struct stack *)r;
    pthread_mutex_lock(&s->lock);
    while (s->n)
        tensor_unref(&s->item[--s->n]);
    pthread_mutex_unlock(&s->lock);
}

static void stack_release(struct resource *r)
{
    struct stack *s = (struct stack *)r;
    stack_clear(r);
    mem_free(s->item);
    mem_free(s->name);
    pthread_mutex_destroy(&s->lock);
}

static const struct resource_kind STACK = { "stack", sizeof(struct stack), stack_init,
                                            stack_clear, stack_release };

static struct status *stack_of(const struct kernel *k, struct stack **s)
{
    struct resource *r;
    TRY(kernel_resource(k, 0, &STACK, &r));
    *s = (struct stack *)r;
    return NULL;
}

/* ---- StackV2, StackCloseV2 ---- */

static struct status *stack_run(struct kernel *k)
{
    const struct tensor *most = kernel_in(k, 0);
    const char *name = node_attr_string(k->node, "stack_name");
    struct resource *r;
    ENSURE(most->shape.rank == 0, "Stack size must be a scalar, but had shape: %s",
           SHAPE_STR(&most->shape));
    TRY(kernel_new(k, 0, DT_RESOURCE, &SHAPE_SCALAR));
    NEED(r = resource_new(&STACK));
    struct stack *s = (struct stack *)r;
    *(struct resource **)kernel_out(k, 0)->data = r;
    s->dtype = node_attr_type(k->node, "elem_type");
    s->most = *(const int32_t *)most->data;
    NEED(s->name = mem_strdup(*name ? name : k->node->name));
    return NULL;
}

static struct status *close_run(struct kernel *k)
{
    struct stack *s;
    TRY(stack_of(k, &s));
    stack_clear(&s->base);
    pthread_mutex_lock(&s->lock);
    s->closed = true;
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- StackPushV2, StackPopV2 ---- */

/* Under the lock, as what follows. */
static struct status *check_open(const struct stack *s)
{
    ENSURE(!s->closed, "Stack[%s] has already been closed.", s->name);
    return NULL;
}

static struct status *make_room(struct stack *s)
{
    ENSURE(s->most < 0 || s->n < s->most, "Stack[%s] overflowed its max_size (%lld)", s->name,
           (long long)s->most);
    if (s->n < s->cap)
        return NULL;
    int64_t cap = s->cap ? 2 * s->cap : 16;
    struct tensor *item = mem_grow(s->item, (size_t)cap * sizeof *item);
    NEED(item);
    s->item = item;
    s->cap = cap;
    return NULL;
}

static struct status *push(struct kernel *k, struct stack *s)
{
    TRY(check_open(s));
    TRY(make_room(s));
    TRY(tensor_keep(&s->item[s->n], k->env->buffers, kernel_in(k, 1)));
    s->n++;
    return NULL;
}

static struct status *push_run(struct kernel *k)
{
    struct stack *s;
    TRY(stack_of(k, &s));
    enum dtype got = kernel_in(k, 1)->dtype;
    ENSURE(got == s->dtype, "Must have type %s but got %s", dtype_name(s->dtype),
           dtype_name(got));
    pthread_mutex_lock(&s->lock);
    struct status *st = push(k, s);
    pthread_mutex_unlock(&s->lock);
    TRY(st);
    kernel_forward(k, 0, 1);
    return NULL;
}

static struct status *pop(struct stack *s, struct tensor *t)
{
    TRY(check_open(s));
    ENSURE(s->n, "Stack[%s] is empty when calling Pop().", s->name);
    *t = s->item[--s->n];
    return NULL;
}

static struct status *pop_run(struct kernel *k)
{
    struct stack *s;
    struct tensor t;
    TRY(stack_of(k, &s));
    enum dtype want = k->node->dtype[0];
    ENSURE(want == s->dtype, "Must have type %s but got %s", dtype_name(s->dtype),
           dtype_name(want));
    pthread_mutex_lock(&s->lock);
    struct status *st = pop(s, &t);
    pthread_mutex_unlock(&s->lock);
    TRY(st);
    kernel_set(k, 0, t);
    return NULL;
}

/* TF: a handle counts as two strings, which it was at first, whatever a run makes of it. */
static struct status *handle_shape(struct shape_ctx *c)
{
    *shape_out(c, 0) = SHAPE(2);
    return NULL;
}

static struct status *push_shape(struct shape_ctx *c)
{
    *shape_out(c, 0) = *shape_in(c, 1);
    return NULL;
}

static struct status *close_shape(struct shape_ctx *c)
{
    (void)c;
    return NULL;
}

const struct op ops_stack[] = {
    { .name = "StackV2", .inputs = "max_size: int32", .outputs = "handle: resource",
      .attrs = "elem_type: type; stack_name: string = \"\"",
      .doc = "An empty stack, of at most max_size elements where that is not negative.",
      .shape = handle_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = stack_run,
      .flags = OP_STATEFUL },
    { .name = "StackPushV2", .inputs = "handle: resource, elem: T", .outputs = "output: T",
      .attrs = "T: type; swap_memory: bool = false",
      .doc = "Puts elem on top of the stack; it goes on, too.",
      .note = "swap_memory has no effect: memory is all of one kind.",
      .shape = push_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = push_run,
      .flags = OP_STATEFUL },
    { .name = "StackPopV2", .inputs = "handle: resource", .outputs = "elem: elem_type",
      .attrs = "elem_type: type", .doc = "Takes the element from the top of the stack.",
      .shape = shape_unknown, .grad = NOT_DIFFERENTIABLE, .kernel_any = pop_run,
      .flags = OP_STATEFUL },
    { .name = "StackCloseV2", .inputs = "handle: resource",
      .doc = "Empties the stack for good: nothing can be pushed or popped any more.",
      .shape = close_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = close_run,
      .flags = OP_STATEFUL },
    { 0 }
};
