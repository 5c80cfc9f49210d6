/* loop_test.c - loops and branches in plans: random programs of both, nested, give in every
 * executor what the same program gives in plain C.
 *
 *     plan-loop-test [PROGRAMS [SEED]]
 *
 * A program is straight-line code over scalars whose lines may hold programs: the branches of a
 * condition, the body of a loop. Each line appends values that later lines may read.
 */
#include "base/pool.h"
#include "ops/ops.h"
#include "plan/plan.h"
#include "test/probe.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_LINES = 6, MOST_VARS = 3, MOST_VALUES = 64, FEEDS = 3 };

struct line {
    enum { ADD, SUB, LEAST, HALF, SLOW, CONSTANT, BRANCH, LOOP } kind;
    int a, b;                       /* values; of a branch, whether a < b */
    float c;                        /* a constant; of a loop, it goes on while its value is less */
    int times, n_vars, var[MOST_VARS];
    struct program *yes, *no;          /* `yes`: also a loop's body */
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

static int line_values(const struct line *l) { return l->kind == LOOP ? l->n_vars : 1; }

static int code_values(const struct program *c)
{
    int n = c->n_in;
    for (int i = 0; i < c->n; i++)
        n += line_values(&c->line[i]);
    return n;
}

static struct program *random_code(int n_in, int depth);

static void random_line(struct line *l, int n, int depth)
{
    *l = (struct line){ .kind = dice(depth > 0 && n < MOST_VALUES / 2 ? LOOP + 1 : BRANCH),
                        .a = dice(n), .b = dice(n), .c = (float)dice(9) - 4 };
    if (l->kind == BRANCH) {
        l->yes = random_code(n, depth - 1);
        l->no = random_code(n, depth - 1);
    }
    if (l->kind == LOOP) {
        l->times = dice(5);
        l->n_vars = 1 + dice(MOST_VARS);
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

/* ---- in plain C ---- */

static void evaluate(const struct program *c, float *v);

static float branch_value(const struct program *c, const float *v)
{
    float inner[MOST_VALUES];
    memcpy(inner, v, sizeof *v * (size_t)c->n_in);
    evaluate(c, inner);
    return inner[code_values(c) - 1];
}

static void loop_values(const struct line *l, int n, const float *v, float *to)
{
    float inner[MOST_VALUES];
    memcpy(inner, v, sizeof *v * (size_t)n);
    for (int i = 0; i < l->n_vars; i++)
        to[i] = v[l->var[i]];
    for (int i = 0; i < l->times && to[0] < l->c; i++) {
        memcpy(inner + n, to, sizeof *to * (size_t)l->n_vars);
        evaluate(l->yes, inner);
        memcpy(to, inner + code_values(l->yes) - l->n_vars, sizeof *to * (size_t)l->n_vars);
    }
}

static void evaluate(const struct program *c, float *v)
{
    int n = c->n_in;
    for (int i = 0; i < c->n; n += line_values(&c->line[i++])) {
        const struct line *l = &c->line[i];
        float a = v[l->a], b = v[l->b];
        switch (l->kind) {
        case ADD: v[n] = a + b; break;
        case SUB: v[n] = a - b; break;
        case LEAST: v[n] = fminf(a, b); break;
        case HALF: v[n] = a * .5f; break;
        case SLOW: v[n] = a + 1; break;
        case CONSTANT: v[n] = l->c; break;
        case BRANCH: v[n] = branch_value(a < b ? l->yes : l->no, v); break;
        case LOOP: loop_values(l, n, v, v + n); break;
        }
    }
}

/* ---- as a graph ---- */

/* What is made without inputs waits for `pivot`, where there is one: then it is part of it. */
static struct out constant(struct graph *g, float v, struct node *pivot)
{
    struct tensor t = test_scalar(v);
    struct node *n = test_node(g, &(struct node_def){
        .op = "Const", .attr = ATTRS(attr_tensor("value", &t), attr_type("dtype", DT_FLOAT)),
        .control = &pivot, .n_control = pivot != NULL });
    tensor_unref(&t);
    return (struct out){ n, 0 };
}

static void build(struct graph *g, const struct program *c, struct out *v, struct node *pivot);

static struct out branch_side(struct graph *g, const struct program *c, const struct out *v,
                              struct out pred, int side)
{
    struct out inner[MOST_VALUES];
    struct out pivot = T1(g, "Identity", out_at(T2(g, "Switch", pred, pred), side));
    for (int i = 0; i < c->n_in; i++)
        inner[i] = out_at(T2(g, "Switch", v[i], pred), side);
    build(g, c, inner, pivot.node);
    return T1(g, "Identity", inner[code_values(c) - 1]);
}

static struct out build_branch(struct graph *g, const struct line *l, const struct out *v)
{
    struct out pred = T2(g, "Less", v[l->a], v[l->b]);
    struct out no = branch_side(g, l->no, v, pred, 0), yes = branch_side(g, l->yes, v, pred, 1);
    return T2(g, "Merge", no, yes);
}

static struct out enter(struct graph *g, struct out x, const char *frame, bool is_constant)
{
    return (struct out){ test_node(g, &(struct node_def){
        .op = "Enter", .in = &x, .n_in = 1,
        .attr = ATTRS(attr_string("frame_name", frame), attr_bool("is_constant", is_constant),
                      attr_int("parallel_iterations", 1 + dice(4))) }), 0 };
}

/* What only reads invariants would go on for ever, if it did not wait for the iteration to be. */
static struct out part_of(struct graph *g, struct out x, struct node *pivot)
{
    return (struct out){ test_node(g, &(struct node_def){
        .op = "Identity", .in = &x, .n_in = 1, .control = &pivot, .n_control = 1 }), 0 };
}

static struct out merge_open(struct graph *g, struct out x)
{
    struct out in[] = { x, { NULL, 0 } };
    return (struct out){ test_node(g, &(struct node_def){ .op = "Merge", .in = in, .n_in = 2 }),
                         0 };
}

static void build_loop(struct graph *g, const struct line *l, int n, const struct out *v,
                       struct node *pivot, struct out *to)
{
    struct out inner[MOST_VALUES], merge[MOST_VARS + 1], way[MOST_VARS + 1];
    char frame[32];
    snprintf(frame, sizeof frame, "frame%d", g->n);
    for (int i = 0; i < n; i++)
        inner[i] = enter(g, v[i], frame, true);
    merge[0] = merge_open(g, enter(g, constant(g, 0, pivot), frame, false));
    for (int i = 0; i < l->n_vars; i++)
        merge[i + 1] = merge_open(g, enter(g, v[l->var[i]], frame, false));
    struct out more = T1(g, "LoopCond", T2(g, "LogicalAnd",
        T2(g, "Less", merge[0], constant(g, (float)l->times, merge[0].node)),
        T2(g, "Less", merge[1], constant(g, l->c, merge[0].node))));
    for (int i = 0; i <= l->n_vars; i++)
        way[i] = T2(g, "Switch", merge[i], more);
    struct out i_now = T1(g, "Identity", out_at(way[0], 1));
    for (int i = 0; i < l->n_vars; i++)
        inner[n + i] = T1(g, "Identity", out_at(way[i + 1], 1));
    for (int i = 0; i < n; i++)
        inner[i] = part_of(g, inner[i], i_now.node);
    build(g, l->yes, inner, i_now.node);
    struct out next = T1(g, "NextIteration", T2(g, "Add", i_now, constant(g, 1, i_now.node)));
    ok(graph_set_back_edge(g, merge[0].node, 1, next));
    for (int i = 0; i < l->n_vars; i++) {
        next = T1(g, "NextIteration", inner[code_values(l->yes) - l->n_vars + i]);
        ok(graph_set_back_edge(g, merge[i + 1].node, 1, next));
        to[i] = T1(g, "Exit", way[i + 1]);
    }
}

static void build(struct graph *g, const struct program *c, struct out *v, struct node *pivot)
{
    int n = c->n_in;
    for (int i = 0; i < c->n; n += line_values(&c->line[i++])) {
        const struct line *l = &c->line[i];
        struct out a = v[l->a], b = v[l->b];
        switch (l->kind) {
        case ADD: v[n] = T2(g, "Add", a, b); break;
        case SUB: v[n] = T2(g, "Sub", a, b); break;
        case LEAST: v[n] = T2(g, "Minimum", a, b); break;
        case HALF: v[n] = T2(g, "Mul", a, constant(g, .5f, pivot)); break;
        case SLOW: v[n] = T1(g, "TestSlow", a); break;
        case CONSTANT: v[n] = constant(g, l->c, pivot); break;
        case BRANCH: v[n] = build_branch(g, l, v); break;
        case LOOP: build_loop(g, l, n, v, pivot, v + n); break;
        }
    }
}

/* ---- every way the same ---- */

static const struct { unsigned flags; int inter; } ways[] = {
    { PLAN_SERIAL, 1 }, { PLAN_SERIAL | PLAN_NO_FOLD, 1 }, { PLAN_FLOW, 1 }, { PLAN_FLOW, 8 },
    { PLAN_FLOW | PLAN_NO_FOLD, 8 }
};
enum { WAYS = sizeof ways / sizeof *ways, RUNS = 3 };

struct trial {
    struct graph *g;
    struct program *code;
    struct out v[MOST_VALUES];
    unsigned seed;
};

static struct trial trial_new(unsigned seed)
{
    struct trial t = { .g = graph_new(), .seed = seed };
    seed_now = seed * 7919;
    t.code = random_code(FEEDS, 3);
    for (int i = 0; i < FEEDS; i++)
        t.v[i] = test_feed(t.g, (char[]){ (char)('x' + i), 0 });
    build(t.g, t.code, t.v, NULL);
    return t;
}

static void trial_end(struct trial *t)
{
    code_free(t->code);
    graph_unref(t->g);
}

static void compare(const struct trial *t, int way, const float *want, const struct tensor *out,
                    int n)
{
    for (int i = 0; i < n; i++) {
        float got = *(float *)out[i].data;
        if (got != want[FEEDS + i])
            fail_msg("seed %u, way %d, value %d: %g instead of %g", t->seed, way, FEEDS + i,
                     (double)got, (double)want[FEEDS + i]);
    }
}

/* Warm runs of one thread take nothing from the heap. */
static void run_way(const struct trial *t, int way)
{
    struct resources *resources = resources_new();
    struct buffer_pool *buffers = buffer_pool_new();
    int n = code_values(t->code) - FEEDS;
    struct plan_key key = { .feed = t->v, .n_feeds = FEEDS, .fetch = t->v + FEEDS, .n_fetches = n };
    struct plan *p;
    ok(plan_compile(t->g, &key, resources, ways[way].flags, &p));
    struct run *r = run_new(p, buffers);
    for (int round = 0; round < RUNS; round++) {
        struct tensor in[FEEDS], out[MOST_VALUES];
        float want[MOST_VALUES];
        for (int i = 0; i < FEEDS; i++) {
            want[i] = (float)((int)(t->seed * 5 + (unsigned)(i * 3 + round * 7)) % 11 - 5);
            in[i] = test_scalar(want[i]);
        }
        evaluate(t->code, want);
        const struct run_options o = { .inter = ways[way].inter };
        struct status *st = plan_run(p, r, in, out, &o);
        if (st)
            fail_msg("seed %u, way %d: %s", t->seed, way, status_message(st));
        compare(t, way, want, out, n);
        for (int i = 0; i < n; i++)
            tensor_unref(&out[i]);
        for (int i = 0; i < FEEDS; i++)
            tensor_unref(&in[i]);
    }
    run_free(r);
    plan_free(p);
    buffer_pool_free(buffers);
    resources_unref(resources);
}

static unsigned programs = 400, first_seed = 1;

static void random_programs(void **state)
{
    (void)state;
    size_t before = mem_live();
    for (unsigned seed = first_seed; seed < first_seed + programs; seed++) {
        struct trial t = trial_new(seed);
        for (int way = 0; way < WAYS; way++)
            run_way(&t, way);
        trial_end(&t);
    }
    assert_int_equal(mem_live(), before);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(random_programs) };
    programs = argc > 1 ? (unsigned)atoi(argv[1]) : programs;
    first_seed = argc > 2 ? (unsigned)atoi(argv[2]) : first_seed;
    pool_size_hint(8);
    ok(ops_init());
    ok(ops_register(test_ops));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
