/* known.c - ops that are known by their signature alone: a graph may hold them, and a run that
 * needs one says that there is no kernel. They are those that real files hold. An op that gets a
 * row in a family loses its line here: the audit sees to it. */
#include "ops/known.h"

#define KNOWN(op, in, out, attributes, bits) \
    { .name = op, .inputs = in, .outputs = out, .attrs = attributes, .flags = bits }

const struct op ops_known[] = {
    KNOWN("DisableCopyOnRead", "resource: resource", "", "", OP_STATEFUL),
    KNOWN("LMDBReader", "", "reader_handle: Ref(string)",
          "container: string = \"\"; shared_name: string = \"\"", OP_STATEFUL),
    { 0 }
};
