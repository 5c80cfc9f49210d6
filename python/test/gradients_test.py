"""Derivatives: tf.gradients, tf.hessians, tf.custom_gradient. Each fact of SEMANTICS.md F.1."""
import warnings

import numpy as np
import pytest
import weft as tf
from weft.python.framework import gen
from weft.python.framework import registry
from weft.python.ops.gradients import dense_from_slices


@pytest.fixture
def forget_gradients():
    """What a test registers is no other test's."""
    known = dict(registry._GRADIENTS)
    yield
    registry._GRADIENTS.clear()
    registry._GRADIENTS.update(known)


def value(x, feed_dict=None):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(x, feed_dict)


def names():
    return [op.name for op in tf.get_default_graph().get_operations()]


@pytest.mark.fact("F1")
def test_sum_over_ys_under_a_scope():
    x = tf.constant([1., 2.])
    y1, y2 = tf.square(x, name="first"), tf.multiply(x, 3., name="second")
    dx, = tf.gradients([y1, y2], x)
    assert dx.shape.as_list() == [2]
    np.testing.assert_array_equal(value(dx), [5., 7.])
    assert "gradients/first_grad/Mul_1" in names() and "gradients/second_grad/Mul" in names()
    again, = tf.gradients(y1, [x])
    assert again.name.startswith("gradients_1/")
    assert tf.gradients(y1, x, name="mine")[0].name.startswith("mine/")


@pytest.mark.fact("F1")
def test_several_xs():
    a, b = tf.constant(2.), tf.constant(3.)
    assert value(tf.gradients(a * a * b, [a, b])) == [12., 4.]


@pytest.mark.fact("F2")
def test_no_path_is_none():
    x, other = tf.constant(1.), tf.constant(2.)
    y = tf.cast(tf.cast(x * 3., tf.int32), tf.float32)
    assert tf.gradients(x * x, other) == [None]
    assert tf.gradients(y, x) == [None]
    assert tf.gradients(tf.cast(x > 0., tf.float32), x) == [None]
    whole = tf.constant(3)
    assert tf.gradients(tf.cast(whole, tf.float32), whole) == [None]


