/* dataset_cache.c - CacheDataset: what was computed in the first whole walk is kept, in memory or
 * in a checkpoint, for the later ones. */
#include "base/mem.h"
#include "graph/graph.h"
#include "io/bundle_out.h"
#include "op/shape_fn.h"
#include "ops/dataset.h"
#include "tensor/tstring.h"

#include <pthread.h>
#include <stdio.h>

/* ---- in memory ---- */

struct cache {
    struct dataset base;
    pthread_mutex_t lock;
    bool whole;                             /* `elements` are there, and never change again */
    struct elements elements;
    char *prefix;                           /* of the file; NULL: in memory */
};

/* The first one to come to the end leaves what it has gathered; whoever finds that there reads. */
struct cache_cursor { struct cursor base; bool reads; struct elements gathered; int64_t at; };

static struct cache_cursor *of(struct cursor *c) { return (struct cache_cursor *)c; }

static struct status *cache_begin(struct cursor *c, struct run_env *env)
{
    struct cache *d = (struct cache *)c->d;
    of(c)->gathered.n = c->d->n;
    pthread_mutex_lock(&d->lock);
    of(c)->reads = d->whole;
    pthread_mutex_unlock(&d->lock);
    return of(c)->reads ? NULL : cursor_new(c->d->in[0], env, &c->in);
}

static void cache_finish(struct cursor *c) { elements_clear(&of(c)->gathered); }

static void leave(struct cache *d, struct elements *e)
{
    pthread_mutex_lock(&d->lock);
    if (!d->whole) {
        d->elements = *e;
        d->whole = true;
        *e = (struct elements){ .n = e->n };
    }
    pthread_mutex_unlock(&d->lock);
}

static struct status *gather(struct cursor *c, struct run_env *env, struct tensor *out, bool *end)
{
    struct tensor *copy;
    bool was_open = c->in != NULL;
    TRY(cursor_next_in(c, env, out, end));
    if (*end) {
        if (was_open)
            leave((struct cache *)c->d, &of(c)->gathered);
        return NULL;
    }
    NEED(copy = mem_array(struct tensor, c->d->n));
    for (int i = 0; i < c->d->n; i++)
        copy[i] = tensor_ref(&out[i]);
    struct status *st = elements_add(&of(c)->gathered, copy);
    mem_free(copy);
    return st;
}

static struct status *cache_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                 bool *end)
{
    const struct elements *e = &((struct cache *)c->d)->elements;
    if (!of(c)->reads)
        return gather(c, env, out, end);
    *end = of(c)->at == e->count;
    for (int i = 0; i < c->d->n && !*end; i++)
        out[i] = tensor_ref(elements_at(e, of(c)->at) + i);
    of(c)->at += !*end;
    return NULL;
}

static void cache_release(struct dataset *d)
{
    struct cache *cache = (struct cache *)d;
    elements_clear(&cache->elements);
    mem_free(cache->prefix);
    pthread_mutex_destroy(&cache->lock);
}

static int64_t cache_count(const struct dataset *d) { return dataset_count(d->in[0]); }

static const struct dataset_kind MEMORY = {
    .name = "MemoryCache", .size = sizeof(struct cache), .cursor = sizeof(struct cache_cursor),
    .many = true, .begin = cache_begin, .next = cache_next, .finish = cache_finish,
    .release = cache_release, .count = cache_count
};

/* ---- in a file: tensor j of element i by the name "      i_j", i in 7 places ---- */

struct file_cursor {
    struct cursor base;
    struct checkpoint *read;
    struct bundle_out write;
    bool writes;
    int64_t at;
};

static struct file_cursor *file_of(struct cursor *c) { return (struct file_cursor *)c; }
static const char *prefix_of(const struct cursor *c) { return ((struct cache *)c->d)->prefix; }

enum { KEY_TEXT = 48 };

static struct piece key(const struct cursor *c, int64_t at, int i, char text[KEY_TEXT])
{
    int width = snprintf(NULL, 0, "%d", c->d->n - 1);
    snprintf(text, KEY_TEXT, "%7lld_%*d", (long long)at, width, i);
    return piece_of(text);
}

static struct status *in_file_begin(struct cursor *c, struct run_env *env)
{
    struct file_cursor *f = file_of(c);
    if (checkpoint_exists(prefix_of(c)))
        return checkpoint_open(prefix_of(c), &f->read);
    TRY(cursor_new(c->d->in[0], env, &c->in));
    f->writes = true;
    return bundle_begin(&f->write, prefix_of(c));
}

static void in_file_finish(struct cursor *c)
{
    checkpoint_free(file_of(c)->read);
    if (file_of(c)->writes)
        bundle_release(&file_of(c)->write);
}

static struct status *in_file_write(struct cursor *c, struct run_env *env, struct tensor *out,
                                 bool *end)
{
    struct file_cursor *f = file_of(c);
    char text[KEY_TEXT];
    bool was_open = c->in != NULL;
    TRY(cursor_next_in(c, env, out, end));
    if (*end)
        return was_open ? bundle_finish(&f->write) : NULL;
    for (int i = 0; i < c->d->n; i++)
        TRY(bundle_add(&f->write, key(c, f->at, i, text), &out[i]));
    f->at++;
    return NULL;
}

static struct status *in_file_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                bool *end)
{
    struct file_cursor *f = file_of(c);
    char text[KEY_TEXT];
    if (f->writes)
        return in_file_write(c, env, out, end);
    *end = !checkpoint_find(f->read, key(c, f->at, 0, text));
    for (int i = 0; i < c->d->n && !*end; i++) {
        const struct saved *e = checkpoint_find(f->read, key(c, f->at, i, text));
        if (!e)
            return checkpoint_no_key(key(c, f->at, i, text));
        TRY(checkpoint_read(f->read, e, NULL, env->buffers, 1, &out[i]));
    }
    f->at += !*end;
    return NULL;
}

static const struct dataset_kind IN_FILE = {
    .name = "FileCache", .size = sizeof(struct cache), .cursor = sizeof(struct file_cursor),
    .many = true, .begin = in_file_begin, .next = in_file_next, .finish = in_file_finish,
    .release = cache_release, .count = cache_count
};

/* ---- the row ---- */

static struct status *cache_run(struct kernel *k)
{
    const struct tstring *prefix;
    struct cache *d;
    TRY(dataset_text(k, 1, "filename", &prefix));
    TRY(dataset_make_like(k, tstring_len(prefix) ? &IN_FILE : &MEMORY, &d));
    pthread_mutex_init(&d->lock, NULL);
    d->elements.n = d->base.n;
    if (tstring_len(prefix))
        NEED(d->prefix = mem_strdup(tstring_data(prefix)));
    return NULL;
}

const struct op ops_dataset_cache[] = {
    { .name = "CacheDataset", .inputs = "input_dataset: variant, filename: string",
      .outputs = "handle: variant",
      .attrs = "output_types: list(type) >= 1; output_shapes: list(shape) >= 1",
      .doc = "The same dataset, computed once and then kept, in memory or in files.",
      .shape = dataset_shape, .grad = NO_GRADIENT, .kernel_any = cache_run },
    { 0 }
};
