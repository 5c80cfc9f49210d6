/* checkpoint.h - values that a program saved, read back by name.
 *
 * A V2 checkpoint ("bundle") is a table PREFIX.index and PREFIX.data-00000-of-00001 and so on; a
 * V1 one is tables that hold the values too. Large variables may stand in parts; they are joined,
 * and a part of any variable can be read. Nothing in a file is believed: sizes are held against
 * the files' own before memory is asked for, and every checksum is checked. Damage is DATA_LOSS.
 * Any thread may read.
 */
#ifndef IO_CHECKPOINT_H
#define IO_CHECKPOINT_H

#include "base/arena.h"
#include "io/slice.h"
#include "io/table.h"

#include <pthread.h>

/* A tensor that was saved, or a part of one. */
struct saved {
    struct piece name;              /* of a part: its key */
    enum dtype dtype;
    struct shape shape;             /* rank -1: more dimensions than are supported */
    int n_slices;                   /* 0: it is stored whole */
    struct slice *slice;
    int shard;                      /* V2: which data file, where in it */
    uint64_t offset, size;
    uint32_t crc;
};

struct shard { int id; struct file_in file; struct shard *next; };

struct checkpoint {
    struct arena arena;
    char *prefix;
    struct saved *entry, *part;     /* sorted by name */
    size_t n, n_parts;
    int n_shards;
    bool replaced;                  /* V2: see bundle_out.c */
    struct shard *shard;            /* those opened so far */
    struct table **table;           /* V1's files */
    size_t n_tables;
    pthread_mutex_t lock;           /* on shard, and on the tables */
};

/* `prefix` is a V2 checkpoint's, or a V1 one's file (or a pattern of its files). NOT_FOUND if
 * there is neither. */
MUST_CHECK struct status *checkpoint_open(const char *prefix, struct checkpoint **c);
void checkpoint_free(struct checkpoint *c);     /* NULL is fine */
bool checkpoint_exists(const char *prefix);     /* something that could be opened */

const struct saved *checkpoint_find(const struct checkpoint *c, struct piece name);
MUST_CHECK struct status *checkpoint_no_key(struct piece name); /* "Key x not found..." */

/* The value, or a slice of it (NULL: all); memory is from `pool`. At most `threads` read (0: as
 * many as there are). */
MUST_CHECK struct status *checkpoint_read(struct checkpoint *c, const struct saved *e,
                                          const struct slice *want, struct buffer_pool *pool,
                                          int threads, struct tensor *t);

/* ---- how either version does it ---- */

MUST_CHECK struct status *bundle_open(struct checkpoint *c);
MUST_CHECK struct status *bundle_read(struct checkpoint *c, const struct saved *e,
                                      struct buffer_pool *pool, int threads, struct tensor *t);
bool bundle_exists(const char *prefix);

MUST_CHECK struct status *slices_open(struct checkpoint *c);
MUST_CHECK struct status *slices_read(struct checkpoint *c, const struct saved *e,
                                      const struct slice *s, struct buffer_pool *pool,
                                      struct tensor *t);
bool slices_exist(const char *pattern);

/* For those: what a message says of a shape; UNIMPLEMENTED if values of the type are not stored. */
MUST_CHECK struct status *saved_shape(const Wire__TensorShapeProto *m, struct shape *s);
MUST_CHECK struct status *saved_dtype(const char *path, const struct saved *e);
struct saved *saved_grow(struct arena *a, struct saved *old, size_t n, size_t *room);
int saved_compare(const void *a, const void *b);        /* for qsort(): by name */

#endif
