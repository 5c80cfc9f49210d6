/* bench.c - `weft bench`: how long a model takes, and which of its ops. */
#include "file.h"
#include "named.h"
#include "value.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char help[] =
    "usage: weft bench [OPTION]... FILE|DIR\n\n"
    "Runs a model again and again on inputs that it makes up (numbers from 0 to 1; zeros where\n"
    "whole numbers are wanted), and tells how long a run takes, and what share each op type has.\n"
    "\n"
    "  --runs N            how often (100)\n"
    "  --threads N         threads to use; otherwise as many as there are CPUs\n"
    "  --shape NAME=AxBxC  of an input; sizes that the model leaves open are 1 otherwise\n"
    "  --feed NAME=VALUE   an input's value, as weft run takes it\n"
    "  --fetch NAME        what to compute; otherwise all outputs\n"
    "  --signature NAME    of a SavedModel; otherwise serving_default, or the only one\n"
    "  --tags LIST         the graph of a SavedModel that has these tags (serve,gpu)\n"
    "  --trace FILE        what one run did when, for chrome://tracing\n"
    "  --help              this text\n";

static const struct option options[] = {
    { "runs", required_argument, NULL, 'n' },      { "threads", required_argument, NULL, 'j' },
    { "shape", required_argument, NULL, 'd' },     { "feed", required_argument, NULL, 'f' },
    { "fetch", required_argument, NULL, 'y' },     { "signature", required_argument, NULL, 's' },
    { "tags", required_argument, NULL, 't' },      { "trace", required_argument, NULL, 'r' }, { 0 }
};

