/* text.c - any bytes read as the text of a GraphDef or a MetaGraphDef: an error, or a message that
 * is written and read again to the same text. */
#include "wire/meta.pb-c.h"
#include "wire/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(struct arena *a, const ProtobufCMessage *m)
{
    struct str once = { 0 }, twice = { 0 };
    ProtobufCMessage *again;
    struct status *st = text_write(m, &once);
    if (!st)
        st = text_read(a, m->descriptor, str_text(&once), once.n, &again);
    if (!st)
        st = text_write(again, &twice);
    if (st || once.n != twice.n || memcmp(str_text(&once), str_text(&twice), once.n))
        abort();
    str_free(&once);
    str_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ProtobufCMessageDescriptor *const types[] = { &wire__graph_def__descriptor,
                                                               &wire__meta_graph_def__descriptor };
    if (!size)
        return 0;
    struct arena a = { 0 };
    ProtobufCMessage *m;
    char *text = malloc(size);          /* as long as what is read, so that a step too far is seen */
    memcpy(text, data + 1, size - 1);
    text[size - 1] = 0;
    struct status *st = text_read(&a, types[data[0] & 1], text, size - 1, &m);
    if (!st)
        check_again(&a, m);
    status_free(st);
    free(text);
    arena_free(&a);
    return 0;
}
