/* pool_shape.h - windows, and the shapes that pooling gives, for pool.c. */
#ifndef OPS_POOL_SHAPE_H
#define OPS_POOL_SHAPE_H

#include "graph/graph.h"

/* Along batch, rows, columns and channels, whatever the layout. */
struct window { int64_t k[4], s[4]; bool same; };

/* Where batch, rows, columns and channels stand in a shape. */
const int *pool_layout(const struct node *n);

/* From the attributes ksize, strides, padding and data_format. */
MUST_CHECK struct status *window_of_attrs(const struct node *n, struct window *w);

struct status *max_pool_shape(struct shape_ctx *c);
struct status *max_pool_v2_shape(struct shape_ctx *c);
struct status *max_pool_argmax_shape(struct shape_ctx *c);
struct status *max_pool_grad_grad_shape(struct shape_ctx *c);
struct status *max_pool_grad_grad_v2_shape(struct shape_ctx *c);
struct status *max_pool_pick_shape(struct shape_ctx *c);
struct status *mean_pool_shape(struct shape_ctx *c);
struct status *mean_pool_grad_shape(struct shape_ctx *c);
struct status *image_unchanged(struct shape_ctx *c);        /* output 0 is input 0, of rank 4 */

#endif
