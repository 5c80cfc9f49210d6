/* slices_out.h - V1 checkpoints written: one table with the list of tensors and their values. It
 * is held in memory until it is finished, as the table's order is that of the keys. */
#ifndef IO_SLICES_OUT_H
#define IO_SLICES_OUT_H

#include "io/checkpoint.h"

struct slice_out { struct str key; char *bytes; size_t n; };

struct slices_out {
    struct arena arena;
    struct saved *entry;            /* one a tensor */
    size_t n, room;
    struct slice_out *slice;        /* in the order they were added */
    int n_slices, most;
};

/* At most `most` slices will be added. */
MUST_CHECK struct status *slices_begin(struct slices_out *o, int most);
MUST_CHECK struct status *slices_add(struct slices_out *o, struct piece name,
                                     const struct shape *whole, const struct slice *s,
                                     const struct tensor *t);
MUST_CHECK struct status *slices_finish(struct slices_out *o, const char *path);
void slices_release(struct slices_out *o);

#endif
