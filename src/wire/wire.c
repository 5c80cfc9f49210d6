#include "wire/wire.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* ---- the walk before the decoding ---- */

struct walk { const uint8_t *at, *end; };

static bool read_varint(struct walk *w, uint64_t *v)
{
    *v = 0;
    for (int shift = 0; shift < 70 && w->at < w->end; shift += 7) {
        uint8_t byte = *w->at++;
        if (shift < 64)
            *v |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return true;
    }
    return false;
}

static bool skip_bytes(struct walk *w, uint64_t n)
{
    if (n > (uint64_t)(w->end - w->at))
        return false;
    w->at += n;
    return true;
}

static const ProtobufCMessageDescriptor *message_of(const ProtobufCMessageDescriptor *d,
                                                    uint64_t tag)
{
    const ProtobufCFieldDescriptor *f =
        tag < 1u << 29 ? protobuf_c_message_descriptor_get_field(d, (unsigned)tag) : NULL;
    return f && f->type == PROTOBUF_C_TYPE_MESSAGE ? f->descriptor : NULL;
}

static struct status *walk_message(struct walk w, const ProtobufCMessageDescriptor *d, int depth)
{
    ENSURE(depth < WIRE_DEPTH, "messages are nested more than %d deep", WIRE_DEPTH);
    while (w.at < w.end) {
        uint64_t key, v = 0;
        const ProtobufCMessageDescriptor *inner;
        bool fine = read_varint(&w, &key) && key >> 3;
        switch (key & 7) {
        case 0: fine = fine && read_varint(&w, &v); break;
        case 1: fine = fine && skip_bytes(&w, 8); break;
        case 5: fine = fine && skip_bytes(&w, 4); break;
        case 2: fine = fine && read_varint(&w, &v) && skip_bytes(&w, v); break;
        default: fine = false;
        }
        ENSURE(fine, "the bytes are not a protocol buffer");
        if ((key & 7) == 2 && (inner = message_of(d, key >> 3)))
            TRY(walk_message((struct walk){ w.at - v, w.at }, inner, depth + 1));
    }
    return NULL;
}

/* ---- decoding ---- */

struct store { struct arena *arena; bool failed; };

static void *store_alloc(void *ctx, size_t bytes)
{
    struct store *s = ctx;
    void *p = arena_alloc(s->arena, bytes);
    s->failed |= !p;
    return p;
}

static void store_free(void *ctx, void *p)
{
    (void)ctx;
    (void)p;
}

struct status *wire_decode(struct arena *a, const ProtobufCMessageDescriptor *d,
                           const void *bytes, size_t n, void *message)
{
    struct store s = { .arena = a };
    ProtobufCAllocator allocator = { store_alloc, store_free, &s };
    ENSURE(n <= WIRE_MOST, "%zu bytes are too many for a protocol buffer", n);
    TRY(walk_message((struct walk){ bytes, (const uint8_t *)bytes + n }, d, 0));
    ProtobufCMessage *m = protobuf_c_message_unpack(d, &allocator, n, bytes);
    if (!m && s.failed)
        return status_no_memory();
    ENSURE(m, "the bytes are not a protocol buffer of type %s", d->short_name);
    memcpy(message, &m, sizeof m);
    return NULL;
}

struct status *wire_encode(const ProtobufCMessage *m, void **bytes, size_t *n)
{
    *n = protobuf_c_message_get_packed_size(m);
    ENSURE(*n <= WIRE_MOST, "%s cannot be larger than 2GB.", m->descriptor->short_name);
    NEED(*bytes = mem_alloc(*n));
    protobuf_c_message_pack(m, *bytes);
    return NULL;
}
