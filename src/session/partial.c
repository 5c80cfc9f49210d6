/* partial.c - runs in parts (B88-B91): one plan for all that was declared, one run of it, which
 * each part takes as far as the feeds allow. So every node runs once at most, whatever it holds
 * or waits for. What a session has open is listed there, for closing gives it back. */
#include "session/inside.h"
#include "base/mem.h"

enum { WAITING, NOW, DONE };            /* a feed or a fetch; NOW: asked for in this part */

struct session_partial {
    struct session *session;
    struct session_partial *next, **link;
    struct arena arena;
    struct plan_key key;                /* a copy */
    const struct feed_check *check;
    char *feed_is, *fetch_is;           /* WAITING... */
    struct plan *plan;
    struct run *run;                    /* NULL: it is over */
};

/* ---- what a part asks for ---- */

struct part {
    struct session_partial *p;
    const struct out *feed, *fetch;
    struct plan_part places;
    int *feed_at, *fetch_at;
};

static int find(const struct out *list, int n, struct out o)
{
    int i = 0;
    while (i < n && (list[i].node != o.node || list[i].index != o.index))
        i++;
    return i < n ? i : -1;
}

static const char *name_of(struct out o) { return o.node ? o.node->name : "(none)"; }

static struct status *find_feeds(struct part *q)
{
    struct session_partial *p = q->p;
    for (int i = 0; i < q->places.n_feeds; i++) {
        struct out o = q->feed[i];
        int at = find(p->key.feed, p->key.n_feeds, o);
        ENSURE(at >= 0, "The feed %s:%d was not specified in partial_run_setup.", name_of(o),
               o.index);
        ENSURE(p->feed_is[at] == WAITING, "The feed %s:%d has already been fed.", name_of(o),
               o.index);
        TRY(feed_check(&p->check[at], i, o, &q->places.value[i]));
        p->feed_is[at] = NOW;
        q->feed_at[i] = at;
    }
    return NULL;
}

static struct status *find_fetches(struct part *q)
{
    struct session_partial *p = q->p;
    for (int i = 0; i < q->places.n_fetches; i++) {
        struct out o = q->fetch[i];
        int at = find(p->key.fetch, p->key.n_fetches, o);
        ENSURE(at >= 0, "The fetch %s:%d was not specified in partial_run_setup.", name_of(o),
               o.index);
        ENSURE(p->fetch_is[at] == WAITING, "The fetch %s:%d has already been fetched.",
               name_of(o), o.index);
        p->fetch_is[at] = NOW;
        q->fetch_at[i] = at;
    }
    return NULL;
}

/* What was asked for NOW is DONE, or waits again. */
static void settle(char *is, int n, char now)
{
    for (int i = 0; i < n; i++)
        if (is[i] == NOW)
            is[i] = now;
}

/* ---- can the fetches be computed? ---- */

struct look { const struct session_partial *p; bool *seen; const struct node **todo; int n; };

static void look_at(struct look *l, const struct node *n)
{
    if (!l->seen[n->id])
        l->todo[l->n++] = n;
    l->seen[n->id] = true;
}

/* Where a feed takes a node's place its inputs do not matter. */
static struct status *look_at_input(struct look *l, struct out o)
{
    int at = find(l->p->key.feed, l->p->key.n_feeds, o);
    ENSURE(at < 0 || l->p->feed_is[at] != WAITING, "Fetch %s:%d can't be computed from the feeds "
           "that have been fed so far.", o.node->name, o.index);
    if (at < 0)
        look_at(l, o.node);
    return NULL;
}

/* A control edge that leaves what does nothing but to be fed moves to the feeds (B54). */
static struct status *look_at_control(struct look *l, struct node *n)
{
    if (n->op->flags & OP_FED || (!n->n_in && !(n->op->flags & OP_STATEFUL)))
        for (int i = 0; i < n->n_out; i++)
            TRY(look_at_input(l, (struct out){ n, i }));
    else
        look_at(l, n);
    return NULL;
}

static struct status *look_back(struct look *l, const struct part *q)
{
    for (int i = 0; i < q->places.n_fetches; i++)
        look_at(l, q->fetch[i].node);
    while (l->n) {
        const struct node *n = l->todo[--l->n];
        for (int i = 0; i < n->n_in; i++)
            TRY(look_at_input(l, n->in[i]));
        for (int i = 0; i < n->n_control; i++)
            TRY(look_at_control(l, n->control[i]));
    }
    return NULL;
}

