/* example.h - serialized Examples: where in their bytes the wanted features lie, and tensors of
 * them.
 *
 * A cell is one feature of one example (or of one step of a sequence): the bytes of its list,
 * checked and counted. A column is what is wanted of a name; its cells stand below each other, so
 * that all its sizes are known before anything is allocated, and each value is copied once.
 * Nothing here owns anything but `struct columns`, which columns_release() ends.
 */
#ifndef OPS_EXAMPLE_H
#define OPS_EXAMPLE_H

#include "base/map.h"
#include "graph/graph.h"
#include "op/kernel.h"

struct bytes { const uint8_t *at, *end; };

/* One field of a message: its number, its wire type, and its bytes or (VARINT) its value. */
struct wire_field {
    uint32_t number;
    enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 } type;
    struct bytes in;
    uint64_t value;
};
bool wire_varint(struct bytes *b, uint64_t *v);
bool wire_next(struct bytes *b, struct wire_field *f);  /* false: malformed; b is not empty */

struct tstring;
/* "Could not parse example input, value: '...'", as much of it as tells. */
MUST_CHECK struct status *example_refuse(const struct tstring *s);

struct cell {
    struct bytes in;            /* of the list */
    int64_t n;                  /* values; -1: what is there cannot be parsed */
    enum dtype dtype;           /* DT_FLOAT, DT_INT64, DT_STRING; DT_INVALID: no such feature */
};

/* The feature in these bytes. */
void cell_read(struct bytes feature, struct cell *c);
/* Its values to elements [at, at + n) of t, which is of its dtype. */
MUST_CHECK struct status *cell_put(const struct cell *c, struct tensor *t, int64_t at);

enum form { FORM_SPARSE, FORM_DENSE, FORM_RAGGED };

struct column {
    const char *key;
    enum form form;
    enum dtype dtype, splits;           /* `splits`: of FORM_RAGGED */
    struct shape shape;                 /* FORM_DENSE: of one cell; dim[0] -1: as long as need be */
    const struct tensor *fallback;      /* FORM_DENSE: what is there where no feature is; or NULL */
    int out[3];                         /* outputs: sparse indices, values, shape; ragged values,
                                         * splits; a dense one's first */
};

struct columns {
    int n;
    struct column *at;                  /* the kernel's */
    struct map index;                   /* by key, to the column */
};

MUST_CHECK struct status *columns_new(struct kernel *k, int n, struct columns *c);
MUST_CHECK struct status *columns_find(struct columns *c);      /* keys are there: index them */
void columns_release(struct columns *c);

/* Calls fn for each entry of a map<string, message> field (Features, FeatureLists); of entries with
 * one key the last one counts. False: malformed, or fn said so. */
bool entries_read(struct bytes map, const struct columns *c,
                  bool (*fn)(void *ctx, int column, struct bytes value), void *ctx);

/* One row of cells, of the Features message in these bytes. */
bool features_read(struct bytes features, const struct columns *c, struct cell *row);

/* The elements of one cell of a dense column, of which dim[0] may be unknown: of one step then. */
int64_t column_step(const struct column *c);

/* Does a cell fit its column? `who` precedes the complaint: "Name: x, Key: k, Index: 0.  ". */
MUST_CHECK struct status *cell_check(const struct column *c, const struct cell *cell,
                                     const char *who);

/* The outputs of a column whose cells are cell[0], cell[stride]... `outer` is [] for one cell, [n]
 * for n cells, [n, most] for n rows of at most that many, the others empty. */
struct cells {
    const struct cell *cell;
    int64_t stride;
    struct shape outer;
};
MUST_CHECK struct status *column_put(struct kernel *k, const struct column *c,
                                     const struct cells *cells);

/* ---- shapes ---- */

/* dense_shapes: every rank is known, and every size but the first. */
MUST_CHECK struct status *dense_shapes_check(const struct node *n, const char *attr);
/* `outer` and then `inner`. */
MUST_CHECK struct status *shape_nested(const struct shape *outer, const struct shape *inner,
                                       struct shape *s);

#endif
