/* move.c - the same elements in another order: Transpose, ConjugateTranspose, InvertPermutation,
 * Tile, Reverse, ReverseV2. */
#include "ops/array.h"
#include "ops/nd.h"

#include "op/each.h"

#include <string.h>

/* ---- Transpose, ConjugateTranspose ---- */

static struct status *transpose_shape(struct shape_ctx *c)
{
    const struct shape *in = shape_in(c, 0);
    const struct tensor *perm = shape_in_value(c, 1);
    TRY(shape_want_rank(shape_in(c, 1), 1));
    int64_t rank = in->rank;
    if (shape_in(c, 1)->rank == 1)
        TRY(dim_merge(rank, shape_in(c, 1)->dim[0], &rank));
    if (rank < 0)
        return NULL;
    ENSURE(rank <= MAX_RANK, "Cannot transpose %lld dimensions: at most %d are supported",
           (long long)rank, MAX_RANK);
    *shape_out(c, 0) = rank < 2 && in->rank >= 0 ? *in : shape_of_rank((int)rank);
    for (int i = 0; perm && i < rank; i++) {
        int64_t from = index_at(perm, i);
        ENSURE(from >= 0 && from < rank, "perm dim %lld is out of range of input rank %lld",
               (long long)from, (long long)rank);
        shape_out(c, 0)->dim[i] = in->rank < 0 ? -1 : in->dim[from];
    }
    return NULL;
}

/* "{0,2,3}", as the errors show it. */
static const char *perm_print(const struct tensor *perm, char text[SHAPE_TEXT])
{
    struct shape s = { (int)perm->shape.dim[0], { 0 } };
    for (int i = 0; i < s.rank; i++)
        s.dim[i] = index_at(perm, i);
    shape_print(&s, text);
    for (char *p = text; *p; p++)
        *p = *p == '[' ? '{' : *p == ']' ? '}' : *p;
    return text;
}

static struct status *perm_check(const struct tensor *perm, const struct shape *in)
{
    unsigned seen = 0;
    ENSURE(perm->shape.rank == 1, "perm must be a vector, not %s", SHAPE_STR(&perm->shape));
    ENSURE(perm->shape.dim[0] == in->rank, "transpose expects a vector of size %d. But input(1) "
           "is a vector of size %lld", in->rank, (long long)perm->shape.dim[0]);
    for (int i = 0; i < in->rank; i++) {
        int64_t d = index_at(perm, i);
        ENSURE(d >= 0 && d < in->rank, "%lld is out of range [0 .. %d)", (long long)d, in->rank);
        seen |= 1u << d;
    }
    for (int i = 0; i < in->rank; i++)
        ENSURE(seen >> i & 1, "%d is missing from %s.", i,
               perm_print(perm, (char[SHAPE_TEXT]){ 0 }));
    return NULL;
}

/* Nothing moves if the dimensions of more than one element keep their order. */
static bool perm_is_view(const struct shape *in, const struct tensor *perm)
{
    int64_t last = -1;
    for (int i = 0; i < in->rank; i++) {
        int64_t d = index_at(perm, i);
        if (in->dim[d] == 1)
            continue;
        if (d < last)
            return false;
        last = d;
    }
    return true;
}

/* `may_share`: the output may be the input's buffer where nothing moves. */
static struct status *transpose(struct kernel *k, bool may_share)
{
    const struct tensor *x = kernel_in(k, 0), *perm = kernel_in(k, 1);
    TRY(perm_check(perm, &x->shape));
    struct shape out = { x->shape.rank, { 0 } };
    for (int i = 0; i < out.rank; i++)
        out.dim[i] = x->shape.dim[index_at(perm, i)];
    if (may_share && perm_is_view(&x->shape, perm)) {
        kernel_view(k, 0, 0, &out);
        return NULL;
    }
    TRY(kernel_new(k, 0, x->dtype, &out));
    if (tensor_count(x) == 0)
        return NULL;

    int64_t from[MAX_RANK], to[MAX_RANK];
    struct layout l;
    shape_strides(&x->shape, from);
    shape_strides(&out, to);
    l.rank = 0;
    for (int i = 0; i < out.rank; i++)
        layout_add(&l, out.dim[i], to[i], from[index_at(perm, i)]);
    return array_move(k, kernel_out(k, 0), 0, x, 0, &l);
}

static struct status *transpose_any(struct kernel *k) { return transpose(k, true); }

/* The last bit of an element is the sign of its imaginary part. */
static struct status *transpose_conjugated(struct kernel *k)
{
    TRY(transpose(k, false));
    struct tensor *y = kernel_out(k, 0);
    size_t size = dtype_size(y->dtype);
    unsigned char *sign = (unsigned char *)y->data + size - 1;
    for (int64_t i = 0, n = tensor_count(y); i < n; i++)
        sign[(size_t)i * size] ^= 0x80;
    return NULL;
}

