/* tensor.c - weft.h: statuses and tensors. */
#include "api/api.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/str.h"
#include "ops/ops.h"
#include "tensor/tstring.h"

#include <stdio.h>
#include <stdlib.h>

const char *weft_version(void) { return WEFT_VERSION; }
size_t weft_memory_in_use(void) { return mem_live(); }
void weft_set_threads(int threads) { pool_size_hint(threads); }

struct status *api_ready(void) { return ops_init(); }

/* ---- status ---- */

enum weft_code weft_status_code(const struct weft_status *s)
{
    return (enum weft_code)status_code(status_in(s));
}

const char *weft_status_message(const struct weft_status *s)
{
    return status_message(status_in(s));
}

const char *weft_status_node(const struct weft_status *s) { return status_node(status_in(s)); }
void weft_status_free(struct weft_status *s) { status_free(status_in(s)); }

struct weft_status *weft_status_new(enum weft_code code, const char *message)
{
    return code == WEFT_OK ? NULL : status_out(status_new((enum code)code, "%s", message));
}

void weft_check(struct weft_status *s)
{
    if (!s)
        return;
    fprintf(stderr, "%s: %s\n", code_name(status_code(status_in(s))), weft_status_message(s));
    weft_status_free(s);
    exit(1);
}

/* ---- dtypes ---- */

size_t weft_dtype_size(enum weft_dtype t) { return dtype_size((enum dtype)t); }
const char *weft_dtype_name(enum weft_dtype t) { return dtype_name((enum dtype)t); }

/* ---- making tensors ---- */

struct weft_tensor *tensor_box(struct buffer_pool *pool, struct tensor t)
{
    struct buffer *home = buffer_new(pool, sizeof(struct weft_tensor), DT_INT8);
    if (!home) {
        tensor_unref(&t);
        return NULL;
    }
    struct weft_tensor *box = home->data;
    box->t = t;
    box->home = home;
    atomic_store_explicit(&box->refs, 1, memory_order_relaxed);
    return box;
}

static struct status *shape_of(int rank, const int64_t *dims, struct shape *s)
{
    ENSURE(rank >= 0 && rank <= MAX_RANK, "Expected a rank from 0 to %d, got %d", MAX_RANK, rank);
    *s = (struct shape){ rank, { 0 } };
    if (rank)
        memcpy(s->dim, dims, (size_t)rank * sizeof *dims);
    return shape_check(s);
}

static struct status *boxed(struct tensor t, struct weft_tensor **result)
{
    NEED(*result = tensor_box(NULL, t));
    return NULL;
}

static struct status *tensor_make(enum dtype dtype, int rank, const int64_t *dims,
                                  const void *data, struct weft_tensor **result)
{
    struct shape s;
    struct tensor t;
    TRY(shape_of(rank, dims, &s));
    ENSURE(dtype_size(dtype) && !dtype_is_ref(dtype) && dtype != DT_RESOURCE &&
           dtype != DT_VARIANT && !(data && dtype == DT_STRING),
           "A tensor of type %s cannot be made this way", dtype_name(dtype));
    TRY(tensor_new(&t, NULL, dtype, &s));
    if (data && tensor_bytes(&t))
        memcpy(t.data, data, tensor_bytes(&t));
    else if (!data)
        memset(t.data, 0, tensor_bytes(&t));
    return boxed(t, result);
}

struct weft_status *weft_tensor_new(enum weft_dtype dtype, int rank, const int64_t *dims,
                                    const void *data, struct weft_tensor **result)
{
    return status_out(tensor_make((enum dtype)dtype, rank, dims, data, result));
}

static struct status *tensor_wrapped(enum dtype dtype, int rank, const int64_t *dims, void *data,
                                     void (*release)(void *, void *, size_t), void *ctx,
                                     struct weft_tensor **result)
{
    struct tensor t = { .dtype = dtype, .data = data };
    size_t bytes;
    TRY(shape_of(rank, dims, &t.shape));
    ENSURE(dtype_size(dtype) && !dtype_is_ref(dtype) && dtype != DT_STRING &&
           dtype != DT_RESOURCE && dtype != DT_VARIANT,
           "Memory of type %s cannot be wrapped", dtype_name(dtype));
    ENSURE(!__builtin_mul_overflow((size_t)shape_count(&t.shape), dtype_size(dtype), &bytes),
           "Shape %s is too large", SHAPE_STR(&t.shape));
    ENSURE(data || !bytes, "There is no memory to wrap");
    ENSURE((uintptr_t)data % dtype_size(dtype) == 0 || dtype_size(dtype) == 16,
           "Memory is not aligned for elements of type %s", dtype_name(dtype));
    NEED(t.buf = buffer_wrap(data, bytes, release, ctx));
    *result = tensor_box(NULL, (struct tensor){ 0 });
    if (!*result) {
        t.buf->release = NULL;          /* on failure the memory stays the caller's */
        tensor_unref(&t);
        return status_no_memory();
    }
    (*result)->t = t;
    return NULL;
}

