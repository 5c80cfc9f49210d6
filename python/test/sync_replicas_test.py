"""tf.train.SyncReplicasOptimizer: one step of the model of several replicas' gradients."""
import threading

import pytest
import weft as tf


def model(replicas, sparse=False):
    step = tf.train.get_or_create_global_step()
    gradient = tf.placeholder(tf.float32, [])
    if sparse:
        v = tf.get_variable("v", initializer=[[0.], [0.]])
        grad = tf.IndexedSlices(tf.reshape(gradient, [1, 1]), tf.constant([1]))
    else:
        v = tf.get_variable("v", initializer=0.)
        grad = gradient
    sync = tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(1.), replicas)
    train = sync.apply_gradients([(grad, v)], global_step=step)
    return v, step, gradient, sync, train


@pytest.mark.parametrize("sparse", [False, True])
def test_one_replica(sparse):
    v, step, gradient, sync, train = model(1, sparse)
    hook = sync.make_session_run_hook(True)
    with tf.train.MonitoredSession(hooks=[hook], stop_grace_period_secs=1) as sess:
        for i in range(3):
            sess.run(train, {gradient: 2.})
        assert sess.run(step) >= 2
        moved = sess.run(v)
        assert (moved[1, 0] if sparse else moved) <= -4.
        assert not sparse or moved[0, 0] == 0.


def test_two_replicas():
    v, step, gradient, sync, train = model(2)
    hook = sync.make_session_run_hook(True, 0)
    with tf.train.MonitoredSession(hooks=[hook], stop_grace_period_secs=1) as sess:
        threads = [threading.Thread(target=sess.run, args=(train, {gradient: g}))
                   for g in (1., 3.)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sess.run(v) == -2. and sess.run(step) == 1


def test_refused():
    sync = tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(1.), 4, 2)
    with pytest.raises(ValueError, match="Must supply at least one variable"):
        sync.apply_gradients([])
    with pytest.raises(ValueError, match="Global step is required to check staleness"):
        sync.apply_gradients([(tf.constant(1.), tf.get_variable("v", initializer=0.))])
    with pytest.raises(ValueError, match=r"Should be called after apply_gradients\(\)."):
        sync.get_chief_queue_runner()
    with pytest.raises(ValueError, match="should be called before using the hook."):
        sync.make_session_run_hook(True).begin()
    sync.apply_gradients([(tf.constant(1.), tf.get_variable("w", initializer=0.))],
                         tf.train.get_or_create_global_step())
    with pytest.raises(ValueError, match=r"Too few tokens to finish the first step: 1 \(given\)"):
        sync.get_init_tokens_op(1)
