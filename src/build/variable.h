/* variable.h - the nodes that make a variable, and its initialization. */
#ifndef BUILD_VARIABLE_H
#define BUILD_VARIABLE_H

#include "build/scope.h"

struct variable_nodes {
    struct out ref;             /* VariableV2's reference, or VarHandleOp's handle */
    struct out value;           /* `v/read`, or `v/Read/ReadVariableOp` */
    struct node *initializer;   /* `v/Assign` */
};

enum { VARIABLE_NOT_TRAINABLE = 1, VARIABLE_RESOURCE = 2, VARIABLE_LOCAL = 4 };

/* C7; the initial value exists already. Errors stick, and then nodes are NULL. */
struct variable_nodes build_variable(struct graph *g, const char *name, struct out initial,
                                     unsigned flags);

/* The parts of a variable made by build_variable(), found by its first node. */
struct variable_nodes variable_of(struct out ref);
bool variable_is_resource(const struct variable_nodes *v);
enum dtype variable_dtype(const struct variable_nodes *v);
const struct shape *variable_shape(const struct variable_nodes *v);

/* "init": runs the initializers of all variables so far (C8). */
struct node *build_initializer(struct graph *g);

/* A NoOp after all of them (E5); `name` as in build_args. */
struct node *build_group(struct graph *g, struct node *const *nodes, int n, const char *name);

/* v = value, v += value, v -= value: what a read after it gives. */
struct out build_update(const char *ref_op, const char *resource_op, struct variable_nodes v,
                        struct out value);

#endif