struct arguments {
    char **feeds, **fetches, **shapes;
    int n_feeds, n_fetches, n_shapes, runs;
    const char *signature, *tags, *trace, *path;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- inputs ---- */

/* "3x4" or "3,4"; "" is a scalar. */
static struct weft_status *parse_shape(const char *text, struct wanted *w)
{
    const char *at = text;
    for (w->rank = 0; *at; at += *at != '\0') {
        char *end;
        long long d = strtoll(at, &end, 10);
        if (end == at || d < 0 || (*end && *end != 'x' && *end != ',') || w->rank == WEFT_MAX_RANK)
            return refuse("--shape takes NAME=AxBxC, not '%s=%s'", w->name, text);
        w->dims[w->rank++] = d;
        at = end;
    }
    return NULL;
}

static struct weft_status *shape_of(const struct arguments *a, struct wanted *w)
{
    size_t n = strlen(w->name);
    for (int i = 0; i < a->n_shapes; i++)
        if (!strncmp(a->shapes[i], w->name, n) && a->shapes[i][n] == '=')
            return parse_shape(a->shapes[i] + n + 1, w);
    if (w->rank < 0)
        return refuse("the model does not say what shape '%s' has: --shape %s=...", w->name,
                      w->name);
    for (int i = 0; i < w->rank; i++)
        w->dims[i] = w->dims[i] < 0 ? 1 : w->dims[i];
    return NULL;
}

/* The same numbers each time, so that two benches compare. */
static struct weft_status *make_up(const struct wanted *w, struct weft_tensor **t)
{
    bool real = w->dtype == WEFT_FLOAT || w->dtype == WEFT_DOUBLE || w->dtype == WEFT_HALF;
    struct weft_status *st = weft_tensor_new(real ? WEFT_FLOAT : w->dtype, w->rank, w->dims, NULL,
                                             t);
    uint32_t state = 1;
    for (int64_t i = 0; !st && real && i < weft_tensor_count(*t); i++) {
        state = state * 1664525 + 1013904223;
        ((float *)weft_tensor_data(*t))[i] = (float)(state >> 8) / (1 << 24);
    }
    if (st || !real || w->dtype == WEFT_FLOAT)
        return st;
    struct weft_tensor *from = *t;
    st = run_op("Cast", &from, 1, WEFT_ATTRS(weft_attr_type("DstT", w->dtype)), t);
    weft_tensor_free(from);
    return st;
}

static struct weft_status *fill(struct request *r, const struct arguments *a)
{
    struct weft_status *st = NULL;
    char room[200];
    for (int i = 0; i < r->feeds.n && !st; i++) {
        struct named *f = &r->feeds.item[i];
        struct wanted w = wanted_by(f->name, f->out);
        if (f->value) {
            st = value_read(f->value, &w, &f->tensor);
            continue;
        }
        st = shape_of(a, &w);
        if (!st)
            st = make_up(&w, &f->tensor);
        if (!st)
            printf("input %s: %s\n", w.name, wanted_text(&w, room));
    }
    return st;
}

/* ---- times ---- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void tell(double *seconds, int n)
{
    qsort(seconds, (size_t)n, sizeof *seconds, compare);
    double median = seconds[n / 2];
    printf("median %.4g ms of %d runs, 1 in 10 below %.4g ms, 9 in 10 below %.4g ms, "
           "least %.4g ms: %.4g runs/s\n", 1e3 * median, n, 1e3 * seconds[n / 10],
           1e3 * seconds[n - 1 - n / 10], 1e3 * seconds[0], 1 / median);
}

static struct weft_status *measure(struct request *r, int runs)
{
    enum { WARM = 3 };
    double *seconds = calloc((size_t)runs, sizeof *seconds);
    struct weft_status *st = seconds ? NULL
        : weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
    for (int i = -WARM; i < runs && !st; i++) {
        double began = now();
        st = request_run(r, NULL);
        if (i >= 0)
            seconds[i] = now() - began;
        show_progress("bench", "runs", i + WARM, runs + WARM);
    }
    show_progress("bench", "runs", runs, runs);
    if (!st)
        tell(seconds, runs);
    free(seconds);
    return st;
}

/* ---- where it goes ---- */

struct share { const char *op; int count; double seconds; };

static int by_op(const void *a, const void *b)
{
    return strcmp(((const struct share *)a)->op, ((const struct share *)b)->op);
}

static int by_time(const void *a, const void *b)
{
    double x = ((const struct share *)a)->seconds, y = ((const struct share *)b)->seconds;
    return (x < y) - (x > y);
}

static int add_up(const struct weft_run_options *o, struct share *all)
{
    int n = 0, steps = weft_run_options_steps(o);
    for (int i = 0; i < steps; i++) {
        struct weft_trace_step s = weft_run_options_step(o, i);
        all[i] = (struct share){ weft_node_op(s.node), 1, 1e-9 * (double)s.duration_ns };
    }
    qsort(all, (size_t)steps, sizeof *all, by_op);
    for (int i = 0; i < steps; i++)
        if (n && !strcmp(all[n - 1].op, all[i].op)) {
            all[n - 1].count++;
            all[n - 1].seconds += all[i].seconds;
        } else {
            all[n++] = all[i];
        }
    qsort(all, (size_t)n, sizeof *all, by_time);
    return n;
}

static void tell_shares(const struct weft_run_options *o)
{
    enum { MOST = 20 };
    struct share *all = calloc((size_t)weft_run_options_steps(o) + 1, sizeof *all);
    int n = all ? add_up(o, all) : 0;
    double total = 0;
    for (int i = 0; i < n; i++)
        total += all[i].seconds;
    printf("by op type, in one traced run (%.4g ms in ops):\n", 1e3 * total);
    for (int i = 0; i < n && i < MOST; i++)
        printf("  %-28s %6d %10.4g ms %6.1f %%\n", all[i].op, all[i].count, 1e3 * all[i].seconds,
               total > 0 ? 100 * all[i].seconds / total : 0);
    free(all);
}

static struct weft_status *trace(struct request *r, const char *path)
{
    struct weft_run_options *o = weft_run_options_new();
    if (!o)
        return weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
    weft_run_options_trace(o, true);
    struct weft_status *st = request_run(r, o);
    if (!st)
        tell_shares(o);
    if (!st && path) {
        const char *json = weft_run_options_trace_json(o);
        st = file_replace(path, &(char *){ (char *)json }, &(size_t){ strlen(json) }, 1);
    }
    weft_run_options_free(o);
    return st;
}

/* ---- the verb ---- */

static int bench_model(struct model *m, const struct arguments *a)
{
    struct request r = { 0 };
    struct weft_status *st = request_make(m, a->signature, a->feeds, a->n_feeds, a->fetches,
                                          a->n_fetches, &r);
    if (!st && request_missing(&r) < 0)
        st = weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
    if (!st)
        st = fill(&r, a);
    int code = st ? 2 : 1;
    if (!st)
        st = status_about(measure(&r, a->runs), m->path);
    if (!st)
        st = trace(&r, a->trace);
    request_free(&r);
    return report("bench", st) ? code : 0;
}

static int bench_path(const struct arguments *a)
{
    struct model m;
    struct weft_status *st = model_open(a->path, a->tags, true, &m);
    int code = st ? report("bench", st) : bench_model(&m, a);
    model_close(&m);
    return code;
}

int bench(int argc, char **argv)
{
    struct arguments a = { .runs = 100, .feeds = calloc((size_t)argc + 1, sizeof(char *)),
                           .fetches = calloc((size_t)argc + 1, sizeof(char *)),
                           .shapes = calloc((size_t)argc + 1, sizeof(char *)) };
    int c;
    while ((c = next_option(argc, argv, options, help)) >= 0)
        switch (c) {
        case 'n': a.runs = number_option("bench", "--runs", optarg, 1); break;
        case 'j': weft_set_threads(number_option("bench", "--threads", optarg, 1)); break;
        case 'd': a.shapes[a.n_shapes++] = optarg; break;
        case 'f': a.feeds[a.n_feeds++] = optarg; break;
        case 'y': a.fetches[a.n_fetches++] = optarg; break;
        case 's': a.signature = optarg; break;
        case 't': a.tags = optarg; break;
        default: a.trace = optarg;
        }
    if (optind != argc - 1)
        bad_usage("bench", "one file or folder is expected, not %d", argc - optind);
    a.path = argv[optind];
    int code = bench_path(&a);
    free(a.feeds);
    free(a.fetches);
    free(a.shapes);
    return code;
}
