/* single.c - one node of a GraphDef run alone. */
#include "test/single.h"
#include "op/variable.h"
#include "plan/plan.h"

#include <stdio.h>

struct single {
    const Wire__NodeDef *def;
    const struct sig *sig;
    struct arena arena;
    struct attr attr[32];
    int n_attr;
    struct graph *graph;
    struct resources *resources;
    struct out in[SINGLE_MOST], feed[SINGLE_MOST];
    struct tensor fed[SINGLE_MOST];
    int n_in, n_feeds;
};

int node_data_inputs(const Wire__NodeDef *def)
{
    int n = 0;
    for (size_t i = 0; i < def->n_input; i++)
        n += def->input[i][0] != '^';
    return n;
}

/* ---- attributes, and the types they give to inputs ---- */

static struct status *read_attrs(struct single *s)
{
    for (size_t i = 0; i < s->def->n_attr; i++) {
        const Wire__NodeDef__AttrEntry *e = s->def->attr[i];
        int at = sig_attr(s->sig, e->key);
        if (at < 0)
            continue;
        ENSURE(s->n_attr < 32, "too many attributes");
        struct attr *a = &s->attr[s->n_attr++];
        a->name = e->key;
        TRY(attr_from_proto(&s->arena, e->value, s->sig->attr[at].kind, a));
    }
    return NULL;
}

static const struct attr *attr_value(const struct single *s, int i)
{
    for (int k = 0; k < s->n_attr; k++)
        if (!strcmp(s->attr[k].name, s->sig->attr[i].name))
            return &s->attr[k];
    return &s->sig->attr[i].fallback;
}

/* The dtype that input i is declared to have. */
static enum dtype declared(const struct single *s, int input, bool *ref)
{
    for (int i = 0; i < s->sig->n_in; i++) {
        const struct arg *a = &s->sig->in[i];
        const struct attr *type = a->type_attr < 0 ? NULL : attr_value(s, a->type_attr);
        int n = a->number_attr >= 0 ? (int)attr_value(s, a->number_attr)->i
              : a->list ? type->n : 1;
        *ref = a->ref;
        if (input < n)
            return !type ? dtype_base(a->dtype) : (enum dtype)(a->list ? type->ints[input]
                                                                       : type->i);
        input -= n;
    }
    return DT_INVALID;
}

/* `from` as dtype `t`: recordings do not always keep it (bfloat16 stands as float, quint8 as uint8,
 * and what was published as decimal text as float or double). */
struct status *tensor_as(const struct tensor *from, enum dtype t, struct tensor *to)
{
    bool numbers = from->dtype != DT_STRING && !dtype_is_complex(from->dtype) &&
                   t != DT_STRING && t != DT_RESOURCE && t != DT_INVALID && !dtype_is_complex(t);
    *to = tensor_ref(from);
    if (t == from->dtype || !numbers)
        return NULL;
    if (t >= DT_QINT8 && t <= DT_QUINT16 && t != DT_BFLOAT16) {
        to->dtype = t;
        return NULL;
    }
    tensor_unref(to);
    TRY(tensor_new(to, NULL, t, &from->shape));
    for (int64_t i = 0; i < tensor_count(from); i++)
        tensor_set_double(to, i, tensor_double(from, i));
    return NULL;
}

/* ---- the graph ---- */

static struct status *add(struct single *s, const char *op, const struct attr *attr, int n,
                          struct out *result)
{
    char name[32];
    snprintf(name, sizeof name, "in%d", s->n_in);
    *result = (struct out){ 0 };
    return graph_add(s->graph, &(struct node_def){ .op = op, .name = name, .attr = attr,
                                                   .n_attr = n }, &result->node);
}

static struct status *add_input(struct single *s, const struct tensor *value)
{
    bool ref = false;
    struct out *x = &s->in[s->n_in];
    struct tensor v;
    TRY(tensor_as(value, declared(s, s->n_in, &ref), &v));
    struct attr attr[] = { attr_type("dtype", v.dtype),
                           attr_shape("shape", ref ? &v.shape : &SHAPE_UNKNOWN) };
    struct status *st = add(s, ref ? "VariableV2" : "Placeholder", attr, 2, x);
    struct resource *r = NULL;
    s->n_in++;
    if (!st && !ref) {
        s->feed[s->n_feeds] = *x;
        s->fed[s->n_feeds++] = v;
        return NULL;
    }
    if (!st)
        st = resources_get(s->resources, &VARIABLE, DEFAULT_CONTAINER, x->node->name, &r);
    if (!st)
        variable_assign((struct variable *)r, &v);
    resource_unref(r);
    tensor_unref(&v);
    return st;
}

static struct status *run(struct single *s, struct node *node, struct tensor *out)
{
    struct out fetch[SINGLE_MOST];
    struct plan *p = NULL;
    struct run *r = NULL;
    struct run_options o = { 0 };
    for (int i = 0; i < node->n_out; i++)
        fetch[i] = (struct out){ node, i };
    struct plan_key key = { .feed = s->feed, .n_feeds = s->n_feeds, .fetch = fetch,
                            .n_fetches = node->n_out, .target = &node, .n_targets = 1 };
    struct status *st = plan_compile(s->graph, &key, s->resources, 0, &p);
    if (!st && !(r = run_new(p, NULL)))
        st = status_no_memory();
    if (!st)
        st = plan_run(p, r, s->fed, out, &o);
    if (r)
        run_free(r);
    if (p)
        plan_free(p);
    return st;
}

static struct status *build_and_run(struct single *s, const struct tensor *in, int n_in,
                                    struct tensor *out, int *n_out)
{
    struct node *node;
    const struct op *op = op_find(s->def->op);
    ENSURE(op, "Op type not registered '%s'", s->def->op);
    ENSURE(n_in <= SINGLE_MOST, "too many inputs");
    s->sig = op_sig(op);
    NEED(s->graph = graph_new());
    NEED(s->resources = resources_new());
    TRY(read_attrs(s));
    for (int i = 0; i < n_in; i++)
        TRY(add_input(s, &in[i]));
    struct node_def d = { .op = s->def->op, .name = "node", .in = s->in, .n_in = n_in,
                          .attr = s->attr, .n_attr = s->n_attr };
    TRY(graph_add(s->graph, &d, &node));
    ENSURE(node->n_out <= SINGLE_MOST, "too many outputs");
    TRY(run(s, node, out));
    *n_out = node->n_out;
    return NULL;
}

struct status *single_run(const Wire__NodeDef *def, const struct tensor *in, int n_in,
                          struct tensor *out, int *n_out)
{
    struct single s = { .def = def };
    *n_out = 0;
    struct status *st = build_and_run(&s, in, n_in, out, n_out);
    for (int i = 0; i < s.n_feeds; i++)
        tensor_unref(&s.fed[i]);
    for (int i = 0; i < s.n_attr; i++)
        attr_release(&s.attr[i]);
    if (s.resources)
        resources_unref(s.resources);
    graph_unref(s.graph);
    arena_free(&s.arena);
    return st;
}
