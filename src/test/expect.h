/* expect.h - what unit tests ask of a status: none, or this one. Each takes the status over. */
#ifndef TEST_EXPECT_H
#define TEST_EXPECT_H

#include "base/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static inline void ok(struct status *st)
{
    if (st)
        fail_msg("%s", status_message(st));
}

static inline void fails(struct status *st, enum code code, const char *text)
{
    assert_non_null(st);
    if (status_code(st) != code || !strstr(status_message(st), text))
        fail_msg("wanted %s \"%s\", got %s \"%s\"", code_name(code), text,
                 code_name(status_code(st)), status_message(st));
    status_free(st);
}

#endif
