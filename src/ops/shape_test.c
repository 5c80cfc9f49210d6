/* shape_test.c - shapes that follow from values known in part: Shape, Pack, ConcatV2, StridedSlice
 * and their kin, on the way into Reshape and Fill. */
#include "graph/graph.h"
#include "ops/ops.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

struct fixture { struct graph *g; int n; struct out x; };      /* x: float [?,3,4] */

static struct out add(struct fixture *f, const char *op, const struct out *in, int n_in,
                      const struct attr *attr, int n_attr)
{
    struct node *n = NULL;
    char name[16];
    snprintf(name, sizeof name, "n%d", f->n++);
    struct status *st = graph_add(f->g, &(struct node_def){ .op = op, .name = name, .in = in,
                                  .n_in = n_in, .attr = attr, .n_attr = n_attr }, &n);
    if (st)
        fail_msg("%s: %s", op, status_message(st));
    return (struct out){ n, 0 };
}

static struct out constant(struct fixture *f, struct shape s, const int32_t *v)
{
    struct tensor t;
    assert_null(tensor_new(&t, NULL, DT_INT32, &s));
    for (int64_t i = 0; i < shape_count(&s); i++)
        ((int32_t *)t.data)[i] = v[i];
    struct out o = add(f, "Const", NULL, 0, ATTRS(attr_tensor("value", &t),
                                                  attr_type("dtype", DT_INT32)));
    tensor_unref(&t);
    return o;
}

static struct out scalar(struct fixture *f, int32_t v)
{
    return constant(f, SHAPE_SCALAR, &v);
}

static struct out vector(struct fixture *f, int n, const int32_t *v)
{
    return constant(f, SHAPE(n), v);
}
#define VECTOR(f, ...) vector(f, (int)(sizeof((int32_t[]){ __VA_ARGS__ }) / sizeof(int32_t)), \
                              (int32_t[]){ __VA_ARGS__ })

static struct out slice(struct fixture *f, struct out v, int32_t from, int32_t to, bool shrink)
{
    return add(f, "StridedSlice", OUTS(v, VECTOR(f, from), VECTOR(f, to), VECTOR(f, 1)),
               ATTRS(attr_int("shrink_axis_mask", shrink)));
}

static struct out shape_of(struct fixture *f, struct out x)
{
    return add(f, "Shape", OUTS(x), NULL, 0);
}

static void gives(struct fixture *f, struct out sizes, const char *want)
{
    struct tensor one;
    assert_null(tensor_new(&one, NULL, DT_FLOAT, &SHAPE_SCALAR));
    *(float *)one.data = 1;
    struct out v = add(f, "Const", NULL, 0, ATTRS(attr_tensor("value", &one),
                                                  attr_type("dtype", DT_FLOAT)));
    tensor_unref(&one);
    struct out y = add(f, "Fill", OUTS(sizes, v), NULL, 0);
    assert_string_equal(SHAPE_STR(out_shape(y)), want);
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){ .g = graph_new() };
    f.x = add(&f, "Placeholder", NULL, 0, ATTRS(attr_type("dtype", DT_FLOAT),
                                                attr_shape("shape", &SHAPE(-1, 3, 4))));
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    graph_unref(((struct fixture *)*state)->g);
    return 0;
}

static void shape_is_known_in_part(void **state)
{
    struct fixture *f = *state;
    gives(f, shape_of(f, f->x), "[?,3,4]");
    gives(f, add(f, "Identity", OUTS(shape_of(f, f->x)), NULL, 0), "[?,3,4]");
}

static void slices_of_a_shape(void **state)
{
    struct fixture *f = *state;
    struct out s = shape_of(f, f->x);
    gives(f, slice(f, s, 0, 2, false), "[?,3]");
    gives(f, slice(f, s, -1, 3, false), "[4]");
    gives(f, add(f, "Slice", OUTS(s, VECTOR(f, 1), VECTOR(f, -1)), NULL, 0), "[3,4]");
    gives(f, add(f, "Gather", OUTS(s, VECTOR(f, 2, 0)), NULL, 0), "[4,?]");
    gives(f, add(f, "StridedSlice", OUTS(s, VECTOR(f, 0), VECTOR(f, 0), VECTOR(f, -1)),
                 ATTRS(attr_int("begin_mask", 1), attr_int("end_mask", 1))), "[4,3,?]");
}

