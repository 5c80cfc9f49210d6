/* flow_gradients_test.c - gradients back through loops and branches: random programs of both,
 * nested, give in every executor the values and gradients that the same program, unrolled in plain
 * C, has by a tape.
 *
 *     build-flow_gradients-test [PROGRAMS [SEED]]
 *
 * A program is straight-line code over vectors of two numbers, whose lines may hold programs: the
 * branches of a condition, the body of a loop. Each line appends values that later lines may read.
 * A loop may read an array that stands outside, and write one; the sum of what it wrote is a value,
 * too. The gradient is that of the sum of all values; where there are no loops, the second one is
 * held against differences of the first.
 */
#include "build/array.h"
#include "build/condition.h"
#include "build/loop.h"
#include "build/scope.h"
#include "base/mem.h"
#include "base/pool.h"
#include "ops/ops.h"
#include "plan/plan.h"
#include "test/expect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_LINES = 5, MOST_VARS = 3, MOST_VALUES = 64, FEEDS = 3, WIDTH = 2, MOST_TAPE = 400000 };

enum kind { ADD, SUB, PRODUCT, TANH, HALF, SWAP, CONSTANT, BRANCH, LOOP, KINDS };

struct line {
    enum kind kind;
    int a, b;                           /* values; of a branch, whether sum(a) < sum(b) + c */
    double c;                           /* a constant; of a loop, it goes on while sum is less */
    int times, n_vars, var[MOST_VARS], parallel;
    bool back_prop, writes, reads;      /* `reads`: a and b, in turn, add to the first variable */
    struct program *yes, *no;           /* `yes`: also a loop's body */
};

/* Of `n_in` values, then the lines' own. */
struct program { int n_in, n; struct line line[MOST_LINES]; };

static unsigned seed_now;

static int dice(int n)
{
    seed_now = seed_now * 1664525 + 1013904223;
    return (int)((seed_now >> 8) % (unsigned)n);
}

/* ---- a random program ---- */

static int line_values(const struct line *l)
{
    return l->kind == LOOP ? l->n_vars + l->writes : 1;
}

static int code_values(const struct program *c)
{
    int n = c->n_in;
    for (int i = 0; i < c->n; i++)
        n += line_values(&c->line[i]);
    return n;
}

static struct program *random_code(int n_in, int depth);

/* No two sums are ever that near, so that a branch is taken for a reason that rounding leaves. */
static double random_number(void) { return dice(17) * .3 - 2.4 + .01234567; }

static void random_line(struct line *l, int n, int depth)
{
    *l = (struct line){ .kind = dice(depth > 0 && n < MOST_VALUES / 2 ? KINDS : BRANCH),
                        .a = dice(n), .b = dice(n), .c = random_number() };
    if (l->kind == BRANCH) {
        l->yes = random_code(n, depth - 1);
        l->no = random_code(n, depth - 1);
    }
    if (l->kind == LOOP) {
        l->times = dice(4);
        l->n_vars = 1 + dice(MOST_VARS);
        l->parallel = 1 + dice(4);
        l->back_prop = dice(12) != 0;
        l->writes = dice(3) == 0;
        l->reads = dice(3) == 0;
        for (int i = 0; i < l->n_vars; i++)
            l->var[i] = dice(n);
        l->yes = random_code(n + l->n_vars, depth - 1);
    }
}

static struct program *random_code(int n_in, int depth)
{
    struct program *c = calloc(1, sizeof *c);
    int lines = 1 + dice(MOST_LINES);
    c->n_in = n_in;
    for (int i = 0; i < lines; i++, c->n++)
        random_line(&c->line[i], code_values(c), depth);
    return c;
}

static void code_free(struct program *c)
{
    for (int i = 0; c && i < c->n; i++) {
        code_free(c->line[i].yes);
        code_free(c->line[i].no);
    }
    free(c);
}

/* ---- in plain C: values are places on a tape ---- */

/* What was computed of which, forwards; then the gradient and how much went into it, backwards. */
struct taped { enum kind kind; int a, b; double v[WIDTH], d[WIDTH], size[WIDTH]; };

static struct taped tape[MOST_TAPE];
static int n_taped;

