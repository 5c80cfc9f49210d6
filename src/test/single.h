/* single.h - one node of a GraphDef run alone, on given inputs. */
#ifndef TEST_SINGLE_H
#define TEST_SINGLE_H

#include "graph/proto.h"

enum { SINGLE_MOST = 128 };             /* inputs or outputs */

/* Builds a graph of `def` alone; each input is fed through a placeholder of unknown shape (a
 * reference: held by a variable). Inputs recorded in another type than the op declares are
 * converted. Outputs are the caller's to unref; *n_out counts them. */
MUST_CHECK struct status *single_run(const Wire__NodeDef *def, const struct tensor *in, int n_in,
                                     struct tensor *out, int *n_out);

int node_data_inputs(const Wire__NodeDef *def);    /* its inputs without the control ones */

/* `from` (a reference) or a conversion of it, of dtype `t` where both are numbers. */
MUST_CHECK struct status *tensor_as(const struct tensor *from, enum dtype t, struct tensor *to);

#endif
