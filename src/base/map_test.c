/* map_test.c - put, find, remove, grow, fold; keys stay the ones they were. */
#include "base/map.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { N = 3000 };
static char key[N][40];

static void make_keys(void)
{
    for (int i = 0; i < N; i++)
        snprintf(key[i], sizeof key[i], i % 3 ? "Add_%d" : "gradients/Mul_grad/x%d", i);
}

static void holds_what_is_put(void **state)
{
    (void)state;
    struct map m = { 0 };
    size_t before = mem_live();
    for (int i = 0; i < N; i++)
        assert_true(map_put(&m, key[i], key[i]));
    for (int i = 0; i < N; i++)
        assert_ptr_equal(map_get(&m, key[i]), key[i]);
    assert_null(map_get(&m, "Add"));
    assert_null(map_get(&m, ""));
    assert_int_equal(m.n, N);
    map_free(&m);
    assert_int_equal(mem_live(), before);
}

static void removes_what_it_held(void **state)
{
    (void)state;
    struct map m = { 0 };
    for (int i = 0; i < N; i++)
        assert_true(map_put(&m, key[i], key[i]));
    for (int i = 0; i < N; i += 2)
        map_remove(&m, key[i]);
    map_remove(&m, "never there");
    for (int i = 0; i < N; i++)
        assert_ptr_equal(map_get(&m, key[i]), i % 2 ? key[i] : NULL);
    assert_int_equal(m.n, N / 2);
    map_free(&m);
}

/* A caller's text may be gone after a second put: the first key stays. */
static void keeps_its_keys(void **state)
{
    (void)state;
    struct map m = { .fold = true };
    char text[] = "ADD_1";
    assert_true(map_put(&m, key[1], key[1]));
    assert_true(map_put(&m, text, key[2]));
    memset(text, 0, sizeof text);
    assert_ptr_equal(map_get(&m, "aDd_1"), key[2]);
    assert_ptr_equal(map_find(&m, "add_1")->key, key[1]);
    assert_null(map_get(&m, "add_12"));
    map_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_is_put),
        cmocka_unit_test(removes_what_it_held),
        cmocka_unit_test(keeps_its_keys),
    };
    make_keys();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
