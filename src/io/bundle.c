/* bundle.c - V2 checkpoints read: the index at once, values from the data files when asked for. */
#include "base/mem.h"
#include "base/pool.h"
#include "io/checkpoint.h"
#include "io/crc32c.h"
#include "tensor/tstring.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { LARGE_PAGE = 2 << 20 };
enum { VERSION = 1, NAMES_MOST = 64 };          /* names: see table.c */
enum { PIECE = 8 << 20, CHUNK = 512 << 10 };    /* bytes a thread takes; that a cache holds */

static const char *index_path(struct checkpoint *c, const char *ending)
{
    return arena_printf(&c->arena, "%s.index%s", c->prefix, ending);
}

static bool exists_with(const char *prefix, const char *ending)
{
    struct str s = { 0 };
    str_printf(&s, "%s.index%s", prefix, ending);
    bool there = !s.failed && file_exists(str_text(&s));
    str_free(&s);
    return there;
}

bool bundle_exists(const char *prefix)
{
    return exists_with(prefix, "") || exists_with(prefix, ".next");
}

/* ---- the index ---- */

#define DAMAGED(c, ...) status_prefix(status_new(DATA_LOSS, __VA_ARGS__), \
                                      "%s.index is damaged: ", (c)->prefix)

static struct status *read_header(struct checkpoint *c, struct piece value)
{
    Wire__BundleHeaderProto *h;
    TRY(wire_decode(&c->arena, &wire__bundle_header_proto__descriptor, value.p, value.n, &h));
    if (h->endianness != WIRE__BUNDLE_HEADER_PROTO__ENDIANNESS__LITTLE)
        return status_new(UNIMPLEMENTED, "%s was written by a machine that stores numbers the "
                          "other way round", c->prefix);
    ENSURE(!h->version || h->version->min_consumer <= VERSION,
           "Checkpoint min consumer version %d above current version %d for checkpoint %s",
           h->version->min_consumer, VERSION, c->prefix);
    ENSURE(h->num_shards > 0 && h->num_shards < 100000, "it says it has %d data files",
           h->num_shards);
    c->n_shards = h->num_shards;
    return NULL;
}

static struct status *read_slices(struct checkpoint *c, const Wire__BundleEntryProto *m,
                                  struct saved *e)
{
    e->n_slices = (int)m->n_slices;
    NEED(e->slice = arena_array(&c->arena, struct slice, m->n_slices));
    for (int i = 0; i < e->n_slices; i++)
        TRY(slice_from_proto(m->slices[i], &e->slice[i]));
    return NULL;
}

static struct status *read_entry(struct checkpoint *c, struct piece key, struct piece value,
                                 struct saved *e)
{
    Wire__BundleEntryProto *m;
    TRY(wire_decode(&c->arena, &wire__bundle_entry_proto__descriptor, value.p, value.n, &m));
    *e = (struct saved){ .dtype = (enum dtype)m->dtype, .shard = m->shard_id,
                         .crc = crc32c_unmask(m->crc32c) };
    TRY(saved_shape(m->shape, &e->shape));
    ENSURE(m->offset >= 0 && m->size >= 0 && m->shard_id >= 0 && m->shard_id < c->n_shards,
           "%lld bytes from %lld on of data file %d of %d", (long long)m->size,
           (long long)m->offset, m->shard_id, c->n_shards);
    e->offset = (uint64_t)m->offset;
    e->size = (uint64_t)m->size;
    NEED(e->name.p = arena_strndup(&c->arena, key.p, key.n));
    e->name.n = key.n;
    return m->n_slices ? read_slices(c, m, e) : NULL;
}

/* Keys that begin with a zero byte are those of parts, and come first. */
static struct status *read_entries(struct checkpoint *c, struct table_cursor *at)
{
    struct saved *all = NULL;
    size_t n = 0, room = 0, parts = 0;
    uint64_t names = 0;
    for (; at->valid; n++) {
        names += at->key.n;
        if (names > NAMES_MOST * table_bytes(at->table))
            return DAMAGED(c, "its names are too long");
        NEED(all = saved_grow(&c->arena, all, n, &room));
        struct status *st = read_entry(c, at->key, at->value, &all[n]);
        if (st && status_code(st) == INVALID_ARGUMENT) {
            struct status *damaged = DAMAGED(c, "the entry of \"%.*s\": %s", (int)at->key.n,
                                             at->key.p, status_message(st));
            status_free(st);
            st = damaged;
        }
        TRY(st);
        if (n && saved_compare(&all[n - 1], &all[n]) >= 0)
            return DAMAGED(c, "its names are not in order");
        parts += !*all[n].name.p;
        TRY(table_next(at));
    }
    c->part = all;
    c->n_parts = parts;
    c->entry = all ? all + parts : NULL;
    c->n = n - parts;
    return NULL;
}