static struct status *conjugate_prepare(struct prep *p)
{
    if (dtype_is_complex(p->node->dtype[0]))
        p->run = transpose_conjugated;
    return NULL;
}

static void transpose_grad(struct grad *g)
{
    struct out back = grad1(g, "InvertPermutation", g->x[1]);
    g->dx[0] = grad_add_named(g, g->node->op->name, "transpose", OUTS(g->dy[0], back), NULL, 0);
}

/* ---- InvertPermutation ---- */

static struct status *invert_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 1));
    *shape_out(c, 0) = shape_in(c, 0)->rank < 0 ? SHAPE(-1) : *shape_in(c, 0);
    return NULL;
}

/* y[x[i]] = i, y being all -1 before. */
static struct status *invert_check(int64_t d, int64_t n, bool taken)
{
    ENSURE(d >= 0 && d < n, "%lld is not between 0 and %lld", (long long)d, (long long)n);
    ENSURE(!taken, "%lld is duplicated in the input.", (long long)d);
    return NULL;
}

static struct status *invert_new(struct kernel *k, int64_t *n)
{
    const struct tensor *x = kernel_in(k, 0);
    ENSURE(x->shape.rank == 1, "invert_permutation expects a 1D vector.");
    *n = x->shape.dim[0];
    ENSURE(*n <= INT32_MAX, "permutation of nonnegative int32s must have <= int32 max elements");
    TRY(kernel_new(k, 0, x->dtype, &x->shape));
    if (*n)
        memset(kernel_out(k, 0)->data, 0xff, tensor_bytes(x));
    return NULL;
}

#define EACH "ops/invert.inc"
#define EACH_SET (SET_I32 | SET_I64)
#include "op/each.h"

/* ---- Tile ---- */

static struct status *tile_dim(int i, int64_t dim, int64_t times, int64_t *tiled)
{
    ENSURE(times >= 0, "Expected multiples[%d] >= 0, but got %lld", i, (long long)times);
    *tiled = -1;
    ENSURE(dim < 0 || !__builtin_mul_overflow(dim, times, tiled), "multiples[%d] = %lld is too "
           "large", i, (long long)times);
    return NULL;
}

static struct status *tile_shape(struct shape_ctx *c)
{
    const struct shape *in = shape_in(c, 0);
    struct shape times, *out = shape_out(c, 0);
    TRY(shape_want_rank(shape_in(c, 1), 1));
    TRY(shape_in_shape(c, 1, &times));
    int64_t rank = in->rank;
    TRY(dim_merge(rank, times.rank, &rank));
    *out = rank < 0 ? SHAPE_UNKNOWN : shape_of_rank((int)rank);
    for (int i = 0; i < rank; i++)
        if (in->rank >= 0 && times.rank >= 0 && times.dim[i] >= 0)
            TRY(tile_dim(i, in->dim[i], times.dim[i], &out->dim[i]));
    return NULL;
}

static struct status *tile_check(const struct tensor *x, const struct tensor *times,
                                 struct shape *out)
{
    ENSURE(times->shape.rank == 1, "Expected multiples to be 1-D, but got shape %s",
           SHAPE_STR(&times->shape));
    ENSURE(times->shape.dim[0] == x->shape.rank, "Expected multiples argument to be a vector of "
           "length %d but got length %lld", x->shape.rank, (long long)times->shape.dim[0]);
    out->rank = x->shape.rank;
    for (int i = 0; i < out->rank; i++)
        TRY(tile_dim(i, x->shape.dim[i], index_at(times, i), &out->dim[i]));
    return NULL;
}

static struct status *tile_any(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *times = kernel_in(k, 1);
    struct shape out;
    TRY(tile_check(x, times, &out));
    if (shape_equal(&out, &x->shape)) {
        kernel_forward(k, 0, 0);
        return NULL;
    }
    TRY(kernel_new(k, 0, x->dtype, &out));
    if (shape_count(&out) == 0)
        return NULL;

    int64_t from[MAX_RANK], to[MAX_RANK];
    struct layout l;
    shape_strides(&x->shape, from);
    shape_strides(&out, to);
    l.rank = 0;
    for (int i = 0; i < out.rank; i++) {
        layout_add(&l, index_at(times, i), to[i] * x->shape.dim[i], 0);
        layout_add(&l, x->shape.dim[i], to[i], from[i]);
    }
    return array_move(k, kernel_out(k, 0), 0, x, 0, &l);
}

/* dy as [times, dim, times, dim...], summed over the even dimensions. */
/* ---- TileGrad, the sum of the tiles: old graphs have it ---- */

