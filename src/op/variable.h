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
    struct tensor value;        /* empty: uninitialized */
};

extern const struct resource_kind VARIABLE;

struct tensor variable_read(struct variable *v);                        /* a reference, or empty */
void variable_assign(struct variable *v, const struct tensor *value);   /* takes a reference */
bool variable_is_initialized(struct variable *v);

/* Lock it and make value writable in place: unique, copied if someone else reads it. The caller
 * ends with variable_unlock(), also after an error (then it is locked too). FAILED_PRECONDITION
 * "Attempting to use uninitialized value NAME" when empty. */
MUST_CHECK struct status *variable_lock(struct variable *v, struct buffer_pool *pool,
                                        const char *name, struct tensor **value);
void variable_unlock(struct variable *v);

#endif
