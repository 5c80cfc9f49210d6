"""Sessions (B)."""
import gc
import threading
import time
import warnings
import weakref

import numpy as np
import pytest
import weft as tf

fact = pytest.mark.fact


@fact("B1")
def test_arguments_are_checked_in_order():
    with pytest.raises(TypeError, match="graph must be a tf.Graph, but got"):
        tf.Session(graph=1, target=2, config=3)
    with pytest.raises(TypeError, match="target must be a string, but got"):
        tf.Session(target=2, config=3)
    with pytest.raises(TypeError, match="config must be a tf.ConfigProto, but got"):
        tf.Session(config=3)


@fact("B2", "B95")
def test_targets_that_do_not_exist():
    with pytest.raises(tf.errors.NotFoundError, match="No session factory registered for the given "
                                                      "session options"):
        tf.Session("nowhere")
    with pytest.raises(tf.errors.NotFoundError):
        tf.Session.reset("nowhere")


@fact("B3", "B5", "B76")
def test_graphs_and_sessions():
    g = tf.get_default_graph()
    c = tf.constant(1.0)
    a, b = tf.Session(), tf.Session()
    tf.reset_default_graph()
    assert a.graph is b.graph is g is not tf.get_default_graph()
    a.close()
    assert b.run(c) == 1


@fact("B4")
def test_an_empty_graph_is_fine_to_open():
    s = tf.Session()
    assert s.run(tf.constant(2.0)) == 2


@fact("B7")
def test_graph_def_is_live():
    s = tf.Session()
    tf.constant(1.0, name="a")
    assert [n.name for n in s.graph_def.node] == ["a"]
    tf.constant(1.0, name="b")
    assert len(s.graph_def.node) == 2


@fact("B8")
def test_sess_str():
    assert tf.Session().sess_str == b""


@fact("B10", "B77")
def test_with_session():
    g = tf.Graph()
    with tf.Session(graph=g) as s:
        assert tf.get_default_session() is s and tf.get_default_graph() is g
        c = tf.constant(1.0)
    assert tf.get_default_session() is None
    with pytest.raises(RuntimeError, match="Attempted to use a closed Session."):
        s.run(c)
    with pytest.raises(KeyError):
        with tf.Session(graph=g) as s:
            raise KeyError
    with pytest.raises(RuntimeError):
        s.run(c)


@fact("B11", "B15")
def test_as_default():
    g = tf.get_default_graph()
    s = tf.Session(graph=tf.Graph())
    for _ in range(2):
        with s.as_default(), s.as_default():
            assert tf.get_default_session() is s and tf.get_default_graph() is g
    with s.graph.as_default():
        c = tf.constant(1.0)
    assert s.run(c) == 1
    with tf.Session().as_default():
        gc.collect()
        assert tf.constant(2.0).eval() == 2


@fact("B12", "B13")
def test_not_reentrant():
    c = tf.constant(1.0)
    with tf.Session() as s:
        with pytest.raises(RuntimeError, match="Session context managers are not re-entrant."):
            with s:
                pass
    with s:
        with pytest.raises(RuntimeError, match="Attempted to use a closed Session."):
            s.run(c)


@fact("B14")
def test_default_sessions_are_each_threads_own():
    got = []
    with tf.Session():
        t = threading.Thread(target=lambda: got.append(tf.get_default_session()))
        t.start(), t.join()
    assert got == [None]
    a, b = tf.Session().as_default(), tf.Session().as_default()
    a.__enter__(), b.__enter__()
    with pytest.raises(AssertionError, match="Nesting violated for default stack of"):
        a.__exit__(None, None, None)
    b.__exit__(None, None, None), a.__exit__(None, None, None)


@fact("B16")
def test_no_default_session():
    c = tf.constant(1.0)
    with pytest.raises(ValueError, match=r"Cannot evaluate tensor using `eval\(\)`: No default "
                                         "session is registered."):
        c.eval()
    with pytest.raises(ValueError, match=r"Cannot execute operation using `run\(\)`: No default "
                                         "session is registered."):
        c.op.run()


@fact("B17")
def test_sessions_of_other_graphs():
    c = tf.constant(1.0)
    with tf.Session(graph=tf.Graph()) as s:
        with pytest.raises(ValueError, match="Cannot use the default session to evaluate tensor: "
                                             "the tensor's graph is different from the session's "
                                             "graph."):
            c.eval()
        with pytest.raises(ValueError, match="to execute operation: the operation's graph is "
                                             "different"):
            c.op.run()
        with pytest.raises(ValueError, match="Cannot use the given session to evaluate tensor"):
            c.eval(session=s)


