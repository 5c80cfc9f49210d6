#include "op/variable.h"

/* ---- the kind ---- */

static bool init(struct resource *r)
{
    return !pthread_mutex_init(&((struct variable *)r)->lock, NULL);
}

static void clear(struct resource *r)
{
    variable_set((struct variable *)r, (struct tensor){ 0 });
}

static void release(struct resource *r)
{
    clear(r);
    pthread_mutex_destroy(&((struct variable *)r)->lock);
}

const struct resource_kind VARIABLE = { "variable", sizeof(struct variable), init, clear, release };

struct status *variable_get(struct resources *m, const char *container, const char *name,
                            enum dtype dtype, struct variable **v)
{
    struct resource *r;
    TRY(resources_get(m, &VARIABLE, container, name, &r));
    *v = (struct variable *)r;
    pthread_mutex_lock(&(*v)->lock);
    enum dtype was = (*v)->dtype;
    if (!was)
        (*v)->dtype = dtype;
    pthread_mutex_unlock(&(*v)->lock);
    if (!was || was == dtype)
        return NULL;
    resource_unref(r);
    *v = NULL;
    return status_new(INVALID_ARGUMENT, "Trying to access variable %s with wrong dtype. "
                      "Expected %s got %s", name, dtype_name(was), dtype_name(dtype));
}

/* ---- one value ---- */

struct tensor variable_read(struct variable *v)
{
    pthread_mutex_lock(&v->lock);
    struct tensor t = tensor_ref(&v->value);
    pthread_mutex_unlock(&v->lock);
    return t;
}

/* What was there goes outside the lock: it may be large, or hold other resources. */
void variable_set(struct variable *v, struct tensor value)
{
    pthread_mutex_lock(&v->lock);
    struct tensor was = v->value;
    v->value = value;
    pthread_mutex_unlock(&v->lock);
    tensor_unref(&was);
}

void variable_assign(struct variable *v, const struct tensor *value)
{
    variable_set(v, tensor_ref(value));
}

bool variable_is_initialized(struct variable *v)
{
    pthread_mutex_lock(&v->lock);
    bool there = v->value.buf != NULL;
    pthread_mutex_unlock(&v->lock);
    return there;
}

struct status *variable_uninitialized(const struct variable *v, const char *name)
{
    if (name)
        return status_new(FAILED_PRECONDITION, "Attempting to use uninitialized value %s", name);
    const char *container = v->base.container ? v->base.container : DEFAULT_CONTAINER;
    const char *own = v->base.name ? v->base.name : "";
    return status_new(FAILED_PRECONDITION, "Error while reading resource variable %s from "
                      "Container: %s. This could mean that the variable was uninitialized. "
                      "Not found: Resource %s/%s/%s does not exist.",
                      own, container, container, own, v->base.kind->name);
}

/* ---- writing in place ---- */

struct status *variable_writable(struct variable *v, struct buffer_pool *pool)
{
    if (variable_is_ours(v))
        return NULL;
    struct tensor mine;
    TRY(tensor_copy(&mine, pool, &v->value));
    tensor_unref(&v->value);
    v->value = mine;
    return NULL;
}

struct status *variable_lock(struct variable *v, struct buffer_pool *pool, const char *name,
                             struct tensor **value)
{
    pthread_mutex_lock(&v->lock);
    *value = &v->value;
    if (!v->value.buf)
        return variable_uninitialized(v, name);
    return variable_writable(v, pool);
}

void variable_unlock(struct variable *v)
{
    pthread_mutex_unlock(&v->lock);
}

/* The next one up in memory after `last`: there are few, so nothing is sorted. */
static struct variable *next_up(struct variable *const *v, int n, const struct variable *last)
{
    struct variable *next = NULL;
    for (int i = 0; i < n; i++)
        if (v[i] > last && (!next || v[i] < next))
            next = v[i];
    return next;
}

void variables_lock(struct variable *const *v, int n)
{
    for (struct variable *at = NULL; (at = next_up(v, n, at));)
        pthread_mutex_lock(&at->lock);
}

void variables_unlock(struct variable *const *v, int n)
{
    for (struct variable *at = NULL; (at = next_up(v, n, at));)
        pthread_mutex_unlock(&at->lock);
}
