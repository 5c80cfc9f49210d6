/* functional.h - the gradients of ops that run functions, in functional_grad.c. */
#ifndef OPS_FUNCTIONAL_H
#define OPS_FUNCTIONAL_H

#include "op/grad.h"

void stateful_call_grad(struct grad *g);
void if_grad(struct grad *g);
void case_grad(struct grad *g);
void while_grad(struct grad *g);
void for_grad(struct grad *g);

#endif
