/* tensor_array_test.c - arrays of tensors: what may be written and read when, elements together and
 * apart, gradients; each as a chain of ops that the flow puts in order. */
#include "base/mem.h"
#include "ops/ops.h"
#include "test/gives.h"

struct chain { struct out handle, flow; };

static struct chain array_of(enum dtype t, const char *size, const struct attr *more, int n)
{
    struct attr attr[8] = { attr_type("dtype", t) };
    for (int i = 0; i < n; i++)
        attr[i + 1] = more[i];
    struct out a = add("TensorArrayV3", OUTS(constant(size)), attr, n + 1);
    return (struct chain){ a, { a.node, 1 } };
}

#define ARRAY(t, size, ...) array_of(t, size, ATTRS(__VA_ARGS__))
#define PLAIN(t, size) array_of(t, size, NULL, 0)
#define KEEPS attr_bool("clear_after_read", false)

static struct chain put_out(struct chain c, const char *index, struct out v)
{
    return (struct chain){ c.handle, add("TensorArrayWriteV3",
                                         OUTS(c.handle, constant(index), v, c.flow), NULL, 0) };
}

static struct chain put(struct chain c, const char *index, const char *v)
{
    return put_out(c, index, constant(v));
}

static struct out get(struct chain c, const char *index, enum dtype t)
{
    return add("TensorArrayReadV3", OUTS(c.handle, constant(index), c.flow),
               ATTRS(attr_type("dtype", t)));
}

static struct out size_of(struct chain c)
{
    return add("TensorArraySizeV3", OUTS(c.handle, c.flow), NULL, 0);
}

static struct out gather(struct chain c, const char *indices, enum dtype t,
                         const struct shape *s)
{
    return add("TensorArrayGatherV3", OUTS(c.handle, constant(indices), c.flow),
               ATTRS(attr_type("dtype", t), attr_shape("element_shape", s)));
}

static struct chain scatter_out(struct chain c, const char *indices, struct out v)
{
    return (struct chain){ c.handle, add("TensorArrayScatterV3",
                                         OUTS(c.handle, constant(indices), v, c.flow), NULL, 0) };
}

static struct chain scatter(struct chain c, const char *indices, const char *v)
{
    return scatter_out(c, indices, constant(v));
}

static struct out concat(struct chain c, enum dtype t, const struct shape *rest)
{
    return add("TensorArrayConcatV3", OUTS(c.handle, c.flow),
               ATTRS(attr_type("dtype", t), attr_shape("element_shape_except0", rest)));
}

static struct chain split_out(struct chain c, struct out v, const char *lengths)
{
    return (struct chain){ c.handle, add("TensorArraySplitV3",
                                         OUTS(c.handle, v, constant(lengths), c.flow), NULL, 0) };
}

static struct chain split(struct chain c, const char *v, const char *lengths)
{
    return split_out(c, constant(v), lengths);
}

static struct chain gradient(struct chain c, const char *source)
{
    struct out g = add("TensorArrayGradV3", OUTS(c.handle, c.flow),
                       ATTRS(attr_string("source", source)));
    return (struct chain){ g, { g.node, 1 } };
}

/* ---- an element at a time ---- */

static void written_and_read(void **unused)
{
    (void)unused;
    struct chain a = put(put(PLAIN(DT_FLOAT, "int32{3}"), "int32{2}", "float[2]{1 2}"), "int32{0}",
                         "float{7}");
    gives(get(a, "int32{0}", DT_FLOAT), "float{7}");
    gives(get(a, "int32{2}", DT_FLOAT), "float[2]{1 2}");
    gives(size_of(a), "int32{3}");
    struct chain s = put(PLAIN(DT_STRING, "int32{1}"), "int32{0}", "string[2]{\"a\" \"bc\"}");
    gives(get(s, "int32{0}", DT_STRING), "string[2]{\"a\" \"bc\"}");
    refuses(get(a, "int32{3}", DT_FLOAT), "Tried to read from index 3 but array size is: 3");
    refuses(get(a, "int32{-1}", DT_FLOAT), "Tried to read from index -1 but array size is: 3");
    refuses(get(a, "int32{0}", DT_DOUBLE),
            "TensorArray dtype is float but Op requested dtype double.");
    refuses(get(a, "int32{1}", DT_FLOAT), "Could not read from TensorArray index 1.  Furthermore, "
            "the element shape is not fully defined: <unknown>.");
}