@fact("B18", "B19", "B22")
def test_interactive_session():
    g = tf.Graph()
    config = tf.ConfigProto()
    s = tf.InteractiveSession(graph=g, config=config)
    assert config.graph_options.place_pruned_graph
    assert tf.get_default_session() is s and tf.get_default_graph() is g
    assert tf.constant(3.0).eval() == 3
    s.close(), s.close()
    assert tf.get_default_session() is None and tf.get_default_graph() is not g


@fact("B20", "E61")
def test_interactive_sessions_place_what_they_run():
    with tf.device("/device:GPU:0"):
        tf.constant(1.0)
    c = tf.constant(2.0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Cannot assign a device"):
        tf.Session().run(c)
    s = tf.InteractiveSession()
    assert c.eval() == 2
    s.close()


@fact("B21")
def test_a_second_interactive_session_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tf.InteractiveSession().close(), tf.InteractiveSession().close()
    a = tf.InteractiveSession()
    with pytest.warns(UserWarning, match="An interactive session is already active."):
        b = tf.InteractiveSession()
    b.close(), a.close()


@fact("B23")
def test_an_interactive_session_is_no_context():
    s = tf.InteractiveSession()
    with pytest.raises((AttributeError, TypeError)):
        with s:
            pass
    s.close()


@fact("B24")
def test_the_stack_keeps_an_interactive_session():
    s = tf.InteractiveSession()
    held = weakref.ref(s)
    del s
    gc.collect()
    assert held() is tf.get_default_session()
    held().close()


@fact("B25")
def test_order_of_checks():
    x = tf.placeholder(tf.float32, [2])
    s = tf.Session()
    with pytest.raises(TypeError, match="Cannot interpret feed_dict key"):
        s.run("nothing", {"nope": 1})
    with pytest.raises(ValueError, match="Cannot feed value of shape"):
        s.run("nothing", {x: [1, 2, 3]})
    s.close()
    with pytest.raises(RuntimeError, match="Attempted to use a closed Session."):
        s.run(None, {"nope": 1})


@fact("B26", "B69")
def test_closed():
    c = tf.constant(1.0)
    s = tf.Session()
    s.close(), s.close()
    with pytest.raises(RuntimeError, match="Attempted to use a closed Session."):
        s.run(c)


@fact("B27")
def test_empty_graph():
    with pytest.raises(RuntimeError, match=r"The Session graph is empty.  Add operations to the "
                                           r"graph before calling run\(\)."):
        tf.Session().run([])


@fact("B28")
def test_asking_for_nothing():
    tf.constant(1.0)
    s = tf.Session()
    assert s.run([]) == [] and s.run(()) == () and s.run({}) == {}


@fact("B60")
def test_run_metadata():
    x = tf.placeholder(tf.float32)
    y = tf.square(x, name="sq")
    s, metadata = tf.Session(), tf.RunMetadata()
    s.run(y, {x: 2.0}, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE),
          run_metadata=metadata)
    assert "CPU:0" in metadata.step_stats.dev_stats[0].device
    assert [n.node_name for n in metadata.step_stats.dev_stats[0].node_stats] == ["sq"]
    s.run(y, {x: 2.0}, run_metadata=metadata)
    assert len(metadata.step_stats.dev_stats) == 0
    s.run(y, {x: 2.0}, options=tf.RunOptions(output_partition_graphs=True), run_metadata=metadata)
    assert len(metadata.partition_graphs) == 1


def slow():
    """A step of some hundred milliseconds."""
    x = tf.random_uniform([300, 300])
    for _ in range(400):
        x = tf.matmul(x, x) / 1000.0
    return x


@fact("B61", "E54", "H15")
def test_timeouts():
    y = slow()
    s = tf.Session()
    with pytest.raises(tf.errors.DeadlineExceededError, match="Timed out waiting for "
                                                              "notification"):
        s.run(y, options=tf.RunOptions(timeout_in_ms=5))
    assert s.run(tf.constant(1.0)) == 1
    with pytest.raises(tf.errors.DeadlineExceededError):
        tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=5)).run(y)


@fact("B63")
def test_errors_are_of_their_kinds():
    kinds = "Cancelled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists " \
            "PermissionDenied ResourceExhausted FailedPrecondition Aborted OutOfRange " \
            "Unimplemented Internal Unavailable DataLoss Unauthenticated"
    for code, kind in enumerate(kinds.split(), 1):
        assert issubclass(getattr(tf.errors, kind + "Error"), tf.errors.OpError)
        assert tf.errors.exception_type_from_error_code(code).__name__ == kind + "Error"


