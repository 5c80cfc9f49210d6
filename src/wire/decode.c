/* decode.c - messages from bytes, by protobuf-c's descriptors and into its structs.
 *
 * Ours and not protobuf-c's own, so that what is nested too deeply or has a length that lies is
 * refused on the way, and so that a large constant need not be copied to be looked at. What a
 * message's type does not know is kept and written again.
 */
#include "wire/wire.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct decoder { struct arena *arena; bool borrow; };
struct input { const uint8_t *at, *end; };
struct value { uint64_t number; const uint8_t *bytes; size_t n; };      /* as it came */

enum { VARINT, FIXED64, LENGTH, FIXED32 = 5 };

static struct status *broken(void)
{
    return status_new(INVALID_ARGUMENT, "the bytes are not a protocol buffer");
}

static bool read_varint(struct input *in, uint64_t *v)
{
    *v = 0;
    for (int shift = 0; shift < 70 && in->at < in->end; shift += 7) {
        uint8_t byte = *in->at++;
        if (shift < 64)
            *v |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return true;
    }
    return false;
}

static bool take(struct input *in, uint64_t n, const uint8_t **bytes)
{
    if (n > (uint64_t)(in->end - in->at))
        return false;
    *bytes = in->at;
    in->at += n;
    return true;
}

static bool read_value(struct input *in, unsigned wire, struct value *v)
{
    const uint8_t *start = in->at;
    v->n = wire == FIXED64 ? 8 : 4;
    switch (wire) {
    case VARINT:
        v->bytes = start;
        if (!read_varint(in, &v->number))
            return false;
        v->n = (size_t)(in->at - start);
        return true;
    case FIXED64: case FIXED32:
        v->number = 0;
        if (!take(in, v->n, &v->bytes))
            return false;
        memcpy(&v->number, v->bytes, v->n);     /* both are little endian */
        return true;
    case LENGTH:
        if (!read_varint(in, &v->number) || !take(in, v->number, &v->bytes))
            return false;
        v->n = (size_t)v->number;
        return true;
    default:
        return false;
    }
}

/* ---- types ---- */

static unsigned wire_of(ProtobufCType t)
{
    switch (t) {
    case PROTOBUF_C_TYPE_SFIXED32: case PROTOBUF_C_TYPE_FIXED32: case PROTOBUF_C_TYPE_FLOAT:
        return FIXED32;
    case PROTOBUF_C_TYPE_SFIXED64: case PROTOBUF_C_TYPE_FIXED64: case PROTOBUF_C_TYPE_DOUBLE:
        return FIXED64;
    case PROTOBUF_C_TYPE_STRING: case PROTOBUF_C_TYPE_BYTES: case PROTOBUF_C_TYPE_MESSAGE:
        return LENGTH;
    default:
        return VARINT;
    }
}

static uint64_t zigzag(uint64_t v) { return v >> 1 ^ -(v & 1); }

static void put_number(ProtobufCType t, uint64_t v, void *to)
{
    if (t == PROTOBUF_C_TYPE_SINT32 || t == PROTOBUF_C_TYPE_SINT64)
        v = zigzag(v);
    if (t == PROTOBUF_C_TYPE_BOOL)
        *(protobuf_c_boolean *)to = v != 0;
    else
        memcpy(to, &v, wire_size(t));
}

/* ---- fields ---- */

static struct status *decode_into(struct decoder *d, struct input in, ProtobufCMessage *m,
                                  int depth);

static struct status *message_new(struct decoder *d, const ProtobufCMessageDescriptor *type,
                                  ProtobufCMessage **m)
{
    NEED(*m = arena_alloc_dirty(d->arena, type->sizeof_message));
    type->message_init(*m);
    return NULL;
}

static struct status *bytes_new(struct decoder *d, const struct value *v, ProtobufCBinaryData *to)
{
    to->len = v->n;
    to->data = (uint8_t *)v->bytes;
    if (!d->borrow)
        NEED(to->data = (uint8_t *)arena_strndup(d->arena, (const char *)v->bytes, v->n));
    return NULL;
}

/* One value of a field to where it stands; a message that is there already is added to. */
static struct status *put(struct decoder *d, const ProtobufCFieldDescriptor *f,
                          const struct value *v, void *to, int depth)
{
    ProtobufCMessage **m = to;
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        NEED(*(char **)to = arena_strndup(d->arena, (const char *)v->bytes, v->n));
        return NULL;
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_new(d, v, to);
    case PROTOBUF_C_TYPE_MESSAGE:
        if (!*m)
            TRY(message_new(d, f->descriptor, m));
        return decode_into(d, (struct input){ v->bytes, v->bytes + v->n }, *m, depth + 1);
    default:
        put_number(f->type, v->number, to);
        return NULL;
    }
}

static size_t room_for(size_t n)
{
    size_t room = 4;
    while (room < n)
        room *= 2;
    return room;
}

/* Room for `more` elements behind the field's n: arrays have room for a power of two. */
static struct status *grow(struct decoder *d, const ProtobufCFieldDescriptor *f, size_t n,
                           size_t more, void **array)
{
    size_t size = wire_size(f->type), room = n ? room_for(n) : 0;
    void *old = *array;
    if (n + more <= room)
        return NULL;
    NEED(*array = arena_alloc_dirty(d->arena, room_for(n + more) * size));
    if (n)
        memcpy(*array, old, n * size);
    return NULL;
}

