#include "tensor/buffer.h"
#include "base/mem.h"
#include "tensor/tstring.h"
#include "tensor/variant.h"

#include <sched.h>

/* Four classes an octave from 64 bytes up: at most a quarter of a buffer lies idle. */
enum { CLASSES = 4 * 42, HEADER = (sizeof(struct buffer) + 63) / 64 * 64 };

struct buffer_pool {
    atomic_flag lock;           /* held for a few instructions: spinning beats sleeping */
    struct buffer *lying[CLASSES];
    size_t kept;
    long out;                   /* buffers that will come back */
    bool closed;
};

static void lock(struct buffer_pool *p)
{
    for (int spins = 0; atomic_flag_test_and_set_explicit(&p->lock, memory_order_acquire); spins++)
        if (spins > 100)
            sched_yield();
}

static void unlock(struct buffer_pool *p)
{
    atomic_flag_clear_explicit(&p->lock, memory_order_release);
}

static size_t class_size(int c)
{
    return ((size_t)(4 + (c & 3)) << (c >> 2)) * 16;
}

static int class_of(size_t size)
{
    if (size <= 64)
        return 0;
    int octave = 63 - __builtin_clzll((unsigned long long)(size - 1)) - 6;
    int c = 4 * octave + (int)((size - 1) >> (octave + 4)) - 3;
    return c;
}

struct buffer_pool *buffer_pool_new(void)
{
    struct buffer_pool *p = mem_new(struct buffer_pool);
    if (p)
        atomic_flag_clear(&p->lock);
    return p;
}

void buffer_pool_free(struct buffer_pool *p)
{
    if (!p)
        return;
    lock(p);
    p->closed = true;
    for (int c = 0; c < CLASSES; c++) {
        for (struct buffer *b = p->lying[c], *next; b; b = next) {
            next = b->next;
            mem_free(b);
        }
        p->lying[c] = NULL;             /* who holds one of its buffers may still ask for more */
    }
    p->kept = 0;
    bool last = p->out == 0;
    unlock(p);
    if (last)
        mem_free(p);
}

size_t buffer_pool_kept(struct buffer_pool *p)
{
    lock(p);
    size_t kept = p->kept;
    unlock(p);
    return kept;
}

static struct buffer *pool_take(struct buffer_pool *p, int c)
{
    lock(p);
    struct buffer *b = p->lying[c];
    if (b) {
        p->lying[c] = b->next;
        p->kept -= class_size(c);
    }
    p->out++;
    unlock(p);
    return b;
}

/* The buffer lies in the pool again, or is freed if the pool's owner has gone. */
static void pool_give(struct buffer_pool *p, struct buffer *b)
{
    lock(p);
    p->out--;
    bool closed = p->closed, last = closed && p->out == 0;
    if (!closed) {
        if (b) {
            b->next = p->lying[b->size_class];
            p->lying[b->size_class] = b;
            p->kept += class_size(b->size_class);
        }
    }
    unlock(p);
    if (closed)
        mem_free(b);
    if (last)
        mem_free(p);
}

static struct buffer *buffer_fresh(struct buffer_pool *pool, int c, size_t size)
{
    struct buffer *b = mem_aligned(HEADER + (pool ? class_size(c) : size));
    if (!b)
        return NULL;
    *b = (struct buffer){ .size_class = (uint8_t)c, .pool = pool, .data = (char *)b + HEADER };
    return b;
}

struct buffer *buffer_new(struct buffer_pool *pool, size_t size, enum dtype content)
{
    if (size > (size_t)1 << 46)
        return NULL;
    int c = class_of(size);
    struct buffer *b = pool ? pool_take(pool, c) : NULL;
    if (!b)
        b = buffer_fresh(pool, c, size);
    if (!b) {
        if (pool)
            pool_give(pool, NULL);
        return NULL;
    }
    b->content = 0;
    b->size = size;
    if (__builtin_expect(dtype_owns(content), 0)) {
        b->content = (uint8_t)content;
        memset(b->data, 0, size);
    }
    atomic_store_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

static void give_nothing_back(void *ctx, void *data, size_t size)
{
    (void)ctx;
    (void)data;
    (void)size;
}

struct buffer *buffer_wrap(void *data, size_t size,
                           void (*release)(void *ctx, void *data, size_t size), void *ctx)
{
    struct buffer *b = mem_new(struct buffer);
    if (b) {
        *b = (struct buffer){ .size = size, .ctx = ctx, .data = data };
        b->release = release ? release : give_nothing_back;
        atomic_init(&b->refs, 1);
    }
    return b;
}

static struct resource *(*resource_ref)(struct resource *r);
static void (*resource_unref)(struct resource *r);

void buffer_on_resource(struct resource *(*ref)(struct resource *r),
                        void (*unref)(struct resource *r))
{
    resource_ref = ref;
    resource_unref = unref;
}

void buffer_share_resources(struct resource **to, struct resource *const *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        struct resource *had = to[i];
        to[i] = from[i] ? resource_ref(from[i]) : NULL;
        if (had)
            resource_unref(had);
    }
}

static void release_elements(struct buffer *b)
{
    if (b->content == DT_STRING)
        for (size_t i = 0; i < b->size / sizeof(struct tstring); i++)
            tstring_free((struct tstring *)b->data + i);
    if (b->content == DT_RESOURCE)
        for (size_t i = 0; i < b->size / sizeof(struct resource *); i++)
            if (((struct resource **)b->data)[i])
                resource_unref(((struct resource **)b->data)[i]);
    if (b->content == DT_VARIANT)
        for (size_t i = 0; i < b->size / sizeof(struct variant *); i++)
            variant_unref(((struct variant **)b->data)[i]);
}

void buffer_free(struct buffer *b)
{
    if (b->content)
        release_elements(b);
    if (b->release)
        b->release(b->ctx, b->data, b->size);
    if (b->pool)
        pool_give(b->pool, b);
    else
        mem_free(b);
}
