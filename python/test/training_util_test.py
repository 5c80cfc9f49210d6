"""The global step; coordinators, servers and device setters."""
import threading
import time

import pytest
import weft as tf
from weft.python.training import training_util


@pytest.mark.fact("F30")
def test_global_step():
    assert tf.train.get_global_step() is None
    with tf.name_scope("elsewhere"):
        step = tf.train.create_global_step()
    assert step.op.name == "global_step" and step.dtype.base_dtype == tf.int64
    assert step.get_shape().ndims == 0 and tf.trainable_variables() == []
    assert tf.get_collection(tf.GraphKeys.GLOBAL_STEP) == [step] == tf.global_variables()
    with pytest.raises(ValueError, match='"global_step" already exists.'):
        tf.train.create_global_step()
    assert tf.train.get_global_step() is step is tf.train.get_or_create_global_step()
    with tf.Session() as sess:
        sess.run(step.initializer)
        count = tf.train.global_step(sess, step)
        assert count == 0 and type(count) is int


@pytest.mark.fact("F30")
def test_global_step_elsewhere():
    graph = tf.Graph()
    step = tf.train.get_or_create_global_step(graph)
    assert step.graph is graph and tf.train.get_global_step() is None
    named = tf.placeholder_with_default(tf.constant(3, tf.int64), [], name="global_step")
    assert tf.train.get_global_step() is named


@pytest.mark.fact("F30")
def test_what_is_no_step():
    for wrong, text in ((3, "must be a Variable or Tensor"),
                        (tf.constant(1.), "does not have integer type"),
                        (tf.constant([1]), "is not scalar")):
        with pytest.raises(TypeError, match='Existing "global_step" ' + text):
            tf.train.assert_global_step(wrong)
    tf.add_to_collection(tf.GraphKeys.GLOBAL_STEP, tf.constant(1.))
    with pytest.raises(TypeError, match="does not have integer type"):
        tf.train.get_global_step()
    tf.add_to_collection(tf.GraphKeys.GLOBAL_STEP, tf.constant(1))
    assert tf.train.get_global_step() is None


def test_increment():
    with pytest.raises(ValueError, match="should be created by tf.train.get_or_create_global_step"):
        training_util._increment_global_step(1)
    assert training_util._get_or_create_global_step_read() is None
    step = tf.train.create_global_step()
    more = training_util._increment_global_step(3)
    read = training_util._get_or_create_global_step_read()
    assert read is training_util._get_or_create_global_step_read()
    with tf.Session() as sess:
        sess.run(step.initializer)
        assert sess.run([read, more])[0] == 0 and sess.run(step) == 3


# ---- threads ----

@pytest.mark.fact("E46")
def test_coordinator_raises_the_first_failure():
    coord = tf.train.Coordinator()
    failed = threading.Event()

    def fail():
        with coord.stop_on_exception():
            raise KeyError("first")

    def wait():
        coord.wait_for_stop()
        failed.set()

    threads = [threading.Thread(target=f) for f in (wait, fail)]
    for t in threads:
        t.start()
    with pytest.raises(KeyError, match="first"):
        coord.join(threads)
    assert failed.is_set() and coord.should_stop() and coord.joined
    coord.clear_stop()
    assert not coord.should_stop() and not coord.joined


@pytest.mark.fact("E46")
def test_coordinator_ends_cleanly():
    coord = tf.train.Coordinator()
    coord.request_stop(tf.errors.OutOfRangeError(None, None, "end"))
    coord.request_stop(ValueError("too late"))
    coord.join([])
    own = tf.train.Coordinator(clean_stop_exception_types=(ValueError,))
    own.request_stop(ValueError("clean"))
    own.join()


@pytest.mark.fact("E46")
def test_coordinator_waits_for_a_time():
    coord = tf.train.Coordinator()
    free = threading.Event()
    slow = threading.Thread(target=free.wait, name="slow")
    slow.start()
    coord.request_stop()
    with pytest.raises(RuntimeError, match="Coordinator stopped with threads still running: slow"):
        coord.join([slow], stop_grace_period_secs=.01)
    coord.clear_stop()
    coord.request_stop()
    coord.join([slow], stop_grace_period_secs=.01, ignore_live_threads=True)
    free.set()
    slow.join()


