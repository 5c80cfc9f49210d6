/* message.c - weft.h: messages as text and back. */
#include "api/api.h"
#include "base/mem.h"
#include "wire/text.h"

static struct status *find_type(const char *type, const ProtobufCMessageDescriptor **d)
{
    *d = message_type(type);
    ENSURE(*d, "There is no message of type '%s'", type);
    return NULL;
}

static struct status *to_text(struct arena *a, const char *type, const void *bytes, size_t n,
                              struct weft_bytes *text)
{
    const ProtobufCMessageDescriptor *d;
    ProtobufCMessage *m;
    struct str s = { 0 };
    TRY(find_type(type, &d));
    TRY(status_prefix(wire_decode_borrowed(a, d, bytes, n, &m), "Invalid %s: ", type));
    struct status *st = text_write(m, &s);
    if (!st && !(text->data = mem_strdup(str_text(&s))))
        st = status_no_memory();
    text->size = st ? 0 : s.n;
    str_free(&s);
    return st;
}

struct weft_status *weft_message_to_text(const char *type, const void *message, size_t n,
                                         struct weft_bytes *text)
{
    struct arena a = { 0 };
    struct status *st = to_text(&a, type, message, n, text);
    arena_free(&a);
    return status_out(st);
}

static struct status *from_text(struct arena *a, const char *type, const char *text, size_t n,
                                struct weft_bytes *message)
{
    const ProtobufCMessageDescriptor *d;
    ProtobufCMessage *m;
    TRY(find_type(type, &d));
    TRY(text_read(a, d, text, n, &m));
    return wire_encode(m, &message->data, &message->size);
}

struct weft_status *weft_message_from_text(const char *type, const char *text, size_t n,
                                           struct weft_bytes *message)
{
    struct arena a = { 0 };
    struct status *st = from_text(&a, type, text, n, message);
    arena_free(&a);
    return status_out(st);
}
