/* model_file.h - the file of a SavedModel: which graphs it holds, under which tags. */
#ifndef MODEL_MODEL_FILE_H
#define MODEL_MODEL_FILE_H

#include "model/meta.h"
#include "model/saved_model.h"

struct model_file {
    char *bytes;                        /* the serialized SavedModel */
    size_t n;
    Wire__SavedModelParts *model;       /* decoded */
    Wire__MetaGraphParts **meta;        /* ... and each of its graphs */
    int n_metas;
};

/* DIR/saved_model.pb, or the same as text. Memory besides the bytes is the arena's, and points into
 * them. */
MUST_CHECK struct status *model_file_load(struct arena *a, const char *dir, struct model_file *f);
void model_file_release(struct model_file *f);
/* The graph that has exactly these tags. */
MUST_CHECK struct status *model_file_choose(const struct model_file *f, struct tag_list tags,
                                            int *at);
/* "serve, gpu", "train": each set between `before` and `after`. */
void model_file_print_tags(const struct model_file *f, const char *before, const char *after,
                           struct str *to);

#endif
