/* build.c - weft.h: adding nodes, constants, variables, gradients. */
#include "api/attr.h"
#include "base/arena.h"
#include "base/mem.h"

struct attr_set { const struct weft_attr *at; int n; };

static struct status *take_attrs(struct given *b, struct attr_set own, struct attr_set more)
{
    int n = own.n + more.n;
    if (!n)
        return NULL;
    NEED(b->attr = arena_array(&b->tmp, struct attr, n));
    NEED(b->after = arena_array(&b->tmp, struct node *, n));
    for (int i = 0; i < own.n; i++)
        TRY(given_take(b, &own.at[i]));
    for (int i = 0; i < more.n; i++)
        TRY(given_take(b, &more.at[i]));
    return NULL;
}

/* ---- nodes ---- */

static struct out op_built(struct graph *g, const char *op, const struct out *in, int n_in,
                           struct attr_set own, struct attr_set more)
{
    struct given b = { 0 };
    struct out o = { 0 };
    struct status *st = api_ready();
    if (!st)
        st = take_attrs(&b, own, more);
    if (!st)
        o = build_node(g, &(struct build_args){
            .op = op, .name = b.name, .in = in, .n_in = n_in, .attr = b.attr, .n_attr = b.n_attr,
            .after = b.after, .n_after = b.n_after, .device = b.device });
    else
        build_fail(build_graph(g, in, n_in), st);
    arena_free(&b.tmp);
    return o;
}

struct weft_out weft_op(struct weft_graph *g, const char *op, const struct weft_out *inputs,
                        int n_inputs, const struct weft_attr *attrs, int n_attrs)
{
    return out_out(op_built(graph_in(g), op, outs_in(inputs), n_inputs,
                            (struct attr_set){ attrs, n_attrs }, (struct attr_set){ 0 }));
}

struct weft_out weft_op_built(struct weft_graph *g, const char *op, const struct weft_out *inputs,
                              int n_inputs, const struct weft_list *lists, int n_lists,
                              const struct weft_attr *own, int n_own,
                              const struct weft_attr *attrs, int n_attrs)
{
    struct arena tmp = { 0 };
    struct out *joined = NULL;
    int n = n_inputs;
    for (int i = 0; i < n_lists; i++)
        n += lists[i].n;
    if (n_lists && !(joined = arena_array(&tmp, struct out, n))) {
        build_fail(build_graph(graph_in(g), NULL, 0), status_no_memory());
        return (struct weft_out){ 0 };
    }
    for (int i = 0, at = 0; i < n_lists; i++)
        for (int k = 0; k < lists[i].n; k++)
            joined[at++] = out_in(lists[i].outs[k]);
    struct out o = op_built(graph_in(g), op, joined ? joined : outs_in(inputs), n,
                            (struct attr_set){ own, n_own }, (struct attr_set){ attrs, n_attrs });
    arena_free(&tmp);
    return out_out(o);
}

struct weft_status *weft_node_new(struct weft_graph *g, const char *op, const char *name,
                                  const struct weft_out *inputs, int n_inputs,
                                  const struct weft_attr *attrs, int n_attrs,
                                  struct weft_node **result)
{
    struct given b = { 0 };
    struct node *n = NULL;
    struct status *st = api_ready();
    if (!st)
        st = take_attrs(&b, (struct attr_set){ attrs, n_attrs }, (struct attr_set){ 0 });
    if (!st)
        st = graph_add(graph_in(g), &(struct node_def){
            .op = op, .name = name, .device = b.device, .in = outs_in(inputs), .n_in = n_inputs,
            .attr = b.attr, .n_attr = b.n_attr, .control = b.after, .n_control = b.n_after }, &n);
    arena_free(&b.tmp);
    if (!st)
        *result = node_out(n);
    return status_out(st);
}

struct weft_node *weft_group(struct weft_graph *g, struct weft_node *const *nodes, int n,
                             const char *name)
{
    return node_out(build_group(graph_in(g), nodes_in(nodes), n, name));
}

/* ---- constants ---- */

static struct graph *ready_graph(struct weft_graph *g)
{
    struct status *st = api_ready();
    struct graph *graph = build_graph(graph_in(g), NULL, 0);
    if (graph)
        build_fail(graph, st);
    else
        status_free(st);
    return graph;
}

struct weft_out weft_const_named(struct weft_graph *g, const char *name,
                                 const struct weft_tensor *value)
{
    struct graph *graph = ready_graph(g);
    if (graph && !value)
        build_fail(graph, status_new(INVALID_ARGUMENT, "A constant has no value"));
    return out_out(graph && value ? build_const(graph, name, &value->t) : (struct out){ 0 });
}

struct weft_out weft_const(struct weft_graph *g, const struct weft_tensor *value)
{
    return weft_const_named(g, NULL, value);
}

struct weft_out weft_scalar(struct weft_graph *g, enum weft_dtype dtype, double value)
{
    return out_out(build_scalar(ready_graph(g), NULL, (enum dtype)dtype, value));
}

struct weft_out weft_vector(struct weft_graph *g, enum weft_dtype dtype, int n,
                            const double *values)
{
    struct weft_tensor *t = NULL;
    struct weft_status *st = weft_tensor_new(dtype, 1, &(int64_t){ n }, NULL, &t);
    struct graph *graph = ready_graph(g);
    if (st) {
        build_fail(graph, status_in(st));
        return (struct weft_out){ 0 };
    }
    for (int i = 0; i < n; i++)
        tensor_set_double(&t->t, i, values[i]);
    struct out o = build_const(graph, NULL, &t->t);
    weft_tensor_free(t);
    return out_out(o);
}

