/* transpose.h - moving elements from one strided layout of memory to another.
 *
 * Transposing, slicing, reversing, padding, tiling and joining are all this one move; what
 * differs is the strides. Where neither side can be walked in its own order without harm to the
 * other, the move goes block by block. Elements are bytes here: 1, 2, 4, 8 or 16 of them.
 */
#ifndef NUM_TRANSPOSE_H
#define NUM_TRANSPOSE_H

#include <stddef.h>
#include <stdint.h>

enum { LAYOUT_RANK = 16 };

struct layout {
    int rank;
    int64_t dim[LAYOUT_RANK];           /* how often each dimension is walked, outermost first */
    int64_t to[LAYOUT_RANK];            /* strides, in elements; no two land on one element */
    int64_t from[LAYOUT_RANK];          /* strides, in elements; 0 repeats, negative reverses */
};

static inline void layout_add(struct layout *l, int64_t dim, int64_t to, int64_t from)
{
    l->dim[l->rank] = dim;
    l->to[l->rank] = to;
    l->from[l->rank++] = from;
}

int64_t layout_count(const struct layout *l);           /* elements that are moved */

/* The same move in the fewest dimensions, the two innermost fit for blocks. */
void layout_simplify(struct layout *l);

/* Do the move; `l` was simplified. The two memories do not overlap. */
void transpose_move(const struct layout *l, size_t size, void *to, const void *from);

#endif
