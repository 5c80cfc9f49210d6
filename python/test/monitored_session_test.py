"""MonitoredSession and what belongs to it: Scaffold, hooks, SessionManager."""
import os
import threading

import numpy as np
import pytest
import weft as tf
from weft.python.training import basic_session_run_hooks


class Told(tf.train.SessionRunHook):
    """Remembers what it is told, and asks for more."""

    def __init__(self, fetches=None, feeds=None):
        self.calls = []
        self.asked = tf.train.SessionRunArgs(fetches, feeds) if fetches is not None or feeds \
            else None

    def begin(self):
        self.calls.append("begin")

    def after_create_session(self, session, coord):
        assert isinstance(session, tf.Session) and isinstance(coord, tf.train.Coordinator)
        assert tf.get_default_graph().finalized
        self.calls.append("session")

    def before_run(self, run_context):
        self.calls.append(("before", run_context.original_args.fetches))
        return self.asked

    def after_run(self, run_context, run_values):
        self.calls.append(("after", run_values.results))

    def end(self, session):
        self.calls.append("end")


def counting():
    """A graph that counts its steps."""
    step = tf.train.get_or_create_global_step()
    return step, tf.assign_add(step, 1)


@pytest.fixture
def said(monkeypatch):
    """What is logged at level INFO and above."""
    from weft.python.platform import tf_logging
    lines = []
    monkeypatch.setattr(tf_logging, "log",
                        lambda level, msg, *args, **kw: lines.append(msg % args if args else msg))
    return lines


# ---- the order of things ----

def test_hooks_are_called_around_steps():
    two = tf.constant(2)
    hook = Told({"two": two})
    with tf.train.MonitoredSession(hooks=[hook]) as sess:
        assert tf.get_default_graph().finalized and sess.graph is tf.get_default_graph()
        assert sess.run(tf.get_default_graph().get_tensor_by_name("Const:0")) == 2
        assert not sess.should_stop()
    assert hook.calls == ["begin", "session", ("before", two), ("after", {"two": 2}), "end"]
    assert not tf.get_default_graph().finalized and sess.should_stop()
    with pytest.raises(RuntimeError, match="Session is already closed."):
        sess.run(two)


def test_feeds_of_hooks():
    x, y = tf.placeholder(tf.float32, name="x"), tf.placeholder(tf.float32, name="y")
    total = x + y
    with tf.train.MonitoredSession(hooks=[tf.train.FeedFnHook(lambda: {x: 1.})]) as sess:
        assert sess.run(total, {y: 2.}) == 3.
        with pytest.raises(RuntimeError, match="Same tensor is fed by a SessionRunHook and user."):
            sess.run(total, {x: 1., y: 2.})
    with tf.train.MonitoredSession(hooks=[Told(feeds={x: 1.}), Told(feeds={x: 1.})]) as sess:
        with pytest.raises(RuntimeError, match="Same tensor is fed by two hooks."):
            sess.run(total)


def test_ends():
    one = tf.constant(1)
    for ending in (StopIteration, tf.errors.OutOfRangeError(None, None, "over")):
        hook = Told()
        with tf.train.MonitoredSession(hooks=[hook]) as sess:
            sess.run(one)
            raise ending
        assert hook.calls[-1] == "end"
    hook = Told()
    with pytest.raises(ValueError, match="mine"):
        with tf.train.MonitoredSession(hooks=[hook]):
            raise ValueError("mine")
    assert hook.calls == ["begin", "session"]


def test_stop_requested():
    step, more = counting()
    with tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(num_steps=3)]) as sess:
        while not sess.should_stop():
            reached = sess.run(more)
        assert reached == 3
        with pytest.raises(RuntimeError, match="Run called even after should_stop requested."):
            sess.run(more)


def test_step_fn():
    step, more = counting()

    def train(step_context):
        before = step_context.session.run(step)
        return before, step_context.run_with_hooks(more)

    hook = Told(step)
    with tf.train.MonitoredSession(hooks=[hook]) as sess:
        assert sess.run_step_fn(train) == (0, 1)
        assert len([call for call in hook.calls if call[0] == "after"]) == 1
        with pytest.raises(ValueError, match="'step_fn' may either have one 'step_context'"):
            sess.run_step_fn(lambda context: 1)
        sess.run_step_fn(lambda step_context: step_context.request_stop())
        raise AssertionError("request_stop() leaves the block")


