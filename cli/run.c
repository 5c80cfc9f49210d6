/* run.c - `weft run`: a graph or a signature, once, on values from the command line. */
#include "file.h"
#include "named.h"
#include "npy.h"
#include "value.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
    "usage: weft run [OPTION]... FILE|DIR\n\n"
    "Runs a GraphDef, a MetaGraphDef (variables come from the checkpoint beside it) or a\n"
    "SavedModel once, and prints what it gives.\n\n"
    "  --feed NAME=VALUE   an input: of the signature, or any tensor of the graph. VALUE is a\n"
    "                      number, text, true, [[1, 2], [3, 4]]; @FILE.npy; or @FILE of an image\n"
    "                      (.jpg, .png, .gif, .bmp), which is decoded and sized as the input\n"
    "                      wants it, or of anything for an input that is a string: its bytes\n"
    "  --fetch NAME        what to compute; otherwise all outputs\n"
    "  --signature NAME    of a SavedModel; otherwise serving_default, or the only one\n"
    "  --tags LIST         the graph of a SavedModel that has these tags (serve,gpu)\n"
    "  --out DIR           write each value to DIR/NAME.npy instead of printing it\n"
    "  --threads N         threads to use; otherwise as many as there are CPUs\n"
    "  --help              this text\n";

static const struct option options[] = {
    { "feed", required_argument, NULL, 'f' },      { "fetch", required_argument, NULL, 'y' },
    { "signature", required_argument, NULL, 's' }, { "tags", required_argument, NULL, 't' },
    { "out", required_argument, NULL, 'o' },       { "threads", required_argument, NULL, 'j' },
    { 0 }
};

struct arguments {
    char **feeds, **fetches;
    int n_feeds, n_fetches;
    const char *signature, *tags, *out, *path;
};

/* In one line, as errors are. */
static struct weft_status *say_missing(const struct request *r, int missing)
{
    char *text = NULL, room[200];
    size_t n;
    FILE *to = open_memstream(&text, &n);
    if (!to)
        return weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
    for (int i = r->feeds.n - missing; i < r->feeds.n; i++) {
        struct wanted w = wanted_by(r->feeds.item[i].name, r->feeds.item[i].out);
        fprintf(to, "%s--feed %s=... (%s)", i > r->feeds.n - missing ? ", " : "", w.name,
                wanted_text(&w, room));
    }
    fclose(to);
    struct weft_status *st = refuse("%s: what it computes needs %s", r->model->path, text);
    free(text);
    return st;
}

static struct weft_status *read_feeds(struct request *r)
{
    struct weft_status *st = NULL;
    for (int i = 0; i < r->feeds.n && !st; i++) {
        struct named *f = &r->feeds.item[i];
        struct wanted w = wanted_by(f->name, f->out);
        st = value_read(f->value, &w, &f->tensor);
    }
    return st;
}

static struct weft_status *write_value(const char *folder, const struct named *f)
{
    char *path;
    if (asprintf(&path, "%s/%s.npy", folder, f->name) < 0)
        return weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
    for (char *c = path + strlen(folder) + 1; *c; c++)
        if (*c == '/' || *c == ':')
            *c = '_';
    struct weft_status *st = npy_write(path, f->tensor);
    if (!st)
        printf("%s\n", path);
    free(path);
    return st;
}

static struct weft_status *give(const struct request *r, const char *folder)
{
    struct weft_status *st = NULL;
    if (folder && mkdir(folder, 0777) && !is_folder(folder))
        return refuse("%s: %m", folder);
    for (int i = 0; i < r->fetches.n && !st; i++)
        if (folder)
            st = write_value(folder, &r->fetches.item[i]);
        else
            value_print(stdout, r->fetches.item[i].name, r->fetches.item[i].tensor);
    return st;
}

static int run_model(struct model *m, const struct arguments *a)
{
    struct request r = { 0 };
    struct weft_status *st = request_make(m, a->signature, a->feeds, a->n_feeds, a->fetches,
                                          a->n_fetches, &r);
    int missing = st ? 0 : request_missing(&r), code = st || missing ? 2 : 1;
    if (missing < 0)
        st = weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
    else if (missing)
        st = say_missing(&r, missing);
    if (!st)
        st = read_feeds(&r);
    if (!st)
        st = status_about(request_run(&r, NULL), m->path);
    if (!st)
        st = give(&r, a->out);
    request_free(&r);
    return report("run", st) ? code : 0;
}

static int run_path(const struct arguments *a)
{
    struct model m;
    struct weft_status *st = model_open(a->path, a->tags, true, &m);
    int code = st ? report("run", st) : run_model(&m, a);
    model_close(&m);
    return code;
}

int run(int argc, char **argv)
{
    struct arguments a = { .feeds = calloc((size_t)argc + 1, sizeof(char *)),
                           .fetches = calloc((size_t)argc + 1, sizeof(char *)) };
    int c;
    while ((c = next_option(argc, argv, options, help)) >= 0)
        switch (c) {
        case 'f': a.feeds[a.n_feeds++] = optarg; break;
        case 'y': a.fetches[a.n_fetches++] = optarg; break;
        case 's': a.signature = optarg; break;
        case 't': a.tags = optarg; break;
        case 'o': a.out = optarg; break;
        default: weft_set_threads(number_option("run", "--threads", optarg, 1));
        }
    if (optind != argc - 1)
        bad_usage("run", "one file or folder is expected, not %d", argc - optind);
    a.path = argv[optind];
    int code = run_path(&a);
    free(a.feeds);
    free(a.fetches);
    return code;
}
