/* conv_dnnl.c - one float convolution on one thread by oneDNN, whose primitives cost 100 us to
 * make and are kept, the latest few hundred shapes, in a table of fixed size. */
#include "num/conv_inner.h"
#include "num/libs.h"

#include <pthread.h>
#include <string.h>

enum { SETS = 64, WAYS = 4 };           /* a shape has one set to be in */
enum { WORDS = sizeof(struct conv) / sizeof(int64_t) };

struct entry {
    struct conv g;
    enum conv_kind kind;
    bool made, able;
    int users;
    uint64_t used;                      /* when it was last asked for */
    dnnl_primitive_t run, reorder;      /* reorder NULL: the filter may stay as it is */
    const dnnl_memory_desc_t *image, *output, *filter;      /* they live in `run` */
    const dnnl_memory_desc_t *plain_filter;                 /* lives in `reorder` */
    const dnnl_memory_desc_t *run_scratch, *reorder_scratch;
    size_t filter_bytes, scratch_bytes; /* of the rearranged filter (0: none), of scratchpads */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry table[SETS][WAYS];
static uint64_t clock_now;

/* ---- making one ---- */

struct descs { dnnl_memory_desc_t image, output, filter, plain_filter; };

/* One plane by one: oneDNN is told of two dimensions. */
static bool is_flat(const struct conv *g)
{
    return g->d == 1 && g->kd == 1 && g->od == 1 && !g->front;
}

/* What the dimensions are along planes (but of flat images), rows and columns. */
static void put(const struct conv *g, int64_t *to, int64_t planes, int64_t rows, int64_t columns)
{
    if (!is_flat(g))
        *to++ = planes;
    to[0] = rows;
    to[1] = columns;
}

static dnnl_status_t descs_init(const struct conv *g, struct descs *d)
{
    static const dnnl_format_tag_t tags[2][2] = { { dnnl_ndhwc, dnnl_ncdhw },
                                                  { dnnl_nhwc, dnnl_nchw } };
    static const dnnl_format_tag_t plain[2][2] = { { dnnl_dhwio, dnnl_dhwigo },
                                                   { dnnl_hwio, dnnl_hwigo } };
    bool flat = is_flat(g), grouped = g->groups > 1;
    int rank = 5 - flat;
    dnnl_dims_t image = { g->n, g->c }, output = { g->n, g->o };
    dnnl_dims_t filter = { g->groups, g->o / g->groups, g->c / g->groups };
    put(g, image + 2, g->d, g->h, g->w);
    put(g, output + 2, g->od, g->oh, g->ow);
    put(g, filter + 3, g->kd, g->kh, g->kw);
    dnnl_format_tag_t tag = tags[flat][g->nchw];
    const int64_t *dims = filter + !grouped;
    dnnl_status_t st = dnnl.memory_desc_init_by_tag(&d->image, rank, image, dnnl_f32, tag);
    st = st ? st : dnnl.memory_desc_init_by_tag(&d->output, rank, output, dnnl_f32, tag);
    st = st ? st : dnnl.memory_desc_init_by_tag(&d->plain_filter, rank + grouped, dims, dnnl_f32,
                                                plain[flat][grouped]);
    return st ? st : dnnl.memory_desc_init_by_tag(&d->filter, rank + grouped, dims, dnnl_f32,
                                                  dnnl_format_tag_any);
}

/* How oneDNN would compute it. A gradient is made with the forward one as a hint. */
static dnnl_status_t describe(const struct conv *g, enum conv_kind kind, const struct descs *d,
                              dnnl_primitive_desc_t *pd)
{
    dnnl_dims_t stride, dilate, before, after;
    dnnl_convolution_desc_t c;
    dnnl_primitive_desc_t forward = NULL;
    put(g, stride, g->sd, g->sh, g->sw);
    put(g, dilate, g->dd - 1, g->dh - 1, g->dw - 1);
    put(g, before, g->front, g->top, g->left);
    put(g, after, g->back, g->bottom, g->right);
    dnnl_status_t st = dnnl.dilated_convolution_forward_desc_init(
        &c, dnnl_forward_training, dnnl_convolution_direct, &d->image, &d->filter, NULL,
        &d->output, stride, dilate, before, after);
    st = st ? st : dnnl.primitive_desc_create(&forward, &c, dnnl.attr, dnnl.engine, NULL);
    *pd = forward;
    if (st || kind == CONV_FORWARD)
        return st;
    if (kind == CONV_INPUT)
        st = dnnl.dilated_convolution_backward_data_desc_init(
            &c, dnnl_convolution_direct, &d->image, &d->filter, &d->output, stride, dilate, before,
            after);
    else
        st = dnnl.dilated_convolution_backward_weights_desc_init(
            &c, dnnl_convolution_direct, &d->image, &d->filter, NULL, &d->output, stride, dilate,
            before, after);
    st = st ? st : dnnl.primitive_desc_create(pd, &c, dnnl.attr, dnnl.engine, forward);
    dnnl.primitive_desc_destroy(forward);
    return st;
}

static const dnnl_memory_desc_t *query(dnnl_primitive_t p, dnnl_query_t what)
{
    const_dnnl_primitive_desc_t pd = NULL;
    dnnl.primitive_get_primitive_desc(p, &pd);
    return dnnl.primitive_desc_query_md(pd, what, 0);
}

/* From plain to oneDNN's layout, or for the gradient of a filter back. */
static dnnl_status_t make_reorder(struct entry *e, const dnnl_memory_desc_t *plain)
{
    dnnl_primitive_desc_t pd;
    bool back = e->kind == CONV_FILTER;
    dnnl_status_t st = dnnl.reorder_primitive_desc_create(
        &pd, back ? e->filter : plain, dnnl.engine, back ? plain : e->filter, dnnl.engine,
        dnnl.attr);
    if (st)
        return st;
    st = dnnl.primitive_create(&e->reorder, pd);
    dnnl.primitive_desc_destroy(pd);
    return st;
}

static size_t round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }

