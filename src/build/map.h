/* map.h - a function over the rows of tensors: map_fn, scan, foldl, foldr.
 *
 * Each is a loop that reads the rows out of arrays, one iteration a row; what the function gives is
 * kept in arrays (map_fn, scan) or goes on to the next row (scan, foldl, foldr). Errors stick to
 * the graph.
 */
#ifndef BUILD_MAP_H
#define BUILD_MAP_H

#include "graph/graph.h"

/* Builds what becomes of a row. `state`: what the row before gave; NULL for map_fn. */
struct row_fn {
    void (*fn)(void *ctx, struct graph *g, const struct out *state, const struct out *row,
               struct out *results);
    void *ctx;
};

struct map_options {
    const char *name;               /* of the scope; NULL: "map", "scan", "foldl", "foldr" */
    const enum dtype *dtypes;       /* of map_fn's results; NULL: as the rows' */
    int parallel_iterations;
    bool back_prop, swap_memory;
    bool varied;                    /* results of different rows may differ in shape */
    bool reverse;                   /* scan: from the last row on */
};

/* results[i]: what the function gave for each row, n_results of them. */
void build_map(struct graph *g, struct row_fn fn, const struct out *elems, int n,
               const struct map_options *o, struct out *results, int n_results);
/* `initial` NULL: the first row, and then n_state is n. results[i], n_state of them: what the
 * function gave for each row; the first row itself, if that was the initial state. */
void build_scan(struct graph *g, struct row_fn fn, const struct out *elems, int n,
                const struct out *initial, int n_state, const struct map_options *o,
                struct out *results);
/* ... what it gave for the last row; for the first one, where `reverse` is said. */
void build_fold(struct graph *g, struct row_fn fn, const struct out *elems, int n,
                const struct out *initial, int n_state, const struct map_options *o,
                struct out *results);

#endif
