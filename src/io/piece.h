/* piece.h - bytes of somebody else's, and the numbers that stand among them: little-endian ones
 * and varints, of which each byte but the last has its highest bit set. */
#ifndef IO_PIECE_H
#define IO_PIECE_H

#include "base/str.h"

#include <stdint.h>
#include <string.h>

struct piece { const char *p; size_t n; };

static inline struct piece piece_of(const char *text)
{ return (struct piece){ text, strlen(text) }; }

/* As memcmp(), and the shorter one first. */
static inline int piece_compare(struct piece a, struct piece b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* Takes the first n bytes off; false: there are not so many. */
static inline bool piece_take(struct piece *from, uint64_t n, struct piece *taken)
{
    if (n > from->n)
        return false;
    *taken = (struct piece){ from->p, (size_t)n };
    from->p += n;
    from->n -= (size_t)n;
    return true;
}

static inline bool piece_varint(struct piece *from, uint64_t *v)
{
    *v = 0;
    for (int shift = 0; shift < 64 && from->n; shift += 7) {
        unsigned char byte = (unsigned char)*from->p++;
        from->n--;
        *v |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return true;
    }
    return false;
}

static inline uint32_t load_u32(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline void put_u32(struct str *to, uint32_t v)
{
    char bytes[4] = { (char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24) };
    str_add(to, bytes, sizeof bytes);
}

static inline void put_varint(struct str *to, uint64_t v)
{
    char bytes[10];
    size_t n = 0;
    for (; v >= 128; v >>= 7)
        bytes[n++] = (char)(v | 128);
    bytes[n++] = (char)v;
    str_add(to, bytes, n);
}

#endif
