/* table_store.c - what tables keep. Entries lie in the order they came; slots say where. */
#include "ops/table.h"

#include "base/mem.h"
#include "base/str.h"
#include "ops/array.h"
#include "ops/shared.h"
#include "tensor/tstring.h"

static bool table_init(struct resource *r)
{
    struct table *t = (struct table *)r;
    return shared_init(&t->handle);
}

void table_empty(struct table *t)
{
    tensor_unref(&t->keys);
    tensor_unref(&t->values);
    mem_free(t->slot);
    t->slot = NULL;
    t->n = t->room = 0;
}

static void table_clear(struct resource *r)
{
    struct table *t = (struct table *)r;
    pthread_mutex_lock(&t->handle.lock);
    table_empty(t);
    t->initialized = false;
    pthread_mutex_unlock(&t->handle.lock);
}

static void table_release(struct resource *r)
{
    struct table *t = (struct table *)r;
    table_empty(t);
    tensor_unref(&t->empty_key);
    tensor_unref(&t->deleted_key);
    shared_release(&t->handle);
}

const struct resource_kind TABLE = { "table", sizeof(struct table), table_init, table_clear,
                                     table_release };

struct status *table_check(const struct table *t)
{
    return !t->is_static || t->initialized ? NULL
           : status_new(FAILED_PRECONDITION, "Table not initialized.");
}

/* ---- keys ---- */

/* FNV-1a, finished so that the low bits depend on all. */
static uint64_t hash_bytes(uint64_t h, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const uint8_t *)p)[i]) * 0x100000001b3u;
    h ^= h >> 32;
    return h * 0x9e3779b97f4a7c15u;
}

static uint64_t hash(const struct table *t, const struct tensor *keys, int64_t i)
{
    int64_t n = shape_count(&t->key_shape);
    uint64_t h = 0xcbf29ce484222325u;
    size_t size = (size_t)n * dtype_size(t->key);
    if (t->key != DT_STRING)
        return hash_bytes(h, (const char *)keys->data + (size_t)i * size, size) >> 20;
    for (const struct tstring *s = (const struct tstring *)keys->data + i * n; n--; s++)
        h = hash_bytes(h, tstring_data(s), tstring_len(s));
    return h >> 20;
}

/* n elements each. */
static bool same(enum dtype dtype, int64_t n, const struct tensor *a, int64_t i,
                 const struct tensor *b, int64_t j)
{
    size_t size = (size_t)n * dtype_size(dtype);
    if (dtype != DT_STRING)
        return !memcmp((const char *)a->data + (size_t)i * size,
                       (const char *)b->data + (size_t)j * size, size);
    for (int64_t k = 0; k < n; k++)
        if (!tstring_equal((const struct tstring *)a->data + i * n + k,
                           (const struct tstring *)b->data + j * n + k))
            return false;
    return true;
}

bool table_same_keys(const struct table *t, const struct tensor *a, const struct tensor *b)
{
    return same(t->key, shape_count(&a->shape), a, 0, b, 0);
}

struct status *table_check_key(const struct table *t, const struct tensor *keys, int64_t i)
{
    int64_t n = shape_count(&t->key_shape);
    ENSURE(!t->empty_key.buf || !same(t->key, n, &t->empty_key, 0, keys, i),
           "Using the empty_key as a table key is not allowed");
    ENSURE(!t->deleted_key.buf || !same(t->key, n, &t->deleted_key, 0, keys, i),
           "Using the deleted_key as a table key is not allowed");
    return NULL;
}

/* Where the key is or would be. */
static uint32_t *slot_of(const struct table *t, const struct tensor *keys, int64_t i)
{
    int64_t mask = 2 * t->room - 1, n = shape_count(&t->key_shape);
    for (int64_t s = (int64_t)hash(t, keys, i) & mask;; s = (s + 1) & mask)
        if (!t->slot[s] || same(t->key, n, &t->keys, t->slot[s] - 1, keys, i))
            return &t->slot[s];
}

int64_t table_find(const struct table *t, const struct tensor *keys, int64_t i)
{
    return t->n ? (int64_t)*slot_of(t, keys, i) - 1 : -1;
}

bool table_has(const struct table *t, const struct tensor *keys, int64_t i,
               const struct tensor *values, int64_t j)
{
    int64_t at = table_find(t, keys, i);
    return at >= 0 && same(t->value, shape_count(&t->value_shape), &t->values, at, values, j);
}

