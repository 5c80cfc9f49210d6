/* barrier.c - a barrier joins the components of tuples, which come apart and under a key: Barrier,
 * BarrierInsertMany, BarrierTakeMany, BarrierClose, BarrierReadySize, BarrierIncompleteSize.
 *
 * What is complete waits in a queue of its own, in the order in which keys first came.
 */
#include "ops/queue_line.h"

#include "base/mem.h"
#include "op/shape_fn.h"
#include "ops/array.h"
#include "tensor/tstring.h"

enum { BESIDES = 2 };                   /* in the queue a tuple has its index and key before it */

struct incomplete { struct tensor key; int64_t index; int left; struct tensor part[]; };

struct barrier {
    struct variable handle;
    int n;                              /* components; 0: nothing below is set yet */
    struct queue *ready;
    struct incomplete **item;
    int64_t n_items, room, next_index;
    bool closed, cancelled;
};

/* ---- the resource ---- */

static void item_free(struct incomplete *item, int n)
{
    tensor_unref(&item->key);
    for (int i = 0; i < n; i++)
        tensor_unref(&item->part[i]);
    mem_free(item);
}

static void empty(struct barrier *b)
{
    while (b->n_items)
        item_free(b->item[--b->n_items], b->n);
}

static bool init(struct resource *r)
{
    struct barrier *b = (struct barrier *)r;
    b->next_index = INT64_MIN;
    return shared_init(&b->handle);
}

static void clear(struct resource *r)
{
    struct barrier *b = (struct barrier *)r;
    pthread_mutex_lock(&b->handle.lock);
    empty(b);
    if (b->ready)
        QUEUE.clear(&b->ready->handle.base);
    pthread_mutex_unlock(&b->handle.lock);
}

static void release(struct resource *r)
{
    struct barrier *b = (struct barrier *)r;
    empty(b);
    mem_free(b->item);
    if (b->ready)
        resource_unref(&b->ready->handle.base);
    shared_release(&b->handle);
}

static const struct resource_kind BARRIER = { "barrier", sizeof(struct barrier), init, clear,
                                              release };

/* ---- making one ---- */

/* TF: of components of unknown shape there are no batches to take. */
static struct status *set_components(struct queue *q, const struct attr *types,
                                     const struct attr *shapes)
{
    bool known = shapes->n > 0;
    NEED(q->part = mem_array(struct tensor, q->n));
    NEED(q->dtype = mem_array(enum dtype, q->n));
    NEED(q->shape = mem_array(struct shape, q->n));
    q->dtype[0] = DT_INT64;
    q->dtype[1] = DT_STRING;
    for (int i = 0; i < types->n; i++) {
        q->dtype[BESIDES + i] = attr_dtypes(types)[i];
        if (shapes->n)
            q->shape[BESIDES + i] = shapes->shapes[i];
        known = known && shape_is_known(&shapes->shapes[i]);
    }
    if (!known) {
        mem_free(q->shape);
        q->shape = NULL;
    }
    return NULL;
}

static struct status *make(struct barrier *b, const struct node *n)
{
    const struct attr *types = node_attr_find(n, "component_types");
    const struct attr *shapes = node_attr_find(n, "shapes");
    struct queue *q = (struct queue *)resource_new(&QUEUE);
    NEED(q);
    q->n = BESIDES + types->n;
    q->order = QUEUE_PRIORITY;
    q->capacity = INT64_MAX;
    struct status *st = set_components(q, types, shapes);
    if (!st)
        st = shared_set_name(&q->handle, "", shared_name(&b->handle));
    if (st) {
        resource_unref(&q->handle.base);
        return st;
    }
    q->type = "PriorityQueue";
    b->ready = q;
    b->n = types->n;
    return NULL;
}

static struct status *compare(const struct barrier *b, const struct node *n)
{
    const struct attr *types = node_attr_find(n, "component_types");
    bool same = types->n == b->n;
    for (int i = 0; i < b->n && same; i++)
        same = attr_dtypes(types)[i] == b->ready->dtype[BESIDES + i];
    ENSURE(same, "Shared barrier '%s' has other component types than node '%s'",
           shared_name(&b->handle), n->name);
    return NULL;
}

