"""Variables by reference and by handle: reading, writing, operators."""
import numpy as np
import pytest
import weft as tf
from weft.python.framework import gen
from weft.python.ops import resource_variable_ops

fact = pytest.mark.fact
kinds = pytest.mark.parametrize("use_resource", [False, True], ids=["ref", "resource"])


def ready():
    """A session in which all variables are initialized."""
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    return sess


# ---- variables within a run ----

def test_a_temporary_variable_lives_within_a_run():
    var = gen.TemporaryVariable(shape=[2], dtype=tf.float32, var_name="sum", name="tmp")
    x = tf.placeholder(tf.float32, [2])
    first = gen.Assign(var, x)
    second = gen.AssignAdd(first, x)
    value = gen.DestroyTemporaryVariable(second, var_name="sum")
    with tf.Session() as sess:
        for i in range(3):
            assert sess.run(value, {x: [i, 1.]}).tolist() == [2 * i, 2]
    with pytest.raises(ValueError, match="name is 'sum', not 'other'"):
        gen.DestroyTemporaryVariable(var, var_name="other")


# ---- variables by reference ----

@fact("C45")
def test_the_read_is_made_once():
    v = tf.Variable(1., name="v")
    assert tf.convert_to_tensor(v) is v.value() is tf.convert_to_tensor(v)
    assert v.value().name == "v/read:0" and v.value().op.type == "Identity"
    assert v.dtype.name == "float32_ref" and v.value().dtype == tf.float32
    assert repr(v) == "<tf.Variable 'v:0' shape=() dtype=float32_ref>"


@fact("C46")
def test_assign_returns_the_reference_afterwards():
    v = tf.Variable(1., name="v")
    for update, value in ((v.assign(5.), 5.), (v.assign_add(5.), 6.), (v.assign_sub(5.), -4.)):
        assert update.dtype == v.dtype
        sess = ready()
        assert sess.run(update + 0.) == value
    done = v.assign(5., read_value=False)
    assert isinstance(done, tf.Operation)
    with tf.control_dependencies([done]):
        fresh = v.read_value()
    assert fresh.op.control_inputs == [done] and not v.value().op.control_inputs
    assert ready().run(fresh) == 5.


@fact("C47")
def test_shapes_of_assigned_values():
    v = tf.Variable([1., 2.], name="v")
    with pytest.raises(ValueError):
        tf.assign(v, [1., 2., 3.])
    value = tf.placeholder(tf.float32)
    strict, free = tf.assign(v, value), tf.assign(v, value, validate_shape=False)
    sess = ready()
    with pytest.raises(tf.errors.InvalidArgumentError,
                       match=r"Assign requires shapes of both tensors to match. lhs shape= \[2\] "
                             r"rhs shape= \[3\]"):
        sess.run(strict, {value: [1., 2., 3.]})
    assert sess.run(free, {value: [1., 2., 3.]}).shape == (3,)


@fact("C48")
def test_size_of_what_is_added():
    v = tf.Variable([1., 2.], name="v")
    value = tf.placeholder(tf.float32)
    add = tf.assign_add(v, value)
    with pytest.raises(tf.errors.InvalidArgumentError,
                       match="Parameters and update must be the same size"):
        ready().run(add, {value: [1., 2., 3.]})


@fact("C49")
def test_which_updates_lock():
    v = tf.Variable([1., 2.])

    def locks(update):
        return update.op.get_attr("use_locking")

    delta, rows = [1., 1.], ([0], [1.])
    assert locks(tf.assign(v, delta)) and locks(tf.scatter_update(v, *rows))
    assert locks(tf.scatter_nd_update(v, [[0]], [1.])) and locks(v.scatter_nd_add([[0]], [1.]))
    for update in (v.assign(delta), v.assign_add(delta), tf.assign_add(v, delta),
                   tf.assign_sub(v, delta), tf.scatter_add(v, *rows), tf.scatter_sub(v, *rows)):
        assert not locks(update)


@fact("C51")
@kinds
def test_scatter(use_resource):
    v = tf.Variable([1., 2., 3., 4., 5.], use_resource=use_resource)
    where = tf.placeholder(tf.int32)

    def after(function, indices, updates):
        sess = ready()
        return list(sess.run(function(v, where, updates), {where: indices}))

    assert after(tf.scatter_add, [0, 0], [1., 2.]) == [4., 2., 3., 4., 5.]
    assert after(tf.scatter_sub, [4, 4], [1., 2.]) == [1., 2., 3., 4., 2.]
    assert after(tf.scatter_update, [1, 3], [9., 8.]) == [1., 9., 3., 8., 5.]
    assert after(tf.scatter_mul, [1, 1], [2., 2.]) == [1., 8., 3., 4., 5.]
    assert after(tf.scatter_div, [3], [2.]) == [1., 2., 3., 2., 5.]
    assert after(tf.scatter_min, [3], [2.]) == [1., 2., 3., 2., 5.]
    assert after(tf.scatter_max, [0], [2.]) == [2., 2., 3., 4., 5.]
    assert after(tf.scatter_nd_add, [[0], [0]], [1., 2.]) == [4., 2., 3., 4., 5.]
    assert after(tf.scatter_nd_sub, [[0], [0]], [1., 2.]) == [-2., 2., 3., 4., 5.]
    assert after(tf.scatter_nd_update, [[2]], [7.]) == [1., 2., 7., 4., 5.]
    with pytest.raises(tf.errors.InvalidArgumentError,
                       match=r"indices\[0\] = 9 is not in \[0, 5\)"):
        after(tf.scatter_add, [9], [1.])


