/* known.c - ops that are known by their signature alone: a graph may hold them, and a run that
 * needs one says that there is no kernel, unless it is the call of a function. They are those that
 * real files hold. An op that gets a row in a family loses its line here: the audit sees to it. */
#include "ops/known.h"

#define KNOWN(op, in, out, attributes, bits) \
    { .name = op, .inputs = in, .outputs = out, .attrs = attributes, .flags = bits }

const struct op ops_known[] = {
    KNOWN("DisableCopyOnRead", "resource: resource", "", "", OP_STATEFUL),
    KNOWN("For", "start: int32, limit: int32, delta: int32, input: T", "output: T",
          "T: list(type) >= 0; body: func", 0),
    KNOWN("If", "cond: Tcond, input: Tin", "output: Tout",
          "Tcond: type; Tin: list(type) >= 0; Tout: list(type) >= 0; then_branch: func; "
          "else_branch: func", OP_STATEFUL),
    KNOWN("PartitionedCall", "args: Tin", "output: Tout",
          "Tin: list(type) >= 0; Tout: list(type) >= 0; f: func", OP_CALL),
    KNOWN("RemoteCall", "target: string, args: Tin", "output: Tout",
          "Tin: list(type) >= 1; Tout: list(type) >= 1; f: func", OP_STATEFUL),
    KNOWN("StatefulPartitionedCall", "args: Tin", "output: Tout",
          "Tin: list(type) >= 0; Tout: list(type) >= 0; f: func", OP_STATEFUL | OP_CALL),
    KNOWN("StatelessIf", "cond: Tcond, input: Tin", "output: Tout",
          "Tcond: type; Tin: list(type) >= 0; Tout: list(type) >= 0; then_branch: func; "
          "else_branch: func", 0),
    KNOWN("StatelessWhile", "input: T", "output: T", "T: list(type) >= 0; cond: func; body: func",
          0),
    KNOWN("SymbolicGradient", "input: Tin", "output: Tout",
          "Tin: list(type) >= 1; Tout: list(type) >= 1; f: func", 0),
    KNOWN("While", "input: T", "output: T", "T: list(type) >= 0; cond: func; body: func",
          OP_STATEFUL),
    { 0 }
};
