/* encode.c - what strings say: StringToNumber, DecodeRaw, DecodePaddedRaw, EncodeBase64,
 * DecodeBase64. */
#include "graph/graph.h"
#include "op/each.h"
#include "op/kernel.h"
#include "ops/array.h"
#include "tensor/tstring.h"

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const struct tstring *strings(const struct tensor *t) { return t->data; }

static struct status *dtype_prepare(struct prep *p)
{
    return prep_type(p, "out_type");
}

/* ---- StringToNumber ---- */

/* Spaces around a number are no harm; anything else is. */
static bool is_end(const char *end, const char *stop)
{
    while (end < stop && strchr(" \t\n\v\f\r", *end) && *end)
        end++;
    return end == stop;
}

static locale_t plain;

static void plain_open(void) { plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

/* A comma is no decimal point, wherever the program runs. */
static bool parse_float(const char *s, size_t n, double *v)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    char *end;
    pthread_once(&once, plain_open);
    *v = strtod_l(s, &end, plain);
    return n && end != s && is_end(end, s + n);
}

static bool parse_int(const char *s, size_t n, int64_t *v)
{
    char *end;
    errno = 0;
    *v = strtoll(s, &end, 10);
    return n && end != s && !errno && is_end(end, s + n);
}

/* What is too small for a normal float is 0, as in TensorFlow. */
static float narrow(double v)
{
    float f = (float)v;
    return fabsf(f) < FLT_MIN ? copysignf(0, f) : f;
}

static bool to_number(const char *s, size_t n, struct tensor *y, int64_t i)
{
    double d = 0;
    int64_t v = 0;
    bool ok = y->dtype == DT_FLOAT || y->dtype == DT_DOUBLE ? parse_float(s, n, &d)
              : parse_int(s, n, &v);
    switch (y->dtype) {
    case DT_FLOAT: ((float *)y->data)[i] = narrow(d); break;
    case DT_DOUBLE: ((double *)y->data)[i] = d; break;
    case DT_INT32: ((int32_t *)y->data)[i] = (int32_t)v; break;
    default: ((int64_t *)y->data)[i] = v; break;
    }
    return ok && (y->dtype != DT_INT32 || v == (int32_t)v);
}

static struct status *string_to_number(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    TRY(kernel_new(k, 0, *(const enum dtype *)k->state, &x->shape));
    for (int64_t i = 0; i < tensor_count(x); i++)
        ENSURE(to_number(tstring_data(strings(x) + i), tstring_len(strings(x) + i),
                         kernel_out(k, 0), i),
               "StringToNumberOp could not correctly convert string: %.200s",
               tstring_data(strings(x) + i));
    return NULL;
}

/* ---- DecodeRaw: one more dimension, of the numbers that the bytes are ---- */

struct raw { enum dtype t; bool swap; };

static struct status *raw_prepare(struct prep *p)
{
    struct raw *r;
    TRY(prep_state(p, sizeof *r, &r));
    r->t = node_attr_type(p->node, "out_type");
    r->swap = !node_attr(p->node, "little_endian") && dtype_size(r->t) > 1;
    return NULL;
}

static struct status *raw_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    if (x->rank < 0)
        return NULL;
    ENSURE(x->rank < MAX_RANK, "Shape must be at most rank %d but is rank %d", MAX_RANK - 1,
           x->rank);
    *shape_out(c, 0) = *x;
    shape_out(c, 0)->dim[shape_out(c, 0)->rank++] = -1;
    return NULL;
}

static void swap_bytes(char *s, size_t n, size_t size)
{
    for (; n >= size; n -= size, s += size)
        for (size_t i = 0; i < size / 2; i++) {
            char t = s[i];
            s[i] = s[size - 1 - i];
            s[size - 1 - i] = t;
        }
}

