"""Optimizers: what minimize() builds, and the steps taken. Each fact of SEMANTICS.md F.2, F.3."""
import numpy as np
import pytest
import weft as tf
from weft.python.training import optimizer


def names(prefix=""):
    return [op.name for op in tf.get_default_graph().get_operations()
            if op.name.startswith(prefix)]


def two_variables(use_resource=False):
    w = tf.get_variable("w", initializer=[1., 2.], use_resource=use_resource)
    b = tf.get_variable("b", initializer=3., use_resource=use_resource)
    return w, b, tf.reduce_sum(w * w) + b * b


def initialized():
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    return sess


# ---- what is built ----

def variable_nodes(name, initial):
    return [name + "/" + n for n in initial] + [name, name + "/Assign", name + "/read"]


ZEROS = ["Initializer/zeros"]
CONST = ["Initializer/Const"]
ONES = ["Initializer/ones"]

# The slots of w and of b in the order they are made, then the numbers, for each optimizer.
BUILT = {
    "GradientDescent": (lambda: tf.train.GradientDescentOptimizer(.1), [], ["learning_rate"]),
    "Momentum": (lambda: tf.train.MomentumOptimizer(.1, .9), [("Momentum", ZEROS)],
                 ["learning_rate", "momentum"]),
    "Adagrad": (lambda: tf.train.AdagradOptimizer(.1), [("Adagrad", CONST)], ["learning_rate"]),
    "Adadelta": (lambda: tf.train.AdadeltaOptimizer(.1),
                 [("Adadelta", ZEROS), ("Adadelta_1", ZEROS)], ["lr", "rho", "epsilon"]),
    "RMSProp": (lambda: tf.train.RMSPropOptimizer(.1), [("RMSProp", ONES), ("RMSProp_1", ZEROS)],
                ["learning_rate", "decay", "momentum", "epsilon"]),
    "Ftrl": (lambda: tf.train.FtrlOptimizer(.1),
             [("Ftrl", ["Initializer/ones", "Initializer/mul/y", "Initializer/mul"]),
              ("Ftrl_1", ZEROS)],
             ["learning_rate", "l1_regularization_strength", "l2_regularization_strength",
              "l2_shrinkage_regularization_strength", "learning_rate_power"]),
    "ProximalGradientDescent": (lambda: tf.train.ProximalGradientDescentOptimizer(.1), [],
                                ["learning_rate", "l1_regularization_strength",
                                 "l2_regularization_strength"]),
}


@pytest.mark.fact("F22", "F23")
@pytest.mark.parametrize("name", sorted(BUILT))
def test_nodes(name):
    make, slots, numbers = BUILT[name]
    w, b, loss = two_variables()
    before = len(names())
    train = make().minimize(loss)
    built = [n for n in names()[before:] if not n.startswith("gradients")]
    expected = [n for v in ("w", "b") for slot, initial in slots
                for n in variable_nodes(v + "/" + slot, initial)]
    expected += [name + "/" + n for n in numbers]
    expected += ["%s/update_%s/Apply%s" % (name, v, name) for v in ("w", "b")] + [name]
    assert built == expected
    assert train.name == name and train.type == "NoOp"
    assert tf.get_collection(tf.GraphKeys.TRAIN_OP) == [train]


@pytest.mark.fact("F22", "F23")
def test_nodes_of_adam():
    w, b, loss = two_variables()
    before = len(names())
    train = tf.train.AdamOptimizer().minimize(loss)
    expected = [n for power in ("beta1_power", "beta2_power")
                for n in variable_nodes(power, ["initial_value"])]
    expected += [n for v in ("w", "b") for slot in ("Adam", "Adam_1")
                 for n in variable_nodes(v + "/" + slot, ZEROS)]
    expected += ["Adam/" + n for n in (
        "learning_rate", "beta1", "beta2", "epsilon", "update_w/ApplyAdam", "update_b/ApplyAdam",
        "mul", "Assign", "mul_1", "Assign_1")] + ["Adam"]
    assert [n for n in names()[before:] if not n.startswith("gradients")] == expected
    graph = tf.get_default_graph()
    applied = graph.get_operation_by_name("Adam/update_w/ApplyAdam")
    assert [x.op.name for x in applied.inputs][:9] == [
        "w", "w/Adam", "w/Adam_1", "beta1_power/read", "beta2_power/read", "Adam/learning_rate",
        "Adam/beta1", "Adam/beta2", "Adam/epsilon"]
    assert applied.colocation_groups() == [b"loc:@w"]
    assert graph.get_operation_by_name("beta1_power").colocation_groups() == [b"loc:@b"]
    after = {op.name for op in graph.get_operation_by_name("Adam/mul").control_inputs}
    assert after == {"Adam/update_w/ApplyAdam", "Adam/update_b/ApplyAdam"}
    assert {op.name for op in train.control_inputs} == after | {"Adam/Assign", "Adam/Assign_1"}


