/* function.c - from a FunctionDef and attributes to a body.
 *
 * The nodes of the function, with the attributes put in where it has placeholders for them, are
 * imported as any others into a graph whose arguments stand there already.
 */
#include "graph/function.h"
#include "base/mem.h"
#include "graph/define.h"
#include "graph/graphdef.h"
#include "graph/proto.h"

enum {
    MOST_DEPTH = 32,                    /* of calls within calls, each of which holds locks */
    MOST_ARGS = 1 << 16                 /* of a function: more is a mistake */
};

struct instance {
    struct body body;                   /* first, so that the body is the instance */
    struct instance *next;
    struct attr *attr;                  /* by the signature's */
    int n_attr;
    bool gradient;                      /* it is the body of the function's gradient */
    bool made;                          /* else: it is being made */
};

static void instance_free(struct instance *i)
{
    for (int k = 0; k < i->n_attr; k++)
        attr_release(&i->attr[k]);
    graph_unref(i->body.graph);         /* whose arena all this lies in */
}

void function_forget(struct function *f)
{
    while (f->instances) {
        struct instance *first = f->instances;
        f->instances = first->next;
        instance_free(first);
    }
}

/* ---- what is called, with which attributes ---- */

static struct graph *home_of(struct graph *g) { return g->outer ? g->outer : g; }

struct called { struct function *function; const struct attr *attr; int n_attr; bool gradient; };

static struct status *called_named(const struct node *n, const struct func *f, struct called *c)
{
    *c = (struct called){ (struct function *)library_find(n->graph, f->name.s), f->attr,
                          f->n_attr, false };
    return c->function ? NULL : status_new(NOT_FOUND, "Function %s is not defined.", f->name.s);
}

static struct status *called_by(const struct node *n, struct called *c)
{
    *c = (struct called){ (struct function *)library_find(n->graph, n->op->name), n->attr,
                          n->n_attr, false };
    for (int i = 0; i < n->n_attr && !c->function; i++)
        if (n->attr[i].kind == ATTR_FUNC)
            return called_named(n, n->attr[i].funcs, c);
    return c->function ? NULL : status_new(NOT_FOUND, "Function %s is not defined.", n->op->name);
}

static const struct attr *attr_named(const struct attr *attr, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(attr[i].name, name))
            return &attr[i];
    return NULL;
}

/* Borrowed, by the attributes of the signature. */
static struct status *attrs_of(struct arena *a, const struct called *c, struct attr **attr)
{
    const struct sig *sig = op_sig(c->function->op);
    NEED(*attr = arena_array(a, struct attr, sig->n_attr));
    for (int i = 0; i < sig->n_attr; i++) {
        const struct attr_def *d = &sig->attr[i];
        const struct attr *given = attr_named(c->attr, c->n_attr, d->name);
        ENSURE(given || d->has_default, "Function %s is not given its attribute '%s'",
               c->function->op->name, d->name);
        (*attr)[i] = given ? *given : d->fallback;
        bool empty = d->kind >= ATTR_LIST && !(*attr)[i].n;
        ENSURE(empty || (*attr)[i].kind == d->kind, "Function %s is given '%s' of type %s, not %s",
               c->function->op->name, d->name, attr_kind_name((*attr)[i].kind),
               attr_kind_name(d->kind));
        (*attr)[i].name = d->name;
    }
    return NULL;
}

static struct instance *instance_find(const struct called *c, const struct attr *attr)
{
    struct instance *i = c->function->instances;
    for (; i; i = i->next) {
        int same = 0;
        if (i->gradient != c->gradient)
            continue;
        while (same < i->n_attr && attr_equal(&i->attr[same], &attr[same]))
            same++;
        if (same == i->n_attr)
            break;
    }
    return i;
}

/* ---- a body is made ---- */

struct making {
    struct arena tmp;
    const struct function *function;
    struct instance *to;
    struct import *im;
    struct map first;                   /* arguments by name: &arg[its first] */
};

static int length_of(const struct making *m, const struct arg *arg)
{
    if (arg->number_attr >= 0)
        return (int)m->to->attr[arg->number_attr].i;
    return arg->list ? m->to->attr[arg->type_attr].n : 1;
}