static struct status *decode_raw(struct kernel *k)
{
    const struct raw *r = k->state;
    const struct tensor *x = kernel_in(k, 0);
    struct shape y = x->shape;
    size_t size = dtype_size(r->t), each = tensor_count(x) ? tstring_len(strings(x)) : 0;
    ENSURE(y.rank < MAX_RANK, "input must be at most %d-dimensional", MAX_RANK - 1);
    for (int64_t i = 1; i < tensor_count(x); i++)
        ENSURE(tstring_len(strings(x) + i) == each, "DecodeRaw requires input strings to all be "
               "the same size, but element %lld has size %zu != %zu", (long long)i, each,
               tstring_len(strings(x) + i));
    ENSURE(each % size == 0, "Input to DecodeRaw has length %zu that is not a multiple of %zu, "
           "the size of %s", each, size, dtype_name(r->t));
    y.dim[y.rank++] = (int64_t)(each / size);
    TRY(kernel_new(k, 0, r->t, &y));
    char *to = kernel_out(k, 0)->data;
    for (int64_t i = 0; i < tensor_count(x) && each; i++, to += each) {
        memcpy(to, tstring_data(strings(x) + i), each);
        if (r->swap)
            swap_bytes(to, each, size);
    }
    return NULL;
}

/* Strings that are shorter than fixed_length end in zeros, longer ones there. */
static struct status *padded_shape(struct shape_ctx *c)
{
    int64_t n;
    size_t size = dtype_size(node_attr_type(c->node, "out_type"));
    TRY(raw_shape(c));
    TRY(shape_in_size(c, 1, &n));
    if (n > 0 && n % (int64_t)size == 0 && shape_out(c, 0)->rank > 0)
        shape_out(c, 0)->dim[shape_out(c, 0)->rank - 1] = n / (int64_t)size;
    return NULL;
}

static struct status *decode_padded_raw(struct kernel *k)
{
    const struct raw *r = k->state;
    const struct tensor *x = kernel_in(k, 0), *length = kernel_in(k, 1);
    struct shape y = x->shape;
    size_t size = dtype_size(r->t);
    ENSURE(length->shape.rank == 0, "fixed_length should be a scalar, got shape %s",
           SHAPE_STR(&length->shape));
    int32_t fixed = *(const int32_t *)length->data;
    ENSURE(fixed > 0, "fixed_length must be greater than 0, but got %d", fixed);
    ENSURE((size_t)fixed % size == 0, "fixed_length (%d) must be a multiple of the size of "
           "out_type (%zu)", fixed, size);
    ENSURE(y.rank < MAX_RANK, "input must be at most %d-dimensional", MAX_RANK - 1);
    y.dim[y.rank++] = fixed / (int64_t)size;
    TRY(kernel_new(k, 0, r->t, &y));
    char *to = kernel_out(k, 0)->data;
    for (int64_t i = 0; i < tensor_count(x); i++, to += fixed) {
        size_t n = tstring_len(strings(x) + i);
        n = n < (size_t)fixed ? n : (size_t)fixed;
        memcpy(to, tstring_data(strings(x) + i), n);
        memset(to + n, 0, (size_t)fixed - n);
        if (r->swap)
            swap_bytes(to, (size_t)fixed, size);
    }
    return NULL;
}

/* ---- Base64, with - and _ for + and / ---- */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t encode(const unsigned char *s, size_t n, bool pad, char *to)
{
    char *begin = to;
    for (; n; n -= n < 3 ? n : 3, s += 3) {
        uint32_t v = (uint32_t)s[0] << 16 | (n > 1 ? (uint32_t)s[1] << 8 : 0) | (n > 2 ? s[2] : 0);
        size_t there = n < 3 ? n + 1 : 4;
        for (size_t i = 0; i < 4; i++)
            if (i < there)
                *to++ = letters[v >> (18 - 6 * i) & 63];
            else if (pad)
                *to++ = '=';
    }
    return (size_t)(to - begin);
}

/* -1: not Base64. At most two = at the end, which need not be there. */
static int64_t decode(const char *s, size_t n, char *to)
{
    char *begin = to;
    uint32_t v = 0;
    int bits = 0;
    if (n % 4 == 0)
        for (int i = 0; i < 2 && n && s[n - 1] == '='; i++)
            n--;
    if (n % 4 == 1)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const char *at = s[i] ? strchr(letters, s[i]) : NULL;
        if (!at)
            return -1;
        v = v << 6 | (uint32_t)(at - letters);
        bits += 6;
        if (bits >= 8)
            *to++ = (char)(v >> (bits -= 8));
    }
    return to - begin;
}

