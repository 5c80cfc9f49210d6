/* host.c - weft.h: the function that PyFunc calls. Tensors go to it and come back as handles. */
#include "api/api.h"
#include "base/mem.h"
#include "op/host.h"

static _Atomic(weft_host_function *) function;

static struct status *box_inputs(const struct tensor *in, int n, struct weft_tensor **box)
{
    for (int i = 0; i < n; i++)
        NEED(box[i] = tensor_box(NULL, tensor_ref(&in[i])));
    return NULL;
}

static void unbox(struct weft_tensor *box, struct tensor *t)
{
    if (box)
        *t = tensor_ref(&box->t);
    weft_tensor_free(box);
}

static struct status *call_host(const char *token, const struct tensor *in, int n_in,
                                const enum dtype *types, struct tensor *out, int n_out)
{
    weft_host_function *f = atomic_load(&function);
    struct weft_tensor **box = mem_array(struct weft_tensor *, n_in + n_out + 1);
    NEED(box);
    struct status *st = box_inputs(in, n_in, box);
    if (!st && !f)
        st = status_new(INVALID_ARGUMENT, "callback %s is not found", token);
    if (!st)
        st = status_in(f(token, box, n_in, (const enum weft_dtype *)types, box + n_in, n_out));
    for (int i = 0; i < n_out; i++)
        unbox(box[n_in + i], &out[i]);
    for (int i = 0; i < n_in; i++)
        weft_tensor_free(box[i]);
    mem_free(box);
    return st;
}

void weft_set_host_function(weft_host_function *f)
{
    atomic_store(&function, f);
    host_function_set(f ? call_host : NULL);
}
