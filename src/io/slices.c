/* slices.c - V1 checkpoints read: tables whose first entry lists the tensors and their slices, and
 * whose others are a slice each, values and all. A checkpoint may be several such files. */
#include "base/mem.h"
#include "io/checkpoint.h"
#include "tensor/tstring.h"
#include "wire/wire.h"

#include <glob.h>
#include <stdlib.h>

enum { VERSION = 1 };

static struct status *find_files(const char *pattern, glob_t *g)
{
    int failed = glob(pattern, 0, NULL, g);
    if (failed == GLOB_NOSPACE)
        return status_no_memory();
    if (failed)
        return status_new(NOT_FOUND, "Unsuccessful TensorSliceReader constructor: Failed to find "
                          "any matching files for %s", pattern);
    return NULL;
}

bool slices_exist(const char *pattern)
{
    glob_t g;
    struct status *st = find_files(pattern, &g);
    bool there = !st;
    if (there)
        globfree(&g);
    status_free(st);
    return there;
}

/* ---- the lists of what there is ---- */

static struct status *add_slices(struct checkpoint *c, const Wire__SavedSliceMeta *m,
                                 struct saved *e)
{
    struct slice *all = arena_array(&c->arena, struct slice, (size_t)e->n_slices + m->n_slice);
    NEED(all);
    if (e->n_slices)
        memcpy(all, e->slice, (size_t)e->n_slices * sizeof *all);
    e->slice = all;
    for (size_t i = 0; i < m->n_slice; i++)
        TRY(slice_from_proto(m->slice[i], &all[e->n_slices++]));
    return NULL;
}

static struct status *read_meta(struct checkpoint *c, const Wire__SavedTensorSliceMeta *m,
                                size_t *room)
{
    ENSURE(!m->versions || m->versions->min_consumer <= VERSION,
           "Checkpoint min consumer version %d above current version %d",
           m->versions->min_consumer, VERSION);
    for (size_t i = 0; i < m->n_tensor; i++) {
        const Wire__SavedSliceMeta *t = m->tensor[i];
        NEED(c->entry = saved_grow(&c->arena, c->entry, c->n, room));
        struct saved *e = &c->entry[c->n];
        *e = (struct saved){ .name = piece_of(t->name), .dtype = (enum dtype)t->type };
        TRY(saved_shape(t->shape, &e->shape));
        TRY(add_slices(c, t, e));
        c->n++;
    }
    return NULL;
}

static struct status *read_list(struct checkpoint *c, struct table *t, size_t *room)
{
    struct table_cursor at = { 0 };
    Wire__SavedTensorSlices *m = NULL;
    struct status *st = table_first(&at, t);
    if (!st && (!at.valid || at.key.n))
        st = status_new(DATA_LOSS, "%s has no list of tensors, as the first entry of a checkpoint "
                        "does", table_path(t));
    if (!st)
        st = wire_decode(&c->arena, &wire__saved_tensor_slices__descriptor, at.value.p, at.value.n,
                         &m);
    if (!st && m->meta)
        st = read_meta(c, m->meta, room);
    table_cursor_release(&at);
    return status_code(st) == INVALID_ARGUMENT
               ? status_prefix(st, "%s is no checkpoint or is damaged: ", table_path(t)) : st;
}

/* A tensor that several files have slices of becomes one entry. */
static struct status *merge(struct checkpoint *c)
{
    size_t n = 0;
    if (c->n)
        qsort(c->entry, c->n, sizeof *c->entry, saved_compare);
    for (size_t i = 0; i < c->n; i++) {
        struct saved *e = &c->entry[i], *last = n ? &c->entry[n - 1] : NULL;
        if (!last || saved_compare(e, last)) {
            c->entry[n++] = *e;
            continue;
        }
        ENSURE(e->dtype == last->dtype && shape_equal(&e->shape, &last->shape),
               "Incompatible tensor shapes or types in the files of %s: %.*s", c->prefix,
               (int)e->name.n, e->name.p);
        struct slice *all = arena_array(&c->arena, struct slice, last->n_slices + e->n_slices);
        NEED(all);
        memcpy(all, last->slice, (size_t)last->n_slices * sizeof *all);
        memcpy(all + last->n_slices, e->slice, (size_t)e->n_slices * sizeof *all);
        last->slice = all;
        last->n_slices += e->n_slices;
    }
    c->n = n;
    return NULL;
}

static struct status *open_files(struct checkpoint *c, const glob_t *g)
{
    size_t room = 0;
    NEED(c->table = arena_array(&c->arena, struct table *, g->gl_pathc));
    for (size_t i = 0; i < g->gl_pathc; i++) {
        TRY(table_open(g->gl_pathv[i], &c->table[i]));
        c->n_tables++;
        TRY(read_list(c, c->table[i], &room));
    }
    return merge(c);
}

