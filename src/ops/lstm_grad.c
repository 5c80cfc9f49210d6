/* lstm_grad.c - gradients of LSTM: LSTMBlockCellGrad, BlockLSTMGrad and BlockLSTMGradV2, and what
 * the forward ops' gradients are made of. Gradients of all steps' gates are kept, so that those of
 * x, w and b are one product each. */
#include "base/pool.h"
#include "graph/graph.h"
#include "num/vec.h"
#include "ops/array.h"
#include "ops/cell.h"
#include "ops/floats.h"
#include "ops/lstm.h"

#include <string.h>

/* What the forward op gave (i, cs, f, o, ci, co; h of a block), and the gradients that came. */
struct back {
    struct lstm l;
    const float *y[7], *d_cs, *d_h;
    float *d_gates;                     /* of all steps that were taken */
};

/* ---- inputs ---- */

static struct status *read_like(struct kernel *k, int i, const struct shape *s, const float **to)
{
    const struct shape *x = &kernel_in(k, i)->shape;
    struct text name = op_sig(k->node->op)->in[i].name;
    ENSURE(shape_equal(x, s), "%.*s must have the shape %s, got %s", (int)name.n, name.s,
           SHAPE_STR(s), SHAPE_STR(x));
    return floats_in(k, i, to);
}

static struct status *back_read(struct kernel *k, bool block, struct back *b)
{
    struct lstm *l = &b->l;
    TRY(lstm_read(k, block, l));
    struct shape s = block ? SHAPE(l->time, l->batch, l->cells) : SHAPE(l->batch, l->cells);
    int at = l->base + 8, n = block ? 7 : 6;
    for (int i = 0; i < n; i++)
        TRY(read_like(k, at + i, &s, &b->y[i]));
    TRY(read_like(k, at + n, &s, &b->d_cs));
    return read_like(k, at + n + 1, &s, &b->d_h);
}

/* ---- steps, from the last to the first ---- */

static void some_rows(void *ctx, int64_t begin, int64_t end) { lstm_rows_grad(ctx, begin, end); }

/* The state before step t. */
static const float *state_before(const struct back *b, int64_t t)
{
    return t ? b->y[1] + (t - 1) * b->l.batch * b->l.cells : b->l.cs_prev;
}

static void step_back(const struct kernel *k, const struct back *b, int64_t t, const float *more_h,
                      float *d_cs_prev)
{
    const struct lstm *l = &b->l;
    int64_t at = t * l->batch * l->cells;
    struct lstm_rows_grad s = {
        .cells = l->cells, .at = l->how->at, .wc = l->wc, .cs_prev = state_before(b, t),
        .i = b->y[0] + at, .cs = b->y[1] + at, .f = b->y[2] + at, .o = b->y[3] + at,
        .ci = b->y[4] + at, .co = b->y[5] + at, .d_cs = b->d_cs + at, .d_h = b->d_h + at,
        .more_cs = more_h ? d_cs_prev : NULL, .more_h = more_h,
        .d_gates = b->d_gates + 4 * at, .d_cs_prev = d_cs_prev
    };
    pool_for(l->batch, cell_grain(l->cells), k->env->threads, some_rows, &s);
}

/* ---- sums over rows ---- */

/* Of products with one of the gates, for peepholes. */
static void add_products(const struct back *b, int64_t t, int gate, const float *state,
                         float *restrict sum)
{
    const int64_t n = b->l.cells, batch = b->l.batch;
    const float *d = b->d_gates + 4 * t * batch * n + gate * n;
    for (int64_t row = 0; row < batch; row++, d += 4 * n, state += n)
        for (int64_t j = 0; j < n; j++)
            sum[j] += d[j] * state[j];
}

/* Gradients of wci, wcf and wco are outputs `first` and on; zeros where there are no peepholes,
 * shaped then as inputs `like` and on, if any are. */
static struct status *peephole_grads(struct kernel *k, const struct back *b, int first, int like)
{
    const struct lstm_order *at = &b->l.how->at;
    const int gate[] = { at->i, at->f, at->o };
    const int64_t n = b->l.cells;
    for (int i = 0; i < 3; i++) {
        float *sum;
        struct shape s = like && !b->l.how->peephole ? kernel_in(k, like + i)->shape : SHAPE(n);
        TRY(floats_new(k, first + i, b->l.type, &s, &sum));
        memset(sum, 0, (size_t)shape_count(&s) * sizeof *sum);
        for (int64_t t = 0; t < b->l.steps && b->l.how->peephole; t++)
            add_products(b, t, gate[i], i < 2 ? state_before(b, t)
                         : b->y[1] + t * b->l.batch * n, sum);
        floats_store(k, first + i, sum);
    }
    return NULL;
}

static struct status *bias_grad(struct kernel *k, const struct back *b, int i)
{
    const int64_t n = 4 * b->l.cells;
    float *sum;
    TRY(floats_new(k, i, b->l.type, &SHAPE(n), &sum));
    memset(sum, 0, (size_t)n * sizeof *sum);
    for (int64_t row = 0; row < b->l.steps * b->l.batch; row++)
        vec_best()->axpy_f32(sum, b->d_gates + row * n, 1, (size_t)n);
    floats_store(k, i, sum);
    return NULL;
}

