/* queue.c - queues: FIFOQueue, PaddingFIFOQueue, RandomShuffleQueue, PriorityQueue, and Queue's
 * Enqueue, EnqueueMany, Dequeue, DequeueMany, DequeueUpTo, Close, IsClosed and Size; each by
 * reference and (V2) by handle. How they wait: queue_line.c. */
#include "ops/queue_line.h"

#include "base/mem.h"
#include "base/str.h"
#include "op/shape_fn.h"
#include "ops/array.h"
#include "ops/random.h"
#include "ops/variable.h"

/* ---- the resource ---- */

static bool init_queue(struct resource *r) { return shared_init(&((struct queue *)r)->handle); }

static void clear_queue(struct resource *r)
{
    struct queue *q = (struct queue *)r;
    pthread_mutex_lock(&q->handle.lock);
    queue_empty(q);
    pthread_mutex_unlock(&q->handle.lock);
}

static void release_queue(struct resource *r)
{
    struct queue *q = (struct queue *)r;
    queue_empty(q);
    mem_free(q->slot);
    mem_free(q->part);
    mem_free(q->dtype);
    mem_free(q->shape);
    shared_release(&q->handle);
}

const struct resource_kind QUEUE = { "queue", sizeof(struct queue), init_queue, clear_queue,
                                     release_queue };

/* ---- making one, or finding that it is another ---- */

/* What the node asks for; the arrays are the plan's, and copied where the queue is new. */
struct wish {
    const char *type;
    int n;
    enum dtype *dtype;
    struct shape *shape;
    int64_t capacity, least, seed, seed2;
};

static const char *const types[] = { "FIFOQueue", "PaddingFIFOQueue", "RandomShuffleQueue",
                                     "PriorityQueue" };

static int order_of(const struct node *n)
{
    int i = 0;
    while (strncmp(n->op->name, types[i], strlen(types[i])))
        i++;
    return i;
}

static void print_types(struct str *s, const enum dtype *dtype, int n)
{
    for (int i = 0; i < n; i++)
        str_printf(s, "%s%s", i ? ", " : "", dtype_name(dtype[i]));
}

static void print_shapes(struct str *s, const struct shape *shape, int n)
{
    str_puts(s, "[");
    for (int i = 0; i < n && shape; i++)
        str_printf(s, "%s%s", i ? "," : "", SHAPE_STR(&shape[i]));
    str_puts(s, "]");
}

/* TF: the first component of a priority queue is the priority, which the attributes leave out. */
static struct status *read_components(struct prep *p, struct wish *w, bool priority)
{
    const struct attr *list = node_attr_find(p->node, "component_types");
    const struct attr *shapes = node_attr_find(p->node, "shapes");
    w->n = list->n + priority;
    ENSURE(!shapes->n || shapes->n == list->n, "Different number of component types.  Types: %d, "
           "Shapes: %d", list->n, shapes->n);
    NEED(w->dtype = arena_array(p->arena, enum dtype, w->n));
    w->dtype[0] = DT_INT64;
    for (int i = priority; i < w->n; i++)
        w->dtype[i] = attr_dtypes(list)[i - priority];
    if (!shapes->n && list->n)
        return NULL;
    NEED(w->shape = arena_array(p->arena, struct shape, w->n));
    for (int i = priority; i < w->n; i++)
        w->shape[i] = shapes->shapes[i - priority];
    return NULL;
}

static struct status *read_wish(struct prep *p, struct wish *w)
{
    const struct node *n = p->node;
    int order = order_of(n);
    *w = (struct wish){ .type = types[order], .capacity = node_attr(n, "capacity") };
    TRY(read_components(p, w, order == QUEUE_PRIORITY));
    if (w->capacity < 0)
        w->capacity = INT32_MAX;
    for (int i = 0; i < w->n && w->shape; i++)
        ENSURE(order == QUEUE_PADDING ? w->shape[i].rank >= 0 : shape_is_known(&w->shape[i]),
               "shape %s must have known %s", SHAPE_STR(&w->shape[i]),
               order == QUEUE_PADDING ? "rank." : "dimensions.");
    if (order != QUEUE_SHUFFLE)
        return NULL;
    w->least = node_attr(n, "min_after_dequeue");
    w->seed = node_attr(n, "seed");
    w->seed2 = node_attr(n, "seed2");
    ENSURE(w->least >= 0, "min_after_dequeue %lld must be >= 0", (long long)w->least);
    ENSURE(w->least < w->capacity, "min_after_dequeue %lld must be < capacity %lld",
           (long long)w->least, (long long)w->capacity);
    return NULL;
}