/* ---- entries ---- */

static struct status *widen(struct tensor *t, enum dtype dtype, const struct shape *inner,
                            int64_t n, int64_t room)
{
    struct shape s = *inner;
    struct tensor more = { 0 };
    ENSURE(inner->rank < MAX_RANK, "A table's entries have at most %d dimensions", MAX_RANK - 1);
    s.rank++;
    memmove(s.dim + 1, inner->dim, (size_t)inner->rank * sizeof *s.dim);
    s.dim[0] = room;
    TRY(tensor_new(&more, NULL, dtype, &s));
    struct status *st = n ? tensor_copy_elements(&more, 0, t, 0, n * shape_count(inner)) : NULL;
    tensor_unref(st ? &more : t);
    if (!st)
        *t = more;
    return st;
}

static void index_all(struct table *t)
{
    memset(t->slot, 0, 2 * (size_t)t->room * sizeof *t->slot);
    for (int64_t i = 0; i < t->n; i++)
        *slot_of(t, &t->keys, i) = (uint32_t)(i + 1);
}

static struct status *make_room(struct table *t)
{
    int64_t room = t->room ? 2 * t->room : 16;
    if (t->n < t->room)
        return NULL;
    ENSURE(room <= UINT32_MAX / 2, "A table of more than %lld entries cannot be", (long long)t->n);
    TRY(widen(&t->keys, t->key, &t->key_shape, t->n, room));
    TRY(widen(&t->values, t->value, &t->value_shape, t->n, room));
    uint32_t *slot = mem_alloc(2 * (size_t)room * sizeof *slot);
    NEED(slot);
    mem_free(t->slot);
    t->slot = slot;
    t->room = room;
    index_all(t);
    return NULL;
}

static void print_element(struct str *s, const struct tensor *t, int64_t i)
{
    if (t->dtype == DT_STRING)
        str_puts(s, tstring_data((const struct tstring *)t->data + i));
    else if (dtype_is_floating(t->dtype))
        str_printf(s, "%g", tensor_double(t, i));
    else
        str_printf(s, "%lld", (long long)tensor_int(t, i));
}

static struct status *refuse(const struct table *t, int64_t at, const struct tensor *values,
                             int64_t j)
{
    struct str s = { 0 };
    str_puts(&s, "HashTable has different value for same key. Key ");
    print_element(&s, &t->keys, at);
    str_puts(&s, " has ");
    print_element(&s, &t->values, at);
    str_puts(&s, " and trying to add value ");
    print_element(&s, values, j);
    struct status *st = status_new(FAILED_PRECONDITION, "%s", str_text(&s));
    str_free(&s);
    return st;
}

struct status *table_put(struct table *t, const struct tensor *keys, int64_t i,
                         const struct tensor *values, int64_t j, bool replace)
{
    int64_t n_key = shape_count(&t->key_shape), n_value = shape_count(&t->value_shape);
    TRY(table_check_key(t, keys, i));
    int64_t at = table_find(t, keys, i);
    if (at >= 0 && !replace)
        return same(t->value, n_value, &t->values, at, values, j) ? NULL
                                                                  : refuse(t, at, values, j);
    if (at >= 0)
        return tensor_copy_elements(&t->values, at * n_value, values, j * n_value, n_value);
    TRY(make_room(t));
    TRY(tensor_copy_elements(&t->keys, t->n * n_key, keys, i * n_key, n_key));
    TRY(tensor_copy_elements(&t->values, t->n * n_value, values, j * n_value, n_value));
    *slot_of(t, keys, i) = (uint32_t)++t->n;
    return NULL;
}

/* The last entry takes the place of the one that goes. */
struct status *table_remove(struct table *t, const struct tensor *keys, int64_t i)
{
    int64_t n_key = shape_count(&t->key_shape), n_value = shape_count(&t->value_shape);
    TRY(table_check_key(t, keys, i));
    int64_t at = table_find(t, keys, i), last = t->n - 1;
    if (at < 0)
        return NULL;
    TRY(tensor_copy_elements(&t->keys, at * n_key, &t->keys, last * n_key, n_key));
    TRY(tensor_copy_elements(&t->values, at * n_value, &t->values, last * n_value, n_value));
    t->n--;
    index_all(t);
    return NULL;
}
