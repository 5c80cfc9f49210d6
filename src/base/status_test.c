/* What a failure says, and how it is passed up. */
#include "base/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void ok_is_null(void **unused)
{
    (void)unused;
    assert_int_equal(status_code(NULL), OK);
    assert_string_equal(status_message(NULL), "");
    assert_null(status_at_node(NULL, "n"));
    assert_null(status_prefix(NULL, "x"));
    status_free(NULL);
}

static void carries_code_and_text(void **unused)
{
    (void)unused;
    struct status *st = status_new(NOT_FOUND, "no %s", "bread");
    assert_int_equal(status_code(st), NOT_FOUND);
    assert_string_equal(status_message(st), "no bread");
    st = status_prefix(st, "today: ");
    assert_string_equal(status_message(st), "today: no bread");
    status_free(st);
}

static void names_its_node_once(void **unused)
{
    (void)unused;
    struct status *st = status_at_node(status_new(INTERNAL, "bad"), "inner");
    st = status_at_node(st, "outer");
    assert_string_equal(status_message(st), "bad\n\t [[{{node inner}}]]");
    assert_string_equal(status_node(st), "inner");
    status_free(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ok_is_null),
        cmocka_unit_test(carries_code_and_text),
        cmocka_unit_test(names_its_node_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