@pytest.mark.fact("F22", "F23")
def test_nodes_of_other_proximal_ones():
    w, b, loss = two_variables()
    tf.train.ProximalAdagradOptimizer(.1).minimize(loss, name="P")
    step = tf.train.create_global_step()
    tf.train.AdagradDAOptimizer(.1, step).minimize(loss, name="D")
    assert "w/ProximalAdagrad" in names() and "P/update_b/ApplyProximalAdagrad" in names()
    assert "w/AdagradDA_1" in names() and "D/update_b/ApplyAdagradDA" in names()


@pytest.mark.fact("F22")
def test_nodes_with_global_step():
    w, b, loss = two_variables()
    step = tf.train.create_global_step()
    train = tf.train.GradientDescentOptimizer(.1).minimize(loss, global_step=step)
    assert names("GradientDescent") == [
        "GradientDescent/learning_rate", "GradientDescent/update_w/ApplyGradientDescent",
        "GradientDescent/update_b/ApplyGradientDescent", "GradientDescent/update",
        "GradientDescent/value", "GradientDescent"]
    assert train.type == "AssignAdd" and train.inputs[0] is step._ref()
    value = tf.get_default_graph().get_operation_by_name("GradientDescent/value")
    assert [op.name for op in value.control_inputs] == ["GradientDescent/update"]
    again = tf.train.GradientDescentOptimizer(.1).minimize(loss, name="Again")
    assert tf.get_collection("train_op") == [train, again] and again.name == "Again"
    assert tf.train.GradientDescentOptimizer(.1).minimize(loss).name == "GradientDescent_1"
    with initialized() as sess:
        assert sess.run([train, again]) == [None, None]
        assert sess.run(step) == 1


@pytest.mark.fact("F22")
def test_nodes_of_resource_variables():
    w, b, loss = two_variables(use_resource=True)
    step = tf.get_variable("step", initializer=0, trainable=False, use_resource=True)
    train = tf.train.AdamOptimizer().minimize(loss, global_step=step)
    assert "Adam/update_w/ResourceApplyAdam" in names() and train.type == "AssignAddVariableOp"
    assert {v.op.type for v in tf.global_variables()} == {"VarHandleOp"}
    with initialized() as sess:
        sess.run(train)
        assert sess.run(step) == 1


@pytest.mark.fact("F18", "F29")
def test_minimize_is_an_operation():
    w, b, loss = two_variables(use_resource=True)
    train = tf.train.GradientDescentOptimizer(.1).minimize(loss)
    assert isinstance(train, tf.Operation)
    with initialized() as sess:
        assert sess.run([train, loss]) == [None, 14.]
        assert sess.run(loss) == pytest.approx(14. * .64)


@pytest.mark.fact("F19")
def test_default_variables():
    frozen = tf.Variable(1., trainable=False)
    opt = tf.train.GradientDescentOptimizer(.1)
    with pytest.raises(ValueError, match="No variables to optimize."):
        opt.minimize(frozen * 2.)
    v = tf.Variable(2.)
    assert [var for _, var in opt.compute_gradients(v * frozen)] == [v]
    later = tf.Variable(3.)
    assert [var for _, var in opt.compute_gradients(v * later)] == [v, later]
    assert [var for _, var in opt.compute_gradients(v * later, var_list=[[later]])] == [later]