/* ---- LSTMBlockCellGrad ---- */

static struct status *cell_back(struct kernel *k)
{
    struct back b = { 0 };
    float *d_cs_prev;
    TRY(back_read(k, false, &b));
    TRY(floats_new(k, 0, b.l.type, &SHAPE(b.l.batch, b.l.cells), &d_cs_prev));
    TRY(floats_new(k, 1, b.l.type, &SHAPE(b.l.batch, 4 * b.l.cells), &b.d_gates));
    if (b.l.batch && b.l.cells)
        step_back(k, &b, 0, NULL, d_cs_prev);
    floats_store(k, 0, d_cs_prev);
    floats_store(k, 1, b.d_gates);
    return peephole_grads(k, &b, 2, 0);
}

static struct status *cell_back_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0), *cs = shape_in(c, 1);
    TRY(shape_want_rank(x, 2));
    TRY(shape_want_rank(cs, 2));
    int64_t batch = x->rank < 0 ? -1 : x->dim[0], cells = cs->rank < 0 ? -1 : cs->dim[1];
    int64_t gates = -1;
    ENSURE(cells < 0 || !__builtin_mul_overflow(cells, 4, &gates), "a cell of %lld numbers is too "
           "large", (long long)cells);
    *shape_out(c, 0) = SHAPE(batch, cells);
    *shape_out(c, 1) = SHAPE(batch, cells < 0 ? -1 : gates);
    for (int i = 2; i < 5; i++)
        *shape_out(c, i) = SHAPE(cells);
    return NULL;
}

/* ---- BlockLSTMGrad: gradients of x, cs_prev, h_prev, w, wci, wcf, wco and b ---- */

static struct status *steps_back(const struct kernel *k, const struct back *b, float *d_cs_prev,
                                 float *d_h_prev)
{
    const struct lstm *l = &b->l;
    const int64_t gates = 4 * l->cells;
    struct gemm g = gemm_dense(GEMM_N, GEMM_T, l->batch, l->cells, gates, 0);
    for (int64_t t = l->steps - 1; t >= 0; t--) {
        step_back(k, b, t, t < l->steps - 1 ? d_h_prev : NULL, d_cs_prev);
        TRY(cell_product(k, g, b->d_gates + t * l->batch * gates, l->w + l->inputs * gates,
                         d_h_prev));
    }
    return NULL;
}

/* The rows of w that x meets, then those that h meets: h_prev first, then h of all but the last. */
static struct status *weights_grad(struct kernel *k, const struct back *b)
{
    const struct lstm *l = &b->l;
    const int64_t gates = 4 * l->cells, rows = l->steps * l->batch;
    float *dw;
    TRY(floats_new(k, 3, l->type, &SHAPE(l->inputs + l->cells, gates), &dw));
    float *dwh = dw + l->inputs * gates;
    TRY(cell_product(k, gemm_dense(GEMM_T, GEMM_N, l->inputs, gates, rows, 0), l->x, b->d_gates,
                     dw));
    struct gemm g = gemm_dense(GEMM_T, GEMM_N, l->cells, gates, l->steps ? l->batch : 0, 0);
    TRY(cell_product(k, g, l->h_prev, b->d_gates, dwh));
    if (l->steps > 1) {
        g = gemm_dense(GEMM_T, GEMM_N, l->cells, gates, rows - l->batch, 0);
        g.add = true;
        TRY(cell_product(k, g, b->y[6], b->d_gates + l->batch * gates, dwh));
    }
    floats_store(k, 3, dw);
    return NULL;
}

static struct status *inputs_grad(struct kernel *k, const struct back *b)
{
    const struct lstm *l = &b->l;
    const int64_t gates = 4 * l->cells, rows = l->steps * l->batch;
    float *dx;
    TRY(floats_new(k, 0, l->type, &SHAPE(l->time, l->batch, l->inputs), &dx));
    TRY(cell_product(k, gemm_dense(GEMM_N, GEMM_T, rows, l->inputs, gates, 0), b->d_gates, l->w,
                     dx));
    size_t rest = (size_t)((l->time * l->batch - rows) * l->inputs);
    if (rest)
        memset(dx + rows * l->inputs, 0, rest * sizeof *dx);
    floats_store(k, 0, dx);
    return NULL;
}

static struct status *block_back(struct kernel *k)
{
    struct back b = { 0 };
    struct lstm *l = &b.l;
    float *d_cs_prev, *d_h_prev;
    TRY(back_read(k, true, &b));
    struct shape state = SHAPE(l->batch, l->cells);
    size_t n = (size_t)shape_count(&state);
    TRY(kernel_temp(k, ((size_t)l->steps * n * 4 + 1) * sizeof *b.d_gates, &b.d_gates));
    TRY(floats_new(k, 1, l->type, &state, &d_cs_prev));
    TRY(floats_new(k, 2, l->type, &state, &d_h_prev));
    memset(d_cs_prev, 0, n * sizeof *d_cs_prev);
    memset(d_h_prev, 0, n * sizeof *d_h_prev);
    if (n)
        TRY(steps_back(k, &b, d_cs_prev, d_h_prev));
    floats_store(k, 1, d_cs_prev);
    floats_store(k, 2, d_h_prev);
    TRY(inputs_grad(k, &b));
    TRY(weights_grad(k, &b));
    TRY(peephole_grads(k, &b, 4, 5));
    return bias_grad(k, &b, 7);
}

