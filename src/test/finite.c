/* finite.c - the gradients of a case against finite differences.
 *
 * The function checked is L = sum of w * y over all outputs y that can have gradients, with fixed
 * weights w, which are fed as dL/dy. For complex numbers L is the sum over real and imaginary
 * parts apart, and the gradient is dL/dRe + i dL/dIm, as TensorFlow has it.
 */
#include "base/mem.h"
#include "base/str.h"
#include "test/trial.h"

#include <math.h>
#include <stdio.h>

enum { MOST = 3 * CASE_MOST };

struct leaf { struct out x; struct tensor *value; struct variable *holder; };

struct function {                   /* from leaves to outputs */
    struct trial *t;
    struct leaf leaf[MOST];
    struct out y[MOST], weight[MOST], dx[MOST];
    struct tensor w[MOST];
    struct trial_plan plan;
    int n_leaves, n_y;
};

static bool has_gradient(enum dtype t) { return dtype_is_floating(t) || dtype_is_complex(t); }

/* Real and imaginary parts count as components of their own. */
static int64_t components(const struct tensor *t)
{
    return tensor_count(t) * (dtype_is_complex(t->dtype) ? 2 : 1);
}

static double component(const struct tensor *t, int64_t i)
{
    switch (t->dtype) {
    case DT_COMPLEX64: return ((const float *)t->data)[i];
    case DT_COMPLEX128: return ((const double *)t->data)[i];
    default: return tensor_double(t, i);
    }
}

static void set_component(struct tensor *t, int64_t i, double v)
{
    switch (t->dtype) {
    case DT_COMPLEX64: ((float *)t->data)[i] = (float)v; break;
    case DT_COMPLEX128: ((double *)t->data)[i] = v; break;
    default: tensor_set_double(t, i, v);
    }
}

/* 0.5 to 1.5, never the same twice. */
static struct status *weights_like(const struct tensor *y, int seed, struct tensor *w)
{
    TRY(tensor_new(w, NULL, y->dtype, &y->shape));
    for (int64_t i = 0; i < components(w); i++) {
        double v = sin((double)(i + 31 * seed + 1) * 12.9898) * 43758.5453;
        set_component(w, i, 0.5 + v - floor(v));
    }
    return NULL;
}

static struct status *evaluate(struct function *f, double *total)
{
    struct tensor y[MOST] = { 0 };
    *total = 0;
    TRY(trial_run(f->t, &f->plan, y));
    for (int j = 0; j < f->n_y; j++) {
        for (int64_t i = 0; i < components(&y[j]); i++)
            *total += component(&f->w[j], i) * component(&y[j], i);
        tensor_unref(&y[j]);
    }
    return NULL;
}

/* The outputs' weights, fed through placeholders of their shape. */
static struct status *add_weights(struct function *f, int order)
{
    struct tensor y[MOST] = { 0 };
    struct status *st = trial_run(f->t, &f->plan, y);
    for (int j = 0; !st && j < f->n_y; j++) {
        st = weights_like(&y[j], order * MOST + j, &f->w[j]);
        if (!st)
            st = trial_feed(f->t, &y[j].shape, &f->w[j], &f->weight[j]);
    }
    for (int j = 0; j < f->n_y; j++)
        tensor_unref(&y[j]);
    return st;
}

static struct status *set_leaf(struct leaf *l, int64_t i, double v)
{
    struct tensor own;
    set_component(l->value, i, v);
    if (!l->holder)
        return NULL;
    TRY(tensor_copy(&own, NULL, l->value));
    variable_assign(l->holder, &own);
    tensor_unref(&own);
    return NULL;
}

static double step_of(enum dtype t)
{
    return t == DT_DOUBLE || t == DT_COMPLEX128 ? 1e-5 : t == DT_FLOAT || t == DT_COMPLEX64
         ? 1e-2 : 6e-2;
}

static double slack_of(enum dtype t)
{
    return t == DT_DOUBLE || t == DT_COMPLEX128 ? 2e-6 : t == DT_FLOAT || t == DT_COMPLEX64
         ? 5e-3 : 8e-2;
}

static struct status *slope_at(struct function *f, struct leaf *l, int64_t i, double *slope)
{
    double was = component(l->value, i), up, down;
    double h = step_of(l->value->dtype) * fmax(1, fabs(was));
    TRY(set_leaf(l, i, was + h));
    double above = component(l->value, i);
    TRY(evaluate(f, &up));
    TRY(set_leaf(l, i, was - h));
    double below = component(l->value, i);
    TRY(evaluate(f, &down));
    TRY(set_leaf(l, i, was));
    *slope = (up - down) / (above - below);
    return NULL;
}

/* `dx` without a buffer: not connected, which is right where the slope is 0. */
static struct status *compare_leaf(struct function *f, int j, const struct tensor *dx)
{
    struct leaf *l = &f->leaf[j];
    double slope, tol = slack_of(l->value->dtype);
    if (f->t->c->tolerance.relative > 0)
        tol = f->t->c->tolerance.relative;
    if (dx->buf)
        ENSURE(dx->dtype == l->value->dtype && shape_equal(&dx->shape, &l->value->shape),
               "gradient %d is %s%s, its input %s%s", j, dtype_name(dx->dtype),
               SHAPE_STR(&dx->shape), dtype_name(l->value->dtype), SHAPE_STR(&l->value->shape));
    for (int64_t i = 0; i < components(l->value); i++) {
        TRY(slope_at(f, l, i, &slope));
        double got = dx->buf ? component(dx, i) : 0;
        ENSURE(fabs(slope - got) <= tol * (1 + fabs(slope)),
               "gradient %d, component %lld: finite differences say %.9g, %s %.9g", j,
               (long long)i, slope, dx->buf ? "the gradient is" : "not connected, so", got);
    }
    return NULL;
}

