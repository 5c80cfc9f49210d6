/* dataset_generator.c - GeneratorDataset: elements from functions that have a state, among them
 * those of the program around us. */
#include "base/mem.h"
#include "graph/graph.h"
#include "op/callee.h"
#include "op/shape_fn.h"
#include "ops/dataset.h"

struct generated { struct dataset base; struct caller init, next, last; int n_state; };
struct generated_cursor { struct cursor base; struct tensor *state, *arg; bool began, over; };

static struct generated_cursor *of(struct cursor *c) { return (struct generated_cursor *)c; }
static const struct generated *data(struct cursor *c) { return (const struct generated *)c->d; }

static struct status *generated_begin(struct cursor *c, struct run_env *env)
{
    (void)env;
    NEED(of(c)->state = mem_array(struct tensor, data(c)->n_state + 1));
    NEED(of(c)->arg = mem_array(struct tensor, data(c)->n_state + 1));
    return NULL;
}

static struct tensor *state_again(struct cursor *c)
{
    for (int i = 0; i < data(c)->n_state; i++)
        of(c)->arg[i] = tensor_ref(&of(c)->state[i]);
    return of(c)->arg;
}

/* What it gives is of no use to anyone. */
static struct status *finalize(struct cursor *c, struct run_env *env)
{
    int n = callee_n_out(data(c)->last.callee);
    struct tensor *out = mem_array(struct tensor, n + 1);
    NEED(out);
    of(c)->over = true;
    struct status *st = caller_run(&data(c)->last, env, state_again(c), data(c)->n_state, out);
    element_clear(out, n);
    mem_free(out);
    return st;
}

/* Whoever leaves before the end wants the generator closed all the same. */
static void generated_finish(struct cursor *c)
{
    struct run_env env = { .may_wait = true };
    if (of(c)->began && !of(c)->over)
        status_free(finalize(c, &env));
    run_env_tidy(&env);
    element_clear(of(c)->state, of(c)->state ? data(c)->n_state : 0);
    mem_free(of(c)->state);
    mem_free(of(c)->arg);
}

/* OUT_OF_RANGE is how the function says that there are no more. */
static struct status *generated_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                     bool *end)
{
    struct generated_cursor *g = of(c);
    if (!g->began)
        TRY(caller_run(&data(c)->init, env, NULL, 0, g->state));
    g->began = true;
    *end = g->over;
    if (*end)
        return NULL;
    struct status *st = caller_run(&data(c)->next, env, state_again(c), data(c)->n_state, out);
    st = dataset_call_ends(st, false, end);
    return *end ? finalize(c, env) : st;
}

static void generated_release(struct dataset *d)
{
    struct generated *g = (struct generated *)d;
    caller_release(&g->init);
    caller_release(&g->next);
    caller_release(&g->last);
}

static const struct dataset_kind GENERATOR = {
    .name = "Generator", .size = sizeof(struct generated),
    .cursor = sizeof(struct generated_cursor), .begin = generated_begin, .next = generated_next,
    .finish = generated_finish, .release = generated_release
};

struct state { struct callee *init, *next, *last; };

static struct status *generated_prepare(struct prep *p)
{
    struct state *s;
    TRY(prep_state(p, sizeof *s, &s));
    TRY(prep_callee(p, "init_func", &s->init));
    TRY(prep_callee(p, "next_func", &s->next));
    return prep_callee(p, "finalize_func", &s->last);
}

static struct status *generated_run(struct kernel *k)
{
    const struct state *s = k->state;
    struct generated *g;
    TRY(dataset_make(k, &GENERATOR, 0, &g));
    g->base.waits = true;
    g->n_state = callee_n_out(s->init);
    TRY(caller_take(&g->init, k, s->init, 0, 0));
    TRY(caller_take(&g->next, k, s->next, g->n_state, 1));
    TRY(caller_take(&g->last, k, s->last, g->n_state, 2));
    return caller_gives(&g->next, g->base.n, g->base.dtype);
}

#define ARGS(what) what "_func_other_args: T" what "_func_args"
#define T_ARGS(what) "T" what "_func_args: list(type) >= 0; "

const struct op ops_dataset_generator[] = {
    { .name = "GeneratorDataset", .inputs = ARGS("init") ", " ARGS("next") ", " ARGS("finalize"),
      .outputs = "handle: variant",
      .attrs = "init_func: func; next_func: func; finalize_func: func; " T_ARGS("init")
               T_ARGS("next") T_ARGS("finalize")
               "output_types: list(type) >= 1; output_shapes: list(shape) >= 1",
      .doc = "What a function makes of a state again and again, until it says OUT_OF_RANGE.",
      .shape = shape_scalar, .grad = NO_GRADIENT, .prepare = generated_prepare,
      .kernel_any = generated_run, .flags = OP_STATEFUL },
    { 0 }
};
