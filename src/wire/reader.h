/* reader.h - where a reader of text is, and what is wrong there: text_read.c and json_read.c. */
#ifndef WIRE_READER_H
#define WIRE_READER_H

#include "base/arena.h"
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

struct reader {
    struct arena *arena;
    const char *begin, *at, *end;       /* *end is 0 where text is read */
};

/* INVALID_ARGUMENT "3:14: ...": the place of `at`. */
__attribute__((format(printf, 3, 4)))
static struct status *wrong(const struct reader *r, const char *at, const char *fmt, ...)
{
    int line = 1, column = 1;
    char words[256];
    va_list ap;
    for (const char *p = r->begin; p < at; p++) {
        column = *p == '\n' ? 1 : column + 1;
        line += *p == '\n';
    }
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    return status_new(INVALID_ARGUMENT, "%d:%d: %s", line, column, words);
}

#endif
