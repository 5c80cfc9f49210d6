/* special.h - special functions that libm does not have. */
#ifndef OPS_SPECIAL_H
#define OPS_SPECIAL_H

#include <math.h>

/* Climb by digamma(x) = digamma(x + 1) - 1/x to where the asymptotic series is exact; below 0
 * reflect. At 0, -1, -2... it is infinite, as TensorFlow has it. */
static inline double digamma(double x)
{
    double less = 0;
    if (x <= 0) {
        if (x == floor(x))
            return INFINITY;
        less = M_PI / tan(M_PI * x);
        x = 1 - x;
    }
    for (; x < 10; x += 1)
        less += 1 / x;
    double w = 1 / (x * x);
    double series = w * (1 / 12.0 - w * (1 / 120.0 - w * (1 / 252.0 - w * (1 / 240.0 -
                    w * (1 / 132.0 - w * (691 / 32760.0 - w / 12))))));
    return log(x) - 0.5 / x - series - less;
}

#endif
