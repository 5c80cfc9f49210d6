/* variant_test.c - tensors of variants hold, share and give back counted values. */
#include "base/mem.h"
#include "base/status.h"
#include "tensor/tensor.h"
#include "tensor/variant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int freed;

static void number_free(struct variant *v)
{
    freed++;
    mem_free(v);
}

static const struct variant_kind number_kind = { "number", number_free };

static struct variant *number_new(void)
{
    struct variant *v = mem_new(struct variant);
    assert_non_null(v);
    variant_init(v, &number_kind);
    return v;
}

static struct variant **elements(const struct tensor *t) { return t->data; }

static struct tensor pair(void)
{
    struct tensor t;
    assert_null(tensor_new(&t, NULL, DT_VARIANT, &SHAPE(2)));
    assert_null(elements(&t)[0]);
    assert_null(elements(&t)[1]);
    return t;
}

static void a_tensor_gives_its_values_back(void **state)
{
    (void)state;
    freed = 0;
    struct tensor t = pair();
    elements(&t)[1] = number_new();
    tensor_unref(&t);
    assert_int_equal(freed, 1);
}

static void a_copy_shares_them(void **state)
{
    (void)state;
    freed = 0;
    struct tensor t = pair(), copy, kept;
    elements(&t)[0] = number_new();
    assert_null(tensor_copy(&copy, NULL, &t));
    assert_null(tensor_keep(&kept, NULL, &copy));
    assert_ptr_not_equal(copy.buf, t.buf);
    assert_ptr_equal(elements(&copy)[0], elements(&t)[0]);
    assert_false(variant_unique(elements(&t)[0]));
    tensor_unref(&t);
    assert_int_equal(freed, 0);
    assert_true(variant_unique(elements(&copy)[0]));
    tensor_unref(&copy);
    tensor_unref(&kept);
    assert_int_equal(freed, 1);
}

static void an_element_replaces_another(void **state)
{
    (void)state;
    freed = 0;
    struct tensor t = pair();
    elements(&t)[0] = number_new();
    elements(&t)[1] = number_new();
    assert_null(tensor_copy_elements(&t, 1, &t, 0, 1));
    assert_int_equal(freed, 1);
    assert_null(tensor_copy_elements(&t, 1, &t, 0, 1));
    assert_int_equal(freed, 1);
    tensor_unref(&t);
    assert_int_equal(freed, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tensor_gives_its_values_back),
        cmocka_unit_test(a_copy_shares_them),
        cmocka_unit_test(an_element_replaces_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
