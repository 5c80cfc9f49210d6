/* ops.c - the ops of ops.txt, each alone: bench-ops THREADS [START OF A LINE].
 *
 * Prints for each size: op <TAB> inputs <TAB> line and size <TAB> threads <TAB> floor <TAB> the
 * floor's microseconds <TAB> ours. */
#include "floor.h"
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft.h>

enum { MOST = 16, ROUNDS = 3 };

struct work {
    struct weft_graph *g;
    struct weft_session *s;
    struct weft_call *call;
    const struct weft_op_def *op;
    struct weft_out in[MOST], feed[MOST], fetch[MOST];
    struct weft_tensor *value[MOST], *fed[MOST], *out[MOST];
    struct weft_attr attr[MOST];
    int64_t list[MOST];                 /* what an attribute that is a list points to */
    int n_in, n_fed, n_out, n_attrs;
};

static _Noreturn void bad(const char *what, const char *text)
{
    fprintf(stderr, "bench/ops.txt: %s: %s\n", what, text);
    exit(1);
}

/* ---- inputs: a type, [dims], then what they hold ---- */

static enum weft_dtype dtype_of(char letter)
{
    switch (letter) {
    case 'd': return WEFT_DOUBLE;
    case 'h': return WEFT_HALF;
    case 'i': return WEFT_INT32;
    case 'l': return WEFT_INT64;
    case 'u': return WEFT_UINT8;
    case 'b': return WEFT_BOOL;
    case 's': return WEFT_STRING;
    default: return WEFT_FLOAT;
    }
}

static void put(struct weft_tensor *t, int64_t i, double v)
{
    void *p = weft_tensor_data(t);
    switch (weft_tensor_dtype(t)) {
    case WEFT_FLOAT: ((float *)p)[i] = (float)v; break;
    case WEFT_DOUBLE: ((double *)p)[i] = v; break;
    case WEFT_INT32: ((int32_t *)p)[i] = (int32_t)v; break;
    case WEFT_INT64: ((int64_t *)p)[i] = (int64_t)v; break;
    case WEFT_STRING: weft_check(weft_tensor_set_string(t, i, "a word of text", 14)); break;
    default: ((uint8_t *)p)[i] = (uint8_t)v;
    }
}

/* Numbers in [-1, 1), or as the text after the dims says: <N, ^N; letter p is for those above 0,
 * b for truth. */
static void fill(struct weft_tensor *t, char letter, const char *text)
{
    double below = *text ? atof(text + 1) : 0;
    int64_t n = weft_tensor_count(t);
    unsigned state = 12345;
    for (int64_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        double v = (double)(state >> 8) / 0x1p24;
        if (*text == '^')
            v = floor((double)i * below / (double)n);
        else if (below)
            v = floor(v * below);
        else if (letter == 'b')
            v = v < .5;
        else if (letter != 'p')
            v = 2 * v - 1;
        put(t, i, v);
    }
}

static int numbers(const char *text, double v[MOST])
{
    char *end;
    int n = 0;
    for (; n < MOST && *text && !strchr("]}", *text); text = end) {
        v[n] = strtod(text, &end);
        if (end == text)
            bad("not a number", text);
        n++;
        end += *end == ',' || *end == ' ';
    }
    return n;
}

static struct weft_tensor *made(const char *text, int rank, const double *dim)
{
    struct weft_tensor *t;
    int64_t dims[WEFT_MAX_RANK];
    for (int i = 0; i < rank; i++)
        dims[i] = (int64_t)dim[i];
    weft_check(weft_tensor_new(dtype_of(*text), rank, dims, NULL, &t));
    return t;
}

static struct weft_out constant(struct work *w, const char *text, const char *braces, int rank,
                                double *dim)
{
    double v[MOST];
    int n = numbers(braces + 1, v);
    if (rank < 0) {
        rank = n != 1;
        dim[0] = n;
    }
    struct weft_tensor *t = w->value[w->n_in] = made(text, rank, dim);
    for (int i = 0; i < n; i++)
        put(t, i, v[i]);
    return weft_const(w->g, t);
}

static struct weft_out variable(struct work *w, struct weft_tensor *t)
{
    return weft_variable_new(w->g, "v", weft_const(w->g, t), 0).ref;
}

static struct weft_out fed(struct work *w, struct weft_tensor *t)
{
    struct weft_attr dtype = weft_attr_type("dtype", weft_tensor_dtype(t));
    w->fed[w->n_fed] = t;
    return w->feed[w->n_fed++] = weft_op(w->g, "Placeholder", NULL, 0, &dtype, 1);
}

