#include "base/mem.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static atomic_size_t live, calls, limit;
static atomic_long fail_in = -1;
static atomic_bool fail_sticky;

void mem_fail_after(long n, int sticky)
{
    atomic_store(&fail_sticky, sticky != 0);
    atomic_store(&fail_in, n);
}

void mem_limit(size_t bytes) { atomic_store(&limit, bytes); }

static bool is_past_limit(size_t bytes)
{
    size_t most = atomic_load_explicit(&limit, memory_order_relaxed);
    return __builtin_expect(most, 0) && (bytes > most || mem_live() > most - bytes);
}

static bool must_fail(size_t bytes)
{
    if (is_past_limit(bytes))
        return true;
    long n = atomic_load_explicit(&fail_in, memory_order_relaxed);
    if (__builtin_expect(n < 0, 1))
        return false;
    n = atomic_fetch_sub(&fail_in, 1);
    if (n == 0 && atomic_load(&fail_sticky))
        atomic_store(&fail_in, 0);
    return n == 0;
}

static void *counted(void *p)
{
    if (p) {
        atomic_fetch_add_explicit(&live, malloc_usable_size(p), memory_order_relaxed);
        atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    }
    return p;
}

void *mem_alloc(size_t bytes)
{
    return must_fail(bytes) ? NULL : counted(malloc(bytes ? bytes : 1));
}

void *mem_zero(size_t bytes)
{
    return must_fail(bytes) ? NULL : counted(calloc(1, bytes ? bytes : 1));
}

void *mem_aligned(size_t bytes)
{
    if (bytes > SIZE_MAX - 64 || must_fail(bytes))
        return NULL;
    return counted(aligned_alloc(64, (bytes + 63) & ~(size_t)63));
}

void *mem_grow(void *p, size_t bytes)
{
    if (must_fail(bytes))
        return NULL;
    size_t before = p ? malloc_usable_size(p) : 0;
    void *q = realloc(p, bytes ? bytes : 1);
    if (q)
        atomic_fetch_sub_explicit(&live, before, memory_order_relaxed);
    return counted(q);
}

char *mem_strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = mem_alloc(n);
    return p ? memcpy(p, s, n) : NULL;
}

void mem_free(void *p)
{
    if (p)
        atomic_fetch_sub_explicit(&live, malloc_usable_size(p), memory_order_relaxed);
    free(p);
}

size_t mem_live(void) { return atomic_load(&live); }
size_t mem_calls(void) { return atomic_load(&calls); }