static int record(enum kind kind, int a, int b, double c)
{
    int at = n_taped < MOST_TAPE - 1 ? n_taped++ : MOST_TAPE - 1;
    struct taped *t = &tape[at];
    *t = (struct taped){ .kind = kind, .a = a, .b = b };
    for (int i = 0; i < WIDTH; i++) {
        double x = tape[a].v[i], y = tape[b].v[i];
        t->v[i] = kind == ADD ? x + y : kind == SUB ? x - y : kind == PRODUCT ? tanh(x * y)
                : kind == TANH ? tanh(x) : kind == HALF ? .5 * x
                : kind == SWAP ? tape[a].v[WIDTH - 1 - i] : c;
    }
    return at;
}

static double total(int at)
{
    double sum = 0;
    for (int i = 0; i < WIDTH; i++)
        sum += tape[at].v[i];
    return sum;
}

static void evaluate(const struct program *c, int *v);

static int branch_value(const struct program *c, const int *v)
{
    int inner[MOST_VALUES];
    memcpy(inner, v, sizeof *v * (size_t)c->n_in);
    evaluate(c, inner);
    return inner[code_values(c) - 1];
}

/* Where nothing goes back through the loop, its results are constants. */
static void forget_past(int at)
{
    tape[at].kind = CONSTANT;
}

static void loop_values(const struct line *l, int n, const int *v, int *to)
{
    int inner[MOST_VALUES];
    memcpy(inner, v, sizeof *v * (size_t)n);
    for (int i = 0; i < l->n_vars; i++)
        to[i] = v[l->var[i]];
    if (l->writes)
        to[l->n_vars] = record(CONSTANT, 0, 0, 0);
    for (int i = 0; i < l->times && total(to[0]) < l->c && n_taped < MOST_TAPE - 1; i++) {
        memcpy(inner + n, to, sizeof *to * (size_t)l->n_vars);
        if (l->reads)
            inner[n] = record(ADD, to[0], v[i % 2 ? l->b : l->a], 0);
        evaluate(l->yes, inner);
        memcpy(to, inner + code_values(l->yes) - l->n_vars, sizeof *to * (size_t)l->n_vars);
        if (l->writes)
            to[l->n_vars] = record(ADD, to[l->n_vars], to[0], 0);
    }
    for (int i = 0; i < line_values(l) && !l->back_prop; i++) {
        int copy = record(CONSTANT, 0, 0, 0);
        memcpy(tape[copy].v, tape[to[i]].v, sizeof tape[copy].v);
        forget_past(copy);
        to[i] = copy;
    }
}

static void evaluate(const struct program *c, int *v)
{
    int n = c->n_in;
    for (int i = 0; i < c->n; n += line_values(&c->line[i++])) {
        const struct line *l = &c->line[i];
        if (l->kind == BRANCH)
            v[n] = branch_value(total(v[l->a]) < total(v[l->b]) + l->c ? l->yes : l->no, v);
        else if (l->kind == LOOP)
            loop_values(l, n, v, v + n);
        else
            v[n] = record(l->kind, v[l->a], v[l->b], l->c);
    }
}

static void pull(int to, int i, double slope, const struct taped *t, int from)
{
    tape[to].d[i] += slope * t->d[from];
    tape[to].size[i] += fabs(slope) * t->size[from];
}

static void go_back(void)
{
    for (int at = n_taped - 1; at >= 0; at--) {
        const struct taped *t = &tape[at];
        for (int i = 0; i < WIDTH; i++) {
            double steep = 1 - t->v[i] * t->v[i];
            if (t->kind == ADD || t->kind == SUB)
                pull(t->a, i, 1, t, i);
            if (t->kind == ADD || t->kind == SUB)
                pull(t->b, i, t->kind == ADD ? 1 : -1, t, i);
            double x = tape[t->a].v[i], y = tape[t->b].v[i];
            if (t->kind == PRODUCT)
                pull(t->a, i, steep * y, t, i);
            if (t->kind == PRODUCT)
                pull(t->b, i, steep * x, t, i);
            if (t->kind == TANH)
                pull(t->a, i, steep, t, i);
            if (t->kind == HALF)
                pull(t->a, i, .5, t, i);
            if (t->kind == SWAP)
                pull(t->a, WIDTH - 1 - i, 1, t, i);
        }
    }
}

/* ---- as a graph ---- */

static bool shapes_known;

static struct out add1(struct graph *g, const char *op, struct out a)
{
    return build(g, op, NULL, OUTS(a), NULL, 0);
}