static enum dtype dtype_of(const struct making *m, const struct arg *arg, int i)
{
    if (arg->type_attr < 0)
        return arg->dtype;
    const struct attr *t = &m->to->attr[arg->type_attr];
    return (enum dtype)(arg->list ? t->ints[i] : t->i);
}

static struct status *count_args(const struct making *m, const struct arg *arg, int n, int *count)
{
    for (int i = 0; i < n; i++) {
        int length = length_of(m, &arg[i]);
        ENSURE(length >= 0 && length <= MOST_ARGS - *count, "Function %s: argument '%s' cannot be "
               "a list of %d", m->function->op->name, arg[i].name.s, length);
        *count += length;
    }
    return NULL;
}

static struct status *add_arg(struct making *m, const char *name, int index, enum dtype t)
{
    struct body *b = &m->to->body;
    struct attr dtype = attr_type("dtype", t);
    struct node *n;
    const char *unique = graph_unique_name(b->graph, name, true);
    const char *input = arena_printf(&m->tmp, "%s:%d", name, index);
    NEED(unique && input ? input : NULL);
    TRY(graph_add(b->graph, &(struct node_def){ .op = "Placeholder", .name = unique,
                                                .attr = &dtype, .n_attr = 1 }, &n));
    struct out *o = &b->arg[b->n_args++];
    *o = (struct out){ n, 0 };
    import_map_to(m->im, input, *o);
    if (index)
        return NULL;
    import_map_control(m->im, name, n);
    return map_put(&m->first, name, o) ? NULL : status_no_memory();
}

static struct status *add_args(struct making *m)
{
    const struct sig *sig = op_sig(m->function->op);
    int count = 0;
    TRY(count_args(m, sig->in, sig->n_in, &count));
    NEED(m->to->body.arg = arena_array(&m->to->body.graph->arena, struct out, count));
    for (int i = 0; i < sig->n_in; i++)
        for (int k = 0; k < length_of(m, &sig->in[i]); k++)
            TRY(add_arg(m, sig->in[i].name.s, k, dtype_of(m, &sig->in[i], k)));
    return NULL;
}

/* ---- its nodes ---- */

static struct status *put_attrs(struct making *m, const char *node,
                                Wire__NodeDef__AttrEntry *const *from, size_t n,
                                Wire__NodeDef__AttrEntry ***to, size_t *n_to);

/* A function that a node is given may have placeholders among its own attributes. */
static struct status *put_func(struct making *m, const char *node, const Wire__AttrValue *from,
                               Wire__AttrValue **to)
{
    Wire__AttrValue *v = arena_copy(&m->tmp, from, sizeof *from);
    NEED(v);
    NEED(v->func = arena_copy(&m->tmp, from->func, sizeof *from->func));
    *to = v;
    return put_attrs(m, node, (Wire__NodeDef__AttrEntry **)from->func->attr, from->func->n_attr,
                     (Wire__NodeDef__AttrEntry ***)&v->func->attr, &v->func->n_attr);
}

static struct status *put_attr(struct making *m, const char *node, const Wire__AttrValue *from,
                               Wire__AttrValue **to)
{
    *to = (Wire__AttrValue *)from;
    if (from && from->value_case == WIRE__ATTR_VALUE__VALUE_FUNC)
        return put_func(m, node, from, to);
    if (!from || from->value_case != WIRE__ATTR_VALUE__VALUE_PLACEHOLDER)
        return NULL;
    const struct attr *a = attr_named(m->to->attr, m->to->n_attr, from->placeholder);
    ENSURE(a, "Node '%s' of function %s: there is no attribute '%s'", node,
           m->function->op->name, from->placeholder);
    return attr_to_proto(&m->tmp, a, to);
}

/* TF: where nodes of a function are colocated says nothing here. */
static struct status *put_attrs(struct making *m, const char *node,
                                Wire__NodeDef__AttrEntry *const *from, size_t n,
                                Wire__NodeDef__AttrEntry ***to, size_t *n_to)
{
    NEED(*to = arena_array(&m->tmp, Wire__NodeDef__AttrEntry *, n));
    *n_to = 0;
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(from[i]->key, "_class"))
            continue;
        Wire__NodeDef__AttrEntry *e = arena_copy(&m->tmp, from[i], sizeof *e);
        NEED((*to)[(*n_to)++] = e);
        TRY(put_attr(m, node, from[i]->value, &e->value));
    }
    return NULL;
}

