/* control.c - control dependencies: which of those in force a new node takes. */
#include "graph/control.h"
#include "base/mem.h"

static bool contains(const struct controls *c, const struct node *x)
{
    for (int i = 0; i < c->n; i++)
        if (c->at[i] == x)
            return true;
    return false;
}

static bool is_input(const struct out *in, int n_in, const struct node *x)
{
    for (int i = 0; i < n_in; i++)
        if (in[i].node == x)
            return true;
    return false;
}

static bool was_made_in(const struct control_scope *s, int id)
{
    int from = 0, to = s->n_made;
    while (from < to) {
        int middle = from + (to - from) / 2;
        if (s->made[middle] < id)
            from = middle + 1;
        else
            to = middle;
    }
    return from < s->n_made && s->made[from] == id;
}

/* A34: an input made inside the scope waits for its nodes already. */
static bool dominated(const struct control_scope *s, const struct out *in, int n_in)
{
    for (int i = 0; i < n_in; i++)
        if (in[i].node && was_made_in(s, in[i].node->id))
            return true;
    return false;
}

struct status *controls_gather(const struct control_scope *scopes, const struct out *in, int n_in,
                               struct node *const *after, int n_after, struct controls *c)
{
    size_t most = (size_t)n_after;
    for (const struct control_scope *s = scopes; s; s = s->outer)
        most += (size_t)s->n;
    if (!most)
        return NULL;
    NEED(c->at = mem_array(struct node *, most));
    for (int i = 0; i < n_after; i++)
        if (!contains(c, after[i]))
            c->at[c->n++] = after[i];
    for (const struct control_scope *s = scopes; s; s = s->outer)
        for (int i = 0; i < s->n && !dominated(s, in, n_in); i++)
            if (!contains(c, s->control[i]) && !is_input(in, n_in, s->control[i]))
                c->at[c->n++] = s->control[i];
    return NULL;
}

static bool note(struct control_scope *s, int id)
{
    if (s->n_made == s->cap_made) {
        int cap = s->cap_made ? 2 * s->cap_made : 16;
        int *made = mem_grow(s->made, (size_t)cap * sizeof *made);
        if (!made)
            return false;
        s->made = made;
        s->cap_made = cap;
    }
    s->made[s->n_made++] = id;
    return true;
}

void control_note(struct control_scope *scopes, int id)
{
    for (struct control_scope *s = scopes; s && note(s, id);)
        s = s->outer;
}

void control_forget(struct control_scope *scopes, int n)
{
    for (struct control_scope *s = scopes; s; s = s->outer)
        while (s->n_made && s->made[s->n_made - 1] >= n)
            s->n_made--;
}
