/* table.c - lookup tables: HashTable, MutableHashTable, MutableHashTableOfTensors,
 * MutableDenseHashTable, InitializeTable, and LookupTable's Find, Size, Insert, Remove, Export and
 * Import; each by reference and (V2) by handle. */
#include "ops/array.h"
#include "ops/shared.h"
#include "ops/table.h"
#include "ops/variable.h"

/* ---- making them ---- */

static struct status *set_types(struct table *t, const struct node *n)
{
    enum dtype key = node_attr_type(n, "key_dtype"), value = node_attr_type(n, "value_dtype");
    const struct attr *shape = node_attr_find(n, "value_shape");
    ENSURE(!t->key || (t->key == key && t->value == value),
           "Conflicting key/value dtypes %s->%s with %s->%s for table %s", dtype_name(key),
           dtype_name(value), dtype_name(t->key), dtype_name(t->value), n->name);
    if (shape)
        ENSURE(shape_is_known(shape->shape), "value_shape must be fully defined, got %s",
               SHAPE_STR(shape->shape));
    if (!t->key && shape)
        t->value_shape = *shape->shape;
    t->key = key;
    t->value = value;
    return NULL;
}

static struct status *table_prepare(struct prep *p)
{
    struct table *t;
    TRY(shared_prepare(p, &TABLE, &t));
    pthread_mutex_lock(&t->handle.lock);
    struct status *st = set_types(t, p->node);
    t->is_static = !strncmp(p->node->op->name, "Hash", 4);
    pthread_mutex_unlock(&t->handle.lock);
    return st;
}

static struct status *dense_prepare(struct prep *p)
{
    int64_t n = node_attr(p->node, "initial_num_buckets");
    double load = node_attr_float(p->node, "max_load_factor");
    ENSURE(n > 0 && !(n & (n - 1)), "initial_num_buckets must be a power of 2, got: %lld",
           (long long)n);
    ENSURE(load > 0 && load < 1, "max_load_factor must be between 0 and 1, got: %g", load);
    return table_prepare(p);
}

/* Both keys at once, whoever comes first; the empty one says, too, what shape keys are of. */
static struct status *set_keys(struct table *t, const struct tensor *empty,
                               const struct tensor *deleted)
{
    if (t->deleted_key.buf)
        return NULL;
    if (!t->empty_key.buf)
        TRY(tensor_copy(&t->empty_key, NULL, empty));
    t->key_shape = empty->shape;
    return tensor_copy(&t->deleted_key, NULL, deleted);
}

static struct status *set_reserved_keys(struct kernel *k)
{
    struct table *t = (struct table *)k->state;
    const struct tensor *empty = kernel_in(k, 0), *deleted = kernel_in(k, 1);
    ENSURE(empty->shape.rank <= 1, "Empty key must be a scalar or a vector, got shape %s",
           SHAPE_STR(&empty->shape));
    ENSURE(shape_equal(&empty->shape, &deleted->shape), "Empty and deleted keys must have same "
           "shape, got shapes: %s and %s", SHAPE_STR(&empty->shape), SHAPE_STR(&deleted->shape));
    ENSURE(!table_same_keys(t, empty, deleted), "Empty and deleted keys cannot be equal");
    pthread_mutex_lock(&t->handle.lock);
    struct status *st = set_keys(t, empty, deleted);
    pthread_mutex_unlock(&t->handle.lock);
    return st;
}

static struct status *dense_ref_run(struct kernel *k)
{
    TRY(set_reserved_keys(k));
    return shared_ref(k);
}

static struct status *dense_handle_run(struct kernel *k)
{
    TRY(set_reserved_keys(k));
    return kernel_handle(k);
}

/* ---- using them ---- */

struct status *table_in(struct kernel *k, struct table **t)
{
    return shared_in(k, 0, &TABLE, t);
}

/* The first dimensions of keys, without those of one key. */
static struct status *outer_shape(const struct table *t, const struct tensor *keys, struct shape *s)
{
    *s = keys->shape;
    s->rank -= t->key_shape.rank;
    ENSURE(s->rank >= 0 && (!t->key_shape.rank || keys->shape.dim[s->rank] == t->key_shape.dim[0]),
           "Input key shape %s must end with %s", SHAPE_STR(&keys->shape),
           SHAPE_STR(&t->key_shape));
    return NULL;
}

