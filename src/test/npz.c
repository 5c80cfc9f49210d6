/* npz.c - a zip archive of .npy files, each a short text header and raw values. */
#include "test/npz.h"
#include "tensor/tstring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

struct npz { zip_t *zip; };

struct npz *npz_open(const char *path)
{
    zip_t *zip = zip_open(path, ZIP_RDONLY, NULL);
    struct npz *z = zip ? malloc(sizeof *z) : NULL;
    if (z)
        z->zip = zip;
    return z;
}

void npz_close(struct npz *z)
{
    if (z)
        zip_discard(z->zip);
    free(z);
}

int npz_count(const struct npz *z) { return (int)zip_get_num_entries(z->zip, 0); }

const char *npz_name(const struct npz *z, int i, char *to, size_t size)
{
    const char *name = zip_get_name(z->zip, (zip_uint64_t)i, 0);
    int n = name ? (int)strlen(name) - 4 : 0;
    snprintf(to, size, "%.*s", n > 0 ? n : 0, name ? name : "");
    return to;
}

static zip_int64_t locate(const struct npz *z, const char *name)
{
    char file[512];
    snprintf(file, sizeof file, "%s.npy", name);
    return zip_name_locate(z->zip, file, 0);
}

bool npz_has(const struct npz *z, const char *name) { return locate(z, name) >= 0; }

static char *read_entry(const struct npz *z, const char *name, size_t *n)
{
    zip_stat_t st;
    zip_int64_t i = locate(z, name);
    if (i < 0 || zip_stat_index(z->zip, (zip_uint64_t)i, 0, &st))
        return NULL;
    zip_file_t *f = zip_fopen_index(z->zip, (zip_uint64_t)i, 0);
    char *bytes = f ? malloc(st.size + 1) : NULL;
    *n = (size_t)st.size;
    if (bytes && zip_fread(f, bytes, st.size) != (zip_int64_t)st.size) {
        free(bytes);
        bytes = NULL;
    }
    if (f)
        zip_fclose(f);
    return bytes;
}

/* '<f4', '|b1', '<U12'... : a dtype, and for text the characters of an element. */
static enum dtype parse_descr(const char *d, int *width)
{
    static const struct { const char *descr; enum dtype dtype; } known[] = {
        { "f2", DT_HALF }, { "f4", DT_FLOAT }, { "f8", DT_DOUBLE }, { "b1", DT_BOOL },
        { "i1", DT_INT8 }, { "i2", DT_INT16 }, { "i4", DT_INT32 }, { "i8", DT_INT64 },
        { "u1", DT_UINT8 }, { "u2", DT_UINT16 }, { "u4", DT_UINT32 }, { "u8", DT_UINT64 },
        { "c8", DT_COMPLEX64 }, { "c16", DT_COMPLEX128 },
    };
    size_t n = strcspn(d, "'");
    if (d[1] == 'U') {
        *width = atoi(d + 2);
        return DT_STRING;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (n == strlen(known[i].descr) + 1 && !strncmp(d + 1, known[i].descr, n - 1))
            return known[i].dtype;
    return DT_INVALID;
}

static struct status *parse_header(const char *text, enum dtype *t, int *width, struct shape *s)
{
    const char *descr = strstr(text, "'descr': '"), *shape = strstr(text, "'shape': (");
    ENSURE(descr && shape && strstr(text, "'fortran_order': False"), "not understood: %.100s",
           text);
    *t = parse_descr(descr + 10, width);
    ENSURE(*t, "unknown type in %.100s", text);
    *s = SHAPE_SCALAR;
    for (shape += 10; *shape != ')'; shape += strspn(shape, ", ")) {
        char *end;
        ENSURE(s->rank < MAX_RANK, "too many dimensions in %.100s", text);
        s->dim[s->rank++] = strtoll(shape, &end, 10);
        ENSURE(end != shape, "not understood: %.100s", text);
        shape = end;
    }
    return NULL;
}

/* UTF-32, padded with zeros; each character stands for one byte. */
static struct status *fill_strings(struct tensor *t, const char *raw, int width)
{
    char *text = malloc((size_t)width + 1);
    bool fine = text != NULL;
    for (int64_t i = 0; fine && i < tensor_count(t); i++) {
        size_t n = 0;
        for (int k = 0; k < width; k++) {
            uint32_t c;
            memcpy(&c, raw + 4 * ((size_t)i * (size_t)width + (size_t)k), 4);
            text[k] = (char)c;
            if (c)
                n = (size_t)k + 1;
        }
        fine = tstring_set((struct tstring *)t->data + i, text, n);
    }
    free(text);
    return fine ? NULL : status_no_memory();
}

static struct status *parse(const char *bytes, size_t n, struct tensor *t)
{
    char header[1024];
    uint16_t length;
    enum dtype dtype;
    struct shape s;
    int width = 0;
    ENSURE(n > 10 && !memcmp(bytes, "\x93NUMPY\x01", 7), "not an .npy file");
    memcpy(&length, bytes + 8, 2);
    ENSURE(length < sizeof header && 10u + length <= n, "an .npy file cut short");
    snprintf(header, sizeof header, "%.*s", length, bytes + 10);
    TRY(parse_header(header, &dtype, &width, &s));
    TRY(tensor_new(t, NULL, dtype, &s));
    size_t size = dtype == DT_STRING ? 4u * (size_t)width * (size_t)tensor_count(t)
                                     : tensor_bytes(t);
    struct status *st = NULL;
    if (n - 10 - length < size)
        st = status_new(INVALID_ARGUMENT, "an .npy file cut short");
    else if (dtype == DT_STRING)
        st = fill_strings(t, bytes + 10 + length, width);
    else if (size)
        memcpy(t->data, bytes + 10 + length, size);
    if (st)
        tensor_unref(t);
    return st;
}

struct status *npz_read(const struct npz *z, const char *name, struct tensor *t)
{
    size_t n = 0;
    char *bytes = read_entry(z, name, &n);
    *t = (struct tensor){ 0 };
    if (!bytes)
        return status_new(NOT_FOUND, "no array '%s'", name);
    struct status *st = status_prefix(parse(bytes, n, t), "array '%s': ", name);
    free(bytes);
    return st;
}
