/* tensor_list_test.c - lists of tensors: each op makes a new one, whoever holds the old one still
 * sees that, and a list held once is not copied; elements together and apart; gradients. */
#include "ops/ops.h"
#include "ops/tensor_list.h"
#include "test/gives.h"

/* ---- short ways ---- */

static struct out with_dtype(const char *op, const struct out *in, int n_in, enum dtype t)
{
    return add(op, in, n_in, ATTRS(attr_type("element_dtype", t)));
}

static struct out empty(enum dtype t, const char *shape)
{
    return with_dtype("EmptyTensorList", OUTS(constant(shape), constant("int32{-1}")), t);
}

static struct out reserve(enum dtype t, const char *shape, const char *n)
{
    return with_dtype("TensorListReserve", OUTS(constant(shape), constant(n)), t);
}

static struct out push(struct out list, struct out x)
{
    return with_dtype("TensorListPushBack", OUTS(list, x), x.node->dtype[x.index]);
}

static struct out get(struct out list, const char *index, enum dtype t)
{
    return with_dtype("TensorListGetItem",
                      OUTS(list, constant(index), constant("int32{-1}")), t);
}

static struct out set(struct out list, const char *index, struct out x)
{
    return with_dtype("TensorListSetItem", OUTS(list, constant(index), x),
                      x.node->dtype[x.index]);
}

static struct out length(struct out list)
{
    return add("TensorListLength", OUTS(list), NULL, 0);
}

static struct out stack(struct out list, const char *shape, enum dtype t)
{
    return with_dtype("TensorListStack", OUTS(list, constant(shape)), t);
}

static struct out from(struct out x, const char *shape)
{
    return add("TensorListFromTensor", OUTS(x, constant(shape)), NULL, 0);
}

static struct out pop(struct out list, enum dtype t)
{
    return with_dtype("TensorListPopBack", OUTS(list, constant("int32{-1}")), t);
}

static struct out second(struct out o) { return (struct out){ o.node, 1 }; }

/* ---- an element at a time ---- */

static void pushed_and_popped(void **unused)
{
    (void)unused;
    struct out one = push(empty(DT_FLOAT, "int32{-1}"), constant("float{1}"));
    struct out two = push(one, constant("float[2]{2 3}")), three = push(one, constant("float{4}"));
    gives(length(one), "int32{1}");
    gives(length(two), "int32{2}");
    gives(second(pop(two, DT_FLOAT)), "float[2]{2 3}");
    gives(second(pop(three, DT_FLOAT)), "float{4}");
    gives(get(pop(two, DT_FLOAT), "int32{0}", DT_FLOAT), "float{1}");
    gives(add("AddN", OUTS(get(two, "int32{0}", DT_FLOAT), get(three, "int32{1}", DT_FLOAT),
                           get(one, "int32{0}", DT_FLOAT)), NULL, 0), "float{6}");
    refuses(second(pop(empty(DT_FLOAT, "int32{-1}"), DT_FLOAT)), "pop from an empty list.");
    refuses(get(two, "int32{2}", DT_FLOAT), "Trying to access element 2 in a list with 2");
    refuses(get(two, "int32{-1}", DT_FLOAT), "Trying to access element -1 in");
    refuses(get(two, "int32{0}", DT_INT32),
            "Invalid data types; op elements int32 but list elements float");
    refuses(push(two, constant("int32{0}")), "Invalid data types;");
    refuses(push(empty(DT_FLOAT, "int32[1]{2}"), constant("float[3]{1 2 3}")), "Tried to append a "
            "tensor with incompatible shape to a list. Op element shape: [3] list shape: [2]");
    struct out full = with_dtype("EmptyTensorList", OUTS(constant("int32{-1}"),
                                                         constant("int32{1}")), DT_FLOAT);
    refuses(push(push(full, constant("float{1}")), constant("float{2}")), "Tried to push item into "
            "a full list. list size: 1 max_num_elements: 1");
}

