/* text.c - strings cut and joined: StringSplit, StringSplitV2, Substr, StringStrip, StringLower,
 * StringUpper, ReduceJoin, UnsortedSegmentJoin. */
#include "base/mem.h"
#include "base/str.h"
#include "ops/array.h"
#include "ops/broadcast.h"
#include "ops/utf8.h"
#include "tensor/tstring.h"

#include <string.h>

static const struct tstring *strings(const struct tensor *t) { return t->data; }

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static struct status *put_string(struct tensor *t, int64_t i, const char *s, size_t n)
{
    return tstring_set((struct tstring *)t->data + i, s, n) ? NULL : status_no_memory();
}

/* ---- StringSplit, StringSplitV2: tokens as a sparse matrix, a row for each string ---- */

/* What was found so far; `at` grows. */
struct token { int64_t row, column; const char *s; size_t n; };
struct tokens { struct token *at; int64_t n, room, column, widest; };

static bool token_add(struct tokens *t, int64_t row, const char *s, size_t n)
{
    if (t->n == t->room) {
        int64_t room = t->room ? 2 * t->room : 64;
        struct token *more = mem_grow(t->at, (size_t)room * sizeof *more);
        if (!more)
            return false;
        t->at = more;
        t->room = room;
    }
    t->at[t->n++] = (struct token){ row, t->column++, s, n };
    if (t->column > t->widest)
        t->widest = t->column;
    return true;
}

/* Each byte of `by` ends a token; where there is none each byte is one. */
static bool split_bytes(struct tokens *t, int64_t row, const char *s, size_t n, const char *by,
                        size_t n_by, bool skip_empty)
{
    size_t begin = 0;
    for (size_t i = 0; i < n && !n_by; i++)
        if (!token_add(t, row, s + i, 1))
            return false;
    for (size_t i = 0; i <= n && n_by; i++) {
        if (i < n && !memchr(by, s[i], n_by))
            continue;
        if ((i > begin || !skip_empty) && !token_add(t, row, s + begin, i - begin))
            return false;
        begin = i + 1;
    }
    return true;
}

/* As Python's split(): at runs of spaces, or at each `by`; at most `most` times (-1: all). */
static bool split_spaces(struct tokens *t, int64_t row, const char *s, size_t n, int64_t most)
{
    size_t i = 0;
    for (;;) {
        while (i < n && is_space(s[i]))
            i++;
        if (i == n)
            return true;
        size_t begin = i;
        bool last = most >= 0 && t->column == most;
        while (i < n && (last || !is_space(s[i])))
            i++;
        if (!token_add(t, row, s + begin, i - begin))
            return false;
    }
}

static bool split_text(struct tokens *t, int64_t row, const char *s, size_t n, const char *by,
                       size_t n_by, int64_t most)
{
    for (;;) {
        const char *at = most >= 0 && t->column == most ? NULL : memmem(s, n, by, n_by);
        size_t taken = at ? (size_t)(at - s) : n;
        if (!token_add(t, row, s, taken))
            return false;
        if (!at)
            return true;
        s += taken + n_by;
        n -= taken + n_by;
    }
}

struct split { bool v2, skip_empty; int64_t most; };

static struct status *split_prepare(struct prep *p)
{
    struct split *s;
    TRY(prep_state(p, sizeof *s, &s));
    s->v2 = node_attr_find(p->node, "maxsplit");
    s->skip_empty = node_attr(p->node, "skip_empty");
    s->most = node_attr(p->node, "maxsplit");
    return NULL;
}

static struct status *split_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 1));
    TRY(shape_want_rank(shape_in(c, 1), 0));
    *shape_out(c, 0) = SHAPE(-1, 2);
    *shape_out(c, 1) = SHAPE(-1);
    *shape_out(c, 2) = SHAPE(2);
    return NULL;
}

static bool split_all(const struct split *s, const struct tensor *x, const struct tstring *by,
                      struct tokens *t)
{
    const char *d = tstring_data(by);
    size_t n_d = tstring_len(by);
    for (int64_t i = 0; i < x->shape.dim[0]; i++) {
        const char *text = tstring_data(strings(x) + i);
        size_t n = tstring_len(strings(x) + i);
        t->column = 0;
        if (s->v2 ? !(n_d ? split_text(t, i, text, n, d, n_d, s->most)
                          : split_spaces(t, i, text, n, s->most))
                  : !split_bytes(t, i, text, n, d, n_d, s->skip_empty))
            return false;
    }
    return true;
}

