/* kept.c - tensors that a session keeps from one run to another, by handles: GetSessionHandle,
 * GetSessionTensor, DeleteSessionTensor. */
#include "graph/graph.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "op/kernel.h"
#include "op/shape_fn.h"
#include "tensor/tstring.h"

#include <pthread.h>
#include <string.h>

/* A session's, all of them. */
struct kept {
    struct resource base;
    pthread_mutex_t lock;
    struct map tensors;                 /* of struct kept_tensor, by its handle */
    int64_t given;                      /* how many handles there were */
};

struct kept_tensor { struct tensor value; char handle[]; };

static bool kept_init(struct resource *r)
{
    return pthread_mutex_init(&((struct kept *)r)->lock, NULL) == 0;
}

static void kept_drop(struct kept_tensor *t)
{
    tensor_unref(&t->value);
    mem_free(t);
}

static void kept_clear(struct resource *r)
{
    struct kept *kept = (struct kept *)r;
    pthread_mutex_lock(&kept->lock);
    for (size_t i = 0; i < kept->tensors.n; i++)
        kept_drop(kept->tensors.entry[i].value);
    map_free(&kept->tensors);
    kept->tensors = (struct map){ 0 };
    pthread_mutex_unlock(&kept->lock);
}

static void kept_release(struct resource *r)
{
    kept_clear(r);
    pthread_mutex_destroy(&((struct kept *)r)->lock);
}

static const struct resource_kind KEPT = { "kept tensors", sizeof(struct kept), kept_init,
                                           kept_clear, kept_release };

static struct status *kept_prepare(struct prep *p)
{
    struct resource *r;
    if (!p->resources)
        return status_new(INTERNAL, "A stateful op cannot run outside a session");
    TRY(resources_get(p->resources, &KEPT, OWN_CONTAINER, KEPT.name, &r));
    p->bound = r;
    p->state = r;
    return NULL;
}

/* ---- GetSessionHandle ---- */

/* Takes the value over, whether it fails or not. */
static struct status *keep(struct kept *kept, const char *handle, struct tensor value)
{
    size_t n = strlen(handle) + 1;
    struct kept_tensor *t = mem_alloc(sizeof *t + n);
    bool done = t != NULL;
    if (done) {
        t->value = value;
        memcpy(t->handle, handle, n);
        pthread_mutex_lock(&kept->lock);
        done = map_put(&kept->tensors, t->handle, t);
        pthread_mutex_unlock(&kept->lock);
    }
    if (!done)
        tensor_unref(&value);
    if (!done)
        mem_free(t);
    return done ? NULL : status_no_memory();
}

static int64_t next_number(struct kept *kept)
{
    pthread_mutex_lock(&kept->lock);
    int64_t n = kept->given++;
    pthread_mutex_unlock(&kept->lock);
    return n;
}

static struct status *handle_text(struct kernel *k, struct kept *kept, struct str *text)
{
    str_printf(text, "%s;%lld;/job:localhost/replica:0/task:0/device:CPU:0", k->node->name,
               (long long)next_number(kept));
    TRY(kernel_new(k, 0, DT_STRING, &SHAPE_SCALAR));
    return tstring_set(kernel_out(k, 0)->data, str_text(text), text->n) ? NULL
                                                                         : status_no_memory();
}

static struct status *handle_run(struct kernel *k)
{
    struct kept *kept = (struct kept *)k->state;
    struct str text = { 0 };
    struct tensor value;
    struct status *st = handle_text(k, kept, &text);
    if (!st)
        st = kernel_keep(k, 0, &value);
    if (!st)
        st = keep(kept, str_text(&text), value);
    str_free(&text);
    return st;
}

/* ---- GetSessionTensor, DeleteSessionTensor ---- */

/* The tensor of the handle at hand; locked. NULL: there is none. */
static struct kept_tensor *find(const struct kernel *k, struct kept *kept)
{
    const struct tstring *handle = kernel_in(k, 0)->data;
    return map_get_n(&kept->tensors, tstring_data(handle), tstring_len(handle));
}

static struct status *want_handle(const struct kernel *k)
{
    const struct tensor *handle = kernel_in(k, 0);
    ENSURE(tensor_count(handle) == 1, "The handle must be one string, not a tensor of shape %s",
           SHAPE_STR(&handle->shape));
    return NULL;
}

static struct status *not_kept(const struct kernel *k)
{
    const struct tstring *handle = kernel_in(k, 0)->data;
    return status_new(INVALID_ARGUMENT, "The tensor with handle '%.*s' is not in the session "
                      "store.", (int)tstring_len(handle), tstring_data(handle));
}

static struct status *tensor_run(struct kernel *k)
{
    struct kept *kept = (struct kept *)k->state;
    TRY(want_handle(k));
    pthread_mutex_lock(&kept->lock);
    const struct kept_tensor *t = find(k, kept);
    if (t)
        kernel_set(k, 0, tensor_ref(&t->value));
    pthread_mutex_unlock(&kept->lock);
    if (!t)
        return not_kept(k);
    enum dtype want = node_attr_type(k->node, "dtype"), got = kernel_out(k, 0)->dtype;
    if (got != want)
        tensor_unref(kernel_out(k, 0));
    ENSURE(got == want, "The tensor of the handle is of type %s, not %s", dtype_name(got),
           dtype_name(want));
    return NULL;
}

static struct status *delete_run(struct kernel *k)
{
    struct kept *kept = (struct kept *)k->state;
    TRY(want_handle(k));
    pthread_mutex_lock(&kept->lock);
    struct kept_tensor *t = find(k, kept);
    if (t)
        map_remove(&kept->tensors, t->handle);
    pthread_mutex_unlock(&kept->lock);
    if (!t)
        return not_kept(k);
    kept_drop(t);
    return NULL;
}

static struct status *tensor_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 0));
    return shape_unknown(c);
}

static struct status *delete_shape(struct shape_ctx *c)
{
    return shape_want_rank(shape_in(c, 0), 0);
}

const struct op ops_kept[] = {
    { .name = "GetSessionHandle", .inputs = "value: T", .outputs = "handle: string",
      .attrs = "T: type", .doc = "Keeps the value in the session; the handle stands for it.",
      .shape = shape_scalar, .grad = NOT_DIFFERENTIABLE, .prepare = kept_prepare,
      .kernel_any = handle_run, .flags = OP_STATEFUL },
    { .name = "GetSessionTensor", .inputs = "handle: string", .outputs = "value: dtype",
      .attrs = "dtype: type", .doc = "The value that the session keeps by this handle.",
      .shape = tensor_shape, .grad = NOT_DIFFERENTIABLE, .prepare = kept_prepare,
      .kernel_any = tensor_run, .flags = OP_STATEFUL },
    { .name = "DeleteSessionTensor", .inputs = "handle: string",
      .doc = "Lets go of the value that the session keeps by this handle.",
      .shape = delete_shape, .grad = NOT_DIFFERENTIABLE, .prepare = kept_prepare,
      .kernel_any = delete_run, .flags = OP_STATEFUL },
    { 0 }
};
