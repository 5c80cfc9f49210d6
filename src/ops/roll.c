/* roll.c - elements in another order along their dimensions: Roll, ReverseSequence. */
#include "ops/array.h"

/* ---- Roll ---- */

static struct status *roll_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank_at_least(shape_in(c, 0), 1));
    for (int i = 1; i < 3; i++)
        ENSURE(shape_in(c, i)->rank <= 1, "Shape must be at most rank 1 but is rank %d",
               shape_in(c, i)->rank);
    return shape_unchanged(c);
}

/* How far each dimension is rolled, in [0, its size). */
static struct status *roll_shifts(const struct kernel *k, int64_t shift[MAX_RANK])
{
    const struct shape *x = &kernel_in(k, 0)->shape;
    const struct tensor *by = kernel_in(k, 1), *axis = kernel_in(k, 2);
    ENSURE(x->rank >= 1, "input must be 1-D or higher");
    ENSURE(by->shape.rank <= 1, "shift must be a scalar or a 1-D vector. Found: %s",
           SHAPE_STR(&by->shape));
    ENSURE(axis->shape.rank <= 1, "axis must be a scalar or a 1-D vector. Found: %s",
           SHAPE_STR(&axis->shape));
    ENSURE(shape_equal(&by->shape, &axis->shape), "shift and axis must have the same size");
    for (int d = 0; d < x->rank; d++)
        shift[d] = 0;
    for (int64_t i = 0; i < tensor_count(by); i++) {
        int64_t d = index_at(axis, i) + (index_at(axis, i) < 0 ? x->rank : 0);
        ENSURE(d >= 0 && d < x->rank, "axis %lld is out of range", (long long)d);
        int64_t n = x->dim[d] ? x->dim[d] : 1;
        shift[d] = (shift[d] + index_at(by, i) % n + n) % n;
    }
    return NULL;
}

/* Dimension d and those inside it: what stays in front of the wrap, and what goes round. */
static struct status *roll_parts(struct kernel *k, const int64_t *shift, int d, int64_t to,
                                 int64_t from, struct layout *l)
{
    const struct tensor *x = kernel_in(k, 0);
    if (d == x->shape.rank) {
        struct layout one = *l;
        return array_move(k, kernel_out(k, 0), to, x, from, &one);
    }
    int64_t n = x->shape.dim[d], step = shape_span(&x->shape, d + 1, x->shape.rank);
    layout_add(l, n - shift[d], step, step);
    TRY(roll_parts(k, shift, d + 1, to + shift[d] * step, from, l));
    l->rank--;
    if (!shift[d])
        return NULL;
    layout_add(l, shift[d], step, step);
    TRY(roll_parts(k, shift, d + 1, to, from + (n - shift[d]) * step, l));
    l->rank--;
    return NULL;
}

static struct status *roll(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    int64_t shift[MAX_RANK];
    struct layout l = { 0 };
    TRY(roll_shifts(k, shift));
    TRY(kernel_new(k, 0, x->dtype, &x->shape));
    return tensor_count(x) ? roll_parts(k, shift, 0, 0, 0, &l) : NULL;
}

static void roll_grad(struct grad *g)
{
    g->dx[0] = grad_add(g, "Roll", OUTS(g->dy[0], grad1(g, "Neg", g->x[1]), g->x[2]), NULL, 0);
}

/* ---- ReverseSequence ---- */

struct sequence { int64_t along, batch; };

static struct status *sequence_prepare(struct prep *p)
{
    struct sequence *s;
    TRY(prep_state(p, sizeof *s, &s));
    s->along = node_attr(p->node, "seq_dim");
    s->batch = node_attr(p->node, "batch_dim");
    return NULL;
}

static struct status *sequence_dims(int64_t along, int64_t batch, int rank)
{
    ENSURE(batch >= 0 && batch < rank, "batch_dim must be < input rank: %lld vs. %d",
           (long long)batch, rank);
    ENSURE(along >= 0 && along < rank, "seq_dim must be < input rank: %lld vs. %d",
           (long long)along, rank);
    ENSURE(along != batch, "batch_dim == seq_dim == %lld", (long long)along);
    return NULL;
}

