/* bundle_out.h - V2 checkpoints written, so that they appear whole or not at all.
 *
 * Values go to the data file as they are added; the index is written at the end. Both have
 * temporary names until then: a program that is killed at any instant leaves the checkpoint of
 * this name that was there before, or the new one. One thread at a time.
 */
#ifndef IO_BUNDLE_OUT_H
#define IO_BUNDLE_OUT_H

#include "io/checkpoint.h"

struct bundle_out {
    struct arena arena;
    char *prefix;
    struct file_out data;
    struct saved *entry;
    size_t n, room;
};

MUST_CHECK struct status *bundle_begin(struct bundle_out *b, const char *prefix);
MUST_CHECK struct status *bundle_add(struct bundle_out *b, struct piece name,
                                     const struct tensor *t);
/* `t` is the slice `s` of a tensor of that name and of shape `whole`. */
MUST_CHECK struct status *bundle_add_slice(struct bundle_out *b, struct piece name,
                                           const struct shape *whole, const struct slice *s,
                                           const struct tensor *t);
MUST_CHECK struct status *bundle_finish(struct bundle_out *b);
void bundle_release(struct bundle_out *b);      /* removes what was not finished */

/* The checkpoints `from[n]` become one, `to`: their data files are renamed, a new index written. */
MUST_CHECK struct status *bundle_merge(const char *const *from, int n, const char *to);

/* For these: sorts the entries, joins those of one name that are parts, and writes the index;
 * then everything gets its name. `data` are synced files. */
MUST_CHECK struct status *bundle_place(struct arena *a, const char *prefix, struct saved *entry,
                                       size_t n, const char *const *data, int n_data);

#endif