@pytest.mark.fact("F20")
def test_nothing_to_do():
    v, apart = tf.Variable(1.), tf.Variable(2.)
    opt = tf.train.GradientDescentOptimizer(.1)
    with pytest.raises(ValueError, match="No gradients provided for any variable, check your graph "
                                         "for ops that do not support gradients"):
        opt.minimize(tf.constant(1.))
    with pytest.raises(ValueError, match="No gradients provided for any variable: "):
        opt.apply_gradients([(None, v)])
    with pytest.raises(ValueError, match="No variables provided."):
        opt.apply_gradients([])
    train = opt.minimize(v * 2.)
    with initialized() as sess:
        sess.run(train)
        assert sess.run([v, apart]) == pytest.approx([.8, 2.])


@pytest.mark.fact("F21")
def test_arguments():
    v = tf.Variable(1.)
    opt = tf.train.GradientDescentOptimizer(.1)
    with pytest.raises(ValueError, match="Invalid type .*int32.* for .*, expected:"):
        opt.minimize(tf.cast(v, tf.int32))
    with pytest.raises(ValueError, match="gate_gradients must be one of"):
        opt.compute_gradients(v * 2., gate_gradients=7)
    with pytest.raises(ValueError, match="Must specify the optimizer name"):
        tf.train.GradientDescentOptimizer(.1, name="")
    with pytest.raises(TypeError, match="Gradient must be convertible to a Tensor or "
                                        "IndexedSlices, or None"):
        opt.apply_gradients([(object(), v)])
    with pytest.raises(NotImplementedError, match="Trying to optimize unsupported type"):
        opt.apply_gradients([(1., "v")])
    with pytest.raises(NotImplementedError, match="Trying to update a Tensor"):
        opt.apply_gradients([(1., tf.constant(1.))])


@pytest.mark.fact("F14", "F21")
@pytest.mark.parametrize("gate", [0, 1, 2])
def test_gates(gate):
    w, b, loss = two_variables()
    train = tf.train.GradientDescentOptimizer(.5).minimize(w[0] * b, gate_gradients=gate)
    with initialized() as sess:
        sess.run(train)
        got = sess.run([w, b])
    assert got[0].tolist() == [-.5, 2.] and got[1] == 2.5


def test_loss_as_a_function():
    v, apart = tf.Variable(3.), tf.Variable(1.)
    train = tf.train.GradientDescentOptimizer(.5).minimize(lambda: v * v)
    with initialized() as sess:
        sess.run(train)
        assert sess.run([v, apart]) == [0., 1.]


def test_numbers_as_functions():
    v = tf.Variable(3.)
    train = tf.train.MomentumOptimizer(lambda: .5, lambda: tf.constant(.9)).minimize(v * 2.)
    with initialized() as sess:
        sess.run(train)
        assert sess.run(v) == 2.


@pytest.mark.fact("F23", "C23")
def test_slots_in_scopes():
    with tf.variable_scope("model"):
        v = tf.get_variable("v", initializer=1.)
    with tf.variable_scope("s"):
        tf.train.MomentumOptimizer(.1, .9).minimize(v * v)
    with tf.name_scope("n"):
        tf.train.AdamOptimizer(name="A").minimize(v * v)
    own = [u.op.name for u in tf.global_variables()]
    assert own == ["model/v", "s/model/v/Momentum", "n/beta1_power", "n/beta2_power",
                   "model/v/A", "model/v/A_1"]
    assert tf.trainable_variables() == [v]


@pytest.mark.fact("F24")
def test_early_initializer():
    v = tf.Variable(1.)
    init = tf.global_variables_initializer()
    train = tf.train.MomentumOptimizer(.1, .9).minimize(v * v)
    with tf.Session() as sess:
        sess.run(init)
        with pytest.raises(tf.errors.FailedPreconditionError, match="Variable/Momentum"):
            sess.run(train)


@pytest.mark.fact("F25")
def test_reuse():
    with tf.variable_scope("s") as scope:
        v = tf.get_variable("v", initializer=1.)
    with tf.variable_scope(scope, reuse=True):
        with pytest.raises(ValueError, match=r"Variable s/s/v/Adam/ does not exist, or was not "
                                             r"created with tf.get_variable\(\)"):
            tf.train.AdamOptimizer().minimize(v * v)


