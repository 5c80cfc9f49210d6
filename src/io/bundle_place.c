/* bundle_place.c - the index of a V2 checkpoint, and how its files get their names.
 *
 * Where there was no checkpoint of that name, the data files are renamed first and the index last:
 * without an index there is none. Where there was one, the new files are first named X.next; from
 * the moment that there is a PREFIX.index.next, the checkpoint is the new one: readers take the
 * .next files where they are, and renaming them to X only remains to be done, by this process or,
 * if it was killed, by the next one that saves there.
 */
#include "base/mem.h"
#include "io/bundle_out.h"
#include "io/crc32c.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <unistd.h>

enum { VERSION = 1 };

/* ---- the index ---- */

static int by_name(const void *a, const void *b)
{
    const struct saved *x = a, *y = b;
    int order = saved_compare(x, y);
    return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

/* Entries of one name are a tensor's parts, or a mistake. */
static struct status *join(struct arena *a, struct saved *to, const struct saved *more)
{
    ENSURE(to->n_slices && more->n_slices, "Adding duplicate key: %.*s", (int)to->name.n,
           to->name.p);
    ENSURE(to->dtype == more->dtype && shape_equal(&to->shape, &more->shape),
           "The parts of %.*s do not agree: %s%s and %s%s", (int)to->name.n, to->name.p,
           dtype_name(to->dtype), SHAPE_STR(&to->shape), dtype_name(more->dtype),
           SHAPE_STR(&more->shape));
    struct slice *all = arena_array(a, struct slice, to->n_slices + more->n_slices);
    NEED(all);
    memcpy(all, to->slice, (size_t)to->n_slices * sizeof *all);
    memcpy(all + to->n_slices, more->slice, (size_t)more->n_slices * sizeof *all);
    to->slice = all;
    to->n_slices += more->n_slices;
    return NULL;
}

static struct status *sort(struct arena *a, struct saved *entry, size_t *n)
{
    size_t kept = 0;
    if (*n)
        qsort(entry, *n, sizeof *entry, by_name);
    for (size_t i = 0; i < *n; i++)
        if (kept && !saved_compare(&entry[kept - 1], &entry[i]))
            TRY(join(a, &entry[kept - 1], &entry[i]));
        else
            entry[kept++] = entry[i];
    *n = kept;
    return NULL;
}

static struct status *put_message(struct table_out *t, struct piece key,
                                  const ProtobufCMessage *m)
{
    void *bytes;
    size_t n;
    TRY(wire_encode(m, &bytes, &n));
    struct status *st = table_add(t, key, (struct piece){ bytes, n });
    mem_free(bytes);
    return st;
}

static struct status *put_header(struct table_out *t, int shards)
{
    Wire__BundleHeaderProto h = WIRE__BUNDLE_HEADER_PROTO__INIT;
    Wire__VersionDef version = WIRE__VERSION_DEF__INIT;
    h.num_shards = shards;
    version.producer = VERSION;
    h.version = &version;
    return put_message(t, piece_of(""), &h.base);
}

static struct status *put_slices(struct arena *a, const struct saved *e, Wire__BundleEntryProto *m)
{
    NEED(m->slices = arena_array(a, Wire__TensorSliceProto *, e->n_slices));
    m->n_slices = (size_t)e->n_slices;
    for (int i = 0; i < e->n_slices; i++)
        TRY(slice_to_proto(a, &e->slice[i], &m->slices[i]));
    return NULL;
}

static struct status *put_entry(struct arena *a, struct table_out *t, const struct saved *e)
{
    Wire__BundleEntryProto m = WIRE__BUNDLE_ENTRY_PROTO__INIT;
    Wire__TensorShapeProto shape = WIRE__TENSOR_SHAPE_PROTO__INIT;
    Wire__TensorShapeProto__Dim dim[MAX_RANK], *dims[MAX_RANK];
    for (int i = 0; i < e->shape.rank; i++) {
        wire__tensor_shape_proto__dim__init(dims[i] = &dim[i]);
        dim[i].size = e->shape.dim[i];
    }
    shape.n_dim = (size_t)e->shape.rank;
    shape.dim = dims;
    m.shape = &shape;
    m.dtype = (Wire__DataType)e->dtype;
    if (e->n_slices)
        TRY(put_slices(a, e, &m));
    else {
        m.shard_id = e->shard;
        m.offset = (int64_t)e->offset;
        m.size = (int64_t)e->size;
        m.crc32c = crc32c_mask(e->crc);
    }
    return put_message(t, e->name, &m.base);
}

static struct status *put_index(struct arena *a, struct table_out *t, const struct saved *entry,
                                size_t n, int shards)
{
    TRY(put_header(t, shards));
    for (size_t i = 0; i < n; i++)
        TRY(put_entry(a, t, &entry[i]));
    return table_end(t);
}

static struct status *write_index(struct arena *a, struct file_out *f, const struct saved *entry,
                                  size_t n, int shards)
{
    struct table_out t;
    table_begin(&t, f);
    struct status *st = put_index(a, &t, entry, n, shards);
    table_out_release(&t);
    return st ? st : file_sync(f);
}

/* ---- names ---- */

static char *data_name(struct arena *a, const char *prefix, int i, int n, const char *ending)
{
    return arena_printf(a, "%s.data-%05d-of-%05d%s", prefix, i, n, ending);
}

static char *index_name(struct arena *a, const char *prefix, const char *ending)
{
    return arena_printf(a, "%s.index%s", prefix, ending);
}

/* Another process that saves here may have done it meanwhile. */
static struct status *rename_there(const char *from, const char *to)
{
    struct status *st = file_rename(from, to);
    if (status_code(st) != NOT_FOUND)
        return st;
    status_free(st);
    return NULL;
}

/* X.next becomes X: the data files first, those that were not yet renamed. */
static struct status *rename_next(struct arena *a, const char *prefix, int shards)
{
    for (int i = 0; i < shards; i++) {
        char *next = data_name(a, prefix, i, shards, ".next");
        char *name = data_name(a, prefix, i, shards, "");
        NEED(next && name);
        TRY(rename_there(next, name));
    }
    TRY(file_sync_folder(prefix));
    char *next = index_name(a, prefix, ".next"), *name = index_name(a, prefix, "");
    NEED(next && name);
    return rename_there(next, name);
}

/* What one who was killed left to be done. */
static struct status *finish_other(struct arena *a, const char *prefix)
{
    char *next = index_name(a, prefix, ".next");
    struct checkpoint *c;
    NEED(next);
    if (!file_exists(next))
        return NULL;
    TRY(checkpoint_open(prefix, &c));
    struct status *st = rename_next(a, prefix, c->n_shards);
    checkpoint_free(c);
    return st;
}

static struct status *place(struct arena *a, const char *prefix, const char *const *data, int n,
                            struct file_out *index)
{
    TRY(finish_other(a, prefix));
    char *name = index_name(a, prefix, "");
    NEED(name);
    bool replaces = file_exists(name);
    const char *ending = replaces ? ".next" : "";
    for (int i = 0; i < n; i++) {
        char *to = data_name(a, prefix, i, n, ending);
        NEED(to);
        TRY(file_rename(data[i], to));
    }
    TRY(file_sync_folder(prefix));
    NEED(name = index_name(a, prefix, ending));
    TRY(file_place(index, name));
    TRY(file_sync_folder(prefix));
    return replaces ? rename_next(a, prefix, n) : NULL;
}

struct status *bundle_place(struct arena *a, const char *prefix, struct saved *entry, size_t n,
                            const char *const *data, int n_data)
{
    struct file_out index;
    char *name = index_name(a, prefix, "");
    NEED(name);
    TRY(sort(a, entry, &n));
    TRY(file_create(&index, name));
    struct status *st = write_index(a, &index, entry, n, n_data);
    if (!st)
        st = place(a, prefix, data, n_data, &index);
    file_abandon(&index);
    return st;
}

/* ---- several become one ---- */

struct merging {
    struct arena *arena;
    struct saved *entry;
    size_t n, room;
    const char **data;
    int n_data;
};

static struct status *take_entries(struct merging *m, const struct saved *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        NEED(m->entry = saved_grow(m->arena, m->entry, m->n, &m->room));
        struct saved *e = &m->entry[m->n];
        *e = from[i];
        if (e->n_slices)
            e->offset = m->n;       /* their order */
        else
            e->shard += m->n_data;
        NEED(e->name.p = arena_strndup(m->arena, e->name.p, e->name.n));
        NEED(e->slice = arena_copy(m->arena, e->slice, (size_t)e->n_slices * sizeof *e->slice));
        m->n++;
    }
    return NULL;
}

