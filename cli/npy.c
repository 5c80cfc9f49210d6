/* npy.c - the .npy format: a magic word, a header that is a Python dictionary, the elements. */
#include "npy.h"

#include "file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAGIC = 6, LONGEST_HEADER = 1 << 16 };

/* ---- element types: NumPy's letter and size ---- */

static const struct type { enum weft_dtype dtype; char letter; int size; } types[] = {
    { WEFT_FLOAT, 'f', 4 }, { WEFT_DOUBLE, 'f', 8 }, { WEFT_HALF, 'f', 2 },
    { WEFT_INT8, 'i', 1 }, { WEFT_INT16, 'i', 2 }, { WEFT_INT32, 'i', 4 }, { WEFT_INT64, 'i', 8 },
    { WEFT_UINT8, 'u', 1 }, { WEFT_UINT16, 'u', 2 }, { WEFT_UINT32, 'u', 4 },
    { WEFT_UINT64, 'u', 8 }, { WEFT_BOOL, 'b', 1 }, { WEFT_COMPLEX64, 'c', 8 },
    { WEFT_COMPLEX128, 'c', 16 }, { 0 }
};

static const struct type *type_of(char letter, int size)
{
    for (const struct type *t = types; t->size; t++)
        if (t->letter == letter && t->size == size)
            return t;
    return NULL;
}

static const struct type *type_of_dtype(enum weft_dtype dtype)
{
    for (const struct type *t = types; t->size; t++)
        if (t->dtype == dtype)
            return t;
    return NULL;
}

/* ---- reading ---- */

struct npy {
    char letter, order;             /* of "<f4": 'f', '<' */
    int size;                       /* bytes an element; characters of 'U' */
    bool fortran;
    int rank;
    int64_t dims[WEFT_MAX_RANK], count;
    const char *data;
    size_t n;
};

static struct weft_status *bad(const char *what)
{
    char text[200];
    snprintf(text, sizeof text, "not an array that can be read: %s", what);
    return weft_status_new(WEFT_INVALID_ARGUMENT, text);
}

/* What stands behind 'key': in the header; NULL: nothing. */
static const char *value_of(const char *header, const char *key)
{
    const char *at = strstr(header, key);
    at = at ? strchr(at + strlen(key), ':') : NULL;
    return at ? at + 1 + strspn(at + 1, " ") : NULL;
}

static struct weft_status *parse_type(const char *at, struct npy *a)
{
    char quote = 0, end = 0;
    if (!at || *at == '[')
        return bad("records of several fields have no tensor type");
    if (sscanf(at, "%c%c%c%d%c", &quote, &a->order, &a->letter, &a->size, &end) != 5 ||
        quote != end || !strchr("<>|=", a->order))
        return bad("its 'descr' is not a type");
    if (a->letter == 'O')
        return bad("it holds Python objects");
    if (a->order == '>' && a->size > 1)
        return bad("its bytes are big-endian");
    bool text = a->letter == 'S' || a->letter == 'U';
    if (text ? a->size < 0 || a->size > INT32_MAX / 4 : !type_of(a->letter, a->size))
        return bad("there is no tensor type for its elements");
    return NULL;
}

static struct weft_status *parse_shape(const char *at, struct npy *a)
{
    if (!at || *at != '(')
        return bad("its header has no 'shape'");
    a->count = 1;
    for (at++; *at != ')'; at += strspn(at, ", ")) {
        char *end;
        long long d = strtoll(at, &end, 10);
        if (end == at || d < 0)
            return bad("its 'shape' is not a tuple of sizes");
        if (a->rank == WEFT_MAX_RANK)
            return bad("it has more than 8 dimensions");
        if (__builtin_mul_overflow(a->count, (int64_t)d, &a->count))
            return bad("its shape is too large");
        a->dims[a->rank++] = d;
        at = end;
    }
    return NULL;
}

static struct weft_status *parse_header(const void *bytes, size_t n, struct npy *a)
{
    const unsigned char *b = bytes;
    if (n < 10 || memcmp(b, "\x93NUMPY", MAGIC))
        return bad("it is no .npy file");
    bool wide = b[MAGIC] > 1;
    size_t start = wide ? 12 : 10;
    size_t length = b[8] | b[9] << 8 | (wide && n >= 12 ? (size_t)b[10] << 16 | (size_t)b[11] << 24
                                                        : 0);
    if (n < start || length > n - start || length > LONGEST_HEADER)
        return bad("its header is cut off");
    char *header = strndup((const char *)b + start, length);
    if (!header)
        return weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
    const char *order = value_of(header, "'fortran_order'");
    struct weft_status *st = parse_type(value_of(header, "'descr'"), a);
    a->fortran = order && *order == 'T';
    if (!st)
        st = parse_shape(value_of(header, "'shape'"), a);
    free(header);
    a->data = (const char *)b + start + length;
    a->n = n - start - length;
    return st;
}

/* Where element i of the tensor, counted row by row, stands in a file that counts by columns. */
static int64_t column_place(const struct npy *a, int64_t i)
{
    int64_t place = 0, stride = a->count;
    for (int axis = a->rank - 1; axis >= 0; axis--) {
        stride /= a->dims[axis];
        place += i % a->dims[axis] * stride;
        i /= a->dims[axis];
    }
    return place;
}

