/* stage_map.c - staging areas by key: MapStage, MapUnstage, MapUnstageNoKey, MapPeek, MapSize,
 * MapIncompleteSize, MapClear; and the Ordered ones, which give the least key first.
 *
 * As in TensorFlow a tuple counts as there once all its parts have come, and is gone once all have
 * been taken.
 */
#include "ops/stage.h"

#include "op/shape_fn.h"

static int64_t key_in(const struct kernel *k) { return *(const int64_t *)kernel_in(k, 0)->data; }

static bool is_ordered(const struct kernel *k) { return *k->node->op->name == 'O'; }

/* Incomplete tuples, whose n_there counts up, have a negative n_there: -1 - what has come. */
static bool is_whole(const struct staged *item) { return item->n_there >= 0; }

static int64_t find(const struct stage *s, int64_t key, bool whole)
{
    int64_t i = 0;
    while (i < s->n && (s->item[i]->key != key || is_whole(s->item[i]) != whole))
        i++;
    return i < s->n ? i : -1;
}

static struct status *check_key(const struct kernel *k)
{
    ENSURE(!kernel_in(k, 0)->shape.rank, "key must be a scalar, got shape %s",
           SHAPE_STR(&kernel_in(k, 0)->shape));
    return NULL;
}

/* Input `at`: places in a tuple of n parts, of which `many` are meant. */
static struct status *check_indices(const struct kernel *k, int at, int many)
{
    const struct tensor *t = kernel_in(k, at);
    const int32_t *index = t->data;
    ENSURE(t->shape.rank == 1 && t->shape.dim[0] == many, "%d indices are needed, got shape %s",
           many, SHAPE_STR(&t->shape));
    for (int i = 0; i + 1 < many; i++)
        ENSURE(index[i] < index[i + 1], "Indices are not strictly ordered");
    return NULL;
}

static struct status *check_place(int index, int n, int64_t key)
{
    ENSURE(index >= 0 && index < n, "Index '%d' for key '%lld' was out of bounds '%d'.", index,
           (long long)key, n);
    return NULL;
}

/* ---- in ---- */

static bool has_room(struct stage *s, const struct kernel *k)
{
    return stage_has_room(s, s->n - s->n_incomplete, stage_input_bytes(k, 2));
}

static int64_t place_of(const struct kernel *k, const struct stage *s, int64_t key)
{
    int64_t i = is_ordered(k) ? 0 : s->n;
    while (i < s->n && s->item[i]->key < key)
        i++;
    return i;
}

static struct status *make_item(const struct kernel *k, struct stage *s, int n,
                                struct staged **item)
{
    *item = staged_new(key_in(k), n);
    NEED(*item);
    (*item)->n_there = -1;
    TRY(stage_insert(s, place_of(k, s, key_in(k)), *item));
    s->n_incomplete++;
    return NULL;
}

/* A node by the same name, but of other tuples, may have begun `item`. */
static struct status *check_parts(const struct kernel *k, const struct staged *item,
                                  const struct attr *types, int n)
{
    const int32_t *index = kernel_in(k, 1)->data;
    ENSURE(!item || item->n == n, "The tuple for key '%lld' has %d parts, not %d",
           (long long)key_in(k), item->n, n);
    for (int i = 0; i < k->n_in - 2; i++) {
        TRY(check_place(index[i], n, key_in(k)));
        ENSURE(kernel_in(k, i + 2)->dtype == attr_dtypes(types)[index[i]],
               "Tensor %d is of type %s, not %s", i, dtype_name(kernel_in(k, i + 2)->dtype),
               dtype_name(attr_dtypes(types)[index[i]]));
        ENSURE(!item || !item->part[index[i]].buf, "The tensor for index '%d' for key '%lld' was "
               "already initialized '%d'.", index[i], (long long)key_in(k), n);
    }
    return NULL;
}

static struct status *put_parts(struct kernel *k, struct stage *s, struct staged *item)
{
    const int32_t *index = kernel_in(k, 1)->data;
    for (int i = 2; i < k->n_in; i++) {
        struct tensor *part = &item->part[index[i - 2]];
        TRY(kernel_keep(k, i, part));
        s->bytes += (int64_t)tensor_bytes(part);
        item->n_there--;
    }
    if (item->n_there != -1 - item->n)
        return NULL;
    item->n_there = item->n;
    s->n_incomplete--;
    return NULL;
}

static struct status *put(struct kernel *k, struct stage *s)
{
    const struct attr *types = node_attr_find(k->node, "dtypes");
    TRY(check_key(k));
    TRY(check_indices(k, 1, k->n_in - 2));
    ENSURE(types->n >= k->n_in - 2, "%d tensors for a map of tuples of %d", k->n_in - 2, types->n);
    TRY(stage_check_bytes(s, stage_input_bytes(k, 2)));
    TRY(stage_wait(k, s, has_room));
    int64_t at = find(s, key_in(k), false);
    struct staged *item = at < 0 ? NULL : s->item[at];
    TRY(check_parts(k, item, types, types->n));
    if (!item && k->n_in - 2 == types->n && find(s, key_in(k), true) >= 0)
        return NULL;                        /* TF: what is there stays */
    if (!item)
        TRY(make_item(k, s, types->n, &item));
    return put_parts(k, s, item);
}

/* ---- out ---- */

static bool has_key(struct stage *s, const struct kernel *k)
{
    return find(s, key_in(k), true) >= 0;
}

static bool has_any(struct stage *s, const struct kernel *k)
{
    (void)k;
    return s->n > s->n_incomplete;
}

