"""Random ops: their seeds, the ops they are made of, and TensorFlow's recorded numbers."""
import pathlib

import numpy as np
import pytest
import weft as tf
from weft.python.framework import gen
from weft.python.framework import random_seed
from weft.python.ops import random_ops

fact = pytest.mark.fact
MOST = 2 ** 31 - 1


def recorded(name):
    """The values of a recorded case, or a skip where they do not lie beside the repository."""
    for folder in pathlib.Path(__file__).resolve().parents:
        file = folder / "shared" / "recorded" / "ops" / ("random__" + name) / "golden.npz"
        if file.exists():
            return np.load(str(file))
    pytest.skip("../shared is not there: its recorded numbers were not compared")


def agrees(made, name):
    """Three runs of one session give the three recorded values, to the last bit."""
    values = recorded(name)
    with tf.Session() as sess:
        for i in range(3):
            expected = values["r%d|r:0" % i]
            value = sess.run(made)
            assert np.asarray(value).dtype == expected.dtype
            np.testing.assert_array_equal(value, expected)


def attributes(op):
    return op.get_attr("seed"), op.get_attr("seed2")


def drawn(**kwargs):
    """The RandomUniform op of a new random_uniform."""
    return tf.random_uniform([2], **kwargs).op.inputs[0].op.inputs[0].op


def types():
    return [op.type for op in tf.get_default_graph().get_operations()]


def names():
    return [op.name for op in tf.get_default_graph().get_operations()]


# ---- seeds ----

@fact("A57")
def test_pairs_of_seeds():
    assert random_seed.get_seed(None) == (None, None)
    assert random_seed.get_seed(5) == (87654321, 5)
    assert attributes(drawn()) == (0, 0) and attributes(drawn(seed=5)) == (87654321, 5)
    tf.set_random_seed(7)
    assert attributes(drawn(seed=5)) == (7, 5)
    ids = tf.get_default_graph()._last_id
    assert random_seed.get_seed(None) == (7, ids)
    # The shape, the minimum and the maximum are made before the seed is asked for.
    assert attributes(drawn()) == (7, ids + 3)


@fact("A57")
@pytest.mark.parametrize("make, before", [
    (lambda: tf.random_uniform([2]).op.inputs[0].op.inputs[0].op, 3),
    (lambda: tf.random_uniform([2], maxval=5, dtype=tf.int32).op, 3),
    (lambda: tf.random_normal([2]).op.inputs[0].op.inputs[0].op, 3),
    (lambda: tf.truncated_normal([2]).op.inputs[0].op.inputs[0].op, 3),
    (lambda: random_ops.parameterized_truncated_normal([2]).op, 5),
    (lambda: tf.random_shuffle([1, 2]).op, 0),
    (lambda: tf.multinomial([[0.]], 1).op, 1),
    (lambda: tf.random.categorical([[0.]], 1).op, 1),
    (lambda: tf.random_gamma([2], 1.).op.inputs[1].op.inputs[0].op, 5),
    (lambda: tf.random_poisson(1., [2]).op, 1),
], ids="uniform int normal truncated bounded shuffle multinomial categorical gamma poisson".split())
def test_ops_made_before_the_seed(make, before):
    tf.set_random_seed(7)
    assert attributes(make()) == (7, before)
    tf.constant(1.)
    ids = tf.get_default_graph()._last_id
    assert attributes(make()) == (7, ids + before)


@fact("A58")
def test_seeds_are_reduced():
    tf.set_random_seed(MOST + 3)
    assert random_seed.get_seed(2 * MOST + 1) == (3, 1)
    assert random_seed.get_seed(-1) == (3, MOST - 1)
    tf.set_random_seed(0)
    assert random_seed.get_seed(0) == (0, MOST)
    assert random_seed.get_seed(MOST) == (0, MOST)


@fact("A59")
def test_the_seed_is_the_default_graphs():
    before = drawn()
    tf.set_random_seed(3)
    assert tf.get_default_graph().seed == 3 and attributes(before) == (0, 0)
    with tf.Graph().as_default() as other:
        assert other.seed is None and attributes(drawn()) == (0, 0)
    tf.reset_default_graph()
    assert tf.get_default_graph().seed is None


