/* frame.c - which loop each step is part of, and an order in which every loop stands together.
 *
 * A frame begins where Enters lead into it and ends where its Exits lead out. What is in none is in
 * frame 0. Both executors begin a loop when all its Enters have come, so nothing that enters may
 * depend on what leaves the same loop.
 */
#include "plan/compile.h"

#include <string.h>

enum { MOST_DEPTH = 256 };

static bool is_back_edge(const struct node *n, struct out in)
{
    return in.node->id > n->id;
}

/* ---- which frame ---- */

static const char *frame_name(const struct compiler *c, int frame)
{
    return frame ? c->plan->frame[frame].name : "";
}

static struct status *different_frames(const struct compiler *c, const struct node *n,
                                       const struct node *a, int frame_a, const struct node *b,
                                       int frame_b)
{
    return status_new(INVALID_ARGUMENT, "{{node %s}} has inputs from different frames. The input "
                      "{{node %s}} is in frame '%s'. The input {{node %s}} is in frame '%s'.",
                      n->name, a->name, frame_name(c, frame_a), b->name, frame_name(c, frame_b));
}

struct meeting { const struct node *from; int frame; };     /* of all inputs so far */

static struct status *meet(const struct compiler *c, const struct node *n, struct meeting *m,
                           const struct node *from, int frame)
{
    if (m->from && m->frame != frame)
        return different_frames(c, n, m->from, m->frame, from, frame);
    *m = (struct meeting){ from, frame };
    return NULL;
}

/* What is fed comes from outside. */
static struct status *frame_of_inputs(const struct compiler *c, const struct node *n, int *frame)
{
    struct meeting m = { 0 };
    for (int i = 0; i < n->n_in; i++)
        if (!is_back_edge(n, n->in[i]))
            TRY(meet(c, n, &m, n->in[i].node,
                     compile_is_fed(c, n->in[i]) ? 0 : c->place[n->in[i].node->id].lands));
    for (int i = 0; i < n->n_control; i++)
        TRY(meet(c, n, &m, n->control[i], c->place[n->control[i]->id].lands));
    *frame = m.frame;
    return NULL;
}

static struct status *check_depth(const struct compiler *c, int frame)
{
    int depth = 0;
    for (int f = frame; f; f = c->plan->frame[f].parent)
        depth++;
    ENSURE(depth <= MOST_DEPTH, "Loops are nested more than %d deep", MOST_DEPTH);
    return NULL;
}

static struct status *add_frame(struct compiler *c, const struct node *enter, int parent)
{
    struct plan *p = c->plan;
    if (p->n_frames == c->frames_cap) {
        int cap = 2 * c->frames_cap + 4;
        struct frame *grown = arena_array(&p->arena, struct frame, cap);
        NEED(grown);
        memcpy(grown, p->frame, sizeof *grown * (size_t)p->n_frames);
        p->frame = grown;
        c->frames_cap = cap;
    }
    p->frame[p->n_frames++] = (struct frame){ .name = node_attr_string(enter, "frame_name"),
                                              .parent = parent, .first = -1 };
    return check_depth(c, p->n_frames - 1);
}

/* The frame that this Enter leads into. Loops made one after another stand last. */
static struct status *entered_frame(struct compiler *c, const struct node *n, int parent,
                                    int *frame)
{
    struct plan *p = c->plan;
    const char *name = node_attr_string(n, "frame_name");
    int64_t parallel = node_attr(n, "parallel_iterations");
    int f = p->n_frames - 1;
    while (f && (p->frame[f].parent != parent || strcmp(p->frame[f].name, name)))
        f--;
    if (!f) {
        TRY(add_frame(c, n, parent));
        f = p->n_frames - 1;
    }
    ENSURE(parallel > 0, "parallel_iterations must be positive, but is %lld",
           (long long)parallel);
    p->frame[f].parallel = parallel < MOST_PARALLEL ? (int)parallel : MOST_PARALLEL;
    *frame = f;
    return NULL;
}

static struct status *place_in_frame(struct compiler *c, const struct node *n)
{
    struct place *at = &c->place[n->id];
    TRY(frame_of_inputs(c, n, &at->frame));
    at->lands = at->frame;
    ENSURE(at->frame || !(n->op->flags & OP_NEXT), "It is for the next iteration of a loop, but it "
           "is in none");
    if (n->op->flags & OP_ENTER)
        return entered_frame(c, n, at->frame, &at->lands);
    if (n->op->flags & OP_EXIT) {
        ENSURE(at->frame, "It leaves a loop that nothing enters");
        at->lands = c->plan->frame[at->frame].parent;
    }
    return NULL;
}

