/* tensor_array_store.c - the array itself: its elements, when each may be written and read, and the
 * arrays of its gradients. */
#include "ops/tensor_array.h"

#include "base/mem.h"
#include "ops/array.h"
#include "ops/nd.h"

#include <stdio.h>
#include <string.h>

/* ---- the resource ---- */

static bool array_init(struct resource *r)
{
    return !pthread_mutex_init(&((struct tensor_array *)r)->lock, NULL);
}

static void release_elements(struct tensor_array *a)
{
    for (int64_t i = 0; i < a->used; i++)
        if (a->element[i].value.buf)
            buffer_unref(a->element[i].value.buf);
    mem_free(a->element);
    a->element = NULL;
    a->n = a->room = a->used = 0;
}

static void array_release(struct resource *r)
{
    struct tensor_array *a = (struct tensor_array *)r;
    for (struct tensor_array *grad = a->gradients, *next; grad; grad = next) {
        next = grad->next;
        resource_unref(&grad->base);
    }
    release_elements(a);
    for (struct element_shape *s = a->shapes, *next; s; s = next) {
        next = s->next;
        mem_free(s);
    }
    mem_free(a->name);
    mem_free(a->source);
    pthread_mutex_destroy(&a->lock);
}

const struct resource_kind TENSOR_ARRAY = { "tensor array", sizeof(struct tensor_array),
                                            array_init, NULL, array_release };

struct status *tensor_array_new(const char *name, enum dtype dtype, int64_t n,
                                struct tensor_array **result)
{
    struct tensor_array *a = (struct tensor_array *)resource_new(&TENSOR_ARRAY);
    NEED(a);
    a->dtype = dtype;
    a->shape = SHAPE_UNKNOWN;
    a->n = a->room = n;
    a->name = mem_strdup(name);
    a->element = n ? mem_array(struct tensor_element, n) : NULL;
    if (!a->name || (n && !a->element)) {
        a->n = 0;
        resource_unref(&a->base);
        return status_no_memory();
    }
    *result = a;
    return NULL;
}

struct status *tensor_array_check_open(const struct tensor_array *a)
{
    ENSURE(!a->is_closed, "TensorArray %s has already been closed.", a->name);
    return NULL;
}

void tensor_array_close(struct tensor_array *a)
{
    release_elements(a);
    a->is_closed = true;
}

/* Fresh zeroed pages cost nothing until they are touched: those behind `used` are not. */
static struct status *grow(struct tensor_array *a, int64_t n)
{
    if (n > a->room) {
        struct tensor_element *more = mem_array(struct tensor_element, 2 * n);
        NEED(more);
        if (a->used)
            memcpy(more, a->element, sizeof *more * (size_t)a->used);
        mem_free(a->element);
        a->element = more;
        a->room = 2 * n;
    }
    a->n = n > a->n ? n : a->n;
    return NULL;
}

static struct tensor_element *touch(struct tensor_array *a, int64_t i)
{
    a->used = i < a->used ? a->used : i + 1;
    return &a->element[i];
}

/* That shape, kept by the array. */
static struct status *keep_shape(struct tensor_array *a, const struct shape *s,
                                 const struct shape **kept)
{
    if (!a->shapes || !shape_equal(&a->shapes->s, s)) {
        struct element_shape *more = mem_new(struct element_shape);
        NEED(more);
        *more = (struct element_shape){ *s, a->shapes };
        a->shapes = more;
        a->accepted = false;
    }
    *kept = &a->shapes->s;
    return NULL;
}

static struct status *write_zeros(struct tensor_array *a, int64_t i, const struct shape *s)
{
    struct tensor_element *e = touch(a, i);
    TRY(keep_shape(a, s, &e->value.shape));
    e->written = true;
    return NULL;
}

struct status *tensor_array_narrow(struct tensor_array *a, const struct shape *s)
{
    a->accepted = false;
    return shape_merge(&a->shape, s, &a->shape);
}

/* ---- writing ---- */

static struct status *check_place(struct tensor_array *a, int64_t i)
{
    TRY(tensor_array_check_open(a));
    ENSURE(i >= 0 && (a->dynamic || i < a->n), "TensorArray %s: Tried to write to index %lld but "
           "array is not resizeable and size is: %lld", a->name, (long long)i, (long long)a->n);
    return grow(a, i + 1);
}

