/* table.h - lookup tables: resources that map keys to values, found by hashing.
 *
 * A table begins with a variable of two strings, its container and its name: what TensorFlow's old
 * ops pass by reference as a handle. Its lock is the table's; functions here expect it to be held.
 */
#ifndef OPS_TABLE_H
#define OPS_TABLE_H

#include "op/kernel.h"

struct table {
    struct variable handle;
    enum dtype key, value;
    struct shape key_shape, value_shape;    /* of one key, of one value */
    bool is_static;                         /* filled once, by InitializeTable or Import */
    bool initialized;
    struct tensor empty_key, deleted_key;   /* of a dense table: no keys of entries */
    struct tensor keys, values;             /* [room] + key_shape, [room] + value_shape */
    int64_t n, room;
    uint32_t *slot;                         /* 2 * room of them: 1 + an entry's index, or 0 */
};

extern const struct resource_kind TABLE;

/* The table that input 0 refers to, or names by handle. */
MUST_CHECK struct status *table_in(struct kernel *k, struct table **t);

/* "Table not initialized." */
MUST_CHECK struct status *table_check(const struct table *t);

/* "Using the empty_key as a table key is not allowed", or the deleted_key. */
MUST_CHECK struct status *table_check_key(const struct table *t, const struct tensor *keys,
                                          int64_t i);

/* Are two tensors, each one key of this type and shape, the same? */
bool table_same_keys(const struct table *t, const struct tensor *a, const struct tensor *b);

/* The entry of key i of `keys`, or -1. */
int64_t table_find(const struct table *t, const struct tensor *keys, int64_t i);

/* Has key i of `keys` the value j of `values`? */
bool table_has(const struct table *t, const struct tensor *keys, int64_t i,
               const struct tensor *values, int64_t j);

/* Key i of `keys` gets value j of `values`; `replace` or else another value there is refused. */
MUST_CHECK struct status *table_put(struct table *t, const struct tensor *keys, int64_t i,
                                    const struct tensor *values, int64_t j, bool replace);
MUST_CHECK struct status *table_remove(struct table *t, const struct tensor *keys, int64_t i);
void table_empty(struct table *t);

#endif
