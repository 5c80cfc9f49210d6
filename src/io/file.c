#include "io/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 1 << 20, EARLY = 32 << 20 };

static enum code code_of(int error)
{
    switch (error) {
    case EINVAL: case ENAMETOOLONG: case ENOTTY: return INVALID_ARGUMENT;
    case ENOENT: case ENXIO: return NOT_FOUND;
    case EEXIST: return ALREADY_EXISTS;
    case EPERM: case EACCES: case EROFS: return PERMISSION_DENIED;
    case ENOTEMPTY: case EISDIR: case ENOTDIR: case EBADF: case EBUSY: return FAILED_PRECONDITION;
    case ENOSPC: case EDQUOT: case EMFILE: case ENFILE: case ENOMEM: return RESOURCE_EXHAUSTED;
    case EFBIG: case ESPIPE: return OUT_OF_RANGE;
    default: return UNKNOWN;
    }
}

/* As TensorFlow says it: "PATH; No such file or directory". */
struct status *file_error(const char *path)
{
    int error = errno;
    char text[128];
    return status_new(code_of(error), "%s; %s", path, strerror_r(error, text, sizeof text));
}

/* ---- reading ---- */

static struct status *check_regular(struct file_in *f)
{
    struct stat s;
    if (fstat(f->fd, &s))
        return file_error(f->path);
    if (!S_ISREG(s.st_mode))
        return status_new(FAILED_PRECONDITION, "%s is not a regular file", f->path);
    f->size = (uint64_t)s.st_size;
    return NULL;
}

struct status *file_open(struct file_in *f, const char *path)
{
    *f = (struct file_in){ .fd = -1 };
    NEED(f->path = mem_strdup(path));
    f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);      /* a pipe must not hold us up */
    struct status *st = f->fd < 0 ? file_error(path) : check_regular(f);
    if (st)
        file_close(f);
    return st;
}

