/* encoding.h - code points in bytes: UTF-8, UTF-16 and UTF-32 in either order of bytes, ASCII and
 * Latin-1. Any thread. */
#ifndef OPS_ENCODING_H
#define OPS_ENCODING_H

#include "base/str.h"

#include <stdint.h>

enum { CODE_REPLACEMENT = 0xfffd, CODE_LAST = 0x10ffff };

enum encoding { ENCODING_NONE, ENCODING_ASCII, ENCODING_LATIN1, ENCODING_UTF8, ENCODING_UTF16,
                ENCODING_UTF16_BE, ENCODING_UTF16_LE, ENCODING_UTF32, ENCODING_UTF32_BE,
                ENCODING_UTF32_LE };

/* Capitals, '-', '_' and spaces in a name mean nothing. ENCODING_NONE: none of those above. */
enum encoding encoding_find(const char *name);

/* A code point and how many bytes it takes; bad: these bytes are none, and to be passed over. */
struct code_point { int32_t value; size_t bytes; bool bad; };

/* What is left of a text. Where an encoding does not say the order of bytes, a mark in front does,
 * whose bytes count as those of what follows; without one the higher byte is first. */
struct code_walk { enum encoding e; const unsigned char *s; size_t n, mark; };
struct code_walk code_walk(enum encoding e, const char *s, size_t n);
bool code_next(struct code_walk *w, struct code_point *c);    /* false: nothing is left */

/* Only UTF-8, UTF-16-BE and UTF-32-BE are written; half of a pair is CODE_REPLACEMENT. */
void code_put(struct str *to, enum encoding e, int32_t value);

/* May text hold it? Halves of pairs and some others are kept for other uses. */
bool code_is_character(int32_t value);

#endif
