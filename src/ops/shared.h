/* shared.h - resources that nodes of several plans and sessions share by name, and that old ops of
 * TensorFlow pass by reference: tables, queues, barriers, accumulators, readers.
 *
 * Each begins with a variable of two strings, its container and its name, which is the reference;
 * the variable's lock is the resource's. The newer ops (V2) pass a handle.
 */
#ifndef OPS_SHARED_H
#define OPS_SHARED_H

#include "graph/graph.h"
#include "op/kernel.h"

bool shared_init(struct variable *handle);          /* what a kind's init and release must do for */
void shared_release(struct variable *handle);       /* it: the lock, the strings */

/* For prepare(): the resource that attributes container, shared_name and use_node_name_sharing
 * name, or the node's own, which p->bound holds and p->state is. */
MUST_CHECK struct status *shared_prepare(struct prep *p, const struct resource_kind *kind,
                                         void *pointer_to_pointer);

/* The resource that attributes container and shared_name name; p->bound holds it. Without a name it
 * is called after the node or, if `own`, the node's alone. */
MUST_CHECK struct status *shared_bind(struct prep *p, const struct resource_kind *kind, bool own,
                                      struct resource **r);

/* What shared_name() gives from now on. */
MUST_CHECK struct status *shared_set_name(struct variable *handle, const char *container,
                                          const char *name);

/* Its name, as messages and references have it. */
const char *shared_name(const struct variable *handle);

/* A whole kernel: output 0 refers to the state (or is a handle: kernel_handle()). */
MUST_CHECK struct status *shared_ref(struct kernel *k);

/* The resource that input i refers to, or names by handle; borrowed. */
MUST_CHECK struct status *shared_in(const struct kernel *k, int i,
                                    const struct resource_kind *kind, void *pointer_to_pointer);

/* The same for shapes: output 0 is a reference; input i is a reference or a handle; a whole shape
 * function for ops whose outputs are scalars. */
MUST_CHECK struct status *shared_ref_shape(struct shape_ctx *c);
MUST_CHECK struct status *shared_check(struct shape_ctx *c, int i);
MUST_CHECK struct status *shared_scalars(struct shape_ctx *c);

/* A kind's two ops that make one, by reference and (V2) by handle. */
#define SHARED_MAKE(NAME, OUT, ATTRS, DOC, PREPARE)                                             \
    { .name = NAME, .outputs = OUT ": Ref(string)", .attrs = ATTRS, .doc = DOC,                 \
      .shape = shared_ref_shape, .grad = NO_GRADIENT, .prepare = PREPARE,                       \
      .kernel_any = shared_ref, .flags = OP_STATEFUL },                                         \
    { .name = NAME "V2", .outputs = OUT ": resource", .attrs = ATTRS, .doc = DOC,               \
      .shape = shape_scalar, .grad = NO_GRADIENT, .prepare = PREPARE,                           \
      .kernel_any = kernel_handle, .flags = OP_STATEFUL }

#endif
