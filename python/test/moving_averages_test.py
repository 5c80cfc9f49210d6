"""Moving averages of variables and tensors."""
import numpy as np
import pytest
import weft as tf
from weft.python.training import moving_averages


def initialized():
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    return sess


def names():
    return [op.name for op in tf.get_default_graph().get_operations()]


def test_assign_moving_average():
    v = tf.get_variable("v", initializer=[2., 4.])
    value = tf.placeholder(tf.float32, [2])
    moved = moving_averages.assign_moving_average(v, value, .75, zero_debias=False)
    assert names()[-4:] == ["AssignMovingAvg/" + n for n in ("decay", "sub", "mul")] + [
        "AssignMovingAvg"]
    assert moved.op.colocation_groups() == [b"loc:@v"]
    with initialized() as sess:
        assert sess.run(moved, {value: [6., 0.]}).tolist() == [3., 3.]


@pytest.mark.parametrize("use_resource", [False, True])
def test_from_zero(use_resource):
    with tf.variable_scope("", use_resource=use_resource):
        v = tf.get_variable("v", initializer=0.)
        value = tf.placeholder(tf.float32, [])
        moved = moving_averages.assign_moving_average(v, value, .9)
    assert [u.op.name for u in tf.global_variables()] == ["v", "v/biased", "v/local_step"]
    with initialized() as sess:
        assert sess.run(moved, {value: 5.}) == pytest.approx(5.)
        second = (.9 * .1 * 5. + .1 * 8.) / (1 - .9 ** 2)
        assert sess.run(moved, {value: 8.}) == pytest.approx(second)


def test_twice_from_zero():
    v = tf.get_variable("v", initializer=0.)
    for _ in range(2):
        moving_averages.assign_moving_average(v, 1., .9)
    assert [u.op.name for u in tf.global_variables()] == [
        "v", "v/biased", "v/local_step", "v/biased_1", "v/local_step_1"]


def test_weighted():
    value, weight = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    mean = moving_averages.weighted_moving_average(value, .5, weight)
    assert [u.op.name for u in tf.global_variables()] == [
        "WeightedMovingAvg/value_x_weight", "WeightedMovingAvg/weight"]
    with initialized() as sess:
        assert sess.run(mean, {value: 10., weight: 4.}) == 10.
        assert sess.run(mean, {value: 20., weight: 2.}) == (.25 * 40 + .5 * 40) / (.25 * 4 + 1.)


@pytest.mark.parametrize("use_resource", [False, True])
def test_shadows(use_resource):
    v = tf.get_variable("v", initializer=[10., 20.], use_resource=use_resource)
    ema = tf.train.ExponentialMovingAverage(.75)
    move = ema.apply([v])
    shadow = ema.average(v)
    assert shadow.op.name == "v/ExponentialMovingAverage" == ema.average_name(v)
    assert tf.trainable_variables() == [v] and shadow in tf.global_variables()
    assert tf.moving_average_variables() == [v]
    assert move.name == "ExponentialMovingAverage" and move.type == "NoOp"
    update = v.assign([30., 0.])
    with initialized() as sess:
        assert sess.run(shadow).tolist() == [10., 20.]
        sess.run(update)
        sess.run(move)
        assert sess.run(shadow).tolist() == [15., 15.]
    ema.apply([v])
    assert len(tf.global_variables()) == 2 and ema.average(tf.constant(1.)) is None


def test_shadows_of_trainable_ones():
    with tf.variable_scope("layer"):
        w = tf.get_variable("w", initializer=1.)
    frozen = tf.get_variable("frozen", initializer=2., trainable=False)
    ema = tf.train.ExponentialMovingAverage(.9, name="Mean")
    ema.apply()
    assert ema.average(w).op.name == "layer/w/Mean" and ema.average(frozen) is None
    assert ema.name == "Mean" and ema.average_name(frozen) == "frozen/Mean"


def test_shadows_of_tensors():
    x = tf.placeholder(tf.float32, [], name="x")
    plain, fair = [tf.train.ExponentialMovingAverage(.9, zero_debias=z, name=n)
                   for z, n in ((False, "Plain"), (True, "Fair"))]
    moves = [ema.apply([x]) for ema in (plain, fair)]
    assert plain.average(x).op.name == "x/Plain" and tf.moving_average_variables() == []
    with initialized() as sess:
        sess.run(moves, {x: 5.})
        assert sess.run([plain.average(x), fair.average(x)]) == pytest.approx([.5, 5.])
    with pytest.raises(TypeError, match="The variables must be half, float, or double: Const"):
        plain.apply([tf.constant(1)])


def test_decay_grows():
    v, n = tf.get_variable("v", initializer=0.), tf.placeholder(tf.float32, [])
    ema = tf.train.ExponentialMovingAverage(.9, num_updates=n)
    move = ema.apply()
    with initialized() as sess:
        sess.run(v.assign(10.))
        sess.run(move, {n: 0.})
        assert sess.run(ema.average(v)) == pytest.approx(9.)
        sess.run(move, {n: 1e6})
        assert sess.run(ema.average(v)) == pytest.approx(9.1)


def test_variables_to_restore():
    w = tf.get_variable("w", initializer=1.)
    stat = tf.get_variable("stat", initializer=2., trainable=False)
    ema = tf.train.ExponentialMovingAverage(.9)
    assert ema.variables_to_restore() == {"w/ExponentialMovingAverage": w, "stat": stat}
    ema.apply()
    assert ema.variables_to_restore() == {"w/ExponentialMovingAverage": w, "stat": stat}
    assert ema.variables_to_restore([]) == {
        "w": w, "stat": stat, "w/ExponentialMovingAverage": ema.average(w)}


def test_shadow_of_an_unknown_shape():
    x = tf.placeholder(tf.float32, [None])
    v = tf.Variable(x, validate_shape=False, name="v")
    ema = tf.train.ExponentialMovingAverage(.5)
    move = ema.apply([v])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer(), {x: [1., 2., 3.]})
        sess.run(v.assign([3., 2., 1.], read_value=False))
        sess.run(move)
        np.testing.assert_array_equal(sess.run(ema.average(v)), [2., 2., 2.])
