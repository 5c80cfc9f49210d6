/* apply.c - the driver of the training ops; see apply.h. */
#include "ops/apply.h"

#include "base/pool.h"
#include "ops/variable.h"

#include <stdio.h>

enum { GRAIN = 16384 };         /* elements worth another thread */

struct training {               /* which input is what, decoded once */
    int n_vars, n_scalars;
    int grad, indices;          /* indices -1: dense */
    int scalar[APPLY_SCALARS];
    bool use_nesterov, update_slots;
};

/* ---- before a run ---- */

static bool is_named(const struct node *n, int i, const char *name)
{
    const struct text *t = &op_sig(n->op)->in[i].name;
    return t->n == strlen(name) && !memcmp(t->s, name, t->n);
}

int apply_input(const struct node *n, const char *name)
{
    for (int i = 0; i < n->n_in; i++)
        if (is_named(n, i, name))
            return i;
    return -1;
}

/* One op calls its gradient delta. */
static int grad_input(const struct node *n)
{
    int i = apply_input(n, "grad");
    return i >= 0 ? i : apply_input(n, "delta");
}

static bool is_variable(const struct node *n, int i)
{
    return node_in_dtype(n, i) == DT_RESOURCE || op_sig(n->op)->in[i].ref;
}

struct status *apply_prepare(struct prep *p)
{
    const struct node *n = p->node;
    struct training *t;
    TRY(prep_state(p, sizeof *t, &t));
    t->grad = grad_input(n);
    t->indices = apply_input(n, "indices");
    t->use_nesterov = node_attr(n, "use_nesterov");
    t->update_slots = !node_attr_find(n, "update_slots") || node_attr(n, "update_slots");
    for (int i = 0; i < n->n_in; i++) {
        if (is_variable(n, i))
            t->n_vars++;
        else if (i != t->grad && i != t->indices)
            t->scalar[t->n_scalars++] = i;
    }
    return NULL;
}

/* Rows of the gradient are as many as the indices; the rest of it is like a row of the variable. */
static struct status *sparse_shape(struct shape_ctx *c, struct shape var, int grad, int indices)
{
    const struct shape *rows = shape_in(c, indices);
    TRY(shape_want_rank(rows, 1));
    TRY(shape_want_rank_at_least(&var, 1));
    if (var.rank < 0)
        return NULL;
    var.dim[0] = rows->rank < 0 ? -1 : rows->dim[0];
    return shape_merge(&var, shape_in(c, grad), &var);
}

struct status *apply_shape(struct shape_ctx *c)
{
    const struct node *n = c->node;
    int grad = grad_input(n), indices = apply_input(n, "indices");
    enum dtype t = node_attr_type(n, "T");
    struct shape var = SHAPE_UNKNOWN, s;
    for (int i = 0; i < n->n_in; i++) {
        if (is_variable(n, i)) {
            TRY(variable_shape_in(c, i, t, &s));
            TRY(shape_merge(&var, &s, &var));
        } else if (i != grad && i != indices) {
            TRY(shape_want_rank(shape_in(c, i), 0));
        }
    }
    if (indices >= 0)
        TRY(sparse_shape(c, var, grad, indices));
    else
        TRY(shape_merge(&var, shape_in(c, grad), &var));
    if (c->n_out)
        *shape_out(c, 0) = var;
    return NULL;
}

/* ---- checks ---- */

/* TensorFlow spells out what l1 and l2 are. */
static const char *input_text(const struct node *n, int i, char text[80])
{
    const struct text *name = &op_sig(n->op)->in[i].name;
    bool is_penalty = name->n >= 2 && name->s[0] == 'l' && (name->s[1] == '1' || name->s[1] == '2');
    snprintf(text, 80, "%.*s%s%s", is_penalty ? 2 : (int)name->n, name->s,
             is_penalty && name->n > 2 ? " shrinkage" : "",
             is_penalty ? " regularization strength" : "");
    return text;
}

struct status *apply_check(const struct kernel *k, int i, bool (*fine)(double),
                           const char *adjective)
{
    const struct tensor *x = kernel_in(k, i);
    ENSURE(x->shape.rank == 0 && (!fine || fine(tensor_double(x, 0))), "%s is not a %sscalar: %s",
           input_text(k->node, i, (char[80]){ 0 }), adjective, SHAPE_STR(&x->shape));
    return NULL;
}

static struct status *check_alike(const struct kernel *k, const struct shape *var, int i,
                                  const struct shape *other)
{
    ENSURE(shape_equal(var, other), "var and %s do not have the same shape%s %s",
           input_text(k->node, i, (char[80]){ 0 }), SHAPE_STR(var), SHAPE_STR(other));
    return NULL;
}

