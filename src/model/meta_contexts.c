/* meta_contexts.c - branches and loops as a MetaGraphDef has them: CondContextDef and
 * WhileContextDef, which name the tensors that are known inside and what came in as what. */
#include "base/mem.h"
#include "graph/context.h"
#include "model/meta.h"
#include "wire/meta.pb-c.h"
#include "wire/wire.h"

#include <stdlib.h>

struct pair { const char *value, *inside; };            /* names */

struct values {                         /* of one context */
    struct arena *arena;
    const struct context *c;
    const char **name;
    struct pair *external;
    int n, cap, n_external;
};

/* ---- what is known inside ---- */

static const char *out_name(struct arena *a, struct out o)
{
    return o.node ? arena_printf(a, "%s:%d", o.node->name, o.index) : "";
}

static struct status *add_name(struct values *v, struct out o)
{
    if (v->n == v->cap) {
        int cap = 2 * v->cap + 32;
        const char **grown = arena_array(v->arena, const char *, cap);
        NEED(grown);
        if (v->n)
            memcpy(grown, v->name, (size_t)v->n * sizeof *grown);
        v->name = grown;
        v->cap = cap;
    }
    NEED(v->name[v->n] = out_name(v->arena, o));
    v->n++;
    return NULL;
}

/* Does what a node gives, made in `in`, count as known in `c`? TF: what is made in a branch counts
 * in all contexts around it; what is made in a loop does not, but for its results. */
static bool counts(const struct context *c, const struct node *n, const struct context *in)
{
    if (in == c || (n->op->flags & OP_EXIT && in->outer == c))
        return true;
    return in->kind == CONTEXT_COND && context_lies_in(in, c);
}

static bool brings_in(const struct context *c, const struct node *n)
{
    return n->op->flags & OP_SWITCH && c->kind == CONTEXT_COND && n->n_in == 2 &&
           n->in[1].node == c->pred.node;
}

static struct status *add_outputs(struct values *v, const struct node *n)
{
    for (int i = 0; i < n->n_out; i++)
        if (!brings_in(n->context, n) || i == n->context->branch)
            TRY(add_name(v, (struct out){ (struct node *)n, i }));
    return NULL;
}

static struct status *add_external(struct values *v)
{
    const struct captures *all = &v->c->captured;
    NEED(v->external = arena_array(v->arena, struct pair, all->n + 1));
    for (int i = 0; i < all->cap; i++) {
        const struct captured *x = &all->at[i];
        if (!x->inside.node)
            continue;
        struct pair *p = &v->external[v->n_external++];
        NEED(p->value = out_name(v->arena, x->value));
        NEED(p->inside = out_name(v->arena, x->inside));
        TRY(add_name(v, x->value));
    }
    return NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_value(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->value, ((const struct pair *)b)->value);
}

static struct status *gather(struct values *v)
{
    const struct graph *g = v->c->graph;
    for (int i = 0; i < g->n; i++)
        if (g->node[i]->context && counts(v->c, g->node[i], g->node[i]->context))
            TRY(add_outputs(v, g->node[i]));
    TRY(add_external(v));
    int n = 0;
    qsort(v->name, (size_t)v->n, sizeof *v->name, by_text);
    qsort(v->external, (size_t)v->n_external, sizeof *v->external, by_value);
    for (int i = 0; i < v->n; i++)
        if (!n || strcmp(v->name[i], v->name[n - 1]))
            v->name[n++] = v->name[i];
    v->n = n;
    return NULL;
}

