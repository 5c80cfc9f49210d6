"""Learning rates that follow the step."""
import math

import numpy as np
import pytest
import weft as tf


def at(steps, make, dtype=tf.int64):
    """The rate that `make(global_step)` gives at each of the steps."""
    step = tf.placeholder(dtype, [])
    rate = make(step)
    with tf.Session() as sess:
        return [float(sess.run(rate, {step: s})) for s in steps]


def near(got, wanted):
    np.testing.assert_allclose(got, wanted, rtol=2e-6, atol=1e-8)


@pytest.mark.fact("F31")
def test_exponential():
    near(at([0, 5, 20], lambda s: tf.train.exponential_decay(.1, s, 10, .5)),
         [.1, .1 * .5 ** .5, .025])
    near(at([9, 10, 19], lambda s: tf.train.exponential_decay(.1, s, 10, .5, staircase=True)),
         [.1, .05, .05])


@pytest.mark.fact("F31")
def test_names():
    step = tf.train.create_global_step()
    before = len(tf.get_default_graph().get_operations())
    rate = tf.train.exponential_decay(.1, step, 10, .5, staircase=True)
    made = [op.name for op in tf.get_default_graph().get_operations()[before:]]
    assert made == ["ExponentialDecay/" + n for n in (
        "initial_learning_rate", "Cast/x", "Cast", "Cast_1/x", "Cast_2", "truediv", "Floor",
        "Pow")] + ["ExponentialDecay"]
    assert rate.op.name == "ExponentialDecay" and rate.dtype == tf.float32
    assert tf.train.exponential_decay(.1, step, 10, .5, name="mine").op.name == "mine"


@pytest.mark.fact("F31")
def test_follows_the_variable():
    step = tf.train.create_global_step()
    rate = tf.train.exponential_decay(1., step, 1, .5)
    v = tf.Variable(0.)
    train = tf.train.GradientDescentOptimizer(rate).minimize(-v, global_step=step)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(3):
            sess.run(train)
        assert sess.run([v, rate]) == [1.75, .125]


def test_natural_and_inverse():
    near(at([0, 5], lambda s: tf.train.natural_exp_decay(.1, s, 10, .5)),
         [.1, .1 * math.exp(-.25)])
    near(at([5, 15], lambda s: tf.train.natural_exp_decay(.1, s, 10, .5, staircase=True)),
         [.1, .1 * math.exp(-.5)])
    near(at([0, 5], lambda s: tf.train.inverse_time_decay(.1, s, 10, .5)), [.1, .1 / 1.25])
    near(at([5, 15], lambda s: tf.train.inverse_time_decay(.1, s, 10, .5, staircase=True)),
         [.1, .1 / 1.5])


def test_polynomial():
    near(at([0, 5, 10, 99], lambda s: tf.train.polynomial_decay(.1, s, 10, .01)),
         [.1, .055, .01, .01])
    near(at([5], lambda s: tf.train.polynomial_decay(.1, s, 10, .02, power=2.)), [.08 / 4 + .02])
    near(at([0, 5, 15, 20], lambda s: tf.train.polynomial_decay(.1, s, 10, .0, cycle=True)),
         [.1, .05, .025, 0.])


def test_piecewise():
    def make(s):
        return tf.train.piecewise_constant(s, [10, 20], [1., .5, .1])
    for dtype in (tf.int64, tf.int32):
        near(at([0, 10, 11, 20, 21], make, dtype), [1., 1., .5, .5, .1])
    near(at([0., 1.5, 2.], lambda s: tf.train.piecewise_constant(s, [1.5], [1., 2.]), tf.float32),
         [1., 1., 2.])
    assert tf.train.piecewise_constant_decay is tf.train.piecewise_constant
    x = tf.constant(1, tf.int64)
    with pytest.raises(ValueError, match=r"Boundaries \(.*float32.*\) must have the same dtype"):
        tf.train.piecewise_constant(x, [1.5], [1., 2.])
    with pytest.raises(ValueError, match="Values must have elements all with the same dtype"):
        tf.train.piecewise_constant(x, [1], [1., 2])
    with pytest.raises(ValueError, match="boundaries should be 1 less than the length of values"):
        tf.train.piecewise_constant(x, [1], [1.])


def test_cosine():
    def cosine(part):
        return .5 * (1 + math.cos(math.pi * part))
    near(at([0, 3, 10, 20], lambda s: tf.train.cosine_decay(.1, s, 10, alpha=.2)),
         [.1 * (.8 * cosine(p) + .2) for p in (0, .3, 1, 1)])
    near(at([0, 4, 10, 25, 30], lambda s: tf.train.cosine_decay_restarts(
        .1, s, 10, t_mul=2., m_mul=.5, alpha=.1)),
        [.1 * (.9 * h * cosine(p) + .1)
         for h, p in ((1, 0), (1, .4), (.5, 0), (.5, .75), (.25, 0))])
    near(at([4, 14], lambda s: tf.train.cosine_decay_restarts(.1, s, 10, t_mul=1.)),
         [.1 * cosine(.4)] * 2)
    near(at([0, 4, 12], lambda s: tf.train.linear_cosine_decay(
        .1, s, 10, num_periods=1.5, alpha=.1, beta=.01)),
        [.1 * ((.1 + 1 - p) * cosine(3 * p) + .01) for p in (0, .4, 1)])


def test_noise():
    tf.set_random_seed(1)
    quiet = at([4], lambda s: tf.train.noisy_linear_cosine_decay(
        .1, s, 10, initial_variance=1e-12))
    near(quiet, at([4], lambda s: tf.train.linear_cosine_decay(.1, s, 10)))
    loud = at([4, 4], lambda s: tf.train.noisy_linear_cosine_decay(.1, s, 10))
    assert loud[0] != loud[1]


@pytest.mark.parametrize("name", ["exponential", "natural_exp", "inverse_time"])
def test_step_is_required(name):
    with pytest.raises(ValueError, match="global_step is required for %s_decay." % name):
        getattr(tf.train, name + "_decay")(.1, None, 10, .5)


def test_in_doubles():
    rate = tf.train.exponential_decay(tf.constant(.1, tf.float64), 5, 10, .5)
    assert rate.dtype == tf.float64
