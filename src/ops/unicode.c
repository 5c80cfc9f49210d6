/* unicode.c - texts and their code points: UnicodeDecode, UnicodeDecodeWithOffsets, UnicodeEncode,
 * UnicodeTranscode. TensorFlow has ICU's encodings; here are those of encoding.h. */
#include "base/mem.h"
#include "graph/graph.h"
#include "op/kernel.h"
#include "op/grad.h"
#include "op/shape_fn.h"
#include "ops/array.h"
#include "ops/encoding.h"
#include "tensor/tstring.h"

#include <string.h>

enum errors { STRICT, REPLACE, IGNORE };

struct how {
    enum encoding from, to;
    enum errors errors;
    int32_t replacement;
    bool control;                       /* control characters are replaced, too */
};

static struct status *how_prepare(struct prep *p)
{
    struct how *h;
    const char *errors = node_attr_string(p->node, "errors");
    const struct attr *control = node_attr_find(p->node, "replace_control_characters");
    int64_t replacement = node_attr(p->node, "replacement_char");
    TRY(prep_state(p, sizeof *h, &h));
    ENSURE(replacement >= 0 && replacement <= CODE_LAST, "replacement_char out of unicode "
           "codepoint range: %lld", (long long)replacement);
    h->errors = !strcmp(errors, "strict") ? STRICT : !strcmp(errors, "ignore") ? IGNORE : REPLACE;
    h->replacement = (int32_t)replacement;
    h->control = control && control->i;
    if (node_attr_find(p->node, "output_encoding"))
        h->to = encoding_find(node_attr_string(p->node, "output_encoding"));
    return NULL;
}

static struct status *decode_prepare(struct prep *p)
{
    const char *name = node_attr_string(p->node, "input_encoding");
    TRY(how_prepare(p));
    struct how *h = (struct how *)p->state;
    h->from = encoding_find(name);
    ENSURE(h->from, "Could not create converter for input encoding: %s", name);
    return NULL;
}

/* What becomes of the code point; *left: it is left out. */
static struct status *mend(const struct how *h, struct code_point *c, bool *left)
{
    c->bad |= h->control && c->value <= 0x1f;
    *left = c->bad && h->errors == IGNORE;
    ENSURE(!c->bad || h->errors != STRICT, "Invalid formatting on input string");
    c->value = c->bad ? h->replacement : c->value;
    return NULL;
}

static struct code_walk walk_string(const struct how *h, const struct tensor *t, int64_t i)
{
    const struct tstring *s = (const struct tstring *)t->data + i;
    return code_walk(h->from, tstring_data(s), tstring_len(s));
}

/* ---- UnicodeDecode, UnicodeDecodeWithOffsets: counted first, then written ---- */

/* Code points of string i and where they begin go to `value` and `start`, either of which may be
 * NULL; *n is how many. */
static struct status *decode_string(const struct how *h, const struct tensor *t, int64_t i,
                                    int32_t *value, int64_t *start, int64_t *n)
{
    struct code_walk w = walk_string(h, t, i);
    struct code_point c;
    bool left;
    *n = 0;
    for (size_t at = 0; code_next(&w, &c); at += c.bytes) {
        TRY(mend(h, &c, &left));
        if (left)
            continue;
        if (value)
            value[*n] = c.value;
        if (start)
            start[*n] = (int64_t)at;
        ++*n;
    }
    return NULL;
}

static struct status *count_all(struct kernel *k, int64_t *total)
{
    const struct tensor *x = kernel_in(k, 0);
    enum dtype t = node_attr_type(k->node, "Tsplits");
    TRY(kernel_new(k, 0, t, &SHAPE(tensor_count(x) + 1)));
    *total = 0;
    index_set(kernel_out(k, 0), 0, 0);
    for (int64_t i = 0, n; i < tensor_count(x); i++) {
        TRY(decode_string(k->state, x, i, NULL, NULL, &n));
        *total += n;
        index_set(kernel_out(k, 0), i + 1, *total);
    }
    ENSURE(t == DT_INT64 || *total <= INT32_MAX, "%lld code points are too many for int32 splits",
           (long long)*total);
    return NULL;
}

static struct status *decode_all(struct kernel *k, bool offsets)
{
    const struct tensor *x = kernel_in(k, 0);
    int64_t total, at = 0;
    TRY(count_all(k, &total));
    TRY(kernel_new(k, 1, DT_INT32, &SHAPE(total)));
    if (offsets)
        TRY(kernel_new(k, 2, DT_INT64, &SHAPE(total)));
    int32_t *value = kernel_out(k, 1)->data;
    int64_t *start = offsets ? kernel_out(k, 2)->data : NULL;
    for (int64_t i = 0, n; total && i < tensor_count(x); i++, at += n)
        TRY(decode_string(k->state, x, i, value + at, start ? start + at : NULL, &n));
    return NULL;
}

static struct status *decode(struct kernel *k) { return decode_all(k, false); }
static struct status *decode_with_offsets(struct kernel *k) { return decode_all(k, true); }

static struct status *decode_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    *shape_out(c, 0) = SHAPE(shape_is_known(x) ? shape_count(x) + 1 : -1);
    for (int i = 1; i < c->n_out; i++)
        *shape_out(c, i) = SHAPE(-1);
    return NULL;
}

/* ---- UnicodeEncode ---- */