static struct status *nodes_of(struct making *m, Wire__GraphDef *g)
{
    const Wire__FunctionDef *def = m->function->def;
    NEED(g->node = arena_array(&m->tmp, Wire__NodeDef *, def->n_node_def));
    for (size_t i = 0; i < def->n_node_def; i++) {
        const Wire__NodeDef *from = def->node_def[i];
        Wire__NodeDef *to = arena_copy(&m->tmp, from, sizeof *to);
        NEED(g->node[g->n_node++] = to);
        TRY(put_attrs(m, from->name, from->attr, from->n_attr, &to->attr, &to->n_attr));
    }
    return NULL;
}

static struct status *import_nodes(struct making *m)
{
    Wire__GraphDef g;
    Wire__VersionDef version;
    void *bytes;
    size_t n;
    wire__graph_def__init(&g);
    wire__version_def__init(&version);
    version.producer = GRAPHDEF_PRODUCER;
    g.versions = &version;
    TRY(nodes_of(m, &g));
    TRY(wire_encode(&g.base, &bytes, &n));
    struct status *st = graph_import(m->to->body.graph, m->im, bytes, n);
    mem_free(bytes);
    return st;
}

/* ---- what it gives ---- */

/* "x", "x:1" (an argument's), "x:arg", "x:arg:1" */
struct ret { const char *node; struct text arg; int index; };

static struct status *ret_parse(struct making *m, const char *text, struct ret *r)
{
    const char *colon = strchr(text, ':'), *at = colon ? colon + 1 : "";
    size_t digits, arg = strcspn(at, ":");
    *r = (struct ret){ .node = text, .arg = { at, arg } };
    if (colon)
        NEED(r->node = arena_strndup(&m->tmp, text, (size_t)(colon - text)));
    if (*at >= '0' && *at <= '9')
        r->arg.n = 0;
    else
        at += arg + (at[arg] == ':');
    digits = strspn(at, "0123456789");
    ENSURE(*r->node && !at[digits] && digits < 7, "Function %s: '%s' is no output of a node",
           m->function->op->name, text);
    for (size_t i = 0; i < digits; i++)
        r->index = 10 * r->index + at[i] - '0';
    return NULL;
}

/* The text of the output argument of that name. */
static struct status *ret_of(struct making *m, const struct arg *arg, struct ret *r)
{
    const Wire__FunctionDef *def = m->function->def;
    for (size_t i = 0; i < def->n_ret; i++)
        if (!strcmp(def->ret[i]->key, arg->name.s))
            return ret_parse(m, def->ret[i]->value, r);
    return status_new(INVALID_ARGUMENT, "Function %s: its return value '%s' is missing",
                      m->function->op->name, arg->name.s);
}

static struct status *want_nodes(struct making *m)
{
    const Wire__FunctionDef *def = m->function->def;
    const struct sig *sig = op_sig(m->function->op);
    struct ret r;
    for (int i = 0; i < sig->n_out; i++) {
        TRY(ret_of(m, &sig->out[i], &r));
        if (!map_get(&m->first, r.node))
            import_return(m->im, r.node);
    }
    for (size_t i = 0; i < def->n_control_ret; i++)
        import_return(m->im, def->control_ret[i]->value);
    return NULL;
}

bool body_has_arg(const struct body *b, struct out o)
{
    int i = 0;
    while (i < b->n_args && b->arg[i].node != o.node)
        i++;
    return i < b->n_args;
}

/* Result k of an output argument. One that is an argument becomes a node's of its own: an argument
 * is fed, and what is fed cannot be fetched. */
static struct status *add_result(struct making *m, const struct arg *arg, struct out from, int k)
{
    struct body *b = &m->to->body;
    struct node *n;
    ENSURE(out_is_valid(from), "Function %s: output '%s' is output %d of node '%s', which has %d",
           m->function->op->name, arg->name.s, from.index, from.node->name, from.node->n_out);
    enum dtype is = from.node->dtype[from.index], want = dtype_of(m, arg, k);
    ENSURE(is == want, "Function %s: output '%s' is %s, but the body gives %s",
           m->function->op->name, arg->name.s, dtype_name(want), dtype_name(is));
    b->result[b->n_results] = from;
    if (body_has_arg(b, from) || out_is_ref(from)) {
        const char *name = graph_unique_name(b->graph, arg->name.s, true);
        NEED(name);
        TRY(graph_add(b->graph, &(struct node_def){ .op = "Identity", .name = name, .in = &from,
                                                    .n_in = 1 }, &n));
        b->result[b->n_results] = (struct out){ n, 0 };
    }
    b->n_results++;
    return NULL;
}