static struct status *check_fetches(const struct part *q)
{
    struct graph *g = q->p->session->graph;
    graph_lock(g);
    int n = g->n;
    graph_unlock(g);
    struct look l = { .p = q->p, .seen = mem_array(bool, n),
                      .todo = mem_array(const struct node *, n) };
    struct status *st = l.seen && l.todo ? look_back(&l, q) : status_no_memory();
    mem_free(l.seen);
    mem_free(l.todo);
    return st;
}

/* ---- a part ---- */

struct running { const struct part *part; struct tensor *fetch; };

static struct status *run_part(void *ctx, const struct run_options *o)
{
    const struct running *r = ctx;
    const struct session_partial *p = r->part->p;
    return plan_run_part(p->plan, p->run, &r->part->places, r->fetch, o);
}

static void partial_end(struct session_partial *p)
{
    run_free(p->run);
    plan_free(p->plan);
    p->run = NULL;
    p->plan = NULL;
}

static bool is_done(const struct session_partial *p)
{
    return !memchr(p->feed_is, WAITING, (size_t)p->key.n_feeds) &&
           !memchr(p->fetch_is, WAITING, (size_t)p->key.n_fetches);
}

static struct status *run_checked(struct part *q, struct tensor *fetch)
{
    struct session_partial *p = q->p;
    struct running r = { q, fetch };
    struct status *st = session_limited(p->session, NULL, run_part, &r);
    settle(p->feed_is, p->key.n_feeds, DONE);
    settle(p->fetch_is, p->key.n_fetches, DONE);
    if (st || is_done(p))
        partial_end(p);
    return st;
}

/* What cannot be asked for changes nothing. */
static struct status *run_one_part(struct part *q, struct tensor *fetch)
{
    struct session_partial *p = q->p;
    ENSURE(p->run, "Must run 'setup' before performing partial runs!");
    struct status *st = find_feeds(q);
    if (!st)
        st = find_fetches(q);
    if (!st)
        st = check_fetches(q);
    if (!st)
        return run_checked(q, fetch);
    settle(p->feed_is, p->key.n_feeds, WAITING);
    settle(p->fetch_is, p->key.n_fetches, WAITING);
    return st;
}

struct status *session_partial_run(struct session_partial *p, const struct plan_key *key,
                                   const struct tensor *feed, struct tensor *fetch)
{
    int *at = mem_array(int, key->n_feeds + key->n_fetches + 1);
    NEED(at);
    struct part q = { .p = p, .feed = key->feed, .fetch = key->fetch, .feed_at = at,
                      .fetch_at = at + key->n_feeds,
                      .places = { at, at + key->n_feeds, feed, key->n_feeds, key->n_fetches } };
    struct status *st = session_enter(p->session);
    if (!st) {
        st = run_one_part(&q, fetch);
        session_leave(p->session);
    }
    mem_free(at);
    return st;
}

/* ---- setting up ---- */

static struct status *remember(struct session_partial *p, const struct plan_key *key)
{
    struct arena *a = &p->arena;
    TRY(key_copy(a, key, &p->key));
    NEED(p->feed_is = arena_array(a, char, key->n_feeds));
    NEED(p->fetch_is = arena_array(a, char, key->n_fetches));
    return feed_checks(a, p->session->graph, key->feed, key->n_feeds, &p->check);
}

static struct status *compile(struct session_partial *p, const struct plan_key *key)
{
    struct session *s = p->session;
    TRY(session_compile(s, key, PLAN_PARTS, &p->plan));
    NEED(p->run = run_new(p->plan, s->buffers));
    return remember(p, key);
}

static void partial_link(struct session_partial *p)
{
    struct session *s = p->session;
    pthread_mutex_lock(&s->lock);
    p->next = s->partials;
    p->link = &s->partials;
    if (p->next)
        p->next->link = &p->next;
    s->partials = p;
    pthread_mutex_unlock(&s->lock);
}

static void partial_unlink(struct session_partial *p)
{
    pthread_mutex_lock(&p->session->lock);
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    pthread_mutex_unlock(&p->session->lock);
}

struct status *session_partial_new(struct session *s, const struct plan_key *key,
                                   struct session_partial **result)
{
    struct session_partial *p = mem_new(struct session_partial);
    NEED(p);
    p->session = session_ref(s);
    partial_link(p);
    struct status *st = session_enter(s);
    if (!st) {
        st = compile(p, key);
        session_leave(s);
    }
    if (st)
        session_partial_free(p);
    else
        *result = p;
    return st;
}

void session_partial_free(struct session_partial *p)
{
    if (!p)
        return;
    partial_unlink(p);
    partial_end(p);
    arena_free(&p->arena);
    session_unref(p->session);
    mem_free(p);
}

void partials_end(struct session_partial *first)
{
    for (; first; first = first->next)
        partial_end(first);
}
