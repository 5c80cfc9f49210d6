/* partial_test.c - runs in parts (B88-B91): each feed and fetch once, each node once, whatever the
 * parts are; several at a time, beside whole runs, and left behind by their session. */
#include "api/testing.h"

static struct weft_out scalar_feed(struct weft_graph *g, const char *name)
{
    return placeholder(g, name, WEFT_FLOAT, 0, NULL);
}

static struct weft_partial *open_on(struct weft_session *s, const struct weft_out *feeds, int n,
                                    const struct weft_out *fetches, int m)
{
    struct weft_partial *p = NULL;
    ok(weft_partial_new(s, feeds, n, fetches, m, &p));
    return p;
}

/* One part that feeds at most one number and fetches at most one. */
static struct weft_status *part(struct weft_partial *p, struct weft_out feed, double x,
                                struct weft_out fetch, double *value)
{
    struct weft_tensor *t = weft_tensor_scalar(WEFT_FLOAT, x), *got = NULL;
    struct weft_feed f = { feed, t };
    struct weft_status *st = weft_partial_run(p, &f, feed.node != NULL, &fetch,
                                              fetch.node != NULL, &got);
    if (!st && fetch.node)
        *value = weft_tensor_number(got, 0);
    weft_tensor_free(got);
    weft_tensor_free(t);
    return st;
}

static const struct weft_out nothing;

static double gives(struct weft_partial *p, struct weft_out feed, double x, struct weft_out fetch)
{
    double value = NAN;
    ok(part(p, feed, x, fetch, &value));
    return value;
}

static void fails_with(struct weft_partial *p, struct weft_out feed, struct weft_out fetch,
                       const char *text)
{
    fails(part(p, feed, 1, fetch, &(double){ 0 }), WEFT_INVALID_ARGUMENT, text);
}

static const char over[] = "Must run 'setup' before performing partial runs!";

/* TF's own example: r1 = a + b, r2 = r1 * c. */
struct example {
    struct weft_graph *g;
    struct weft_session *s;
    struct weft_out feed[3], fetch[2];
};

static int begin(void **state)
{
    struct example *e = calloc(1, sizeof *e);
    e->g = weft_graph_new();
    for (int i = 0; i < 3; i++)
        e->feed[i] = scalar_feed(e->g, (const char *[]){ "a", "b", "c" }[i]);
    e->fetch[0] = weft_op(e->g, "Add", e->feed, 2, WEFT_ATTRS(weft_name("r1")));
    e->fetch[1] = weft_op(e->g, "Mul", WEFT_OUTS(e->fetch[0], e->feed[2]),
                          WEFT_ATTRS(weft_name("r2")));
    e->s = session_on(e->g);
    *state = e;
    return 0;
}

static int end(void **state)
{
    struct example *e = *state;
    weft_session_free(e->s);
    weft_graph_free(e->g);
    free(e);
    return 0;
}

static void two_parts(void **state)
{
    struct example *e = *state;
    struct weft_partial *p = open_on(e->s, e->feed, 3, e->fetch, 2);
    gives(p, e->feed[0], 1, nothing);                                   /* B90: feeds alone */
    is_near(gives(p, e->feed[1], 2, e->fetch[0]), 3, 0);
    is_near(gives(p, e->feed[2], 7, e->fetch[1]), 21, 0);
    fails_with(p, nothing, nothing, over);
    weft_partial_free(p);
    weft_partial_free(NULL);
}

/* All at once is a run; the last part may bring what nobody needs. */
static void other_portions(void **state)
{
    struct example *e = *state;
    struct weft_tensor *t = weft_tensor_scalar(WEFT_FLOAT, 4), *got[2];
    struct weft_partial *p = open_on(e->s, e->feed, 3, e->fetch, 2);
    ok(weft_partial_run(p, WEFT_FEEDS({ e->feed[2], t }, { e->feed[0], t }, { e->feed[1], t }),
                        WEFT_OUTS(e->fetch[1], e->fetch[0]), got));
    is_near(weft_tensor_number(got[0], 0), 32, 0);
    is_near(weft_tensor_number(got[1], 0), 8, 0);
    weft_tensor_free(got[0]);
    weft_tensor_free(got[1]);
    fails_with(p, nothing, nothing, over);
    weft_partial_free(p);
    p = open_on(e->s, e->feed, 3, e->fetch, 1);
    gives(p, e->feed[0], 1, nothing);
    is_near(gives(p, e->feed[1], 1, e->fetch[0]), 2, 0);
    ok(weft_partial_run(p, NULL, 0, NULL, 0, NULL));
    gives(p, e->feed[2], 1, nothing);
    fails_with(p, nothing, nothing, over);
    weft_partial_free(p);
    weft_tensor_free(t);
}

