/* shape.h - rank and dimensions, known or not.
 *
 * While a graph is built a rank or a dimension may be unknown (-1); the shape
 * of a tensor never has an unknown. */
#ifndef TENSOR_SHAPE_H
#define TENSOR_SHAPE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_RANK = 8 };          /* TensorFlow's kernels stop at 8 or before; more is refused */

struct shape {
    int rank;                   /* -1: unknown rank */
    int64_t dim[MAX_RANK];      /* -1: unknown size */
};

#define SHAPE(...)                                                                  \
    ((struct shape){ (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)),   \
                     { __VA_ARGS__ } })
static const struct shape SHAPE_SCALAR = { 0, { 0 } };
static const struct shape SHAPE_UNKNOWN = { -1, { 0 } };

static inline int64_t shape_count(const struct shape *s)    /* elements; of a fully known shape */
{
    int64_t n = 1;
    for (int i = 0; i < s->rank; i++)
        n *= s->dim[i];
    return n;
}
bool shape_is_known(const struct shape *s);             /* rank and every dimension */
static inline bool shape_equal(const struct shape *a, const struct shape *b)
{
    bool equal = a->rank == b->rank;
    for (int i = 0; equal && i < a->rank; i++)
        equal = a->dim[i] == b->dim[i];
    return equal;
}

/* INVALID_ARGUMENT if the product of the known dimensions that are not 0 overflows: loops multiply
 * them, whatever the whole holds. */
MUST_CHECK struct status *shape_check_size(const struct shape *s);
/* ... or if anything is unknown: what a tensor may have. */
MUST_CHECK struct status *shape_check(const struct shape *s);

/* Without its first dimension; unknown where it has none or may have any. */
struct shape shape_of_row(const struct shape *s);

/* Elements in dimensions [from, to). */
int64_t shape_span(const struct shape *s, int from, int to);

/* What is known of either; "Dimensions must be equal, but are 2 and 3" if they clash. */
MUST_CHECK struct status *dim_merge(int64_t a, int64_t b, int64_t *merged);
MUST_CHECK struct status *shape_merge(const struct shape *a, const struct shape *b,
                                      struct shape *merged);

/* Could a tensor of shape `value` be where `want` is declared? */
bool shape_accepts(const struct shape *want, const struct shape *value);

/* NumPy's broadcasting; unknowns stay unknown. Clash: "Incompatible shapes: [2,3] vs. [4]". */
MUST_CHECK struct status *shape_broadcast_of(const struct shape *a, const struct shape *b,
                                             struct shape *both);

/* "[2,?,3]", "[]", "<unknown>"; returns `text`. */
enum { SHAPE_TEXT = 24 * MAX_RANK };
const char *shape_print(const struct shape *s, char text[SHAPE_TEXT]);
#define SHAPE_STR(s) shape_print((s), (char[SHAPE_TEXT]){ 0 })

#endif
