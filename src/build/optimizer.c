#include "build/optimizer.h"
#include "base/mem.h"

#include <stdio.h>

const struct optimizer_rule GRADIENT_DESCENT = {
    "GradientDescent", "ApplyGradientDescent", { 0 }, { "learning_rate" }, "0g" };
const struct optimizer_rule MOMENTUM = {
    "Momentum", "ApplyMomentum", { "momentum" }, { "learning_rate", "momentum" }, "a0g1" };
const struct optimizer_rule ADAGRAD = {
    "Adagrad", "ApplyAdagrad", { "accumulator" }, { "learning_rate" }, "a0g" };
const struct optimizer_rule ADADELTA = {
    "Adadelta", "ApplyAdadelta", { "accum", "accum_update" }, { "lr", "rho", "epsilon" },
    "ab012g" };
const struct optimizer_rule RMSPROP = {
    "RMSProp", "ApplyRMSProp", { "rms", "momentum" },
    { "learning_rate", "decay", "momentum", "epsilon" }, "ab0123g" };
const struct optimizer_rule CENTERED_RMSPROP = {
    "RMSProp", "ApplyCenteredRMSProp", { "rms", "mg", "momentum" },
    { "learning_rate", "decay", "momentum", "epsilon" }, "bac0123g" };
const struct optimizer_rule ADAM = {
    "Adam", "ApplyAdam", { "m", "v" }, { "learning_rate", "beta1", "beta2", "epsilon" },
    "abpq0123g" };
const struct optimizer_rule FTRL = {
    "Ftrl", "ApplyFtrl", { "accum", "linear" },
    { "learning_rate", "l1_regularization_strength", "l2_regularization_strength",
      "learning_rate_power" }, "abg0123" };

/* Slots made for one variable; of Adam also the two powers, which belong to a graph (no var). */
struct slots {
    struct slots *next;
    struct graph *graph;        /* a reference */
    const struct node *var;
    struct variable_nodes slot[MAX_SLOTS];
};

struct optimizer {
    const struct optimizer_rule *rule;
    char *name;                 /* NULL: the rule's */
    double hyper[MAX_HYPER], slot_init[MAX_SLOTS];
    bool nesterov;
    struct out rate;
    struct slots *slots;
};

/* While one apply is built. */
struct applying {
    struct optimizer *o;
    struct graph *graph;
    struct out hyper[MAX_HYPER];
    struct variable_nodes power[2];
};

struct optimizer *optimizer_new(const struct optimizer_rule *rule, const double hyper[MAX_HYPER],
                                const double slot_init[MAX_SLOTS], bool nesterov)
{
    struct optimizer *o = mem_new(struct optimizer);
    if (!o)
        return NULL;
    o->rule = rule;
    o->nesterov = nesterov;
    memcpy(o->hyper, hyper, sizeof o->hyper);
    memcpy(o->slot_init, slot_init, sizeof o->slot_init);
    return o;
}

void optimizer_free(struct optimizer *o)
{
    if (!o)
        return;
    for (struct slots *s = o->slots, *next; s; s = next) {
        next = s->next;
        graph_unref(s->graph);
        mem_free(s);
    }
    mem_free(o->name);
    mem_free(o);
}

void optimizer_set_rate(struct optimizer *o, struct out rate) { o->rate = rate; }

struct status *optimizer_set_name(struct optimizer *o, const char *name)
{
    char *copy;
    ENSURE(name && *name, "Must specify the optimizer name");
    NEED(copy = mem_strdup(name));
    mem_free(o->name);
    o->name = copy;
    return NULL;
}

static const char *name_of(const struct optimizer *o) { return o->name ? o->name : o->rule->name; }

/* ---- gradients ---- */

static struct status *check_loss(struct out loss, int n)
{
    ENSURE(n > 0, "No variables to optimize.");
    ENSURE(dtype_is_floating(out_dtype(loss)), "Invalid type %s for %s:%d, expected: float32, "
           "float64, float16, bfloat16.", dtype_py_name(out_dtype(loss)), loss.node->name,
           loss.index);
    return NULL;
}

