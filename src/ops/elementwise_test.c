/* elementwise_test.c - the drivers and sums at sizes that cases do not reach: many dimensions,
 * short rows, several threads, buffers taken over; against plain loops. */
#include "graph/graph.h"
#include "op/kernel.h"
#include "ops/broadcast.h"
#include "ops/ops.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct tensor values(enum dtype t, const struct shape *s, int seed)
{
    struct tensor x;
    assert_null(tensor_new(&x, NULL, t, s));
    for (int64_t i = 0; i < tensor_count(&x); i++)
        tensor_set_double(&x, i, (double)((i * 7 + seed) % 23 - 11));
    return x;
}

/* Runs op on inputs, which it takes over; bit i of movable lets it take input i's buffer. */
static struct tensor run(const char *op, const struct attr *attr, int n_attr, struct tensor *in,
                         int n_in, unsigned movable)
{
    struct graph *g = graph_new();
    struct out from[4];
    struct node *node;
    for (int i = 0; i < n_in; i++) {
        struct attr a[] = { attr_type("dtype", in[i].dtype) };
        char name[] = { 'x', (char)('0' + i), 0 };
        assert_null(graph_add(g, &(struct node_def){ .op = "Placeholder", .name = name, .attr = a,
                                                     .n_attr = 1 }, &node));
        from[i] = (struct out){ node, 0 };
    }
    assert_null(graph_add(g, &(struct node_def){ .op = op, .name = "op", .in = from, .n_in = n_in,
                                                 .attr = attr, .n_attr = n_attr }, &node));
    struct arena arena = { 0 };
    struct prep p = { .node = node, .name = "op", .arena = &arena, .run = node->op->kernel_any };
    if (node->op->kernel)
        p.run = node->op->kernel[in[0].dtype];
    if (node->op->prepare)
        assert_null(node->op->prepare(&p));
    struct run_env env = { .threads = 0 };
    struct tensor slot[5] = { 0 };
    int index[4];
    for (int i = 0; i < n_in; i++) {
        slot[i] = in[i];
        index[i] = i;
    }
    struct kernel k = { .slot = slot, .to = slot, .in = index, .n_in = n_in, .out = n_in,
                        .movable = movable, .state = p.state, .node = node, .env = &env };
    assert_null(p.run(&k));
    for (int i = 0; i < n_in; i++)
        tensor_unref(&slot[i]);
    run_env_tidy(&env);
    arena_free(&arena);
    graph_unref(g);
    return slot[n_in];
}

/* Element `at` of the result, found in an input of shape s. */
static int64_t source(const struct shape *s, const struct shape *all, int64_t at)
{
    int64_t from = 0, step = 1;
    for (int i = all->rank - 1, j = s->rank - 1; j >= 0; i--, j--) {
        from += s->dim[j] == 1 ? 0 : at % all->dim[i] * step;
        step *= s->dim[j];
        at /= all->dim[i];
    }
    return from;
}

static void check_sub(enum dtype t, const struct shape *a, const struct shape *b)
{
    for (unsigned movable = 0; movable < 4; movable++) {
        struct tensor in[2] = { values(t, a, 1), values(t, b, 5) };
        struct tensor x = values(t, a, 1), y = values(t, b, 5);
        struct tensor z = run("Sub", NULL, 0, in, 2, movable);
        for (int64_t i = 0; i < tensor_count(&z); i++)
            if (tensor_double(&z, i) != tensor_double(&x, source(a, &z.shape, i)) -
                                            tensor_double(&y, source(b, &z.shape, i)))
                fail_msg("%s - %s of %s, element %lld", SHAPE_STR(a), SHAPE_STR(b), dtype_name(t),
                         (long long)i);
        tensor_unref(&x);
        tensor_unref(&y);
        tensor_unref(&z);
    }
}

static void random_shapes(void **state)
{
    (void)state;
    static const int64_t size[] = { 1, 2, 3, 7, 17 };
    srand(1);
    for (int n = 0; n < 300; n++) {
        struct shape a = { rand() % 6, { 0 } }, b = { rand() % 6, { 0 } };
        for (int i = 0; i < MAX_RANK; i++)
            a.dim[i] = b.dim[i] = 1;
        for (int i = 0; i < 5; i++) {
            int64_t d = size[rand() % (n % 3 ? 3 : 5)];
            if (i < a.rank && rand() % 3)
                a.dim[a.rank - 1 - i] = d;
            if (i < b.rank && rand() % 3)
                b.dim[b.rank - 1 - i] = d;
        }
        check_sub(n % 4 == 0 ? DT_DOUBLE : n % 4 == 1 ? DT_HALF : n % 4 == 2 ? DT_INT16
                                                                            : DT_FLOAT, &a, &b);
    }
}

