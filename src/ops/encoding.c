#include "ops/encoding.h"

#include <ctype.h>
#include <string.h>

/* ---- names ---- */

static bool is_filler(char c) { return c == '-' || c == '_' || c == ' '; }

static bool name_is(const char *name, const char *plain)
{
    for (;; name++, plain++) {
        while (is_filler(*name))
            name++;
        if (tolower((unsigned char)*name) != *plain)
            return false;
        if (!*plain)
            return true;
    }
}

enum encoding encoding_find(const char *name)
{
    static const struct { const char *plain; enum encoding e; } names[] = {
        { "utf8", ENCODING_UTF8 }, { "utf16", ENCODING_UTF16 }, { "utf16be", ENCODING_UTF16_BE },
        { "utf16le", ENCODING_UTF16_LE }, { "utf32", ENCODING_UTF32 },
        { "utf32be", ENCODING_UTF32_BE }, { "utf32le", ENCODING_UTF32_LE },
        { "usascii", ENCODING_ASCII }, { "ascii", ENCODING_ASCII },
        { "iso88591", ENCODING_LATIN1 }, { "latin1", ENCODING_LATIN1 },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (name_is(name, names[i].plain))
            return names[i].e;
    return ENCODING_NONE;
}

/* ---- code points from bytes ---- */

static struct code_point good(int32_t value, size_t bytes)
{ return (struct code_point){ value, bytes, false }; }

static struct code_point bad(size_t bytes)
{ return (struct code_point){ CODE_REPLACEMENT, bytes, true }; }

static bool is_half(int32_t v) { return v >= 0xd800 && v <= 0xdfff; }

/* As Unicode advises: as many bytes are passed over as could have begun a code point. */
static struct code_point utf8_next(const unsigned char *s, size_t n)
{
    int first = s[0], more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2
                           : first < 0xf5 ? 3 : 0;
    int least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    int most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    int32_t value = first & (0x3f >> more);
    if (first < 0x80)
        return good(first, 1);
    if (!more)
        return bad(1);
    for (int i = 1; i <= more; i++, least = 0x80, most = 0xbf) {
        if ((size_t)i == n || s[i] < least || s[i] > most)
            return bad((size_t)i);
        value = value << 6 | (s[i] & 0x3f);
    }
    return good(value, (size_t)more + 1);
}

static int32_t unit16(const unsigned char *s, bool little)
{
    return little ? s[0] | s[1] << 8 : s[0] << 8 | s[1];
}

static struct code_point utf16_next(const unsigned char *s, size_t n, bool little)
{
    if (n < 2)
        return bad(n);
    int32_t v = unit16(s, little);
    if (!is_half(v))
        return good(v, 2);
    if (v >= 0xdc00)
        return bad(2);
    if (n < 4)
        return bad(n);
    int32_t low = unit16(s + 2, little);
    return low >= 0xdc00 && low <= 0xdfff
               ? good(0x10000 + ((v - 0xd800) << 10) + low - 0xdc00, 4) : bad(2);
}

static struct code_point utf32_next(const unsigned char *s, size_t n, bool little)
{
    if (n < 4)
        return bad(n);
    uint32_t v = little ? (uint32_t)unit16(s, true) | (uint32_t)unit16(s + 2, true) << 16
                        : (uint32_t)unit16(s, false) << 16 | (uint32_t)unit16(s + 2, false);
    return v > CODE_LAST || is_half((int32_t)v) ? bad(4) : good((int32_t)v, 4);
}

static struct code_point next(enum encoding e, const unsigned char *s, size_t n)
{
    switch (e) {
    case ENCODING_UTF8: return utf8_next(s, n);
    case ENCODING_UTF16_BE: return utf16_next(s, n, false);
    case ENCODING_UTF16_LE: return utf16_next(s, n, true);
    case ENCODING_UTF32_BE: return utf32_next(s, n, false);
    case ENCODING_UTF32_LE: return utf32_next(s, n, true);
    case ENCODING_ASCII: return s[0] < 0x80 ? good(s[0], 1) : bad(1);
    default: return good(s[0], 1);
    }
}

/* The mark is U+FEFF: in the wrong order it would be no character. */
static void take_mark(struct code_walk *w, size_t unit, enum encoding big, enum encoding little)
{
    static const unsigned char mark[] = { 0, 0, 0xfe, 0xff }, turned[] = { 0xff, 0xfe, 0, 0 };
    bool is_little = w->n >= unit && !memcmp(w->s, turned, unit);
    w->e = is_little ? little : big;
    if (is_little || (w->n >= unit && !memcmp(w->s, mark + 4 - unit, unit)))
        w->mark = unit;
    w->s += w->mark;
    w->n -= w->mark;
}

struct code_walk code_walk(enum encoding e, const char *s, size_t n)
{
    struct code_walk w = { e, (const unsigned char *)s, n, 0 };
    if (e == ENCODING_UTF16)
        take_mark(&w, 2, ENCODING_UTF16_BE, ENCODING_UTF16_LE);
    if (e == ENCODING_UTF32)
        take_mark(&w, 4, ENCODING_UTF32_BE, ENCODING_UTF32_LE);
    return w;
}

bool code_next(struct code_walk *w, struct code_point *c)
{
    if (!w->n)
        return false;
    *c = next(w->e, w->s, w->n);
    w->s += c->bytes;
    w->n -= c->bytes;
    c->bytes += w->mark;
    w->mark = 0;
    return true;
}

/* ---- and back ---- */

static void put_utf8(struct str *to, uint32_t v)
{
    char s[4] = { (char)(0xf0 | v >> 18), (char)(0x80 | (v >> 12 & 0x3f)),
                  (char)(0x80 | (v >> 6 & 0x3f)), (char)(0x80 | (v & 0x3f)) };
    size_t n = v < 0x80 ? 1 : v < 0x800 ? 2 : v < 0x10000 ? 3 : 4;
    if (n == 1)
        s[3] = (char)v;
    if (n == 2)
        s[2] = (char)(0xc0 | v >> 6);
    if (n == 3)
        s[1] = (char)(0xe0 | v >> 12);
    str_add(to, s + 4 - n, n);
}

static void put_16(struct str *to, uint32_t v)
{
    str_add(to, (char[]){ (char)(v >> 8), (char)v }, 2);
}

void code_put(struct str *to, enum encoding e, int32_t value)
{
    uint32_t v = is_half(value) ? CODE_REPLACEMENT : (uint32_t)value;
    if (e == ENCODING_UTF8) {
        put_utf8(to, v);
    } else if (e == ENCODING_UTF32_BE || v < 0x10000) {
        if (e == ENCODING_UTF32_BE)
            put_16(to, v >> 16);
        put_16(to, v & 0xffff);
    } else {
        put_16(to, 0xd800 + ((v - 0x10000) >> 10));
        put_16(to, 0xdc00 + (v & 0x3ff));
    }
}

bool code_is_character(int32_t value)
{
    return value >= 0 && value <= CODE_LAST && !is_half(value) && (value & 0xfffe) != 0xfffe &&
           !(value >= 0xfdd0 && value <= 0xfdef);
}
