/* npz.h - NumPy's archives of arrays, for tests. */
#ifndef TEST_NPZ_H
#define TEST_NPZ_H

#include "tensor/tensor.h"

struct npz;

struct npz *npz_open(const char *path);         /* NULL: not there or not an archive */
int npz_count(const struct npz *z);
/* The i-th array's name without ".npy"; `to` has room for `size` bytes. */
const char *npz_name(const struct npz *z, int i, char *to, size_t size);
bool npz_has(const struct npz *z, const char *name);
/* Text (<U) becomes strings, each character a byte; float16 half. */
MUST_CHECK struct status *npz_read(const struct npz *z, const char *name, struct tensor *t);
void npz_close(struct npz *z);                  /* NULL is fine */

#endif
