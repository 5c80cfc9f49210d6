/* graph.c - what a graph is besides its nodes: its lock, names, lookups, seeds. */
#include "graph/graph.h"
#include "base/mem.h"
#include "graph/collection.h"
#include "graph/context.h"
#include "graph/library.h"

#include <ctype.h>
#include <stdlib.h>

struct graph *graph_new(void)
{
    struct graph *g = mem_new(struct graph);
    pthread_mutexattr_t recursive;
    if (!g)
        return NULL;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&g->lock, &recursive);
    pthread_mutexattr_destroy(&recursive);
    atomic_init(&g->refs, 1);
    g->names.fold = g->suffixes.fold = true;
    return g;
}

struct graph *graph_ref(struct graph *g)
{
    atomic_fetch_add(&g->refs, 1);
    return g;
}

static void release_node(struct node *n)
{
    for (int i = 0; i < n->n_attr; i++)
        attr_release(&n->attr[i]);
}

void graph_unref(struct graph *g)
{
    if (!g || atomic_fetch_sub(&g->refs, 1) != 1)
        return;
    for (int i = 0; i < g->n; i++)
        release_node(g->node[i]);
    mem_free(g->node);
    mem_free(g->context);
    map_free(&g->names);
    map_free(&g->other_case);
    map_free(&g->suffixes);
    map_free(&g->ops);
    library_free(g->library);
    collections_free(g->collections);
    kept_values_free(g->values);
    arena_free(&g->arena);
    pthread_mutex_destroy(&g->lock);
    mem_free(g);
}

static void forget_name(struct graph *g, const struct node *n)
{
    if (map_get(&g->other_case, n->name) == n)
        map_remove(&g->other_case, n->name);
    else
        map_remove(&g->names, n->name);
}

void graph_truncate(struct graph *g, int n)
{
    while (g->n > n) {
        struct node *last = g->node[--g->n];
        forget_name(g, last);
        release_node(last);
    }
    context_forget(g, n);
}

const struct op *graph_op(struct graph *g, const char *name)
{
    const struct op *op = op_find(name);
    if (op)
        return op;
    graph_lock(g);
    const struct function *f = library_find(g, name);
    op = f ? f->op : map_get(g->outer ? &g->outer->ops : &g->ops, name);
    graph_unlock(g);
    return op;
}

void graph_lock(struct graph *g) { pthread_mutex_lock(&g->lock); }
void graph_unlock(struct graph *g) { pthread_mutex_unlock(&g->lock); }

void graph_finalize(struct graph *g, bool final)
{
    graph_lock(g);
    g->finalized = final;
    graph_unlock(g);
}

/* ---- names ---- */

static bool name_char(char c)
{
    static const bool legal[256] = { ['0' ... '9'] = true, ['A' ... 'Z'] = true,
                                     ['a' ... 'z'] = true, ['_'] = true, ['.'] = true,
                                     ['-'] = true, ['/'] = true };
    return legal[(unsigned char)c];
}

bool name_is_valid(const char *name, bool inner_scope)
{
    bool first = isalnum((unsigned char)*name) || *name == '.';
    if (!first && !(inner_scope && name_char(*name)))
        return false;
    for (; *name; name++)
        if (!name_char(*name))
            return false;
    return true;
}

/* The name and a suffix, written by hand: this runs for every node that is added. */
static void write_suffix(char *to, const char *name, size_t n, unsigned suffix)
{
    char digits[12];
    int k = 0;
    memcpy(to, name, n);
    to[n++] = '_';
    do
        digits[k++] = (char)('0' + suffix % 10);
    while (suffix /= 10);
    while (k)
        to[n++] = digits[--k];
    to[n] = 0;
}

/* A1-A4: the counter goes on from the last suffix given and skips what is taken. The name becomes
 * the key of its own entry: it is looked for and marked in one step. */
static const char *numbered_name(struct graph *g, const char *name, uintptr_t *suffix, bool mark)
{
    size_t n = strlen(name);
    char *text = arena_alloc(&g->arena, n + 12);
    for (bool taken = true; taken && text;) {
        write_suffix(text, name, n, (unsigned)(*suffix)++);
        if (!mark) {
            taken = map_get(&g->names, text) != NULL;
            continue;
        }
        struct map_entry *e = map_entry(&g->names, text);
        if (!e)
            return NULL;
        taken = e->value != NULL;
        if (!taken)
            e->value = NAME_USED;
    }
    return text;
}

