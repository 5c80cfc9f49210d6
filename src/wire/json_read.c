/* json_read.c - a message from JSON: one walk along the text, fields found by their names. */
#include "wire/json.h"
#include "base/str.h"
#include "wire/reader.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

/* The next character that is no space; 0 at the end. */
static char next(struct reader *r)
{
    while (r->at < r->end && *r->at && strchr(" \t\n\r", *r->at))
        r->at++;
    return r->at < r->end ? *r->at : 0;
}

static bool accept(struct reader *r, char c)
{
    if (next(r) != c)
        return false;
    r->at++;
    return true;
}

static bool accept_null(struct reader *r)
{
    if (next(r) != 'n' || r->end - r->at < 4 || memcmp(r->at, "null", 4))
        return false;
    r->at += 4;
    return true;
}

/* ---- strings ---- */

static void add_utf8(struct str *s, uint32_t c)
{
    char b[4];
    int n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (int i = n - 1; i > 0; i--, c >>= 6)
        b[i] = (char)(0x80 | (c & 0x3f));
    b[0] = (char)(n == 1 ? c : c | (0xf00u >> n & 0xff));
    str_add(s, b, (size_t)n);
}

/* The four digits of \uXXXX; false: there are fewer. */
static bool unit(struct reader *r, uint32_t *v)
{
    *v = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        if (r->at == r->end || !isxdigit((unsigned char)*r->at))
            return false;
        char c = (char)tolower((unsigned char)*r->at);
        *v = *v * 16 + (uint32_t)(isdigit((unsigned char)c) ? c - '0' : c - 'a' + 10);
    }
    return true;
}

/* What stands behind \u: half of a pair needs the other half. */
static bool code_point(struct reader *r, struct str *s)
{
    uint32_t c, low;
    if (!unit(r, &c) || (c >= 0xdc00 && c < 0xe000))
        return false;
    if (c >= 0xd800 && c < 0xdc00) {
        if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
            return false;
        r->at += 2;
        if (!unit(r, &low) || low < 0xdc00 || low >= 0xe000)
            return false;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    add_utf8(s, c);
    return true;
}

static bool escape(struct reader *r, struct str *s)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (r->at == r->end)
        return false;
    char c = *r->at++;
    if (c == 'u')
        return code_point(r, s);
    const char *simple = c ? strchr(from, c) : NULL;
    if (simple)
        str_add(s, &to[simple - from], 1);
    return simple != NULL;
}

static struct status *quoted(struct reader *r, const char *what, struct str *s)
{
    if (!accept(r, '"'))
        return wrong(r, r->at, "%s wants a string", what);
    const char *start = r->at - 1;
    for (;;) {
        const char *from = r->at;
        while (r->at < r->end && *r->at != '"' && *r->at != '\\' && (unsigned char)*r->at >= ' ')
            r->at++;
        str_add(s, from, (size_t)(r->at - from));
        if (r->at == r->end || (*r->at != '"' && *r->at != '\\'))
            return wrong(r, start, "a string does not end");
        if (*r->at++ == '"')
            return s->failed ? status_no_memory() : NULL;
        if (!escape(r, s))
            return wrong(r, start, "a string has an escape that is none");
    }
}

/* Both alphabets, padded or not. */
static int digit64(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26
         : c >= '0' && c <= '9' ? c - '0' + 52 : c == '+' || c == '-' ? 62
         : c == '/' || c == '_' ? 63 : -1;
}

/* In place: what comes out is shorter. False: it is no base64. */
static bool decode64(char *text, size_t n, size_t *bytes)
{
    uint32_t bits = 0;
    size_t digits, padding = 0;
    while (padding < 2 && n && text[n - 1] == '=') {
        n--;
        padding++;
    }
    *bytes = 0;
    for (digits = 0; digits < n; digits++) {
        int v = digit64(text[digits]);
        if (v < 0)
            return false;
        bits = bits << 6 | (uint32_t)v;
        if (digits % 4)
            text[(*bytes)++] = (char)(bits >> (6 - 2 * (digits % 4)));
    }
    return n % 4 != 1 && (!padding || (n + padding) % 4 == 0);
}

static struct status *text_value(struct reader *r, const ProtobufCFieldDescriptor *f, void *to)
{
    struct str s = { 0 };
    size_t n;
    const char *start = r->at;
    struct status *st = quoted(r, f->name, &s);
    char *kept = st ? NULL : arena_strndup(r->arena, str_text(&s), s.n);
    n = s.n;
    str_free(&s);
    TRY(st);
    NEED(kept);
    if (f->type == PROTOBUF_C_TYPE_STRING) {
        if (strlen(kept) != n)
            return wrong(r, start, "%s may not hold the character 0", f->name);
        *(char **)to = kept;
        return NULL;
    }
    if (!decode64(kept, n, &n))
        return wrong(r, start, "%s wants base64", f->name);
    *(ProtobufCBinaryData *)to = (ProtobufCBinaryData){ n, (uint8_t *)kept };
    return NULL;
}

