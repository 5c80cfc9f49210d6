/* record.h - files of records, TensorFlow's TFRecord.
 *
 * A record is its length (8 bytes, little-endian), the length's masked CRC32C, the bytes, their
 * masked CRC32C. What a length claims is never believed: memory grows with the bytes that come.
 * Any thread may write, several at a time; reading is for one at a time.
 */
#ifndef IO_RECORD_H
#define IO_RECORD_H

#include "io/stream.h"

struct record_writer;
struct record_reader;

/* What is there is overwritten. */
MUST_CHECK struct status *record_writer_new(const char *path, enum compression c,
                                            struct record_writer **result);
/* Goes on from where `fd` stands, which it takes over, also on failure. */
MUST_CHECK struct status *record_writer_on(int fd, const char *path, enum compression c,
                                           struct record_writer **result);
/* After a failure, which may have left a piece of a record, all later calls return that. */
MUST_CHECK struct status *record_write(struct record_writer *w, const void *data, size_t n);
MUST_CHECK struct status *record_flush(struct record_writer *w);
MUST_CHECK struct status *record_writer_close(struct record_writer *w); /* NULL is fine */

MUST_CHECK struct status *record_reader_new(const char *path, enum compression c,
                                            struct record_reader **result);
/* The bytes are the reader's until the next call; *done at the end. After a failure the next call
 * tries the same record again: a file may have grown. */
MUST_CHECK struct status *record_next(struct record_reader *r, const void **data, size_t *n,
                                      bool *done);
void record_reader_free(struct record_reader *r);               /* NULL is fine */

#endif
