/* event_reader.c - weft.h: event files, value by value. */
#include "api/api.h"
#include "base/mem.h"
#include "io/event.h"
#include "wire/wire.h"

/* `next`: the value of the summary in `event` that comes next. */
struct weft_event_reader {
    struct event_reader *reader;
    Wire__Event *event;
    size_t next;
    void *tensor;                       /* the bytes of the latest one */
};

static struct status *reader_new(const char *path, struct weft_event_reader **result)
{
    struct weft_event_reader *r = mem_new(struct weft_event_reader);
    NEED(r);
    struct status *st = event_reader_new(path, &r->reader);
    if (st)
        mem_free(r);
    else
        *result = r;
    return st;
}

struct weft_status *weft_event_reader_new(const char *path, struct weft_event_reader **result)
{
    *result = NULL;
    return status_out(reader_new(path, result));
}

void weft_event_reader_free(struct weft_event_reader *r)
{
    if (!r)
        return;
    event_reader_free(r->reader);
    mem_free(r->tensor);
    mem_free(r);
}

static void set_bytes(struct weft_event *to, const ProtobufCBinaryData *b)
{
    to->bytes = b->data;
    to->size = b->len;
}

static struct status *tell_tensor(struct weft_event_reader *r, const Wire__Summary__Value *v,
                                  struct weft_event *to)
{
    if (v->metadata && v->metadata->plugin_data)
        to->text = v->metadata->plugin_data->plugin_name;
    if (!*to->tag)
        to->tag = v->node_name;
    TRY(wire_encode(&v->tensor->base, &r->tensor, &to->size));
    to->bytes = r->tensor;
    return NULL;
}

static void tell_histogram(const Wire__HistogramProto *m, struct weft_event *to)
{
    to->number = m->sum;
    to->n_buckets = (int)(m->n_bucket < m->n_bucket_limit ? m->n_bucket : m->n_bucket_limit);
    to->buckets = m->bucket;
    to->limits = m->bucket_limit;
}

/* Kinds of values are their fields' numbers in a Summary's value and ten. */
static struct status *tell_value(struct weft_event_reader *r, const Wire__Summary__Value *v,
                                 struct weft_event *to)
{
    to->tag = v->tag;
    to->kind = (enum weft_event_kind)(v->value_case + 10);
    switch (v->value_case) {
    case WIRE__SUMMARY__VALUE__VALUE_SIMPLE_VALUE: to->number = v->simple_value; break;
    case WIRE__SUMMARY__VALUE__VALUE_HISTO: tell_histogram(v->histo, to); break;
    case WIRE__SUMMARY__VALUE__VALUE_TENSOR: return tell_tensor(r, v, to);
    case WIRE__SUMMARY__VALUE__VALUE_AUDIO:
        set_bytes(to, &v->audio->encoded_audio_string);
        break;
    case WIRE__SUMMARY__VALUE__VALUE_IMAGE:
        set_bytes(to, &v->image->encoded_image_string);
        to->height = v->image->height;
        to->width = v->image->width;
        break;
    default: to->kind = WEFT_EVENT_EMPTY;
    }
    return NULL;
}

static void tell_session(const Wire__SessionLog *m, struct weft_event *to)
{
    to->number = m->status;
    to->text = m->checkpoint_path;
}

static void tell_metadata(const Wire__TaggedRunMetadata *m, struct weft_event *to)
{
    to->tag = m->tag;
    set_bytes(to, &m->run_metadata);
}

/* Kinds of events are their fields' numbers. */
static void tell_event(const Wire__Event *e, struct weft_event *to)
{
    to->kind = (enum weft_event_kind)e->what_case;
    switch (e->what_case) {
    case WIRE__EVENT__WHAT_FILE_VERSION: to->text = e->file_version; break;
    case WIRE__EVENT__WHAT_GRAPH_DEF: set_bytes(to, &e->graph_def); break;
    case WIRE__EVENT__WHAT_META_GRAPH_DEF: set_bytes(to, &e->meta_graph_def); break;
    case WIRE__EVENT__WHAT_LOG_MESSAGE: to->text = e->log_message->message; break;
    case WIRE__EVENT__WHAT_SESSION_LOG: tell_session(e->session_log, to); break;
    case WIRE__EVENT__WHAT_TAGGED_RUN_METADATA: tell_metadata(e->tagged_run_metadata, to); break;
    default: to->kind = WEFT_EVENT_EMPTY;
    }
}

static bool has_values(const Wire__Event *e, size_t next)
{
    return e && e->what_case == WIRE__EVENT__WHAT_SUMMARY && next < e->summary->n_value;
}

static struct status *next_event(struct weft_event_reader *r, struct weft_event *to, bool *done)
{
    mem_free(r->tensor);
    r->tensor = NULL;
    if (!has_values(r->event, r->next)) {
        r->next = 0;
        TRY(event_next(r->reader, &r->event));
    }
    *done = !r->event;
    if (*done)
        return NULL;
    to->wall_time = r->event->wall_time;
    to->step = r->event->step;
    if (has_values(r->event, r->next))
        return tell_value(r, r->event->summary->value[r->next++], to);
    tell_event(r->event, to);
    return NULL;
}

struct weft_status *weft_event_reader_next(struct weft_event_reader *r, struct weft_event *event,
                                           bool *done)
{
    *event = (struct weft_event){ .tag = "", .text = "" };
    *done = false;
    return status_out(next_event(r, event, done));
}
