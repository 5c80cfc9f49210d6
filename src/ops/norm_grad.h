/* norm_grad.h - gradients of the batch normalizations, for norm.c. */
#ifndef OPS_NORM_GRAD_H
#define OPS_NORM_GRAD_H

struct grad;

void fused_norm_grad(struct grad *g);           /* FusedBatchNorm, V2, V3 */
void fused_norm_grad_grad(struct grad *g);      /* FusedBatchNormGrad, V2, V3 */
void global_norm_grad(struct grad *g);          /* BatchNormWithGlobalNormalization */

#endif
