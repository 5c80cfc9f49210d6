/* trial.c - one case built as a graph and run. */
#include "test/trial.h"
#include "base/mem.h"

#include <stdio.h>

/* ---- the op that gives a kernel inputs whose buffers nobody else holds ---- */

static struct status *copy_run(struct kernel *k)
{
    return tensor_copy(kernel_out(k, 0), k->env->buffers, kernel_in(k, 0));
}

static const struct op copy_rows[] = {
    { .name       = "TestCopy",
      .inputs     = "input: T",
      .outputs    = "output: T",
      .attrs      = "T: type",
      .doc        = "Copies its input into memory of its own.",
      .shape      = shape_unchanged,
      .grad       = NOT_DIFFERENTIABLE,
      .kernel_any = copy_run,
      .flags      = OP_STATEFUL },
    { 0 }
};

struct status *trial_init(void) { return ops_register(copy_rows); }

/* ---- which argument an input belongs to, and its type ---- */

static int attr_index(const struct op_case *c, const char *name)
{
    for (int i = 0; i < c->n_attr; i++)
        if (!strcmp(c->attr[i].name, name))
            return i;
    return -1;
}

static bool arg_is_list(const struct arg *a) { return a->list || a->number_attr >= 0; }

/* How many inputs a list takes: what its attribute says, else an equal part of what is left. */
static int list_length(const struct op_case *c, const struct sig *s, const struct arg *a)
{
    int said = attr_index(c, s->attr[a->list ? a->type_attr : a->number_attr].name);
    int lists = 0, left = c->n_in;
    if (said >= 0 && a->list)
        return c->attr[said].n;
    if (said >= 0)          /* whatever it says */
        return c->attr[said].i < 0 ? 0 : c->attr[said].i > c->n_in ? c->n_in : (int)c->attr[said].i;
    for (int i = 0; i < s->n_in; i++) {
        lists += arg_is_list(&s->in[i]);
        left -= !arg_is_list(&s->in[i]);
    }
    return left > 0 ? left / lists : 0;
}

static const struct arg *arg_of(const struct op_case *c, const struct sig *s, int input, int *nth)
{
    for (int i = 0; i < s->n_in; i++) {
        int n = arg_is_list(&s->in[i]) ? list_length(c, s, &s->in[i]) : 1;
        if (input < n) {
            *nth = input;
            return &s->in[i];
        }
        input -= n;
    }
    return NULL;
}

static enum dtype said_type(const struct op_case *c, const char *attr, int nth)
{
    int i = attr_index(c, attr);
    if (i < 0)
        return DT_INVALID;
    if (c->attr[i].kind == ATTR_TYPE)
        return (enum dtype)c->attr[i].i;
    bool list = c->attr[i].kind == ATTR_LIST + ATTR_TYPE && nth < c->attr[i].n;
    return list ? (enum dtype)c->attr[i].ints[nth] : DT_INVALID;
}

/* Another input of the same type attribute whose type is known. */
static enum dtype type_beside(const struct op_case *c, const struct sig *s, int type_attr)
{
    int nth;
    for (int i = 0; i < c->n_in; i++) {
        const struct arg *a = arg_of(c, s, i, &nth);
        if (a && a->type_attr == type_attr && !a->list && c->in[i].has_dtype)
            return c->in[i].dtype;
    }
    return DT_INVALID;
}

/* The type of a shape-only input that does not say it: what the signature leaves. */
static enum dtype dtype_for(const struct op_case *c, const struct op *op, int input)
{
    static const enum dtype liked[] = { DT_FLOAT, DT_INT32, DT_INT64, DT_DOUBLE, DT_BOOL,
                                        DT_STRING };
    int nth;
    const struct sig *s = op ? op_sig(op) : NULL;
    const struct arg *a = s ? arg_of(c, s, input, &nth) : NULL;
    if (c->in[input].has_dtype)
        return c->in[input].dtype;
    if (!a)
        return DT_FLOAT;
    if (a->type_attr < 0)
        return dtype_base(a->dtype);
    const struct attr_def *d = &s->attr[a->type_attr];
    enum dtype t = said_type(c, d->name, nth);
    if (!t && !a->list)
        t = type_beside(c, s, a->type_attr);
    for (int i = 0; !t && i < (int)(sizeof liked / sizeof *liked); i++)
        if (d->allowed & DTYPE_BIT(liked[i]))
            t = liked[i];
    for (int i = 1; !t && i < DT_COUNT; i++)
        if (d->allowed & DTYPE_BIT(i))
            t = (enum dtype)i;
    return t;
}

