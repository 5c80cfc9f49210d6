/* session.c - weft.h: sessions, runs, prepared calls, servers. */
#include "api/api.h"
#include "base/mem.h"
#include "base/str.h"
#include "session/trace.h"

#include <string.h>

struct weft_session_options { struct session_options o; char *target; };

struct weft_run_options {
    int64_t timeout_ms;
    bool wants_trace;
    const volatile int *cancel;
    struct trace *trace;                /* of the latest run that was traced */
    struct str json;
    struct weft_bytes metadata;
};

/* ---- options ---- */

struct weft_session_options *weft_session_options_new(void)
{
    return mem_new(struct weft_session_options);
}

void weft_session_options_free(struct weft_session_options *o)
{
    if (o)
        mem_free(o->target);
    mem_free(o);
}

bool weft_session_options_target(struct weft_session_options *o, const char *target)
{
    char *copy = mem_strdup(target);
    if (!copy)
        return false;
    mem_free(o->target);
    o->o.target = o->target = copy;
    return true;
}

void weft_session_options_threads(struct weft_session_options *o, int intra_op, int inter_op)
{
    o->o.intra_op_threads = intra_op;
    o->o.inter_op_threads = inter_op;
}

void weft_session_options_timeout(struct weft_session_options *o, int64_t milliseconds)
{
    o->o.timeout_ms = milliseconds;
}

void weft_session_options_isolate(struct weft_session_options *o, bool isolate)
{
    o->o.isolate_state = isolate;
}

void weft_session_options_soft_placement(struct weft_session_options *o, bool soft)
{
    o->o.allow_soft_placement = soft;
}

void weft_session_options_place_pruned(struct weft_session_options *o, bool pruned)
{
    o->o.place_pruned_graph = pruned;
}

void weft_session_options_log_placement(struct weft_session_options *o, bool log)
{
    o->o.log_device_placement = log;
}

struct weft_run_options *weft_run_options_new(void) { return mem_new(struct weft_run_options); }

void weft_run_options_free(struct weft_run_options *o)
{
    if (o) {
        str_free(&o->json);
        weft_bytes_free(&o->metadata);
        trace_free(o->trace);
    }
    mem_free(o);
}

void weft_run_options_timeout(struct weft_run_options *o, int64_t milliseconds)
{
    o->timeout_ms = milliseconds;
}

void weft_run_options_trace(struct weft_run_options *o, bool trace) { o->wants_trace = trace; }

void weft_run_options_cancel(struct weft_run_options *o, const volatile int *flag)
{
    o->cancel = flag;
}

const char *weft_run_options_trace_json(const struct weft_run_options *o)
{
    return str_text(&o->json);
}

int weft_run_options_steps(const struct weft_run_options *o) { return o->trace ? o->trace->n : 0; }

struct weft_trace_step weft_run_options_step(const struct weft_run_options *o, int i)
{
    const struct trace_step *s = &o->trace->step[i];
    return (struct weft_trace_step){ node_out(s->node), s->time.start_ns,
                                     s->time.end_ns - s->time.start_ns, s->time.thread };
}

const struct session_options *session_options_of(const struct weft_session_options *o)
{
    return o ? &o->o : NULL;
}

static struct status *copy_metadata(const struct weft_bytes *from, struct weft_bytes *to)
{
    NEED(to->data = mem_alloc(from->size));
    memcpy(to->data, from->data, from->size);
    to->size = from->size;
    return NULL;
}

struct weft_status *weft_run_options_metadata(const struct weft_run_options *o,
                                              struct weft_bytes *run_metadata)
{
    *run_metadata = (struct weft_bytes){ 0 };
    return status_out(o->metadata.data ? copy_metadata(&o->metadata, run_metadata) : NULL);
}

/* ---- sessions ---- */

static struct status *make_session(struct graph *g, const struct session_options *o,
                                   struct session **result)
{
    TRY(api_ready());
    NEED(g = build_graph(g, NULL, 0));
    return session_new(g, o, result);
}

struct weft_status *weft_session_new(struct weft_graph *g,
                                     const struct weft_session_options *options,
                                     struct weft_session **result)
{
    struct session *s = NULL;
    struct status *st = make_session(graph_in(g), session_options_of(options), &s);
    *result = session_out(s);
    return status_out(st);
}

void weft_session_close(struct weft_session *s) { session_close(session_in(s)); }
void weft_session_free(struct weft_session *s) { session_free(session_in(s)); }

struct weft_graph *weft_session_graph(struct weft_session *s)
{
    return graph_out(session_graph(session_in(s)));
}

/* ---- runs ---- */

enum { FEW = 8 };

/* Room for a run's feeds and fetches: on the stack while they are few, as they mostly are. */
struct values {
    struct out few_keys[FEW];
    struct tensor few_feeds[FEW], few_fetches[FEW];
    struct out *key;
    struct tensor *feed, *fetch;
};

