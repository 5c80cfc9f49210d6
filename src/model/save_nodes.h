/* save_nodes.h - the nodes that save variables to a checkpoint and restore them from one, as
 * TensorFlow's Saver adds them (G1): under "save/", "save_1/"..., fed with the checkpoint's
 * name. */
#ifndef MODEL_SAVE_NODES_H
#define MODEL_SAVE_NODES_H

#include "build/variable.h"
#include "wire/meta.pb-c.h"

/* Variables go by the names of their nodes (G3); `refs` is sorted by them. INVALID_ARGUMENT: "At
 * least two variables have the same name: v1". The definition is the arena's. */
MUST_CHECK struct status *save_nodes_add(struct graph *g, struct out *refs, int n,
                                         struct arena *a, Wire__SaverDef **def);

#endif