static struct status *put_tokens(struct kernel *k, const struct tokens *t, int64_t rows)
{
    TRY(kernel_new(k, 0, DT_INT64, &SHAPE(t->n, 2)));
    TRY(kernel_new(k, 1, DT_STRING, &SHAPE(t->n)));
    TRY(kernel_new(k, 2, DT_INT64, &SHAPE(2)));
    int64_t *at = kernel_out(k, 0)->data, *size = kernel_out(k, 2)->data;
    for (int64_t i = 0; i < t->n; i++) {
        at[2 * i] = t->at[i].row;
        at[2 * i + 1] = t->at[i].column;
        TRY(put_string(kernel_out(k, 1), i, t->at[i].s, t->at[i].n));
    }
    size[0] = rows;
    size[1] = t->widest;
    return NULL;
}

static struct status *split(struct kernel *k)
{
    const struct split *s = k->state;
    const struct tensor *x = kernel_in(k, 0), *by = kernel_in(k, 1);
    struct tokens t = { 0 };
    ENSURE(x->shape.rank == 1, "input must be a vector, got shape: %s", SHAPE_STR(&x->shape));
    ENSURE(by->shape.rank == 0, "%s must be a scalar, got shape: %s", s->v2 ? "sep" : "delimiter",
           SHAPE_STR(&by->shape));
    struct status *st = split_all(s, x, by->data, &t) ? put_tokens(k, &t, x->shape.dim[0])
                                                      : status_no_memory();
    mem_free(t.at);
    return st;
}

/* ---- Substr ---- */

static struct status *substr_shape(struct shape_ctx *c)
{
    struct shape at;
    TRY(shape_merge(shape_in(c, 1), shape_in(c, 2), &at));
    return shape_broadcast_of(shape_in(c, 0), &at, shape_out(c, 0));
}

static struct status *substr_prepare(struct prep *p)
{
    bool *chars;
    TRY(prep_state(p, sizeof *chars, &chars));
    *chars = !strcmp(node_attr_string(p->node, "unit"), "UTF8_CHAR");
    return NULL;
}

/* A negative position counts from the end. */
static struct status *substr_one(const struct tstring *x, bool chars, int64_t pos, int64_t len,
                                 int64_t i, struct tensor *y)
{
    const char *s = tstring_data(x);
    int64_t bytes = (int64_t)tstring_len(x), n = chars ? utf8_length(s, bytes) : bytes;
    int64_t at = pos < 0 ? pos + n : pos;
    ENSURE(at >= 0 && at <= n, "pos %lld out of range for string b'%.200s' at index %lld",
           (long long)pos, s, (long long)i);
    int64_t taken = len < 0 || len > n - at ? n - at : len;
    int64_t from = chars ? utf8_byte(s, bytes, at) : at;
    int64_t to = chars ? utf8_byte(s, bytes, at + taken) : at + taken;
    return put_string(y, i, s + from, (size_t)(to - from));
}

static struct status *substr(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *pos = kernel_in(k, 1), *len = kernel_in(k, 2);
    struct shape y;
    struct broadcast b;
    ENSURE(shape_equal(&pos->shape, &len->shape), "pos and len should have the same shape, got: "
           "%s vs. %s", SHAPE_STR(&pos->shape), SHAPE_STR(&len->shape));
    TRY(shape_broadcast_of(&x->shape, &pos->shape, &y));
    TRY(kernel_new(k, 0, DT_STRING, &y));
    if (shape_count(&y) == 0)
        return NULL;
    broadcast_plan(&b, &x->shape, &pos->shape);
    struct broadcast_at at = broadcast_seek(&b, 0);
    for (int64_t r = 0, i = 0; r < broadcast_rows(&b); r++, broadcast_next(&b, &at))
        for (int64_t j = 0; j < b.dim[0]; j++, i++)
            TRY(substr_one(strings(x) + at.x + j * b.x[0], *(const bool *)k->state,
                           index_at(pos, at.y + j * b.y[0]), index_at(len, at.y + j * b.y[0]), i,
                           kernel_out(k, 0)));
    return NULL;
}

/* ---- one string to one string ---- */

