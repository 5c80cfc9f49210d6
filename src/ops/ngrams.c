/* ngrams.c - StringNGrams: the runs of so many neighbours in each row of a ragged tensor of
 * strings, joined. */
#include "ops/array.h"
#include "base/str.h"
#include "tensor/tstring.h"

struct ngrams {
    struct text separator, left, right;
    const int64_t *width;
    int n_widths;
    int64_t pad;                        /* -1: as many as make every token come first */
    bool keep_short;
};

static struct status *ngrams_prepare(struct prep *p)
{
    const struct attr *widths = node_attr_find(p->node, "ngram_widths");
    struct ngrams *g;
    TRY(prep_state(p, sizeof *g, &g));
    g->separator = node_attr_find(p->node, "separator")->text;
    g->left = node_attr_find(p->node, "left_pad")->text;
    g->right = node_attr_find(p->node, "right_pad")->text;
    g->width = widths->ints;
    g->n_widths = widths->n;
    g->pad = node_attr(p->node, "pad_width");
    g->keep_short = node_attr(p->node, "preserve_short_sequences");
    for (int i = 0; i < widths->n; i++)
        ENSURE(widths->ints[i] > 0, "ngram_widths must contain positive values, got %lld",
               (long long)widths->ints[i]);
    return NULL;
}

static struct status *ngrams_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 1));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    *shape_out(c, 0) = SHAPE(-1);
    *shape_out(c, 1) = shape_in(c, 1)->rank < 0 ? SHAPE(-1) : *shape_in(c, 1);
    return NULL;
}

/* ---- how many ---- */

/* Of one kind in one row: `n` ngrams of `width`, with `pad` before and behind. */
struct kind { int64_t n, width, pad; };

static struct status *kind_of(const struct ngrams *g, int64_t length, int64_t width,
                              struct kind *k)
{
    int64_t pad = g->pad < 0 || g->pad > width - 1 ? width - 1 : g->pad, all;
    ENSURE(!__builtin_mul_overflow(pad, 2, &all) && !__builtin_add_overflow(all, length, &all),
           "Pad width could lead to integer overflow, got pad_width = %lld", (long long)pad);
    *k = (struct kind){ all >= width ? all - width + 1 : 0, width, pad };
    return NULL;
}

/* TF: a row that is too short for any width is one whole, if wished, in its own padding. */
static struct kind whole(const struct ngrams *g, int64_t length)
{
    int64_t pad = g->pad > 0 ? g->pad : 0;
    return (struct kind){ 1, length + 2 * pad, pad };
}

/* Calls put for each kind of a row, in order. */
static struct status *each_kind(const struct ngrams *g, int64_t length,
                                struct status *(*put)(void *ctx, struct kind k), void *ctx)
{
    int64_t n = 0;
    struct kind k;
    for (int i = 0; i < g->n_widths; i++) {
        TRY(kind_of(g, length, g->width[i], &k));
        TRY(put(ctx, k));
        n += k.n;
    }
    return g->keep_short && !n && length ? put(ctx, whole(g, length)) : NULL;
}

/* Ngrams, and the strings in them: what no memory could hold is refused before it takes ages. */
struct amount { int64_t n, strings; };

static struct status *count(void *ctx, struct kind k)
{
    struct amount *a = ctx;
    int64_t more;
    if (__builtin_mul_overflow(k.n, k.width, &more) || more > INT32_MAX ||
        (a->strings += more) > INT32_MAX)
        return status_new(RESOURCE_EXHAUSTED, "Ngrams of %lld strings each have too many",
                          (long long)k.width);
    a->n += k.n;
    return NULL;
}

/* ---- one ---- */

struct writing {
    const struct ngrams *g;
    const struct tstring *row;
    int64_t length;
    struct tstring *to;
};

static void add_part(struct str *s, const struct writing *w, const char *text, size_t n,
                     bool *begun)
{
    if (*begun)
        str_add(s, w->g->separator.s, w->g->separator.n);
    str_add(s, text, n);
    *begun = true;
}