static struct status *whole_shape(const struct table *t, const struct tensor *keys,
                                  struct shape *s)
{
    TRY(outer_shape(t, keys, s));
    ENSURE(s->rank + t->value_shape.rank <= MAX_RANK, "Values have more than %d dimensions",
           MAX_RANK);
    for (int i = 0; i < t->value_shape.rank; i++)
        s->dim[s->rank++] = t->value_shape.dim[i];
    return NULL;
}

static struct status *check_types(const struct table *t, const struct kernel *k, enum dtype value)
{
    enum dtype key = kernel_in(k, 1)->dtype;
    ENSURE(key == t->key && value == t->value,
           "Conflicting key/value dtypes %s->%s with %s->%s for table %s", dtype_name(key),
           dtype_name(value), dtype_name(t->key), dtype_name(t->value), t->handle.base.name);
    return NULL;
}

static struct status *find(struct kernel *k, struct table *t)
{
    const struct tensor *keys = kernel_in(k, 1), *fallback = kernel_in(k, 2);
    struct shape s;
    TRY(table_check(t));
    TRY(check_types(t, k, fallback->dtype));
    ENSURE(shape_equal(&fallback->shape, &t->value_shape), "Expected shape %s for default value, "
           "got %s", SHAPE_STR(&t->value_shape), SHAPE_STR(&fallback->shape));
    TRY(whole_shape(t, keys, &s));
    TRY(kernel_new(k, 0, t->value, &s));
    int64_t n = shape_count(&t->value_shape);
    int64_t n_keys = tensor_count(keys) / (shape_count(&t->key_shape) ? shape_count(&t->key_shape)
                                                                      : 1);
    for (int64_t i = 0; i < n_keys; i++) {
        TRY(table_check_key(t, keys, i));
        int64_t at = table_find(t, keys, i);
        TRY(tensor_copy_elements(kernel_out(k, 0), i * n, at < 0 ? fallback : &t->values,
                                 at < 0 ? 0 : at * n, n));
    }
    return NULL;
}

/* All keys get their values. */
static struct status *put_all(struct kernel *k, struct table *t, bool replace)
{
    const struct tensor *keys = kernel_in(k, 1), *values = kernel_in(k, 2);
    struct shape outer, want;
    TRY(check_types(t, k, values->dtype));
    TRY(outer_shape(t, keys, &outer));
    TRY(whole_shape(t, keys, &want));
    ENSURE(shape_equal(&want, &values->shape), "Expected shape %s for value, got %s",
           SHAPE_STR(&want), SHAPE_STR(&values->shape));
    for (int64_t i = 0; i < shape_count(&outer); i++)
        TRY(table_put(t, keys, i, values, i, replace));
    return NULL;
}

static struct status *refuse_static(const struct table *t, const char *what)
{
    return t->is_static ? status_new(UNIMPLEMENTED, "%s not supported by InitializableLookupTable "
                                     "implementations", what) : NULL;
}

static struct status *insert(struct kernel *k, struct table *t)
{
    TRY(refuse_static(t, "Insert"));
    return put_all(k, t, true);
}

/* TF: filling a table again with what it has is no mistake; a SavedModel's user may do so. */
static struct status *same_again(struct kernel *k, const struct table *t)
{
    const struct tensor *keys = kernel_in(k, 1), *values = kernel_in(k, 2);
    bool same = keys->shape.dim[0] == t->n;
    for (int64_t i = 0; same && i < t->n; i++)
        same = table_has(t, keys, i, values, i);
    return same ? NULL : status_new(FAILED_PRECONDITION,
                                    "Table was already initialized with different data.");
}

