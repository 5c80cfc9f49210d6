#include "tensor/tensor.h"
#include "base/str.h"
#include "tensor/tstring.h"
#include "tensor/variant.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct status *tensor_new(struct tensor *t, struct buffer_pool *pool, enum dtype dtype,
                          const struct shape *shape)
{
    int64_t count = 1, extent = 1;
    size_t bytes;
    bool fits = shape->rank >= 0 && shape->rank <= MAX_RANK;
    for (int i = 0; i < shape->rank && fits; i++) {
        int64_t d = shape->dim[i];
        fits = d >= 0 && !__builtin_mul_overflow(extent, d + !d, &extent);
        count = fits ? count * d : 0;
    }
    if (__builtin_expect(!fits, 0)) {
        TRY(shape_check(shape));
        ENSURE(false, "Shape %s is too large", SHAPE_STR(shape));
    }
    struct buffer *b = NULL;
    if (!__builtin_mul_overflow(count, dtype_size(dtype), &bytes))
        b = buffer_new(pool, bytes, dtype);
    if (!b)
        return status_new(RESOURCE_EXHAUSTED,
                          "OOM when allocating tensor with shape%s and type %s",
                          SHAPE_STR(shape), dtype_name(dtype));
    t->buf = b;
    t->data = b->data;
    t->dtype = dtype;
    t->shape = *shape;
    return NULL;
}

static void share_variants(struct variant **to, struct variant *const *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        struct variant *had = to[i];
        to[i] = variant_ref(from[i]);
        variant_unref(had);
    }
}

struct status *tensor_copy_elements(struct tensor *to, int64_t to_at, const struct tensor *from,
                                    int64_t from_at, int64_t n)
{
    size_t size = dtype_size(from->dtype);
    if (from->dtype == DT_STRING) {
        const struct tstring *src = (const struct tstring *)from->data + from_at;
        struct tstring *dst = (struct tstring *)to->data + to_at;
        for (int64_t i = 0; i < n; i++)
            if (!tstring_copy(&dst[i], &src[i]))
                return status_no_memory();
    } else if (from->dtype == DT_VARIANT) {
        share_variants((struct variant **)to->data + to_at,
                       (struct variant *const *)from->data + from_at, n);
    } else if (from->dtype == DT_RESOURCE) {
        buffer_share_resources((struct resource **)to->data + to_at,
                               (struct resource *const *)from->data + from_at, n);
    } else if (n) {
        memcpy((char *)to->data + (size_t)to_at * size,
               (const char *)from->data + (size_t)from_at * size, (size_t)n * size);
    }
    return NULL;
}

struct status *tensor_copy(struct tensor *to, struct buffer_pool *pool, const struct tensor *from)
{
    struct tensor t;
    TRY(tensor_new(&t, pool, from->dtype, &from->shape));
    struct status *st = tensor_copy_elements(&t, 0, from, 0, tensor_count(from));
    if (st)
        tensor_unref(&t);
    else
        *to = t;
    return st;
}

struct status *tensor_keep(struct tensor *to, struct buffer_pool *pool, const struct tensor *from)
{
    if (from->buf && buffer_is_foreign(from->buf))
        return tensor_copy(to, pool, from);
    *to = tensor_ref(from);
    return NULL;
}

double tensor_double(const struct tensor *t, int64_t i)
{
    switch (t->dtype) {
    case DT_FLOAT: return ((const float *)t->data)[i];
    case DT_DOUBLE: return ((const double *)t->data)[i];
    case DT_HALF: return half_load(((const struct half *)t->data)[i]);
    case DT_BFLOAT16: return bfloat16_load(((const struct bfloat16 *)t->data)[i]);
    case DT_COMPLEX64: return ((const struct c64 *)t->data)[i].re;
    case DT_COMPLEX128: return ((const struct c128 *)t->data)[i].re;
    case DT_UINT64: return (double)((const uint64_t *)t->data)[i];
    default: return (double)tensor_int(t, i);
    }
}

static int64_t clamped(double v)
{
    return v != v ? 0 : v >= 0x1p63 ? INT64_MAX : v < -0x1p63 ? INT64_MIN : (int64_t)v;
}

int64_t tensor_int(const struct tensor *t, int64_t i)
{
    switch (t->dtype) {
    case DT_BOOL: return ((const bool *)t->data)[i];
    case DT_INT8: case DT_QINT8: return ((const int8_t *)t->data)[i];
    case DT_INT16: case DT_QINT16: return ((const int16_t *)t->data)[i];
    case DT_INT32: case DT_QINT32: return ((const int32_t *)t->data)[i];
    case DT_INT64: return ((const int64_t *)t->data)[i];
    case DT_UINT8: case DT_QUINT8: return ((const uint8_t *)t->data)[i];
    case DT_UINT16: case DT_QUINT16: return ((const uint16_t *)t->data)[i];
    case DT_UINT32: return ((const uint32_t *)t->data)[i];
    case DT_UINT64: return (int64_t)((const uint64_t *)t->data)[i];
    case DT_STRING: case DT_RESOURCE: case DT_VARIANT: return 0;
    default: return clamped(tensor_double(t, i));
    }
}

