/* import.h - what the files import*.c share: an import under way. */
#ifndef GRAPH_IMPORT_H
#define GRAPH_IMPORT_H

#include "graph/graphdef.h"
#include "graph/proto.h"

enum progress { UNSEEN, ENTERED, ADDED };

struct item;

/* What an input leads to: a node of the message, or what it is mapped to. */
struct source {
    struct item *item;
    struct out mapped;
    struct text arg;                    /* of a function's node: where index counts; or nothing */
    int index;
    bool control;
};

struct item {                           /* a node of the message */
    const Wire__NodeDef *def;
    struct source *source;              /* by input */
    const struct op *op;                /* NULL: nobody knows it */
    const char *name;                   /* that it gets in the graph */
    struct node *node;
    enum progress progress;
    size_t next;                        /* the input to be looked at */
    int n_out;                          /* of one that nobody knows: the outputs that are used */
    enum dtype *out;                    /* ... and their types; DT_INVALID: no reader says it */
};

struct loading {
    struct graph *graph;
    struct import *im;
    struct arena arena;                 /* the message and all that is made on the way */
    Wire__GraphDef *def;
    Wire__OpList *ops;                  /* as the writer knew them; NULL: not said */
    const char *prefix;                 /* with its '/'; or "" */
    struct item *item;                  /* one for each node of the message */
    struct map by_name, by_new_name;    /* of items: as the message has it, as the graph will */
    struct map maps;                    /* import_map by the node's name */
    struct map op_defs;                 /* of `ops`, by name */
    struct item **stack;                /* items entered and not yet added */
    size_t depth;
};

/* ---- import_ops.c ---- */

/* Every item's op, and whether it has the attributes of the node. NOT_FOUND: "Op type not
 * registered". */
MUST_CHECK struct status *find_ops(struct loading *l);
/* The outputs of the ops that nobody knows, from those who read them. */
MUST_CHECK struct status *find_outputs(struct loading *l);
/* Attributes of the node to be, without "_output_shapes"; room for all of the message's. */
MUST_CHECK struct status *convert_attrs(struct loading *l, const struct item *item,
                                        struct attr *attr, int *n);
/* An op of its own for an item that nobody knows, which takes what it is given. */
MUST_CHECK struct status *unknown_op(struct loading *l, const struct item *item,
                                     const struct node_def *d, const struct op **op);
/* Data input i is what the op expects. */
MUST_CHECK struct status *check_input(const struct item *item, int i, struct out in);
const Wire__AttrValue *attr_of(const Wire__NodeDef *def, const char *name);     /* NULL: none */

#endif
