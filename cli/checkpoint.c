/* checkpoint.c - `weft checkpoint`: what is in one, two beside each other, its values elsewhere. */
#include "file.h"
#include "npz.h"
#include "open.h"
#include "show.h"
#include "value.h"
#include "verbs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: weft checkpoint [OPTION]... PREFIX [NAME]...\n\n"
    "Lists the tensors of a checkpoint (V1 or V2; a folder stands for its latest one), or prints\n"
    "those that are named.\n\n"
    "  --compare PREFIX   what differs from that other checkpoint; status 1 if anything does\n"
    "  --verify           read everything and check its sums\n"
    "  --npz FILE         write all tensors, or those named, to an archive of NumPy's\n"
    "  --help             this text\n";

static const struct option options[] = {
    { "compare", required_argument, NULL, 'c' }, { "verify", no_argument, NULL, 256 },
    { "npz", required_argument, NULL, 'z' }, { 0 }
};

static struct weft_status *open_path(const char *path, struct weft_checkpoint **c)
{
    struct model m = { 0 };
    struct weft_status *st = model_kind(path, &m);
    if (!st && m.kind != CHECKPOINT)
        st = refuse("%s: a checkpoint is expected; this is a %s", path, kind_name(m.kind));
    if (!st)
        st = weft_checkpoint_open(m.path, c);
    model_close(&m);
    return st;
}

static struct wanted entry(const struct weft_checkpoint *c, int i)
{
    struct wanted w = { .name = weft_checkpoint_name(c, i), .dtype = weft_checkpoint_dtype(c, i) };
    w.rank = weft_checkpoint_shape(c, i, w.dims);
    return w;
}

static double entry_bytes(const struct wanted *w)
{
    double bytes = w->dtype == WEFT_STRING ? 0 : (double)weft_dtype_size(w->dtype);
    for (int i = 0; i < w->rank; i++)
        bytes *= (double)w->dims[i];
    return bytes;
}

/* ---- listing ---- */

static void list(const struct weft_checkpoint *c, FILE *to)
{
    int n = weft_checkpoint_count(c);
    double total = 0;
    char room[200];
    for (int i = 0; i < n; i++) {
        struct wanted w = entry(c, i);
        total += entry_bytes(&w);
        fprintf(to, "  %s: %s\n", w.name, wanted_text(&w, room));
    }
    fprintf(to, "%d tensor%s, %s\n", n, n == 1 ? "" : "s", bytes_text(total, room));
}

struct weft_status *show_checkpoint(const char *prefix, FILE *to)
{
    struct weft_checkpoint *c;
    struct weft_status *st = weft_checkpoint_open(prefix, &c);
    if (st)
        return st;
    fprintf(to, "%s: checkpoint\n", prefix);
    list(c, to);
    weft_checkpoint_free(c);
    return NULL;
}

/* ---- values ---- */

static struct weft_status *find(const struct weft_checkpoint *c, const char *name, int *at)
{
    *at = weft_checkpoint_find(c, name);
    return *at >= 0 ? NULL : refuse("there is no tensor '%s' in it", name);
}

static struct weft_status *print(struct weft_checkpoint *c, char *const *names, int n)
{
    struct weft_status *st = NULL;
    for (int i = 0; i < n && !st; i++) {
        int at;
        struct weft_tensor *t = NULL;
        st = find(c, names[i], &at);
        if (!st)
            st = weft_checkpoint_read(c, at, &t);
        if (!st)
            value_print(stdout, names[i], t);
        weft_tensor_free(t);
    }
    return st;
}

static struct weft_status *verify(struct weft_checkpoint *c)
{
    int n = weft_checkpoint_count(c);
    struct weft_status *st = NULL;
    for (int i = 0; i < n && !st; i++) {
        struct weft_tensor *t = NULL;
        show_progress("checkpoint", "tensors", i, n);
        st = weft_checkpoint_read(c, i, &t);
        weft_tensor_free(t);
    }
    show_progress("checkpoint", "tensors", n, n);
    if (!st)
        printf("%d tensors, all sums right\n", n);
    return st;
}

/* ---- an archive ---- */

struct export { struct weft_checkpoint *c; const int *at; int n; };

static struct weft_status *read_member(void *ctx, int i, struct weft_tensor **t)
{
    const struct export *e = ctx;
    show_progress("checkpoint", "tensors", i, e->n);
    return weft_checkpoint_read(e->c, e->at[i], t);
}

static struct weft_status *export(struct weft_checkpoint *c, char *const *names, int n,
                                  const char *path)
{
    int count = n ? n : weft_checkpoint_count(c);
    int *at = calloc((size_t)count + 1, sizeof *at);
    const char **called = calloc((size_t)count + 1, sizeof *called);
    struct weft_status *st = at && called ? NULL
        : weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
    for (int i = 0; i < count && !st; i++) {
        at[i] = i;
        if (n)
            st = find(c, names[i], &at[i]);
        if (!st)
            called[i] = weft_checkpoint_name(c, at[i]);
    }
    if (!st)
        st = npz_write(path, called, count, read_member, &(struct export){ c, at, count });
    show_progress("checkpoint", "tensors", count, count);
    free(at);
    free(called);
    return st;
}