static struct status *values_def(struct arena *a, const struct context *c, Wire__ValuesDef **result)
{
    struct values v = { .arena = a, .c = c };
    Wire__ValuesDef *d = *result = arena_new(a, Wire__ValuesDef);
    NEED(d);
    wire__values_def__init(d);
    TRY(gather(&v));
    d->n_values = (size_t)v.n;
    d->values = (char **)v.name;
    NEED(d->external_values = arena_array(a, Wire__ValuesDef__ExternalValuesEntry *,
                                          v.n_external + 1));
    for (int i = 0; i < v.n_external; i++) {
        Wire__ValuesDef__ExternalValuesEntry *e =
            arena_new(a, Wire__ValuesDef__ExternalValuesEntry);
        NEED(e);
        wire__values_def__external_values_entry__init(e);
        e->key = (char *)v.external[i].value;
        e->value = (char *)v.external[i].inside;
        d->external_values[d->n_external_values++] = e;
    }
    return NULL;
}

/* ---- contexts ---- */

static struct status *cond_def(struct arena *a, const struct context *c,
                               Wire__CondContextDef **result);
static struct status *while_def(struct arena *a, const struct context *c,
                                Wire__WhileContextDef **result);

static struct status *nested_def(struct arena *a, const struct context *c,
                                 Wire__ControlFlowContextDef **result)
{
    Wire__ControlFlowContextDef *d = *result = arena_new(a, Wire__ControlFlowContextDef);
    NEED(d);
    wire__control_flow_context_def__init(d);
    if (c->kind == CONTEXT_COND) {
        d->ctxt_case = WIRE__CONTROL_FLOW_CONTEXT_DEF__CTXT_COND_CTXT;
        return cond_def(a, c, &d->cond_ctxt);
    }
    d->ctxt_case = WIRE__CONTROL_FLOW_CONTEXT_DEF__CTXT_WHILE_CTXT;
    return while_def(a, c, &d->while_ctxt);
}

static struct status *nested_defs(struct arena *a, const struct context *c, size_t *n,
                                  Wire__ControlFlowContextDef ***result)
{
    const struct graph *g = c->graph;
    Wire__ControlFlowContextDef **d = *result = arena_array(a, Wire__ControlFlowContextDef *,
                                                            g->n_contexts);
    NEED(d);
    for (int i = c->id + 1; i < g->n_contexts; i++)
        if (g->context[i]->outer == c && (g->context[i]->kind == CONTEXT_COND ||
                                            g->context[i]->done))
            TRY(nested_def(a, g->context[i], &d[(*n)++]));
    return NULL;
}

static struct status *cond_def(struct arena *a, const struct context *c,
                               Wire__CondContextDef **result)
{
    Wire__CondContextDef *d = *result = arena_new(a, Wire__CondContextDef);
    NEED(d);
    wire__cond_context_def__init(d);
    d->context_name = (char *)c->name;
    NEED(d->pred_name = (char *)out_name(a, c->pred));
    NEED(d->pivot_name = (char *)out_name(a, c->pivot));
    d->branch = c->branch;
    TRY(values_def(a, c, &d->values_def));
    return nested_defs(a, c, &d->n_nested_contexts, &d->nested_contexts);
}

static struct status *out_names(struct arena *a, const struct out *o, int n, size_t *n_names,
                                char ***names)
{
    NEED(*names = arena_array(a, char *, n + 1));
    for (int i = 0; i < n; i++)
        NEED((*names)[i] = (char *)out_name(a, o[i]));
    *n_names = (size_t)n;
    return NULL;
}

static struct status *while_def(struct arena *a, const struct context *c,
                                Wire__WhileContextDef **result)
{
    Wire__WhileContextDef *d = *result = arena_new(a, Wire__WhileContextDef);
    NEED(d);
    wire__while_context_def__init(d);
    d->context_name = (char *)c->name;
    d->parallel_iterations = c->parallel_iterations;
    d->back_prop = c->back_prop;
    d->swap_memory = c->swap_memory;
    NEED(d->pivot_name = (char *)out_name(a, c->pivot));
    NEED(d->pivot_for_pred_name = (char *)out_name(a, c->pivot_for_pred));
    NEED(d->pivot_for_body_name = (char *)out_name(a, c->pivot_for_body));
    NEED(d->maximum_iterations_name = (char *)out_name(a, c->maximum));
    TRY(out_names(a, c->exit, c->n_vars, &d->n_loop_exit_names, &d->loop_exit_names));
    TRY(out_names(a, c->enter, c->n_vars, &d->n_loop_enter_names, &d->loop_enter_names));
    TRY(values_def(a, c, &d->values_def));
    return nested_defs(a, c, &d->n_nested_contexts, &d->nested_contexts);
}

