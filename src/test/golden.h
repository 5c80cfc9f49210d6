/* golden.h - the graphs of ../shared/golden: what TensorFlow made of them, and what is not compared
 * (../shared/golden/GOLDEN.md). */
#ifndef TEST_GOLDEN_H
#define TEST_GOLDEN_H

#include "graph/proto.h"
#include "test/npz.h"
#include "test/value.h"

struct golden {
    char name[256];
    struct arena arena;
    Wire__GraphDef *graph;
    struct npz *values;
};


MUST_CHECK struct status *golden_open(struct golden *g, const char *name);
void golden_close(struct golden *g);            /* after a failure, too */

const Wire__NodeDef *golden_node(const struct golden *g, const char *name);     /* NULL: none */

/* "scope/x" or "scope/x:1" to the key of that output: "scope|x:0". */
void golden_key(const char *input, int index, char *key, size_t size);

/* Is the op here, may it run, and outside of its graph? What switches leaves an output dead, and
 * handles name resources that others have made. */
bool golden_runs(const char *op);
bool golden_runs_alone(const char *op);

/* Values of random ops and the like are free; some recorded ones are not TensorFlow's. */
bool golden_has_values(const char *op);
bool golden_is_wrong(const char *op, const char *name);

/* NULL, or how the value of a node differs from the recorded one. `whole`: the graph that ran as a
 * whole, whose inexact values go on; NULL: the node ran alone, on recorded ones. */
MUST_CHECK struct status *golden_compare(const struct golden *whole, const Wire__NodeDef *def,
                                         const struct tensor *got, const struct tensor *want);

void tensors_unref(struct tensor *t, int n);

#endif
