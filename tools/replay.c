/* replay.c - gives a fuzzer each file of a folder, once: what was found before stays found.
 *
 *     fuzz-record-replay fuzz/corpus/record
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Its own memory for each, of just its size, so that a sanitizer sees the first byte past it. */
static void replay(FILE *f)
{
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f);
    uint8_t *bytes = malloc(n);
    rewind(f);
    if (bytes || !n)
        LLVMFuzzerTestOneInput(bytes, fread(bytes, 1, n, f));
    free(bytes);
}

int main(int argc, char **argv)
{
    DIR *d = argc == 2 ? opendir(argv[1]) : NULL;
    int count = 0;
    if (!d) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    for (struct dirent *e; (e = readdir(d));) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        FILE *f = e->d_type == DT_DIR ? NULL : fopen(path, "rb");
        if (!f)
            continue;
        replay(f);
        fclose(f);
        count++;
    }
    closedir(d);
    printf("%d files\n", count);
    return count ? 0 : 1;
}