static struct status *encode(struct arena *a, const struct context *c, void **bytes, size_t *n)
{
    Wire__CondContextDef *cond;
    Wire__WhileContextDef *loop;
    if (c->kind == CONTEXT_COND) {
        TRY(cond_def(a, c, &cond));
        return wire_encode(&cond->base, bytes, n);
    }
    TRY(while_def(a, c, &loop));
    return wire_encode(&loop->base, bytes, n);
}

struct status *context_encode(const struct context *c, void **bytes, size_t *n)
{
    struct arena a = { 0 };
    graph_lock(c->graph);
    struct status *st = encode(&a, c, bytes, n);
    graph_unlock(c->graph);
    arena_free(&a);
    return st;
}

/* ---- and back ---- */

struct reading { struct graph *g; struct arena *arena; const char *prefix; };

static struct status *find(const struct reading *r, const char *name, struct out *o)
{
    *o = (struct out){ 0 };
    return *name ? meta_find(r->g, r->arena, r->prefix, name, o) : NULL;
}

static const Wire__ValuesDef__ExternalValuesEntry *external_of(const Wire__ValuesDef *d,
                                                               const char *name)
{
    for (size_t i = 0; i < d->n_external_values; i++)
        if (!strcmp(d->external_values[i]->key, name))
            return d->external_values[i];
    return NULL;
}

/* What is made inside is in the context; contexts in it take theirs out again. */
static struct status *place_values(const struct reading *r, struct context *c,
                                   const Wire__ValuesDef *d)
{
    for (size_t i = 0; d && i < d->n_values; i++) {
        struct out value, inside;
        TRY(find(r, d->values[i], &value));
        const Wire__ValuesDef__ExternalValuesEntry *e = external_of(d, d->values[i]);
        if (!value.node || !e) {
            if (value.node)
                value.node->context = c;
            continue;
        }
        TRY(find(r, e->value, &inside));
        if (inside.node)
            TRY(context_know(c, value, inside));
    }
    return NULL;
}

static struct status *new_context(const struct reading *r, enum context_kind kind,
                                  struct context *outer, const char *name, struct context **c)
{
    const char *full = *r->prefix ? arena_printf(&r->g->arena, "%s/%s", r->prefix, name)
                                  : arena_strdup(&r->g->arena, name);
    NEED(full);
    TRY(context_new(r->g, kind, outer, NULL, c));
    (*c)->name = full;
    (*c)->done = true;
    return NULL;
}

static struct status *read_cond(const struct reading *r, const Wire__CondContextDef *d,
                                struct context *outer, struct context **result);
static struct status *read_while(const struct reading *r, const Wire__WhileContextDef *d,
                                 struct context *outer, struct context **result);

static struct status *read_nested(const struct reading *r, size_t n,
                                  Wire__ControlFlowContextDef *const *d, struct context *outer)
{
    struct context *c;
    for (size_t i = 0; i < n; i++)
        if (d[i]->ctxt_case == WIRE__CONTROL_FLOW_CONTEXT_DEF__CTXT_COND_CTXT)
            TRY(read_cond(r, d[i]->cond_ctxt, outer, &c));
        else if (d[i]->ctxt_case == WIRE__CONTROL_FLOW_CONTEXT_DEF__CTXT_WHILE_CTXT)
            TRY(read_while(r, d[i]->while_ctxt, outer, &c));
    return NULL;
}

