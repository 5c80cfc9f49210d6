/* iterator.c - the ops of iterators: Iterator(V2), AnonymousIterator(V2), OneShotIterator,
 * MakeIterator, IteratorGetNext(Sync, AsOptional), handles as strings, DeleteIterator. */
#include "ops/iterator.h"

#include "base/str.h"
#include "graph/graph.h"
#include "op/callee.h"
#include "op/shape_fn.h"
#include "op/wait.h"
#include "ops/optional.h"
#include "ops/shared.h"
#include "tensor/tstring.h"

/* ---- making them ---- */

/* One without a name is the node's own. */
static struct status *iterator_prepare(struct prep *p)
{
    struct resource *r;
    struct dataset_types t;
    TRY(dataset_types_of(p->node, &t));
    TRY(shared_bind(p, &ITERATOR, false, &r));
    p->state = r;
    return iterator_declare((struct iterator *)r, &t);
}

static struct status *new_handle(struct kernel *k)
{
    struct dataset_types t;
    struct resource *r = resource_new(&ITERATOR);
    NEED(r);
    struct status *st = dataset_types_of(k->node, &t);
    if (!st)
        st = iterator_declare((struct iterator *)r, &t);
    if (!st)
        st = kernel_new(k, 0, DT_RESOURCE, &SHAPE_SCALAR);
    if (st)
        resource_unref(r);
    else
        *(struct resource **)kernel_out(k, 0)->data = r;
    return st;
}

/* The second output is what DeleteIterator wants; the handles' count does its work here. */
static struct status *new_handle_and_deleter(struct kernel *k)
{
    TRY(kernel_new(k, 1, DT_VARIANT, &SHAPE_SCALAR));
    return new_handle(k);
}

/* ---- OneShotIterator: initialized by its first run ---- */

struct one_shot { struct iterator *iterator; struct callee *factory; };

static struct status *one_shot_prepare(struct prep *p)
{
    struct one_shot *o;
    struct callee *factory;
    TRY(prep_callee(p, "dataset_factory", &factory));
    prep_calls(p, factory);
    ENSURE(callee_n_in(factory) == 0, "The `dataset_factory` function takes no arguments");
    ENSURE(callee_n_out(factory) == 1 && callee_out_dtype(factory, 0) == DT_VARIANT,
           "The `dataset_factory` function must return a single dataset.");
    TRY(iterator_prepare(p));
    struct iterator *it = (struct iterator *)p->bound;
    TRY(prep_state(p, sizeof *o, &o));
    *o = (struct one_shot){ it, factory };
    return NULL;
}

static struct status *run_factory(const struct one_shot *o, struct kernel *k)
{
    struct tensor t = { 0 };
    struct dataset *d;
    TRY(callee_run(o->factory, k->env, NULL, 0, &t));
    struct status *st = dataset_in(&t, &d);
    if (!st)
        st = iterator_begin(o->iterator, d, k->env);
    tensor_unref(&t);
    return st;
}

/* True: nobody has initialized it, and the caller does now. */
static struct status *one_shot_claim(struct iterator *it, struct kernel *k, bool *mine)
{
    struct status *st = NULL;
    pthread_mutex_lock(&it->lock);
    if (!k->env->may_wait && it->making)
        st = status_would_wait();
    while (!st && it->making)
        if (kernel_wait(k, &it->changed, &it->lock))
            st = status_new(CANCELLED, "The step was cancelled while it waited for an iterator");
    *mine = !st && !it->at;
    if (*mine)
        it->making = true;
    pthread_mutex_unlock(&it->lock);
    return st;
}

static struct status *one_shot_run(struct kernel *k)
{
    const struct one_shot *o = k->state;
    struct iterator *it = o->iterator;
    bool mine;
    TRY(one_shot_claim(it, k, &mine));
    if (mine) {
        struct status *st = run_factory(o, k);
        pthread_mutex_lock(&it->lock);
        it->making = false;
        pthread_cond_broadcast(&it->changed);
        pthread_mutex_unlock(&it->lock);
        TRY(st);
    }
    TRY(kernel_new(k, 0, DT_RESOURCE, &SHAPE_SCALAR));
    *(struct resource **)kernel_out(k, 0)->data = resource_ref(&it->base);
    return NULL;
}

/* ---- beginning, going on, ending ---- */