/* ---- numbers ---- */

enum { NUMBER_TEXT = 400 };

/* The number's text without its quotes, if it has any; checked by no more than its characters. */
static struct status *number_text(struct reader *r, const char *what, char text[NUMBER_TEXT])
{
    bool is_quoted = accept(r, '"');
    size_t n = 0;
    const char *start = r->at;
    while (r->at < r->end && (isalnum((unsigned char)*r->at) || strchr("+-.", *r->at)) && *r->at &&
           n < NUMBER_TEXT - 1)
        text[n++] = *r->at++;
    text[n] = 0;
    if (!n || (is_quoted && (r->at == r->end || *r->at++ != '"')))
        return wrong(r, start, "%s wants a number", what);
    return NULL;
}

/* JSON's grammar: a sign only before, no 0 before another digit, digits about the point. */
static bool is_number(const char *p)
{
    p += *p == '-';
    if (!isdigit((unsigned char)*p) || (*p == '0' && isdigit((unsigned char)p[1])))
        return false;
    p += strspn(p, "0123456789");
    if (*p == '.') {
        if (!isdigit((unsigned char)*++p))
            return false;
        p += strspn(p, "0123456789");
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        if (!isdigit((unsigned char)*p))
            return false;
        p += strspn(p, "0123456789");
    }
    return !*p;
}

static struct status *float_value(struct reader *r, const ProtobufCFieldDescriptor *f, void *to)
{
    char text[NUMBER_TEXT];
    float v = 0;
    next(r);
    const char *start = r->at;
    TRY(number_text(r, f->name, text));
    bool word = *start == '"';
    if (word && !strcmp(text, "NaN"))
        v = NAN;
    else if (word && (!strcmp(text, "Infinity") || !strcmp(text, "-Infinity")))
        v = *text == '-' ? -INFINITY : INFINITY;
    else if (is_number(text))
        v = strtof(text, NULL);
    else
        return wrong(r, start, "%s wants a number, not %.40s", f->name, text);
    if (isinf(v) && !(word && strchr(text, 'I')))
        return wrong(r, start, "%s cannot be %.40s", f->name, text);
    memcpy(to, &v, sizeof v);
    return NULL;
}

/* 1.0 and 1e3 are whole, too. */
static struct status *int64_value(struct reader *r, const ProtobufCFieldDescriptor *f, void *to)
{
    char text[NUMBER_TEXT];
    next(r);
    const char *start = r->at;
    TRY(number_text(r, f->name, text));
    if (!is_number(text))
        return wrong(r, start, "%s wants an integer, not %.40s", f->name, text);
    errno = 0;
    int64_t v = strtoll(text, NULL, 10);
    bool fits = !errno;
    if (strpbrk(text, ".eE")) {
        double d = strtod(text, NULL);
        fits = d >= -0x1p63 && d < 0x1p63 && d == floor(d);
        v = fits ? (int64_t)d : 0;
    }
    if (!fits)
        return wrong(r, start, "%s cannot be %.40s", f->name, text);
    memcpy(to, &v, sizeof v);
    return NULL;
}

/* ---- messages ---- */

static struct status *fields(struct reader *r, ProtobufCMessage *m, int depth);

static struct status *message_new(struct reader *r, const ProtobufCMessageDescriptor *d,
                                  ProtobufCMessage **m)
{
    NEED(*m = arena_alloc_dirty(r->arena, d->sizeof_message));
    d->message_init(*m);
    return NULL;
}

static struct status *value(struct reader *r, const ProtobufCFieldDescriptor *f, void *to,
                            int depth)
{
    switch ((int)f->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        TRY(message_new(r, f->descriptor, to));
        return fields(r, *(ProtobufCMessage **)to, depth + 1);
    case PROTOBUF_C_TYPE_STRING: case PROTOBUF_C_TYPE_BYTES: return text_value(r, f, to);
    case PROTOBUF_C_TYPE_FLOAT: return float_value(r, f, to);
    case PROTOBUF_C_TYPE_INT64: return int64_value(r, f, to);
    }
    return wrong(r, r->at, "%s is of a type that is not read from JSON", f->name);
}

