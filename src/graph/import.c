/* import.c - a GraphDef becomes nodes.
 *
 * All that can be checked is checked first: names, inputs, ops, attributes. Then nodes are added,
 * in any order of the file: each after those it reads, in the file's order where that is possible
 * already. The walk keeps its own stack, so that a long chain is no danger. The edges that close
 * loops are set last. Should a node be refused all the same, those added before it go again.
 */
#include "graph/import.h"
#include "base/mem.h"
#include "graph/library.h"

#include <stdlib.h>

/* ---- "x", "x:1", "^x" ---- */

struct ref { const char *name; size_t len; struct text arg; int index; bool control; };

/* Of a function: "x", "x:1" (an argument's), "x:arg", "x:arg:1". */
static void take_arg(struct ref *r, const char **colon)
{
    const char *first = strchr(r->name, ':');
    if (!first || (first == *colon && first[1] >= '0' && first[1] <= '9'))
        return;
    if (first == *colon)
        *colon = NULL;
    r->len = (size_t)(first - r->name);
    r->arg.s = first + 1;
    r->arg.n = *colon ? (size_t)(*colon - first - 1) : strlen(first + 1);
}

static bool ref_parse(struct loading *l, const char *text, struct ref *r)
{
    r->control = *text == '^';
    r->name = text + r->control;
    r->index = 0;
    r->arg = (struct text){ 0 };
    const char *colon = strrchr(r->name, ':');
    r->len = colon ? (size_t)(colon - r->name) : strlen(r->name);
    if (l->im->of_function)
        take_arg(r, &colon);
    if (!colon)
        return r->len > 0;
    char *end;
    long v = strtol(colon + 1, &end, 10);
    r->index = (int)v;
    return r->len && !r->control && end != colon + 1 && !*end && v >= 0 && v <= INT32_MAX;
}

static struct import_map *mapped_to(struct loading *l, const struct ref *r)
{
    struct import_map *m = l->maps.n ? map_get_n(&l->maps, r->name, r->len) : NULL;
    int index = r->control ? INDEX_NODE : r->index;
    while (m && m->from.index != index)
        m = m->next;
    return m;
}

static struct status *source_find(struct loading *l, const Wire__NodeDef *def, const char *text,
                                  struct source *s)
{
    struct ref r;
    ENSURE(ref_parse(l, text, &r), "Node '%s': Unknown input node '%s'", def->name, text);
    *s = (struct source){ .index = r.index, .arg = r.arg, .control = r.control };
    struct import_map *m = mapped_to(l, &r);
    if (m) {
        m->used = true;
        s->mapped = m->to;
        s->index = m->to.index;
        return NULL;
    }
    s->item = map_get_n(&l->by_name, r.name, r.len);
    ENSURE(s->item, "Node '%s': Unknown input node '%s'", def->name, text);
    return NULL;
}

/* ---- names ---- */

static bool has_prefix(struct graph *g, const char *prefix)
{
    size_t n = strlen(prefix);
    for (int i = 0; i < g->n; i++)
        if (!strncmp(g->node[i]->name, prefix, n) &&
            (g->node[i]->name[n] == '/' || !g->node[i]->name[n]))
            return true;
    return false;
}

static struct status *choose_prefix(struct loading *l)
{
    const char *wanted = l->im->prefix ? l->im->prefix : "";
    size_t n = strlen(wanted);
    l->prefix = "";
    if (!n)
        return NULL;
    n -= wanted[n - 1] == '/';
    char *stem = arena_strndup(&l->arena, wanted, n), *unique = stem;
    NEED(stem);
    ENSURE(name_is_valid(stem, false), "Imported node name prefix '%s/' would lead to invalid node "
           "names", stem);
    for (int i = 1; l->im->uniquify_prefix && has_prefix(l->graph, unique); i++)
        NEED(unique = arena_printf(&l->arena, "%s_%d", stem, i));
    NEED(l->prefix = arena_printf(&l->arena, "%s/", unique));
    return NULL;
}

static bool is_taken(struct loading *l, const char *name)
{
    return graph_find(l->graph, name) || map_get(&l->by_new_name, name);
}

