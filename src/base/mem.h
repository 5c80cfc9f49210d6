/* mem.h - the one door to the heap.
 *
 * Every allocation of the library passes here, so that what is held can be
 * counted and a test can make the nth one fail. NULL means there is none left;
 * callers turn that into RESOURCE_EXHAUSTED (NEED). Any thread may call.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t bytes);                  /* uninitialized */
void *mem_zero(size_t bytes);                   /* zeroed */
void *mem_grow(void *p, size_t bytes);          /* realloc; on NULL, p is still there */
void *mem_aligned(size_t bytes);                /* 64-aligned, uninitialized */
char *mem_strdup(const char *s);
void mem_free(void *p);                         /* NULL is fine */

size_t mem_live(void);                          /* bytes now held through this door */
size_t mem_calls(void);                         /* allocations made so far */

/* For tests: the allocation after `n` more fails, and each one after it too
 * while `sticky`; n < 0 ends it. */
void mem_fail_after(long n, int sticky);

/* For tests: an allocation that would make more than this live fails; 0 ends it. */
void mem_limit(size_t bytes);

#define mem_new(type)      ((type *)mem_zero(sizeof(type)))
#define mem_array(type, n) ((type *)mem_zero(sizeof(type) * (size_t)(n)))

#endif