struct weft_status *weft_tensor_wrap(enum weft_dtype dtype, int rank, const int64_t *dims,
                                     void *data,
                                     void (*release)(void *ctx, void *data, size_t bytes),
                                     void *ctx, struct weft_tensor **result)
{
    return status_out(tensor_wrapped((enum dtype)dtype, rank, dims, data, release, ctx, result));
}

struct weft_tensor *weft_tensor_scalar(enum weft_dtype dtype, double value)
{
    struct weft_tensor *t = NULL;
    struct status *st = dtype == WEFT_STRING ? status_no_memory()
                                             : tensor_make((enum dtype)dtype, 0, NULL, NULL, &t);
    status_free(st);
    if (st)
        return NULL;
    tensor_set_double(&t->t, 0, value);
    return t;
}

struct weft_tensor *weft_tensor_text(const char *bytes, size_t n)
{
    struct weft_tensor *t = NULL;
    struct status *st = tensor_make(DT_STRING, 0, NULL, NULL, &t);
    status_free(st);
    if (!st && !tstring_set(t->t.data, bytes, n)) {
        weft_tensor_free(t);
        return NULL;
    }
    return st ? NULL : t;
}

struct weft_tensor *weft_tensor_ref(struct weft_tensor *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void weft_tensor_free(struct weft_tensor *t)
{
    if (!t || (atomic_load_explicit(&t->refs, memory_order_acquire) != 1 &&
               atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1))
        return;
    tensor_unref(&t->t);
    buffer_unref(t->home);
}

/* ---- reading them ---- */

enum weft_dtype weft_tensor_dtype(const struct weft_tensor *t)
{
    return (enum weft_dtype)t->t.dtype;
}

int weft_tensor_rank(const struct weft_tensor *t) { return t->t.shape.rank; }

int64_t weft_tensor_dim(const struct weft_tensor *t, int axis)
{
    return axis >= 0 && axis < t->t.shape.rank ? t->t.shape.dim[axis] : -1;
}

int64_t weft_tensor_count(const struct weft_tensor *t) { return tensor_count(&t->t); }
size_t weft_tensor_bytes(const struct weft_tensor *t) { return tensor_bytes(&t->t); }

bool weft_tensor_is_shared(const struct weft_tensor *t)
{
    return atomic_load_explicit(&t->refs, memory_order_acquire) != 1 || !tensor_unique(&t->t);
}

void *weft_tensor_data(const struct weft_tensor *t) { return t->t.data; }

static bool has_element(const struct weft_tensor *t, int64_t i)
{
    return i >= 0 && i < tensor_count(&t->t);
}

double weft_tensor_number(const struct weft_tensor *t, int64_t i)
{
    return has_element(t, i) ? tensor_double(&t->t, i) : 0;
}

const char *weft_tensor_string(const struct weft_tensor *t, int64_t i, size_t *n)
{
    bool is_text = t->t.dtype == DT_STRING && has_element(t, i);
    const struct tstring *s = is_text ? (const struct tstring *)t->t.data + i : NULL;
    if (n)
        *n = s ? tstring_len(s) : 0;
    return s ? tstring_data(s) : "";
}

static struct status *set_string(struct tensor *t, int64_t i, const char *bytes, size_t n)
{
    ENSURE(t->dtype == DT_STRING, "Expected a string tensor, got %s", dtype_name(t->dtype));
    ENSURE(i >= 0 && i < tensor_count(t), "Element %lld of a tensor with %lld", (long long)i,
           (long long)tensor_count(t));
    return tstring_set((struct tstring *)t->data + i, bytes, n) ? NULL : status_no_memory();
}

struct weft_status *weft_tensor_set_string(struct weft_tensor *t, int64_t i, const char *bytes,
                                           size_t n)
{
    return status_out(set_string(&t->t, i, bytes, n));
}

char *weft_tensor_to_text(const struct weft_tensor *t, int64_t most)
{
    struct str s = { 0 };
    tensor_print(&t->t, most, &s);
    char *text = s.failed ? NULL : strdup(str_text(&s));
    str_free(&s);
    return text;
}
