/* freeze.c - variables become constants (G23).
 *
 * A ref variable is replaced where it stands. A resource's handle is too: what passes the handle
 * on (Identity, and Enter and Switch in loops and branches) passes the value on, a read becomes an
 * Identity and a ResourceGather a GatherV2. Nothing else can use a value in place of a handle.
 */
#include "base/mem.h"
#include "graph/graphdef.h"
#include "graph/proto.h"
#include "model/subgraph.h"

#include <string.h>

struct frozen {                         /* a variable that becomes its value */
    Wire__NodeDef *def;
    enum dtype dtype;
    struct tensor value;
};

struct freezing {
    const struct freeze *f;
    struct arena arena;
    Wire__GraphDef *def;
    struct map by_name;                 /* nodes that stay */
    struct map variables;               /* name to frozen */
    struct frozen *frozen;
    int n_frozen;
    Wire__NodeDef **node;               /* the result's */
    size_t n_node;
};

/* ---- which variables, and their values ---- */

static bool lists(struct name_list l, const char *name)
{
    for (int i = 0; i < l.n; i++)
        if (!strcmp(l.name[i], name))
            return true;
    return false;
}

static bool is_handle(const Wire__NodeDef *def) { return !strcmp(def->op, "VarHandleOp"); }

static bool is_variable(const Wire__NodeDef *def)
{
    return is_handle(def) || !strcmp(def->op, "VariableV2") || !strcmp(def->op, "Variable");
}

static bool is_wanted(const struct freeze *f, const char *name)
{
    return (!f->only.name || lists(f->only, name)) && !lists(f->except, name);
}

static struct status *type_of(const Wire__NodeDef *def, const char *key, enum dtype *t)
{
    const Wire__AttrValue *v = node_def_attr(def, key);
    ENSURE(v && v->value_case == WIRE__ATTR_VALUE__VALUE_TYPE,
           "Node '%s' (%s) has no attribute '%s'", def->name, def->op, key);
    *t = (enum dtype)v->type;
    return NULL;
}

static struct status *find_variables(struct freezing *z)
{
    NEED(z->frozen = arena_array(&z->arena, struct frozen, z->def->n_node + 1));
    for (size_t i = 0; i < z->def->n_node; i++) {
        Wire__NodeDef *def = z->def->node[i];
        if (!is_variable(def) || !is_wanted(z->f, def->name))
            continue;
        struct frozen *v = &z->frozen[z->n_frozen++];
        v->def = def;
        TRY(type_of(def, "dtype", &v->dtype));
        if (!map_put(&z->variables, def->name, v))
            return status_no_memory();
    }
    return NULL;
}

static struct node *reader_of(struct graph *g, const struct node *handle)
{
    struct node *reader = NULL;
    graph_lock(g);
    for (int i = 0; i < g->n && !reader; i++)
        if (g->node[i]->n_in && g->node[i]->in[0].node == handle &&
            !strcmp(g->node[i]->op->name, "ReadVariableOp"))
            reader = g->node[i];
    graph_unlock(g);
    return reader;
}

static struct status *place_of(struct graph *g, const struct frozen *v, struct out *place)
{
    struct node *n = graph_find(g, v->def->name);
    if (!n)
        return status_new(NOT_FOUND, "Variable '%s' is not in the session's graph", v->def->name);
    ENSURE(!strcmp(n->op->name, v->def->op), "Variable '%s' is a %s in the session's graph, not a "
           "%s", n->name, n->op->name, v->def->op);
    if (is_handle(v->def)) {
        struct node *reader = reader_of(g, n);
        ENSURE(reader, "Variable '%s' cannot be frozen: no ReadVariableOp reads it", n->name);
        n = reader;
    }
    *place = (struct out){ n, 0 };
    return NULL;
}

static struct status *read_values(struct freezing *z)
{
    int n = z->n_frozen;
    struct out *place = arena_array(&z->arena, struct out, n + 1);
    struct tensor *value = arena_array(&z->arena, struct tensor, n + 1);
    NEED(place && value ? place : NULL);
    for (int i = 0; i < n; i++)
        TRY(place_of(session_graph(z->f->session), &z->frozen[i], &place[i]));
    if (n)
        TRY(session_run(z->f->session, &(struct plan_key){ .fetch = place, .n_fetches = n }, NULL,
                        value, NULL));
    for (int i = 0; i < n; i++)
        z->frozen[i].value = value[i];
    return NULL;
}

/* ---- nodes of the result ---- */

