/* draw.h - a graph as a picture: scopes are boxes, folded where there is too much in them. */
#ifndef CLI_DRAW_H
#define CLI_DRAW_H

#include <stdio.h>
#include <weft.h>

enum { DRAW_MOST = 150 };               /* nodes and folded scopes that a person can take in */

/* What the nodes `ends` need, or all of the graph for none, in Graphviz's language. Scopes are
 * opened, the largest first, while no more than `most` things are to be seen. Constants and
 * variables are not drawn: the nodes that read them say their shapes. */
WEFT_MUST_CHECK struct weft_status *draw_dot(struct weft_graph *g, struct weft_node *const *ends,
                                             int n_ends, int most, FILE *to);

/* The same laid out by Graphviz's library, which is loaded for it. */
WEFT_MUST_CHECK struct weft_status *draw_svg(struct weft_graph *g, struct weft_node *const *ends,
                                             int n_ends, int most, FILE *to);

#endif
