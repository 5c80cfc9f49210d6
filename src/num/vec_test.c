/* vec_test.c - twins: each table of this CPU against libm in long double, at lengths and
 * alignments that make vectors start and end anywhere, apart and in place. */
#include "base/half.h"
#include "num/vec.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef long double real;
typedef real ref_unary(real x);
typedef real ref_binary(real x, real y);

static const char *const ISAS[] = { "base", "avx2", "avx512" };
enum { N = 4099 };

static real ref_neg(real x) { return -x; }
static real ref_square(real x) { return x * x; }
static real ref_rsqrt(real x) { return 1 / sqrtl(x); }
static real ref_reciprocal(real x) { return 1 / x; }
static real ref_sigmoid(real x) { return 1 / (1 + expl(-x)); }
static real ref_relu(real x) { return x < 0 ? 0 : x; }
static real ref_relu6(real x) { return x < 0 ? 0 : 6 < x ? 6 : x; }
static real ref_elu(real x) { return x < 0 ? expm1l(x) : x; }
static real ref_selu(real x)
{
    return x < 0 ? 1.7580993408473768599402175208123L * expm1l(x)
                 : 1.0507009873554804934193349852946L * x;
}
static real ref_softplus(real x) { return (x > 0 ? x : 0) + log1pl(expl(-fabsl(x))); }
static real ref_softsign(real x) { return x / (1 + fabsl(x)); }
#define ref_abs fabsl
#define ref_sqrt sqrtl
#define ref_floor floorl
#define ref_ceil ceill
#define ref_rint rintl
#define ref_exp expl
#define ref_expm1 expm1l
#define ref_log logl
#define ref_log1p log1pl
#define ref_tanh tanhl
#define ref_erf erfl
#define ref_sin sinl
#define ref_cos cosl

static real ref_add(real x, real y) { return x + y; }
static real ref_sub(real x, real y) { return x - y; }
static real ref_mul(real x, real y) { return x * y; }
static real ref_div(real x, real y) { return x / y; }
static real ref_max(real x, real y) { return x < y ? y : x; }
static real ref_min(real x, real y) { return y < x ? y : x; }
static real ref_squared_difference(real x, real y) { return (x - y) * (x - y); }
static real ref_relu_grad(real dy, real x) { return dy * (x > 0); }
static real ref_relu6_grad(real dy, real x) { return dy * (x > 0 && x < 6); }
static real ref_elu_grad(real dy, real y) { return y < 0 ? (y + 1) * dy : dy; }
static real ref_selu_grad(real dy, real y)
{
    return dy * (y < 0 ? y + 1.7580993408473768599402175208123L
                       : 1.0507009873554804934193349852946L);
}
static real ref_softplus_grad(real dy, real x) { return dy / (expl(-x) + 1); }
static real ref_softsign_grad(real dy, real x) { return dy / powl(fabsl(x) + 1, 2); }
static real ref_tanh_grad(real y, real dy) { return dy * (1 - y * y); }
static real ref_sigmoid_grad(real y, real dy) { return dy * y * (1 - y); }
static real ref_sqrt_grad(real y, real dy) { return dy / 2 / y; }
static real ref_rsqrt_grad(real y, real dy) { return -dy / 2 * y * y * y; }
static real ref_reciprocal_grad(real y, real dy) { return -dy * y * y; }

/* How far `got` is from `want`, in units of the last place of a number with `digits` bits whose
 * exponent is no less than `least`. `slack`: what cancels may lose. */
static bool near(real got, real want, int digits, int least, int most, real slack)
{
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got);
    if (fabsl(want) >= ldexpl(2, most) * (1 - ldexpl(1, -digits - 1)))
        return isinf(got) ? signbit(got) == signbit(want) : fabsl(got) > ldexpl(1.99L, most);
    int e = want == 0 ? least : ilogbl(want);
    return fabsl(got - want) <= 4 * ldexpl(1, (e > least ? e : least) - digits + 1) + slack;
}

static const double SPECIAL[] = {
    0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 6, INFINITY, -INFINITY, NAN, 88.7, -88.7, 89,
    -103.9, -110, 709.7, -745.1, -800, 800, 1e-40, -1e-40, 1e-310, 3e38, -3e38, 1e300, 1e-8, -1e-8,
    8388607.5, -8388607.5, 4503599627370495.5, 20, -20, 50, -50, 1e-20, 0.70710678, 1.41421356,
};
enum { N_SPECIAL = sizeof SPECIAL / sizeof *SPECIAL };

