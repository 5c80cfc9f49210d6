/* import_options.c - what an import is told. Memory that is not there is said by the import. */
#include "base/mem.h"
#include "graph/graphdef.h"

#include <limits.h>
#include <stdlib.h>

struct import *import_new(void) { return mem_new(struct import); }

void import_free(struct import *im)
{
    if (!im)
        return;
    arena_free(&im->arena);
    mem_free(im);
}

void import_set_text(struct import *im, const char **option, const char *text)
{
    *option = text ? arena_strdup(&im->arena, text) : NULL;
    im->no_memory |= text && !*option;
}

void import_set_ops(struct import *im, const void *bytes, size_t n)
{
    im->ops = arena_copy(&im->arena, bytes, n);
    im->n_ops = n;
    im->no_memory |= !im->ops;
}

/* Room for one more in an array of n: it has room for a power of two. NULL: no memory. */
static void *room(struct import *im, void *array, int n, size_t size)
{
    if (n & (n - 1))
        return array;
    void *grown = arena_alloc(&im->arena, (n ? 2 * (size_t)n : 1) * size);
    if (grown && n)
        memcpy(grown, array, (size_t)n * size);
    im->no_memory |= !grown;
    return grown;
}

/* "x", "x:1"; false: neither. */
static bool name_parse(struct import *im, const char *text, struct import_name *name)
{
    const char *colon = strchr(text, ':');
    char *end = NULL;
    long index = colon ? strtol(colon + 1, &end, 10) : INDEX_NODE;
    if (!*text || colon == text || (colon && (end == colon + 1 || *end || index < 0)) ||
        index > INT_MAX)
        return false;
    name->index = (int)index;
    name->node = arena_strndup(&im->arena, text, colon ? (size_t)(colon - text) : strlen(text));
    im->no_memory |= !name->node;
    return name->node != NULL;
}

static void add_map(struct import *im, const char *name, struct out to, bool control)
{
    struct import_map *m = arena_new(&im->arena, struct import_map);
    struct import_map **grown = room(im, im->map, im->n_map, sizeof *grown);
    im->no_memory |= !m;
    if (!m || !grown)
        return;
    m->to = to;
    m->text = control ? arena_printf(&im->arena, "^%s", name) : arena_strdup(&im->arena, name);
    if (!name_parse(im, name, &m->from))
        m->from.node = m->text;         /* no node has such a name: it will be unused */
    if (control)
        m->from.index = INDEX_NODE;
    else if (m->from.index == INDEX_NODE)
        m->from.index = 0;
    im->no_memory |= !m->text;
    im->map = grown;
    im->map[im->n_map++] = m;
}

void import_map_to(struct import *im, const char *name, struct out to)
{
    add_map(im, name, to, false);
}

void import_map_control(struct import *im, const char *name, struct node *to)
{
    add_map(im, name + (*name == '^'), (struct out){ to, INDEX_NODE }, true);
}

void import_after(struct import *im, struct node *node)
{
    struct node **grown = room(im, im->after, im->n_after, sizeof *grown);
    if (!grown)
        return;
    im->after = grown;
    im->after[im->n_after++] = node;
}

void import_return(struct import *im, const char *name)
{
    struct import_want *grown = room(im, im->want, im->n_wants, sizeof *grown);
    if (!grown)
        return;
    im->want = grown;
    struct import_want *w = &im->want[im->n_wants++];
    *w = (struct import_want){ .text = arena_strdup(&im->arena, name) };
    im->no_memory |= !w->text;
    w->valid = name_parse(im, name, &w->name);
}
