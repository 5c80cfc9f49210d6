/* beam.c - GatherTree: whole sequences, followed back from their ends through the beams that each
 * step came from. */
#include "ops/array.h"

static struct status *tree_shape(struct shape_ctx *c)
{
    const struct shape *steps = shape_in(c, 0), *parents = shape_in(c, 1), *n = shape_in(c, 2);
    struct shape y = SHAPE(-1, -1, -1);
    TRY(shape_want_rank(steps, 3));
    TRY(shape_want_rank(parents, 3));
    TRY(shape_want_rank(n, 1));
    TRY(shape_want_rank(shape_in(c, 3), 0));
    for (int d = 0; d < 3; d++) {
        int64_t a = steps->rank < 0 ? -1 : steps->dim[d];
        TRY(dim_merge(a, parents->rank < 0 ? -1 : parents->dim[d], &y.dim[d]));
    }
    TRY(dim_merge(y.dim[1], n->rank < 0 ? -1 : n->dim[0], &y.dim[1]));
    *shape_out(c, 0) = y;
    return NULL;
}

static struct status *tree_check(const struct kernel *k)
{
    const struct shape *steps = &kernel_in(k, 0)->shape, *parents = &kernel_in(k, 1)->shape;
    const struct shape *n = &kernel_in(k, 2)->shape, *end = &kernel_in(k, 3)->shape;
    ENSURE(steps->rank == 3, "step_ids must be a 3-tensor, saw shape: %s", SHAPE_STR(steps));
    ENSURE(parents->rank == 3, "parent_ids must be a 3-tensor, saw shape: %s",
           SHAPE_STR(parents));
    ENSURE(n->rank == 1, "max_sequence_lengths must be a vector, saw shape: %s", SHAPE_STR(n));
    ENSURE(end->rank == 0, "end_token must be a scalar, saw shape: %s", SHAPE_STR(end));
    ENSURE(shape_equal(steps, parents), "step_ids.shape must match parent_ids.shape.  but shapes "
           "are: %s and %s", SHAPE_STR(steps), SHAPE_STR(parents));
    ENSURE(n->dim[0] == steps->dim[1], "batch size dimensions step_ids.shape[1] and "
           "max_sequence_lengths.shape[0] must match.  but shapes are: %s and %s",
           SHAPE_STR(steps), SHAPE_STR(n));
    return NULL;
}

/* One beam of one sequence: `steps`, `parents` and `y` point at the sequence's beam 0 of time 0,
 * and a step of time is `stride` further. */
struct tree { const int32_t *steps, *parents; int32_t *y, end; int64_t length, beams, stride; };

static struct status *tree_follow(const struct tree *t, int64_t sequence, int64_t beam)
{
    int64_t from = beam;
    for (int64_t time = t->length; time-- > 0;) {
        ENSURE(from >= 0 && from < t->beams, "Saw invalid parent id %lld at (batch, time, beam) "
               "== (%lld, %lld, %lld)", (long long)from, (long long)sequence, (long long)time,
               (long long)beam);
        t->y[time * t->stride + beam] = t->steps[time * t->stride + from];
        from = t->parents[time * t->stride + from];
    }
    return NULL;
}

/* What stands behind the first end says nothing. */
static void tree_end(const struct tree *t, int64_t beam)
{
    bool ended = false;
    for (int64_t time = 0; time < t->length; time++) {
        int32_t *y = t->y + time * t->stride + beam;
        if (ended)
            *y = t->end;
        ended = ended || *y == t->end;
    }
}

static struct status *tree_run(struct kernel *k)
{
    TRY(tree_check(k));
    const struct shape *s = &kernel_in(k, 0)->shape;
    const int32_t *lengths = kernel_in(k, 2)->data;
    struct tree t = { .end = *(const int32_t *)kernel_in(k, 3)->data, .beams = s->dim[2],
                      .stride = s->dim[1] * s->dim[2] };
    TRY(kernel_new(k, 0, DT_INT32, s));
    int32_t *y = kernel_out(k, 0)->data;
    for (int64_t i = 0; i < shape_count(s); i++)
        y[i] = t.end;
    for (int64_t b = 0; b < s->dim[1]; b++) {
        t.steps = (const int32_t *)kernel_in(k, 0)->data + b * t.beams;
        t.parents = (const int32_t *)kernel_in(k, 1)->data + b * t.beams;
        t.y = y + b * t.beams;
        t.length = lengths[b] < s->dim[0] ? lengths[b] : s->dim[0];
        for (int64_t beam = 0; beam < t.beams; beam++) {
            TRY(tree_follow(&t, b, beam));
            tree_end(&t, beam);
        }
    }
    return NULL;
}

const struct op ops_beam[] = {
    { .name = "GatherTree",
      .inputs = "step_ids: T, parent_ids: T, max_sequence_lengths: int32, end_token: T",
      .outputs = "beams: T", .attrs = "T: {int32}",
      .doc = "Sequences of a search by beams, [time, batch, beam], each followed back from its "
             "last step through parent_ids.",
      .shape = tree_shape, .grad = NO_GRADIENT, .kernel_any = tree_run },
    { 0 }
};