static const char *unique_name(struct graph *g, const char *name, bool mark)
{
    const struct map_entry *used = map_find(&g->names, name);
    if (!used) {
        const char *result = arena_strdup(&g->arena, name);
        return result && (!mark || map_put(&g->names, result, NAME_USED)) ? result : NULL;
    }
    struct map_entry *s = mark ? map_entry(&g->suffixes, used->key) : map_find(&g->suffixes, name);
    uintptr_t suffix = s && s->value ? (uintptr_t)s->value : 1;
    if (mark && !s)
        return NULL;
    const char *result = numbered_name(g, name, &suffix, mark);
    if (mark)
        s->value = (void *)suffix;
    return result;
}

const char *graph_unique_name(struct graph *g, const char *name, bool mark)
{
    graph_lock(g);
    const char *result = unique_name(g, name, mark);
    graph_unlock(g);
    return result;
}

/* ---- lookups ---- */

struct node *graph_find_n(struct graph *g, const char *name, size_t n)
{
    graph_lock(g);
    struct node *node = map_get_n(&g->names, name, n);
    if (node == NAME_USED || (node && memcmp(node->name, name, n)))
        node = map_get_n(&g->other_case, name, n);
    graph_unlock(g);
    return node;
}

struct node *graph_find(struct graph *g, const char *name)
{
    return graph_find_n(g, name, strlen(name));
}

#define OUTPUT_FORM "Tensor names must be of the form \"<op_name>:<output_index>\"."

static struct status *no_index(struct graph *g, const char *name)
{
    if (graph_find(g, name))
        return status_new(INVALID_ARGUMENT, "The name '%s' refers to an Operation, not a Tensor. "
                          OUTPUT_FORM, name);
    return status_new(INVALID_ARGUMENT, "The name '%s' looks like an (invalid) Operation name, "
                      "not a Tensor. " OUTPUT_FORM, name);
}

struct status *graph_find_out(struct graph *g, const char *name, struct out *out)
{
    const char *colon = strchr(name, ':');
    char *end = NULL;
    if (!colon)
        return no_index(g, name);
    long index = strtol(colon + 1, &end, 10);
    ENSURE(isdigit((unsigned char)colon[1]) && !*end && index < 1 << 30,
           "The name '%s' looks a like a Tensor name, but is not a valid one. " OUTPUT_FORM, name);
    struct node *n = graph_find_n(g, name, (size_t)(colon - name));
    if (!n)
        return status_new(NOT_FOUND, "The name '%s' refers to a Tensor which does not exist. The "
                          "operation, '%.*s', does not exist in the graph.", name,
                          (int)(colon - name), name);
    if (index >= n->n_out)
        return status_new(NOT_FOUND, "The name '%s' refers to a Tensor which does not exist. The "
                          "operation, '%s', exists but only has %d outputs.", name, n->name,
                          n->n_out);
    *out = (struct out){ n, (int)index };
    return NULL;
}

struct status *graph_set_shape(struct graph *g, struct out o, const struct shape *s)
{
    struct shape merged, *kept;
    ENSURE(out_is_valid(o), "Node '%s' has no output %d", o.node->name, o.index);
    graph_lock(g);
    const struct shape **at = (const struct shape **)&o.node->shape[o.index];
    struct status *st = shape_merge(*at, s, &merged);
    if (!st)
        st = shape_check_size(&merged);
    if (!st && !shape_equal(&merged, *at)) {
        kept = arena_copy(&g->arena, &merged, sizeof merged);
        if (kept)
            __atomic_store_n(at, kept, __ATOMIC_RELEASE);       /* others may be reading it */
        else
            st = status_no_memory();
    }
    graph_unlock(g);
    return st;
}

/* ---- seeds ---- */

enum { DEFAULT_GRAPH_SEED = 87654321 };

static int64_t seed_reduced(int64_t seed)
{
    const int64_t m = 0x7fffffff;
    return (seed % m + m) % m;
}

void graph_seed_pair(struct graph *g, bool has_op_seed, int64_t op_seed,
                     int64_t *seed, int64_t *seed2)
{
    graph_lock(g);
    *seed = *seed2 = 0;
    if (g->has_seed || has_op_seed) {
        *seed = seed_reduced(g->has_seed ? g->seed : DEFAULT_GRAPH_SEED);
        *seed2 = seed_reduced(has_op_seed ? op_seed : g->ids_given);
        if (!*seed && !*seed2)
            *seed2 = 0x7fffffff;        /* A58: (0, 0) would mean: not deterministic */
    }
    graph_unlock(g);
}
