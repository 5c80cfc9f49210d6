#include "io/checkpoint.h"
#include "base/mem.h"

#include <stdlib.h>

/* ---- what both versions share ---- */

struct status *saved_shape(const Wire__TensorShapeProto *m, struct shape *s)
{
    *s = SHAPE_SCALAR;
    if (!m)
        return NULL;
    if (m->n_dim > MAX_RANK || m->unknown_rank) {
        *s = SHAPE_UNKNOWN;
        return NULL;
    }
    s->rank = (int)m->n_dim;
    for (int i = 0; i < s->rank; i++) {
        s->dim[i] = m->dim[i]->size;
        ENSURE(s->dim[i] >= 0, "a dimension of %lld", (long long)s->dim[i]);
    }
    return shape_check(s);
}

struct status *saved_dtype(const char *path, const struct saved *e)
{
    if (!dtype_size(e->dtype) || dtype_is_ref(e->dtype))
        return status_new(UNIMPLEMENTED, "%s: %.*s is of an unknown type (%d)", path,
                          (int)e->name.n, e->name.p, e->dtype);
    if (e->dtype == DT_RESOURCE || e->dtype == DT_VARIANT)
        return status_new(UNIMPLEMENTED, "%s: %.*s is a %s, whose value cannot be read from a "
                          "checkpoint", path, (int)e->name.n, e->name.p, dtype_name(e->dtype));
    if (e->shape.rank < 0)
        return status_new(UNIMPLEMENTED, "%s: %.*s has more dimensions than the %d that are "
                          "supported", path, (int)e->name.n, e->name.p, MAX_RANK);
    return NULL;
}

struct saved *saved_grow(struct arena *a, struct saved *old, size_t n, size_t *room)
{
    if (n < *room)
        return old;
    *room = *room * 2 + 16;
    struct saved *more = arena_alloc_dirty(a, *room * sizeof *more);
    if (more && n)
        memcpy(more, old, n * sizeof *more);
    return more;
}

int saved_compare(const void *a, const void *b)
{
    return piece_compare(((const struct saved *)a)->name, ((const struct saved *)b)->name);
}

/* ---- opening, finding ---- */

bool checkpoint_exists(const char *prefix)
{
    return bundle_exists(prefix) || slices_exist(prefix);
}

static struct status *open_any(struct checkpoint *c, const char *prefix)
{
    NEED(c->prefix = arena_strdup(&c->arena, prefix));
    return bundle_exists(prefix) ? bundle_open(c) : slices_open(c);
}

struct status *checkpoint_open(const char *prefix, struct checkpoint **result)
{
    struct checkpoint *c = mem_new(struct checkpoint);
    NEED(c);
    pthread_mutex_init(&c->lock, NULL);
    struct status *st = open_any(c, prefix);
    if (st) {
        checkpoint_free(c);
        return st;
    }
    *result = c;
    return NULL;
}

void checkpoint_free(struct checkpoint *c)
{
    if (!c)
        return;
    for (struct shard *s = c->shard; s; s = s->next)
        file_close(&s->file);
    for (size_t i = 0; i < c->n_tables; i++)
        table_free(c->table[i]);
    pthread_mutex_destroy(&c->lock);
    arena_free(&c->arena);
    mem_free(c);
}

const struct saved *checkpoint_find(const struct checkpoint *c, struct piece name)
{
    struct saved key = { .name = name };
    return c->n ? bsearch(&key, c->entry, c->n, sizeof key, saved_compare) : NULL;
}

struct status *checkpoint_no_key(struct piece name)
{
    return status_new(NOT_FOUND, "Key %.*s not found in checkpoint", (int)name.n, name.p);
}

/* ---- reading ---- */

static const struct saved *find_part(const struct checkpoint *c, const struct saved *e,
                                     const struct slice *s)
{
    struct str key = { 0 };
    slice_key(e->name, s, &key);
    struct saved wanted = { .name = { str_text(&key), key.n } };
    const struct saved *part = !c->n_parts || key.failed ? NULL
        : bsearch(&wanted, c->part, c->n_parts, sizeof wanted, saved_compare);
    str_free(&key);
    return part;
}

/* One of the slices that `e` is stored in. */
static struct status *read_part(struct checkpoint *c, const struct saved *e,
                                const struct slice *s, struct buffer_pool *pool, int threads,
                                struct tensor *t)
{
    struct shape want;
    if (c->n_tables)
        return slices_read(c, e, s, pool, t);
    const struct saved *part = find_part(c, e, s);
    TRY(slice_shape(s, &e->shape, &want));
    if (!part || part->dtype != e->dtype || !shape_equal(&part->shape, &want) || part->n_slices)
        return status_new(DATA_LOSS, "%s is damaged: a part of %.*s is missing or is another one",
                          c->prefix, (int)e->name.n, e->name.p);
    return bundle_read(c, part, pool, threads, t);
}

/* The slice of `to` that `from`, the slice `a`, has. */
static struct status *join_part(struct checkpoint *c, const struct saved *e, const struct slice *a,
                                const struct slice *want, int threads, struct tensor *to,
                                int64_t *n)
{
    struct tensor from;
    struct shape unused;
    TRY(slice_shape(a, &e->shape, &unused));
    TRY(read_part(c, e, a, NULL, threads, &from));
    struct status *st = slice_copy(&e->shape, a, &from, want, to, n);
    tensor_unref(&from);
    return st;
}

