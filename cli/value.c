#include "value.h"

#include "file.h"
#include "npy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is wanted ---- */

struct wanted wanted_by(const char *name, struct weft_out o)
{
    struct wanted w = { .name = name, .dtype = weft_out_dtype(o) };
    w.rank = weft_out_shape(o, w.dims);
    return w;
}

const char *wanted_text(const struct wanted *w, char *room)
{
    char *to = stpcpy(room, weft_dtype_name(w->dtype));
    if (w->rank < 0) {
        strcpy(to, " of unknown shape");
        return room;
    }
    *to++ = '[';
    for (int i = 0; i < w->rank; i++) {
        if (i)
            *to++ = ',';
        to += w->dims[i] < 0 ? sprintf(to, "?") : sprintf(to, "%lld", (long long)w->dims[i]);
    }
    strcpy(to, "]");
    return room;
}

/* ---- one op by itself ---- */

struct weft_status *run_op(const char *op, struct weft_tensor *const *in, int n_in,
                           const struct weft_attr *attrs, int n_attrs,
                           struct weft_tensor **result)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_out x[8];
    struct weft_session *s = NULL;
    for (int i = 0; i < n_in; i++)
        x[i] = weft_const(g, in[i]);
    struct weft_out y = weft_op(g, op, x, n_in, attrs, n_attrs);
    struct weft_status *st = weft_graph_error(g);
    if (!st)
        st = weft_session_new(g, NULL, &s);
    if (!st)
        st = weft_session_eval(s, y, result);
    weft_session_free(s);
    weft_graph_free(g);
    return st;
}

/* ---- written values: a walk over the text, twice: for the shape, then for the elements ---- */

struct reader {
    const char *text, *at;
    const struct wanted *w;
    struct weft_tensor *t;              /* NULL: only the shape is looked for */
    int64_t dims[WEFT_MAX_RANK], n;     /* n: elements read */
    int rank;                           /* -1 until the first element is met */
};

static void skip_space(struct reader *r)
{
    while (isspace((unsigned char)*r->at))
        r->at++;
}

static struct weft_status *no_value(const struct reader *r, const char *why)
{
    char room[200];
    return refuse("%s: '%s' is no value for a %s: %s", r->w->name, r->text,
                  wanted_text(r->w, room), why);
}

static struct weft_status *read_text(struct reader *r)
{
    char *room = malloc(strlen(r->at) + 1);
    size_t n = 0;
    if (!room)
        return weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
    bool quoted = *r->at == '"', nested = r->rank > 0;
    for (r->at += quoted; *r->at && (quoted ? *r->at != '"' : !nested || !strchr(",]", *r->at));
         r->at++)
        room[n++] = quoted && *r->at == '\\' && r->at[1] ? *++r->at : *r->at;
    bool cut = quoted && *r->at != '"';
    r->at += quoted && !cut;
    struct weft_status *st = cut ? no_value(r, "a quote is not closed")
        : r->t ? weft_tensor_set_string(r->t, r->n, room, n) : NULL;
    free(room);
    return st;
}

static bool is_word(const char *at, const char *word)
{
    size_t n = strlen(word);
    return !strncasecmp(at, word, n) && !isalnum((unsigned char)at[n]);
}

/* The elements of a number's type are written as the widest type of its kind first. */
static struct weft_status *read_number(struct reader *r)
{
    char *end = (char *)r->at;
    bool whole = r->w->dtype != WEFT_FLOAT && r->w->dtype != WEFT_DOUBLE &&
                 r->w->dtype != WEFT_HALF && r->w->dtype != WEFT_BFLOAT16;
    if (r->w->dtype == WEFT_BOOL && (is_word(r->at, "true") || is_word(r->at, "false"))) {
        if (r->t)
            ((bool *)weft_tensor_data(r->t))[r->n] = is_word(r->at, "true");
        end += is_word(r->at, "true") ? 4 : 5;
    } else if (whole) {
        long long v = strtoll(r->at, &end, 0);
        if (r->t && r->w->dtype == WEFT_BOOL)
            ((bool *)weft_tensor_data(r->t))[r->n] = v != 0;
        else if (r->t)
            ((int64_t *)weft_tensor_data(r->t))[r->n] = v;
    } else {
        double v = strtod(r->at, &end);
        if (r->t)
            ((double *)weft_tensor_data(r->t))[r->n] = v;
    }
    if (end == r->at || (*end && !strchr(",] \t\n", *end)))
        return no_value(r, whole ? "a whole number is expected" : "a number is expected");
    r->at = end;
    return NULL;
}

