/* summary.h - an op's signature as one line, for messages, in TensorFlow's form. */
#ifndef OP_SUMMARY_H
#define OP_SUMMARY_H

#include "base/str.h"
#include "op/op.h"

/* "Op<name=Relu; signature=features:T -> activations:T; attr=T:type,allowed=[DT_FLOAT, ...]>" */
void op_summary(const struct op *op, struct str *to);

#endif
