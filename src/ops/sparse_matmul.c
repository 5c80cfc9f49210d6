/* sparse_matmul.c - SparseMatMul: the product of two matrices of float or bfloat16, in float. That
 * a matrix has many zeros is a hint that nothing is made of: dense products are faster but for
 * very many of them. */
#include "base/half.h"
#include "graph/graph.h"
#include "num/gemm.h"
#include "op/kernel.h"
#include "ops/array.h"
#include "ops/floats.h"
#include "ops/matrix.h"

#include <string.h>

struct sparse_matmul { bool a, b; };            /* transposed? */

static struct status *sparse_matmul_prepare(struct prep *p)
{
    struct sparse_matmul *s;
    TRY(prep_state(p, sizeof *s, &s));
    s->a = node_attr(p->node, "transpose_a");
    s->b = node_attr(p->node, "transpose_b");
    return NULL;
}

static struct status *sparse_matmul(struct kernel *k)
{
    const struct sparse_matmul *s = k->state;
    const struct shape *a = &kernel_in(k, 0)->shape, *b = &kernel_in(k, 1)->shape;
    const float *x, *y;
    ENSURE(a->rank == 2, "a is not a matrix");
    ENSURE(b->rank == 2, "b is not a matrix");
    ENSURE(a->dim[!s->a] == b->dim[s->b], "Matrix size incompatible: a: %s, b: %s", SHAPE_STR(a),
           SHAPE_STR(b));
    struct gemm g = gemm_dense(s->a ? GEMM_T : GEMM_N, s->b ? GEMM_T : GEMM_N, a->dim[s->a],
                               b->dim[!s->b], a->dim[!s->a], k->env->threads);
    TRY(gemm_ready_f32(&g));
    TRY(kernel_new(k, 0, DT_FLOAT, &SHAPE(g.m, g.n)));
    TRY(floats_in(k, 0, &x));
    TRY(floats_in(k, 1, &y));
    gemm_f32(&g, x, y, kernel_out(k, 0)->data, NULL);
    return NULL;
}

/* ---- gradients: of the kind themselves, transposes made first on the right ---- */

/* One of the three that meet: a gradient counts as sparse where a ReLU made it. */
struct side { struct out x; bool sparse; };

static struct out times(struct grad *g, struct side a, struct side b, bool ta, bool tb,
                        enum dtype t)
{
    if (tb)
        b.x = grad2(g, "Transpose", b.x, grad_vector(g, DT_INT32, (int64_t[]){ 1, 0 }, 2));
    struct out product = grad_add(g, "SparseMatMul", OUTS(a.x, b.x),
                                  ATTRS(attr_bool("transpose_a", ta),
                                        attr_bool("a_is_sparse", a.sparse),
                                        attr_bool("b_is_sparse", b.sparse)));
    return grad_cast(g, product, t);
}

static void sparse_matmul_grad(struct grad *g)
{
    bool ta = node_attr(g->node, "transpose_a"), tb = node_attr(g->node, "transpose_b");
    struct side a = { g->x[0], node_attr(g->node, "a_is_sparse") };
    struct side b = { g->x[1], node_attr(g->node, "b_is_sparse") };
    struct side dy = { g->dy[0], !strcmp(g->dy[0].node->op->name, "ReluGrad") };
    enum dtype t = out_dtype(a.x), u = out_dtype(b.x);
    g->dx[0] = ta ? times(g, b, dy, tb, true, t) : times(g, dy, b, false, !tb, t);
    g->dx[1] = tb ? times(g, dy, a, true, ta, u) : times(g, a, dy, !ta, false, u);
}

const struct op ops_sparse_matmul[] = {
    { .name = "SparseMatMul", .inputs = "a: Ta, b: Tb", .outputs = "product: float",
      .attrs = "transpose_a: bool = false; transpose_b: bool = false; a_is_sparse: bool = false; "
               "b_is_sparse: bool = false; Ta: {float, bfloat16} = float; "
               "Tb: {float, bfloat16} = float",
      .doc = "The product of two matrices, either of which may be transposed first and may be said "
             "to have many zeros.",
      .shape = matmul_shape, .grad = sparse_matmul_grad, .prepare = sparse_matmul_prepare,
      .kernel_any = sparse_matmul, .flags = OP_EXPENSIVE },
    { 0 }
};