static struct status *initialize(struct kernel *k, struct table *t)
{
    const struct tensor *keys = kernel_in(k, 1), *values = kernel_in(k, 2);
    ENSURE(keys->shape.rank == 1, "Keys must be a vector, but received shape %s",
           SHAPE_STR(&keys->shape));
    ENSURE(values->shape.rank == 1, "Values must be a vector, but received shape %s",
           SHAPE_STR(&values->shape));
    ENSURE(keys->shape.dim[0] == values->shape.dim[0], "Keys and values must have the same size "
           "%lld vs %lld", (long long)keys->shape.dim[0], (long long)values->shape.dim[0]);
    ENSURE(t->is_static, "This table is not one that InitializeTable fills");
    TRY(check_types(t, k, values->dtype));
    if (t->initialized)
        return same_again(k, t);
    struct status *st = put_all(k, t, false);
    t->initialized = !st;
    if (st)
        table_empty(t);
    return st;
}

static struct status *import(struct kernel *k, struct table *t)
{
    if (t->is_static)
        return initialize(k, t);
    TRY(check_types(t, k, kernel_in(k, 2)->dtype));
    table_empty(t);
    return put_all(k, t, true);
}

static struct status *remove_keys(struct kernel *k, struct table *t)
{
    const struct tensor *keys = kernel_in(k, 1);
    struct shape outer;
    TRY(refuse_static(t, "Remove"));
    TRY(check_types(t, k, t->value));
    TRY(outer_shape(t, keys, &outer));
    for (int64_t i = 0; i < shape_count(&outer); i++)
        TRY(table_remove(t, keys, i));
    return NULL;
}

static struct status *size(struct kernel *k, struct table *t)
{
    TRY(kernel_new(k, 0, DT_INT64, &SHAPE_SCALAR));
    *(int64_t *)kernel_out(k, 0)->data = t->n;
    return NULL;
}

static struct status *put_part(struct kernel *k, int i, const struct tensor *from, enum dtype dtype,
                               const struct shape *inner, int64_t n)
{
    struct shape s = SHAPE(n);
    for (int d = 0; d < inner->rank && s.rank < MAX_RANK; d++)
        s.dim[s.rank++] = inner->dim[d];
    TRY(kernel_new(k, i, dtype, &s));
    return n ? tensor_copy_elements(kernel_out(k, i), 0, from, 0, n * shape_count(inner)) : NULL;
}

static struct status *export_all(struct kernel *k, struct table *t)
{
    TRY(table_check(t));
    ENSURE(node_attr_type(k->node, "Tkeys") == t->key &&
           node_attr_type(k->node, "Tvalues") == t->value,
           "The table maps %s to %s", dtype_name(t->key), dtype_name(t->value));
    TRY(put_part(k, 0, &t->keys, t->key, &t->key_shape, t->n));
    return put_part(k, 1, &t->values, t->value, &t->value_shape, t->n);
}

/* TF: a second time is an error, whatever the entries are. */
typedef struct status *table_fn(struct kernel *k, struct table *t);

static struct status *locked(struct kernel *k, table_fn *fn)
{
    struct table *t;
    TRY(table_in(k, &t));
    pthread_mutex_lock(&t->handle.lock);
    struct status *st = fn(k, t);
    pthread_mutex_unlock(&t->handle.lock);
    return st;
}

#define LOCKED(name) static struct status *name##_run(struct kernel *k) { return locked(k, name); }
LOCKED(find)
LOCKED(insert)
LOCKED(import)
LOCKED(remove_keys)
LOCKED(size)
LOCKED(export_all)
LOCKED(initialize)

/* ---- shapes ---- */

static struct status *check_handle(struct shape_ctx *c) { return shared_check(c, 0); }

/* The node that made the table, as far as it can be seen. */
static struct status *find_shape(struct shape_ctx *c)
{
    const struct node *n = variable_handle(c->node->in[0]).node;
    TRY(check_handle(c));
    TRY(shape_want_rank_at_least(shape_in(c, 2), 0));
    if (!strncmp(n->op->name, "HashTable", 9) || !strcmp(n->op->name, "MutableHashTableV2") ||
        !strcmp(n->op->name, "MutableHashTable"))
        *shape_out(c, 0) = *shape_in(c, 1);
    return NULL;
}

static struct status *initialize_shape(struct shape_ctx *c)
{
    struct shape s;
    TRY(check_handle(c));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    return shape_merge(shape_in(c, 1), shape_in(c, 2), &s);
}