static struct status *choose_name(struct loading *l, struct item *item)
{
    const char *name = item->def->name;
    if (*l->prefix)
        NEED(name = arena_printf(&l->arena, "%s%s", l->prefix, name));
    const char *unique = name;
    for (int i = 1; l->im->uniquify_names && is_taken(l, unique); i++)
        NEED(unique = arena_printf(&l->arena, "%s_%d", name, i));
    ENSURE(!graph_find(l->graph, unique), "Node name '%s' already exists in the Graph", unique);
    item->name = unique;
    bool fine = !l->im->uniquify_names || map_put(&l->by_new_name, unique, item);
    return fine ? NULL : status_no_memory();
}

static struct status *index_nodes(struct loading *l)
{
    size_t n = l->def->n_node;
    NEED(l->item = arena_array(&l->arena, struct item, n));
    NEED(l->stack = arena_array(&l->arena, struct item *, n));
    for (size_t i = 0; i < n; i++) {
        const Wire__NodeDef *def = l->def->node[i];
        l->item[i].def = def;
        ENSURE(name_is_valid(def->name, false), "Node '%s': Node name contains invalid characters",
               def->name);
        ENSURE(!map_get(&l->by_name, def->name), "Node '%s' is not unique", def->name);
        if (!map_put(&l->by_name, def->name, &l->item[i]))
            return status_no_memory();
    }
    for (size_t i = 0; i < n; i++)
        TRY(choose_name(l, &l->item[i]));
    return NULL;
}

static struct status *index_maps(struct loading *l)
{
    for (int i = 0; i < l->im->n_map; i++) {
        struct import_map *m = l->im->map[i];
        ENSURE(m->to.node && m->to.node->graph == l->graph, "input_map: '%s' is mapped to what is "
               "not an element of this graph.", m->text);
        ENSURE(m->from.index == INDEX_NODE || out_is_valid(m->to), "input_map: '%s' is mapped to "
               "output %d of '%s', which has %d outputs", m->text, m->to.index, m->to.node->name,
               m->to.node->n_out);
        m->used = false;
        m->next = map_get(&l->maps, m->from.node);
        if (!map_put(&l->maps, m->from.node, m))
            return status_no_memory();
    }
    return NULL;
}

/* ---- inputs ---- */

static struct status *find_sources(struct loading *l, struct item *item)
{
    const Wire__NodeDef *def = item->def;
    bool control = false;
    NEED(item->source = arena_array(&l->arena, struct source, def->n_input));
    for (size_t i = 0; i < def->n_input; i++) {
        struct source *s = &item->source[i];
        TRY(source_find(l, def, def->input[i], s));
        ENSURE(s->control || !control,
               "Node '%s': Control dependencies must come after regular dependencies", def->name);
        control |= s->control;
    }
    return NULL;
}

/* G32 */
static struct status *check_colocation(struct loading *l, const Wire__NodeDef *def)
{
    const Wire__AttrValue *v = attr_of(def, "_class");
    if (!v || v->value_case != WIRE__ATTR_VALUE__VALUE_LIST || l->im->allow_unknown)
        return NULL;
    for (size_t i = 0; i < v->list->n_s; i++) {
        ProtobufCBinaryData s = v->list->s[i];
        ENSURE(s.len < 5 || memcmp(s.data, "loc:@", 5) ||
               map_get_n(&l->by_name, (char *)s.data + 5, s.len - 5),
               "Node '%s' expects to be colocated with unknown node '%.*s'", def->name,
               (int)s.len - 5, (char *)s.data + 5);
    }
    return NULL;
}

static bool is_next_iteration(const struct item *item)
{
    return item && item->op && item->op->flags & OP_NEXT;
}

static struct status *index_in_arg(const struct item *item, const struct source *s,
                                   const struct node *from, int *index)
{
    int count, first = node_out_arg(from, s->arg, &count);
    ENSURE(first >= 0 && *index < count, "Node '%s': its input node '%s' has no output %.*s:%d",
           item->def->name, from->name, (int)s->arg.n, s->arg.s, *index);
    *index += first;
    return NULL;
}

