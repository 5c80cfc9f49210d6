"""Supervisor and the loops that it keeps going."""
import os

import pytest
import weft as tf


def test_managed_session(tmp_path):
    folder = str(tmp_path / "log")
    step = tf.train.get_or_create_global_step()
    more = tf.assign_add(step, 1)
    tf.summary.scalar("step", tf.cast(step, tf.float32))
    sv = tf.train.Supervisor(logdir=folder, save_model_secs=0)
    assert tf.get_default_graph().finalized and sv.is_chief
    assert sv.save_path == os.path.join(folder, "model.ckpt")
    with sv.managed_session() as sess:
        while not sv.should_stop() and sess.run(more) < 5:
            pass
        sv.saver.save(sess, sv.save_path, global_step=step)
        sv.summary_computed(sess, sess.run(sv.summary_op))
    assert sv.should_stop()
    assert tf.train.latest_checkpoint(folder) == sv.save_path + "-5"
    assert os.path.exists(folder + "/graph.pbtxt")
    events = [e for name in os.listdir(folder) if "tfevents" in name
              for e in tf.train.summary_iterator(os.path.join(folder, name))]
    states = [e.session_log.status for e in events if e.HasField("session_log")]
    assert states[0] == tf.SessionLog.START and states[-1] == tf.SessionLog.STOP
    assert any(e.step == 5 and e.summary.value[0].tag == "step" for e in events
               if e.summary.value)
    with sv.managed_session() as sess:
        assert sess.run(step) == 5


def test_names():
    tf.Variable(1., name="v")
    sv = tf.train.Supervisor()
    assert sv.init_op.name == "init"
    assert sv.ready_op.name == "report_uninitialized_variables/boolean_mask/GatherV2:0"
    assert sv.saver is tf.get_collection("savers")[0] and sv.summary_op is None
    assert sv.summary_writer is None and sv.global_step is None


def test_what_a_block_raises():
    v = tf.Variable(1.)
    sv = tf.train.Supervisor(summary_op=None)
    with pytest.raises(RuntimeError, match="Writing a summary requires a summary writer."):
        with sv.managed_session() as sess:
            assert sess.run(v) == 1.
            sv.summary_computed(sess, b"")
    with sv.managed_session():
        raise tf.errors.OutOfRangeError(None, None, "the input has ended")
    with pytest.raises(ValueError, match="mine"):
        with sv.managed_session():
            raise ValueError("mine")


def test_loop():
    v = tf.Variable(0)
    more = tf.assign_add(v, 1)
    sv = tf.train.Supervisor()
    with sv.managed_session() as sess:
        def count():
            if sess.run(more) >= 3:
                sv.request_stop()
        sv.loop(0.001, count)
        sv.wait_for_stop()
        assert sess.run(v) >= 3


def test_queues_are_filled():
    queue = tf.FIFOQueue(4, tf.int32, [])
    tf.train.add_queue_runner(tf.train.QueueRunner(queue, [queue.enqueue(3)]))
    taken = queue.dequeue()
    sv = tf.train.Supervisor()
    with sv.managed_session() as sess:
        assert [sess.run(taken) for _ in range(6)] == [3] * 6


def test_replicas():
    tf.Variable(1.)
    with pytest.raises(ValueError, match="all Variables must have their device set"):
        tf.train.Supervisor(is_chief=False)
    with tf.Graph().as_default():
        sv = tf.train.Supervisor(is_chief=False, logdir="/nowhere")
        assert sv.save_path is None and sv.summary_writer is None
        with pytest.raises(RuntimeError, match="Only chief supervisor can start standard"):
            sv.start_standard_services(None)


def test_basic_train_loop():
    v = tf.Variable(0)
    more = tf.assign_add(v, 1)
    sv = tf.train.Supervisor()
    calls = []

    def step(sess, limit, lost):
        calls.append(sess.run(more))
        if lost and len(calls) == 2:
            raise tf.errors.AbortedError(None, None, "lost")
        if calls[-1] >= limit:
            sv.request_stop()

    tf.train.basic_train_loop(sv, step, args=[3], kwargs={"lost": True})
    assert calls == [1, 2, 1, 2, 3]