/* ---- doubles in place of floats ---- */

static bool attr_allows_double(const struct op_case *c, int type_attr)
{
    const struct op *op = op_find(c->op);
    return op && type_attr >= 0 && op_sig(op)->attr[type_attr].allowed & DTYPE_BIT(DT_DOUBLE);
}

static bool is_wider_as_double(enum dtype t)
{
    return dtype_is_floating(t) && t != DT_DOUBLE;
}

static struct status *value_of_input(struct trial *t, int i)
{
    const struct case_value *v = &t->c->in[i];
    const struct op *op = op_find(t->c->op);
    int nth;
    const struct arg *a = op ? arg_of(t->c, op_sig(op), i, &nth) : NULL;
    bool wider = t->in_double && is_wider_as_double(v->dtype) && a && (
        v->holder == IN_VAR || attr_allows_double(t->c, a->type_attr));
    if (!wider || !v->value.buf) {
        t->value[i] = tensor_ref(&v->value);
        return NULL;
    }
    TRY(tensor_new(&t->value[i], NULL, DT_DOUBLE, &v->value.shape));
    for (int64_t j = 0; j < tensor_count(&v->value); j++)
        ((double *)t->value[i].data)[j] = tensor_double(&v->value, j);
    return NULL;
}

static void attrs_of(const struct trial *t, struct attr *attr)
{
    const struct op *op = op_find(t->c->op);
    memcpy(attr, t->c->attr, sizeof *attr * (size_t)t->c->n_attr);
    for (int i = 0; t->in_double && op && i < t->c->n_attr; i++)
        if (attr[i].kind == ATTR_TYPE && is_wider_as_double((enum dtype)attr[i].i) &&
            attr_allows_double(t->c, sig_attr(op_sig(op), attr[i].name)))
            attr[i].i = DT_DOUBLE;
}

/* ---- nodes ---- */

static struct status *add(struct trial *t, const char *op, const struct out *in, int n_in,
                          const struct attr *attr, int n_attr, struct node **n)
{
    char name[32];
    snprintf(name, sizeof name, "n%d", t->graph->n);
    struct node_def d = { .op = op, .name = name, .in = in, .n_in = n_in,
                          .attr = attr, .n_attr = n_attr };
    return graph_add(t->graph, &d, n);
}

struct status *trial_feed(struct trial *t, const struct shape *s, const struct tensor *value,
                          struct out *result)
{
    struct attr attr[] = { attr_type("dtype", value->dtype), attr_shape("shape", s) };
    TRY(add(t, "Placeholder", NULL, 0, attr, 2, &result->node));
    result->index = 0;
    t->feed[t->n_feeds] = *result;
    t->fed[t->n_feeds++] = tensor_ref(value);
    return NULL;
}

static struct status *add_holder(struct trial *t, int i, enum dtype dtype)
{
    const struct case_value *v = &t->c->in[i];
    struct resource *r;
    struct attr attr[] = { attr_type("dtype", t->value[i].buf ? t->value[i].dtype : dtype),
                           attr_shape("shape", &v->shape) };
    TRY(add(t, v->holder == IN_REF ? "VariableV2" : "VarHandleOp", NULL, 0, attr, 2,
            &t->x[i].node));
    if (is_shape_case(t->c))
        return NULL;
    TRY(resources_get(t->resources, &VARIABLE, DEFAULT_CONTAINER, t->x[i].node->name, &r));
    t->holder[i] = (struct variable *)r;
    if (!t->value[i].buf)
        return NULL;
    struct tensor own;          /* the case's value must not be written in place */
    TRY(tensor_copy(&own, NULL, &t->value[i]));
    variable_assign(t->holder[i], &own);
    tensor_unref(&own);
    return NULL;
}

/* ---- tables, which nodes make, fill and read, as in any graph ---- */

bool trial_is_table(const struct trial *t, int i)
{
    return t->c->in[i].holder == IN_TABLE || t->c->in[i].holder == IN_MUTABLE;
}