static void written_once(void **unused)
{
    (void)unused;
    struct chain a = put(PLAIN(DT_FLOAT, "int32{2}"), "int32{0}", "float{1}");
    refuses(put(a, "int32{0}", "float{2}").flow, "Could not write to TensorArray index 0 because "
            "it has already been written to.");
    refuses(put(a, "int32{2}", "float{2}").flow, "Tried to write to index 2 but array is not "
            "resizeable and size is: 2");
    refuses(put(a, "int32{-1}", "float{2}").flow, "Tried to write to index -1 but");
    refuses(put(a, "int32{1}", "int32{2}").flow,
            "TensorArray dtype is float but Op is trying to write dtype int32.");
}

/* The second op that reads or writes is put behind the first by its flow. */
static struct chain after(struct chain c, struct out read)
{
    struct node *n;
    ok(graph_add(graph, &(struct node_def){ .op = "Identity", .name = "after", .in = &c.flow,
                                            .n_in = 1, .control = &read.node, .n_control = 1 },
                 &n));
    return (struct chain){ c.handle, { n, 0 } };
}

static void read_once(void **unused)
{
    (void)unused;
    struct chain a = put(PLAIN(DT_FLOAT, "int32{2}"), "int32{0}", "float{1}");
    a = after(a, get(a, "int32{0}", DT_FLOAT));
    refuses(get(a, "int32{0}", DT_FLOAT), "Could not read index 0 twice because it was cleared "
            "after a previous read (perhaps try setting clear_after_read = false?).");
    refuses(put(a, "int32{0}", "float{2}").flow, "because it has already been read.");
}

static void read_often(void **unused)
{
    (void)unused;
    struct chain a = put(ARRAY(DT_FLOAT, "int32{2}", KEEPS), "int32{0}", "float{1}");
    a = after(a, get(a, "int32{0}", DT_FLOAT));
    gives(get(a, "int32{0}", DT_FLOAT), "float{1}");
    refuses(put(a, "int32{0}", "float{2}").flow, "because it has already been read.");
}

static void grows(void **unused)
{
    (void)unused;
    struct chain a = ARRAY(DT_INT32, "int32{0}", attr_bool("dynamic_size", true));
    a = put(put(a, "int32{5}", "int32{5}"), "int32{40}", "int32{40}");
    gives(size_of(a), "int32{41}");
    gives(get(a, "int32{5}", DT_INT32), "int32{5}");
    gives(get(a, "int32{40}", DT_INT32), "int32{40}");
}

static void shapes_are_checked(void **unused)
{
    (void)unused;
    struct shape two = SHAPE(2, -1), full = SHAPE(2);
    struct chain a = ARRAY(DT_FLOAT, "int32{2}", attr_shape("element_shape", &two));
    refuses(put(a, "int32{0}", "float[3,1]{1 2 3}").flow, "because the value shape is [3,1] which "
            "is incompatible with the TensorArray's inferred element shape: [2,?]");
    struct chain same = ARRAY(DT_FLOAT, "int32{2}", attr_bool("identical_element_shapes", true));
    same = put(same, "int32{0}", "float[3]{1 2 3}");
    refuses(put(same, "int32{1}", "float[2]{1 2}").flow, "inferred element shape: [3]");
    struct chain known = ARRAY(DT_FLOAT, "int32{2}", attr_shape("element_shape", &full));
    gives(get(known, "int32{1}", DT_FLOAT), "float[2]{0 0}");
}