static struct status *values_init(struct values *v, int n_feeds, int n_fetches)
{
    v->key = v->few_keys;
    v->feed = v->few_feeds;
    v->fetch = v->few_fetches;
    if (n_feeds > FEW) {
        v->key = mem_array(struct out, n_feeds);
        v->feed = mem_array(struct tensor, n_feeds);
    }
    if (n_fetches > FEW)
        v->fetch = mem_array(struct tensor, n_fetches);
    NEED(v->key && v->feed && v->fetch);
    return NULL;
}

static void values_release(struct values *v)
{
    if (v->key != v->few_keys)
        mem_free(v->key);
    if (v->feed != v->few_feeds)
        mem_free(v->feed);
    if (v->fetch != v->few_fetches)
        mem_free(v->fetch);
}

/* Fetched values go out in boxes; where the memory for one is missing, none goes out. The session
 * may be closed by now: what is left of its pool are the values that came from it. */
static struct status *box_all(struct tensor *fetch, int n, struct weft_tensor **values)
{
    int boxed = 0;
    while (boxed < n && (values[boxed] = tensor_box(fetch[boxed].buf->pool, fetch[boxed])))
        boxed++;
    if (boxed == n)
        return NULL;
    for (int i = boxed + 1; i < n; i++)
        tensor_unref(&fetch[i]);
    while (boxed-- > 0) {
        weft_tensor_free(values[boxed]);
        values[boxed] = NULL;
    }
    return status_no_memory();
}

/* Without memory for it the record is empty; the run is what it is. */
static void take_trace(struct weft_run_options *o, struct trace *t)
{
    str_free(&o->json);
    trace_to_json(t, &o->json);
    if (o->json.failed)
        str_free(&o->json);
    weft_bytes_free(&o->metadata);
    status_free(trace_to_metadata(t, &o->metadata.data, &o->metadata.size));
    trace_free(o->trace);
    o->trace = t;
}

/* What the options ask for, and where the record goes. */
static struct run_request request_of(const struct weft_run_options *o, struct trace **trace)
{
    return (struct run_request){ .timeout_ms = o->timeout_ms, .interrupt = o->cancel,
                                 .trace = o->wants_trace ? trace : NULL };
}

static struct status *run(struct session *s, struct weft_run_options *o, struct plan_key *key,
                          const struct tensor *feed, struct tensor *fetch)
{
    struct trace *trace = NULL;
    if (!o)
        return session_run(s, key, feed, fetch, NULL);
    struct run_request q = request_of(o, &trace);
    struct status *st = session_run(s, key, feed, fetch, &q);
    if (trace)
        take_trace(o, trace);
    return st;
}

static struct status *take_feeds(const struct weft_feed *feeds, struct plan_key *key,
                                 struct values *v)
{
    for (int i = 0; i < key->n_feeds; i++) {
        ENSURE(feeds[i].to.node && feeds[i].value, "Feed %d has no %s", i,
               feeds[i].value ? "tensor to feed" : "value");
        v->key[i] = out_in(feeds[i].to);
        v->feed[i] = feeds[i].value->t;
    }
    key->feed = v->key;
    return NULL;
}

static struct status *session_run_boxed(struct session *s, struct weft_run_options *o,
                                        const struct weft_feed *feeds, struct plan_key *key,
                                        struct values *v, struct weft_tensor **values)
{
    TRY(build_take_error(session_graph(s)));
    TRY(take_feeds(feeds, key, v));
    TRY(run(s, o, key, v->feed, v->fetch));
    return box_all(v->fetch, key->n_fetches, values);
}

struct weft_status *weft_session_run(struct weft_session *s, const struct weft_run_options *options,
                                     const struct weft_feed *feeds, int n_feeds,
                                     const struct weft_out *fetches, int n_fetches,
                                     struct weft_node *const *targets, int n_targets,
                                     struct weft_tensor **values)
{
    struct values v;
    struct plan_key key = { .fetch = outs_in(fetches), .target = nodes_in(targets),
                            .n_feeds = n_feeds, .n_fetches = n_fetches, .n_targets = n_targets };
    struct status *st = values_init(&v, n_feeds, n_fetches);
    if (!st)
        st = session_run_boxed(session_in(s), (struct weft_run_options *)options, feeds, &key, &v,
                               values);
    values_release(&v);
    return status_out(st);
}

struct weft_status *weft_session_do(struct weft_session *s, struct weft_node *target)
{
    return weft_session_run(s, NULL, NULL, 0, NULL, 0, &target, 1, NULL);
}

struct weft_status *weft_session_eval(struct weft_session *s, struct weft_out fetch,
                                      struct weft_tensor **value)
{
    return weft_session_run(s, NULL, NULL, 0, &fetch, 1, NULL, 0, value);
}

/* ---- prepared calls ---- */

struct weft_call { struct session_call *call; int n_feeds, n_fetches; };

