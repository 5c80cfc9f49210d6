/* check.c - runs one case in every way there is, and says what is wrong. */
#include "base/mem.h"
#include "op/variable.h"
#include "test/trial.h"

static const char *const feeding_name[] = { "constants", "placeholders", "reusable inputs" };

/* ---- value cases ---- */

static struct status *check_output(const struct op_case *c, struct out y, const struct tensor *got,
                                   const struct case_value *want)
{
    struct tolerance tol = c->tolerance;
    ENSURE(got->dtype == out_dtype(y), "output %d is %s, inferred was %s", y.index,
           dtype_name(got->dtype), dtype_name(out_dtype(y)));
    ENSURE(shape_accepts(out_shape(y), &got->shape), "output %d is of shape %s, inferred was %s",
           y.index, SHAPE_STR(&got->shape), SHAPE_STR(out_shape(y)));
    if (!tol.relative || tolerance_of(got->dtype).relative == 0)
        tol = tolerance_of(got->dtype);
    return status_prefix(tensor_differs(got, &want->value, tol), "output %d: ", y.index);
}

static struct status *check_held(const struct op_case *c, const struct tensor *now, int n)
{
    const struct case_value *want = &c->after[n];
    struct status *st = NULL;
    if (!want->ignored && !want->value.buf)
        st = now->buf ? status_new(INTERNAL, "should be uninitialized") : NULL;
    else if (!want->ignored)
        st = tensor_differs(now, &want->value, c->tolerance.relative ? c->tolerance
                                               : tolerance_of(want->dtype));
    return status_prefix(st, "afterwards, variable %d: ", n + 1);
}

/* What input i holds: one tensor, of a table two. */
static struct status *read_holder(struct trial *t, int i, struct tensor now[2])
{
    if (trial_is_table(t, i))
        return trial_table_read(t, i, now);
    now[0] = variable_read(t->holder[i]);
    return NULL;
}

static struct status *check_holders(struct trial *t)
{
    int n = 0;
    for (int i = 0; i < t->c->n_in && n < t->c->n_after; i++) {
        struct tensor now[2] = { 0 };
        bool table = trial_is_table(t, i);
        if (!t->holder[i] && !table)
            continue;
        struct status *st = read_holder(t, i, now);
        for (int j = 0; !st && j < 1 + table; j++)
            st = check_held(t->c, &now[j], n + j);
        n += 1 + table;
        tensor_unref(&now[0]);
        tensor_unref(&now[1]);
        TRY(st);
    }
    return NULL;
}

static struct status *run_once(struct trial *t, struct trial_plan *p, const struct out *fetch,
                               const struct case_value *const *want, int n)
{
    struct tensor got[CASE_MOST] = { 0 };
    struct status *st = trial_run(t, p, got);
    for (int i = 0; !st && i < n; i++)
        st = check_output(t->c, fetch[i], &got[i], want[i]);
    for (int i = 0; i < n; i++)
        tensor_unref(&got[i]);
    return st;
}

static struct status *inputs_unchanged(struct trial *t, const struct tensor *before)
{
    for (int i = 0; i < t->c->n_in; i++)
        ENSURE(!before[i].buf || tensor_same_bits(&before[i], &t->c->in[i].value),
               "the kernel changed input %d, which others hold", i);
    return NULL;
}

static bool repeats(const struct trial *t)
{
    for (int i = 0; i < t->c->n_in; i++)
        if (t->c->in[i].holder)
            return false;
    return !(t->node->op->flags & OP_STATEFUL);
}

static struct status *run_value(struct trial *t, unsigned flags, const struct tensor *before)
{
    const struct op_case *c = t->c;
    const struct case_value *want[CASE_MOST];
    struct out fetch[CASE_MOST];
    struct trial_plan p;
    int n = 0;
    ENSURE(t->node->n_out == c->n_out, "%d outputs, the case has %d", t->node->n_out, c->n_out);
    for (int i = 0; i < c->n_out; i++)
        if (!c->out[i].ignored) {
            fetch[n] = (struct out){ t->node, i };
            if (c->out[i].holder)
                TRY(trial_rows(t, fetch[n], c->out[i].dtype, &fetch[n]));
            want[n++] = &c->out[i];
        }
    struct status *st = trial_compile(t, fetch, n, true, flags, &p);
    for (int i = 0; !st && i < 1 + repeats(t); i++)
        st = status_prefix(run_once(t, &p, fetch, want, n), "%s", i ? "the second time, " : "");
    trial_plan_release(&p);
    if (!st)
        st = check_holders(t);
    return st ? st : inputs_unchanged(t, before);
}

static struct status *way(struct status *st, enum feeding feeding, unsigned flags)
{
    return status_prefix(st, "[%s, %s] ", feeding_name[feeding],
                         flags & PLAN_FLOW ? "dataflow" : "serial");
}