static struct status *make_run(struct kernel *k)
{
    const struct tensor *handle = kernel_in(k, 1);
    struct dataset *d;
    TRY(kernel_dataset(k, 0, &d));
    ENSURE(tensor_count(handle) == 1, "Input 1: expected a resource handle, got %s",
           SHAPE_STR(&handle->shape));
    struct resource *r = *(struct resource **)handle->data;
    ENSURE(r && r->kind == &ITERATOR, "Input 1: the handle is not that of an iterator");
    return iterator_begin((struct iterator *)r, d, k->env);
}

static struct status *next_run(struct kernel *k)
{
    struct iterator *it;
    bool end;
    TRY(iterator_in(k, &it));
    TRY(status_at_call(iterator_next(it, k, k->node->n_out, k->node->dtype, kernel_out(k, 0),
                                     &end), k->node->name));
    return end ? status_new(OUT_OF_RANGE, "End of sequence") : NULL;
}

static struct status *next_optional_run(struct kernel *k)
{
    struct iterator *it;
    struct dataset_types t;
    struct tensor *element;
    bool end = false;
    TRY(iterator_in(k, &it));
    TRY(dataset_types_of(k->node, &t));
    TRY(kernel_temp(k, (size_t)t.n * sizeof *element, &element));
    for (int i = 0; i < t.n; i++)
        element[i].buf = NULL;
    struct status *st = iterator_next(it, k, t.n, t.dtype, element, &end);
    if (!st)
        return optional_put(k, 0, element, end ? 0 : t.n);
    element_clear(element, t.n);
    return st;
}

static struct status *delete_run(struct kernel *k)
{
    struct iterator *it;
    TRY(iterator_in(k, &it));
    if (it->base.name)
        resources_remove((struct resources *)k->state, &it->base);
    else
        ITERATOR.clear(&it->base);
    return NULL;
}

static struct status *resources_prepare(struct prep *p)
{
    p->state = p->resources;
    return NULL;
}

/* ---- handles as strings: "container:name" ---- */

static struct status *to_string_run(struct kernel *k)
{
    struct iterator *it;
    struct str text = { 0 };
    TRY(iterator_in(k, &it));
    ENSURE(it->base.name, "An anonymous iterator has no string handle");
    TRY(kernel_new(k, 0, DT_STRING, &SHAPE_SCALAR));
    str_printf(&text, "%s:%s", it->base.container, it->base.name);
    bool done = !text.failed && tstring_set(kernel_out(k, 0)->data, str_text(&text), text.n);
    str_free(&text);
    return done ? NULL : status_no_memory();
}

static struct status *find(const struct kernel *k, const char *text, struct resource **r)
{
    const char *name = strchr(text, ':');
    char *container;
    ENSURE(name, "string_handle does not represent a valid resource handle: %s", text);
    TRY(kernel_temp((struct kernel *)k, strlen(text) + 1, &container));
    memcpy(container, text, (size_t)(name - text));
    container[name - text] = '\0';
    *r = resources_find((struct resources *)k->state, &ITERATOR, container, name + 1);
    if (!*r)
        return status_new(NOT_FOUND, "Resource %s/%s/iterator does not exist.", container,
                          name + 1);
    return NULL;
}

/* The handle may have been fed: what it names must give what this node was told. */
static struct status *check_found(const struct kernel *k, const struct iterator *it)
{
    struct dataset_types t;
    const struct attr *types = node_attr_find(k->node, "output_types");
    if (!types || !types->n)
        return NULL;
    TRY(dataset_types_of(k->node, &t));
    return iterator_check(it, &t);
}

static struct status *from_string_run(struct kernel *k)
{
    const struct tstring *text;
    struct resource *r;
    TRY(dataset_text(k, 0, "string_handle", &text));
    TRY(find(k, tstring_data(text), &r));
    struct status *st = check_found(k, (struct iterator *)r);
    if (!st)
        st = kernel_new(k, 0, DT_RESOURCE, &SHAPE_SCALAR);
    if (st)
        resource_unref(r);
    else
        *(struct resource **)kernel_out(k, 0)->data = r;
    return st;
}

/* ---- the rows ---- */

#define TYPES "output_types: list(type) >= 1; output_shapes: list(shape) >= 1"
#define MAYBE_TYPES "output_types: list(type) >= 0 = []; output_shapes: list(shape) >= 0 = []"

