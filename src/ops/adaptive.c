/* adaptive.c - training ops that scale the step by what the gradients have been: Adagrad (F34) and
 * its dual-averaging and proximal forms, Adadelta (F38), Adam (F36), AdaMax, RMSProp (F35). */
#include "ops/apply.h"

#include <tgmath.h>

#define EACH "ops/adaptive.inc"
#include "op/each_float.h"

#define VAR_ACCUM(v)    "var: " v ", accum: " v
#define VAR_SUMS(v)     "var: " v ", gradient_accumulator: " v \
                        ", gradient_squared_accumulator: " v
#define VAR_UPDATES(v)  "var: " v ", accum: " v ", accum_update: " v
#define VAR_M_V(v)      "var: " v ", m: " v ", v: " v
#define VAR_MS(v)       "var: " v ", ms: " v ", mom: " v
#define VAR_MG_MS(v)    "var: " v ", mg: " v ", ms: " v ", mom: " v

#define ADAGRAD_ARGS(grad)    "lr: T, " grad
#define ADAGRAD_DA_ARGS(grad) grad ", lr: T, l1: T, l2: T, global_step: int64"
#define PROXIMAL_ARGS(grad)   "lr: T, l1: T, l2: T, " grad
#define ADADELTA_ARGS(grad)   "lr: T, rho: T, epsilon: T, " grad
#define ADAM_ARGS(grad)       "beta1_power: T, beta2_power: T, lr: T, beta1: T, beta2: T, " \
                              "epsilon: T, " grad
#define ADAMAX_ARGS(grad)     "beta1_power: T, lr: T, beta1: T, beta2: T, epsilon: T, " grad
#define RMSPROP_ARGS(grad)    "lr: T, rho: T, momentum: T, epsilon: T, " grad

#define NESTEROV "; use_nesterov: bool = false"
#define SLOTS    "; update_slots: bool = true"

const struct op ops_adaptive[] = {
    APPLY_DENSE("Adagrad", VAR_ACCUM, ADAGRAD_ARGS, SLOTS, adagrad,
                "accum += grad^2; var -= lr * grad / sqrt(accum)."),
    APPLY_SPARSE("Adagrad", VAR_ACCUM, ADAGRAD_ARGS, SLOTS, adagrad,
                 "ApplyAdagrad on the rows that indices name."),
    APPLY_DENSE("AdagradDA", VAR_SUMS, ADAGRAD_DA_ARGS, "", adagrad_da,
                "Adagrad by dual averaging: the variable follows from the sums of gradients."),
    APPLY_SPARSE("AdagradDA", VAR_SUMS, ADAGRAD_DA_ARGS, "", adagrad_da,
                 "ApplyAdagradDA on the rows that indices name."),
    APPLY_DENSE("ProximalAdagrad", VAR_ACCUM, PROXIMAL_ARGS, "", proximal_adagrad,
                "A step of Adagrad, drawn to 0 by l1 and shrunk by l2."),
    APPLY_SPARSE("ProximalAdagrad", VAR_ACCUM, PROXIMAL_ARGS, "", proximal_adagrad,
                 "ApplyProximalAdagrad on the rows that indices name."),
    APPLY_DENSE("Adadelta", VAR_UPDATES, ADADELTA_ARGS, "", adadelta,
                "A step in proportion to the mean size of past steps over that of gradients."),
    APPLY_SPARSE("Adadelta", VAR_UPDATES, ADADELTA_ARGS, "", adadelta,
                 "ApplyAdadelta on the rows that indices name."),
    APPLY_DENSE("Adam", VAR_M_V, ADAM_ARGS, NESTEROV, adam,
                "A step along the mean gradient m over the root of the mean square v."),
    APPLY_DENSE("AdaMax", VAR_M_V, ADAMAX_ARGS, "", adamax,
                "A step along the mean gradient m over the greatest recent size v."),
    APPLY_DENSE("RMSProp", VAR_MS, RMSPROP_ARGS, "", rmsprop,
                "A step, with momentum, along the gradient over the root of its mean square ms."),
    APPLY_SPARSE("RMSProp", VAR_MS, RMSPROP_ARGS, "", rmsprop,
                 "ApplyRMSProp on the rows that indices name."),
    APPLY_DENSE("CenteredRMSProp", VAR_MG_MS, RMSPROP_ARGS, "", centered_rmsprop,
                "ApplyRMSProp with the variance, ms - mg^2, in place of the mean square."),
    APPLY_SPARSE("CenteredRMSProp", VAR_MG_MS, RMSPROP_ARGS, "", centered_rmsprop,
                 "ApplyCenteredRMSProp on the rows that indices name."),
    { 0 }
};
