"""Queues: their elements, their errors, and threads that wait for one another."""
import threading
import time

import numpy as np
import pytest
import weft as tf

fact = pytest.mark.fact


@pytest.fixture
def session():
    with tf.Session() as s:
        yield s


def in_thread(function, *args):
    """Calls it in a thread; the thread, whose `result` and `error` are there when it ends."""
    def call():
        try:
            thread.result = function(*args)
        except Exception as e:
            thread.error = e
    thread = threading.Thread(target=call)
    thread.result = thread.error = None
    thread.start()
    return thread


def ended(thread):
    thread.join(20)
    assert not thread.is_alive()
    return thread


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


# ---- elements ----

def test_names_and_shapes():
    q = tf.FIFOQueue(10, [tf.float32, tf.int32], shapes=[[], [2]], name="q")
    put = q.enqueue([1., [2, 3]])
    assert q.name == "q" and q.queue_ref.dtype == tf.resource and q.names is None
    assert q.dtypes == [tf.float32, tf.int32] and q.shapes[1].as_list() == [2]
    assert put.name == "q_enqueue" and put.type == "QueueEnqueueV2"
    a, b = q.dequeue()
    assert a.name == "q_Dequeue:0" and b.shape.as_list() == [2]
    a, b = q.dequeue_many(3)
    assert a.shape.as_list() == [3] and b.shape.as_list() == [3, 2] and a.op.name == \
        "q_DequeueMany"
    a, b = q.dequeue_up_to(3)
    assert a.shape.as_list() == [None] and b.op.name == "q_DequeueUpTo"
    assert [q.size().op.name, q.close().name, q.is_closed().op.name] == ["q_Size", "q_Close",
                                                                        "q_Is_Closed"]
    assert q.enqueue_many([[1.], [[1, 2]]]).name == "q_EnqueueMany"


def test_first_in_first_out(session):
    q = tf.queue.FIFOQueue(10, tf.int64, shapes=())
    session.run(q.enqueue_many([[1, 2, 3, 4]]))
    session.run(q.enqueue(5))
    assert session.run(q.dequeue()) == 1
    assert session.run(q.dequeue_many(2)).tolist() == [2, 3]
    assert session.run([q.size(), q.is_closed()]) == [2, False]
    session.run(q.close())
    assert session.run(q.is_closed())
    assert session.run(q.dequeue_up_to(7)).tolist() == [4, 5]


def test_dictionaries(session):
    q = tf.FIFOQueue(5, [tf.float32, tf.string], names=["x", "label"])
    session.run(q.enqueue({"label": "a", "x": [1., 2.]}))
    got = session.run(q.dequeue())
    assert got["label"] == b"a" and got["x"].tolist() == [1, 2]
    for vals, why in ((1., "You must enqueue a dictionary in a Queue with names"),
                      ({"x": 1.}, "Keys in dictionary to enqueue do not match names of Queue")):
        with pytest.raises(ValueError, match=why):
            q.enqueue(vals)
    with pytest.raises(ValueError, match="Queue must have names to enqueue a dictionary"):
        tf.FIFOQueue(5, tf.float32).enqueue({"x": 1.})
    with pytest.raises(ValueError, match="List of names must have the same length"):
        tf.FIFOQueue(5, [tf.float32], names=["a", "b"])


def test_padding(session):
    q = tf.PaddingFIFOQueue(5, tf.int32, [[None]])
    for row in ([1], [2, 3, 4], []):
        session.run(q.enqueue([np.array(row, np.int32)]))
    assert session.run(q.dequeue_many(3)).tolist() == [[1, 0, 0], [2, 3, 4], [0, 0, 0]]
    with pytest.raises(ValueError, match="a list of shapes must be provided"):
        tf.PaddingFIFOQueue(5, tf.int32, None)


def test_priority(session):
    q = tf.PriorityQueue(10, [tf.string], shapes=[()])
    session.run(q.enqueue_many([[5, 1, 3], ["five", "one", "three"]]))
    assert session.run(q.dequeue()) == [1, b"one"]
    keys, values = session.run(q.dequeue_many(2))
    assert keys.tolist() == [3, 5] and values.tolist() == [b"three", b"five"]


