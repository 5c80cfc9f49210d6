/* eval.c - values that are known before a run.
 *
 * Shape functions ask for them (the new shape of a Reshape, the axes of a Sum). A value is known
 * if it is a constant, if stateless ops compute it from known values, or if it follows from
 * shapes alone (op->partial). The search is bounded, so that building a graph stays linear.
 */
#include "base/arena.h"
#include "graph/graph.h"
#include "op/kernel.h"

enum { LARGEST_VALUE = 4096 };          /* elements; larger ones are never computed here */

struct kept_value { struct kept_value *next; struct tensor value; };

void kept_values_free(struct kept_value *v)
{
    for (; v; v = v->next)
        tensor_unref(&v->value);        /* the list itself is the graph's arena's */
}

static struct shape_ctx ctx_of(struct out o, const struct shape **in, int *budget)
{
    const struct node *n = o.node;
    for (int i = 0; i < n->n_in; i++)
        in[i] = n->in[i].node->shape[n->in[i].index];
    return (struct shape_ctx){ n, n->n_in, n->n_out, in, NULL, budget, o.index };
}

/* ---- running a kernel outside any plan ---- */

struct status *node_compute(const struct node *n, const struct tensor *in, struct tensor *out)
{
    struct arena tmp = { 0 };
    struct prep p = { .node = n, .name = n->name, .arena = &tmp, .run = node_kernel(n) };
    struct run_env env = { .threads = 1 };
    int *index = arena_array(&tmp, int, n->n_in + 1);
    struct status *st = index ? NULL : status_no_memory();
    for (int i = 0; i < n->n_in && !st; i++)
        index[i] = i;
    if (!st && n->op->prepare)
        st = n->op->prepare(&p);
    if (!st && !p.run)
        st = status_new(UNIMPLEMENTED, "No kernel for op '%s'", n->op->name);
    for (int i = 0; i < n->n_out; i++)
        out[i].buf = NULL;
    struct kernel k = { .slot = (struct tensor *)in, .to = out, .in = index, .n_in = n->n_in,
                        .state = p.state, .node = n, .env = &env };
    if (!st)
        st = p.run(&k);
    for (int i = 0; i < n->n_out && st; i++)
        tensor_unref(&out[i]);
    run_env_tidy(&env);
    arena_free(&tmp);
    return status_at_node(st, n->name);
}

/* ---- constants ---- */

static bool may_compute(const struct node *n)
{
    const unsigned never = OP_STATEFUL | OP_EXPENSIVE | OP_HOST | OP_FED | OP_SWITCH | OP_MERGE |
                           OP_ENTER | OP_EXIT | OP_NEXT | OP_UNINITIALIZED | OP_BLOCKING;
    if (n->op->flags & never || n->ref || n->n_control)
        return false;
    for (int i = 0; i < n->n_in; i++)
        if (out_is_ref(n->in[i]))
            return false;
    for (int i = 0; i < n->n_out; i++) {
        const struct shape *s = n->shape[i];
        if (shape_is_known(s) && shape_count(s) > LARGEST_VALUE)
            return false;
    }
    return true;
}

static bool compute(struct out o, int *budget, struct tensor *value)
{
    const struct node *n = o.node;
    struct arena tmp = { 0 };
    struct tensor *in = arena_array(&tmp, struct tensor, n->n_in + n->n_out);
    struct tensor *out = in ? in + n->n_in : NULL;
    bool known = in != NULL;
    for (int i = 0; i < n->n_in && known; i++)
        known = graph_constant(n->in[i], budget, &in[i]);
    if (known) {
        struct status *st = node_compute(n, in, out);
        known = !st;            /* what fails now will say so when it is run */
        status_free(st);
    }
    if (known) {
        *value = tensor_ref(&out[o.index]);
        for (int i = 0; i < n->n_out; i++)
            tensor_unref(&out[i]);
    }
    for (int i = 0; in && i < n->n_in; i++)
        tensor_unref(&in[i]);
    arena_free(&tmp);
    return known;
}

static bool tensor_of_shape(const struct node *n, const struct shape *s, struct tensor *value)
{
    bool scalar = n->shape[0]->rank == 0;       /* if not, rank 0 is a vector of nothing */
    struct shape dims = { scalar ? 0 : 1, { s->rank } };
    int count = scalar ? 1 : s->rank;
    struct status *st = tensor_new(value, NULL, n->dtype[0], &dims);
    for (int i = 0; i < count && !st; i++)
        tensor_set_double(value, i, (double)s->dim[i]);
    status_free(st);
    return !st;
}