static struct status *list(struct reader *r, const ProtobufCFieldDescriptor *f,
                           ProtobufCMessage *m, int depth)
{
    void *element;
    if (!accept(r, '['))
        return wrong(r, r->at, "%s wants a list: '['", f->name);
    if (accept(r, ']'))
        return NULL;
    do {
        TRY(reader_room(r, f, m, &element));
        TRY(value(r, f, element, depth));
        ++*(size_t *)((char *)m + f->quantifier_offset);
    } while (accept(r, ','));
    return accept(r, ']') ? NULL : wrong(r, r->at, "the list of %s wants ']'", f->name);
}

/* An object's names and values become entries, which are messages of a key and a value. */
static struct status *map(struct reader *r, const ProtobufCFieldDescriptor *f,
                          ProtobufCMessage *m, int depth)
{
    const ProtobufCFieldDescriptor *part =
        ((const ProtobufCMessageDescriptor *)f->descriptor)->fields;
    void *element;
    if (!accept(r, '{'))
        return wrong(r, r->at, "%s wants an object: '{'", f->name);
    if (accept(r, '}'))
        return NULL;
    do {
        TRY(reader_room(r, f, m, &element));
        TRY(message_new(r, f->descriptor, element));
        char *entry = *(char **)element;
        TRY(value(r, &part[0], entry + part[0].offset, depth));
        if (!accept(r, ':'))
            return wrong(r, r->at, "a name in %s wants ':'", f->name);
        TRY(value(r, &part[1], entry + part[1].offset, depth));
        ++*(size_t *)((char *)m + f->quantifier_offset);
    } while (accept(r, ','));
    return accept(r, '}') ? NULL : wrong(r, r->at, "the object of %s wants '}'", f->name);
}

static struct status *single(struct reader *r, const ProtobufCFieldDescriptor *f,
                             ProtobufCMessage *m, int depth)
{
    void *to = (char *)m + f->offset;
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        uint32_t *which = (uint32_t *)((char *)m + f->quantifier_offset);
        if (*which)
            return wrong(r, r->at, "%s stands beside another one of its kind", f->name);
        *which = f->id;
        memset(to, 0, wire_size(f->type));
    } else if (f->type == PROTOBUF_C_TYPE_MESSAGE && *(void **)to) {
        return wrong(r, r->at, "%s stands twice", f->name);
    }
    return value(r, f, to, depth);
}

/* "bytesList" is "bytes_list": capitals are small letters behind a line. */
static const ProtobufCFieldDescriptor *find(const ProtobufCMessage *m, const struct str *name)
{
    char plain[128] = "";
    size_t n = 0;
    for (size_t i = 0; i < name->n && n < sizeof plain - 2; i++) {
        char c = name->text[i];
        if (isupper((unsigned char)c))
            plain[n++] = '_';
        plain[n++] = (char)tolower((unsigned char)c);
    }
    plain[n] = 0;
    return protobuf_c_message_descriptor_get_field_by_name(m->descriptor, plain);
}

static struct status *field(struct reader *r, ProtobufCMessage *m, int depth)
{
    struct str name = { 0 };
    const char *start = r->at;
    struct status *st = quoted(r, "a field's name", &name);
    const ProtobufCFieldDescriptor *f = st ? NULL : find(m, &name);
    if (!st && !f)
        st = wrong(r, start, "invalid name %.100s: Cannot find field.", str_text(&name));
    str_free(&name);
    TRY(st);
    if (!accept(r, ':'))
        return wrong(r, r->at, "%s wants ':'", f->name);
    if (accept_null(r))
        return NULL;
    if (f->label != PROTOBUF_C_LABEL_REPEATED)
        return single(r, f, m, depth);
    return wire_is_map(f) ? map(r, f, m, depth) : list(r, f, m, depth);
}

static struct status *fields(struct reader *r, ProtobufCMessage *m, int depth)
{
    if (depth >= WIRE_DEPTH)
        return wrong(r, r->at, "messages are nested more than %d deep", WIRE_DEPTH);
    if (!accept(r, '{'))
        return wrong(r, r->at, "%s wants an object: '{'", m->descriptor->short_name);
    if (accept(r, '}'))
        return NULL;
    do
        TRY(field(r, m, depth));
    while (accept(r, ','));
    return accept(r, '}') ? NULL : wrong(r, r->at, "%s wants '}'", m->descriptor->short_name);
}

struct status *json_read(struct arena *a, const ProtobufCMessageDescriptor *d, const char *text,
                         size_t n, void *to)
{
    struct reader r = { a, text, text, text + n };
    ProtobufCMessage *m;
    TRY(message_new(&r, d, &m));
    TRY(fields(&r, m, 0));
    next(&r);
    if (r.at != r.end)
        return wrong(&r, r.at, "there is more behind the object");
    memcpy(to, &m, sizeof m);
    return NULL;
}
