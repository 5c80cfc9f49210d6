/* conv_shape.h - what a convolution's attributes say, and the shapes that follow, for conv.c and
 * conv_fused.c.
 *
 * Dimensions of images are counted as CONV_... below, whatever the layout; an image of rank 4 is
 * one of rank 5 with one plane. */
#ifndef OPS_CONV_SHAPE_H
#define OPS_CONV_SHAPE_H

#include "graph/graph.h"
#include "num/conv.h"
#include "op/kernel.h"

enum conv_padding { CONV_VALID, CONV_SAME, CONV_EXPLICIT };
enum { CONV_BATCH, CONV_PLANES, CONV_ROWS, CONV_COLUMNS, CONV_CHANNELS, CONV_DIMS };

struct conv_attrs {
    enum conv_padding padding;
    bool depthwise, nchw;               /* nchw: or NCDHW */
    int rank;                           /* of images: 4 or 5 */
    int64_t stride[CONV_DIMS], dilation[CONV_DIMS];
    int64_t before[CONV_DIMS], after[CONV_DIMS];        /* explicit padding */
};

/* What there is along one spatial dimension. */
struct conv_along { int64_t in, k, out, s, dilation; };

/* The number of values in each list is checked, and where padding may be said. */
MUST_CHECK struct status *conv_attrs_of(const struct node *n, struct conv_attrs *a);

/* Where the dimensions stand in the shape of an image; -1 where it has no planes. */
const int *conv_layout(const struct conv_attrs *a);

/* The size of an image's dimension; of a filter's, which has depth where the image has channels
 * (and after it what goes out). -1: not known. */
int64_t conv_image_dim(const struct conv_attrs *a, const struct shape *x, int i);
int64_t conv_filter_dim(const struct conv_attrs *a, const struct shape *f, int i);

/* The convolution of an image of shape `x` by a filter of shape `f`, ranks and depths having been
 * checked; "Computed output size would be negative". */
MUST_CHECK struct status *conv_geometry(const struct conv_attrs *a, const struct shape *x,
                                        const struct shape *f, struct conv *g);
struct conv_along conv_along(const struct conv *g, int i);

/* The shape of what it gives. */
struct shape conv_output(const struct conv_attrs *a, const struct conv *g);

/* Output 0 becomes the convolution of `a` and `b`, which conv.h wants for this kind; it has the
 * shape `out`. The kernel's state begins with its struct conv_attrs. In conv.c, for each suffix. */
#define X(s, T)                                                                               \
    MUST_CHECK struct status *conv_run_##s(struct kernel *k, const struct conv *g,            \
                                           enum conv_kind kind, const void *a, const void *b, \
                                           const struct shape *out);
CONV_TYPES(X)
#undef X

struct status *conv_shape(struct shape_ctx *c);             /* Conv2D, Conv3D */
struct status *depthwise_shape(struct shape_ctx *c);        /* DepthwiseConv2dNative */
struct status *conv_input_shape(struct shape_ctx *c);       /* input 0 says it */
struct status *conv_filter_shape(struct shape_ctx *c);      /* input 1 says it */

#endif
