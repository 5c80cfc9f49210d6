"""tf.set_random_seed(1) and the numbers that follow (A57-A61, E13-E15).

The streams of the kernels for a given pair of seeds are compared with TensorFlow's recorded ones in
random_test.py. Here the pairs are worked out by hand from A57, by counting the operations that
TensorFlow makes before it asks for the seed; uniform and normal numbers are worked out besides by
an implementation of Philox of the test's own.
"""
import numpy as np
import pytest
import weft as tf

fact = pytest.mark.fact


def philox(seed, seed2, n):
    """The first n 32-bit words of Philox 4x32-10 keyed by `seed`, its counter's high half `seed2`."""
    words, mask = [], 0xffffffff
    for block in range((n + 3) // 4):
        c = [block & mask, block >> 32, seed2 & mask, seed2 >> 32]
        k = [seed & mask, seed >> 32]
        for _ in range(10):
            a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [(b >> 32) ^ c[1] ^ k[0], b & mask, (a >> 32) ^ c[3] ^ k[1], a & mask]
            k = [(k[0] + 0x9E3779B9) & mask, (k[1] + 0xBB67AE85) & mask]
        words += c
    return np.array(words[:n], np.uint32)


def uniform(seed, seed2, n):
    bits = (philox(seed, seed2, n) & 0x7fffff) | np.uint32(127 << 23)
    return bits.view(np.float32) - np.float32(1)


def normal(seed, seed2, n):
    u = uniform(seed, seed2, n + n % 2).astype(np.float64).reshape(-1, 2)
    radius = np.sqrt(-2 * np.log(np.maximum(u[:, 0], 1e-7)))
    angle = 2 * np.pi * u[:, 1]
    return np.stack([np.sin(angle) * radius, np.cos(angle) * radius], 1).ravel()[:n]


def random_op(kind):
    """The one operation of that type, and its pair of seeds."""
    op, = [o for o in tf.get_default_graph().get_operations() if o.type == kind]
    return op, (op.get_attr("seed"), op.get_attr("seed2"))


def value(t):
    with tf.Session() as s:
        s.run(tf.global_variables_initializer())
        return s.run(t)


@fact("A57", "E13")
def test_random_uniform():
    tf.set_random_seed(1)
    t = tf.random_uniform([2, 5])                       # before it: shape, min, max
    assert random_op("RandomUniform")[1] == (1, 3)
    np.testing.assert_array_equal(value(t).ravel(), uniform(1, 3, 10))


@fact("A57", "E13")
def test_random_normal():
    tf.set_random_seed(1)
    t = tf.random_normal([3, 3], mean=1.0, stddev=2.0)  # before it: shape, mean, stddev
    assert random_op("RandomStandardNormal")[1] == (1, 3)
    np.testing.assert_allclose(value(t).ravel(), 1 + 2 * normal(1, 3, 9), rtol=1e-5, atol=1e-6)


@fact("A57")
def test_truncated_normal():
    tf.set_random_seed(1)
    tf.truncated_normal([4])                            # before it: shape, mean, stddev
    assert random_op("TruncatedNormal")[1] == (1, 3)


@fact("A57")
def test_shuffle():
    tf.set_random_seed(1)
    t = tf.random_shuffle(tf.range(6))                  # before it: start, limit, delta, Range
    assert random_op("RandomShuffle")[1] == (1, 4)
    assert sorted(value(t)) == list(range(6))


@fact("A57")
def test_dropout():
    tf.set_random_seed(1)
    t = tf.nn.dropout(tf.ones([20]), rate=0.5)  # before it: ones, rate, Shape, min, max
    assert random_op("RandomUniform")[1] == (1, 5)
    np.testing.assert_array_equal(value(t), np.where(uniform(1, 5, 20) >= 0.5, 2, 0))


@fact("A57", "C38")
def test_glorot_uniform():
    tf.set_random_seed(1)
    w = tf.get_variable("w", [4, 6])                    # before it: shape, min, max
    assert random_op("RandomUniform")[1] == (1, 3)
    limit = np.sqrt(6.0 / 10)
    np.testing.assert_allclose(value(w).ravel(), uniform(1, 3, 24) * 2 * limit - limit, rtol=1e-5,
                               atol=1e-6)


@fact("A57", "A60", "A61")
def test_the_pair_depends_on_the_ops_before():
    tf.set_random_seed(1)
    tf.constant(0.0), tf.constant(0.0)
    a = tf.random_uniform([3])
    tf.set_random_seed(1)
    b = tf.random_uniform([3])
    assert (a.op.inputs[0].op.inputs[0].op.get_attr("seed2")) == 5
    got = value([a, b])
    np.testing.assert_array_equal(got[0], uniform(1, 5, 3))
    assert (got[0] != got[1]).any()


@fact("A57", "A58")
def test_pairs_of_op_seeds():
    for graph_seed, op_seed, pair in ((None, 7, (87654321, 7)), (1, 7, (1, 7)), (0, 0, (0, 2**31 - 1)),
                                      (None, None, (0, 0)), (2**31 + 4, 3, (5, 3))):
        tf.reset_default_graph()
        tf.set_random_seed(graph_seed)
        tf.random_uniform([], seed=op_seed)
        assert random_op("RandomUniform")[1] == pair


@fact("E14", "E15")
def test_runs_go_on_and_sessions_begin_anew():
    tf.set_random_seed(1)
    t = tf.random_uniform([4])
    with tf.Session() as s:
        first, second = s.run(t), s.run(t)
    np.testing.assert_array_equal(first, uniform(1, 3, 4))
    skipped = 4 * 256                                   # blocks of four words that a run takes
    np.testing.assert_array_equal(
        second, uniform(1, 3, 4 * skipped + 4)[4 * skipped:])
    with tf.Session() as s:
        np.testing.assert_array_equal(s.run(t), first)
