/* variable.h - a variable's holder: a resource with room for one tensor.
 *
 * Uninitialized is a holder without a tensor. A reader takes a reference to the tensor that is
 * there at that moment; a writer writes in place when nobody else holds the buffer and replaces
 * it otherwise, so that a reader never sees half a step. Any thread.
 */
#ifndef OP_VARIABLE_H
#define OP_VARIABLE_H

#include "op/resource.h"

#include <pthread.h>

struct variable {
    struct resource base;
    pthread_mutex_t lock;
    enum dtype dtype;           /* what it may hold; DT_INVALID: no node has said */
    struct tensor value;        /* empty: uninitialized */
};

extern const struct resource_kind VARIABLE;

/* resources_get() for a variable of this dtype; one that is there with another is refused. */
MUST_CHECK struct status *variable_get(struct resources *m, const char *container,
                                       const char *name, enum dtype dtype, struct variable **v);

struct tensor variable_read(struct variable *v);                        /* a reference, or empty */
void variable_assign(struct variable *v, const struct tensor *value);   /* adds a reference */
void variable_set(struct variable *v, struct tensor value);             /* takes yours over */
bool variable_is_initialized(struct variable *v);

/* Lock it and make value writable in place: unique, copied if someone else reads it. The caller
 * ends with variable_unlock(), also after an error (then it is locked too). FAILED_PRECONDITION
 * as of variable_uninitialized() when empty. */
MUST_CHECK struct status *variable_lock(struct variable *v, struct buffer_pool *pool,
                                        const char *name, struct tensor **value);
void variable_unlock(struct variable *v);

/* The same in steps, for ops that write several: all locked, in an order that cannot deadlock,
 * one that occurs twice once; then each made writable as it is needed. */
void variables_lock(struct variable *const *v, int n);
void variables_unlock(struct variable *const *v, int n);
MUST_CHECK struct status *variable_writable(struct variable *v, struct buffer_pool *pool);

/* May its value be written where it lies? Not what others read, nor memory of the caller's. */
static inline bool variable_is_ours(const struct variable *v)
{
    return tensor_unique(&v->value) && !buffer_is_foreign(v->value.buf);
}

/* "Attempting to use uninitialized value NAME" (C9), or for a handle (name NULL) "Error while
 * reading resource variable v from Container: localhost. ..." (C11). */
MUST_CHECK struct status *variable_uninitialized(const struct variable *v, const char *name);

#endif
