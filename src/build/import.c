#include "build/import.h"
#include "build/scope.h"

struct status *build_import(struct graph *g, struct import *im, const void *bytes, size_t n)
{
    struct import plain = { 0 };
    im = im ? im : &plain;
    im->add = build_imported;
    graph_lock(g);
    int nodes = g->n;
    struct status *st = graph_import(g, im, bytes, n);
    if (st)
        build_forget_nodes(g, nodes);
    graph_unlock(g);
    arena_free(&plain.arena);
    return st;
}