static void find_descs(struct entry *e)
{
    bool input = e->kind == CONV_INPUT, filter = e->kind == CONV_FILTER;
    e->image = query(e->run, input ? dnnl_query_diff_src_md : dnnl_query_src_md);
    e->output = query(e->run, e->kind == CONV_FORWARD ? dnnl_query_dst_md
                                                      : dnnl_query_diff_dst_md);
    e->filter = query(e->run, filter ? dnnl_query_diff_weights_md : dnnl_query_weights_md);
    e->run_scratch = query(e->run, dnnl_query_scratchpad_md);
}

static dnnl_status_t make_run(struct entry *e, const struct descs *d)
{
    dnnl_primitive_desc_t pd;
    dnnl_status_t st = describe(&e->g, e->kind, d, &pd);
    if (st)
        return st;
    st = dnnl.primitive_create(&e->run, pd);
    dnnl.primitive_desc_destroy(pd);
    if (!st)
        find_descs(e);
    return st;
}

static dnnl_status_t make(struct entry *e)
{
    struct descs d;
    dnnl_status_t st = descs_init(&e->g, &d);
    st = st ? st : make_run(e, &d);
    if (st || dnnl.memory_desc_equal(e->filter, &d.plain_filter)) {
        e->plain_filter = e->filter;
        e->scratch_bytes = st ? 0 : round_up(dnnl.memory_desc_get_size(e->run_scratch));
        return st;
    }
    if ((st = make_reorder(e, &d.plain_filter)))
        return st;
    e->plain_filter = query(e->reorder, e->kind == CONV_FILTER ? dnnl_query_dst_md
                                                               : dnnl_query_src_md);
    e->reorder_scratch = query(e->reorder, dnnl_query_scratchpad_md);
    size_t a = dnnl.memory_desc_get_size(e->run_scratch);
    size_t b = dnnl.memory_desc_get_size(e->reorder_scratch);
    e->filter_bytes = round_up(dnnl.memory_desc_get_size(e->filter));
    e->scratch_bytes = round_up(a > b ? a : b);
    return st;
}

/* ---- the table ---- */

static void entry_clear(struct entry *e)
{
    if (e->run)
        dnnl.primitive_destroy(e->run);
    if (e->reorder)
        dnnl.primitive_destroy(e->reorder);
    memset(e, 0, sizeof *e);
}

/* What it cannot do is remembered as well; running out of memory is not. */
static dnnl_status_t entry_fill(struct entry *e, const struct conv *g, enum conv_kind kind)
{
    entry_clear(e);
    e->g = *g;
    e->kind = kind;
    struct dnnl_alone alone;
    dnnl_alone(&alone, true);
    dnnl_status_t st = make(e);
    dnnl_together(&alone);
    if (st == dnnl_out_of_memory) {
        entry_clear(e);
        return st;
    }
    e->made = true;
    e->able = !st;
    return dnnl_success;
}

static struct entry *set_of(const struct conv *g, enum conv_kind kind)
{
    const int64_t *word = &g->n;
    uint64_t hash = (uint64_t)kind;
    for (int i = 0; i < WORDS; i++)
        hash = (hash ^ (uint64_t)word[i]) * 0x9e3779b97f4a7c15u, hash ^= hash >> 29;
    return table[hash % SETS];
}

/* The entry for it, or the least recently used one that nobody is using, or `spare`. */
static struct entry *entry_find(const struct conv *g, enum conv_kind kind, struct entry *spare)
{
    struct entry *set = set_of(g, kind), *best = spare;
    for (struct entry *e = set; e < set + WAYS; e++) {
        if (e->made && e->kind == kind && !memcmp(&e->g, g, sizeof *g))
            return e;
        if (!e->users && (best == spare || e->used < best->used))
            best = e;
    }
    return best;
}

