#include "num/special.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

/* Climb by digamma(x) = digamma(x + 1) - 1/x to where the asymptotic series is exact; below 0
 * reflect. At 0, -1, -2... it is infinite, as TensorFlow has it. */
double digamma(double x)
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

/* The first terms are added up, the rest follows from Euler and Maclaurin: an integral, half a
 * term, and derivatives with Bernoulli's numbers. q > 0. */
static double zeta_above_zero(double x, double q)
{
    static const double bernoulli[] = {         /* B_2k / (2k)! */
        1 / 12.0, -1 / 720.0, 1 / 30240.0, -1 / 1209600.0, 1 / 47900160.0,
        -691 / 1307674368000.0, 1 / 74724249600.0, -3617 / 10670622842880000.0,
    };
    double sum = 0;
    for (int k = 0; k < 10 || q < 10; k++, q += 1)
        sum += pow(q, -x);
    sum += pow(q, 1 - x) / (x - 1) + 0.5 * pow(q, -x);
    double term = x * pow(q, -x - 1);
    for (int k = 0; k < 8; k++) {
        sum += bernoulli[k] * term;
        term *= (x + 2 * k + 1) * (x + 2 * k + 2) / (q * q);
    }
    return sum;
}

/* Terms below 0 are, but for their sign, those from the fraction of q up to -q. */
double zeta(double x, double q)
{
    if (x == 1 || (q <= 0 && q == floor(q)))
        return INFINITY;
    if (!(x > 1) || (q <= 0 && x != floor(x)))
        return NAN;
    if (q > 0)
        return zeta_above_zero(x, q);
    double first = -q - floor(-q);
    double below = zeta_above_zero(x, first) - zeta_above_zero(x, 1 - q);
    return zeta_above_zero(x, 1 - first) + (fmod(x, 2) == 0 ? below : -below);
}

double polygamma(double n, double x)
{
    if (n == 0)
        return digamma(x);
    if (!(n > 0) || n != floor(n))
        return NAN;
    return (fmod(n, 2) == 0 ? -1 : 1) * tgamma(n + 1) * zeta(n + 1, x);
}

/* ---- the incomplete gamma function: a series below a, a continued fraction above ---- */

enum { MOST_TERMS = 10000 };            /* enough while a < 1e6; then the last digits go */

static double log_gamma(double x)
{
    int sign;                           /* lgamma() would leave it in a global */
    return lgamma_r(x, &sign);
}

/* A number, and its derivative by a. */
struct dual { double v, by_a; };

/* x^a e^-x / gamma(a). */
static struct dual gamma_front(double a, double x)
{
    double v = exp(a * log(x) - x - log_gamma(a));
    return (struct dual){ v, v * (log(x) - digamma(a)) };
}

/* igamma: the front times 1/a + x/(a(a+1)) + x^2/(a(a+1)(a+2)) + ... */
static struct dual igamma_series(double a, double x)
{
    struct dual term = { 1 / a, -1 / (a * a) }, sum = term, front = gamma_front(a, x);
    for (int n = 1; n < MOST_TERMS; n++) {
        double d = a + n;
        term.by_a = (term.by_a - term.v / d) * x / d;
        term.v *= x / d;
        sum.v += term.v;
        sum.by_a += term.by_a;
        if (term.v <= sum.v * DBL_EPSILON / 4 &&
            fabs(term.by_a) <= fabs(sum.by_a) * DBL_EPSILON / 4)
            break;
    }
    return (struct dual){ front.v * sum.v, front.by_a * sum.v + front.v * sum.by_a };
}

/* One step of a continued fraction's numerators (or denominators): p, q are the last two. */
static struct dual fraction_step(struct dual p, struct dual q, double b, double c, double n)
{
    return (struct dual){ b * p.v + c * q.v, b * p.by_a - p.v + c * q.by_a + n * q.v };
}

static struct dual scaled(struct dual d, double by)
{
    return (struct dual){ d.v * by, d.by_a * by };
}

