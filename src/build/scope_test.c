/* scope_test.c - names, scopes, default graphs and errors that stick, thread by thread. */
#include "build/scope.h"
#include "base/mem.h"
#include "build/device.h"
#include "ops/ops.h"
#include "test/expect.h"

#include <pthread.h>
#include <stdio.h>

static void sticks(struct graph *g, enum code code, const char *text)
{
    assert_true(build_failed(g));
    fails(build_take_error(g), code, text);
    assert_false(build_failed(g));
}

static struct node *node(struct graph *g, const char *name)
{
    struct node *n = build_scalar(g, name, DT_FLOAT, 1).node;
    ok(build_take_error(g));
    return n;
}

static struct node *identity(struct out x, const char *name)
{
    return build(NULL, "Identity", name, &x, 1, NULL, 0).node;
}

static struct out first(struct node *n) { return (struct out){ n, 0 }; }

static void is_named(const struct node *n, const char *name)
{
    assert_non_null(n);
    assert_string_equal(n->name, name);
}

static void waits_for(const struct node *n, struct node *const *nodes, int count)
{
    assert_non_null(n);
    assert_int_equal(n->n_control, count);
    for (int i = 0; i < count; i++) {
        bool found = false;
        for (int k = 0; k < count; k++)
            found |= n->control[k] == nodes[i];
        assert_true(found);
    }
}

#define NODES(...) (struct node *[]){ __VA_ARGS__ }, \
                   (int)(sizeof((struct node *[]){ __VA_ARGS__ }) / sizeof(struct node *))

/* ---- names ---- */

/* A1: the scope in front, the op's type where no name is asked for, then _1, _2. A2: case does not
 * distinguish, but is kept. A3: taken names are skipped. A4: a generated name is taken too. */
static void names_are_made_unique(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    is_named(node(g, NULL), "Const");
    is_named(node(g, NULL), "Const_1");
    is_named(node(g, "foo"), "foo");
    is_named(node(g, "Foo"), "Foo_1");
    is_named(node(g, "bar_2"), "bar_2");
    is_named(node(g, "bar"), "bar");
    is_named(node(g, "bar"), "bar_1");
    is_named(node(g, "bar"), "bar_3");
    is_named(node(g, "bar_1"), "bar_1_1");
    is_named(node(g, "bar_1"), "bar_1_2");
    scope_name(g, "s");
    is_named(node(g, NULL), "s/Const");
    is_named(node(g, "foo"), "s/foo");
    scope_end(g);
    graph_unref(g);
}

/* A5: asking for the next name consumes nothing. A6: ops and scopes share one namespace. */
static void ops_and_scopes_share_names(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    assert_string_equal(graph_unique_name(g, "bar", false), "bar");
    assert_string_equal(scope_name(g, "bar"), "bar/");
    scope_end(g);
    is_named(node(g, "bar"), "bar_1");
    assert_string_equal(scope_name(g, "bar"), "bar_2/");
    scope_end(g);
    assert_string_equal(scope_name(g, "Bar"), "Bar_3/");         /* A2 */
    scope_end(g);
    graph_unref(g);
}

/* A7: a trailing slash makes a name absolute. A8: then it may exist already. */
static void absolute_names(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    scope_name(g, "outer");
    const char *prefix = scope_name(g, "x");
    is_named(node(g, prefix), "outer/x");
    is_named(node(g, "elsewhere/"), "elsewhere");
    node(g, "inside");
    assert_null(build_scalar(g, prefix, DT_FLOAT, 1).node);
    sticks(g, INVALID_ARGUMENT, "Duplicate node name in graph: 'outer/x'");
    scope_end(g);
    scope_end(g);
    graph_unref(g);
}

/* A9: the rule for names. */
static void illegal_names(void **state)
{
    (void)state;
    static const char *const wrong[] = { "_x", "-x", "/x", "x:0", "x y", "" };
    struct graph *g = graph_new();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_null(build_scalar(g, wrong[i], DT_FLOAT, 1).node);
        sticks(g, INVALID_ARGUMENT, "is not a valid node name");
    }
    assert_int_equal(g->n, 0);
    is_named(node(g, ".a-b/c_d"), ".a-b/c_d");
    graph_unref(g);
}