@pytest.mark.fact("F26")
def test_slots_by_name():
    opt = tf.train.RMSPropOptimizer(.1, centered=True)
    v = tf.get_variable("v", initializer=1.)
    assert opt.get_slot(v, "rms") is None and opt.get_slot_names() == []
    opt.minimize(v * v)
    assert opt.get_slot_names() == ["mg", "momentum", "rms"]
    assert [u.op.name for u in opt.variables()] == ["v/RMSProp", "v/RMSProp_1", "v/RMSProp_2"]
    assert opt.get_slot(v, "mg").op.name == "v/RMSProp_1" and opt.get_name() == "RMSProp"
    with tf.Graph().as_default():
        assert opt.variables() == []
        u = tf.get_variable("v", initializer=1.)
        opt.minimize(u * u)
        assert len(opt.variables()) == 3 and opt.get_slot(u, "mg") is not opt.get_slot(v, "mg")
    adam = tf.train.AdamOptimizer()
    adam.minimize(v * v)
    assert [u.op.name for u in adam.variables()] == ["beta1_power", "beta2_power", "v/Adam",
                                                     "v/Adam_1"]


@pytest.mark.fact("F26")
def test_optimizers_keep_no_graph():
    import gc
    import weakref
    opt = tf.train.AdamOptimizer()
    graph = tf.Graph()
    with graph.as_default():
        v = tf.get_variable("v", initializer=1.)
        opt.minimize(v * v)
    gone = weakref.ref(graph)
    gc.disable()
    del graph, v, opt
    gc.enable()
    assert gone() is None


@pytest.mark.fact("F27")
@pytest.mark.parametrize("use_resource", [False, True])
def test_constraints(use_resource):
    v = tf.get_variable("v", initializer=[1., 2.], use_resource=use_resource,
                        constraint=lambda x: tf.clip_by_value(x, 0., 1.5))
    train = tf.train.GradientDescentOptimizer(1.).minimize(v[0] * 3.)
    with initialized() as sess:
        sess.run(train)
        assert sess.run(v).tolist() == [0., 1.5]
    with pytest.raises(RuntimeError, match="Cannot use a constraint function on a sparse variable"):
        tf.train.GradientDescentOptimizer(1.).minimize(tf.reduce_sum(tf.gather(v, [0])))


SPARSE = {
    "sgd": lambda: tf.train.GradientDescentOptimizer(.5),
    "momentum": lambda: tf.train.MomentumOptimizer(.5, .9),
    "nesterov": lambda: tf.train.MomentumOptimizer(.5, .9, use_nesterov=True),
    "adagrad": lambda: tf.train.AdagradOptimizer(.5),
    "adadelta": lambda: tf.train.AdadeltaOptimizer(.5),
    "rmsprop": lambda: tf.train.RMSPropOptimizer(.5, momentum=.5),
    "centered": lambda: tf.train.RMSPropOptimizer(.5, centered=True),
    "ftrl": lambda: tf.train.FtrlOptimizer(.5),
    "shrinking": lambda: tf.train.FtrlOptimizer(.5, l2_shrinkage_regularization_strength=.1),
    "proximal adagrad": lambda: tf.train.ProximalAdagradOptimizer(.5),
    "proximal": lambda: tf.train.ProximalGradientDescentOptimizer(.5),
}


@pytest.mark.fact("F28", "F40")
@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("name", sorted(SPARSE))
def test_rows_once_and_alone(name, use_resource):
    """Equal indices are summed first; rows that are not named stay; named ones move as when the
    same gradient is dense."""
    initial = np.float32([[1., 2.], [3., 4.], [5., 6.]])
    rows = tf.get_variable("rows", initializer=initial, use_resource=use_resource)
    whole = tf.get_variable("whole", initializer=initial, use_resource=use_resource)
    grad = np.float32([[1., -1.], [.5, .5], [2., 1.]])
    slices = tf.IndexedSlices(tf.constant(grad), tf.constant([2, 0, 2]), tf.constant([3, 2]))
    dense = np.float32([[.5, .5], [0., 0.], [3., 0.]])
    train = SPARSE[name]().apply_gradients([(slices, rows), (tf.constant(dense), whole)])
    with initialized() as sess:
        for _ in range(2):
            sess.run(train)
        got, like = sess.run([rows, whole])
    np.testing.assert_array_equal(got[1], initial[1])
    np.testing.assert_allclose(got[[0, 2]], like[[0, 2]], rtol=1e-6)
    assert not np.any(got[[0]] == initial[[0]])