#define NAMED "container: string = \"\"; shared_name: string = \"\"; "                       \
              "use_node_name_sharing: bool = false; key_dtype: type; value_dtype: type"
#define SHAPED NAMED "; value_shape: shape = []"
#define DENSE SHAPED "; initial_num_buckets: int = 131072; max_load_factor: float = 0.8"

/* An op by reference and its V2, which TensorFlow calls stateful, by handle. */
#define MAKE(NAME, INPUTS, ATTRS, DOC, PREPARE, REF, HANDLE)                                  \
    { .name = NAME, .inputs = INPUTS, .outputs = "table_handle: Ref(string)", .attrs = ATTRS, \
      .doc = DOC, .shape = shared_ref_shape, .grad = NO_GRADIENT, .prepare = PREPARE,  \
      .kernel_any = REF, .flags = OP_STATEFUL },                                              \
    { .name = NAME "V2", .inputs = INPUTS, .outputs = "table_handle: resource",               \
      .attrs = ATTRS, .doc = DOC, .shape = shape_scalar, .grad = NO_GRADIENT,                 \
      .prepare = PREPARE, .kernel_any = HANDLE, .flags = OP_STATEFUL }
#define USE(NAME, INPUTS, OUTPUTS, ATTRS, DOC, SHAPE_FN, RUN)                                 \
    { .name = NAME, .inputs = "table_handle: Ref(string)" INPUTS, .outputs = OUTPUTS,         \
      .attrs = ATTRS, .doc = DOC, .shape = SHAPE_FN, .grad = NO_GRADIENT, .kernel_any = RUN,  \
      .flags = OP_HOST },                                                                     \
    { .name = NAME "V2", .inputs = "table_handle: resource" INPUTS, .outputs = OUTPUTS,       \
      .attrs = ATTRS, .doc = DOC, .shape = SHAPE_FN, .grad = NO_GRADIENT, .kernel_any = RUN,  \
      .flags = OP_STATEFUL }

const struct op ops_table[] = {
    MAKE("HashTable", NULL, NAMED, "A table that is filled once.", table_prepare, shared_ref,
         kernel_handle),
    MAKE("MutableHashTable", NULL, NAMED, "An empty table of scalars, to insert into.",
         table_prepare, shared_ref, kernel_handle),
    MAKE("MutableHashTableOfTensors", NULL, SHAPED,
         "An empty table whose values are tensors of one shape.", table_prepare, shared_ref,
         kernel_handle),
    MAKE("MutableDenseHashTable", "empty_key: key_dtype, deleted_key: key_dtype", DENSE,
         "An empty table of tensors, whose keys are never empty_key or deleted_key.", dense_prepare,
         dense_ref_run, dense_handle_run),
    USE("InitializeTable", ", keys: Tkey, values: Tval", NULL, "Tkey: type; Tval: type",
        "Fills a HashTable.", initialize_shape, initialize_run),
    USE("LookupTableFind", ", keys: Tin, default_value: Tout", "values: Tout",
        "Tin: type; Tout: type", "The values of keys, default_value for those not there.",
        find_shape, find_run),
    USE("LookupTableSize", "", "size: int64", NULL, "How many entries a table has.", shared_scalars,
        size_run),
    USE("LookupTableInsert", ", keys: Tin, values: Tout", NULL, "Tin: type; Tout: type",
        "Gives keys of a table their values.", check_handle, insert_run),
    USE("LookupTableExport", "", "keys: Tkeys, values: Tvalues", "Tkeys: type; Tvalues: type",
        "All keys of a table and their values.", check_handle, export_all_run),
    USE("LookupTableImport", ", keys: Tin, values: Tout", NULL, "Tin: type; Tout: type",
        "Replaces all that a table has.", check_handle, import_run),
    { .name = "LookupTableRemoveV2", .inputs = "table_handle: resource, keys: Tin",
      .attrs = "Tin: type", .doc = "Takes keys out of a table.", .shape = check_handle,
      .grad = NO_GRADIENT, .kernel_any = remove_keys_run, .flags = OP_STATEFUL },
    { 0 }
};