@fact("A60")
def test_setting_the_seed_again():
    tf.set_random_seed(3)
    a = tf.random_uniform([4])
    tf.set_random_seed(3)
    b = tf.random_uniform([4])
    x, y = tf.Session().run([a, b])
    assert not np.array_equal(x, y)


@fact("A61", "H16")
def test_an_op_before_changes_the_numbers():
    def value(*before):
        tf.reset_default_graph()
        tf.set_random_seed(3)
        for x in before:
            tf.constant(x)
        return tf.Session().run(tf.random_uniform([4])).tolist()

    assert value() == value() and value(1.) == value(2.) and value() != value(1.)


@fact("A61", "H16")
def test_a_seeded_lesson():
    # The numbers that many people got from a lesson on linear regression in TensorFlow 1.
    tf.set_random_seed(777)
    x = y = [1, 2, 3]
    w = tf.Variable(tf.random_normal([1]), name="weight")
    b = tf.Variable(tf.random_normal([1]), name="bias")
    cost = tf.reduce_mean(tf.square(x * w + b - y))
    train = tf.train.GradientDescentOptimizer(learning_rate=.01).minimize(cost)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(train)
        np.testing.assert_allclose(sess.run([cost, w[0], b[0]]), [2.82329, 2.12867713, -.85235667],
                                   rtol=1e-6)
        for _ in range(20):
            sess.run(train)
        np.testing.assert_allclose(sess.run([cost, w[0], b[0]]), [.190351, 1.53392804, -1.05059612],
                                   rtol=3e-6)


# ---- state ----

@fact("E13")
@pytest.mark.parametrize("dtype", [tf.float16, tf.float32, tf.float64])
@pytest.mark.parametrize("op", ["RandomUniform", "RandomStandardNormal", "TruncatedNormal"])
@pytest.mark.parametrize("size, seeds, shape", [
    ("1", (42, 0), [1]), ("4", (1, 2), [4]), ("scalar", (1, 2), []), ("100", (None, 1), [100]),
    ("1000", (None, 1), [1000]), ("257", (0, 7), [257]), ("3x5x7", (0, 7), [3, 5, 7]),
    ("8", (123, 456), [8])])
def test_recorded_streams(op, dtype, size, seeds, shape):
    draw = {"RandomUniform": tf.random_uniform, "RandomStandardNormal": tf.random_normal,
            "TruncatedNormal": tf.truncated_normal}[op]
    if seeds[0] is not None:
        tf.set_random_seed(seeds[0])
    kind = {"float16": "half", "float32": "float", "float64": "double"}[dtype.name]
    agrees(draw(shape, dtype=dtype, seed=seeds[1]), "%s_%s_%s" % (op, kind, size))


@fact("E13", "E15")
@pytest.mark.parametrize("op", ["RandomUniform", "RandomStandardNormal", "TruncatedNormal"])
@pytest.mark.parametrize("threads", [1, 8])
def test_many_numbers(op, threads):
    values = recorded(op + "_float_20000")
    made = getattr(gen, op)([20000], dtype=tf.float32, seed=5, seed2=6)
    config = tf.ConfigProto(intra_op_parallelism_threads=threads)
    with tf.Session(config=config) as sess:
        for i in range(3):
            np.testing.assert_array_equal(sess.run(made), values["r%d|r:0" % i])


@pytest.mark.parametrize("op", ["RandomUniform", "RandomStandardNormal", "TruncatedNormal"])
def test_a_shape_of_int64(op):
    tf.set_random_seed(5)
    draw = {"RandomUniform": tf.random_uniform, "RandomStandardNormal": tf.random_normal,
            "TruncatedNormal": tf.truncated_normal}[op]
    agrees(draw(tf.constant([3, 4], tf.int64), seed=6), op + "_float_int64shape")


@pytest.mark.parametrize("dtype", [tf.int32, tf.int64])
@pytest.mark.parametrize("low, high, shape", [(0, 10, [5]), (-5, 5, [5]), (3, 4, [5]),
                                              (-100, 1000000, [5]), (0, 2147483647, [5])])
