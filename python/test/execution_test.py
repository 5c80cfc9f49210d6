"""What runs, what is optimised away, devices and configuration (E)."""
import os

import numpy as np
import pytest
import weft as tf

fact = pytest.mark.fact


def counted(name):
    """A variable that starts at 0, and an operation that adds 1 to it."""
    v = tf.Variable(0.0, name=name)
    return v, v.assign_add(1.0)


@fact("E1")
def test_only_ancestors_run():
    v, up = counted("v")
    w, up_w = counted("w")
    with tf.control_dependencies([up]):
        t = tf.constant(1.0) * 2.0
    with tf.Session() as s:
        s.run(tf.global_variables_initializer())
        s.run(t + 1.0)
        assert s.run([v, w]) == [1, 0]
        s.run(t + 1.0, {t: 3.0})
        assert s.run([v, w]) == [1, 0]


@fact("E2")
def test_each_op_runs_once_a_step():
    v, up = counted("v")
    r = tf.random_uniform([])
    with tf.Session() as s:
        s.run(v.initializer)
        s.run([up * 1.0, up * 2.0, up.op, up])
        assert s.run(v) == 1
        a, b = s.run([r * 1.0, r * 2.0])
        assert np.isclose(2 * a, b)


@fact("E3", "E4")
def test_edges_are_the_only_order():
    v = tf.Variable(1.0)
    double = v.assign(v * 2.0)
    with tf.control_dependencies([double]):
        after = v.read_value()
        add = v.assign_add(10.0)
    with tf.control_dependencies([add]):
        last = v.read_value()
    with tf.Session() as s:
        s.run(v.initializer)
        got = s.run([last, after])
        assert got[0] == 12 and got[1] in (2, 12)


@fact("E6")
def test_update_ops_run_only_when_asked():
    x = tf.ones([4, 3])
    y = tf.layers.batch_normalization(x * 5.0, training=True)
    mean = [v for v in tf.global_variables() if "moving_mean" in v.name][0]
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    assert updates
    with tf.Session() as s:
        s.run(tf.global_variables_initializer())
        s.run(y)
        assert not s.run(mean).any()
        s.run(updates)
        assert s.run(mean).all()


@fact("E7")
def test_the_graph_never_changes_by_running():
    y = (tf.constant(1.0) + tf.constant(2.0)) * (tf.constant(1.0) + tf.constant(2.0))
    before = str(tf.get_default_graph().as_graph_def())
    assert tf.Session().run(y) == 9
    assert str(tf.get_default_graph().as_graph_def()) == before


@fact("E8", "E10")
def test_stateful_ops_and_placeholders_are_never_merged():
    a, b = tf.random_uniform([4]), tf.random_uniform([4])
    p, q = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    got = tf.Session().run([a, b, p - q], {p: 3.0, q: 1.0})
    assert (got[0] != got[1]).all() and got[2] == 2


@fact("E11")
def test_what_is_asked_for_is_never_dropped():
    bad = tf.check_numerics(tf.constant(float("nan")), "nan")
    assert tf.Session().run(tf.constant(1.0)) == 1
    for asked in (bad, bad.op, bad * 0.0):
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.Session().run(asked)


@fact("E12", "E52", "E58")
def test_configuration_is_taken():
    config = tf.ConfigProto(
        intra_op_parallelism_threads=1, inter_op_parallelism_threads=1, log_device_placement=False,
        gpu_options=tf.GPUOptions(per_process_gpu_memory_fraction=0.3, allow_growth=True,
                                  visible_device_list="0"),
        graph_options=tf.GraphOptions(optimizer_options=tf.OptimizerOptions(
            opt_level=tf.OptimizerOptions.L0)))
    config.use_per_session_threads = True
    assert tf.Session(config=config).run(tf.constant(1.0) + 1.0) == 2


@fact("E40")
def test_reshape_to_a_wrong_count():
    x = tf.placeholder(tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError,
                       match="Input to reshape is a tensor with 4 values, but the requested shape "
                             "has 21"):
        tf.Session().run(tf.reshape(x, [3, 7]), {x: np.zeros(4)})


@fact("E42")
def test_out_of_memory():
    n = tf.placeholder(tf.int32)
    with pytest.raises(tf.errors.ResourceExhaustedError, match="OOM when allocating tensor with "
                                                               "shape"):
        tf.Session().run(tf.fill([n, n, n], 1.0), {n: 2000000})


@fact("E53", "B62")
def test_thread_pools():
    def config(size):
        c = tf.ConfigProto()
        c.session_inter_op_thread_pool.add(num_threads=size, global_name="facts")
        return c

    s = tf.Session(config=config(2))
    c = tf.constant(1.0)
    assert s.run(c, options=tf.RunOptions(inter_op_thread_pool=0)) == 1
    assert s.run(c, options=tf.RunOptions(inter_op_thread_pool=-1)) == 1
    for wrong in (-2, 1):
        with pytest.raises(tf.errors.InvalidArgumentError, match="Invalid inter_op_thread_pool: "):
            s.run(c, options=tf.RunOptions(inter_op_thread_pool=wrong))
    with pytest.raises(tf.errors.InvalidArgumentError,
                       match="configured previously with num_threads="):
        tf.Session(config=config(3))


@fact("E55")
def test_the_whole_graph_must_be_placeable():
    with tf.device("/device:GPU:0"):
        tf.constant(1.0, name="x")
    with pytest.raises(tf.errors.InvalidArgumentError, match="Cannot assign a device for operation "
                                                             "x: .*available devices are"):
        tf.Session().run(tf.constant(2.0))


@fact("E56")
def test_soft_placement():
    with tf.device("/device:GPU:0"):
        c = tf.constant(3.0)
    assert tf.Session(config=tf.ConfigProto(allow_soft_placement=True)).run(c) == 3


@fact("E57")
def test_placement_is_told(capfd):
    s = tf.Session(config=tf.ConfigProto(log_device_placement=True))
    s.run(tf.constant(1.0, name="told"))
    said = capfd.readouterr().err
    assert "Device mapping:" in said and "told: (Const): " in said


@fact("E60")
def test_isolation_matters_on_servers():
    server = tf.train.Server.create_local_server()
    v = tf.Variable(1.0, name="isolated_v")
    a = tf.Session(server.target)
    b = tf.Session(server.target, config=tf.ConfigProto(isolate_session_state=True))
    a.run(v.initializer)
    with pytest.raises(tf.errors.FailedPreconditionError):
        b.run(v)
    a.close(), b.close()
    tf.Session.reset(server.target)


@fact("A50")
def test_a_constant_of_two_gigabytes():
    with pytest.raises(ValueError, match="Cannot create a tensor proto whose content is larger "
                                         "than 2GB."):
        tf.constant(np.broadcast_to(np.uint8(0), [2 ** 31]))


@fact("B66")
def test_the_first_failure_is_the_steps():
    a = tf.check_numerics(tf.constant(float("nan")), "first")
    with tf.control_dependencies([a]):
        b = tf.check_numerics(tf.constant(float("inf")), "second")
    with pytest.raises(tf.errors.InvalidArgumentError, match="first"):
        tf.Session().run([b, a])


@fact("B84")
def test_a_forked_child_runs_on():
    x = tf.random_uniform([200, 200])
    y, s = tf.reduce_sum(tf.matmul(x, x)), tf.Session()
    s.run(y)
    child = os.fork()
    if not child:
        os._exit(0 if s.run(y) > 0 and tf.Session().run(y) > 0 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert s.run(y) > 0