@pytest.mark.fact("F36")
@pytest.mark.parametrize("use_resource", [False, True])
def test_rows_of_adam(use_resource):
    """m and v decay everywhere, so that the whole variable goes on moving."""
    initial = np.float32([[1., 2.], [3., 4.], [5., 6.]])
    rows = tf.get_variable("rows", initializer=initial, use_resource=use_resource)
    whole = tf.get_variable("whole", initializer=initial, use_resource=use_resource)
    at = tf.placeholder(tf.int32, [1])
    one = tf.constant([[1., -2.]])
    slices = tf.IndexedSlices(one, at, tf.constant([3, 2]))
    dense = tf.scatter_nd(at[:, tf.newaxis], one, [3, 2])
    train = tf.train.AdamOptimizer(.1).apply_gradients([(slices, rows), (dense, whole)])
    with initialized() as sess:
        for i in (1, 2, 1):
            sess.run(train, {at: [i]})
        got, like = sess.run([rows, whole])
    np.testing.assert_allclose(got, like, rtol=1e-5)
    np.testing.assert_array_equal(got[0], initial[0])


@pytest.mark.fact("F39")
def test_checks_of_numbers():
    with pytest.raises(ValueError, match="initial_accumulator_value must be positive: 0"):
        tf.train.AdagradOptimizer(.1, initial_accumulator_value=0.)
    with pytest.raises(ValueError, match="initial_accumulator_value must be positive"):
        tf.train.ProximalAdagradOptimizer(.1, initial_accumulator_value=-1.)
    with pytest.raises(ValueError, match="initial_gradient_squared_accumulator_value must be "
                                         "positive"):
        tf.train.AdagradDAOptimizer(.1, None, initial_gradient_squared_accumulator_value=0.)
    for wrong, what in (({"initial_accumulator_value": -1.}, "positive or zero"),
                        ({"learning_rate_power": .1}, "negative or zero"),
                        ({"l1_regularization_strength": -1.}, "positive or zero"),
                        ({"l2_regularization_strength": -1.}, "positive or zero"),
                        ({"l2_shrinkage_regularization_strength": -1.}, "positive or zero")):
        with pytest.raises(ValueError, match="%s .* needs to be %s" % (list(wrong)[0], what)):
            tf.train.FtrlOptimizer(.1, **wrong)


# ---- subclasses ----

class Halving(optimizer.Optimizer):
    """Multiplies the variable by 1/2 whatever the gradient, and counts."""

    def __init__(self):
        super(Halving, self).__init__(False, "Halving")
        self.called = []

    def _create_slots(self, var_list):
        self.called.append("create")
        self._create_non_slot_variable(0., "count", var_list[0])
        for v in var_list:
            self._get_or_make_slot(v, tf.constant(7.), "seven", "Seven")
            self._get_or_make_slot_with_initializer(v, tf.ones_initializer(), v.get_shape(),
                                                    v.dtype.base_dtype, "one", "One")

    def _prepare(self):
        self.called.append("prepare")

    def _apply_dense(self, grad, var):
        self.called.append("dense")
        return tf.assign(var, var * .5).op

    def _resource_apply_dense(self, grad, var):
        self.called.append("resource")
        return var.assign(var * .5)

    def _apply_sparse(self, grad, var):
        self.called.append("sparse")
        return tf.scatter_update(var, grad.indices, grad.values).op

    def _resource_apply_sparse(self, grad, var, indices):
        self.called.append("resource sparse")
        return tf.scatter_update(var, indices, grad)

    def _finish(self, update_ops, name_scope):
        self.called.append("finish")
        with tf.control_dependencies(update_ops):
            count = self._get_non_slot_variable("count", graph=tf.get_default_graph())
            return count.assign_add(1., name=name_scope).op