static struct status *sequence_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0), *n = shape_in(c, 1);
    int64_t along = node_attr(c->node, "seq_dim"), batch = node_attr(c->node, "batch_dim");
    TRY(shape_want_rank(n, 1));
    if (x->rank < 0)
        return NULL;
    TRY(sequence_dims(along, batch, x->rank));
    *shape_out(c, 0) = *x;
    if (n->rank == 1)
        TRY(dim_merge(x->dim[batch], n->dim[0], &shape_out(c, 0)->dim[batch]));
    return NULL;
}

static struct status *sequence_check(const struct kernel *k)
{
    const struct sequence *s = k->state;
    const struct shape *x = &kernel_in(k, 0)->shape;
    const struct tensor *n = kernel_in(k, 1);
    ENSURE(n->shape.rank == 1, "seq_lengths input must be 1-dim, not %d", n->shape.rank);
    TRY(sequence_dims(s->along, s->batch, x->rank));
    ENSURE(n->shape.dim[0] == x->dim[s->batch], "Length of seq_lengths != input.dims(%lld), "
           "(%lld vs. %lld)", (long long)s->batch, (long long)n->shape.dim[0],
           (long long)x->dim[s->batch]);
    for (int64_t i = 0; i < n->shape.dim[0]; i++) {
        ENSURE(index_at(n, i) >= 0, "seq_lens(%lld) < 0", (long long)i);
        ENSURE(index_at(n, i) <= x->dim[s->along], "seq_lens(%lld) > input.dims(%lld)",
               (long long)i, (long long)s->along);
    }
    return NULL;
}

/* Elements [begin, begin + n) of the sequence at place `item` of the batch, forward (step 1) or
 * backward. */
static struct status *sequence_run(struct kernel *k, int64_t item, int64_t begin, int64_t n,
                                   int64_t step)
{
    const struct sequence *s = k->state;
    const struct tensor *x = kernel_in(k, 0);
    int64_t stride[MAX_RANK], from = begin + (step < 0 ? n - 1 : 0);
    struct layout l = { 0 };
    if (!n)
        return NULL;
    shape_strides(&x->shape, stride);
    for (int d = 0; d < x->shape.rank; d++)
        if (d == s->along)
            layout_add(&l, n, stride[d], step * stride[d]);
        else if (d != s->batch)
            layout_add(&l, x->shape.dim[d], stride[d], stride[d]);
    return array_move(k, kernel_out(k, 0), item * stride[s->batch] + begin * stride[s->along], x,
                      item * stride[s->batch] + from * stride[s->along], &l);
}

static struct status *reverse_sequence(struct kernel *k)
{
    const struct sequence *s = k->state;
    const struct tensor *x = kernel_in(k, 0), *n = kernel_in(k, 1);
    TRY(sequence_check(k));
    TRY(kernel_new(k, 0, x->dtype, &x->shape));
    for (int64_t i = 0; i < n->shape.dim[0] && tensor_count(x); i++) {
        int64_t length = index_at(n, i);
        TRY(sequence_run(k, i, 0, length, -1));
        TRY(sequence_run(k, i, length, x->shape.dim[s->along] - length, 1));
    }
    return NULL;
}

static void sequence_grad(struct grad *g)
{
    g->dx[0] = grad_add(g, "ReverseSequence", OUTS(g->dy[0], g->x[1]),
                        ATTRS(attr_int("seq_dim", node_attr(g->node, "seq_dim")),
                              attr_int("batch_dim", node_attr(g->node, "batch_dim"))));
}

const struct op ops_roll[] = {
    { .name = "Roll", .inputs = "input: T, shift: Tshift, axis: Taxis", .outputs = "output: T",
      .attrs = "T: type; Tshift: {int32, int64}; Taxis: {int32, int64}",
      .doc = "The tensor shifted along dimensions; what goes out at the end comes in at the "
             "beginning.",
      .shape = roll_shape, .grad = roll_grad, .kernel_any = roll },
    { .name = "ReverseSequence", .inputs = "input: T, seq_lengths: Tlen", .outputs = "output: T",
      .attrs = "seq_dim: int; batch_dim: int = 0; T: type; Tlen: {int32, int64} = int64",
      .doc = "The tensor with the first elements along seq_dim in reverse order, as many as "
             "seq_lengths says for each place in the batch.",
      .shape = sequence_shape, .grad = sequence_grad, .prepare = sequence_prepare,
      .kernel_any = reverse_sequence },
    { 0 }
};