/* Of a shape that denotes a scalar (rank 0) the value stands in dim[0]. */
static bool partial_known(const struct node *n, const struct shape *s)
{
    if (n->shape[0]->rank == 0)
        return s->dim[0] >= 0;
    return shape_is_known(s) && (s->rank > 0 || n->shape[0]->rank == 1);
}

static bool from_shapes(struct out o, int *budget, struct tensor *value)
{
    const struct shape *in[MAX_RANK];
    struct shape s = SHAPE_UNKNOWN;
    if (!o.node->op->partial || o.node->n_in > MAX_RANK)
        return false;
    struct shape_ctx c = ctx_of(o, in, budget);
    return o.node->op->partial(&c, &s) && partial_known(o.node, &s) &&
           tensor_of_shape(o.node, &s, value);
}

bool graph_constant(struct out o, int *budget, struct tensor *value)
{
    if (o.node->op->flags & OP_CONSTANT) {
        *value = tensor_ref(node_attr_tensor(o.node, "value"));
        return true;
    }
    if (!may_compute(o.node) || --*budget < 0)
        return false;
    return from_shapes(o, budget, value) || (o.node->n_in && compute(o, budget, value));
}

/* ---- for shape functions ---- */

const struct tensor *shape_in_value(struct shape_ctx *c, int i)
{
    struct out o = c->node->in[i];
    struct graph *g = o.node->graph;
    struct tensor value;
    if (o.node->op->flags & OP_CONSTANT)
        return node_attr_tensor(o.node, "value");
    if (!graph_constant(o, c->budget, &value))
        return NULL;
    struct kept_value *kept = arena_new(&g->arena, struct kept_value);
    if (!kept) {
        tensor_unref(&value);
        return NULL;
    }
    *kept = (struct kept_value){ g->values, value };
    g->values = kept;
    return &kept->value;
}

static bool in_partial(struct shape_ctx *c, int i, struct shape *s)
{
    struct out o = c->node->in[i];
    const struct shape *in[MAX_RANK];
    if (!o.node->op->partial || o.node->n_in > MAX_RANK || --*c->budget < 0)
        return false;
    struct shape_ctx inner = ctx_of(o, in, c->budget);
    return o.node->op->partial(&inner, s);
}

static struct status *shape_of_value(const struct tensor *v, struct shape *s)
{
    TRY(shape_want_rank(&v->shape, 1));
    ENSURE(v->shape.dim[0] <= MAX_RANK, "Shape of rank %lld: expected at most %d dimensions",
           (long long)v->shape.dim[0], MAX_RANK);
    s->rank = (int)v->shape.dim[0];
    for (int k = 0; k < s->rank; k++) {
        s->dim[k] = tensor_int(v, k);
        ENSURE(s->dim[k] >= -1, "Dimension size, given by scalar input %d, must be non-negative "
               "but is %lld", k, (long long)s->dim[k]);
    }
    return NULL;
}

struct status *shape_in_shape(struct shape_ctx *c, int i, struct shape *s)
{
    const struct shape *of = shape_in(c, i);
    TRY(shape_want_rank(of, 1));
    const struct tensor *v = shape_in_value(c, i);
    if (v)
        return shape_of_value(v, s);
    if (in_partial(c, i, s))
        return NULL;
    *s = SHAPE_UNKNOWN;
    if (of->rank == 1 && of->dim[0] >= 0) {
        ENSURE(of->dim[0] <= MAX_RANK, "Shape of rank %lld: expected at most %d dimensions",
               (long long)of->dim[0], MAX_RANK);
        s->rank = (int)of->dim[0];
        for (int k = 0; k < s->rank; k++)
            s->dim[k] = -1;
    }
    return NULL;
}

/* As a shape function of a node with this one input would be told. */
struct status *graph_constant_shape(struct out o, struct shape *s)
{
    int budget = VALUE_BUDGET;
    struct node reader = { .graph = o.node->graph, .in = &o, .n_in = 1 };
    struct shape_ctx c = { &reader, 1, 0, &o.node->shape[o.index], NULL, &budget, 0 };
    return shape_in_shape(&c, 0, s);
}

struct status *shape_in_size(struct shape_ctx *c, int i, int64_t *size)
{
    struct shape s = SHAPE_UNKNOWN;
    TRY(shape_want_rank(shape_in(c, i), 0));
    const struct tensor *v = shape_in_value(c, i);
    *size = -1;
    if (v) {
        TRY(shape_want_rank(&v->shape, 0));
        *size = tensor_int(v, 0);
    } else if (in_partial(c, i, &s) && s.rank == 0) {
        *size = s.dim[0];
    }
    return NULL;
}
