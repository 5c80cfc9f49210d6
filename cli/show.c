/* show.c - `weft show`: what a file or folder holds. */
#include "draw.h"
#include "file.h"
#include "open.h"
#include "show.h"
#include "value.h"
#include "verbs.h"

#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: weft show [OPTION]... FILE|DIR\n\n"
    "Tells what a GraphDef, MetaGraphDef, SavedModel, checkpoint or event file holds: its kind,\n"
    "inputs, outputs and signatures with their shapes, how often each op occurs, variables.\n\n"
    "  --tags LIST     the graph of a SavedModel that has these tags (serve,gpu)\n"
    "  --nodes         every node: name, op, output shapes, inputs\n"
    "  --missing       only the op types that cannot run here, one a line\n"
    "  --text          the message in protocol buffers' text format\n"
    "  --dot           a picture of what the outputs need, in Graphviz's language\n"
    "  --svg           the same as a picture\n"
    "  --most N        scopes are folded until at most N things are in the picture (150)\n"
    "  -o FILE         write there instead of standard output\n"
    "  --help          this text\n";

enum way { SUMMARY, NODES, MISSING, TEXT, DOT, SVG };

static const struct option options[] = {
    { "tags", required_argument, NULL, 't' },   { "nodes", no_argument, NULL, 256 + NODES },
    { "missing", no_argument, NULL, 256 + MISSING }, { "text", no_argument, NULL, 256 + TEXT },
    { "dot", no_argument, NULL, 256 + DOT },    { "svg", no_argument, NULL, 256 + SVG },
    { "most", required_argument, NULL, 'm' },   { "output", required_argument, NULL, 'o' }, { 0 }
};

/* ---- ops ---- */

static int compare_counts(const void *a, const void *b)
{
    const struct op_count *x = a, *y = b;
    return x->count != y->count ? y->count - x->count : strcmp(x->op, y->op);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct op_count *)a)->op, ((const struct op_count *)b)->op);
}

struct op_count *count_ops(struct weft_graph *g, int *n)
{
    int nodes = weft_graph_count(g);
    struct op_count *all = calloc((size_t)nodes + 1, sizeof *all);
    *n = 0;
    if (!all)
        return NULL;
    for (int i = 0; i < nodes; i++)
        all[i] = (struct op_count){ weft_node_op(weft_graph_node(g, i)), weft_graph_node(g, i), 1 };
    qsort(all, (size_t)nodes, sizeof *all, compare_names);
    for (int i = 0; i < nodes; i++)
        if (*n && !strcmp(all[*n - 1].op, all[i].op))
            all[*n - 1].count++;
        else
            all[(*n)++] = all[i];
    qsort(all, (size_t)*n, sizeof *all, compare_counts);
    return all;
}

static int show_missing(struct weft_graph *g, FILE *to, const char *separator)
{
    int n, missing = 0;
    struct op_count *ops = count_ops(g, &n);
    for (int i = 0; i < n; i++)
        if (!weft_node_can_run(ops[i].node))
            fprintf(to, "%s%s", missing++ ? separator : "", ops[i].op);
    free(ops);
    return missing;
}

static void show_ops(struct weft_graph *g, FILE *to)
{
    int n, column = 0;
    struct op_count *ops = count_ops(g, &n);
    fprintf(to, "ops: %d nodes of %d types\n", weft_graph_count(g), n);
    for (int i = 0; i < n; i++) {
        char text[100];
        int width = snprintf(text, sizeof text, "%d %s", ops[i].count, ops[i].op);
        column = column && column + width + 3 > 98 ? 0 : column;
        fprintf(to, "%s%s", column ? ",  " : i ? "\n  " : "  ", text);
        column += width + 3;
    }
    fprintf(to, "\n");
    free(ops);
    char *list = NULL;
    size_t length;
    FILE *text = open_memstream(&list, &length);
    if (!text)
        return;
    int missing = show_missing(g, text, ", ");
    fclose(text);
    if (missing)
        fprintf(to, "cannot run here: %s\n", list);
    free(list);
}

/* ---- inputs, outputs, variables ---- */

static void show_outs(const struct weft_node *n, const char *extra, FILE *to)
{
    char room[200];
    for (int i = 0; i < weft_node_outputs(n); i++) {
        struct wanted w = wanted_by("", (struct weft_out){ (struct weft_node *)n, i });
        char name[16] = "";
        if (i)
            snprintf(name, sizeof name, ":%d", i);
        fprintf(to, "  %s%s: %s%s%s\n", weft_node_name(n), name, wanted_text(&w, room),
                *extra ? "  " : "", extra);
    }
}

