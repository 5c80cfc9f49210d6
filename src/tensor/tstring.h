/* tstring.h - a string element of a tensor: any bytes, up to 22 of them inline.
 *
 * The layout is TensorFlow's 24-byte one (small: size * 4 in the first byte, bytes
 * after it; large: size * 4 + 1, capacity, pointer), so that the C ABI can hand it
 * over untouched. Zeroed memory is an empty string. Large bytes belong to the element.
 */
#ifndef TENSOR_TSTRING_H
#define TENSOR_TSTRING_H

#include "base/status.h"
#include "tensor/dtype.h"

enum { TSTRING_SMALL = 22 };

size_t tstring_len(const struct tstring *s);
const char *tstring_data(const struct tstring *s);      /* NUL-terminated */
MUST_CHECK bool tstring_set(struct tstring *s, const char *data, size_t n); /* false: no memory */
MUST_CHECK bool tstring_copy(struct tstring *to, const struct tstring *from);
bool tstring_equal(const struct tstring *a, const struct tstring *b);
void tstring_free(struct tstring *s);                   /* leaves it empty */

#endif
