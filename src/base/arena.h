/* arena.h - memory that is freed all at once.
 *
 * Small objects that live and die with one owner (a graph, a plan, one run)
 * are carved from that owner's arena and never freed one by one. A zeroed
 * struct is an empty arena. Not locked: the owner sees to that.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena { struct arena_block *head; };

void *arena_alloc(struct arena *a, size_t bytes);  /* zeroed, 16-aligned; NULL: none left */
void *arena_alloc_dirty(struct arena *a, size_t bytes);     /* not zeroed */
void *arena_copy(struct arena *a, const void *p, size_t bytes);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
__attribute__((format(printf, 2, 3)))
char *arena_printf(struct arena *a, const char *fmt, ...);
void arena_reset(struct arena *a);      /* empty it, keep its largest block */
void arena_free(struct arena *a);

#define arena_new(a, type)       ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n)  ((type *)arena_alloc((a), sizeof(type) * (size_t)(n)))

#endif
