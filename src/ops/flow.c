/* flow.c - Switch and Merge, on which conditions stand, references passed on, and the ops that
 * loops are made of.
 *
 * A value that was not computed is dead: the executor runs no step with a dead input but a merge.
 * The steps of a loop would have to run again and again, which no executor does: what needs one
 * says so when it is compiled.
 */
#include "graph/graph.h"
#include "op/kernel.h"

/* ---- Switch: the input goes one way, the other way is dead ---- */

static struct status *switch_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 1), 0));
    *shape_out(c, 0) = *shape_out(c, 1) = *shape_in(c, 0);
    return NULL;
}

static struct status *way_of(const struct kernel *k, int *way)
{
    const struct tensor *pred = kernel_in(k, 1);
    ENSURE(pred->shape.rank == 0, "The second input must be a scalar, but it has shape %s",
           SHAPE_STR(&pred->shape));
    *way = *(const bool *)pred->data;
    return NULL;
}

static struct status *switch_run(struct kernel *k)
{
    int way;
    TRY(way_of(k, &way));
    kernel_forward(k, way, 0);
    return NULL;
}

static struct status *ref_switch_run(struct kernel *k)
{
    int way;
    TRY(way_of(k, &way));
    kernel_set_ref(k, way, kernel_ref(k, 0));
    return NULL;
}

/* The gradient came back along the way that was taken; where none came back at all, it is 0. */
static void switch_grad(struct grad *g)
{
    struct out way[2], pred = g->x[1];
    for (int i = 0; i < 2; i++) {
        struct out dy = g->dy[i].node ? g->dy[i]
                                      : grad1(g, "ZerosLike", g->x[0]);
        way[i] = out_at(grad2(g, "Switch", dy, pred), i);
    }
    g->dx[0] = grad2(g, "Merge", way[0], way[1]);
}

/* ---- Merge: the input that is alive, and which one it was ---- */

/* A dimension is known where all inputs have the same. */
static struct status *merge_shape(struct shape_ctx *c)
{
    struct shape s = *shape_in(c, 0);
    for (int i = 1; i < c->n_in && s.rank >= 0; i++) {
        const struct shape *in = shape_in(c, i);
        if (in->rank != s.rank)
            s = SHAPE_UNKNOWN;
        for (int d = 0; d < s.rank; d++)
            if (s.dim[d] != in->dim[d])
                s.dim[d] = -1;
    }
    *shape_out(c, 0) = s;
    *shape_out(c, 1) = SHAPE_SCALAR;
    return NULL;
}

static struct status *merge_run(struct kernel *k)
{
    int i = 0;
    while (i < k->n_in && !kernel_in(k, i)->buf)
        i++;
    if (i == k->n_in)
        return status_new(INTERNAL, "Merge has no input that is alive");
    TRY(kernel_new(k, 1, DT_INT32, &SHAPE_SCALAR));
    *(int32_t *)kernel_out(k, 1)->data = i;
    kernel_forward(k, 0, i);
    return NULL;
}

static void merge_grad(struct grad *g)
{
    struct out which = out_at(g->y[0], 1);
    for (int i = 0; i < g->n_in && g->dy[0].node; i++) {
        struct out at = grad_scalar(g, DT_INT32, i);
        struct out taken = grad2(g, "Equal", which, at);
        g->dx[i] = out_at(grad2(g, "Switch", g->dy[0], taken), 1);
    }
}

/* ---- references passed on: RefIdentity, RefSelect ---- */

/* One of the variables, all of them alike as far as is known. */
static struct status *ref_select_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 0));
    *shape_out(c, 0) = *shape_in(c, 1);
    for (int i = 2; i < c->n_in; i++)
        if (!shape_is_known(shape_in(c, i)) || !shape_equal(shape_in(c, i), shape_in(c, 1)))
            *shape_out(c, 0) = SHAPE_UNKNOWN;
    return NULL;
}

static struct status *ref_select_run(struct kernel *k)
{
    const struct tensor *index = kernel_in(k, 0);
    ENSURE(index->shape.rank == 0, "Index must be a scalar, but it has shape %s",
           SHAPE_STR(&index->shape));
    int which = *(const int32_t *)index->data;
    ENSURE(which >= 0 && which < k->n_in - 1, "Index must be in the range [0, %d) but got %d",
           k->n_in - 1, which);
    kernel_set_ref(k, 0, kernel_ref(k, 1 + which));
    return NULL;
}

