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
#include <unistd.h>

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

/* ---- one loop: while (x < limit) x = step(x) ---- */

struct counting { struct graph *g; struct out x, limit, merge, more, body, next, exit; };

static struct counting counting_new(const char *step)
{
    struct counting c = { .g = graph_new() };
    c.x = test_feed(c.g, "x");
    c.limit = test_feed(c.g, "limit");
    c.merge = merge_open(c.g, enter(c.g, c.x, "loop", false));
    c.more = T1(c.g, "LoopCond", T2(c.g, "Less", c.merge, enter(c.g, c.limit, "loop", true)));
    struct out way = T2(c.g, "Switch", c.merge, c.more);
    c.body = T1(c.g, "Identity", out_at(way, 1));
    c.body = T1(c.g, step, T2(c.g, "Add", c.body, constant(c.g, 1, c.body.node)));
    c.next = T1(c.g, "NextIteration", c.body);
    ok(graph_set_back_edge(c.g, c.merge.node, 1, c.next));
    c.exit = T1(c.g, "Exit", way);
    return c;
}

struct machine { struct resources *resources; struct buffer_pool *buffers; long fail_after; };

static struct machine machine_new(void)
{
    return (struct machine){ resources_new(), buffer_pool_new(), -1 };
}

static void machine_end(struct machine *m)
{
    buffer_pool_free(m->buffers);
    resources_unref(m->resources);
}

static struct status *count_up(const struct machine *m, const struct counting *c, struct out fetch,
                               int way, float limit, struct tensor *out)
{
    const struct out feed[] = { c->x, c->limit };
    struct plan_key key = { .feed = feed, .n_feeds = 2, .fetch = &fetch, .n_fetches = 1 };
    struct tensor in[] = { test_scalar(0), test_scalar(limit) };
    struct plan *p = NULL;
    struct run *r = NULL;
    mem_fail_after(m->fail_after, 0);
    struct status *st = plan_compile(c->g, &key, m->resources, ways[way].flags, &p);
    if (!st && !(r = run_new(p, m->buffers)))
        st = status_no_memory();
    if (!st)
        st = plan_run(p, r, in, out, &(struct run_options){ .inter = ways[way].inter });
    mem_fail_after(-1, 0);
    run_free(r);
    plan_free(p);
    tensor_unref(&in[0]);
    tensor_unref(&in[1]);
    return st;
}

/* E27 */
static void counts(void **state)
{
    (void)state;
    struct machine m = machine_new();
    struct counting c = counting_new("TestSlow");
    for (int way = 0; way < WAYS; way++)
        for (int limit = -1; limit < 30; limit += 5) {
            struct tensor out;
            ok(count_up(&m, &c, c.exit, way, (float)limit, &out));
            assert_true(*(float *)out.data == (limit < 0 ? 0 : (float)((limit + 1) / 2 * 2)));
            tensor_unref(&out);
        }
    graph_unref(c.g);
    machine_end(&m);
}

/* What fails in an iteration fails the run, under its name; nothing is lost. */
static void fails_inside(void **state)
{
    (void)state;
    struct machine m = machine_new();
    struct counting c = counting_new("TestFail");
    for (int way = 0; way < WAYS; way++) {
        struct tensor out = { 0 };
        fails(count_up(&m, &c, c.exit, way, 5, &out), OUT_OF_RANGE, "failed at 1");
        fails(count_up(&m, &c, c.exit, way, 5, &out), OUT_OF_RANGE, c.body.node->name);
        assert_null(out.buf);
    }
    graph_unref(c.g);
    machine_end(&m);
}

/* A85, E29 */
static void refusals(void **state)
{
    (void)state;
    struct machine m = machine_new();
    struct counting c = counting_new("TestSlow");
    struct tensor out = { 0 };
    struct out mixed = T2(c.g, "Add", c.body, c.x), early = T1(c.g, "Exit", c.x);
    struct out never = merge_open(c.g, c.x);
    for (int way = 0; way < WAYS; way++) {
        fails(count_up(&m, &c, c.body, way, 5, &out), INVALID_ARGUMENT, "not fetchable");
        fails(count_up(&m, &c, mixed, way, 5, &out), INVALID_ARGUMENT,
              "has inputs from different frames");
        fails(count_up(&m, &c, early, way, 5, &out), INVALID_ARGUMENT, "nothing enters");
        fails(count_up(&m, &c, never, way, 5, &out), INVALID_ARGUMENT, "never set");
    }
    graph_unref(c.g);
    machine_end(&m);
}

