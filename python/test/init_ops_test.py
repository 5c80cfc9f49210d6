"""Initializers: values, the ops they are made of, and configurations."""
import numpy as np
import pytest
import weft as tf
from weft.python.ops import init_ops
from weft.python.ops import variable_scope

fact = pytest.mark.fact


def value(initializer, shape, **kwargs):
    return tf.Session().run(initializer(shape, **kwargs))


def names():
    return [op.name for op in tf.get_default_graph().get_operations()]


def same(a, b):
    """Do the two give the same numbers, in graphs of the same seed?"""
    values = []
    for made in (a, b):
        tf.reset_default_graph()
        tf.set_random_seed(5)
        values.append(tf.Session().run(made()))
    np.testing.assert_array_equal(*values)


def test_constants():
    assert value(tf.zeros_initializer(), [2]).tolist() == [0., 0.]
    assert value(tf.ones_initializer(tf.int32), [2]).tolist() == [1, 1]
    assert value(tf.ones_initializer(), [2], dtype=tf.float64).dtype == np.float64
    assert value(tf.zeros_initializer(tf.string), [1]).tolist() == [b""]
    assert value(tf.constant_initializer(3.), [2, 2]).tolist() == [[3., 3.], [3., 3.]]
    assert value(tf.constant_initializer([1, 2, 3]), [2, 2]).tolist() == [[1., 2.], [3., 3.]]
    numbers = tf.constant_initializer(np.arange(4), tf.int64)
    assert value(numbers, [2, 2]).tolist() == [[0, 1], [2, 3]]
    assert value(tf.constant_initializer(True, tf.bool), [1]).tolist() == [True]


def test_refused_constants():
    with pytest.raises(TypeError, match="Invalid type for initial value"):
        tf.constant_initializer({})
    with pytest.raises(TypeError, match="Expected Tensor's shape"):
        tf.constant_initializer([1, 2], verify_shape=True)([4])
    with pytest.raises(TypeError, match="Expected Tensor's shape"):
        tf.constant_initializer([1, 2])([4], verify_shape=True)
    with pytest.raises(ValueError, match="Too many elements provided. Needed at most 2, but "
                                         "received 3"):
        tf.constant_initializer([1, 2, 3])([2])


@fact("A57")
@pytest.mark.parametrize("seed", [None, 3])
def test_random_initializers_are_the_random_ops(seed):
    same(lambda: tf.random_uniform_initializer(-2., 3., seed)([50]),
         lambda: tf.random_uniform([50], -2., 3., seed=seed))
    same(lambda: tf.random_uniform_initializer(0, 9, seed, tf.int32)([50]),
         lambda: tf.random_uniform([50], 0, 9, tf.int32, seed=seed))
    same(lambda: tf.random_normal_initializer(1., 2., seed)([50]),
         lambda: tf.random_normal([50], 1., 2., seed=seed))
    same(lambda: tf.truncated_normal_initializer(1., 2., seed, tf.float64)([50]),
         lambda: tf.truncated_normal([50], 1., 2., tf.float64, seed=seed))


def test_scaling():
    u = value(tf.uniform_unit_scaling_initializer(2., seed=1), [4, 3, 1000])
    limit = 2. * np.sqrt(3. / 12.)
    assert .99 * limit < abs(u).max() <= limit
    same(lambda: tf.glorot_uniform_initializer(3)([4, 6]),
         lambda: tf.random_uniform([4, 6], -np.sqrt(.6), np.sqrt(.6), seed=3))
    same(lambda: tf.glorot_normal_initializer(3)([4, 6]),
         lambda: tf.truncated_normal([4, 6], 0., np.sqrt(.2) / .87962566103423978, seed=3))
    same(lambda: tf.initializers.he_normal(3)([4, 6]),
         lambda: tf.truncated_normal([4, 6], 0., np.sqrt(.5) / .87962566103423978, seed=3))
    same(lambda: tf.initializers.he_uniform(3)([4, 6]),
         lambda: tf.random_uniform([4, 6], -np.sqrt(1.5), np.sqrt(1.5), seed=3))
    same(lambda: tf.initializers.lecun_normal(3)([4, 6]),
         lambda: tf.truncated_normal([4, 6], 0., .5 / .87962566103423978, seed=3))
    same(lambda: tf.initializers.lecun_uniform(3)([4, 6]),
         lambda: tf.random_uniform([4, 6], -np.sqrt(.75), np.sqrt(.75), seed=3))


@pytest.mark.parametrize("mode, n", [("fan_in", 18.), ("fan_out", 36.), ("fan_avg", 27.)])
def test_variance_scaling(mode, n):
    shape = [3, 3, 2, 4]
    for distribution, draw in (
            ("uniform", lambda v: tf.random_uniform(shape, -np.sqrt(3. * v), np.sqrt(3. * v))),
            ("untruncated_normal", lambda v: tf.random_normal(shape, 0., np.sqrt(v))),
            ("normal", lambda v: tf.truncated_normal(shape, 0., np.sqrt(v) / .87962566103423978))):
        made = tf.variance_scaling_initializer(2., mode, distribution)
        same(lambda: made(shape), lambda: draw(2. / n))


