/* reader.h - where a reader of text is, and what is wrong there: text_read.c and json_read.c. */
#ifndef WIRE_READER_H
#define WIRE_READER_H

#include "base/arena.h"
#include "wire/wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/* Room for one more element of a repeated field, which is zeroed; arrays have room for a power of
 * two. It counts when the caller says so. */
static inline struct status *reader_room(struct reader *r, const ProtobufCFieldDescriptor *f,
                                         ProtobufCMessage *m, void **element)
{
    size_t *n = (size_t *)((char *)m + f->quantifier_offset), size = wire_size(f->type);
    char **array = (char **)((char *)m + f->offset);
    if (!(*n & (*n - 1))) {
        char *grown = arena_alloc_dirty(r->arena, (*n ? 2 * *n : 1) * size);
        NEED(grown);
        if (*n)
            memcpy(grown, *array, *n * size);
        *array = grown;
    }
    *element = memset(*array + *n * size, 0, size);
    return NULL;
}

#endif
