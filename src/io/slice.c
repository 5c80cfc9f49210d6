#include "io/slice.h"
#include "base/arena.h"

struct slice slice_all(int rank)
{
    struct slice s = { .rank = rank };
    for (int i = 0; i < MAX_RANK; i++)
        s.length[i] = -1;
    return s;
}

/* ---- text ---- */

#define TEXT(piece) (int)(piece).n, (piece).p

/* Takes what stands before the separator, or all. */
static struct piece take_until(struct piece *from, char separator)
{
    const char *end = from->n ? memchr(from->p, separator, from->n) : NULL;
    struct piece taken = { from->p, end ? (size_t)(end - from->p) : from->n };
    size_t gone = taken.n + (end != NULL);
    from->p += gone;
    from->n -= gone;
    return taken;
}

static bool to_number(struct piece text, int64_t *v)
{
    *v = 0;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9' || __builtin_mul_overflow(*v, 10, v) ||
            __builtin_add_overflow(*v, text.p[i] - '0', v))
            return false;
    return text.n > 0;
}

static struct status *parse_extent(struct piece text, struct piece all, struct slice *s)
{
    struct piece length = text, start;
    ENSURE(s->rank < MAX_RANK, "Slice has more than %d dimensions: %.*s", MAX_RANK, TEXT(all));
    int i = s->rank++;
    s->start[i] = 0;
    s->length[i] = -1;
    if (text.n == 1 && *text.p == '-')
        return NULL;
    start = take_until(&length, ',');
    ENSURE(to_number(start, &s->start[i]) && to_number(length, &s->length[i]),
           "Expected a pair of numbers or '-' but got '%.*s': string = %.*s", TEXT(text),
           TEXT(all));
    ENSURE(s->length[i] > 0, "Expected non-negative start and positive length but got start = "
           "%lld, length = %lld: string = %.*s", (long long)s->start[i], (long long)s->length[i],
           TEXT(all));
    return NULL;
}

static struct status *parse_extents(struct piece text, struct slice *s)
{
    struct piece all = text;
    *s = (struct slice){ 0 };
    while (text.n)
        TRY(parse_extent(take_until(&text, ':'), all, s));
    return NULL;
}

struct status *slice_parse(struct piece text, struct shape *whole, struct slice *s,
                           struct shape *part)
{
    struct piece all = text;
    *whole = SHAPE_SCALAR;
    ENSURE(text.n && memchr(text.p, ' ', text.n),
           "Need least two elements in shape_and_slice specification: %.*s", TEXT(all));
    while (memchr(text.p, ' ', text.n)) {
        struct piece dim = take_until(&text, ' ');
        ENSURE(whole->rank < MAX_RANK, "Shape has more than %d dimensions in shape_and_slice "
               "specification: %.*s", MAX_RANK, TEXT(all));
        ENSURE(to_number(dim, &whole->dim[whole->rank++]),
               "Non numerical dimension in shape_and_slice: %.*s", TEXT(all));
    }
    TRY(shape_check(whole));
    TRY(parse_extents(text, s));
    ENSURE(s->rank == whole->rank, "Wrong number of dimensions in shape_and_slice specification: "
           "%.*s: the shape has %d, the slice %d", TEXT(all), whole->rank, s->rank);
    return slice_shape(s, whole, part);
}

/* ---- shapes ---- */

static int64_t length_of(const struct slice *s, const struct shape *whole, int i)
{
    return s->length[i] < 0 ? whole->dim[i] - s->start[i] : s->length[i];
}

struct status *slice_shape(const struct slice *s, const struct shape *whole, struct shape *part)
{
    ENSURE(s->rank == whole->rank, "Mismatching ranks: shape = %s, the slice has %d dimensions",
           SHAPE_STR(whole), s->rank);
    *part = *whole;
    for (int i = 0; i < s->rank; i++) {
        part->dim[i] = length_of(s, whole, i);
        ENSURE(s->start[i] >= 0 && s->start[i] <= whole->dim[i] && part->dim[i] >= 0 &&
               part->dim[i] <= whole->dim[i] - s->start[i],
               "Extent in dimension %d out of bounds: shape = %s, slice = %lld,%lld", i,
               SHAPE_STR(whole), (long long)s->start[i], (long long)s->length[i]);
    }
    return NULL;
}

bool slice_same(const struct slice *a, const struct slice *b, const struct shape *whole)
{
    for (int i = 0; i < whole->rank; i++)
        if (a->start[i] != b->start[i] || length_of(a, whole, i) != length_of(b, whole, i))
            return false;
    return true;
}

bool slice_is_all(const struct slice *s, const struct shape *whole)
{
    struct slice all = slice_all(whole->rank);
    return s->rank == whole->rank && slice_same(s, &all, whole);
}

/* ---- keys ---- */

/* Bytes 0 and 255 are followed by another one, so that 0 1 can end a name and sort first. */
static void put_name(struct str *to, struct piece name)
{
    for (size_t i = 0; i < name.n; i++) {
        str_add(to, name.p + i, 1);
        if (name.p[i] == 0)
            str_add(to, "\xff", 1);
        else if (name.p[i] == '\xff')
            str_add(to, "\0", 1);
    }
    str_add(to, "\0\1", 2);
}

/* How many bytes follow, then those of the number, the highest first. */
static void put_count(struct str *to, int v)
{
    char bytes[2] = { v > 0, (char)v };
    str_add(to, bytes, v > 0 ? 2 : 1);
}

