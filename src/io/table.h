/* table.h - a sorted table of keys and values in a file, as LevelDB and TensorFlow have it.
 *
 * Blocks of entries, each key without what it shares with the one before; whole keys every 16
 * entries. An index block says where each block lies and up to which key it goes; a footer says
 * where the index lies. Every block has its CRC32C, which is checked whenever it is read. Damage
 * is DATA_LOSS. One thread at a time uses a table or a cursor.
 */
#ifndef IO_TABLE_H
#define IO_TABLE_H

#include "io/file.h"
#include "io/piece.h"

/* ---- reading ---- */

struct table;

MUST_CHECK struct status *table_open(const char *path, struct table **t);
void table_free(struct table *t);               /* NULL is fine */
const char *table_path(const struct table *t);
uint64_t table_bytes(const struct table *t);    /* the file's size */

/* A place in the table. Key and value are good until it moves. Release it before the table. */
struct table_cursor {
    struct table *table;
    size_t block;                   /* which one comes next */
    char *bytes;                    /* the block it is in */
    struct piece rest;              /* what is left of it */
    struct str text;                /* the key's */
    struct piece key, value;
    bool valid;                     /* false: past the end */
};

MUST_CHECK struct status *table_first(struct table_cursor *c, struct table *t);
MUST_CHECK struct status *table_next(struct table_cursor *c);
/* To the first entry whose key is not less; *c is zeroed or was in the same table. */
MUST_CHECK struct status *table_seek(struct table_cursor *c, struct table *t, struct piece key);
void table_cursor_release(struct table_cursor *c);

/* ---- writing ---- */

struct table_out {
    struct file_out *file;
    struct str block, restarts;     /* entries, and where those with whole keys begin */
    struct str index, index_restarts, footer;
    struct str last, waiting;       /* the key before; place of a block not yet in the index */
    int since;                      /* entries since a whole key */
};

/* Keys come in ascending order. Nothing of the file is synced. */
void table_begin(struct table_out *t, struct file_out *file);
MUST_CHECK struct status *table_add(struct table_out *t, struct piece key, struct piece value);
MUST_CHECK struct status *table_end(struct table_out *t);
void table_out_release(struct table_out *t);

#endif