/* A node of "LookupTableImport", or of the op that takes handles: "LookupTableImportV2". */
static struct status *add_for_table(struct trial *t, int i, const char *op, const struct out *in,
                                    int n_in, const struct attr *attr, int n_attr, struct node **n)
{
    int nth;
    char name[64];
    const struct arg *a = arg_of(t->c, op_sig(op_find(t->c->op)), i, &nth);
    snprintf(name, sizeof name, "%s%s", op, a && a->ref ? "" : "V2");
    return add(t, name, in, n_in, attr, n_attr, n);
}

static struct status *add_constant(struct trial *t, const struct tensor *value, struct out *o)
{
    struct attr attr[] = { attr_type("dtype", value->dtype), attr_tensor("value", value) };
    o->index = 0;
    return add(t, "Const", NULL, 0, attr, 2, &o->node);
}

/* Runs the node; its outputs, two at most, are the caller's. */
static struct status *run_node(struct trial *t, struct node *node, struct tensor *got)
{
    struct out fetch[2] = { { node, 0 }, { node, 1 } };
    struct plan_key key = { .fetch = fetch, .n_fetches = node->n_out, .target = &node,
                            .n_targets = 1 };
    struct run_options o = { 0 };
    struct plan *plan;
    TRY(plan_compile(t->graph, &key, t->resources, 0, &plan));
    struct run *r = run_new(plan, NULL);
    struct status *st = r ? plan_run(plan, r, NULL, got, &o) : status_no_memory();
    if (r)
        run_free(r);
    plan_free(plan);
    return st;
}

static struct status *add_table(struct trial *t, int i)
{
    const struct case_value *v = &t->c->in[i];
    struct attr attr[] = { attr_type("key_dtype", v->value.dtype),
                           attr_type("value_dtype", v->beside.dtype),
                           attr_bool("use_node_name_sharing", true) };
    struct out in[3];
    struct node *fill;
    TRY(add_for_table(t, i, v->holder == IN_TABLE ? "HashTable" : "MutableHashTable", NULL, 0,
                      attr, 3, &t->x[i].node));
    if (is_shape_case(t->c) || !tensor_count(&v->value))
        return NULL;
    in[0] = t->x[i];
    TRY(add_constant(t, &v->value, &in[1]));
    TRY(add_constant(t, &v->beside, &in[2]));
    TRY(add_for_table(t, i, "LookupTableImport", in, 3, NULL, 0, &fill));
    return run_node(t, fill, NULL);
}

struct status *trial_table_read(struct trial *t, int i, struct tensor got[2])
{
    const struct case_value *v = &t->c->in[i];
    struct attr attr[] = { attr_type("Tkeys", v->value.dtype),
                           attr_type("Tvalues", v->beside.dtype) };
    struct node *all;
    TRY(add_for_table(t, i, "LookupTableExport", &t->x[i], 1, attr, 2, &all));
    return run_node(t, all, got);
}

/* ---- datasets ---- */

static struct status *add_dataset(struct trial *t, int i)
{
    const struct case_value *v = &t->c->in[i];
    struct shape row = { v->shape.rank - 1, { 0 } };
    struct attr attr = { "output_shapes", ATTR_LIST + ATTR_SHAPE, { .shapes = &row }, 1 };
    struct out rows;
    for (int d = 0; d < row.rank; d++)
        row.dim[d] = v->shape.dim[d + 1];
    TRY(add_constant(t, &v->value, &rows));
    return add(t, "TensorSliceDataset", &rows, 1, &attr, 1, &t->x[i].node);
}

struct status *trial_rows(struct trial *t, struct out dataset, enum dtype dtype,
                          struct out *result)
{
    struct attr attr[] = {
        attr_types("output_types", &(int64_t){ dtype }, 1),
        { "output_shapes", ATTR_LIST + ATTR_SHAPE, { .shapes = &SHAPE_UNKNOWN }, 1 }
    };
    struct tensor n;
    struct out in[2] = { dataset };
    TRY(tensor_new(&n, NULL, DT_INT64, &SHAPE_SCALAR));
    *(int64_t *)n.data = INT64_MAX;
    struct status *st = add_constant(t, &n, &in[1]);
    tensor_unref(&n);
    if (!st)
        st = add(t, "BatchDataset", in, 2, attr, 2, &in[0].node);
    in[0].index = 0;
    result->index = 0;
    return st ? st : add(t, "DatasetToSingleElement", in, 1, attr, 2, &result->node);
}