static size_t count_packed(unsigned wire, const struct value *v)
{
    size_t n = 0;
    if (wire != VARINT)
        return v->n / (wire == FIXED32 ? 4 : 8);
    for (size_t i = 0; i < v->n; i++)
        n += v->bytes[i] < 128;
    return n;
}

static struct status *put_packed(struct decoder *d, const ProtobufCFieldDescriptor *f,
                                 const struct value *v, size_t *n, void **array)
{
    unsigned wire = wire_of(f->type);
    size_t size = wire_size(f->type);
    struct input in = { v->bytes, v->bytes + v->n };
    TRY(grow(d, f, *n, count_packed(wire, v), array));
    while (in.at < in.end) {
        struct value one;
        if (!read_value(&in, wire, &one))
            return broken();
        put_number(f->type, one.number, (char *)*array + (*n)++ * size);
    }
    return NULL;
}

static struct status *put_repeated(struct decoder *d, const ProtobufCFieldDescriptor *f,
                                   unsigned wire, const struct value *v, ProtobufCMessage *m,
                                   int depth)
{
    size_t *n = (size_t *)((char *)m + f->quantifier_offset), size = wire_size(f->type);
    void **array = (void **)((char *)m + f->offset);
    if (wire == LENGTH && wire_of(f->type) != LENGTH)
        return put_packed(d, f, v, n, array);
    TRY(grow(d, f, *n, 1, array));
    void *to = (char *)*array + *n * size;
    memset(to, 0, size);
    TRY(put(d, f, v, to, depth));
    ++*n;
    return NULL;
}

static struct status *put_single(struct decoder *d, const ProtobufCFieldDescriptor *f,
                                 const struct value *v, ProtobufCMessage *m, int depth)
{
    void *to = (char *)m + f->offset;
    uint32_t *which = (uint32_t *)((char *)m + f->quantifier_offset);
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        if (*which != f->id)
            memset(to, 0, wire_size(f->type));    /* another member stood there */
        *which = f->id;
    }
    return put(d, f, v, to, depth);
}

static struct status *keep_unknown(struct decoder *d, uint64_t key, const uint8_t *start,
                                   const struct input *in, ProtobufCMessage *m)
{
    size_t n = m->n_unknown_fields, len = (size_t)(in->at - start);
    ProtobufCMessageUnknownField *old = m->unknown_fields;
    if (!n || n == room_for(n)) {
        NEED(m->unknown_fields = arena_alloc_dirty(d->arena, room_for(n + 1) * sizeof *old));
        if (n)
            memcpy(m->unknown_fields, old, n * sizeof *old);
    }
    ProtobufCMessageUnknownField *f = &m->unknown_fields[n];
    *f = (ProtobufCMessageUnknownField){ (uint32_t)(key >> 3), key & 7, len, (uint8_t *)start };
    if (!d->borrow)
        NEED(f->data = arena_copy(d->arena, start, len));
    m->n_unknown_fields++;
    return NULL;
}

static bool fits(const ProtobufCFieldDescriptor *f, unsigned wire)
{
    return f && (wire_of(f->type) == wire ||
                 (wire == LENGTH && f->label == PROTOBUF_C_LABEL_REPEATED));
}

static struct status *decode_into(struct decoder *d, struct input in, ProtobufCMessage *m,
                                  int depth)
{
    ENSURE(depth < WIRE_DEPTH, "messages are nested more than %d deep", WIRE_DEPTH);
    while (in.at < in.end) {
        uint64_t key;
        struct value v;
        if (!read_varint(&in, &key) || !(key >> 3) || key >> 3 >= 1u << 29)
            return broken();
        const uint8_t *start = in.at;
        if (!read_value(&in, key & 7, &v))
            return broken();
        const ProtobufCFieldDescriptor *f =
            protobuf_c_message_descriptor_get_field(m->descriptor, (unsigned)(key >> 3));
        if (!fits(f, key & 7))
            TRY(keep_unknown(d, key, start, &in, m));
        else if (f->label == PROTOBUF_C_LABEL_REPEATED)
            TRY(put_repeated(d, f, key & 7, &v, m, depth));
        else
            TRY(put_single(d, f, &v, m, depth));
    }
    return NULL;
}

static struct status *decode(struct decoder *d, const ProtobufCMessageDescriptor *type,
                             const void *bytes, size_t n, void *message)
{
    ProtobufCMessage *m;
    ENSURE(n <= WIRE_MOST, "%zu bytes are too many for a protocol buffer", n);
    TRY(message_new(d, type, &m));
    bytes = n ? bytes : "";             /* no bytes at all may be NULL, to which nothing is added */
    TRY(decode_into(d, (struct input){ bytes, (const uint8_t *)bytes + n }, m, 0));
    memcpy(message, &m, sizeof m);
    return NULL;
}

struct status *wire_decode(struct arena *a, const ProtobufCMessageDescriptor *d,
                           const void *bytes, size_t n, void *message)
{
    return decode(&(struct decoder){ a, false }, d, bytes, n, message);
}

struct status *wire_decode_borrowed(struct arena *a, const ProtobufCMessageDescriptor *d,
                                    const void *bytes, size_t n, void *message)
{
    return decode(&(struct decoder){ a, true }, d, bytes, n, message);
}
