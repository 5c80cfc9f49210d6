/* draw.c - folds a graph by its scopes and writes it in Graphviz's language.
 *
 * Every scope is a box in a tree. Boxes are opened from the root down; what is drawn for a node is
 * the outermost box around it that stayed closed, or the node itself.
 */
#include "draw.h"

#include "file.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct box {
    const char *path;                   /* "a/b"; "" for the root; not NUL-terminated */
    int length;
    struct box *parent, *child, *next;  /* first child, next sibling */
    int nodes;                          /* in it and below, of those that are drawn */
    int own;                            /* directly in it */
    bool open;
};

struct drawing {
    struct weft_graph *graph;
    int n;                              /* nodes of the graph */
    bool *needed;                       /* of each node: do the ends need it? */
    bool *weight;                       /* is it a constant or variable, or what reads one? */
    struct box *boxes, **box_of;        /* room for all; of each node the one it is directly in */
    int n_boxes;
    struct hsearch_data index;
    int shown;                          /* nodes and closed boxes, as things stand */
    void *edges;                        /* a tree (tsearch) of those written */
    FILE *to;
    bool failed;
};

static bool is_drawn(const struct drawing *d, const struct weft_node *n)
{
    return d->needed[weft_node_id(n)] && !d->weight[weft_node_id(n)];
}

/* ---- what is needed ---- */

static int need(bool *needed, struct weft_node **stack, int depth, struct weft_node *n)
{
    if (!needed[weft_node_id(n)])
        stack[depth++] = n;
    needed[weft_node_id(n)] = true;
    return depth;
}

static bool mark_needed(struct drawing *d, struct weft_node *const *ends, int n_ends)
{
    int depth = 0;
    struct weft_node **stack = calloc((size_t)d->n + 1, sizeof *stack);
    d->needed = calloc((size_t)d->n + 1, 1);
    if (!stack || !d->needed) {
        free(stack);
        return false;
    }
    for (int i = 0; i < (n_ends ? n_ends : d->n); i++)
        depth = need(d->needed, stack, depth, n_ends ? ends[i] : weft_graph_node(d->graph, i));
    while (depth) {
        struct weft_node *n = stack[--depth];
        for (int i = 0; i < weft_node_inputs(n); i++)
            depth = need(d->needed, stack, depth, weft_node_input(n, i).node);
        for (int i = 0; i < weft_node_controls(n); i++)
            depth = need(d->needed, stack, depth, weft_node_control(n, i));
    }
    free(stack);
    return true;
}

static bool is_weight(const struct drawing *d, const struct weft_node *n)
{
    const char *op = weft_node_op(n);
    bool passes = !strcmp(op, "Identity") || !strcmp(op, "ReadVariableOp") || !strcmp(op, "Enter");
    return !strcmp(op, "Const") || !strcmp(op, "VarHandleOp") || !strncmp(op, "Variable", 8) ||
           (passes && d->weight[weft_node_id(weft_node_input(n, 0).node)]);
}

/* Unless they are what the graph ends with. */
static bool mark_weights(struct drawing *d, struct weft_node *const *ends, int n_ends)
{
    d->weight = calloc((size_t)d->n + 1, 1);
    for (int i = 0; i < d->n && d->weight; i++)
        d->weight[i] = is_weight(d, weft_graph_node(d->graph, i));
    for (int i = 0; i < n_ends && d->weight; i++)
        d->weight[weft_node_id(ends[i])] = false;
    return d->weight;
}

/* ---- the tree of scopes ---- */

static struct box *box_at(struct drawing *d, const char *path, int length)
{
    if (!length)
        return &d->boxes[0];
    ENTRY *found, key = { strndup(path, (size_t)length), NULL };
    if (!key.key)
        return NULL;
    if (hsearch_r(key, FIND, &found, &d->index)) {
        free(key.key);
        return found->data;
    }
    struct box *b = &d->boxes[d->n_boxes++];
    key.data = b;
    b->path = key.key;
    b->length = length;
    if (!hsearch_r(key, ENTER, &found, &d->index))
        return NULL;
    int up = length;
    while (up && path[up - 1] != '/')
        up--;
    b->parent = box_at(d, path, up ? up - 1 : 0);
    if (!b->parent)
        return NULL;
    b->next = b->parent->child;
    b->parent->child = b;
    return b;
}

static int count_scopes(const char *name)
{
    int n = 0;
    for (; *name; name++)
        n += *name == '/';
    return n;
}

