/* flow.c - Switch and Merge, on which conditions stand, references passed on, and the ops that
 * loops are made of. Their gradients: graph/gradients_flow.c.
 *
 * A value that was not computed is dead: the executor runs no step with a dead input but a merge,
 * and a trigger, whatever it waits for.
 */
#include "graph/gradients.h"
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

/* Output 1: which one is alive. */
static struct status *find_alive(struct kernel *k, int *alive)
{
    int i = 0;
    while (i < k->n_in && !kernel_in(k, i)->buf)
        i++;
    if (i == k->n_in)
        return status_new(INTERNAL, "Merge has no input that is alive");
    *alive = i;
    if (k->unread & 2)
        return NULL;
    TRY(kernel_new(k, 1, DT_INT32, &SHAPE_SCALAR));
    *(int32_t *)kernel_out(k, 1)->data = i;
    return NULL;
}

static struct status *merge_run(struct kernel *k)
{
    int alive;
    TRY(find_alive(k, &alive));
    kernel_forward(k, 0, alive);
    return NULL;
}

static struct status *ref_merge_run(struct kernel *k)
{
    int alive;
    TRY(find_alive(k, &alive));
    kernel_set_ref(k, 0, kernel_ref(k, alive));
    return NULL;
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

static struct status *nothing(struct kernel *k)
{
    (void)k;
    return NULL;
}

#define LOOP(flag, gradient, text) \
    .doc = text, .grad = gradient, .kernel_any = forward_run, .flags = flag | OP_SLICES
#define REF(flag, gradient, text) \
    .doc = text " as a reference to a variable.", .grad = gradient, \
    .kernel_any = kernel_pass_ref, .flags = flag | OP_SLICES
#define FRAME "T: type; frame_name: string; is_constant: bool = false; "                        \
              "parallel_iterations: int = 10"

const struct op ops_flow[] = {
    { .name = "Switch", .inputs = "data: T, pred: bool",
      .outputs = "output_false: T, output_true: T",
      .attrs = "T: type", .doc = "The input at one of two outputs; the other one is dead.",
      .shape = switch_shape, .grad = grad_of_switch, .kernel_any = switch_run,
      .flags = OP_SWITCH | OP_SLICES },
    { .name = "RefSwitch", .inputs = "data: Ref(T), pred: bool",
      .outputs = "output_false: Ref(T), output_true: Ref(T)", .attrs = "T: type",
      .doc = "A reference to a variable at one of two outputs; the other one is dead.",
      .shape = switch_shape, .grad = grad_of_switch, .kernel_any = ref_switch_run,
      .flags = OP_SWITCH | OP_UNINITIALIZED | OP_SLICES },
    { .name = "Merge", .inputs = "inputs: N * T", .outputs = "output: T, value_index: int32",
      .attrs = "T: type; N: int >= 1", .doc = "The first of the inputs that is not dead.",
      .shape = merge_shape, .grad = grad_of_merge, .kernel_any = merge_run,
      .flags = OP_MERGE | OP_SLICES },
    { .name = "RefMerge", .inputs = "inputs: N * Ref(T)",
      .outputs = "output: Ref(T), value_index: int32", .attrs = "T: type; N: int >= 1",
      .doc = "A reference to a variable: the first of the inputs that is not dead.",
      .shape = merge_shape, .grad = grad_of_merge, .kernel_any = ref_merge_run,
      .flags = OP_MERGE | OP_SLICES },
    { .name = "RefIdentity", .inputs = "input: Ref(T)", .outputs = "output: Ref(T)",
      .attrs = "T: type", .doc = "The reference, unchanged.", .shape = shape_unchanged,
      .grad = grad_passed, .kernel_any = kernel_pass_ref,
      .flags = OP_UNINITIALIZED | OP_SLICES },
    { .name = "RefSelect", .inputs = "index: int32, inputs: N * Ref(T)",
      .outputs = "output: Ref(T)", .attrs = "T: type; N: int >= 1",
      .doc = "The reference of this index among the inputs.", .shape = ref_select_shape,
      .grad = NO_GRADIENT, .kernel_any = ref_select_run },
    { .name = "Enter", .inputs = "data: T", .outputs = "output: T", .attrs = FRAME,
      .shape = enter_shape, LOOP(OP_ENTER, grad_of_enter, "What a loop begins with.") },
    { .name = "Exit", .inputs = "data: T", .outputs = "output: T", .attrs = "T: type",
      .shape = shape_unchanged, LOOP(OP_EXIT, grad_of_exit, "What a loop ends with.") },
    { .name = "NextIteration", .inputs = "data: T", .outputs = "output: T", .attrs = "T: type",
      .shape = shape_unchanged,
      LOOP(OP_NEXT, grad_passed, "What the next round begins with.") },
    { .name = "RefEnter", .inputs = "data: Ref(T)", .outputs = "output: Ref(T)", .attrs = FRAME,
      .shape = enter_shape, REF(OP_ENTER, grad_of_enter, "What a loop begins with,") },
    { .name = "RefExit", .inputs = "data: Ref(T)", .outputs = "output: Ref(T)",
      .attrs = "T: type", .shape = shape_unchanged,
      REF(OP_EXIT, grad_of_exit, "What a loop ends with,") },
    { .name = "RefNextIteration", .inputs = "data: Ref(T)", .outputs = "output: Ref(T)",
      .attrs = "T: type", .shape = shape_unchanged,
      REF(OP_NEXT, grad_passed, "What the next round begins with,") },
    { .name = "ControlTrigger", .doc = "Waits for others, whether they run or are dead.",
      .shape = shape_none, .grad = NOT_DIFFERENTIABLE, .kernel_any = nothing,
      .flags = OP_TRIGGER },
    { .name = "LoopCond", .inputs = "input: bool", .outputs = "output: bool",
      .doc = "Whether there is another round.", .shape = loop_cond_shape,
      .grad = NOT_DIFFERENTIABLE, .kernel_any = loop_cond_run },
    { 0 }
};