void tensor_set_double(struct tensor *t, int64_t i, double v)
{
    switch (t->dtype) {
    case DT_FLOAT: ((float *)t->data)[i] = (float)v; break;
    case DT_DOUBLE: ((double *)t->data)[i] = v; break;
    case DT_HALF: ((struct half *)t->data)[i] = half_store((float)v); break;
    case DT_BFLOAT16: ((struct bfloat16 *)t->data)[i] = bfloat16_store((float)v); break;
    case DT_COMPLEX64: ((struct c64 *)t->data)[i] = (struct c64){ (float)v, 0 }; break;
    case DT_COMPLEX128: ((struct c128 *)t->data)[i] = (struct c128){ v, 0 }; break;
    case DT_BOOL: ((bool *)t->data)[i] = v != 0; break;
    case DT_INT8: case DT_QINT8: ((int8_t *)t->data)[i] = (int8_t)clamped(v); break;
    case DT_INT16: case DT_QINT16: ((int16_t *)t->data)[i] = (int16_t)clamped(v); break;
    case DT_INT32: case DT_QINT32: ((int32_t *)t->data)[i] = (int32_t)clamped(v); break;
    case DT_INT64: ((int64_t *)t->data)[i] = clamped(v); break;
    case DT_UINT8: case DT_QUINT8: ((uint8_t *)t->data)[i] = (uint8_t)clamped(v); break;
    case DT_UINT16: case DT_QUINT16: ((uint16_t *)t->data)[i] = (uint16_t)clamped(v); break;
    case DT_UINT32: ((uint32_t *)t->data)[i] = (uint32_t)clamped(v); break;
    case DT_UINT64:
        ((uint64_t *)t->data)[i] = v >= 0x1p63 ? (uint64_t)v : (uint64_t)clamped(v);
        break;
    default: break;
    }
}

/* ---- printing ---- */

static void print_bytes(const struct tstring *s, struct str *to)
{
    const char *data = tstring_data(s);
    str_puts(to, "b'");
    for (size_t i = 0; i < tstring_len(s); i++)
        if (data[i] == '\'' || data[i] == '\\')
            str_printf(to, "\\%c", data[i]);
        else if (isprint((unsigned char)data[i]))
            str_add(to, &data[i], 1);
        else
            str_printf(to, "\\x%02x", (unsigned char)data[i]);
    str_puts(to, "'");
}

/* Shortest text that reads back as the same number, with a point, as NumPy prints it. */
static void print_float(double v, bool single, struct str *to)
{
    char text[40];
    int digits = 1, most = single ? 9 : 17;
    if (v != v || isinf(v)) {
        str_puts(to, v != v ? "nan" : v < 0 ? "-inf" : "inf");
        return;
    }
    do
        snprintf(text, sizeof text, "%.*g", digits, v);
    while (digits++ < most && (single ? strtof(text, NULL) != (float)v : strtod(text, NULL) != v));
    str_puts(to, text);
    if (!strpbrk(text, ".e"))
        str_puts(to, ".0");
}

static void print_element(const struct tensor *t, int64_t i, struct str *to)
{
    if (t->dtype == DT_STRING) {
        print_bytes((const struct tstring *)t->data + i, to);
    } else if (t->dtype == DT_BOOL) {
        str_puts(to, tensor_int(t, i) ? "True" : "False");
    } else if (t->dtype == DT_UINT64) {
        str_printf(to, "%llu", (unsigned long long)((const uint64_t *)t->data)[i]);
    } else if (dtype_is_complex(t->dtype)) {
        bool single = t->dtype == DT_COMPLEX64;
        double im = single ? ((const struct c64 *)t->data)[i].im
                           : ((const struct c128 *)t->data)[i].im;
        print_float(tensor_double(t, i), single, to);
        if (!signbit(im))
            str_puts(to, "+");
        print_float(im, single, to);
        str_puts(to, "j");
    } else if (dtype_is_floating(t->dtype)) {
        print_float(tensor_double(t, i), t->dtype != DT_DOUBLE, to);
    } else if (t->dtype == DT_RESOURCE || t->dtype == DT_VARIANT) {
        str_printf(to, "<%s>", dtype_name(t->dtype));
    } else {
        str_printf(to, "%lld", (long long)tensor_int(t, i));
    }
}

static void print_dim(const struct tensor *t, int axis, int64_t at, int64_t most, struct str *to)
{
    if (axis == t->shape.rank) {
        print_element(t, at, to);
        return;
    }
    int64_t n = t->shape.dim[axis], stride = shape_span(&t->shape, axis + 1, t->shape.rank);
    str_puts(to, "[");
    for (int64_t i = 0; i < n && i < most; i++) {
        str_puts(to, i ? " " : "");
        print_dim(t, axis + 1, at + i * stride, most, to);
    }
    str_puts(to, n > most ? " ...]" : "]");
}

void tensor_print(const struct tensor *t, int64_t most, struct str *to)
{
    if (!t->buf)
        str_puts(to, "<empty>");
    else
        print_dim(t, 0, 0, most, to);
}
