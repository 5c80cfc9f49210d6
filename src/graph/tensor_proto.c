/* tensor_proto.c - tensors and shapes to and from their messages. */
#include "graph/proto.h"
#include "tensor/tstring.h"

/* ---- shapes ---- */

struct status *shape_from_proto(const Wire__TensorShapeProto *m, struct shape *s)
{
    *s = SHAPE_UNKNOWN;
    if (m->unknown_rank) {
        ENSURE(!m->n_dim, "An unknown shape must not have any dimensions set.");
        return NULL;
    }
    ENSURE(m->n_dim <= MAX_RANK, "Shape has %zu dimensions, at most %d are supported", m->n_dim,
           MAX_RANK);
    s->rank = (int)m->n_dim;
    for (int i = 0; i < s->rank; i++) {
        s->dim[i] = m->dim[i]->size;
        ENSURE(s->dim[i] >= -1, "Shape has a dimension that is not >= -1: %lld",
               (long long)s->dim[i]);
    }
    return NULL;
}

struct status *shape_to_proto(struct arena *a, const struct shape *s, Wire__TensorShapeProto **m)
{
    NEED(*m = arena_new(a, Wire__TensorShapeProto));
    wire__tensor_shape_proto__init(*m);
    (*m)->unknown_rank = s->rank < 0;
    (*m)->n_dim = s->rank < 0 ? 0 : (size_t)s->rank;
    NEED((*m)->dim = arena_array(a, Wire__TensorShapeProto__Dim *, (*m)->n_dim));
    for (int i = 0; i < s->rank; i++) {
        NEED((*m)->dim[i] = arena_new(a, Wire__TensorShapeProto__Dim));
        wire__tensor_shape_proto__dim__init((*m)->dim[i]);
        (*m)->dim[i]->size = s->dim[i];
    }
    return NULL;
}

/* ---- tensors in ---- */

/* Strings as content: every length as a varint, then all the bytes. */
static struct status *strings_from_content(ProtobufCBinaryData c, struct tensor *t)
{
    const uint8_t *length = c.data, *end = c.data + c.len, *text = c.data;
    int64_t n = tensor_count(t);
    for (int64_t i = 0; i < n; text++) {
        ENSURE(text < end, "Cannot parse tensor from proto: %lld strings are missing",
               (long long)(n - i));
        i += *text < 128;
    }
    for (int64_t i = 0; i < n; i++) {
        uint64_t size = 0;
        for (int shift = 0;; shift += 7) {
            ENSURE(shift < 64, "Cannot parse tensor from proto: a string's length is malformed");
            size |= (uint64_t)(*length & 127) << shift;
            if (*length++ < 128)
                break;
        }
        ENSURE(size <= (uint64_t)(end - text), "Cannot parse tensor from proto: string %lld ends "
               "past the content", (long long)i);
        if (!tstring_set((struct tstring *)t->data + i, (const char *)text, size))
            return status_no_memory();
        text += size;
    }
    ENSURE(text == end, "Cannot parse tensor from proto: more content than its strings need");
    return NULL;
}

static struct status *from_content(const Wire__TensorProto *m, struct tensor *t)
{
    ProtobufCBinaryData c = m->tensor_content;
    if (t->dtype == DT_STRING)
        return strings_from_content(c, t);
    if (t->dtype == DT_BOOL)            /* nothing but 0 and 1 may be in a bool */
        for (size_t i = 0; i < c.len; i++)
            ((bool *)t->data)[i] = c.data[i] != 0;
    else
        memcpy(t->data, c.data, c.len);
    return NULL;
}

static struct status *strings_from_field(const Wire__TensorProto *m, struct tensor *t)
{
    size_t n = (size_t)tensor_count(t), last = m->n_string_val - 1;
    for (size_t i = 0; i < n && m->n_string_val; i++) {
        ProtobufCBinaryData s = m->string_val[i < last ? i : last];
        if (!tstring_set((struct tstring *)t->data + i, (const char *)s.data, s.len))
            return status_no_memory();
    }
    return NULL;
}

/* Values of a typed field: `width` bytes each, given as `per` items an element. */
struct field { const void *values; size_t n; int width, per; };

static struct field field_of(const Wire__TensorProto *m, enum dtype t)
{
    switch (t) {
    case DT_FLOAT: return (struct field){ m->float_val, m->n_float_val, 4, 1 };
    case DT_DOUBLE: return (struct field){ m->double_val, m->n_double_val, 8, 1 };
    case DT_COMPLEX64: return (struct field){ m->scomplex_val, m->n_scomplex_val, 4, 2 };
    case DT_COMPLEX128: return (struct field){ m->dcomplex_val, m->n_dcomplex_val, 8, 2 };
    case DT_HALF: case DT_BFLOAT16: return (struct field){ m->half_val, m->n_half_val, 4, 1 };
    case DT_INT64: return (struct field){ m->int64_val, m->n_int64_val, 8, 1 };
    case DT_UINT32: return (struct field){ m->uint32_val, m->n_uint32_val, 4, 1 };
    case DT_UINT64: return (struct field){ m->uint64_val, m->n_uint64_val, 8, 1 };
    case DT_BOOL: return (struct field){ m->bool_val, m->n_bool_val, sizeof *m->bool_val, 1 };
    default: return (struct field){ m->int_val, m->n_int_val, 4, 1 };
    }
}

