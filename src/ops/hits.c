/* hits.c - ComputeAccidentalHits: where a candidate that was drawn is a true class. */
#include "graph/graph.h"
#include "op/kernel.h"
#include "ops/array.h"

#include <float.h>
#include <stdlib.h>

static struct status *hits_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 2));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    for (int i = 0; i < 3; i++)
        *shape_out(c, i) = SHAPE(-1);
    return NULL;
}

struct hit { int64_t value, at; };

static int hit_order(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* The last place of `value` among the sorted, or -1. */
static int64_t hit_find(const struct hit *sorted, int64_t n, int64_t value)
{
    int64_t low = 0, high = n;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (sorted[middle].value <= value)
            low = middle + 1;
        else
            high = middle;
    }
    return low && sorted[low - 1].value == value ? sorted[low - 1].at : -1;
}

static struct status *hits_check(const struct kernel *k, int64_t num_true)
{
    const struct shape *t = &kernel_in(k, 0)->shape;
    ENSURE(t->rank == 2 && t->dim[1] == num_true, "true_candidates must be a batch_size * "
           "num_true matrix");
    ENSURE(kernel_in(k, 1)->shape.rank == 1, "sampled_candidates must be a vector, which is "
           "typically an output from CandidateSampler");
    return NULL;
}

static struct status *hits_prepare(struct prep *p)
{
    return prep_int(p, "num_true");
}

static struct status *accidental_hits(struct kernel *k)
{
    const struct tensor *seen = kernel_in(k, 0), *sampled = kernel_in(k, 1);
    int64_t n = tensor_count(sampled), hits = 0, num_true = *(const int64_t *)k->state;
    struct hit *sorted, *found;
    TRY(hits_check(k, num_true));
    TRY(kernel_temp(k, (size_t)(n + 1) * sizeof *sorted, &sorted));
    TRY(kernel_temp(k, (size_t)(tensor_count(seen) + 1) * sizeof *found, &found));
    for (int64_t i = 0; i < n; i++)
        sorted[i] = (struct hit){ ((const int64_t *)sampled->data)[i], i };
    qsort(sorted, (size_t)n, sizeof *sorted, hit_order);
    for (int64_t i = 0; i < tensor_count(seen); i++) {
        int64_t at = hit_find(sorted, n, ((const int64_t *)seen->data)[i]);
        if (at >= 0)
            found[hits++] = (struct hit){ i / num_true, at };
    }
    TRY(kernel_new(k, 0, DT_INT32, &SHAPE(hits)));
    TRY(kernel_new(k, 1, DT_INT64, &SHAPE(hits)));
    TRY(kernel_new(k, 2, DT_FLOAT, &SHAPE(hits)));
    for (int64_t i = 0; i < hits; i++) {
        ((int32_t *)kernel_out(k, 0)->data)[i] = (int32_t)found[i].value;
        ((int64_t *)kernel_out(k, 1)->data)[i] = found[i].at;
        ((float *)kernel_out(k, 2)->data)[i] = -FLT_MAX;
    }
    return NULL;
}

const struct op ops_hits[] = {
    { .name = "ComputeAccidentalHits", .inputs = "true_classes: int64, sampled_candidates: int64",
      .outputs = "indices: int32, ids: int64, weights: float",
      .attrs = "num_true: int; seed: int = 0; seed2: int = 0",
      .doc = "Rows of true_classes and places in sampled_candidates of the same class, with "
             "weights that take such candidates out of a loss.",
      .shape = hits_shape, .grad = NOT_DIFFERENTIABLE, .prepare = hits_prepare,
      .kernel_any = accidental_hits },
    { 0 }
};