/* As many ones as the number has bytes, and a zero; of a negative number every bit is the other
 * one. Seven bits a byte remain for the number and its sign. */
static void put_signed(struct str *to, int64_t v)
{
    uint64_t bits = (uint64_t)(v < 0 ? ~v : v);
    unsigned char bytes[10] = { 0 };
    int n = 1;
    for (uint64_t rest = bits >> 6; rest; rest >>= 7)
        n++;
    for (int i = 0; i < n && i < 8; i++)
        bytes[n - 1 - i] = (unsigned char)(bits >> 8 * i);
    for (int i = 0; i < n; i++)
        bytes[i / 8] |= (unsigned char)(128 >> i % 8);
    for (int i = 0; i < n; i++)
        bytes[i] ^= v < 0 ? 255 : 0;
    str_add(to, (const char *)bytes, (size_t)n);
}

void slice_key(struct piece name, const struct slice *s, struct str *key)
{
    key->n = 0;
    put_count(key, 0);
    put_name(key, name);
    put_count(key, s->rank);
    for (int i = 0; i < s->rank; i++) {
        put_signed(key, s->start[i]);
        put_signed(key, s->length[i]);
    }
}

/* ---- copying ---- */

/* What both slices have, along each dimension, and where it begins in either. */
struct overlap {
    int rank;
    int64_t length[MAX_RANK], from[MAX_RANK], to[MAX_RANK];
    int64_t from_dim[MAX_RANK], to_dim[MAX_RANK];
};

static int64_t overlap_of(const struct shape *whole, const struct slice *a, const struct slice *b,
                          struct overlap *o)
{
    int64_t n = 1;
    o->rank = whole->rank;
    for (int i = 0; i < whole->rank; i++) {
        int64_t a_end = a->start[i] + (o->from_dim[i] = length_of(a, whole, i));
        int64_t b_end = b->start[i] + (o->to_dim[i] = length_of(b, whole, i));
        int64_t begin = a->start[i] > b->start[i] ? a->start[i] : b->start[i];
        int64_t end = a_end < b_end ? a_end : b_end;
        o->length[i] = end > begin ? end - begin : 0;
        o->from[i] = begin - a->start[i];
        o->to[i] = begin - b->start[i];
        n *= o->length[i];
    }
    return n;
}

/* Rows that follow one another in both are one: the last dimensions that are whole in both. */
static struct status *copy_rows(const struct overlap *o, int axis, const struct tensor *from,
                                int64_t from_at, struct tensor *to, int64_t to_at)
{
    if (axis == o->rank)
        return tensor_copy_elements(to, to_at, from, from_at, 1);
    from_at = from_at * o->from_dim[axis] + o->from[axis];
    to_at = to_at * o->to_dim[axis] + o->to[axis];
    int64_t each = 1;
    bool whole = true;
    for (int i = axis + 1; i < o->rank; i++) {
        whole &= o->length[i] == o->from_dim[i] && o->length[i] == o->to_dim[i];
        each *= o->length[i];
    }
    if (whole)
        return tensor_copy_elements(to, to_at * each, from, from_at * each,
                                    o->length[axis] * each);
    for (int64_t i = 0; i < o->length[axis]; i++)
        TRY(copy_rows(o, axis + 1, from, from_at + i, to, to_at + i));
    return NULL;
}

struct status *slice_copy(const struct shape *whole, const struct slice *a,
                          const struct tensor *from, const struct slice *b, struct tensor *to,
                          int64_t *n)
{
    struct overlap o = { 0 };
    *n = overlap_of(whole, a, b, &o);
    return *n ? copy_rows(&o, 0, from, 0, to, 0) : NULL;
}

/* ---- messages ---- */

struct status *slice_from_proto(const Wire__TensorSliceProto *m, struct slice *s)
{
    ENSURE(m->n_extent <= MAX_RANK, "a slice has %zu dimensions, at most %d are supported",
           m->n_extent, MAX_RANK);
    *s = slice_all((int)m->n_extent);
    for (int i = 0; i < s->rank; i++) {
        const Wire__TensorSliceProto__Extent *e = m->extent[i];
        s->start[i] = e->start;
        if (e->has_length_case == WIRE__TENSOR_SLICE_PROTO__EXTENT__HAS_LENGTH_LENGTH)
            s->length[i] = e->length;
        ENSURE(s->start[i] >= 0 && s->length[i] >= -1 && (s->start[i] == 0 || s->length[i] >= 0),
               "a slice from %lld on of length %lld cannot be", (long long)s->start[i],
               (long long)s->length[i]);
    }
    return NULL;
}

struct status *slice_to_proto(struct arena *a, const struct slice *s, Wire__TensorSliceProto **m)
{
    NEED(*m = arena_new(a, Wire__TensorSliceProto));
    wire__tensor_slice_proto__init(*m);
    NEED((*m)->extent = arena_array(a, Wire__TensorSliceProto__Extent *, s->rank));
    (*m)->n_extent = (size_t)s->rank;
    for (int i = 0; i < s->rank; i++) {
        Wire__TensorSliceProto__Extent *e = arena_new(a, Wire__TensorSliceProto__Extent);
        NEED(e);
        wire__tensor_slice_proto__extent__init(e);
        (*m)->extent[i] = e;
        if (s->length[i] < 0)
            continue;
        e->start = s->start[i];
        e->has_length_case = WIRE__TENSOR_SLICE_PROTO__EXTENT__HAS_LENGTH_LENGTH;
        e->length = s->length[i];
    }
    return NULL;
}
