/* open.h - a file or folder of TensorFlow's, whatever kind it is, opened to be looked at or run. */
#ifndef CLI_OPEN_H
#define CLI_OPEN_H

#include <weft.h>

enum kind { GRAPH_FILE, META_GRAPH, SAVED_MODEL, CHECKPOINT, EVENT_FILE, RECORDS };

struct model {
    enum kind kind;
    char *path;                         /* without "saved_model.pb", ".index" and the like */
    bool is_text;
    struct weft_graph *graph;           /* borrowed, but for GRAPH_FILE and META_GRAPH */
    struct weft_session *session;       /* NULL: it was opened to be looked at */
    struct weft_saved_model *saved;
};

/* What a path is, by its name and its first bytes; `path` of it as above. NOT_FOUND. */
WEFT_MUST_CHECK struct weft_status *model_kind(const char *path, struct model *m);

/* The graph of one of the first three kinds; with `run` a session too, variables restored: of a
 * MetaGraphDef from the checkpoint beside it. `tags`: "serve,gpu", or NULL: the only ones there
 * are, or else "serve". Free it after a failure too. */
WEFT_MUST_CHECK struct weft_status *model_open(const char *path, const char *tags, bool run,
                                               struct model *m);
void model_close(struct model *m);

/* "SavedModel", "GraphDef"... */
const char *kind_name(enum kind kind);

/* ---- what a graph is fed and gives ---- */

struct ends {
    struct weft_node **in, **out;       /* placeholders; nodes whose outputs no node reads, but for
                                         * what only saves, restores, initializes or trains */
    int n_in, n_out;
};
WEFT_MUST_CHECK struct weft_status *model_ends(const struct model *m, struct ends *e);
void ends_free(struct ends *e);

/* "x:0", "x", to one of its outputs; signature keys are looked for by the verbs. */
WEFT_MUST_CHECK struct weft_status *model_find(const struct model *m, const char *name,
                                               struct weft_out *o);

/* A list, "a,b,c", cut up: the copy to be free()d, and the pieces in `item`, at most `most`. */
char *split(const char *list, const char **item, int most, int *n);

#endif