static void large_shapes(void **state)
{
    (void)state;
    check_sub(DT_FLOAT, &SHAPE(300001), &SHAPE(300001));
    check_sub(DT_FLOAT, &SHAPE(300001), &SHAPE_SCALAR);
    check_sub(DT_HALF, &SHAPE_SCALAR, &SHAPE(300001));
    check_sub(DT_FLOAT, &SHAPE(100003, 3), &SHAPE(3));
    check_sub(DT_HALF, &SHAPE(100003, 3), &SHAPE(3));
    check_sub(DT_INT32, &SHAPE(65), &SHAPE(1000, 65));
    check_sub(DT_FLOAT, &SHAPE(1000, 300), &SHAPE(300));
    check_sub(DT_FLOAT, &SHAPE(1000, 1), &SHAPE(1, 300));
    check_sub(DT_DOUBLE, &SHAPE(7, 1, 200, 1), &SHAPE(31, 1, 9));
}

static void sums_of_many(void **state)
{
    (void)state;
    struct tensor x = values(DT_FLOAT, &SHAPE(200003), 3), y = values(DT_FLOAT, &SHAPE(200003), 8);
    struct tensor in[4] = { tensor_ref(&x), tensor_ref(&y), tensor_ref(&x), tensor_ref(&y) };
    struct tensor z = run("AddN", NULL, 0, in, 4, 15);
    for (int64_t i = 0; i < tensor_count(&z); i++)
        assert_true(tensor_double(&z, i) == 2 * tensor_double(&x, i) + 2 * tensor_double(&y, i));
    tensor_unref(&x);
    tensor_unref(&y);
    tensor_unref(&z);
}

/* A moved input that comes again as the third must still be whole when its turn comes. */
static void the_same_input_again(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct tensor slot[3] = { values(DT_FLOAT, &SHAPE(5), 1), values(DT_FLOAT, &SHAPE(5), 2) };
    int in[3] = { 0, 1, 0 };
    struct run_env env = { .threads = 1 };
    struct node *n[2];
    struct attr a[] = { attr_type("dtype", DT_FLOAT) };
    for (int i = 0; i < 2; i++)
        assert_null(graph_add(g, &(struct node_def){ .op = "Placeholder", .name = i ? "b" : "a",
                                                     .attr = a, .n_attr = 1 }, &n[i]));
    struct out from[] = { { n[0], 0 }, { n[1], 0 }, { n[0], 0 } };
    struct node *node;
    assert_null(graph_add(g, &(struct node_def){ .op = "AddN", .name = "s", .in = from,
                                                 .n_in = 3 }, &node));
    struct arena arena = { 0 };
    struct prep p = { .node = node, .name = "s", .arena = &arena, .run = node->op->kernel_any };
    assert_null(node->op->prepare(&p));
    struct kernel k = { .slot = slot, .to = slot, .in = in, .n_in = 3, .out = 2, .movable = 7,
                        .state = p.state, .node = node, .env = &env };
    assert_null(p.run(&k));
    for (int i = 0; i < 5; i++)
        assert_true(tensor_double(&slot[2], i) ==
                    2 * ((i * 7 + 1) % 23 - 11) + (i * 7 + 2) % 23 - 11);
    for (int i = 0; i < 3; i++)
        tensor_unref(&slot[i]);
    run_env_tidy(&env);
    arena_free(&arena);
    graph_unref(g);
}

static void check_bias_grad(enum dtype t, const struct shape *s, bool first)
{
    struct tensor x = values(t, s, 2), in[1] = { values(t, s, 2) };
    struct attr a[] = { attr_string("data_format", first ? "NCHW" : "NHWC") };
    struct tensor z = run("BiasAddGrad", a, 1, in, 1, 0);
    int axis = first ? 1 : s->rank - 1;
    int64_t c = s->dim[axis], inner = shape_span(s, axis + 1, s->rank);
    double *sum = calloc((size_t)c, sizeof *sum);
    for (int64_t i = 0; i < tensor_count(&x); i++)
        sum[i / inner % c] += tensor_double(&x, i);
    for (int64_t i = 0; i < c; i++)
        if (fabs(tensor_double(&z, i) - sum[i]) > (t == DT_HALF ? 1e-3 : 0) * fabs(sum[i]))
            fail_msg("BiasAddGrad of %s %s: channel %lld is %g, not %g", dtype_name(t),
                     SHAPE_STR(s), (long long)i, tensor_double(&z, i), sum[i]);
    free(sum);
    tensor_unref(&x);
    tensor_unref(&z);
}

static void sums_of_channels(void **state)
{
    (void)state;
    const enum dtype types[] = { DT_FLOAT, DT_DOUBLE, DT_HALF, DT_INT64 };
    for (int i = 0; i < 4; i++) {
        check_bias_grad(types[i], &SHAPE(1000, 3), false);
        check_bias_grad(types[i], &SHAPE(100003, 3), false);
        check_bias_grad(types[i], &SHAPE(257, 600), false);
        check_bias_grad(types[i], &SHAPE(3, 4, 5, 32), false);
        check_bias_grad(types[i], &SHAPE(8, 5, 31, 33), true);
        check_bias_grad(types[i], &SHAPE(2, 3, 1), true);
    }
}

static int setup(void **state)
{
    (void)state;
    return ops_init() != NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_shapes),
        cmocka_unit_test(large_shapes),
        cmocka_unit_test(sums_of_many),
        cmocka_unit_test(the_same_input_again),
        cmocka_unit_test(sums_of_channels),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