static struct out add2(struct graph *g, const char *op, struct out a, struct out b)
{
    return build(g, op, NULL, OUTS(a, b), NULL, 0);
}

static struct out sum_of(struct graph *g, struct out x)
{
    return add2(g, "Sum", x, build_ints(g, NULL, DT_INT32, (int64_t[]){ 0 }, 1));
}

/* Of the shape that everything has; not known beforehand, where no shape is. */
static struct out constant(struct graph *g, double v, struct out like)
{
    if (shapes_known)
        return build_filled(g, NULL, DT_DOUBLE, &SHAPE(WIDTH), v);
    return add2(g, "Fill", add1(g, "Shape", like), build_scalar(g, NULL, DT_DOUBLE, v));
}

static void build_code(struct graph *g, const struct program *c, struct out *v);

static struct out branch_side(struct graph *g, const struct program *c, const struct out *v,
                              const struct condition *cond, int side)
{
    struct out inner[MOST_VALUES];
    struct context *branch = build_branch_context(g, "cond_text", cond->pred, cond->pivot[side],
                                                  side);
    ok(build_take_error(g));
    memcpy(inner, v, sizeof *v * (size_t)c->n_in);
    scope_context(g, branch);
    build_code(g, c, inner);
    struct out result = branch_result(branch, inner[code_values(c) - 1]);
    scope_end(g);
    return result;
}

static struct out build_branch(struct graph *g, const struct line *l, const struct out *v)
{
    struct out limit = add2(g, "Add", sum_of(g, v[l->b]), build_scalar(g, NULL, DT_DOUBLE, l->c));
    struct condition cond = build_condition(g, add2(g, "Less", sum_of(g, v[l->a]), limit));
    struct out yes = branch_side(g, l->yes, v, &cond, 1);
    return build_merge(g, branch_side(g, l->no, v, &cond, 0), yes);
}

enum { MOST_TIMES = 4 };

static struct build_array new_array(struct graph *g)
{
    const struct array_options o = { .shape = SHAPE(WIDTH), .alike = true };
    return build_array_new(g, DT_DOUBLE, build_scalar(g, NULL, DT_INT32, MOST_TIMES), &o);
}

static struct build_array array_of(struct graph *g, struct out a, struct out b)
{
    struct build_array x = new_array(g);
    for (int i = 0; i < MOST_TIMES; i++)
        x = build_array_write(g, x, build_scalar(g, NULL, DT_INT32, i), i % 2 ? b : a);
    return x;
}

/* The sum of the n elements that were written. */
static struct out sum_written(struct graph *g, struct build_array a, struct out n)
{
    return sum_of(g, build_array_gather(g, a, build_range(g, n)));
}

/* Variables: how many iterations there were, what the array that is written waits for, the rest. */
enum { COUNT, FLOW, FIRST };

struct building {
    const struct line *line;
    struct build_array read, written;
    struct out in[MOST_VARS + FIRST], next[MOST_VARS + FIRST];
};

static void build_test(struct graph *g, struct building *b, struct context *c)
{
    struct out fewer = add2(g, "Less", b->in[COUNT],
                            build_scalar(g, NULL, DT_INT32, b->line->times));
    struct out less = add2(g, "Less", sum_of(g, b->in[FIRST]),
                           build_scalar(g, NULL, DT_DOUBLE, b->line->c));
    loop_test(c, add2(g, "LogicalAnd", fewer, less), b->in);
}

static void build_body(struct graph *g, struct building *b, int n, const struct out *v)
{
    const struct line *l = b->line;
    struct out inner[MOST_VALUES];
    memcpy(inner, v, sizeof *v * (size_t)n);
    memcpy(inner + n, b->in + FIRST, sizeof *v * (size_t)l->n_vars);
    if (l->reads)
        inner[n] = add2(g, "Add", inner[n], build_array_read(g, b->read, b->in[COUNT]));
    build_code(g, l->yes, inner);
    b->next[COUNT] = add2(g, "Add", b->in[COUNT], build_scalar(g, NULL, DT_INT32, 1));
    b->next[FLOW] = b->in[FLOW];
    memcpy(b->next + FIRST, inner + code_values(l->yes) - l->n_vars,
           sizeof *v * (size_t)l->n_vars);
    if (l->writes)
        b->next[FLOW] = build_array_write(g, build_array_at(b->written, b->in[FLOW]),
                                          b->in[COUNT], b->next[FIRST]).flow;
}

