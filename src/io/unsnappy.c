#include "io/unsnappy.h"
#include "base/mem.h"

#include <dlfcn.h>
#include <pthread.h>
#include <snappy-c.h>
#include <string.h>

enum { MOST = 32 };             /* nothing becomes so many times larger */

static struct {
    snappy_status (*length)(const char *packed, size_t n, size_t *result);
    snappy_status (*unpack)(const char *packed, size_t n, char *plain, size_t *n_plain);
} snappy;

static void snappy_open(void)
{
    void *lib = dlopen("libsnappy.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (!lib)
        return;
    *(void **)&snappy.length = dlsym(lib, "snappy_uncompressed_length");
    *(void **)&snappy.unpack = dlsym(lib, "snappy_uncompress");
}

struct status *unsnappy(const char *packed, size_t n, char **plain, size_t *n_plain)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, snappy_open);
    if (!snappy.length || !snappy.unpack)
        return status_new(UNIMPLEMENTED, "it is packed by snappy, but libsnappy.so.1 is not "
                          "installed");
    if (snappy.length(packed, n, n_plain) != SNAPPY_OK || *n_plain > MOST * (n + 1))
        return status_new(DATA_LOSS, "what snappy packed has no believable size");
    NEED(*plain = mem_alloc(*n_plain + 1));
    if (snappy.unpack(packed, n, *plain, n_plain) == SNAPPY_OK)
        return NULL;
    mem_free(*plain);
    return status_new(DATA_LOSS, "what snappy packed cannot be unpacked");
}
