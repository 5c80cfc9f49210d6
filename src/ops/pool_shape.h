/* pool_shape.h - windows, and the shapes that pooling gives, for pool.c.
 *
 * Dimensions are counted as POOL_... below, whatever the layout; an image of rank 4 is one of
 * rank 5 with one plane. */
#ifndef OPS_POOL_SHAPE_H
#define OPS_POOL_SHAPE_H

#include "graph/graph.h"

enum { POOL_BATCH, POOL_PLANES, POOL_ROWS, POOL_COLUMNS, POOL_CHANNELS, POOL_DIMS };

struct window { int64_t k[POOL_DIMS], s[POOL_DIMS]; bool same; };

/* Of the images that the node pools: 4 or 5. */
int pool_rank(const struct node *n);

/* Where the dimensions stand in a shape; -1 where there are no planes. */
const int *pool_layout(const struct node *n);

/* The size along dimension i; -1: not known. */
static inline int64_t pool_size(const int *layout, const struct shape *s, int i)
{ return layout[i] < 0 ? 1 : s->rank < 0 ? -1 : s->dim[layout[i]]; }

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
struct status *image_unchanged(struct shape_ctx *c);        /* output 0 is input 0 */

#endif