/* A12: an op that could not be made has used its name; the graph is as it was, and usable. */
static void a_failed_op_uses_its_name(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out a = build_ints(g, "a", DT_INT32, (int64_t[]){ 1, 2 }, 2);
    struct out b = build_ints(g, "b", DT_INT32, (int64_t[]){ 1, 2, 3 }, 3);
    assert_null(build(g, "Add", "sum", OUTS(a, b), NULL, 0).node);
    sticks(g, INVALID_ARGUMENT, "Dimensions must be equal, but are 2 and 3");
    assert_int_equal(g->n, 2);
    is_named(build(g, "Add", "sum", OUTS(a, a), NULL, 0).node, "sum_1");
    graph_unref(g);
}

/* ---- name scopes ---- */

/* A14: NULL and "" are the root. A15: a scope is its full name with a slash. A16: by that text it
 * is entered again, and numbering goes on. A17: by its plain name it is another one. */
static void scopes_nest_and_return(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    assert_string_equal(scope_name(g, "nested"), "nested/");
    const char *inner = scope_name(g, "inner");
    assert_string_equal(inner, "nested/inner/");
    assert_string_equal(scope_name(g, NULL), "");
    is_named(node(g, "root"), "root");
    scope_end(g);
    assert_string_equal(scope_name(g, ""), "");
    scope_end(g);
    is_named(node(g, "X"), "nested/inner/X");
    is_named(node(g, "X"), "nested/inner/X_1");
    scope_end(g);
    assert_string_equal(scope_prefix(g), "nested/");             /* A22 */
    scope_end(g);
    assert_string_equal(scope_prefix(g), "");
    assert_string_equal(scope_name(g, inner), "nested/inner/");
    is_named(node(g, "X"), "nested/inner/X_2");
    scope_end(g);
    assert_string_equal(scope_name(g, "nested"), "nested_1/");
    scope_end(g);
    graph_unref(g);
}

/* A18: inside a scope, a name may begin in more ways. A23 in C: a scope that could not be opened is
 * there to be ended, and the outer one is in force again. */
static void scope_names_are_checked(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    assert_null(scope_name(g, "_x"));
    scope_end(g);
    sticks(g, INVALID_ARGUMENT, "'_x' is not a valid scope name");
    scope_name(g, "a");
    assert_string_equal(scope_name(g, "_x"), "a/_x/");
    scope_end(g);
    assert_null(scope_name(g, "x:0"));
    scope_end(g);
    sticks(g, INVALID_ARGUMENT, "is not a valid scope name");
    is_named(node(g, "n"), "a/n");
    scope_end(g);
    scope_end(g);
    sticks(g, FAILED_PRECONDITION, "A scope ends that was never entered");
    graph_unref(g);
}

/* A21: the stack of scopes is the thread's; three that open foo get three. */
struct scope_thread { struct graph *g; pthread_barrier_t *at; char prefix[32], inside[32]; };

static void *opens_foo(void *p)
{
    struct scope_thread *t = p;
    snprintf(t->prefix, sizeof t->prefix, "%s", scope_name(t->g, "foo"));
    pthread_barrier_wait(t->at);
    snprintf(t->inside, sizeof t->inside, "%s", build_scalar(t->g, "x", DT_FLOAT, 1).node->name);
    pthread_barrier_wait(t->at);
    scope_end(t->g);
    return NULL;
}

static void scopes_belong_to_threads(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    pthread_t thread[3];
    pthread_barrier_t at;
    struct scope_thread t[3];
    bool seen[3] = { false };
    pthread_barrier_init(&at, NULL, 3);
    for (int i = 0; i < 3; i++) {
        t[i] = (struct scope_thread){ .g = g, .at = &at };
        pthread_create(&thread[i], NULL, opens_foo, &t[i]);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < 3; i++) {
        static const char *const want[] = { "foo/", "foo_1/", "foo_2/" };
        for (int k = 0; k < 3; k++)
            seen[k] |= !strcmp(t[i].prefix, want[k]);
        assert_memory_equal(t[i].inside, t[i].prefix, strlen(t[i].prefix));
        assert_string_equal(t[i].inside + strlen(t[i].prefix), "x");
    }
    assert_true(seen[0] && seen[1] && seen[2]);
    assert_string_equal(scope_prefix(g), "");
    pthread_barrier_destroy(&at);
    graph_unref(g);
}

