#include "ops/array.h"

#include "base/pool.h"

#include <stdio.h>
#include <string.h>

/* Below this many bytes a move is over before another thread has woken up. */
enum { MOVE_GRAIN = 128 * 1024 };

/* ---- moving ---- */

struct move {
    const struct layout *l;
    size_t size;
    char *to;
    const char *from;
    int along;                  /* the dimension that is split among threads */
};

static void move_some(void *ctx, int64_t begin, int64_t end)
{
    const struct move *m = ctx;
    struct layout l = *m->l;
    l.dim[m->along] = end - begin;
    transpose_move(&l, m->size, m->to + begin * l.to[m->along] * (int64_t)m->size,
                   m->from + begin * l.from[m->along] * (int64_t)m->size);
}

static int longest(const struct layout *l)
{
    int best = 0;
    for (int i = 1; i < l->rank; i++)
        if (l->dim[i] > l->dim[best])
            best = i;
    return best;
}

static void move_bytes(const struct kernel *k, const struct layout *l, size_t size, void *to,
                       const void *from)
{
    int64_t bytes = layout_count(l) * (int64_t)size;
    if (bytes < 2 * MOVE_GRAIN || k->env->threads == 1) {
        transpose_move(l, size, to, from);
        return;
    }
    struct move m = { l, size, to, from, l->dim[0] >= 16 ? 0 : longest(l) };
    int64_t each = bytes / l->dim[m.along];
    pool_for(l->dim[m.along], 1 + MOVE_GRAIN / each, k->env->threads, move_some, &m);
}

/* Strings and resources, a run of neighbours at a time. */
static struct status *move_owned(const struct layout *l, int depth, struct tensor *to,
                                 int64_t to_at, const struct tensor *from, int64_t from_at)
{
    if (depth == l->rank)
        return tensor_copy_elements(to, to_at, from, from_at, 1);
    if (depth == l->rank - 1 && l->to[depth] == 1 && l->from[depth] == 1)
        return tensor_copy_elements(to, to_at, from, from_at, l->dim[depth]);
    for (int64_t i = 0; i < l->dim[depth]; i++)
        TRY(move_owned(l, depth + 1, to, to_at + i * l->to[depth],
                       from, from_at + i * l->from[depth]));
    return NULL;
}

struct status *array_move(const struct kernel *k, struct tensor *to, int64_t to_at,
                          const struct tensor *from, int64_t from_at, struct layout *l)
{
    if (layout_count(l) == 0)
        return NULL;
    layout_simplify(l);
    if (dtype_owns(to->dtype))
        return move_owned(l, 0, to, to_at, from, from_at);
    size_t size = dtype_size(to->dtype);
    move_bytes(k, l, size, (char *)to->data + to_at * (int64_t)size,
               (const char *)from->data + from_at * (int64_t)size);
    return NULL;
}

struct status *array_fill(const struct kernel *k, struct tensor *to, int64_t at, int64_t n,
                          const struct tensor *value, int64_t i)
{
    struct layout l = { 1, { n }, { 1 }, { 0 } };
    return array_move(k, to, at, value, i, &l);
}

void array_zero(struct tensor *t)
{
    if (!dtype_owns(t->dtype) && tensor_bytes(t))
        memset(t->data, 0, tensor_bytes(t));
}

struct status *array_part(struct kernel *k, int i, int j, int64_t at, const struct shape *s)
{
    enum { WORTH = 4096, ALIGNED = 64 };
    const struct tensor *x = kernel_in(k, j);
    size_t size = dtype_size(x->dtype), offset = (size_t)at * size;
    int64_t n = shape_count(s);
    bool whole = n == shape_count(&x->shape);
    if (whole || (n * (int64_t)size >= WORTH && ((uintptr_t)x->data + offset) % ALIGNED == 0)) {
        kernel_view(k, i, j, s);
        kernel_out(k, i)->data = (char *)kernel_out(k, i)->data + offset;
        return NULL;
    }
    TRY(kernel_new(k, i, x->dtype, s));
    struct layout l = { 1, { n }, { 1 }, { 1 } };
    return array_move(k, kernel_out(k, i), 0, x, at, &l);
}

struct status *array_own(struct kernel *k, int i, int j)
{
    const struct tensor *x = kernel_in(k, j);
    struct layout l = { 1, { tensor_count(x) }, { 1 }, { 1 } };
    if (kernel_can_reuse(k, j, x->dtype, &x->shape)) {
        kernel_forward(k, i, j);
        return NULL;
    }
    TRY(kernel_new(k, i, x->dtype, &x->shape));
    return array_move(k, kernel_out(k, i), 0, x, 0, &l);
}

/* ---- joining and splitting ---- */

