/* compile.c - from a graph and a key to a plan: prune, order, choose kernels, find last readers.
 *
 * Nodes' ids are a topological order (but for the back edges of loops), so every pass is a walk
 * over the ids that are needed, up or down.
 */
#include "plan/compile.h"
#include "base/mem.h"

#include <string.h>

/* ---- what is asked for ---- */

static bool is_ours(const struct compiler *c, struct out o)
{
    return out_is_valid(o) && o.node->graph == c->graph;
}

static const char *name_of(const struct node *n) { return n ? n->name : "(none)"; }

static const char *why_unknown(const struct compiler *c, const struct node *n)
{
    return n && n->graph != c->graph ? ": it is not an element of this graph." : "";
}

int compile_feed_of(const struct compiler *c, struct out o)
{
    int i = c->place[o.node->id].fed - 1;
    while (i >= 0 && c->key->feed[i].index != o.index)
        i = c->next_fed[i] - 1;
    return i;
}

bool compile_is_fed(const struct compiler *c, struct out o)
{
    return c->place[o.node->id].fed && compile_feed_of(c, o) >= 0;
}

static struct status *take_feeds(struct compiler *c)
{
    const struct plan_key *k = c->key;
    for (int i = 0; i < k->n_feeds; i++) {
        struct out o = k->feed[i];
        if (!is_ours(c, o))
            return status_new(NOT_FOUND, "FeedInputs: unable to find feed output %s:%d%s",
                              name_of(o.node), o.index, why_unknown(c, o.node));
        ENSURE(compile_feed_of(c, o) < 0, "Endpoint \"%s:%d\" fed more than once.", o.node->name,
               o.index);
        ENSURE(!o.node->unfed, "Tensor %s:%d may not be fed.", o.node->name, o.index);
        c->next_fed[i] = c->place[o.node->id].fed;
        c->place[o.node->id].fed = i + 1;
        c->plan->feed[i] = i;
    }
    return NULL;
}

static void need(struct compiler *c, const struct node *n)
{
    c->needed[n->id / 64] |= 1ull << (n->id % 64);
}

bool compile_is_needed(const struct compiler *c, const struct node *n)
{
    return c->needed[n->id / 64] >> (n->id % 64) & 1;
}

static struct status *check_fetch(const struct node *n)
{
    ENSURE(!n->unfetched, "Operation '%s' has been marked as not fetchable.", n->name);
    return NULL;
}

static struct status *take_fetches(struct compiler *c)
{
    const struct plan_key *k = c->key;
    for (int i = 0; i < k->n_fetches; i++) {
        struct out o = k->fetch[i];
        if (!is_ours(c, o))
            return status_new(NOT_FOUND, "FetchOutputs node %s:%d: not found%s", name_of(o.node),
                              o.index, why_unknown(c, o.node));
        ENSURE(compile_feed_of(c, o) < 0, "Tensor %s:%d is both fed and fetched.", o.node->name,
               o.index);
        TRY(check_fetch(o.node));
        need(c, o.node);
        c->place[o.node->id].watched = true;
    }
    for (int i = 0; i < k->n_targets; i++) {
        if (!k->target[i] || k->target[i]->graph != c->graph)
            return status_new(NOT_FOUND, "PruneForTargets: Some target nodes not found: %s%s",
                              name_of(k->target[i]), why_unknown(c, k->target[i]));
        TRY(check_fetch(k->target[i]));
        need(c, k->target[i]);
    }
    ENSURE(k->n_fetches + k->n_targets > 0,
           "Must specify at least one target to fetch or execute.");
    return NULL;
}

/* ---- which nodes ---- */

/* A node all of whose outputs are fed and that does nothing else does not run, also where a
 * control edge leaves it (B54: such an edge moves to the feed). */
