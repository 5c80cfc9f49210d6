/* export.h - a node as a message: what graphs and functions are written of. */
#ifndef GRAPH_EXPORT_H
#define GRAPH_EXPORT_H

#include "graph/graph.h"
#include "wire/graph.pb-c.h"

/* The NodeDef, without inputs. It borrows from the graph, whose lock is held. */
MUST_CHECK struct status *node_to_proto(struct arena *a, const struct node *n,
                                        Wire__NodeDef **to);

#endif