static struct status *barrier_prepare(struct prep *p)
{
    struct barrier *b;
    const struct attr *types = node_attr_find(p->node, "component_types");
    const struct attr *shapes = node_attr_find(p->node, "shapes");
    ENSURE(node_attr(p->node, "capacity") == -1, "Barrier only accepts capacity=-1.  Feed the "
           "inputs to your Barrier through a queue to enforce a limited capacity.");
    ENSURE(!shapes->n || shapes->n == types->n, "All of the component shapes must be specified");
    for (int i = 0; i < shapes->n; i++)
        ENSURE(!shape_is_known(&shapes->shapes[i]) || shape_count(&shapes->shapes[i]),
               "Empty tensors are not supported, but received shape '%s' at index %d",
               SHAPE_STR(&shapes->shapes[i]), i);
    TRY(shared_prepare(p, &BARRIER, &b));
    pthread_mutex_lock(&b->handle.lock);
    struct status *st = b->n ? compare(b, p->node) : make(b, p->node);
    pthread_mutex_unlock(&b->handle.lock);
    return st;
}

/* ---- putting components in ---- */

static int64_t find(const struct barrier *b, const struct tstring *key)
{
    int64_t i = 0;
    while (i < b->n_items && !tstring_equal(b->item[i]->key.data, key))
        i++;
    return i;
}

static struct status *new_item(struct kernel *k, struct barrier *b, int64_t row)
{
    const struct tstring *key = (const struct tstring *)kernel_in(k, 1)->data + row;
    if (b->closed)
        return status_new(CANCELLED, "Barrier %s is closed, but attempted to insert a brand new "
                          "key: %s.  Pending inserts cancelled: %d.  Insertion index: %lld.  "
                          "Number of incomplete keys: %lld.", shared_name(&b->handle),
                          tstring_data(key), b->cancelled, (long long)row, (long long)b->n_items);
    if (b->n_items == b->room) {
        void *grown = mem_grow(b->item, sizeof *b->item * (size_t)(2 * b->room + 4));
        NEED(grown);
        b->item = grown;
        b->room = 2 * b->room + 4;
    }
    struct incomplete *item = mem_zero(sizeof *item + sizeof(struct tensor) * (size_t)b->n);
    NEED(item);
    struct status *st = array_row(k->env->buffers, kernel_in(k, 1), row, &item->key);
    if (st) {
        item_free(item, b->n);
        return st;
    }
    item->index = b->next_index++;
    item->left = b->n;
    b->item[b->n_items++] = item;
    return NULL;
}

/* All its components are there: it goes to the queue. */
static struct status *complete(struct kernel *k, struct barrier *b, int64_t at)
{
    struct incomplete *item = b->item[at];
    struct tensor *part;
    TRY(kernel_temp(k, sizeof *part * (size_t)b->ready->n, &part));
    TRY(tensor_new(&part[0], k->env->buffers, DT_INT64, &SHAPE_SCALAR));
    *(int64_t *)part[0].data = item->index;
    part[1] = tensor_ref(&item->key);
    for (int i = 0; i < b->n; i++)
        part[BESIDES + i] = tensor_ref(&item->part[i]);
    struct status *st = queue_offer(b->ready, part);
    for (int i = 0; i < b->ready->n && st; i++)
        tensor_unref(&part[i]);
    b->item[at] = b->item[--b->n_items];
    item_free(item, b->n);
    return st;
}

static struct status *insert_one(struct kernel *k, struct barrier *b, int64_t row)
{
    int component = (int)node_attr(k->node, "component_index");
    const struct tstring *key = (const struct tstring *)kernel_in(k, 1)->data + row;
    int64_t at = find(b, key);
    if (at == b->n_items)
        TRY(new_item(k, b, row));
    struct incomplete *item = b->item[at];
    ENSURE(!item->part[component].buf, "Key %s already has a value for component %d in barrier %s",
           tstring_data(key), component, shared_name(&b->handle));
    TRY(array_row(k->env->buffers, kernel_in(k, 2), row, &item->part[component]));
    return --item->left ? NULL : complete(k, b, at);
}