static void build_loop(struct graph *g, const struct line *l, int n, const struct out *v,
                       struct out *to)
{
    struct out vars[MOST_VARS + FIRST], end[MOST_VARS + FIRST];
    struct building b = { .line = l, .written = new_array(g) };
    struct shape shapes[MOST_VARS + FIRST] = { SHAPE_SCALAR, SHAPE_SCALAR };
    const struct loop_options o = { .shapes = shapes, .parallel_iterations = l->parallel,
                                    .back_prop = l->back_prop };
    if (l->reads)
        b.read = array_of(g, v[l->a], v[l->b]);
    vars[COUNT] = build_scalar(g, NULL, DT_INT32, 0);
    vars[FLOW] = b.written.flow;
    for (int i = 0; i < l->n_vars; i++) {
        vars[FIRST + i] = v[l->var[i]];
        shapes[FIRST + i] = shapes_known ? SHAPE(WIDTH) : SHAPE_UNKNOWN;
    }
    struct context *c = loop_begin(g, &o, vars, l->n_vars + FIRST, b.in);
    build_test(g, &b, c);
    build_body(g, &b, n, v);
    loop_end(c, b.next, end);
    memcpy(to, end + FIRST, sizeof *to * (size_t)l->n_vars);
    if (l->writes)
        to[l->n_vars] = sum_written(g, build_array_at(b.written, end[FLOW]), end[COUNT]);
}

static struct out swapped(struct graph *g, struct out x)
{
    int64_t last[WIDTH];
    for (int i = 0; i < WIDTH; i++)
        last[i] = WIDTH - 1 - i;
    return add2(g, "Gather", x, build_ints(g, NULL, DT_INT32, last, WIDTH));
}

static void build_code(struct graph *g, const struct program *c, struct out *v)
{
    int n = c->n_in;
    for (int i = 0; i < c->n; n += line_values(&c->line[i++])) {
        const struct line *l = &c->line[i];
        struct out a = v[l->a], b = v[l->b];
        switch (l->kind) {
        case ADD: v[n] = add2(g, "Add", a, b); break;
        case SUB: v[n] = add2(g, "Sub", a, b); break;
        case PRODUCT: v[n] = add1(g, "Tanh", add2(g, "Mul", a, b)); break;
        case TANH: v[n] = add1(g, "Tanh", a); break;
        case HALF: v[n] = add2(g, "Mul", a, build_scalar(g, NULL, DT_DOUBLE, .5)); break;
        case SWAP: v[n] = swapped(g, a); break;
        case BRANCH: v[n] = build_branch(g, l, v); break;
        case LOOP: build_loop(g, l, n, v, v + n); break;
        default: v[n] = constant(g, l->c, a); break;
        }
    }
}

/* ---- every way the same ---- */

static const struct { unsigned flags; int inter; } ways[] = {
    { PLAN_SERIAL, 1 }, { PLAN_SERIAL | PLAN_NO_FOLD, 1 }, { PLAN_FLOW, 1 }, { PLAN_FLOW, 8 },
    { PLAN_FLOW | PLAN_NO_FOLD, 8 }
};
enum { WAYS = sizeof ways / sizeof *ways, RUNS = 2 };

struct trial {
    struct graph *g;
    struct program *code;
    struct out v[MOST_VALUES], dx[2 * FEEDS];   /* then the second ones */
    unsigned seed;
    int n;                              /* values that are not fed */
};

static void differentiate(const struct trial *t, const struct out *y, int n, struct out *dx)
{
    struct gradients q = { .y = y, .n_y = n, .x = t->v, .n_x = FEEDS, .add = build_exactly };
    struct status *st = build_take_error(t->g);
    if (!st)
        st = graph_gradients(t->g, &q, dx, NULL);
    if (st)
        fail_msg("seed %u: %s", t->seed, status_message(st));
}

static bool has_loops(const struct program *c)
{
    bool any = false;
    for (int i = 0; c && i < c->n; i++)
        any |= c->line[i].kind == LOOP || has_loops(c->line[i].yes) || has_loops(c->line[i].no);
    return any;
}

