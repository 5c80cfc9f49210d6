/* bytes.c - weft.h: bytes that the library made. */
#include "base/mem.h"
#include <weft.h>

void weft_bytes_free(struct weft_bytes *b)
{
    mem_free(b->data);
    *b = (struct weft_bytes){ 0 };
}