static struct status *call_prepare(struct session *s, const struct plan_key *key,
                                   struct weft_call **result)
{
    struct weft_call *c;
    TRY(build_take_error(session_graph(s)));
    NEED(c = mem_new(struct weft_call));
    *c = (struct weft_call){ NULL, key->n_feeds, key->n_fetches };
    struct status *st = session_prepare(s, key, &c->call);
    if (st)
        mem_free(c);
    else
        *result = c;
    return st;
}

struct weft_status *weft_call_new(struct weft_session *s, const struct weft_out *feeds,
                                  int n_feeds, const struct weft_out *fetches, int n_fetches,
                                  struct weft_node *const *targets, int n_targets,
                                  struct weft_call **result)
{
    struct plan_key key = { .feed = outs_in(feeds), .fetch = outs_in(fetches),
                            .target = nodes_in(targets), .n_feeds = n_feeds,
                            .n_fetches = n_fetches, .n_targets = n_targets };
    return status_out(call_prepare(session_in(s), &key, result));
}

static struct status *call(struct session_call *c, struct weft_run_options *o,
                           const struct tensor *feed, struct tensor *fetch)
{
    struct trace *trace = NULL;
    if (!o)
        return session_call(c, feed, fetch, NULL);
    struct run_request q = request_of(o, &trace);
    struct status *st = session_call(c, feed, fetch, &q);
    if (trace)
        take_trace(o, trace);
    return st;
}

static struct status *call_boxed(struct weft_call *c, struct weft_run_options *o,
                                 struct weft_tensor *const *feeds, struct values *v,
                                 struct weft_tensor **values)
{
    for (int i = 0; i < c->n_feeds; i++) {
        ENSURE(feeds[i], "Feed %d has no value", i);
        v->feed[i] = feeds[i]->t;
    }
    TRY(call(c->call, o, v->feed, v->fetch));
    return box_all(v->fetch, c->n_fetches, values);
}

struct weft_status *weft_call_run(struct weft_call *c, const struct weft_run_options *options,
                                  struct weft_tensor *const *feeds, struct weft_tensor **values)
{
    struct values v;
    struct status *st = values_init(&v, c->n_feeds, c->n_fetches);
    if (!st)
        st = call_boxed(c, (struct weft_run_options *)options, feeds, &v, values);
    values_release(&v);
    return status_out(st);
}

void weft_call_free(struct weft_call *c)
{
    if (c)
        session_call_free(c->call);
    mem_free(c);
}

/* ---- runs in parts ---- */

static struct status *partial_prepare(struct session *s, const struct plan_key *key,
                                      struct session_partial **result)
{
    TRY(build_take_error(session_graph(s)));
    return session_partial_new(s, key, result);
}

struct weft_status *weft_partial_new(struct weft_session *s, const struct weft_out *feeds,
                                     int n_feeds, const struct weft_out *fetches, int n_fetches,
                                     struct weft_partial **result)
{
    struct plan_key key = { .feed = outs_in(feeds), .fetch = outs_in(fetches),
                            .n_feeds = n_feeds, .n_fetches = n_fetches };
    struct session_partial *p = NULL;
    struct status *st = partial_prepare(session_in(s), &key, &p);
    *result = partial_out(p);
    return status_out(st);
}

static struct status *partial_boxed(struct weft_partial *p, const struct weft_feed *feeds,
                                    struct plan_key *key, struct values *v,
                                    struct weft_tensor **values)
{
    TRY(take_feeds(feeds, key, v));
    TRY(session_partial_run(partial_in(p), key, v->feed, v->fetch));
    return box_all(v->fetch, key->n_fetches, values);
}

struct weft_status *weft_partial_run(struct weft_partial *p, const struct weft_feed *feeds,
                                     int n_feeds, const struct weft_out *fetches, int n_fetches,
                                     struct weft_tensor **values)
{
    struct values v;
    struct plan_key key = { .fetch = outs_in(fetches), .n_feeds = n_feeds,
                            .n_fetches = n_fetches };
    struct status *st = values_init(&v, n_feeds, n_fetches);
    if (!st)
        st = partial_boxed(p, feeds, &key, &v, values);
    values_release(&v);
    return status_out(st);
}

void weft_partial_free(struct weft_partial *p) { session_partial_free(partial_in(p)); }

/* ---- servers ---- */

static struct status *make_server(struct server **result)
{
    TRY(api_ready());
    return server_new(result);
}

struct weft_status *weft_server_new(struct weft_server **result)
{
    struct server *s = NULL;
    struct status *st = make_server(&s);
    *result = server_out(s);
    return status_out(st);
}

const char *weft_server_target(const struct weft_server *s) { return server_target(server_in(s)); }
void weft_server_free(struct weft_server *s) { server_free(server_in(s)); }

struct weft_status *weft_reset(const char *target, const char *const *containers, int n)
{
    return status_out(session_reset(target, containers, n));
}
