#include "base/arena.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(16) char bytes[];
};

enum { FIRST_BLOCK = 4096 - sizeof(struct arena_block), LARGEST_BLOCK = 1 << 20 };

/* Blocks double, so that a small graph stays small and a large one is made of few. */
static struct arena_block *add_block(struct arena *a, size_t bytes)
{
    size_t size = a->head ? 2 * a->head->size : (size_t)FIRST_BLOCK;
    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size < bytes)
        size = bytes;
    struct arena_block *b = mem_alloc(sizeof *b + size);
    if (!b)
        return NULL;
    *b = (struct arena_block){ .next = a->head, .size = size };
    a->head = b;
    return b;
}

void *arena_alloc_dirty(struct arena *a, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    bytes = (bytes + 15) & ~(size_t)15;
    struct arena_block *b = a->head;
    if (!b || b->size - b->used < bytes)
        b = add_block(a, bytes);
    if (!b)
        return NULL;
    void *p = b->bytes + b->used;
    b->used += bytes;
    return p;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    void *p = arena_alloc_dirty(a, bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

void *arena_copy(struct arena *a, const void *p, size_t bytes)
{
    void *q = arena_alloc(a, bytes);
    return q && bytes ? memcpy(q, p, bytes) : q;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *q = arena_alloc(a, n + 1);
    return q && n ? memcpy(q, s, n) : q;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *s = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (!s)
        return NULL;
    va_start(ap, fmt);
    vsnprintf(s, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return s;
}

static void free_blocks(struct arena_block *b, const struct arena_block *but)
{
    for (struct arena_block *next; b; b = next) {
        next = b->next;
        if (b != but)
            mem_free(b);
    }
}

void arena_reset(struct arena *a)
{
    struct arena_block *largest = a->head;
    for (struct arena_block *b = a->head; b; b = b->next)
        if (b->size > largest->size)
            largest = b;
    free_blocks(a->head, largest);
    a->head = largest;
    if (largest) {
        largest->next = NULL;
        largest->used = 0;
    }
}

void arena_free(struct arena *a)
{
    free_blocks(a->head, NULL);
    a->head = NULL;
}