static void *copy(const void *from, size_t bytes)
{
    void *to = mem_alloc(bytes);
    return to ? memcpy(to, from, bytes) : NULL;
}

static struct status *make(struct queue *q, const struct wish *w, const struct node *n)
{
    size_t many = (size_t)w->n;
    q->part = mem_array(struct tensor, w->n);
    q->dtype = copy(w->dtype, sizeof *q->dtype * many);
    q->shape = w->shape ? copy(w->shape, sizeof *q->shape * many) : NULL;
    if (!q->part || !q->dtype || (w->shape && !q->shape)) {
        mem_free(q->part);
        mem_free(q->dtype);
        mem_free(q->shape);
        q->part = NULL;
        q->dtype = NULL;
        q->shape = NULL;
        return status_no_memory();
    }
    q->order = (enum queue_order)order_of(n);
    q->n = w->n;
    q->capacity = w->capacity;
    q->least = w->least;
    q->seed = w->seed;
    q->seed2 = w->seed2;
    if (q->order == QUEUE_SHUFFLE)
        q->random = philox_words(random_begin(n));
    q->type = w->type;
    return NULL;
}

static struct status *other_components(const struct queue *q, const struct wish *w, bool shapes)
{
    struct str have = { 0 }, want = { 0 };
    if (shapes) {
        print_shapes(&have, q->shape, q->n);
        print_shapes(&want, w->shape, w->n);
    } else {
        print_types(&have, q->dtype, q->n);
        print_types(&want, w->dtype, w->n);
    }
    const char *what = shapes ? "shapes" : "types";
    struct status *st = status_new(INVALID_ARGUMENT, "Shared queue '%s' has component %s %s but "
                                   "requested component %s were %s", shared_name(&q->handle), what,
                                   str_text(&have), what, str_text(&want));
    str_free(&have);
    str_free(&want);
    return st;
}

static bool same_types(const struct queue *q, const struct wish *w)
{
    return q->n == w->n && !memcmp(q->dtype, w->dtype, sizeof *q->dtype * (size_t)q->n);
}

static bool same_shapes(const struct queue *q, const struct wish *w)
{
    bool same = !q->shape == !w->shape;
    for (int i = 0; i < q->n && q->shape && same; i++)
        same = shape_equal(&q->shape[i], &w->shape[i]);
    return same;
}

static struct status *compare(const struct queue *q, const struct wish *w, const struct node *n)
{
    const char *name = shared_name(&q->handle);
    ENSURE(q->type == w->type, "Shared queue '%s' has type '%s' that does not match type of Node "
           "'%s': %s", name, q->type, n->name, n->op->name);
    ENSURE(q->capacity == w->capacity, "Shared queue '%s' has capacity %lld but requested capacity "
           "was %lld", name, (long long)q->capacity, (long long)w->capacity);
    ENSURE(q->least == w->least, "Shared queue '%s' has min_after_dequeue %lld but requested "
           "min_after_dequeue was %lld.", name, (long long)q->least, (long long)w->least);
    ENSURE(q->seed == w->seed && q->seed2 == w->seed2, "Shared queue '%s' has random seeds (%lld, "
           "%lld) but requested seeds are (%lld, %lld).", name, (long long)q->seed,
           (long long)q->seed2, (long long)w->seed, (long long)w->seed2);
    if (!same_types(q, w) || !same_shapes(q, w))
        return other_components(q, w, same_types(q, w));
    return NULL;
}

static struct status *queue_prepare(struct prep *p)
{
    struct wish w;
    struct queue *q;
    TRY(read_wish(p, &w));
    TRY(shared_prepare(p, &QUEUE, &q));
    pthread_mutex_lock(&q->handle.lock);
    struct status *st = q->type ? compare(q, &w, p->node) : make(q, &w, p->node);
    pthread_mutex_unlock(&q->handle.lock);
    return st;
}

