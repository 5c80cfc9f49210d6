/* import.h - a GraphDef's nodes, made in the calling thread's scopes but for their names. */
#ifndef BUILD_IMPORT_H
#define BUILD_IMPORT_H

#include "graph/graphdef.h"

/* As graph_import(); `im` may be NULL. After a failure scopes too remember none of the nodes. */
MUST_CHECK struct status *build_import(struct graph *g, struct import *im, const void *bytes,
                                       size_t n);

#endif
