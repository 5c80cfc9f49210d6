/* freeze.c - `weft freeze`: a model with variables becomes one file without. */
#include "file.h"
#include "open.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: weft freeze [OPTION]... DIR|FILE --output NAME[,NAME]... -o FILE\n\n"
    "Writes a GraphDef of what the outputs need, variables replaced by their values: those of a\n"
    "SavedModel, or of the checkpoint beside a MetaGraphDef.\n\n"
    "  --output LIST   names of nodes; without it, the outputs of serving_default\n"
    "  -o FILE         where to; text if it ends with .pbtxt\n"
    "  --tags LIST     the graph of a SavedModel that has these tags (serve,gpu)\n"
    "  --help          this text\n";

static const struct option options[] = {
    { "output", required_argument, NULL, 'n' }, { "tags", required_argument, NULL, 't' },
    { "to", required_argument, NULL, 'o' }, { 0 }
};

enum { MOST = 64 };

/* The nodes behind the outputs of a model's signature. */
static struct weft_status *signature_outputs(const struct model *m, const char **item, int *n)
{
    const struct weft_signature *s =
        m->saved ? weft_saved_model_find(m->saved, "serving_default") : NULL;
    *n = 0;
    for (int i = 0; s && i < weft_signature_outputs(s) && *n < MOST; i++)
        item[(*n)++] = weft_node_name(weft_signature_output(s, i).out.node);
    return *n ? NULL
        : refuse("there is no signature serving_default; name the outputs by --output");
}

static struct weft_status *write_graph(const char *path, const struct weft_bytes *graph)
{
    struct weft_bytes text = { 0 };
    bool as_text = ends_with(path, ".pbtxt");
    struct weft_status *st =
        as_text ? weft_message_to_text("GraphDef", graph->data, graph->size, &text) : NULL;
    const struct weft_bytes *what = as_text ? &text : graph;
    if (!st)
        st = file_replace(path, &(char *){ what->data }, &(size_t){ what->size }, 1);
    weft_bytes_free(&text);
    return st;
}

static struct weft_status *freeze_model(const struct model *m, const char *outputs,
                                        const char *path)
{
    const char *item[MOST];
    int n = 0;
    struct weft_bytes frozen = { 0 };
    struct weft_status *st = NULL;
    char *copy = outputs ? split(outputs, item, MOST, &n) : NULL;
    if (!outputs)
        st = signature_outputs(m, item, &n);
    if (!st)
        st = weft_freeze(m->session, NULL, 0, item, n, NULL, &frozen);
    if (!st)
        st = write_graph(path, &frozen);
    free(copy);
    weft_bytes_free(&frozen);
    return st;
}

int freeze(int argc, char **argv)
{
    const char *outputs = NULL, *path = NULL, *tags = NULL;
    int c;
    while ((c = next_option(argc, argv, options, help)) >= 0)
        switch (c) {
        case 'n': outputs = optarg; break;
        case 't': tags = optarg; break;
        default: path = optarg;
        }
    if (optind != argc - 1)
        bad_usage("freeze", "one file or folder is expected, not %d", argc - optind);
    if (!path)
        bad_usage("freeze", "-o FILE is expected: where the frozen graph goes");
    struct model m;
    struct weft_status *st = model_open(argv[optind], tags, true, &m);
    if (!st)
        st = freeze_model(&m, outputs, path);
    model_close(&m);
    return report("freeze", st);
}