static void closed(void **unused)
{
    (void)unused;
    struct chain a = put(PLAIN(DT_FLOAT, "int32{2}"), "int32{0}", "float{1}");
    struct node *n;
    ok(graph_add(graph, &(struct node_def){ .op = "TensorArrayCloseV3", .name = "close",
                                            .in = &a.handle, .n_in = 1, .control = &a.flow.node,
                                            .n_control = 1 }, &n));
    a = after(a, (struct out){ n, 0 });
    refuses(get(a, "int32{0}", DT_FLOAT), "has already been closed.");
    refuses(put(a, "int32{1}", "float{1}").flow, "has already been closed.");
    refuses(size_of(a), "has already been closed.");
    refuses(gather(a, "int32[0]{}", DT_FLOAT, &SHAPE_SCALAR), "has already been closed.");
    refuses(gradient(a, "g").flow, "has already been closed.");
}

/* ---- many elements ---- */

static void stacked(void **unused)
{
    (void)unused;
    struct shape three = SHAPE(3);
    struct chain a = scatter(PLAIN(DT_FLOAT, "int32{3}"), "int32[3]{2 0 1}",
                             "float[3,2]{1 2 3 4 5 6}");
    gives(get(a, "int32{0}", DT_FLOAT), "float[2]{3 4}");
    gives(gather(a, "int32[2]{2 1}", DT_FLOAT, &SHAPE_UNKNOWN), "float[2,2]{1 2 5 6}");
    gives(gather(a, "int32[0]{}", DT_FLOAT, &three), "float[0,3]{}");
    refuses(gather(a, "int32[0]{}", DT_FLOAT, &SHAPE_UNKNOWN), "TensorArray has size zero, but "
            "element shape <unknown> is not fully defined.");
    refuses(gather(a, "int32[1]{0}", DT_FLOAT, &three), "TensorArray was passed element_shape [3] "
            "which does not match the Tensor at index 0: [2]");
    refuses(gather(a, "int32[1]{3}", DT_FLOAT, &SHAPE_UNKNOWN), "Tried to read from index 3 but");
    refuses(gather(a, "int32[2]{1 1}", DT_FLOAT, &SHAPE_UNKNOWN), "Could not read index 1 twice");
    struct chain b = put(put(PLAIN(DT_FLOAT, "int32{2}"), "int32{0}", "float[2]{1 2}"), "int32{1}",
                         "float[3]{1 2 3}");
    refuses(gather(b, "int32[2]{0 1}", DT_FLOAT, &SHAPE_UNKNOWN), "TensorArray has inconsistent "
            "shapes.  Index 0 has shape: [2] but index 1 has shape: [3]");
    struct chain s = scatter(PLAIN(DT_STRING, "int32{2}"), "int32[2]{0 1}",
                             "string[2]{\"x\" \"y\"}");
    gives(gather(s, "int32[2]{1 0}", DT_STRING, &SHAPE_UNKNOWN), "string[2]{\"y\" \"x\"}");
}

static void scattered_wrongly(void **unused)
{
    (void)unused;
    struct chain a = PLAIN(DT_FLOAT, "int32{3}");
    refuses(scatter(a, "int32[3]{0 1 2}", "float[2]{1 2}").flow,
            "Expected len(indices) == values.shape[0], but saw: 3 vs. 2");
    refuses(scatter(a, "int32[2]{0 5}", "float[2]{1 2}").flow,
            "Max scatter index must be < array size (5 vs. 3)");
    refuses(scatter(a, "int32[2]{0 -5}", "float[2]{1 2}").flow, "Tried to write to index -5");
    refuses(scatter(a, "int32[2]{0 0}", "float[2]{1 2}").flow, "already been written to");
    refuses(scatter(a, "int32[0]{}", "float{1}").flow, "must be at least a vector but received");
    refuses(scatter(a, "int32[1]{0}", "int32[1]{1}").flow, "Op is trying to write dtype int32.");
}