struct tensor array_rows(const struct tensor *whole, int64_t at, int64_t n)
{
    struct tensor t = tensor_ref(whole);
    size_t row = (size_t)shape_span(&whole->shape, 1, whole->shape.rank) * dtype_size(t.dtype);
    t.data = (char *)t.data + (size_t)at * row;
    if (n < 0)
        t.shape = shape_of_row(&whole->shape);
    else
        t.shape.dim[0] = n;
    return t;
}

struct status *array_row(struct buffer_pool *buffers, const struct tensor *whole, int64_t at,
                         struct tensor *row)
{
    struct shape s = shape_of_row(&whole->shape);
    int64_t n = shape_count(&s);
    TRY(tensor_new(row, buffers, whole->dtype, &s));
    return tensor_copy_elements(row, 0, whole, at * n, n);
}

struct status *array_put_padded(struct tensor *to, int64_t at, const struct tensor *from)
{
    int rank = from->shape.rank;
    int64_t index[MAX_RANK] = { 0 }, run = rank ? from->shape.dim[rank - 1] : 1;
    for (int64_t i = 0, n = tensor_count(from); i < n; i += run) {
        int64_t place = at;
        for (int d = 0; d < rank; d++)
            place = place * to->shape.dim[d + 1] + index[d];
        TRY(tensor_copy_elements(to, place, from, i, run));
        for (int d = rank - 2; d >= 0 && ++index[d] == from->shape.dim[d]; d--)
            index[d] = 0;
    }
    return NULL;
}

struct status *array_append(const struct kernel *k, struct tensor *to, int64_t *at,
                            const struct tensor *part)
{
    enum { LARGE = 1 << 16 };           /* elements that are worth a look at the threads */
    int64_t n = tensor_count(part), from = *at;
    struct layout l = { 1, { n }, { 1 }, { 1 } };
    *at += n;
    return n < LARGE ? tensor_copy_elements(to, from, part, 0, n)
                     : array_move(k, to, from, part, 0, &l);
}

/* An empty tensor may have dimensions whose product is no number at all. */
struct cut cut_at(const struct shape *s, int axis)
{
    if (shape_count(s) == 0)
        return (struct cut){ 0 };
    return (struct cut){ shape_span(s, 0, axis), s->dim[axis],
                         shape_span(s, axis + 1, s->rank) };
}

struct status *cut_put(const struct kernel *k, struct tensor *whole, int64_t row, int64_t at,
                       const struct tensor *part, struct cut c)
{
    int64_t width = c.dim * c.inner;
    struct layout l = { 2, { c.rows, width }, { row, 1 }, { width, 1 } };
    return array_move(k, whole, at, part, 0, &l);
}

struct status *cut_take(const struct kernel *k, const struct tensor *whole, int64_t row, int64_t at,
                        struct tensor *part, struct cut c)
{
    int64_t width = c.dim * c.inner;
    struct layout l = { 2, { c.rows, width }, { width, 1 }, { row, 1 } };
    return array_move(k, part, 0, whole, at, &l);
}

struct status *prep_int(struct prep *p, const char *attr)
{
    int64_t *value;
    TRY(prep_state(p, sizeof *value, &value));
    *value = node_attr(p->node, attr);
    return NULL;
}

struct status *prep_type(struct prep *p, const char *attr)
{
    enum dtype *t;
    TRY(prep_state(p, sizeof *t, &t));
    *t = node_attr_type(p->node, attr);
    return NULL;
}

struct status *pack_prepare(struct prep *p)
{
    return prep_int(p, "axis");
}

struct status *pack_axis(int64_t axis, int rank, int *at)
{
    ENSURE(axis >= -rank && axis < rank, "axis = %lld not in [%d, %d)", (long long)axis, -rank,
           rank);
    *at = (int)(axis < 0 ? axis + rank : axis);
    return NULL;
}

/* ---- indices and shapes ---- */

void shape_strides(const struct shape *s, int64_t stride[MAX_RANK])
{
    int64_t n = 1;
    for (int i = s->rank - 1; i >= 0; i--) {
        stride[i] = n;
        n *= s->dim[i];
    }
}

const char *index_print(const struct shape *s, int64_t i, char text[SHAPE_TEXT])
{
    struct shape at = *s;
    for (int d = s->rank - 1; d >= 0; d--) {
        at.dim[d] = s->dim[d] ? i % s->dim[d] : 0;
        i = s->dim[d] ? i / s->dim[d] : 0;
    }
    return s->rank > 0 ? shape_print(&at, text) : "";
}

struct status *array_read_shape(const struct tensor *t, struct shape *s)
{
    int64_t n = tensor_count(t);
    ENSURE(n <= MAX_RANK, "Shape has %lld dimensions: at most %d are supported", (long long)n,
           MAX_RANK);
    s->rank = (int)n;
    for (int i = 0; i < s->rank; i++)
        s->dim[i] = index_at(t, i);
    return shape_check(s);
}

