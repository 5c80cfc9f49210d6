/* array.h - what the families that move data share: moving tensors, reading indices, partial
 * values, and the nodes their gradients are made of.
 *
 * Such kernels go by the size of an element, not by its dtype; elements that own something
 * (strings, resources) are copied one run at a time by tensor_copy_elements().
 */
#ifndef OPS_ARRAY_H
#define OPS_ARRAY_H

#include "graph/graph.h"
#include "num/transpose.h"
#include "op/kernel.h"

/* ---- kernels ---- */

/* Move elements of `from` to `to`, both of one dtype, on several threads where it pays.
 * `l` is simplified on the way. */
MUST_CHECK struct status *array_move(const struct kernel *k, struct tensor *to, int64_t to_at,
                                     const struct tensor *from, int64_t from_at, struct layout *l);

/* Elements [at, at+n) of `to` become element `i` of `value`. */
MUST_CHECK struct status *array_fill(const struct kernel *k, struct tensor *to, int64_t at,
                                     int64_t n, const struct tensor *value, int64_t i);
void array_zero(struct tensor *t);      /* all elements 0, "" or NULL; fresh ones own nothing yet */

/* Output i is a part of input j, which is contiguous from element `at` on: shared where that is
 * worth more than a copy. */
MUST_CHECK struct status *array_part(struct kernel *k, int i, int j, int64_t at,
                                     const struct shape *s);

/* n rows of `whole` from row `at` on, shared; n < 0: row `at`, without the dimension of rows. */
struct tensor array_rows(const struct tensor *whole, int64_t at, int64_t n);
/* A copy of row `at`; the tensor has dimensions. */
MUST_CHECK struct status *array_row(struct buffer_pool *buffers, const struct tensor *whole,
                                    int64_t at, struct tensor *row);
/* Row `at` of `to` begins, in each dimension, with what `from` has; the rest stays. */
MUST_CHECK struct status *array_put_padded(struct tensor *to, int64_t at,
                                           const struct tensor *from);
/* The elements of `part` behind those that are in `to` by now, *at of them. */
MUST_CHECK struct status *array_append(const struct kernel *k, struct tensor *to, int64_t *at,
                                       const struct tensor *part);

/* Output i has the elements of input j and will be changed: in place if nobody else sees them. */
MUST_CHECK struct status *array_own(struct kernel *k, int i, int j);

/* Elements of a tensor before, in and after dimension `axis`: it is [rows][dim * inner], and what
 * is joined to it or split from it are some of the columns. */
struct cut { int64_t rows, dim, inner; };
struct cut cut_at(const struct shape *s, int axis);

/* `part`, cut as c, to or from columns [at, at + c.dim * c.inner) of a whole of rows of `row`. */
MUST_CHECK struct status *cut_put(const struct kernel *k, struct tensor *whole, int64_t row,
                                  int64_t at, const struct tensor *part, struct cut c);
MUST_CHECK struct status *cut_take(const struct kernel *k, const struct tensor *whole, int64_t row,
                                   int64_t at, struct tensor *part, struct cut c);

/* A whole prepare(): the state is this attribute, an int64_t or an enum dtype. */
MUST_CHECK struct status *prep_int(struct prep *p, const char *attr);
MUST_CHECK struct status *prep_type(struct prep *p, const char *attr);

/* For Pack and Unpack: attr "axis" is the state, and this is where it is among `rank`. */
MUST_CHECK struct status *pack_prepare(struct prep *p);
MUST_CHECK struct status *pack_axis(int64_t axis, int rank, int *at);

/* Elements that lie between neighbours in each dimension, of a tensor without gaps. */
void shape_strides(const struct shape *s, int64_t stride[MAX_RANK]);

/* Element i of an int32 or int64 tensor: inline, for loops over indices. */
static inline int64_t index_at(const struct tensor *t, int64_t i)
{ return t->dtype == DT_INT32 ? ((const int32_t *)t->data)[i] : ((const int64_t *)t->data)[i]; }

static inline void index_set(struct tensor *t, int64_t i, int64_t v)
{
    if (t->dtype == DT_INT32)
        ((int32_t *)t->data)[i] = (int32_t)v;
    else
        ((int64_t *)t->data)[i] = v;
}

/* The index in [0, n) that lies nearest to i. */
static inline int64_t index_within(int64_t i, int64_t n)
{ return i < 0 ? 0 : i >= n ? n - 1 : i; }

/* As many rows (-1: not known) of what `s` has behind its first `skip` dimensions. */
MUST_CHECK struct status *shape_with_rows(int64_t rows, const struct shape *s, int skip,
                                          struct shape *out);

/* "input must be 4-dimensional[2,3]" */
MUST_CHECK struct status *array_want_image(const struct shape *s);

/* "[0,2]" for element i of a tensor of shape s, "" for a scalar: TensorFlow names indices so. */
const char *index_print(const struct shape *s, int64_t i, char text[SHAPE_TEXT]);
#define INDEX_STR(s, i) index_print((s), (i), (char[SHAPE_TEXT]){ 0 })

/* A list of sizes (int32 or int64) as a shape; "Dimension -1 must be >= 0" and the like. */
MUST_CHECK struct status *array_read_shape(const struct tensor *t, struct shape *s);

/* ---- shape functions ---- */

/* The int vector or scalar that input i holds, as partial() gives it; false: nothing known. */
bool partial_in(struct shape_ctx *c, int i, struct shape *value);

/* Input i, a vector of height and width: -1 where they are not known or negative. */
MUST_CHECK struct status *partial_size(struct shape_ctx *c, int i, int64_t *h, int64_t *w);

/* Merge `s` into *all, or "Dimension 1 in both shapes must be equal, but are 3 and 4. Shapes..." */
MUST_CHECK struct status *shape_merge_named(const struct shape *s, struct shape *all, int which);

/* Dimensions of unknown size. */
struct shape shape_of_rank(int rank);

/* ---- gradients ---- */
struct out grad_rank(struct grad *g, struct out x);                     /* constants where known */
struct out grad_size(struct grad *g, struct out x);
struct out grad_reshape(struct grad *g, struct out x, struct out shape);
struct out grad_reshape_like(struct grad *g, struct out x, struct out like);
struct out grad_ints(struct grad *g, int64_t v);                        /* an int32 scalar */
struct out grad_concat(struct grad *g, const struct out *part, int n, struct out axis);
struct out grad_cast(struct grad *g, struct out x, enum dtype t);
struct out grad_part(struct grad *g, struct out vector, int64_t from, int64_t to); /* v[from:to] */

#endif