/* ---- what comes in, and what is asked for ---- */

static struct status *check_types(const struct queue *q, const struct attr *list)
{
    ENSURE(list->n == q->n, "Wrong number of components in tuple. Expected %d, got %d", q->n,
           list->n);
    for (int i = 0; i < q->n; i++)
        ENSURE(attr_dtypes(list)[i] == q->dtype[i], "Type mismatch in tuple component %d. "
               "Expected %s, got %s", i, dtype_name(q->dtype[i]),
               dtype_name(attr_dtypes(list)[i]));
    return NULL;
}

/* The queue of input 0, which has the components that the node's attribute `attr` says. */
static struct status *queue_in(const struct kernel *k, const char *attr, struct queue **q)
{
    TRY(shared_in(k, 0, &QUEUE, q));
    ENSURE(node_attr(k->node, "timeout_ms") == -1, "Timeout not supported yet.");
    return check_types(*q, node_attr_find(k->node, attr));
}

static struct status *check_element(const struct kernel *k, const struct queue *q)
{
    for (int i = 0; i < q->n && q->shape; i++)
        ENSURE(shape_accepts(&q->shape[i], &kernel_in(k, i + 1)->shape),
               "Shape mismatch in tuple component %d. Expected %s, got %s", i,
               SHAPE_STR(&q->shape[i]), SHAPE_STR(&kernel_in(k, i + 1)->shape));
    ENSURE(q->order != QUEUE_PRIORITY || !kernel_in(k, 1)->shape.rank,
           "Shape mismatch in tuple component 0. Expected [], got %s",
           SHAPE_STR(&kernel_in(k, 1)->shape));
    return NULL;
}

static struct status *enqueue_run(struct kernel *k)
{
    struct queue *q;
    TRY(queue_in(k, "Tcomponents", &q));
    TRY(check_element(k, q));
    return queue_attempt(q, &(struct attempt){ .k = k, .kind = ENQUEUE, .wanted = 1 });
}

static struct status *check_batch(const struct kernel *k, const struct queue *q, int64_t n)
{
    for (int i = 0; i < q->n; i++) {
        const struct shape *s = &kernel_in(k, i + 1)->shape;
        struct shape want;
        ENSURE(s->rank > 0, "Component %d of a batch of elements must have a dimension of them", i);
        ENSURE(s->dim[0] == n, "All input tensors must have the same size in the 0th dimension. "
               "Component %d has %lld, and should have %lld", i, (long long)s->dim[0],
               (long long)n);
        ENSURE(q->order != QUEUE_PRIORITY || i || s->rank == 1,
               "Shape mismatch in tuple component 0. Expected [%lld], got %s", (long long)n,
               SHAPE_STR(s));
        if (!q->shape)
            continue;
        TRY(shape_with_rows(n, &q->shape[i], 0, &want));
        ENSURE(shape_accepts(&want, s), "Shape mismatch in tuple component %d. Expected %s, got %s",
               i, SHAPE_STR(&want), SHAPE_STR(s));
    }
    return NULL;
}

static struct status *enqueue_many_run(struct kernel *k)
{
    struct queue *q;
    TRY(queue_in(k, "Tcomponents", &q));
    const struct shape *first = &kernel_in(k, 1)->shape;
    int64_t n = first->rank > 0 ? first->dim[0] : 0;
    TRY(check_batch(k, q, n));
    if (!n)
        return NULL;
    return queue_attempt(q, &(struct attempt){ .k = k, .kind = ENQUEUE_MANY, .wanted = n });
}

static struct status *dequeue_run(struct kernel *k)
{
    struct queue *q;
    TRY(queue_in(k, "component_types", &q));
    return queue_take(k, q, kernel_out(k, 0));
}

