/* file.h - files read at an offset, and written so that they appear whole or not at all.
 *
 * What is written goes to a temporary name beside the file, is synced and then renamed: whoever
 * opens the file sees what was there before or all of what is new, even after a crash. One thread
 * at a time writes a file_out; any number may read a file_in.
 */
#ifndef IO_FILE_H
#define IO_FILE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- reading ---- */

struct file_in { int fd; char *path; uint64_t size; };

MUST_CHECK struct status *file_open(struct file_in *f, const char *path);
/* All `n` bytes from `at`; where the file ends before, OUT_OF_RANGE says so. */
MUST_CHECK struct status *file_get(const struct file_in *f, uint64_t at, void *to, size_t n);
void file_close(struct file_in *f);             /* a zeroed one is fine */

/* The whole file, ended by a NUL that `n` does not count; mem_free() it. */
MUST_CHECK struct status *file_load(const char *path, char **bytes, size_t *n);

/* ---- writing ---- */

struct file_out {
    int fd;
    char *path, *temp, *buffer;
    size_t n;                       /* in the buffer */
    uint64_t at;                    /* bytes so far, the buffer's included */
};

MUST_CHECK struct status *file_create(struct file_out *f, const char *path);
MUST_CHECK struct status *file_put(struct file_out *f, const void *bytes, size_t n);
/* Everything is on the disk now, under the temporary name. */
MUST_CHECK struct status *file_sync(struct file_out *f);
/* Synced before: it gets the name `path`, whatever was there. The caller syncs the folder. */
MUST_CHECK struct status *file_place(struct file_out *f, const char *path);
/* All of the above. */
MUST_CHECK struct status *file_finish(struct file_out *f);
/* Removes what was not placed; gives the memory back. A zeroed one is fine. */
void file_abandon(struct file_out *f);

/* The file holds these bytes afterwards, or what it held before. */
MUST_CHECK struct status *file_replace(const char *path, const void *bytes, size_t n);

/* ---- names ---- */

MUST_CHECK struct status *file_rename(const char *from, const char *to);
/* Names that were made or removed in the folder of `path` are on the disk. */
MUST_CHECK struct status *file_sync_folder(const char *path);
bool file_exists(const char *path);
MUST_CHECK struct status *file_make_folder(const char *path);   /* parents too; there is fine */
/* Bytes of the path up to its last slash, that one not counted (but for "/"); 0: none. */
size_t file_folder(const char *path);

/* What errno says of `path`, with TensorFlow's code for it. */
MUST_CHECK __attribute__((returns_nonnull)) struct status *file_error(const char *path);

#endif
