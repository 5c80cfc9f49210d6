/* graph.c - weft.h: graphs, scopes, nodes. */
#include "api/api.h"

#include <stdlib.h>

/* What the ops' registration would say is said by the first node that is added. */
struct weft_graph *weft_graph_new(void)
{
    struct status *st = api_ready();
    status_free(st);
    return st ? NULL : graph_out(graph_new());
}

void weft_graph_free(struct weft_graph *g)
{
    if (g)
        build_forget(graph_in(g));
    graph_unref(graph_in(g));
}

struct weft_graph *weft_default_graph(void)
{
    struct status *st = api_ready();
    status_free(st);
    return st ? NULL : graph_out(default_graph());
}

struct weft_status *weft_graph_enter(struct weft_graph *g)
{
    return status_out(default_graph_enter(graph_in(g)));
}

struct weft_status *weft_graph_leave(struct weft_graph *g)
{
    return status_out(default_graph_leave(graph_in(g)));
}

struct weft_status *weft_reset_default_graph(void) { return status_out(default_graph_reset()); }

struct weft_status *weft_graph_error(struct weft_graph *g)
{
    return status_out(build_take_error(graph_in(g)));
}

void weft_graph_finalize(struct weft_graph *g) { graph_finalize(graph_in(g), true); }
void weft_graph_reopen(struct weft_graph *g) { graph_finalize(graph_in(g), false); }

bool weft_graph_is_finalized(struct weft_graph *g)
{
    struct graph *graph = graph_in(g);
    graph_lock(graph);
    bool finalized = graph->finalized;
    graph_unlock(graph);
    return finalized;
}

void weft_graph_set_seed(struct weft_graph *g, int64_t seed)
{
    struct graph *graph = graph_in(g);
    graph_lock(graph);
    graph->seed = seed;
    graph->has_seed = true;
    graph_unlock(graph);
}

int weft_graph_count(struct weft_graph *g)
{
    struct graph *graph = graph_in(g);
    graph_lock(graph);
    int n = graph->n;
    graph_unlock(graph);
    return n;
}

struct weft_node *weft_graph_node(struct weft_graph *g, int i)
{
    struct graph *graph = graph_in(g);
    graph_lock(graph);
    struct node *n = i >= 0 && i < graph->n ? graph->node[i] : NULL;
    graph_unlock(graph);
    return node_out(n);
}

struct weft_node *weft_graph_find(struct weft_graph *g, const char *name)
{
    return node_out(graph_find(graph_in(g), name));
}

struct weft_status *weft_graph_find_out(struct weft_graph *g, const char *name,
                                        struct weft_out *result)
{
    return status_out(graph_find_out(graph_in(g), name, (struct out *)result));
}

int weft_graph_ids(struct weft_graph *g)
{
    struct graph *graph = graph_in(g);
    graph_lock(graph);
    int ids = graph->ids_given;
    graph_unlock(graph);
    return ids;
}

int weft_graph_version(struct weft_graph *g)
{
    struct graph *graph = graph_in(g);
    graph_lock(graph);
    int version = graph->version;
    graph_unlock(graph);
    return version;
}

char *weft_graph_unique_name(struct weft_graph *g, const char *name, bool mark)
{
    const char *unique = graph_unique_name(graph_in(g), name, mark);
    return unique ? strdup(unique) : NULL;
}

void weft_collect(struct weft_graph *g, const char *key, struct weft_out item)
{
    build_fail(graph_in(g), graph_collect(graph_in(g), key, out_in(item)));
}

int weft_collection(struct weft_graph *g, const char *key, struct weft_out *items, int most)
{
    return graph_collection(graph_in(g), key, (struct out *)items, most);
}

/* ---- scopes ---- */

const char *weft_name_scope(struct weft_graph *g, const char *name)
{
    return scope_name(build_graph(graph_in(g), NULL, 0), name);
}

void weft_control_dependencies(struct weft_graph *g, struct weft_node *const *nodes, int n)
{
    scope_control(build_graph(graph_in(g), NULL, 0), nodes_in(nodes), n);
}

