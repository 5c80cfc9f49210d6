/* variable.h - what the ops that read and write variables share: finding the variable that an
 * input names, by reference or by handle, and holding its lock while a kernel looks at it. */
#ifndef OPS_VARIABLE_H
#define OPS_VARIABLE_H

#include "graph/graph.h"
#include "op/kernel.h"
#include "ops/array.h"

/* Where a handle comes from, behind what merely passes it on. */
struct out variable_handle(struct out o);

/* The shape declared for the variable that input i names; of unknown rank where that cannot be
 * known. Through a handle its dtype must be `dtype`: "Trying to read variable with wrong dtype.
 * Expected float got int32". */
MUST_CHECK struct status *variable_shape_in(struct shape_ctx *c, int i, enum dtype dtype,
                                            struct shape *s);

/* Borrowed; not locked. */
MUST_CHECK struct status *variable_in(const struct kernel *k, int i, struct variable **v);

/* The variable, locked, of input i holds a value of this dtype: C9 or C11 otherwise. */
MUST_CHECK struct status *variable_check(const struct kernel *k, int i, const struct variable *v,
                                         enum dtype dtype);

/* Lock the variable of input 0 and check it; variable_end() always follows. `write`: its value may
 * then be written in place. */
MUST_CHECK struct status *variable_begin(struct kernel *k, enum dtype dtype, bool write,
                                         struct variable **v);
/* Unlock; if nothing failed, a reference to the variable becomes the output of an op on refs. */
MUST_CHECK struct status *variable_end(struct kernel *k, struct variable *v, struct status *st);

/* Where the i-th of so many indices stands, as TensorFlow says it: "indices[0,1]". */
enum { INDEX_TEXT = 16 + 24 * MAX_RANK };
const char *variable_index_text(const struct shape *indices, int64_t i, char text[INDEX_TEXT]);

#endif
