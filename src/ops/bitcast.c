/* bitcast.c - Bitcast: the same bytes as elements of another type. */
#include "graph/graph.h"
#include "op/kernel.h"

/* Elements that become smaller gain a dimension of the parts; parts that join lose theirs. */
static struct status *recast(const struct shape *x, enum dtype from, enum dtype to, struct shape *y)
{
    int64_t n = (int64_t)dtype_size(from), m = (int64_t)dtype_size(to);
    *y = *x;
    if (x->rank < 0 || n == m)
        return NULL;
    if (n > m) {
        ENSURE(x->rank < MAX_RANK, "Cannot bitcast %s to %s: shape %s has no room for a dimension",
               dtype_name(from), dtype_name(to), SHAPE_STR(x));
        y->dim[y->rank++] = n / m;
        return NULL;
    }
    ENSURE(x->rank > 0 && (x->dim[x->rank - 1] < 0 || x->dim[x->rank - 1] == m / n),
           "Cannot bitcast from %s to %s: shape %s must end with %lld", dtype_name(from),
           dtype_name(to), SHAPE_STR(x), (long long)(m / n));
    y->rank--;
    return NULL;
}

static struct status *bitcast_shape(struct shape_ctx *c)
{
    return recast(shape_in(c, 0), node_in_dtype(c->node, 0), node_attr_type(c->node, "type"),
                  shape_out(c, 0));
}

static struct status *bitcast_prepare(struct prep *p)
{
    enum dtype *t;
    TRY(prep_state(p, sizeof *t, &t));
    *t = node_attr_type(p->node, "type");
    return NULL;
}

static struct status *bitcast(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    enum dtype from = x->dtype, to = *(const enum dtype *)k->state;
    struct shape y;
    TRY(recast(&x->shape, from, to, &y));
    TRY(kernel_new(k, 0, to, &y));
    memcpy(kernel_out(k, 0)->data, x->data, tensor_bytes(x));
    return NULL;
}

#define FIXED "{bfloat16, half, float, double, int64, int32, uint8, uint16, uint32, uint64, " \
              "int8, int16, complex64, complex128, qint8, quint8, qint16, quint16, qint32}"

const struct op ops_bitcast[] = {
    { .name = "Bitcast", .inputs = "input: T", .outputs = "output: type",
      .attrs = "T: " FIXED "; type: " FIXED, .doc = "The bytes of input as another type.",
      .shape = bitcast_shape, .grad = NOT_DIFFERENTIABLE, .prepare = bitcast_prepare,
      .kernel_any = bitcast },
    { 0 }
};
