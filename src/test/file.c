#include "test/file.h"

#include <stdio.h>
#include <stdlib.h>

char *file_read(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *bytes = NULL;
    if (!f)
        return NULL;
    if (!fseek(f, 0, SEEK_END)) {
        *n = (size_t)ftell(f);
        rewind(f);
        bytes = malloc(*n + 1);
        if (bytes && fread(bytes, 1, *n, f) != *n) {
            free(bytes);
            bytes = NULL;
        }
        if (bytes)
            bytes[*n] = 0;
    }
    fclose(f);
    return bytes;
}
