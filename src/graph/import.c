/* import.c - a GraphDef becomes nodes.
 *
 * Nodes may stand in any order: each is added after those it reads, in the file's order where that
 * is possible already. The walk keeps its own stack, so that a long chain is no danger.
 */
#include "base/mem.h"
#include "graph/graphdef.h"
#include "graph/proto.h"

#include <stdlib.h>

enum progress { UNSEEN, ENTERED, ADDED };

struct item { const Wire__NodeDef *def; struct node *node; enum progress progress; size_t next; };

struct import {
    struct graph *graph;
    struct arena arena;                 /* the message and all that is made on the way */
    Wire__GraphDef *def;
    struct item *item;                  /* one for each node of the message */
    struct map by_name;
    struct item **stack;                /* items entered and not yet added */
    size_t depth;
};

/* ---- "x", "x:1", "^x" ---- */

struct ref { const char *name; size_t len; int index; bool control; };

static bool parse_ref(const char *text, struct ref *r)
{
    r->control = *text == '^';
    r->name = text + r->control;
    r->index = 0;
    const char *colon = strrchr(r->name, ':');
    r->len = colon ? (size_t)(colon - r->name) : strlen(r->name);
    if (!colon)
        return r->len > 0;
    char *end;
    long v = strtol(colon + 1, &end, 10);
    r->index = (int)v;
    return r->len && !r->control && end != colon + 1 && !*end && v >= 0 && v <= INT32_MAX;
}

static struct status *find_ref(struct import *im, const Wire__NodeDef *def, const char *text,
                               struct ref *r, struct item **item)
{
    ENSURE(parse_ref(text, r), "Node '%s': Unknown input node '%s'", def->name, text);
    *item = map_get_n(&im->by_name, r->name, r->len);
    ENSURE(*item, "Node '%s': Unknown input node '%s'", def->name, text);
    return NULL;
}

/* ---- one node ---- */

static struct status *convert_attrs(struct import *im, const Wire__NodeDef *def, struct attr *attr,
                                    int *n)
{
    const struct op *op = op_find(def->op);
    const struct sig *sig = op ? op_sig(op) : NULL;
    for (size_t i = 0; i < def->n_attr; i++) {
        const Wire__NodeDef__AttrEntry *e = def->attr[i];
        int at = sig ? sig_attr(sig, e->key) : -1;
        if (at < 0 && !strcmp(e->key, "_output_shapes"))
            continue;                   /* said again by inference (B7) */
        struct attr *a = &attr[(*n)++];
        a->name = e->key;
        ENSURE(e->value, "Node '%s': attribute '%s' has no value", def->name, e->key);
        TRY(status_prefix(attr_from_proto(&im->arena, e->value,
                                          at < 0 ? ATTR_NONE : sig->attr[at].kind, a),
                          "Node '%s', attribute '%s': ", def->name, e->key));
    }
    return NULL;
}

static struct status *convert_inputs(struct import *im, const Wire__NodeDef *def,
                                     struct node_def *d)
{
    struct out *in = arena_array(&im->arena, struct out, def->n_input);
    struct node **control = arena_array(&im->arena, struct node *, def->n_input);
    NEED(in && control ? in : NULL);
    for (size_t i = 0; i < def->n_input; i++) {
        struct ref r;
        struct item *item;
        TRY(find_ref(im, def, def->input[i], &r, &item));
        ENSURE(r.control || !d->n_control,
               "Node '%s': Control dependencies must come after regular dependencies", def->name);
        ENSURE(r.index < item->node->n_out || r.control,
               "Node '%s': Connecting to invalid output %d of source node %s which has %d outputs",
               def->name, r.index, item->def->name, item->node->n_out);
        if (r.control)
            control[d->n_control++] = item->node;
        else
            in[d->n_in++] = (struct out){ item->node, r.index };
    }
    d->in = in;
    d->control = control;
    return NULL;
}