static bool is_only_fed(const struct compiler *c, const struct node *n)
{
    bool does_nothing = n->op->flags & OP_FED || (!n->n_in && !(n->op->flags & OP_STATEFUL));
    if (!c->place[n->id].fed || !does_nothing)
        return false;
    for (int i = 0; i < n->n_out; i++)
        if (compile_feed_of(c, (struct out){ (struct node *)n, i }) < 0)
            return false;
    return true;
}

/* True if it needs a node that the downward walk has passed already: a loop's back edge. */
static bool need_inputs(struct compiler *c, const struct node *n)
{
    bool back = false;
    for (int i = 0; i < n->n_in; i++) {
        const struct node *from = n->in[i].node;
        if (!from)
            c->open = n;
        if (!from || compile_is_fed(c, n->in[i]))
            continue;
        back |= from->id > n->id && !compile_is_needed(c, from);
        need(c, from);
        c->place[from->id].watched |= (n->op->flags & OP_MERGE) != 0;
    }
    for (int i = 0; i < n->n_control; i++) {
        back |= n->control[i]->id > n->id && !compile_is_needed(c, n->control[i]);
        need(c, n->control[i]);
    }
    return back;
}

static bool prune_once(struct compiler *c)
{
    bool again = false;
    for (int w = c->graph->n / 64; w >= 0; w--)
        for (uint64_t todo = c->needed[w], seen = 0; todo; todo = c->needed[w] & ~seen) {
            int bit = 63 - __builtin_clzll(todo);
            const struct node *n = c->graph->node[w * 64 + bit];
            seen |= ~0ull << bit;
            if (!is_only_fed(c, n))
                again |= need_inputs(c, n);
        }
    return again;
}

static struct status *prune(struct compiler *c)
{
    while (prune_once(c))
        ;
    ENSURE(!c->open, "Node '%s' has an input that was never set", c->open->name);
    for (int w = 0; w <= c->graph->n / 64; w++)
        c->n_needed += __builtin_popcountll(c->needed[w]);
    return NULL;
}

/* The needed nodes, in the order of their ids. */
static const struct node **needed_nodes(struct compiler *c)
{
    const struct node **list = arena_array(&c->tmp, const struct node *, c->n_needed);
    for (int w = 0, n = 0; list && w <= c->graph->n / 64; w++)
        for (uint64_t todo = c->needed[w]; todo; todo &= todo - 1)
            list[n++] = c->graph->node[w * 64 + __builtin_ctzll(todo)];
    return list;
}

/* ---- steps ---- */

int compile_slot(const struct compiler *c, struct out o)
{
    const struct place *p = &c->place[o.node->id];
    int fed = p->fed ? compile_feed_of(c, o) : -1;
    return fed >= 0 ? fed : p->slot - 1 + o.index;
}

static bool input_is_ref(const struct node *n, int i)
{
    const struct sig *sig = op_sig(n->op);
    for (int a = 0; a < sig->n_in; a++) {
        int count, first = node_arg(n, a, &count);
        if (i >= first && i < first + count)
            return sig->in[a].ref;
    }
    return false;
}

/* Inputs that are references: those whose op wants the value get a slot of their own for it. */
static struct status *find_derefs(struct compiler *c, struct step *s, int *in)
{
    const struct node *n = s->node;
    struct deref *d = NULL;
    for (int i = 0; i < n->n_in; i++) {
        if (!out_is_ref(n->in[i]))
            continue;
        bool wants_ref = input_is_ref(n, i);
        const struct node *from = n->in[i].node;
        if (compile_is_fed(c, n->in[i])) {
            ENSURE(!wants_ref, "Input %d of node %s was passed %s from %s:%d incompatible with "
                   "expected %s_ref.", i, n->name, dtype_name(node_in_dtype(n, i)), from->name,
                   n->in[i].index, dtype_name(node_in_dtype(n, i)));
            continue;
        }
        if (wants_ref && n->op->flags & OP_UNINITIALIZED)
            continue;
        if (!d)
            NEED(s->deref = d = arena_array(&c->plan->arena, struct deref, n->n_in));
        int value = wants_ref ? -1 : c->plan->frame[s->frame].n_slots++;
        d[s->n_deref] = (struct deref){ i, in[i], value };
        if (!wants_ref)
            in[i] = value;
        s->n_deref++;
    }
    return NULL;
}

