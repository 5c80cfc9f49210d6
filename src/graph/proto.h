/* proto.h - shapes, tensors and attributes as the messages of wire/graph.proto, both ways. */
#ifndef GRAPH_PROTO_H
#define GRAPH_PROTO_H

#include "op/op.h"
#include "wire/graph.pb-c.h"
#include "wire/wire.h"

MUST_CHECK struct status *shape_from_proto(const Wire__TensorShapeProto *m, struct shape *s);
MUST_CHECK struct status *shape_to_proto(struct arena *a, const struct shape *s,
                                         Wire__TensorShapeProto **m);

/* Every form there is: raw content, typed fields whose last value is repeated, or nothing at all
 * (zeros). */
MUST_CHECK struct status *tensor_from_proto(const Wire__TensorProto *m, struct tensor *t);
/* One element goes to its typed field, more to the content. The message borrows from `t`. */
MUST_CHECK struct status *tensor_to_proto(struct arena *a, const struct tensor *t,
                                          Wire__TensorProto **m);
/* The same, but numbers are always its bytes (`tensor_content`), as ops that serialize want. */
MUST_CHECK struct status *tensor_to_content(struct arena *a, const struct tensor *t,
                                            Wire__TensorProto **to);

/* An empty list is of `kind` if that is a list's. Memory is the arena's; tensors hold references,
 * which attr_release() gives back, after a failure too. */
MUST_CHECK struct status *attr_from_proto(struct arena *a, const Wire__AttrValue *m,
                                          enum attr_kind kind, struct attr *to);
MUST_CHECK struct status *attr_to_proto(struct arena *a, const struct attr *from,
                                        Wire__AttrValue **m);

/* The signature alone, which a graph may hold nodes of. Memory is the arena's. */
MUST_CHECK struct status *op_from_proto(struct arena *a, const Wire__OpDef *m,
                                        const struct op **op);
/* A row without its descriptions. The message borrows from it. */
MUST_CHECK struct status *op_to_proto(struct arena *a, const struct op *op, Wire__OpDef **m);

#endif
