/* file.h - whole files for tests. */
#ifndef TEST_FILE_H
#define TEST_FILE_H

#include <stddef.h>

char *file_read(const char *path, size_t *n);   /* NULL: not there; free() it; ends in NUL */

#endif