@pytest.mark.fact("F2")
def test_zeros_on_request():
    x, other = tf.constant([1., 2.]), tf.Variable([3., 4.])
    zero = tf.gradients(x, other, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    np.testing.assert_array_equal(value(zero[0]), [0., 0.])
    assert tf.gradients(x, other, unconnected_gradients="none") == [None]
    with pytest.raises(ValueError, match="Unknown value for unconnected_gradients: 'two'"):
        tf.gradients(x, other, unconnected_gradients="two")


@pytest.mark.fact("F3")
def test_first_gradients():
    x = tf.constant([1., 2.])
    ys = [x * x, -x]
    assert value(tf.gradients(ys, x, grad_ys=[[10., 100.], None]))[0].tolist() == [19., 399.]
    with pytest.raises(ValueError, match="Passed 1 grad_ys for 2 ys"):
        tf.gradients(ys, x, grad_ys=[None])
    z = tf.constant(1 + 2j)
    with pytest.raises(TypeError, match="Gradients of complex tensors must set grad_ys"):
        tf.gradients(z * z, z)
    with pytest.raises(TypeError, match="Gradient type complex128 generated for real or "
                                        "integer-valued tensor"):
        tf.gradients(ys[0], x, grad_ys=tf.constant([1j, 2j]))
    assert value(tf.gradients(z * z, z, grad_ys=tf.constant(1 + 0j)))[0] == 2 - 4j
    start = [op for op in tf.get_default_graph().get_operations()
             if op.name == "gradients/grad_ys_0"]
    assert start[0].type == "Identity"


@pytest.mark.fact("F3")
def test_ones_by_name():
    tf.gradients(tf.square(tf.constant(3.)), tf.constant(1.))
    assert names()[-3:] == ["gradients/Shape", "gradients/grad_ys_0", "gradients/Fill"]


@pytest.mark.fact("F4")
def test_stopped():
    a = tf.constant(1.)
    b = 2. * a
    assert value(tf.gradients(a + b, [a, b], stop_gradients=[a, b])) == [1., 1.]
    assert value(tf.gradients(a + b, [a, b])) == [3., 1.]
    assert value(tf.gradients(a + tf.stop_gradient(b), a)) == [1.]


@pytest.mark.fact("F5")
def test_without_gradient(forget_gradients):
    x = tf.constant(2.)
    y = gen.Mod(x, x, name="leftover")
    with pytest.raises(LookupError, match=r"No gradient defined for operation 'leftover' "
                                          r"\(op type: Mod\)"):
        tf.gradients(y, x)
    barred = gen.PreventGradient(x, message="not this way")
    with pytest.raises(LookupError, match="Gradient explicitly disabled. Reason: .*not this way"):
        tf.gradients(barred, x)
    tf.NotDifferentiable("Flat")
    with tf.get_default_graph().gradient_override_map({"Square": "Flat"}):
        flat = tf.square(x)
    assert tf.gradients(flat, x) == [None] and tf.gradients(flat + x, x) != [None]


@pytest.mark.fact("F6")
def test_results_of_registered_gradients(forget_gradients):
    x = tf.constant([1., 2.])
    results = {}
    tf.RegisterGradient("Wrong")(lambda op, dy: results["now"](dy))
    with tf.get_default_graph().gradient_override_map({"Mul": "Wrong"}):
        y = tf.multiply(x, x)
    results["now"] = lambda dy: dy
    with pytest.raises(ValueError, match=r"(?s)Num gradients 1 generated for op .* do not match "
                                         r"num inputs 2"):
        tf.gradients(y, x)
    results["now"] = lambda dy: [tf.constant([1., 2., 3.]), None]
    with pytest.raises(ValueError, match="Incompatible shapes between op input and calculated "
                                         "input gradient."):
        tf.gradients(y, x)
    results["now"] = lambda dy: [dy * 5., None]
    assert value(tf.gradients(y, x))[0].tolist() == [5., 5.]


@pytest.mark.fact("A62")
def test_override_by_the_gradient_of_another_op():
    graph, x = tf.get_default_graph(), tf.constant([0.4, -2.])
    with graph.gradient_override_map({"Sign": "Identity", "Round": "Identity", "Mul": "Add"}):
        straight = tf.round(tf.sign(x)) * 5.
    np.testing.assert_array_equal(value(tf.gradients(straight, x)[0]), [1., 1.])
    with graph.gradient_override_map({"Relu": "Sign"}):             # zeros
        np.testing.assert_array_equal(value(tf.gradients(tf.nn.relu(x), x)[0]), [0., 0.])
    for unlike in "MatMul", "Conv2D", "Split", "ArgMax":
        with graph.gradient_override_map({"Sign": unlike}):
            with pytest.raises(LookupError, match="No gradient defined"):
                tf.gradients(tf.sign(x), x)


@pytest.mark.fact("A62")
def test_override_map(forget_gradients):
    @tf.RegisterGradient("Sevenfold")
    def _seven(op, dy):
        assert op.type == "Square" and dy.dtype == tf.float32
        return tf.multiply(dy, 7., name="seven")

    x = tf.constant(3.)
    graph = tf.get_default_graph()
    with graph.gradient_override_map({"Square": "Sevenfold"}):
        inner = tf.square(x, name="mine")
    assert value(tf.gradients(inner, x)) == [7.] and value(tf.gradients(tf.square(x), x)) == [6.]
    assert "gradients/mine_grad/seven" in names()
    with graph.gradient_override_map({"Square": "Nobody's"}):
        lost = tf.square(x, name="lost")
    with pytest.raises(LookupError, match="No gradient defined for operation 'lost'"):
        tf.gradients(lost, x)
    with pytest.raises(TypeError, match="op_type_map must be a dictionary mapping strings to "
                                        "strings"):
        with graph.gradient_override_map({"Square": 3}):
            pass


@pytest.mark.fact("A63")
def test_registered_twice(forget_gradients):
    tf.RegisterGradient("Twice")(lambda op, dy: dy)
    with pytest.raises(KeyError, match="Registering two gradient with name 'Twice'"):
        tf.RegisterGradient("Twice")(lambda op, dy: dy)


@pytest.mark.fact("F7")
def test_contributions_are_added():
    x = tf.constant(3.)
    y = tf.square(x) + tf.exp(x) + 2. * x
    dx, = tf.gradients(y, x)
    assert dx.op.type == "AddN" and len(dx.op.inputs) == 3
    for method in (tf.AggregationMethod.ADD_N, tf.AggregationMethod.EXPERIMENTAL_TREE,
                   tf.AggregationMethod.EXPERIMENTAL_ACCUMULATE_N):
        again, = tf.gradients(y, x, aggregation_method=method)
        np.testing.assert_allclose(value(again), 8 + np.exp(3.), rtol=1e-6)
    with pytest.raises(ValueError, match="Invalid aggregation_method specified 7"):
        tf.gradients(y, x, aggregation_method=7)


@pytest.mark.fact("F8", "C58")
@pytest.mark.parametrize("use_resource", [False, True])
def test_rows(use_resource):
    table = tf.Variable([[1.], [2.], [3.]], use_resource=use_resource)
    looked = tf.gather(table, [2, 0, 2])
    y = tf.reduce_sum(looked * looked)
    rows, = tf.gradients(y, table)
    assert isinstance(rows, tf.IndexedSlices)
    got = value(rows)
    assert got.values.tolist() == [[6.], [2.], [6.]] and got.indices.tolist() == [2, 0, 2]
    assert got.dense_shape.tolist() == [3, 1]
    twice, = tf.gradients(y + tf.reduce_sum(tf.gather(table, [1])), table)
    got = value(twice)
    assert sorted(got.indices.tolist()) == [0, 1, 2, 2]


@pytest.mark.fact("F8")
def test_rows_among_dense():
    table = tf.Variable([[1.], [2.], [3.]])
    y = tf.reduce_sum(tf.gather(table, [2, 2])) + tf.reduce_sum(table)
    mixed, = tf.gradients(y, table)
    assert isinstance(mixed, tf.IndexedSlices)
    assert value(tf.convert_to_tensor(mixed)).tolist() == [[1.], [1.], [3.]]


@pytest.mark.fact("F9")
def test_rows_made_dense():
    rows = tf.IndexedSlices(tf.constant([[1.], [2.]]), tf.constant([1, 1]), tf.constant([3, 1]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert value(tf.convert_to_tensor(rows)).tolist() == [[0.], [3.], [0.]]
    for shape, what in ((tf.placeholder(tf.int32, [2]), "of unknown shape"),
                        (tf.constant([200000000, 1]), "with 200000000 elements")):
        rows = tf.IndexedSlices(tf.constant([[1.]]), tf.constant([0]), shape)
        with pytest.warns(UserWarning, match="Converting sparse IndexedSlices to a dense Tensor "
                                             + what):
            tf.convert_to_tensor(rows)
    with pytest.raises(ValueError, match="IndexedSlices without dense_shape"):
        dense_from_slices(tf.IndexedSlices(tf.constant([1.]), tf.constant([0])))


@pytest.mark.fact("F9")
def test_gradients_of_other_kinds(forget_gradients):
    tf.RegisterGradient("Text")(lambda op, dy: "no gradient")
    x = tf.constant(1.)
    with tf.get_default_graph().gradient_override_map({"Square": "Text"}):
        y = tf.square(x)
    with pytest.raises(TypeError, match="gradients have to be either all Tensors or all "
                                        "IndexedSlices"):
        tf.gradients(y, x)


@pytest.mark.fact("F10")
def test_unused_outputs(forget_gradients):
    x = tf.constant([1., 2., 3., 4.])
    assert value(tf.gradients(tf.split(x, 2)[1] ** 2., x))[0].tolist() == [0., 0., 6., 8.]
    seen = []

    @tf.RegisterGradient("Parts")
    def _parts(op, *dys):
        seen.extend(dys)
        return [None, tf.concat(dys, 0)]

    with tf.get_default_graph().gradient_override_map({"Split": "Parts"}):
        parts = tf.split(x, 2)
    assert value(tf.gradients(parts[1] * 3., x))[0].tolist() == [0., 0., 3., 3.]
    assert seen[0].op.type == "ZerosLike"


@pytest.mark.fact("F13")
@pytest.mark.parametrize("use_resource", [False, True])
def test_variables(use_resource):
    v = tf.Variable(3., use_resource=use_resource)
    assert value(tf.gradients(v * v + 2. * v, v)) == [8.]
    assert tf.gradients(v * v, v.read_value()) == [None]


@pytest.mark.fact("F14")
def test_gates_and_places():
    a, b = tf.constant(2.), tf.constant(3.)
    y = tf.multiply(a, b, name="y")
    tf.gradients(y, [a, b], name="free")
    assert "free/y_grad/tuple/group_deps" not in names()
    dx = tf.gradients(y, [a, b], gate_gradients=True)
    assert "gradients/y_grad/tuple/group_deps" in names()
    assert dx[0].name == "gradients/y_grad/tuple/control_dependency:0"
    assert value(dx) == [3., 2.]
    with tf.device("/cpu:0"):
        placed = tf.square(a)
    near, = tf.gradients(placed, a, colocate_gradients_with_ops=True)
    assert near.op.colocation_groups() == [b"loc:@Square"]
    start = tf.get_default_graph().get_operation_by_name("gradients_1/Fill")
    assert start.colocation_groups() == [b"loc:@Square"]


@pytest.mark.fact("F14")
def test_gates_and_places_of_registered_gradients(forget_gradients):
    tf.RegisterGradient("Product")(lambda op, dy: (dy * op.inputs[1], dy * op.inputs[0]))
    a, b = tf.constant(2.), tf.constant(3.)
    with tf.get_default_graph().gradient_override_map({"Mul": "Product"}):
        y = tf.multiply(a, b, name="y")
    dx = tf.gradients(y, [a, b], colocate_gradients_with_ops=True, gate_gradients=True)
    assert dx[0].name == "gradients/y_grad/tuple/control_dependency:0" and value(dx) == [3., 2.]
    made = tf.get_default_graph().get_operation_by_name("gradients/y_grad/mul")
    assert made.colocation_groups() == [b"loc:@y"]


@pytest.mark.fact("F15")
def test_forward_dependencies_stay_behind():
    x, first = tf.constant(2.), tf.no_op(name="first")
    with tf.control_dependencies([first]):
        y = x * x
    before = len(names())
    tf.gradients(y, x)
    for op in tf.get_default_graph().get_operations()[before:]:
        assert first not in op.control_inputs


@pytest.mark.fact("A31", "F15")
def test_dependencies_of_the_backward_pass():
    """Gradients asked for within a block wait for it."""
    x, count = tf.constant(2.), tf.Variable(0.)
    y = x * x
    counted = count.assign_add(1.)
    with tf.control_dependencies([counted]):
        asked, given = tf.gradients(y, x), tf.gradients(y, x, grad_ys=3.)
    with tf.Session() as sess:
        sess.run(count.initializer)
        assert sess.run(asked) == [4.] and sess.run(count) == 1.
        assert sess.run(given) == [12.] and sess.run(count) == 2.


@pytest.mark.fact("F16")
def test_hessians():
    x = tf.constant([1., 2.])
    second, = tf.hessians(x[0] ** 2. * x[1], x)
    assert second.shape.as_list() == [2, 2]
    assert value(second).tolist() == [[4., 2.], [2., 0.]]
    m = tf.constant([[1., 2.], [3., 4.]])
    third, = tf.hessians(tf.reduce_sum(m ** 3.), m)
    assert third.shape.as_list() == [2, 2, 2, 2] and value(third)[1, 0, 1, 0] == 18.
    for shape in ([10, 10], None):
        unfit = tf.placeholder(tf.float32, shape)
        with pytest.raises(ValueError):
            tf.hessians(unfit, unfit)


@pytest.mark.fact("F17")
def test_broadcasts_and_ties():
    x, m = tf.constant([1., 2.]), tf.constant([[1., 2.], [3., 4.], [5., 6.]])
    zero, one = tf.constant(0.), tf.constant(1.)
    same = tf.constant([7., 7., 1.])
    assert value(tf.gradients(m * x, x))[0].tolist() == [9., 12.]
    assert value(tf.gradients(tf.maximum(one, one * 1.), one)) == [1.]
    larger, smaller = tf.gradients(tf.maximum(x, x + 0.), x), tf.gradients(tf.minimum(x, 1. * x), x)
    assert value(larger)[0].tolist() == value(smaller)[0].tolist() == [1., 1.]
    assert value(tf.gradients(tf.reduce_max(same), same))[0].tolist() == [.5, .5, 0.]
    assert value(tf.gradients(tf.reduce_min(same[:2]), same))[0].tolist() == [.5, .5, 0.]
    assert value([tf.gradients(f(zero), zero)[0] for f in (tf.nn.relu, tf.abs)]) == [0., 0.]
    assert value(tf.gradients(tf.sqrt(zero), zero)) == [np.inf]


@pytest.mark.fact("A80")
def test_of_two_graphs():
    x = tf.constant(1.)
    with tf.Graph().as_default():
        y = tf.constant(2.)
    with pytest.raises(ValueError, match="must be from the same graph as"):
        tf.gradients(y, x)


# ---- a few compositions, against differences ----

def perceptron(x):
    w = tf.constant(np.linspace(-1., 1., 12).reshape(3, 4))
    hidden = tf.tanh(tf.matmul(x, w) + tf.constant([.1, -.2, .3, 0.], tf.float64))
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(
        labels=tf.constant([[0., 1., 0., 0.], [.5, 0., .5, 0.]], tf.float64), logits=hidden))


def pieces(x):
    left, right = tf.split(x, [1, 2], axis=1)
    joined = tf.concat([right, tf.exp(left)], axis=1)
    return tf.reduce_sum(tf.sigmoid(joined) * tf.transpose(tf.reshape(x, [3, 2])))


def moments(x):
    mean, variance = tf.nn.moments(x, [0])
    return tf.reduce_sum((x - mean) / tf.sqrt(variance + .1) * x[::-1])


@pytest.mark.parametrize("function", [perceptron, pieces, moments])
def test_compositions(function):
    point = np.array([[.3, -.7, 1.1], [.5, .2, -.4]])
    x = tf.placeholder(tf.float64, [2, 3])
    y = function(x)
    dx, = tf.gradients(y, x)
    with tf.Session() as sess:
        exact = sess.run(dx, {x: point})
        for at in np.ndindex(2, 3):
            step = np.zeros((2, 3))
            step[at] = 1e-6
            slope = (sess.run(y, {x: point + step}) - sess.run(y, {x: point - step})) / 2e-6
            np.testing.assert_allclose(exact[at], slope, rtol=1e-6, atol=1e-9)


# ---- custom gradients ----

def test_custom_gradient():
    @tf.custom_gradient
    def log1pexp(x):
        e = tf.exp(x)
        return tf.log(1 + e), lambda dy: dy * (1 - 1 / (1 + e))

    x = tf.constant(100.)
    y = log1pexp(x)
    assert y.op.type == "IdentityN" and value(tf.gradients(y, x)) == [1.]
    assert value(tf.gradients(tf.identity(log1pexp(x)) * 2., x)) == [2.]


def test_custom_gradient_of_several():
    @tf.custom_gradient
    def swap(a, b):
        return (b, a), lambda da, db: (10. * da, 100. * db)

    a, b = tf.constant(1.), tf.constant(2.)
    y = swap(a, b)
    assert isinstance(y, tuple) and value(y) == (2., 1.)
    assert value(tf.gradients(y[0] + 3. * y[1], [a, b])) == [10., 300.]
    with pytest.raises(ValueError, match="keywords arguments"):
        swap(a, b=b)


def test_custom_gradient_with_variables():
    @tf.custom_gradient
    def scaled(x):
        v = tf.get_variable("v", initializer=3., use_resource=True)
        return x * v, lambda dy, variables=None: (dy * 5., [dy * 7.])

    x = tf.constant(2.)
    with tf.variable_scope("s", use_resource=True):
        y = scaled(x)
    v, = tf.trainable_variables()
    assert value(y) == 6. and value(tf.gradients(y, [x, v])) == [5., 7.]

    @tf.custom_gradient
    def of_ref(x):
        return x * tf.get_variable("r", initializer=3., use_resource=False), lambda dy: dy

    with pytest.raises(TypeError, match="must be `ResourceVariable`s"):
        of_ref(x)


def test_custom_gradient_dies_with_its_graph():
    import gc
    import weakref
    graph = tf.Graph()
    with graph.as_default():
        x = tf.constant(1.)
        tf.custom_gradient(lambda t: (t * 2., lambda dy: dy * t))(x)
    gone = weakref.ref(graph)
    del graph, x
    gc.collect()
    assert gone() is None


RECORDED = """Shape grad_ys_0 Fill loss_grad/Reshape/shape loss_grad/Reshape loss_grad/Const
loss_grad/Tile loss_grad/Const_1 loss_grad/truediv Square_grad/Const Square_grad/Mul
Square_grad/Mul_1 sub_grad/Neg sub_grad/tuple/group_deps sub_grad/tuple/control_dependency
sub_grad/tuple/control_dependency_1 Sigmoid_grad/SigmoidGrad Squeeze_grad/Shape Squeeze_grad/Reshape
MatMul_1_grad/MatMul MatMul_1_grad/MatMul_1 MatMul_1_grad/tuple/group_deps
MatMul_1_grad/tuple/control_dependency MatMul_1_grad/tuple/control_dependency_1 Relu_grad/ReluGrad
MatMul_grad/MatMul MatMul_grad/MatMul_1 MatMul_grad/tuple/group_deps
MatMul_grad/tuple/control_dependency MatMul_grad/tuple/control_dependency_1"""


@pytest.mark.fact("A57", "A61")
def test_nodes_are_those_that_tensorflow_makes():
    """A graph that TensorFlow 1.13 wrote; later random ops are seeded by the count of nodes."""
    x, y = tf.placeholder(tf.float32, [4, 2]), tf.placeholder(tf.int32, [4])
    first, second = tf.get_variable("v", [2, 5]), tf.get_variable("w", [5, 1])
    guess = tf.sigmoid(tf.squeeze(tf.matmul(tf.nn.relu(tf.matmul(x, first)), second)))
    loss = tf.reduce_mean(tf.square(guess - tf.to_float(y)), name="loss")
    before = len(names())
    tf.train.GradientDescentOptimizer(0.1).compute_gradients(loss)
    assert names()[before:] == ["gradients/" + name for name in RECORDED.split()]
