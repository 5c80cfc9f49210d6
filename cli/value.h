/* value.h - values as people write them on a command line, and as they read them. */
#ifndef CLI_VALUE_H
#define CLI_VALUE_H

#include <stdio.h>
#include <weft.h>

/* What a value is for: an output of the graph, its dtype, its shape as far as it is known. */
struct wanted { const char *name; enum weft_dtype dtype; int rank; int64_t dims[WEFT_MAX_RANK]; };

struct wanted wanted_by(const char *name, struct weft_out o);

/* "float[?,3]", "int32[]", "string of unknown shape". `room` for at least 200 bytes. */
const char *wanted_text(const struct wanted *w, char *room);

/* From VALUE: a number, true, text, [[1, 2], [3, 4]]; from @FILE.npy; from @FILE of an image (.jpg,
 * .png, .gif, .bmp: decoded, sized as wanted; or its bytes, where text is wanted); from @FILE of
 * any other kind, where text is wanted: its bytes. */
WEFT_MUST_CHECK struct weft_status *value_read(const char *text, const struct wanted *w,
                                               struct weft_tensor **result);

/* Small ones whole, large ones in part, with what they are in front: "y: float[2] = [1 2]". */
void value_print(FILE *to, const char *name, const struct weft_tensor *t);

/* One op run by itself, a graph and a session for it; the first output. */
WEFT_MUST_CHECK struct weft_status *run_op(const char *op, struct weft_tensor *const *in, int n_in,
                                           const struct weft_attr *attrs, int n_attrs,
                                           struct weft_tensor **result);

#endif