/* B89; none of it does harm. */
static void wrong_parts(void **state)
{
    struct example *e = *state;
    struct weft_out other = scalar_feed(e->g, "other");
    struct weft_partial *p = open_on(e->s, e->feed, 3, e->fetch, 2);
    struct weft_tensor *wrong = weft_tensor_scalar(WEFT_INT32, 1), *got[2] = { NULL, NULL };
    fails_with(p, other, nothing, "The feed other:0 was not specified in partial_run_setup.");
    fails_with(p, nothing, other, "The fetch other:0 was not specified in partial_run_setup.");
    fails_with(p, e->feed[0], e->fetch[1],
               ":0 can't be computed from the feeds that have been fed so far.");
    gives(p, e->feed[0], 1, nothing);
    fails_with(p, e->feed[0], nothing, "The feed a:0 has already been fed.");
    fails_with(p, nothing, e->fetch[0], "Fetch b:0 can't be computed from the feeds that have been "
               "fed so far.");
    is_near(gives(p, e->feed[1], 2, e->fetch[0]), 3, 0);
    fails_with(p, nothing, e->fetch[0], "The fetch r1:0 has already been fetched.");
    fails_with(p, e->feed[1], e->fetch[1], "The feed b:0 has already been fed.");
    fails(weft_partial_run(p, WEFT_FEEDS({ e->feed[2], wrong }), e->fetch + 1, 1, got),
          WEFT_INVALID_ARGUMENT, "Expects arg[0] to be float but int32 is provided");
    fails(weft_partial_run(p, WEFT_FEEDS({ e->feed[2], NULL }), NULL, 0, got),
          WEFT_INVALID_ARGUMENT, "Feed 0 has no value");
    fails(weft_partial_run(p, NULL, 0, &nothing, 1, got), WEFT_INVALID_ARGUMENT, "not specified");
    is_near(gives(p, e->feed[2], 5, e->fetch[1]), 15, 0);
    weft_tensor_free(wrong);
    weft_partial_free(p);
}

static void wrong_setups(void **state)
{
    struct example *e = *state;
    struct weft_partial *p = NULL;
    struct weft_graph *h = weft_graph_new();
    struct weft_out x = scalar_feed(h, "x"), twice[2] = { e->feed[0], e->feed[0] };
    fails(weft_partial_new(e->s, &x, 1, e->fetch, 2, &p), WEFT_NOT_FOUND, "FeedInputs");
    fails(weft_partial_new(e->s, e->feed, 3, &x, 1, &p), WEFT_NOT_FOUND, "FetchOutputs");
    fails(weft_partial_new(e->s, e->feed, 3, NULL, 0, &p), WEFT_INVALID_ARGUMENT,
          "Must specify at least one target");
    fails(weft_partial_new(e->s, twice, 2, e->fetch, 2, &p), WEFT_INVALID_ARGUMENT,
          "fed more than once");
    weft_op(e->g, "Nonsense", NULL, 0, NULL, 0);
    fails(weft_partial_new(e->s, e->feed, 3, e->fetch, 2, &p), WEFT_NOT_FOUND, "Nonsense");
    assert_null(p);
    weft_graph_free(h);
}

/* B56: a placeholder that was not declared; any node that fails ends it. */
static void a_node_fails(void **state)
{
    struct example *e = *state;
    struct weft_partial *p = open_on(e->s, e->feed, 1, e->fetch, 1);
    fails_with(p, e->feed[0], e->fetch[0], "You must feed a value for placeholder tensor 'b'");
    fails_with(p, nothing, nothing, over);
    weft_partial_free(p);
}

/* ---- once ---- */

/* Random numbers, and a variable that counts how often it was incremented. */
struct counted { struct weft_out a, b, random, one, two; struct weft_variable v; };

static struct counted counted(struct weft_graph *g)
{
    struct counted c = { .a = scalar_feed(g, "x"), .b = scalar_feed(g, "y") };
    c.v = weft_variable_new(g, "v", weft_scalar(g, WEFT_FLOAT, 0), 0);
    c.random = weft_uniform(g, WEFT_FLOAT, 0, NULL, 0, 1, -1);
    struct weft_out more = weft_variable_add(c.v, weft_scalar(g, WEFT_FLOAT, 1));
    struct weft_attr after = weft_after(more.node);
    c.one = weft_op(g, "Add", WEFT_OUTS(c.random, c.a), &after, 1);
    c.two = weft_op(g, "Add", WEFT_OUTS(c.one, c.b), &after, 1);
    return c;
}