struct status *slices_open(struct checkpoint *c)
{
    glob_t g;
    TRY(find_files(c->prefix, &g));
    struct status *st = open_files(c, &g);
    globfree(&g);
    return st;
}

/* ---- values ---- */

struct field { const void *values; size_t n, width; };

static struct field field_of(const Wire__TensorProto *m, enum dtype t)
{
    switch (t) {
    case DT_FLOAT: return (struct field){ m->float_val, m->n_float_val, 4 };
    case DT_DOUBLE: return (struct field){ m->double_val, m->n_double_val, 8 };
    case DT_COMPLEX64: return (struct field){ m->scomplex_val, m->n_scomplex_val / 2, 8 };
    case DT_COMPLEX128: return (struct field){ m->dcomplex_val, m->n_dcomplex_val / 2, 16 };
    case DT_HALF: case DT_BFLOAT16: return (struct field){ m->half_val, m->n_half_val, 4 };
    case DT_INT64: return (struct field){ m->int64_val, m->n_int64_val, 8 };
    case DT_UINT32: return (struct field){ m->uint32_val, m->n_uint32_val, 4 };
    case DT_UINT64: return (struct field){ m->uint64_val, m->n_uint64_val, 8 };
    case DT_BOOL: return (struct field){ m->bool_val, m->n_bool_val, sizeof *m->bool_val };
    case DT_STRING: return (struct field){ m->string_val, m->n_string_val, 0 };
    default: return (struct field){ m->int_val, m->n_int_val, 4 };
    }
}

static struct status *copy_strings(const Wire__TensorProto *m, struct tstring *to)
{
    for (size_t i = 0; i < m->n_string_val; i++)
        NEED(tstring_set(&to[i], (const char *)m->string_val[i].data, m->string_val[i].len));
    return NULL;
}

/* The low bytes of a field's values, which are little endian. */
static void copy_numbers(struct field f, struct tensor *t)
{
    size_t size = dtype_size(t->dtype);
    char *to = t->data;
    if (f.width == size && f.n)
        memcpy(to, f.values, f.n * size);
    for (size_t i = 0; f.width != size && i < f.n; i++)
        if (t->dtype == DT_BOOL)
            to[i] = ((const protobuf_c_boolean *)f.values)[i] != 0;
        else
            memcpy(to + i * size, (const char *)f.values + i * f.width, size);
}

static struct status *fill(const Wire__TensorProto *m, const struct shape *shape,
                           const struct saved *e, struct buffer_pool *pool, struct tensor *t)
{
    struct field f = field_of(m, e->dtype);
    if ((int64_t)f.n != shape_count(shape))
        return status_new(DATA_LOSS, "a part of %.*s has %zu elements, but its shape is %s",
                          (int)e->name.n, e->name.p, f.n, SHAPE_STR(shape));
    TRY(tensor_new(t, pool, e->dtype, shape));
    if (e->dtype != DT_STRING) {
        copy_numbers(f, t);
        return NULL;
    }
    struct status *st = copy_strings(m, t->data);
    if (st)
        tensor_unref(t);
    return st;
}

static struct status *decode(struct piece value, const struct shape *shape, const struct saved *e,
                             struct buffer_pool *pool, struct tensor *t)
{
    struct arena a = { 0 };
    Wire__SavedTensorSlices *m;
    struct status *st = wire_decode(&a, &wire__saved_tensor_slices__descriptor, value.p, value.n,
                                    &m);
    if (!st && (!m->data || !m->data->data))
        st = status_new(DATA_LOSS, "the part of %.*s has no values", (int)e->name.n, e->name.p);
    if (!st)
        st = fill(m->data->data, shape, e, pool, t);
    arena_free(&a);
    return st;
}

static struct status *read_in(struct table *in, struct piece key, const struct shape *shape,
                              const struct saved *e, struct buffer_pool *pool, struct tensor *t,
                              bool *found)
{
    struct table_cursor at = { 0 };
    struct status *st = table_seek(&at, in, key);
    *found = !st && at.valid && !piece_compare(at.key, key);
    if (*found)
        st = decode(at.value, shape, e, pool, t);
    table_cursor_release(&at);
    return *found ? status_prefix(st, "%s is damaged: ", table_path(in)) : st;
}

struct status *slices_read(struct checkpoint *c, const struct saved *e, const struct slice *s,
                           struct buffer_pool *pool, struct tensor *t)
{
    struct str key = { 0 };
    struct shape shape;
    bool found = false;
    TRY(slice_shape(s, &e->shape, &shape));
    slice_key(e->name, s, &key);
    struct status *st = key.failed ? status_no_memory() : NULL;
    for (size_t i = 0; i < c->n_tables && !found && !st; i++)
        st = read_in(c->table[i], (struct piece){ key.text, key.n }, &shape, e, pool, t, &found);
    str_free(&key);
    if (st || found)
        return st;
    return status_new(DATA_LOSS, "%s is damaged: a part of %.*s is missing", c->prefix,
                      (int)e->name.n, e->name.p);
}