static struct weft_status *read_element(struct reader *r, int depth)
{
    if (r->rank < 0)
        r->rank = depth;
    if (r->rank != depth)
        return no_value(r, "its lists are nested unevenly");
    struct weft_status *st = r->w->dtype == WEFT_STRING ? read_text(r) : read_number(r);
    r->n++;
    return st;
}

static struct weft_status *read_nested(struct reader *r, int depth);

static struct weft_status *read_list(struct reader *r, int depth)
{
    int64_t n = 0;
    if (depth == WEFT_MAX_RANK)
        return no_value(r, "lists are nested more than 8 deep");
    for (r->at++, skip_space(r); *r->at != ']'; skip_space(r), n++) {
        struct weft_status *st = read_nested(r, depth + 1);
        if (st)
            return st;
        skip_space(r);
        if (*r->at == ',')
            r->at++;
        else if (!*r->at)
            return no_value(r, "a list is not closed");
    }
    r->at++;
    if (r->rank < 0)
        r->rank = depth + 1;            /* an empty list */
    if (r->dims[depth] >= 0 && r->dims[depth] != n)
        return no_value(r, "its rows differ in length");
    r->dims[depth] = n;
    return NULL;
}

static struct weft_status *read_nested(struct reader *r, int depth)
{
    skip_space(r);
    return *r->at == '[' ? read_list(r, depth) : read_element(r, depth);
}

static struct weft_status *read_all(struct reader *r)
{
    r->at = r->text;
    r->n = 0;
    struct weft_status *st = read_nested(r, 0);
    skip_space(r);
    return st ? st : *r->at ? no_value(r, "something stands behind it") : NULL;
}

static struct weft_status *cast(struct weft_tensor **t, enum weft_dtype to)
{
    struct weft_tensor *from = *t;
    if (weft_tensor_dtype(from) == to)
        return NULL;
    *t = NULL;
    struct weft_status *st = run_op("Cast", &from, 1, WEFT_ATTRS(weft_attr_type("DstT", to)), t);
    weft_tensor_free(from);
    return st;
}

/* What elements are read as, before they become what is wanted. */
static enum weft_dtype read_as(enum weft_dtype t)
{
    switch (t) {
    case WEFT_STRING: case WEFT_BOOL: return t;
    case WEFT_FLOAT: case WEFT_DOUBLE: case WEFT_HALF: case WEFT_BFLOAT16: return WEFT_DOUBLE;
    default: return WEFT_INT64;
    }
}

static struct weft_status *read_written(const char *text, const struct wanted *w,
                                        struct weft_tensor **result)
{
    struct reader r = { .text = text, .w = w, .rank = -1 };
    for (int i = 0; i < WEFT_MAX_RANK; i++)
        r.dims[i] = -1;
    struct weft_status *st = read_all(&r);
    if (!st)
        st = weft_tensor_new(read_as(w->dtype), r.rank, r.dims, NULL, &r.t);
    if (!st)
        st = read_all(&r);
    if (!st)
        st = cast(&r.t, w->dtype);
    if (st)
        weft_tensor_free(r.t);
    else
        *result = r.t;
    return st;
}

/* ---- files ---- */

static struct weft_status *read_bytes(const char *path, const struct wanted *w,
                                      struct weft_tensor **result)
{
    struct file f;
    struct weft_status *st = file_map(path, &f);
    if (st)
        return st;
    st = weft_tensor_new(WEFT_STRING, w->rank == 1, (const int64_t[]){ 1 }, NULL, result);
    if (!st)
        st = weft_tensor_set_string(*result, 0, f.data, f.size);
    file_unmap(&f);
    return st;
}