/* What a part holds at most: no element takes less than a byte in V1's tables, and what V2 has is
 * known. */
static int64_t elements_of(const struct checkpoint *c, const struct saved *e,
                           const struct slice *s)
{
    struct shape shape;
    const struct saved *part = c->n_tables ? NULL : find_part(c, e, s);
    struct status *st = slice_shape(s, &e->shape, &shape);
    bool fine = !st && (c->n_tables || (part && shape_equal(&part->shape, &shape)));
    status_free(st);
    return fine ? shape_count(&shape) : 0;
}

static bool believable(const struct checkpoint *c, const struct saved *e, int64_t wanted)
{
    int64_t have = 0, most = 0;
    for (size_t i = 0; i < c->n_tables; i++)
        most += (int64_t)table_bytes(c->table[i]);
    for (int i = 0; i < e->n_slices && have < wanted; i++)
        if (__builtin_add_overflow(have, elements_of(c, e, &e->slice[i]), &have))
            have = INT64_MAX;
    return have >= wanted && (!c->n_tables || wanted <= most);
}

static struct status *incomplete(const struct checkpoint *c, const struct saved *e)
{
    return status_new(DATA_LOSS, "%s is damaged: the parts of %.*s do not make the whole",
                      c->prefix, (int)e->name.n, e->name.p);
}

static bool overlap(const struct saved *e, const struct slice *a, const struct slice *b)
{
    for (int i = 0; i < e->shape.rank; i++) {
        int64_t a_length = a->length[i] < 0 ? e->shape.dim[i] : a->length[i];
        int64_t b_length = b->length[i] < 0 ? e->shape.dim[i] : b->length[i];
        if (a->start[i] - b->start[i] >= b_length || b->start[i] - a->start[i] >= a_length)
            return false;
    }
    return true;
}

/* Parts do not overlap; so all is there once their elements are as many as are wanted. */
static struct status *join(struct checkpoint *c, const struct saved *e, const struct slice *want,
                           int threads, struct tensor *t)
{
    int64_t n, missing = tensor_count(t);
    if (t->dtype != DT_STRING)
        memset(t->data, 0, tensor_bytes(t));    /* a damaged one may leave holes */
    for (int i = 0; i < e->n_slices && missing > 0; i++) {
        if (e->slice[i].rank != e->shape.rank || !overlap(e, &e->slice[i], want))
            continue;
        TRY(join_part(c, e, &e->slice[i], want, threads, t, &n));
        missing -= n;
    }
    return missing ? incomplete(c, e) : NULL;
}

static struct status *read_joined(struct checkpoint *c, const struct saved *e,
                                  const struct slice *want, struct buffer_pool *pool,
                                  int threads, struct tensor *t)
{
    struct shape shape;
    TRY(slice_shape(want, &e->shape, &shape));
    if (!believable(c, e, shape_count(&shape)))
        return incomplete(c, e);
    TRY(tensor_new(t, pool, e->dtype, &shape));
    struct status *st = join(c, e, want, threads, t);
    if (st)
        tensor_unref(t);
    return st;
}

/* A slice of what is stored whole. */
static struct status *cut(struct checkpoint *c, const struct saved *e, const struct slice *want,
                          struct buffer_pool *pool, int threads, struct tensor *t)
{
    struct slice all = slice_all(e->shape.rank);
    struct shape shape;
    struct tensor whole;
    int64_t n;
    TRY(slice_shape(want, &e->shape, &shape));
    TRY(bundle_read(c, e, NULL, threads, &whole));
    struct status *st = tensor_new(t, pool, e->dtype, &shape);
    if (!st && (st = slice_copy(&e->shape, &all, &whole, want, t, &n)))
        tensor_unref(t);
    tensor_unref(&whole);
    return st;
}

static struct status *read_any(struct checkpoint *c, const struct saved *e,
                               const struct slice *want, struct buffer_pool *pool, int threads,
                               struct tensor *t)
{
    TRY(saved_dtype(c->prefix, e));
    struct slice all = slice_all(e->shape.rank);
    want = want ? want : &all;
    ENSURE(want->rank == e->shape.rank, "%.*s has %d dimensions, the slice %d", (int)e->name.n,
           e->name.p, e->shape.rank, want->rank);
    if (!e->n_slices)
        return slice_is_all(want, &e->shape) ? bundle_read(c, e, pool, threads, t)
                                             : cut(c, e, want, pool, threads, t);
    for (int i = 0; i < e->n_slices; i++)
        if (e->slice[i].rank == want->rank && slice_same(&e->slice[i], want, &e->shape))
            return read_part(c, e, &e->slice[i], pool, threads, t);
    return read_joined(c, e, want, pool, threads, t);
}

struct status *checkpoint_read(struct checkpoint *c, const struct saved *e,
                               const struct slice *want, struct buffer_pool *pool, int threads,
                               struct tensor *t)
{
    *t = (struct tensor){ 0 };
    return read_any(c, e, want, pool, threads, t);
}