struct weft_out weft_text(struct weft_graph *g, const char *text)
{
    struct weft_tensor *t = weft_tensor_text(text, strlen(text));
    struct graph *graph = ready_graph(g);
    if (!t) {
        build_fail(graph, status_no_memory());
        return (struct weft_out){ 0 };
    }
    struct out o = build_const(graph, NULL, &t->t);
    weft_tensor_free(t);
    return out_out(o);
}

static struct shape shape_given(int rank, const int64_t *dims)
{
    struct shape s = { rank, { 0 } };       /* too large a rank is refused with the tensor */
    for (int i = 0; i < rank && i < MAX_RANK; i++)
        s.dim[i] = dims[i];
    return s;
}

struct weft_out weft_zeros(struct weft_graph *g, enum weft_dtype dtype, int rank,
                           const int64_t *dims)
{
    struct shape s = shape_given(rank, dims);
    return out_out(build_filled(ready_graph(g), "zeros", (enum dtype)dtype, &s, 0));
}

/* ---- random values: random * scale + shift, in TensorFlow's scopes ---- */

struct draw { const char *op, *scope, *scale, *shift; };

static struct out draw(struct weft_graph *wg, const struct draw *d, enum dtype t, int rank,
                       const int64_t *dims, double scale, double shift, int64_t seed)
{
    struct graph *g = ready_graph(wg);
    int64_t seed1, seed2;
    if (!g)
        return (struct out){ 0 };
    scope_name(g, d->scope);
    struct out shape = build_ints(g, "shape", DT_INT32, dims, rank);
    struct out by = build_scalar(g, d->scale, t, scale), to = build_scalar(g, d->shift, t, shift);
    graph_seed_pair(g, seed >= 0, seed, &seed1, &seed2);
    struct out drawn = build(g, d->op, NULL, &shape, 1,
                             ATTRS(attr_type("dtype", t), attr_int("seed", seed1),
                                   attr_int("seed2", seed2)));
    struct out scaled = build(g, "Mul", "mul", OUTS(drawn, by), NULL, 0);
    const char *prefix = scope_prefix(g);
    struct out o = build(g, "Add", *prefix ? prefix : NULL, OUTS(scaled, to), NULL, 0);
    scope_end(g);
    return o;
}

struct weft_out weft_uniform(struct weft_graph *g, enum weft_dtype dtype, int rank,
                             const int64_t *dims, double from, double below, int64_t seed)
{
    static const struct draw uniform = { "RandomUniform", "random_uniform", "range", "min" };
    return out_out(draw(g, &uniform, (enum dtype)dtype, rank, dims, below - from, from, seed));
}

struct weft_out weft_normal(struct weft_graph *g, enum weft_dtype dtype, int rank,
                            const int64_t *dims, double mean, double stddev, int64_t seed)
{
    static const struct draw normal = { "RandomStandardNormal", "random_normal", "stddev", "mean" };
    return out_out(draw(g, &normal, (enum dtype)dtype, rank, dims, stddev, mean, seed));
}

struct weft_out weft_normal_truncated(struct weft_graph *g, enum weft_dtype dtype, int rank,
                                      const int64_t *dims, double mean, double stddev,
                                      int64_t seed)
{
    static const struct draw truncated = { "TruncatedNormal", "truncated_normal", "stddev",
                                           "mean" };
    return out_out(draw(g, &truncated, (enum dtype)dtype, rank, dims, stddev, mean, seed));
}

/* ---- variables ---- */

struct weft_variable weft_variable_new(struct weft_graph *g, const char *name,
                                       struct weft_out initial, unsigned flags)
{
    return variable_out(build_variable(graph_in(g), name, out_in(initial), flags));
}

struct weft_node *weft_variables_initializer(struct weft_graph *g)
{
    return node_out(build_initializer(ready_graph(g)));
}

struct weft_out weft_variable_assign(struct weft_variable v, struct weft_out value)
{
    return out_out(build_update("Assign", "AssignVariableOp", variable_in(v), out_in(value)));
}

struct weft_out weft_variable_add(struct weft_variable v, struct weft_out delta)
{
    return out_out(build_update("AssignAdd", "AssignAddVariableOp", variable_in(v),
                                out_in(delta)));
}

struct weft_out weft_variable_sub(struct weft_variable v, struct weft_out delta)
{
    return out_out(build_update("AssignSub", "AssignSubVariableOp", variable_in(v),
                                out_in(delta)));
}

struct weft_variable weft_global_step(struct weft_graph *g)
{
    return variable_out(build_global_step(ready_graph(g)));
}

int weft_trainable_variables(struct weft_graph *g, struct weft_variable *vars, int most)
{
    struct graph *graph = build_graph(graph_in(g), NULL, 0);
    struct out *refs = mem_array(struct out, most > 0 ? most : 1);
    int n = graph ? graph_collection(graph, "trainable_variables", refs, refs ? most : 0) : 0;
    for (int i = 0; refs && i < n && i < most; i++)
        vars[i] = variable_out(variable_of(refs[i]));
    mem_free(refs);
    return n;
}
