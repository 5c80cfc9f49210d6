/* convert.c - `weft convert`: text and binary, old checkpoints and new. */
#include "file.h"
#include "open.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: weft convert FROM TO\n\n"
    "Writes a GraphDef, MetaGraphDef or saved_model.pb as text if TO ends with .pbtxt or .txt, as\n"
    "binary otherwise; a checkpoint, V1 or V2, as a V2 checkpoint with the prefix TO.\n\n"
    "  --help   this text\n";

static const struct option options[] = { { 0 } };

/* ---- messages ---- */

static struct weft_status *convert_bytes(const char *type, const struct file *f, bool from_text,
                                         bool to_text, struct weft_bytes *to)
{
    struct weft_bytes binary = { 0 };
    struct weft_status *st = NULL;
    if (from_text)
        st = weft_message_from_text(type, f->data, f->size, &binary);
    if (st || !to_text) {
        *to = binary;
        return st;
    }
    st = weft_message_to_text(type, from_text ? binary.data : f->data,
                              from_text ? binary.size : f->size, to);
    weft_bytes_free(&binary);
    return st;
}

static struct weft_status *convert_message(const char *from, const char *to, const char *type,
                                           bool from_text)
{
    struct file f;
    struct weft_bytes bytes = { 0 };
    bool to_text = ends_with(to, ".pbtxt") || ends_with(to, ".txt");
    struct weft_status *st = file_map(from, &f);
    if (st)
        return st;
    if (from_text == to_text)
        st = refuse("%s: it is %s already", from, to_text ? "text" : "binary");
    if (!st)
        st = status_about(convert_bytes(type, &f, from_text, to_text, &bytes), from);
    if (!st)
        st = file_replace(to, &(char *){ bytes.data }, &(size_t){ bytes.size }, 1);
    weft_bytes_free(&bytes);
    file_unmap(&f);
    return st;
}

/* ---- checkpoints ---- */

struct tensors { const char **names; struct weft_tensor **values; int n; };

static struct weft_status *read_all(struct weft_checkpoint *c, struct tensors *t)
{
    int n = weft_checkpoint_count(c);
    struct weft_status *st = NULL;
    t->names = calloc((size_t)n + 1, sizeof *t->names);
    t->values = calloc((size_t)n + 1, sizeof *t->values);
    if (!t->names || !t->values)
        return weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
    for (; t->n < n && !st; t->n++) {
        show_progress("convert", "tensors", t->n, n);
        t->names[t->n] = weft_checkpoint_name(c, t->n);
        st = weft_checkpoint_read(c, t->n, &t->values[t->n]);
    }
    show_progress("convert", "tensors", n, n);
    return st;
}

static struct weft_status *convert_checkpoint(const char *from, const char *to)
{
    struct weft_checkpoint *c;
    struct tensors t = { 0 };
    struct weft_status *st = weft_checkpoint_open(from, &c);
    if (st)
        return st;
    st = read_all(c, &t);
    if (!st)
        st = weft_checkpoint_write(to, t.names, t.values, t.n);
    for (int i = 0; i < t.n; i++)
        weft_tensor_free(t.values[i]);
    free(t.names);
    free(t.values);
    weft_checkpoint_free(c);
    return st;
}

/* ---- the verb ---- */

/* A SavedModel is converted as the one file that holds its graphs. */
static struct weft_status *convert_path(const char *from, const char *to)
{
    struct model m = { 0 };
    struct weft_status *st = model_kind(from, &m);
    if (!st)
        switch (m.kind) {
        case CHECKPOINT: st = convert_checkpoint(m.path, to); break;
        case GRAPH_FILE: st = convert_message(from, to, "GraphDef", m.is_text); break;
        case META_GRAPH: st = convert_message(from, to, "MetaGraphDef", m.is_text); break;
        case SAVED_MODEL: st = convert_message(from, to, "SavedModel", m.is_text); break;
        default: st = refuse("%s: a %s has no other form", from, kind_name(m.kind));
        }
    model_close(&m);
    return st;
}

int convert(int argc, char **argv)
{
    while (next_option(argc, argv, options, help) >= 0)
        ;
    if (optind != argc - 2)
        bad_usage("convert", "FROM and TO are expected, not %d names", argc - optind);
    return report("convert", convert_path(argv[optind], argv[optind + 1]));
}
