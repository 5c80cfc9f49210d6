/* thread.c - the thread's default graphs, its builders, and the errors that stick. */
#include "build/thread.h"
#include "base/mem.h"
#include "base/str.h"
#include "build/scope.h"

struct entered { struct entered *outer; struct graph *graph; };

struct thread {
    struct graph *own;          /* the default at the bottom of the stack */
    struct entered *top;
    struct builder *builders;
};

static _Thread_local struct thread *self;
static pthread_key_t key;

void scope_pop(struct builder *b)
{
    struct scope *s = b->top;
    b->top = s->outer;
    mem_free(s->own.control);
    mem_free(s->own.made);
    mem_free(s);
}

static void builder_free(struct thread *t, struct builder *b)
{
    struct builder **at = &t->builders;
    while (*at != b)
        at = &(*at)->next;
    *at = b->next;
    while (b->top)
        scope_pop(b);
    status_free(b->error);
    graph_unref(b->graph);
    mem_free(b);
}

static void thread_end(void *p)
{
    struct thread *t = p;
    while (t->builders)
        builder_free(t, t->builders);
    for (struct entered *e = t->top, *outer; e; e = outer) {
        outer = e->outer;
        graph_unref(e->graph);
        mem_free(e);
    }
    graph_unref(t->own);
    mem_free(t);
    self = NULL;
}

static void make_key(void) { pthread_key_create(&key, thread_end); }

/* The main thread ends with the process, without the key's destructor. */
__attribute__((destructor)) static void process_end(void)
{
    if (self)
        thread_end(self);
}

static struct thread *thread(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (self)
        return self;
    pthread_once(&once, make_key);
    self = mem_new(struct thread);
    if (self)
        pthread_setspecific(key, self);
    return self;
}

/* ---- default graphs ---- */

struct graph *default_graph(void)
{
    struct thread *t = thread();
    if (t && t->top)
        return t->top->graph;
    if (t && !t->own)
        t->own = graph_new();
    return t ? t->own : NULL;
}

struct status *default_graph_enter(struct graph *g)
{
    struct thread *t = thread();
    struct entered *e = t ? mem_new(struct entered) : NULL;
    NEED(e);
    *e = (struct entered){ t->top, graph_ref(g) };
    t->top = e;
    return NULL;
}

struct status *default_graph_leave(struct graph *g)
{
    struct entered *e = self ? self->top : NULL;
    if (!e || e->graph != g)
        return status_new(FAILED_PRECONDITION, "Nesting violated for default stack of graphs: the "
                          "graph that is left is not the innermost one entered");
    self->top = e->outer;
    mem_free(e);
    graph_unref(g);
    return NULL;
}

/* What keeps the stack from being empty, in words. */
static void describe_open(const struct thread *t, struct str *text)
{
    int graphs = 0;
    for (const struct entered *e = t->top; e; e = e->outer)
        graphs++;
    if (graphs)
        str_printf(text, "%d graph%s entered", graphs, graphs > 1 ? "s" : "");
    for (const struct builder *b = t->builders; b; b = b->next)
        for (const struct scope *s = b->top; s; s = s->outer)
            if (s->kind == SCOPE_NAME)
                str_printf(text, "%sname scope '%s'", text->n ? ", " : "", s->prefix);
}

struct status *default_graph_reset(void)
{
    struct thread *t = thread();
    struct str open = { 0 };
    struct status *st = NULL;
    NEED(t);
    describe_open(t, &open);
    if (open.n || open.failed)
        st = status_new(FAILED_PRECONDITION, "Do not use tf.reset_default_graph() to clear nested "
                        "graphs. Still open in this thread: %s.", str_text(&open));
    str_free(&open);
    if (st)
        return st;
    if (t->own)
        build_forget(t->own);
    graph_unref(t->own);
    t->own = NULL;
    return NULL;
}

/* ---- builders ---- */

struct builder *builder_find(struct graph *g)
{
    struct builder *b = self ? self->builders : NULL;
    while (b && b->graph != g)
        b = b->next;
    return b;
}

struct builder *builder_get(struct graph *g)
{
    struct builder *b = builder_find(g);
    struct thread *t = b ? NULL : thread();
    if (b || !t || !g || !(b = mem_new(struct builder)))
        return b;
    *b = (struct builder){ .next = t->builders, .graph = graph_ref(g) };
    t->builders = b;
    return b;
}

void builder_drop_if_idle(struct builder *b)
{
    if (!b->top && !b->error)
        builder_free(self, b);
}

bool build_failed(struct graph *g)
{
    const struct builder *b = builder_find(g);
    return b && b->error;
}

void build_fail(struct graph *g, struct status *st)
{
    struct builder *b = st ? builder_get(g) : NULL;
    if (b && !b->error)
        b->error = st;
    else
        status_free(st);        /* without memory even for this, the next run fails as well */
}

struct status *build_take_error(struct graph *g)
{
    struct builder *b = builder_find(g);
    struct status *st = b ? b->error : NULL;
    if (st) {
        b->error = NULL;
        builder_drop_if_idle(b);
    }
    return st;
}

void build_forget(struct graph *g)
{
    struct builder *b = builder_find(g);
    if (b)
        builder_free(self, b);
}
