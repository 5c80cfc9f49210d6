/* gradients.h - what the walk back shares with the functions that it calls. */
#ifndef GRAPH_GRADIENTS_H
#define GRAPH_GRADIENTS_H

#include "graph/graph.h"

/* Adds a node named g->scope and `name`, made unique, where the gradient is to be. */
struct out grad_place(struct grad *g, struct node_def *d, const char *name);

#endif