static struct status *read_table(struct checkpoint *c, struct table *t)
{
    struct table_cursor at = { 0 };
    struct status *st = table_first(&at, t);
    if (!st && (!at.valid || at.key.n))
        st = DAMAGED(c, "it has no header");
    if (!st)
        st = read_header(c, at.value);
    if (!st)
        st = table_next(&at);
    if (!st)
        st = read_entries(c, &at);
    table_cursor_release(&at);
    return st;
}

struct status *bundle_open(struct checkpoint *c)
{
    struct table *t;
    c->replaced = exists_with(c->prefix, ".next");
    const char *path = index_path(c, c->replaced ? ".next" : "");
    NEED(path);
    TRY(table_open(path, &t));
    struct status *st = read_table(c, t);
    table_free(t);
    return st;
}

/* ---- data files ---- */

static struct status *open_shard(struct checkpoint *c, int id, struct shard *s)
{
    const char *path = arena_printf(&c->arena, "%s.data-%05d-of-%05d", c->prefix, id, c->n_shards);
    NEED(path);
    if (c->replaced) {
        const char *next = arena_printf(&c->arena, "%s.next", path);
        NEED(next);
        path = file_exists(next) ? next : path;
    }
    TRY(file_open(&s->file, path));
    s->id = id;
    s->next = c->shard;
    c->shard = s;
    return NULL;
}

static struct status *find_shard(struct checkpoint *c, int id, struct shard **result)
{
    for (*result = c->shard; *result; *result = (*result)->next)
        if ((*result)->id == id)
            return NULL;
    NEED(*result = arena_new(&c->arena, struct shard));
    return open_shard(c, id, *result);
}

static struct status *shard_of(struct checkpoint *c, const struct saved *e, struct shard **s)
{
    pthread_mutex_lock(&c->lock);
    struct status *st = find_shard(c, e->shard, s);
    pthread_mutex_unlock(&c->lock);
    TRY(st);
    if (e->offset > (*s)->file.size || e->size > (*s)->file.size - e->offset)
        return status_new(DATA_LOSS, "%s is damaged: it has %llu bytes, but %.*s should be its "
                          "%llu bytes from %llu on", (*s)->file.path,
                          (unsigned long long)(*s)->file.size, (int)e->name.n, e->name.p,
                          (unsigned long long)e->size, (unsigned long long)e->offset);
    return NULL;
}

static struct status *check_crc(const struct shard *s, const struct saved *e, uint32_t crc)
{
    return crc == e->crc ? NULL
           : status_new(DATA_LOSS, "%s is damaged: Checksum does not match: stored %08x vs. "
                        "calculated on the restored bytes %08x, of %.*s", s->file.path, e->crc,
                        crc, (int)e->name.n, e->name.p);
}

/* ---- numbers: read by several threads, each piece's checksum taken while it is at hand ---- */

struct reading {
    const struct file_in *file;
    char *to;
    uint64_t at, size;
    uint32_t *crc;                  /* one a piece */
    struct status **failed;         /* one a piece */
};

static uint64_t piece_size(const struct reading *r, int64_t i)
{
    uint64_t left = r->size - (uint64_t)i * PIECE;
    return left < PIECE ? left : PIECE;
}

static struct status *read_piece(const struct reading *r, int64_t i)
{
    uint64_t begin = (uint64_t)i * PIECE, end = begin + piece_size(r, i);
    uint32_t crc = 0;
    for (uint64_t at = begin; at < end; at += CHUNK) {
        size_t n = (size_t)(end - at < CHUNK ? end - at : CHUNK);
        TRY(file_get(r->file, r->at + at, r->to + at, n));
        crc = crc32c_extend(crc, r->to + at, n);
    }
    r->crc[i] = crc;
    return NULL;
}

static void read_pieces(void *ctx, int64_t begin, int64_t end)
{
    struct reading *r = ctx;
    for (int64_t i = begin; i < end; i++)
        r->failed[i] = read_piece(r, i);
}

static struct status *join_pieces(const struct reading *r, int64_t n, uint32_t *crc)
{
    struct status *st = NULL;
    *crc = 0;
    for (int64_t i = 0; i < n; i++) {
        *crc = crc32c_combine(*crc, r->crc[i], piece_size(r, i));
        if (st)
            status_free(r->failed[i]);
        else
            st = r->failed[i];
    }
    return st;
}