static struct status *first_of(struct making *m, const struct ret *r, int *wanted,
                               struct out *first)
{
    const struct out *arg = map_get(&m->first, r->node);
    int count;
    if (arg) {
        ptrdiff_t at = arg - m->to->body.arg + r->index;
        ENSURE(at < m->to->body.n_args, "Function %s has no argument %s:%d",
               m->function->op->name, r->node, r->index);
        *first = m->to->body.arg[at];
        return NULL;
    }
    first->node = m->im->returned[(*wanted)++].node;
    int at = r->arg.n ? node_out_arg(first->node, r->arg, &count) : 0;
    ENSURE(at >= 0, "Function %s: node '%s' has no output '%.*s'", m->function->op->name, r->node,
           (int)r->arg.n, r->arg.s);
    first->index = at + r->index;
    return NULL;
}

static struct status *add_results(struct making *m, int *wanted)
{
    const struct sig *sig = op_sig(m->function->op);
    int count = 0;
    TRY(count_args(m, sig->out, sig->n_out, &count));
    NEED(m->to->body.result = arena_array(&m->to->body.graph->arena, struct out, count));
    for (int i = 0; i < sig->n_out; i++) {
        struct ret r;
        struct out from;
        TRY(ret_of(m, &sig->out[i], &r));
        TRY(first_of(m, &r, wanted, &from));
        for (int k = 0; k < length_of(m, &sig->out[i]); k++, from.index++)
            TRY(add_result(m, &sig->out[i], from, k));
    }
    return NULL;
}

static struct status *find_targets(struct making *m, int wanted)
{
    struct body *b = &m->to->body;
    int most = b->graph->n + m->im->n_wants;
    NEED(b->target = arena_array(&b->graph->arena, struct node *, most));
    for (; wanted < m->im->n_wants; wanted++)
        b->target[b->n_targets++] = m->im->returned[wanted].node;
    for (int i = 0; i < b->graph->n; i++)
        if (b->graph->node[i]->op->flags & OP_STATEFUL)
            b->target[b->n_targets++] = b->graph->node[i];
    return NULL;
}

static struct status *make_body(struct making *m)
{
    int wanted = 0;
    TRY(add_args(m));
    TRY(want_nodes(m));
    TRY(import_nodes(m));
    TRY(add_results(m, &wanted));
    TRY(find_targets(m, wanted));
    return m->to->gradient ? body_differentiate(&m->to->body) : NULL;
}

static struct status *instance_make(const struct function *f, struct instance *to)
{
    struct making m = { .function = f, .to = to, .im = import_new() };
    NEED(m.im);
    m.im->of_function = true;
    m.im->uniquify_names = true;        /* arguments have taken some */
    struct status *st = make_body(&m);
    import_free(m.im);
    map_free(&m.first);
    arena_free(&m.tmp);
    return st;
}

/* ---- found or made ---- */

static struct status *instance_new(const struct graph *caller, const struct called *c,
                                   const struct attr *attr, struct instance **result)
{
    struct graph *g = graph_new();
    struct instance *i = g ? arena_new(&g->arena, struct instance) : NULL;
    struct attr *copies = i ? arena_array(&g->arena, struct attr, op_sig(c->function->op)->n_attr)
                            : NULL;
    if (!copies) {
        graph_unref(g);
        return status_no_memory();
    }
    g->outer = home_of((struct graph *)caller);
    g->depth = caller->depth + 1;
    i->body.graph = g;
    i->body.name = c->function->op->name;
    i->gradient = c->gradient;
    i->attr = copies;
    *result = i;
    for (; i->n_attr < op_sig(c->function->op)->n_attr; i->n_attr++) {
        copies[i->n_attr].name = attr[i->n_attr].name;
        TRY(attr_copy(&g->arena, &copies[i->n_attr], &attr[i->n_attr]));
    }
    return NULL;
}

static void instance_unlink(struct function *f, struct instance *i)
{
    struct instance **at = &f->instances;
    while (*at && *at != i)
        at = &(*at)->next;
    if (*at)
        *at = i->next;
}