/* Ngram i: the padding that comes before the row, some of it, the padding behind. */
static struct status *put_one(struct writing *w, struct kind k, int64_t i)
{
    struct str s = { 0 };
    bool begun = false;
    for (int64_t at = i - k.pad; at < i - k.pad + k.width && !s.failed; at++)
        if (at < 0)
            add_part(&s, w, w->g->left.s, w->g->left.n, &begun);
        else if (at >= w->length)
            add_part(&s, w, w->g->right.s, w->g->right.n, &begun);
        else
            add_part(&s, w, tstring_data(w->row + at), tstring_len(w->row + at), &begun);
    bool done = !s.failed && tstring_set(w->to++, str_text(&s), s.n);
    str_free(&s);
    return done ? NULL : status_no_memory();
}

static struct status *put_kind(void *ctx, struct kind k)
{
    for (int64_t i = 0; i < k.n; i++)
        TRY(put_one(ctx, k, i));
    return NULL;
}

/* ---- all rows ---- */

static struct status *check_splits(const struct tensor *data, const struct tensor *splits)
{
    int64_t n = tensor_count(splits);
    ENSURE(data->shape.rank == 1, "data must be a vector, got shape %s", SHAPE_STR(&data->shape));
    ENSURE(splits->shape.rank == 1, "data_splits must be a vector, got shape %s",
           SHAPE_STR(&splits->shape));
    ENSURE(!n || index_at(splits, 0) == 0, "First split value must be 0, got %lld",
           (long long)index_at(splits, 0));
    for (int64_t i = 1; i < n; i++)
        ENSURE(index_at(splits, i) >= index_at(splits, i - 1) &&
               index_at(splits, i) <= tensor_count(data), "Invalid split value %lld, must be in "
               "[%lld, %lld]", (long long)index_at(splits, i), (long long)index_at(splits, i - 1),
               (long long)tensor_count(data));
    ENSURE(!n || index_at(splits, n - 1) == tensor_count(data), "Last split value must be data "
           "size. Expected %lld, got %lld", (long long)tensor_count(data),
           (long long)index_at(splits, n - 1));
    return NULL;
}

/* Fits: there are fewer ngrams than INT32_MAX. */
static struct status *put_splits(struct kernel *k, int64_t *all)
{
    const struct tensor *splits = kernel_in(k, 1);
    struct amount a = { 0 };
    TRY(kernel_new(k, 1, splits->dtype, &splits->shape));
    for (int64_t i = 0; i < tensor_count(splits); i++) {
        if (i)
            TRY(each_kind(k->state, index_at(splits, i) - index_at(splits, i - 1), count, &a));
        index_set(kernel_out(k, 1), i, a.n);
    }
    *all = a.n;
    return NULL;
}

static struct status *ngrams(struct kernel *k)
{
    const struct tensor *data = kernel_in(k, 0), *splits = kernel_in(k, 1);
    struct writing w = { .g = k->state };
    int64_t all;
    TRY(check_splits(data, splits));
    TRY(put_splits(k, &all));
    TRY(kernel_new(k, 0, DT_STRING, &SHAPE(all)));
    w.to = kernel_out(k, 0)->data;
    for (int64_t i = 1; i < tensor_count(splits); i++) {
        w.row = (const struct tstring *)data->data + index_at(splits, i - 1);
        w.length = index_at(splits, i) - index_at(splits, i - 1);
        TRY(each_kind(w.g, w.length, put_kind, &w));
    }
    return NULL;
}

const struct op ops_ngrams[] = {
    { .name = "StringNGrams", .inputs = "data: string, data_splits: Tsplits",
      .outputs = "ngrams: string, ngrams_splits: Tsplits",
      .attrs = "separator: string; ngram_widths: list(int) >= 0; left_pad: string; "
               "right_pad: string; pad_width: int; preserve_short_sequences: bool; "
               "Tsplits: {int32, int64} = int64",
      .doc = "Of each row of a ragged tensor the runs of ngram_widths strings, joined.",
      .shape = ngrams_shape, .grad = NO_GRADIENT, .prepare = ngrams_prepare,
      .kernel_any = ngrams },
    { 0 }
};