static struct status *gradients_of(struct out loss, const struct variable_nodes *vars, int n,
                                   struct gradient *grads)
{
    struct arena tmp = { 0 };
    struct out *x = arena_array(&tmp, struct out, 2 * n);
    struct slices *slices = arena_array(&tmp, struct slices, n);
    struct gradients q = { .y = &loss, .n_y = 1, .x = x, .n_x = n,
                           .context = current_context(loss.node->graph),
                           .add = build_exactly };
    struct status *st = x && slices ? NULL : status_no_memory();
    for (int i = 0; i < n && !st; i++)
        x[i] = vars[i].ref;
    if (!st)
        st = graph_gradients(loss.node->graph, &q, x + n, slices);
    for (int i = 0; i < n && !st; i++)
        grads[i] = (struct gradient){ x[n + i], slices[i].indices, slices[i].dense_shape };
    arena_free(&tmp);
    return st;
}

void optimizer_gradients(struct out loss, const struct variable_nodes *vars, int n,
                         struct gradient *grads)
{
    for (int i = 0; i < n; i++)
        grads[i] = (struct gradient){ 0 };
    if (!loss.node || build_failed(loss.node->graph))
        return;
    struct status *st = check_loss(loss, n);
    build_fail(loss.node->graph, st ? st : gradients_of(loss, vars, n, grads));
}

/* ---- slots ---- */

static struct slots *find_slots(struct optimizer *o, const struct graph *g, const struct node *var)
{
    struct slots *s = o->slots;
    while (s && (s->graph != g || s->var != var))
        s = s->next;
    return s;
}

static struct slots *add_slots(struct optimizer *o, struct graph *g, const struct node *var)
{
    struct slots *s = mem_new(struct slots);
    if (!s) {
        build_fail(g, status_no_memory());
        return NULL;
    }
    *s = (struct slots){ .next = o->slots, .graph = graph_ref(g), .var = var };
    o->slots = s;
    return s;
}

/* F23: "w/Momentum", its initial value under "w/Momentum/Initializer/". */
static struct variable_nodes make_slot(const struct optimizer *o, const struct variable_nodes *v,
                                       double value)
{
    char name[600];
    struct graph *g = v->ref.node->graph;
    snprintf(name, sizeof name, "%s/%s", v->ref.node->name, name_of(o));
    const char *unique = graph_unique_name(g, name, false);
    snprintf(name, sizeof name, "%s/Initializer/%s", unique ? unique : "",
             value == 0 ? "zeros" : value == 1 ? "ones" : "Const");
    struct out initial = build_filled(g, name, variable_dtype(v), variable_shape(v), value);
    unsigned flags = VARIABLE_NOT_TRAINABLE | (variable_is_resource(v) ? VARIABLE_RESOURCE : 0);
    return unique ? build_variable(g, unique, initial, flags) : (struct variable_nodes){ 0 };
}

static void make_slots(struct optimizer *o, const struct variable_nodes *v)
{
    if (!o->rule->slot[0] || find_slots(o, v->ref.node->graph, v->ref.node))
        return;
    struct slots *s = add_slots(o, v->ref.node->graph, v->ref.node);
    for (int i = 0; s && i < MAX_SLOTS && o->rule->slot[i]; i++)
        s->slot[i] = make_slot(o, v, o->slot_init[i]);
}

static struct variable_nodes make_power(struct graph *g, const char *name, double value)
{
    char initial[64];
    snprintf(initial, sizeof initial, "%s/initial_value", name);
    return build_variable(g, name, build_scalar(g, initial, DT_FLOAT, value),
                          VARIABLE_NOT_TRAINABLE);
}

static void make_powers(struct applying *a)
{
    if (a->o->rule != &ADAM)
        return;
    struct slots *s = find_slots(a->o, a->graph, NULL);
    if (!s && (s = add_slots(a->o, a->graph, NULL))) {
        s->slot[0] = make_power(a->graph, "beta1_power", a->o->hyper[1]);
        s->slot[1] = make_power(a->graph, "beta2_power", a->o->hyper[2]);
    }
    for (int i = 0; s && i < 2; i++)
        a->power[i] = s->slot[i];
}