static struct status *take_many(struct kernel *k, enum attempt_kind kind, const char *op)
{
    struct queue *q;
    TRY(queue_in(k, "component_types", &q));
    const struct tensor *t = kernel_in(k, 1);
    ENSURE(!t->shape.rank, "n must be a scalar, got shape %s", SHAPE_STR(&t->shape));
    int64_t n = *(const int32_t *)t->data;
    ENSURE(n >= 0, "%s requested %lld < 0 elements", op, (long long)n);
    ENSURE(q->shape, "%s's DequeueMany and DequeueUpTo require the components to have specified "
           "shapes.", q->type);
    return queue_attempt(q, &(struct attempt){ .k = k, .kind = kind, .wanted = n,
                                               .out = kernel_out(k, 0) });
}

static struct status *dequeue_many_run(struct kernel *k)
{
    return take_many(k, DEQUEUE_MANY, "DequeueManyOp");
}

static struct status *dequeue_up_to_run(struct kernel *k)
{
    return take_many(k, DEQUEUE_UP_TO, "DequeueUpToOp");
}

static struct status *close_run(struct kernel *k)
{
    struct queue *q;
    TRY(shared_in(k, 0, &QUEUE, &q));
    enum attempt_kind kind = node_attr(k->node, "cancel_pending_enqueues") ? CLOSE_NOW : CLOSE;
    return queue_attempt(q, &(struct attempt){ .k = k, .kind = kind });
}

static struct status *is_closed_run(struct kernel *k)
{
    struct queue *q;
    TRY(shared_in(k, 0, &QUEUE, &q));
    TRY(kernel_new(k, 0, DT_BOOL, &SHAPE_SCALAR));
    pthread_mutex_lock(&q->handle.lock);
    *(bool *)kernel_out(k, 0)->data = q->closed;
    pthread_mutex_unlock(&q->handle.lock);
    return NULL;
}

static struct status *size_run(struct kernel *k)
{
    struct queue *q;
    TRY(shared_in(k, 0, &QUEUE, &q));
    TRY(kernel_new(k, 0, DT_INT32, &SHAPE_SCALAR));
    pthread_mutex_lock(&q->handle.lock);
    *(int32_t *)kernel_out(k, 0)->data = (int32_t)q->size;
    pthread_mutex_unlock(&q->handle.lock);
    return NULL;
}

/* A reference to a queue that a handle names: what old readers take. */
static struct status *fake_run(struct kernel *k)
{
    struct queue *q;
    TRY(shared_in(k, 0, &QUEUE, &q));
    kernel_set_ref(k, 0, &q->handle);
    return NULL;
}

/* ---- shapes: those that the node that made the queue says ---- */

static struct status *check_queue(struct shape_ctx *c) { return shared_check(c, 0); }

static const struct attr *shapes_of(const struct shape_ctx *c, int *skip)
{
    const struct node *n = variable_handle(c->node->in[0]).node;
    const struct attr *shapes = node_attr_find(n, "shapes");
    *skip = !strncmp(n->op->name, "Priority", 8);
    bool fits = shapes && shapes->kind == ATTR_LIST + ATTR_SHAPE && strstr(n->op->name, "Queue") &&
                shapes->n && shapes->n + *skip == c->n_out;
    return fits ? shapes : NULL;
}

static struct status *dequeue_shape(struct shape_ctx *c)
{
    int skip;
    TRY(shared_check(c, 0));
    const struct attr *shapes = shapes_of(c, &skip);
    for (int i = 0; i < c->n_out && shapes; i++)
        *shape_out(c, i) = i < skip ? SHAPE_SCALAR : shapes->shapes[i - skip];
    return NULL;
}

static struct status *batch_shape(struct shape_ctx *c, int64_t n)
{
    int skip;
    const struct attr *shapes = shapes_of(c, &skip);
    for (int i = 0; i < c->n_out && shapes; i++) {
        const struct shape *one = i < skip ? &SHAPE_SCALAR : &shapes->shapes[i - skip];
        if (one->rank >= 0)
            TRY(shape_with_rows(n, one, 0, shape_out(c, i)));
    }
    return NULL;
}

static struct status *dequeue_many_shape(struct shape_ctx *c)
{
    int64_t n;
    TRY(shared_check(c, 0));
    TRY(shape_in_size(c, 1, &n));
    return batch_shape(c, n);
}