/* What one part computed or did, no later part does again: values, references, control inputs. */
static void nodes_run_once(void **state)
{
    struct example *e = *state;
    struct counted c = counted(e->g);
    struct weft_out negative = unary("Neg", c.random);
    weft_session_free(e->s);
    e->s = session_on(e->g);
    ok(weft_session_do(e->s, c.v.initializer));
    struct weft_partial *p = open_on(e->s, WEFT_OUTS(c.a, c.b),
                                     WEFT_OUTS(c.one, c.two, negative, c.random));
    double one = gives(p, c.a, 10, c.one), two = gives(p, c.b, 100, c.two);
    is_near(two, one + 100, 1e-6);
    is_near(gives(p, nothing, 0, negative), 10 - one, 1e-6);
    is_near(gives(p, nothing, 0, c.random), one - 10, 1e-6);
    HOLDS(e->s, c.v.value, 1);
    weft_partial_free(p);
}

/* A reference made in one part is written through, and read, in another. */
static void references_last(void **state)
{
    struct example *e = *state;
    struct weft_variable v = weft_variable_new(e->g, "w", weft_scalar(e->g, WEFT_FLOAT, 0), 0);
    struct weft_out a = scalar_feed(e->g, "p"), b = scalar_feed(e->g, "q");
    struct weft_out set = weft_variable_assign(v, a);
    struct weft_out more = weft_op(e->g, "AssignAdd", WEFT_OUTS(set, b), NULL, 0);
    struct weft_out read = unary("Identity", more);
    struct weft_session *s = session_on(e->g);
    struct weft_partial *p = open_on(s, WEFT_OUTS(a, b), WEFT_OUTS(set, read));
    is_near(gives(p, a, 5, set), 5, 0);
    ok(weft_session_do(s, weft_variable_assign(v, weft_scalar(e->g, WEFT_FLOAT, 50)).node));
    is_near(gives(p, b, 7, read), 57, 0);
    weft_partial_free(p);
    weft_session_free(s);
}

/* B54: control edges from a placeholder wait for what it is fed. */
static void control_waits_for_feeds(void **state)
{
    struct example *e = *state;
    struct weft_out constant = weft_scalar(e->g, WEFT_FLOAT, 3);
    struct weft_out y = weft_op(e->g, "Neg", &constant, 1, WEFT_ATTRS(weft_after(e->feed[0].node),
                                                                      weft_name("late")));
    struct weft_partial *p = open_on(e->s, e->feed, 1, &y, 1);
    fails_with(p, nothing, y, "Fetch a:0 can't be computed");
    is_near(gives(p, e->feed[0], 1, y), -3, 0);
    weft_partial_free(p);
}

/* A feed in the middle cuts off what is before it: that need not be fed, and does not run. */
static void feeds_in_the_middle(void **state)
{
    struct example *e = *state;
    struct weft_partial *p = open_on(e->s, WEFT_OUTS(e->fetch[0], e->feed[2]), e->fetch + 1, 1);
    gives(p, e->fetch[0], 6, nothing);
    is_near(gives(p, e->feed[2], 7, e->fetch[1]), 42, 0);
    weft_partial_free(p);
}

/* The caller's memory is his again after the part, though later ones still use the value. */
static void fed_memory(void **state)
{
    struct example *e = *state;
    struct weft_partial *p = open_on(e->s, e->feed, 3, e->fetch + 1, 1);
    float own = 2;
    struct weft_tensor *t;
    ok(weft_tensor_wrap(WEFT_FLOAT, 0, NULL, &own, NULL, NULL, &t));
    ok(weft_partial_run(p, WEFT_FEEDS({ e->feed[2], t }), NULL, 0, NULL));
    assert_false(weft_tensor_is_shared(t));
    weft_tensor_free(t);
    own = 99;
    gives(p, e->feed[0], 1, nothing);
    is_near(gives(p, e->feed[1], 3, e->fetch[1]), 8, 0);
    weft_partial_free(p);
}

/* ---- several, and how they end ---- */

static void several_at_once(void **state)
{
    enum { MANY = 5 };
    struct example *e = *state;
    struct weft_partial *p[MANY];
    for (int i = 0; i < MANY; i++)
        p[i] = open_on(e->s, e->feed, 3, e->fetch, 2);
    for (int i = 0; i < MANY; i++)
        gives(p[i], e->feed[0], i, nothing);
    for (int i = MANY - 1; i >= 0; i--) {
        struct weft_tensor *t = weft_tensor_scalar(WEFT_FLOAT, 1), *got;
        is_near(gives(p[i], e->feed[1], 10, e->fetch[0]), 10 + i, 0);
        ok(weft_session_run(e->s, NULL, WEFT_FEEDS({ e->feed[0], t }, { e->feed[1], t }), e->fetch,
                            1, NULL, 0, &got));
        is_near(weft_tensor_number(got, 0), 2, 0);
        weft_tensor_free(got);
        weft_tensor_free(t);
    }
    for (int i = 0; i < MANY; i++)
        is_near(gives(p[i], e->feed[2], 2, e->fetch[1]), 20 + 2 * i, 0);
    for (int i = 0; i < MANY; i++)
        weft_partial_free(p[(i + 2) % MANY]);
}

