/* wait.c - who waits for whom, what may come to be dead, and which executor suits the plan. */
#include "plan/compile.h"

/* ---- edges ---- */

struct step *compile_step_of(const struct compiler *c, const struct node *n)
{
    const struct place *at = &c->place[n->id];
    if (at->constant && at->after)
        at = &c->place[at->after - 1];
    return at->step ? &c->plan->step[at->step - 1] : NULL;
}

struct step *compile_writer(const struct compiler *c, struct out o)
{
    if (compile_is_fed(c, o))
        return c->flags & PLAN_PARTS ? &c->plan->step[compile_feed_of(c, o)] : NULL;
    return compile_step_of(c, o.node);
}

typedef void each_edge_fn(struct step *from, struct step *to, int index);

/* A control edge that leaves what is only fed moves to the feed (B54). */
static void control_edges(struct compiler *c, const struct node *on, struct step *to, int index,
                          each_edge_fn *fn)
{
    struct step *from = compile_step_of(c, on);
    if (from)
        fn(from, to, index);
    else if (c->flags & PLAN_PARTS)
        for (int i = c->place[on->id].fed; i; i = c->next_fed[i - 1])
            fn(&c->plan->step[i - 1], to, index);
}

static void each_edge(struct compiler *c, each_edge_fn *fn)
{
    struct plan *p = c->plan;
    for (int i = c->flags & PLAN_PARTS ? p->n_feeds : 0; i < p->n_steps; i++) {
        const struct node *n = p->step[i].node;
        for (int j = 0; j < n->n_in; j++) {
            struct step *from = compile_writer(c, n->in[j]);
            if (from)
                fn(from, &p->step[i], i);
        }
        for (int j = 0; j < n->n_control; j++)
            control_edges(c, n->control[j], &p->step[i], i, fn);
    }
}

/* A loop begins when all that enters it is there: nothing in it waits for that. */
static void count_edge(struct step *from, struct step *to, int index)
{
    (void)index;
    from->n_next++;
    if (from->flags & OP_NEXT)
        to->pending_next++;
    else if (!(from->flags & OP_ENTER))
        to->pending++;
}

static void add_edge(struct step *from, struct step *to, int index)
{
    (void)to;
    ((int *)from->next)[from->n_next++] = index;
}

static struct status *find_successors(struct compiler *c)
{
    struct plan *p = c->plan;
    int edges = 0, *next;
    each_edge(c, count_edge);
    for (int i = 0; i < p->n_steps; i++)
        edges += p->step[i].n_next;
    NEED(next = arena_array(&p->arena, int, edges));
    for (int i = 0; i < p->n_steps; i++) {
        p->step[i].next = next;
        next += p->step[i].n_next;
        p->step[i].n_next = 0;
    }
    each_edge(c, add_edge);
    return NULL;
}

/* How many expensive steps lie on the longest way that ends with this one. */
static int expensive_depth(const struct compiler *c, const struct step *s, const int *depth)
{
    const struct node *n = s->node;
    int most = 0;
    for (int i = 0; i < n->n_in; i++) {
        const struct step *from = compile_writer(c, n->in[i]);
        if (from && depth[from - c->plan->step] > most)
            most = depth[from - c->plan->step];
    }
    for (int i = 0; i < n->n_control; i++) {
        const struct step *from = compile_step_of(c, n->control[i]);
        if (from && depth[from - c->plan->step] > most)
            most = depth[from - c->plan->step];
    }
    return most + ((s->flags & OP_EXPENSIVE) != 0);
}

/* ---- what may come to be dead ---- */

/* Does its own input show whether `from` is dead? */
static bool reads(const struct step *s, const struct step *from)
{
    for (int i = 0; i < s->node->n_in && from->n_out == 1; i++)
        if (s->node->in[i].node == from->node && s->frame == from->frame)
            return !s->n_deref;
    return false;
}

/* Waiting for `from` can mean death: then it is noted. What an input lacks shows in its slot, but
 * where the input is a constant, which stands there in any case. */
static void note_wait(const struct plan *p, struct step *s, int *wait, struct step *from)
{
    if (!from || !from->mortal || reads(s, from))
        return;
    wait[s->n_wait++] = (int)(from - p->step);
    from->watched = true;
}

static struct status *find_waits(struct compiler *c, struct step *s)
{
    const struct node *n = s->node;
    int *wait;
    NEED(s->wait = wait = arena_array(&c->plan->arena, int, n->n_in + n->n_control));
    for (int i = 0; i < n->n_in && !(s->flags & OP_MERGE); i++)
        if (c->place[n->in[i].node->id].after && !compile_is_fed(c, n->in[i]))
            note_wait(c->plan, s, wait, compile_step_of(c, n->in[i].node));
    for (int i = 0; i < n->n_control && !(s->flags & OP_MERGE); i++)
        note_wait(c->plan, s, wait, compile_step_of(c, n->control[i]));
    return NULL;
}

/* A merge dies when all that it may take are dead. */
static bool may_die(const struct compiler *c, const struct step *s)
{
    const struct node *n = s->node;
    int mortal = 0;
    for (int i = 0; i < n->n_in; i++) {
        const struct step *from = compile_writer(c, n->in[i]);
        mortal += from && (from->mortal || from->flags & (OP_SWITCH | OP_NEXT));
    }
    if (s->flags & OP_MERGE)
        return mortal == n->n_in || s->frame;
    if (s->flags & OP_TRIGGER)
        return false;
    return mortal || s->n_wait || s->flags & OP_EXIT;
}

static struct status *find_mortal(struct compiler *c)
{
    struct plan *p = c->plan;
    for (int i = c->flags & PLAN_PARTS ? p->n_feeds : 0; i < p->n_steps && p->mortal; i++) {
        TRY(find_waits(c, &p->step[i]));
        p->step[i].mortal = may_die(c, &p->step[i]);
    }
    return NULL;
}

/* Threads gain nothing where the expensive steps wait for one another anyway: then the longest
 * chain of them holds them all. */
static struct status *choose_executor(struct compiler *c)
{
    enum { CONTROL_FLOW = OP_SWITCH | OP_MERGE | OP_ENTER | OP_EXIT | OP_NEXT };
    struct plan *p = c->plan;
    int expensive = 0, longest = 0, *depth;
    unsigned flags = 0;
    NEED(depth = arena_array(&c->tmp, int, p->n_steps));
    for (int i = 0; i < p->n_steps; i++) {
        depth[i] = expensive_depth(c, &p->step[i], depth);
        longest = depth[i] > longest ? depth[i] : longest;
        expensive += (p->step[i].flags & OP_EXPENSIVE) != 0;
        flags |= p->step[i].flags;
    }
    p->mortal = flags & CONTROL_FLOW;
    p->orderly = !(flags & OP_BLOCKING) && !(c->flags & (PLAN_FLOW | PLAN_PARTS));
    p->serial = p->orderly && (c->flags & PLAN_SERIAL || longest == expensive);
    return NULL;
}

struct status *compile_waits(struct compiler *c)
{
    TRY(choose_executor(c));
    TRY(find_mortal(c));
    TRY(compile_fates(c));
    return c->plan->serial ? NULL : find_successors(c);
}
