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
