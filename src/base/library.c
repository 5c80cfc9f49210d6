#include "base/library.h"

#include <dlfcn.h>

const char *library_load(void **lib, const char *const *names,
                         const struct library_symbol *symbols, size_t n)
{
    const char *name = *names;
    for (*lib = NULL; !*lib && *names; names++)
        *lib = dlopen(*names, RTLD_LAZY | RTLD_LOCAL);
    if (!*lib)
        return name;
    for (size_t i = 0; i < n; i++)
        if (!(*symbols[i].to = dlsym(*lib, symbols[i].name)))
            return symbols[i].name;
    return NULL;
}

struct status *library_need(struct library *l)
{
    pthread_mutex_lock(&l->lock);
    if (!l->tried) {
        void *lib;
        l->missing = library_load(&lib, (const char *const[]){ l->file, NULL }, l->symbols, l->n);
        l->tried = true;
    }
    const char *missing = l->missing;
    pthread_mutex_unlock(&l->lock);
    return !missing ? NULL
        : status_new(UNAVAILABLE, "%s (%s) is needed here: %s was not found; on Debian install %s",
                     l->what, l->file, missing, l->package);
}