def test_a_lost_server_is_recovered_from():
    v = tf.Variable(1.)
    failing = [True, True]
    hook = Told()

    class Unsure(tf.train.SessionRunHook):
        def before_run(self, run_context):
            if failing:
                failing.pop()
                raise tf.errors.AbortedError(None, None, "lost")

    with tf.train.MonitoredSession(hooks=[hook, Unsure()]) as sess:
        assert sess.run(v) == 1.
    assert hook.calls.count("session") == 3 and hook.calls[-1] == "end"
    failing.append(True)
    with pytest.raises(tf.errors.AbortedError):
        with tf.train.SingularMonitoredSession(hooks=[Unsure()]) as sess:
            sess.run(v)


def test_what_threads_raise():
    one = tf.constant(1)

    class Thread(tf.train.SessionRunHook):
        def after_create_session(self, session, coord):
            self.coord = coord
            thread = threading.Thread(target=coord.request_stop, args=(ValueError("thread"),))
            thread.start()
            thread.join()

    with pytest.raises(ValueError, match="thread"):
        with tf.train.MonitoredSession(hooks=[Thread()]) as sess:
            sess.run(one)


def test_queues_are_filled():
    queue = tf.FIFOQueue(4, tf.int32, [])
    count = tf.train.limit_epochs(tf.constant(7), num_epochs=5)
    tf.train.add_queue_runner(tf.train.QueueRunner(queue, [queue.enqueue(count)]))
    taken = queue.dequeue()
    got = []
    with tf.train.MonitoredSession() as sess:
        while not sess.should_stop():
            got.append(sess.run(taken))
    assert got == [7] * 5


def test_raw_session():
    v = tf.get_variable("v", initializer=3.)
    with tf.train.SingularMonitoredSession() as sess:
        assert isinstance(sess.raw_session(), tf.Session)
        assert sess.raw_session().run(v) == 3.


# ---- Scaffold ----

def test_scaffold_names():
    tf.Variable(1., name="v")
    tf.Variable(1., name="l", collections=[tf.GraphKeys.LOCAL_VARIABLES])
    tf.summary.scalar("s", 1.)
    scaffold = tf.train.Scaffold().finalize()
    assert scaffold.init_op.name == "group_deps" and scaffold.ready_op.name == "concat:0"
    assert scaffold.ready_for_local_init_op.name == "concat_1:0"
    assert scaffold.local_init_op.name == "group_deps_1"
    assert scaffold.summary_op.name == "Merge/MergeSummary:0"
    assert scaffold.saver is tf.get_collection("savers")[0]
    assert tf.get_collection("init_op") == [scaffold.init_op]
    with pytest.raises(RuntimeError, match="Graph is finalized"):
        tf.constant(1)


def test_scaffold_gives_what_it_was_given():
    v = tf.get_variable("v", shape=[])
    x = tf.placeholder(tf.float32, [])
    called = []
    first = tf.train.Scaffold(init_op=v.assign(x), init_feed_dict={x: 4.},
                              init_fn=lambda scaffold, sess: called.append(sess))
    second = tf.train.Scaffold(copy_from_scaffold=first)
    with tf.train.MonitoredSession(tf.train.ChiefSessionCreator(second)) as sess:
        assert sess.run(v) == 4.
    assert second.init_feed_dict == {x: 4.} and len(called) == 1
    with pytest.raises(TypeError, match="copy_from_scaffold is not a Scaffold instance."):
        tf.train.Scaffold(copy_from_scaffold=3)
    for _ in range(2):
        tf.add_to_collection("key", tf.no_op())
    with pytest.raises(RuntimeError, match='More than one item in the collection "key"'):
        tf.train.Scaffold.get_or_default("arg", "key", tf.no_op)


def test_model_that_is_not_ready():
    tf.get_variable("a", shape=[])
    scaffold = tf.train.Scaffold(init_op=tf.no_op())
    with pytest.raises(RuntimeError, match="Init operations did not make model ready "
                                           r"for local_init.(.|\n)*not initialized: a$"):
        tf.train.MonitoredSession(tf.train.ChiefSessionCreator(scaffold))


# ---- training from one start to the next ----

def test_training_goes_on(tmp_path):
    folder = str(tmp_path / "run")
    step, more = counting()
    tf.summary.scalar("loss", tf.cast(step, tf.float32))
    for until in (5, 8):
        hooks = [tf.train.StopAtStepHook(last_step=until)]
        with tf.train.MonitoredTrainingSession(checkpoint_dir=folder, hooks=hooks,
                                               save_checkpoint_steps=3, save_summaries_steps=2,
                                               log_step_count_steps=2) as sess:
            assert sess.run(step) == until - 5 + 2 * (until == 8)
            while not sess.should_stop():
                reached = sess.run(more)
        assert reached == until
        assert tf.train.latest_checkpoint(folder) == "%s/model.ckpt-%d" % (folder, until)
    assert os.path.exists(folder + "/graph.pbtxt")
    tf.summary.FileWriterCache.clear()
    events = [e for name in sorted(os.listdir(folder)) if "tfevents" in name
              for e in tf.train.summary_iterator(os.path.join(folder, name))]
    tags = {v.tag for e in events for v in e.summary.value}
    assert tags == {"loss", "global_step/sec"}
    states = [e.session_log.status for e in events if e.HasField("session_log")]
    assert tf.SessionLog.START in states and tf.SessionLog.CHECKPOINT in states


