#include "io/table.h"
#include "base/arena.h"
#include "base/mem.h"
#include "io/crc32c.h"
#include "io/unsnappy.h"

enum { FOOTER = 48, TRAILER = 5, HANDLES = 40 };        /* trailer: how it is packed, checksum */
enum { RAW = 0, SNAPPY = 1 };
enum { KEYS_MOST = 64 };        /* keys share prefixes, but not so that they are so much larger */

static const char magic[8] = "\x57\xfb\x80\x8b\x24\x75\x47\xdb";

struct place { uint64_t at, n; };
struct block_at { struct piece last; struct place place; };

struct table {
    struct file_in file;
    struct arena arena;
    struct block_at *block;
    size_t blocks;
};

#define DAMAGED(t, ...) status_prefix(status_new(DATA_LOSS, __VA_ARGS__), "%s is damaged: ", \
                                      (t)->file.path)

const char *table_path(const struct table *t) { return t->file.path; }
uint64_t table_bytes(const struct table *t) { return t->file.size; }

/* ---- blocks ---- */

static struct status *check_block(struct table *t, struct place at, const char *bytes)
{
    uint32_t want = crc32c_unmask(load_u32(bytes + at.n + 1));
    uint32_t got = crc32c(bytes, (size_t)at.n + 1);
    return want == got ? NULL : DAMAGED(t, "the block at %llu has the checksum %08x, but %08x "
                                        "stands beside it", (unsigned long long)at.at, got, want);
}

static struct status *unpack(struct table *t, struct place at, char **bytes, size_t *n)
{
    char *plain;
    struct status *st = unsnappy(*bytes, (size_t)at.n, &plain, n);
    if (st)
        return status_prefix(st, "%s: the block at %llu cannot be read: ", t->file.path,
                             (unsigned long long)at.at);
    mem_free(*bytes);
    *bytes = plain;
    return NULL;
}

/* Behind the entries stand the places of the whole keys and their number; reading goes straight
 * through and needs none of them. */
static struct status *cut_entries(struct table *t, struct place at, struct piece *b)
{
    uint64_t restarts = b->n >= 4 ? load_u32(b->p + b->n - 4) : UINT32_MAX;
    if (restarts > (b->n - 4) / 4 || b->n < 4)
        return DAMAGED(t, "the block at %llu is malformed", (unsigned long long)at.at);
    b->n -= 4 + 4 * (size_t)restarts;
    return NULL;
}

static struct status *check_and_unpack(struct table *t, struct place at, char **bytes,
                                       struct piece *entries)
{
    TRY(file_get(&t->file, at.at, *bytes, (size_t)at.n + TRAILER));
    TRY(check_block(t, at, *bytes));
    int packing = (*bytes)[at.n];
    size_t n = (size_t)at.n;
    if (packing == SNAPPY)
        TRY(unpack(t, at, bytes, &n));
    else if (packing != RAW)
        return DAMAGED(t, "the block at %llu is packed in an unknown way (%d)",
                       (unsigned long long)at.at, packing);
    *entries = (struct piece){ *bytes, n };
    return cut_entries(t, at, entries);
}

/* `bytes` is the caller's to mem_free(), after a failure too; `entries` lies in it. */
static struct status *read_block(struct table *t, struct place at, char **bytes,
                                 struct piece *entries)
{
    *bytes = NULL;
    if (at.n > t->file.size || at.at > t->file.size - at.n ||
        t->file.size - at.n - at.at < TRAILER)
        return DAMAGED(t, "a block of %llu bytes at %llu does not lie in its %llu bytes",
                       (unsigned long long)at.n, (unsigned long long)at.at,
                       (unsigned long long)t->file.size);
    NEED(*bytes = mem_alloc((size_t)at.n + TRAILER));
    return check_and_unpack(t, at, bytes, entries);
}

/* The next entry of a block; `key` holds the one before. */
static bool take_entry(struct piece *from, struct str *key, struct piece *value)
{
    uint64_t shared, more, n;
    struct piece rest;
    if (!piece_varint(from, &shared) || !piece_varint(from, &more) || !piece_varint(from, &n) ||
        shared > key->n || !piece_take(from, more, &rest) || !piece_take(from, n, value))
        return false;
    key->n = (size_t)shared;
    str_add(key, rest.p, rest.n);
    return true;
}

/* ---- opening ---- */

static bool take_place(struct piece *from, struct place *p)
{
    return piece_varint(from, &p->at) && piece_varint(from, &p->n);
}