static struct status *convert_input(const struct item *item, const struct source *s,
                                    struct node_def *d, struct out *in, struct node **control)
{
    struct node *from = s->item ? s->item->node : s->mapped.node;
    int index = s->index;
    if (s->control) {
        control[d->n_control++] = from;
        return NULL;
    }
    if (from && s->arg.s)
        TRY(index_in_arg(item, s, from, &index));
    if (from)                           /* else a loop's edge, set later */
        ENSURE(index < from->n_out, "Node '%s': Connecting to invalid output %d of source node %s "
               "which has %d outputs", item->def->name, index,
               s->item ? s->item->def->name : from->name, from->n_out);
    in[d->n_in] = from ? (struct out){ from, index } : (struct out){ 0 };
    if (from && item->op)
        TRY(check_input(item, d->n_in, in[d->n_in]));
    d->n_in++;
    return NULL;
}

/* Does the node wait for another imported one, which waits for what all have to wait for? */
static bool inherits_controls(const struct item *item)
{
    bool inherits = false;
    for (size_t i = 0; i < item->def->n_input; i++)
        inherits |= item->source[i].item && !is_next_iteration(item->source[i].item);
    return inherits;
}

static struct status *convert_inputs(struct loading *l, const struct item *item,
                                     struct node_def *d)
{
    size_t n = item->def->n_input;
    struct out *in = arena_array(&l->arena, struct out, n);
    struct node **control = arena_array(&l->arena, struct node *, n + (size_t)l->im->n_after);
    NEED(in && control ? in : NULL);
    d->in = in;
    d->control = control;
    for (size_t i = 0; i < n; i++)
        TRY(convert_input(item, &item->source[i], d, in, control));
    if (l->im->n_after && !inherits_controls(item))
        for (int i = 0; i < l->im->n_after; i++)
            control[d->n_control++] = l->im->after[i];
    return NULL;
}

/* ---- one node ---- */

/* Of the fellow that it is colocated with, if that one has a device. TF: colocation goes before. */
static const char *device_of(struct loading *l, const Wire__NodeDef *def)
{
    const Wire__AttrValue *v = attr_of(def, "_class");
    bool list = v && v->value_case == WIRE__ATTR_VALUE__VALUE_LIST;
    for (size_t i = 0; list && i < v->list->n_s; i++) {
        ProtobufCBinaryData s = v->list->s[i];
        struct item *fellow = s.len < 5 ? NULL
            : map_get_n(&l->by_name, (char *)s.data + 5, s.len - 5);
        if (fellow && *fellow->def->device)
            return fellow->def->device;
    }
    return *def->device || !l->im->device ? def->device : l->im->device;
}

/* What the file says of the outputs' shapes is merged into what is inferred. TF: files from before
 * version 21 may say what is wrong. */
static struct status *take_shapes(struct loading *l, const struct item *item)
{
    const Wire__AttrValue *v = attr_of(item->def, "_output_shapes");
    bool old = !l->def->versions || l->def->versions->producer < 21;
    if (!v || v->value_case != WIRE__ATTR_VALUE__VALUE_LIST)
        return NULL;
    for (size_t i = 0; i < v->list->n_shape && i < (size_t)item->node->n_out; i++) {
        struct shape s;
        struct status *st = shape_from_proto(v->list->shape[i], &s);
        if (!st)
            st = graph_set_shape(l->graph, (struct out){ item->node, (int)i }, &s);
        if (st && old)
            status_free(st);
        else
            TRY(status_prefix(st, "Node '%s' has an _output_shapes attribute inconsistent with the "
                              "GraphDef for output #%zu: ", item->def->name, i));
    }
    return NULL;
}

static struct status *add_def(struct loading *l, const struct node_def *d, struct node **node)
{
    return (l->im->add ? l->im->add : graph_add)(l->graph, d, node);
}

/* For looking at: a node whose shapes cannot be is one of shapes that are not known. */
static struct status *add_shapeless(struct loading *l, struct node_def *d, struct node **node)
{
    struct op *row = arena_new(&l->graph->arena, struct op);
    NEED(row);
    *row = *d->row;
    row->sig = op_sig(d->row);
    row->shape = shape_unknown;
    d->row = row;
    return add_def(l, d, node);
}

static struct status *add(struct loading *l, struct item *item, struct node_def *d)
{
    struct status *st = add_def(l, d, &item->node);
    bool retry = l->im->allow_unknown && item->op && !(item->op->flags & OP_CONSTANT);
    if (!retry || status_code(st) != INVALID_ARGUMENT)
        return st;
    status_free(st);
    return add_shapeless(l, d, &item->node);
}

