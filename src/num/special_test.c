/* Special functions: values of other functions that they contain, and the identities between them
 * over a grid. Values of their own are ops/special.cases'. */
#include "num/special.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void near_to(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance * fmax(1, fabs(wanted))))
        fail_msg("%.17g, not %.17g", got, wanted);
}

static const double places[] = { 1e-3, 0.1, 0.5, 0.99, 1, 1.01, 2, 3.7, 9, 20, 55, 200, 1000 };
enum { PLACES = sizeof places / sizeof *places };

static void gamma_is_an_integral(void **state)
{
    (void)state;
    for (int i = 0; i < PLACES; i++) {
        double x = places[i];
        near_to(igamma(1, x), -expm1(-x), 1e-14);
        near_to(igamma(0.5, x), erf(sqrt(x)), 1e-14);
        if (x < 600)
            near_to(igammac(0.5, x) / erfc(sqrt(x)), 1, 1e-12);
    }
}

/* P(a, x) = P(a - 1, x) - x^(a-1) e^-x / gamma(a); the other function is what is left of 1. */
static void gamma_recurs(void **state)
{
    (void)state;
    for (int i = 0; i < PLACES; i++)
        for (int j = 0; j < PLACES; j++) {
            double a = places[i], x = places[j];
            double step = exp(a * log(x) - x - lgamma(a + 1));
            near_to(igamma(a + 1, x), igamma(a, x) - step, 1e-12);
            near_to(igamma(a, x) + igammac(a, x), 1, 1e-13);
        }
}

static void derivatives_are_differences(void **state)
{
    (void)state;
    for (int i = 0; i < PLACES; i++)
        for (int j = 0; j < PLACES; j++) {
            double a = places[i], x = places[j], h = 1e-4 * a;
            double slope = (igamma(a - 2 * h, x) - 8 * igamma(a - h, x) + 8 * igamma(a + h, x) -
                            igamma(a + 2 * h, x)) / (12 * h);
            near_to(igamma_by_a(a, x) * a, slope * a, 1e-7);
        }
}

static void beta_is_symmetric_and_a_polynomial(void **state)
{
    (void)state;
    for (double x = 0.05; x < 1; x += 0.1) {
        near_to(betainc(3, 1, x), x * x * x, 1e-14);
        near_to(betainc(1, 4, x), 1 - pow(1 - x, 4), 1e-14);
        for (int i = 0; i < PLACES; i++)
            for (int j = 0; j < PLACES; j++)
                near_to(betainc(places[i], places[j], x),
                        1 - betainc(places[j], places[i], 1 - x), 1e-11);
    }
}

/* Both forms of a series agree where one gives way to the other; I0' = I1. */
static void bessel_has_no_seam(void **state)
{
    (void)state;
    near_to(bessel_i0e(nextafter(20, 0)), bessel_i0e(20), 1e-14);
    near_to(bessel_i1e(nextafter(20, 0)), bessel_i1e(20), 1e-14);
    for (double x = 0.5; x < 40; x += 0.37) {
        double h = 1e-3, slope = (bessel_i0e(x - 2 * h) - 8 * bessel_i0e(x - h) +
                                  8 * bessel_i0e(x + h) - bessel_i0e(x + 2 * h)) / (12 * h);
        near_to(slope, bessel_i1e(x) - bessel_i0e(x), 1e-10);
        near_to(bessel_i1e(-x), -bessel_i1e(x), 0);
    }
}

/* zeta(x, q) = zeta(x, q + 1) + q^-x, below 0 as well. */
static void zeta_steps(void **state)
{
    (void)state;
    for (double q = -7.5; q < 20; q += 1.25)
        for (double x = 2; x < 7; x += 1)
            if (q > 0 || q != floor(q))
                near_to(zeta(x, q), zeta(x, q + 1) + pow(q, -x), 1e-13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gamma_is_an_integral),
        cmocka_unit_test(gamma_recurs),
        cmocka_unit_test(derivatives_are_differences),
        cmocka_unit_test(beta_is_symmetric_and_a_polynomial),
        cmocka_unit_test(bessel_has_no_seam),
        cmocka_unit_test(zeta_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