@fact("B64", "B65", "E32")
def test_errors_say_where():
    x = tf.placeholder(tf.float32)
    y = tf.check_numerics(x, "bad x", name="check")
    with pytest.raises(tf.errors.InvalidArgumentError, match="bad x : Tensor had NaN") as e:
        tf.Session().run(y, {x: float("nan")})
    assert e.value.op is y.op and e.value.error_code == 3
    assert "[[node check (defined at %s:" % __file__ in e.value.message
    text = str(e.value)
    assert "Caused by op 'check', defined at:" in text
    assert 'y = tf.check_numerics(x, "bad x", name="check")' in text
    assert "InvalidArgumentError (see above for traceback): bad x" in text


@fact("B67")
def test_after_a_failure():
    v = tf.Variable(0.0)
    s = tf.Session()
    s.run(v.initializer)
    with tf.control_dependencies([v.assign_add(1.0)]):
        bad = tf.check_numerics(tf.constant(float("inf")), "no")
    with pytest.raises(tf.errors.InvalidArgumentError):
        s.run(bad)
    assert s.run(v) == 1


@fact("B68", "B75")
def test_close_gives_back_and_forgets():
    import weft._core as core
    v = tf.Variable(tf.zeros([1000, 1000]))
    init = tf.global_variables_initializer()
    s = tf.Session()
    s.run(init)
    held = core.memory_in_use()
    s.close()
    assert held - core.memory_in_use() > 3e6
    with tf.Session() as s:
        with pytest.raises(tf.errors.FailedPreconditionError):
            s.run(v)
        s.run(init)


@fact("B69")
def test_collecting_closes():
    import weft._core as core
    v = tf.Variable(tf.zeros([1000, 1000]))
    before = core.memory_in_use()
    s = tf.Session()
    s.run(v.initializer)
    del s
    gc.collect()
    assert core.memory_in_use() - before < 1e6


@fact("B71")
def test_closing_cancels_what_runs():
    y, s, got = slow(), tf.Session(), []

    def run():
        try:
            while True:
                s.run(y)
        except (tf.errors.CancelledError, RuntimeError) as e:
            got.append(e)

    t = threading.Thread(target=run)
    t.start()
    time.sleep(0.1)
    s.close()
    t.join()
    assert len(got) == 1


@fact("B74")
def test_callables_after_close():
    c = tf.constant(1.0)
    s = tf.Session()
    f = s.make_callable(c)
    assert f() == 1
    s.close()
    with pytest.raises(tf.errors.CancelledError, match="Session has been closed."):
        f()
    with pytest.raises(tf.errors.CancelledError):
        s.list_devices()


@fact("B78")
def test_many_threads():
    c, s, got = tf.constant(4.0), tf.Session(), []
    threads = [threading.Thread(target=lambda: got.append(s.run(c))) for _ in range(100)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert got == [4.0] * 100


@fact("B79", "B81")
def test_the_graph_may_grow():
    v, s = tf.Variable(1.0), tf.Session()
    s.run(v.initializer)
    s.run(v.assign_add(1.0))
    a, b = tf.constant(1.0), tf.constant(2.0)
    assert s.run(v + a) == 3 and s.run([a, b]) == [1, 2] and s.run([b, a]) == [2, 1]


@fact("B85", "B86")
def test_make_callable():
    x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32, [2])
    s = tf.Session()
    f = s.make_callable({"sum": x + y, "op": tf.no_op()}, [x, y])
    got = f(1.0, [2, 3])
    assert got["sum"].tolist() == [3, 4] and got["op"] is None
    assert s.make_callable(tf.no_op())() is None
    with pytest.raises(TypeError, match="`feed_list` must be a list or tuple."):
        s.make_callable(x, x)
    with pytest.raises(ValueError, match="Cannot feed value of shape"):
        f(1.0, [1, 2, 3])
    with pytest.raises(ValueError):
        s.make_callable("nope:0")
    assert s.make_callable(x, [x])(3.0) == 3


@fact("B87")
def test_callables_take_options():
    x = tf.placeholder(tf.float32)
    y, s, metadata = tf.square(x), tf.Session(), tf.RunMetadata()
    f = s.make_callable(y, [x])
    full = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
    assert f(3.0, options=full, run_metadata=metadata) == 9
    assert len(metadata.step_stats.dev_stats) == 1
    assert s.make_callable(tf.constant(1.0), accept_options=True)(options=full) == 1


