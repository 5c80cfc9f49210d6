/* bundle.c - any bytes read as a checkpoint, V2 (the index's length in two bytes, the index, the
 * data) and V1 (the index alone): values and errors, never anything else. Checksums of blocks are
 * made right first, or hardly anything would get past them. */
#include "io/checkpoint.h"
#include "io/crc32c.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FOOTER = 48, HANDLES = 40 };

static void repair(char *bytes, size_t n, uint64_t at, uint64_t length)
{
    if (length > n || at > n - length || n - length - at < 5)
        return;
    uint32_t crc = crc32c_mask(crc32c(bytes + at, (size_t)length + 1));
    memcpy(bytes + at + length + 1, &crc, sizeof crc);
}

/* What the footer names, and the one block before. */
static void repair_table(char *bytes, size_t n)
{
    struct piece handles = { bytes + n - FOOTER, HANDLES };
    uint64_t meta, meta_n, index, index_n;
    if (!piece_varint(&handles, &meta) || !piece_varint(&handles, &meta_n) ||
        !piece_varint(&handles, &index) || !piece_varint(&handles, &index_n))
        return;
    repair(bytes, n, meta, meta_n);
    repair(bytes, n, index, index_n);
    if (meta > 5)
        repair(bytes, n, 0, meta - 5);
}

static void read_all(const char *prefix)
{
    struct checkpoint *c = NULL;
    struct status *st = checkpoint_open(prefix, &c);
    for (size_t i = 0; c && i < c->n; i++) {
        struct tensor t;
        struct status *bad = checkpoint_read(c, &c->entry[i], NULL, NULL, 1, &t);
        if (!bad)
            tensor_unref(&t);
        status_free(bad);
    }
    status_free(st);
    checkpoint_free(c);
}

static void put(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char prefix[64], index[80], values[100];
    size_t n = size < 2 ? 0 : (size_t)data[0] | (size_t)data[1] << 8;
    if (n < FOOTER || n > size - 2)
        return 0;
    char *table = malloc(n);
    if (!table)
        abort();
    memcpy(table, data + 2, n);
    repair_table(table, n);
    snprintf(prefix, sizeof prefix, "/dev/shm/weft-fuzz-%d", (int)getpid());
    snprintf(index, sizeof index, "%s.index", prefix);
    snprintf(values, sizeof values, "%s.data-00000-of-00001", prefix);
    put(index, table, n);
    put(values, data + 2 + n, size - 2 - n);
    free(table);
    read_all(prefix);
    read_all(index);
    unlink(index);
    unlink(values);
    return 0;
}
