/* library.h - shared libraries that are loaded when something first needs them, so that a small
 * program never pays for them. Any thread, but each library once: callers have a pthread_once. */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include "base/status.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct library_symbol { const char *name; void **to; };

/* The first of `names` (a NULL ends them) that can be opened, with all `symbols`; NULL, or what is
 * missing. It is never closed. */
const char *library_load(void **lib, const char *const *names,
                         const struct library_symbol *symbols, size_t n);

/* One that a few functions need: where it stands in a program, what its users are to install. */
struct library {
    const char *what, *file, *package;
    const struct library_symbol *symbols;
    size_t n;
    pthread_mutex_t lock;
    bool tried;
    const char *missing;
};

#define LIBRARY(what, file, package, symbols)                                                  \
    { what, file, package, symbols, sizeof symbols / sizeof *symbols,                          \
      PTHREAD_MUTEX_INITIALIZER, false, NULL }

/* Loads it when asked first. UNAVAILABLE names what was not found and the Debian package. */
MUST_CHECK struct status *library_need(struct library *l);

#endif
