#include "test/chance.h"
#include "tensor/tstring.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define COUNT(a) (int64_t)(sizeof(a) / sizeof *(a))

/* SplitMix64. */
uint64_t chance_next(struct chance *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

int64_t chance_below(struct chance *r, int64_t n)
{
    return (int64_t)(chance_next(r) % (uint64_t)n);
}

bool chance_is_absurd(struct chance *r) { return r->absurd && chance_one_in(r, r->absurd); }

void chance_init(struct chance *r, uint64_t seed)
{
    static const int absurd[] = { 0, 0, 40, 10, 3 };
    *r = (struct chance){ .state = seed };
    r->absurd = absurd[chance_below(r, COUNT(absurd))];
    r->rank = (int)chance_below(r, chance_one_in(r, 4) ? MAX_RANK + 1 : 5);
    r->most = chance_one_in(r, 60) ? 1 << 17 : 1 << 10;
    for (int i = 0; i < CHANCE_DIMS; i++)
        r->dim[i] = chance_one_in(r, 12) ? 0 : 1 + chance_below(r, chance_one_in(r, 6) ? 40 : 6);
}

/* ---- numbers ---- */

int64_t chance_int(struct chance *r)
{
    static const int64_t absurd[] = {
        INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1, INT32_MIN, INT32_MAX, INT32_MAX + 1ll,
        1ll << 32, 1ll << 40, 1ll << 61, 1ll << 62, -(1ll << 62), 65535, 65536, 255, 256, 127, -128,
        46341, 3037000500, 1000000, 100000000, -1000000
    };
    if (chance_is_absurd(r))
        return chance_one_in(r, 4) ? (int64_t)chance_next(r)
                                   : absurd[chance_below(r, COUNT(absurd))];
    switch (chance_below(r, 4)) {
    case 0: return r->dim[chance_below(r, CHANCE_DIMS)];
    case 1: return chance_below(r, 3) - 1;
    default: return chance_below(r, 5);
    }
}

double chance_float(struct chance *r)
{
    static const double absurd[] = {
        NAN, INFINITY, -INFINITY, 1e30, -1e30, 1e308, -1e308, 1e-310, 1e-40, 65504, 1e5, 2147483648,
        9223372036854775807.0, -9223372036854775808.0, 1e19, -0.0
    };
    static const double plain[] = { 0, 1, -1, 0.5, 2, 3, 10, 0.1 };
    if (chance_is_absurd(r))
        return absurd[chance_below(r, COUNT(absurd))];
    if (chance_one_in(r, 4))
        return plain[chance_below(r, COUNT(plain))];
    return (double)chance_below(r, 1 << 20) / (1 << 19) - (chance_one_in(r, 2) ? 1 : 0);
}

const char *chance_text(struct chance *r, size_t *n)
{
    static const char *const words[] = {
        "", "a", "b", "0", "12", "-1.5", "1e400", "nan", "true", "a,b,c", "1,2,\"x\"", "x y  z",
        ",", "%d", "[a-z]+", "(", "\\1", "ij,jk->ik", "...", "utf-8", "SAME", "VALID", "NHWC",
        "sum", "\xc3\xa9", "\xff\xfe", "99999999999999999999", "float32", "{\"a\": 1}",
    };
    static const char *const names[] = { "a", "b", "file", "some_name", "0" };
    static char bytes[512];
    if (r->plain_text) {
        const char *name = names[chance_below(r, COUNT(names))];
        *n = strlen(name);
        return name;
    }
    if (!chance_is_absurd(r)) {
        const char *word = words[chance_below(r, COUNT(words))];
        *n = strlen(word);
        return word;
    }
    *n = (size_t)chance_below(r, chance_one_in(r, 3) ? (int64_t)sizeof bytes : 30);
    for (size_t i = 0; i < *n; i++)
        bytes[i] = (char)chance_next(r);
    return bytes;
}

/* ---- shapes ---- */

static int64_t chance_dim(struct chance *r)
{
    if (chance_one_in(r, 8))
        return chance_below(r, 3);
    return r->dim[chance_below(r, CHANCE_DIMS)];
}

/* None of a tensor without elements is too large, unless their product overflows. */
static void make_absurd(struct chance *r, struct shape *s)
{
    static const int64_t absurd[] = { 1ll << 20, 1ll << 31, 1ll << 33, 1ll << 61, INT64_MAX };
    for (int i = 0; i < s->rank; i++)
        if (chance_one_in(r, 2))
            s->dim[i] = absurd[chance_below(r, COUNT(absurd))];
    s->dim[chance_below(r, s->rank)] = 0;
}

struct shape chance_shape(struct chance *r)
{
    struct shape s = { .rank = chance_one_in(r, 3) ? (int)chance_below(r, 5) : r->rank };
    if (chance_is_absurd(r))
        s.rank = (int)chance_below(r, MAX_RANK + 1);
    for (int i = 0; i < s.rank; i++)
        s.dim[i] = chance_dim(r);
    if (s.rank && chance_is_absurd(r) && chance_one_in(r, 4))
        make_absurd(r, &s);
    bool any = true;
    for (int i = 0; i < s.rank; i++)
        any &= s.dim[i] != 0;
    for (int i = 0; i < s.rank && any; i++)
        if (shape_span(&s, 0, i + 1) > r->most)
            s.dim[i] = 1;
    struct status *st = shape_check(&s);
    if (st)
        s = SHAPE(0);
    status_free(st);
    return s;
}

/* ---- values ---- */

static void set_int(struct tensor *t, int64_t i, int64_t v)
{
    memcpy((char *)t->data + (size_t)i * dtype_size(t->dtype), &v, dtype_size(t->dtype));
}

struct status *chance_element(struct chance *r, struct tensor *t, int64_t i)
{
    size_t n;
    const char *text;
    switch (t->dtype) {
    case DT_HALF: case DT_BFLOAT16: case DT_FLOAT: case DT_DOUBLE:
        tensor_set_double(t, i, chance_float(r));
        return NULL;
    case DT_COMPLEX64:
        ((struct c64 *)t->data)[i] = (struct c64){ (float)chance_float(r), (float)chance_float(r) };
        return NULL;
    case DT_COMPLEX128:
        ((struct c128 *)t->data)[i] = (struct c128){ chance_float(r), chance_float(r) };
        return NULL;
    case DT_BOOL:
        ((bool *)t->data)[i] = chance_one_in(r, 2);
        return NULL;
    case DT_STRING:
        text = chance_text(r, &n);
        return tstring_set((struct tstring *)t->data + i, text, n) ? NULL : status_no_memory();
    case DT_RESOURCE: case DT_VARIANT:
        return NULL;
    default:
        set_int(t, i, chance_int(r));
        return NULL;
    }
}

/* Integers that mean something as a whole. */
static bool chance_list(struct chance *r, struct tensor *t)
{
    int64_t n = tensor_count(t), at = 0, most = 1 + chance_below(r, 6);
    switch (chance_below(r, 6)) {
    case 0:                             /* sorted, as segments are */
        for (int64_t i = 0; i < n; i++)
            set_int(t, i, at += chance_one_in(r, 2));
        return true;
    case 1:                             /* a permutation */
        for (int64_t i = 0; i < n; i++)
            set_int(t, i, i);
        for (int64_t i = n; i > 1 && chance_one_in(r, 2); i--) {
            int64_t other = chance_below(r, i), a = tensor_int(t, i - 1), b = tensor_int(t, other);
            set_int(t, i - 1, b);
            set_int(t, other, a);
        }
        return true;
    case 2:                             /* indices */
        for (int64_t i = 0; i < n; i++)
            set_int(t, i, chance_below(r, most));
        return true;
    case 3:                             /* sizes */
        for (int64_t i = 0; i < n; i++)
            set_int(t, i, r->dim[chance_below(r, CHANCE_DIMS)]);
        return true;
    default:
        return false;
    }
}

struct status *chance_tensor(struct chance *r, enum dtype t, const struct shape *s,
                             struct tensor *result)
{
    TRY(tensor_new(result, NULL, t, s));
    bool integer = dtype_is_integer(t);
    bool done = integer && chance_list(r, result);
    struct status *st = NULL;
    for (int64_t i = 0; !st && i < tensor_count(result); i++)
        if (!done || chance_is_absurd(r))
            st = chance_element(r, result, i);
    if (st)
        tensor_unref(result);
    return st;
}
