/* key.h - elements of any dtype as keys: two words that are the same if the elements are equal. */
#ifndef OPS_KEY_H
#define OPS_KEY_H

#include "tensor/tensor.h"

/* -0 is 0; `never`: a NaN, which is like nothing, itself included. */
struct key { uint64_t a, b; bool never; };

typedef struct key key_fn(const void *data, int64_t i);

key_fn *key_of(enum dtype t);

/* Is element i of x element j of y, both of dtype t? A string's key is a hash: those that meet are
 * compared. */
bool key_same(key_fn *key, enum dtype t, const void *x, int64_t i, const void *y, int64_t j);

#endif