static struct status *add_node(struct loading *l, struct item *item)
{
    const Wire__NodeDef *def = item->def;
    struct node_def d = { .op = def->op, .name = item->name, .row = item->op,
                          .device = device_of(l, def) };
    struct attr *attr = arena_array(&l->arena, struct attr, def->n_attr);
    NEED(attr);
    TRY(convert_inputs(l, item, &d));
    struct status *st = convert_attrs(l, item, attr, &d.n_attr);
    d.attr = attr;
    if (!st && !item->op)
        st = unknown_op(l, item, &d, &d.row);
    if (!st)
        st = add(l, item, &d);
    for (int i = 0; i < d.n_attr; i++)
        attr_release(&attr[i]);
    item->progress = ADDED;
    TRY(status_at_node(st, item->name));
    return take_shapes(l, item);
}

/* ---- all nodes ---- */

/* The item that input i of `top` waits for, if it is not there yet. A merge does not wait for the
 * edge that closes its loop. */
static struct status *missing_input(const struct item *top, size_t i, struct item **in)
{
    const struct source *s = &top->source[i];
    *in = NULL;
    if (!s->item || s->item->progress == ADDED)
        return NULL;
    if (!s->control && is_next_iteration(s->item) && top->op && top->op->flags & OP_MERGE)
        return NULL;
    ENSURE(s->item->progress != ENTERED, "Node '%s': its input '%s' depends on it: the graph has a "
           "cycle", top->def->name, s->item->def->name);
    *in = s->item;
    return NULL;
}

/* Enters the next input of the top item that is not there yet; adds the item if there is none. */
static struct status *step(struct loading *l)
{
    struct item *top = l->stack[l->depth - 1], *in;
    while (top->next < top->def->n_input) {
        TRY(missing_input(top, top->next++, &in));
        if (in) {
            in->progress = ENTERED;
            l->stack[l->depth++] = in;
            return NULL;
        }
    }
    l->depth--;
    return add_node(l, top);
}

static struct status *add_all(struct loading *l)
{
    for (size_t i = 0; i < l->def->n_node; i++) {
        if (l->item[i].progress != UNSEEN)
            continue;
        l->item[i].progress = ENTERED;
        l->stack[l->depth++] = &l->item[i];
        while (l->depth)
            TRY(step(l));
    }
    return NULL;
}

static struct status *close_loops(struct loading *l)
{
    for (size_t i = 0; i < l->def->n_node; i++) {
        const struct item *item = &l->item[i];
        struct node *n = item->node;
        for (int k = 0; k < n->n_in && n->op->flags & OP_MERGE; k++) {
            const struct source *s = &item->source[k];
            if (n->in[k].node)
                continue;
            ENSURE(s->index < s->item->node->n_out, "Node '%s': Connecting to invalid output %d of "
                   "source node %s which has %d outputs", item->def->name, s->index,
                   s->item->def->name, s->item->node->n_out);
            TRY(graph_set_back_edge(l->graph, n, k, (struct out){ s->item->node, s->index }));
        }
    }
    return NULL;
}

/* ---- results ---- */

/* TF: an output that was asked for and is mapped is what it is mapped to; a node is itself. */
static struct import_map *map_of_want(struct loading *l, const struct import_want *w)
{
    struct ref r = { w->name.node, strlen(w->name.node), { 0 }, w->name.index, false };
    return w->name.index == INDEX_NODE ? NULL : mapped_to(l, &r);
}

/* Before anything is added. */
static struct status *check_wants(struct loading *l)
{
    for (int i = 0; i < l->im->n_wants; i++) {
        struct import_want *w = &l->im->want[i];
        ENSURE(w->valid, "Cannot convert '%s' to a tensor name.", w->text);
        ENSURE(map_of_want(l, w) || map_get(&l->by_name, w->name.node),
               "Requested return %s '%s' not found in graph def",
               w->name.index < 0 ? "node" : "tensor", w->text);
    }
    return NULL;
}

