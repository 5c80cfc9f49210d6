/* op_list.c - the ops that a graph uses, as a file says them. */
#include "graph/proto.h"
#include "model/meta.h"

#include <stdlib.h>

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct op *const *)a)->name, (*(const struct op *const *)b)->name);
}

static struct status *used_ops(struct arena *a, struct graph *g, const struct op ***used, int *n)
{
    struct map seen = { 0 };
    struct status *st = NULL;
    graph_lock(g);
    if (!(*used = arena_array(a, const struct op *, g->n + 1)))
        st = status_no_memory();
    for (int i = 0; !st && i < g->n; i++) {
        const struct op *op = g->node[i]->op;
        if (!map_get(&seen, op->name))
            (*used)[(*n)++] = op;
        if (!map_put(&seen, op->name, (void *)op))
            st = status_no_memory();
    }
    graph_unlock(g);
    map_free(&seen);
    return st;
}

struct status *op_list(struct arena *a, struct graph *g, Wire__OpList **list)
{
    const struct op **used;
    int n = 0;
    NEED(*list = arena_new(a, Wire__OpList));
    wire__op_list__init(*list);
    TRY(used_ops(a, g, &used, &n));
    qsort(used, (size_t)n, sizeof *used, by_name);
    NEED((*list)->op = arena_array(a, Wire__OpDef *, n + 1));
    for (int i = 0; i < n; i++)
        TRY(op_to_proto(a, used[i], &(*list)->op[(*list)->n_op++]));
    return NULL;
}