static struct status *dequeue_up_to_shape(struct shape_ctx *c)
{
    TRY(shared_check(c, 0));
    TRY(shape_want_rank(shape_in(c, 1), 0));
    return batch_shape(c, -1);
}

/* ---- rows ---- */

#define SIZED "capacity: int = -1; "
#define NAMED "container: string = \"\"; shared_name: string = \"\""
#define TYPED "component_types: list(type) >= 1; shapes: list(shape) >= 0 = []; "
#define SEEDED "min_after_dequeue: int = 0; seed: int = 0; seed2: int = 0; "
#define TAKES "component_types: list(type) >= 1; timeout_ms: int = -1"
#define GIVES "Tcomponents: list(type) >= 1; timeout_ms: int = -1"

/* An op by reference and its V2, which TensorFlow calls stateful and whose gradient nobody
 * registered, by handle. */
#define USE(NAME, INPUTS, OUTPUTS, ATTRS, DOC, SHAPE_FN, RUN, FLAGS)                          \
    { .name = NAME, .inputs = "handle: Ref(string)" INPUTS, .outputs = OUTPUTS,               \
      .attrs = ATTRS, .doc = DOC, .shape = SHAPE_FN, .grad = NOT_DIFFERENTIABLE,              \
      .kernel_any = RUN, .flags = OP_HOST | (FLAGS) },                                        \
    { .name = NAME "V2", .inputs = "handle: resource" INPUTS, .outputs = OUTPUTS,             \
      .attrs = ATTRS, .doc = DOC, .shape = SHAPE_FN, .grad = NO_GRADIENT, .kernel_any = RUN,  \
      .flags = OP_STATEFUL | (FLAGS) }

const struct op ops_queue[] = {
    SHARED_MAKE("FIFOQueue", "handle", TYPED SIZED NAMED, "A queue: first in, first out.",
                queue_prepare),
    SHARED_MAKE("PaddingFIFOQueue", "handle", TYPED SIZED NAMED, "A queue of elements of different "
                "sizes, which are padded to one in a batch.", queue_prepare),
    SHARED_MAKE("RandomShuffleQueue", "handle", TYPED SIZED SEEDED NAMED,
                "A queue that gives its elements in a random order.", queue_prepare),
    SHARED_MAKE("PriorityQueue", "handle", "component_types: list(type) >= 0 = []; "
                "shapes: list(shape) >= 0; " SIZED NAMED,
                "A queue that gives the element of the least int64 priority first.",
                queue_prepare),
    USE("QueueEnqueue", ", components: Tcomponents", NULL, GIVES, "Adds an element to a queue.",
        check_queue, enqueue_run, OP_BLOCKING),
    USE("QueueEnqueueMany", ", components: Tcomponents", NULL, GIVES,
        "Adds each row of its inputs to a queue.", check_queue, enqueue_many_run, OP_BLOCKING),
    USE("QueueDequeue", "", "components: component_types", TAKES,
        "Takes an element from a queue.", dequeue_shape, dequeue_run, OP_BLOCKING),
    USE("QueueDequeueMany", ", n: int32", "components: component_types", TAKES,
        "Takes n elements from a queue, as rows.", dequeue_many_shape, dequeue_many_run,
        OP_BLOCKING),
    USE("QueueDequeueUpTo", ", n: int32", "components: component_types", TAKES,
        "Takes n elements from a queue, or those that a closed one still has.",
        dequeue_up_to_shape, dequeue_up_to_run, OP_BLOCKING),
    USE("QueueClose", "", NULL, "cancel_pending_enqueues: bool = false",
        "Lets nothing more into a queue.", check_queue, close_run, OP_BLOCKING),
    USE("QueueIsClosed", "", "is_closed: bool", NULL, "Whether a queue is closed.", shared_scalars,
        is_closed_run, 0),
    USE("QueueSize", "", "size: int32", NULL, "How many elements a queue has.", shared_scalars,
        size_run, 0),
    { .name = "FakeQueue", .inputs = "resource: resource", .outputs = "handle: Ref(string)",
      .doc = "A queue's handle as a reference.", .shape = shared_ref_shape, .grad = NO_GRADIENT,
      .kernel_any = fake_run, .flags = OP_STATEFUL },
    { 0 }
};