def test_worker_waits_for_the_chief():
    server = tf.train.Server.create_local_server()
    v = tf.get_variable("v", initializer=2.)
    creator = tf.train.WorkerSessionCreator(master=server.target, max_wait_secs=0)
    with pytest.raises(tf.errors.DeadlineExceededError, match="Session was not ready after"):
        tf.train.MonitoredSession(creator)
    with tf.train.MonitoredTrainingSession(master=server.target) as chief:
        with tf.train.MonitoredTrainingSession(master=server.target, is_chief=False) as worker:
            assert worker.run(v) == chief.run(v) == 2.


# ---- each hook ----

def test_timer():
    for kwargs in ({}, {"every_secs": 1, "every_steps": 2}):
        with pytest.raises(ValueError):
            tf.train.SecondOrStepTimer(**kwargs)
    timer = tf.train.SecondOrStepTimer(every_steps=3)
    assert timer.should_trigger_for_step(1) and timer.last_triggered_step() is None
    assert timer.update_last_triggered_step(1) == (None, None)
    assert [timer.should_trigger_for_step(s) for s in (1, 2, 3, 4)] == [False] * 3 + [True]
    assert timer.update_last_triggered_step(4)[1] == 3 and timer.last_triggered_step() == 4
    timer = tf.train.SecondOrStepTimer(every_secs=1000)
    timer.update_last_triggered_step(1)
    assert not timer.should_trigger_for_step(100)
    timer.reset()
    assert timer.should_trigger_for_step(1)


def test_logging(said):
    tf.constant(1.5, name="t")
    hooks = [tf.train.LoggingTensorHook({"b": "t:0", "a": "t"}, every_n_iter=2, at_end=True),
             tf.train.LoggingTensorHook(["t"], at_end=True, formatter=lambda v: "<%s>" % v["t"])]
    t = tf.constant(0)
    with tf.train.MonitoredSession(hooks=hooks) as sess:
        del said[:]
        for _ in range(3):
            sess.run(t)
    assert said[0] == "a = 1.5, b = 1.5"
    assert said[1].startswith("a = 1.5, b = 1.5 (") and said[1].endswith(" sec)")
    assert len(said) == 4 and said[3] == "<1.5>"
    with pytest.raises(ValueError, match="invalid every_n_iter=0."):
        tf.train.LoggingTensorHook(["t"], every_n_iter=0)
    with pytest.raises(ValueError, match="exactly one of every_n_iter and every_n_secs"):
        tf.train.LoggingTensorHook(["t"])
    tf.split(tf.constant([1, 2]), 2, name="two")
    with pytest.raises(ValueError, match="Name two is ambiguous"):
        basic_session_run_hooks._as_graph_element("two")
    with pytest.raises(ValueError, match="should have graph attribute that is equal"):
        basic_session_run_hooks._as_graph_element(3)


def test_nan(said):
    loss = tf.placeholder_with_default(np.float32("nan"), [])
    with pytest.raises(tf.train.NanLossDuringTrainingError, match="NaN loss during training."):
        with tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(loss)]) as sess:
            sess.run(loss)
    with tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(loss, False)]) as sess:
        sess.run(loss, {loss: 1.})
        assert not sess.should_stop()
        sess.run(loss)
        assert sess.should_stop()
    assert said.count("Model diverged with loss = NaN.") == 2


def test_stop_at_step_arguments():
    with pytest.raises(ValueError, match="One of num_steps or last_step must be specified."):
        tf.train.StopAtStepHook()
    with pytest.raises(ValueError, match="Only one of num_steps or last_step can be specified."):
        tf.train.StopAtStepHook(1, 2)
    with pytest.raises(RuntimeError, match="Global step should be created to use StopAtStepHook."):
        tf.train.StopAtStepHook(1).begin()


def test_step_counter(said, tmp_path):
    with pytest.raises(ValueError, match="exactly one of every_n_steps and every_n_secs"):
        tf.train.StepCounterHook(every_n_steps=1, every_n_secs=2)
    step, more = counting()
    hook = tf.train.StepCounterHook(every_n_steps=2, output_dir=str(tmp_path))
    with tf.train.MonitoredSession(hooks=[hook]) as sess:
        for _ in range(6):
            sess.run(more)
        assert any(line.startswith("global_step/sec: ") for line in said)
        assert not any("has not been increased" in line for line in said)
        sess.run(step)
        sess.run(step)
    assert any("has not been increased" in line for line in said)