def test_recorded_integers(dtype, low, high, shape):
    name = "RandomUniformInt_%s_%d_%d" % (dtype.name, low, high)
    shape = recorded(name)["r0|r:0"].shape
    tf.set_random_seed(11)
    agrees(tf.random_uniform(shape, low, high, dtype, seed=12), name)


@pytest.mark.parametrize("n", [1, 2, 5, 10, 100, 1000])
def test_recorded_shuffles(n):
    tf.set_random_seed(3)
    agrees(tf.random_shuffle(np.arange(n, dtype=np.int32), seed=4), "RandomShuffle_%d" % n)


def test_recorded_classes():
    tf.set_random_seed(9)
    logits = np.log(np.array([[.1, .2, .7], [.5, .25, .25]]))
    for n, dtype in ((1, tf.int64), (10, tf.int64), (100, tf.int32)):
        made = tf.multinomial(logits.astype(np.float32), n, seed=10, output_dtype=dtype)
        agrees(made, "Multinomial_%d_float_%s" % (n, dtype.name))
    agrees(tf.random.categorical(logits, 10, seed=10), "Multinomial_10_double_int64")


def test_recorded_distributions():
    tf.set_random_seed(1)
    agrees(random_ops.parameterized_truncated_normal([2, 50], [0., 1.], [1., 2.], [-1., -3.],
                                                     [1., 5.], seed=2),
           "ParameterizedTruncatedNormal")
    for alpha in (.5, 1., 2.5):
        for dtype, kind in ((tf.float32, "float"), (tf.float64, "double")):
            agrees(tf.random_gamma([10], alpha, dtype=dtype, seed=2),
                   "RandomGamma_%s_%g" % (kind, alpha))
    for rate in (.5, 3., 50.):
        rates = tf.constant(rate)
        agrees(tf.random_poisson(rates, [20], seed=2), "RandomPoissonV2_%g" % rate)


@pytest.mark.parametrize("kind, draw", [
    ("Uniform", "stateless_uniform"), ("Normal", "stateless_normal"),
    ("TruncatedNormal", "stateless_truncated_normal")], ids=["uniform", "normal", "truncated"])
def test_recorded_stateless_numbers(kind, draw):
    op = "StatelessTruncatedNormal" if kind.startswith("T") else "StatelessRandom" + kind
    for dtype, word in ((tf.float16, "half"), (tf.float32, "float"), (tf.float64, "double")):
        value = recorded("%s_%s_4x5" % (op, word))["r:0"]
        made = getattr(tf.random, draw)([4, 5], seed=[3, 7], dtype=dtype)
        with tf.Session() as sess:
            np.testing.assert_array_equal(sess.run(made), value)
            np.testing.assert_array_equal(sess.run(made), value)


@fact("E14")
def test_the_generator_is_the_sessions():
    made = tf.random_uniform([3], seed=1)
    other, sum_ = tf.random_normal([3], seed=2), tf.reduce_sum(made)
    with tf.Session() as a, tf.Session() as b:
        first, second = a.run(made), a.run(made)
        assert not np.array_equal(first, second)
        b.run(other)
        assert np.array_equal(b.run(made), first)
        # One more run by another signature takes the next numbers.
        assert np.isclose(b.run(sum_), second.sum())
    with tf.Session() as c:
        assert np.array_equal(c.run(made), first)


@fact("E16")
def test_two_fetches_of_one_op():
    made = tf.random_uniform([3])
    x, y, z = tf.Session().run([made, made, made + 1.])
    assert np.array_equal(x, y) and np.allclose(z, x + 1.)


@fact("E8")
def test_equal_random_ops_are_not_merged():
    x, y = tf.Session().run([tf.random_uniform([3]), tf.random_uniform([3])])
    assert not np.array_equal(x, y)


# ---- arguments, and the ops made ----