def test_shuffled(session):
    q = tf.RandomShuffleQueue(20, 3, tf.int32, shapes=[()], seed=1)
    session.run(q.enqueue_many([list(range(10))]))
    got = session.run(q.dequeue_many(7)).tolist()
    waits = in_thread(session.run, q.dequeue())
    session.run(q.close())                  # three had to stay until now
    got += [ended(waits).result] + session.run(q.dequeue_up_to(5)).tolist()
    assert sorted(got) == list(range(10)) and got != sorted(got)


def test_one_of_several(session):
    queues = [tf.FIFOQueue(5, tf.int32, [[]]) for _ in range(3)]
    which = tf.placeholder(tf.int32)
    q = tf.QueueBase.from_list(which, queues)
    for i, each in enumerate(queues):
        session.run(each.enqueue(i * 10))
    assert session.run(q.dequeue(), {which: 2}) == 20
    with pytest.raises(TypeError, match="A list of queues expected"):
        tf.QueueBase.from_list(which, [])
    with pytest.raises(TypeError, match="do not have matching component dtypes"):
        tf.QueueBase.from_list(which, [queues[0], tf.FIFOQueue(5, tf.float32)])


def test_old_queues_and_readers_are_passed_by_reference(session):
    from weft.python.framework import gen
    ref = gen.FIFOQueue(component_types=[tf.string], shapes=[[]])
    q = tf.QueueBase([tf.string], [[]], None, ref)
    put, take = q.enqueue("a"), q.dequeue()
    assert [put.type, take.op.type, q.size().op.type] == ["QueueEnqueue", "QueueDequeue",
                                                          "QueueSize"]
    session.run(put)
    assert session.run(take) == b"a"
    session.run(put)
    reader = tf.ReaderBase(gen.IdentityReader(), supports_serialize=True)
    assert session.run(reader.read(q).value) == b"a"
    new = tf.FIFOQueue(3, tf.string, [[]])
    session.run(new.enqueue("b"))
    assert session.run(reader.read(new).key) == b"b"
    assert session.run(reader.num_records_produced()) == 2


# ---- errors ----

