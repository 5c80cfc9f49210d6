#include "graph/collection.h"
#include "base/mem.h"
#include "graph/graph.h"

struct collection {
    struct collection *next;
    char *key;
    struct out *item;
    int n, cap;
};

static struct collection **find(struct graph *g, const char *key)
{
    struct collection **c = &g->collections;
    while (*c && strcmp((*c)->key, key))
        c = &(*c)->next;
    return c;
}

static void collection_free(struct collection *c)
{
    mem_free(c->key);
    mem_free(c->item);
    mem_free(c);
}

void collections_free(struct collection *c)
{
    for (struct collection *next; c; c = next) {
        next = c->next;
        collection_free(c);
    }
}

static struct status *collection_new(const char *key, struct collection **result)
{
    struct collection *c;
    NEED(c = mem_new(struct collection));
    c->key = mem_strdup(key);
    if (!c->key) {
        mem_free(c);
        return status_no_memory();
    }
    *result = c;
    return NULL;
}

static struct status *append(struct graph *g, const char *key, struct out o)
{
    if (g->finalized)
        return status_new(FAILED_PRECONDITION, "Graph is finalized and cannot be modified.");
    struct collection **c = find(g, key);
    if (!*c)
        TRY(collection_new(key, c));
    if ((*c)->n == (*c)->cap) {
        int cap = (*c)->cap ? 2 * (*c)->cap : 8;
        struct out *item = mem_grow((*c)->item, (size_t)cap * sizeof *item);
        NEED(item);
        (*c)->item = item;
        (*c)->cap = cap;
    }
    (*c)->item[(*c)->n++] = o;
    return NULL;
}

struct status *graph_collect(struct graph *g, const char *key, struct out o)
{
    graph_lock(g);
    struct status *st = append(g, key, o);
    graph_unlock(g);
    return st;
}

int graph_collection(struct graph *g, const char *key, struct out *items, int most)
{
    graph_lock(g);
    const struct collection *c = *find(g, key);
    int n = c ? c->n : 0;
    for (int i = 0; i < n && i < most; i++)
        items[i] = c->item[i];
    graph_unlock(g);
    return n;
}

int graph_collection_keys(struct graph *g, const char **keys, int most)
{
    int n = 0;
    graph_lock(g);
    for (const struct collection *c = g->collections; c; c = c->next, n++)
        if (n < most)
            keys[n] = c->key;
    graph_unlock(g);
    return n;
}

struct status *graph_clear_collection(struct graph *g, const char *key)
{
    graph_lock(g);
    struct status *st = NULL;
    struct collection **at = find(g, key), *c = *at;
    if (g->finalized) {
        st = status_new(FAILED_PRECONDITION, "Graph is finalized and cannot be modified.");
    } else if (c) {
        *at = c->next;
        collection_free(c);
    }
    graph_unlock(g);
    return st;
}
