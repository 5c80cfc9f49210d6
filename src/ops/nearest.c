/* nearest.c - NearestNeighbors: the centers that lie next to each point, by squared distance. */
#include "base/pool.h"
#include "ops/array.h"

#include <math.h>

struct nearest {
    const float *point, *center;
    int64_t n, centers, depth, k;
    int64_t *index;                     /* of each point's k, the nearest first */
    float *distance;
};

static float distance_of(const float *a, const float *b, int64_t n)
{
    float sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

/* Centers come in order, so that of equally distant ones the first stays first. */
static void insert(int64_t *index, float *distance, int64_t kept, int64_t center, float d)
{
    int64_t i = kept;
    for (; i > 0 && d < distance[i - 1]; i--) {
        index[i] = index[i - 1];
        distance[i] = distance[i - 1];
    }
    index[i] = center;
    distance[i] = d;
}

static void nearest_some(void *ctx, int64_t begin, int64_t end)
{
    const struct nearest *s = ctx;
    for (int64_t p = begin; p < end; p++) {
        int64_t *index = s->index + p * s->k;
        float *distance = s->distance + p * s->k;
        for (int64_t c = 0; c < s->centers; c++) {
            float d = distance_of(s->point + p * s->depth, s->center + c * s->depth, s->depth);
            if (c < s->k)
                insert(index, distance, c, c, d);
            else if (d < distance[s->k - 1])
                insert(index, distance, s->k - 1, c, d);
        }
    }
}

static struct status *nearest(struct kernel *k)
{
    const struct shape *p = &kernel_in(k, 0)->shape, *c = &kernel_in(k, 1)->shape;
    const struct tensor *most = kernel_in(k, 2);
    ENSURE(p->rank == 2, "Input points should be a matrix, got shape %s", SHAPE_STR(p));
    ENSURE(c->rank == 2, "Input centers should be a matrix, got shape %s", SHAPE_STR(c));
    ENSURE(p->dim[1] == c->dim[1], "Input points and centers should have the same number of "
           "columns: %lld vs. %lld", (long long)p->dim[1], (long long)c->dim[1]);
    ENSURE(most->shape.rank == 0, "Input k should be a scalar, got shape %s",
           SHAPE_STR(&most->shape));
    struct nearest s = { kernel_in(k, 0)->data, kernel_in(k, 1)->data, p->dim[0], c->dim[0],
                         p->dim[1], *(const int64_t *)most->data, NULL, NULL };
    ENSURE(s.k > 0, "Input k should be positive, got %lld", (long long)s.k);
    s.k = s.k < s.centers ? s.k : s.centers;
    TRY(kernel_new(k, 0, DT_INT64, &SHAPE(s.n, s.k)));
    TRY(kernel_new(k, 1, DT_FLOAT, &SHAPE(s.n, s.k)));
    s.index = kernel_out(k, 0)->data;
    s.distance = kernel_out(k, 1)->data;
    if (s.k)
        pool_for(s.n, 1 + 65536 / (s.centers * (s.depth + 1)), k->env->threads, nearest_some, &s);
    return NULL;
}

static struct status *nearest_shape(struct shape_ctx *c)
{
    const struct shape *p = shape_in(c, 0);
    TRY(shape_want_rank(p, 2));
    TRY(shape_want_rank(shape_in(c, 1), 2));
    TRY(shape_want_rank(shape_in(c, 2), 0));
    *shape_out(c, 0) = *shape_out(c, 1) = SHAPE(p->rank < 0 ? -1 : p->dim[0], -1);
    return NULL;
}

const struct op ops_nearest[] = {
    { .name = "NearestNeighbors", .inputs = "points: float, centers: float, k: int64",
      .outputs = "nearest_center_indices: int64, nearest_center_distances: float",
      .doc = "The centers nearest to each point, and the squares of how far they are.",
      .shape = nearest_shape, .grad = NO_GRADIENT, .kernel_any = nearest,
      .flags = OP_EXPENSIVE },
    { 0 }
};
