#include "ops/key.h"

#include "op/each.h"
#include "tensor/tstring.h"

#include <string.h>

static struct key key_number(double v)
{
    struct key k = { 0, 0, v != v };
    v = v == 0 ? 0 : v;
    memcpy(&k.a, &v, sizeof v);
    return k;
}

static struct key key_complex(double re, double im)
{
    struct key a = key_number(re), b = key_number(im);
    return (struct key){ a.a, b.a, a.never || b.never };
}

static struct key key_1(const void *x, int64_t i)
{ return (struct key){ .a = ((const uint8_t *)x)[i] }; }
static struct key key_2(const void *x, int64_t i)
{ return (struct key){ .a = ((const uint16_t *)x)[i] }; }
static struct key key_4(const void *x, int64_t i)
{ return (struct key){ .a = ((const uint32_t *)x)[i] }; }
static struct key key_8(const void *x, int64_t i)
{ return (struct key){ .a = ((const uint64_t *)x)[i] }; }
static struct key key_f16(const void *x, int64_t i)
{ return key_number(half_load(((const struct half *)x)[i])); }
static struct key key_bf16(const void *x, int64_t i)
{ return key_number(bfloat16_load(((const struct bfloat16 *)x)[i])); }
static struct key key_f32(const void *x, int64_t i)
{ return key_number(((const float *)x)[i]); }
static struct key key_f64(const void *x, int64_t i)
{ return key_number(((const double *)x)[i]); }
static struct key key_c64(const void *x, int64_t i)
{ return key_complex(((const struct c64 *)x)[i].re, ((const struct c64 *)x)[i].im); }
static struct key key_c128(const void *x, int64_t i)
{ return key_complex(((const struct c128 *)x)[i].re, ((const struct c128 *)x)[i].im); }

static struct key key_str(const void *x, int64_t i)
{
    const struct tstring *s = (const struct tstring *)x + i;
    const unsigned char *p = (const unsigned char *)tstring_data(s);
    uint64_t h = 14695981039346656037u;
    for (size_t n = tstring_len(s); n; n--)
        h = (h ^ *p++) * 1099511628211u;
    return (struct key){ .a = h, .b = tstring_len(s) };
}

static key_fn *const keys[DT_COUNT] = {
    FLOATS(key), COMPLEXES(key), [DT_STRING] = key_str, [DT_BOOL] = key_1,
    [DT_INT8] = key_1, [DT_UINT8] = key_1, [DT_INT16] = key_2, [DT_UINT16] = key_2,
    [DT_INT32] = key_4, [DT_UINT32] = key_4, [DT_INT64] = key_8, [DT_UINT64] = key_8,
    [DT_QINT8] = key_1, [DT_QUINT8] = key_1, [DT_QINT16] = key_2, [DT_QUINT16] = key_2,
    [DT_QINT32] = key_4, [DT_RESOURCE] = key_8, [DT_VARIANT] = key_8
};

key_fn *key_of(enum dtype t)
{
    return keys[t];
}

bool key_same(key_fn *key, enum dtype t, const void *x, int64_t i, const void *y, int64_t j)
{
    struct key a = key(x, i), b = key(y, j);
    if (a.a != b.a || a.b != b.b || a.never || b.never)
        return false;
    return t != DT_STRING || tstring_equal((const struct tstring *)x + i,
                                           (const struct tstring *)y + j);
}
