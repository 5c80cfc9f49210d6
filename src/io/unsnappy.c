#include "io/unsnappy.h"
#include "base/library.h"
#include "base/mem.h"

#include <pthread.h>
#include <snappy-c.h>
#include <string.h>

enum { MOST = 32 };             /* nothing becomes so many times larger */

static struct {
    snappy_status (*length)(const char *packed, size_t n, size_t *result);
    snappy_status (*unpack)(const char *packed, size_t n, char *plain, size_t *n_plain);
} snappy;

static bool found;

static void snappy_open(void)
{
    static const char *const names[] = { "libsnappy.so.1", NULL };
    const struct library_symbol symbols[] = {
        { "snappy_uncompressed_length", (void **)&snappy.length },
        { "snappy_uncompress", (void **)&snappy.unpack },
    };
    void *lib;
    found = !library_load(&lib, names, symbols, sizeof symbols / sizeof *symbols);
}

struct status *unsnappy(const char *packed, size_t n, char **plain, size_t *n_plain)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, snappy_open);
    if (!found)
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
