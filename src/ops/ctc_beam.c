/* ctc_beam.c - CTCBeamSearchDecoder: the likeliest sequences of labels, found by keeping the best
 * `beam_width` beginnings from frame to frame. Beginnings are a tree: a node is its parent's, with
 * one label more. */
#include "base/arena.h"
#include "base/pool.h"
#include "ops/array.h"
#include "ops/ctc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Logarithms of how likely a beginning is if its last frame was a blank, its last label, or either.
 * Out of the beam it is impossible. */
struct chance { float total, blank, label; };
static const struct chance impossible = { -INFINITY, -INFINITY, -INFINITY };

struct beginning {
    struct beginning *parent, *child, *next;    /* next: its parent's other children */
    int64_t label, age;                         /* age: the order in which they joined the beam */
    struct chance before, now;
};

struct beam {
    const struct ctc *c;
    int64_t width, paths, n, room, age;
    bool merge;
    struct beginning **leaf, **branch;          /* leaf: a heap, the worst on top, of n */
    struct beginning **child_of;                /* by label, of the branch that grows */
    struct ctc_path *path;
    struct arena arena;
    struct status *st;
};

static float log_add(float a, float b)
{
    float most = a > b ? a : b, least = a > b ? b : a;
    return most == -INFINITY ? most : most + log1pf(expf(least - most));
}

/* ---- the heap ---- */

static bool is_worse(const struct beginning *a, const struct beginning *b)
{
    return a->now.total < b->now.total || (a->now.total == b->now.total && a->age > b->age);
}

static void sift_down(struct beam *s)
{
    for (int64_t i = 0, worst;; i = worst) {
        worst = i;
        for (int64_t child = 2 * i + 1; child <= 2 * i + 2 && child < s->n; child++)
            if (is_worse(s->leaf[child], s->leaf[worst]))
                worst = child;
        if (worst == i)
            return;
        struct beginning *t = s->leaf[i];
        s->leaf[i] = s->leaf[worst];
        s->leaf[worst] = t;
    }
}

static void push(struct beam *s, struct beginning *b)
{
    b->age = s->age++;
    if (s->n == s->width) {             /* full: the worst one leaves */
        s->leaf[0]->now = impossible;
        s->leaf[0] = b;
        sift_down(s);
        return;
    }
    int64_t i = s->n++;
    for (; i && is_worse(b, s->leaf[(i - 1) / 2]); i = (i - 1) / 2)
        s->leaf[i] = s->leaf[(i - 1) / 2];
    s->leaf[i] = b;
}

static bool is_candidate(const struct beam *s, float total)
{
    return total > -INFINITY && (s->n < s->width || total > s->leaf[0]->now.total);
}

static int better_first(const void *a, const void *b)
{
    return is_worse(*(struct beginning *const *)a, *(struct beginning *const *)b) ? 1 : -1;
}

/* Memory goes by what is in the beam, not by how wide it may become. */
static struct status *make_room(struct beam *s)
{
    struct beginning **old = s->leaf;
    int64_t most = s->n > s->width / s->c->classes ? s->width : s->n * s->c->classes;
    most = most < 1 ? 1 : most;
    if (most <= s->room)
        return NULL;
    s->room = 2 * most < s->width ? 2 * most : s->width;
    NEED(s->leaf = arena_array(&s->arena, struct beginning *, s->room));
    NEED(s->branch = arena_array(&s->arena, struct beginning *, s->room));
    if (s->n)
        memcpy(s->leaf, old, (size_t)s->n * sizeof *old);
    return NULL;
}

/* ---- a frame ---- */

/* Subtracting it makes logits logarithms of probabilities. */
static float log_sum(const float *x, int64_t n)
{
    float most = x[0], sum = 0;
    for (int64_t i = 1; i < n; i++)
        most = x[i] > most ? x[i] : most;
    for (int64_t i = 0; i < n; i++)
        sum += expf(x[i] - most);
    return most + logf(sum);
}

