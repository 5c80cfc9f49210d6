/* events.c - weft.h: files of records, event files, what a run tells of itself. */
#include "api/api.h"
#include "base/mem.h"
#include "graph/graphdef.h"
#include "io/event.h"
#include "wire/wire.h"

#include <math.h>

/* ---- records ---- */

static struct status *open_writer(const char *path, const char *compression,
                                  struct record_writer **result)
{
    enum compression c;
    TRY(compression_parse(compression, &c));
    return record_writer_new(path, c, result);
}

struct weft_status *weft_record_writer_new(const char *path, const char *compression,
                                           struct weft_record_writer **result)
{
    struct record_writer *w = NULL;
    struct status *st = open_writer(path, compression, &w);
    *result = record_writer_out(w);
    return status_out(st);
}

struct weft_status *weft_record_writer_write(struct weft_record_writer *w, const void *data,
                                             size_t n)
{
    return status_out(record_write(record_writer_in(w), data, n));
}

struct weft_status *weft_record_writer_flush(struct weft_record_writer *w)
{
    return status_out(record_flush(record_writer_in(w)));
}

struct weft_status *weft_record_writer_close(struct weft_record_writer *w)
{
    return status_out(record_writer_close(record_writer_in(w)));
}

static struct status *open_reader(const char *path, const char *compression,
                                  struct record_reader **result)
{
    enum compression c;
    TRY(compression_parse(compression, &c));
    return record_reader_new(path, c, result);
}

struct weft_status *weft_record_reader_new(const char *path, const char *compression,
                                           struct weft_record_reader **result)
{
    struct record_reader *r = NULL;
    struct status *st = open_reader(path, compression, &r);
    *result = record_reader_out(r);
    return status_out(st);
}

struct weft_status *weft_record_reader_next(struct weft_record_reader *r, const void **data,
                                            size_t *n, bool *done)
{
    return status_out(record_next(record_reader_in(r), data, n, done));
}

void weft_record_reader_free(struct weft_record_reader *r)
{
    record_reader_free(record_reader_in(r));
}

/* ---- writing events ---- */

struct weft_status *weft_event_writer_new(const char *dir, const char *suffix,
                                          struct weft_event_writer **result)
{
    struct event_writer *w = NULL;
    struct status *st = event_writer_new(dir, suffix, &w);
    *result = event_writer_out(w);
    return status_out(st);
}

const char *weft_event_writer_path(const struct weft_event_writer *w)
{
    return event_writer_path(event_writer_in(w));
}

struct weft_status *weft_event_writer_event(struct weft_event_writer *w, const void *event,
                                            size_t n)
{
    return status_out(event_write(event_writer_in(w), event, n));
}

struct weft_status *weft_event_writer_flush(struct weft_event_writer *w)
{
    return status_out(event_flush(event_writer_in(w)));
}

struct weft_status *weft_event_writer_close(struct weft_event_writer *w)
{
    return status_out(event_writer_close(event_writer_in(w)));
}

static struct status *put_graph(struct event_writer *w, struct graph *g, int64_t step)
{
    Wire__Event e = WIRE__EVENT__INIT;
    void *bytes;
    size_t n;
    TRY(graph_export(g, WEFT_EXPORT_SHAPES, &bytes, &n));
    e.step = step;
    e.what_case = WIRE__EVENT__WHAT_GRAPH_DEF;
    e.graph_def = (ProtobufCBinaryData){ n, bytes };
    struct status *st = event_put(w, &e);
    mem_free(bytes);
    return st;
}

struct weft_status *weft_event_writer_graph(struct weft_event_writer *w, struct weft_graph *g,
                                            int64_t step)
{
    return status_out(put_graph(event_writer_in(w), graph_in(g), step));
}

/* The bytes are decoded here, so that what is no Summary never gets into the file. */
static struct status *put_summary(struct event_writer *w, const void *bytes, size_t n, int64_t step)
{
    struct arena a = { 0 };
    Wire__Event e = WIRE__EVENT__INIT;
    struct status *st = wire_decode(&a, &wire__summary__descriptor, bytes, n, &e.summary);
    e.step = step;
    e.what_case = WIRE__EVENT__WHAT_SUMMARY;
    if (!st)
        st = event_put(w, &e);
    arena_free(&a);
    return st;
}