static struct status *check_input(const struct kernel *k, const struct barrier *b)
{
    const struct tensor *keys = kernel_in(k, 1), *values = kernel_in(k, 2);
    int64_t i = node_attr(k->node, "component_index");
    struct shape want;
    ENSURE(i >= 0 && i < b->n, "The component ID is out of range %lld > num components (= %d)",
           (long long)i, b->n);
    ENSURE(values->dtype == b->ready->dtype[BESIDES + i], "Type mismatch in tuple component %lld. "
           "Expected %s, got %s", (long long)i, dtype_name(b->ready->dtype[BESIDES + i]),
           dtype_name(values->dtype));
    ENSURE(keys->shape.rank == 1 && values->shape.rank > 0 &&
           keys->shape.dim[0] == values->shape.dim[0], "There must be a value for each key, got "
           "shapes %s and %s", SHAPE_STR(&keys->shape), SHAPE_STR(&values->shape));
    if (!b->ready->shape)
        return NULL;
    TRY(shape_with_rows(keys->shape.dim[0], &b->ready->shape[BESIDES + i], 0, &want));
    ENSURE(shape_equal(&want, &values->shape), "Shape mismatch in tuple component %lld. Expected "
           "%s, got %s", (long long)i, SHAPE_STR(&want), SHAPE_STR(&values->shape));
    return NULL;
}

static struct status *insert(struct kernel *k, struct barrier *b)
{
    TRY(check_input(k, b));
    if (b->cancelled)
        return status_new(CANCELLED, "Barrier %s is closed.  Pending enqueues cancelled: 1.  "
                          "Number of incomplete keys: %lld.", shared_name(&b->handle),
                          (long long)b->n_items);
    for (int64_t i = 0; i < tensor_count(kernel_in(k, 1)); i++)
        TRY(insert_one(k, b, i));
    if (b->closed && !b->n_items)
        queue_close(b->ready);
    return NULL;
}

/* ---- the rest ---- */

/* TF: who closed it without cancelling may do so with it later. */
static struct status *close_it(struct kernel *k, struct barrier *b)
{
    bool cancel = node_attr(k->node, "cancel_pending_enqueues");
    if (b->closed && (b->cancelled || !cancel))
        return status_new(CANCELLED, "Barrier '%s' is already closed.", shared_name(&b->handle));
    b->closed = true;
    b->cancelled = cancel;
    if (cancel)
        empty(b);
    if (!b->n_items)
        queue_close(b->ready);
    return NULL;
}

static struct status *put_size(struct kernel *k, int64_t n)
{
    TRY(kernel_new(k, 0, DT_INT32, &SHAPE_SCALAR));
    *(int32_t *)kernel_out(k, 0)->data = (int32_t)n;
    return NULL;
}

static struct status *ready_size(struct kernel *k, struct barrier *b)
{
    pthread_mutex_lock(&b->ready->handle.lock);
    int64_t n = b->ready->size;
    pthread_mutex_unlock(&b->ready->handle.lock);
    return put_size(k, n);
}

static struct status *incomplete_size(struct kernel *k, struct barrier *b)
{
    return put_size(k, b->n_items);
}

typedef struct status *barrier_fn(struct kernel *k, struct barrier *b);

static struct status *locked(struct kernel *k, barrier_fn *fn)
{
    struct barrier *b;
    TRY(shared_in(k, 0, &BARRIER, &b));
    pthread_mutex_lock(&b->handle.lock);
    struct status *st = fn(k, b);
    pthread_mutex_unlock(&b->handle.lock);
    return st;
}

