/* checkpoint_state.h - the text file "checkpoint", which says what checkpoints a directory has. */
#ifndef MODEL_CHECKPOINT_STATE_H
#define MODEL_CHECKPOINT_STATE_H

#include "base/arena.h"
#include "base/status.h"

/* Replaces the file: `all[n]`, the oldest first, the last one the newest. Names that are relative
 * become so to the file's directory (G11). */
MUST_CHECK struct status *checkpoint_state_write(struct arena *a, const char *path,
                                                 const char *const *all, int n);

/* The newest checkpoint, if it is there; *prefix NULL: there is none. `a` gets its name. */
MUST_CHECK struct status *checkpoint_latest(struct arena *a, const char *dir, const char *filename,
                                            char **prefix);

#endif
