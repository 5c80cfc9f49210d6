#include "base/map.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>

/* Folding sets a bit in every byte: letters of both cases hash alike, and so may others. */
static uint32_t hash_text(const struct map *m, const char *s, size_t n)
{
    const uint64_t fold = m->fold ? 0x2020202020202020 : 0;
    uint64_t h = 0xcbf29ce484222325u ^ n;
    for (uint64_t w; n; n -= n < 8 ? n : 8, s += 8) {
        w = 0;
        memcpy(&w, s, n < 8 ? n : 8);
        h = (h ^ (w | fold)) * 0x9fb21c651e98df25u;
        h ^= h >> 35;
    }
    h *= 0xff51afd7ed558ccdu;           /* names differ in their last digits: stir once more */
    return (uint32_t)(h >> 32);
}

static bool same(const struct map *m, const struct map_slot *s, const char *key, size_t n)
{
    const char *k = m->entry[s->index - 1].key;
    return !(m->fold ? strncasecmp(k, key, n) : strncmp(k, key, n)) && !k[n];
}

/* The slot of the key, or the free one where it would go. */
static struct map_slot *find(const struct map *m, const char *key, size_t n, uint32_t hash)
{
    for (size_t i = hash;; i++) {
        struct map_slot *s = &m->slot[i & (m->slots - 1)];
        if (!s->index || (s->hash == hash && same(m, s, key, n)))
            return s;
    }
}

static struct map_entry *find_n(const struct map *m, const char *key, size_t len)
{
    const struct map_slot *s = m->n ? find(m, key, len, hash_text(m, key, len)) : NULL;
    return s && s->index ? &m->entry[s->index - 1] : NULL;
}

struct map_entry *map_find(const struct map *m, const char *key)
{
    return find_n(m, key, strlen(key));
}

void *map_get_n(const struct map *m, const char *key, size_t len)
{
    const struct map_entry *e = find_n(m, key, len);
    return e ? e->value : NULL;
}

void *map_get(const struct map *m, const char *key)
{
    return map_get_n(m, key, strlen(key));
}

static bool grow_entries(struct map *m)
{
    size_t cap = m->cap ? 2 * m->cap : 8;
    struct map_entry *entry = mem_grow(m->entry, cap * sizeof *entry);
    if (!entry)
        return false;
    m->entry = entry;
    m->cap = cap;
    return true;
}

static bool grow_slots(struct map *m)
{
    size_t slots = m->slots ? 2 * m->slots : 16;
    struct map_slot *slot = mem_array(struct map_slot, slots);
    if (!slot)
        return false;
    for (size_t i = 0; i < m->slots; i++) {
        size_t k = m->slot[i].hash;
        if (!m->slot[i].index)
            continue;
        while (slot[k & (slots - 1)].index)
            k++;
        slot[k & (slots - 1)] = m->slot[i];
    }
    mem_free(m->slot);
    m->slot = slot;
    m->slots = slots;
    return true;
}

struct map_entry *map_entry(struct map *m, const char *key)
{
    if ((m->n == m->cap && !grow_entries(m)) || (4 * m->n >= 3 * m->slots && !grow_slots(m)))
        return NULL;
    size_t len = strlen(key);
    uint32_t hash = hash_text(m, key, len);
    struct map_slot *s = find(m, key, len, hash);
    if (!s->index) {
        m->entry[m->n] = (struct map_entry){ key, NULL };
        *s = (struct map_slot){ hash, (uint32_t)++m->n };
    }
    return &m->entry[s->index - 1];
}

bool map_put(struct map *m, const char *key, void *value)
{
    struct map_entry *e = map_entry(m, key);
    if (e)
        e->value = value;
    return e != NULL;
}

/* The slots after the hole may have been pushed past it: put them in again. */
static void close_hole(struct map *m, size_t hole)
{
    m->slot[hole].index = 0;
    for (size_t i = hole + 1;; i++) {
        struct map_slot *s = &m->slot[i & (m->slots - 1)], moved = *s;
        if (!moved.index)
            return;
        s->index = 0;
        size_t k = moved.hash;
        while (m->slot[k & (m->slots - 1)].index)
            k++;
        m->slot[k & (m->slots - 1)] = moved;
    }
}

void map_remove(struct map *m, const char *key)
{
    size_t len = strlen(key);
    struct map_slot *s = m->n ? find(m, key, len, hash_text(m, key, len)) : NULL;
    if (!s || !s->index)
        return;
    struct map_entry *e = &m->entry[s->index - 1], *last = &m->entry[m->n - 1];
    if (e != last) {
        size_t n = strlen(last->key);
        find(m, last->key, n, hash_text(m, last->key, n))->index = s->index;
        *e = *last;
    }
    m->n--;
    close_hole(m, (size_t)(s - m->slot));
}

void map_free(struct map *m)
{
    mem_free(m->entry);
    mem_free(m->slot);
    *m = (struct map){ .fold = m->fold };
}