def test_subclass():
    opt = Halving()
    v = tf.get_variable("v", initializer=4.)
    r = tf.get_variable("r", initializer=8., use_resource=True)
    train = opt.minimize(v * r)
    assert opt.called == ["create", "prepare", "dense", "resource", "finish"]
    assert train.name == "Halving"
    assert [u.op.name for u in opt.variables()] == ["count", "r/One", "r/Seven", "v/One", "v/Seven"]
    with initialized() as sess:
        sess.run(train)
        assert sess.run([v, r, opt.get_slot(v, "seven"), opt._get_non_slot_variable(
            "count", tf.get_default_graph())]) == [2., 4., 7., 1.]


def test_subclass_on_rows():
    opt = Halving()
    v = tf.get_variable("v", initializer=[1., 2., 3.])
    r = tf.get_variable("r", initializer=[1., 2., 3.], use_resource=True)
    slices = [(tf.IndexedSlices(tf.constant([5., 6.]), tf.constant([1, 1])), x) for x in (v, r)]
    opt._create_slots = lambda var_list: opt._create_non_slot_variable(0., "count", v)
    train = opt.apply_gradients(slices)
    with initialized() as sess:
        sess.run(train)
        assert [x.tolist() for x in sess.run([v, r])] == [[1., 11., 3.]] * 2


def test_ops_for_subclasses():
    from weft.python.framework import gen
    from weft.python.training import training_ops
    assert training_ops.apply_rms_prop is gen.ApplyRMSProp
    assert training_ops.resource_sparse_apply_ftrl_v2 is gen.ResourceSparseApplyFtrlV2
    assert training_ops.apply_adagrad_da is gen.ApplyAdagradDA
    assert "sparse_apply_centered_rms_prop" in dir(training_ops)
    with pytest.raises(AttributeError, match="There is no training op 'apply_nothing'"):
        training_ops.apply_nothing


def test_wrapping_subclass():
    """One that changes gradients, and then is its base."""
    class Clipped(tf.train.GradientDescentOptimizer):
        def compute_gradients(self, *args, **kwargs):
            found = super(Clipped, self).compute_gradients(*args, **kwargs)
            return [(tf.clip_by_value(g, -1., 1.), v) for g, v in found]

    v = tf.Variable(3.)
    train = Clipped(1.).minimize(v * v)
    with initialized() as sess:
        sess.run(train)
        assert sess.run(v) == 2.


def test_base_class():
    class Nothing(optimizer.Optimizer):
        pass

    for use_resource in (False, True):
        v = tf.get_variable("v%d" % use_resource, initializer=[1.], use_resource=use_resource)
        for loss in (v * 2., tf.gather(v, [0])):
            with pytest.raises(NotImplementedError):
                Nothing(False, "Nothing").minimize(loss, var_list=[v])


@pytest.mark.parametrize("make", [
    lambda: tf.train.MomentumOptimizer(1., .9), lambda: tf.train.AdagradOptimizer(1.),
    lambda: tf.train.RMSPropOptimizer(1.), lambda: tf.train.AdamOptimizer(1.)])
def test_variables_of_unknown_shape(make):
    x = tf.placeholder(tf.float32, [None])
    v = tf.Variable(x, validate_shape=False, name="v")
    train = make().minimize(tf.reduce_sum(v * v))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer(), {x: [1., 2., 3.]})
        sess.run(train)
        assert sess.run(v).shape == (3,) and np.all(sess.run(v) < [1., 2., 3.])


def test_cross_shard_optimizer():
    v = tf.get_variable("v", initializer=2.)
    optimizer = tf.contrib.tpu.CrossShardOptimizer(tf.train.MomentumOptimizer(0.5, 0.9))
    train = optimizer.minimize(v * v)
    assert optimizer.get_slot_names() == ["momentum"] and len(optimizer.variables()) == 1
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(train)
        assert sess.run(v) == 0. and sess.run(optimizer.get_slot(v, "momentum")) == 4.
    with pytest.raises(ValueError, match="Unsupported reduction: none."):
        tf.contrib.tpu.CrossShardOptimizer(None, reduction=tf.losses.Reduction.NONE)
