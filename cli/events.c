/* events.c - what `weft show` says of event files and files of records. */
#include "show.h"
#include "value.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What a tag was seen with, over the file. */
struct track {
    char *tag;
    enum weft_event_kind kind;
    int count;
    int64_t first, last;                /* steps */
    double number;                      /* the latest scalar */
};

struct tracks { struct track *item; int n; };

static const char *kind_of(enum weft_event_kind kind)
{
    switch (kind) {
    case WEFT_EVENT_GRAPH: return "graph";
    case WEFT_EVENT_META_GRAPH: return "meta graph";
    case WEFT_EVENT_SCALAR: return "scalar";
    case WEFT_EVENT_IMAGE: return "image";
    case WEFT_EVENT_HISTOGRAM: return "histogram";
    case WEFT_EVENT_AUDIO: return "audio";
    case WEFT_EVENT_TENSOR: return "tensor";
    case WEFT_EVENT_RUN_METADATA: return "run metadata";
    case WEFT_EVENT_SESSION_LOG: return "session log";
    case WEFT_EVENT_LOG: return "log message";
    case WEFT_EVENT_VERSION: return "version";
    default: return "empty";
    }
}

static struct track *track_of(struct tracks *all, const struct weft_event *e)
{
    for (int i = 0; i < all->n; i++)
        if (all->item[i].kind == e->kind && !strcmp(all->item[i].tag, e->tag))
            return &all->item[i];
    struct track *grown = realloc(all->item, (size_t)(all->n + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    all->item = grown;
    grown[all->n] = (struct track){ .tag = strdup(e->tag), .kind = e->kind, .first = e->step };
    return grown[all->n].tag ? &grown[all->n++] : NULL;
}

static struct weft_status *read_events(struct weft_event_reader *r, struct tracks *all, FILE *to)
{
    struct weft_event e;
    bool done = false;
    struct weft_status *st;
    while (!(st = weft_event_reader_next(r, &e, &done)) && !done) {
        if (e.kind == WEFT_EVENT_VERSION) {
            time_t when = (time_t)e.wall_time;
            char text[64] = "";
            strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", localtime(&when));
            fprintf(to, "%s, begun %s\n", e.text, text);
            continue;
        }
        struct track *t = track_of(all, &e);
        if (!t)
            return weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
        t->count++;
        t->last = e.step;
        t->number = e.number;
    }
    return st;
}

static void show_tracks(const struct tracks *all, FILE *to)
{
    for (int i = 0; i < all->n; i++) {
        const struct track *t = &all->item[i];
        fprintf(to, "  %s%s%s: %d, steps %lld to %lld", kind_of(t->kind), *t->tag ? " " : "",
                t->tag, t->count, (long long)t->first, (long long)t->last);
        if (t->kind == WEFT_EVENT_SCALAR)
            fprintf(to, ", the last %g", t->number);
        fprintf(to, "\n");
    }
}

/* What was read before the file breaks off is shown in any case. */
struct weft_status *show_events(const char *path, FILE *to)
{
    struct weft_event_reader *r;
    struct tracks all = { 0 };
    struct weft_status *st = weft_event_reader_new(path, &r);
    if (st)
        return st;
    fprintf(to, "%s: event file, ", path);
    st = read_events(r, &all, to);
    show_tracks(&all, to);
    for (int i = 0; i < all.n; i++)
        free(all.item[i].tag);
    free(all.item);
    weft_event_reader_free(r);
    return st;
}

struct weft_status *show_records(const char *path, FILE *to)
{
    struct weft_record_reader *r;
    struct weft_status *st = weft_record_reader_new(path, "", &r);
    if (st)
        return st;
    const void *data;
    size_t n;
    int64_t count = 0;
    double bytes = 0;
    char room[30];
    bool done = false;
    while (!(st = weft_record_reader_next(r, &data, &n, &done)) && !done) {
        count++;
        bytes += (double)n;
    }
    fprintf(to, "%s: %lld records, %s\n", path, (long long)count, bytes_text(bytes, room));
    weft_record_reader_free(r);
    return st;
}