@fact("B88", "B91")
def test_partial_runs():
    a, b, c = (tf.placeholder(tf.float32) for _ in range(3))
    r1 = a + b
    r2 = r1 * c
    s = tf.Session()
    h = s.partial_run_setup([r1, r2], [a, b, c])
    other = s.partial_run_setup([r1], [a, b])
    assert s.partial_run(h, r1, {a: 1.0, b: 2.0}) == 3
    assert s.run(r1, {a: 5.0, b: 5.0}) == 10
    assert s.partial_run(other, [r1], {a: 2.0, b: 2.0}) == [4]
    assert s.partial_run(h, r2, {c: 10.0}) == 30
    s.partial_run_setup([r1], [a, b])
    s.close()


@fact("B88")
def test_nodes_run_once_in_a_partial_run():
    x = tf.placeholder(tf.float32)
    r = tf.random_uniform([3])
    y = r * x
    s = tf.Session()
    h = s.partial_run_setup([r, y], [x])
    first = s.partial_run(h, r)
    assert np.allclose(s.partial_run(h, y, {x: 2.0}), 2 * first)


@fact("B89", "B90")
def test_errors_of_partial_runs():
    a, b, c = (tf.placeholder(tf.float32) for _ in range(3))
    r1, r2 = a + b, a * c
    s = tf.Session()
    invalid = tf.errors.InvalidArgumentError

    def setup():
        return s.partial_run_setup([r1, r2], [a, b, c])

    with pytest.raises(invalid, match="Must run 'setup' before performing partial runs!"):
        s.partial_run("handle", r1)
    h = s.partial_run_setup([r1], [a, b])
    with pytest.raises(invalid, match="was not specified in partial_run_setup."):
        s.partial_run(h, r1, {c: 1.0})
    h = s.partial_run_setup([r1], [a, b])
    with pytest.raises(invalid, match="was not specified in partial_run_setup."):
        s.partial_run(h, r2, {a: 1.0})
    h = setup()
    s.partial_run(h, [], {a: 1.0})
    with pytest.raises(invalid, match="has already been fed."):
        s.partial_run(h, [], {a: 1.0})
    h = setup()
    s.partial_run(h, r1, {a: 1.0, b: 1.0})
    with pytest.raises(invalid, match="has already been fetched."):
        s.partial_run(h, r1)
    h = setup()
    with pytest.raises(invalid, match="can't be computed from the feeds that have been fed so far"):
        s.partial_run(h, r1, {a: 1.0})
    h = setup()
    with pytest.raises(RuntimeError, match=r"partial_run\(\) requires empty target_list."):
        s.partial_run(h, r1.op, {a: 1.0, b: 1.0})
    h = s.partial_run_setup([r1], [a])
    with pytest.raises(invalid, match="You must feed a value for placeholder"):
        s.partial_run(h, r1, {a: 1.0})


@fact("B92")
def test_devices():
    d = tf.Session().list_devices()
    assert d[0].name == "/job:localhost/replica:0/task:0/device:CPU:0"
    assert d[0].device_type == "CPU" and d[0].memory_limit_bytes > 0
    assert d[0].incarnation is not None
    two = tf.Session(config=tf.ConfigProto(device_count={"CPU": 2})).list_devices()
    assert [x.name[-5:] for x in two] == ["CPU:0", "CPU:1"]


@fact("B93")
def test_reset_of_direct_sessions():
    v = tf.Variable(1.0)
    s = tf.Session()
    s.run(v.initializer)
    tf.Session.reset("")
    with pytest.raises(tf.errors.CancelledError, match="Session has been closed."):
        s.run(v)


@fact("B94", "C3")
def test_reset_of_a_server():
    server = tf.train.Server.create_local_server()
    v = tf.Variable(1.0, name="shared_v")
    a, b = tf.Session(server.target), tf.Session(server.target)
    a.run(v.initializer)
    a.run(v.assign_add(1.0))
    assert b.run(v) == 2
    tf.Session.reset(server.target)
    with pytest.raises(tf.errors.AbortedError):
        a.run(v)
    with tf.Session(server.target) as c:
        with pytest.raises(tf.errors.FailedPreconditionError):
            c.run(v)


def test_ctrl_c_cancels_the_step_and_the_session_lives():
    import os
    import signal
    y, s = slow(), tf.Session()
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    start = time.time()
    with pytest.raises(KeyboardInterrupt):
        while time.time() - start < 20:
            s.run(y)
    assert s.run(tf.constant(1.0)) == 1


def test_a_run_inside_a_run():
    c = tf.constant(3.0)
    s = tf.Session()
    y = tf.py_func(lambda: np.float32(s.run(c) + 1), [], tf.float32)
    assert s.run(y) == 4
    with pytest.raises(TypeError, match="multiple values for argument 'fetches'"):
        s.run(c, fetches=c)
