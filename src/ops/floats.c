#include "ops/floats.h"

#include "ops/elementwise.h"

struct status *floats_in(struct kernel *k, int i, const float **x)
{
    const struct tensor *t = kernel_in(k, i);
    size_t n = (size_t)tensor_count(t);
    float *copy;
    *x = t->data;
    if (t->dtype == DT_FLOAT)
        return NULL;
    TRY(kernel_temp(k, (n + 1) * sizeof *copy, &copy));
    half_tile_load(t->dtype, copy, t->data, n);
    *x = copy;
    return NULL;
}

struct status *floats_new(struct kernel *k, int i, enum dtype t, const struct shape *s, float **y)
{
    TRY(kernel_new(k, i, t, s));
    *y = kernel_out(k, i)->data;
    return t == DT_FLOAT ? NULL : kernel_temp(k, (size_t)(shape_count(s) + 1) * sizeof **y, y);
}

struct status *floats_reuse(struct kernel *k, int i, int j, const float *x, float **y)
{
    TRY(kernel_reuse(k, i, j));
    *y = kernel_out(k, i)->dtype == DT_FLOAT ? kernel_out(k, i)->data : (float *)(uintptr_t)x;
    return NULL;
}

void floats_store(struct kernel *k, int i, const float *y)
{
    struct tensor *t = kernel_out(k, i);
    if (t->dtype != DT_FLOAT)
        half_tile_store(t->dtype, t->data, y, (size_t)tensor_count(t));
}
