/* saved_model.h - SavedModel directories: graphs for different uses, told apart by their tags,
 * with the values of their variables (variables/) and files that they read (assets/). */
#ifndef MODEL_SAVED_MODEL_H
#define MODEL_SAVED_MODEL_H

#include "base/str.h"
#include "model/meta.h"
#include "model/signature.h"

struct tag_list { const char *const *tag; int n; };     /* tag NULL: whatever there is, if one */

struct saved_model {
    struct arena arena;
    struct graph *graph;                /* a reference */
    struct session *session;            /* owned; NULL if only read */
    struct signature *signature;        /* sorted by key */
    int n_signatures, at;               /* at: which graph of the directory's */
    const char *dir;
};

enum model_use { MODEL_READ, MODEL_RUN };

/* MODEL_READ: the graph and its signatures; MODEL_RUN: also a session in which variables are
 * restored and the initializing op has been run. */
MUST_CHECK struct status *saved_model_open(const char *dir, struct tag_list tags,
                                           enum model_use use, const struct session_options *o,
                                           struct saved_model **result);
void saved_model_free(struct saved_model *m);           /* NULL is fine */

/* NULL: there is none. */
const struct signature *saved_model_find(const struct saved_model *m, const char *key);
MUST_CHECK struct status *saved_model_need(const struct saved_model *m, const char *key,
                                           const struct signature **result);

/* The tag sets that there are, a line each. */
MUST_CHECK struct status *saved_model_tags(const char *dir, struct str *to);
/* The MetaGraphDef, read once more; mem_free() it. */
MUST_CHECK struct status *saved_model_meta(const struct saved_model *m, void **bytes, size_t *n);

/* Writes `dir`, which must not be there, under another name first. Nodes that save and restore the
 * variables are added to the graph unless `m` has a saver_def; `m` may be NULL. */
MUST_CHECK struct status *saved_model_save(struct session *s, struct meta *m, const char *dir,
                                           bool as_text);

#define MODEL_FILE "saved_model.pb"
#define MODEL_TEXT "saved_model.pbtxt"
#define MODEL_VARIABLES "variables/variables"
#define MODEL_ASSETS "assets"

#endif