static void joined(void **unused)
{
    (void)unused;
    struct shape two = SHAPE(2);
    struct chain a = split(PLAIN(DT_FLOAT, "int32{3}"), "float[3,2]{1 2 3 4 5 6}",
                           "int64[3]{2 0 1}");
    gives(get(a, "int32{0}", DT_FLOAT), "float[2,2]{1 2 3 4}");
    gives(get(a, "int32{1}", DT_FLOAT), "float[0,2]{}");
    struct out c = concat(a, DT_FLOAT, &SHAPE_UNKNOWN);
    gives(c, "float[3,2]{1 2 3 4 5 6}");
    gives((struct out){ c.node, 1 }, "int64[3]{2 0 1}");
    gives(concat(PLAIN(DT_FLOAT, "int32{0}"), DT_FLOAT, &two), "float[0,2]{}");
    refuses(concat(PLAIN(DT_FLOAT, "int32{0}"), DT_FLOAT, &SHAPE_UNKNOWN),
            "TensorArray has size zero, but element_shape_except0 <unknown> is not fully defined.");
    struct chain b = PLAIN(DT_FLOAT, "int32{2}");
    refuses(concat(put(put(b, "int32{0}", "float[1]{1}"), "int32{1}", "float{1}"), DT_FLOAT,
                   &SHAPE_UNKNOWN), "Concat saw a scalar shape at index 1 but requires");
    refuses(concat(put(put(b, "int32{0}", "float[1]{1}"), "int32{1}", "float[1,1]{1}"), DT_FLOAT,
                   &SHAPE_UNKNOWN), "Index 0 has (excepting dimension 0) shape: [] but index 1");
    refuses(concat(put(put(b, "int32{0}", "float[1]{1}"), "int32{1}", "float[1]{1}"), DT_FLOAT,
                   &two), "TensorArray was passed element_shape_except0 [2]");
}

static void split_wrongly(void **unused)
{
    (void)unused;
    struct chain a = PLAIN(DT_FLOAT, "int32{2}");
    refuses(split(a, "float[3]{1 2 3}", "int64[2]{1 1}").flow, "Expected sum of lengths to be "
            "equal to values.shape[0], but sum of lengths is 2 and value's shape is: [3]");
    refuses(split(a, "float[3]{1 2 3}", "int64[2]{4 -1}").flow, "not negative");
    refuses(split(a, "float[3]{1 2 3}", "int64[3]{1 1 1}").flow, "TensorArray's size is not equal "
            "to the size of lengths (2 vs. 3), and the TensorArray is not marked as dynamically "
            "resizeable");
    refuses(split(a, "float{3}", "int64[2]{1 1}").flow, "Expected value to be at least a vector");
}

/* ---- gradients ---- */

/* Writes add; sources do not meet; what nobody wrote is 0 of the forward element's shape. */
static void gradients_add(void **unused)
{
    (void)unused;
    struct chain a = put(put(PLAIN(DT_FLOAT, "int32{2}"), "int32{0}", "float[2]{1 2}"), "int32{1}",
                         "float{5}");
    struct chain g = gradient(a, "gradients"), h = gradient(a, "other");
    g = put(put(put(g, "int32{0}", "float[2]{1 2}"), "int32{0}", "float[2]{10 20}"), "int32{0}",
            "float[2]{100 200}");
    gives(get(g, "int32{0}", DT_FLOAT), "float[2]{111 222}");
    gives(get(g, "int32{1}", DT_FLOAT), "float{0}");
    gives(get((struct chain){ h.handle, g.flow }, "int32{0}", DT_FLOAT), "float[2]{0 0}");
    struct chain again = gradient((struct chain){ a.handle, g.flow }, "gradients");
    gives(get(again, "int32{0}", DT_FLOAT), "float[2]{111 222}");
    refuses(put(g, "int32{0}", "float[3]{1 2 3}").flow, "Could not aggregate to TensorArray index "
            "0 because the existing shape is [2] but the new input shape is [3].");
    refuses(gradient(g, "second").flow, "Unable to create a gradients TensorArray for");
}

static void gradients_have_more_dimensions(void **unused)
{
    (void)unused;
    struct chain a = put(PLAIN(DT_FLOAT, "int32{1}"), "int32{0}", "float[2]{1 2}");
    struct out g = add("TensorArrayGradWithShape",
                       OUTS(a.handle, a.flow, constant("int32[1]{3}")),
                       ATTRS(attr_string("source", "g")));
    gives(get((struct chain){ g, { g.node, 1 } }, "int32{0}", DT_FLOAT), "float[3,2]{0 ...}");
}

