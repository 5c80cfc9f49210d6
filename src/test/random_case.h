/* random_case.h - cases by chance: made from an op's signature alone, or from one of its own
 * cases, of which one thing or another is changed. */
#ifndef TEST_RANDOM_CASE_H
#define TEST_RANDOM_CASE_H

#include "test/cases.h"

/* The same seed gives the same case. `line`: the op's own cases, as text. `plain_text`: no string
 * names a file in another folder. What comes is the caller's to release. */
MUST_CHECK struct status *random_case(struct op_case *c, const struct op *op, char *const *line,
                                      int n_lines, bool plain_text, uint64_t seed);

#endif