struct variable_nodes optimizer_slot(struct optimizer *o, const struct variable_nodes *v,
                                     const char *slot)
{
    const struct slots *s = v->ref.node ? find_slots(o, v->ref.node->graph, v->ref.node) : NULL;
    for (int i = 0; s && i < MAX_SLOTS && o->rule->slot[i]; i++)
        if (!strcmp(o->rule->slot[i], slot))
            return s->slot[i];
    return (struct variable_nodes){ 0 };
}

/* ---- updates ---- */

static void make_hypers(struct applying *a)
{
    for (int i = 0; i < MAX_HYPER && a->o->rule->hyper[i]; i++)
        a->hyper[i] = i == 0 && a->o->rate.node
            ? a->o->rate : build_scalar(a->graph, a->o->rule->hyper[i], DT_FLOAT, a->o->hyper[i]);
}

static struct out as_dtype(struct out x, enum dtype t)
{
    if (!x.node || out_dtype(x) == t)
        return x;
    return build(NULL, "Cast", NULL, &x, 1, ATTRS(attr_type("DstT", t)));
}

/* Rows of the same index are summed first (F28). */
static void deduplicate(struct graph *g, struct gradient *d)
{
    struct out unique = build(g, "Unique", NULL, &d->indices, 1, NULL, 0);
    struct out shape = build(g, "Shape", NULL, &unique, 1, NULL, 0);
    struct out zero = build_ints(g, NULL, DT_INT32, (int64_t[]){ 0 }, 1);
    struct out one = build_ints(g, NULL, DT_INT32, (int64_t[]){ 1 }, 1);
    struct out count = build(g, "StridedSlice", NULL, OUTS(shape, zero, one, one),
                             ATTRS(attr_int("shrink_axis_mask", 1)));
    d->values = build(g, "UnsortedSegmentSum", NULL, OUTS(d->values, out_at(unique, 1), count),
                      NULL, 0);
    d->indices = unique;
}

/* The Apply op's inputs, as the rule's letters say; returns how many. */
static int apply_inputs(struct applying *a, const struct variable_nodes *v,
                        const struct gradient *d, struct out *in)
{
    const struct slots *s = find_slots(a->o, a->graph, v->ref.node);
    enum dtype t = variable_dtype(v);
    int n = 0;
    in[n++] = v->ref;
    for (const char *c = a->o->rule->inputs; *c; c++) {
        if (*c == 'g') {
            in[n++] = d->values;
            if (d->indices.node)
                in[n++] = d->indices;
        } else if (*c == 'p' || *c == 'q') {
            in[n++] = as_dtype(a->power[*c - 'p'].value, t);
        } else if (*c >= 'a') {
            in[n++] = s ? s->slot[*c - 'a'].ref : (struct out){ 0 };
        } else {
            in[n++] = as_dtype(a->hyper[*c - '0'], t);
        }
    }
    return n;
}

static struct node *apply_op(struct applying *a, const struct variable_nodes *v,
                             const struct gradient *d)
{
    char op[64];
    struct out in[16];
    int n = apply_inputs(a, v, d, in);
    struct attr nesterov = attr_bool("use_nesterov", true);
    snprintf(op, sizeof op, "%s%s%s", variable_is_resource(v) ? "Resource" : "",
             d->indices.node ? "Sparse" : "", a->o->rule->op);
    return build(a->graph, op, NULL, in, n, &nesterov, a->o->nesterov).node;
}

/* Gradient descent needs no Apply op for rows: they are subtracted where they belong. */
static struct node *descend_rows(struct applying *a, const struct variable_nodes *v,
                                 const struct gradient *d)
{
    struct out rate = as_dtype(a->hyper[0], variable_dtype(v));
    struct out step = build(a->graph, "Mul", NULL, OUTS(d->values, rate), NULL, 0);
    if (!variable_is_resource(v))
        return build(a->graph, "ScatterSub", NULL, OUTS(v->ref, d->indices, step), NULL, 0).node;
    step = build(a->graph, "Neg", NULL, &step, 1, NULL, 0);
    return build(a->graph, "ResourceScatterAdd", NULL, OUTS(v->ref, d->indices, step), NULL,
                 0).node;
}

