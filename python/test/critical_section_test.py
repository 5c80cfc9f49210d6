"""tf.CriticalSection: one at a time, in the order of who comes, and what it refuses."""
import threading

import pytest
import weft as tf


@pytest.fixture
def session():
    with tf.Session() as s:
        yield s


def test_results(session):
    section = tf.CriticalSection(name="section")
    assert section.name == "section"
    v = tf.get_variable("v", initializer=1., use_resource=True)
    session.run(tf.global_variables_initializer())

    def double():
        with tf.control_dependencies([v.assign(v.read_value() * 2)]):
            return v.read_value()

    twice = section.execute(double)
    assert [session.run(twice) for _ in range(3)] == [2, 4, 8]
    many = section.execute(lambda: {"a": tf.constant(1), "b": [tf.constant(2.)]})
    assert session.run(many) == {"a": 1, "b": [2]}
    names = [op.name for op in tf.get_default_graph().get_operations()]
    assert "critical_section_execute/MutexLock" in names
    assert "critical_section_execute/ConsumeMutexLock" in names


def test_one_at_a_time(session):
    section, v = tf.CriticalSection(), tf.get_variable("v", initializer=0, use_resource=True)
    session.run(tf.global_variables_initializer())

    def add():
        was = v.read_value()
        for _ in range(20):
            was = tf.identity(was)
        with tf.control_dependencies([v.assign(was + 1)]):
            return v.read_value()

    both = [section.execute(add) for _ in range(4)]
    threads = [threading.Thread(target=lambda: [session.run(both) for _ in range(25)])
               for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert session.run(v) == 4 * 4 * 25


def test_a_failure_gives_the_lock_back(session):
    section, x = tf.CriticalSection(), tf.placeholder(tf.float32)
    y = section.execute(lambda: tf.check_numerics(x, "no"))
    with pytest.raises(tf.errors.InvalidArgumentError, match="no"):
        session.run(y, {x: float("nan")})
    assert session.run(y, {x: 3}) == 3


def test_waiting_ends_with_the_session():
    with tf.Session() as s:
        section = tf.CriticalSection()
        lock = tf.raw_ops.MutexLock(mutex=section._handle)
        with tf.control_dependencies([lock]):
            again = tf.raw_ops.MutexLock(mutex=section._handle)
        with tf.control_dependencies([tf.raw_ops.ConsumeMutexLock(mutex_lock=again)]):
            last = tf.raw_ops.ConsumeMutexLock(mutex_lock=lock)
        with pytest.raises(tf.errors.DeadlineExceededError):
            s.run(last, options=tf.RunOptions(timeout_in_ms=100))
        assert s.run(section.execute(lambda: tf.constant(1))) == 1


def test_what_it_refuses():
    section, other = tf.CriticalSection(), tf.CriticalSection()
    v = tf.get_variable("v", initializer=0, use_resource=True)
    with pytest.raises(ValueError, match="already running"):
        section.execute(lambda: section.execute(lambda: tf.constant(1)))
    section.execute(v.read_value)
    with pytest.raises(ValueError, match="requested exclusive resource access"):
        other.execute(v.read_value)
    with pytest.raises(ValueError, match="critical_section_def is not supported."):
        tf.CriticalSection(critical_section_def=object())
    with tf.Graph().as_default():
        w = tf.get_variable("w", initializer=0, use_resource=True)
        for s in (tf.CriticalSection(), tf.CriticalSection()):
            s.execute(w.read_value, exclusive_resource_access=False)