/* Nodes added meanwhile are of no concern. */
static void graphs_grow_meanwhile(void **state)
{
    struct example *e = *state;
    struct weft_partial *p = open_on(e->s, e->feed, 3, e->fetch, 2);
    gives(p, e->feed[0], 1, nothing);
    for (int i = 0; i < 200; i++)
        unary("Neg", e->fetch[1]);
    is_near(gives(p, e->feed[1], 1, e->fetch[0]), 2, 0);
    HOLDS(e->s, weft_scalar(e->g, WEFT_FLOAT, 4), 4);
    is_near(gives(p, e->feed[2], 3, e->fetch[1]), 6, 0);
    weft_partial_free(p);
}

/* B91: the session goes first. It gives back what was open; later parts are CANCELLED. */
static void left_behind(void **state)
{
    struct example *e = *state;
    size_t before = weft_memory_in_use();
    struct weft_out big = weft_op(e->g, "Fill", WEFT_OUTS(
        weft_vector(e->g, WEFT_INT32, 1, (double[]){ 1 << 20 }), e->feed[0]), NULL, 0);
    struct weft_out sum = binary("Mul", sum_all(big), e->feed[1]);
    struct weft_session *s = session_on(e->g);
    struct weft_partial *p = open_on(s, e->feed, 2, WEFT_OUTS(big, sum));
    struct weft_partial *finished = open_on(s, e->feed, 2, &big, 1);
    gives(p, e->feed[0], 1, nothing);
    gives(finished, e->feed[0], 1, nothing);
    gives(finished, e->feed[1], 1, big);
    assert_true(weft_memory_in_use() > before + (1 << 22));
    weft_session_close(s);
    assert_true(weft_memory_in_use() < before + (1 << 20));
    fails(part(p, e->feed[1], 1, sum, &(double){ 0 }), WEFT_CANCELLED, "Session has been closed.");
    fails(weft_partial_new(s, e->feed, 2, &sum, 1, &(struct weft_partial *){ NULL }),
          WEFT_CANCELLED, "Session has been closed.");
    weft_partial_free(finished);
    weft_session_free(s);
    fails(part(p, e->feed[1], 1, sum, &(double){ 0 }), WEFT_CANCELLED, "Session has been closed.");
    weft_partial_free(p);
}

/* The session's limit holds for each part. */
static void time_is_over(void **state)
{
    struct example *e = *state;
    struct weft_session_options *o = weft_session_options_new();
    struct weft_session *s = NULL;
    struct weft_out x = weft_op(e->g, "Fill", WEFT_OUTS(
        weft_vector(e->g, WEFT_INT32, 2, (double[]){ 300, 300 }), e->feed[0]), NULL, 0);
    for (int i = 0; i < 2000; i++)
        x = binary("MatMul", x, x);
    weft_session_options_timeout(o, 20);
    ok(weft_session_new(e->g, o, &s));
    struct weft_partial *p = open_on(s, e->feed, 1, &x, 1);
    fails(part(p, e->feed[0], 1, x, &(double){ 0 }), WEFT_DEADLINE_EXCEEDED, "Timed out");
    fails_with(p, nothing, nothing, over);
    weft_partial_free(p);
    weft_session_free(s);
    weft_session_options_free(o);
}

static void *runs_parts(void *p)
{
    struct example *e = p;
    for (int i = 0; i < 50; i++) {
        struct weft_partial *q = open_on(e->s, e->feed, 3, e->fetch, 2);
        gives(q, e->feed[0], i, nothing);
        is_near(gives(q, e->feed[1], 1, e->fetch[0]), i + 1, 0);
        is_near(gives(q, e->feed[2], 2, e->fetch[1]), 2 * i + 2, 0);
        weft_partial_free(q);
    }
    return NULL;
}

static void on_many_threads(void **state)
{
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, runs_parts, *state);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_parts), TEST(other_portions), TEST(wrong_parts), TEST(wrong_setups),
        TEST(a_node_fails), TEST(nodes_run_once), TEST(references_last),
        TEST(control_waits_for_feeds), TEST(feeds_in_the_middle), TEST(fed_memory),
        TEST(several_at_once), TEST(graphs_grow_meanwhile), TEST(left_behind), TEST(time_is_over),
        TEST(on_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