/* Inputs that stand later: the values for the next iteration, and only those. */
static struct status *check_back_edges(const struct compiler *c, const struct node *n)
{
    const struct place *at = &c->place[n->id];
    for (int i = 0; i < n->n_in; i++) {
        const struct node *from = n->in[i].node;
        if (!is_back_edge(n, n->in[i]) || compile_is_fed(c, n->in[i]))
            continue;
        ENSURE(from->op->flags & OP_NEXT, "Its input %d comes from '%s', which waits for it and "
               "is no NextIteration", i, from->name);
        ENSURE(at->frame, "Its input %d comes from the iteration before, but it is in no loop", i);
        if (c->place[from->id].frame != at->frame)
            return different_frames(c, n, n, at->frame, from, c->place[from->id].frame);
    }
    return NULL;
}

/* Values of NextIteration belong to the next iteration, where only a Merge may take them. */
static struct status *check_next(const struct node *n)
{
    for (int i = 0; i < n->n_in; i++)
        ENSURE(!(n->in[i].node->op->flags & OP_NEXT) || n->op->flags & OP_MERGE,
               "Its input %d comes from '%s', which only a Merge may read", i,
               n->in[i].node->name);
    return NULL;
}

static bool has_loops(const struct compiler *c, const struct node *const *list)
{
    unsigned flags = 0;
    for (int i = 0; i < c->n_needed; i++)
        flags |= list[i]->op->flags;
    return flags & (OP_ENTER | OP_EXIT | OP_NEXT);
}

/* ---- the order ---- */

/* What is put in order within a frame: its nodes, and the frames in it as wholes. */
struct unit {
    const struct node *node;    /* or NULL: */
    int frame;                  /* a frame in this one */
    int next;                   /* 1 + the next unit of the same frame, in the order of ids */
    int dep;                    /* the next of those it depends on to look at */
    enum { NEW, OPEN, DONE } state;
};

struct ordering {
    struct compiler *c;
    const struct node **list;   /* the result, n of them */
    int n;
    struct unit *unit;          /* by place in the old list, then by frame */
    int *index;                 /* by node id: place in the old list */
    int *head, *tail;           /* by frame: 1 + its first and last unit */
    int *enter, *next_enter;    /* by frame, by place: 1 + an Enter that leads there */
    int *stack;
};

static void append(struct ordering *o, int frame, int unit)
{
    int *to = o->head[frame] ? &o->unit[o->tail[frame] - 1].next : &o->head[frame];
    *to = o->tail[frame] = unit + 1;
}

static int unit_of_frame(const struct ordering *o, int frame) { return o->c->n_needed + frame; }

static struct status *make_units(struct ordering *o, const struct node *const *list)
{
    struct compiler *c = o->c;
    int n = c->n_needed, frames = c->plan->n_frames;
    NEED(o->unit = arena_array(&c->tmp, struct unit, n + frames));
    NEED(o->index = arena_array(&c->tmp, int, c->graph->n));
    NEED(o->head = arena_array(&c->tmp, int, frames));
    NEED(o->tail = arena_array(&c->tmp, int, frames));
    NEED(o->enter = arena_array(&c->tmp, int, frames));
    NEED(o->next_enter = arena_array(&c->tmp, int, n));
    NEED(o->stack = arena_array(&c->tmp, int, n + frames));
    NEED(o->list = arena_array(&c->tmp, const struct node *, n));
    for (int i = 0; i < n; i++) {
        const struct place *at = &c->place[list[i]->id];
        o->unit[i].node = list[i];
        o->index[list[i]->id] = i;
        append(o, at->frame, i);
        if (list[i]->op->flags & OP_ENTER) {
            o->next_enter[i] = o->enter[at->lands];
            o->enter[at->lands] = i + 1;
        }
    }
    for (int f = 1; f < frames; f++) {
        o->unit[unit_of_frame(o, f)].frame = f;
        append(o, c->plan->frame[f].parent, unit_of_frame(o, f));
    }
    return NULL;
}

/* The unit that must stand before a node of `frame` because of this one; -1: none. */
static int unit_before(const struct ordering *o, const struct node *from, int frame)
{
    const struct place *at = &o->c->place[from->id];
    if (!compile_is_needed(o->c, from))
        return -1;
    if (at->frame == frame && at->lands == frame)
        return o->index[from->id];
    return at->lands == frame && from->op->flags & OP_EXIT ? unit_of_frame(o, at->frame) : -1;
}

/* The next unit that `u` waits for, -1: it is there already, -2: no more. */
static int next_dependency(struct ordering *o, struct unit *u)
{
    const struct node *n = u->node;
    if (!n) {
        int e = u->dep ? o->next_enter[u->dep - 1] : o->enter[u->frame];
        u->dep = e;
        return e ? e - 1 : -2;
    }
    int i = u->dep++, frame = o->c->place[n->id].frame;
    if (i < n->n_in)
        return is_back_edge(n, n->in[i]) || compile_is_fed(o->c, n->in[i])
            ? -1 : unit_before(o, n->in[i].node, frame);
    return i < n->n_in + n->n_control ? unit_before(o, n->control[i - n->n_in], frame) : -2;
}