static const char *decoder_for(const char *path)
{
    static const char *const known[][2] = {
        { ".jpg", "DecodeJpeg" }, { ".jpeg", "DecodeJpeg" }, { ".png", "DecodePng" },
        { ".gif", "DecodeGif" }, { ".bmp", "DecodeBmp" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (ends_with(path, known[i][0]))
            return known[i][1];
    return NULL;
}

/* [height, width, channels], or a stack of those, becomes as high and wide as is wanted, with a
 * batch of one in front if that is what is missing. */
static struct weft_status *fit(struct weft_tensor **t, const struct wanted *w)
{
    int rank = weft_tensor_rank(*t);
    struct weft_status *st = NULL;
    if (w->rank == 4 && rank == 3) {
        struct weft_tensor *image = *t, *axis = weft_tensor_scalar(WEFT_INT32, 0);
        st = run_op("ExpandDims", (struct weft_tensor *[]){ image, axis }, 2, NULL, 0, t);
        weft_tensor_free(axis);
        weft_tensor_free(image);
    }
    if (st || w->rank != 4 || w->dims[1] < 0 || w->dims[2] < 0 ||
        (weft_tensor_dim(*t, 1) == w->dims[1] && weft_tensor_dim(*t, 2) == w->dims[2]))
        return st;
    int32_t size[] = { (int32_t)w->dims[1], (int32_t)w->dims[2] };
    struct weft_tensor *image = *t, *to;
    st = weft_tensor_new(WEFT_INT32, 1, (const int64_t[]){ 2 }, size, &to);
    if (!st)
        st = run_op("ResizeBilinear", (struct weft_tensor *[]){ image, to }, 2, NULL, 0, t);
    weft_tensor_free(to);
    weft_tensor_free(image);
    return st;
}

static struct weft_status *read_image(const char *path, const char *decoder,
                                      const struct wanted *w, struct weft_tensor **result)
{
    struct weft_tensor *bytes = NULL;
    struct wanted scalar = { .dtype = WEFT_STRING };
    struct weft_status *st = read_bytes(path, &scalar, &bytes);
    int channels = w->rank >= 3 && w->dims[w->rank - 1] > 0 ? (int)w->dims[w->rank - 1] : 0;
    bool asks = strcmp(decoder, "DecodeGif");       /* the others can be told how many channels */
    if (!st)
        st = run_op(decoder, &bytes, 1,
                    &(struct weft_attr){ WEFT_ATTR_INT, "channels", channels, 0, NULL }, asks,
                    result);
    weft_tensor_free(bytes);
    if (!st)
        st = fit(result, w);
    return st ? st : cast(result, w->dtype);
}

/* Numbers become the type that is wanted; text and numbers do not become each other. */
static struct weft_status *read_array(const char *path, const struct wanted *w,
                                      struct weft_tensor **result)
{
    struct weft_status *st = npy_read(path, result);
    if (st)
        return st;
    enum weft_dtype is = weft_tensor_dtype(*result);
    if ((is == WEFT_STRING) == (w->dtype == WEFT_STRING))
        return cast(result, w->dtype);
    char room[200];
    weft_tensor_free(*result);
    *result = NULL;
    return refuse("%s: it holds %s, for %s, which is %s", path, weft_dtype_name(is), w->name,
                  wanted_text(w, room));
}

struct weft_status *value_read(const char *text, const struct wanted *w,
                               struct weft_tensor **result)
{
    *result = NULL;
    if (*text != '@')
        return read_written(text, w, result);
    const char *path = text + 1, *decoder = decoder_for(path);
    if (ends_with(path, ".npy"))
        return read_array(path, w, result);
    if (w->dtype == WEFT_STRING)
        return read_bytes(path, w, result);
    if (decoder)
        return status_about(read_image(path, decoder, w, result), path);
    return refuse("%s: an array (.npy) or an image (.jpg, .png, .gif, .bmp) is expected", path);
}

/* ---- showing ---- */

void value_print(FILE *to, const char *name, const struct weft_tensor *t)
{
    enum { WHOLE = 1000, PART = 6 };
    struct wanted w = { .dtype = weft_tensor_dtype(t), .rank = weft_tensor_rank(t) };
    char room[200], *text = weft_tensor_to_text(t, weft_tensor_count(t) <= WHOLE ? WHOLE : PART);
    for (int i = 0; i < w.rank; i++)
        w.dims[i] = weft_tensor_dim(t, i);
    fprintf(to, "%s: %s =%s%s\n", name, wanted_text(&w, room), w.rank > 1 ? "\n" : " ",
            text ? text : "(no memory)");
    free(text);
}