static struct status *untile_check(const struct tensor *x, const struct tensor *times,
                                   struct shape *out)
{
    ENSURE(times->shape.rank == 1, "Expected multiples to be 1-D, but got shape %s",
           SHAPE_STR(&times->shape));
    ENSURE(times->shape.dim[0] == x->shape.rank, "Expected multiples argument to be a vector of "
           "length %d but got length %lld", x->shape.rank, (long long)times->shape.dim[0]);
    *out = x->shape;
    for (int i = 0; i < out->rank; i++) {
        int64_t n = index_at(times, i);
        ENSURE(n > 0, "Expected multiples[%d] > 0, but got %lld", i, (long long)n);
        ENSURE(out->dim[i] % n == 0, "Expected input_dim[%d] to be divisible by multiples[%d], but "
               "%lld %% %lld != 0", i, i, (long long)out->dim[i], (long long)n);
        out->dim[i] /= n;
    }
    return NULL;
}

/* Element `at` of a tiled tensor of shape x is of this element of the tile. */
static int64_t untile_at(int64_t at, const struct shape *x, const struct shape *tile)
{
    int64_t to = 0, stride = 1;
    for (int d = x->rank - 1; d >= 0; d--) {
        to += at % x->dim[d] % tile->dim[d] * stride;
        stride *= tile->dim[d];
        at /= x->dim[d];
    }
    return to;
}

static struct status *untile_any(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    struct shape tile;
    TRY(untile_check(x, kernel_in(k, 1), &tile));
    TRY(kernel_new(k, 0, x->dtype, &tile));
    array_zero(kernel_out(k, 0));
    int64_t n = tensor_count(x), run = tile.rank ? tile.dim[tile.rank - 1] : 1;
    for (int64_t at = 0; at < n; at += run)
        TRY(scatter_add[x->dtype](kernel_out(k, 0), untile_at(at, &x->shape, &tile), x, at, run));
    return NULL;
}

static struct status *untile_prepare(struct prep *p)
{
    enum dtype t = node_attr_type(p->node, "T");
    ENSURE(t != DT_STRING && t != DT_BOOL, "No OpKernel was registered to support Op 'TileGrad' "
           "with these attrs.");
    return NULL;
}

static void tile_grad(struct grad *g)
{
    enum dtype t = out_dtype(g->x[1]);
    struct out shape = grad_shape_of(g, g->x[0], t);
    struct out both = grad_add(g, "Pack", OUTS(g->x[1], shape), ATTRS(attr_int("axis", 1)));
    struct out split = grad_reshape(g, both, grad_vector(g, DT_INT32, (int64_t[]){ -1 }, 1));
    struct out axes = grad_add(g, "Range", OUTS(grad_ints(g, 0), grad1(g, "Size", split),
                                                grad_ints(g, 2)), NULL, 0);
    g->dx[0] = grad2(g, "Sum", grad_reshape(g, g->dy[0], split), axes);
}

/* ---- Reverse, ReverseV2 ---- */

static struct status *reverse_shape(struct shape_ctx *c)
{
    const struct shape *in = shape_in(c, 0);
    const struct shape *dims = shape_in(c, 1);
    TRY(shape_want_rank(dims, 1));
    if (dims->rank == 1 && in->rank < 0 && dims->dim[0] >= 0 && dims->dim[0] <= MAX_RANK)
        *shape_out(c, 0) = shape_of_rank((int)dims->dim[0]);
    else
        *shape_out(c, 0) = *in;
    if (dims->rank == 1 && in->rank >= 0)
        ENSURE(dims->dim[0] < 0 || dims->dim[0] == in->rank, "Shape must be rank %lld but is rank "
               "%d", (long long)dims->dim[0], in->rank);
    return NULL;
}

static struct status *reverse_axes(const struct tensor *axes, int rank, unsigned *set)
{
    *set = 0;
    for (int64_t i = 0; i < tensor_count(axes); i++) {
        int64_t d = index_at(axes, i), at = d < 0 ? d + rank : d;
        ENSURE(d >= -rank && d < rank, "'axis'[%lld] = %lld is out of valid range [0, %d",
               (long long)i, (long long)d, rank - 1);
        ENSURE(!(*set >> at & 1), "axis %lld specified more than once.", (long long)at);
        *set |= 1u << at;
    }
    return NULL;
}

static struct status *reverse_v2_shape(struct shape_ctx *c)
{
    const struct tensor *axes = shape_in_value(c, 1);
    unsigned set;
    TRY(shape_want_rank(shape_in(c, 1), 1));
    if (axes && shape_in(c, 0)->rank >= 0)
        TRY(reverse_axes(axes, shape_in(c, 0)->rank, &set));
    return shape_unchanged(c);
}

