/* temporary.c - variables that live within a run: TemporaryVariable makes one, ops on references
 * write it, DestroyTemporaryVariable gives what it holds.
 *
 * Runs go side by side, so each takes a variable of its own from the node's; a run that fails
 * in between leaves it taken until the session is closed. */
#include "ops/array.h"
#include "ops/variable.h"

#include <pthread.h>

/* A node's: those that no run has. `all` keeps them. */
struct temporaries {
    struct resource base;
    pthread_mutex_t lock;
    struct temporary *all, *free;
};

struct temporary {
    struct variable v;
    struct temporaries *owner;
    struct temporary *next, *next_free;
};

static bool temporary_init(struct resource *r) { return VARIABLE.init(r); }
static void temporary_clear(struct resource *r) { VARIABLE.clear(r); }
static void temporary_release(struct resource *r) { VARIABLE.release(r); }

static const struct resource_kind TEMPORARY = {
    "temporary variable", sizeof(struct temporary), temporary_init, temporary_clear,
    temporary_release
};

static bool temporaries_init(struct resource *r)
{
    return pthread_mutex_init(&((struct temporaries *)r)->lock, NULL) == 0;
}

static void temporaries_release(struct resource *r)
{
    struct temporaries *all = (struct temporaries *)r;
    for (struct temporary *t; (t = all->all);) {
        all->all = t->next;
        resource_unref(&t->v.base);
    }
    pthread_mutex_destroy(&all->lock);
}

static const struct resource_kind TEMPORARIES = {
    "temporary variables", sizeof(struct temporaries), temporaries_init, NULL, temporaries_release
};

/* ---- TemporaryVariable ---- */

static struct status *temporary_prepare(struct prep *p)
{
    const struct shape *s = node_attr_shape(p->node, "shape");
    struct resource *r;
    ENSURE(shape_is_known(s), "TemporaryVariable needs a shape that is known, got %s",
           SHAPE_STR(s));
    TRY(prep_own(p, &TEMPORARIES, &r));
    p->state = r;
    return NULL;
}

static struct status *take(struct temporaries *all, struct temporary **t)
{
    pthread_mutex_lock(&all->lock);
    *t = all->free;
    if (*t)
        all->free = (*t)->next_free;
    pthread_mutex_unlock(&all->lock);
    if (*t)
        return NULL;
    NEED(*t = (struct temporary *)resource_new(&TEMPORARY));
    (*t)->owner = all;
    pthread_mutex_lock(&all->lock);
    (*t)->next = all->all;
    all->all = *t;
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

static void give_back(struct temporary *t)
{
    struct temporaries *all = t->owner;
    pthread_mutex_lock(&all->lock);
    t->next_free = all->free;
    all->free = t;
    pthread_mutex_unlock(&all->lock);
}

/* What it holds at first is nobody's business: it is 0 here. */
static struct status *temporary_run(struct kernel *k)
{
    struct tensor value;
    struct temporary *t;
    enum dtype dtype = node_attr_type(k->node, "dtype");
    TRY(take((struct temporaries *)k->state, &t));
    struct status *st = tensor_new(&value, k->env->buffers, dtype,
                                   node_attr_shape(k->node, "shape"));
    if (st) {
        give_back(t);
        return st;
    }
    array_zero(&value);
    t->v.dtype = dtype;
    variable_set(&t->v, value);
    kernel_set_ref(k, 0, &t->v);
    return NULL;
}

/* ---- DestroyTemporaryVariable ---- */

/* The op that made the reference, behind those that pass it on. */
static const struct node *maker_of(struct out o)
{
    while (o.node->n_in && o.node->ref && o.node->ref[o.index])
        o = o.node->in[0];
    return o.node;
}

static struct status *destroy_shape(struct shape_ctx *c)
{
    const struct node *maker = maker_of(c->node->in[0]);
    const char *name = node_attr_string(c->node, "var_name");
    if (!strcmp(maker->op->name, "TemporaryVariable")) {
        const char *own = node_attr_string(maker, "var_name");
        own = *own ? own : maker->name;
        ENSURE(!strcmp(own, name), "The temporary variable's name is '%s', not '%s'", own, name);
    }
    return shape_unchanged(c);
}

static struct status *destroy_run(struct kernel *k)
{
    struct variable *v = kernel_ref(k, 0);
    ENSURE(v->base.kind == &TEMPORARY, "The input of DestroyTemporaryVariable is not a temporary "
           "variable");
    struct tensor value = variable_read(v);
    if (!value.buf)
        return status_new(NOT_FOUND, "The temporary variable %s does not exist any more.",
                          node_attr_string(k->node, "var_name"));
    kernel_set(k, 0, value);
    variable_set(v, (struct tensor){ 0 });
    give_back((struct temporary *)v);
    return NULL;
}

const struct op ops_temporary[] = {
    { .name = "TemporaryVariable", .outputs = "ref: Ref(dtype)",
      .attrs = "shape: shape; dtype: type; var_name: string = \"\"",
      .doc = "A reference to a variable that lives until DestroyTemporaryVariable, within a run.",
      .shape = shape_attr, .grad = NO_GRADIENT, .prepare = temporary_prepare,
      .kernel_any = temporary_run, .flags = OP_STATEFUL },
    { .name = "DestroyTemporaryVariable", .inputs = "ref: Ref(T)", .outputs = "value: T",
      .attrs = "T: type; var_name: string",
      .doc = "What a temporary variable holds in the end; it is gone then.",
      .shape = destroy_shape, .grad = NO_GRADIENT, .kernel_any = destroy_run },
    { 0 }
};