@fact("C51")
@kinds
def test_scatter_methods(use_resource):
    v = tf.Variable([1., 2., 3.], use_resource=use_resource)
    rows = tf.IndexedSlices(tf.constant([2., 4.]), tf.constant([0, 2]))
    expected = {"add": [3., 2., 7.], "sub": [-1., 2., -1.], "mul": [2., 2., 12.],
                "div": [.5, 2., .75], "min": [1., 2., 3.], "max": [2., 2., 4.],
                "update": [2., 2., 4.]}
    for word, values in expected.items():
        update = getattr(v, "scatter_" + word)(rows)
        assert list(ready().run(update)) == values
        with pytest.raises(ValueError, match="sparse_delta is not IndexedSlices"):
            getattr(v, "scatter_" + word)([1., 2., 3.])


@kinds
def test_batch_scatter_update(use_resource):
    v = tf.Variable([[1., 2., 3.], [4., 5., 6.]], use_resource=use_resource)
    update = tf.batch_scatter_update(v, [[0], [2]], [[7.], [8.]])
    assert ready().run(update).tolist() == [[7., 2., 3.], [4., 5., 8.]]


@fact("C52")
@kinds
def test_count_up_to(use_resource):
    v = tf.Variable(0, use_resource=use_resource)
    for count in (v.count_up_to(3), tf.count_up_to(v, 3)):
        sess = ready()
        assert [sess.run(count) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(tf.errors.OutOfRangeError, match="Reached limit of 3"):
            sess.run(count)
        assert sess.run(v) == 3


@fact("C53")
@kinds
def test_variables_where_tensors_are_asked_for(use_resource):
    v = tf.Variable([3., 4.], name="v", use_resource=use_resource)
    with pytest.raises(TypeError, match="'Variable' object is not iterable."):
        iter(v)
    sess = ready()
    for tensor, value in ((v + 1., [4., 5.]), (1. - v, [-2., -3.]), (v * v, [9., 16.]),
                          (v / 2., [1.5, 2.]), (-v, [-3., -4.]), (v ** 2., [9., 16.]),
                          (2. ** v, [8., 16.]), (abs(-v), [3., 4.]), (v // 2., [1., 2.]),
                          (v % 2., [1., 0.]), (v > 3., [False, True]), (v[1:], [4.]),
                          (np.float32(2) * v, [6., 8.]), (np.array([1., 2.], "f") + v, [4., 6.])):
        assert isinstance(tensor, tf.Tensor) and sess.run(tensor).tolist() == value
    with pytest.raises(ValueError, match="Incompatible type conversion requested to type"):
        tf.convert_to_tensor(v, dtype=tf.int32)


@fact("C54")
def test_in_place_operators_rebind():
    v = w = tf.Variable(1.)
    w += 1.
    assert isinstance(w, tf.Tensor) and w is not v
    sess = ready()
    assert sess.run(w) == 2. and sess.run(v) == 1.
    r = tf.Variable(1., use_resource=True)
    with pytest.raises(RuntimeError, match="Variable \\+= value not supported"):
        r += 1.


# ---- variables by handle ----

@fact("C55")
def test_each_conversion_reads():
    v = tf.Variable(1., name="v", use_resource=True)
    a, b = tf.convert_to_tensor(v), tf.convert_to_tensor(v)
    assert a is not b and a.op.type == b.op.type == "ReadVariableOp"
    before = v.read_value()
    with tf.control_dependencies([before]):
        write = v.assign(2.)
    with tf.control_dependencies([write]):
        after = v.read_value()
    assert ready().run([before, after]) == [1., 2.]


@fact("C56")
def test_updates_of_resource_variables():
    v = tf.Variable(1., name="v", use_resource=True)
    add = v.assign_add(2.)
    assert resource_variable_ops.is_resource_variable(add) and isinstance(add, tf.Variable)
    assert not v.initializer.outputs and not add.op.outputs
    assert ready().run(add * 10.) == 30.
    assert ready().run(add) == 3.
    sess = ready()
    sess.run(add.op)
    assert sess.run(v) == 3.
    assert v.assign(1., read_value=False).type == "AssignVariableOp"
    with pytest.raises(ValueError):
        v.assign([1., 2.])


@fact("C56")
def test_an_update_in_a_collection_stays_an_update():
    v = tf.Variable(1., use_resource=True)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, v.assign_add(2.))
    update, = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    assert update.op.type == "AssignAddVariableOp" and ready().run(update) == 3.


@fact("C57")
def test_which_kind():
    def kind(**kwargs):
        return type(tf.Variable(1., **kwargs)).__name__

    assert kind() == "RefVariable" and kind(use_resource=True) == "ResourceVariable"
    with tf.variable_scope("s", use_resource=True):
        assert kind() == "ResourceVariable" and kind(use_resource=False) == "RefVariable"
        assert isinstance(tf.get_variable("w", []), resource_variable_ops.ResourceVariable)
    tf.enable_resource_variables()
    try:
        assert kind() == "ResourceVariable"
        assert isinstance(tf.get_variable("w", []), resource_variable_ops.ResourceVariable)
        assert kind(use_resource=False) == "RefVariable"
    finally:
        tf.disable_resource_variables()
    assert kind() == "RefVariable"


@fact("C58")
@kinds
def test_gradient_of_a_gather(use_resource):
    v = tf.Variable([[1., 2.], [3., 4.], [5., 6.]], use_resource=use_resource)
    grad, = tf.gradients(tf.reduce_sum(tf.gather(v, [2, 0])), [v])
    assert isinstance(grad, tf.IndexedSlices)
    indices, values = ready().run([grad.indices, grad.values])
    assert indices.tolist() == [2, 0] and values.tolist() == [[1., 1.], [1., 1.]]