static struct status *add_input(struct trial *t, int i)
{
    const struct case_value *v = &t->c->in[i];
    enum dtype dtype = dtype_for(t->c, op_find(t->c->op), i);
    struct tensor *x = &t->value[i];
    TRY(value_of_input(t, i));
    if (trial_is_table(t, i))
        return add_table(t, i);
    if (v->holder == IN_DATASET)
        return add_dataset(t, i);
    if (v->holder)
        return add_holder(t, i, dtype);
    if (!x->buf) {
        struct attr attr[] = { attr_type("dtype", dtype), attr_shape("shape", &v->shape) };
        return add(t, "Placeholder", NULL, 0, attr, 2, &t->x[i].node);
    }
    bool number = dtype_is_floating(x->dtype) || dtype_is_complex(x->dtype);
    if (!v->fed && (t->feeding == FEED_CONST || (t->feeding == FEED_SHAPED && !number))) {
        struct attr attr[] = { attr_type("dtype", x->dtype), attr_tensor("value", x) };
        return add(t, "Const", NULL, 0, attr, 2, &t->x[i].node);
    }
    bool known = t->feeding == FEED_SHAPED && !v->fed;
    TRY(trial_feed(t, known ? &x->shape : &SHAPE_UNKNOWN, x, &t->x[i]));
    if (t->feeding == FEED_COPIED)
        return add(t, "TestCopy", &t->x[i], 1, NULL, 0, &t->x[i].node);
    return NULL;
}

struct status *trial_build(struct trial *t, const struct op_case *c, enum feeding feeding,
                           bool in_double)
{
    struct attr attr[CASE_MOST];
    *t = (struct trial){ .c = c, .feeding = feeding, .in_double = in_double };
    NEED(t->graph = graph_new());
    NEED(t->resources = resources_new());
    for (int i = 0; i < c->n_in; i++)
        TRY(add_input(t, i));
    attrs_of(t, attr);
    return add(t, c->op, t->x, c->n_in, attr, c->n_attr, &t->node);
}

void trial_release(struct trial *t)
{
    for (int i = 0; i < CASE_MOST; i++) {
        tensor_unref(&t->value[i]);
        resource_unref(t->holder[i] ? &t->holder[i]->base : NULL);
    }
    for (int i = 0; i < t->n_feeds; i++)
        tensor_unref(&t->fed[i]);
    if (t->resources)
        resources_unref(t->resources);
    graph_unref(t->graph);
}

/* ---- running ---- */

static int feed_index(const struct trial *t, struct out o)
{
    for (int i = 0; i < t->n_feeds; i++)
        if (t->feed[i].node == o.node && t->feed[i].index == o.index)
            return i;
    return -1;
}

struct status *trial_compile(struct trial *t, const struct out *fetch, int n, bool target,
                             unsigned flags, struct trial_plan *p)
{
    struct out asked[3 * CASE_MOST];
    struct plan_key key = { .feed = t->feed, .n_feeds = t->n_feeds, .fetch = asked,
                            .target = &t->node, .n_targets = target };
    *p = (struct trial_plan){ .n = n };
    for (int i = 0; i < n; i++) {
        p->alias[i] = feed_index(t, fetch[i]);
        if (p->alias[i] < 0)
            asked[key.n_fetches++] = fetch[i];
    }
    if (!target && !key.n_fetches)
        return NULL;
    TRY(plan_compile(t->graph, &key, t->resources, flags, &p->plan));
    p->run = run_new(p->plan, NULL);
    NEED(p->run);
    return NULL;
}

struct status *trial_run(struct trial *t, struct trial_plan *p, struct tensor *fetch)
{
    struct run_options o = { 0 };
    struct tensor got[3 * CASE_MOST] = { 0 };
    if (p->plan)
        TRY(plan_run(p->plan, p->run, t->fed, got, &o));
    for (int i = 0, k = 0; i < p->n; i++)
        fetch[i] = p->alias[i] < 0 ? got[k++] : tensor_ref(&t->fed[p->alias[i]]);
    return NULL;
}

void trial_plan_release(struct trial_plan *p)
{
    if (p->run)
        run_free(p->run);
    if (p->plan)
        plan_free(p->plan);
    *p = (struct trial_plan){ 0 };
}