/* igammac: the front times 1/(x+1-a - 1(1-a)/(x+3-a - 2(2-a)/(x+5-a - ...))). */
static struct dual igammac_fraction(double a, double x)
{
    struct dual front = gamma_front(a, x), at = { 0, 0 };
    struct dual p1 = { 1, 0 }, p0 = { 0, 0 }, q1 = { x + 1 - a, -1 }, q0 = { 1, 0 };
    for (int n = 1; n < MOST_TERMS; n++) {
        double b = x + 2 * n + 1 - a, c = n * (a - n);
        struct dual p = fraction_step(p1, p0, b, c, n), q = fraction_step(q1, q0, b, c, n);
        double shrink = fabs(q.v) > 0x1p500 ? 0x1p-500 : 1;
        p0 = scaled(p1, shrink);
        q0 = scaled(q1, shrink);
        p1 = scaled(p, shrink);
        q1 = scaled(q, shrink);
        struct dual last = at;
        at.v = p1.v / q1.v;
        at.by_a = p1.by_a / q1.v - at.v * (q1.by_a / q1.v);
        if (fabs(at.v - last.v) <= DBL_EPSILON * fabs(at.v) &&
            fabs(at.by_a - last.by_a) <= DBL_EPSILON * fabs(at.by_a))
            break;
    }
    return (struct dual){ front.v * at.v, front.by_a * at.v + front.v * at.by_a };
}

static bool has_igamma(double a, double x) { return a > 0 && x >= 0; }
static bool is_above(double a, double x) { return x > 1 && x > a; }

double igamma(double a, double x)
{
    if (x == 0)
        return 0;
    if (!has_igamma(a, x))
        return NAN;
    if (isinf(x) || isinf(a))
        return isinf(a) ? isinf(x) ? NAN : 0 : 1;
    return is_above(a, x) ? 1 - igammac_fraction(a, x).v : igamma_series(a, x).v;
}

double igammac(double a, double x)
{
    if (!has_igamma(a, x))
        return NAN;
    if (x == 0)
        return 1;
    if (isinf(x) || isinf(a))
        return isinf(a) ? isinf(x) ? NAN : 1 : 0;
    return is_above(a, x) ? igammac_fraction(a, x).v : 1 - igamma_series(a, x).v;
}

double igamma_by_a(double a, double x)
{
    if (x == 0)
        return 0;
    if (!has_igamma(a, x) || isinf(a))
        return NAN;
    if (isinf(x))
        return 0;
    return is_above(a, x) ? -igammac_fraction(a, x).by_a : igamma_series(a, x).by_a;
}

/* igamma(alpha, sample) stays what it is: sample' = -igamma_by_a / density. */
double gamma_by_alpha(double alpha, double sample)
{
    if (sample == 0)
        return 0;
    if (!has_igamma(alpha, sample) || isinf(alpha) || isinf(sample))
        return NAN;
    return -igamma_by_a(alpha, sample) * sample / gamma_front(alpha, sample).v;
}

/* ---- the incomplete beta function ---- */

/* By Lentz: the continued fraction, that converges where x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int m = 1; m < MOST_TERMS; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double step = 1;
        for (int i = 0; i < 2; i++) {
            double by = i ? odd : even;
            d = 1 + by * d;
            c = 1 + by / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            step = c * d;
            h *= step;
        }
        if (fabs(step - 1) <= DBL_EPSILON)
            break;
    }
    return h;
}

double betainc(double a, double b, double x)
{
    if (!(a > 0) || !(b > 0) || !(x >= 0 && x <= 1) || isinf(a) || isinf(b))
        return NAN;
    if (x == 0 || x == 1)
        return x;
    double log_beta = log_gamma(a) + log_gamma(b) - log_gamma(a + b);
    double front = exp(a * log(x) + b * log1p(-x) - log_beta);
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* ---- Bessel: the power series, whose terms are all positive, and the asymptotic one ---- */

static double bessel_series(int order, double x)
{
    double term = order ? x / 2 : 1, sum = term;
    for (int k = 1; term > sum * DBL_EPSILON / 4; k++) {
        term *= x * x / 4 / (k * (double)(k + order));
        sum += term;
    }
    return sum * exp(-x);
}

/* 1 - (m-1)/(8x) + (m-1)(m-9)/(2!(8x)^2) - ..., m = 4 order^2, over the root of 2 pi x. */
static double bessel_asymptotic(int order, double x)
{
    double term = 1, sum = 1;
    for (int k = 1; k < 30 && fabs(term) > DBL_EPSILON / 4; k++) {
        term *= -(4.0 * order - (2.0 * k - 1) * (2.0 * k - 1)) / (k * 8 * x);
        sum += term;
    }
    return sum / sqrt(2 * M_PI * x);
}

static double bessel(int order, double x)
{
    return isnan(x) ? x : x < 20 ? bessel_series(order, x) : bessel_asymptotic(order, x);
}

double bessel_i0e(double x) { return bessel(0, fabs(x)); }
double bessel_i1e(double x) { return x == 0 ? x : copysign(bessel(1, fabs(x)), x); }
