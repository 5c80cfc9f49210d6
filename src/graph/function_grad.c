/* function_grad.c - gradients of functions: a call's is a SymbolicGradient of what it calls, which
 * runs the body of the function with the gradients of its ops behind it. */
#include "graph/function.h"
#include "graph/gradients.h"

#include <stdio.h>

/* ---- of a body ---- */

static struct status *add_node(struct body *b, const char *op, const char *name,
                               const struct out *in, const struct attr *attr, struct out *result)
{
    struct node *n;
    const char *unique = graph_unique_name(b->graph, name, true);
    NEED(unique);
    TRY(graph_add(b->graph, &(struct node_def){ .op = op, .name = unique, .in = in,
                                                .n_in = in ? 1 : 0, .attr = attr,
                                                .n_attr = attr ? 1 : 0 }, &n));
    *result = (struct out){ n, 0 };
    return NULL;
}

/* The arguments are followed by the gradients of the results. */
static struct status *add_args(struct body *b)
{
    int n = b->n_args;
    struct out *arg = arena_array(&b->graph->arena, struct out, n + b->n_results);
    NEED(arg);
    if (n)
        memcpy(arg, b->arg, (size_t)n * sizeof *arg);
    for (int i = 0; i < b->n_results; i++) {
        struct attr dtype = attr_type("dtype", out_dtype(b->result[i]));
        TRY(add_node(b, "Placeholder", "grad_ys", NULL, &dtype, &arg[n + i]));
        TRY(graph_set_shape(b->graph, arg[n + i], out_shape(b->result[i])));
    }
    b->arg = arg;
    b->n_args += b->n_results;
    return NULL;
}

enum { MOST_LOOKS = 100 };      /* into functions, each of which may call others, and these... */

static enum dtype dtype_in(const struct graph *g, struct out handle, int *looks);

/* As the function of a node that is given the handle as input k knows it. */
static enum dtype dtype_in_function(const struct node *n, int k, int *looks)
{
    struct body *b = NULL;
    struct status *st = NULL;
    if (--*looks < 0)
        return DT_INVALID;
    if (n->op->flags & OP_CALL)
        st = function_body(n, &b);
    for (int i = 0; i < n->n_attr && !b && !st; i++)
        if (n->attr[i].kind % ATTR_LIST == ATTR_FUNC)
            st = function_named(n, n->attr[i].funcs, &b);
    bool unknown = st || !b || b->busy;
    status_free(st);                    /* who runs the node will say it */
    int arg = unknown ? -1 : k - (n->n_in - b->n_args);
    if (arg < 0 || arg >= b->n_args || out_dtype(b->arg[arg]) != DT_RESOURCE)
        return DT_INVALID;
    b->busy = true;
    enum dtype t = dtype_in(b->graph, b->arg[arg], looks);
    b->busy = false;
    return t;
}

/* What those who read the variable say; DT_INVALID: nobody does. */
static enum dtype dtype_in(const struct graph *g, struct out handle, int *looks)
{
    enum dtype t = DT_INVALID;
    for (int i = 0; i < g->n && !t; i++)
        for (int k = 0; k < g->node[i]->n_in && !t; k++)
            if (g->node[i]->in[k].node == handle.node) {
                t = node_attr_type(g->node[i], "dtype");
                t = t ? t : dtype_in_function(g->node[i], k, looks);
            }
    return t;
}

/* The dtype of the variable that a handle names. */
static enum dtype variable_dtype(struct out handle)
{
    enum dtype t = node_attr_type(handle.node, "dtype");
    int looks = MOST_LOOKS;
    if (!t || t == DT_RESOURCE)
        t = dtype_in(handle.node->graph, handle, &looks);
    return t ? t : DT_FLOAT;
}

/* Nothing depends on the argument. */
static struct status *add_zeros(struct body *b, struct out x, struct out *dx)
{
    if (out_dtype(x) != DT_RESOURCE)
        return add_node(b, "ZerosLike", "zeros_like", &x, NULL, dx);
    struct attr dtype = attr_type("dtype", variable_dtype(x));
    TRY(add_node(b, "ReadVariableOp", "read", &x, &dtype, dx));
    return add_node(b, "ZerosLike", "zeros_like", dx, NULL, dx);
}

struct status *body_differentiate(struct body *b)
{
    int n = b->n_args;
    struct out *dx = arena_array(&b->graph->arena, struct out, n);
    NEED(dx);
    TRY(add_args(b));
    struct gradients q = { .y = b->result, .n_y = b->n_results, .x = b->arg, .n_x = n,
                           .grad_y = b->arg + n };
    TRY(graph_gradients(b->graph, &q, dx, NULL));
    for (int i = 0; i < n; i++)
        if (!dx[i].node)
            TRY(add_zeros(b, b->arg[i], &dx[i]));
        else if (body_has_arg(b, dx[i]))
            TRY(add_node(b, "Identity", "grad", &dx[i], NULL, &dx[i]));
    b->result = dx;
    b->n_results = n;
    b->n_targets = 0;                   /* TF: what the function does was done by its call */
    return NULL;
}

/* ---- of a call ---- */

enum dtype function_gradient_dtype(struct out x)
{
    return out_dtype(x) != DT_RESOURCE ? out_dtype(x) : variable_dtype(x);
}

void function_grad_inputs(struct grad *g, struct out *to)
{
    for (int i = 0; i < g->n_in; i++)
        to[i] = g->x[i];
    for (int i = 0; i < g->n_out; i++)
        to[g->n_in + i] = g->dy[i].node ? g->dy[i]
                        : grad_add_named(g, "ZerosLike", "zeros_like", &g->y[i], 1, NULL, 0);
}

void function_grad_outputs(struct grad *g, struct out from, int first)
{
    for (int i = first; i < g->n_in; i++) {
        enum dtype t = out_dtype(g->x[i]);
        if (dtype_is_floating(t) || dtype_is_complex(t) || t == DT_RESOURCE)
            g->dx[i] = out_at(from, from.index + i - first);
    }
}

static void symbolic(struct grad *g, struct arena *tmp, const struct func *f)
{
    struct out *in = arena_array(tmp, struct out, g->n_in + g->n_out);
    int64_t *types = arena_array(tmp, int64_t, g->n_in);
    if (!in || !types) {
        g->st = status_no_memory();
        return;
    }
    function_grad_inputs(g, in);
    for (int i = 0; i < g->n_in; i++)
        types[i] = function_gradient_dtype(g->x[i]);
    struct attr attr[] = { attr_types("Tout", types, g->n_in),
                           { "f", ATTR_FUNC, { .funcs = f }, 0 } };
    function_grad_outputs(g, grad_add(g, "SymbolicGradient", in, g->n_in + g->n_out, attr, 2), 0);
}

void function_grad(struct grad *g)
{
    struct arena tmp = { 0 };
    const struct node *n = g->node;
    struct func by_name = { { n->op->name, strlen(n->op->name) }, n->attr, op_sig(n->op)->n_attr };
    const struct func *f = &by_name;
    if (!library_find(n->graph, n->op->name))
        f = node_attr_find(n, "f")->funcs;
    if (g->n_in && !g->st)
        symbolic(g, &tmp, f);
    arena_free(&tmp);
}
