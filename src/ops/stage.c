/* stage.c - staging areas in the order of coming: Stage, Unstage, StagePeek, StageSize, StageClear;
 * and what maps (stage_map.c) share with them. */
#include "ops/stage.h"

#include "base/mem.h"
#include "op/shape_fn.h"
#include "ops/shared.h"

/* ---- items ---- */

struct staged *staged_new(int64_t key, int n)
{
    struct staged *item = mem_zero(sizeof *item + sizeof(struct tensor) * (size_t)n);
    if (!item)
        return NULL;
    item->key = key;
    item->n = n;
    item->part = (struct tensor *)(item + 1);
    return item;
}

void staged_free(struct staged *item)
{
    for (int i = 0; item && i < item->n; i++)
        tensor_unref(&item->part[i]);
    mem_free(item);
}

size_t staged_bytes(const struct staged *item)
{
    size_t bytes = 0;
    for (int i = 0; i < item->n; i++)
        bytes += item->part[i].buf ? tensor_bytes(&item->part[i]) : 0;
    return bytes;
}

struct status *stage_insert(struct stage *s, int64_t at, struct staged *item)
{
    if (s->n == s->room) {
        struct staged **grown = mem_grow(s->item, sizeof *grown * (size_t)(2 * s->room + 4));
        if (!grown) {
            staged_free(item);
            return status_no_memory();
        }
        s->item = grown;
        s->room = 2 * s->room + 4;
    }
    memmove(s->item + at + 1, s->item + at, sizeof *s->item * (size_t)(s->n - at));
    s->item[at] = item;
    s->n++;
    s->bytes += (int64_t)staged_bytes(item);
    return NULL;
}

struct staged *stage_remove(struct stage *s, int64_t at)
{
    struct staged *item = s->item[at];
    s->n--;
    memmove(s->item + at, s->item + at + 1, sizeof *s->item * (size_t)(s->n - at));
    s->bytes -= (int64_t)staged_bytes(item);
    return item;
}

/* ---- the resource ---- */

static bool init_stage(struct resource *r)
{
    struct stage *s = (struct stage *)r;
    wait_init(&s->changed);
    return !pthread_mutex_init(&s->lock, NULL);
}

static void empty(struct stage *s)
{
    while (s->n)
        staged_free(stage_remove(s, s->n - 1));
    s->n_incomplete = 0;
}

static void clear(struct resource *r)
{
    struct stage *s = (struct stage *)r;
    pthread_mutex_lock(&s->lock);
    empty(s);
    pthread_mutex_unlock(&s->lock);
}

static void release(struct resource *r)
{
    struct stage *s = (struct stage *)r;
    empty(s);
    mem_free(s->item);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
}

const struct resource_kind STAGE = { "staging area", sizeof(struct stage), init_stage, clear,
                                     release };

/* TF: without a name it is the node's, for other nodes to give. */
struct status *stage_prepare(struct prep *p)
{
    const struct node *n = p->node;
    struct resource *r;
    TRY(shared_bind(p, &STAGE, false, &r));
    struct stage *s = (struct stage *)r;
    pthread_mutex_lock(&s->lock);
    s->capacity = node_attr(n, "capacity");
    s->limit = node_attr(n, "memory_limit");
    pthread_mutex_unlock(&s->lock);
    p->state = s;
    return NULL;
}

/* ---- waiting ---- */

struct status *stage_wait(struct kernel *k, struct stage *s, stage_ready_fn *ready)
{
    while (!ready(s, k)) {
        if (!k->env->may_wait)
            return status_would_wait();
        if (kernel_wait(k, &s->changed, &s->lock))
            return status_new(CANCELLED, "Staging operation was cancelled");
    }
    return NULL;
}

struct status *stage_locked(struct kernel *k, stage_fn *fn)
{
    struct stage *s = (struct stage *)k->state;
    pthread_mutex_lock(&s->lock);
    struct status *st = fn(k, s);
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return st;
}

bool stage_has_room(const struct stage *s, int64_t n, size_t bytes)
{
    return (!s->capacity || n < s->capacity) &&
           (!s->limit || s->bytes + (int64_t)bytes <= s->limit);
}

struct status *stage_check_bytes(const struct stage *s, size_t bytes)
{
    if (!s->limit || (int64_t)bytes <= s->limit)
        return NULL;
    return status_new(RESOURCE_EXHAUSTED, "Attempted to insert tensors with combined size of '%zu' "
                      "bytes into Staging Area with a memory limit of '%lld'.", bytes,
                      (long long)s->limit);
}

size_t stage_input_bytes(const struct kernel *k, int first)
{
    size_t bytes = 0;
    for (int i = first; i < k->n_in; i++)
        bytes += tensor_bytes(kernel_in(k, i));
    return bytes;
}

