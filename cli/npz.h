/* npz.h - archives of arrays, as numpy.load() reads them. */
#ifndef CLI_NPZ_H
#define CLI_NPZ_H

#include <weft.h>

/* n members, not compressed; each is asked for when its turn comes, so that one tensor is held at a
 * time. The file is replaced at once, or not at all. */
WEFT_MUST_CHECK struct weft_status *
npz_write(const char *path, const char *const *names, int n,
          struct weft_status *(*read)(void *ctx, int i, struct weft_tensor **t), void *ctx);

#endif