/* Most often it is the one that was written last. */
static struct status *check_shape(struct tensor_array *a, int64_t i, const struct shape *s)
{
    if (a->accepted && shape_equal(&a->shapes->s, s))
        return NULL;
    ENSURE(shape_accepts(&a->shape, s), "TensorArray %s: Could not write to TensorArray index %lld "
           "because the value shape is %s which is incompatible with the TensorArray's inferred "
           "element shape: %s (consider setting infer_shape=False).", a->name, (long long)i,
           SHAPE_STR(s), SHAPE_STR(&a->shape));
    if (a->identical)
        a->shape = *s;
    return NULL;
}

static struct status *check_unwritten(const struct tensor_array *a, int64_t i)
{
    const struct tensor_element *e = &a->element[i];
    ENSURE(!e->read, "TensorArray %s: Could not write to TensorArray index %lld because it has "
           "already been read.", a->name, (long long)i);
    ENSURE(a->is_gradient || !e->written, "TensorArray %s: Could not write to TensorArray index "
           "%lld because it has already been written to.", a->name, (long long)i);
    return NULL;
}

/* The sum takes the place of what was there, unless nobody else has that. */
static struct status *add(const struct tensor_array *a, struct tensor_part *to,
                          const struct tensor *value, struct buffer_pool *pool)
{
    struct tensor sum = tensor_of(a, to), own;
    if (!tensor_unique(&sum)) {
        TRY(tensor_copy(&own, pool, &sum));
        tensor_unref(&sum);
        sum = own;
        to->buf = own.buf;
        to->data = own.data;
    }
    return scatter_add[a->dtype](&sum, 0, value, 0, tensor_count(value));
}

/* What was written: nothing but a shape, or a value. */
static struct status *aggregate(struct tensor_array *a, int64_t i, struct tensor value,
                                struct buffer_pool *pool)
{
    struct tensor_part *to = &a->element[i].value;
    struct status *st = NULL;
    if (!shape_equal(to->shape, &value.shape))
        st = status_new(INVALID_ARGUMENT, "TensorArray %s: Could not aggregate to TensorArray "
                        "index %lld because the existing shape is %s but the new input shape is "
                        "%s.", a->name, (long long)i, SHAPE_STR(to->shape),
                        SHAPE_STR(&value.shape));
    else if (to->buf)
        st = add(a, to, &value, pool);
    a->is_summed |= to->buf != NULL;
    if (!st && !to->buf)
        *to = (struct tensor_part){ value.buf, value.data, to->shape };
    else
        tensor_unref(&value);
    return st;
}

static struct status *write(struct tensor_array *a, int64_t i, struct tensor *value)
{
    struct tensor_element *e = touch(a, i);
    TRY(keep_shape(a, &value->shape, &e->value.shape));
    a->accepted = true;
    e->value.buf = value->buf;
    e->value.data = value->data;
    e->written = true;
    return NULL;
}

struct status *tensor_array_put(struct tensor_array *a, int64_t i, struct tensor value,
                                struct buffer_pool *pool)
{
    struct status *st = check_place(a, i);
    if (!st)
        st = check_shape(a, i, &value.shape);
    if (!st)
        st = check_unwritten(a, i);
    if (!st && a->element[i].written)
        return aggregate(a, i, value, pool);
    if (!st)
        st = write(a, i, &value);
    if (st)
        tensor_unref(&value);
    return st;
}

/* ---- reading ---- */

/* TF: where gradients were stopped nobody writes what is read later: zeros, if their shape can be
 * known. Those of a gradient may lie behind its end, since the forward array grew. */
static struct status *fill_in(struct tensor_array *a, int64_t i)
{
    ENSURE(shape_is_known(&a->shape), "TensorArray %s: Could not read from TensorArray index %lld. "
           " Furthermore, the element shape is not fully defined: %s.  It is possible you are "
           "working with a resizeable TensorArray and stop_gradients is not allowing the gradients "
           "to be written.  If you set the full element_shape property on the forward TensorArray, "
           "the proper all-zeros tensor will be returned instead of incurring this error.",
           a->name, (long long)i, SHAPE_STR(&a->shape));
    int64_t from = i < a->n ? i : a->n;
    TRY(grow(a, i + 1));
    for (int64_t j = from; j <= i; j++)
        TRY(write_zeros(a, j, &a->shape));
    return NULL;
}

