/* lstm.c - long short-term memory as one op: LSTMBlockCell, a step, and BlockLSTM(V2), a sequence.
 * All steps' products of x and w are one product; each step then adds that of the state before.
 * BlockLSTMV2 has its gates in another order, and no bias of its own for forgetting. */
#include "ops/lstm.h"

#include "base/pool.h"
#include "graph/graph.h"
#include "ops/cell.h"
#include "ops/floats.h"

#include <string.h>

static const struct lstm_order icfo = { 0, 1, 2, 3 }, ifco = { 0, 2, 1, 3 };

struct status *lstm_prepare(struct prep *p)
{
    struct lstm_attrs *a;
    const struct op *op = p->node->op;
    TRY(prep_state(p, sizeof *a, &a));
    a->peephole = node_attr(p->node, "use_peephole");
    a->at = op->name[strlen(op->name) - 1] == '2' ? ifco : icfo;
    if (sig_attr(op_sig(op), "forget_bias") >= 0)
        a->forget_bias = (float)node_attr_float(p->node, "forget_bias");
    if (sig_attr(op_sig(op), "cell_clip") >= 0)
        a->clip = (float)node_attr_float(p->node, "cell_clip");
    return NULL;
}

/* ---- inputs ---- */

static struct status *want_rank(const struct kernel *k, int i, const char *name, int rank)
{
    const struct shape *s = &kernel_in(k, i)->shape;
    ENSURE(s->rank == rank, "%s must be %dD, got shape %s", name, rank, SHAPE_STR(s));
    return NULL;
}

static struct status *want_dim(const struct kernel *k, int i, const char *name, int d,
                               int64_t size, const char *what)
{
    int64_t dim = kernel_in(k, i)->shape.dim[d];
    ENSURE(dim == size, "%s.dim_size(%d) != %s: %lld vs. %lld", name, d, what, (long long)dim,
           (long long)size);
    return NULL;
}

static struct status *check_inputs(const struct kernel *k, const struct lstm *l)
{
    int at = l->base + 1;
    TRY(want_dim(k, at, "cs_prev", 0, l->batch, "batch_size"));
    TRY(want_dim(k, at + 1, "h_prev", 0, l->batch, "batch_size"));
    TRY(want_dim(k, at + 1, "h_prev", 1, l->cells, "cell_size"));
    TRY(want_dim(k, at + 2, "w", 0, l->inputs + l->cells, "input_size + cell_size"));
    TRY(want_dim(k, at + 2, "w", 1, l->cells * 4, "cell_size * 4"));
    for (int i = 0; i < 3 && l->how->peephole; i++)
        TRY(want_dim(k, at + 3 + i, (const char *[]){ "wci", "wcf", "wco" }[i], 0, l->cells,
                     "cell_size"));
    return want_dim(k, at + 6, "b", 0, l->cells * 4, "cell_size * 4");
}

static struct status *check_ranks(const struct kernel *k, const struct lstm *l)
{
    static const char *const name[] = { "cs_prev", "h_prev", "w", "wci", "wcf", "wco", "b" };
    TRY(want_rank(k, l->base, "x", l->block ? 3 : 2));
    for (int i = 0; i < 7; i++)
        TRY(want_rank(k, l->base + 1 + i, name[i], i < 3 ? 2 : 1));
    return NULL;
}

static struct status *read_floats(struct kernel *k, struct lstm *l)
{
    const int at = l->base;
    TRY(floats_in(k, at, &l->x));
    TRY(floats_in(k, at + 1, &l->cs_prev));
    TRY(floats_in(k, at + 2, &l->h_prev));
    TRY(floats_in(k, at + 3, &l->w));
    if (l->how->peephole) {
        TRY(floats_in(k, at + 4, &l->wc.i));
        TRY(floats_in(k, at + 5, &l->wc.f));
        TRY(floats_in(k, at + 6, &l->wc.o));
    }
    return floats_in(k, at + 7, &l->b);
}

static struct status *read_steps(const struct kernel *k, struct lstm *l)
{
    const struct tensor *most = kernel_in(k, 0);
    ENSURE(most->shape.rank == 0, "seq_len_max must be a scalar, got shape %s",
           SHAPE_STR(&most->shape));
    l->steps = *(const int64_t *)most->data;
    ENSURE(l->steps >= 0 && l->steps <= l->time, "seq_len_max must be in [0, %lld], got %lld",
           (long long)l->time, (long long)l->steps);
    return NULL;
}

struct status *lstm_read(struct kernel *k, bool block, struct lstm *l)
{
    *l = (struct lstm){ .how = k->state, .block = block, .time = 1, .steps = 1, .base = block,
                        .type = kernel_in(k, block)->dtype };
    TRY(check_ranks(k, l));
    const struct shape *x = &kernel_in(k, l->base)->shape;
    l->batch = x->dim[x->rank - 2];
    l->inputs = x->dim[x->rank - 1];
    l->cells = kernel_in(k, l->base + 1)->shape.dim[1];
    ENSURE(l->cells <= INT32_MAX && l->inputs <= INT32_MAX, "a cell of %lld numbers, of %lld "
           "inputs, is too large", (long long)l->cells, (long long)l->inputs);
    if (block) {
        l->time = x->dim[0];
        TRY(read_steps(k, l));
    }
    TRY(check_inputs(k, l));
    return read_floats(k, l);
}

