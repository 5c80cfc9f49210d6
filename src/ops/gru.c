/* gru.c - the gated recurrent unit as one op: GRUBlockCell and GRUBlockCellGrad. The first product
 * gives the gates r and u, the second, which sees r h_prev, the new state. */
#include "base/pool.h"
#include "graph/graph.h"
#include "num/cell.h"
#include "ops/array.h"
#include "ops/cell.h"

#include <string.h>

/* ---- inputs: x, h_prev, w_ru, w_c, b_ru, b_c ---- */

struct gru { int64_t batch, inputs, cells; const float *in[6]; };

static struct status *want_shape(const struct kernel *k, int i, const struct shape *want)
{
    const struct shape *s = &kernel_in(k, i)->shape;
    struct text name = op_sig(k->node->op)->in[i].name;
    ENSURE(s->rank == want->rank, "%.*s must be of rank %d, got shape %s", (int)name.n, name.s,
           want->rank, SHAPE_STR(s));
    for (int d = 0; d < s->rank; d++)
        ENSURE(s->dim[d] == want->dim[d], "%.*s.dim_size(%d) must be %lld, got %lld", (int)name.n,
               name.s, d, (long long)want->dim[d], (long long)s->dim[d]);
    return NULL;
}

static struct status *gru_read(const struct kernel *k, struct gru *u)
{
    const struct shape *x = &kernel_in(k, 0)->shape, *h = &kernel_in(k, 1)->shape;
    ENSURE(x->rank == 2, "x must be of rank 2, got shape %s", SHAPE_STR(x));
    ENSURE(h->rank == 2, "h_prev must be of rank 2, got shape %s", SHAPE_STR(h));
    *u = (struct gru){ x->dim[0], x->dim[1], h->dim[1], { 0 } };
    ENSURE(u->cells <= INT32_MAX && u->inputs <= INT32_MAX, "a cell of %lld numbers, of %lld "
           "inputs, is too large", (long long)u->cells, (long long)u->inputs);
    int64_t all = u->inputs + u->cells;
    TRY(want_shape(k, 1, &SHAPE(u->batch, u->cells)));
    TRY(want_shape(k, 2, &SHAPE(all, 2 * u->cells)));
    TRY(want_shape(k, 3, &SHAPE(all, u->cells)));
    TRY(want_shape(k, 4, &SHAPE(2 * u->cells)));
    TRY(want_shape(k, 5, &SHAPE(u->cells)));
    for (int i = 0; i < 6; i++)
        u->in[i] = kernel_in(k, i)->data;
    return NULL;
}

/* c = x w[inputs] + h w[cells] for the two parts of w's rows. */
static struct status *both(const struct kernel *k, const struct gru *u, const float *h,
                           const float *w, int64_t columns, float *c)
{
    struct gemm g = gemm_dense(GEMM_N, GEMM_N, u->batch, columns, u->inputs, 0);
    TRY(cell_product(k, g, u->in[0], w, c));
    g = gemm_dense(GEMM_N, GEMM_N, u->batch, columns, u->cells, 0);
    g.add = true;
    return cell_product(k, g, h, w + u->inputs * columns, c);
}

/* ---- GRUBlockCell ---- */

static void some_gates(void *ctx, int64_t begin, int64_t end) { gru_gates(ctx, begin, end); }
static void some_states(void *ctx, int64_t begin, int64_t end) { gru_rows(ctx, begin, end); }

static struct status *gru(struct kernel *k)
{
    struct gru u;
    float *sums, *h_r, *y[4];
    TRY(gru_read(k, &u));
    const size_t n = (size_t)(u.batch * u.cells);
    for (int i = 0; i < 4; i++) {
        TRY(kernel_new(k, i, DT_FLOAT, &SHAPE(u.batch, u.cells)));
        y[i] = kernel_out(k, i)->data;
    }
    if (n == 0)
        return NULL;
    TRY(kernel_temp(k, 3 * n * sizeof *sums, &sums));
    h_r = sums + 2 * n;
    TRY(both(k, &u, u.in[1], u.in[2], 2 * u.cells, sums));
    struct gru_gates gates = { u.cells, sums, u.in[4], u.in[1], y[0], y[1], h_r };
    pool_for(u.batch, cell_grain(u.cells), k->env->threads, some_gates, &gates);
    TRY(both(k, &u, h_r, u.in[3], u.cells, y[2]));
    struct gru_rows rows = { u.cells, u.in[5], u.in[1], y[1], y[2], y[3] };
    pool_for(u.batch, cell_grain(u.cells), k->env->threads, some_states, &rows);
    return NULL;
}

/* ---- GRUBlockCellGrad: gradients of x, h_prev, and of both kinds of sums ---- */

static void some_c(void *ctx, int64_t begin, int64_t end) { gru_rows_grad_c(ctx, begin, end); }
static void some_ru(void *ctx, int64_t begin, int64_t end) { gru_rows_grad_ru(ctx, begin, end); }

/* d w^T for the two parts of w's rows: added to dx, and dh. */
static struct status *both_back(const struct kernel *k, const struct gru *u, const float *d,
                                const float *w, int64_t columns, bool add, float *dx, float *dh)
{
    struct gemm g = gemm_dense(GEMM_N, GEMM_T, u->batch, u->inputs, columns, 0);
    g.add = add;
    TRY(cell_product(k, g, d, w, dx));
    g = gemm_dense(GEMM_N, GEMM_T, u->batch, u->cells, columns, 0);
    return cell_product(k, g, d, w + u->inputs * columns, dh);
}