/* ---- devices ---- */

static void merges(const char *outer, const char *inner, const char *want)
{
    struct arena a = { 0 };
    const char *got = NULL;
    ok(device_merge(&a, outer, inner, &got));
    assert_string_equal(got, want);
    arena_free(&a);
}

/* A24: field by field, the inner one first. A25: a wildcard leaves the index. A28: one spelling. */
static void devices_merge(void **state)
{
    (void)state;
    merges("/device:GPU:0", "/job:worker", "/job:worker/device:GPU:0");
    merges("/job:a/task:1", "/job:b", "/job:b/task:1");
    merges("/device:GPU:7", "/device:GPU:*", "/device:GPU:7");
    merges("/device:GPU:*", "/device:GPU:3", "/device:GPU:3");
    merges("", "/gpu:0", "/device:GPU:0");
    merges("", "/cpu:0", "/device:CPU:0");
    merges("/device:GPU:1", "", "/device:GPU:1");
    merges("", "/job:w/replica:0/task:3/device:CPU:1", "/job:w/replica:0/task:3/device:CPU:1");
    merges("", "cpu:0/job:w", "/job:w/device:CPU:0");
    merges("", "GPU:0", "/device:GPU:0");
    struct arena a = { 0 };
    const char *got;
    fails(device_merge(&a, "", "/nonsense:1", &got), INVALID_ARGUMENT, "Unknown attribute");
    arena_free(&a);
}

/* A24, A26: NULL ignores the enclosing devices, "" keeps them. */
static void device_scopes(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    scope_device(g, "/device:GPU:0");
    scope_device(g, "/job:worker");
    assert_string_equal(node(g, "a")->device, "/job:worker/device:GPU:0");
    scope_device(g, NULL);
    assert_string_equal(node(g, "b")->device, "");
    scope_device(g, "/cpu:0");
    assert_string_equal(node(g, "c")->device, "/device:CPU:0");
    scope_end(g);
    scope_end(g);
    scope_device(g, "");
    assert_string_equal(node(g, "d")->device, "/job:worker/device:GPU:0");
    scope_end(g);
    scope_end(g);
    assert_string_equal(node(g, "e")->device, "/device:GPU:0");
    scope_end(g);
    assert_string_equal(node(g, "f")->device, "");
    scope_device(g, "garbage");
    scope_end(g);
    sticks(g, INVALID_ARGUMENT, "Unknown attribute 'garbage'");
    graph_unref(g);
}

/* ---- control dependencies ---- */

/* A31: nodes made inside wait for the union of all enclosing lists. A34: once each; not for what
 * is an input anyway; not again where an input was made inside. A32: n = 0 drops them. */
static void control_dependencies(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct node *a = node(g, "a"), *b = node(g, "b"), *c = node(g, "c"), *used = node(g, "used");
    scope_control(g, NODES(a, a, b));
    struct node *x = node(g, "x");
    waits_for(x, NODES(a, b));
    waits_for(identity(first(a), "of_a"), NODES(b));
    waits_for(identity(first(x), "of_x"), NULL, 0);
    waits_for(used, NULL, 0);
    scope_control(g, NODES(c));
    waits_for(node(g, "y"), NODES(a, b, c));
    waits_for(identity(first(x), "x_in_c"), NODES(c));
    scope_end(g);
    scope_control(g, NULL, 0);
    waits_for(node(g, "z"), NULL, 0);
    scope_control(g, NODES(c));
    waits_for(node(g, "only_c"), NODES(c));
    scope_end(g);
    scope_end(g);
    waits_for(node(g, "again"), NODES(a, b));
    scope_end(g);
    waits_for(node(g, "out"), NULL, 0);
    graph_unref(g);
}

/* A34: only what was made under the list waits for it: not what a barrier kept from it. */
static void a_barrier_does_not_dominate(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct node *c = node(g, "c");
    scope_control(g, NODES(c));
    scope_control(g, NULL, 0);
    struct node *free_one = node(g, "free");
    scope_end(g);
    waits_for(identity(first(free_one), "of_free"), NODES(c));
    scope_end(g);
    graph_unref(g);
}

struct adds { struct graph *g; struct node *made; };
static void *adds_one(void *p)
{
    struct adds *t = p;
    t->made = build_scalar(t->g, "theirs", DT_FLOAT, 1).node;
    return NULL;
}

