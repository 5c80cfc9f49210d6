/* text_read.c - a message from text: one walk along it, fields found by their names. */
#include "wire/text.h"
#include "wire/reader.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

static void skip(struct reader *r)
{
    for (;;) {
        while (r->at < r->end && isspace((unsigned char)*r->at))
            r->at++;
        if (r->at == r->end || *r->at != '#')
            return;
        while (r->at < r->end && *r->at != '\n')
            r->at++;
    }
}

static bool accept(struct reader *r, char c)
{
    skip(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool in_word(char c) { return isalnum((unsigned char)c) || c == '_' || c == '.'; }

/* A name, or a number without its sign; a sign may stand within an exponent. */
static size_t word(struct reader *r, const char **start)
{
    skip(r);
    *start = r->at;
    while (r->at < r->end &&
           (in_word(*r->at) || ((*r->at == '-' || *r->at == '+') && r->at > *start &&
                                isdigit((unsigned char)**start) && tolower(r->at[-1]) == 'e')))
        r->at++;
    return (size_t)(r->at - *start);
}

static bool is(const char *w, size_t n, const char *text)
{
    return n == strlen(text) && !strncasecmp(w, text, n);
}

/* ---- strings ---- */

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0'
         : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

static void add_utf8(struct str *s, unsigned long c)
{
    char b[4];
    int n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (int i = n - 1; i > 0; i--, c >>= 6)
        b[i] = (char)(0x80 | (c & 0x3f));
    b[0] = (char)(n == 1 ? c : c | (unsigned long)(0xf00 >> n & 0xff));
    str_add(s, b, (size_t)n);
}

static unsigned long digits(struct reader *r, int base, int most)
{
    unsigned long v = 0;
    for (int d; most-- && r->at < r->end && (d = hex_digit(*r->at)) >= 0 && d < base; r->at++)
        v = v * (unsigned long)base + (unsigned long)d;
    return v;
}

static struct status *escape(struct reader *r, struct str *s)
{
    static const char from[] = "abfnrtv\\'\"?", to[] = "\a\b\f\n\r\t\v\\'\"?";
    const char *start = r->at - 1, *simple, c = r->at < r->end ? *r->at : 0;
    if (c && (simple = strchr(from, c))) {
        r->at++;
        str_add(s, &to[simple - from], 1);
        return NULL;
    }
    if (c >= '0' && c <= '7') {
        char byte = (char)digits(r, 8, 3);
        str_add(s, &byte, 1);
        return NULL;
    }
    if (c != 'x' && c != 'X' && c != 'u' && c != 'U')
        return wrong(r, start, "a string has an escape that is none");
    r->at++;
    const char *begin = r->at;
    unsigned long v = digits(r, 16, c == 'u' ? 4 : c == 'U' ? 8 : 2);
    if (r->at == begin || v > 0x10ffff)
        return wrong(r, start, "a string has an escape that is none");
    char byte = (char)v;
    if (c == 'u' || c == 'U')
        add_utf8(s, v);
    else
        str_add(s, &byte, 1);
    return NULL;
}

static struct status *quoted(struct reader *r, struct str *s)
{
    const char *start = r->at, quote = *r->at++;
    for (;;) {
        const char *from = r->at;
        while (r->at < r->end && *r->at != quote && *r->at != '\\' && *r->at != '\n')
            r->at++;
        str_add(s, from, (size_t)(r->at - from));
        if (r->at == r->end || *r->at == '\n')
            return wrong(r, start, "a string does not end");
        if (*r->at++ == quote)
            return NULL;
        TRY(escape(r, s));
    }
}

static bool quote_is_next(struct reader *r)
{
    skip(r);
    return r->at < r->end && (*r->at == '"' || *r->at == '\'');
}

/* Strings side by side are one. */
static struct status *strings(struct reader *r, const ProtobufCFieldDescriptor *f, void *to)
{
    struct str s = { 0 };
    struct status *st = NULL;
    if (!quote_is_next(r))
        return wrong(r, r->at, "%s wants a string", f->name);
    while (!st && quote_is_next(r))
        st = quoted(r, &s);
    char *kept = st || s.failed ? NULL : arena_strndup(r->arena, str_text(&s), s.n);
    if (!st && !kept)
        st = status_no_memory();
    if (!st && f->type == PROTOBUF_C_TYPE_BYTES)
        *(ProtobufCBinaryData *)to = (ProtobufCBinaryData){ s.n, (uint8_t *)kept };
    else if (!st)
        *(char **)to = kept;
    str_free(&s);
    return st;
}

/* ---- numbers ---- */

static struct status *integer(struct reader *r, const ProtobufCFieldDescriptor *f, bool negative,
                              const char *w, size_t n, void *to)
{
    char text[32], *end;
    bool wide = false, sign = true;
    switch (f->type) {
    case PROTOBUF_C_TYPE_UINT64: case PROTOBUF_C_TYPE_FIXED64: wide = true; sign = false; break;
    case PROTOBUF_C_TYPE_UINT32: case PROTOBUF_C_TYPE_FIXED32: sign = false; break;
    case PROTOBUF_C_TYPE_INT64: case PROTOBUF_C_TYPE_SINT64: case PROTOBUF_C_TYPE_SFIXED64:
        wide = true;
        break;
    default: break;
    }
    if (!n || n >= sizeof text || !isdigit((unsigned char)*w))
        return wrong(r, w, "%s wants an integer, not '%.*s'", f->name, n < 40 ? (int)n : 40, w);
    memcpy(text, w, n);
    text[n] = 0;
    errno = 0;
    uint64_t v = strtoull(text, &end, 0);
    uint64_t most = wide ? UINT64_MAX : UINT32_MAX;
    most = sign ? most / 2 + negative : negative ? 0 : most;
    if (*end || errno || v > most)
        return wrong(r, w, "%s cannot be %s%s", f->name, negative ? "-" : "", text);
    v = negative ? -v : v;
    memcpy(to, &v, wide ? 8 : 4);
    return NULL;
}

static struct status *floating(struct reader *r, const ProtobufCFieldDescriptor *f, bool negative,
                               const char *w, size_t n, void *to)
{
    char text[400], *end = NULL;
    double v = 0;
    float narrow;
    if (is(w, n, "inf") || is(w, n, "infinity") || is(w, n, "inff")) {
        v = narrow = HUGE_VALF;
    } else if (is(w, n, "nan") || is(w, n, "nanf")) {
        v = narrow = NAN;
    } else {
        if (!n || n >= sizeof text || !(isdigit((unsigned char)*w) || *w == '.'))
            return wrong(r, w, "%s wants a number, not '%.*s'", f->name, n < 40 ? (int)n : 40, w);
        memcpy(text, w, n);
        text[n] = 0;
        v = strtod(text, &end);
        narrow = strtof(text, NULL);
        if (*end && !((*end == 'f' || *end == 'F') && !end[1]))
            return wrong(r, w, "%s wants a number, not '%.40s'", f->name, text);
    }
    if (f->type == PROTOBUF_C_TYPE_DOUBLE)
        *(double *)to = negative ? -v : v;
    else
        *(float *)to = negative ? -narrow : narrow;
    return NULL;
}

static struct status *boolean(struct reader *r, const ProtobufCFieldDescriptor *f, const char *w,
                              size_t n, void *to)
{
    bool yes = is(w, n, "true") || is(w, n, "t") || is(w, n, "1");
    if (!yes && !is(w, n, "false") && !is(w, n, "f") && !is(w, n, "0"))
        return wrong(r, w, "%s wants true or false, not '%.*s'", f->name, n < 40 ? (int)n : 40, w);
    *(protobuf_c_boolean *)to = yes;
    return NULL;
}

static struct status *enumerated(struct reader *r, const ProtobufCFieldDescriptor *f,
                                 bool negative, const char *w, size_t n, void *to)
{
    char name[128] = "";
    if (n && isdigit((unsigned char)*w))
        return integer(r, f, negative, w, n, to);
    if (n < sizeof name)
        memcpy(name, w, n);
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value_by_name(f->descriptor, name);
    if (!v || negative)
        return wrong(r, w, "%s is no value of %s", name,
                     ((const ProtobufCEnumDescriptor *)f->descriptor)->short_name);
    *(int *)to = v->value;
    return NULL;
}

static struct status *scalar(struct reader *r, const ProtobufCFieldDescriptor *f, void *to)
{
    const char *w;
    if (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_BYTES)
        return strings(r, f, to);
    bool negative = accept(r, '-');
    size_t n = word(r, &w);
    switch (f->type) {
    case PROTOBUF_C_TYPE_FLOAT: case PROTOBUF_C_TYPE_DOUBLE:
        return floating(r, f, negative, w, n, to);
    case PROTOBUF_C_TYPE_BOOL:
        return boolean(r, f, w, negative ? 0 : n, to);
    case PROTOBUF_C_TYPE_ENUM:
        return enumerated(r, f, negative, w, n, to);
    default:
        return integer(r, f, negative, w, n, to);
    }
}

/* ---- fields ---- */

static struct status *fields(struct reader *r, ProtobufCMessage *m, char close, int depth);

static struct status *message(struct reader *r, const ProtobufCFieldDescriptor *f, void *to,
                              int depth)
{
    ProtobufCMessage **m = to;
    const ProtobufCMessageDescriptor *d = f->descriptor;
    char close = accept(r, '{') ? '}' : accept(r, '<') ? '>' : 0;
    if (!close)
        return wrong(r, r->at, "%s wants a message: '{'", f->name);
    if (!*m) {
        NEED(*m = arena_alloc_dirty(r->arena, d->sizeof_message));
        d->message_init(*m);
    }
    return fields(r, *m, close, depth + 1);
}

static struct status *one(struct reader *r, const ProtobufCFieldDescriptor *f, void *to, int depth)
{
    return f->type == PROTOBUF_C_TYPE_MESSAGE ? message(r, f, to, depth) : scalar(r, f, to);
}

static struct status *one_more(struct reader *r, const ProtobufCFieldDescriptor *f,
                               ProtobufCMessage *m, int depth)
{
    void *element;
    TRY(reader_room(r, f, m, &element));
    TRY(one(r, f, element, depth));
    ++*(size_t *)((char *)m + f->quantifier_offset);
    return NULL;
}

static struct status *listed(struct reader *r, const ProtobufCFieldDescriptor *f,
                             ProtobufCMessage *m, int depth)
{
    if (accept(r, ']'))
        return NULL;
    do
        TRY(one_more(r, f, m, depth));
    while (accept(r, ','));
    return accept(r, ']') ? NULL : wrong(r, r->at, "the list of %s wants ']'", f->name);
}

/* TF: text that says a field twice is refused; of a oneof, two members. */
static struct status *single(struct reader *r, const ProtobufCFieldDescriptor *f,
                             ProtobufCMessage *m, const char *at, int depth)
{
    void *to = (char *)m + f->offset;
    uint32_t *which = (uint32_t *)((char *)m + f->quantifier_offset);
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        if (*which)
            return wrong(r, at, "%s stands beside another one of its kind", f->name);
        *which = f->id;
        memset(to, 0, wire_size(f->type));
    }
    return one(r, f, to, depth);
}

static struct status *field(struct reader *r, ProtobufCMessage *m, int depth)
{
    char name[128] = "";
    const char *w;
    size_t n = word(r, &w);
    if (n && n < sizeof name)
        memcpy(name, w, n);
    if (!n)
        return wrong(r, w, "the name of a field is wanted");
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field_by_name(m->descriptor, name);
    if (!f)
        return wrong(r, w, "%s has no field \"%.*s\"", m->descriptor->short_name,
                     n < 100 ? (int)n : 100, w);
    bool colon = accept(r, ':');
    if (!colon && f->type != PROTOBUF_C_TYPE_MESSAGE)
        return wrong(r, r->at, "%s wants ':'", f->name);
    if (f->label != PROTOBUF_C_LABEL_REPEATED)
        return single(r, f, m, w, depth);
    return accept(r, '[') ? listed(r, f, m, depth) : one_more(r, f, m, depth);
}

static struct status *fields(struct reader *r, ProtobufCMessage *m, char close, int depth)
{
    if (depth >= WIRE_DEPTH)
        return wrong(r, r->at, "messages are nested more than %d deep", WIRE_DEPTH);
    for (;;) {
        skip(r);
        if (close ? accept(r, close) : r->at == r->end)
            return NULL;
        if (r->at == r->end)
            return wrong(r, r->at, "'%c' is wanted", close);
        TRY(field(r, m, depth));
        if (!accept(r, ','))
            accept(r, ';');
    }
}

struct status *text_read(struct arena *a, const ProtobufCMessageDescriptor *d, const char *text,
                         size_t n, void *to)
{
    struct reader r = { a, text, text, text + n };
    ProtobufCMessage *m = arena_alloc_dirty(a, d->sizeof_message);
    NEED(m);
    d->message_init(m);
    TRY(fields(&r, m, 0, 0));
    memcpy(to, &m, sizeof m);
    return NULL;
}