static struct status *take_checkpoint(struct merging *m, const struct checkpoint *c)
{
    ENSURE(!c->n_tables, "%s is not a V2 checkpoint", c->prefix);
    TRY(take_entries(m, c->part, c->n_parts));
    TRY(take_entries(m, c->entry, c->n));
    const char **data = arena_array(m->arena, const char *, m->n_data + c->n_shards);
    NEED(data);
    if (m->n_data)
        memcpy(data, m->data, (size_t)m->n_data * sizeof *data);
    m->data = data;
    for (int i = 0; i < c->n_shards; i++)
        NEED(m->data[m->n_data++] = data_name(m->arena, c->prefix, i, c->n_shards, ""));
    return NULL;
}

static struct status *merge(struct arena *a, const char *const *from, int n, const char *to)
{
    struct merging m = { .arena = a };
    ENSURE(n > 0, "There are no checkpoints to merge");
    for (int i = 0; i < n; i++) {
        struct checkpoint *c;
        TRY(checkpoint_open(from[i], &c));
        struct status *st = take_checkpoint(&m, c);
        checkpoint_free(c);
        TRY(st);
    }
    if (n == 1 && !strcmp(*from, to))
        return NULL;
    TRY(bundle_place(a, to, m.entry, m.n, m.data, m.n_data));
    for (int i = 0; i < n; i++) {
        char *index = index_name(a, from[i], "");
        NEED(index);
        if (strcmp(from[i], to))
            (void)unlink(index);
    }
    return NULL;
}

struct status *bundle_merge(const char *const *from, int n, const char *to)
{
    struct arena a = { 0 };
    struct status *st = merge(&a, from, n, to);
    arena_free(&a);
    return st;
}