static void show_ends(const struct model *m, FILE *to)
{
    enum { MOST = 20 };
    struct ends e = { 0 };
    struct weft_status *st = model_ends(m, &e);
    if (!st) {
        fprintf(to, "inputs: %d\n", e.n_in);
        for (int i = 0; i < e.n_in; i++)
            show_outs(e.in[i], strcmp(weft_node_op(e.in[i]), "Placeholder") ? "(has a default)"
                                                                            : "", to);
        fprintf(to, "outputs: %d%s\n", e.n_out, e.n_out > MOST ? ", of which 20" : "");
        for (int i = 0; i < e.n_out && i < MOST; i++)
            show_outs(e.out[i], weft_node_op(e.out[i]), to);
    }
    ends_free(&e);
    weft_status_free(st);
}

static bool is_variable(const struct weft_node *n)
{
    const char *op = weft_node_op(n);
    return !strcmp(op, "Variable") || !strcmp(op, "VariableV2") || !strcmp(op, "VarHandleOp");
}

static bool variable_of(const struct weft_node *n, struct wanted *w)
{
    double dtype = 0;
    int rank = -1;
    struct weft_status *st = weft_node_number(n, "dtype", &dtype);
    if (!st)
        st = weft_node_attr_shape(n, "shape", 0, &rank, w->dims);
    bool fine = !st;
    weft_status_free(st);
    w->dtype = (enum weft_dtype)dtype;
    w->rank = rank;
    return fine;
}

static double bytes_of(const struct wanted *w)
{
    double bytes = (double)weft_dtype_size(w->dtype);
    for (int i = 0; i < w->rank; i++)
        bytes *= w->dims[i] < 0 ? 0 : (double)w->dims[i];
    return w->rank < 0 ? 0 : bytes;
}

const char *bytes_text(double bytes, char *room)
{
    static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB" };
    int unit = 0;
    for (; bytes >= 1000 && unit < 4; unit++)
        bytes /= 1000;
    sprintf(room, unit ? "%.3g %s" : "%.0f %s", bytes, units[unit]);
    return room;
}

static void show_variables(struct weft_graph *g, FILE *to)
{
    int n = 0;
    double total = 0;
    char room[200];
    struct wanted w = { 0 };
    for (int i = 0; i < weft_graph_count(g); i++) {
        const struct weft_node *node = weft_graph_node(g, i);
        if (!is_variable(node) || !variable_of(node, &w))
            continue;
        n++;
        total += bytes_of(&w);
    }
    fprintf(to, "variables: %d, %s\n", n, bytes_text(total, room));
    for (int i = 0; i < weft_graph_count(g); i++) {
        const struct weft_node *node = weft_graph_node(g, i);
        if (is_variable(node) && variable_of(node, &w))
            fprintf(to, "  %s: %s\n", weft_node_name(node), wanted_text(&w, room));
    }
}

/* ---- signatures ---- */

static void show_value(const char *way, struct weft_signature_value v, FILE *to)
{
    char room[200];
    struct wanted w = { .dtype = v.dtype, .rank = v.shape.rank };
    memcpy(w.dims, v.shape.dims, sizeof w.dims);
    fprintf(to, "    %s %s: %s  %s\n", way, v.key, v.dtype ? wanted_text(&w, room) : "operation",
            v.name);
}

static void show_signatures(const struct weft_saved_model *m, FILE *to)
{
    int n = weft_saved_model_signatures(m);
    fprintf(to, "signatures: %d\n", n);
    for (int i = 0; i < n; i++) {
        const struct weft_signature *s = weft_saved_model_signature(m, i);
        fprintf(to, "  %s  (%s)\n", weft_signature_key(s), weft_signature_method(s));
        for (int k = 0; k < weft_signature_inputs(s); k++)
            show_value("in ", weft_signature_input(s, k), to);
        for (int k = 0; k < weft_signature_outputs(s); k++)
            show_value("out", weft_signature_output(s, k), to);
    }
}

/* ---- nodes ---- */

static void show_node(const struct weft_node *n, FILE *to)
{
    char room[200];
    fprintf(to, "%s = %s(", weft_node_name(n), weft_node_op(n));
    for (int i = 0; i < weft_node_inputs(n); i++) {
        struct weft_out in = weft_node_input(n, i);
        fprintf(to, in.index ? "%s%s:%d" : "%s%s", i ? ", " : "", weft_node_name(in.node),
                in.index);
    }
    for (int i = 0; i < weft_node_controls(n); i++)
        fprintf(to, "%s^%s", i || weft_node_inputs(n) ? ", " : "",
                weft_node_name(weft_node_control(n, i)));
    fprintf(to, ")");
    for (int i = 0; i < weft_node_outputs(n); i++) {
        struct wanted w = wanted_by("", (struct weft_out){ (struct weft_node *)n, i });
        fprintf(to, "%s%s", i ? ", " : " -> ", wanted_text(&w, room));
    }
    fprintf(to, *weft_node_device(n) ? "  %s\n" : "\n", weft_node_device(n));
}