static struct status *strip(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    TRY(kernel_new(k, 0, DT_STRING, &x->shape));
    for (int64_t i = 0; i < tensor_count(x); i++) {
        const char *s = tstring_data(strings(x) + i), *end = s + tstring_len(strings(x) + i);
        while (s < end && is_space(*s))
            s++;
        while (end > s && is_space(end[-1]))
            end--;
        TRY(put_string(kernel_out(k, 0), i, s, (size_t)(end - s)));
    }
    return NULL;
}

/* Letters of ASCII from `first` on change their case. */
static struct status *change_case(struct kernel *k, char first)
{
    const struct tensor *x = kernel_in(k, 0);
    TRY(kernel_new(k, 0, DT_STRING, &x->shape));
    for (int64_t i = 0; i < tensor_count(x); i++) {
        TRY(put_string(kernel_out(k, 0), i, tstring_data(strings(x) + i),
                       tstring_len(strings(x) + i)));
        struct tstring *y = (struct tstring *)kernel_out(k, 0)->data + i;
        char *s = (char *)(uintptr_t)tstring_data(y);
        for (size_t j = 0; j < tstring_len(y); j++)
            if (s[j] >= first && s[j] < first + 26)
                s[j] ^= 0x20;
    }
    return NULL;
}

static struct status *lower(struct kernel *k) { return change_case(k, 'A'); }
static struct status *upper(struct kernel *k) { return change_case(k, 'a'); }

static struct status *case_prepare(struct prep *p)
{
    const char *encoding = node_attr_string(p->node, "encoding");
    if (*encoding)
        return status_new(UNIMPLEMENTED, "%s of encoding \"%s\" is not supported: only of ASCII",
                          p->node->op->name, encoding);
    return NULL;
}

/* ---- ReduceJoin: of the dimensions that go, the first named changes fastest ---- */

struct reduce_join { struct text separator; bool keep; };

static struct status *reduce_prepare(struct prep *p)
{
    struct reduce_join *s;
    TRY(prep_state(p, sizeof *s, &s));
    s->separator = node_attr_find(p->node, "separator")->text;
    s->keep = node_attr(p->node, "keep_dims");
    return NULL;
}

/* The output's shape, and which dimensions go in which order. */
static struct status *reduce_dims(const struct shape *x, const struct tensor *axes, bool keep,
                                  struct shape *y, int order[MAX_RANK], int *n)
{
    bool gone[MAX_RANK] = { 0 };
    *n = 0;
    for (int64_t i = 0; i < tensor_count(axes); i++) {
        int64_t axis = index_at(axes, i), at = axis < 0 ? axis + x->rank : axis;
        ENSURE(at >= 0 && at < x->rank, "Invalid reduction dimension %lld for input with %d "
               "dimension(s)", (long long)axis, x->rank);
        ENSURE(!gone[at], "Duplicate reduction dimension %lld", (long long)axis);
        gone[at] = true;
        order[(*n)++] = (int)at;
    }
    *y = SHAPE_SCALAR;
    for (int d = 0; d < x->rank; d++)
        if (!gone[d] || keep)
            y->dim[y->rank++] = gone[d] ? 1 : x->dim[d];
    return NULL;
}

static struct status *reduce_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    const struct tensor *axes = shape_in_value(c, 1);
    int order[MAX_RANK], n;
    ENSURE(shape_in(c, 1)->rank <= 1, "Shape must be at most rank 1 but is rank %d",
           shape_in(c, 1)->rank);
    if (x->rank < 0 || !axes)
        return NULL;
    return reduce_dims(x, axes, node_attr(c->node, "keep_dims"), shape_out(c, 0), order, &n);
}

/* All strings that become output `i`, from element `at` on, into `text`. */
static void reduce_one(const struct tensor *x, const struct reduce_join *s, int64_t at,
                       const int *order, int n, const int64_t *stride, struct str *text)
{
    int64_t index[MAX_RANK] = { 0 };
    for (int d = 0; d < n;) {
        const struct tstring *piece = strings(x) + at;
        str_add(text, tstring_data(piece), tstring_len(piece));
        for (d = 0; d < n; d++) {
            at += stride[order[d]];
            if (++index[d] < x->shape.dim[order[d]])
                break;
            at -= stride[order[d]] * x->shape.dim[order[d]];
            index[d] = 0;
        }
        if (d < n)
            str_add(text, s->separator.s, s->separator.n);
    }
}

