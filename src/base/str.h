/* str.h - a string that grows. A zeroed struct is an empty one; str_text() is
 * never NULL; when memory ends, `failed` is set and later calls do nothing. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

struct str { char *text; size_t n, cap; bool failed; };

void str_add(struct str *s, const char *text, size_t n);
void str_puts(struct str *s, const char *text);
__attribute__((format(printf, 2, 3)))
void str_printf(struct str *s, const char *fmt, ...);
const char *str_text(const struct str *s);      /* NUL-terminated */
void str_free(struct str *s);

#endif