def test_listeners(tmp_path):
    step, more = counting()
    calls = []

    class Listener(tf.train.CheckpointSaverListener):
        def begin(self):
            calls.append("begin")

        def before_save(self, session, global_step_value):
            calls.append(("before", global_step_value))

        def after_save(self, session, global_step_value):
            calls.append(("after", global_step_value))
            return global_step_value >= 2

        def end(self, session, global_step_value):
            calls.append(("end", global_step_value))

    hook = tf.train.CheckpointSaverHook(str(tmp_path), save_steps=2, listeners=[Listener()])
    with tf.train.MonitoredSession(hooks=[hook]) as sess:
        while not sess.should_stop():
            sess.run(more)
    assert calls == ["begin", ("before", 0), ("after", 0), ("before", 2), ("after", 2), ("end", 2)]
    with pytest.raises(ValueError, match="You cannot provide both saver and scaffold."):
        tf.train.CheckpointSaverHook("x", 1, saver=1, scaffold=2)
    with pytest.raises(RuntimeError, match="Global step should be created to use Checkpoint"):
        with tf.Graph().as_default():
            tf.train.CheckpointSaverHook(str(tmp_path), save_steps=2).begin()


def test_summary_saver(tmp_path):
    with pytest.raises(ValueError, match="Exactly one of scaffold or summary_op"):
        tf.train.SummarySaverHook(save_steps=1)
    step, more = counting()
    summary = tf.summary.scalar("s", step)
    hook = tf.train.SummarySaverHook(save_steps=2, output_dir=str(tmp_path), summary_op=summary)
    with tf.train.MonitoredSession(hooks=[hook]) as sess:
        for _ in range(4):
            sess.run(more)
    tf.summary.FileWriterCache.clear()
    file, = os.listdir(str(tmp_path))
    steps = [e.step for e in tf.train.summary_iterator(str(tmp_path / file)) if e.summary.value]
    assert steps == [1, 3]


def test_profiler(tmp_path):
    step, more = counting()
    hook = tf.train.ProfilerHook(save_steps=2, output_dir=str(tmp_path))
    with tf.train.MonitoredSession(hooks=[hook]) as sess:
        for _ in range(4):
            sess.run(more)
    tf.summary.FileWriterCache.clear()
    written = [name for name in os.listdir(str(tmp_path)) if name.startswith("timeline-")]
    assert 1 <= len(written) <= 2
    assert "traceEvents" in (tmp_path / written[0]).read_text()


def test_final_ops():
    x = tf.placeholder(tf.int32)
    hook = tf.train.FinalOpsHook([x * 2], {x: 3})
    with tf.train.MonitoredSession(hooks=[hook]):
        assert hook.final_ops_values is None
    assert hook.final_ops_values == [6]


def test_step_waiter():
    step, more = counting()
    hook = tf.train.GlobalStepWaiterHook(2)
    with tf.train.SingularMonitoredSession(hooks=[hook]) as sess:
        sess.raw_session().run(more)
        threading.Timer(0.1, sess.raw_session().run, [more]).start()
        assert sess.run(step) == 2


# ---- SessionManager ----

def test_prepare_session(tmp_path):
    v = tf.Variable([6., 7.], name="v")
    init = tf.global_variables_initializer()
    saver = tf.train.Saver()
    manager = tf.train.SessionManager(ready_op=tf.report_uninitialized_variables())
    with pytest.raises(RuntimeError, match="Model is not initialized and no init_op or init_fn"):
        manager.prepare_session("")
    sess = manager.prepare_session("", init_op=init, saver=saver, checkpoint_dir=str(tmp_path))
    assert sess.run(v).tolist() == [6., 7.]
    sess.run(v.assign([1., 2.]))
    prefix = saver.save(sess, str(tmp_path / "m"))
    for kwargs in ({"checkpoint_dir": str(tmp_path)}, {"checkpoint_filename_with_path": prefix}):
        sess = manager.prepare_session("", init_op=init, saver=saver, **kwargs)
        assert sess.run(v).tolist() == [1., 2.]
        sess, restored = manager.recover_session("", saver, **kwargs)
        assert restored and sess.run(v).tolist() == [1., 2.]
    with pytest.raises(ValueError, match="Can not provide both checkpoint_dir and"):
        manager.prepare_session("", saver=saver, checkpoint_dir="a",
                                checkpoint_filename_with_path="b")
    sess, restored = manager.recover_session("")
    assert not restored
    with pytest.raises(ValueError, match="If you pass a ready_for_local_init_op you must also"):
        tf.train.SessionManager(ready_for_local_init_op=init)