static bool make_tree(struct drawing *d)
{
    int scopes = 1;
    for (int i = 0; i < d->n; i++)
        scopes += count_scopes(weft_node_name(weft_graph_node(d->graph, i)));
    d->boxes = calloc((size_t)scopes + 1, sizeof *d->boxes);
    d->box_of = calloc((size_t)d->n + 1, sizeof *d->box_of);
    if (!d->boxes || !d->box_of || !hcreate_r((size_t)scopes * 2 + 16, &d->index))
        return false;
    d->boxes[0].path = "";
    d->n_boxes = 1;
    for (int i = 0; i < d->n; i++) {
        struct weft_node *node = weft_graph_node(d->graph, i);
        const char *name = weft_node_name(node), *slash = strrchr(name, '/');
        struct box *b = d->box_of[i] = box_at(d, name, slash ? (int)(slash - name) : 0);
        if (!b)
            return false;
        b->own += is_drawn(d, node);
        for (; b; b = b->parent)
            b->nodes += is_drawn(d, node);
    }
    return true;
}

/* ---- which boxes are open ---- */

/* How many more things are to be seen once `b` is open. */
static int cost(const struct box *b)
{
    int n = b->own - 1;
    for (const struct box *c = b->child; c; c = c->next)
        n += c->nodes > 0;
    return n;
}

static struct box *best_to_open(struct drawing *d, int most)
{
    struct box *best = NULL;
    for (int i = 0; i < d->n_boxes; i++) {
        struct box *b = &d->boxes[i];
        if (!b->open && b->nodes && (!b->parent || b->parent->open) &&
            d->shown + cost(b) <= most && (!best || b->nodes > best->nodes))
            best = b;
    }
    return best;
}

static void open_boxes(struct drawing *d, int most)
{
    d->shown = 1;
    struct box *b = &d->boxes[0];       /* the root is, whatever it costs */
    do {
        b->open = true;
        d->shown += cost(b);
    } while ((b = best_to_open(d, most)));
}

/* The box that is drawn instead of the node; NULL: the node is. */
static const struct box *closed_around(const struct box *b)
{
    const struct box *closed = NULL;
    for (; b; b = b->parent)
        if (!b->open)
            closed = b;
    return closed;
}

/* ---- text ---- */

