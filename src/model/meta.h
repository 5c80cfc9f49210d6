/* meta.h - MetaGraphDef: a graph with its collections, signatures and how it is saved.
 *
 * The graph in it stays bytes, which graph/ reads and writes (wire/parts.proto).
 */
#ifndef MODEL_META_H
#define MODEL_META_H

#include "graph/graph.h"
#include "session/session.h"
#include "wire/parts.pb-c.h"

MUST_CHECK struct status *meta_decode(struct arena *a, const void *bytes, size_t n,
                                      Wire__MetaGraphParts **m);

/* ---- in ---- */

struct meta_import {
    const char *prefix;                 /* of names, without a '/'; NULL: none */
    bool clear_devices;
    bool allow_unknown;                 /* ops that nobody knows become nodes that cannot run */
};

/* Adds the graph, and the collections of nodes and variables; what they list and the graph does not
 * have is left out. */
MUST_CHECK struct status *meta_add(struct graph *g, const struct meta_import *how,
                                   const Wire__MetaGraphParts *m);
MUST_CHECK struct status *meta_import(struct graph *g, const struct meta_import *how,
                                      const void *bytes, size_t n);

/* Runs what the saver_def names, the checkpoint's path and `more` being fed. FAILED_PRECONDITION if
 * there is no saver_def. */
struct path_feed { const char *tensor, *path; };
MUST_CHECK struct status *meta_restore(struct session *s, const char *prefix,
                                       const Wire__MetaGraphParts *m, const char *path,
                                       const struct path_feed *more, int n_more);

/* Runs an operation ("x") or tensor ("x:0") by its name for its effect, strings being fed. */
MUST_CHECK struct status *run_named(struct session *s, const char *prefix, const char *name,
                                    const struct path_feed *feeds, int n);

/* "x:0" is an output, "x" an operation (index -1), under "prefix/" (NULL: as it is). NOT_FOUND. */
MUST_CHECK struct status *meta_find(struct graph *g, struct arena *a, const char *prefix,
                                    const char *name, struct out *item);

/* ---- branches and loops: CondContextDef, WhileContextDef ---- */

struct context;
/* The bytes are the caller's, to mem_free(). */
MUST_CHECK struct status *context_encode(const struct context *c, void **bytes, size_t *n);
/* The nodes that it names, under "prefix/", are in it then. It lies in no other context. */
MUST_CHECK struct status *context_decode(struct graph *g, const char *prefix, bool loop,
                                         const void *bytes, size_t n, struct context **c);

/* ---- out: what is said besides the graph and its collections ---- */

struct named_out { const char *key; struct out out; };

struct meta_asset { struct meta_asset *next; const char *path; struct out name; };

struct meta {
    struct arena arena;
    struct status *error;               /* the first one of a setter */
    Wire__MetaGraphParts m;             /* tags, signatures, saver_def */
    struct meta_asset *assets, **last_asset;
    struct node *init;                  /* the main op, or NULL */
    bool clear_devices;
};

struct meta *meta_new(void);            /* NULL: no memory */
void meta_free(struct meta *m);         /* NULL is fine */
void meta_tag(struct meta *m, const char *tag);
void meta_signature(struct meta *m, const char *key, const char *method,
                    const struct named_out *in, int n_in, const struct named_out *out, int n_out);
void meta_add_asset(struct meta *m, const char *path, struct out name);
void meta_set_saver(struct meta *m, const Wire__SaverDef *def);
void meta_fail(struct meta *m, struct status *st);      /* takes st over; the first one stays */

/* `m` may be NULL. The bytes are the caller's, to mem_free(). */
MUST_CHECK struct status *meta_export(struct graph *g, const struct meta *m, void **bytes,
                                      size_t *n);

/* The OpDefs of the ops that the graph uses, sorted by name (stripped_op_list). */
MUST_CHECK struct status *op_list(struct arena *a, struct graph *g, Wire__OpList **list);

/* Collections whose items are variables, as VariableDefs. */
bool holds_variables(const char *key);

#define COND_KEY "cond_context"
#define WHILE_KEY "while_context"
#define MAIN_OP_KEY "saved_model_main_op"
#define LEGACY_INIT_KEY "legacy_init_op"
#define ASSETS_KEY "saved_model_assets"
#define INIT_SIGNATURE "__saved_model_init_op"

#endif