static struct status *reverse_set(struct kernel *k, unsigned set)
{
    const struct tensor *x = kernel_in(k, 0);
    if (tensor_count(x) < 2 || !set) {
        kernel_forward(k, 0, 0);
        return NULL;
    }
    int64_t stride[MAX_RANK], at = 0;
    struct layout l;
    l.rank = 0;
    shape_strides(&x->shape, stride);
    for (int i = 0; i < x->shape.rank; i++) {
        bool back = set >> i & 1;
        at += back ? (x->shape.dim[i] - 1) * stride[i] : 0;
        layout_add(&l, x->shape.dim[i], stride[i], back ? -stride[i] : stride[i]);
    }
    TRY(kernel_new(k, 0, x->dtype, &x->shape));
    return array_move(k, kernel_out(k, 0), 0, x, at, &l);
}

static struct status *reverse_any(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *dims = kernel_in(k, 1);
    unsigned set = 0;
    ENSURE(dims->shape.rank == 1, "'dims' must be 1-dimension, not %d", dims->shape.rank);
    ENSURE(dims->shape.dim[0] == x->shape.rank, "'dims' must have the same number of values as "
           "'tensor' has dimensions. 'tensor' has %d'dims' has %lld values", x->shape.rank,
           (long long)dims->shape.dim[0]);
    for (int i = 0; i < x->shape.rank; i++)
        set |= (unsigned)((const bool *)dims->data)[i] << i;
    return reverse_set(k, set);
}

static struct status *reverse_v2_any(struct kernel *k)
{
    const struct tensor *axes = kernel_in(k, 1);
    unsigned set = 0;
    if (kernel_in(k, 0)->shape.rank == 0) {     /* TF: then it does not look at the axes */
        kernel_forward(k, 0, 0);
        return NULL;
    }
    ENSURE(axes->shape.rank == 1, "'dims' must be 1-dimension, not %d", axes->shape.rank);
    TRY(reverse_axes(axes, kernel_in(k, 0)->shape.rank, &set));
    return reverse_set(k, set);
}

static void reverse_grad(struct grad *g)
{
    g->dx[0] = grad2(g, g->node->op->name, g->dy[0], g->x[1]);
}

#define PERMUTATIONS(x) KERNELS([DT_INT32] = x##_i32, [DT_INT64] = x##_i64)

const struct op ops_move[] = {
    { .name = "Transpose", .inputs = "x: T, perm: Tperm", .outputs = "y: T",
      .attrs = "T: type; Tperm: {int32, int64} = int32",
      .doc = "X with its dimensions in another order: dimension i of y is perm[i] of x.",
      .shape = transpose_shape, .grad = transpose_grad, .kernel_any = transpose_any },
    { .name = "ConjugateTranspose", .inputs = "x: T, perm: Tperm", .outputs = "y: T",
      .attrs = "T: type; Tperm: {int32, int64} = int32",
      .doc = "The conjugates of x, its dimensions in another order as Transpose has them.",
      .shape = transpose_shape, .grad = transpose_grad, .prepare = conjugate_prepare,
      .kernel_any = transpose_any },
    { .name = "InvertPermutation", .inputs = "x: T", .outputs = "y: T",
      .attrs = "T: {int32, int64} = int32",
      .doc = "The permutation that undoes x: y[x[i]] is i.",
      .shape = invert_shape, .grad = NOT_DIFFERENTIABLE, .kernel = PERMUTATIONS(invert) },
    { .name = "Tile", .inputs = "input: T, multiples: Tmultiples", .outputs = "output: T",
      .attrs = "T: type; Tmultiples: {int32, int64} = int32",
      .doc = "Input repeated multiples[i] times in dimension i.",
      .shape = tile_shape, .grad = tile_grad, .kernel_any = tile_any },
    { .name = "TileGrad", .inputs = "input: T, multiples: int32", .outputs = "output: T",
      .attrs = "T: type", .doc = "The sum of the tiles that Tile would have made.",
      .shape = shape_unknown, .grad = NO_GRADIENT, .prepare = untile_prepare,
      .kernel_any = untile_any },
    { .name = "Reverse", .inputs = "tensor: T, dims: bool", .outputs = "output: T",
      .attrs = "T: {uint8, int8, uint16, int16, int32, int64, bool, half, float, double, "
               "complex64, complex128, string}",
      .doc = "Tensor backwards in each dimension for which dims says so.",
      .shape = reverse_shape, .grad = reverse_grad, .kernel_any = reverse_any },
    { .name = "ReverseV2", .inputs = "tensor: T, axis: Tidx", .outputs = "output: T",
      .attrs = "Tidx: {int32, int64} = int32; "
               "T: {uint8, int8, uint16, int16, int32, int64, bool, bfloat16, half, float, "
               "double, complex64, complex128, string}",
      .doc = "Tensor backwards in each dimension that axis names.",
      .shape = reverse_v2_shape, .grad = reverse_grad, .kernel_any = reverse_v2_any },
    { 0 }
};