static void put_quoted(FILE *to, const char *s, int n)
{
    for (; n > 0 && *s; n--, s++)
        fprintf(to, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
}

static void put_shape(FILE *to, struct weft_out o)
{
    int64_t dims[WEFT_MAX_RANK];
    int rank = weft_out_shape(o, dims);
    fprintf(to, rank < 0 ? "?" : "");
    for (int i = 0; i < rank; i++)
        fprintf(to, dims[i] < 0 ? "%s?" : "%s%lld", i ? "x" : "", (long long)dims[i]);
}

static const char *last_part(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

/* TensorBoard's habit: what holds state, what is fed and what computes look different. */
static const char *style_of(const char *op)
{
    if (strstr(op, "Variable") || !strcmp(op, "VarHandleOp"))
        return "shape=cylinder, fillcolor=\"#fff0c8\"";
    if (!strncmp(op, "Placeholder", 11))
        return "shape=ellipse, fillcolor=\"#d8f0d8\"";
    return "shape=box, fillcolor=\"#ffffff\"";
}

static void put_weights(struct drawing *d, const struct weft_node *n)
{
    bool first = true;
    for (int i = 0; i < weft_node_inputs(n); i++) {
        struct weft_out in = weft_node_input(n, i);
        if (!d->weight[weft_node_id(in.node)])
            continue;
        fprintf(d->to, first ? "\\n[" : " [");
        put_shape(d->to, in);
        fprintf(d->to, "]");
        first = false;
    }
}

static void put_node(struct drawing *d, const struct weft_node *n, int indent)
{
    const char *name = last_part(weft_node_name(n)), *op = weft_node_op(n);
    fprintf(d->to, "%*sn%d [%s, label=\"", indent, "", weft_node_id(n), style_of(op));
    put_quoted(d->to, name, 1000);
    if (strcmp(name, op))
        fprintf(d->to, "\\n%s", op);
    put_weights(d, n);
    fprintf(d->to, "\", tooltip=\"");
    put_quoted(d->to, weft_node_name(n), 10000);
    fprintf(d->to, "\"];\n");
}

static void put_closed(struct drawing *d, const struct box *b, int indent)
{
    fprintf(d->to, "%*sb%d [shape=box3d, fillcolor=\"#e0e8f4\", label=\"", indent, "",
            (int)(b - d->boxes));
    put_quoted(d->to, last_part(b->path), 1000);
    fprintf(d->to, "\\n%d node%s\", tooltip=\"", b->nodes, b->nodes == 1 ? "" : "s");
    put_quoted(d->to, b->path, b->length);
    fprintf(d->to, "\"];\n");
}

/* ---- boxes ---- */

static void put_boxes(struct drawing *d, const struct box *b, int indent);

static void put_open(struct drawing *d, const struct box *b, int indent)
{
    fprintf(d->to, "%*ssubgraph cluster%d {\n%*slabel=\"", indent, "", (int)(b - d->boxes),
            indent + 2, "");
    put_quoted(d->to, last_part(b->path), 1000);
    fprintf(d->to, "\";\n");
    put_boxes(d, b, indent + 2);
    fprintf(d->to, "%*s}\n", indent, "");
}

/* What is in an open box: its boxes. Its nodes are written by a walk over all, below. */
static void put_boxes(struct drawing *d, const struct box *b, int indent)
{
    for (const struct box *c = b->child; c; c = c->next) {
        if (!c->nodes)
            continue;
        if (c->open)
            put_open(d, c, indent);
        else
            put_closed(d, c, indent);
    }
    for (int i = 0; i < d->n; i++) {
        const struct weft_node *n = weft_graph_node(d->graph, i);
        if (d->box_of[i] == b && is_drawn(d, n))
            put_node(d, n, indent);
    }
}

/* ---- edges ---- */

/* What stands for a node: its number, or one for its box; each has one, whatever is drawn. */
static int mark_of(const struct drawing *d, const struct weft_node *n)
{
    const struct box *b = closed_around(d->box_of[weft_node_id(n)]);
    return b ? -1 - (int)(b - d->boxes) : weft_node_id(n);
}

static int compare_edges(const void *a, const void *b) { return memcmp(a, b, 2 * sizeof(int)); }

/* Was it written before? */
static bool edge_is_new(struct drawing *d, int from, int to)
{
    int *edge = malloc(2 * sizeof *edge);
    if (edge) {
        edge[0] = from;
        edge[1] = to;
    }
    int **found = edge ? tsearch(edge, &d->edges, compare_edges) : NULL;
    d->failed |= !found;
    if (!found || *found != edge)
        free(edge);
    return found && *found == edge;
}

static void put_mark(FILE *to, int mark)
{
    fprintf(to, mark < 0 ? "b%d" : "n%d", mark < 0 ? -1 - mark : mark);
}

static void put_edge(struct drawing *d, struct weft_out from, const struct weft_node *to,
                     bool control)
{
    int a = mark_of(d, from.node), b = mark_of(d, to);
    if (a == b || !is_drawn(d, from.node) || !is_drawn(d, to) || !edge_is_new(d, a, b))
        return;
    fprintf(d->to, "  ");
    put_mark(d->to, a);
    fprintf(d->to, " -> ");
    put_mark(d->to, b);
    if (control) {
        fprintf(d->to, " [style=dashed, color=\"#a0a0a0\", constraint=false];\n");
        return;
    }
    fprintf(d->to, " [label=\"");
    put_shape(d->to, from);
    fprintf(d->to, "\"];\n");
}

/* Values first, so that an edge that is both is drawn as a value's. */
static void put_edges(struct drawing *d)
{
    for (int control = 0; control < 2; control++)
        for (int i = 0; i < d->n; i++) {
            struct weft_node *n = weft_graph_node(d->graph, i);
            for (int k = 0; k < weft_node_inputs(n) && !control; k++)
                put_edge(d, weft_node_input(n, k), n, false);
            for (int k = 0; k < weft_node_controls(n) && control; k++)
                put_edge(d, (struct weft_out){ weft_node_control(n, k), 0 }, n, true);
        }
}

/* ---- all of it ---- */

static const char HEAD[] =
    "digraph weft {\n"
    "  rankdir=TB; ranksep=0.35; nodesep=0.2; compound=true;\n"
    "  fontname=\"Helvetica\"; fontsize=11; labeljust=l; color=\"#b0b8c4\"; style=rounded;\n"
    "  node [fontname=\"Helvetica\", fontsize=10, style=filled, color=\"#707880\", height=0.3,\n"
    "        margin=\"0.08,0.04\"];\n"
    "  edge [fontname=\"Helvetica\", fontsize=8, color=\"#505860\", fontcolor=\"#707880\",\n"
    "        arrowsize=0.6];\n";

static void drawing_free(struct drawing *d)
{
    for (int i = 1; i < d->n_boxes; i++)
        free((char *)d->boxes[i].path);
    if (d->n_boxes)
        hdestroy_r(&d->index);
    tdestroy(d->edges, free);
    free(d->needed);
    free(d->weight);
    free(d->boxes);
    free(d->box_of);
}

struct weft_status *draw_dot(struct weft_graph *g, struct weft_node *const *ends, int n_ends,
                             int most, FILE *to)
{
    struct drawing d = { .graph = g, .n = weft_graph_count(g), .to = to };
    if (mark_needed(&d, ends, n_ends) && mark_weights(&d, ends, n_ends) && make_tree(&d)) {
        open_boxes(&d, most);
        fputs(HEAD, to);
        put_boxes(&d, &d.boxes[0], 2);
        put_edges(&d);
        fputs("}\n", to);
    } else {
        d.failed = true;
    }
    bool failed = d.failed || ferror(to);
    drawing_free(&d);
    return failed ? weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory for the drawing") : NULL;
}
