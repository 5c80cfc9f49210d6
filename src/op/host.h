/* host.h - the function of the program around us that PyFunc and its kin call: one in a process,
 * told from above. Any thread. */
#ifndef OP_HOST_H
#define OP_HOST_H

#include "tensor/tensor.h"

/* Computes `out`, n_out tensors of the types wanted, from `in`, which stays the caller's. `token`
 * says what is to be computed. Called on any thread, several at a time, under no lock of ours. */
typedef struct status *host_function(const char *token, const struct tensor *in, int n_in,
                                     const enum dtype *types, struct tensor *out, int n_out);

void host_function_set(host_function *f);               /* NULL: none */
host_function *host_function_get(void);

/* A call of it, for a step that works with `buffers`; lives on the caller's stack. */
struct host_call { const void *buffers; struct host_call *outer; };
void host_call_begin(struct host_call *c, const void *buffers);
void host_call_end(const struct host_call *c);
/* Is this thread in the function, called for a step that works with `buffers`? */
bool host_call_is_for(const void *buffers);

#endif
