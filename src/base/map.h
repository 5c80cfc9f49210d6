/* map.h - a hash map from text to pointer. Keys are borrowed and must outlive
 * the map. A zeroed struct is an empty map. Not locked. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_entry { const char *key; void *value; uint32_t hash, len; };
struct map { struct map_entry *entry; size_t n, cap; };

void *map_get(const struct map *m, const char *key);            /* NULL: not there */
void *map_get_n(const struct map *m, const char *key, size_t len);
bool map_put(struct map *m, const char *key, void *value);      /* false: no memory */
void map_remove(struct map *m, const char *key);
void map_free(struct map *m);                                   /* not the values */

#endif
