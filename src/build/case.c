/* case.c - one of several branches: conditions in the branches of conditions. */
#include "base/mem.h"
#include "build/condition.h"
#include "build/scope.h"
#include "tensor/tstring.h"

#include <stdio.h>

struct choice {
    const struct build_case *cases;
    int n;
    struct branch otherwise;
};

struct chain {                  /* what is left of it when some do not hold */
    const struct choice *all;
    int at;
};

/* ---- assertions about the predicates ---- */

struct assertion { struct out condition, values; const char *message; };

static void nothing(void *ctx, struct graph *g, struct out *results, int n)
{
    (void)ctx, (void)n;
    results[0] = (struct out){ build(g, "NoOp", NULL, NULL, 0, NULL, 0).node, -1 };
}

static struct out build_text(struct graph *g, const char *name, const char *text)
{
    struct tensor t = { 0 };
    struct out o = { 0 };
    struct status *st = tensor_new(&t, NULL, DT_STRING, &SHAPE_SCALAR);
    if (!st && !tstring_set(t.data, text, strlen(text)))
        st = status_no_memory();
    build_fail(g, st);
    if (!build_failed(g))
        o = build_const(g, name, &t);
    tensor_unref(&t);
    return o;
}

static void fail(void *ctx, struct graph *g, struct out *results, int n)
{
    const struct assertion *a = ctx;
    struct out message = build_text(g, "Assert/data_0", a->message);
    (void)n;
    results[0] = (struct out){ build(g, "Assert", NULL, OUTS(a->condition, message, a->values),
                                     NULL, 0).node, -1 };
}

/* A node that fails, showing the values, unless the condition holds. */
static struct node *build_assert(struct graph *g, struct out condition, const char *message,
                                 struct out values)
{
    struct assertion a = { condition, values, message };
    struct out done = { 0 };
    scope_name(g, "Assert");
    build_cond(g, "AssertGuard", condition, (struct branch){ nothing, NULL },
               (struct branch){ fail, &a }, &done, 1);
    scope_end(g);
    return done.node;
}

static struct out pack_predicates(struct graph *g, const struct build_case *cases, int n)
{
    struct out *preds = mem_array(struct out, n + 1), packed = { 0 };
    for (int i = 0; i < n && preds; i++)
        preds[i] = cases[i].pred;
    if (preds)
        packed = build(g, "Pack", "preds_c", preds, n, NULL, 0);
    else
        build_fail(g, status_no_memory());
    mem_free(preds);
    return packed;
}

static struct node *assert_at_most(struct graph *g, const struct build_case *cases, int n, int most)
{
    char message[96];
    struct out packed = pack_predicates(g, cases, n);
    struct out count = build(g, "Cast", NULL, &packed, 1, ATTRS(attr_type("DstT", DT_INT32)));
    struct out axis = build_ints(g, "Const", DT_INT32, (int64_t[]){ 0 }, 1);
    count = build(g, "Sum", "num_true_conds", OUTS(count, axis), NULL, 0);
    struct out limit = build_scalar(g, "n_true_conds", DT_INT32, most);
    struct out fine = build(g, "LessEqual", NULL, OUTS(count, limit), NULL, 0);
    snprintf(message, sizeof message, "Input error: more than %d conditions evaluated as True:",
             most);
    return build_assert(g, fine, message, packed);
}

/* ---- the chain ---- */

static void build_branch(struct branch b, struct graph *g, struct out *results, int n)
{
    b.build(b.ctx, g, results, n);
}

/* TF: without a default the last case is one, and asserts that it is the one that holds. */
static void last_case(const struct choice *all, struct graph *g, struct out *results, int n)
{
    const struct build_case *last = &all->cases[all->n - 1];
    struct node *fine[2];
    fine[0] = assert_at_most(g, all->cases, all->n - 1, 0);
    fine[1] = build_assert(g, last->pred, "Input error: None of conditions evaluated as True:",
                           pack_predicates(g, all->cases, all->n));
    scope_control(g, fine, 2);
    build_branch(last->then, g, results, n);
    scope_end(g);
}

static void taken(void *ctx, struct graph *g, struct out *results, int n)
{
    const struct chain *c = ctx;
    build_branch(c->all->cases[c->at].then, g, results, n);
}

static void not_taken(void *ctx, struct graph *g, struct out *results, int n);

static void build_chain(struct chain *c, struct graph *g, struct out *results, int n)
{
    const struct choice *all = c->all;
    bool last = c->at == all->n - !all->otherwise.build;
    if (last && all->otherwise.build)
        build_branch(all->otherwise, g, results, n);
    else if (last)
        last_case(all, g, results, n);
    else
        build_cond(g, NULL, all->cases[c->at].pred, (struct branch){ taken, c },
                   (struct branch){ not_taken, c }, results, n);
}

static void not_taken(void *ctx, struct graph *g, struct out *results, int n)
{
    const struct chain *c = ctx;
    build_chain(&(struct chain){ c->all, c->at + 1 }, g, results, n);
}

void build_case(struct graph *g, const char *name, const struct build_case *cases, int n_cases,
                struct branch otherwise, bool exclusive, struct out *results, int n)
{
    struct choice all = { cases, n_cases, otherwise };
    g = n_cases ? build_graph(g, &cases[0].pred, 1) : g;
    memset(results, 0, (size_t)n * sizeof *results);
    if (!g || build_failed(g))
        return;
    if (!n_cases)
        build_fail(g, status_new(INVALID_ARGUMENT, "A case needs at least one predicate"));
    scope_name(g, name ? name : "case");
    struct node *fine = exclusive && n_cases ? assert_at_most(g, cases, n_cases, 1) : NULL;
    if (fine)
        scope_control(g, &fine, 1);
    if (!build_failed(g))
        build_chain(&(struct chain){ &all, 0 }, g, results, n);
    if (fine)
        scope_end(g);
    scope_end(g);
}