static struct status *reduce_join(struct kernel *k)
{
    const struct reduce_join *s = k->state;
    const struct tensor *x = kernel_in(k, 0), *axes = kernel_in(k, 1);
    int64_t stride[MAX_RANK], joined = 1;
    int order[MAX_RANK], n;
    struct shape y, kept;
    ENSURE(axes->shape.rank <= 1, "reduction_indices should be a vector, got shape %s",
           SHAPE_STR(&axes->shape));
    TRY(reduce_dims(&x->shape, axes, true, &kept, order, &n));
    TRY(reduce_dims(&x->shape, axes, s->keep, &y, order, &n));
    TRY(kernel_new(k, 0, DT_STRING, &y));
    shape_strides(&x->shape, stride);
    for (int d = 0; d < n; d++)
        joined *= x->shape.dim[order[d]];
    for (int64_t i = 0; i < shape_count(&y) && joined; i++) {
        struct str text = { 0 };
        int64_t at = 0, rest = i;
        for (int d = kept.rank - 1; d >= 0; rest /= kept.dim[d], d--)
            at += rest % kept.dim[d] * stride[d];
        if (n == 0)
            str_add(&text, tstring_data(strings(x) + at), tstring_len(strings(x) + at));
        reduce_one(x, s, at, order, n, stride, &text);
        struct status *st = text.failed ? status_no_memory()
                            : put_string(kernel_out(k, 0), i, str_text(&text), text.n);
        str_free(&text);
        TRY(st);
    }
    return NULL;
}

/* ---- UnsortedSegmentJoin: the dimensions that segment_ids has become one, of segments ---- */

static struct status *separator_prepare(struct prep *p)
{
    struct text *separator;
    TRY(prep_state(p, sizeof *separator, &separator));
    *separator = node_attr_find(p->node, "separator")->text;
    return NULL;
}

/* `ids` is what the shape of x begins with; *y is x's with `n` in place of that. */
static struct status *segments_shape(const struct shape *x, const struct shape *ids, int64_t n,
                                     struct shape *y)
{
    *y = SHAPE(n);
    ENSURE(ids->rank <= x->rank, "segment_ids of shape %s cannot be a prefix of shape %s",
           SHAPE_STR(ids), SHAPE_STR(x));
    for (int d = 0; d < x->rank; d++) {
        if (d < ids->rank)
            ENSURE(ids->dim[d] < 0 || x->dim[d] < 0 || ids->dim[d] == x->dim[d],
                   "segment_ids of shape %s cannot be a prefix of shape %s", SHAPE_STR(ids),
                   SHAPE_STR(x));
        else
            y->dim[y->rank++] = x->dim[d];
    }
    return NULL;
}

static struct status *segment_join_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0), *ids = shape_in(c, 1);
    int64_t n;
    TRY(shape_want_rank_at_least(ids, 1));
    TRY(shape_in_size(c, 2, &n));
    return x->rank < 0 || ids->rank < 0 ? NULL : segments_shape(x, ids, n, shape_out(c, 0));
}

/* The places of `x`, by the output that they go to: those of output i begin at place[i], of which
 * there is one more. */
static void sort_by_output(const struct tensor *ids, int64_t inner, int64_t n_out, int64_t *place,
                           int64_t *sorted)
{
    int64_t n = tensor_count(ids);
    memset(place, 0, (size_t)(n_out + 2) * sizeof *place);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < inner; j++)
            place[index_at(ids, i) * inner + j + 2]++;
    for (int64_t i = 2; i <= n_out; i++)
        place[i] += place[i - 1];
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < inner; j++)
            sorted[place[index_at(ids, i) * inner + j + 1]++] = i * inner + j;
}

static struct status *join_places(const struct tensor *x, const struct text *separator,
                                  const int64_t *at, int64_t n, struct tensor *y, int64_t i)
{
    struct str text = { 0 };
    for (int64_t j = 0; j < n; j++) {
        const struct tstring *piece = strings(x) + at[j];
        if (j)
            str_add(&text, separator->s, separator->n);
        str_add(&text, tstring_data(piece), tstring_len(piece));
    }
    struct status *st = text.failed ? status_no_memory()
                        : put_string(y, i, str_text(&text), text.n);
    str_free(&text);
    return st;
}