static struct status *emit_frame(struct ordering *o, int frame, int *stack);

static struct status *emit(struct ordering *o, struct unit *u, int *stack)
{
    u->state = DONE;
    if (!u->node)
        return emit_frame(o, u->frame, stack);
    o->list[o->n++] = u->node;
    return NULL;
}

/* With what it depends on before it. The stack is our own: chains may be long. */
static struct status *emit_with_dependencies(struct ordering *o, int first, int *stack)
{
    int depth = 0;
    stack[depth++] = first;
    o->unit[first].state = OPEN;
    while (depth) {
        struct unit *u = &o->unit[stack[depth - 1]];
        int before = next_dependency(o, u);
        if (before == -2) {
            TRY(emit(o, u, stack + depth));
            depth--;
        } else if (before >= 0 && o->unit[before].state == NEW) {
            o->unit[before].state = OPEN;
            stack[depth++] = before;
        } else {
            ENSURE(before < 0 || o->unit[before].state == DONE, "What enters the loop '%s' "
                   "depends on what leaves it", u->node ? u->node->name
                   : o->c->plan->frame[u->frame].name);
        }
    }
    return NULL;
}

static struct status *emit_frame(struct ordering *o, int frame, int *stack)
{
    for (int i = o->head[frame]; i; i = o->unit[i - 1].next)
        if (o->unit[i - 1].state == NEW)
            TRY(emit_with_dependencies(o, i - 1, stack));
    return NULL;
}

struct status *compile_frames(struct compiler *c, const struct node ***list)
{
    struct plan *p = c->plan;
    struct ordering o = { .c = c };
    NEED(p->frame = arena_new(&p->arena, struct frame));
    p->n_frames = c->frames_cap = 1;
    if (!has_loops(c, *list))
        return NULL;
    for (int i = 0; i < c->n_needed; i++)
        TRY(status_at_node(place_in_frame(c, (*list)[i]), (*list)[i]->name));
    for (int i = 0; i < c->n_needed; i++) {
        TRY(status_at_node(check_back_edges(c, (*list)[i]), (*list)[i]->name));
        TRY(status_at_node(check_next((*list)[i]), (*list)[i]->name));
    }
    TRY(make_units(&o, *list));
    TRY(emit_frame(&o, 0, o.stack));
    *list = o.list;
    return NULL;
}

/* ---- what an executor wants to know of a frame ---- */

static void note_step(struct plan *p, int i)
{
    struct step *s = &p->step[i];
    s->at = p->frame[s->frame].n_steps++;
    s->slots = p->frame[s->frame].slots;
    s->lands_slots = p->frame[s->lands].slots;
    p->frame[s->lands].n_enters += (s->flags & OP_ENTER) != 0;
    for (int f = s->frame; f; f = p->frame[f].parent) {
        if (p->frame[f].first < 0)
            p->frame[f].first = i;
        p->frame[f].end = i + 1;
    }
}

static bool is_invariant(const struct step *s)
{
    return s->flags & OP_ENTER && node_attr(s->node, "is_constant");
}

/* Where the step leaves a value that outlives the iteration; NULL: it does not. */
static int *lasting(struct frame *f, const struct step *s)
{
    return s->flags & OP_NEXT ? &f->n_next : is_invariant(s) ? &f->n_invariants : NULL;
}

static struct status *find_lasting(struct plan *p)
{
    for (int i = 0; i < p->n_steps; i++) {
        int *n = lasting(&p->frame[p->step[i].lands], &p->step[i]);
        if (n)
            ++*n;
    }
    for (int f = 1; f < p->n_frames; f++) {
        struct frame *at = &p->frame[f];
        NEED(at->next = arena_array(&p->arena, int, at->n_next));
        NEED(at->invariant = arena_array(&p->arena, int, at->n_invariants));
        at->n_next = at->n_invariants = 0;
    }
    for (int i = 0; i < p->n_steps; i++) {
        const struct step *s = &p->step[i];
        struct frame *at = &p->frame[s->lands];
        int *n = lasting(at, s);
        if (n)
            (s->flags & OP_NEXT ? at->next : at->invariant)[(*n)++] = at->slots + s->out;
    }
    return NULL;
}

struct status *compile_loops(struct compiler *c)
{
    struct plan *p = c->plan;
    for (int i = 0; i < p->n_steps; i++)
        note_step(p, i);
    p->frame[0].end = p->n_steps;
    for (int f = 1; f < p->n_frames; f++)
        if (p->frame[f].first >= 0)
            p->step[p->frame[f].end - 1].closes = true;
    return find_lasting(p);
}