static struct status *base64_prepare(struct prep *p)
{
    bool *pad;
    TRY(prep_state(p, sizeof *pad, &pad));
    *pad = node_attr(p->node, "pad");
    return NULL;
}

static struct status *put(struct kernel *k, int64_t i, const char *s, int64_t n)
{
    ENSURE(n >= 0, "Invalid character found in base64.");
    return tstring_set((struct tstring *)kernel_out(k, 0)->data + i, s, (size_t)n)
           ? NULL : status_no_memory();
}

/* Room for the longest result of any element. */
static struct status *room_for(struct kernel *k, size_t times, size_t by, char **room)
{
    const struct tensor *x = kernel_in(k, 0);
    size_t most = 0;
    for (int64_t i = 0; i < tensor_count(x); i++)
        if (tstring_len(strings(x) + i) > most)
            most = tstring_len(strings(x) + i);
    TRY(kernel_new(k, 0, DT_STRING, &x->shape));
    return kernel_temp(k, (most / by + 1) * times + 1, room);
}

static struct status *encode_base64(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    char *room;
    TRY(room_for(k, 4, 3, &room));
    for (int64_t i = 0; i < tensor_count(x); i++) {
        const struct tstring *s = strings(x) + i;
        size_t n = encode((const unsigned char *)tstring_data(s), tstring_len(s),
                          *(const bool *)k->state, room);
        TRY(put(k, i, room, (int64_t)n));
    }
    return NULL;
}

static struct status *decode_base64(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    char *room;
    TRY(room_for(k, 3, 4, &room));
    for (int64_t i = 0; i < tensor_count(x); i++)
        TRY(put(k, i, room, decode(tstring_data(strings(x) + i), tstring_len(strings(x) + i),
                                   room)));
    return NULL;
}

const struct op ops_encode[] = {
    { .name = "StringToNumber", .inputs = "string_tensor: string", .outputs = "output: out_type",
      .attrs = "out_type: {float, double, int32, int64} = float",
      .doc = "The numbers that strings say.", .shape = shape_unchanged, .grad = NO_GRADIENT,
      .prepare = dtype_prepare, .kernel_any = string_to_number },
    { .name = "DecodeRaw", .inputs = "bytes: string", .outputs = "output: out_type",
      .attrs = "out_type: {half, float, double, int32, uint16, uint8, int16, int8, int64}; "
               "little_endian: bool = true",
      .doc = "The bytes of strings of one length as numbers, in one more dimension.",
      .shape = raw_shape, .grad = NO_GRADIENT, .prepare = raw_prepare, .kernel_any = decode_raw },
    { .name = "DecodePaddedRaw", .inputs = "input_bytes: string, fixed_length: int32",
      .outputs = "output: out_type",
      .attrs = "out_type: {half, float, double, int32, uint16, uint8, int16, int8, int64}; "
               "little_endian: bool = true",
      .doc = "The first bytes of strings as numbers, in one more dimension; 0 where none are.",
      .shape = padded_shape, .grad = NO_GRADIENT, .prepare = raw_prepare,
      .kernel_any = decode_padded_raw },
    { .name = "EncodeBase64", .inputs = "input: string", .outputs = "output: string",
      .attrs = "pad: bool = false", .doc = "Strings in Base64, as it is used in addresses.",
      .shape = shape_unchanged, .grad = NOT_DIFFERENTIABLE, .prepare = base64_prepare,
      .kernel_any = encode_base64 },
    { .name = "DecodeBase64", .inputs = "input: string", .outputs = "output: string",
      .doc = "The strings that were encoded in Base64, padded or not.",
      .shape = shape_unchanged, .grad = NOT_DIFFERENTIABLE, .kernel_any = decode_base64 },
    { 0 }
};