static void set_and_read(void **unused)
{
    (void)unused;
    struct out list = reserve(DT_FLOAT, "int32[1]{2}", "int32{3}");
    struct out one = set(list, "int32{1}", constant("float[2]{1 2}"));
    gives(get(one, "int32{1}", DT_FLOAT), "float[2]{1 2}");
    gives(get(one, "int32{0}", DT_FLOAT), "float[2]{0 0}");
    gives(stack(one, "int32{-1}", DT_FLOAT), "float[3,2]{0 0 1 2 0 0}");
    gives(stack(list, "int32{-1}", DT_FLOAT), "float[3,2]{0 ...}");
    gives(add("TensorListElementShape", OUTS(list), ATTRS(attr_type("shape_type", DT_INT64))),
          "int64[1]{2}");
    refuses(set(list, "int32{3}", constant("float[2]{1 2}")),
            "Trying to modify element 3 in a list with 3 elements.");
    refuses(set(list, "int32{0}", constant("float[1]{1}")), "Tried to set a tensor with "
            "incompatible shape at a list index. Item element shape: [1] list shape: [2]");
    struct out any = reserve(DT_FLOAT, "int32{-1}", "int32{2}");
    refuses(get(any, "int32{0}", DT_FLOAT), "Trying to read an uninitialized element but "
            "element_shape is not fully defined");
    refuses(stack(any, "int32{-1}", DT_FLOAT), "Tried to stack list which only contains "
            "uninitialized tensors and has a non-fully-defined element_shape: <unknown>");
    struct out longer = add("TensorListResize", OUTS(one, constant("int32{4}")), NULL, 0);
    gives(stack(longer, "int32{-1}", DT_FLOAT), "float[4,2]{0 0 1 2 0 ...}");
    struct out shorter = add("TensorListResize", OUTS(one, constant("int32{1}")), NULL, 0);
    gives(length(shorter), "int32{1}");
    struct out grown = add("TensorListSetItem",
                           OUTS(list, constant("int32{4}"), constant("float[2]{5 6}")),
                           ATTRS(attr_type("element_dtype", DT_FLOAT),
                                 attr_bool("resize_if_index_out_of_bounds", true)));
    gives(length(grown), "int32{5}");
}

static void batches(void **unused)
{
    (void)unused;
    struct out a = empty(DT_INT32, "int32{-1}"), b = push(a, constant("int32{7}"));
    struct out both = add("Pack", OUTS(a, b), NULL, 0);
    struct out more = with_dtype("TensorListPushBackBatch",
                                 OUTS(both, constant("int32[2]{1 2}")), DT_INT32);
    struct out parts = add("Unpack", OUTS(more), ATTRS(attr_int("num", 2)));
    gives(stack(parts, "int32{-1}", DT_INT32), "int32[1]{1}");
    gives(stack(second(parts), "int32{-1}", DT_INT32), "int32[2]{7 2}");
    struct out joined = with_dtype("TensorListConcatLists", OUTS(parts, second(parts)), DT_INT32);
    gives(stack(joined, "int32{-1}", DT_INT32), "int32[3]{1 7 2}");
}

/* Nobody else holds it: the elements of a list of a thousand are where they were. */
static void one_holder_copies_nothing(void **unused)
{
    (void)unused;
    struct out list = reserve(DT_FLOAT, "int32[0]{}", "int32{1000}");
    struct tensor got = { 0 };
    for (int i = 0; i < 50; i++)
        list = set(list, "int32{3}", constant("float{1}"));
    ok(run(list, PLAN_SERIAL | PLAN_NO_FOLD, &got));
    const struct tensor_list *l;
    ok(tensor_list_of(*(struct variant **)got.data, DT_FLOAT, &l));
    assert_int_equal(l->n, 1000);
    assert_int_equal(l->room, 1000);                /* a copy would have room to grow */
    tensor_unref(&got);
}

/* ---- many elements ---- */

