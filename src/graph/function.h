/* function.h - a function of the library as a graph of its own: its body.
 *
 * There is one body for each function and each set of attributes that it is given, made when it is
 * first asked for and kept in the library of the graph whose function it is. A body is no more than
 * a graph whose arguments are placeholders and whose results are outputs; it belongs to the library
 * and is looked at under the lock of that graph.
 */
#ifndef GRAPH_FUNCTION_H
#define GRAPH_FUNCTION_H

#include "graph/library.h"

struct body {
    struct graph *graph;
    const char *name;                   /* the function's */
    struct out *arg, *result;
    struct node **target;               /* what has to run besides: the stateful, control_ret */
    int n_args, n_results, n_targets;
    bool busy;                          /* for who walks through calls: this one is being walked */
    bool same;                          /* known: its results, computed anew, are the same */
};

/* Of the function that the node calls: its op, or what its first attribute of kind func names.
 * NOT_FOUND "Function f is not defined."; INVALID_ARGUMENT where the body cannot be made or does
 * not fit the node, or where it calls itself. */
MUST_CHECK struct status *function_body(const struct node *call, struct body **b);

/* Of the function of that name with these attributes, for a node that is given one. */
MUST_CHECK struct status *function_named(const struct node *n, const struct func *f,
                                         struct body **b);

/* The same for its gradient: (arguments, gradients of results) -> gradients of arguments. It is
 * what the library names as the gradient, else the body with its ops' gradients behind it. */
MUST_CHECK struct status *function_gradient(const struct node *n, const struct func *f,
                                            struct body **b);

/* Those of the body's results, as far as they are known there. */
MUST_CHECK struct status *function_shape(struct shape_ctx *c);

/* The gradient of a node that calls a function. */
void function_grad(struct grad *g);
/* For gradients of nodes that are given functions: their inputs are followed by what came for each
 * output, zeros where nothing did; what comes out is the gradient of input `first` and after. */
void function_grad_inputs(struct grad *g, struct out *to);
void function_grad_outputs(struct grad *g, struct out from, int first);
/* A graph to make a function in, which may call those that `g` has; the caller's. NULL: no
 * memory. */
struct graph *function_scratch(struct graph *g);
struct definition;
/* What `from` defines becomes a function that `g` has; its name, whole, is the library's. */
MUST_CHECK struct status *function_define(struct graph *g, struct graph *from,
                                          const struct definition *d, const char **name);
/* That of a variable, for its handle. */
enum dtype function_gradient_dtype(struct out x);
/* A body that nobody has seen yet becomes that of the gradient. */
MUST_CHECK struct status *body_differentiate(struct body *b);

bool body_has_arg(const struct body *b, struct out o);     /* is it one of the arguments? */

/* The bodies of `f` go. */
void function_forget(struct function *f);

#endif
