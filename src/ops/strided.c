#include "ops/strided.h"

/* A spec names dimensions sparsely: an ellipsis stands for several, None for none. Here they are,
 * one for each dimension of the input. */
struct dense {
    int64_t begin[MAX_RANK], end[MAX_RANK], stride[MAX_RANK];
    unsigned begin_mask, end_mask, shrink;
    int n_out, out[2 * 32 + MAX_RANK];          /* input dimension, NEW_AXIS or SHRUNK */
};
enum { NEW_AXIS = -1, SPEC_MAX = 32 };

struct strided_masks strided_masks_of(const struct node *n)
{
    return (struct strided_masks){
        (unsigned)node_attr(n, "begin_mask"), (unsigned)node_attr(n, "end_mask"),
        (unsigned)node_attr(n, "ellipsis_mask"), (unsigned)node_attr(n, "new_axis_mask"),
        (unsigned)node_attr(n, "shrink_axis_mask")
    };
}

struct status *strided_check_spec(const struct shape *begin, const struct shape *end,
                                  const struct shape *strides)
{
    ENSURE(begin->rank == 1 && shape_equal(begin, end) && shape_equal(begin, strides) &&
           begin->dim[0] <= SPEC_MAX, "Expected begin, end, and strides to be 1D equal size "
           "tensors, but got shapes %s, %s, and %s instead.", SHAPE_STR(begin), SHAPE_STR(end),
           SHAPE_STR(strides));
    return NULL;
}

static void dense_whole(struct dense *d, int dim)
{
    d->begin[dim] = d->end[dim] = 0;
    d->stride[dim] = 1;
    d->begin_mask |= 1u << dim;
    d->end_mask |= 1u << dim;
    d->out[d->n_out++] = dim;
}

static void dense_named(struct dense *d, int dim, const struct strided_masks *m, int i)
{
    d->begin_mask |= (m->begin >> i & 1) << dim;
    d->end_mask |= (m->end >> i & 1) << dim;
    if (m->shrink >> i & 1)
        d->shrink |= 1u << dim;
    else
        d->out[d->n_out++] = dim;
}

/* New axes named after the ellipsis take no dimension of the input. */
static int new_axes_after(const struct strided_masks *m, int i, int n)
{
    int count = 0;
    for (i++; i < n; i++)
        count += m->new_axis >> i & 1;
    return count;
}

static struct status *dense_build(const struct strided_masks *m, int rank, int n,
                                  const struct tensor *begin, const struct tensor *end,
                                  const struct tensor *strides, struct dense *d)
{
    int dim = 0;
    bool seen = false;
    ENSURE((m->ellipsis & (m->ellipsis - 1)) == 0, "Multiple ellipses in slice spec not allowed");
    *d = (struct dense){ 0 };
    for (int i = 0; i < n; i++) {
        if (m->ellipsis >> i & 1) {
            int rest = n - i - 1 - new_axes_after(m, i, n);     /* dimensions named after it */
            seen = true;
            while (dim < rank - rest)
                dense_whole(d, dim++);
        } else if (m->new_axis >> i & 1) {
            d->out[d->n_out++] = NEW_AXIS;
        } else {
            ENSURE(dim < rank, "Index out of range using input dim %d; input has only %d dims",
                   dim, rank);
            d->begin[dim] = begin ? index_at(begin, i) : 0;
            d->end[dim] = end ? index_at(end, i) : 0;
            d->stride[dim] = index_at(strides, i);
            dense_named(d, dim++, m, i);
        }
    }
    while (!seen && dim < rank)
        dense_whole(d, dim++);
    return NULL;
}

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

/* Where a begin or end that counts from the back really is, and never outside. */
static int64_t canonical(int64_t v, int64_t dim, int64_t stride)
{
    int64_t low = stride > 0 ? 0 : -1;
    if (v < 0)
        v = v < -dim ? -1 : v + dim;
    return clamp(v, low, dim + low);
}

static struct status *resolve_shrunk(struct strided *s, int i, int64_t begin, int64_t dim)
{
    int64_t at = begin < 0 ? begin + dim : begin;
    s->count[i] = 1;
    ENSURE(at >= 0 && at < dim, "slice index %lld of dimension %d out of bounds.",
           (long long)at, i);      /* TF: what it is once it counts from the front */
    s->begin[i] = at;
    return NULL;
}

/* How many steps from begin to end; the stride may be the most negative number. */
static int64_t steps(int64_t begin, int64_t end, int64_t stride)
{
    uint64_t length, step;
    if (stride > 0 ? begin >= end : begin <= end)
        return 0;
    length = stride > 0 ? (uint64_t)end - (uint64_t)begin : (uint64_t)begin - (uint64_t)end;
    step = stride > 0 ? (uint64_t)stride : -(uint64_t)stride;
    return (int64_t)((length - 1) / step + 1);
}

static struct status *resolve_dim(const struct dense *d, int i, int64_t dim, bool has_begin,
                                  bool has_end, struct strided *s)
{
    int64_t stride = d->stride[i];
    bool all_begin = d->begin_mask >> i & 1, all_end = d->end_mask >> i & 1;
    bool shrunk = d->shrink >> i & 1;
    ENSURE(stride != 0, "strides[%d] must be non-zero", i);
    ENSURE(!shrunk || stride > 0, "only stride 1 allowed on non-range indexing.");
    s->stride[i] = stride;
    s->begin[i] = 0;
    s->count[i] = shrunk ? 1 : -1;
    if (dim < 0)
        return NULL;
    if (shrunk)
        return has_begin ? resolve_shrunk(s, i, d->begin[i], dim) : NULL;
    if ((!has_begin && !all_begin) || (!has_end && !all_end))
        return NULL;
    int64_t begin = all_begin ? (stride > 0 ? 0 : dim - 1) : canonical(d->begin[i], dim, stride);
    int64_t end = all_end ? (stride > 0 ? dim : -1) : canonical(d->end[i], dim, stride);
    s->begin[i] = begin;
    s->count[i] = steps(begin, end, stride);
    return NULL;
}

struct status *strided_resolve(const struct strided_masks *m, const struct shape *in,
                               const struct tensor *begin, const struct tensor *end,
                               const struct tensor *strides, struct strided *s)
{
    struct dense d;
    int n = (int)tensor_count(strides);
    TRY(dense_build(m, in->rank, n, begin, end, strides, &d));
    s->rank = in->rank;
    for (int i = 0; i < in->rank; i++)
        TRY(resolve_dim(&d, i, in->dim[i], begin, end, s));
    ENSURE(d.n_out <= MAX_RANK, "Slicing gives %d dimensions: at most %d are supported", d.n_out,
           MAX_RANK);
    s->out.rank = d.n_out;
    for (int i = 0; i < d.n_out; i++)
        s->out.dim[i] = d.out[i] == NEW_AXIS ? 1 : s->count[d.out[i]];
    return NULL;
}

void strided_layout(const struct strided *s, const struct shape *in, bool into, struct layout *l,
                    int64_t *at)
{
    int64_t whole[MAX_RANK], part[MAX_RANK];
    struct shape taken = { s->rank, { 0 } };
    for (int i = 0; i < s->rank; i++)
        taken.dim[i] = s->count[i];
    shape_strides(in, whole);
    shape_strides(&taken, part);
    *at = 0;
    l->rank = 0;
    for (int i = 0; i < s->rank; i++) {
        int64_t step = s->count[i] > 1 ? whole[i] * s->stride[i] : 0;
        *at += s->begin[i] * whole[i];
        layout_add(l, s->count[i], into ? step : part[i], into ? part[i] : step);
    }
}
