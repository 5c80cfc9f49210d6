#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- failures ---- */

struct weft_status *status_about(struct weft_status *s, const char *path)
{
    char *text;
    const char *message = weft_status_message(s);
    if (!s || !strncmp(message, path, strlen(path)) ||
        asprintf(&text, "%s: %s", path, message) < 0)
        return s;
    struct weft_status *told = weft_status_new(weft_status_code(s), text);
    free(text);
    weft_status_free(s);
    return told;
}

struct weft_status *refuse(const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    if (n < 0)
        return weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
    struct weft_status *s = weft_status_new(WEFT_INVALID_ARGUMENT, text);
    free(text);
    return s;
}

static struct weft_status *failed(const char *path)
{
    enum weft_code code = errno == ENOENT ? WEFT_NOT_FOUND
                        : errno == EACCES ? WEFT_PERMISSION_DENIED : WEFT_UNKNOWN;
    return status_about(weft_status_new(code, strerror(errno)), path);
}

/* ---- reading ---- */

struct weft_status *file_map(const char *path, struct file *f)
{
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return failed(path);
    bool fine = fstat(fd, &s) == 0;
    if (fine && S_ISDIR(s.st_mode)) {
        fine = false;
        errno = EISDIR;
    }
    f->size = fine ? (size_t)s.st_size : 0;
    f->data = f->size ? mmap(NULL, f->size, PROT_READ, MAP_PRIVATE, fd, 0) : "";
    struct weft_status *st = !fine || f->data == MAP_FAILED ? failed(path) : NULL;
    close(fd);
    return st;
}

void file_unmap(struct file *f)
{
    if (f->size)
        munmap((void *)f->data, f->size);
    f->size = 0;
}

bool is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

bool is_file(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && !S_ISDIR(s.st_mode);
}

bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* ---- writing ---- */

static bool write_all(int fd, const char *data, size_t n)
{
    while (n) {
        ssize_t did = write(fd, data, n);
        if (did < 0 && errno != EINTR)
            return false;
        data += did > 0 ? did : 0;
        n -= did > 0 ? (size_t)did : 0;
    }
    return true;
}

struct weft_status *file_replace(const char *path, char *const *part, const size_t *size, int n)
{
    char *temporary;
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
    int fd = mkstemp(temporary);
    bool fine = fd >= 0;
    for (int i = 0; i < n && fine; i++)
        fine = write_all(fd, part[i], size[i]);
    /* As files are made elsewhere, and not for the owner alone, as mkstemp() makes them. */
    mode_t mask = umask(0);
    umask(mask);
    fine = fine && fchmod(fd, 0666 & ~mask) == 0 && fsync(fd) == 0;
    fine = fine && rename(temporary, path) == 0;
    struct weft_status *st = fine ? NULL : failed(path);
    if (fd >= 0)
        close(fd);
    if (st && fd >= 0)
        unlink(temporary);
    free(temporary);
    return st;
}
