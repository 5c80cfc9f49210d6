#include "ops/shared.h"

#include "base/arena.h"
#include "op/shape_fn.h"
#include "tensor/tstring.h"

#include <stdio.h>
#include <string.h>

bool shared_init(struct variable *handle)
{
    return !pthread_mutex_init(&handle->lock, NULL);
}

void shared_release(struct variable *handle)
{
    tensor_unref(&handle->value);
    pthread_mutex_destroy(&handle->lock);
}

/* ---- finding them ---- */

/* TF numbers those that are a kernel's own: "_0_queue". */
static struct status *own_name(struct prep *p, const char **name)
{
    static atomic_int count;
    *name = arena_printf(p->arena, "_%d_%s", atomic_fetch_add(&count, 1), p->name);
    NEED(*name);
    return NULL;
}

struct status *shared_set_name(struct variable *v, const char *container, const char *name)
{
    struct tensor t;
    TRY(tensor_new(&t, NULL, DT_STRING, &SHAPE(2)));
    struct tstring *s = t.data;
    if (!tstring_set(s, container, strlen(container)) || !tstring_set(s + 1, name, strlen(name))) {
        tensor_unref(&t);
        return status_no_memory();
    }
    v->dtype = DT_STRING;
    v->value = t;
    return NULL;
}

static struct status *name_once(struct prep *p, struct variable *v)
{
    const char *name = v->base.name, *container = v->base.container;
    if (v->value.buf)
        return NULL;
    if (!strcmp(container, OWN_CONTAINER)) {
        TRY(own_name(p, &name));
        container = DEFAULT_CONTAINER;
    }
    return shared_set_name(v, container, name);
}

struct status *shared_bind(struct prep *p, const struct resource_kind *kind, bool own,
                           struct resource **r)
{
    const char *container = node_attr_string(p->node, "container");
    const char *name = node_attr_string(p->node, "shared_name");
    TRY(resource_check_names(container, name));
    if (!*name && own)
        return prep_own(p, kind, r);
    if (!p->resources)
        return status_new(INTERNAL, "A stateful op cannot run outside a session");
    TRY(resources_get(p->resources, kind, *container ? container : DEFAULT_CONTAINER,
                      *name ? name : p->name, r));
    p->bound = *r;
    return NULL;
}

struct status *shared_prepare(struct prep *p, const struct resource_kind *kind,
                              void *pointer_to_pointer)
{
    struct resource *r;
    TRY(shared_bind(p, kind, !node_attr(p->node, "use_node_name_sharing"), &r));
    struct variable *v = (struct variable *)r;
    pthread_mutex_lock(&v->lock);
    struct status *st = name_once(p, v);
    pthread_mutex_unlock(&v->lock);
    p->state = r;
    memcpy(pointer_to_pointer, &r, sizeof r);
    return st;
}

const char *shared_name(const struct variable *handle)
{
    return tstring_data((const struct tstring *)handle->value.data + 1);
}

/* ---- kernels ---- */

struct status *shared_ref(struct kernel *k)
{
    kernel_set_ref(k, 0, (struct variable *)k->state);
    return NULL;
}

struct status *shared_in(const struct kernel *k, int i, const struct resource_kind *kind,
                         void *pointer_to_pointer)
{
    struct resource *r;
    if (dtype_is_ref(kernel_in(k, i)->dtype)) {
        r = &kernel_ref(k, i)->base;
        ENSURE(r->kind == kind, "Input %d refers to a %s, not to a %s", i, r->kind->name,
               kind->name);
    } else {
        TRY(kernel_resource(k, i, kind, &r));
    }
    memcpy(pointer_to_pointer, &r, sizeof r);
    return NULL;
}

/* ---- shapes ---- */

struct status *shared_ref_shape(struct shape_ctx *c)
{
    *shape_out(c, 0) = SHAPE(2);
    return NULL;
}

struct status *shared_check(struct shape_ctx *c, int i)
{
    struct shape s;
    return node_in_dtype(c->node, i) == DT_RESOURCE ? shape_want_rank(shape_in(c, i), 0)
                                                    : shape_merge(shape_in(c, i), &SHAPE(2), &s);
}

struct status *shared_scalars(struct shape_ctx *c)
{
    TRY(shared_check(c, 0));
    return shape_scalar(c);
}
