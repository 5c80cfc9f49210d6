/* script.c - what the program around us computes, by functions of its own: PyFunc. */
#include "graph/graph.h"
#include "op/host.h"
#include "op/kernel.h"

static struct status *script_prepare(struct prep *p)
{
    p->state = node_attr_string(p->node, "token");
    return NULL;
}

/* E41. What comes without a value was not returned. */
static struct status *check_returned(const struct kernel *k, const struct tensor *out)
{
    const char *token = k->state;
    int n = 0, want = k->node->n_out;
    for (int i = 0; i < want; i++)
        n += out[i].buf != NULL;
    ENSURE(n == want, "%s returns %d values, but expects to see %d values.", token, n, want);
    for (int i = 0; i < want; i++)
        ENSURE(out[i].dtype == k->node->dtype[i],
               "%d-th value returned by %s is %s, but expects %s", i, token,
               dtype_name(out[i].dtype), dtype_name(k->node->dtype[i]));
    return NULL;
}

/* Later steps may write where an output lies, and so it must not be anybody else's memory. */
static struct status *take_returned(struct kernel *k, const struct tensor *out)
{
    TRY(check_returned(k, out));
    for (int i = 0; i < k->node->n_out; i++)
        TRY(tensor_keep(kernel_out(k, i), k->env->buffers, &out[i]));
    return NULL;
}

static struct status *script_run(struct kernel *k)
{
    host_function *f = host_function_get();
    int n_out = k->node->n_out;
    struct host_call call;
    struct tensor *t;
    ENSURE(f, "callback %s is not found", (const char *)k->state);
    TRY(kernel_temp(k, (size_t)(k->n_in + n_out) * sizeof *t, &t));
    for (int i = 0; i < k->n_in; i++)
        t[i] = *kernel_in(k, i);
    struct tensor *out = t + k->n_in;
    for (int i = 0; i < n_out; i++)
        out[i] = (struct tensor){ 0 };
    host_call_begin(&call, k->env->buffers);
    struct status *st = f(k->state, t, k->n_in, k->node->dtype, out, n_out);
    host_call_end(&call);
    if (!st)
        st = take_returned(k, out);
    for (int i = 0; i < n_out; i++)
        tensor_unref(&out[i]);
    return st;
}

/* Expensive, so that others run meanwhile; a function may take as long as it likes. */
#define SCRIPT(op_name, sentence, more)                                                     \
    { .name = op_name, .inputs = "input: Tin", .outputs = "output: Tout",                   \
      .attrs = "token: string; Tin: list(type) >= 0; Tout: list(type) >= 0",                \
      .doc = sentence, .shape = shape_unknown, .grad = NOT_DIFFERENTIABLE,                  \
      .prepare = script_prepare, .kernel_any = script_run,                                  \
      .flags = OP_HOST | OP_EXPENSIVE | (more) }

const struct op ops_script[] = {
    SCRIPT("PyFunc", "What a function of the embedding program makes of the inputs, anew each run.",
           OP_STATEFUL),
    SCRIPT("PyFuncStateless", "What a function of the embedding program makes of the inputs.", 0),
    { 0 }
};
