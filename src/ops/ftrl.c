/* ftrl.c - training ops that follow the regularized leader: Ftrl and FtrlV2, which adds shrinkage
 * (F37). */
#include "ops/apply.h"

#include <tgmath.h>

static bool positive(double x) { return x > 0; }
static bool not_negative(double x) { return x >= 0; }
static bool not_positive(double x) { return x <= 0; }

/* The scalars stand at the end: lr, l1, l2, perhaps l2_shrinkage, lr_power. */
static struct status *check(const struct kernel *k)
{
    int lr = apply_input(k->node, "lr"), last = k->n_in - 1;
    TRY(apply_check(k, lr, positive, "positive "));
    for (int i = lr + 1; i < last; i++)
        TRY(apply_check(k, i, not_negative, "non-negative "));
    return apply_check(k, last, not_positive, "non-positive ");
}

#define EACH "ops/ftrl.inc"
#include "op/each_float.h"

#define VARS(v)       "var: " v ", accum: " v ", linear: " v
#define ARGS(grad)    grad ", lr: T, l1: T, l2: T, lr_power: T"
#define ARGS_V2(grad) grad ", lr: T, l1: T, l2: T, l2_shrinkage: T, lr_power: T"

const struct op ops_ftrl[] = {
    APPLY_DENSE("Ftrl", VARS, ARGS, "", ftrl,
                "The weights that follow the regularized leader."),
    APPLY_SPARSE("Ftrl", VARS, ARGS, "", ftrl,
                 "ApplyFtrl on the rows that indices name."),
    APPLY_DENSE("FtrlV2", VARS, ARGS_V2, "", ftrl_v2,
                "The weights that follow the regularized leader, with shrinkage."),
    APPLY_SPARSE("FtrlV2", VARS, ARGS_V2, "", ftrl_v2,
                 "ApplyFtrlV2 on the rows that indices name."),
    { 0 }
};
