#include "op/kernel.h"
#include "base/arena.h"

/* A reference to a variable is a tensor of dtype DT_REF + T whose data is the holder. It owns
 * nothing: the plan keeps the variable. Its buffer is this one, so that the slot is not empty; the
 * count never reaches zero. */
static struct buffer reference = { .refs = 1 << 30 };

struct variable *kernel_ref(const struct kernel *k, int i)
{
    return kernel_in(k, i)->data;
}

void kernel_set_ref(struct kernel *k, int i, struct variable *v)
{
    *kernel_out(k, i) = (struct tensor){ .buf = buffer_ref(&reference), .data = v,
                                         .dtype = DT_REF + v->dtype };
}

struct status *kernel_resource(const struct kernel *k, int i, const struct resource_kind *kind,
                               struct resource **r)
{
    const struct tensor *t = kernel_in(k, i);
    ENSURE(t->dtype == DT_RESOURCE && tensor_count(t) == 1,
           "Input %d: expected a resource handle, got %s %s", i, dtype_name(t->dtype),
           SHAPE_STR(&t->shape));
    struct resource *found = *(struct resource **)t->data;
    ENSURE(found, "Input %d: the resource handle is empty", i);
    ENSURE(found->kind == kind, "Trying to access resource %s of type %s as a %s", found->name,
           found->kind->name, kind->name);
    *r = found;
    return NULL;
}

/* Scalars come and go in loops: the room of the last one that went is at hand, without a lock. */
void kernel_take_spare(struct kernel *k, int i, enum dtype t)
{
    struct buffer *b = k->env->spare;
    k->env->spare = NULL;
    b->size = dtype_size(t);
    *kernel_out(k, i) = (struct tensor){ b, b->data, t, SHAPE_SCALAR };
}

bool kernel_types_fit(const struct tensor *x, enum dtype t)
{
    return !x->buf->content && !dtype_owns(t) && dtype_size(x->dtype) == dtype_size(t);
}

struct status *kernel_keep(struct kernel *k, int i, struct tensor *t)
{
    struct tensor *x = &k->slot[k->in[i]];
    bool moves = i < 32 && k->movable >> i & 1 && !buffer_is_foreign(x->buf);
    if (!moves)
        return tensor_keep(t, k->env->buffers, x);
    *t = *x;
    x->buf = NULL;
    return NULL;
}

struct status *kernel_temp(struct kernel *k, size_t bytes, void *pointer_to_pointer)
{
    struct buffer *b = buffer_new(k->env->buffers, bytes, DT_UINT8);
    NEED(b);
    b->next = k->env->temp;
    k->env->temp = b;
    memcpy(pointer_to_pointer, &b->data, sizeof b->data);
    return NULL;
}

void run_env_release(struct run_env *e)
{
    for (struct buffer *b; (b = e->temp);) {
        e->temp = b->next;
        buffer_unref(b);
    }
}

struct status *prep_state(struct prep *p, size_t bytes, void *pointer_to_pointer)
{
    void *state;
    NEED(state = arena_alloc(p->arena, bytes));
    p->state = state;
    memcpy(pointer_to_pointer, &state, sizeof state);
    return NULL;
}

struct status *prep_own(struct prep *p, const struct resource_kind *kind, struct resource **r)
{
    if (!p->resources)
        return status_new(INTERNAL, "A stateful op cannot run outside a session");
    TRY(resources_get(p->resources, kind, OWN_CONTAINER, p->name, r));
    p->bound = *r;
    return NULL;
}

struct status *kernel_handle(struct kernel *k)
{
    TRY(kernel_new(k, 0, DT_RESOURCE, &SHAPE_SCALAR));
    *(struct resource **)kernel_out(k, 0)->data = resource_ref((struct resource *)k->state);
    return NULL;
}

struct status *kernel_pass_ref(struct kernel *k)
{
    kernel_set_ref(k, 0, kernel_ref(k, 0));
    return NULL;
}