static struct status *keep_bound(struct compiler *c, struct resource *r)
{
    struct plan *p = c->plan;
    if (p->n_bound == c->bound_cap) {
        int cap = c->bound_cap ? 2 * c->bound_cap : 8;
        struct resource **grown = arena_array(&p->arena, struct resource *, cap);
        if (!grown) {
            resource_unref(r);
            return status_no_memory();
        }
        if (p->n_bound)
            memcpy(grown, p->bound, sizeof *grown * (size_t)p->n_bound);
        p->bound = grown;
        c->bound_cap = cap;
    }
    p->bound[p->n_bound++] = r;
    return NULL;
}

static struct status *choose_kernel(struct compiler *c, struct step *s)
{
    const struct node *n = s->node;
    const char *name = n->name;
    if (*c->scope)
        NEED(name = arena_printf(&c->plan->arena, "%s%s", c->scope, name));
    struct prep p = { .node = n, .name = name, .arena = &c->plan->arena,
                      .resources = c->resources, .run = node_kernel(n), .compiler = c };
    struct status *st = n->op->prepare ? n->op->prepare(&p) : NULL;
    if (p.bound) {
        struct status *kept = keep_bound(c, p.bound);
        if (st)
            status_free(kept);
        else
            st = kept;
    }
    TRY(st);
    ENSURE(p.run, "No OpKernel was registered to support Op '%s' with these attrs.", n->op->name);
    s->run = p.run;
    s->state = p.state;
    s->flags |= p.flags;
    return NULL;
}

static struct status *make_step(struct compiler *c, const struct node *n, struct step *s, int *in)
{
    const struct place *at = &c->place[n->id];
    *s = (struct step){ .node = n, .flags = n->op->flags, .in = in, .n_in = n->n_in,
                        .n_out = n->n_out, .out = at->slot - 1, .frame = at->frame,
                        .lands = at->lands };
    for (int i = 0; i < n->n_in; i++)
        in[i] = compile_slot(c, n->in[i]);
    if (c->flags & PLAN_PLACE)
        TRY(plan_place(n, c->flags & PLAN_SOFT));
    TRY(find_derefs(c, s, in));
    return n->op->flags & OP_CALL && !n->op->prepare ? compile_call(c, s) : choose_kernel(c, s);
}

static struct status *feed_run(struct kernel *k)
{
    (void)k;
    return NULL;
}

/* Where feeds come in parts, a step stands for each, in their order: others wait for it, and it
 * waits for plan_run_part(). */
static void make_feed_steps(struct compiler *c)
{
    struct plan *p = c->plan;
    for (int i = 0; i < p->n_feeds && c->flags & PLAN_PARTS; i++)
        p->step[p->n_steps++] = (struct step){ .run = feed_run, .node = c->key->feed[i].node,
                                               .pending = 1 };
}

/* Each frame counts its own. */
static int number_slots(struct compiler *c, const struct node *const *list)
{
    struct frame *frame = c->plan->frame;
    int inputs = 0;
    frame[0].n_slots = c->plan->n_feeds;
    for (int i = 0; i < c->n_needed; i++) {
        struct place *at = &c->place[list[i]->id];
        at->slot = frame[at->lands].n_slots + 1;
        frame[at->lands].n_slots += list[i]->n_out;
        inputs += list[i]->n_in;
    }
    return inputs;
}

/* The slots of all frames in one row, now that it is known how many each has. */
static void place_slots(struct compiler *c, const struct node *const *list)
{
    struct plan *p = c->plan;
    for (int f = 0; f < p->n_frames; f++) {
        p->frame[f].slots = p->n_slots;
        p->n_slots += p->frame[f].n_slots;
    }
    for (int i = 0; i < c->n_needed && p->n_frames > 1; i++) {
        const struct place *at = &c->place[list[i]->id];
        for (int k = 0; at->constant && k < list[i]->n_out; k++)
            p->constant_slot[at->constant - 1 + k] += p->frame[at->lands].slots;
    }
}

