#include "ops/example.h"

#include "ops/array.h"
#include "tensor/tstring.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- protocol buffers, as far as Examples need them ---- */

bool wire_varint(struct bytes *b, uint64_t *v)
{
    *v = 0;
    for (int shift = 0; shift < 64 && b->at < b->end; shift += 7) {
        uint8_t byte = *b->at++;
        *v |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return true;
    }
    return false;
}

/* The next n bytes; false: there are fewer. */
static bool take(struct bytes *b, uint64_t n, struct bytes *in)
{
    if (n > (uint64_t)(b->end - b->at))
        return false;
    *in = (struct bytes){ b->at, b->at + n };
    b->at += n;
    return true;
}

bool wire_next(struct bytes *b, struct wire_field *f)
{
    uint64_t tag, n;
    if (!wire_varint(b, &tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX >> 3)
        return false;
    f->number = (uint32_t)(tag >> 3);
    f->type = tag & 7;
    switch (tag & 7) {
    case VARINT:  return wire_varint(b, &f->value);
    case FIXED64: return take(b, 8, &f->in);
    case FIXED32: return take(b, 4, &f->in);
    case BYTES:   return wire_varint(b, &n) && take(b, n, &f->in);
    default:      return false;
    }
}

/* Messages are text: what is none is said in octal. */
struct status *example_refuse(const struct tstring *s)
{
    enum { MOST = 100 };
    char text[4 * MOST + 1] = "", *to = text;
    for (size_t i = 0; i < tstring_len(s) && i < MOST; i++)
        to += sprintf(to, isprint((unsigned char)tstring_data(s)[i]) ? "%c" : "\\%03o",
                      (unsigned char)tstring_data(s)[i]);
    return status_new(INVALID_ARGUMENT, "Could not parse example input, value: '%s'", text);
}

static size_t size_of(struct bytes b) { return (size_t)(b.end - b.at); }

/* ---- cells ---- */

/* How many values a field of a list holds: packed or alone; -1: malformed. */
static int64_t count_packed(const struct wire_field *f, enum dtype t)
{
    int64_t n = 0;
    if (f->number != 1)
        return 0;
    if (t == DT_STRING)
        return f->type == BYTES ? 1 : -1;
    if (t == DT_FLOAT)
        return f->type == FIXED32 ? 1 : f->type == BYTES && size_of(f->in) % 4 == 0
                                            ? (int64_t)(size_of(f->in) / 4) : -1;
    if (f->type != BYTES)
        return f->type == VARINT ? 1 : -1;
    struct bytes in = f->in;
    for (uint64_t v; in.at < in.end; n++)
        if (!wire_varint(&in, &v))
            return -1;
    return n;
}

static int64_t count(const struct cell *c)
{
    struct wire_field f;
    int64_t n = 0;
    for (struct bytes b = c->in; b.at < b.end;) {
        int64_t more = wire_next(&b, &f) ? count_packed(&f, c->dtype) : -1;
        if (more < 0)
            return -1;
        n += more;
    }
    return n;
}

void cell_read(struct bytes feature, struct cell *c)
{
    static const enum dtype kind[] = { DT_INVALID, DT_STRING, DT_FLOAT, DT_INT64 };
    struct wire_field f;
    *c = (struct cell){ .dtype = DT_INVALID };
    while (feature.at < feature.end) {
        if (!wire_next(&feature, &f)) {
            c->n = -1;
            return;
        }
        if (f.number <= 3 && f.type == BYTES)
            *c = (struct cell){ .in = f.in, .dtype = kind[f.number] };
    }
    c->n = count(c);
}

static void put_ints(const struct wire_field *f, int64_t **to)
{
    struct bytes in = f->in;
    if (f->type == VARINT)
        *(*to)++ = (int64_t)f->value;
    else
        for (uint64_t v; in.at < in.end && wire_varint(&in, &v);)
            *(*to)++ = (int64_t)v;
}

struct status *cell_put(const struct cell *c, struct tensor *t, int64_t at)
{
    struct wire_field f;
    struct tstring *text = (struct tstring *)t->data + at;
    float *floats = (float *)t->data + at;
    int64_t *ints = (int64_t *)t->data + at;
    for (struct bytes b = c->in; b.at < b.end && wire_next(&b, &f);) {
        if (f.number != 1)
            continue;
        if (c->dtype == DT_INT64) {
            put_ints(&f, &ints);
        } else if (c->dtype == DT_FLOAT) {
            memcpy(floats, f.in.at, size_of(f.in));             /* both are little-endian */
            floats += size_of(f.in) / 4;
        } else if (!tstring_set(text++, (const char *)f.in.at, size_of(f.in))) {
            return status_no_memory();
        }
    }
    return NULL;
}

/* ---- columns ---- */

struct status *columns_new(struct kernel *k, int n, struct columns *c)
{
    *c = (struct columns){ .n = n };
    TRY(kernel_temp(k, (size_t)n * sizeof *c->at + 1, &c->at));
    memset(c->at, 0, (size_t)n * sizeof *c->at);
    return NULL;
}

struct status *columns_find(struct columns *c)
{
    for (int i = 0; i < c->n; i++)
        if (!map_put(&c->index, c->at[i].key, &c->at[i]))
            return status_no_memory();
    return NULL;
}

void columns_release(struct columns *c) { map_free(&c->index); }

/* Field 1 is the key, field 2 the value; either may be missing, and the last one counts. */
static bool entry_read(struct bytes b, struct bytes *key, struct bytes *value)
{
    struct wire_field f;
    while (b.at < b.end) {
        if (!wire_next(&b, &f))
            return false;
        if (f.type == BYTES && f.number <= 2)
            *(f.number == 1 ? key : value) = f.in;
    }
    return true;
}

bool entries_read(struct bytes map, const struct columns *c,
                  bool (*fn)(void *ctx, int column, struct bytes value), void *ctx)
{
    struct wire_field f;
    while (map.at < map.end) {
        struct bytes key = { 0 }, value = { 0 };
        if (!wire_next(&map, &f))
            return false;
        if (f.number != 1 || f.type != BYTES)
            continue;
        if (!entry_read(f.in, &key, &value))
            return false;
        struct column *at = map_get_n(&c->index, key.at ? (const char *)key.at : "", size_of(key));
        if (at && !fn(ctx, (int)(at - c->at), value))
            return false;
    }
    return true;
}

static bool read_one(void *row, int column, struct bytes value)
{
    cell_read(value, (struct cell *)row + column);
    return true;
}

bool features_read(struct bytes features, const struct columns *c, struct cell *row)
{
    return entries_read(features, c, read_one, row);
}

int64_t column_step(const struct column *c)
{
    return shape_span(&c->shape, c->shape.rank && c->shape.dim[0] < 0, c->shape.rank);
}

static bool is_long(const struct column *c) { return c->shape.rank > 0 && c->shape.dim[0] < 0; }

/* TF: too many values are an example that cannot be parsed; too few have a text of their own. */
struct status *cell_check(const struct column *c, const struct cell *cell, const char *who)
{
    int64_t step = c->form == FORM_DENSE ? column_step(c) : 1;
    const char *kind = c->dtype == DT_STRING ? "bytes" : dtype_name(c->dtype);
    ENSURE(cell->n >= 0, "%sCan't parse serialized Example.", who);
    if (cell->dtype == DT_INVALID)
        return NULL;
    ENSURE(cell->dtype == c->dtype, "%sData types don't match. Data type: %s but expected type: %s",
           who, dtype_name(cell->dtype), dtype_name(c->dtype));
    if (c->form != FORM_DENSE)
        return NULL;
    if (is_long(c)) {
        ENSURE(step ? cell->n % step == 0 : !cell->n, "%sNumber of %s values is not a multiple of "
               "stride length. Values size: %lld but output shape: %s", who, kind,
               (long long)cell->n, SHAPE_STR(&c->shape));
        return NULL;
    }
    ENSURE(cell->n <= step, "%sCan't parse serialized Example.", who);
    ENSURE(cell->n == step, "%sNumber of %s values != expected.  Values size: %lld but output "
           "shape: %s", who, kind, (long long)cell->n, SHAPE_STR(&c->shape));
    return NULL;
}

/* ---- outputs ---- */

struct sizes { int64_t rows, total, most; };

static struct sizes measure(const struct cells *cells)
{
    struct sizes s = { .rows = shape_count(&cells->outer) };
    for (int64_t i = 0; i < s.rows; i++) {
        int64_t n = cells->cell[i * cells->stride].n;
        s.total += n;
        if (n > s.most)
            s.most = n;
    }
    return s;
}

static struct status *put_values(const struct cells *cells, int64_t rows, struct tensor *t)
{
    int64_t at = 0;
    for (int64_t i = 0; i < rows; i++) {
        const struct cell *cell = &cells->cell[i * cells->stride];
        TRY(cell_put(cell, t, at));
        at += cell->n;
    }
    return NULL;
}

/* Where row i of `outer` is, and the place in it. */
static int64_t *put_index(int64_t *to, const struct shape *outer, int64_t i, int64_t place)
{
    for (int d = outer->rank - 1; d >= 0; i /= outer->dim[d], d--)
        to[d] = i % outer->dim[d];
    to[outer->rank] = place;
    return to + outer->rank + 1;
}

static struct status *put_sparse(struct kernel *k, const struct column *c,
                                 const struct cells *cells)
{
    struct sizes s = measure(cells);
    int rank = cells->outer.rank + 1;
    TRY(kernel_new(k, c->out[0], DT_INT64, &SHAPE(s.total, rank)));
    TRY(kernel_new(k, c->out[1], c->dtype, &SHAPE(s.total)));
    TRY(kernel_new(k, c->out[2], DT_INT64, &SHAPE(rank)));
    int64_t *index = kernel_out(k, c->out[0])->data, *size = kernel_out(k, c->out[2])->data;
    for (int64_t i = 0; i < s.rows; i++)
        for (int64_t j = 0; j < cells->cell[i * cells->stride].n; j++)
            index = put_index(index, &cells->outer, i, j);
    memcpy(size, cells->outer.dim, (size_t)cells->outer.rank * sizeof *size);
    size[cells->outer.rank] = s.most;
    return put_values(cells, s.rows, kernel_out(k, c->out[1]));
}

/* TF: one example alone has no rows to split. */
static struct status *put_ragged(struct kernel *k, const struct column *c,
                                 const struct cells *cells)
{
    struct sizes s = measure(cells);
    int64_t at = 0, n = cells->outer.rank ? s.rows + 1 : 0;
    ENSURE(c->splits == DT_INT64 || s.total <= INT32_MAX, "Key: %s.  %lld values are too many for "
           "int32 row splits", c->key, (long long)s.total);
    TRY(kernel_new(k, c->out[0], c->dtype, &SHAPE(s.total)));
    TRY(kernel_new(k, c->out[1], c->splits, &SHAPE(n)));
    struct tensor *splits = kernel_out(k, c->out[1]);
    for (int64_t i = 0; i < n; i++) {
        if (c->splits == DT_INT64)
            ((int64_t *)splits->data)[i] = at;
        else
            ((int32_t *)splits->data)[i] = (int32_t)at;
        at += i < s.rows ? cells->cell[i * cells->stride].n : 0;
    }
    return put_values(cells, s.rows, kernel_out(k, c->out[0]));
}

struct status *shape_nested(const struct shape *outer, const struct shape *inner, struct shape *s)
{
    *s = *outer;
    ENSURE(outer->rank + inner->rank <= MAX_RANK, "A tensor of %d dimensions is more than %d",
           outer->rank + inner->rank, MAX_RANK);
    for (int d = 0; d < inner->rank; d++)
        s->dim[s->rank++] = inner->dim[d];
    return NULL;
}

/* A cell and what pads it: the whole default where nothing is there, its one element (or zero)
 * behind what is. */
static struct status *put_padded(struct kernel *k, const struct column *c, const struct cell *cell,
                                 struct tensor *y, int64_t at, int64_t n)
{
    int64_t n_default = c->fallback ? tensor_count(c->fallback) : 0;
    if (cell->dtype == DT_INVALID && n_default == n && !is_long(c))
        return tensor_copy_elements(y, at, c->fallback, 0, n);
    TRY(cell_put(cell, y, at));
    if (cell->n == n)
        return NULL;
    if (n_default)
        return array_fill(k, y, at + cell->n, n - cell->n, c->fallback, 0);
    if (c->dtype != DT_STRING)
        memset((char *)y->data + (size_t)(at + cell->n) * dtype_size(c->dtype), 0,
               (size_t)(n - cell->n) * dtype_size(c->dtype));
    return NULL;
}

static struct status *put_dense(struct kernel *k, const struct column *c,
                                const struct cells *cells)
{
    struct sizes s = measure(cells);
    struct shape inner = c->shape, whole;
    if (is_long(c))
        inner.dim[0] = column_step(c) ? s.most / column_step(c) : 0;
    TRY(shape_nested(&cells->outer, &inner, &whole));
    TRY(kernel_new(k, c->out[0], c->dtype, &whole));
    int64_t n = shape_count(&inner);
    for (int64_t i = 0; i < s.rows; i++)
        TRY(put_padded(k, c, &cells->cell[i * cells->stride], kernel_out(k, c->out[0]), i * n, n));
    return NULL;
}

struct status *column_put(struct kernel *k, const struct column *c, const struct cells *cells)
{
    switch (c->form) {
    case FORM_SPARSE: return put_sparse(k, c, cells);
    case FORM_RAGGED: return put_ragged(k, c, cells);
    case FORM_DENSE:  return put_dense(k, c, cells);
    }
    return NULL;
}

struct status *dense_shapes_check(const struct node *n, const char *attr)
{
    const struct attr *a = node_attr_find(n, attr);
    for (int i = 0; i < a->n; i++) {
        const struct shape *s = &a->shapes[i];
        bool known = s->rank >= 0;
        for (int d = 1; d < s->rank; d++)
            known = known && s->dim[d] >= 0;
        ENSURE(known, "%s[%d] has unknown rank or unknown inner dimensions: %s", attr, i,
               SHAPE_STR(s));
    }
    return NULL;
}
