/* descent.c - training ops whose step follows the gradient or its sign: gradient descent (F32),
 * proximal gradient descent, momentum (F33), AddSign, PowerSign. */
#include "ops/apply.h"

#include "num/vec.h"

#include <tgmath.h>

#define EACH "ops/descent.inc"
#include "op/each_float.h"

#define VAR(v)       "var: " v
#define VAR_ACCUM(v) "var: " v ", accum: " v
#define VAR_M(v)     "var: " v ", m: " v

#define DESCENT_ARGS(grad)         "alpha: T, delta: T"
#define PROXIMAL_DENSE_ARGS(grad)  "alpha: T, l1: T, l2: T, delta: T"
#define PROXIMAL_SPARSE_ARGS(grad) "alpha: T, l1: T, l2: T, " grad
#define MOMENTUM_ARGS(grad)        "lr: T, " grad ", momentum: T"
#define ADD_SIGN_ARGS(grad)        "lr: T, alpha: T, sign_decay: T, beta: T, " grad
#define POWER_SIGN_ARGS(grad)      "lr: T, logbase: T, sign_decay: T, beta: T, " grad

#define NESTEROV "; use_nesterov: bool = false"

const struct op ops_descent[] = {
    APPLY_DENSE("GradientDescent", VAR, DESCENT_ARGS, "", descent,
                "var -= alpha * delta."),
    APPLY_DENSE("ProximalGradientDescent", VAR, PROXIMAL_DENSE_ARGS, "", proximal_descent,
                "A step of gradient descent, drawn to 0 by l1 and shrunk by l2."),
    APPLY_SPARSE("ProximalGradientDescent", VAR, PROXIMAL_SPARSE_ARGS, "", proximal_descent,
                 "ApplyProximalGradientDescent on the rows that indices name."),
    APPLY_DENSE("Momentum", VAR_ACCUM, MOMENTUM_ARGS, NESTEROV, momentum,
                "accum = accum * momentum + grad; var -= lr * accum."),
    APPLY_SPARSE("Momentum", VAR_ACCUM, MOMENTUM_ARGS, NESTEROV, momentum,
                 "ApplyMomentum on the rows that indices name."),
    APPLY_DENSE_HANDLE("KerasMomentum", VAR_ACCUM, MOMENTUM_ARGS, NESTEROV, keras_momentum,
                       "accum = accum * momentum - lr * grad; var += accum."),
    APPLY_SPARSE_HANDLE("KerasMomentum", VAR_ACCUM, MOMENTUM_ARGS, NESTEROV, keras_momentum,
                        "ResourceApplyKerasMomentum on the rows that indices name."),
    APPLY_DENSE("AddSign", VAR_M, ADD_SIGN_ARGS, "", add_sign,
                "A step scaled by whether the gradient and its mean m have the same sign."),
    APPLY_DENSE("PowerSign", VAR_M, POWER_SIGN_ARGS, "", power_sign,
                "A step scaled by e to the power of whether the gradient and its mean m agree."),
    { 0 }
};