void weft_device(struct weft_graph *g, const char *device)
{
    scope_device(build_graph(graph_in(g), NULL, 0), device);
}

void weft_colocate_with(struct weft_graph *g, struct weft_node *node)
{
    scope_colocate(build_graph(graph_in(g), NULL, 0), node_in(node));
}

void weft_container(struct weft_graph *g, const char *container)
{
    scope_container(build_graph(graph_in(g), NULL, 0), container);
}

void weft_scope_end(struct weft_graph *g) { scope_end(build_graph(graph_in(g), NULL, 0)); }
const char *weft_current_scope(struct weft_graph *g)
{
    return scope_prefix(build_graph(graph_in(g), NULL, 0));
}

/* ---- nodes ---- */

int weft_node_id(const struct weft_node *n) { return node_in(n)->id; }
const char *weft_node_name(const struct weft_node *n) { return node_in(n)->name; }
const char *weft_node_op(const struct weft_node *n) { return node_in(n)->op->name; }
const char *weft_node_device(const struct weft_node *n) { return node_in(n)->device; }
struct weft_graph *weft_node_graph(const struct weft_node *n)
{
    return graph_out(node_in(n)->graph);
}

/* prepare() may choose the kernel; a function needs none. */
bool weft_node_can_run(const struct weft_node *n)
{
    const struct op *op = node_in(n)->op;
    return node_kernel(node_in(n)) || op->prepare || op->flags & OP_CALL;
}

int weft_node_inputs(const struct weft_node *n) { return node_in(n)->n_in; }
int weft_node_outputs(const struct weft_node *n) { return node_in(n)->n_out; }
int weft_node_controls(const struct weft_node *n) { return node_in(n)->n_control; }

struct weft_out weft_node_input(const struct weft_node *n, int i)
{
    struct out none = { 0 };
    return out_out(i >= 0 && i < node_in(n)->n_in ? node_in(n)->in[i] : none);
}

struct weft_node *weft_node_control(const struct weft_node *n, int i)
{
    return i >= 0 && i < node_in(n)->n_control ? node_out(node_in(n)->control[i]) : NULL;
}

/* ---- outputs ---- */

enum weft_dtype weft_out_dtype(struct weft_out o) { return (enum weft_dtype)out_dtype(out_in(o)); }
bool weft_out_is_ref(struct weft_out o) { return o.node && out_is_ref(out_in(o)); }

static int dims_out(const struct shape *s, int64_t *dims)
{
    for (int i = 0; i < s->rank; i++)
        dims[i] = s->dim[i];
    return s->rank;
}

int weft_out_shape(struct weft_out o, int64_t dims[WEFT_MAX_RANK])
{
    return dims_out(out_shape(out_in(o)), dims);
}

static struct status *set_shape(struct out o, int rank, const int64_t *dims)
{
    struct shape s = { rank < 0 ? -1 : rank, { 0 } };
    ENSURE(rank <= MAX_RANK, "Expected at most %d dimensions, got %d", MAX_RANK, rank);
    for (int i = 0; i < rank; i++)
        s.dim[i] = dims[i] < 0 ? -1 : dims[i];
    return graph_set_shape(o.node->graph, o, &s);
}

void weft_set_shape(struct weft_out o, int rank, const int64_t *dims)
{
    if (o.node)
        build_fail(node_in(o.node)->graph, set_shape(out_in(o), rank, dims));
}

struct weft_tensor *weft_out_value(struct weft_out o)
{
    struct tensor value;
    int budget = VALUE_BUDGET;
    if (!o.node)
        return NULL;
    struct graph *g = node_in(o.node)->graph;
    graph_lock(g);
    bool known = graph_constant(out_in(o), &budget, &value);
    graph_unlock(g);
    return known ? tensor_box(NULL, value) : NULL;
}

int weft_out_value_shape(struct weft_out o, int64_t dims[WEFT_MAX_RANK])
{
    struct shape s = SHAPE_UNKNOWN;
    struct graph *g = node_in(o.node)->graph;
    graph_lock(g);
    status_free(graph_constant_shape(out_in(o), &s));
    graph_unlock(g);
    return dims_out(&s, dims);
}