static struct status *block_back_shape(struct shape_ctx *c)
{
    static const int rank[] = { 3, 2, 2, 2, 1, 1, 1, 1 };
    for (int i = 0; i < 8; i++) {
        TRY(shape_want_rank(shape_in(c, i + 1), rank[i]));
        *shape_out(c, i) = *shape_in(c, i + 1);
    }
    return NULL;
}

/* ---- gradients of the forward ops ---- */

/* A gradient op takes what the op took, what it gave (a cell's but for h), and the gradients of
 * its states and outputs. */
static struct out add_back(struct grad *g, const char *op, bool block)
{
    struct out in[18];
    int n = g->n_in, given = block ? 7 : 6;
    memcpy(in, g->x, (size_t)n * sizeof *in);
    memcpy(in + n, g->y, (size_t)given * sizeof *in);
    n += given;
    in[n++] = g->dy[1];
    in[n++] = g->dy[6];
    return grad_add(g, op, in, n,
                    ATTRS(attr_bool("use_peephole", node_attr(g->node, "use_peephole"))));
}

void lstm_block_grad(struct grad *g)
{
    bool v2 = !strcmp(g->node->op->name, "BlockLSTMV2");
    struct out d = add_back(g, v2 ? "BlockLSTMGradV2" : "BlockLSTMGrad", true);
    for (int i = 0; i < 8; i++)
        g->dx[i + 1] = out_at(d, i);
}

/* The columns of `x` from where `begin` says on, shaped like `like`. */
static struct out columns(struct grad *g, struct out x, struct out begin, struct out like)
{
    return grad_add(g, "Slice", OUTS(x, begin, grad_shape_of(g, like, DT_INT32)), NULL, 0);
}

void lstm_cell_grad(struct grad *g)
{
    struct out d = add_back(g, "LSTMBlockCellGrad", false), gates = out_at(d, 1);
    struct out xh = grad_add(g, "MatMul", OUTS(gates, g->x[3]),
                             ATTRS(attr_bool("transpose_b", true)));
    struct out origin = grad_vector(g, DT_INT32, (int64_t[]){ 0, 0 }, 2);
    struct out inputs = grad_part(g, grad_shape_of(g, g->x[0], DT_INT32), 1, 2);
    struct out zero = grad_vector(g, DT_INT32, (int64_t[]){ 0 }, 1);
    g->dx[0] = columns(g, xh, origin, g->x[0]);
    g->dx[1] = d;
    g->dx[2] = columns(g, xh, grad_concat(g, OUTS(zero, inputs), grad_ints(g, 0)), g->x[2]);
    struct out both = grad_concat(g, OUTS(g->x[0], g->x[2]), grad_ints(g, 1));
    g->dx[3] = grad_add(g, "MatMul", OUTS(both, gates), ATTRS(attr_bool("transpose_a", true)));
    for (int i = 0; i < 3; i++)
        g->dx[4 + i] = out_at(d, 2 + i);
    g->dx[7] = grad1(g, "BiasAddGrad", gates);
}

#define STATE "x: T, cs_prev: T, h_prev: T, w: T, wci: T, wcf: T, wco: T, b: T, i: T, cs: T, " \
    "f: T, o: T, ci: T, co: T, "
#define BACK .attrs = "use_peephole: bool; T: {half, float}", .grad = NO_GRADIENT, \
    .prepare = lstm_prepare, .flags = OP_EXPENSIVE
#define BLOCK BACK, .inputs = "seq_len_max: int64, " STATE "h: T, cs_grad: T, h_grad: T", \
    .outputs = "x_grad: T, cs_prev_grad: T, h_prev_grad: T, w_grad: T, wci_grad: T, " \
               "wcf_grad: T, wco_grad: T, b_grad: T", \
    .shape = block_back_shape, .kernel_any = block_back

const struct op ops_lstm_grad[] = {
    { .name = "LSTMBlockCellGrad", BACK, .inputs = STATE "cs_grad: T, h_grad: T",
      .outputs = "cs_prev_grad: T, dicfo: T, wci_grad: T, wcf_grad: T, wco_grad: T",
      .doc = "Gradients of LSTMBlockCell's state, gates and peepholes.",
      .shape = cell_back_shape, .kernel_any = cell_back },
    { .name = "BlockLSTMGrad", BLOCK, .doc = "Gradients of all that BlockLSTM takes." },
    { .name = "BlockLSTMGradV2", BLOCK, .doc = "Gradients of all that BlockLSTMV2 takes." },
    { 0 }
};
