#include "base/map.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>

/* Folding sets a bit in every byte: letters of both cases hash alike, and so may others. */
static uint32_t hash_text(const struct map *m, const char *s, size_t n)
{
    const uint64_t fold = m->fold ? 0x2020202020202020 : 0;
    uint64_t h = 0xcbf29ce484222325u ^ n;
    for (; n >= 8; n -= 8, s += 8) {
        uint64_t w;
        memcpy(&w, s, 8);
        h = (h ^ (w | fold)) * 0x9fb21c651e98df25u;
        h ^= h >> 32;
    }
    for (; n; n--, s++)
        h = (h ^ ((unsigned char)*s | (fold & 0xff))) * 0x9fb21c651e98df25u;
    return (uint32_t)(h ^ (h >> 29));
}

static bool same(const struct map *m, const char *a, const char *b, size_t n)
{
    return m->fold ? !strncasecmp(a, b, n) : !memcmp(a, b, n);
}

/* The entry that holds the key, or the free one where it would go. */
static struct map_entry *find(const struct map *m, const char *key, size_t len, uint32_t hash)
{
    for (size_t i = hash;; i++) {
        struct map_entry *e = &m->entry[i & (m->cap - 1)];
        if (!e->key || (e->hash == hash && e->len == len && same(m, e->key, key, len)))
            return e;
    }
}

void *map_get_n(const struct map *m, const char *key, size_t len)
{
    return m->n ? find(m, key, len, hash_text(m, key, len))->value : NULL;
}

void *map_get(const struct map *m, const char *key)
{
    return map_get_n(m, key, strlen(key));
}

static bool grow(struct map *m)
{
    struct map bigger = { .fold = m->fold, .n = m->n, .cap = m->cap ? 2 * m->cap : 16 };
    bigger.entry = mem_array(struct map_entry, bigger.cap);
    if (!bigger.entry)
        return false;
    for (size_t i = 0; i < m->cap; i++)
        if (m->entry[i].key)
            *find(&bigger, m->entry[i].key, m->entry[i].len, m->entry[i].hash) = m->entry[i];
    mem_free(m->entry);
    *m = bigger;
    return true;
}

struct map_entry *map_entry(struct map *m, const char *key)
{
    if (3 * m->cap <= 4 * m->n && !grow(m))
        return NULL;
    size_t len = strlen(key);
    uint32_t hash = hash_text(m, key, len);
    struct map_entry *e = find(m, key, len, hash);
    if (!e->key) {
        m->n++;
        *e = (struct map_entry){ key, NULL, hash, (uint32_t)len };
    }
    return e;
}

bool map_put(struct map *m, const char *key, void *value)
{
    struct map_entry *e = map_entry(m, key);
    if (e)
        e->value = value;
    return e != NULL;
}

/* The entries after the hole may have been pushed past it: put them in again. */
void map_remove(struct map *m, const char *key)
{
    size_t len = strlen(key);
    struct map_entry *e = m->n ? find(m, key, len, hash_text(m, key, len)) : NULL;
    if (!e || !e->key)
        return;
    m->n--;
    e->key = NULL;
    e->value = NULL;
    for (size_t i = (size_t)(e - m->entry) + 1;; i++) {
        struct map_entry *next = &m->entry[i & (m->cap - 1)], moved = *next;
        if (!moved.key)
            return;
        next->key = NULL;
        next->value = NULL;
        *find(m, moved.key, moved.len, moved.hash) = moved;
    }
}

void map_free(struct map *m)
{
    mem_free(m->entry);
    *m = (struct map){ .fold = m->fold };
}