static struct status *make_steps(struct compiler *c, const struct node *const *list)
{
    struct plan *p = c->plan;
    int inputs = number_slots(c, list), *in;
    NEED(p->step = arena_array(&p->arena, struct step, c->n_needed + p->n_feeds));
    NEED(in = arena_array(&p->arena, int, inputs));
    make_feed_steps(c);
    for (int i = 0; i < c->n_needed; i++) {
        const struct node *n = list[i];
        bool folded = false;
        if (is_only_fed(c, n))
            continue;
        TRY(status_at_node(make_step(c, n, &p->step[p->n_steps], in), n->name));
        TRY(compile_fold(c, &p->step[p->n_steps], &folded));
        if (folded)
            continue;
        in += n->n_in;
        c->place[n->id].step = ++p->n_steps;
    }
    place_slots(c, list);
    return NULL;
}

/* ---- who reads what: by slots of the plan ---- */

static int slot_read(const struct plan *p, const struct step *s, int slot)
{
    return p->frame[s->frame].slots + slot;
}

static int slot_written(const struct plan *p, const struct step *s, int i)
{
    return p->frame[s->lands].slots + s->out + i;
}

static void count_readers(struct compiler *c)
{
    struct plan *p = c->plan;
    for (int i = 0; i < p->n_steps; i++) {
        const struct step *s = &p->step[i];
        for (int j = 0; j < s->n_in; j++)
            p->readers[slot_read(p, s, s->in[j])]++;
        for (int j = 0; j < s->n_deref; j++)
            p->readers[slot_read(p, s, s->deref[j].from)] += s->deref[j].to >= 0;
    }
    for (int i = 0; i < p->n_fetches; i++)
        p->readers[p->fetch[i]]++;
}

/* Constants are never given away, nor feeds that are only lent. A folded value that nobody reads
 * is not kept. */
static void settle_kept(struct compiler *c)
{
    struct plan *p = c->plan;
    int n = 0;
    for (int i = 0; i < p->n_constants; i++) {
        int slot = p->constant_slot[i];
        if (p->readers[slot]) {
            p->constant[n] = p->constant[i];
            p->constant_slot[n++] = slot;
        } else {
            tensor_unref(&p->constant[i]);
        }
        p->readers[slot] = 0;
    }
    p->n_constants = n;
    for (int i = 0; i < p->n_feeds && !p->given; i++)
        p->readers[p->feed[i]] = 0;
}

static bool reads_once(const struct step *s, int slot)
{
    int n = 0;
    for (int i = 0; i < s->n_in; i++)
        n += s->in[i] == slot;
    return n == 1;
}

static void last_read(const struct compiler *c, struct step *s, char *kept, int **dead, int slot)
{
    if (kept[slot] || !c->plan->readers[slot])
        return;
    kept[slot] = 1;
    (*dead)[s->n_dead++] = slot;
}

/* Walk backwards: the first reader met is the last one to run. A slot that a step reads twice is
 * not movable, for the second look would find it empty. */