/* A34 with threads: another's node was not made inside this scope. */
static void another_threads_node_does_not_dominate(void **state)
{
    (void)state;
    struct adds t = { .g = graph_new() };
    struct node *c = node(t.g, "c");
    pthread_t thread;
    scope_control(t.g, NODES(c));
    pthread_create(&thread, NULL, adds_one, &t);
    pthread_join(thread, NULL);
    waits_for(t.made, NULL, 0);
    waits_for(identity(first(t.made), "mine"), NODES(c));
    scope_end(t.g);
    graph_unref(t.g);
}

/* A33: an item of another graph. */
static void control_of_another_graph(void **state)
{
    (void)state;
    struct graph *g = graph_new(), *h = graph_new();
    struct node *theirs = node(h, "theirs");
    scope_control(g, NODES(theirs));
    assert_null(build_scalar(g, "x", DT_FLOAT, 1).node);
    scope_end(g);
    sticks(g, INVALID_ARGUMENT, "is not an element of this graph.");
    graph_unref(g);
    graph_unref(h);
}

/* ---- colocation, containers ---- */

static void is_with(const struct node *n, const char *const *names, int count)
{
    const struct attr *a = node_attr_find(n, "_class");
    assert_non_null(a);
    assert_int_equal(a->n, count);
    for (int i = 0; i < count; i++)
        assert_string_equal(a->texts[i].s, names[i]);
}

