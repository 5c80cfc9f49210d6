/* stream.h - bytes to and from files in small pieces, compressed by zlib or not.
 *
 * A sink or source is its owner's, embedded in what uses it, for one thread at a time; a zeroed
 * one is closed. Errors name the file.
 */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include "base/str.h"
#include "io/file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum compression { PLAIN, ZLIB, GZIP };

/* "" (or NULL), "ZLIB", "GZIP". */
MUST_CHECK struct status *compression_parse(const char *name, enum compression *c);

/* What errno says of a file, by TensorFlow's code and words: "PATH; No such file or directory". */
MUST_CHECK __attribute__((returns_nonnull)) struct status *file_error(const char *path);

struct zip;                             /* zlib's state */
struct sink { int fd; char *path; struct zip *zip; uint8_t *buf; size_t n; };
struct source { int fd; char *path; struct zip *zip; uint8_t *buf; size_t at, n; };

/* Takes over `fd`, also on failure. `path` is copied. */
MUST_CHECK struct status *sink_open(struct sink *s, int fd, const char *path, enum compression c);
MUST_CHECK struct status *sink_write(struct sink *s, const void *data, size_t n);
MUST_CHECK struct status *sink_flush(struct sink *s);   /* all of it is in the file now */
MUST_CHECK struct status *sink_close(struct sink *s);   /* flushes; closed in any case */

MUST_CHECK struct status *source_open(struct source *s, const char *path, enum compression c);
/* Fewer than n bytes only at the end, which moves when the file grows. */
MUST_CHECK struct status *source_read(struct source *s, void *to, size_t n, size_t *got);
/* The next line, without the \n or \r\n that ends it, replaces what is in `line`; *done: there is
 * none. What the file ends with is a line if it is not empty. */
MUST_CHECK struct status *source_line(struct source *s, struct str *line, bool *done);
/* To the byte that comes after so many (not compressed ones). */
MUST_CHECK struct status *source_seek(struct source *s, uint64_t offset);
void source_close(struct source *s);

#endif
