/* reader.h - readers: what is in the files whose names a queue gives, record by record.
 *
 * One kernel at a time is at work on a reader, without a lock, for it may have to wait for the
 * queue; the counts are under the lock of the handle.
 */
#ifndef OPS_READER_H
#define OPS_READER_H

#include "base/str.h"
#include "io/record.h"
#include "op/wait.h"
#include "ops/shared.h"

enum reader_type { READ_NAMES, READ_FILES, READ_LINES, READ_RECORDS, READ_FIXED };

struct reader {
    struct variable handle;
    enum reader_type type;
    const char *name;                   /* "TextLineReader"; NULL: nothing is set yet */
    enum compression compression;
    int64_t skip_lines, header, record, footer, hop;
    int64_t started, finished, produced;
    pthread_cond_t changed;
    bool busy;

    /* Of who is at work: */
    struct tensor work;                 /* the name of the file, or empty: there is none */
    bool open;
    struct source from;
    struct record_reader *records;
    struct str line;                    /* the line; of fixed records, what was read ahead */
    int64_t at;                         /* which line or record, or where it begins */
};

/* A record; the bytes are the reader's until it reads on. */
struct record { struct str key; const void *data; size_t n; };

/* ---- reader_file.c ---- */

const char *reader_work(const struct reader *r);        /* the name of the file */
MUST_CHECK struct status *reader_open(struct reader *r);
/* *done: the file has no more. */
MUST_CHECK struct status *reader_next(struct reader *r, struct record *to, bool *done);
void reader_close(struct reader *r);                    /* what is being read is read no more */

#endif
