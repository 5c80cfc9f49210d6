/* example_json.c - Examples as JSON to Examples as bytes: DecodeJSONExample. */
#include "base/mem.h"
#include "graph/graph.h"
#include "op/kernel.h"
#include "tensor/tstring.h"
#include "wire/example.pb-c.h"
#include "wire/json.h"

static struct status *convert(struct arena *a, const struct tstring *x, struct tstring *to)
{
    Wire__Example *m;
    void *bytes;
    size_t n;
    struct status *st = json_read(a, &wire__example__descriptor, tstring_data(x), tstring_len(x),
                                  &m);
    if (status_code(st) == INVALID_ARGUMENT)
        return status_prefix(st, "Error while parsing JSON: ");
    TRY(st);
    TRY(wire_encode(&m->base, &bytes, &n));
    bool fits = tstring_set(to, bytes, n);
    mem_free(bytes);
    return fits ? NULL : status_no_memory();
}

static struct status *decode_json(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    TRY(kernel_new(k, 0, DT_STRING, &x->shape));
    for (int64_t i = 0; i < tensor_count(x); i++) {
        struct arena a = { 0 };
        struct status *st = convert(&a, (const struct tstring *)x->data + i,
                                    (struct tstring *)kernel_out(k, 0)->data + i);
        arena_free(&a);
        TRY(st);
    }
    return NULL;
}

const struct op ops_example_json[] = {
    { .name = "DecodeJSONExample", .inputs = "json_examples: string",
      .outputs = "binary_examples: string",
      .doc = "Examples that were written as JSON, as serialized messages.",
      .shape = shape_unchanged, .grad = NO_GRADIENT, .kernel_any = decode_json },
    { 0 }
};
