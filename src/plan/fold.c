/* fold.c - steps whose inputs are constants are run once, while the plan is compiled. */
#include "plan/compile.h"

#include <string.h>

enum { MOST_ARGS = 64, MOST_BYTES = 1 << 16 };

/* Fed inputs are no constants, so what is fed is never folded (E9). */
static bool inputs_are_constant(const struct compiler *c, const struct node *n)
{
    for (int i = 0; i < n->n_in; i++)
        if (!c->place[n->in[i].node->id].constant || compile_is_fed(c, n->in[i]))
            return false;
    return true;
}

static bool wait_also(int *after, int id)
{
    if (id && *after && *after != id)
        return false;
    *after = id ? id : *after;
    return true;
}

/* What a node of constants must wait for: who reads it will, in its stead. False: that is more than
 * one node, or somebody wants to know whether this one is dead. */
static bool waits_for_one(const struct compiler *c, const struct node *n, int *after)
{
    *after = 0;
    for (int i = 0; i < n->n_in; i++)
        if (!wait_also(after, c->place[n->in[i].node->id].after))
            return false;
    for (int i = 0; i < n->n_control; i++) {
        const struct place *at = &c->place[n->control[i]->id];
        if (at->fed || !wait_also(after, at->constant ? at->after : n->control[i]->id + 1))
            return false;
    }
    return !*after || !c->place[n->id].watched;
}

/* Its result stays in memory as long as the plan. */
static bool outputs_are_small(const struct node *n)
{
    size_t bytes = 0;
    for (int i = 0; i < n->n_out && bytes <= MOST_BYTES; i++) {
        if (!shape_is_known(n->shape[i]))
            return false;
        bytes += (size_t)shape_count(n->shape[i]) * dtype_size(n->dtype[i]);
    }
    return bytes <= MOST_BYTES;
}

static bool can_fold(const struct compiler *c, const struct step *s)
{
    enum {
        NEVER = OP_STATEFUL | OP_HOST | OP_BLOCKING | OP_SWITCH | OP_MERGE | OP_ENTER | OP_EXIT |
                OP_NEXT | OP_CALL
    };
    const struct node *n = s->node;
    if (s->flags & NEVER || !n->n_out || n->n_in + n->n_out > MOST_ARGS)
        return false;
    if (n->n_in == 0)                       /* a constant of the graph: only referred to */
        return !c->place[n->id].fed;
    return !(c->flags & PLAN_NO_FOLD) && inputs_are_constant(c, n) && outputs_are_small(n);
}

static bool grow(struct compiler *c, int n)
{
    struct plan *p = c->plan;
    if (p->n_constants + n <= c->constants_cap)
        return true;
    int cap = 2 * (p->n_constants + n) + 8;
    struct tensor *value = arena_array(&p->arena, struct tensor, cap);
    int *slot = arena_array(&p->arena, int, cap);
    if (!value || !slot)
        return false;
    if (p->n_constants) {
        memcpy(value, p->constant, sizeof *value * (size_t)p->n_constants);
        memcpy(slot, p->constant_slot, sizeof *slot * (size_t)p->n_constants);
    }
    p->constant = value;
    p->constant_slot = slot;
    c->constants_cap = cap;
    return true;
}

static bool run_now(struct compiler *c, const struct step *s, struct tensor *t)
{
    static const int identity[MOST_ARGS] = {
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
        25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
        48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63 };
    struct run_env env = { .threads = 1 };
    struct kernel k = { .slot = t, .to = t, .in = identity, .n_in = s->n_in, .out = s->n_in,
                        .state = s->state, .node = s->node, .env = &env };
    for (int i = 0; i < s->n_in; i++) {                             /* borrowed */
        struct out o = s->node->in[i];
        t[i] = c->plan->constant[c->place[o.node->id].constant - 1 + o.index];
    }
    for (int i = 0; i < s->n_out; i++)
        t[s->n_in + i].buf = NULL;
    struct status *st = s->run(&k);
    bool ok = !st;
    for (int i = 0; i < s->n_out; i++)
        ok = ok && t[s->n_in + i].buf;
    for (int i = 0; i < s->n_out && !ok; i++)
        tensor_unref(&t[s->n_in + i]);
    status_free(st);
    run_env_tidy(&env);
    return ok;
}

struct status *compile_fold(struct compiler *c, const struct step *s, bool *folded)
{
    struct plan *p = c->plan;
    struct place *at = &c->place[s->node->id];
    struct tensor t[MOST_ARGS];
    if (!can_fold(c, s) || !waits_for_one(c, s->node, &at->after))
        return NULL;
    if (!grow(c, s->n_out))
        return status_no_memory();
    if (!run_now(c, s, t))
        return NULL;
    at->constant = p->n_constants + 1;
    for (int i = 0; i < s->n_out; i++) {
        p->constant[p->n_constants] = t[s->n_in + i];
        p->constant_slot[p->n_constants++] = s->out + i;
    }
    *folded = true;
    return NULL;
}
