"""Recurrent cells: values beside the same in NumPy, names of variables, states, wrappers."""
import copy
import gc
import hashlib
import weakref

import numpy as np
import pytest
import weft as tf
from weft.python.ops import rnn_cell_impl

cells = tf.nn.rnn_cell


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def drawn(*shape):
    return np.random.RandomState(sum(shape)).randn(*shape).astype("f")


def stepped(cell, x, state, scope=None):
    """Output, new state, and {name: value} of the variables, one step of a cell."""
    output, new_state = cell(tf.constant(x), state, **({"scope": scope} if scope else {}))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for variable in tf.global_variables():
            variable.load(drawn(*variable.shape.as_list()), session)
        values = {v.op.name: session.run(v) for v in tf.global_variables()}
        return (*session.run([output, new_state]), values)


# ---- values ----

def test_basic_rnn_cell():
    x, h = drawn(2, 3), drawn(2, 4)
    output, state, v = stepped(cells.BasicRNNCell(4), x, tf.constant(h))
    assert sorted(v) == ["basic_rnn_cell/bias", "basic_rnn_cell/kernel"]
    wanted = np.tanh(np.hstack([x, h]) @ v["basic_rnn_cell/kernel"] + v["basic_rnn_cell/bias"])
    np.testing.assert_allclose(output, wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(output, state)


def test_gru_cell():
    x, h = drawn(2, 3), drawn(2, 4)
    output, state, v = stepped(cells.GRUCell(4, name="g"), x, tf.constant(h))
    assert sorted(v) == ["g/candidate/bias", "g/candidate/kernel", "g/gates/bias",
                         "g/gates/kernel"]
    gates = sigmoid(np.hstack([x, h]) @ v["g/gates/kernel"] + v["g/gates/bias"])
    r, u = gates[:, :4], gates[:, 4:]
    c = np.tanh(np.hstack([x, r * h]) @ v["g/candidate/kernel"] + v["g/candidate/bias"])
    np.testing.assert_allclose(output, u * h + (1 - u) * c, rtol=1e-5, atol=1e-6)


def lstm(x, c, h, kernel, bias, forget_bias=1.0, peep=(0, 0, 0), clip=1e9):
    i, j, f, o = np.split(np.hstack([x, h]) @ kernel + bias, 4, axis=1)
    new_c = sigmoid(f + forget_bias + peep[0] * c) * c + sigmoid(i + peep[1] * c) * np.tanh(j)
    new_c = np.clip(new_c, -clip, clip)
    return new_c, sigmoid(o + peep[2] * new_c) * np.tanh(new_c)


@pytest.mark.parametrize("is_tuple", [True, False])
def test_basic_lstm_cell(is_tuple):
    x, c, h = drawn(2, 3), drawn(2, 4), drawn(4, 2).T
    state = cells.LSTMStateTuple(tf.constant(c), tf.constant(h))
    cell = cells.BasicLSTMCell(4, forget_bias=0.5, state_is_tuple=is_tuple)
    assert cell.state_size == ((4, 4) if is_tuple else 8) and cell.output_size == 4
    output, new_state, v = stepped(cell, x, state if is_tuple else tf.concat(state, 1))
    assert sorted(v) == ["basic_lstm_cell/bias", "basic_lstm_cell/kernel"]
    wanted = lstm(x, c, h, v["basic_lstm_cell/kernel"], v["basic_lstm_cell/bias"], 0.5)
    np.testing.assert_allclose(output, wanted[1], rtol=1e-5, atol=1e-6)
    parts = new_state if is_tuple else np.split(new_state, 2, axis=1)
    np.testing.assert_allclose(parts[0], wanted[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(parts[1], output)


@pytest.mark.parametrize("is_tuple", [True, False])
def test_lstm_cell_with_all_that_can_be_added(is_tuple):
    x, c, h = drawn(2, 3), drawn(2, 4), drawn(2, 2)
    cell = cells.LSTMCell(4, use_peepholes=True, cell_clip=0.7, num_proj=2, proj_clip=0.4,
                          state_is_tuple=is_tuple, initializer=tf.ones_initializer())
    state = cells.LSTMStateTuple(tf.constant(c), tf.constant(h))
    output, new_state, v = stepped(cell, x, state if is_tuple else tf.concat(state, 1))
    peep = [v["lstm_cell/w_%s_diag" % gate] for gate in "fio"]
    wanted = lstm(x, c, h, v["lstm_cell/kernel"], v["lstm_cell/bias"], peep=peep, clip=0.7)
    m = np.clip(wanted[1] @ v["lstm_cell/projection/kernel"], -0.4, 0.4)
    np.testing.assert_allclose(output, m, rtol=1e-5, atol=1e-6)
    parts = new_state if is_tuple else np.split(new_state, [4], axis=1)
    np.testing.assert_allclose(parts[0], wanted[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(parts[1], output)


def test_shards_of_an_lstm_cell():
    cell = cells.LSTMCell(4, num_unit_shards=2, num_proj=3, num_proj_shards=2)
    cell(tf.zeros([2, 3]), cell.zero_state(2, tf.float32))
    assert [v.op.name for v in tf.global_variables()] == [
        "lstm_cell/kernel/part_0", "lstm_cell/kernel/part_1", "lstm_cell/bias",
        "lstm_cell/projection/kernel/part_0", "lstm_cell/projection/kernel/part_1"]


# ---- states, names, misuse ----

def test_states_of_zeros():
    cell = cells.MultiRNNCell([cells.GRUCell(3), cells.LSTMCell(4, num_proj=2)])
    assert cell.state_size == (3, cells.LSTMStateTuple(4, 2)) and cell.output_size == 2
    state = cell.zero_state(5, tf.float64)
    assert state[1].h.shape.as_list() == [5, 2] and state[1].dtype == tf.float64
    assert state[0].op.name == "MultiRNNCellZeroState/GRUCellZeroState/zeros"
    dynamic = cell.zero_state(tf.placeholder(tf.int32, []), tf.float32)
    assert dynamic[0].shape.as_list() == [None, 3]
    assert cell.get_initial_state(tf.zeros([6, 2]))[0].shape.as_list() == [6, 3]
    with pytest.raises(ValueError, match="batch_size and dtype cannot be None"):
        cell.get_initial_state(batch_size=3)
    with pytest.raises(ValueError, match="batch size from input tensor is different"):
        cell.get_initial_state(tf.zeros([6, 2]), batch_size=5)
    with pytest.raises(TypeError, match="Inconsistent internal state"):
        cells.LSTMStateTuple(tf.zeros([1]), tf.zeros([1], tf.float64)).dtype


def test_a_state_of_shapes():
    class Cell(cells.RNNCell):
        state_size = {"a": tf.TensorShape([2, 3]), "b": (4, tf.TensorShape([]))}
        output_size = 1

    state = Cell().zero_state(5, tf.float32)
    assert state["a"].shape.as_list() == [5, 2, 3] and state["b"][1].shape.as_list() == [5]


def test_names_of_a_stack_are_those_of_checkpoints():
    x = tf.zeros([2, 3])
    with tf.variable_scope("rnn"):
        cell = cells.MultiRNNCell([cells.BasicLSTMCell(4), cells.GRUCell(4)])
        output, _ = cell(x, cell.zero_state(2, tf.float32))
        tf.get_variable_scope().reuse_variables()
        again, _ = cell(x, cell.zero_state(2, tf.float32))
    assert [v.op.name for v in tf.trainable_variables()] == [
        "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel",
        "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/bias",
        "rnn/multi_rnn_cell/cell_1/gru_cell/gates/kernel",
        "rnn/multi_rnn_cell/cell_1/gru_cell/gates/bias",
        "rnn/multi_rnn_cell/cell_1/gru_cell/candidate/kernel",
        "rnn/multi_rnn_cell/cell_1/gru_cell/candidate/bias"]
    assert output.op.name == "rnn/rnn/multi_rnn_cell/cell_1/gru_cell/add"
    assert [v.op.name for v in cell.trainable_weights] == [
        v.op.name for v in tf.trainable_variables()]
    assert cell.trainable_variables == cell.weights and cell.non_trainable_weights == []


def test_a_concatenated_stack():
    x, s = drawn(2, 3), drawn(2, 7)
    cell = cells.MultiRNNCell([cells.GRUCell(3), cells.GRUCell(4)], state_is_tuple=False)
    _, joined, _ = stepped(cell, x, tf.constant(s))
    tf.reset_default_graph()
    cell = cells.MultiRNNCell([cells.GRUCell(3), cells.GRUCell(4)])
    _, parts, _ = stepped(cell, x, (tf.constant(s[:, :3]), tf.constant(s[:, 3:])))
    np.testing.assert_array_equal(joined, np.hstack(parts))
    assert cells.MultiRNNCell([cells.GRUCell(3)], state_is_tuple=False).state_size == 3


def test_a_cell_of_the_user_makes_its_variables_in_call():
    class Leaky(cells.RNNCell):
        state_size = output_size = 3

        def call(self, inputs, state):
            w = tf.get_variable("w", [3])
            tf.get_variable("seen", [], trainable=False)
            return state * w + inputs, state * w + inputs

    cell = Leaky()
    cell(tf.zeros([2, 3]), tf.zeros([2, 3]))
    cell(tf.zeros([2, 3]), tf.zeros([2, 3]))
    assert [v.op.name for v in tf.global_variables()] == ["leaky/w", "leaky/seen"]
    assert [v.op.name for v in cell.trainable_weights] == ["leaky/w"]
    assert [v.op.name for v in cell.non_trainable_weights] == ["leaky/seen"]
    with tf.variable_scope("other"):
        Leaky()(tf.zeros([2, 3]), tf.zeros([2, 3]), scope="s")
    assert tf.global_variables()[2].op.name == "other/s/w"


def test_a_cell_of_an_old_script_that_is_no_layer():
    class Old(cells.RNNCell):
        def __init__(self, size):
            self.size = size

        state_size = output_size = property(lambda self: self.size)

        def __call__(self, inputs, state, scope=None):
            with tf.variable_scope(scope or "old"):
                w = tf.get_variable("w", [inputs.shape[1], self.size])
                new = tf.tanh(tf.matmul(inputs, w) + state)
            return new, new

    stack = cells.MultiRNNCell([Old(3), Old(4)])
    output, state = stack(tf.zeros([2, 5]), stack.zero_state(2, tf.float32))
    assert output.shape.as_list() == [2, 4] and stack.weights == [] == stack.updates
    assert [v.op.name for v in tf.global_variables()] == [
        "multi_rnn_cell/cell_0/old/w", "multi_rnn_cell/cell_1/old/w"]


def test_a_copied_cell_has_variables_of_its_own():
    cell = cells.MultiRNNCell([cells.GRUCell(3)])
    other = copy.deepcopy(cell)
    x = tf.zeros([2, 3])
    with tf.variable_scope("a"):
        cell(x, cell.zero_state(2, tf.float32))
    with tf.variable_scope("b"):
        other(x, other.zero_state(2, tf.float32))
    assert [v.op.name.split("/")[0] for v in tf.global_variables()] == ["a"] * 4 + ["b"] * 4


def test_misuse():
    with pytest.raises(ValueError, match="Expected inputs.shape\\[-1\\] to be known, saw shape"):
        cells.GRUCell(3)(tf.placeholder(tf.float32, [2, None]), tf.zeros([2, 3]))
    with pytest.raises(ValueError, match="expected ndim=2, found ndim=3"):
        cells.GRUCell(3)(tf.zeros([2, 2, 2]), tf.zeros([2, 3]))
    with pytest.raises(ValueError, match="RNN cell only supports floating point inputs"):
        cells.LSTMCell(3, dtype=tf.int32)
    with pytest.raises(ValueError, match="Must specify at least one cell for MultiRNNCell"):
        cells.MultiRNNCell([])
    with pytest.raises(TypeError, match="cells must be a list or tuple"):
        cells.MultiRNNCell(cells.GRUCell(2))
    with pytest.raises(ValueError, match="Some cells return tuples of states, but the flag"):
        cells.MultiRNNCell([cells.LSTMCell(2)], state_is_tuple=False)
    with pytest.raises(TypeError, match="'cell'.*is not an RNNCell: .*'output_size' property"):
        rnn_cell_impl.assert_like_rnncell("cell", 3)
    with pytest.raises(TypeError, match="Keyword argument not understood"):
        cells.GRUCell(3, wrong=1)
    with pytest.raises(NotImplementedError):
        cells.RNNCell().state_size
    stack = cells.MultiRNNCell([cells.GRUCell(2)])
    with pytest.raises(ValueError, match="Expected state to be a tuple of length 1"):
        stack(tf.zeros([1, 2]), tf.zeros([1, 2]))


def test_a_cell_dies_with_its_last_reference():
    cell = cells.MultiRNNCell([cells.BasicLSTMCell(3), cells.DropoutWrapper(cells.GRUCell(3))])
    cell(tf.zeros([2, 3]), cell.zero_state(2, tf.float32))
    watched = weakref.ref(cell)
    gc.disable()
    try:
        del cell
        assert watched() is None
    finally:
        gc.enable()


# ---- wrappers ----

def dropped_share(x):
    return np.mean(x == 0)


def test_dropout_wrapper():
    tf.set_random_seed(1)
    ones = tf.ones([50, 40])

    class Passing(cells.RNNCell):
        state_size, output_size = cells.LSTMStateTuple(40, 40), 40

        def call(self, inputs, state):
            return inputs, cells.LSTMStateTuple(inputs, inputs)

    cell = cells.DropoutWrapper(Passing(), output_keep_prob=0.25, state_keep_prob=0.5)
    output, state = cell(ones, cell.zero_state(50, tf.float32))
    with tf.Session() as session:
        output, state = session.run([output, state])
    assert abs(dropped_share(output) - 0.75) < 0.05 and output.max() == 4
    assert abs(dropped_share(state.h) - 0.5) < 0.05 and state.h.max() == 2
    assert dropped_share(state.c) == 0
    assert cell.output_size == 40 and cell.state_size == (40, 40)
    kept = cells.DropoutWrapper(cells.GRUCell(3), input_keep_prob=tf.placeholder(tf.float32, []))
    kept(tf.ones([2, 3]), tf.zeros([2, 3]))
    assert {v.op.name for v in kept.trainable_weights} == {
        "gru_cell/gates/kernel", "gru_cell/gates/bias", "gru_cell/candidate/kernel",
        "gru_cell/candidate/bias"}


def test_which_parts_of_a_state_are_dropped():
    class Passing(cells.RNNCell):
        state_size, output_size = (30, 30), 30

        def call(self, inputs, state):
            return inputs, state

    cell = cells.DropoutWrapper(
        Passing(), state_keep_prob=0.5,
        dropout_state_filter_visitor=lambda s: (True, False) if isinstance(s, tuple) else True)
    ones = tf.ones([20, 30])
    _, state = cell(ones, (ones, ones))
    with tf.Session() as session:
        first, second = session.run(state)
    assert 0.3 < dropped_share(first) < 0.7 and dropped_share(second) == 0


def test_seeds_of_dropout_are_those_of_tensorflow():
    cell = cells.DropoutWrapper(cells.GRUCell(3), input_keep_prob=0.5, output_keep_prob=0.5,
                                seed=7)
    cell(tf.ones([2, 3]), tf.zeros([2, 3]))
    draws = [op for op in tf.get_default_graph().get_operations() if op.type == "RandomUniform"
             and "dropout" in op.name]
    wanted = [int(hashlib.md5(("7%s_0" % salt).encode()).hexdigest()[:8], 16) & 0x7FFFFFFF
              for salt in ("input", "output")]
    assert [op.get_attr("seed2") for op in draws] == wanted


def test_variational_dropout_is_the_same_at_every_step():
    cell = cells.DropoutWrapper(
        cells.BasicRNNCell(20, activation=tf.ones_like), input_keep_prob=0.5,
        output_keep_prob=0.5, state_keep_prob=0.5, variational_recurrent=True, input_size=20,
        dtype=tf.float32)
    state = cell.zero_state(4, tf.float32)
    first, state = cell(tf.ones([4, 20]), state)
    second, _ = cell(tf.ones([4, 20]), state)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        first, second = session.run([first, second])
    np.testing.assert_array_equal(first, second)
    assert (first == first[0]).all() and set(np.unique(first)) == {0, 2}
    with pytest.raises(ValueError, match="dtype must be provided"):
        cells.DropoutWrapper(cells.GRUCell(3), variational_recurrent=True)
    with pytest.raises(ValueError, match="input_size must be provided"):
        cells.DropoutWrapper(cells.GRUCell(3), input_keep_prob=0.5, dtype=tf.float32,
                             variational_recurrent=True)
    with pytest.raises(ValueError, match="Parameter output_keep_prob must be between 0 and 1"):
        cells.DropoutWrapper(cells.GRUCell(3), output_keep_prob=1.5)
    with pytest.raises(TypeError, match="dropout_state_filter_visitor must be callable"):
        cells.DropoutWrapper(cells.GRUCell(3), dropout_state_filter_visitor=3)


def test_residual_wrapper():
    x, h = drawn(2, 4), drawn(2, 4)
    plain, _, _ = stepped(cells.GRUCell(4), x, tf.constant(h))
    tf.reset_default_graph()
    added, _, v = stepped(cells.ResidualWrapper(cells.GRUCell(4)), x, tf.constant(h))
    np.testing.assert_allclose(added, plain + x, rtol=1e-5, atol=1e-6)
    assert "gru_cell/gates/kernel" in v
    tf.reset_default_graph()
    wrapper = cells.ResidualWrapper(cells.GRUCell(4), residual_fn=lambda i, o: i - o)
    less, _, _ = stepped(wrapper, x, tf.constant(h))
    np.testing.assert_allclose(less, x - plain, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError):
        cells.ResidualWrapper(cells.GRUCell(3))(tf.zeros([2, 4]), tf.zeros([2, 3]))


def test_device_wrapper():
    cell = cells.DeviceWrapper(cells.GRUCell(4), "/device:CPU:0")
    output, _ = cell(tf.zeros([2, 3]), cell.zero_state(2, tf.float32))
    assert output.device == "/device:CPU:0"
    assert cell.wrapped_cell is cell.cell