/* Without the zeros that pad it; characters of 'U' are 4 bytes each and become UTF-8. */
static struct weft_status *put_text(struct weft_tensor *t, int64_t i, const struct npy *a,
                                    const char *from, char *room)
{
    if (a->letter == 'S')
        return weft_tensor_set_string(t, i, from, strnlen(from, (size_t)a->size));
    size_t n = 0;
    for (int k = 0; k < a->size; k++) {
        uint32_t c;
        memcpy(&c, from + 4 * k, 4);
        if (!c)
            break;
        c = c > 0x10FFFF ? 0xFFFD : c;
        int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        room[n++] = (char)(more ? (0xFF00 >> (more + 1) | c >> 6 * more) & 0xFF : c);
        while (more--)
            room[n++] = (char)(0x80 | (c >> 6 * more & 0x3F));
    }
    return weft_tensor_set_string(t, i, room, n);
}

static struct weft_status *put_elements(struct weft_tensor *t, const struct npy *a, size_t size)
{
    bool text = a->letter == 'S' || a->letter == 'U';
    char *to = weft_tensor_data(t), *room = text ? malloc(size + 1) : NULL;
    struct weft_status *st = NULL;
    if (!text && !a->fortran) {
        memcpy(to, a->data, (size_t)a->count * size);
        return NULL;
    }
    for (int64_t i = 0; i < a->count && !st; i++) {
        const char *from = a->data + (size_t)(a->fortran ? column_place(a, i) : i) * size;
        if (!text)
            memcpy(to + (size_t)i * size, from, size);
        else if (room)
            st = put_text(t, i, a, from, room);
        else
            st = weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
    }
    free(room);
    return st;
}

struct weft_status *npy_parse(const void *bytes, size_t n, struct weft_tensor **result)
{
    struct npy a = { 0 };
    *result = NULL;
    struct weft_status *st = parse_header(bytes, n, &a);
    if (st)
        return st;
    bool text = a.letter == 'S' || a.letter == 'U';
    size_t size = (size_t)a.size * (a.letter == 'U' ? 4 : 1);
    /* Text of no characters takes no bytes: then the count alone must not cost much. */
    if (text && !size ? (size_t)a.count > n : (size_t)a.count > a.n / (size ? size : 1))
        return bad("it is cut off");
    st = weft_tensor_new(text ? WEFT_STRING : type_of(a.letter, a.size)->dtype, a.rank, a.dims,
                         NULL, result);
    if (!st)
        st = put_elements(*result, &a, size);
    if (st) {
        weft_tensor_free(*result);
        *result = NULL;
    }
    return st;
}

/* ---- writing ---- */

static size_t longest_string(const struct weft_tensor *t)
{
    size_t longest = 1;
    for (int64_t i = 0; i < weft_tensor_count(t); i++) {
        size_t n;
        weft_tensor_string(t, i, &n);
        longest = n > longest ? n : longest;
    }
    return longest;
}

/* "(2, 3)", "(2,)", "()". */
static void print_shape(const struct weft_tensor *t, char *to, size_t room)
{
    size_t n = (size_t)snprintf(to, room, "(");
    int rank = weft_tensor_rank(t);
    for (int i = 0; i < rank; i++)
        n += (size_t)snprintf(to + n, room - n, "%s%lld", i ? ", " : "",
                              (long long)weft_tensor_dim(t, i));
    snprintf(to + n, room - n, rank == 1 ? ",)" : ")");
}

char *npy_header(const struct weft_tensor *t, size_t *n)
{
    const struct type *type = type_of_dtype(weft_tensor_dtype(t));
    bool text = weft_tensor_dtype(t) == WEFT_STRING;
    char shape[240], *header = type || text ? malloc(512) : NULL;
    if (!header)
        return NULL;
    print_shape(t, shape, sizeof shape);
    char descr[32];
    if (text)
        snprintf(descr, sizeof descr, "|S%zu", longest_string(t));
    else
        snprintf(descr, sizeof descr, "%c%c%d", type->size > 1 ? '<' : '|', type->letter,
                 type->size);
    memcpy(header, "\x93NUMPY\x01", 8);
    size_t length = (size_t)snprintf(header + 10, 500, "{'descr': '%s', 'fortran_order': False, "
                                     "'shape': %s, }", descr, shape);
    while ((10 + length + 1) % 64)
        header[10 + length++] = ' ';
    header[10 + length++] = '\n';
    header[8] = (char)(length & 255);
    header[9] = (char)(length >> 8);
    *n = 10 + length;
    return header;
}

char *npy_body(const struct weft_tensor *t, size_t *n)
{
    if (weft_tensor_dtype(t) != WEFT_STRING) {
        *n = weft_tensor_bytes(t);
        char *body = malloc(*n + 1);
        if (body && *n)
            memcpy(body, weft_tensor_data(t), *n);
        return body;
    }
    size_t width = longest_string(t), length;
    *n = width * (size_t)weft_tensor_count(t);
    char *body = calloc(*n + 1, 1);
    for (int64_t i = 0; body && i < weft_tensor_count(t); i++) {
        const char *s = weft_tensor_string(t, i, &length);
        memcpy(body + (size_t)i * width, s, length);
    }
    return body;
}

/* ---- files ---- */

struct weft_status *npy_read(const char *path, struct weft_tensor **result)
{
    struct file f;
    struct weft_status *st = file_map(path, &f);
    if (st)
        return st;
    st = npy_parse(f.data, f.size, result);
    file_unmap(&f);
    return status_about(st, path);
}

struct weft_status *npy_write(const char *path, const struct weft_tensor *t)
{
    size_t n[2] = { 0 };
    char *part[2] = { npy_header(t, &n[0]), npy_body(t, &n[1]) };
    struct weft_status *st = part[0] && part[1] ? file_replace(path, part, n, 2)
        : weft_status_new(WEFT_INVALID_ARGUMENT, "NumPy has no type for these elements");
    free(part[0]);
    free(part[1]);
    return status_about(st, path);
}