/* ---- loops ---- */

/* What a loop goes round with may change its shape; who builds it tells. */
static struct status *enter_shape(struct shape_ctx *c)
{
    *shape_out(c, 0) = node_attr(c->node, "is_constant") ? *shape_in(c, 0) : SHAPE_UNKNOWN;
    return NULL;
}

static void loop_grad(struct grad *g)
{
    grad_fail(g, UNIMPLEMENTED, "loops have no gradients: '%s' (op: '%s') is part of one",
              g->node->name, g->node->op->name);
}

static struct status *forward_run(struct kernel *k)
{
    kernel_forward(k, 0, 0);
    return NULL;
}

static struct status *loop_cond_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 0));
    *shape_out(c, 0) = SHAPE_SCALAR;
    return NULL;
}

static struct status *loop_cond_run(struct kernel *k)
{
    const struct shape *s = &kernel_in(k, 0)->shape;
    ENSURE(s->rank == 0, "The condition of a loop must be a scalar, but it has shape %s",
           SHAPE_STR(s));
    return forward_run(k);
}

#define LOOP(text) .doc = text, .grad = loop_grad, .kernel_any = forward_run
#define FRAME "T: type; frame_name: string; is_constant: bool = false; "                        \
              "parallel_iterations: int = 10"

const struct op ops_flow[] = {
    { .name = "Switch", .inputs = "data: T, pred: bool",
      .outputs = "output_false: T, output_true: T",
      .attrs = "T: type", .doc = "The input at one of two outputs; the other one is dead.",
      .shape = switch_shape, .grad = switch_grad, .kernel_any = switch_run, .flags = OP_SWITCH },
    { .name = "RefSwitch", .inputs = "data: Ref(T), pred: bool",
      .outputs = "output_false: Ref(T), output_true: Ref(T)", .attrs = "T: type",
      .doc = "A reference to a variable at one of two outputs; the other one is dead.",
      .shape = switch_shape, .grad = switch_grad, .kernel_any = ref_switch_run,
      .flags = OP_SWITCH | OP_UNINITIALIZED },
    { .name = "Merge", .inputs = "inputs: N * T", .outputs = "output: T, value_index: int32",
      .attrs = "T: type; N: int >= 1", .doc = "The first of the inputs that is not dead.",
      .shape = merge_shape, .grad = merge_grad, .kernel_any = merge_run, .flags = OP_MERGE },
    { .name = "RefIdentity", .inputs = "input: Ref(T)", .outputs = "output: Ref(T)",
      .attrs = "T: type", .doc = "The reference, unchanged.", .shape = shape_unchanged,
      .grad = grad_passed, .kernel_any = kernel_pass_ref,
      .flags = OP_UNINITIALIZED | OP_SLICES },
    { .name = "RefSelect", .inputs = "index: int32, inputs: N * Ref(T)",
      .outputs = "output: Ref(T)", .attrs = "T: type; N: int >= 1",
      .doc = "The reference of this index among the inputs.", .shape = ref_select_shape,
      .grad = NO_GRADIENT, .kernel_any = ref_select_run },
    { .name = "Enter", .inputs = "data: T", .outputs = "output: T", .attrs = FRAME,
      .shape = enter_shape, .flags = OP_ENTER, LOOP("What a loop begins with.") },
    { .name = "Exit", .inputs = "data: T", .outputs = "output: T", .attrs = "T: type",
      .shape = shape_unchanged, .flags = OP_EXIT, LOOP("What a loop ends with.") },
    { .name = "NextIteration", .inputs = "data: T", .outputs = "output: T", .attrs = "T: type",
      .shape = shape_unchanged, .flags = OP_NEXT, LOOP("What the next round begins with.") },
    { .name = "LoopCond", .inputs = "input: bool", .outputs = "output: bool",
      .doc = "Whether there is another round.", .shape = loop_cond_shape,
      .grad = NOT_DIFFERENTIABLE, .kernel_any = loop_cond_run },
    { 0 }
};