struct status *stage_clear(struct kernel *k, struct stage *s)
{
    (void)k;
    empty(s);
    return NULL;
}

struct status *stage_put_size(struct kernel *k, int64_t n)
{
    TRY(kernel_new(k, 0, DT_INT32, &SHAPE_SCALAR));
    *(int32_t *)kernel_out(k, 0)->data = (int32_t)n;
    return NULL;
}

/* ---- the list ---- */

static bool room_for_inputs(struct stage *s, const struct kernel *k)
{
    return stage_has_room(s, s->n, stage_input_bytes(k, 0));
}

static struct status *put(struct kernel *k, struct stage *s)
{
    TRY(stage_check_bytes(s, stage_input_bytes(k, 0)));
    TRY(stage_wait(k, s, room_for_inputs));
    struct staged *item = staged_new(0, k->n_in);
    NEED(item);
    for (int i = 0; i < k->n_in; i++) {
        struct status *st = kernel_keep(k, i, &item->part[i]);
        if (st) {
            staged_free(item);
            return st;
        }
    }
    return stage_insert(s, s->n, item);
}

static struct status *check_outputs(const struct kernel *k, const struct staged *item)
{
    ENSURE(item->n == k->node->n_out, "Wrong number of tensors: %d are staged, %d are wanted",
           item->n, k->node->n_out);
    for (int i = 0; i < item->n; i++)
        ENSURE(item->part[i].dtype == k->node->dtype[i], "Tensor %d is staged as %s, not as %s", i,
               dtype_name(item->part[i].dtype), dtype_name(k->node->dtype[i]));
    return NULL;
}

static bool has_one(struct stage *s, const struct kernel *k)
{
    (void)k;
    return s->n > 0;
}

static struct status *get(struct kernel *k, struct stage *s)
{
    TRY(stage_wait(k, s, has_one));
    TRY(check_outputs(k, s->item[0]));
    struct staged *item = stage_remove(s, 0);
    for (int i = 0; i < item->n; i++)
        kernel_set(k, i, tensor_ref(&item->part[i]));
    staged_free(item);
    return NULL;
}

static bool has_index(struct stage *s, const struct kernel *k)
{
    return *(const int32_t *)kernel_in(k, 0)->data < s->n;
}

static struct status *peek(struct kernel *k, struct stage *s)
{
    const struct tensor *at = kernel_in(k, 0);
    ENSURE(!at->shape.rank && *(const int32_t *)at->data >= 0,
           "index must be a scalar that is not negative");
    TRY(stage_wait(k, s, has_index));
    const struct staged *item = s->item[*(const int32_t *)at->data];
    TRY(check_outputs(k, item));
    for (int i = 0; i < item->n; i++)
        kernel_set(k, i, tensor_ref(&item->part[i]));
    return NULL;
}

static struct status *size(struct kernel *k, struct stage *s) { return stage_put_size(k, s->n); }

static struct status *put_run(struct kernel *k) { return stage_locked(k, put); }
static struct status *get_run(struct kernel *k) { return stage_locked(k, get); }
static struct status *peek_run(struct kernel *k) { return stage_locked(k, peek); }
static struct status *size_run(struct kernel *k) { return stage_locked(k, size); }
static struct status *clear_run(struct kernel *k) { return stage_locked(k, stage_clear); }

/* ---- rows ---- */

#define AREA(LIST) "capacity: int >= 0 = 0; memory_limit: int >= 0 = 0; dtypes: " LIST \
                   "; container: string = \"\"; shared_name: string = \"\""
#define ROW(NAME, IN, OUT, LIST, DOC, SHAPE_FN, RUN, FLAGS)                                   \
    { .name = NAME, .inputs = IN, .outputs = OUT, .attrs = AREA(LIST), .doc = DOC,            \
      .shape = SHAPE_FN, .grad = NO_GRADIENT, .prepare = stage_prepare, .kernel_any = RUN,    \
      .flags = OP_STATEFUL | (FLAGS) }

const struct op ops_stage[] = {
    ROW("Stage", "values: dtypes", NULL, "list(type) >= 1", "Puts tensors into a staging area.",
        shape_unknown, put_run, OP_BLOCKING),
    ROW("Unstage", NULL, "values: dtypes", "list(type) >= 1",
        "Takes from a staging area the tensors that are there longest.", shape_unknown, get_run,
        OP_BLOCKING),
    ROW("StagePeek", "index: int32", "values: dtypes", "list(type) >= 1",
        "The tensors at a place of a staging area, which stay there.", shape_unknown, peek_run,
        OP_BLOCKING),
    ROW("StageSize", NULL, "size: int32", "list(type)", "How many tuples a staging area has.",
        shape_scalar, size_run, 0),
    ROW("StageClear", NULL, NULL, "list(type)", "Empties a staging area.", shape_none, clear_run,
        0),
    { 0 }
};