static struct status *read_back(const struct kernel *k, const struct gru *u,
                                struct gru_rows_grad *s)
{
    for (int i = 6; i < 10; i++)
        TRY(want_shape(k, i, &SHAPE(u->batch, u->cells)));
    *s = (struct gru_rows_grad){ .cells = u->cells, .h_prev = u->in[1],
                                 .r = kernel_in(k, 6)->data, .u = kernel_in(k, 7)->data,
                                 .c = kernel_in(k, 8)->data, .d_h = kernel_in(k, 9)->data };
    return NULL;
}

static struct status *gru_back(struct kernel *k)
{
    struct gru u;
    struct gru_rows_grad s;
    float *d_h_r;
    TRY(gru_read(k, &u));
    TRY(read_back(k, &u, &s));
    const struct shape out[] = { SHAPE(u.batch, u.inputs), SHAPE(u.batch, u.cells),
                                 SHAPE(u.batch, u.cells), SHAPE(u.batch, 2 * u.cells) };
    for (int i = 0; i < 4; i++)
        TRY(kernel_new(k, i, DT_FLOAT, &out[i]));
    float *dx = kernel_out(k, 0)->data, *dh = kernel_out(k, 1)->data;
    size_t n = (size_t)(u.batch * u.cells);
    TRY(kernel_temp(k, (n + 1) * sizeof *d_h_r, &d_h_r));
    s.d_c = kernel_out(k, 2)->data;
    s.d_ru = kernel_out(k, 3)->data;
    s.d_h_r = d_h_r;
    if (u.batch == 0)
        return NULL;
    pool_for(u.batch, cell_grain(u.cells), k->env->threads, some_c, &s);
    TRY(both_back(k, &u, s.d_c, u.in[3], u.cells, false, dx, d_h_r));
    pool_for(u.batch, cell_grain(u.cells), k->env->threads, some_ru, &s);
    TRY(both_back(k, &u, s.d_ru, u.in[2], 2 * u.cells, true, dx, dh));
    for (size_t i = 0; i < n; i++)
        dh[i] += d_h_r[i] * s.r[i] + s.d_h[i] * s.u[i];
    return NULL;
}

static struct status *gru_back_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0), *h = shape_in(c, 1), *w = shape_in(c, 2);
    TRY(shape_want_rank(x, 2));
    TRY(shape_want_rank(h, 2));
    TRY(shape_want_rank(w, 2));
    int64_t batch = x->rank < 0 ? -1 : x->dim[0], cells = h->rank < 0 ? -1 : h->dim[1];
    *shape_out(c, 0) = SHAPE(batch, x->rank < 0 ? -1 : x->dim[1]);
    *shape_out(c, 1) = *shape_out(c, 2) = SHAPE(batch, cells);
    *shape_out(c, 3) = SHAPE(batch, w->rank < 0 ? -1 : w->dim[1]);
    return NULL;
}

/* ---- the gradient of GRUBlockCell ---- */

/* Gradients of a product's weights and bias: [x, h]^T d, and d summed. */
static void weights(struct grad *g, struct out h, struct out d, struct out *dw, struct out *db)
{
    struct out in = grad_concat(g, OUTS(g->x[0], h), grad_ints(g, 1));
    *dw = grad_add(g, "MatMul", OUTS(in, d), ATTRS(attr_bool("transpose_a", true)));
    *db = grad1(g, "BiasAddGrad", d);
}

static void gru_grad(struct grad *g)
{
    const struct out in[] = { g->x[0], g->x[1], g->x[2], g->x[3], g->x[4], g->x[5],
                              g->y[0], g->y[1], g->y[2], g->dy[3] };
    struct out d = grad_add(g, "GRUBlockCellGrad", in, 10, NULL, 0);
    g->dx[0] = d;
    g->dx[1] = out_at(d, 1);
    weights(g, g->x[1], out_at(d, 3), &g->dx[2], &g->dx[4]);
    weights(g, grad2(g, "Mul", g->x[1], g->y[0]), out_at(d, 2), &g->dx[3], &g->dx[5]);
}

#define INPUTS "x: T, h_prev: T, w_ru: T, w_c: T, b_ru: T, b_c: T"

const struct op ops_gru[] = {
    { .name = "GRUBlockCell", .inputs = INPUTS, .outputs = "r: T, u: T, c: T, h: T",
      .attrs = "T: {float}", .doc = "A step of a gated recurrent unit: gates, new state, output.",
      .shape = cell_shape, .grad = gru_grad, .kernel_any = gru, .flags = OP_EXPENSIVE },
    { .name = "GRUBlockCellGrad", .inputs = INPUTS ", r: T, u: T, c: T, d_h: T",
      .outputs = "d_x: T, d_h_prev: T, d_c_bar: T, d_r_bar_u_bar: T", .attrs = "T: {float}",
      .doc = "Gradients of GRUBlockCell's inputs and sums.",
      .shape = gru_back_shape, .grad = NO_GRADIENT, .kernel_any = gru_back,
      .flags = OP_EXPENSIVE },
    { 0 }
};