static void together_and_apart(void **unused)
{
    (void)unused;
    struct out list = from(constant("float[3,2]{1 2 3 4 5 6}"), "int32[1]{2}");
    gives(get(list, "int32{2}", DT_FLOAT), "float[2]{5 6}");
    gives(stack(list, "int32{-1}", DT_FLOAT), "float[3,2]{1 2 3 4 5 6}");
    gives(with_dtype("TensorListGather", OUTS(list, constant("int32[2]{2 0}"),
                                              constant("int32{-1}")), DT_FLOAT),
          "float[2,2]{5 6 1 2}");
    refuses(with_dtype("TensorListGather", OUTS(list, constant("int32[1]{3}"),
                                                constant("int32{-1}")), DT_FLOAT),
            "Index 3 out o range; list only has 3 elements.");
    refuses(stack(empty(DT_FLOAT, "int32{-1}"), "int32{-1}", DT_FLOAT), "Tried to stack elements "
            "of an empty list with non-fully-defined element_shape: <unknown>");
    gives(stack(empty(DT_FLOAT, "int32{-1}"), "int32[1]{3}", DT_FLOAT), "float[0,3]{}");
    refuses(add("TensorListStack", OUTS(list, constant("int32{-1}")),
                ATTRS(attr_type("element_dtype", DT_FLOAT), attr_int("num_elements", 2))),
            "Operation expected a list with 2 elements but got a list with 3 elements.");
    struct out at = add("TensorListScatterV2", OUTS(constant("float[2]{1 2}"),
                                                    constant("int32[2]{3 1}"),
                                                    constant("int32[0]{}"), constant("int32{5}")),
                        NULL, 0);
    gives(stack(at, "int32{-1}", DT_FLOAT), "float[5]{0 2 0 1 0}");
    struct out into = add("TensorListScatterIntoExistingList",
                          OUTS(at, constant("float[2]{8 9}"), constant("int32[2]{0 6}")), NULL, 0);
    gives(stack(into, "int32{-1}", DT_FLOAT), "float[7]{8 2 0 1 0 0 9}");
}

static void joined_and_split(void **unused)
{
    (void)unused;
    struct out list = add("TensorListSplit", OUTS(constant("float[3,2]{1 2 3 4 5 6}"),
                                                  constant("int32[2]{-1 2}"),
                                                  constant("int64[3]{2 0 1}")), NULL, 0);
    struct out c = with_dtype("TensorListConcat", OUTS(list), DT_FLOAT);
    gives(get(list, "int32{0}", DT_FLOAT), "float[2,2]{1 2 3 4}");
    gives(c, "float[3,2]{1 2 3 4 5 6}");
    gives(second(c), "int64[3]{2 0 1}");
    struct out holes = set(reserve(DT_FLOAT, "int32[2]{-1 2}", "int32{2}"), "int32{1}",
                           constant("float[1,2]{1 2}"));
    refuses(with_dtype("TensorListConcat", OUTS(holes), DT_FLOAT), "uninitialized");
    gives(with_dtype("TensorListConcatV2", OUTS(holes, constant("int32{-1}"),
                                                constant("int64[2]{2 1}")), DT_FLOAT),
          "float[3,2]{0 0 0 0 1 2}");
    refuses(with_dtype("TensorListConcat", OUTS(push(empty(DT_FLOAT, "int32{-1}"),
                                                     constant("float{1}"))), DT_FLOAT),
            "Concat requires elements to be at least vectors, found scalar instead.");
    refuses(with_dtype("TensorListConcat", OUTS(empty(DT_FLOAT, "int32{-1}")), DT_FLOAT),
            "All except the first dimension must be fully defined when concating an empty");
}

/* ---- sums and zeros ---- */

static void lists_add(void **unused)
{
    (void)unused;
    struct out a = from(constant("float[2]{1 2}"), "int32{-1}");
    struct out b = set(reserve(DT_FLOAT, "int32{-1}", "int32{2}"), "int32{1}",
                       constant("float{5}"));
    gives(stack(add("AddN", OUTS(a, b, a), NULL, 0), "int32{-1}", DT_FLOAT), "float[2]{2 9}");
    gives(stack(a, "int32{-1}", DT_FLOAT), "float[2]{1 2}");
    gives(stack(add("ZerosLike", OUTS(a), NULL, 0), "int32{-1}", DT_FLOAT), "float[2]{0 0}");
    refuses(add("AddN", OUTS(a, empty(DT_FLOAT, "int32{-1}")), NULL, 0),
            "Trying to add two lists of tensors with different lengths. One is 2 and the other is");
    refuses(add("AddN", OUTS(a, from(constant("int32[2]{1 2}"), "int32{-1}")), NULL, 0), "Trying "
            "to add two lists of tensors of different dtypes. One is float and the other is");
}

