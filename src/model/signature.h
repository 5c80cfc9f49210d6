/* signature.h - the uses that a model says it has: named inputs, named outputs. */
#ifndef MODEL_SIGNATURE_H
#define MODEL_SIGNATURE_H

#include "graph/graph.h"
#include "wire/parts.pb-c.h"

struct signature_value {
    const char *key, *name;             /* the signature's, the graph's: "x:0", or "x" */
    struct out out;                     /* of an operation: index -1; {NULL}: the graph has none */
    enum dtype dtype;                   /* DT_INVALID: an operation */
    struct shape shape;
};

struct signature {
    const char *key, *method;
    struct signature_value *in, *out;   /* sorted by key */
    int n_in, n_out;
};

/* All signatures of a MetaGraphDef, sorted by key; their memory is the arena's. */
MUST_CHECK struct status *signatures_read(struct arena *a, struct graph *g,
                                          const Wire__MetaGraphParts *m, struct signature **list,
                                          int *n);

struct named_tensor { const char *key; const struct tensor *value; };

/* A run of a signature, in the graph's terms. */
struct bound {
    struct out *feed;
    int *given;                         /* of each feed: which of the inputs given it is */
    int n_feeds;
    struct out *fetch;
    int *output;                        /* of each fetch: the signature's output */
    int n_fetches;
    struct node **target;               /* outputs that are operations */
    int n_targets;
};

/* INVALID_ARGUMENT for an input that is not the signature's, is of another dtype or is missing. */
MUST_CHECK struct status *signature_bind(const struct signature *s, struct arena *a,
                                         const struct named_tensor *in, int n, struct bound *b);

#endif