/* decay * slot everywhere, then (1 - decay) * term in the rows given; what the slot is after. */
static struct out decay_rows(struct applying *a, const struct variable_nodes *slot,
                             struct out decay, struct out rows, struct out indices)
{
    enum dtype t = variable_dtype(slot);
    struct graph *g = a->graph;
    struct out rest = build(g, "Sub", NULL, OUTS(build_scalar(g, "sub/x", t, 1), decay), NULL, 0);
    struct out faded = build_update("Assign", "AssignVariableOp", *slot,
                                    build(g, "Mul", NULL, OUTS(slot->value, decay), NULL, 0));
    struct out term = build(g, "Mul", NULL, OUTS(rows, rest), NULL, 0);
    struct node *after = faded.node;
    bool resource = variable_is_resource(slot);
    struct attr dtype = attr_type("dtype", t);
    struct out done = build_node(g, &(struct build_args){
        .op = resource ? "ResourceScatterAdd" : "ScatterAdd",
        .in = (struct out[]){ resource ? slot->ref : faded, indices, term }, .n_in = 3,
        .after = &after, .n_after = after != NULL });
    if (!resource || !done.node)
        return done;
    return build_node(g, &(struct build_args){ .op = "ReadVariableOp", .in = &slot->ref,
                      .n_in = 1, .attr = &dtype, .n_attr = 1, .after = &done.node, .n_after = 1 });
}

/* F36, sparse: the moments fade everywhere, only given rows get the new term, and the whole
 * variable moves. */
static struct node *adam_rows(struct applying *a, const struct variable_nodes *v,
                              const struct gradient *d)
{
    const struct slots *s = find_slots(a->o, a->graph, v->ref.node);
    enum dtype t = variable_dtype(v);
    struct graph *g = a->graph;
    if (!s)
        return NULL;
    struct out h[MAX_HYPER], power[2], one = build_scalar(g, "one", t, 1);
    for (int i = 0; i < MAX_HYPER; i++)
        h[i] = as_dtype(a->hyper[i], t);
    for (int i = 0; i < 2; i++) {
        struct out p = as_dtype(a->power[i].value, t);
        power[i] = build(g, "Sub", NULL, OUTS(one, p), NULL, 0);
    }
    struct out root = build(g, "Sqrt", NULL, &power[1], 1, NULL, 0);
    struct out rate = build(g, "Mul", NULL, OUTS(h[0], root), NULL, 0);
    rate = build(g, "RealDiv", NULL, OUTS(rate, power[0]), NULL, 0);
    struct out m = decay_rows(a, &s->slot[0], h[1], d->values, d->indices);
    struct out squares = build(g, "Mul", NULL, OUTS(d->values, d->values), NULL, 0);
    struct out var = decay_rows(a, &s->slot[1], h[2], squares, d->indices);
    struct out below = build(g, "Add", NULL, OUTS(build(g, "Sqrt", NULL, &var, 1, NULL, 0), h[3]),
                             NULL, 0);
    struct out step = build(g, "RealDiv", NULL, OUTS(build(g, "Mul", NULL, OUTS(rate, m), NULL, 0),
                                                     below), NULL, 0);
    return build_update("AssignSub", "AssignSubVariableOp", *v, step).node;
}

static struct node *update(struct applying *a, const struct variable_nodes *v, struct gradient d)
{
    char scope[600];
    struct node *n;
    snprintf(scope, sizeof scope, "update_%s", v->ref.node->name);
    scope_name(a->graph, scope);
    if (!d.indices.node) {
        n = apply_op(a, v, &d);
    } else if (a->o->rule == &GRADIENT_DESCENT) {
        n = descend_rows(a, v, &d);
    } else {
        deduplicate(a->graph, &d);
        n = a->o->rule == &ADAM ? adam_rows(a, v, &d) : apply_op(a, v, &d);
    }
    scope_end(a->graph);
    return n;
}

/* Adam's powers move on after all updates; returns how many nodes were added to the list. */
static int finish(struct applying *a, struct node **done, int n)
{
    if (a->o->rule != &ADAM)
        return 0;
    struct node *moved[2];
    scope_control(a->graph, done, n);
    for (int i = 0; i < 2; i++) {
        struct out next = build(a->graph, "Mul", "mul", OUTS(a->power[i].value, a->hyper[1 + i]),
                                NULL, 0);
        moved[i] = build_update("Assign", "AssignVariableOp", a->power[i], next).node;
    }
    scope_end(a->graph);
    done[n] = moved[0];
    done[n + 1] = moved[1];
    return 2;
}

