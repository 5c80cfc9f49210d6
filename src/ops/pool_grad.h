/* pool_grad.h - gradients of the pooling ops, for pool.c. */
#ifndef OPS_POOL_GRAD_H
#define OPS_POOL_GRAD_H

struct grad;

void max_pool_gradient(struct grad *g);
void max_pool_v2_gradient(struct grad *g);
void max_pool_grad_gradient(struct grad *g);
void max_pool_grad_v2_gradient(struct grad *g);
void max_pool_grad_grad_gradient(struct grad *g);
void max_pool_grad_grad_v2_gradient(struct grad *g);
void max_pool_argmax_gradient(struct grad *g);
void mean_pool_gradient(struct grad *g);
void mean_pool_grad_gradient(struct grad *g);

void max_pool3d_gradient(struct grad *g);
void max_pool3d_grad_gradient(struct grad *g);
void max_pool3d_grad_grad_gradient(struct grad *g);
void mean_pool3d_gradient(struct grad *g);
void mean_pool3d_grad_gradient(struct grad *g);

#endif
