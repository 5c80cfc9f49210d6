/* npz.c - libzip asks for the members one after another, while it closes the archive. */
#include "npz.h"

#include "file.h"
#include "npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

struct archive {
    struct weft_status *(*read)(void *ctx, int i, struct weft_tensor **t);
    void *ctx;
    struct weft_status *st;             /* the first failure */
};

struct member {
    struct archive *archive;
    int index;
    char *part[2];                      /* header and elements, while it is open */
    size_t size[2], at;
};

static struct weft_status *load(struct member *m)
{
    struct weft_tensor *t = NULL;
    struct weft_status *st = m->archive->read(m->archive->ctx, m->index, &t);
    if (!st) {
        m->part[0] = npy_header(t, &m->size[0]);
        m->part[1] = m->part[0] ? npy_body(t, &m->size[1]) : NULL;
        if (!m->part[1])
            st = refuse("NumPy has no type for %s", weft_dtype_name(weft_tensor_dtype(t)));
    }
    weft_tensor_free(t);
    m->at = 0;
    return st;
}

static size_t hand_over(struct member *m, char *to, size_t n)
{
    size_t did = 0;
    for (int i = 0; i < 2; i++) {
        size_t before = i ? m->size[0] : 0, end = before + m->size[i];
        size_t left = m->at < end ? end - m->at : 0, now = left < n - did ? left : n - did;
        memcpy(to + did, m->part[i] + (m->at < end ? m->at - before : 0), now);
        m->at += now;
        did += now;
    }
    return did;
}

static void unload(struct member *m)
{
    free(m->part[0]);
    free(m->part[1]);
    m->part[0] = m->part[1] = NULL;
}

static zip_int64_t serve(void *ctx, void *data, zip_uint64_t n, zip_source_cmd_t command)
{
    struct member *m = ctx;
    switch (command) {
    case ZIP_SOURCE_OPEN:
        m->archive->st = m->archive->st ? m->archive->st : load(m);
        return m->archive->st ? -1 : 0;
    case ZIP_SOURCE_READ: return (zip_int64_t)hand_over(m, data, n);
    case ZIP_SOURCE_CLOSE: unload(m); return 0;
    case ZIP_SOURCE_STAT: zip_stat_init(data); return sizeof(struct zip_stat);
    case ZIP_SOURCE_ERROR: return zip_error_to_data(&(zip_error_t){ .zip_err = ZIP_ER_READ }, data,
                                                    n);
    case ZIP_SOURCE_FREE: unload(m); free(m); return 0;
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                              ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE,
                                              -1);
    default: return -1;
    }
}

static bool add(zip_t *z, struct archive *a, const char *name, int index)
{
    char *file = NULL;
    struct member *m = calloc(1, sizeof *m);
    zip_source_t *source = m ? zip_source_function(z, serve, m) : NULL;
    if (!source) {
        free(m);
        return false;
    }
    *m = (struct member){ .archive = a, .index = index };
    zip_int64_t at = asprintf(&file, "%s.npy", name) < 0 ? -1
                   : zip_file_add(z, file, source, ZIP_FL_ENC_UTF_8);
    free(file);
    if (at < 0)
        zip_source_free(source);
    return at >= 0 && zip_set_file_compression(z, (zip_uint64_t)at, ZIP_CM_STORE, 0) == 0;
}

/* libzip writes beside the file and renames, as we would. */
struct weft_status *
npz_write(const char *path, const char *const *names, int n,
          struct weft_status *(*read)(void *ctx, int i, struct weft_tensor **t), void *ctx)
{
    struct archive a = { read, ctx, NULL };
    int code = 0;
    zip_t *z = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    if (!z)
        return refuse("%s: cannot be written (libzip's error %d)", path, code);
    bool fine = true;
    for (int i = 0; i < n && fine; i++)
        fine = add(z, &a, names[i], i);
    if (fine && zip_close(z) == 0)
        return NULL;
    struct weft_status *st = a.st ? a.st : refuse("%s: %s", path, zip_strerror(z));
    zip_discard(z);
    return st;
}