static struct status *emit(struct freezing *z, const char *op, const char *name, size_t n_input,
                           Wire__NodeDef **result)
{
    Wire__NodeDef *m = arena_new(&z->arena, Wire__NodeDef);
    NEED(m);
    wire__node_def__init(m);
    m->op = (char *)op;
    m->name = (char *)name;
    NEED(m->input = arena_array(&z->arena, char *, n_input + 1));
    NEED(m->attr = arena_array(&z->arena, Wire__NodeDef__AttrEntry *, 8));
    z->node[z->n_node++] = *result = m;
    return NULL;
}

static struct status *emit_attr(struct freezing *z, Wire__NodeDef *m, const char *key,
                                Wire__AttrValue *value)
{
    Wire__NodeDef__AttrEntry *e = arena_new(&z->arena, Wire__NodeDef__AttrEntry);
    NEED(e);
    wire__node_def__attr_entry__init(e);
    e->key = (char *)key;
    e->value = value;
    m->attr[m->n_attr++] = e;
    return NULL;
}

static struct status *emit_type(struct freezing *z, Wire__NodeDef *m, const char *key,
                                enum dtype t)
{
    Wire__AttrValue *v;
    struct attr a = attr_type(key, t);
    TRY(attr_to_proto(&z->arena, &a, &v));
    return emit_attr(z, m, key, v);
}

static struct status *emit_const(struct freezing *z, const char *name, const struct tensor *value)
{
    Wire__NodeDef *m;
    Wire__AttrValue *v;
    struct attr a = attr_tensor("value", value);
    TRY(emit(z, "Const", name, 0, &m));
    TRY(emit_type(z, m, "dtype", value->dtype));
    TRY(attr_to_proto(&z->arena, &a, &v));
    return emit_attr(z, m, "value", v);
}

static struct status *keep_groups(struct freezing *z, const Wire__NodeDef *from, Wire__NodeDef *m)
{
    Wire__AttrValue *groups = node_def_attr(from, "_class");
    return groups ? emit_attr(z, m, "_class", groups) : NULL;
}

/* ---- what uses a handle ---- */

static bool passes_on(const Wire__NodeDef *def)
{
    return !strcmp(def->op, "Identity") || !strcmp(def->op, "Enter") ||
           !strcmp(def->op, "RefEnter") || !strcmp(def->op, "Switch");
}

static Wire__NodeDef *input_node(const struct freezing *z, const char *input)
{
    const char *name;
    size_t len = input_name(input, &name);
    return map_get_n(&z->by_name, name, len);
}

/* The node that the handle behind an input comes from: a VarHandleOp, unless it comes from
 * elsewhere. A chain is no longer than the graph, a cycle not a chain. */
static Wire__NodeDef *source_of(const struct freezing *z, const char *input)
{
    Wire__NodeDef *def = input_node(z, input);
    for (size_t i = 0; i < z->def->n_node && def && passes_on(def) && def->n_input; i++)
        def = input_node(z, def->input[0]);
    return def;
}

/* The frozen variable whose handle an input is; NULL: of none. */
static struct frozen *frozen_behind(const struct freezing *z, const char *input)
{
    const Wire__NodeDef *def = *input == '^' ? NULL : source_of(z, input);
    return def && is_handle(def) ? map_get(&z->variables, def->name) : NULL;
}

static struct status *to_identity(struct freezing *z, const Wire__NodeDef *def)
{
    Wire__NodeDef *m;
    enum dtype t;
    TRY(type_of(def, "dtype", &t));
    TRY(emit(z, "Identity", def->name, def->n_input, &m));
    for (size_t i = 0; i < def->n_input; i++)
        m->input[m->n_input++] = def->input[i];
    TRY(emit_type(z, m, "T", t));
    return keep_groups(z, def, m);
}

static struct status *emit_axis(struct freezing *z, const char *name, enum dtype t)
{
    ENSURE(t == DT_INT32 || t == DT_INT64, "Node '%s': indices of type %s", name, dtype_name(t));
    struct tensor axis = { .data = arena_new(&z->arena, int64_t), .dtype = t };
    NEED(axis.data);
    return emit_const(z, name, &axis);
}

