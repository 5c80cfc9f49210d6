/* named.h - inputs and outputs of a model by the names that a person gives: a signature's keys, or
 * the graph's tensors. */
#ifndef CLI_NAMED_H
#define CLI_NAMED_H

#include "open.h"

struct named {
    const char *name;
    struct weft_out out;
    const char *value;                  /* of a feed, as it was written; NULL: none was given */
    struct weft_tensor *tensor;
};

struct names {
    struct named *item;
    int n;
};

struct request {
    struct model *model;
    const struct weft_signature *signature;     /* NULL: the graph itself */
    bool whole;                         /* the signature with all that it gives */
    struct names feeds, fetches;
    char **owned;                       /* texts that were cut out of arguments */
    int n_owned;
};

/* "NAME=VALUE" and "NAME", as they were given. A signature: the one called `signature`; where that
 * is NULL and neither names a tensor of the graph, "serving_default" or the only one. */
WEFT_MUST_CHECK struct weft_status *request_make(struct model *m, const char *signature,
                                                 char *const *feeds, int n_feeds,
                                                 char *const *fetches, int n_fetches,
                                                 struct request *r);
/* The inputs that the fetches need and that nothing was given for, put behind the feeds. How many;
 * -1: no memory. */
int request_missing(struct request *r);
WEFT_MUST_CHECK struct weft_status *request_run(struct request *r,
                                                const struct weft_run_options *options);
void request_free(struct request *r);

#endif
