/* optimizer.c - weft.h: gradients and optimizers. */
#include "api/api.h"
#include "base/mem.h"

#include <stdio.h>

/* ---- gradients ---- */

static void no_gradients(struct weft_out *dx, struct weft_slices *slices, int n)
{
    for (int i = 0; i < n; i++) {
        dx[i] = (struct weft_out){ 0 };
        if (slices)
            slices[i] = (struct weft_slices){ { 0 }, { 0 }, { 0 } };
    }
}

static struct status *find_gradients(struct graph *g, const struct gradients *q,
                                     struct weft_out *dx, struct weft_slices *slices)
{
    struct slices *rows = slices ? mem_array(struct slices, q->n_x) : NULL;
    NEED(!slices || rows);
    struct status *st = graph_gradients(g, q, (struct out *)dx, rows);
    for (int i = 0; i < q->n_x && rows && !st; i++)
        slices[i] = (struct weft_slices){ dx[i], out_out(rows[i].indices),
                                          out_out(rows[i].dense_shape) };
    mem_free(rows);
    return st;
}

/* ---- the caller's own gradients ---- */

static struct weft_slices slices_out(struct out values, const struct slices *s)
{
    return (struct weft_slices){ out_out(values), out_out(s->indices), out_out(s->dense_shape) };
}

static struct status *ask(const struct weft_gradients_options *o, struct grad *g,
                          struct weft_slices *dy, struct weft_slices *dx, bool *done)
{
    for (int i = 0; i < g->n_out; i++)
        dy[i] = slices_out(g->dy[i], &g->dy_slices[i]);
    struct weft_node_gradient q = { .node = node_out(g->node), .scope = g->scope, .dy = dy,
                                    .dx = dx, .n_dy = g->n_out, .n_dx = g->n_in };
    TRY(status_in(o->function(o->ctx, &q, done)));
    for (int i = 0; i < g->n_in && *done; i++) {
        g->dx[i] = out_in(dx[i].values);
        g->dx_slices[i] = (struct slices){ out_in(dx[i].indices), out_in(dx[i].dense_shape) };
    }
    return NULL;
}

/* What he makes is where the gradient is: in the loop that goes back. */
static struct status *ask_within(const struct weft_gradients_options *o, struct grad *g,
                                 struct weft_slices *dy, struct weft_slices *dx, bool *done)
{
    if (!g->context)
        return ask(o, g, dy, dx, done);
    scope_context(g->graph, g->context);
    struct status *st = ask(o, g, dy, dx, done);
    scope_end(g->graph);
    return st;
}

/* An error that sticks meanwhile ends it all. */
static struct status *ask_caller(void *ctx, struct grad *g, bool *done)
{
    struct weft_slices *dy = mem_array(struct weft_slices, g->n_out + 1);
    struct weft_slices *dx = mem_array(struct weft_slices, g->n_in + 1);
    struct status *st = dy && dx ? ask_within(ctx, g, dy, dx, done) : status_no_memory();
    mem_free(dy);
    mem_free(dx);
    if (!st && build_failed(g->graph))
        st = status_new(INTERNAL, "The gradient of '%s' failed", g->node->name);
    return st;
}

void weft_gradients(struct weft_graph *g, const struct weft_out *ys, int n_ys,
                    const struct weft_out *xs, int n_xs,
                    const struct weft_gradients_options *options, struct weft_out *dx)
{
    static const struct weft_gradients_options none;
    const struct weft_gradients_options *o = options ? options : &none;
    struct graph *graph = build_graph(graph_in(g), outs_in(ys), n_ys);
    no_gradients(dx, o->slices, n_xs);
    if (!graph || build_failed(graph))
        return;
    const char *name = o->name ? o->name : "gradients";
    bool exact = *name && name[strlen(name) - 1] == '/';
    char scope[512];
    snprintf(scope, sizeof scope, "%s%s", exact ? "" : scope_prefix(graph), name);
    struct gradients q = { .y = outs_in(ys), .x = outs_in(xs), .n_y = n_ys, .n_x = n_xs,
                           .grad_y = o->grad_ys ? outs_in(o->grad_ys) : NULL,
                           .stop = o->stop ? outs_in(o->stop) : NULL, .n_stop = o->n_stop,
                           .scope = scope, .colocate = o->colocate, .gate = o->gate,
                           .context = current_context(graph), .add = build_exactly,
                           .function = o->function ? ask_caller : NULL, .ctx = (void *)o };
    struct status *st = find_gradients(graph, &q, dx, o->slices);
    if (st)
        no_gradients(dx, o->slices, n_xs);
    build_fail(graph, st);
}

/* ---- rules ---- */

#define NUMBERS(...) (const double[MAX_HYPER]){ __VA_ARGS__ }
#define SLOTS(...) (const double[MAX_SLOTS]){ __VA_ARGS__ }