/* Two loops of one name: what enters the second time depends on what left: no order can be. */
static void enters_after_exit(void **state)
{
    (void)state;
    struct machine m = machine_new();
    struct counting c = counting_new("TestSlow");
    struct out again = enter(c.g, c.exit, "loop", true), out_of = T1(c.g, "Exit", again);
    struct tensor out = { 0 };
    for (int way = 0; way < WAYS; way++)
        fails(count_up(&m, &c, out_of, way, 5, &out), INVALID_ARGUMENT, "what leaves it");
    graph_unref(c.g);
    machine_end(&m);
}

/* Any allocation may fail: an error, nothing lost. */
static void memory_ends(void **state)
{
    (void)state;
    struct counting c = counting_new("TestSlow");
    for (int way = 0; way < WAYS; way++)
        for (long n = 0, done = 0; !done; n++) {
            struct machine m = machine_new();
            struct tensor out = { 0 };
            m.fail_after = n;
            struct status *st = count_up(&m, &c, c.exit, way, 6, &out);
            done = !st && *(float *)out.data == 6;
            if (st)
                assert_int_equal(status_code(st), RESOURCE_EXHAUSTED);
            status_free(st);
            tensor_unref(&out);
            machine_end(&m);
            assert_true(n < 1000);
        }
    graph_unref(c.g);
}

/* ---- loops that go on ---- */

struct endless { struct plan *p; struct run *r; atomic_int stop; int inter; struct status *st; };

static void *run_endless(void *ctx)
{
    struct endless *e = ctx;
    struct tensor in[] = { test_scalar(0), test_scalar(INFINITY) }, out;
    const struct run_options o = { .inter = e->inter, .stop.cancelled = &e->stop };
    e->st = plan_run(e->p, e->r, in, &out, &o);
    tensor_unref(&in[0]);
    tensor_unref(&in[1]);
    return NULL;
}

/* A loop without end ends when it is asked to. */
static void endless(void **state)
{
    (void)state;
    struct counting c = counting_new("TestSlow");
    const struct out feed[] = { c.x, c.limit };
    struct plan_key key = { .feed = feed, .n_feeds = 2, .fetch = &c.exit, .n_fetches = 1 };
    for (int way = 0; way < WAYS; way++) {
        struct machine m = machine_new();
        struct endless e = { .inter = ways[way].inter };
        pthread_t thread;
        ok(plan_compile(c.g, &key, m.resources, ways[way].flags, &e.p));
        e.r = run_new(e.p, m.buffers);
        assert_int_equal(pthread_create(&thread, NULL, run_endless, &e), 0);
        usleep(2000);
        atomic_store(&e.stop, 1);
        pthread_join(thread, NULL);
        fails(e.st, CANCELLED, "Run call was cancelled");
        run_free(e.r);
        plan_free(e.p);
        machine_end(&m);
    }
    graph_unref(c.g);
}

static void warm_iterations_allocate_nothing(void **state)
{
    (void)state;
    struct counting c = counting_new("Identity");
    const struct out feed[] = { c.x, c.limit };
    struct plan_key key = { .feed = feed, .n_feeds = 2, .fetch = &c.exit, .n_fetches = 1 };
    for (int way = 0; way < WAYS; way++) {
        struct machine m = machine_new();
        struct plan *p;
        size_t calls[2] = { 0 };
        ok(plan_compile(c.g, &key, m.resources, ways[way].flags, &p));
        struct run *r = run_new(p, m.buffers);
        for (int round = 0; round < 4; round++) {
            struct tensor in[] = { test_scalar(0), test_scalar(round < 3 ? 10 : 1000) }, out;
            size_t before = mem_calls();
            ok(plan_run(p, r, in, &out, &(struct run_options){ .inter = 1 }));
            calls[round == 3] = mem_calls() - before;
            tensor_unref(&out);
            tensor_unref(&in[0]);
            tensor_unref(&in[1]);
        }
        assert_true(calls[1] <= calls[0] + 1);          /* one for the run, where one is left */
        run_free(r);
        plan_free(p);
        machine_end(&m);
    }
    graph_unref(c.g);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts), cmocka_unit_test(fails_inside), cmocka_unit_test(refusals),
        cmocka_unit_test(enters_after_exit), cmocka_unit_test(memory_ends),
        cmocka_unit_test(endless), cmocka_unit_test(warm_iterations_allocate_nothing),
        cmocka_unit_test(random_programs),
    };
    programs = argc > 1 ? (unsigned)atoi(argv[1]) : programs;
    first_seed = argc > 2 ? (unsigned)atoi(argv[2]) : first_seed;
    pool_size_hint(8);
    ok(ops_init());
    ok(ops_register(test_ops));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