static struct status *read_footer(struct table *t, struct place *meta, struct place *index)
{
    char footer[FOOTER];
    struct piece handles = { footer, HANDLES };
    if (t->file.size < FOOTER)
        return status_new(DATA_LOSS, "%s is too short (%llu bytes) to be a table", t->file.path,
                          (unsigned long long)t->file.size);
    TRY(file_get(&t->file, t->file.size - FOOTER, footer, FOOTER));
    if (memcmp(footer + HANDLES, magic, sizeof magic))
        return status_new(DATA_LOSS, "%s is not a table: its last bytes are not those of one "
                          "(bad magic number)", t->file.path);
    return take_place(&handles, meta) && take_place(&handles, index)
               ? NULL : DAMAGED(t, "its footer is malformed");
}

static struct status *add_block(struct table *t, struct piece key, struct piece value,
                                size_t *room)
{
    struct block_at b;
    if (!take_place(&value, &b.place))
        return DAMAGED(t, "its index is malformed");
    if (t->blocks == *room) {
        struct block_at *more = arena_array(&t->arena, struct block_at, *room * 2 + 8);
        NEED(more);
        if (t->blocks)
            memcpy(more, t->block, t->blocks * sizeof *more);
        t->block = more;
        *room = *room * 2 + 8;
    }
    NEED(b.last.p = arena_copy(&t->arena, key.p, key.n));
    b.last.n = key.n;
    t->block[t->blocks++] = b;
    return NULL;
}

static struct status *read_entries(struct table *t, struct piece entries, struct str *key)
{
    struct piece value;
    size_t room = 0;
    uint64_t keys = 0;
    while (entries.n) {
        if (!take_entry(&entries, key, &value))
            return DAMAGED(t, "its index is malformed");
        keys += key->n;
        if (keys > KEYS_MOST * t->file.size)
            return DAMAGED(t, "its keys are too long");
        NEED(!key->failed);
        TRY(add_block(t, (struct piece){ str_text(key), key->n }, value, &room));
    }
    return NULL;
}

/* A second index, which names what else a table has, stands in every table and is empty in those
 * of TensorFlow; it must be whole all the same. */
static struct status *read_meta(struct table *t, struct place meta)
{
    struct piece entries;
    char *bytes;
    struct status *st = read_block(t, meta, &bytes, &entries);
    mem_free(bytes);
    return st;
}

static struct status *read_index(struct table *t)
{
    struct place meta, index;
    struct piece entries;
    struct str key = { 0 };
    char *bytes;
    TRY(read_footer(t, &meta, &index));
    TRY(read_meta(t, meta));
    struct status *st = read_block(t, index, &bytes, &entries);
    if (!st)
        st = read_entries(t, entries, &key);
    mem_free(bytes);
    str_free(&key);
    return st;
}

static struct status *open_in(struct table *t, const char *path)
{
    TRY(file_open(&t->file, path));
    return read_index(t);
}

struct status *table_open(const char *path, struct table **result)
{
    struct table *t = mem_new(struct table);
    NEED(t);
    struct status *st = open_in(t, path);
    if (st) {
        table_free(t);
        return st;
    }
    *result = t;
    return NULL;
}

void table_free(struct table *t)
{
    if (!t)
        return;
    file_close(&t->file);
    arena_free(&t->arena);
    mem_free(t);
}

/* ---- cursors ---- */

static struct status *enter_block(struct table_cursor *c, size_t i)
{
    mem_free(c->bytes);
    c->rest = (struct piece){ 0 };
    c->text.n = 0;
    c->block = i + 1;
    return read_block(c->table, c->table->block[i].place, &c->bytes, &c->rest);
}

struct status *table_next(struct table_cursor *c)
{
    c->valid = false;
    while (!c->rest.n) {
        if (c->block == c->table->blocks)
            return NULL;
        TRY(enter_block(c, c->block));
    }
    if (!take_entry(&c->rest, &c->text, &c->value))
        return DAMAGED(c->table, "an entry is malformed");
    NEED(!c->text.failed);
    c->key = (struct piece){ str_text(&c->text), c->text.n };
    c->valid = true;
    return NULL;
}

struct status *table_first(struct table_cursor *c, struct table *t)
{
    c->table = t;
    c->block = 0;
    c->rest = (struct piece){ 0 };
    return table_next(c);
}

/* The first block that goes as far as the key. */
static size_t block_of(const struct table *t, struct piece key)
{
    size_t low = 0, high = t->blocks;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (piece_compare(t->block[mid].last, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct status *table_seek(struct table_cursor *c, struct table *t, struct piece key)
{
    size_t i = block_of(t, key);
    c->table = t;
    c->valid = false;
    if (i == t->blocks)
        return NULL;
    TRY(enter_block(c, i));
    do
        TRY(table_next(c));
    while (c->valid && piece_compare(c->key, key) < 0);
    return NULL;
}

void table_cursor_release(struct table_cursor *c)
{
    mem_free(c->bytes);
    str_free(&c->text);
    *c = (struct table_cursor){ 0 };
}