#define WITH(...) (const char *const[]){ __VA_ARGS__ }, \
                  (int)(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

/* A37: `_class` names whom it is with, its device is theirs, and enclosing devices are ignored. */
static void colocation(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct node *plain = node(g, "plain");
    scope_device(g, "/device:GPU:1");
    struct node *a = node(g, "a");
    scope_colocate(g, plain);
    struct node *x = node(g, "x");
    is_with(x, WITH("loc:@plain"));
    assert_string_equal(x->device, "");
    scope_end(g);
    scope_end(g);
    scope_colocate(g, a);
    struct node *y = node(g, "y");
    is_with(y, WITH("loc:@a"));
    assert_string_equal(y->device, "/device:GPU:1");
    scope_colocate(g, plain);
    is_with(node(g, "both"), WITH("loc:@a", "loc:@plain"));
    scope_end(g);
    scope_end(g);
    scope_colocate(g, y);               /* resolved through y's own group */
    is_with(node(g, "z"), WITH("loc:@a"));
    scope_end(g);
    assert_null(node_attr_find(node(g, "w"), "_class"));
    graph_unref(g);
}

static struct node *count_up(struct graph *g, struct node *variable)
{
    struct out v = { variable, 0 };
    return build(g, "CountUpTo", NULL, &v, 1, ATTRS(attr_int("limit", 9))).node;
}

/* TF: an op that takes a reference is with what it refers to. */
static void references(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct attr attrs[] = { attr_type("dtype", DT_INT32), attr_shape("shape", &SHAPE_SCALAR) };
    struct node *plain = node(g, "plain");
    struct node *here = build(g, "VariableV2", "here", NULL, 0, attrs, 2).node;
    scope_device(g, "/device:GPU:1");
    struct node *there = build(g, "VariableV2", "there", NULL, 0, attrs, 2).node;
    assert_string_equal(count_up(g, here)->device, "");
    scope_colocate(g, plain);
    is_with(count_up(g, here), WITH("loc:@here", "loc:@plain"));
    scope_end(g);
    scope_end(g);
    struct node *up = count_up(g, there);
    is_with(up, WITH("loc:@there"));
    assert_string_equal(up->device, "/device:GPU:1");
    struct out first = { there, 0 };    /* one that passes the reference on, with its own company */
    struct out next = { up, 0 };
    struct node *assign = build(g, "Assign", NULL, OUTS(first, next), NULL, 0).node;
    is_with(count_up(g, assign), WITH("loc:@there"));
    graph_unref(g);
}

/* A95: only where the op has the attribute and it was not said; "" is the default again. */
static void containers(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct shape s = { 1, { 2 } };
    scope_container(g, "c");
#define VARIABLE(...) build(g, "VariableV2", NULL, NULL, 0, \
        ATTRS(attr_type("dtype", DT_FLOAT), attr_shape("shape", &s), ##__VA_ARGS__)).node
    assert_string_equal(node_attr_string(VARIABLE(), "container"), "c");
    assert_string_equal(node_attr_string(VARIABLE(attr_string("container", "own")), "container"),
                        "own");
    assert_null(node_attr_find(node(g, "const"), "container"));
    scope_container(g, "");
    assert_string_equal(node_attr_string(VARIABLE(), "container"), "");
    scope_end(g);
    scope_end(g);
    assert_string_equal(node_attr_string(VARIABLE(), "container"), "");
    graph_unref(g);
}

/* ---- default graphs ---- */

static void *asks_for_default(void *p)
{
    *(struct graph **)p = graph_ref(default_graph());
    node(NULL, "in_default");
    return NULL;
}

/* A71: each thread has its own. A72: entered graphs nest. A73: and are left in order. */
static void default_graphs(void **state)
{
    (void)state;
    struct graph *g = graph_new(), *h = graph_new(), *own = default_graph(), *other = NULL;
    pthread_t thread;
    assert_ptr_equal(default_graph(), own);
    pthread_create(&thread, NULL, asks_for_default, &other);
    pthread_join(thread, NULL);
    assert_ptr_not_equal(other, own);
    assert_non_null(graph_find(other, "in_default"));
    graph_unref(other);
    ok(default_graph_enter(g));
    assert_ptr_equal(default_graph(), g);
    ok(default_graph_enter(h));
    ok(default_graph_enter(h));
    fails(default_graph_leave(g), FAILED_PRECONDITION, "Nesting violated for default stack of");
    ok(default_graph_leave(h));
    assert_ptr_equal(default_graph(), h);
    is_named(node(NULL, "into_h"), "into_h");
    assert_non_null(graph_find(h, "into_h"));
    ok(default_graph_leave(h));
    ok(default_graph_leave(g));
    fails(default_graph_leave(g), FAILED_PRECONDITION, "Nesting violated");
    assert_ptr_equal(default_graph(), own);
    graph_unref(g);
    graph_unref(h);
}

static void *resets(void *p)
{
    (void)p;
    ok(default_graph_reset());
    return NULL;
}

/* A74, A75: refused while something is open, saying what. A76: the old graph lives on with who
 * holds it. A77: names begin anew. A78: only this thread's is reset. */
static void resetting(void **state)
{
    (void)state;
    struct graph *g = graph_new(), *old = graph_ref(default_graph());
    pthread_t thread;
    ok(default_graph_reset());
    graph_unref(old);
    old = graph_ref(default_graph());
    is_named(node(NULL, "x"), "x");
    ok(default_graph_enter(g));
    fails(default_graph_reset(), FAILED_PRECONDITION,
          "Do not use tf.reset_default_graph() to clear nested graphs.");
    fails(default_graph_reset(), FAILED_PRECONDITION, "1 graph entered");
    ok(default_graph_leave(g));
    scope_name(old, "open");
    fails(default_graph_reset(), FAILED_PRECONDITION, "name scope 'open/'");
    scope_end(old);
    pthread_create(&thread, NULL, resets, NULL);
    pthread_join(thread, NULL);
    assert_ptr_equal(default_graph(), old);
    ok(default_graph_reset());
    assert_ptr_not_equal(default_graph(), old);
    is_named(node(NULL, "x"), "x");
    is_named(graph_find(old, "x"), "x");
    is_named(identity(first(graph_find(old, "x")), "y"), "y");
    graph_unref(old);
    graph_unref(g);
}

/* A75: a device or control scope does not keep the default graph from being reset; it goes with
 * the graph it was for. */
static void resetting_under_other_scopes(void **state)
{
    (void)state;
    scope_device(default_graph(), "/cpu:0");
    ok(default_graph_reset());
    assert_string_equal(node(NULL, "x")->device, "");
    ok(default_graph_reset());
}

/* A81: an op goes where its inputs are; A80: which must be one graph. */
static void ops_follow_their_inputs(void **state)
{
    (void)state;
    struct graph *g = graph_new(), *h = graph_new();
    struct node *a = node(g, "a"), *b = node(h, "b");
    ok(default_graph_enter(h));
    assert_ptr_equal(identity(first(a), "follows")->graph, g);
    assert_ptr_equal(node(NULL, "no_inputs")->graph, h);
    assert_null(build(NULL, "Add", NULL, OUTS(first(a), first(b)), NULL, 0).node);
    sticks(g, INVALID_ARGUMENT, "must be from the same graph as");
    ok(default_graph_leave(h));
    graph_unref(g);
    graph_unref(h);
}

/* ---- errors that stick ---- */

static void *builds_on(void *p)
{
    struct graph *g = p;
    assert_false(build_failed(g));
    assert_non_null(node(g, "theirs"));
    return NULL;
}

/* The first error stays, nothing is added after it, and other threads do not see it. */
static void errors_stick_per_thread(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    pthread_t thread;
    struct out x = first(node(g, "x"));
    assert_null(build(g, "NoSuchOp", NULL, NULL, 0, NULL, 0).node);
    assert_null(build_scalar(g, "_bad", DT_FLOAT, 1).node);
    assert_null(build_scalar(g, "good", DT_FLOAT, 1).node);
    assert_null(build(g, "Add", NULL, OUTS(x, ((struct out){ 0 })), NULL, 0).node);
    pthread_create(&thread, NULL, builds_on, g);
    pthread_join(thread, NULL);
    assert_int_equal(g->n, 2);
    sticks(g, NOT_FOUND, "Op type not registered 'NoSuchOp'");
    assert_null(build_take_error(g));
    assert_null(build(g, "Add", NULL, OUTS(x, ((struct out){ 0 })), NULL, 0).node);
    sticks(g, INVALID_ARGUMENT, "Input 1 of a new Add node is missing");
    struct node *nothing = NULL;
    assert_null(build_node(g, &(struct build_args){ .op = "NoOp", .after = &nothing,
                                                    .n_after = 1 }).node);
    sticks(g, INVALID_ARGUMENT, "Control input 0 of a new NoOp node is missing");
    graph_unref(g);
}

/* A graph with an error that nobody asked for goes when the thread gives it up. */
static void forgotten_graphs_are_freed(void **state)
{
    (void)state;
    size_t before = mem_live();
    struct graph *g = graph_new();
    scope_name(g, "left_open");
    scope_control(g, NODES(node(g, "a")));
    build(g, "NoSuchOp", NULL, NULL, 0, NULL, 0);
    build_forget(g);
    graph_unref(g);
    assert_int_equal(mem_live(), before);
}

static void *leaves_everything_open(void *p)
{
    struct graph *g = p;
    ok(default_graph_enter(g));
    scope_name(g, "open");
    scope_device(default_graph(), "/cpu:0");
    build(NULL, "NoSuchOp", NULL, NULL, 0, NULL, 0);
    return NULL;
}

static void a_thread_that_ends_gives_back(void **state)
{
    (void)state;
    size_t before = mem_live();
    struct graph *g = graph_new();
    pthread_t thread;
    pthread_create(&thread, NULL, leaves_everything_open, g);
    pthread_join(thread, NULL);
    graph_unref(g);
    assert_int_equal(mem_live(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_made_unique),
        cmocka_unit_test(ops_and_scopes_share_names),
        cmocka_unit_test(absolute_names),
        cmocka_unit_test(illegal_names),
        cmocka_unit_test(a_failed_op_uses_its_name),
        cmocka_unit_test(scopes_nest_and_return),
        cmocka_unit_test(scope_names_are_checked),
        cmocka_unit_test(scopes_belong_to_threads),
        cmocka_unit_test(devices_merge),
        cmocka_unit_test(device_scopes),
        cmocka_unit_test(control_dependencies),
        cmocka_unit_test(a_barrier_does_not_dominate),
        cmocka_unit_test(another_threads_node_does_not_dominate),
        cmocka_unit_test(control_of_another_graph),
        cmocka_unit_test(colocation),
        cmocka_unit_test(references),
        cmocka_unit_test(containers),
        cmocka_unit_test(default_graphs),
        cmocka_unit_test(resetting),
        cmocka_unit_test(resetting_under_other_scopes),
        cmocka_unit_test(ops_follow_their_inputs),
        cmocka_unit_test(errors_stick_per_thread),
        cmocka_unit_test(forgotten_graphs_are_freed),
        cmocka_unit_test(a_thread_that_ends_gives_back),
    };
    ok(ops_init());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