/* "Momentum" or "Momentum/update", and then the step goes up by one. */
static struct node *train_op(struct applying *a, struct node **done, int n, const char *name,
                             const struct variable_nodes *step)
{
    if (!step || !step->ref.node)
        return build_group(a->graph, done, n, name);
    struct node *updates = build_group(a->graph, done, n, "update");
    struct out one = build_scalar(a->graph, "value", variable_dtype(step), 1);
    bool resource = variable_is_resource(step);
    return build_node(a->graph, &(struct build_args){
        .op = resource ? "AssignAddVariableOp" : "AssignAdd", .name = name,
        .in = (struct out[]){ step->ref, one }, .n_in = 2, .after = &updates,
        .n_after = updates != NULL, .colocate = resource ? NULL : step->ref.node }).node;
}

static struct node *apply(struct applying *a, const struct gradient *grads,
                          const struct variable_nodes *vars, int n, struct node **done,
                          const struct variable_nodes *global_step)
{
    int m = 0;
    make_powers(a);
    scope_name(a->graph, NULL);                 /* slots are named after their variables (F23) */
    for (int i = 0; i < n && !build_failed(a->graph); i++)
        if (grads[i].values.node)
            make_slots(a->o, &vars[i]);
    scope_end(a->graph);
    const char *name = scope_name(a->graph, name_of(a->o));
    make_hypers(a);
    for (int i = 0; i < n && !build_failed(a->graph); i++)
        if (grads[i].values.node)
            done[m++] = update(a, &vars[i], grads[i]);
    m += build_failed(a->graph) ? 0 : finish(a, done, m);
    struct node *train = build_failed(a->graph) || !name
        ? NULL : train_op(a, done, m, name, global_step);
    scope_end(a->graph);
    if (train)
        build_fail(a->graph, graph_collect(a->graph, "train_op", (struct out){ train, -1 }));
    return train;
}

struct node *optimizer_apply(struct optimizer *o, const struct gradient *grads,
                             const struct variable_nodes *vars, int n,
                             const struct variable_nodes *global_step)
{
    struct applying a = { .o = o, .graph = n && vars[0].ref.node ? vars[0].ref.node->graph : NULL };
    bool any = false;
    if (!n)
        build_fail(build_graph(NULL, global_step ? &global_step->ref : NULL, global_step != NULL),
                   status_new(INVALID_ARGUMENT, "No variables provided."));
    if (!a.graph || build_failed(a.graph))
        return NULL;
    for (int i = 0; i < n; i++) {
        any |= grads[i].values.node != NULL;
        if (!vars[i].ref.node)
            build_fail(a.graph, status_new(INVALID_ARGUMENT, "Variable %d is missing", i));
    }
    if (build_failed(a.graph))
        return NULL;
    if (!any) {
        build_fail(a.graph, status_new(INVALID_ARGUMENT, "No gradients provided for any variable, "
                                       "check your graph for ops that do not support gradients, "
                                       "between the %d variables and the loss.", n));
        return NULL;
    }
    struct node **done = mem_array(struct node *, n + 2), *train = NULL;
    if (done)
        train = apply(&a, grads, vars, n, done, global_step);
    else
        build_fail(a.graph, status_no_memory());
    mem_free(done);
    return train;
}

/* F30 */
struct variable_nodes build_global_step(struct graph *g)
{
    struct variable_nodes none = { 0 }, v;
    struct out item;
    g = build_graph(g, NULL, 0);
    if (!g)
        return none;
    if (graph_collection(g, "global_step", &item, 1)) {
        build_fail(g, status_new(ALREADY_EXISTS, "\"global_step\" already exists."));
        return none;
    }
    v = build_variable(g, "global_step",
                       build_scalar(g, "global_step/Initializer/zeros", DT_INT64, 0),
                       VARIABLE_NOT_TRAINABLE);
    if (v.ref.node)
        build_fail(g, graph_collect(g, "global_step", v.ref));
    return v;
}
