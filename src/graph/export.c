/* export.c - nodes become a GraphDef. The message borrows from the graph, under its lock. */
#include "graph/export.h"
#include "base/mem.h"
#include "graph/graphdef.h"
#include "graph/library.h"
#include "graph/proto.h"

static struct status *export_inputs(struct arena *a, const struct node *n, Wire__NodeDef *m)
{
    NEED(m->input = arena_array(a, char *, n->n_in + n->n_control));
    for (int i = 0; i < n->n_in; i++) {
        struct out in = n->in[i];
        NEED(m->input[m->n_input++] = in.index ? arena_printf(a, "%s:%d", in.node->name, in.index)
                                               : (char *)in.node->name);
    }
    for (int i = 0; i < n->n_control; i++)
        NEED(m->input[m->n_input++] = arena_printf(a, "^%s", n->control[i]->name));
    return NULL;
}

static struct status *export_attrs(struct arena *a, const struct node *n, Wire__NodeDef *m)
{
    NEED(m->attr = arena_array(a, Wire__NodeDef__AttrEntry *, n->n_attr + 1));
    for (int i = 0; i < n->n_attr; i++) {
        Wire__NodeDef__AttrEntry *e = arena_new(a, Wire__NodeDef__AttrEntry);
        NEED(e);
        wire__node_def__attr_entry__init(e);
        e->key = (char *)n->attr[i].name;
        TRY(attr_to_proto(a, &n->attr[i], &e->value));
        m->attr[m->n_attr++] = e;
    }
    return NULL;
}

/* A48: what is known of each output's shape. */
static struct status *export_shapes(struct arena *a, const struct node *n, Wire__NodeDef *m)
{
    Wire__NodeDef__AttrEntry *e = arena_new(a, Wire__NodeDef__AttrEntry);
    struct shape *s = arena_array(a, struct shape, n->n_out);
    NEED(e && s ? e : NULL);
    for (int i = 0; i < n->n_out; i++)
        s[i] = *n->shape[i];
    struct attr shapes = { "_output_shapes", ATTR_LIST + ATTR_SHAPE, { .shapes = s }, n->n_out };
    wire__node_def__attr_entry__init(e);
    e->key = (char *)shapes.name;
    m->attr[m->n_attr++] = e;
    return attr_to_proto(a, &shapes, &e->value);
}

struct status *node_to_proto(struct arena *a, const struct node *n, Wire__NodeDef **to)
{
    Wire__NodeDef *m = *to = arena_new(a, Wire__NodeDef);
    NEED(m);
    wire__node_def__init(m);
    m->name = (char *)n->name;
    m->op = (char *)n->op->name;
    m->device = (char *)n->device;
    return export_attrs(a, n, m);
}

static struct status *message_of(struct arena *a, const struct node *n, unsigned flags,
                                 Wire__NodeDef **to)
{
    TRY(node_to_proto(a, n, to));
    TRY(export_inputs(a, n, *to));
    return flags & EXPORT_SHAPES && n->n_out ? export_shapes(a, n, *to) : NULL;
}

static struct status *export(struct arena *a, struct graph *g, unsigned flags, void **bytes,
                             size_t *n)
{
    Wire__GraphDef m = WIRE__GRAPH_DEF__INIT;
    Wire__VersionDef v = WIRE__VERSION_DEF__INIT;
    TRY(library_to_proto(a, g, &m.library));
    v.producer = GRAPHDEF_PRODUCER;
    v.min_consumer = m.library ? GRAPHDEF_FUNCTIONS : 0;
    m.versions = &v;
    NEED(m.node = arena_array(a, Wire__NodeDef *, g->n));
    for (int i = 0; i < g->n; i++)
        TRY(message_of(a, g->node[i], flags, &m.node[m.n_node++]));
    return wire_encode(&m.base, bytes, n);
}

struct status *graph_export(struct graph *g, unsigned flags, void **bytes, size_t *n)
{
    struct arena a = { 0 };
    graph_lock(g);
    struct status *st = export(&a, g, flags, bytes, n);
    graph_unlock(g);
    arena_free(&a);
    return st;
}

struct status *node_export(const struct node *n, void **bytes, size_t *size)
{
    struct arena a = { 0 };
    Wire__NodeDef *m;
    graph_lock(n->graph);
    struct status *st = message_of(&a, n, 0, &m);
    if (!st)
        st = wire_encode(&m->base, bytes, size);
    graph_unlock(n->graph);
    arena_free(&a);
    return st;
}