def test_looper():
    coord = tf.train.Coordinator()
    calls = []

    def call(x):
        calls.append(x)
        if len(calls) == 3:
            coord.request_stop()

    tf.train.LooperThread.loop(coord, .001, call, args=("again",))
    coord.join()
    assert calls == ["again"] * 3
    with pytest.raises(ValueError, match="'coord' argument must be a Coordinator"):
        tf.train.LooperThread(None, 1)


def test_wait_for_stop():
    coord = tf.train.Coordinator()
    began = time.monotonic()
    assert not coord.wait_for_stop(.01) and time.monotonic() - began < 5
    coord.request_stop(ValueError("wanted"))
    with pytest.raises(ValueError, match="wanted"):
        coord.raise_requested_exception()


# ---- servers ----

@pytest.mark.fact("C3")
def test_local_server():
    server = tf.train.Server.create_local_server()
    v = tf.get_variable("shared_by_sessions", initializer=1.)
    add = v.assign_add(1.)
    with tf.Session(server.target) as one:
        one.run(v.initializer)
        one.run(add)
    with tf.Session(server.target) as other:
        assert other.run(v) == 2.


def test_servers_as_messages():
    server = tf.train.Server.create_local_server()
    definition = server.server_def
    assert (definition.job_name, definition.task_index) == ("local", 0)
    assert tf.train.ClusterSpec(definition.cluster).as_dict() == {"local": ["localhost:0"]}
    again = tf.train.Server(definition, start=False)
    assert again.server_def == definition
    spec = tf.train.ClusterSpec({"ps": ["a:1"], "worker": {1: "c:3"}})
    assert tf.train.ClusterSpec(spec.as_cluster_def()) == spec


def test_clusters():
    spec = tf.train.ClusterSpec({"ps": ["a:1", "b:2"], "worker": {1: "c:3"}})
    assert spec and not tf.train.ClusterSpec({}) and spec == tf.train.ClusterSpec(spec)
    assert spec.as_dict() == {"ps": ["a:1", "b:2"], "worker": {1: "c:3"}}
    assert sorted(spec.jobs) == ["ps", "worker"] and spec.num_tasks("ps") == 2
    assert spec.task_indices("worker") == [1] and spec.task_address("ps", 1) == "b:2"
    assert spec.job_tasks("worker") == [None, "c:3"]
    with pytest.raises(ValueError, match="No such job in cluster: 'x'"):
        spec.num_tasks("x")
    with pytest.raises(ValueError, match="No task with index 7 in job 'ps'"):
        spec.task_address("ps", 7)
    with pytest.raises(TypeError, match="`cluster` must be a dictionary"):
        tf.train.ClusterSpec(["a:1"])
    with pytest.raises(ValueError, match="Must specify an explicit `job_name`."):
        tf.train.Server(spec)
    with pytest.raises(ValueError, match="Must specify an explicit `task_index`."):
        tf.train.Server(spec, job_name="ps")
    with pytest.raises(tf.errors.UnimplementedError, match="several tasks"):
        tf.train.Server(spec, job_name="ps", task_index=0)


def test_replica_device_setter():
    assert tf.train.replica_device_setter() is None
    with tf.device(tf.train.replica_device_setter(ps_tasks=2)):
        vs = [tf.Variable(1., name="v%d" % i) for i in range(3)]
        with tf.device("/cpu:0"):
            c = tf.constant(1.)
    assert [v.device for v in vs] == ["/job:ps/task:0", "/job:ps/task:1", "/job:ps/task:0"]
    assert c.device == "/job:worker/device:CPU:0"
    cluster = tf.train.ClusterSpec({"ps": ["a:1"], "worker": ["b:2"]})
    with tf.device(tf.train.replica_device_setter(cluster=cluster, merge_devices=False)):
        assert tf.Variable(1.).device == "/job:ps/task:0"