static struct status *insert_run(struct kernel *k) { return locked(k, insert); }
static struct status *close_run(struct kernel *k) { return locked(k, close_it); }
static struct status *ready_size_run(struct kernel *k) { return locked(k, ready_size); }
static struct status *incomplete_size_run(struct kernel *k) { return locked(k, incomplete_size); }

static struct status *check_taken(const struct kernel *k, const struct queue *q)
{
    const struct attr *types = node_attr_find(k->node, "component_types");
    ENSURE(types->n + BESIDES == q->n, "Wrong number of components in tuple. Expected %d, got %d",
           q->n - BESIDES, types->n);
    for (int i = 0; i < types->n; i++)
        ENSURE(attr_dtypes(types)[i] == q->dtype[BESIDES + i], "Type mismatch in tuple component "
               "%d. Expected %s, got %s", i, dtype_name(q->dtype[BESIDES + i]),
               dtype_name(attr_dtypes(types)[i]));
    ENSURE(q->shape, "Barrier's TakeMany requires the components to have specified shapes.");
    return NULL;
}

static struct status *take_run(struct kernel *k)
{
    struct barrier *b;
    const struct tensor *n = kernel_in(k, 1);
    TRY(shared_in(k, 0, &BARRIER, &b));
    TRY(check_taken(k, b->ready));
    ENSURE(!n->shape.rank && *(const int32_t *)n->data >= 0,
           "num_elements must be a scalar that is not negative");
    enum attempt_kind kind = node_attr(k->node, "allow_small_batch") ? DEQUEUE_UP_TO
                                                                     : DEQUEUE_MANY;
    return queue_attempt(b->ready, &(struct attempt){ .k = k, .kind = kind,
                                                      .wanted = *(const int32_t *)n->data,
                                                      .out = kernel_out(k, 0) });
}

/* ---- rows ---- */

static struct status *check(struct shape_ctx *c) { return shared_check(c, 0); }

static struct status *insert_shape(struct shape_ctx *c)
{
    TRY(shared_check(c, 0));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    return shape_want_rank_at_least(shape_in(c, 2), 1);
}

#define USE(NAME, INPUTS, OUTPUTS, ATTRS, DOC, SHAPE_FN, RUN, FLAGS)                          \
    { .name = NAME, .inputs = "handle: Ref(string)" INPUTS, .outputs = OUTPUTS,               \
      .attrs = ATTRS, .doc = DOC, .shape = SHAPE_FN, .grad = NO_GRADIENT, .kernel_any = RUN,  \
      .flags = OP_HOST | (FLAGS) }

const struct op ops_barrier[] = {
    { .name = "Barrier", .outputs = "handle: Ref(string)",
      .attrs = "component_types: list(type) >= 1; shapes: list(shape) >= 0 = []; "
               "capacity: int = -1; container: string = \"\"; shared_name: string = \"\"",
      .doc = "Joins components that come apart, under a key.", .shape = shared_ref_shape,
      .grad = NO_GRADIENT, .prepare = barrier_prepare, .kernel_any = shared_ref,
      .flags = OP_STATEFUL },
    USE("BarrierInsertMany", ", keys: string, values: T", NULL, "T: type; component_index: int",
        "Gives keys a component each.", insert_shape, insert_run, 0),
    USE("BarrierTakeMany", ", num_elements: int32",
        "indices: int64, keys: string, values: component_types",
        "component_types: list(type) >= 1; allow_small_batch: bool = false; "
        "wait_for_incomplete: bool = false; timeout_ms: int = -1",
        "Takes tuples that are complete, with their keys.", shape_unknown, take_run,
        OP_BLOCKING),
    USE("BarrierClose", "", NULL, "cancel_pending_enqueues: bool = false",
        "Lets no new keys into a barrier.", check, close_run, 0),
    USE("BarrierReadySize", "", "size: int32", NULL, "How many tuples are complete.",
        shared_scalars, ready_size_run, 0),
    USE("BarrierIncompleteSize", "", "size: int32", NULL, "How many tuples wait for components.",
        shared_scalars, incomplete_size_run, 0),
    { 0 }
};