struct weft_optimizer *weft_gradient_descent(double rate)
{
    return optimizer_out(optimizer_new(&GRADIENT_DESCENT, NUMBERS(rate), SLOTS(0), false));
}

struct weft_optimizer *weft_momentum(double rate, double momentum, bool nesterov)
{
    return optimizer_out(optimizer_new(&MOMENTUM, NUMBERS(rate, momentum), SLOTS(0), nesterov));
}

struct weft_optimizer *weft_adagrad(double rate, double initial)
{
    return optimizer_out(optimizer_new(&ADAGRAD, NUMBERS(rate), SLOTS(initial), false));
}

struct weft_optimizer *weft_adadelta(double rate, double rho, double epsilon)
{
    return optimizer_out(optimizer_new(&ADADELTA, NUMBERS(rate, rho, epsilon), SLOTS(0), false));
}

struct weft_optimizer *weft_rmsprop(double rate, double decay, double momentum, double epsilon,
                                    bool centered)
{
    return optimizer_out(optimizer_new(centered ? &CENTERED_RMSPROP : &RMSPROP,
                                       NUMBERS(rate, decay, momentum, epsilon), SLOTS(1), false));
}

struct weft_optimizer *weft_adam(double rate, double beta1, double beta2, double epsilon)
{
    return optimizer_out(optimizer_new(&ADAM, NUMBERS(rate, beta1, beta2, epsilon), SLOTS(0),
                                       false));
}

struct weft_optimizer *weft_ftrl(double rate, double power, double initial, double l1, double l2)
{
    return optimizer_out(optimizer_new(&FTRL, NUMBERS(rate, l1, l2, power), SLOTS(initial), false));
}

void weft_optimizer_set_rate(struct weft_optimizer *o, struct weft_out rate)
{
    optimizer_set_rate(optimizer_in(o), out_in(rate));
}

struct weft_status *weft_optimizer_set_name(struct weft_optimizer *o, const char *name)
{
    return status_out(optimizer_set_name(optimizer_in(o), name));
}

void weft_optimizer_free(struct weft_optimizer *o) { optimizer_free(optimizer_in(o)); }

struct weft_variable weft_optimizer_slot(struct weft_optimizer *o, struct weft_variable v,
                                         const char *slot)
{
    struct variable_nodes nodes = variable_in(v);
    return variable_out(optimizer_slot(optimizer_in(o), &nodes, slot));
}

/* ---- training ---- */

/* The variables given, or all trainable ones; the caller frees *all. */
static const struct variable_nodes *chosen(struct graph *g, const struct weft_variable *vars,
                                           int *n, struct weft_variable **all)
{
    *all = NULL;
    if (*n)
        return (const struct variable_nodes *)vars;
    *n = weft_trainable_variables(graph_out(g), NULL, 0);
    *all = mem_array(struct weft_variable, *n + 1);
    if (!*all) {
        build_fail(g, status_no_memory());
        *n = 0;
        return NULL;
    }
    int now = weft_trainable_variables(graph_out(g), *all, *n);
    *n = now < *n ? now : *n;           /* another thread may be adding some */
    return (const struct variable_nodes *)*all;
}

void weft_compute_gradients(struct weft_optimizer *o, struct weft_out loss,
                            const struct weft_variable *vars, int n, struct weft_slices *grads)
{
    (void)o;                    /* every rule differentiates alike */
    optimizer_gradients(out_in(loss), (const struct variable_nodes *)vars, n,
                        (struct gradient *)grads);
}

struct weft_node *weft_apply_gradients(struct weft_optimizer *o, const struct weft_slices *grads,
                                       const struct weft_variable *vars, int n,
                                       const struct weft_variable *global_step)
{
    return node_out(optimizer_apply(optimizer_in(o), (const struct gradient *)grads,
                                    (const struct variable_nodes *)vars, n,
                                    (const struct variable_nodes *)global_step));
}

struct weft_node *weft_minimize(struct weft_optimizer *o, struct weft_out loss,
                                const struct weft_variable *vars, int n,
                                const struct weft_variable *global_step)
{
    struct weft_variable *all = NULL;
    struct node *train = NULL;
    if (!o || !loss.node)
        return NULL;
    struct graph *g = node_in(loss.node)->graph;
    const struct variable_nodes *nodes = chosen(g, vars, &n, &all);
    struct gradient *grads = mem_array(struct gradient, n + 1);
    if (grads) {
        optimizer_gradients(out_in(loss), nodes, n, grads);
        if (n)
            train = optimizer_apply(optimizer_in(o), grads, nodes, n,
                                    (const struct variable_nodes *)global_step);
    } else {
        build_fail(g, status_no_memory());
    }
    mem_free(grads);
    mem_free(all);
    return node_out(train);
}