static struct status *instance_add(const struct node *n, const struct called *c,
                                   const struct attr *attr, struct instance **result)
{
    struct instance *i = NULL;
    ENSURE(n->graph->depth < MOST_DEPTH, "Function %s is called within more than %d others",
           c->function->op->name, MOST_DEPTH);
    struct status *st = instance_new(n->graph, c, attr, &i);
    if (!st) {
        i->next = c->function->instances;
        c->function->instances = i;
        st = instance_make(c->function, i);
    }
    if (st) {
        if (i) {
            instance_unlink(c->function, i);
            instance_free(i);
        }
        return status_prefix(st, "Function %s: ", c->function->op->name);
    }
    i->made = true;
    *result = i;
    return NULL;
}

static struct status *instance_get(const struct node *n, const struct called *c,
                                   struct instance **i)
{
    struct arena tmp = { 0 };
    struct attr *attr;
    struct status *st = attrs_of(&tmp, c, &attr);
    *i = st ? NULL : instance_find(c, attr);
    if (*i && !(*i)->made)
        st = status_new(INVALID_ARGUMENT, "Function %s calls itself", c->function->op->name);
    else if (!st && !*i)
        st = instance_add(n, c, attr, i);
    arena_free(&tmp);
    return st;
}

/* ---- does it fit? ---- */

static struct status *check_fit(const struct node *n, const struct body *b)
{
    ENSURE(n->n_in == b->n_args, "Function %s expects %d arguments, but %d is provided", b->name,
           b->n_args, n->n_in);
    ENSURE(n->n_out == b->n_results, "Function %s returns %d values, but %d are expected", b->name,
           b->n_results, n->n_out);
    for (int i = 0; i < n->n_in; i++)
        ENSURE(node_in_dtype(n, i) == b->arg[i].node->dtype[0], "Function %s expects arg[%d] to be "
               "%s but %s is provided", b->name, i, dtype_name(b->arg[i].node->dtype[0]),
               dtype_name(node_in_dtype(n, i)));
    for (int i = 0; i < n->n_out; i++)
        ENSURE(n->dtype[i] == out_dtype(b->result[i]), "Function %s returns %s as ret[%d], but %s "
               "is expected", b->name, dtype_name(out_dtype(b->result[i])), i,
               dtype_name(n->dtype[i]));
    return NULL;
}

struct graph *function_scratch(struct graph *g)
{
    struct graph *scratch = graph_new();
    if (scratch) {
        scratch->outer = home_of(g);
        scratch->depth = g->depth + 1;
    }
    return scratch;
}

struct status *function_define(struct graph *g, struct graph *from, const struct definition *d,
                               const char **name)
{
    struct graph *home = home_of(g);
    void *bytes;
    size_t n;
    TRY(graph_define(from, d, &bytes, &n));
    struct status *st = library_add(home, bytes, n, NULL, name);
    mem_free(bytes);
    return st;
}

struct status *function_named(const struct node *n, const struct func *f, struct body **b)
{
    struct instance *i;
    struct called c;
    TRY(called_named(n, f, &c));
    TRY(instance_get(n, &c, &i));
    *b = &i->body;
    return NULL;
}

struct status *function_gradient(const struct node *n, const struct func *f, struct body **b)
{
    struct instance *i;
    struct called c;
    TRY(called_named(n, f, &c));
    if (c.function->gradient) {
        struct text name = { c.function->gradient, strlen(c.function->gradient) };
        return function_named(n, &(struct func){ name, f->attr, f->n_attr }, b);
    }
    c.gradient = true;
    TRY(instance_get(n, &c, &i));
    *b = &i->body;
    return NULL;
}

struct status *function_body(const struct node *call, struct body **b)
{
    struct instance *i;
    struct called c;
    TRY(called_by(call, &c));
    TRY(instance_get(call, &c, &i));
    *b = &i->body;
    return check_fit(call, *b);
}

/* TF: what is wrong with the function is said by a run that needs it. */
struct status *function_shape(struct shape_ctx *c)
{
    struct body *b;
    struct status *st = function_body(c->node, &b);
    for (int i = 0; i < c->n_out && !st; i++)
        *shape_out(c, i) = *out_shape(b->result[i]);
    bool memory = status_code(st) == RESOURCE_EXHAUSTED;
    if (memory)
        return st;
    status_free(st);
    return NULL;
}
