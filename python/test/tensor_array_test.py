"""tf.TensorArray: what it writes, reads and stacks, what it refuses, and its gradients."""
import numpy as np
import pytest
import weft as tf
from weft.python.ops import tensor_array_ops


@pytest.fixture
def session():
    with tf.Session() as s:
        yield s


def _full(**more):
    return tf.TensorArray(tf.float32, size=3, **more).unstack([[1., 2], [3, 4], [5, 6]])


def test_elements(session):
    ta = tf.TensorArray(tf.float32, size=2, clear_after_read=False, tensor_array_name="foo")
    assert (ta.dtype, ta.dynamic_size, ta.element_shape.dims) == (tf.float32, False, None)
    ta = ta.write(0, [1., 2]).write(1, [3., 4])
    assert ta.read(0).shape.as_list() == [2]
    assert session.run([ta.read(0), ta.read(1), ta.size()])[1].tolist() == [3, 4]
    assert session.run(ta.stack()).tolist() == [[1, 2], [3, 4]]
    assert session.run(ta.concat()).tolist() == [1, 2, 3, 4]
    assert session.run(ta.gather([1])).tolist() == [[3, 4]]
    assert ta.stack().shape.as_list() == [None, 2] and ta.concat().shape.as_list() == [None]


def test_it_grows(session):
    ta = tf.TensorArray(tf.int32, size=0, dynamic_size=True).write(4, 7)
    assert ta.dynamic_size
    assert session.run([ta.size(), ta.read(4)]) == [5, 7]


def test_parts(session):
    ta = tf.TensorArray(tf.float32, size=2, infer_shape=False).split([1., 2, 3], [1, 2])
    assert session.run(ta.read(1)).tolist() == [2, 3]
    assert session.run(ta.concat()).tolist() == [1, 2, 3]
    ta = tf.TensorArray(tf.float32, size=3).scatter([2, 0], [[1., 2], [3, 4]])
    assert session.run(ta.gather([0, 2])).tolist() == [[3, 4], [1, 2]]
    even = tf.TensorArray(tf.float32, size=2).split([1., 2, 3, 4], [2, 2])
    assert even.element_shape.as_list() == [2]


def test_what_it_refuses(session):
    ta = _full()
    for index, message in ((3, "Tried to write to index 3 but array is not resizeable and size"),
                           (0, "it has already been written to")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            session.run(ta.write(index, [1., 2]).flow)
    with pytest.raises(ValueError, match=r"Inconsistent shapes: saw \(3,\) but expected \(2,\)"):
        ta.write(0, [1., 2, 3])
    with pytest.raises(tf.errors.InvalidArgumentError, match="Tried to read from index 9"):
        session.run(ta.read(9))
    once = ta.read(0)
    with tf.control_dependencies([once]):
        again = ta.identity().read(0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Could not read index 0 twice"):
        session.run(again)


def test_arguments(session):
    ta = _full()
    make = tf.TensorArray
    with pytest.raises(ValueError, match="Size must be provided if handle is not provided"):
        make(tf.float32)
    with pytest.raises(TypeError, match="Handle must be a Tensor"):
        make(tf.float32, handle=3, flow=ta.flow)
    with pytest.raises(ValueError, match="flow must not be None if handle is not None."):
        make(tf.float32, handle=ta.handle)
    for more in (dict(size=3), dict(element_shape=[]), dict(dynamic_size=True),
                 dict(clear_after_read=True), dict(tensor_array_name="x")):
        with pytest.raises(ValueError, match="Cannot"):
            make(tf.float32, handle=ta.handle, flow=ta.flow, **more)
    same = make(tf.float32, handle=ta.handle, flow=ta.flow)
    assert session.run(same.read(1)).tolist() == [3, 4]


def test_names():
    with tf.Graph().as_default() as graph:
        ta = tf.TensorArray(tf.float32, size=2, name="ta").unstack([1., 2])
        ta = ta.write(0, 3.)
        ta.stack()
        ta.close()
        ta.grad("gradients")
        names = [op.name for op in graph.get_operations()]
    assert names == [
        "ta/size", "ta", "TensorArrayUnstack/Shape/Const", "TensorArrayUnstack/Shape",
        "TensorArrayUnstack/strided_slice/stack",
        "TensorArrayUnstack/strided_slice/stack_1", "TensorArrayUnstack/strided_slice/stack_2",
        "TensorArrayUnstack/strided_slice", "TensorArrayUnstack/range/start",
        "TensorArrayUnstack/range/delta", "TensorArrayUnstack/range",
        "TensorArrayUnstack/TensorArrayScatter/value",
        "TensorArrayUnstack/TensorArrayScatter/TensorArrayScatterV3",
        "TensorArrayWrite/value", "TensorArrayWrite/TensorArrayWriteV3/index",
        "TensorArrayWrite/TensorArrayWriteV3", "TensorArrayStack/TensorArraySizeV3",
        "TensorArrayStack/range/start", "TensorArrayStack/range/delta", "TensorArrayStack/range",
        "TensorArrayStack/TensorArrayGatherV3", "TensorArrayCloseV3",
        "TensorArrayGrad/TensorArrayGradV3", "TensorArrayGrad/gradient_flow"]


def test_where_it_is():
    with tf.Graph().as_default() as graph, tf.device("/cpu:0"):
        value = tf.constant(1., name="value")
        ta = tf.TensorArray(tf.float32, size=2)
        assert not ta.handle.op.device
        ta.write(0, value)
        write = graph.get_operation_by_name("TensorArrayWrite/TensorArrayWriteV3")
        assert write.colocation_groups() == [b"loc:@value"]


def test_gradients(session):
    x = tf.constant([1., 2, 3])
    ta = tf.TensorArray(tf.float32, size=3, clear_after_read=False).unstack(x)
    y = ta.gather([2, 0]) * [10., 100]
    assert session.run(tf.gradients(y, x)[0]).tolist() == [100, 0, 10]
    y = ta.read(1) * ta.read(1)
    assert session.run(tf.gradients(y, x)[0]).tolist() == [0, 4, 0]
    parts = tf.TensorArray(tf.float32, size=2, infer_shape=False).split(x * x, [1, 2])
    assert session.run(tf.gradients(parts.concat() * [1., 2, 3], x)[0]).tolist() == [2, 8, 18]


def test_the_array_of_gradients(session):
    ta = _full()
    grad = ta.grad("gradients").write(0, [1., 2])
    grad = grad.write(0, [10., 20])
    assert session.run(grad.read(0)).tolist() == [11, 22]
    assert session.run(grad.read(1)).tolist() == [0, 0]
    assert isinstance(tensor_array_ops.build_ta_with_new_flow(ta, grad.flow), tf.TensorArray)
    np.testing.assert_array_equal(session.run(ta.grad("other").stack()), np.zeros((3, 2)))
