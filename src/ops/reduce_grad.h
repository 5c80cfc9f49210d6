/* reduce_grad.h - gradients of the reductions, for reduce.c. */
#ifndef OPS_REDUCE_GRAD_H
#define OPS_REDUCE_GRAD_H

struct grad;

void sum_grad(struct grad *g);
void mean_grad(struct grad *g);
void prod_grad(struct grad *g);
void extreme_grad(struct grad *g);      /* Max and Min: equals share */
void euclidean_grad(struct grad *g);
void l2_loss_grad(struct grad *g);

#endif