/* Fresh pages cost more than reading what fills them, and large ones cost less. */
static void want_large_pages(char *to, uint64_t size)
{
    uintptr_t begin = ((uintptr_t)to + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    uintptr_t end = ((uintptr_t)to + size) / LARGE_PAGE * LARGE_PAGE;
    if (begin < end)
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}

static struct status *read_bytes(const struct shard *s, const struct saved *e, char *to,
                                 int threads)
{
    struct reading r = { &s->file, to, e->offset, e->size, NULL, NULL };
    int64_t n = (int64_t)((e->size + PIECE - 1) / PIECE);
    uint32_t crc;
    struct { uint32_t crc; struct status *failed; } one = { 0 };
    char *memory = NULL;
    if (n > 1)
        NEED(memory = mem_zero((size_t)n * (sizeof *r.failed + sizeof *r.crc)));
    r.failed = memory ? (struct status **)memory : &one.failed;
    r.crc = memory ? (uint32_t *)(r.failed + n) : &one.crc;
    want_large_pages(to, e->size);
    pool_for(n, 1, threads, read_pieces, &r);
    struct status *st = join_pieces(&r, n, &crc);
    mem_free(memory);
    return st ? st : check_crc(s, e, crc);
}

static struct status *read_numbers(const struct shard *s, const struct saved *e, int threads,
                                   struct tensor *t)
{
    TRY(read_bytes(s, e, t->data, threads));
    if (t->dtype == DT_BOOL)            /* nothing but 0 and 1 may be in a bool */
        for (uint64_t i = 0; i < e->size; i++)
            ((uint8_t *)t->data)[i] = ((const uint8_t *)t->data)[i] != 0;
    return NULL;
}

/* ---- strings: every length as a varint, a checksum of them, then all the bytes ---- */

static bool take_lengths(struct piece *from, int64_t n, uint32_t *crc)
{
    uint64_t length;
    for (int64_t i = 0; i < n; i++) {
        if (!piece_varint(from, &length))
            return false;
        uint32_t narrow = (uint32_t)length;     /* the checksum is of fixed-size lengths */
        *crc = length <= UINT32_MAX ? crc32c_extend(*crc, &narrow, sizeof narrow)
                                    : crc32c_extend(*crc, &length, sizeof length);
    }
    return true;
}

static struct status *take_strings(struct piece lengths, struct piece bytes, struct tensor *t,
                                   bool *fine)
{
    struct tstring *to = t->data;
    struct piece one;
    uint64_t length;
    for (int64_t i = 0; i < tensor_count(t); i++) {
        *fine = piece_varint(&lengths, &length) && piece_take(&bytes, length, &one);
        if (!*fine)
            return NULL;
        NEED(tstring_set(&to[i], one.p, one.n));
    }
    *fine = !bytes.n;
    return NULL;
}

static struct status *parse_strings(const struct shard *s, const struct saved *e,
                                    struct piece bytes, struct tensor *t)
{
    struct piece lengths = bytes, sum;
    uint32_t crc = 0;
    bool fine = take_lengths(&bytes, tensor_count(t), &crc) && piece_take(&bytes, 4, &sum);
    if (fine && load_u32(sum.p) == crc32c_mask(crc)) {
        crc = crc32c_extend(crc, sum.p, sum.n);
        TRY(check_crc(s, e, crc32c_extend(crc, bytes.p, bytes.n)));
        TRY(take_strings(lengths, bytes, t, &fine));
        if (fine)
            return NULL;
    }
    return status_new(DATA_LOSS, "%s is damaged: the lengths of the strings of %.*s are wrong",
                      s->file.path, (int)e->name.n, e->name.p);
}

static struct status *read_strings(const struct shard *s, const struct saved *e,
                                   struct tensor *t)
{
    char *bytes = mem_alloc((size_t)e->size + 1);
    NEED(bytes);
    struct status *st = file_get(&s->file, e->offset, bytes, (size_t)e->size);
    if (!st)
        st = parse_strings(s, e, (struct piece){ bytes, (size_t)e->size }, t);
    mem_free(bytes);
    return st;
}

/* ---- a value ---- */

/* Before any memory is asked for: does the size go with the shape? */
static struct status *check_size(const struct checkpoint *c, const struct saved *e)
{
    uint64_t n = (uint64_t)shape_count(&e->shape), want;
    bool fine = e->dtype == DT_STRING ? e->size >= 4 && n <= e->size - 4
                : !__builtin_mul_overflow(n, dtype_size(e->dtype), &want) && want == e->size;
    return fine ? NULL
           : status_new(DATA_LOSS, "%s is damaged: Invalid size in bundle entry: key %.*s; stored "
                        "size %llu; expected %s%s", c->prefix, (int)e->name.n, e->name.p,
                        (unsigned long long)e->size, dtype_name(e->dtype), SHAPE_STR(&e->shape));
}

struct status *bundle_read(struct checkpoint *c, const struct saved *e, struct buffer_pool *pool,
                           int threads, struct tensor *t)
{
    struct shard *s;
    TRY(saved_dtype(c->prefix, e));
    TRY(check_size(c, e));
    TRY(shard_of(c, e, &s));
    TRY(tensor_new(t, pool, e->dtype, &e->shape));
    struct status *st = e->dtype == DT_STRING ? read_strings(s, e, t)
                                              : read_numbers(s, e, threads, t);
    if (st)
        tensor_unref(t);
    return st;
}
