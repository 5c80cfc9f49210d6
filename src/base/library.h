/* library.h - shared libraries that are loaded when something first needs them, so that a small
 * program never pays for them. Any thread, but each library once: callers have a pthread_once. */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include <stddef.h>

struct library_symbol { const char *name; void **to; };

/* The first of `names` (a NULL ends them) that can be opened, with all `symbols`; NULL, or what is
 * missing. It is never closed. */
const char *library_load(void **lib, const char *const *names,
                         const struct library_symbol *symbols, size_t n);

#endif
