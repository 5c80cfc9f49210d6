#include "test/kernels.h"

#include "graph/graph.h"
#include "plan/plan.h"

#include <stdio.h>

static struct node *add_simple(struct graph *g, const char *op, const struct attr *attr, int n)
{
    char name[32];
    struct node *node = NULL;
    snprintf(name, sizeof name, "n%d", g->n);
    status_free(graph_add(g, &(struct node_def){ .op = op, .name = name, .attr = attr,
                                                 .n_attr = n }, &node));
    return node;
}

static enum dtype first_allowed(const struct attr_def *d)
{
    for (int t = 1; t < DT_COUNT; t++)
        if (d->allowed & DTYPE_BIT(t))
            return (enum dtype)t;
    return DT_FLOAT;
}

/* Some value for an attribute that has no default. */
static struct attr any_attr(const struct attr_def *d)
{
    static const int64_t ones[] = { 1, 1, 1, 1 };
    static const struct shape scalar;
    static int64_t type;
    struct attr a = { .name = d->name, .kind = d->kind };
    type = first_allowed(d);
    switch ((int)d->kind) {
    case ATTR_INT: a.i = d->has_minimum ? d->minimum : 1; break;
    case ATTR_TYPE: a.i = type; break;
    case ATTR_STRING: a.text = d->n_choice ? d->choice[0] : (struct text){ "", 0 }; break;
    case ATTR_SHAPE: a.shape = &scalar; break;
    case ATTR_LIST + ATTR_INT: a.ints = ones; a.n = 4; break;
    case ATTR_LIST + ATTR_TYPE: a.ints = &type; a.n = 1; break;
    }
    return a;
}

static struct out any_input(struct graph *g, const struct arg *arg, enum dtype t)
{
    struct attr attr[] = { attr_type("dtype", t), attr_shape("shape", &SHAPE_UNKNOWN) };
    const char *op = arg->ref ? "VariableV2" : t == DT_RESOURCE ? "VarHandleOp" : "Placeholder";
    if (t == DT_RESOURCE)
        attr[0].i = DT_FLOAT;
    return (struct out){ add_simple(g, op, attr, 2), 0 };
}

/* A choice of types: attribute `which` is t; another one, if any, is other_t. */
struct choice { int which, t, other, other_t; };

/* A node of the op with these types; NULL: it cannot be built so simply. */
static struct node *build_with(struct graph *g, const struct op *op, const struct choice *c)
{
    const struct sig *s = op_sig(op);
    struct attr attr[32];
    struct out in[64];
    struct node *node = NULL;
    int n_in = 0, n_attr = 0;
    for (int i = 0; i < s->n_attr; i++) {
        attr[n_attr] = s->attr[i].has_default ? s->attr[i].fallback : any_attr(&s->attr[i]);
        attr[n_attr].name = s->attr[i].name;
        if (i == c->which || i == c->other)
            attr[n_attr].i = i == c->which ? c->t : c->other_t;
        n_attr++;
    }
    for (int i = 0; i < s->n_in; i++) {
        const struct arg *arg = &s->in[i];
        const struct attr *type = arg->type_attr < 0 ? NULL : &attr[arg->type_attr];
        int64_t n = arg->number_attr >= 0 ? attr[arg->number_attr].i : arg->list ? type->n : 1;
        for (int64_t k = 0; k < n && n_in < 64; k++, n_in++) {
            in[n_in] = any_input(g, arg, !type ? dtype_base(arg->dtype)
                                 : (enum dtype)(arg->list ? type->ints[k] : type->i));
            if (!in[n_in].node)
                return NULL;
        }
    }
    struct status *st = graph_add(g, &(struct node_def){ .op = op->name, .name = "op", .in = in,
                                      .n_in = n_in, .attr = attr, .n_attr = n_attr }, &node);
    status_free(st);
    return node;
}

/* prepare() chooses: compile a plan. `unbuilt` is what a node that cannot be built says of it. */
static bool compiles(const struct op *op, const struct choice *c, bool unbuilt)
{
    struct graph *g = graph_new();
    struct resources *r = resources_new();
    struct plan *p = NULL;
    bool there = unbuilt;
    struct node *node = build_with(g, op, c);
    if (node) {
        struct out feed[64];
        int n = 0;
        for (int i = 0; i < node->n_in; i++)
            if (!strcmp(node->in[i].node->op->name, "Placeholder"))
                feed[n++] = node->in[i];
        struct plan_key key = { .feed = feed, .n_feeds = n, .target = &node, .n_targets = 1 };
        struct status *st = plan_compile(g, &key, r, 0, &p);
        there = !st || !strstr(status_message(st), "No OpKernel");
        status_free(st);
        if (p)
            plan_free(p);
    }
    resources_unref(r);
    graph_unref(g);
    return there;
}

/* With whatever other type goes with it: Real of complex128 is a double. */
static bool has_prepared(const struct op *op, int which, int t)
{
    const struct sig *s = op_sig(op);
    struct choice c = { .which = which, .t = t, .other = -1 };
    bool there = compiles(op, &c, true);
    for (c.other = 0; c.other < s->n_attr && !there; c.other++)
        if (c.other != which && s->attr[c.other].kind == ATTR_TYPE)
            for (c.other_t = 1; c.other_t < DT_COUNT && !there; c.other_t++)
                there = s->attr[c.other].allowed & DTYPE_BIT(c.other_t) && compiles(op, &c, false);
    return there;
}

unsigned kernel_dtypes(const struct op *op, int attr)
{
    const struct attr_def *d = &op_sig(op)->attr[attr];
    bool table = op->kernel && !op->prepare && !strcmp(d->name, op->by ? op->by : "T");
    unsigned there = 0;
    if (op->kernel_any || (op->kernel && !op->prepare && !table))
        return d->allowed;
    for (int t = 1; t < DT_COUNT; t++)
        if (d->allowed & DTYPE_BIT(t) &&
            (table ? op->kernel[t] != NULL : has_prepared(op, attr, t)))
            there |= DTYPE_BIT(t);
    return there;
}