static struct status *to_gather(struct freezing *z, const Wire__NodeDef *def)
{
    Wire__NodeDef *m;
    enum dtype indices, dtype;
    const Wire__AttrValue *batch = node_def_attr(def, "batch_dims");
    char *axis = arena_printf(&z->arena, "%s/axis", def->name);
    NEED(axis);
    ENSURE(!batch || !batch->i, "batch_dims != 0 is not supported by freeze_graph: node '%s'",
           def->name);
    ENSURE(def->n_input >= 2, "Node '%s' has %zu inputs, not 2", def->name, def->n_input);
    TRY(type_of(def, "Tindices", &indices));
    TRY(type_of(def, "dtype", &dtype));
    TRY(emit_axis(z, axis, indices));
    TRY(emit(z, "GatherV2", def->name, def->n_input + 1, &m));
    for (size_t i = 0; i < def->n_input; i++) {
        m->input[m->n_input++] = def->input[i];
        if (i == 1)
            m->input[m->n_input++] = axis;
    }
    TRY(emit_type(z, m, "Tparams", dtype));
    TRY(emit_type(z, m, "Tindices", indices));
    TRY(emit_type(z, m, "Taxis", indices));
    return keep_groups(z, def, m);
}

/* The node as it is, but for the type of what passes through it. */
static struct status *pass_value(struct freezing *z, Wire__NodeDef *def, enum dtype t)
{
    Wire__AttrValue *type = node_def_attr(def, "T");
    ENSURE(type, "Node '%s' (%s) has no attribute 'T'", def->name, def->op);
    type->value_case = WIRE__ATTR_VALUE__VALUE_TYPE;
    type->type = (Wire__DataType)t;
    z->node[z->n_node++] = def;
    return NULL;
}

static struct status *refuse_handles(const struct freezing *z, const Wire__NodeDef *def)
{
    for (size_t i = 0; i < def->n_input; i++) {
        const struct frozen *v = frozen_behind(z, def->input[i]);
        ENSURE(!v, "Variable '%s' cannot be frozen: node '%s' (%s) needs more than its value",
               v->def->name, def->name, def->op);
    }
    return NULL;
}

static bool reads(const Wire__NodeDef *def)
{
    return !strcmp(def->op, "ReadVariableOp") || !strcmp(def->op, "ResourceGather");
}

static struct status *freeze_reader(struct freezing *z, Wire__NodeDef *def)
{
    const Wire__NodeDef *source = def->n_input ? source_of(z, def->input[0]) : NULL;
    ENSURE(source && is_handle(source), "Cannot find the variable that is an input to the %s '%s'.",
           def->op, def->name);
    if (!map_get(&z->variables, source->name)) {
        z->node[z->n_node++] = def;
        return NULL;
    }
    return !strcmp(def->op, "ReadVariableOp") ? to_identity(z, def) : to_gather(z, def);
}

static struct status *freeze_node(struct freezing *z, Wire__NodeDef *def)
{
    const struct frozen *v = map_get(&z->variables, def->name);
    if (v)
        return emit_const(z, def->name, &v->value);
    if (reads(def))
        return freeze_reader(z, def);
    if (passes_on(def) && def->n_input && (v = frozen_behind(z, def->input[0])))
        return pass_value(z, def, v->dtype);
    TRY(refuse_handles(z, def));
    z->node[z->n_node++] = def;
    return NULL;
}

/* ---- all of it ---- */

/* TF: the versions do not go along. */
static struct status *freeze_nodes(struct freezing *z, void **result, size_t *result_n)
{
    Wire__GraphDef m = WIRE__GRAPH_DEF__INIT;
    NEED(z->node = arena_array(&z->arena, Wire__NodeDef *, 2 * z->def->n_node + 1));
    for (size_t i = 0; i < z->def->n_node; i++)
        TRY(freeze_node(z, z->def->node[i]));
    m.n_node = z->n_node;
    m.node = z->node;
    m.library = z->def->library;
    return wire_encode(&m.base, result, result_n);
}

static struct status *freeze(struct freezing *z, const void *bytes, size_t n, void **result,
                             size_t *result_n)
{
    TRY(graph_def_decode(&z->arena, bytes, n, &z->def));
    TRY(subgraph_keep(&z->arena, z->def, z->f->outputs, &z->by_name));
    TRY(find_variables(z));
    TRY(read_values(z));
    return freeze_nodes(z, result, result_n);
}

static void freezing_release(struct freezing *z)
{
    for (int i = 0; i < z->n_frozen; i++)
        tensor_unref(&z->frozen[i].value);
    map_free(&z->by_name);
    map_free(&z->variables);
    arena_free(&z->arena);
}

struct status *subgraph_freeze(const struct freeze *f, const void *bytes, size_t n, void **result,
                               size_t *result_n)
{
    struct freezing z = { .f = f };
    void *own = NULL;
    struct status *st = NULL;
    if (!bytes)
        st = graph_export(session_graph(f->session), 0, &own, &n);
    if (!st)
        st = freeze(&z, bytes ? bytes : own, n, result, result_n);
    freezing_release(&z);
    mem_free(own);
    return st;
}