/* A beginning goes on: by a blank, by its last label again, or by that label after the parent. */
static void stay(struct beginning *b, const float *x, float norm, int64_t blank)
{
    const struct beginning *p = b->parent;
    if (p && p->now.total != -INFINITY)
        b->now.label = log_add(b->now.label, b->label == p->label ? p->before.blank
                                                                  : p->before.total);
    if (p)
        b->now.label += x[b->label] - norm;
    b->now.blank = b->before.total + x[blank] - norm;
    b->now.total = log_add(b->now.blank, b->now.label);
}

/* A child that is not in the beam may join it. */
static struct status *grow_one(struct beam *s, struct beginning *b, int64_t label, float log_p)
{
    struct beginning *child = s->child_of[label];
    if (child && child->now.total != -INFINITY)
        return NULL;
    float p = log_p + (label == b->label ? b->before.blank : b->before.total);
    if (!is_candidate(s, p))
        return NULL;
    if (!child) {
        NEED(child = arena_new(&s->arena, struct beginning));
        *child = (struct beginning){ .parent = b, .next = b->child, .label = label,
                                     .before = impossible };
        b->child = child;
    }
    child->now = (struct chance){ p, -INFINITY, p };
    push(s, child);
    return NULL;
}

static struct status *grow(struct beam *s, struct beginning *b, const float *x, float norm)
{
    if (!is_candidate(s, b->before.total))
        return NULL;
    memset(s->child_of, 0, (size_t)s->c->classes * sizeof *s->child_of);
    for (struct beginning *child = b->child; child; child = child->next)
        s->child_of[child->label] = child;
    for (int64_t label = 0; label < s->c->classes - 1; label++)
        TRY(grow_one(s, b, label, x[label] - norm));
    return NULL;
}

static struct status *advance(struct beam *s, const float *x)
{
    int64_t n = s->n, blank = s->c->classes - 1;
    float norm = log_sum(x, s->c->classes);
    TRY(make_room(s));
    memcpy(s->branch, s->leaf, (size_t)n * sizeof *s->leaf);
    qsort(s->branch, (size_t)n, sizeof *s->branch, better_first);
    s->n = 0;
    for (int64_t i = 0; i < n; i++)
        s->branch[i]->before = s->branch[i]->now;
    for (int64_t i = 0; i < n; i++) {
        stay(s->branch[i], x, norm, blank);
        push(s, s->branch[i]);
    }
    for (int64_t i = 0; i < n; i++)
        TRY(grow(s, s->branch[i], x, norm));
    return NULL;
}

/* ---- a sequence ---- */

static struct status *read_path(struct beam *s, const struct beginning *b, struct ctc_path *p)
{
    int64_t n = 0, last = -1;
    for (const struct beginning *at = b; at->parent; at = at->parent)
        n++;
    NEED(p->label = arena_array(&s->arena, int64_t, n + 1));
    p->log_p = b->now.total;
    int64_t *to = p->label + n;
    for (; b->parent; b = b->parent) {
        if (!s->merge || b->label != last)
            *--to = b->label;
        last = b->label;
    }
    p->n = p->label + n - to;
    memmove(p->label, to, (size_t)p->n * sizeof *to);
    return NULL;
}

static struct status *search_one(struct beam *s, int64_t b)
{
    struct beginning *root;
    NEED(root = arena_new(&s->arena, struct beginning));
    TRY(make_room(s));
    NEED(s->child_of = arena_array(&s->arena, struct beginning *, (size_t)s->c->classes));
    NEED(s->path = arena_array(&s->arena, struct ctc_path, (size_t)s->paths));
    *root = (struct beginning){ .label = -1, .before = impossible, .now = { 0, 0, -INFINITY } };
    push(s, root);
    for (int64_t t = 0; t < s->c->length[b]; t++)
        TRY(advance(s, ctc_frame(s->c, t, b)));
    ENSURE(s->paths <= s->n, "Less leaves in the beam search than requested.");
    qsort(s->leaf, (size_t)s->n, sizeof *s->leaf, better_first);
    for (int64_t i = 0; i < s->paths; i++)
        TRY(read_path(s, s->leaf[i], &s->path[i]));
    return NULL;
}