def test_fans():
    fans = init_ops._compute_fans
    assert fans([]) == (1, 1) and fans([5]) == (5, 5) and fans([2, 3]) == (2, 3)
    assert fans([7, 2, 3]) == (14, 21) and fans(tf.TensorShape([5, 7, 2, 3])) == (70, 105)


def test_refused_scaling():
    for kwargs, match in (({"scale": 0.}, "`scale` must be positive float."),
                          ({"mode": "fan"}, "Invalid `mode` argument"),
                          ({"distribution": "even"}, "Invalid `distribution` argument"),
                          ({"dtype": tf.int32}, "Expected floating point type, got .*int32")):
        with pytest.raises(ValueError, match=match):
            tf.variance_scaling_initializer(**kwargs)
    for kind in (tf.random_normal_initializer, tf.truncated_normal_initializer,
                 tf.orthogonal_initializer, tf.initializers.identity):
        with pytest.raises(ValueError, match="Expected floating point type, got .*string"):
            kind(dtype=tf.string)


@fact("C38")
def test_the_ops_under_a_variable():
    tf.get_variable("w", [2, 3], initializer=tf.truncated_normal_initializer())
    assert names() == ["w/Initializer/truncated_normal/" + x for x in
                       "shape mean stddev TruncatedNormal mul".split()] + [
        "w/Initializer/truncated_normal", "w", "w/Assign", "w/read"]


@fact("A61")
def test_numbers_of_a_model_by_the_count_of_ops():
    tf.set_random_seed(1)
    w = tf.get_variable("w", [2, 3])
    b = tf.get_variable("b", [3], initializer=tf.random_normal_initializer())
    draws = [op for op in tf.get_default_graph().get_operations() if op.type.startswith("Random")]
    # Seven ops make w's value; then come w, its Assign and read.
    assert [op.get_attr("seed2") for op in draws] == [3, 13]
    assert w.shape == [2, 3] and b.shape == [3]


@pytest.mark.parametrize("shape", [[4, 4], [3, 7], [7, 3], [2, 3, 4]])
def test_orthogonal(shape):
    m = value(tf.orthogonal_initializer(2., seed=1), shape).reshape(-1, shape[-1])
    small = m @ m.T if m.shape[0] < m.shape[1] else m.T @ m
    np.testing.assert_allclose(small, 4. * np.eye(len(small)), atol=1e-5)


def test_delta_orthogonal():
    m = value(init_ops.ConvolutionDeltaOrthogonal(seed=1), [3, 3, 2, 4])
    assert not m[0].any() and not m[1, 0].any()
    np.testing.assert_allclose(m[1, 1] @ m[1, 1].T, np.eye(2), atol=1e-5)


def test_refused_orthogonal():
    with pytest.raises(ValueError, match="The tensor to initialize must be at least "
                                         "two-dimensional"):
        tf.orthogonal_initializer()([5])
    with pytest.raises(ValueError, match="In_filters cannot be greater than out_filters."):
        init_ops.ConvolutionDeltaOrthogonal()([3, 5, 4])


def test_identity():
    assert value(tf.initializers.identity(3.), [2, 3]).tolist() == [[3., 0., 0.], [0., 3., 0.]]
    with pytest.raises(ValueError, match="Identity matrix initializer can only be used for 2D"):
        tf.initializers.identity()([2, 2, 2])
    part = variable_scope._PartitionInfo([4, 2], [1, 0])
    assert value(tf.initializers.identity(), [2, 2], partition_info=part).tolist() == [
        [0., 1.], [0., 0.]]


@pytest.mark.parametrize("initializer", [
    init_ops.Zeros(tf.int32), init_ops.Ones(), init_ops.Constant([1., 2.]),
    init_ops.RandomUniform(0, 5, 1, tf.int32), init_ops.RandomNormal(1., 2., 3),
    init_ops.TruncatedNormal(1., 2., 3, tf.float64), init_ops.UniformUnitScaling(2., 1),
    init_ops.VarianceScaling(2., "fan_out", "uniform", 1), init_ops.Orthogonal(2., 1),
    init_ops.ConvolutionDeltaOrthogonal(2., 1), init_ops.Identity(2.), init_ops.GlorotUniform(3),
    init_ops.GlorotNormal(3), init_ops.he_normal(1)], ids=lambda i: type(i).__name__)
def test_configurations(initializer):
    config = initializer.get_config()
    again = type(initializer).from_config(config)
    assert again.get_config() == config and type(config["dtype"]) is str
    assert vars(again) == vars(initializer)


def test_names_of_classes():
    assert tf.zeros_initializer is tf.initializers.zeros is init_ops.Zeros
    assert tf.initializers.constant is tf.constant_initializer is init_ops.Constant
    assert tf.initializers.glorot_uniform is tf.glorot_uniform_initializer
