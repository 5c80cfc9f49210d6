/* summary.h - what the kernels that make summaries share. */
#ifndef OPS_SUMMARY_H
#define OPS_SUMMARY_H

#include "io/summary.h"
#include "op/kernel.h"
#include "tensor/tstring.h"

/* A scalar, or a vector of one: TensorFlow takes both for tags. */
bool summary_is_scalar(const struct tensor *t);
const char *summary_text_in(const struct kernel *k, int i);     /* the string that input i is */

/* Output 0 becomes the summary, unless making it failed (`st`, taken over); it is released. */
MUST_CHECK struct status *summary_give(struct kernel *k, struct summary *s, struct status *st);

#endif