static void input(struct work *w, const char *text)
{
    const char *braces = strchr(text, '{'), *close = strchr(text, ']');
    double dim[MOST];
    int rank = text[1] == '[' ? numbers(text + 2, dim) : -1;
    if (braces) {
        w->in[w->n_in] = constant(w, text, braces, rank, dim);
    } else {
        struct weft_tensor *t = w->value[w->n_in] = made(text, rank, dim);
        fill(t, *text, close ? close + 1 : "");
        w->in[w->n_in] = *text == 'v' ? variable(w, t) : fed(w, t);
    }
    w->n_in++;
}

/* Braces may hold spaces. */
static void inputs(struct work *w, char *text)
{
    for (char *end; *text; text = end) {
        end = text + strcspn(text, " {");
        if (*end == '{')
            end += strcspn(end, "}") + 1;
        if (*end)
            *end++ = 0;
        input(w, text);
    }
}

/* ---- attributes: name=value, of the kind that the op says ---- */

static enum weft_dtype type_named(const char *name)
{
    for (int t = 1; t < 24; t++)
        if (!strcmp(weft_dtype_name((enum weft_dtype)t), name))
            return (enum weft_dtype)t;
    bad("no such type", name);
}

static struct weft_attr attr_of(struct work *w, const char *name, const char *text)
{
    enum weft_attr_kind kind = WEFT_ATTR_STRING;
    for (int i = 0; i < weft_op_attrs(w->op); i++)
        if (!strcmp(weft_op_attr(w->op, i).name, name))
            kind = weft_op_attr(w->op, i).kind;
    double v[MOST];
    switch (kind) {
    case WEFT_ATTR_BOOL: return weft_attr_bool(name, !strcmp(text, "true"));
    case WEFT_ATTR_INT: return weft_attr_int(name, atoll(text));
    case WEFT_ATTR_FLOAT: return weft_attr_float(name, atof(text));
    case WEFT_ATTR_TYPE: return weft_attr_type(name, type_named(text));
    case WEFT_ATTR_INTS: break;
    default: return weft_attr_string(name, text);
    }
    int64_t *list = w->list + (w->n_attrs ? 4 * w->n_attrs : 0);
    int n = numbers(text, v);
    for (int i = 0; i < n; i++)
        list[i] = (int64_t)v[i];
    return weft_attr_ints(name, list, n);
}

static void attributes(struct work *w, char *text)
{
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
        char *equals = strchr(word, '=');
        if (!equals)
            bad("not name=value", word);
        *equals = 0;
        w->attr[w->n_attrs] = attr_of(w, word, equals + 1);
        w->n_attrs++;
    }
}

/* ---- a call, its floor, and their times ---- */

static void call_once(void *ctx)
{
    struct work *w = ctx;
    struct weft_tensor *out[MOST];
    weft_check(weft_call_run(w->call, NULL, w->fed, out));
    for (int i = 0; i < w->n_out; i++)
        weft_tensor_free(out[i]);
}

static void prepare(struct work *w, const char *name)
{
    struct weft_out first = weft_op(w->g, name, w->in, w->n_in, w->attr, w->n_attrs);
    weft_check(weft_graph_error(w->g));
    bool is_ref = weft_out_is_ref(first);       /* to a variable: run, do not fetch */
    w->n_out = is_ref ? 0 : weft_node_outputs(first.node);
    for (int i = 0; i < w->n_out; i++)
        w->fetch[i] = weft_output(first, i);
    weft_check(weft_session_new(w->g, NULL, &w->s));
    weft_check(weft_session_do(w->s, weft_variables_initializer(w->g)));
    weft_check(weft_call_new(w->s, w->feed, w->n_fed, w->fetch, w->n_out, &first.node, is_ref,
                             &w->call));
    weft_check(weft_call_run(w->call, NULL, w->fed, w->out));
}

static double count(const struct weft_tensor *t) { return (double)weft_tensor_count(t); }

static double last(const struct weft_tensor *t)
{
    int rank = weft_tensor_rank(t);
    return rank ? (double)weft_tensor_dim(t, rank - 1) : 1;
}

