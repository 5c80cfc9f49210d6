/* text_write.c - a message as text: fields by their numbers, two spaces a level. */
#include "wire/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_indent(struct str *to, int depth)
{
    for (int i = 0; i < depth; i++)
        str_add(to, "  ", 2);
}

/* As C writes strings; what is not printable ASCII in octal. */
static void add_quoted(struct str *to, const void *bytes, size_t n)
{
    static const char letters[256] = { ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['"'] = '"',
                                       ['\''] = '\'', ['\\'] = '\\' };
    const unsigned char *p = bytes;
    str_add(to, "\"", 1);
    for (size_t i = 0; i < n; i++) {
        if (letters[p[i]])
            str_add(to, (const char[]){ '\\', letters[p[i]] }, 2);
        else if (p[i] < 32 || p[i] > 126)
            str_add(to, (const char[]){ '\\', (char)('0' + (p[i] >> 6)),
                                        (char)('0' + (p[i] >> 3 & 7)), (char)('0' + (p[i] & 7)) },
                    4);
        else
            str_add(to, (const char *)&p[i], 1);
    }
    str_add(to, "\"", 1);
}

/* The fewest digits that give the same number again. */
static void add_float(struct str *to, double v, bool is_double)
{
    char text[40];
    if (isnan(v) || isinf(v)) {
        str_puts(to, isnan(v) ? "nan" : v < 0 ? "-inf" : "inf");
        return;
    }
    for (int digits = is_double ? 15 : 6;; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (is_double ? digits == 17 || strtod(text, NULL) == v
                      : digits == 9 || strtof(text, NULL) == (float)v)
            break;
    }
    str_puts(to, text);
}

static void add_enum(struct str *to, const ProtobufCEnumDescriptor *d, int v)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(d, v);
    if (known)
        str_puts(to, known->name);
    else
        str_printf(to, "%d", v);
}

static void add_value(struct str *to, const ProtobufCFieldDescriptor *f, const void *at)
{
    const ProtobufCBinaryData *b = at;
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32: case PROTOBUF_C_TYPE_SINT32: case PROTOBUF_C_TYPE_SFIXED32:
        str_printf(to, "%" PRId32, *(const int32_t *)at);
        break;
    case PROTOBUF_C_TYPE_UINT32: case PROTOBUF_C_TYPE_FIXED32:
        str_printf(to, "%" PRIu32, *(const uint32_t *)at);
        break;
    case PROTOBUF_C_TYPE_INT64: case PROTOBUF_C_TYPE_SINT64: case PROTOBUF_C_TYPE_SFIXED64:
        str_printf(to, "%" PRId64, *(const int64_t *)at);
        break;
    case PROTOBUF_C_TYPE_UINT64: case PROTOBUF_C_TYPE_FIXED64:
        str_printf(to, "%" PRIu64, *(const uint64_t *)at);
        break;
    case PROTOBUF_C_TYPE_FLOAT: add_float(to, *(const float *)at, false); break;
    case PROTOBUF_C_TYPE_DOUBLE: add_float(to, *(const double *)at, true); break;
    case PROTOBUF_C_TYPE_BOOL:
        str_puts(to, *(const protobuf_c_boolean *)at ? "true" : "false");
        break;
    case PROTOBUF_C_TYPE_ENUM: add_enum(to, f->descriptor, *(const int *)at); break;
    case PROTOBUF_C_TYPE_BYTES: add_quoted(to, b->data, b->len); break;
    default: {
        const char *s = *(char *const *)at;
        add_quoted(to, s ? s : "", s ? strlen(s) : 0);
    }
    }
}

static struct status *add_fields(const ProtobufCMessage *m, struct str *to, int depth);

static struct status *add_one(const ProtobufCFieldDescriptor *f, const void *at, struct str *to,
                              int depth)
{
    const ProtobufCMessage *inner = f->type == PROTOBUF_C_TYPE_MESSAGE
        ? *(ProtobufCMessage *const *)at : NULL;
    add_indent(to, depth);
    str_puts(to, f->name);
    if (f->type != PROTOBUF_C_TYPE_MESSAGE) {
        str_add(to, ": ", 2);
        add_value(to, f, at);
        str_add(to, "\n", 1);
        return NULL;
    }
    str_add(to, " {\n", 3);
    if (inner)
        TRY(add_fields(inner, to, depth + 1));
    add_indent(to, depth);
    str_add(to, "}\n", 2);
    return NULL;
}

/* A field that has its default, 0 or nothing, is not there. */
static bool is_there(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, const void *at)
{
    static const char zeros[8];
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)((const char *)m + f->quantifier_offset) == f->id;
    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE: return *(void *const *)at != NULL;
    case PROTOBUF_C_TYPE_STRING: return *(char *const *)at && **(char *const *)at;
    case PROTOBUF_C_TYPE_BYTES: return ((const ProtobufCBinaryData *)at)->len > 0;
    default: return memcmp(at, zeros, wire_size(f->type)) != 0;
    }
}

static struct status *add_fields(const ProtobufCMessage *m, struct str *to, int depth)
{
    ENSURE(depth < WIRE_DEPTH, "messages are nested more than %d deep", WIRE_DEPTH);
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        const char *at = (const char *)m + f->offset;
        if (f->label != PROTOBUF_C_LABEL_REPEATED) {
            if (is_there(m, f, at))
                TRY(add_one(f, at, to, depth));
            continue;
        }
        size_t n = *(const size_t *)((const char *)m + f->quantifier_offset);
        for (size_t k = 0; k < n; k++)
            TRY(add_one(f, *(const char *const *)at + k * wire_size(f->type), to, depth));
    }
    return NULL;
}

struct status *text_write(const ProtobufCMessage *m, struct str *to)
{
    TRY(add_fields(m, to, 0));
    return to->failed ? status_no_memory() : NULL;
}
