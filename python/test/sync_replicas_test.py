"""Replicas whose gradients are applied together."""
import time

import numpy as np
import pytest
import weft as tf


def replica(opt_of, rows=None):
    """(the optimizer, its train_op, the variable)"""
    step = tf.train.get_or_create_global_step()
    v = tf.get_variable("v", initializer=np.zeros([4], np.float32))
    x = tf.placeholder_with_default(np.ones(4, np.float32), [4], name="x")
    loss = (tf.reduce_sum(v * x) if rows is None
            else tf.reduce_sum(tf.gather(v, rows) * tf.gather(x, rows)))
    opt = opt_of(tf.train.GradientDescentOptimizer(1.))
    return opt, opt.minimize(loss, global_step=step), v


@pytest.mark.parametrize("rows", [None, [1, 3]])
def test_one_replica(rows):
    opt, train, v = replica(lambda o: tf.train.SyncReplicasOptimizer(o, 1), rows)
    hook = opt.make_session_run_hook(True)
    with tf.train.MonitoredTrainingSession(hooks=[hook], stop_grace_period_secs=1) as s:
        for _ in range(5):
            s.run(train)
        s.run(train)
        got = s.run(v)
    moved = [i for i in range(4) if rows is None or i in rows]
    assert all(got[i] <= -4 for i in moved)
    assert all(got[i] == 0 for i in set(range(4)) - set(moved))


def test_a_step_is_the_mean_of_several_gradients():
    opt, train, v = replica(lambda o: tf.train.SyncReplicasOptimizer(o, 2, total_num_replicas=1))
    x, step = tf.get_default_graph().get_tensor_by_name("x:0"), tf.train.get_global_step()
    hook = opt.make_session_run_hook(True)
    with tf.train.MonitoredTrainingSession(hooks=[hook], stop_grace_period_secs=1) as s:
        s.run(train, {x: np.full(4, 1.)})
        s.run(train, {x: np.full(4, 3.)})
        end = time.monotonic() + 20
        while s.run(step) < 1:
            assert time.monotonic() < end
        assert s.run(v).tolist() == [-2] * 4


def test_errors():
    opt = tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(1.), 3, 1)
    with pytest.raises(ValueError, match="Should be called after apply_gradients"):
        opt.get_chief_queue_runner()
    with pytest.raises(ValueError, match="should be called before using the hook"):
        opt.make_session_run_hook(True).begin()
    v = tf.Variable(1.)
    with pytest.raises(ValueError, match="Global step is required"):
        opt.minimize(v * 2.)
    opt.minimize(v * 2., global_step=tf.train.get_or_create_global_step())
    assert opt.get_chief_queue_runner().queue.name == "dummy_queue"
    with pytest.raises(ValueError, match=r"Too few tokens to finish the first step: 1 \(given\)"):
        opt.get_init_tokens_op(1)