/* As many as the outputs (or their gradients), times what each is a sum of. */
static double products(const struct work *w, const char *kind)
{
    struct weft_tensor *const *in = w->value, *out = w->out[0];
    if (!strcmp(kind, "product")) {     /* m k n, of [m, k] [k, n] [m, n], transposed or not */
        double batch = weft_tensor_rank(out) > 2 ? (double)weft_tensor_dim(out, 0) : 1;
        return sqrt(count(in[0]) * count(in[1]) * count(out) / batch);
    }
    if (!strcmp(kind, "filter"))
        return count(out) * count(in[1]) / last(out);
    if (!strcmp(kind, "dinput"))
        return count(in[2]) * count(in[1]) / last(in[2]);
    return strcmp(kind, "dfilter") ? 0 : count(in[2]) * count(out) / last(in[2]);
}

static struct floor floor_of(const struct work *w, const char *kind)
{
    struct floor f = { .run = floor_find(kind), .products = products(w, kind) };
    if (weft_tensor_dtype(w->value[0]) == WEFT_DOUBLE)
        f.products *= 2;                /* half as many in a vector */
    if (!f.run)
        bad("no such floor", kind);
    for (int i = 0; i < w->n_in; i++) {
        f.in += weft_tensor_bytes(w->value[i]);
        f.out += weft_out_is_ref(w->in[i]) ? weft_tensor_bytes(w->value[i]) : 0;
    }
    for (int i = 0; i < w->n_out; i++)
        f.out += weft_tensor_bytes(w->out[i]);
    size_t room = (f.in > f.out ? f.in : f.out) + 64;
    f.from = malloc(room);
    f.to = malloc(room);
    memset(f.from, 1, room);            /* pages of its own: a zero page would lie in the cache */
    memset(f.to, 1, room);
    f.count = (size_t)count(w->value[0]);
    f.last = (size_t)last(w->value[0]);
    f.x = weft_tensor_data(w->value[0]);
    f.y = w->n_in > 1 ? weft_tensor_data(w->value[1]) : NULL;
    return f;
}

/* By turns, so that a busy machine is as busy for the one as for the other; the best counts. */
static void measure(struct work *w, const char *kind, double *floor, double *ours)
{
    struct floor f = floor_of(w, kind);
    *floor = *ours = INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
        *ours = fmin(*ours, measure_us(call_once, w));
        *floor = fmin(*floor, measure_us(f.run, &f));
    }
    free(f.from);
    free(f.to);
}

static void finish(struct work *w)
{
    weft_call_free(w->call);
    weft_session_free(w->s);
    weft_graph_free(w->g);
    for (int i = 0; i < w->n_in; i++)
        weft_tensor_free(w->value[i]);
    for (int i = 0; i < w->n_out; i++)
        weft_tensor_free(w->out[i]);
}

/* ---- the table ---- */

/* op | small | large | floor | ... */
static void size(const char *line, int number, bool large, const char *threads)
{
    char text[5][400] = { 0 };
    struct work w = { .g = weft_graph_new() };
    double floor, ours;
    if (sscanf(line, "%399[^|]| %399[^|]| %399[^|]| %399[^ |]", text[0], text[1],
               text[2], text[3]) != 4)
        bad("too few columns", line);
    text[1 + large][strlen(text[1 + large]) - 1] = 0;
    snprintf(text[4], sizeof text[4], "%s", text[1 + large]);
    text[0][strlen(text[0]) - 1] = 0;
    char *name = strtok(text[0], " "), *attrs = strtok(NULL, "");
    w.op = weft_op_find(name);
    if (!w.op)
        bad("no such op", name);
    printf("%s%s%s\t", name, attrs ? " " : "", attrs ? attrs : "");
    attributes(&w, attrs ? attrs : text[0] + strlen(text[0]));
    inputs(&w, text[1 + large]);
    prepare(&w, name);
    measure(&w, text[3], &floor, &ours);
    printf("%s\t%d %s\t%s\t%s\t%.4g\t%.4g\n", text[4], number, large ? "large" : "small",
           threads, text[3], floor, ours);
    fflush(stdout);
    finish(&w);
}

int main(int argc, char **argv)
{
    const char *threads = argc > 1 ? argv[1] : "1", *only = argc > 2 ? argv[2] : "";
    char line[2000];
    FILE *f = fopen("bench/ops.txt", "r");
    if (!f)
        bad("not there", "run me in the root");
    weft_set_threads(atoi(threads));
    for (int number = 1; fgets(line, sizeof line, f); number++) {
        if (*line == '#' || *line == '\n' || strncmp(line, only, strlen(only)))
            continue;
        if (!strcmp(threads, "1"))
            size(line, number, false, threads);
        size(line, number, true, threads);
    }
    fclose(f);
    return 0;
}
