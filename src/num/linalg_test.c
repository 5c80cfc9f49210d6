/* linalg_test.c - factors multiplied again must give the matrix they came from, for every type. */
#include "num/linalg.h"

#include <complex.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MOST = 40 };

static const int sizes[][2] = { { 1, 1 }, { 3, 3 }, { 5, 2 }, { 2, 6 }, { 33, 33 }, { 40, 17 },
                                { 1, 9 } };
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Numbers between -1 and 1 that look like chance. */
static double number(int i, int j) { return sin(12.9898 * (i + 1) + 78.233 * (j + 1) * (i + 3)); }

#define FN(x) x##_f32
#define E float
#define R float
#define CHANCE(i, j) (float)number(i, j)
#define CLOSE 2e-4
#include "num/linalg_test.inc"

#define FN(x) x##_f64
#define E double
#define R double
#define CHANCE(i, j) number(i, j)
#define CLOSE 1e-11
#include "num/linalg_test.inc"

#define FN(x) x##_c64
#define E float _Complex
#define R float
#define CHANCE(i, j) __builtin_complex((float)number(i, j), (float)number(j + 7, i))
#define CLOSE 2e-4
#include "num/linalg_test.inc"

#define FN(x) x##_c128
#define E double _Complex
#define R double
#define CHANCE(i, j) __builtin_complex(number(i, j), number(j + 7, i))
#define CLOSE 1e-11
#include "num/linalg_test.inc"

static int load(void **state)
{
    (void)state;
    struct status *st = linalg_load();
    int missing = st != NULL;
    if (st)
        print_message("%s\n", status_message(st));
    status_free(st);
    return missing;
}

#define TESTS(s) cmocka_unit_test(solving_##s), cmocka_unit_test(cholesky_##s), \
                 cmocka_unit_test(qr_##s), cmocka_unit_test(svd_##s), cmocka_unit_test(eig_##s)

int main(void)
{
    const struct CMUnitTest tests[] = { TESTS(f32), TESTS(f64), TESTS(c64), TESTS(c128) };
    return cmocka_run_group_tests(tests, load, NULL);
}