static struct status *find_last_readers(struct compiler *c)
{
    struct plan *p = c->plan;
    char *kept = arena_alloc(&c->tmp, (size_t)p->n_slots);
    int *dead, most = p->n_slots;
    NEED(kept);
    NEED(dead = arena_array(&p->arena, int, most));
    for (int i = 0; i < p->n_fetches; i++)
        kept[p->fetch[i]] = 1;
    for (int f = 1; f < p->n_frames; f++)
        for (int i = 0; i < p->frame[f].n_invariants; i++)
            kept[p->frame[f].invariant[i]] = 1;
    for (struct step *s = p->step + p->n_steps; s-- > p->step;) {
        s->dead = dead;
        for (int j = 0; j < s->n_in; j++) {
            int before = s->n_dead;
            last_read(c, s, kept, &dead, slot_read(p, s, s->in[j]));
            if (s->n_dead > before && j < 32 && reads_once(s, s->in[j]))
                s->movable |= 1u << j;
        }
        for (int j = 0; j < s->n_deref; j++)
            last_read(c, s, kept, &dead, slot_read(p, s, s->deref[j].from));
        for (int j = 0; j < s->n_out; j++)
            if (!p->readers[slot_written(p, s, j)]) {
                dead[s->n_dead++] = slot_written(p, s, j);
                s->unread |= j < 32 ? 1u << j : 0;
            }
        dead += s->n_dead;
    }
    return NULL;
}

/* ---- all of it ---- */

static struct status *set_up(struct compiler *c)
{
    struct plan *p = c->plan;
    const struct plan_key *k = c->key;
    p->n_feeds = k->n_feeds;
    p->n_fetches = k->n_fetches;
    p->given = c->flags & PLAN_GIVEN;
    NEED(c->needed = arena_array(&c->tmp, uint64_t, c->graph->n / 64 + 1));
    NEED(c->next_fed = arena_array(&c->tmp, int, k->n_feeds));
    NEED(p->feed = arena_array(&p->arena, int, k->n_feeds));
    NEED(p->fetch = arena_array(&p->arena, int, k->n_fetches));
    NEED(p->fetched = arena_array(&p->arena, const struct node *, k->n_fetches));
    return NULL;
}

/* A value in a loop has no end to it: there is one in each iteration (A85). */
static struct status *number_fetches(struct compiler *c)
{
    struct plan *p = c->plan;
    for (int i = 0; i < p->n_fetches; i++) {
        struct out o = c->key->fetch[i];
        ENSURE(!c->place[o.node->id].lands, "Operation '%s' has been marked as not fetchable: it "
               "is in a loop", o.node->name);
        p->fetch[i] = compile_slot(c, o);
        ((const struct node **)p->fetched)[i] = o.node;
    }
    return NULL;
}

static struct status *compile(struct compiler *c)
{
    struct plan *p = c->plan;
    const struct node **list;
    TRY(set_up(c));
    TRY(take_feeds(c));
    TRY(take_fetches(c));
    TRY(prune(c));
    NEED(list = needed_nodes(c));
    TRY(compile_frames(c, &list));
    TRY(make_steps(c, list));
    TRY(compile_loops(c));
    TRY(number_fetches(c));
    NEED(p->readers = arena_array(&p->arena, int, p->n_slots));
    count_readers(c);
    settle_kept(c);
    TRY(find_last_readers(c));
    return compile_waits(c);
}

struct status *compile_plan(struct compiler *c, struct graph *g, struct plan **result)
{
    struct plan *p = mem_new(struct plan);
    NEED(p);
    c->graph = g;
    c->plan = p;
    c->place = mem_array(struct place, g->n + 1);   /* fresh zeroed pages: only those used cost */
    struct status *st = c->place ? compile(c) : status_no_memory();
    mem_free(c->place);
    arena_free(&c->tmp);
    if (st)
        plan_free(p);
    else
        *result = p;
    return st;
}

struct status *plan_compile(struct graph *g, const struct plan_key *key,
                            struct resources *resources, unsigned flags, struct plan **result)
{
    struct callees callees = { 0 };
    struct compiler c = { .key = key, .resources = resources, .flags = flags, .scope = "",
                          .callees = &callees };
    graph_lock(g);
    struct status *st = compile_plan(&c, g, result);
    graph_unlock(g);
    arena_free(&callees.tmp);
    return st;
}

void plan_free(struct plan *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->n_constants; i++)
        tensor_unref(&p->constant[i]);
    callees_unref(p->callees);
    for (int i = 0; i < p->n_bound; i++)
        resource_unref(p->bound[i]);
    arena_free(&p->arena);
    mem_free(p);
}