static void show_nodes(struct weft_graph *g, FILE *to)
{
    for (int i = 0; i < weft_graph_count(g); i++)
        show_node(weft_graph_node(g, i), to);
}

/* ---- all of it ---- */

static void show_summary(const struct model *m, FILE *to)
{
    fprintf(to, "%s: %s%s\n", m->path, kind_name(m->kind), m->is_text ? ", text" : "");
    if (m->saved)
        show_signatures(m->saved, to);
    show_ends(m, to);
    show_variables(m->graph, to);
    show_ops(m->graph, to);
}

static struct weft_status *show_text(const struct model *m, FILE *to)
{
    struct weft_bytes message = { 0 }, text = { 0 };
    struct weft_status *st = m->saved ? weft_saved_model_meta_graph(m->saved, &message)
                                      : weft_graph_export(m->graph, 0, &message);
    if (!st)
        st = weft_message_to_text(m->saved ? "MetaGraphDef" : "GraphDef", message.data,
                                  message.size, &text);
    if (!st)
        fwrite(text.data, 1, text.size, to);
    weft_bytes_free(&message);
    weft_bytes_free(&text);
    return st;
}

/* What the outputs need; what only saves and initializes would hide it. */
static struct weft_status *draw(const struct model *m, enum way way, int most, FILE *to)
{
    struct ends e = { 0 };
    struct weft_status *st = model_ends(m, &e);
    if (!st)
        st = way == SVG ? draw_svg(m->graph, e.out, e.n_out, most, to)
                        : draw_dot(m->graph, e.out, e.n_out, most, to);
    ends_free(&e);
    return st;
}

static struct weft_status *show_graph(const struct model *m, enum way way, int most, FILE *to)
{
    switch (way) {
    case DOT: case SVG: return draw(m, way, most, to);
    case TEXT: return show_text(m, to);
    case NODES: show_nodes(m->graph, to); return NULL;
    case MISSING: fprintf(to, show_missing(m->graph, to, "\n") ? "\n" : ""); return NULL;
    default: show_summary(m, to); return NULL;
    }
}

static struct weft_status *show_model(const char *path, const char *tags, enum way way, int most,
                                      FILE *to)
{
    struct model m;
    struct weft_status *st = model_open(path, tags, false, &m);
    if (!st)
        st = show_graph(&m, way, most, to);
    model_close(&m);
    return st;
}

static struct weft_status *show_path(const char *path, const char *tags, enum way way, int most,
                                     FILE *to)
{
    struct model m = { 0 };
    struct weft_status *st = model_kind(path, &m);
    enum kind kind = m.kind;
    if (!st && (kind == CHECKPOINT || kind == EVENT_FILE || kind == RECORDS) && way != SUMMARY)
        st = refuse("%s: a %s has no graph to show in that way", path, kind_name(kind));
    if (!st && kind == CHECKPOINT)
        st = show_checkpoint(m.path, to);
    else if (!st && kind == EVENT_FILE)
        st = show_events(m.path, to);
    else if (!st && kind == RECORDS)
        st = show_records(m.path, to);
    model_close(&m);
    if (st || kind == CHECKPOINT || kind == EVENT_FILE || kind == RECORDS)
        return st;
    return show_model(path, tags, way, most, to);
}

/* Into memory first, so that a file is replaced at once, or not at all. */
static struct weft_status *show_into(const char *output, const char *path, const char *tags,
                                     enum way way, int most)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to)
        return weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
    struct weft_status *st = show_path(path, tags, way, most, to);
    if (fclose(to) && !st)
        st = weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
    if (!st)
        st = file_replace(output, &text, &n, 1);
    free(text);
    return st;
}

int show(int argc, char **argv)
{
    const char *tags = NULL, *output = NULL;
    enum way way = SUMMARY;
    int c, most = DRAW_MOST;
    while ((c = next_option(argc, argv, options, help)) >= 0)
        switch (c) {
        case 't': tags = optarg; break;
        case 'o': output = optarg; break;
        case 'm': most = number_option("show", "--most", optarg, 1); break;
        default: way = (enum way)(c - 256);
        }
    if (optind != argc - 1)
        bad_usage("show", "one file or folder is expected, not %d", argc - optind);
    struct weft_status *st = output ? show_into(output, argv[optind], tags, way, most)
                                    : show_path(argv[optind], tags, way, most, stdout);
    return report("show", st);
}