/* Of the values; where there are no loops, of the sum of the first gradients, too. */
static void take_gradients(struct trial *t)
{
    struct out first[FEEDS];
    int n = 0;
    differentiate(t, t->v + FEEDS, t->n, t->dx);
    for (int k = 0; k < FEEDS && !has_loops(t->code); k++)
        if (t->dx[k].node)
            first[n++] = t->dx[k];
    if (n)
        differentiate(t, first, n, t->dx + FEEDS);
}

static struct trial trial_new(unsigned seed)
{
    struct trial t = { .g = graph_new(), .seed = seed };
    const struct shape known = SHAPE(WIDTH);
    seed_now = seed * 7919;
    shapes_known = dice(2);
    t.code = random_code(FEEDS, 3);
    t.n = code_values(t.code) - FEEDS;
    for (int i = 0; i < FEEDS; i++)
        t.v[i] = build(t.g, "Placeholder", (char[]){ (char)('x' + i), 0 }, NULL, 0,
                       ATTRS(attr_type("dtype", DT_DOUBLE),
                             attr_shape("shape", shapes_known ? &known : &SHAPE_UNKNOWN)));
    build_code(t.g, t.code, t.v);
    return t;
}

static void trial_end(struct trial *t)
{
    code_free(t->code);
    build_forget(t->g);
    graph_unref(t->g);
}

static double fed(const struct trial *t, int round, int feed, int i)
{
    return (int)(t->seed * 5 + (unsigned)(feed * 3 + round * 7 + i * 4)) % 11 * .4 - 2;
}

static struct nudge { int feed, i; double step; } nudge = { -1, 0, 0 };

/* What the program gives for these feeds, and its gradients; false: it takes too long. */
static bool unroll(const struct trial *t, int round, int *v)
{
    n_taped = 0;
    for (int k = 0; k < FEEDS; k++) {
        v[k] = record(CONSTANT, 0, 0, 0);
        for (int i = 0; i < WIDTH; i++)
            tape[v[k]].v[i] = fed(t, round, k, i) + (k == nudge.feed && i == nudge.i) * nudge.step;
    }
    evaluate(t->code, v);
    for (int k = FEEDS; k < FEEDS + t->n; k++)
        for (int i = 0; i < WIDTH; i++)
            tape[v[k]].size[i] = tape[v[k]].d[i] += 1;
    go_back();
    return n_taped < MOST_TAPE - 1;
}

/* The sum of all gradients, where each feed is what it was and `step` more at one place. */
static double slope_at(const struct trial *t, int round, int feed, int i, double step)
{
    int v[MOST_VALUES];
    double sum = 0;
    nudge = (struct nudge){ feed, i, step };
    unroll(t, round, v);
    nudge = (struct nudge){ -1, 0, 0 };
    for (int k = 0; k < FEEDS; k++)
        for (int j = 0; t->dx[k].node && j < WIDTH; j++)
            sum += tape[v[k]].d[j];
    return sum;
}

/* By differences of what the tape says. */
static void compare_second(const struct trial *t, int way, int round, const struct tensor *out)
{
    for (int k = 0; k < FEEDS; k++)
        for (int i = 0; t->dx[FEEDS + k].node && i < WIDTH; i++) {
            double h = 1e-5, x = ((const double *)out->data)[i];
            double want = (slope_at(t, round, k, i, h) - slope_at(t, round, k, i, -h)) / (2 * h);
            if (!(fabs(x - want) <= 1e-5 * (1 + fabs(want))))
                fail_msg("seed %u, way %d: second gradient %d, element %d: %.15g instead of %.15g",
                         t->seed, way, k, i, x, want);
            out += i == WIDTH - 1;
        }
}

static void is_near(const struct trial *t, int way, const char *what, int k,
                    const struct tensor *got, const double *want, const double *size)
{
    assert_int_equal(tensor_count(got), WIDTH);
    for (int i = 0; i < WIDTH; i++) {
        double x = ((const double *)got->data)[i];
        if (!(fabs(x - want[i]) <= 1e-9 * (1 + fabs(size[i]))))
            fail_msg("seed %u, way %d: %s %d, element %d: %.15g instead of %.15g", t->seed, way,
                     what, k, i, x, want[i]);
    }
}

