/* fate.c - loops whose steps need not be asked, one by one, whether they are dead.
 *
 * Most loops hold no branches and no other loops: then one condition decides for all. What comes
 * before it lives in every iteration; what hangs on its true side lives in every one but the last,
 * and what hangs on the false side, the Exits, in the last one alone. The serial executor looks at
 * the condition where the others would look at all inputs of each step.
 */
#include "plan/compile.h"

/* Of what needs both. */
static enum fate with(enum fate a, enum fate b)
{
    if (a == FATE_LIVES || a == b)
        return b;
    return b == FATE_LIVES ? a : FATE_ASKED;
}

static bool enters(const struct step *from, int frame)
{
    return from->flags & OP_ENTER && from->lands == frame;
}

/* Who waits for a switch by a control edge waits for it to run, whichever way it goes. */
static enum fate fate_of_step(const struct step *from, int frame)
{
    if (!from || from->flags & OP_SWITCH || from->frame != frame)
        return FATE_LIVES;
    return from->fate;
}

static enum fate fate_of_value(const struct compiler *c, struct out o, int frame)
{
    const struct step *from = compile_writer(c, o);
    if (!from || from->node != o.node)
        return fate_of_step(from, frame);
    if (enters(from, frame))
        return node_attr(from->node, "is_constant") ? FATE_LIVES : FATE_ASKED;
    if (from->flags & OP_SWITCH)
        return o.index ? FATE_GOES_ON : FATE_LEAVES;
    return from->frame == frame ? from->fate : FATE_ASKED;
}

/* A variable of the loop: what entered, then what the iteration before left. */
static bool is_head(const struct compiler *c, const struct step *s)
{
    const struct node *n = s->node;
    const struct step *first = n->n_in == 2 ? compile_writer(c, n->in[0]) : NULL;
    const struct step *later = n->n_in == 2 ? compile_writer(c, n->in[1]) : NULL;
    return first && later && enters(first, s->frame) && later->flags & OP_NEXT &&
           later->frame == s->frame && !n->n_control;
}

static enum fate fate_of(const struct compiler *c, const struct step *s)
{
    const struct node *n = s->node;
    enum fate fate = FATE_LIVES;
    if (s->flags & OP_MERGE)
        return is_head(c, s) ? FATE_LIVES : FATE_ASKED;
    for (int i = 0; i < n->n_in; i++)
        fate = with(fate, fate_of_value(c, n->in[i], s->frame));
    for (int i = 0; i < n->n_control; i++)
        fate = with(fate, fate_of_step(compile_step_of(c, n->control[i]), s->frame));
    if (s->flags & (OP_ENTER | OP_TRIGGER))
        return FATE_ASKED;
    enum fate must = s->flags & OP_SWITCH ? FATE_LIVES : s->flags & OP_NEXT ? FATE_GOES_ON
                     : s->flags & OP_EXIT ? FATE_LEAVES : fate;
    return fate == must ? fate : FATE_ASKED;
}

/* Is there one condition, and does it decide for all of them? */
static bool find_fates(struct compiler *c, int frame)
{
    struct plan *p = c->plan;
    int condition = -1;
    for (int i = p->frame[frame].first; i < p->frame[frame].end; i++) {
        struct step *s = &p->step[i];
        if (s->frame != frame)
            return false;
        if (s->flags & OP_SWITCH && condition < 0)
            condition = s->in[1];
        s->fate = fate_of(c, s);
        if (s->fate == FATE_ASKED || (s->flags & OP_SWITCH && s->in[1] != condition))
            return false;
    }
    return condition >= 0;
}

static struct status *find_enters(struct plan *p, struct frame *f, int frame)
{
    int n = 0;
    NEED(f->enter = arena_array(&p->arena, int, f->n_enters));
    for (int i = 0; i < f->first; i++)
        if (enters(&p->step[i], frame))
            f->enter[n++] = f->slots + p->step[i].out;
    return NULL;
}

struct status *compile_fates(struct compiler *c)
{
    struct plan *p = c->plan;
    for (int f = 1; f < p->n_frames && !(c->flags & PLAN_PARTS); f++) {
        struct frame *at = &p->frame[f];
        if (at->first < 0)
            continue;
        bool plain = find_fates(c, f);
        for (int i = at->first; i < at->end && !plain; i++)
            if (p->step[i].frame == f)
                p->step[i].fate = FATE_ASKED;
        p->step[at->first].opens = plain;
        if (plain)
            TRY(find_enters(p, at, f));
    }
    return NULL;
}
