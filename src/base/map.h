/* map.h - a hash map from text to pointer. Keys are borrowed and must outlive
 * the map. A zeroed struct is an empty map; with `fold` set, letters' case does not
 * distinguish keys. Not locked. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_entry { const char *key; void *value; uint32_t hash, len; };
struct map { struct map_entry *entry; size_t n, cap; bool fold; };

void *map_get(const struct map *m, const char *key);            /* NULL: not there */
void *map_get_n(const struct map *m, const char *key, size_t len);
/* The entry with the key, put in with a NULL value if it was not there; NULL: no memory. Good
 * until the next one is put in. */
struct map_entry *map_entry(struct map *m, const char *key);
bool map_put(struct map *m, const char *key, void *value);      /* false: no memory */
void map_remove(struct map *m, const char *key);
void map_free(struct map *m);                                   /* not the values */

#endif