/* ---- gradients ---- */

static void gradients_of_elements(void **unused)
{
    (void)unused;
    struct out x = constant("float{3}");
    struct out list = push(push(empty(DT_FLOAT, "int32[0]{}"), x), times(x, "float{2}"));
    gives(derivative(times(stack(list, "int32{-1}", DT_FLOAT), "float[2]{5 7}"), x), "float{19}");
    struct out popped = pop(list, DT_FLOAT);
    gives(derivative(times(second(popped), "float{4}"), x), "float{8}");
    gives(derivative(times(get(popped, "int32{0}", DT_FLOAT), "float{4}"), x), "float{4}");
    struct out put = set(set(reserve(DT_FLOAT, "int32[0]{}", "int32{2}"), "int32{0}", x),
                         "int32{0}", times(x, "float{10}"));
    gives(derivative(stack(put, "int32{-1}", DT_FLOAT), x), "float{10}");
    struct out cut = add("TensorListResize", OUTS(list, constant("int32{1}")), NULL, 0);
    gives(derivative(stack(cut, "int32{-1}", DT_FLOAT), x), "float{1}");
}

static void gradients_of_many(void **unused)
{
    (void)unused;
    struct out x = constant("float[3]{1 2 3}");
    struct out list = from(x, "int32[0]{}");
    struct out some = with_dtype("TensorListGather", OUTS(list, constant("int32[2]{2 0}"),
                                                          constant("int32{-1}")), DT_FLOAT);
    gives(derivative(times(some, "float[2]{10 100}"), x), "float[3]{100 0 10}");
    struct out at = add("TensorListScatter", OUTS(x, constant("int32[3]{2 0 1}"),
                                                  constant("int32[0]{}")), NULL, 0);
    gives(derivative(times(stack(at, "int32{-1}", DT_FLOAT), "float[3]{1 2 3}"), x),
          "float[3]{3 1 2}");
    struct out four = add("TensorListScatterV2", OUTS(x, constant("int32[3]{0 1 2}"),
                                                      constant("int32[0]{}"),
                                                      constant("int32{4}")), NULL, 0);
    struct out into = add("TensorListScatterIntoExistingList",
                          OUTS(four, times(x, "float{10}"), constant("int32[3]{1 2 3}")), NULL, 0);
    struct out held = with_dtype("TensorListGather", OUTS(into, constant("int32[3]{0 1 2}"),
                                                          constant("int32{-1}")), DT_FLOAT);
    gives(derivative(times(held, "float[3]{1 2 3}"), x), "float[3]{21 30 0}");
    struct out parts = add("TensorListSplit", OUTS(x, constant("int32[1]{-1}"),
                                                   constant("int64[2]{1 2}")), NULL, 0);
    gives(derivative(times(with_dtype("TensorListConcat", OUTS(parts), DT_FLOAT),
                           "float[3]{5 6 7}"), x), "float[3]{5 6 7}");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Many elements that nobody sets, behind none and behind one that is set. */
static void many_unset(void **unused)
{
    (void)unused;
    gives(length(reserve(DT_FLOAT, "int32{-1}", "int32{800000}")), "int32{800000}");
    struct out one = push(empty(DT_FLOAT, "int32{-1}"), constant("float{1}"));
    struct out more = add("TensorListResize", OUTS(one, constant("int32{800000}")), NULL, 0);
    gives(length(more), "int32{800000}");
    gives(get(more, "int32{0}", DT_FLOAT), "float{1}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(pushed_and_popped), CASE(set_and_read), CASE(batches),
        CASE(one_holder_copies_nothing), CASE(together_and_apart), CASE(joined_and_split),
        CASE(lists_add), CASE(gradients_of_elements), CASE(gradients_of_many),
        CASE(many_unset),
    };
    ok(ops_init());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