static void search_some(void *ctx, int64_t begin, int64_t end)
{
    struct beam *s = ctx;
    for (int64_t b = begin; b < end; b++)
        s[b].st = search_one(&s[b], b);
}

/* ---- the op ---- */

struct beam_attrs { int64_t width, paths; bool merge; };

static struct status *beam_prepare(struct prep *p)
{
    struct beam_attrs *a;
    TRY(prep_state(p, sizeof *a, &a));
    a->width = node_attr(p->node, "beam_width");
    a->paths = node_attr(p->node, "top_paths");
    a->merge = node_attr(p->node, "merge_repeated");
    ENSURE(a->width <= INT32_MAX, "beam_width must be < 2^31, got %lld", (long long)a->width);
    return NULL;
}

/* The sparse matrix of path p is outputs p, paths + p and 2 paths + p. */
static struct status *put_paths(struct kernel *k, const struct beam *s, int64_t batch)
{
    int paths = (int)((const struct beam_attrs *)k->state)->paths;
    struct ctc_path *path;
    TRY(kernel_temp(k, (size_t)(batch + 1) * sizeof *path, &path));
    TRY(kernel_new(k, 3 * paths, DT_FLOAT, &SHAPE(batch, paths)));
    float *log_p = kernel_out(k, 3 * paths)->data;
    for (int p = 0; p < paths; p++) {
        for (int64_t b = 0; b < batch; b++) {
            path[b] = s[b].path[p];
            log_p[b * paths + p] = path[b].log_p;
        }
        TRY(ctc_put(k, p, paths, batch, path));
    }
    return NULL;
}

static struct status *beam_search(struct kernel *k)
{
    const struct beam_attrs *a = k->state;
    struct ctc c;
    struct beam *s;
    TRY(ctc_check(k, 1, &c));
    ENSURE(a->paths <= a->width, "requested more paths than the beam width.");
    TRY(kernel_temp(k, (size_t)(c.batch + 1) * sizeof *s, &s));
    for (int64_t b = 0; b < c.batch; b++)
        s[b] = (struct beam){ .c = &c, .width = a->width, .paths = a->paths, .merge = a->merge };
    pool_for(c.batch, 1, k->env->threads, search_some, s);
    struct status *st = NULL;
    for (int64_t b = 0; b < c.batch; b++) {
        if (st)
            status_free(s[b].st);
        else
            st = s[b].st;
    }
    if (!st)
        st = put_paths(k, s, c.batch);
    for (int64_t b = 0; b < c.batch; b++)
        arena_free(&s[b].arena);
    return st;
}

static struct status *beam_shape(struct shape_ctx *c)
{
    int64_t batch, paths = node_attr(c->node, "top_paths");
    struct shape x;
    TRY(ctc_shape(c, 1, &batch, &x));
    for (int p = 0; p < paths; p++) {
        *shape_out(c, p) = SHAPE(-1, 2);
        *shape_out(c, (int)paths + p) = SHAPE(-1);
        *shape_out(c, 2 * (int)paths + p) = SHAPE(2);
    }
    *shape_out(c, 3 * (int)paths) = SHAPE(batch, paths);
    return NULL;
}

const struct op ops_ctc_beam[] = {
    { .name = "CTCBeamSearchDecoder", .inputs = "inputs: float, sequence_length: int32",
      .outputs = "decoded_indices: top_paths * int64, decoded_values: top_paths * int64, "
                 "decoded_shape: top_paths * int64, log_probability: float",
      .attrs = "beam_width: int >= 1; top_paths: int >= 1; merge_repeated: bool = true",
      .doc = "The likeliest sequences of labels by frames of logits, as sparse matrices.",
      .shape = beam_shape, .grad = NO_GRADIENT, .prepare = beam_prepare,
      .kernel_any = beam_search, .flags = OP_EXPENSIVE },
    { 0 }
};