static void gradients_go_through(void **unused)
{
    (void)unused;
    struct out x = constant("float[3]{1 2 3}"), one = constant("float{2}");
    struct chain stack = scatter_out(PLAIN(DT_FLOAT, "int32{3}"), "int32[3]{0 1 2}", x);
    struct out y = times(gather(stack, "int32[2]{2 0}", DT_FLOAT, &SHAPE_UNKNOWN),
                         "float[2]{10 100}");
    gives(derivative(y, x), "float[3]{100 0 10}");
    struct chain parts = split_out(PLAIN(DT_FLOAT, "int32{2}"), x, "int64[2]{1 2}");
    gives(derivative(times(concat(parts, DT_FLOAT, &SHAPE_UNKNOWN), "float[3]{5 6 7}"), x),
          "float[3]{5 6 7}");
    gives(derivative(times(get(parts, "int32{1}", DT_FLOAT), "float[2]{3 4}"), x),
          "float[3]{0 3 4}");
    struct chain a = put_out(put_out(ARRAY(DT_FLOAT, "int32{2}", KEEPS), "int32{0}", one),
                             "int32{1}", times(one, "float{3}"));
    struct out sum = add("AddN", OUTS(get(a, "int32{0}", DT_FLOAT), get(a, "int32{1}", DT_FLOAT),
                                      get(a, "int32{1}", DT_FLOAT)), NULL, 0);
    gives(derivative(sum, one), "float{7}");
}

/* The names of TensorFlow 1.14, as models hold them. */
static void gradients_are_named(void **unused)
{
    (void)unused;
    struct out x = constant("float[2]{1 2}");
    struct chain a = scatter_out(PLAIN(DT_FLOAT, "int32{2}"), "int32[2]{0 1}", x);
    struct out y = gather(a, "int32[2]{0 1}", DT_FLOAT, &SHAPE_UNKNOWN);
    const char *forward = a.flow.node->name;
    char name[128];
    derivative(y, x);
    snprintf(name, sizeof name, "gradients/%s_grad/TensorArrayGrad/TensorArrayGradV3", forward);
    assert_non_null(graph_find(graph, name));
    assert_string_equal(node_attr_string(graph_find(graph, name), "source"), "gradients");
    snprintf(name, sizeof name, "gradients/%s_grad/TensorArrayGrad/gradient_flow", forward);
    assert_non_null(graph_find(graph, name));
    snprintf(name, sizeof name, "gradients/%s_grad/TensorArrayGatherV3", forward);
    assert_non_null(graph_find(graph, name));
    snprintf(name, sizeof name, "gradients/%s_grad/TensorArrayScatter/TensorArrayScatterV3",
             y.node->name);
    assert_non_null(graph_find(graph, name));
}

/* Whichever allocation fails, the run says so, and nothing is lost. */
static void memory_ends(void **unused)
{
    (void)unused;
    struct out x = constant("float[3]{1 2 3}");
    struct chain a = scatter_out(ARRAY(DT_FLOAT, "int32{3}", attr_bool("dynamic_size", true)),
                                 "int32[3]{0 1 2}", x);
    a = put_out(a, "int32{9}", times(constant("float{2}"), "float{3}"));
    struct out y = add("Sum", OUTS(gather(a, "int32[3]{2 0 9}", DT_FLOAT, &SHAPE_SCALAR),
                                   constant("int32{0}")), NULL, 0);
    struct out dx = derivative(y, x);
    for (long n = 0; n < 1000; n++) {
        struct tensor got = { 0 };
        mem_fail_after(n, 0);
        struct status *st = run(dx, PLAN_SERIAL, &got);
        mem_fail_after(-1, 0);
        tensor_unref(&got);
        if (!st)
            return;
        fails(st, RESOURCE_EXHAUSTED, "");
    }
    fail_msg("it never succeeds");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(written_and_read), CASE(written_once), CASE(read_once), CASE(read_often),
        CASE(grows), CASE(shapes_are_checked), CASE(closed), CASE(stacked),
        CASE(scattered_wrongly), CASE(joined), CASE(split_wrongly), CASE(gradients_add),
        CASE(gradients_have_more_dimensions), CASE(gradients_go_through),
        CASE(gradients_are_named), CASE(memory_ends),
    };
    ok(ops_init());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
