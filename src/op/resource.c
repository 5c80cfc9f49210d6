#include "op/resource.h"

#include "base/map.h"
#include "base/mem.h"

#include <ctype.h>
#include <pthread.h>
#include <string.h>

struct entry { struct resource *resource; char key[]; };    /* the key is the map's */

struct resources {
    struct resources *shared;   /* NULL, or where all is kept but what kernels own; a reference */
    atomic_int refs;
    pthread_mutex_t lock;
    struct map map;                     /* of entries */
};

/* ---- one resource ---- */

/* Container and name lie behind the struct itself, in one piece of memory. */
static struct resource *make(const struct resource_kind *kind, const char *container,
                             const char *name)
{
    size_t n = container ? strlen(container) + 1 : 0, m = name ? strlen(name) + 1 : 0;
    struct resource *r = mem_zero(kind->size + n + m);
    if (!r)
        return NULL;
    char *text = (char *)r + kind->size;
    r->kind = kind;
    r->container = container ? memcpy(text, container, n) : NULL;
    r->name = name ? memcpy(text + n, name, m) : NULL;
    atomic_init(&r->refs, 1);
    if (kind->init && !kind->init(r)) {
        mem_free(r);
        return NULL;
    }
    return r;
}

struct resource *resource_new(const struct resource_kind *kind)
{
    return make(kind, NULL, NULL);
}

struct resource *resource_ref(struct resource *r)
{
    atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    return r;
}

void resource_unref(struct resource *r)
{
    if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
        return;
    void (*last)(struct resource *) = r->kind->release ? r->kind->release : r->kind->clear;
    if (last)
        last(r);
    mem_free(r);
}

static void clear(struct resource *r)
{
    if (r->kind->clear)
        r->kind->clear(r);
}

/* ---- where they are found ---- */

struct resources *resources_new(void)
{
    struct resources *m = mem_new(struct resources);
    if (!m)
        return NULL;
    atomic_init(&m->refs, 1);
    pthread_mutex_init(&m->lock, NULL);
    return m;
}

struct resources *resources_over(struct resources *shared)
{
    struct resources *m = resources_new();
    if (m)
        m->shared = resources_ref(shared);
    return m;
}

static struct resources *place_of(struct resources *m, const char *container)
{
    return m->shared && strcmp(container, OWN_CONTAINER) ? m->shared : m;
}

struct resources *resources_ref(struct resources *m)
{
    atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}

void resources_unref(struct resources *m)
{
    if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1)
        return;
    resources_reset(m, NULL);
    resources_unref(m->shared);
    map_free(&m->map);
    pthread_mutex_destroy(&m->lock);
    mem_free(m);
}

/* No name can hold the separator and be mistaken for another one: container names are letters,
 * digits and -./ only, and kinds are ours. */
static struct entry *entry_new(const struct resource_kind *kind, const char *container,
                               const char *name)
{
    size_t n = strlen(container), k = strlen(kind->name), m = strlen(name);
    struct entry *e = mem_alloc(sizeof *e + n + k + m + 3);
    if (!e)
        return NULL;
    e->resource = NULL;
    memcpy(e->key, container, n);
    e->key[n] = '\n';
    memcpy(e->key + n + 1, kind->name, k);
    e->key[n + 1 + k] = '\n';
    memcpy(e->key + n + k + 2, name, m + 1);
    return e;
}

static struct resource *find_locked(const struct resources *m, const struct entry *like)
{
    const struct entry *e = map_get(&m->map, like->key);
    return e ? resource_ref(e->resource) : NULL;
}

struct status *resources_get(struct resources *m, const struct resource_kind *kind,
                             const char *container, const char *name, struct resource **r)
{
    struct entry *e;
    m = place_of(m, container);
    NEED(e = entry_new(kind, container, name));
    pthread_mutex_lock(&m->lock);
    *r = find_locked(m, e);
    if (!*r && (e->resource = make(kind, container, name))) {
        if (map_put(&m->map, e->key, e)) {
            *r = resource_ref(e->resource);
            e = NULL;
        }
    }
    pthread_mutex_unlock(&m->lock);
    if (e)
        resource_unref(e->resource);
    mem_free(e);
    NEED(*r);
    return NULL;
}

struct resource *resources_find(struct resources *m, const struct resource_kind *kind,
                                const char *container, const char *name)
{
    struct entry *e = entry_new(kind, container, name);
    if (!e)
        return NULL;
    m = place_of(m, container);
    pthread_mutex_lock(&m->lock);
    struct resource *r = find_locked(m, e);
    pthread_mutex_unlock(&m->lock);
    mem_free(e);
    return r;
}

/* Its entry, taken out of the table if nobody but the table and two callers holds it: a plan that
 * bound it may fill it again, and plans compiled later must then mean the same one. */
static struct entry *take_if_unbound(struct resources *m, struct resource *r)
{
    bool bound = atomic_load(&r->refs) > 3;
    for (size_t i = 0; i < m->map.n && !bound; i++) {
        struct entry *e = m->map.entry[i].value;
        if (e && e->resource == r) {
            map_remove(&m->map, e->key);
            return e;
        }
    }
    return NULL;
}

void resources_remove(struct resources *m, struct resource *r)
{
    resource_ref(r);
    clear(r);
    m = place_of(m, r->container ? r->container : "");
    pthread_mutex_lock(&m->lock);
    struct entry *e = take_if_unbound(m, r);
    pthread_mutex_unlock(&m->lock);
    if (e)
        resource_unref(e->resource);
    mem_free(e);
    resource_unref(r);
}

/* Some resource of the container, taken out of the table. */
static struct entry *take_one(struct resources *m, const char *container)
{
    struct entry *e = NULL;
    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < m->map.n && !e; i++) {
        struct entry *at = m->map.entry[i].value;
        if (at && (!container || !strcmp(at->resource->container, container)))
            e = at;
    }
    if (e)
        map_remove(&m->map, e->key);
    pthread_mutex_unlock(&m->lock);
    return e;
}

/* Clearing may take a while and may release other resources: never under the table's lock. */
void resources_reset(struct resources *m, const char *container)
{
    for (struct entry *e; (e = take_one(m, container)); mem_free(e)) {
        clear(e->resource);
        resource_unref(e->resource);
    }
}

/* ---- names ---- */

static bool container_is_valid(const char *s)
{
    if (!isalnum((unsigned char)*s) && *s != '.')
        return false;
    while (isalnum((unsigned char)*s) || (*s && strchr("-./", *s)))
        s++;
    return !*s;
}

struct status *resource_check_names(const char *container, const char *shared_name)
{
    ENSURE(!container || !*container || container_is_valid(container),
           "container contains invalid characters: %s", container);
    ENSURE(!shared_name || *shared_name != '_', "shared_name cannot start with '_': %s",
           shared_name);
    return NULL;
}