@fact("E43")
def test_errors_of_queues(session):
    q = tf.FIFOQueue(3, [tf.float32], shapes=[[2]], shared_name="q")
    same = tf.FIFOQueue(3, [tf.float32], shapes=[[2]], shared_name="q")
    session.run(q.enqueue([[1., 2.]]))
    assert session.run(same.size()) == 1
    assert session.run(same.dequeue()).tolist() == [1, 2]
    x = tf.placeholder(tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Shape mismatch in tuple component"):
        session.run(q.enqueue([x]), {x: [1.]})
    from weft.python.framework import gen
    with pytest.raises(tf.errors.InvalidArgumentError, match="Type mismatch in tuple component"):
        session.run(gen.QueueEnqueueV2(q.queue_ref, [tf.constant([1, 2])]))
    session.run(q.close())
    with pytest.raises(tf.errors.OutOfRangeError, match=r"is closed and has insufficient elements "
                       r"\(requested 1, current size 0\)"):
        session.run(q.dequeue())
    with pytest.raises(tf.errors.CancelledError, match="is closed."):
        session.run(q.enqueue([[1., 2.]]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="has capacity 3 but requested"):
        session.run(tf.FIFOQueue(4, [tf.float32], shapes=[[2]], shared_name="q").size())


@fact("E43")
def test_full_and_empty_queues_wait(session):
    q = tf.FIFOQueue(1, tf.int32, [[]])
    put, take, size = q.enqueue(1), q.dequeue(), q.size()
    waits = in_thread(session.run, take)
    session.run(put)
    assert ended(waits).result == 1
    session.run(put)
    waits = in_thread(session.run, put)
    assert session.run(take) == 1 and ended(waits).error is None
    assert session.run(size) == 1


def test_waiting_holds_nobody_up(session):
    """Of one run, a hundred steps wait for the last."""
    q = tf.FIFOQueue(200, tf.int32, [[]])
    taken = [q.dequeue() * 2 for _ in range(100)]
    with tf.control_dependencies([tf.constant(1)]):
        put = q.enqueue_many([tf.range(100)])
    values = session.run(taken + [put])[:-1]
    assert sorted(values) == [2 * i for i in range(100)]


@fact("E44")
def test_batches_need_shapes(session):
    q = tf.FIFOQueue(3, tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="DequeueMany and DequeueUpTo require "
                       "the components to have specified shapes."):
        session.run(q.dequeue_many(2))


@fact("B71", "E47")
@pytest.mark.parametrize("what", ["Dequeue", "Enqueue"])
def test_closing_the_session_ends_what_waits(what):
    q = tf.FIFOQueue(1, tf.int32, [[]])
    op = q.dequeue() if what == "Dequeue" else q.enqueue_many([[1, 2, 3]])
    s = tf.Session()
    size = q.size()
    waits = [in_thread(s.run, op) for _ in range(3)]
    if what == "Enqueue":
        until(lambda: s.run(size) == 1)
    s.close()
    for thread in waits:
        error = ended(thread).error
        assert isinstance(error, (tf.errors.CancelledError, RuntimeError))


def test_timeouts_end_what_waits(session):
    q = tf.FIFOQueue(1, tf.int32)
    with pytest.raises(tf.errors.DeadlineExceededError):
        session.run(q.dequeue(), options=tf.RunOptions(timeout_in_ms=50))


def test_an_error_of_the_same_run_ends_what_waits(session):
    q = tf.FIFOQueue(1, tf.int32)
    bad = tf.Assert(tf.constant(False), ["broken"])
    with pytest.raises(tf.errors.InvalidArgumentError, match="broken"):
        session.run([q.dequeue(), bad])


def test_sessions_of_a_server_share_named_queues():
    server = tf.train.Server.create_local_server()
    q = tf.FIFOQueue(5, tf.int32, [[]], shared_name="shared")
    own = tf.FIFOQueue(5, tf.int32, [[]])
    put, take = q.enqueue(7), q.dequeue()
    with tf.Session(server.target) as a, tf.Session(server.target) as b:
        waits = in_thread(b.run, take)
        a.run(put)
        assert ended(waits).result == 7
        a.run(own.enqueue(1))
        assert b.run(own.size()) == 0


def test_a_queue_in_a_loop(session):
    q = tf.FIFOQueue(100, tf.int32, [[]])
    session.run(q.enqueue_many([list(range(10))]))
    total = tf.while_loop(lambda i, _: i < 10, lambda i, s: (i + 1, s + q.dequeue()), [0, 0])[1]
    assert session.run(total) == 45


def test_queues_in_functions_and_branches(session):
    """Calls that wait are in nobody's way either."""
    from weft.python.framework import function, gen
    from weft.python.ops import functional_ops

    @function.Defun(tf.resource)
    def take(queue):
        return gen.QueueDequeueV2(queue, component_types=[tf.int32])[0]

    @function.Defun(tf.resource)
    def nothing(queue):
        return tf.constant(-1)

    q = tf.FIFOQueue(5, tf.int32, [[]])
    taken = [take(q.queue_ref) for _ in range(4)]
    taken += [functional_ops.If(tf.constant(True), [q.queue_ref], take, nothing)[0]
              for _ in range(4)]
    taken += [tf.cond(tf.placeholder_with_default(True, []), q.dequeue, lambda: tf.constant(-1))
              for _ in range(4)]
    put = q.enqueue_many([list(range(12))])
    for _ in range(5):
        assert sorted(session.run(taken + [put])[:-1]) == list(range(12))


# ---- threads ----

def runner_of(queue, *ops, **named):
    runner = tf.train.QueueRunner(queue, list(ops), **named)
    tf.train.add_queue_runner(runner)
    return runner


@fact("E45")
def test_queue_runners(session):
    x = tf.Variable(0, collections=[tf.GraphKeys.LOCAL_VARIABLES])
    q = tf.FIFOQueue(3, tf.int32, [[]])
    runner = runner_of(q, *[q.enqueue(x.count_up_to(10)) for _ in range(2)])
    assert tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS) == [runner]
    session.run(tf.local_variables_initializer())
    threads = tf.train.start_queue_runners(session)
    assert len(threads) == 2 and all(t.daemon for t in threads)
    take = q.dequeue()
    assert sorted(session.run(take) for _ in range(10)) == list(range(10))
    with pytest.raises(tf.errors.OutOfRangeError):       # the end of the input closed it
        session.run(take)
    for t in threads:
        ended(t)
    assert runner.exceptions_raised == []


@fact("E45")
def test_queue_runners_need_a_session():
    with pytest.raises(ValueError, match="Cannot start queue runners: No default session is "
                       "registered."):
        tf.train.start_queue_runners()
    with pytest.raises(TypeError, match="sess must be a `tf.Session` object"):
        tf.train.start_queue_runners("session")


@fact("E46")
def test_a_failing_runner_stops_all(session):
    q = tf.FIFOQueue(3, tf.int32, [[]])
    x = tf.placeholder_with_default([[1]], None)
    runner_of(q, q.enqueue(tf.reshape(x, [2])[0]), q.enqueue(5))
    coord = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(session, coord)
    assert len(threads) == 3
    with pytest.raises(tf.errors.InvalidArgumentError, match="reshape"):
        coord.join(threads)
    assert all(not t.is_alive() for t in threads)


@fact("E46")
def test_stopping_ends_what_waits(session):
    q = tf.FIFOQueue(3, tf.int32, [[]])
    runner = runner_of(q, q.enqueue(1), q.enqueue(2))
    coord = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(session, coord)
    assert session.run(q.dequeue()) in (1, 2)
    assert runner.create_threads(session, coord) == []   # they run there already
    coord.request_stop()
    coord.join(threads, stop_grace_period_secs=20)


def test_a_runner_without_coordinator_keeps_its_errors(session):
    q = tf.FIFOQueue(3, tf.int32, [[]])
    runner = tf.train.QueueRunner(q, [q.enqueue(tf.reshape(tf.placeholder_with_default([1], None),
                                                           [2])[0])])
    quiet, threading.excepthook = threading.excepthook, lambda args: None
    try:
        for t in runner.create_threads(session, start=True):
            ended(t)
    finally:
        threading.excepthook = quiet
    assert isinstance(runner.exceptions_raised[0], tf.errors.InvalidArgumentError)


def test_runners_as_messages():
    with tf.name_scope("scope"):
        q = tf.FIFOQueue(3, tf.int32, [[]], name="q")
        runner = tf.train.QueueRunner(q, [q.enqueue(1)], queue_closed_exception_types=(
            tf.errors.OutOfRangeError, tf.errors.CancelledError))
    tf.train.add_queue_runner(runner)
    message = runner.to_proto()
    assert message.queue_name == "scope/q" and message.enqueue_op_name == ["scope/q_enqueue"]
    assert runner.to_proto("scope").queue_name == "q" and runner.to_proto("other") is None
    again = tf.train.QueueRunner.from_proto(message)
    assert again.name == "scope/q" and again.close_op == runner.close_op
    assert again.queue_closed_exception_types == runner.queue_closed_exception_types
    meta = tf.train.export_meta_graph()
    with tf.Graph().as_default():
        tf.train.import_meta_graph(meta)
        came, = tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
        assert came.name == "scope/q" and len(came.enqueue_ops) == 1
    for arguments in ({}, {"queue": q}, {"queue": q, "queue_runner_def": message}):
        with pytest.raises(ValueError):
            tf.train.QueueRunner(**arguments)
    with pytest.raises(TypeError, match="must be a tuple of tf.error types"):
        tf.train.QueueRunner(q, [q.enqueue(1)], queue_closed_exception_types=(ValueError,))


def test_runners_in_a_monitored_session():
    x = tf.train.range_input_producer(4, num_epochs=1, shuffle=False).dequeue()
    got = []
    with tf.train.MonitoredSession() as s:
        while not s.should_stop():
            got.append(s.run(x))
    assert got == [0, 1, 2, 3]
