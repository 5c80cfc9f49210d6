#include "build/variable.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>

/* "v" and "/Assign" to "v/Assign/", a name that is taken exactly (A7). */
static const char *part(struct graph *g, const char *name, const char *suffix)
{
    graph_lock(g);
    const char *text = arena_printf(&g->arena, "%s%s/", name, suffix);
    graph_unlock(g);
    if (!text)
        build_fail(g, status_no_memory());
    return text ? text : "";
}

static struct node *own_assign(struct graph *g, const char *name, struct out ref,
                               struct out initial, bool resource)
{
    struct build_args a = { .op = resource ? "AssignVariableOp" : "Assign",
                            .name = part(g, name, "/Assign"), .in = (struct out[]){ ref, initial },
                            .n_in = 2 };
    return build_node(g, &a).node;
}

/* TF: nobody reads it unless asked to; it counts among the nodes that seeds depend on (A57). */
static void own_check(struct graph *g, const char *name, struct out handle)
{
    struct build_args a = { .op = "VarIsInitializedOp", .in = &handle, .n_in = 1,
                            .name = part(g, name, "/IsInitialized/VarIsInitializedOp") };
    build_node(g, &a);
}

static struct out own_read(struct graph *g, const char *name, struct out ref, enum dtype t,
                           bool resource)
{
    struct attr dtype = attr_type("dtype", t);
    struct build_args a = { .op = resource ? "ReadVariableOp" : "Identity",
                            .name = part(g, name, resource ? "/Read/ReadVariableOp" : "/read"),
                            .in = &ref, .n_in = 1, .attr = &dtype, .n_attr = resource,
                            .colocate = resource ? NULL : ref.node };
    return build_node(g, &a);
}

static void collect(struct graph *g, struct out ref, unsigned flags)
{
    build_fail(g, graph_collect(g, flags & VARIABLE_LOCAL ? "local_variables" : "variables", ref));
    if (!(flags & (VARIABLE_LOCAL | VARIABLE_NOT_TRAINABLE)))
        build_fail(g, graph_collect(g, "trainable_variables", ref));
}

/* The name is made unique once, and the parts are named under it. */
static const char *variable_name(struct graph *g, const char *name)
{
    char full[512];
    int n = snprintf(full, sizeof full, "%s%s", scope_prefix(g), name ? name : "Variable");
    if (n >= (int)sizeof full) {
        build_fail(g, status_new(INVALID_ARGUMENT, "Name too long: '%.60s...'", full));
        return NULL;
    }
    const char *unique = graph_unique_name(g, full, true);
    if (!unique)
        build_fail(g, status_no_memory());
    return unique;
}

struct variable_nodes build_variable(struct graph *g, const char *name, struct out initial,
                                     unsigned flags)
{
    struct variable_nodes v = { 0 };
    bool resource = flags & VARIABLE_RESOURCE;
    g = build_graph(g, &initial, 1);
    if (!g || !initial.node || build_failed(g))
        return v;
    if (!shape_is_known(out_shape(initial)))
        build_fail(g, status_new(INVALID_ARGUMENT, "initial_value must have a shape specified: "
                                 "%s:%d", initial.node->name, initial.index));
    if (initial.node->context)          /* C15 */
        build_fail(g, status_new(INVALID_ARGUMENT, "Initializer for variable %s is from inside a "
                                 "control-flow construct, such as a loop or conditional.",
                                 name ? name : "Variable"));
    const char *full = build_failed(g) ? NULL : variable_name(g, name);
    if (!full)
        return v;
    scope_control(g, NULL, 0);          /* C16: a variable waits for nothing */
    enum dtype t = out_dtype(initial);
    v.ref = build(g, resource ? "VarHandleOp" : "VariableV2", part(g, full, ""), NULL, 0,
                  ATTRS(attr_type("dtype", t), attr_shape("shape", out_shape(initial)),
                        attr_string("shared_name", resource ? full : "")));
    if (v.ref.node && resource)
        own_check(g, full, v.ref);
    if (v.ref.node)
        v.initializer = own_assign(g, full, v.ref, initial, resource);
    if (v.initializer)
        v.value = own_read(g, full, v.ref, t, resource);
    scope_end(g);
    if (v.value.node)
        collect(g, v.ref, flags);
    return v.value.node ? v : (struct variable_nodes){ 0 };
}

static struct node *find_part(struct out ref, const char *suffix)
{
    struct str name = { 0 };
    str_printf(&name, "%s%s", ref.node->name, suffix);
    struct node *n = name.failed ? NULL : graph_find(ref.node->graph, str_text(&name));
    str_free(&name);
    return n;
}

bool variable_is_resource(const struct variable_nodes *v)
{
    return out_dtype(v->ref) == DT_RESOURCE;
}

struct variable_nodes variable_of(struct out ref)
{
    struct variable_nodes v = { .ref = ref };
    if (!ref.node)
        return v;
    v.initializer = find_part(ref, "/Assign");
    v.value.node = find_part(ref, variable_is_resource(&v) ? "/Read/ReadVariableOp" : "/read");
    return v;
}

enum dtype variable_dtype(const struct variable_nodes *v)
{
    return variable_is_resource(v) ? node_attr_type(v->ref.node, "dtype") : out_dtype(v->ref);
}

const struct shape *variable_shape(const struct variable_nodes *v)
{
    return node_attr_shape(v->ref.node, "shape");
}

/* ---- groups ---- */

struct node *build_group(struct graph *g, struct node *const *nodes, int n, const char *name)
{
    struct build_args a = { .op = "NoOp", .name = name ? name : "group_deps", .after = nodes,
                            .n_after = n };
    return build_node(g, &a).node;
}

static int initializers_of(struct graph *g, const char *key, struct node **list, int most)
{
    struct out *refs = mem_array(struct out, most + 1);
    int n = refs ? graph_collection(g, key, refs, most) : 0, found = 0;
    for (int i = 0; i < n && i < most; i++) {
        struct node *init = variable_of(refs[i]).initializer;
        if (init)
            list[found++] = init;
    }
    if (!refs)
        build_fail(g, status_no_memory());
    mem_free(refs);
    return found;
}

struct node *build_initializer(struct graph *g)
{
    g = build_graph(g, NULL, 0);
    if (!g)
        return NULL;
    int n = graph_collection(g, "variables", NULL, 0);
    int m = graph_collection(g, "local_variables", NULL, 0);
    struct node **list = mem_array(struct node *, n + m + 1), *init = NULL;
    if (!list) {
        build_fail(g, status_no_memory());
        return NULL;
    }
    int found = initializers_of(g, "variables", list, n);
    found += initializers_of(g, "local_variables", list + found, m);
    init = build_group(g, list, found, "init");
    mem_free(list);
    return init;
}

struct out build_update(const char *ref_op, const char *resource_op, struct variable_nodes v,
                        struct out value)
{
    struct graph *g = v.ref.node ? v.ref.node->graph : NULL;
    if (!g)
        return (struct out){ 0 };
    if (!variable_is_resource(&v))
        return build(g, ref_op, NULL, OUTS(v.ref, value), NULL, 0);
    struct out done = build(g, resource_op, NULL, OUTS(v.ref, value), NULL, 0);
    struct attr dtype = attr_type("dtype", variable_dtype(&v));
    return build_node(g, &(struct build_args){ .op = "ReadVariableOp", .in = &v.ref, .n_in = 1,
                      .attr = &dtype, .n_attr = 1, .after = &done.node, .n_after = 1 });
}
