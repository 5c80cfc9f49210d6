/* parse.c - strings that hold tensors, or other strings: ParseTensor, SerializeTensor,
 * DecodeCompressed. */
#include "ops/parse.h"

#include "base/mem.h"
#include "graph/graph.h"
#include "graph/proto.h"
#include "op/kernel.h"
#include "ops/array.h"
#include "tensor/tstring.h"

#include <zlib.h>

/* ---- ParseTensor, SerializeTensor ---- */

static struct status *parse_shape(struct shape_ctx *c)
{
    return shape_want_rank(shape_in(c, 0), 0);
}

static struct status *type_prepare(struct prep *p)
{
    return prep_type(p, "out_type");
}

static struct status *decode(struct arena *a, const struct tstring *s, Wire__TensorProto **m)
{
    struct status *st = wire_decode(a, &wire__tensor_proto__descriptor, tstring_data(s),
                                    tstring_len(s), m);
    return status_code(st) != INVALID_ARGUMENT ? st
           : status_prefix(st, "Could not parse `serialized` as TensorProto: ");
}

struct status *tensor_of_text(const struct tstring *s, struct tensor *t)
{
    struct arena a = { 0 };
    Wire__TensorProto *m;
    struct status *st = decode(&a, s, &m);
    if (!st)
        st = tensor_from_proto(m, t);
    arena_free(&a);
    return st;
}

static struct status *parse(struct arena *a, const struct tstring *s, enum dtype want,
                            struct tensor *t)
{
    Wire__TensorProto *m;
    TRY(decode(a, s, &m));
    ENSURE((enum dtype)m->dtype == want, "Type mismatch between parsed tensor (%s) and dtype (%s)",
           dtype_name((enum dtype)m->dtype), dtype_name(want));
    return tensor_from_proto(m, t);
}

static struct status *parse_tensor(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    struct arena a = { 0 };
    struct tensor t = { 0 };
    ENSURE(x->shape.rank == 0, "Expected `serialized` to be a scalar, got shape: %s",
           SHAPE_STR(&x->shape));
    struct status *st = parse(&a, x->data, *(const enum dtype *)k->state, &t);
    arena_free(&a);
    if (!st)
        kernel_set(k, 0, t);
    return st;
}

static struct status *serialize_to(struct arena *a, const struct tensor *x, struct tstring *to)
{
    Wire__TensorProto *m;
    void *bytes;
    size_t n;
    TRY(tensor_to_content(a, x, &m));
    TRY(wire_encode(&m->base, &bytes, &n));
    bool fits = tstring_set(to, bytes, n);
    mem_free(bytes);
    return fits ? NULL : status_no_memory();
}

struct status *text_of_tensor(const struct tensor *x, struct tstring *to)
{
    struct arena a = { 0 };
    ENSURE(x->dtype != DT_RESOURCE && x->dtype != DT_VARIANT,
           "A tensor of dtype %s cannot be serialized", dtype_name(x->dtype));
    struct status *st = serialize_to(&a, x, to);
    arena_free(&a);
    return st;
}

static struct status *serialize_tensor(struct kernel *k)
{
    TRY(kernel_new(k, 0, DT_STRING, &SHAPE_SCALAR));
    return text_of_tensor(kernel_in(k, 0), kernel_out(k, 0)->data);
}

/* ---- DecodeCompressed ---- */

static struct status *compressed_prepare(struct prep *p)
{
    const char *type = node_attr_string(p->node, "compression_type");
    int *bits;                          /* of zlib's window, and its format; 0: not compressed */
    TRY(prep_state(p, sizeof *bits, &bits));
    ENSURE(!*type || !strcmp(type, "ZLIB") || !strcmp(type, "GZIP"),
           "Only ZLIB, GZIP or NONE are supported compressions");
    *bits = !*type ? 0 : *type == 'Z' ? MAX_WBITS : MAX_WBITS + 16;
    return NULL;
}

/* Room grows with what comes out, which no header is asked for. */
static struct status *inflate_all(z_stream *z, char **room, size_t *n)
{
    size_t cap = 0;
    for (int r = Z_OK; r != Z_STREAM_END;) {
        if (*n == cap) {
            char *more = mem_grow(*room, cap = cap ? 2 * cap : 4096);
            NEED(more);
            *room = more;
        }
        size_t left = cap - *n < UINT32_MAX ? cap - *n : UINT32_MAX;
        z->next_out = (Bytef *)*room + *n;
        z->avail_out = (uInt)left;
        r = inflate(z, Z_NO_FLUSH);
        *n += left - z->avail_out;
        if (r != Z_OK && r != Z_STREAM_END)
            return status_new(DATA_LOSS, "The compressed bytes are broken or end too early%s%s",
                              z->msg ? ": " : "", z->msg ? z->msg : "");
    }
    return NULL;
}

static struct status *inflate_one(const struct tstring *x, int bits, struct tstring *to)
{
    z_stream z = { .next_in = (Bytef *)tstring_data(x), .avail_in = (uInt)tstring_len(x) };
    char *room = NULL;
    size_t n = 0;
    ENSURE(tstring_len(x) <= UINT32_MAX, "4 GiB are too much to decompress at once");
    if (inflateInit2(&z, bits) != Z_OK)
        return status_no_memory();
    struct status *st = inflate_all(&z, &room, &n);
    if (!st && !tstring_set(to, room, n))
        st = status_no_memory();
    inflateEnd(&z);
    mem_free(room);
    return st;
}

static struct status *decode_compressed(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    int bits = *(const int *)k->state;
    if (!bits) {
        kernel_forward(k, 0, 0);
        return NULL;
    }
    TRY(kernel_new(k, 0, DT_STRING, &x->shape));
    for (int64_t i = 0; i < tensor_count(x); i++)
        TRY(inflate_one((const struct tstring *)x->data + i, bits,
                        (struct tstring *)kernel_out(k, 0)->data + i));
    return NULL;
}

const struct op ops_parse[] = {
    { .name = "ParseTensor", .inputs = "serialized: string", .outputs = "output: out_type",
      .attrs = "out_type: type", .doc = "The tensor that a serialized TensorProto holds.",
      .shape = parse_shape, .grad = NO_GRADIENT, .prepare = type_prepare,
      .kernel_any = parse_tensor },
    { .name = "SerializeTensor", .inputs = "tensor: T", .outputs = "serialized: string",
      .attrs = "T: type", .doc = "A tensor as a serialized TensorProto.", .shape = shape_scalar,
      .grad = NO_GRADIENT, .kernel_any = serialize_tensor },
    { .name = "DecodeCompressed", .inputs = "bytes: string", .outputs = "output: string",
      .attrs = "compression_type: string = \"\"",
      .doc = "Strings that were compressed by zlib or gzip.", .shape = shape_unchanged,
      .grad = NO_GRADIENT, .prepare = compressed_prepare, .kernel_any = decode_compressed },
    { 0 }
};
