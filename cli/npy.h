/* npy.h - NumPy's files: .npy, one array, and .npz, a zip of them. */
#ifndef CLI_NPY_H
#define CLI_NPY_H

#include <stddef.h>
#include <weft.h>

/* The array in the n bytes of a .npy file, as a tensor of its own: row-major, text as strings.
 * INVALID_ARGUMENT says what is wrong with the bytes. Takes no more memory than a few times n. */
WEFT_MUST_CHECK struct weft_status *npy_parse(const void *bytes, size_t n,
                                              struct weft_tensor **result);

/* The header of a .npy file for `t`, padded as NumPy pads it, to be free()d; NULL: no memory, or a
 * type that NumPy lacks. Strings are written as bytes of the longest one's length. */
char *npy_header(const struct weft_tensor *t, size_t *n);
/* The elements behind it, to be free()d; NULL: no memory. */
char *npy_body(const struct weft_tensor *t, size_t *n);

/* Whole files; replaced at once. */
WEFT_MUST_CHECK struct weft_status *npy_read(const char *path, struct weft_tensor **result);
WEFT_MUST_CHECK struct weft_status *npy_write(const char *path, const struct weft_tensor *t);

#endif