/* The parts at the indices that input `at` has become outputs, from `out` on. */
static struct status *show(struct kernel *k, int at, int out, const struct staged *item)
{
    int n = k->node->n_out - out;
    TRY(check_indices(k, at, n));
    const int32_t *index = kernel_in(k, at)->data;
    for (int i = 0; i < n; i++) {
        TRY(check_place(index[i], item->n, item->key));
        const struct tensor *part = &item->part[index[i]];
        ENSURE(part->buf, "Tensor at index '%d' for key '%lld' has already been removed.",
               index[i], (long long)item->key);
        ENSURE(part->dtype == k->node->dtype[i + out], "Tensor %d is staged as %s, not as %s",
               index[i], dtype_name(part->dtype), dtype_name(k->node->dtype[i + out]));
    }
    for (int i = 0; i < n; i++)
        kernel_set(k, i + out, tensor_ref(&item->part[index[i]]));
    return NULL;
}

static struct status *take(struct kernel *k, struct stage *s, int indices, int out, int64_t at)
{
    struct staged *item = s->item[at];
    TRY(show(k, indices, out, item));
    const int32_t *index = kernel_in(k, indices)->data;
    for (int i = 0; i < k->node->n_out - out; i++) {
        s->bytes -= (int64_t)tensor_bytes(&item->part[index[i]]);
        tensor_unref(&item->part[index[i]]);
        item->n_there--;
    }
    if (!item->n_there)
        staged_free(stage_remove(s, at));
    return NULL;
}

static struct status *get(struct kernel *k, struct stage *s)
{
    TRY(check_key(k));
    TRY(stage_wait(k, s, has_key));
    return take(k, s, 1, 0, find(s, key_in(k), true));
}

static struct status *peek(struct kernel *k, struct stage *s)
{
    TRY(check_key(k));
    TRY(stage_wait(k, s, has_key));
    return show(k, 1, 0, s->item[find(s, key_in(k), true)]);
}

static struct status *get_any(struct kernel *k, struct stage *s)
{
    int64_t at = 0;
    TRY(stage_wait(k, s, has_any));
    while (!is_whole(s->item[at]))
        at++;
    TRY(kernel_new(k, 0, DT_INT64, &SHAPE_SCALAR));
    *(int64_t *)kernel_out(k, 0)->data = s->item[at]->key;
    return take(k, s, 0, 1, at);
}

static struct status *size(struct kernel *k, struct stage *s)
{
    return stage_put_size(k, s->n - s->n_incomplete);
}

static struct status *incomplete_size(struct kernel *k, struct stage *s)
{
    return stage_put_size(k, s->n_incomplete);
}

static struct status *put_run(struct kernel *k) { return stage_locked(k, put); }
static struct status *get_run(struct kernel *k) { return stage_locked(k, get); }
static struct status *any_run(struct kernel *k) { return stage_locked(k, get_any); }
static struct status *peek_run(struct kernel *k) { return stage_locked(k, peek); }
static struct status *size_run(struct kernel *k) { return stage_locked(k, size); }
static struct status *incomplete_run(struct kernel *k) { return stage_locked(k, incomplete_size); }
static struct status *clear_run(struct kernel *k) { return stage_locked(k, stage_clear); }

/* ---- rows ---- */

#define AREA(LIST) "capacity: int >= 0 = 0; memory_limit: int >= 0 = 0; dtypes: " LIST "; "
#define NAMED "container: string = \"\"; shared_name: string = \"\""
#define ROW(NAME, IN, OUT, ATTRS, DOC, SHAPE_FN, RUN, FLAGS)                                  \
    { .name = NAME, .inputs = IN, .outputs = OUT, .attrs = ATTRS NAMED, .doc = DOC,           \
      .shape = SHAPE_FN, .grad = NO_GRADIENT, .prepare = stage_prepare, .kernel_any = RUN,    \
      .flags = OP_STATEFUL | (FLAGS) }
#define MAP(NAME)                                                                             \
    ROW(NAME "Stage", "key: int64, indices: int32, values: fake_dtypes", NULL,                \
        AREA("list(type)") "fake_dtypes: list(type) >= 1; ",                                  \
        "Puts tensors, parts of the tuple of a key, into a map.", shape_unknown, put_run,     \
        OP_BLOCKING),                                                                         \
    ROW(NAME "Unstage", "key: int64, indices: int32", "values: dtypes",                       \
        AREA("list(type) >= 1"), "Takes parts of the tuple of a key from a map.",             \
        shape_unknown, get_run, OP_BLOCKING),                                                 \
    ROW(NAME "UnstageNoKey", "indices: int32", "key: int64, values: dtypes",                  \
        AREA("list(type) >= 1"), "Takes parts of some tuple from a map.", shape_unknown,      \
        any_run, OP_BLOCKING),                                                                \
    ROW(NAME "Peek", "key: int64, indices: int32", "values: dtypes",                          \
        AREA("list(type) >= 1"), "Parts of the tuple of a key, which stay in a map.",         \
        shape_unknown, peek_run, OP_BLOCKING),                                                \
    ROW(NAME "Size", NULL, "size: int32", AREA("list(type)"),                                 \
        "How many whole tuples a map has.", shape_scalar, size_run, 0),                       \
    ROW(NAME "IncompleteSize", NULL, "size: int32", AREA("list(type)"),                       \
        "How many tuples of a map wait for parts.", shape_scalar, incomplete_run, 0),         \
    ROW(NAME "Clear", NULL, NULL, AREA("list(type)"), "Empties a map.", shape_none,           \
        clear_run, 0)

const struct op ops_stage_map[] = {
    MAP("Map"), MAP("OrderedMap"),
    { 0 }
};