static struct status *run_value_ways(const struct op_case *c, const struct tensor *before)
{
    for (enum feeding feeding = FEED_CONST; feeding <= FEED_COPIED; feeding++)
        for (int flow = 0; flow < 2; flow++) {
            struct trial t;
            unsigned flags = flow ? PLAN_FLOW | PLAN_NO_FOLD : PLAN_SERIAL;
            struct status *st = trial_build(&t, c, feeding, false);
            if (!st)
                st = run_value(&t, flags, before);
            trial_release(&t);
            TRY(way(st, feeding, flags));
        }
    return NULL;
}

static struct status *value_case(const struct op_case *c)
{
    struct tensor before[CASE_MOST] = { 0 };
    struct status *st = NULL;
    for (int i = 0; !st && i < c->n_in; i++)
        if (c->in[i].value.buf)
            st = tensor_copy(&before[i], NULL, &c->in[i].value);
    if (!st)
        st = run_value_ways(c, before);
    for (int i = 0; i < c->n_in; i++)
        tensor_unref(&before[i]);
    return st;
}

/* ---- what must fail ---- */

/* NULL if `st` (taken over) is the failure that was wanted; `text` false: only its code counts. */
static struct status *must_fail(const struct op_case *c, struct status *st, bool text)
{
    struct status *wrong = NULL;
    if (!st)
        return status_new(INTERNAL, "\n    wanted %s: %s\n    came   success", code_name(c->code),
                          c->message);
    if (status_code(st) != c->code || (text && !strstr(status_message(st), c->message)))
        wrong = status_new(INTERNAL, "\n    wanted %s: %s\n    came   %s: %s", code_name(c->code),
                           text ? c->message : "(any text)", code_name(status_code(st)),
                           status_message(st));
    status_free(st);
    return wrong;
}

static struct status *run_to_fail(const struct op_case *c, enum feeding feeding, unsigned flags)
{
    struct trial t;
    struct trial_plan p = { 0 };
    struct tensor got[CASE_MOST] = { 0 };
    struct out fetch[CASE_MOST];
    int n = 0;
    struct status *st = trial_build(&t, c, feeding, false);
    if (!st) {
        for (; n < t.node->n_out && t.node->dtype[n] != DT_RESOURCE; n++)
            fetch[n] = (struct out){ t.node, n };
        st = trial_compile(&t, fetch, n, true, flags, &p);
        if (!st)
            st = trial_run(&t, &p, got);
    }
    for (int i = 0; i < n; i++)
        tensor_unref(&got[i]);
    trial_plan_release(&p);
    trial_release(&t);
    return st;
}

static bool any_fed(const struct op_case *c)
{
    for (int i = 0; i < c->n_in; i++)
        if (c->in[i].fed)
            return true;
    return false;
}

static struct status *error_case(const struct op_case *c)
{
    for (enum feeding feeding = FEED_CONST; feeding <= FEED_UNKNOWN; feeding++)
        for (int flow = 0; flow < 2; flow++) {
            unsigned flags = flow ? PLAN_FLOW | PLAN_NO_FOLD : PLAN_SERIAL;
            bool text = feeding == FEED_CONST || any_fed(c);
            struct status *st = run_to_fail(c, feeding, flags);
            if (feeding == FEED_UNKNOWN && c->build_only)
                status_free(st);        /* any end will do, but for a crash */
            else
                TRY(way(must_fail(c, st, text), feeding, flags));
        }
    return NULL;
}

/* ---- shapes, gradients ---- */

static struct status *shape_case(const struct op_case *c)
{
    struct trial t;
    struct status *st = trial_build(&t, c, FEED_CONST, false);
    if (c->kind == CASE_SHAPE_ERROR) {
        st = must_fail(c, st, true);
    } else if (!st && t.node->n_out != c->n_out) {
        st = status_new(INTERNAL, "%d outputs, the case has %d", t.node->n_out, c->n_out);
    } else if (!st) {
        for (int i = 0; !st && i < c->n_out; i++)
            if (!c->out[i].ignored && !shape_equal(t.node->shape[i], &c->out[i].shape))
                st = status_new(INTERNAL, "output %d: wanted %s, came %s", i,
                                SHAPE_STR(&c->out[i].shape), SHAPE_STR(t.node->shape[i]));
    }
    trial_release(&t);
    return st;
}

static struct status *run_case(const struct op_case *c)
{
    switch (c->kind) {
    case CASE_VALUE: return value_case(c);
    case CASE_ERROR: return error_case(c);
    case CASE_GRAD: return finite_check(c);
    case CASE_GRAD_ERROR: return must_fail(c, finite_check(c), true);
    default: return shape_case(c);
    }
}

/* What a case leaves behind, it leaves each time; what is made once for the process, once. */
struct status *case_check(const struct op_case *c)
{
    size_t leaked = 0;
    for (int i = 0; i < 3; i++) {
        size_t before = mem_live();
        TRY(run_case(c));
        leaked = mem_live() - before;
        if (!leaked)
            return NULL;
    }
    return status_new(INTERNAL, "%ld bytes were not given back", (long)leaked);
}