static struct status *take_wants(struct loading *l)
{
    NEED(l->im->returned = arena_array(&l->im->arena, struct out, l->im->n_wants));
    for (int i = 0; i < l->im->n_wants; i++) {
        const struct import_want *w = &l->im->want[i];
        struct import_map *m = map_of_want(l, w);
        if (m) {
            m->used = true;
            l->im->returned[i] = m->to;
            continue;
        }
        const struct item *item = map_get(&l->by_name, w->name.node);
        ENSURE(w->name.index < item->node->n_out, "Invalid return output %d of node '%s', which "
               "has %d output(s)", w->name.index, w->name.node, item->node->n_out);
        l->im->returned[i] = (struct out){ item->node, w->name.index };
    }
    return NULL;
}

/* What was mapped, not met, and is not there to be met. */
static struct status *take_unused(struct loading *l)
{
    struct import *im = l->im;
    NEED(im->unused = arena_array(&im->arena, const char *, im->n_map));
    im->n_unused = 0;
    for (int i = 0; i < im->n_map; i++) {
        const struct import_map *m = im->map[i];
        const struct item *item = map_get(&l->by_name, m->from.node);
        if (!m->used && (!item || m->from.index >= item->node->n_out))
            im->unused[im->n_unused++] = m->text;
    }
    return NULL;
}

/* ---- all of it ---- */

static struct status *check_versions(const Wire__GraphDef *def)
{
    const Wire__VersionDef *v = def->versions;
    if (!v)
        return NULL;
    ENSURE(v->producer >= 0, "GraphDef producer version %d below min producer 0 supported by this "
           "library.  Please regenerate your graph.", v->producer);
    ENSURE(v->min_consumer <= GRAPHDEF_CONSUMER, "GraphDef min consumer version %d above current "
           "version %d.  Please upgrade.", v->min_consumer, GRAPHDEF_CONSUMER);
    for (size_t i = 0; i < v->n_bad_consumers; i++)
        ENSURE(v->bad_consumers[i] != GRAPHDEF_CONSUMER, "GraphDef disallows consumer version %d. "
               " Please upgrade or downgrade.", GRAPHDEF_CONSUMER);
    return NULL;
}

static struct status *check_options(struct loading *l)
{
    if (l->im->no_memory)
        return status_no_memory();
    for (int i = 0; i < l->im->n_after; i++)
        ENSURE(l->im->after[i] && l->im->after[i]->graph == l->graph, "Control dependency %d of "
               "the import is not an element of this graph.", i);
    return index_maps(l);
}

static struct status *check_all(struct loading *l)
{
    TRY(check_versions(l->def));
    TRY(check_options(l));
    TRY(choose_prefix(l));
    TRY(index_nodes(l));
    TRY(check_wants(l));
    TRY(find_ops(l));
    for (size_t i = 0; i < l->def->n_node; i++) {
        TRY(find_sources(l, &l->item[i]));
        TRY(check_colocation(l, l->def->node[i]));
    }
    return find_outputs(l);
}

static struct status *import_all(struct loading *l)
{
    TRY(library_merge(l->graph, l->def->library));
    TRY(check_all(l));
    TRY(add_all(l));
    TRY(close_loops(l));
    TRY(take_wants(l));
    return take_unused(l);
}

static struct status *import_or_nothing(struct loading *l)
{
    struct graph *g = l->graph;
    int nodes = g->n, version = g->version, functions = library_count(g);
    struct status *st = g->finalized
        ? status_new(FAILED_PRECONDITION, "Graph is finalized and cannot be modified.")
        : import_all(l);
    if (st) {
        graph_truncate(g, nodes);
        library_truncate(g, functions);
        g->version = version;
    }
    return st;
}

struct status *graph_import(struct graph *g, struct import *im, const void *bytes, size_t n)
{
    struct import plain = { 0 };
    struct loading l = { .graph = g, .im = im ? im : &plain };
    struct status *st = status_prefix(
        wire_decode_borrowed(&l.arena, &wire__graph_def__descriptor, bytes, n, &l.def),
        "Invalid GraphDef: ");
    graph_lock(g);
    if (!st)
        st = import_or_nothing(&l);
    graph_unlock(g);
    map_free(&l.by_name);
    map_free(&l.by_new_name);
    map_free(&l.maps);
    map_free(&l.op_defs);
    arena_free(&l.arena);
    arena_free(&plain.arena);
    return st;
}