static struct status *check_readable(struct tensor_array *a, int64_t i)
{
    TRY(tensor_array_check_open(a));
    ENSURE(i >= 0 && (a->is_gradient || i < a->n), "Tried to read from index %lld but array size "
           "is: %lld", (long long)i, (long long)a->n);
    if (i >= a->n || !a->element[i].written)
        TRY(fill_in(a, i));
    ENSURE(!a->element[i].cleared, "TensorArray %s: Could not read index %lld twice because it was "
           "cleared after a previous read (perhaps try setting clear_after_read = false?).",
           a->name, (long long)i);
    return NULL;
}

static struct status *make_zeros(const struct tensor_array *a, struct tensor_part *value,
                                 struct buffer_pool *pool)
{
    struct tensor zeros;
    TRY(tensor_new(&zeros, pool, a->dtype, value->shape));
    array_zero(&zeros);
    value->buf = zeros.buf;
    value->data = zeros.data;
    return NULL;
}

struct status *tensor_array_get(struct tensor_array *a, int64_t i, struct buffer_pool *pool,
                                struct tensor_part *value)
{
    TRY(check_readable(a, i));
    struct tensor_element *e = &a->element[i];
    if (!e->value.buf)
        TRY(make_zeros(a, &e->value, pool));
    *value = e->value;
    e->read = true;
    e->cleared = a->clears;
    if (a->clears)
        e->value.buf = NULL;
    else
        buffer_ref(value->buf);
    return NULL;
}

/* ---- gradients ---- */

static struct status *joined(const struct shape *before, const struct shape *s, struct shape *all)
{
    *all = SHAPE_UNKNOWN;
    if (s->rank < 0)
        return NULL;
    ENSURE(before->rank + s->rank <= MAX_RANK, "An element of %d dimensions: at most %d are "
           "supported", before->rank + s->rank, MAX_RANK);
    *all = *before;
    for (int i = 0; i < s->rank; i++)
        all->dim[all->rank++] = s->dim[i];
    return NULL;
}

/* What was written has a gradient of the same shape, though it may never come. */
static struct status *copy_shapes(const struct tensor_array *a, const struct shape *before,
                                  struct tensor_array *grad)
{
    struct shape s;
    TRY(joined(before, &a->shape, &grad->shape));
    for (int64_t i = 0; i < a->used; i++)
        if (a->element[i].written) {
            TRY(joined(before, a->element[i].value.shape, &s));
            TRY(write_zeros(grad, i, &s));
        }
    return NULL;
}

static struct status *add_gradient(struct tensor_array *a, const char *source,
                                   const struct shape *before)
{
    struct tensor_array *grad;
    char name[512];
    ENSURE(!a->is_summed, "Unable to create a gradients TensorArray for %s.  Perhaps you used the "
           "multiple_writes_aggregate flag on a previous write?  Gradient calculation is "
           "impossible when multiple writes are performed to the same index.", a->name);
    snprintf(name, sizeof name, "%s@%s", a->name, source);
    TRY(tensor_array_new(name, a->dtype, a->n, &grad));
    grad->is_gradient = grad->clears = true;
    grad->identical = a->identical;
    grad->source = mem_strdup(source);
    struct status *st = grad->source ? copy_shapes(a, before, grad) : status_no_memory();
    if (st) {
        resource_unref(&grad->base);
        return st;
    }
    grad->next = a->gradients;
    a->gradients = grad;
    return NULL;
}

struct status *tensor_array_gradient(struct tensor_array *a, const char *source,
                                     const struct shape *before, struct tensor_array **grad)
{
    TRY(tensor_array_check_open(a));
    *grad = a->gradients;
    while (*grad && strcmp((*grad)->source, source))
        *grad = (*grad)->next;
    if (!*grad) {
        TRY(add_gradient(a, source, before));
        *grad = a->gradients;
    }
    resource_ref(&(*grad)->base);
    return NULL;
}
