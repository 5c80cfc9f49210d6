/* json.c - any bytes read as an Example in JSON: an error, or a message that is written and read
 * again. */
#include "base/mem.h"
#include "wire/example.pb-c.h"
#include "wire/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(struct arena *a, const ProtobufCMessage *m)
{
    void *once, *twice;
    size_t n, n_again;
    Wire__Example *again;
    struct status *st = wire_encode(m, &once, &n);
    if (!st)
        st = wire_decode(a, m->descriptor, once, n, &again);
    if (!st)
        st = wire_encode(&again->base, &twice, &n_again);
    if (st || n != n_again || memcmp(once, twice, n))
        abort();
    mem_free(once);
    mem_free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    ProtobufCMessage *m;
    char *text = malloc(size ? size : 1);   /* no longer than what is read: a step too far shows */
    memcpy(text, data, size);
    struct status *st = json_read(&a, &wire__example__descriptor, text, size, &m);
    if (!st)
        check_again(&a, m);
    status_free(st);
    free(text);
    arena_free(&a);
    return 0;
}