struct weft_status *weft_event_writer_summary(struct weft_event_writer *w, const void *summary,
                                              size_t n, int64_t step)
{
    return status_out(put_summary(event_writer_in(w), summary, n, step));
}

/* Write the summary that was made, if it was. */
static struct weft_status *put_made(struct weft_event_writer *w, struct summary *s,
                                    struct status *st, int64_t step)
{
    if (!st)
        st = event_put_summary(event_writer_in(w), s, step);
    summary_release(s);
    return status_out(st);
}

struct weft_status *weft_event_writer_scalar(struct weft_event_writer *w, const char *tag,
                                             double value, int64_t step)
{
    struct summary s = { 0 };
    return put_made(w, &s, summary_scalar(&s, tag, (float)value), step);
}

static struct status *add_values(struct histogram *h, const char *tag, const double *values,
                                 size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ENSURE(isfinite(values[i]), "%s in summary histogram for: %s",
               isnan(values[i]) ? "Nan" : "Infinity", tag);
        histogram_add(h, values[i]);
    }
    return NULL;
}

struct weft_status *weft_event_writer_histogram(struct weft_event_writer *w, const char *tag,
                                                const double *values, size_t n, int64_t step)
{
    struct summary s = { 0 };
    struct histogram h;
    struct status *st = histogram_init(&h);
    if (!st)
        st = add_values(&h, tag, values, n);
    if (!st)
        st = summary_histogram(&s, tag, &h);
    histogram_release(&h);
    return put_made(w, &s, st, step);
}

static struct status *make_image(struct summary *s, const char *tag, const struct picture *p)
{
    ENSURE(p->channels >= 1 && p->channels <= 4, "an image has 1 to 4 channels, not %d",
           p->channels);
    ENSURE(p->height > 0 && p->width > 0, "an image has pixels, not %lld rows of %lld",
           (long long)p->height, (long long)p->width);
    return summary_image(s, tag, p);
}

struct weft_status *weft_event_writer_image(struct weft_event_writer *w, const char *tag,
                                            const uint8_t *pixels, int height, int width,
                                            int channels, int64_t step)
{
    struct summary s = { 0 };
    struct picture p = { pixels, height, width, channels };
    return put_made(w, &s, make_image(&s, tag, &p), step);
}

struct weft_status *weft_event_writer_text(struct weft_event_writer *w, const char *tag,
                                           const char *text, int64_t step)
{
    struct summary s = { 0 };
    return put_made(w, &s, summary_text(&s, tag, text), step);
}

struct weft_status *weft_event_writer_session_log(struct weft_event_writer *w, int status,
                                                  const char *path, int64_t step)
{
    Wire__Event e = WIRE__EVENT__INIT;
    Wire__SessionLog log = WIRE__SESSION_LOG__INIT;
    log.status = (Wire__SessionLog__SessionStatus)status;
    if (path)
        log.checkpoint_path = (char *)path;
    e.step = step;
    e.what_case = WIRE__EVENT__WHAT_SESSION_LOG;
    e.session_log = &log;
    return status_out(event_put(event_writer_in(w), &e));
}

struct weft_status *weft_event_writer_run_metadata(struct weft_event_writer *w, const char *tag,
                                                   const void *metadata, size_t n, int64_t step)
{
    Wire__Event e = WIRE__EVENT__INIT;
    Wire__TaggedRunMetadata m = WIRE__TAGGED_RUN_METADATA__INIT;
    m.tag = (char *)tag;
    m.run_metadata = (ProtobufCBinaryData){ n, (uint8_t *)metadata };
    e.step = step;
    e.what_case = WIRE__EVENT__WHAT_TAGGED_RUN_METADATA;
    e.tagged_run_metadata = &m;
    return status_out(event_put(event_writer_in(w), &e));
}