/* Fetches the gradients and compares each with what differences say. */
static struct status *compare(struct function *f)
{
    struct tensor got[MOST] = { 0 };
    struct out fetch[MOST];
    struct trial_plan p;
    int n = 0;
    for (int j = 0; j < f->n_leaves; j++)
        if (f->dx[j].node)
            fetch[n++] = f->dx[j];
    struct status *st = trial_compile(f->t, fetch, n, false, 0, &p);
    if (!st)
        st = trial_run(f->t, &p, got);
    trial_plan_release(&p);
    n = 0;
    for (int j = 0; j < f->n_leaves; j++) {
        struct tensor none = { 0 };
        struct tensor *dx = f->dx[j].node ? &got[n++] : &none;
        if (!st)
            st = compare_leaf(f, j, dx);
        tensor_unref(dx);
    }
    return st;
}

static struct status *differentiate(struct function *f, int order)
{
    struct out x[MOST];
    for (int j = 0; j < f->n_leaves; j++)
        x[j] = f->leaf[j].x;
    ENSURE(f->n_y > 0, "no output can have a gradient");
    TRY(trial_compile(f->t, f->y, f->n_y, false, 0, &f->plan));
    TRY(add_weights(f, order));
    /* The weights are feeds now; the plan must know them. */
    trial_plan_release(&f->plan);
    TRY(trial_compile(f->t, f->y, f->n_y, false, 0, &f->plan));
    struct gradients q = { .y = f->y, .n_y = f->n_y, .x = x, .n_x = f->n_leaves,
                           .grad_y = f->weight };
    return graph_gradients(f->t->graph, &q, f->dx, NULL);
}

static void function_release(struct function *f)
{
    trial_plan_release(&f->plan);
    for (int j = 0; j < f->n_y; j++)
        tensor_unref(&f->w[j]);
}

static void first_function(struct trial *t, struct function *f)
{
    *f = (struct function){ .t = t };
    for (int i = 0; i < t->node->n_out; i++)
        if (has_gradient(t->node->dtype[i]) && !(i < t->c->n_out && t->c->out[i].ignored))
            f->y[f->n_y++] = (struct out){ t->node, i };
    for (int i = 0; i < t->c->n_in; i++)
        if (has_gradient(t->value[i].dtype) && t->value[i].buf && !t->c->in[i].fed)
            f->leaf[f->n_leaves++] = (struct leaf){ t->x[i], &t->value[i], t->holder[i] };
}

/* From the inputs and the first function's weights to the first gradients. */
static void second_function(const struct function *f, struct function *s)
{
    *s = (struct function){ .t = f->t, .n_leaves = f->n_leaves };
    memcpy(s->leaf, f->leaf, sizeof s->leaf);
    for (int j = 0; j < f->n_y; j++)
        s->leaf[s->n_leaves++] = (struct leaf){ f->weight[j], (struct tensor *)&f->w[j], NULL };
    for (int j = 0; j < f->n_leaves; j++)
        if (f->dx[j].node)
            s->y[s->n_y++] = f->dx[j];
}

/* Elements are changed in place, so the values must be the trial's own. */
static struct status *own_values(struct trial *t)
{
    for (int i = 0; i < t->c->n_in; i++) {
        struct tensor own;
        if (!t->value[i].buf || !has_gradient(t->value[i].dtype))
            continue;
        TRY(tensor_copy(&own, NULL, &t->value[i]));
        for (int k = 0; k < t->n_feeds; k++)
            if (t->fed[k].buf == t->value[i].buf) {
                tensor_unref(&t->fed[k]);
                t->fed[k] = tensor_ref(&own);
            }
        tensor_unref(&t->value[i]);
        t->value[i] = own;
    }
    return NULL;
}

static struct status *check_by(const struct op_case *c, enum feeding feeding)
{
    struct trial t;
    struct function *f = mem_array(struct function, 2);
    struct status *st = trial_build(&t, c, feeding, true);
    if (!st)
        st = own_values(&t);
    if (!st) {
        first_function(&t, &f[0]);
        st = differentiate(&f[0], 1);
    }
    if (!st)
        st = compare(&f[0]);
    if (!st && c->order == 2) {
        second_function(&f[0], &f[1]);
        st = differentiate(&f[1], 2);
        if (!st)
            st = compare(&f[1]);
        st = status_prefix(st, "second gradients: ");
    }
    function_release(&f[1]);
    function_release(&f[0]);
    mem_free(f);
    trial_release(&t);
    return status_prefix(st, feeding == FEED_SHAPED ? "[known shapes] " : "[unknown shapes] ");
}

struct status *finite_check(const struct op_case *c)
{
    TRY(check_by(c, FEED_SHAPED));
    return check_by(c, FEED_UNKNOWN);
}
