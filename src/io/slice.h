/* slice.h - a part of a tensor: along each dimension all of it, or some from a place on.
 *
 * Checkpoints store large variables in parts; ops name them as text, "10 4 0,5:-" (the whole's
 * shape, then where the part begins and how long it is, or "-" for all).
 */
#ifndef IO_SLICE_H
#define IO_SLICE_H

#include "io/piece.h"
#include "tensor/tensor.h"
#include "wire/checkpoint.pb-c.h"

struct slice { int rank; int64_t start[MAX_RANK], length[MAX_RANK]; };  /* length -1: all of it */

struct slice slice_all(int rank);

/* "10 4 0,5:-": the whole's shape, the slice, and the slice's shape. */
MUST_CHECK struct status *slice_parse(struct piece text, struct shape *whole, struct slice *s,
                                      struct shape *part);
/* The slice's shape; refuses one that does not lie in the whole. */
MUST_CHECK struct status *slice_shape(const struct slice *s, const struct shape *whole,
                                      struct shape *part);
bool slice_is_all(const struct slice *s, const struct shape *whole);
/* Does the same as another one, in a tensor of that shape? */
bool slice_same(const struct slice *a, const struct slice *b, const struct shape *whole);

/* The key under which a slice of a tensor stands in a table: bytes that sort as names and numbers
 * do. */
void slice_key(struct piece name, const struct slice *s, struct str *key);

/* Elements of `from`, which is the slice `a` of some tensor, to their places in `to`, which is the
 * slice `b` of it; `n` is how many there were. Both slices lie in the whole. */
MUST_CHECK struct status *slice_copy(const struct shape *whole, const struct slice *a,
                                     const struct tensor *from, const struct slice *b,
                                     struct tensor *to, int64_t *n);

MUST_CHECK struct status *slice_from_proto(const Wire__TensorSliceProto *m, struct slice *s);
struct arena;
MUST_CHECK struct status *slice_to_proto(struct arena *a, const struct slice *s,
                                         Wire__TensorSliceProto **m);

#endif