static struct status *splits_check(const struct kernel *k)
{
    const struct tensor *values = kernel_in(k, 0), *splits = kernel_in(k, 1);
    int64_t n = tensor_count(splits);
    ENSURE(values->shape.rank == 1, "input_values must be a vector, but has shape %s",
           SHAPE_STR(&values->shape));
    ENSURE(splits->shape.rank == 1 && n, "input_splits must be a vector of at least one element, "
           "but has shape %s", SHAPE_STR(&splits->shape));
    ENSURE(index_at(splits, 0) == 0, "First value in input_splits must be zero.");
    for (int64_t i = 1; i < n; i++)
        ENSURE(index_at(splits, i) >= index_at(splits, i - 1),
               "Values in input_splits must be equal or in ascending order.");
    ENSURE(index_at(splits, n - 1) <= tensor_count(values),
           "Values in input_splits must be less than or equal to input_tensor length.");
    return NULL;
}

/* TF: what is not a character is replaced or refused; if it is to be ignored, left out. */
static struct status *encode_string(const struct how *h, const int32_t *value, int64_t n,
                                    struct str *to)
{
    for (int64_t i = 0; i < n; i++) {
        bool fine = code_is_character(value[i]);
        ENSURE(fine || h->errors != STRICT,
               "Code point is out of range for Unicode, or a noncharacter.");
        if (fine || h->errors == REPLACE)
            code_put(to, h->to, fine ? value[i] : h->replacement);
    }
    return NULL;
}

/* The text becomes string i of output 0, and is given back. */
static struct status *put_text(struct kernel *k, int64_t i, struct str *text, struct status *st)
{
    struct tstring *to = (struct tstring *)kernel_out(k, 0)->data + i;
    bool done = st || (!text->failed && tstring_set(to, str_text(text), text->n));
    str_free(text);
    return done ? st : status_no_memory();
}

static struct status *encode(struct kernel *k)
{
    const struct tensor *splits = kernel_in(k, 1);
    TRY(splits_check(k));
    int64_t n = tensor_count(splits) - 1;
    TRY(kernel_new(k, 0, DT_STRING, &SHAPE(n)));
    for (int64_t i = 0; i < n; i++) {
        struct str text = { 0 };
        int64_t from = index_at(splits, i);
        struct status *st = encode_string(k->state, (const int32_t *)kernel_in(k, 0)->data + from,
                                          index_at(splits, i + 1) - from, &text);
        TRY(put_text(k, i, &text, st));
    }
    return NULL;
}

static struct status *encode_shape(struct shape_ctx *c)
{
    const struct shape *splits = shape_in(c, 1);
    TRY(shape_want_rank(shape_in(c, 0), 1));
    TRY(shape_want_rank(splits, 1));
    int64_t n = splits->rank < 0 ? -1 : splits->dim[0];
    ENSURE(n != 0, "input_splits must have at least one element");
    *shape_out(c, 0) = SHAPE(n < 0 ? -1 : n - 1);
    return NULL;
}

/* ---- UnicodeTranscode ---- */

static struct status *transcode_string(const struct how *h, const struct tensor *t, int64_t i,
                                       struct str *to)
{
    struct code_walk w = walk_string(h, t, i);
    struct code_point c;
    bool left;
    while (code_next(&w, &c)) {
        TRY(mend(h, &c, &left));
        if (!left)
            code_put(to, h->to, c.value);
    }
    return NULL;
}

static struct status *transcode(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    TRY(kernel_new(k, 0, DT_STRING, &x->shape));
    for (int64_t i = 0; i < tensor_count(x); i++) {
        struct str text = { 0 };
        struct status *st = transcode_string(k->state, x, i, &text);
        TRY(put_text(k, i, &text, st));
    }
    return NULL;
}

#define ERRORS "errors: {\"strict\", \"replace\", \"ignore\"} = \"replace\"; " \
               "replacement_char: int = 65533"
#define FROM "input_encoding: string; " ERRORS "; replace_control_characters: bool = false"
#define TO "output_encoding: {\"UTF-8\", \"UTF-16-BE\", \"UTF-32-BE\"}"
#define SPLITS "Tsplits: {int32, int64} = int64"

const struct op ops_unicode[] = {
    { .name = "UnicodeDecode", .inputs = "input: string",
      .outputs = "row_splits: Tsplits, char_values: int32", .attrs = FROM "; " SPLITS,
      .doc = "The code points of strings, one after another, and where each string's begin.",
      .shape = decode_shape, .grad = NO_GRADIENT, .prepare = decode_prepare,
      .kernel_any = decode },
    { .name = "UnicodeDecodeWithOffsets", .inputs = "input: string",
      .outputs = "row_splits: Tsplits, char_values: int32, char_to_byte_starts: int64",
      .attrs = FROM "; " SPLITS,
      .doc = "UnicodeDecode, and the byte of its string at which each code point begins.",
      .shape = decode_shape, .grad = NO_GRADIENT, .prepare = decode_prepare,
      .kernel_any = decode_with_offsets },
    { .name = "UnicodeEncode", .inputs = "input_values: int32, input_splits: Tsplits",
      .outputs = "output: string", .attrs = ERRORS "; " TO "; " SPLITS,
      .doc = "Strings of code points, of which each split begins a new one.",
      .shape = encode_shape, .grad = NO_GRADIENT, .prepare = how_prepare, .kernel_any = encode },
    { .name = "UnicodeTranscode", .inputs = "input: string", .outputs = "output: string",
      .attrs = FROM "; " TO,
      .doc = "Strings of one encoding in another one.", .shape = shape_unchanged,
      .grad = NO_GRADIENT, .prepare = decode_prepare, .kernel_any = transcode },
    { 0 }
};
