#include "wire/wire.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct status *wire_encode(const ProtobufCMessage *m, void **bytes, size_t *n)
{
    *n = protobuf_c_message_get_packed_size(m);
    ENSURE(*n <= WIRE_MOST, "%s cannot be larger than 2GB.", m->descriptor->short_name);
    NEED(*bytes = mem_alloc(*n));
    protobuf_c_message_pack(m, *bytes);
    return NULL;
}

size_t wire_size(ProtobufCType t)
{
    switch (t) {
    case PROTOBUF_C_TYPE_INT64: case PROTOBUF_C_TYPE_SINT64: case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64: case PROTOBUF_C_TYPE_FIXED64: case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL: return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING: case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
    default: return 4;
    }
}

/* ---- maps, which are repeated entries of a key and a value ---- */

bool wire_is_map(const ProtobufCFieldDescriptor *f)
{
    if (f->label != PROTOBUF_C_LABEL_REPEATED || f->type != PROTOBUF_C_TYPE_MESSAGE)
        return false;
    const ProtobufCMessageDescriptor *d = f->descriptor;
    size_t n = strlen(d->short_name);
    return n > 5 && !strcmp(d->short_name + n - 5, "Entry") && d->n_fields == 2 &&
           !strcmp(d->fields[0].name, "key") && !strcmp(d->fields[1].name, "value");
}

static int by_text(const void *a, const void *b)
{
    const ProtobufCMessage *x = *(ProtobufCMessage *const *)a, *y = *(ProtobufCMessage *const *)b;
    unsigned at = x->descriptor->fields[0].offset;
    return strcmp(*(char *const *)((const char *)x + at), *(char *const *)((const char *)y + at));
}

static int by_number(const void *a, const void *b)
{
    const ProtobufCMessage *x = *(ProtobufCMessage *const *)a, *y = *(ProtobufCMessage *const *)b;
    unsigned at = x->descriptor->fields[0].offset;
    uint32_t i = *(const uint32_t *)((const char *)x + at);
    uint32_t k = *(const uint32_t *)((const char *)y + at);
    return (i > k) - (i < k);
}

static void sort_field(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    bool many = f->label == PROTOBUF_C_LABEL_REPEATED;
    char *at = (char *)m + f->offset;
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF &&
        *(uint32_t *)((char *)m + f->quantifier_offset) != f->id)
        return;
    size_t n = many ? *(size_t *)((char *)m + f->quantifier_offset) : 1;
    ProtobufCMessage **inner = many ? *(ProtobufCMessage ***)at : (ProtobufCMessage **)at;
    for (size_t i = 0; i < n; i++)
        if (inner[i])
            wire_sort_maps(inner[i]);
    if (!n || !wire_is_map(f))
        return;
    const ProtobufCMessageDescriptor *entry = f->descriptor;
    bool text = entry->fields[0].type == PROTOBUF_C_TYPE_STRING;
    qsort(inner, n, sizeof *inner, text ? by_text : by_number);
}

void wire_sort_maps(ProtobufCMessage *m)
{
    for (unsigned i = 0; i < m->descriptor->n_fields; i++)
        if (m->descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            sort_field(m, &m->descriptor->fields[i]);
}