@fact("E17")
def test_ranges():
    x = tf.Session().run(tf.random_uniform([1000], 3., 5., seed=1))
    assert x.min() >= 3. and x.max() < 5. and x.dtype == np.float32
    with pytest.raises(ValueError, match="Must specify maxval for integer dtype tf.int32"):
        tf.random_uniform([2], dtype=tf.int32)
    with pytest.raises(ValueError, match="Invalid dtype tf.uint8"):
        tf.random_uniform([2], maxval=1, dtype=tf.uint8)
    low = tf.placeholder(tf.int32, [])
    made = tf.random_uniform([2], low, 3, tf.int32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Need minval < maxval, got 3 >= 3"):
        tf.Session().run(made, {low: 3})


def test_ops_of_random_uniform():
    tf.random_uniform([2])
    assert names() == ["random_uniform/" + x for x in
                       "shape min max RandomUniform sub mul".split()] + ["random_uniform"]
    assert types() == ["Const"] * 3 + ["RandomUniform", "Sub", "Mul", "Add"]


def test_ops_of_random_normal():
    tf.random_normal([2], name="r")
    assert names() == ["r/shape", "r/mean", "r/stddev", "r/RandomStandardNormal", "r/mul", "r"]
    assert types() == ["Const"] * 3 + ["RandomStandardNormal", "Mul", "Add"]


def test_gradient_of_gamma():
    """Samples of gamma(alpha) have the mean alpha: they move, on the whole, as alpha does."""
    alpha = tf.constant([0.5, 1.0, 4.0], tf.float64)
    samples = tf.random_gamma([20000], alpha, dtype=tf.float64, seed=1)
    slope, = tf.gradients(tf.reduce_mean(samples, 0), alpha)
    np.testing.assert_allclose(tf.Session().run(slope), [1, 1, 1], rtol=0.05)


def test_ops_of_random_gamma():
    tf.random_gamma([2], 1., 2.)
    assert names() == ["random_gamma/" + x for x in ("shape alpha beta zeros_like add RandomGamma "
                                                     "truediv Maximum/x Maximum").split()]


def test_shapes():
    assert tf.random_normal([]).shape == [] and tf.random_normal(()).shape == []
    assert tf.random_normal(tf.TensorShape([2, 3])).shape == [2, 3]
    assert tf.random_normal([tf.Dimension(2), 3]).shape == [2, 3]
    n = tf.placeholder(tf.int32, [])
    assert tf.random_normal([n, 3]).shape.as_list() == [None, 3]
    assert tf.random_gamma([4], [1., 2.]).shape == [4, 2]
    assert tf.multinomial([[0., 0.]], 3).shape == [1, 3]
    assert tf.random_poisson([1., 2.], [4]).shape == [4, 2]


def test_parameters():
    x = tf.Session().run(tf.random_normal([2000], 5., [2.], seed=1))
    assert abs(x.mean() - 5.) < .2 and abs(x.std() - 2.) < .2
    y = tf.Session().run(tf.truncated_normal([2000], 5., 2., seed=1))
    assert abs(y - 5.).max() <= 4. and abs(y.mean() - 5.) < .2
    z = tf.Session().run(tf.random_gamma([2000], 3., 2., seed=1))
    assert abs(z.mean() - 1.5) < .1 and z.min() > 0.
    i = tf.random.stateless_uniform([100], [1, 2], -3., 3.)
    assert abs(tf.Session().run(i)).max() <= 3.


def test_random_crop():
    value = np.arange(24).reshape(4, 6)
    size = tf.placeholder(tf.int32, [2])
    made, fixed = tf.random_crop(value, size, seed=1), tf.random_crop(value, [2, 3], seed=1)
    with tf.Session() as sess:
        seen = set()
        for _ in range(20):
            x = sess.run(made, {size: [2, 3]})
            row, column = divmod(int(x[0, 0]), 6)
            assert np.array_equal(x, value[row:row + 2, column:column + 3])
            seen.add((row, column))
        assert len(seen) > 5 and sess.run(fixed).shape == (2, 3)
        with pytest.raises(tf.errors.InvalidArgumentError, match="Need value.shape >= size, got"):
            sess.run(made, {size: [5, 3]})