static void sizes_packed(void **state)
{
    struct fixture *f = *state;
    struct out s = shape_of(f, f->x), batch = slice(f, s, 0, 1, true);
    struct out width = slice(f, s, 2, 3, true);
    gives(f, add(f, "Pack", OUTS(batch, scalar(f, 5)), NULL, 0), "[?,5]");
    gives(f, add(f, "Pack", OUTS(width, batch, width), NULL, 0), "[4,?,4]");
    gives(f, add(f, "ExpandDims", OUTS(width, scalar(f, 0)), NULL, 0), "[4]");
    gives(f, add(f, "Reshape", OUTS(width, VECTOR(f, -1)), NULL, 0), "[4]");
    struct out row = add(f, "ExpandDims", OUTS(s, scalar(f, 0)), NULL, 0);
    gives(f, add(f, "Squeeze", OUTS(row), ATTRS(attr_ints("squeeze_dims", (int64_t[]){ 0 }, 1))),
          "[?,?,?]");
}

static void sizes_joined(void **state)
{
    struct fixture *f = *state;
    struct out s = shape_of(f, f->x), zero = scalar(f, 0);
    gives(f, add(f, "ConcatV2", OUTS(slice(f, s, 0, 1, false), VECTOR(f, 7, 8), zero), NULL, 0),
          "[?,7,8]");
    gives(f, add(f, "Concat", OUTS(zero, slice(f, s, 1, 3, false), slice(f, s, 0, 1, false)),
                 NULL, 0), "[3,4,?]");
}

static void size_and_rank(void **state)
{
    struct fixture *f = *state;
    struct out part = add(f, "Fill", OUTS(slice(f, shape_of(f, f->x), 1, 3, false),
                                          scalar(f, 1)), NULL, 0);
    struct out size = add(f, "Size", OUTS(part), NULL, 0);
    gives(f, add(f, "Pack", OUTS(size, add(f, "Rank", OUTS(f->x), NULL, 0)), NULL, 0), "[12,3]");
    gives(f, add(f, "Pack", OUTS(add(f, "Size", OUTS(f->x), NULL, 0)), NULL, 0), "[?]");
}

/* Of two sizes that are not known TensorFlow infers neither, even if one is -1. */
static void reshapes(void **state)
{
    struct fixture *f = *state;
    struct out batch = slice(f, shape_of(f, f->x), 0, 1, true);
    struct out known = add(f, "Pack", OUTS(batch, scalar(f, 12)), NULL, 0);
    struct out open = add(f, "Pack", OUTS(batch, scalar(f, -1)), NULL, 0);
    struct out y = add(f, "Reshape", OUTS(f->x, known), NULL, 0);
    assert_string_equal(SHAPE_STR(out_shape(y)), "[?,12]");
    y = add(f, "Reshape", OUTS(f->x, open), NULL, 0);
    assert_string_equal(SHAPE_STR(out_shape(y)), "[?,?]");
    y = add(f, "Reshape", OUTS(f->x, VECTOR(f, -1, 12)), NULL, 0);
    assert_string_equal(SHAPE_STR(out_shape(y)), "[?,12]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(shape_is_known_in_part, setup, teardown),
        cmocka_unit_test_setup_teardown(slices_of_a_shape, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes_packed, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes_joined, setup, teardown),
        cmocka_unit_test_setup_teardown(size_and_rank, setup, teardown),
        cmocka_unit_test_setup_teardown(reshapes, setup, teardown),
    };
    struct status *st = ops_init();
    if (st) {
        fprintf(stderr, "%s\n", status_message(st));
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