struct status *file_get(const struct file_in *f, uint64_t at, void *to, size_t n)
{
    char *p = to;
    if (at > f->size || n > f->size - at)
        return status_new(OUT_OF_RANGE, "%s ends after %llu bytes, but %zu bytes from %llu on are "
                          "wanted", f->path, (unsigned long long)f->size, n,
                          (unsigned long long)at);
    while (n) {
        ssize_t got = pread(f->fd, p, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return file_error(f->path);
        if (!got)
            return status_new(OUT_OF_RANGE, "%s became shorter while it was read", f->path);
        p += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return NULL;
}

void file_close(struct file_in *f)
{
    if (f->path && f->fd >= 0)
        close(f->fd);
    mem_free(f->path);
    *f = (struct file_in){ .fd = -1 };
}

static struct status *load(const struct file_in *f, char **bytes)
{
    NEED(*bytes = mem_alloc((size_t)f->size + 1));
    (*bytes)[f->size] = 0;
    struct status *st = file_get(f, 0, *bytes, (size_t)f->size);
    if (st)
        mem_free(*bytes);
    return st;
}

struct status *file_load(const char *path, char **bytes, size_t *n)
{
    struct file_in f;
    TRY(file_open(&f, path));
    struct status *st = load(&f, bytes);
    *n = (size_t)f.size;
    file_close(&f);
    return st;
}

/* ---- writing ---- */

/* Two writers of one file, in one process or in two, do not meet. */
static char *temp_name(const char *path)
{
    static atomic_uint count;
    struct str s = { 0 };
    str_printf(&s, "%s.tempstate%d-%u", path, (int)getpid(), atomic_fetch_add(&count, 1));
    char *name = s.failed ? NULL : mem_strdup(str_text(&s));
    str_free(&s);
    return name;
}

static struct status *create(struct file_out *f, const char *path)
{
    NEED(f->path = mem_strdup(path));
    NEED(f->buffer = mem_alloc(BUFFER));
    NEED(f->temp = temp_name(path));
    f->fd = open(f->temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return f->fd < 0 ? file_error(f->temp) : NULL;
}

struct status *file_create(struct file_out *f, const char *path)
{
    *f = (struct file_out){ .fd = -1 };
    struct status *st = create(f, path);
    if (st)
        file_abandon(f);
    return st;
}

static struct status *write_all(const struct file_out *f, const char *p, size_t n)
{
    while (n) {
        ssize_t put = write(f->fd, p, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return file_error(f->temp);
        p += put;
        n -= (size_t)put;
    }
    return NULL;
}

static struct status *flush(struct file_out *f)
{
    TRY(write_all(f, f->buffer, f->n));
    f->n = 0;
    return NULL;
}

/* The disk begins with what it will have to store in any case, so that the sync is short. */
static void start_storing(const struct file_out *f, uint64_t from, uint64_t to)
{
    if (from / EARLY != to / EARLY)
        (void)sync_file_range(f->fd, (off_t)(from / EARLY * EARLY),
                              (off_t)(to / EARLY * EARLY - from / EARLY * EARLY),
                              SYNC_FILE_RANGE_WRITE);
}

struct status *file_put(struct file_out *f, const void *bytes, size_t n)
{
    uint64_t from = f->at;
    f->at += n;
    if (n < BUFFER - f->n) {
        if (n)
            memcpy(f->buffer + f->n, bytes, n);
        f->n += n;
        return NULL;
    }
    TRY(flush(f));
    if (n < BUFFER) {
        memcpy(f->buffer, bytes, n);
        f->n = n;
        return NULL;
    }
    TRY(write_all(f, bytes, n));
    start_storing(f, from, f->at);
    return NULL;
}

struct status *file_sync(struct file_out *f)
{
    TRY(flush(f));
    return fsync(f->fd) ? file_error(f->temp) : NULL;
}

struct status *file_place(struct file_out *f, const char *path)
{
    TRY(file_rename(f->temp, path));
    mem_free(f->temp);
    f->temp = NULL;
    return NULL;
}

struct status *file_finish(struct file_out *f)
{
    TRY(file_sync(f));
    TRY(file_place(f, f->path));
    return file_sync_folder(f->path);
}

void file_abandon(struct file_out *f)
{
    if (f->path && f->fd >= 0)
        close(f->fd);
    if (f->temp)
        unlink(f->temp);
    mem_free(f->path);
    mem_free(f->temp);
    mem_free(f->buffer);
    *f = (struct file_out){ .fd = -1 };
}

struct status *file_replace(const char *path, const void *bytes, size_t n)
{
    struct file_out f;
    TRY(file_create(&f, path));
    struct status *st = file_put(&f, bytes, n);
    if (!st)
        st = file_finish(&f);
    file_abandon(&f);
    return st;
}

/* ---- names ---- */

struct status *file_rename(const char *from, const char *to)
{
    return rename(from, to) ? file_error(from) : NULL;
}

size_t file_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
}

static struct status *sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return file_error(folder);
    struct status *st = NULL;
    if (fsync(fd) && errno != EINVAL)           /* some file systems have nothing to sync */
        st = file_error(folder);
    close(fd);
    return st;
}

struct status *file_sync_folder(const char *path)
{
    struct str s = { 0 };
    str_add(&s, path, file_folder(path));
    struct status *st = s.failed ? status_no_memory() : sync_folder(s.n ? str_text(&s) : ".");
    str_free(&s);
    return st;
}

bool file_exists(const char *path) { return access(path, F_OK) == 0; }

static struct status *make_folders(char *path)
{
    for (char *slash = path + 1; *path; slash++) {
        bool last = !*slash;
        if (!last && *slash != '/')
            continue;
        *slash = 0;
        if (mkdir(path, 0777) && errno != EEXIST)
            return file_error(path);
        if (last)
            break;
        *slash = '/';
    }
    return NULL;
}

struct status *file_make_folder(const char *path)
{
    char *copy = mem_strdup(path);
    NEED(copy);
    struct status *st = make_folders(copy);
    mem_free(copy);
    return st;
}