static struct status *read_cond(const struct reading *r, const Wire__CondContextDef *d,
                                struct context *outer, struct context **result)
{
    struct context *c;
    TRY(new_context(r, CONTEXT_COND, outer, d->context_name, &c));
    c->branch = d->branch;
    ENSURE(c->branch == 0 || c->branch == 1, "A CondContextDef is of branch %d", c->branch);
    TRY(find(r, d->pred_name, &c->pred));
    TRY(find(r, d->pivot_name, &c->pivot));
    ENSURE(c->pred.node && c->pivot.node, "A CondContextDef names no predicate or pivot");
    TRY(place_values(r, c, d->values_def));
    *result = c;
    return read_nested(r, d->n_nested_contexts, d->nested_contexts, c);
}

static struct status *find_all(const struct reading *r, size_t n, char *const *names,
                               struct out **result)
{
    struct out *o = *result = arena_array(&r->g->arena, struct out, n + 1);
    NEED(o);
    for (size_t i = 0; i < n; i++)
        TRY(find(r, names[i], &o[i]));
    return NULL;
}

/* What the file does not name: the Switch that an Exit leaves by, and its Merge. */
static struct status *find_ways(struct context *c)
{
    struct arena *a = &c->graph->arena;
    NEED(c->way = arena_array(a, struct out, c->n_vars + 1));
    NEED(c->merge = arena_array(a, struct out, c->n_vars + 1));
    for (int i = 0; i < c->n_vars; i++) {
        ENSURE(c->enter[i].node && c->exit[i].node && c->exit[i].node->n_in == 1,
               "A WhileContextDef names no Enter or Exit");
        c->way[i] = c->exit[i].node->in[0];
        if (c->way[i].node->n_in == 2)
            c->merge[i] = c->way[i].node->in[0];
    }
    return NULL;
}

static struct status *read_while(const struct reading *r, const Wire__WhileContextDef *d,
                                 struct context *outer, struct context **result)
{
    struct context *c;
    TRY(new_context(r, CONTEXT_WHILE, outer, d->context_name, &c));
    c->parallel_iterations = d->parallel_iterations;
    c->back_prop = d->back_prop;
    c->swap_memory = d->swap_memory;
    TRY(find(r, d->pivot_name, &c->pivot));
    TRY(find(r, d->pivot_for_pred_name, &c->pivot_for_pred));
    TRY(find(r, d->pivot_for_body_name, &c->pivot_for_body));
    TRY(find(r, d->maximum_iterations_name, &c->maximum));
    /* Some versions name what gradients added among the Enters alone: it stands last. */
    c->n_vars = (int)(d->n_loop_exit_names < d->n_loop_enter_names ? d->n_loop_exit_names
                                                                   : d->n_loop_enter_names);
    TRY(find_all(r, d->n_loop_enter_names, d->loop_enter_names, &c->enter));
    TRY(find_all(r, d->n_loop_exit_names, d->loop_exit_names, &c->exit));
    TRY(find_ways(c));
    TRY(place_values(r, c, d->values_def));
    *result = c;
    return read_nested(r, d->n_nested_contexts, d->nested_contexts, c);
}

static struct status *decode(const struct reading *r, bool loop, const void *bytes, size_t n,
                             struct context **c)
{
    Wire__CondContextDef *cond;
    Wire__WhileContextDef *whole;
    if (!loop) {
        TRY(wire_decode(r->arena, &wire__cond_context_def__descriptor, bytes, n, &cond));
        return read_cond(r, cond, NULL, c);
    }
    TRY(wire_decode(r->arena, &wire__while_context_def__descriptor, bytes, n, &whole));
    return read_while(r, whole, NULL, c);
}

struct status *context_decode(struct graph *g, const char *prefix, bool loop, const void *bytes,
                              size_t n, struct context **c)
{
    struct arena a = { 0 };
    struct reading r = { g, &a, prefix ? prefix : "" };
    graph_lock(g);
    struct status *st = decode(&r, loop, bytes, n, c);
    graph_unlock(g);
    arena_free(&a);
    return st;
}