static double sample(int i)
{
    double u = drand48() * 2 - 1;
    return i % 4 == 0 ? u : i % 4 == 1 ? u * 20 : i % 4 == 2 ? u * 1000
                          : ldexp(u, (int)(drand48() * 200) - 100);
}

#define T float
#define SUFFIX(x) x##_f32
#define DIGITS 24, -126, 127
#define EPSILON 0x1p-22L
#include "num/vec_test.inc"
#undef T
#undef SUFFIX
#undef DIGITS
#undef EPSILON
#define T double
#define SUFFIX(x) x##_f64
#define DIGITS 53, -1022, 1023
#define EPSILON 0x1p-51L
#include "num/vec_test.inc"

static void functions_are_right(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        const struct vec *v = vec_find(ISAS[i]);
        if (!v)
            continue;
#define X(op) unary_f32(v, #op, v->op##_f32, ref_##op); unary_f64(v, #op, v->op##_f64, ref_##op);
        VEC_UNARY(X)
#undef X
#define X(op) binary_f32(v, #op, v->op##_f32, ref_##op); binary_f64(v, #op, v->op##_f64, ref_##op);
        VEC_BINARY(X)
#undef X
        axpy_f32(v);
        axpy_f64(v);
    }
}

static void lengths_and_alignments_do_not_matter(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        const struct vec *v = vec_find(ISAS[i]);
        for (size_t n = 0; v && n < 70; n++)
            for (size_t at = 0; at < 3; at++) {
                ragged_f32(v, n, at);
                ragged_f64(v, n, at);
            }
    }
}

static void integers_wrap(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        const struct vec *v = vec_find(ISAS[i]);
        if (!v)
            continue;
        int32_t x[37], z[37], two = 2;
        int64_t big[37], zz[37], four = 4;
        for (int k = 0; k < 37; k++)
            x[k] = INT32_MAX - k, big[k] = INT64_MIN + k;
        v->add_i32(z, x, &two, 37, VEC_VS);
        v->mul_i64(zz, &four, big, 37, VEC_SV);
        for (int k = 0; k < 37; k++) {
            assert_int_equal(z[k], (int32_t)((uint32_t)x[k] + 2u));
            assert_int_equal(zz[k], 4 * k);
        }
        v->sub_i64(zz, big, &four, 37, VEC_VS);
        v->max_i32(z, x, &x[5], 37, VEC_VS);
        assert_int_equal(zz[0], INT64_MAX - 3);
        assert_int_equal(z[36], x[5]);
        assert_int_equal(z[0], x[0]);
    }
}

static void halves_are_as_half_h_has_them(void **state)
{
    static float x[65536], again[65536];
    static uint16_t bits[65536], y[65536];
    (void)state;
    for (int i = 0; i < 65536; i++)
        bits[i] = (uint16_t)i;
    for (int i = 0; i < 3; i++) {
        const struct vec *v = vec_find(ISAS[i]);
        if (!v)
            continue;
        v->half_load(x, bits, 65536);
        v->half_store(y, x, 65536);
        for (int k = 0; k < 65536; k++) {
            float want = half_load((struct half){ bits[k] });
            assert_true(isnan(want) ? isnan(x[k]) : x[k] == want && y[k] == bits[k]);
            again[k] = x[k] * 1.0003f + 1e-8f;
        }
        v->half_store(y, again, 65536);
        for (int k = 0; k < 65536; k++)
            assert_true(isnan(again[k]) || y[k] == half_store(again[k]).bits);
    }
}

static void a_table_is_chosen(void **state)
{
    (void)state;
    assert_non_null(vec_find("base"));
    assert_null(vec_find("abacus"));
    setenv("WEFT_ISA", "base", 1);
    assert_ptr_equal(vec_choose(), vec_find("base"));
    assert_ptr_equal(vec_best(), vec_find("base"));
    setenv("WEFT_ISA", "abacus", 1);
    assert_non_null(vec_choose());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_are_right),
        cmocka_unit_test(lengths_and_alignments_do_not_matter),
        cmocka_unit_test(integers_wrap),
        cmocka_unit_test(halves_are_as_half_h_has_them),
        cmocka_unit_test(a_table_is_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