static struct status *add_node(struct import *im, struct item *item)
{
    const Wire__NodeDef *def = item->def;
    struct node_def d = { .op = def->op, .name = def->name, .device = def->device };
    struct attr *attr = arena_array(&im->arena, struct attr, def->n_attr);
    NEED(attr);
    TRY(convert_inputs(im, def, &d));
    struct status *st = convert_attrs(im, def, attr, &d.n_attr);
    d.attr = attr;
    if (!st)
        st = graph_add(im->graph, &d, &item->node);
    for (int i = 0; i < d.n_attr; i++)
        attr_release(&attr[i]);
    item->progress = ADDED;
    return st;
}

/* ---- all nodes ---- */

/* Enters the next input of the top item that is not there yet; adds the item if there is none. */
static struct status *step(struct import *im)
{
    struct item *top = im->stack[im->depth - 1];
    while (top->next < top->def->n_input) {
        struct ref r;
        struct item *in;
        TRY(find_ref(im, top->def, top->def->input[top->next++], &r, &in));
        ENSURE(in->progress != ENTERED, "Node '%s': its input '%s' depends on it: the graph has a "
               "cycle", top->def->name, in->def->name);
        if (in->progress == UNSEEN) {
            in->progress = ENTERED;
            im->stack[im->depth++] = in;
            return NULL;
        }
    }
    im->depth--;
    return add_node(im, top);
}

static struct status *add_all(struct import *im)
{
    for (size_t i = 0; i < im->def->n_node; i++) {
        if (im->item[i].progress != UNSEEN)
            continue;
        im->item[i].progress = ENTERED;
        im->stack[im->depth++] = &im->item[i];
        while (im->depth)
            TRY(step(im));
    }
    return NULL;
}

static struct status *index_nodes(struct import *im)
{
    size_t n = im->def->n_node;
    NEED(im->item = arena_array(&im->arena, struct item, n));
    NEED(im->stack = arena_array(&im->arena, struct item *, n));
    for (size_t i = 0; i < n; i++) {
        const Wire__NodeDef *def = im->def->node[i];
        im->item[i].def = def;
        ENSURE(name_is_valid(def->name, false), "Node '%s': Node name contains invalid characters",
               def->name);
        ENSURE(!map_get(&im->by_name, def->name), "Node '%s' is not unique", def->name);
        ENSURE(!graph_find(im->graph, def->name), "Node name '%s' already exists in the Graph",
               def->name);
        if (!map_put(&im->by_name, def->name, &im->item[i]))
            return status_no_memory();
    }
    return NULL;
}

static struct status *check_versions(const Wire__GraphDef *def)
{
    const Wire__VersionDef *v = def->versions;
    if (!v)
        return NULL;
    ENSURE(v->min_consumer <= GRAPHDEF_CONSUMER, "GraphDef min consumer version %d above current "
           "version %d.  Please upgrade.", v->min_consumer, GRAPHDEF_CONSUMER);
    for (size_t i = 0; i < v->n_bad_consumers; i++)
        ENSURE(v->bad_consumers[i] != GRAPHDEF_CONSUMER, "GraphDef disallows consumer version %d. "
               " Please upgrade or downgrade.", GRAPHDEF_CONSUMER);
    return NULL;
}

static struct status *import(struct import *im, const void *bytes, size_t n)
{
    TRY(status_prefix(wire_decode(&im->arena, &wire__graph_def__descriptor, bytes, n, &im->def),
                      "Invalid GraphDef: "));
    TRY(check_versions(im->def));
    TRY(index_nodes(im));
    return add_all(im);
}

struct status *graph_import(struct graph *g, const void *bytes, size_t n)
{
    struct import im = { .graph = g };
    graph_lock(g);
    struct status *st = import(&im, bytes, n);
    graph_unlock(g);
    map_free(&im.by_name);
    arena_free(&im.arena);
    return st;
}