/* ---- forward ---- */

static void some_rows(void *ctx, int64_t begin, int64_t end) { lstm_rows(ctx, begin, end); }

/* The outputs of step t, and what it starts from: the step before, or the inputs. */
static struct lstm_rows step_of(const struct lstm *l, float *const y[7], int64_t t,
                                const float *gates)
{
    int64_t at = t * l->batch * l->cells;
    return (struct lstm_rows){
        .cells = l->cells, .at = l->how->at, .wc = l->wc, .forget_bias = l->how->forget_bias,
        .clip = l->how->clip, .gates = gates, .bias = l->b,
        .cs_prev = t ? y[1] + at - l->batch * l->cells : l->cs_prev,
        .i = y[0] + at, .cs = y[1] + at, .f = y[2] + at, .o = y[3] + at, .ci = y[4] + at,
        .co = y[5] + at, .h = y[6] + at
    };
}

static struct status *run_steps(struct kernel *k, const struct lstm *l, float *const y[7])
{
    const int64_t gates = 4 * l->cells, each = l->batch * gates;
    struct gemm of_x = gemm_dense(GEMM_N, GEMM_N, l->steps * l->batch, gates, l->inputs, 0);
    struct gemm of_h = gemm_dense(GEMM_N, GEMM_N, l->batch, gates, l->cells, 0);
    float *sums;
    of_h.add = true;
    TRY(kernel_temp(k, (size_t)(l->steps * each + 1) * sizeof *sums, &sums));
    TRY(cell_product(k, of_x, l->x, l->w, sums));
    for (int64_t t = 0; t < l->steps; t++) {
        struct lstm_rows s = step_of(l, y, t, sums + t * each);
        const float *h = t ? y[6] + (t - 1) * l->batch * l->cells : l->h_prev;
        TRY(cell_product(k, of_h, h, l->w + l->inputs * gates, sums + t * each));
        pool_for(l->batch, cell_grain(l->cells), k->env->threads, some_rows, &s);
    }
    return NULL;
}

/* Steps that were not taken leave zeros. */
static struct status *lstm_run(struct kernel *k, bool block)
{
    struct lstm l;
    float *y[7];
    TRY(lstm_read(k, block, &l));
    struct shape s = block ? SHAPE(l.time, l.batch, l.cells) : SHAPE(l.batch, l.cells);
    int64_t taken = l.steps * l.batch * l.cells;
    for (int i = 0; i < 7; i++)
        TRY(floats_new(k, i, l.type, &s, &y[i]));
    if (shape_count(&s) == 0)
        return NULL;
    TRY(run_steps(k, &l, y));
    for (int i = 0; i < 7; i++) {
        memset(y[i] + taken, 0, (size_t)(shape_count(&s) - taken) * sizeof **y);
        floats_store(k, i, y[i]);
    }
    return NULL;
}

static struct status *cell_run(struct kernel *k) { return lstm_run(k, false); }
static struct status *block_run(struct kernel *k) { return lstm_run(k, true); }

/* ---- shapes ---- */

static struct status *block_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 1), *b = shape_in(c, 8);
    TRY(shape_want_rank(x, 3));
    TRY(shape_want_rank(b, 1));
    int64_t gates = b->rank < 0 ? -1 : b->dim[0];
    ENSURE(gates < 0 || gates % 4 == 0, "Dimension size must be evenly divisible by 4 but is %lld",
           (long long)gates);
    for (int i = 0; i < 7; i++)
        *shape_out(c, i) = SHAPE(x->rank < 0 ? -1 : x->dim[0], x->rank < 0 ? -1 : x->dim[1],
                                 gates < 0 ? -1 : gates / 4);
    return NULL;
}

#define STATE "cs_prev: T, h_prev: T, w: T, wci: T, wcf: T, wco: T, b: T"
#define LSTM .outputs = "i: T, cs: T, f: T, o: T, ci: T, co: T, h: T", .prepare = lstm_prepare, \
    .flags = OP_EXPENSIVE
#define T "use_peephole: bool = false; T: {half, float}"

const struct op ops_lstm[] = {
    { .name = "LSTMBlockCell", LSTM, .inputs = "x: T, " STATE,
      .attrs = "forget_bias: float = 1; cell_clip: float = 3; " T,
      .doc = "A step of a cell with long short-term memory: gates, states and output.",
      .note = "Of half, the sums in between are float.",
      .shape = cell_shape, .grad = lstm_cell_grad, .kernel_any = cell_run },
    { .name = "BlockLSTM", LSTM, .inputs = "seq_len_max: int64, x: T, " STATE,
      .attrs = "forget_bias: float = 1; cell_clip: float = 3; " T,
      .doc = "LSTMBlockCell over a sequence, time first.",
      .note = "Of half, the sums in between are float.",
      .shape = block_shape, .grad = lstm_block_grad, .kernel_any = block_run },
    { .name = "BlockLSTMV2", LSTM, .inputs = "seq_len_max: int64, x: T, " STATE,
      .attrs = "cell_clip: float = 0; " T,
      .doc = "BlockLSTM with the gates in the order i, f, c, o.",
      .note = "Of half, the sums in between are float.",
      .shape = block_shape, .grad = lstm_block_grad, .kernel_any = block_run },
    { 0 }
};