/* The value of element i, narrowed: the low bytes of a field's value, which is little endian. */
static void put_element(struct tensor *t, size_t i, const struct field *f, size_t from)
{
    size_t size = dtype_size(t->dtype);
    const char *value = (const char *)f->values + from * (size_t)(f->width * f->per);
    if (t->dtype == DT_BOOL)
        ((bool *)t->data)[i] = ((const protobuf_c_boolean *)f->values)[from] != 0;
    else
        memcpy((char *)t->data + i * size, value, size);
}

static void from_field(const Wire__TensorProto *m, struct tensor *t)
{
    struct field f = field_of(m, t->dtype);
    size_t n = (size_t)tensor_count(t), given = f.n / (size_t)f.per;
    if (!given && n)
        memset(t->data, 0, tensor_bytes(t));
    for (size_t i = 0; i < n && given; i++)
        put_element(t, i, &f, i < given ? i : given - 1);
}

/* Before memory is taken for what a shape claims. */
static struct status *check_content(const Wire__TensorProto *m, enum dtype dtype,
                                    const struct shape *s)
{
    size_t has = m->tensor_content.len, claims = dtype_size(dtype);
    for (int i = 0; i < s->rank; i++)
        if (__builtin_mul_overflow(claims, (size_t)s->dim[i], &claims))
            claims = SIZE_MAX;
    ENSURE(!has || dtype == DT_STRING || has == claims, "Cannot parse tensor from proto: %zu bytes "
           "of content where %s%s has %zu", has, dtype_name(dtype), SHAPE_STR(s), claims);
    return NULL;
}

struct status *tensor_from_proto(const Wire__TensorProto *m, struct tensor *t)
{
    struct shape s = SHAPE_SCALAR;
    *t = (struct tensor){ 0 };
    if (m->tensor_shape)
        TRY(shape_from_proto(m->tensor_shape, &s));
    ENSURE(shape_is_known(&s), "Cannot parse tensor from proto: its shape is %s", SHAPE_STR(&s));
    enum dtype dtype = (enum dtype)m->dtype;
    ENSURE(dtype_size(dtype) && dtype < DT_COUNT,
           "Cannot parse tensor from proto: dtype %d is unknown", dtype);
    if (dtype == DT_RESOURCE || dtype == DT_VARIANT)
        return status_new(UNIMPLEMENTED, "Cannot parse tensor from proto: %s values do not travel",
                          dtype_name(dtype));
    TRY(check_content(m, dtype, &s));
    TRY(tensor_new(t, NULL, dtype, &s));
    struct status *st = NULL;
    if (m->tensor_content.len)
        st = from_content(m, t);
    else if (t->dtype == DT_STRING)
        st = strings_from_field(m, t);
    else
        from_field(m, t);
    if (st)
        tensor_unref(t);
    return st;
}

/* ---- tensors out ---- */

static struct status *strings_to_proto(struct arena *a, const struct tensor *t,
                                       Wire__TensorProto *m)
{
    m->n_string_val = (size_t)tensor_count(t);
    NEED(m->string_val = arena_array(a, ProtobufCBinaryData, m->n_string_val));
    for (size_t i = 0; i < m->n_string_val; i++) {
        const struct tstring *s = (const struct tstring *)t->data + i;
        m->string_val[i].data = (uint8_t *)tstring_data(s);
        m->string_val[i].len = tstring_len(s);
    }
    return NULL;
}

static struct status *begin_proto(struct arena *a, const struct tensor *t, Wire__TensorProto **to)
{
    NEED(*to = arena_new(a, Wire__TensorProto));
    wire__tensor_proto__init(*to);
    (*to)->dtype = (Wire__DataType)t->dtype;
    return shape_to_proto(a, &t->shape, &(*to)->tensor_shape);
}

struct status *tensor_to_content(struct arena *a, const struct tensor *t, Wire__TensorProto **to)
{
    TRY(begin_proto(a, t, to));
    if (t->dtype == DT_STRING)
        return strings_to_proto(a, t, *to);
    if (tensor_count(t))
        (*to)->tensor_content = (ProtobufCBinaryData){ tensor_bytes(t), t->data };
    return NULL;
}

struct status *tensor_to_proto(struct arena *a, const struct tensor *t, Wire__TensorProto **to)
{
    if (tensor_count(t) != 1 || t->dtype == DT_STRING)
        return tensor_to_content(a, t, to);
    TRY(begin_proto(a, t, to));
    Wire__TensorProto *m = *to;
    switch ((int)t->dtype) {
    case DT_FLOAT:  m->n_float_val = 1;  m->float_val = t->data;  return NULL;
    case DT_DOUBLE: m->n_double_val = 1; m->double_val = t->data; return NULL;
    case DT_INT32:  m->n_int_val = 1;    m->int_val = t->data;    return NULL;
    case DT_INT64:  m->n_int64_val = 1;  m->int64_val = t->data;  return NULL;
    }
    m->tensor_content = (ProtobufCBinaryData){ tensor_bytes(t), t->data };
    return NULL;
}