static void compare(const struct trial *t, int way, int round, const int *v,
                    const struct tensor *out)
{
    int at = t->n;
    static const double none[WIDTH];
    for (int k = 0; k < t->n; k++)
        is_near(t, way, "value", k, &out[k], tape[v[FEEDS + k]].v, tape[v[FEEDS + k]].v);
    for (int k = 0; k < FEEDS; k++) {
        const struct taped *x = &tape[v[k]];
        if (t->dx[k].node)
            is_near(t, way, "gradient", k, &out[at++], x->d, x->size);
        else if (memcmp(x->d, none, sizeof none))
            fail_msg("seed %u: gradient %d is missing", t->seed, k);
    }
    compare_second(t, way, round, out + at);
}

static int fetches_of(const struct trial *t, struct out *fetch)
{
    int n = t->n;
    memcpy(fetch, t->v + FEEDS, sizeof *fetch * (size_t)n);
    for (int k = 0; k < 2 * FEEDS; k++)
        if (t->dx[k].node)
            fetch[n++] = t->dx[k];
    return n;
}

static void run_once(const struct trial *t, int way, int round, const struct plan *p,
                     struct run *r, int n)
{
    struct tensor in[FEEDS], out[MOST_VALUES];
    int v[MOST_VALUES];
    if (!unroll(t, round, v))
        return;
    for (int k = 0; k < FEEDS; k++) {
        ok(tensor_new(&in[k], NULL, DT_DOUBLE, &SHAPE(WIDTH)));
        memcpy(in[k].data, tape[v[k]].v, sizeof tape[v[k]].v);
    }
    struct status *st = plan_run(p, r, in, out, &(struct run_options){ .inter = ways[way].inter });
    if (st)
        fail_msg("seed %u, way %d: %s", t->seed, way, status_message(st));
    compare(t, way, round, v, out);
    for (int i = 0; i < n; i++)
        tensor_unref(&out[i]);
    for (int i = 0; i < FEEDS; i++)
        tensor_unref(&in[i]);
}

static void run_way(const struct trial *t, int way)
{
    struct resources *resources = resources_new();
    struct buffer_pool *buffers = buffer_pool_new();
    struct out fetch[MOST_VALUES];
    int n = fetches_of(t, fetch);
    struct plan_key key = { .feed = t->v, .n_feeds = FEEDS, .fetch = fetch, .n_fetches = n };
    struct plan *p = NULL;
    struct status *st = plan_compile(t->g, &key, resources, ways[way].flags, &p);
    if (st)
        fail_msg("seed %u, way %d: %s", t->seed, way, status_message(st));
    struct run *r = run_new(p, buffers);
    for (int round = 0; round < RUNS; round++)
        run_once(t, way, round, p, r, n);
    run_free(r);
    plan_free(p);
    buffer_pool_free(buffers);
    resources_unref(resources);
}

static void try_program(unsigned seed)
{
    struct trial t = trial_new(seed);
    take_gradients(&t);
    for (int way = 0; way < WAYS; way++)
        run_way(&t, way);
    trial_end(&t);
}

static unsigned programs = 60, first_seed = 1;

static void random_programs(void **state)
{
    (void)state;
    try_program(2);             /* with a loop: what a thread keeps for good is there */
    size_t before = mem_live();
    for (unsigned seed = first_seed; seed < first_seed + programs; seed++)
        try_program(seed);
    assert_int_equal(mem_live(), before);
}

/* Any allocation may fail: an error, nothing lost. */
static void memory_ends(void **state)
{
    (void)state;
    for (long n = 0, done = 0; !done; n++) {
        struct trial t = trial_new(2);
        struct gradients q = { .y = t.v + FEEDS, .n_y = t.n, .x = t.v, .n_x = FEEDS,
                               .add = build_exactly };
        ok(build_take_error(t.g));
        mem_fail_after(n, 0);
        struct status *st = graph_gradients(t.g, &q, t.dx, NULL);
        mem_fail_after(-1, 0);
        done = !st;
        if (st)
            assert_int_equal(status_code(st), RESOURCE_EXHAUSTED);
        status_free(st);
        trial_end(&t);
        assert_true(n < 2000);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_programs), cmocka_unit_test(memory_ends),
    };
    programs = argc > 1 ? (unsigned)atoi(argv[1]) : programs;
    first_seed = argc > 2 ? (unsigned)atoi(argv[2]) : first_seed;
    pool_size_hint(8);
    ok(ops_init());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