static struct status *segment_join(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *ids = kernel_in(k, 1), *size = kernel_in(k, 2);
    int64_t *place, *sorted;
    struct shape y;
    ENSURE(ids->shape.rank > 0, "segment_ids cannot have rank 0");
    ENSURE(size->shape.rank == 0, "num_segments should be a scalar, got shape %s",
           SHAPE_STR(&size->shape));
    int64_t n = index_at(size, 0);
    ENSURE(n > 0, "Number of segments must be positive, got %lld", (long long)n);
    TRY(segments_shape(&x->shape, &ids->shape, n, &y));
    for (int64_t i = 0; i < tensor_count(ids); i++)
        ENSURE(index_at(ids, i) >= 0 && index_at(ids, i) < n, "segment_ids%s = %lld is out of "
               "range [0, %lld)", INDEX_STR(&ids->shape, i), (long long)index_at(ids, i),
               (long long)n);
    TRY(kernel_new(k, 0, DT_STRING, &y));
    int64_t n_out = shape_count(&y), inner = n_out / n;
    TRY(kernel_temp(k, ((size_t)n_out + 2) * sizeof *place, &place));
    TRY(kernel_temp(k, ((size_t)tensor_count(x) + 1) * sizeof *sorted, &sorted));
    sort_by_output(ids, inner, n_out, place, sorted);
    for (int64_t i = 0; i < n_out; i++)
        TRY(join_places(x, k->state, sorted + place[i], place[i + 1] - place[i], kernel_out(k, 0),
                        i));
    return NULL;
}

#define SPLIT .outputs = "indices: int64, values: string, shape: int64", .shape = split_shape, \
    .prepare = split_prepare, .kernel_any = split
#define MAPPED .inputs = "input: string", .outputs = "output: string", .shape = shape_unchanged, \
    .grad = NO_GRADIENT

const struct op ops_text[] = {
    { .name = "StringSplit", SPLIT, .inputs = "input: string, delimiter: string",
      .attrs = "skip_empty: bool = true",
      .doc = "Strings cut at any byte of delimiter, as a sparse matrix of a row for each string.",
      .grad = NOT_DIFFERENTIABLE },
    { .name = "StringSplitV2", SPLIT, .inputs = "input: string, sep: string",
      .attrs = "maxsplit: int = -1",
      .doc = "Strings cut at each sep, or at runs of spaces where it is empty, as Python does.",
      .grad = NO_GRADIENT },
    { .name = "Substr", .inputs = "input: string, pos: T, len: T", .outputs = "output: string",
      .attrs = "T: {int32, int64}; unit: {\"BYTE\", \"UTF8_CHAR\"} = \"BYTE\"",
      .doc = "Of each string the bytes, or characters of UTF-8, from pos on, at most len of them.",
      .shape = substr_shape, .grad = NO_GRADIENT, .prepare = substr_prepare,
      .kernel_any = substr },
    { .name = "StringStrip", MAPPED, .doc = "Strings without the spaces before and after.",
      .kernel_any = strip },
    { .name = "StringLower", MAPPED, .attrs = "encoding: string = \"\"",
      .doc = "Strings with the letters of ASCII made small.", .prepare = case_prepare,
      .kernel_any = lower },
    { .name = "StringUpper", MAPPED, .attrs = "encoding: string = \"\"",
      .doc = "Strings with the letters of ASCII made capitals.", .prepare = case_prepare,
      .kernel_any = upper },
    { .name = "ReduceJoin", .inputs = "inputs: string, reduction_indices: int32",
      .outputs = "output: string", .attrs = "keep_dims: bool = false; separator: string = \"\"",
      .doc = "Strings joined over dimensions, of which the first named changes fastest.",
      .shape = reduce_shape, .grad = NOT_DIFFERENTIABLE, .prepare = reduce_prepare,
      .kernel_any = reduce_join },
    { .name = "UnsortedSegmentJoin",
      .inputs = "inputs: string, segment_ids: Tindices, num_segments: Tnumsegments",
      .outputs = "output: string",
      .attrs = "separator: string = \"\"; Tindices: {int32, int64}; "
               "Tnumsegments: {int32, int64} = int32",
      .doc = "The strings of each segment joined, in the order in which they stand.",
      .shape = segment_join_shape, .grad = NO_GRADIENT, .prepare = separator_prepare,
      .kernel_any = segment_join },
    { 0 }
};