/* `spare` is the caller's and zeroed, for when all places are in use. */
static dnnl_status_t entry_take(const struct conv *g, enum conv_kind kind, struct entry *spare,
                                struct entry **result)
{
    dnnl_status_t st = dnnl_success;
    pthread_mutex_lock(&lock);
    struct entry *e = *result = entry_find(g, kind, spare);
    if (!e->made || e->kind != kind || memcmp(&e->g, g, sizeof *g))
        st = entry_fill(e, g, kind);
    if (!st) {
        e->users++;
        e->used = ++clock_now;
    }
    pthread_mutex_unlock(&lock);
    return st;
}

static void entry_give(struct entry *e, struct entry *spare)
{
    pthread_mutex_lock(&lock);
    e->users--;
    if (e == spare)
        entry_clear(e);
    pthread_mutex_unlock(&lock);
}

/* ---- running one ---- */

struct call { dnnl_memory_t memory[4]; dnnl_exec_arg_t arg[4]; int n; dnnl_status_t st; };

static void call_arg(struct call *c, int arg, const dnnl_memory_desc_t *d, const void *data)
{
    if (c->st || !dnnl.memory_desc_get_size(d))
        return;
    c->st = dnnl.memory_create(&c->memory[c->n], d, dnnl.engine, (void *)data);
    if (!c->st) {
        c->arg[c->n] = (dnnl_exec_arg_t){ arg, c->memory[c->n] };
        c->n++;
    }
}

static dnnl_status_t call_run(struct call *c, dnnl_primitive_t p)
{
    if (!c->st)
        c->st = dnnl.primitive_execute(p, dnnl.stream, c->n, c->arg);
    for (int i = 0; i < c->n; i++)
        dnnl.memory_destroy(c->memory[i]);
    return c->st;
}

static dnnl_status_t reorder(const struct entry *e, const void *from, void *to, void *scratch)
{
    bool back = e->kind == CONV_FILTER;
    struct call c = { .n = 0 };
    call_arg(&c, DNNL_ARG_FROM, back ? e->filter : e->plain_filter, from);
    call_arg(&c, DNNL_ARG_TO, back ? e->plain_filter : e->filter, to);
    call_arg(&c, DNNL_ARG_SCRATCHPAD, e->reorder_scratch, scratch);
    return call_run(&c, e->reorder);
}

/* CONV_FORWARD from images to outputs, CONV_INPUT from outputs' gradients to images': both through
 * the filter. */
static dnnl_status_t filtered(const struct entry *e, const float *from, const float *filter,
                              float *to, char *scratch)
{
    struct call c = { .n = 0 };
    bool back = e->kind == CONV_INPUT;
    if (e->reorder)
        c.st = reorder(e, filter, scratch, scratch + e->filter_bytes);
    call_arg(&c, back ? DNNL_ARG_DIFF_DST : DNNL_ARG_SRC, back ? e->output : e->image, from);
    call_arg(&c, DNNL_ARG_WEIGHTS, e->filter, e->reorder ? (void *)scratch : filter);
    call_arg(&c, back ? DNNL_ARG_DIFF_SRC : DNNL_ARG_DST, back ? e->image : e->output, to);
    call_arg(&c, DNNL_ARG_SCRATCHPAD, e->run_scratch, scratch + e->filter_bytes);
    return call_run(&c, e->run);
}

static dnnl_status_t filter(const struct entry *e, const float *x, const float *dy, float *dfilter,
                            char *scratch)
{
    struct call c = { .n = 0 };
    call_arg(&c, DNNL_ARG_SRC, e->image, x);
    call_arg(&c, DNNL_ARG_DIFF_DST, e->output, dy);
    call_arg(&c, DNNL_ARG_DIFF_WEIGHTS, e->filter, e->reorder ? (void *)scratch : dfilter);
    call_arg(&c, DNNL_ARG_SCRATCHPAD, e->run_scratch, scratch + e->filter_bytes);
    dnnl_status_t st = call_run(&c, e->run);
    return st || !e->reorder ? st : reorder(e, scratch, dfilter, scratch + e->filter_bytes);
}

bool dnnl_conv_run(const struct conv *g, enum conv_kind kind, const float *a, const float *b,
                   float *to, void *scratch)
{
    struct entry spare = { .made = false }, *e;
    if (entry_take(g, kind, &spare, &e))
        return false;
    struct dnnl_alone alone;
    dnnl_alone(&alone, true);
    dnnl_status_t st = !e->able ? dnnl_unimplemented
                       : kind == CONV_FILTER ? filter(e, a, b, to, scratch)
                                             : filtered(e, a, b, to, scratch);
    dnnl_together(&alone);
    entry_give(e, &spare);
    return !st;
}

struct status *dnnl_conv_size(const struct conv *g, enum conv_kind kind, bool *able,
                              size_t *scratch)
{
    struct entry spare = { .made = false }, *e;
    TRY(dnnl_load());
    TRY(dnnl_status(entry_take(g, kind, &spare, &e), "a convolution"));
    *able = e->able;
    *scratch = e->filter_bytes + e->scratch_bytes;
    entry_give(e, &spare);
    return NULL;
}
