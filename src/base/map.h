/* map.h - a hash map from text to pointer. Keys are borrowed and must outlive
 * the map. A zeroed struct is an empty map; with `fold` set, letters' case does not
 * distinguish keys. Not locked.
 *
 * Entries lie in the order they were put in; a table of small slots says where. A graph of a
 * hundred thousand nodes looks for a name that is not there at every step: that touches a slot
 * and nothing else. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_entry { const char *key; void *value; };
struct map_slot { uint32_t hash, index; };              /* index: 1 + that of the entry; 0: free */
struct map {
    struct map_entry *entry;                            /* entry[0..n) */
    struct map_slot *slot;
    size_t n, cap, slots;
    bool fold;
};

void *map_get(const struct map *m, const char *key);            /* NULL: not there */
void *map_get_n(const struct map *m, const char *key, size_t len);
/* The entry with the key, or NULL; good until the next one is put in. */
struct map_entry *map_find(const struct map *m, const char *key);
/* The entry with the key, put in with a NULL value if it was not there; NULL: no memory. Good
 * until the next one is put in. */
struct map_entry *map_entry(struct map *m, const char *key);
/* A key that is there already stays the one it was. False: no memory. */
bool map_put(struct map *m, const char *key, void *value);
void map_remove(struct map *m, const char *key);                /* the last entry takes its place */
void map_free(struct map *m);                                   /* not the values */

#endif
