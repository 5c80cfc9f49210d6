/* utf8.h - strings of UTF-8 counted by characters: a byte that continues one is none. What is no
 * UTF-8 is counted the same way. */
#ifndef OPS_UTF8_H
#define OPS_UTF8_H

#include <stdbool.h>
#include <stdint.h>

static inline bool utf8_continues(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

static inline int64_t utf8_length(const char *s, int64_t n)
{
    int64_t chars = 0;
    for (int64_t i = 0; i < n; i++)
        chars += !utf8_continues(s[i]);
    return chars;
}

/* The byte where character `at` begins; n, where there are no more. */
static inline int64_t utf8_byte(const char *s, int64_t n, int64_t at)
{
    int64_t i = 0;
    while (i < n && (utf8_continues(s[i]) || at-- > 0))
        i++;
    return i;
}

#endif
