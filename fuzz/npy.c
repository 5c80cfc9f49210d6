/* npy.c - any bytes read as one of NumPy's files: an error, or a tensor that is written and read
 * again as it was. */
#include "../cli/npy.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct weft_tensor *t)
{
    size_t n[2] = { 0 };
    struct weft_tensor *again = NULL;
    char *head = npy_header(t, &n[0]), *body = head ? npy_body(t, &n[1]) : NULL;
    char *all = body ? malloc(n[0] + n[1]) : NULL;
    if (all) {
        memcpy(all, head, n[0]);
        memcpy(all + n[0], body, n[1]);
        struct weft_status *st = npy_parse(all, n[0] + n[1], &again);
        bool text = weft_tensor_dtype(t) == WEFT_STRING;
        if (st || weft_tensor_dtype(again) != weft_tensor_dtype(t) ||
            weft_tensor_count(again) != weft_tensor_count(t) ||
            (!text && n[1] && memcmp(weft_tensor_data(again), weft_tensor_data(t), n[1])))
            abort();
    }
    weft_tensor_free(again);
    free(all);
    free(body);
    free(head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_tensor *t;
    struct weft_status *st = npy_parse(data, size, &t);
    if (!st)
        check_again(t);
    weft_status_free(st);
    weft_tensor_free(t);
    return 0;
}