/* ---- two of them ---- */

static bool same_shape(const struct wanted *a, const struct wanted *b)
{
    return a->dtype == b->dtype && a->rank == b->rank &&
           !memcmp(a->dims, b->dims, sizeof *a->dims * (size_t)a->rank);
}

static bool same_strings(const struct weft_tensor *a, const struct weft_tensor *b)
{
    for (int64_t i = 0; i < weft_tensor_count(a); i++) {
        size_t n, m;
        const char *x = weft_tensor_string(a, i, &n), *y = weft_tensor_string(b, i, &m);
        if (n != m || memcmp(x, y, n))
            return false;
    }
    return true;
}

/* True if they differ: "w: differs in 3 of 10 values, by at most 0.5". */
static bool tell_values(const char *name, const struct weft_tensor *a, const struct weft_tensor *b)
{
    if (weft_tensor_dtype(a) == WEFT_STRING) {
        if (!same_strings(a, b))
            printf("%s: differs\n", name);
        return !same_strings(a, b);
    }
    if (!memcmp(weft_tensor_data(a), weft_tensor_data(b), weft_tensor_bytes(a)))
        return false;
    int64_t differ = 0;
    double most = 0;
    for (int64_t i = 0; i < weft_tensor_count(a); i++) {
        double x = weft_tensor_number(a, i), y = weft_tensor_number(b, i);
        bool same = x == y || (isnan(x) && isnan(y));
        differ += !same;
        most = fmax(most, same ? 0 : fabs(x - y));
    }
    printf("%s: differs in %lld of %lld values, by at most %g\n", name, (long long)differ,
           (long long)weft_tensor_count(a), most);
    return true;
}

static struct weft_status *compare_entry(struct weft_checkpoint *a, int i,
                                         struct weft_checkpoint *b, int *differ)
{
    struct wanted wa = entry(a, i), wb;
    char room[2][200];
    int at = weft_checkpoint_find(b, wa.name);
    if (at < 0) {
        printf("%s: only in the first\n", wa.name);
        ++*differ;
        return NULL;
    }
    wb = entry(b, at);
    if (!same_shape(&wa, &wb)) {
        printf("%s: %s in the first, %s in the second\n", wa.name, wanted_text(&wa, room[0]),
               wanted_text(&wb, room[1]));
        ++*differ;
        return NULL;
    }
    struct weft_tensor *x = NULL, *y = NULL;
    struct weft_status *st = weft_checkpoint_read(a, i, &x);
    if (!st)
        st = weft_checkpoint_read(b, at, &y);
    if (!st)
        *differ += tell_values(wa.name, x, y);
    weft_tensor_free(x);
    weft_tensor_free(y);
    return st;
}

static struct weft_status *compare(struct weft_checkpoint *a, const char *path, int *differ)
{
    struct weft_checkpoint *b;
    struct weft_status *st = open_path(path, &b);
    if (st)
        return st;
    int n = weft_checkpoint_count(a);
    for (int i = 0; i < n && !st; i++) {
        show_progress("checkpoint", "tensors", i, n);
        st = compare_entry(a, i, b, differ);
    }
    show_progress("checkpoint", "tensors", n, n);
    for (int i = 0; i < weft_checkpoint_count(b) && !st; i++)
        if (weft_checkpoint_find(a, weft_checkpoint_name(b, i)) < 0) {
            printf("%s: only in the second\n", weft_checkpoint_name(b, i));
            ++*differ;
        }
    if (!st && !*differ)
        printf("the same %d tensors\n", n);
    weft_checkpoint_free(b);
    return st;
}

/* ---- the verb ---- */

int checkpoint(int argc, char **argv)
{
    const char *other = NULL, *npz = NULL;
    bool sums = false;
    int c, differ = 0;
    while ((c = next_option(argc, argv, options, help)) >= 0)
        switch (c) {
        case 'c': other = optarg; break;
        case 'z': npz = optarg; break;
        default: sums = true;
        }
    if (optind >= argc)
        bad_usage("checkpoint", "the prefix of a checkpoint is expected");
    if (other && (npz || sums || optind + 1 < argc))
        bad_usage("checkpoint", "--compare goes with nothing else");
    char **names = argv + optind + 1;
    int n = argc - optind - 1;
    struct weft_checkpoint *from;
    struct weft_status *st = open_path(argv[optind], &from);
    if (st)
        return report("checkpoint", st);
    st = other ? compare(from, other, &differ) : npz ? export(from, names, n, npz)
       : sums ? verify(from) : print(from, names, n);
    if (!st && !other && !npz && !sums && !n)
        list(from, stdout);
    weft_checkpoint_free(from);
    return report("checkpoint", status_about(st, argv[optind])) || differ;
}
