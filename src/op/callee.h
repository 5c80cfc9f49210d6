/* callee.h - a function of the graph's library, compiled, for the kernels of nodes that are given
 * one (If, While, MapDataset...).
 *
 * A callee is counted and keeps all that it needs, so that what a node made of it (a dataset) may
 * outlive the plan. Any thread may run it at any time, many threads at once, also one that belongs
 * to no run. Its arguments are the function's: what a function captured comes after the others, and
 * dtypes are checked at each run; shapes may differ from run to run.
 *
 * It is made by the compiler of plans, src/plan/callee.c: kernels know it by this header alone.
 */
#ifndef OP_CALLEE_H
#define OP_CALLEE_H

#include "op/kernel.h"

struct callee;

/* For prepare(): the function that the node's attribute names, or function i of a list of them.
 * Borrowed: the plan keeps it, whoever outlives the plan takes a reference. What is stateful in
 * it (generators) is this node's own. NOT_FOUND "Function f is not defined.", INVALID_ARGUMENT
 * where the function is not well made or calls itself. */
MUST_CHECK struct status *prep_callee(struct prep *p, const char *attr, struct callee **c);
MUST_CHECK struct status *prep_callee_at(struct prep *p, const char *attr, int i,
                                         struct callee **c);
/* The function (arguments, gradients of results) -> gradients of arguments of the one that the
 * attribute names: what the library names as its gradient, else made of the gradients of its
 * ops. */
MUST_CHECK struct status *prep_gradient(struct prep *p, const char *attr, struct callee **c);
/* The kernel runs `c` while it runs itself, so what is to be known of the node (that it may block,
 * that it is worth a thread...) is what is to be known of all that it runs. */
void prep_calls(struct prep *p, const struct callee *c);

struct callee *callee_ref(struct callee *c);
void callee_unref(struct callee *c);                            /* NULL is fine */

const char *callee_name(const struct callee *c);
int callee_n_in(const struct callee *c);
int callee_n_out(const struct callee *c);
enum dtype callee_in_dtype(const struct callee *c, int i);
enum dtype callee_out_dtype(const struct callee *c, int i);
/* It blocks, or has state or side effects, for which others may have to wait. */
bool callee_may_wait(const struct callee *c);

bool callee_device_is_here(const char *device);                 /* may functions run there? */

/* A whole kernel: its state is a callee that gets the inputs and gives the outputs. */
MUST_CHECK struct status *kernel_call(struct kernel *k);

/* One call. `env` says where memory comes from and when to stop; of no run: a zeroed one.
 * Arguments are borrowed; each result comes holding a reference, or none is set on failure. An
 * error names the node in the function: status_at_call() adds the one that called. */
MUST_CHECK struct status *callee_run(struct callee *c, const struct run_env *env,
                                     const struct tensor *arg, int n_args, struct tensor *result);
/* The same, but the arguments' references are taken over, whatever happens: memory that nobody
 * else holds is written again. `arg` and `result` may not overlap. */
MUST_CHECK struct status *callee_run_given(struct callee *c, const struct run_env *env,
                                           struct tensor *arg, int n_args, struct tensor *result);

#endif
