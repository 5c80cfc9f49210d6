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

#endif
