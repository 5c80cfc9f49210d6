/* dataset_file.h - datasets that read files, one after another. */
#ifndef OPS_DATASET_FILE_H
#define OPS_DATASET_FILE_H

#include "io/record.h"
#include "ops/dataset.h"

/* Numbers are for records of fixed length. */
struct files {
    struct dataset base;
    struct tensor names;                    /* strings */
    enum compression compression;
    int64_t header, record, footer;
};

/* The file that is open, if one is: as bytes, `at` of which have been used, or as records. */
struct files_cursor {
    struct cursor base;
    int64_t file;
    bool is_open;
    struct source source;
    struct record_reader *records;
    uint8_t *bytes;
    size_t at, n, room;
    bool last;                              /* the file has no more than there is in `bytes` */
};

/* The next element of the open file, or *over. */
typedef struct status *element_fn(struct cursor *c, struct run_env *env, struct tensor *out,
                                  bool *over);

/* A whole next(). After a failure it goes on with the next file, as TF does. */
MUST_CHECK struct status *files_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                     bool *end, struct status *(*open)(struct cursor *c),
                                     element_fn *element);
void files_finish(struct cursor *c);
void files_release(struct dataset *d);

/* Opens the file that is next as bytes. */
MUST_CHECK struct status *files_open(struct cursor *c);
/* There are at least `want` bytes that have not been used, or there are no more. */
MUST_CHECK struct status *files_ahead(struct files_cursor *f, size_t want);

/* For kernels: inputs 0, 1 and 2 are filenames, compression_type and buffer_size. */
MUST_CHECK struct status *files_take(struct kernel *k, struct files *d);

#endif