#define NAMED(op_name, sentence)                                                            \
    { .name = op_name, .inputs = "", .outputs = "handle: resource",                         \
      .attrs = "shared_name: string; container: string; " TYPES, .doc = sentence,           \
      .shape = shape_scalar, .grad = NO_GRADIENT, .prepare = iterator_prepare,              \
      .kernel_any = kernel_handle, .flags = OP_STATEFUL }

/* Whether it waits, or calls out of the library, depends on what the iterator goes through. */
#define NEXT(op_name, sentence)                                                             \
    { .name = op_name, .inputs = "iterator: resource", .outputs = "components: output_types", \
      .attrs = TYPES, .doc = sentence, .shape = dataset_shape_outputs, .grad = NO_GRADIENT, \
      .kernel_any = next_run, .flags = OP_STATEFUL | OP_BLOCKING | OP_HOST | OP_EXPENSIVE }

#define FROM_STRING(op_name)                                                                \
    { .name = op_name, .inputs = "string_handle: string",                                   \
      .outputs = "resource_handle: resource", .attrs = MAYBE_TYPES,                         \
      .doc = "The iterator of this session that a string names.", .shape = dataset_shape,   \
      .grad = NO_GRADIENT, .prepare = resources_prepare, .kernel_any = from_string_run,     \
      .flags = OP_STATEFUL }

const struct op ops_iterator[] = {
    NAMED("Iterator", "An iterator of the session, to be initialized by MakeIterator."),
    NAMED("IteratorV2", "An iterator of the session, to be initialized by MakeIterator."),
    { .name = "AnonymousIterator", .inputs = "", .outputs = "handle: resource", .attrs = TYPES,
      .doc = "An iterator that lives as long as its handle.", .shape = shape_scalar,
      .grad = NO_GRADIENT, .kernel_any = new_handle, .flags = OP_STATEFUL },
    { .name = "AnonymousIteratorV2", .inputs = "", .outputs = "handle: resource, deleter: variant",
      .attrs = TYPES, .doc = "An iterator that lives as long as its handle.",
      .shape = shape_scalar, .grad = NO_GRADIENT, .kernel_any = new_handle_and_deleter,
      .flags = OP_STATEFUL },
    { .name = "OneShotIterator", .inputs = "", .outputs = "handle: resource",
      .attrs = "dataset_factory: func; " TYPES "; container: string = \"\"; "
               "shared_name: string = \"\"",
      .doc = "An iterator through the dataset that a function makes, once a session.",
      .shape = shape_scalar, .grad = NO_GRADIENT, .prepare = one_shot_prepare,
      .kernel_any = one_shot_run, .flags = OP_STATEFUL | OP_BLOCKING },
    { .name = "MakeIterator", .inputs = "dataset: variant, iterator: resource", .outputs = "",
      .attrs = "", .doc = "Puts an iterator at the beginning of a dataset.", .shape = shape_none,
      .grad = NO_GRADIENT, .kernel_any = make_run, .flags = OP_STATEFUL | OP_HOST },
    NEXT("IteratorGetNext", "The next element; OUT_OF_RANGE at the end."),
    NEXT("IteratorGetNextSync", "The next element; OUT_OF_RANGE at the end."),
    { .name = "IteratorGetNextAsOptional", .inputs = "iterator: resource",
      .outputs = "optional: variant", .attrs = TYPES,
      .doc = "The next element as an optional value; at the end, none.", .shape = shape_scalar,
      .grad = NO_GRADIENT, .kernel_any = next_optional_run,
      .flags = OP_STATEFUL | OP_BLOCKING | OP_HOST | OP_EXPENSIVE },
    { .name = "IteratorToStringHandle", .inputs = "resource_handle: resource",
      .outputs = "string_handle: string", .attrs = "",
      .doc = "A string that names an iterator, to be fed to this session.",
      .shape = shape_scalar, .grad = NO_GRADIENT, .kernel_any = to_string_run,
      .flags = OP_STATEFUL },
    FROM_STRING("IteratorFromStringHandle"),
    FROM_STRING("IteratorFromStringHandleV2"),
    { .name = "DeleteIterator", .inputs = "handle: resource, deleter: variant", .outputs = "",
      .attrs = "", .doc = "What an iterator holds goes now.", .shape = shape_none,
      .grad = NO_GRADIENT, .prepare = resources_prepare, .kernel_any = delete_run,
      .flags = OP_STATEFUL },
    { 0 }
};