static struct status *check_rows(const struct kernel *k, const struct training *t,
                                 const struct shape *var)
{
    const struct tensor *grad = kernel_in(k, t->grad), *indices = kernel_in(k, t->indices);
    ENSURE(var->rank >= 1, "var must be at least 1 dimensional");
    ENSURE(indices->shape.rank == 1, "indices must be one-dimensional");
    ENSURE(grad->shape.rank == var->rank, "var and grad must have the same rank: %s and %s",
           SHAPE_STR(var), SHAPE_STR(&grad->shape));
    for (int d = 1; d < var->rank; d++)
        ENSURE(grad->shape.dim[d] == var->dim[d], "var and grad must match in dimension %d", d);
    ENSURE(shape_span(var, 1, var->rank) > 0, "Inner dimension should be greater than zero.");
    ENSURE(grad->shape.dim[0] == indices->shape.dim[0],
           "grad must be the same size as indices in the first dimension.");
    for (int64_t i = 0, n = indices->shape.dim[0]; i < n; i++) {
        int64_t row = index_at(indices, i);
        ENSURE(row >= 0 && row < var->dim[0],
               "Index %lld at offset %lld in indices is out of range", (long long)row,
               (long long)i);
    }
    return NULL;
}

static struct status *check(const struct kernel *k, const struct training *t,
                            struct variable *const *v)
{
    const struct tensor *grad = kernel_in(k, t->grad);
    for (int i = 0; i < t->n_vars; i++)
        TRY(variable_check(k, i, v[i], grad->dtype));
    for (int i = 0; i < t->n_scalars; i++)
        TRY(apply_check(k, t->scalar[i], NULL, ""));
    const struct shape *var = &v[0]->value.shape;
    for (int i = 1; i < t->n_vars; i++)
        TRY(check_alike(k, var, i, &v[i]->value.shape));
    return t->indices >= 0 ? check_rows(k, t, var) : check_alike(k, var, t->grad, &grad->shape);
}

/* ---- the run ---- */

struct pieces { const struct apply *a; apply_rule *rule; };

static void piece(void *ctx, int64_t begin, int64_t end)
{
    const struct pieces *p = ctx;
    p->rule(p->a, begin, begin, end - begin);
}

static void all_elements(struct kernel *k, const struct apply *a, apply_rule *rule, int64_t n)
{
    pool_for(n, GRAIN, k->env->threads, piece, &(struct pieces){ a, rule });
}

static void rows(const struct kernel *k, const struct training *t, const struct apply *a,
                 apply_rule *rule, const struct shape *var)
{
    const struct tensor *indices = kernel_in(k, t->indices);
    int64_t width = shape_span(var, 1, var->rank);
    for (int64_t i = 0, n = indices->shape.dim[0]; i < n; i++)
        rule(a, index_at(indices, i) * width, i * width, width);
}

/* The slots can be written where they are. So can the variable, or it is the one whose old value
 * somebody still reads: then `fresh` is where the new one goes, without a copy in between. */
static struct status *make_writable(struct kernel *k, const struct training *t,
                                    struct variable *const *v, struct tensor *fresh)
{
    for (int i = t->indices < 0; i < t->n_vars; i++)
        TRY(variable_writable(v[i], k->env->buffers));
    *fresh = (struct tensor){ 0 };
    if (variable_is_ours(v[0]))
        return NULL;
    return tensor_new(fresh, k->env->buffers, v[0]->value.dtype, &v[0]->value.shape);
}

static struct status *apply_locked(struct kernel *k, struct variable *const *v, apply_rule *rule)
{
    const struct training *t = k->state;
    struct tensor fresh;
    TRY(check(k, t, v));
    TRY(make_writable(k, t, v, &fresh));

    struct apply a = { .was = v[0]->value.data, .grad = kernel_in(k, t->grad)->data,
                       .use_nesterov = t->use_nesterov, .update_slots = t->update_slots };
    for (int i = 0; i < t->n_vars; i++)
        a.var[i] = v[i]->value.data;
    for (int i = 0; i < t->n_scalars; i++)
        a.scalar[i] = kernel_in(k, t->scalar[i])->data;
    if (fresh.buf)
        a.var[0] = fresh.data;
    if (t->indices < 0)
        all_elements(k, &a, rule, tensor_count(&v[0]->value));
    else
        rows(k, t, &a, rule, &v[0]->value.shape);
    if (fresh.buf) {
        tensor_unref(&v[0]->value);
        v[0]->value = fresh;
    }
    return NULL;
}

struct status *apply(struct kernel *k, apply_rule *rule)
{
    const struct training *t = k->state;
    struct variable *v[APPLY_VARIABLES];
    for (int i = 0; i < t->n_vars; i++)
        TRY(variable_in(k, i, &v[i]));
    variables_lock(v, t->n_vars);
    struct status *st = apply_locked(k, v, rule);
    variables_unlock(v, t->n_vars);
    if (!st && k->node->n_out)
        kernel_set_ref(k, 0, v[0]);
    return st;
}