struct status *shape_with_rows(int64_t rows, const struct shape *s, int skip, struct shape *out)
{
    ENSURE(s->rank - skip < MAX_RANK, "More than %d dimensions are not supported", MAX_RANK);
    out->rank = 1 + s->rank - skip;
    out->dim[0] = rows;
    for (int i = 1; i < out->rank; i++)
        out->dim[i] = s->dim[skip + i - 1];
    return NULL;
}

struct status *array_want_image(const struct shape *s)
{
    ENSURE(s->rank == 4, "input must be 4-dimensional%s", SHAPE_STR(s));
    return NULL;
}

struct status *partial_size(struct shape_ctx *c, int i, int64_t *h, int64_t *w)
{
    struct shape two = SHAPE(2);
    const struct tensor *size = shape_in_value(c, i);
    TRY(shape_want_rank(shape_in(c, i), 1));
    TRY(shape_merge(&two, shape_in(c, i), &two));
    *h = size && index_at(size, 0) >= 0 ? index_at(size, 0) : -1;
    *w = size && index_at(size, 1) >= 0 ? index_at(size, 1) : -1;
    return NULL;
}

bool partial_in(struct shape_ctx *c, int i, struct shape *value)
{
    struct status *st;
    if (shape_in(c, i)->rank == 0) {
        *value = SHAPE_SCALAR;
        st = shape_in_size(c, i, &value->dim[0]);
        if (!st)
            return value->dim[0] >= 0;
    } else {
        st = shape_in_shape(c, i, value);
        if (!st)
            return value->rank >= 0;
    }
    status_free(st);
    return false;
}

struct status *shape_merge_named(const struct shape *s, struct shape *all, int which)
{
    ENSURE(s->rank < 0 || all->rank < 0 || s->rank == all->rank,
           "Shapes must be equal rank, but are %d and %d\n\tFrom merging shape %d with other "
           "shapes.", s->rank, all->rank, which);
    for (int i = 0; i < s->rank && all->rank >= 0; i++)
        ENSURE(s->dim[i] < 0 || all->dim[i] < 0 || s->dim[i] == all->dim[i],
               "Dimension %d in both shapes must be equal, but are %lld and %lld. Shapes are %s "
               "and %s.\n\tFrom merging shape %d with other shapes.", i, (long long)s->dim[i],
               (long long)all->dim[i], SHAPE_STR(s), SHAPE_STR(all), which);
    return shape_merge(all, s, all);
}

struct shape shape_of_rank(int rank)
{
    struct shape s = { rank, { 0 } };
    for (int i = 0; i < rank && i < MAX_RANK; i++)
        s.dim[i] = -1;
    return s;
}

/* ---- gradients ---- */

struct out grad_rank(struct grad *g, struct out x)
{
    int rank = out_shape(x)->rank;
    return rank < 0 ? grad1(g, "Rank", x) : grad_named_scalar(g, "Rank", DT_INT32, rank);
}

struct out grad_size(struct grad *g, struct out x)
{
    const struct shape *s = out_shape(x);
    return shape_is_known(s) ? grad_named_scalar(g, "Size", DT_INT32, (double)shape_count(s))
                             : grad1(g, "Size", x);
}

struct out grad_reshape(struct grad *g, struct out x, struct out shape)
{
    return grad2(g, "Reshape", x, shape);
}

struct out grad_reshape_like(struct grad *g, struct out x, struct out like)
{
    return grad_reshape(g, x, grad_shape_of(g, like, DT_INT32));
}

struct out grad_ints(struct grad *g, int64_t v)
{
    return grad_scalar(g, DT_INT32, (double)v);
}

struct out grad_concat(struct grad *g, const struct out *part, int n, struct out axis)
{
    struct out in[8] = { { 0 } };
    for (int i = 0; i < n; i++)
        in[i] = part[i];
    in[n] = axis;
    return grad_add_named(g, "ConcatV2", "concat", in, n + 1, NULL, 0);
}

struct out grad_cast(struct grad *g, struct out x, enum dtype t)
{
    if (out_dtype(x) == t)
        return x;
    return grad_add(g, "Cast", OUTS(x), ATTRS(attr_type("DstT", t)));
}

struct out grad_part(struct grad *g, struct out vector, int64_t from, int64_t to)
{
    struct out begin = grad_named_vector(g, "strided_slice/stack", DT_INT32, &from, 1);
    struct out end = grad_named_vector(g, "strided_slice/stack_1", DT_INT32, &to, 1);
    struct out step = grad_named_vector(g, "strided_slice/stack_2", DT_INT32, &(int64_t){ 1 }, 1);
    return grad_add_named(g, "StridedSlice", "strided_slice", OUTS(vector, begin, end, step),
                          ATTRS(attr_int("begin_mask", from == 0), attr_int("end_mask", to == 0)));
}
