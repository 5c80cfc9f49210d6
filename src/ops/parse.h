/* parse.h - tensors in strings: serialized TensorProtos. */
#ifndef OPS_PARSE_H
#define OPS_PARSE_H

#include "tensor/tensor.h"

struct tstring;

MUST_CHECK struct status *text_of_tensor(const struct tensor *x, struct tstring *to);
/* *t is the caller's. */
MUST_CHECK struct status *tensor_of_text(const struct tstring *s, struct tensor *t);

#endif
