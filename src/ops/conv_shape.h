/* conv_shape.h - what a convolution's attributes say, and the shapes that follow, for conv.c. */
#ifndef OPS_CONV_SHAPE_H
#define OPS_CONV_SHAPE_H

#include "graph/graph.h"
#include "num/conv.h"

enum conv_padding { CONV_VALID, CONV_SAME, CONV_EXPLICIT };

struct conv_attrs {
    enum conv_padding padding;
    bool depthwise, nchw;
    int64_t stride[4], dilation[4];     /* batch, rows, columns, channels, whatever the layout */
    int64_t before[4], after[4];        /* explicit padding */
};

/* The number of values in each list is checked, and where padding may be said. */
MUST_CHECK struct status *conv_attrs_of(const struct node *n, struct conv_attrs *a);

/* Where batch, rows, columns and channels stand in the shape of an image. */
const int *conv_layout(const struct conv_attrs *a);

/* The convolution of an image of shape `x` by a filter of shape `f`, ranks and depths having been
 * checked; "Computed output size would be negative". */
MUST_CHECK struct status *conv_geometry(const struct conv_attrs *a, const struct shape *x,
                                        const struct shape *f, struct conv *g);

struct status *conv_shape(struct shape_ctx *c);             /* Conv2D */
struct status *depthwise_shape(struct shape_ctx *c);        /* DepthwiseConv2dNative */
struct status *conv_input_shape(struct shape_ctx *c);       /* input 0 says it */
struct status *conv_filter_shape(struct shape_ctx *c);      /* input 1 says it */

#endif
