"""RNNs, unrolled and in loops: recorded graphs built again, lengths, directions, training."""
import gc
import weakref

import numpy as np
import pytest
import recorded
import weft as tf
from run import run

cells = tf.nn.rnn_cell
GOLDEN = recorded.FOLDER


def drawn(*shape, seed=0):
    return np.random.RandomState(sum(shape) + seed).randn(*shape).astype("f")


def load(session):
    session.run(tf.global_variables_initializer())
    for variable in tf.global_variables():
        variable.load(drawn(*variable.shape.as_list()) / 2, session)


# ---- what TensorFlow recorded ----

def static(make):
    def build(graph, x, *state):
        axis = next(node.attr["axis"].i for node in graph.node if node.op == "Unpack")
        state = state[0] if len(state) == 1 else cells.LSTMStateTuple(*state) if state else None
        tf.nn.static_rnn(make(), tf.unstack(x, axis=axis), initial_state=state, dtype=x.dtype)
    return build


def dynamic(make, time_major=False):
    def build(graph, x, *state):
        state = state[0] if len(state) == 1 else cells.LSTMStateTuple(*state) if state else None
        tf.nn.dynamic_rnn(make(), x, initial_state=state, dtype=x.dtype, time_major=time_major)
    return build


def both_static(graph, x, *states):
    axis = next(node.attr["axis"].i for node in graph.node if node.op == "Unpack")
    tf.nn.static_bidirectional_rnn(plain(), plain(), tf.unstack(x, axis=axis), *states,
                                   dtype=x.dtype)


def layers_static(graph, x, *states):
    axis = next(node.attr["axis"].i for node in graph.node if node.op == "Unpack")
    tf.contrib.rnn.stack_bidirectional_rnn(
        [plain(), plain()], [plain(), plain()], tf.unstack(x, axis=axis), list(states[::2]),
        list(states[1::2]), dtype=x.dtype)


def layers_dynamic(count, time_major=False):
    def build(graph, x, *states):
        make = lambda: cells.BasicRNNCell(3, tf.nn.relu)
        tf.contrib.rnn.stack_bidirectional_dynamic_rnn(
            [make() for _ in range(count)], [make() for _ in range(count)], x,
            list(states[::2]) or None, list(states[1::2]) or None, dtype=x.dtype,
            time_major=time_major)
    return build


def plain():
    return cells.BasicRNNCell(3, tf.sigmoid)


def lstm(**kwargs):
    return lambda: cells.LSTMCell(3, **kwargs)


def block(**kwargs):
    return lambda: tf.contrib.rnn.LSTMBlockCell(3, **kwargs)


def gru(n=3):
    return lambda: tf.contrib.rnn.GRUBlockCellV2(n)


CASES = {
    "basiclstmcell__static_b1_nIn5_nOut3_ts4_tanh_noIS_fb1_float": static(
        lambda: cells.BasicLSTMCell(3)),
    "basiclstmcell__dynamic_b1_nIn5_nOut3_ts4_tanh_noIS_noTM_fb1_float": dynamic(
        lambda: cells.BasicLSTMCell(3)),
    "basiclstmcell__dynamic_b1_nIn5_nOut3_ts4_tanh_noIS_withTM_fb1_float": dynamic(
        lambda: cells.BasicLSTMCell(3), True),
    "basicrnncell__dynamic_b1_nIn5_nOut3_ts4_relu_noIS_noTM_float": dynamic(
        lambda: cells.BasicRNNCell(3, tf.nn.relu)),
    "basicrnncell__dynamic_b1_nIn5_nOut3_ts4_relu_noIS_withTM_float": dynamic(
        lambda: cells.BasicRNNCell(3, tf.nn.relu), True),
    "basicrnncell__dynamic_b1_nIn5_nOut3_ts4_sigmoid_withIS_noTM_double": dynamic(
        lambda: cells.BasicRNNCell(3, tf.nn.softsign)),
    "basicrnncell__static_b1_nIn5_nOut3_ts4_sigmoid_withIS_double": static(plain),
    "bidir_basic__dynamic_b1_n5-3_ts4_relu_noIS_withTM_f32":
        lambda graph, x: tf.nn.bidirectional_dynamic_rnn(
            cells.BasicRNNCell(3, tf.nn.relu), cells.BasicRNNCell(3, tf.nn.relu), x,
            dtype=x.dtype, time_major=True),
    "bidir_basic__static_b1_nIn5_nOut3_ts4_sigmoid_withIS_double": both_static,
    "bstack__d_b1_n3": layers_dynamic(3),
    "bstack__d_n2": layers_dynamic(2, True),
    "bstack__sta_b1_n5-3_ts4_sig_IS_f64_n2": layers_static,
    "fused_adapt_basic__static_b1_n5-3_ts4_tanh_noIS_float":
        lambda graph, x: tf.contrib.rnn.FusedRNNCellAdaptor(cells.BasicRNNCell(3))(
            x, dtype=x.dtype),
    "grublockcellv2__dynamic_b1_n3-2_ts1_noIS_noTM": dynamic(gru(2)),
    "grublockcellv2__dynamic_b1_n5-3_ts4_noIS_noTM": dynamic(gru()),
    "grublockcellv2__dynamic_b1_n5-3_ts4_noIS_withTM": dynamic(gru(), True),
    "grublockcellv2__static_b1_n5-3_ts4_withIS_f32": static(gru()),
    "grucell__static_b1_nIn5_nOut3_ts4_tanh_noIS_float": static(lambda: cells.GRUCell(3)),
    "lstmblockcell__dynamic_b1_n5-3_ts4_noPH_clip-0.3-0.4_fB1_Tanh_noIS_noTM": dynamic(
        block(cell_clip=0.3)),
    "lstmblockcell__dynamic_b1_n5-3_ts4_noPH_noClip_fB1_noIS_noTM": dynamic(block()),
    "lstmblockcell__dynamic_b1_n5-3_ts4_noPH_noClip_fB2_withIS_noTM": dynamic(
        block(forget_bias=2.)),
    "lstmblockcell__static_batch1_n3-2_tsLength1_noPH_noClip_fBias1_noIS": static(
        lambda: tf.contrib.rnn.LSTMBlockCell(2)),
    "lstmblockcell__static_batch1_n5-3_tsLength4_noPH_noClip_fBias1_noIS": static(block()),
    "lstmblockfusedcell__batch1_n5-3_tsLength4_noPH_noClip_fBias1_noIS":
        lambda graph, x: tf.contrib.rnn.LSTMBlockFusedCell(3)(x, dtype=x.dtype),
    "lstmblockfusedcell__batch2_n2-3_tsLength4_withPH_noClip_fBias1_noIS":
        lambda graph, x: tf.contrib.rnn.LSTMBlockFusedCell(3, use_peephole=True)(x, dtype=x.dtype),
    "lstmcell__dynamic_b1_nIn5_nOut3_ts4_noPH_clip-0.3-0.4_fB1_Tanh_noIS_float_noTM": dynamic(
        lstm(cell_clip=0.3, proj_clip=0.4)),
    "lstmcell__dynamic_b1_nIn5_nOut3_ts4_noPH_noClip_fB1_Tanh_noInitState_float_noTM": dynamic(
        lstm()),
    "lstmcell__dynamic_b1_nIn5_nOut3_ts4_noPH_noClip_fB2_Softsign_withIS_float_noTM": dynamic(
        lstm(forget_bias=2., activation=tf.nn.softsign)),
    "lstmcell__static_batch1_nIn5_nOut3_tsLength4_noPH_clip-0.3-0.4_fBias1_Tanh_noInitState_float":
        static(lstm(cell_clip=0.3, proj_clip=0.4)),
    "lstmcell__static_batch1_nIn5_nOut3_tsLength4_noPH_noClip_fBias1_Softsign_withInitState_float":
        static(lstm(activation=tf.nn.softsign)),
    "lstmcell__static_batch2_nIn2_nOut3_tsLength4_withPH_noClip_fBias1_Tanh_noInitState_double":
        static(lstm(use_peepholes=True)),
    "srucell__dynamic_b1_n5-3_elu_ts4_noIS_withTM": dynamic(
        lambda: tf.contrib.rnn.SRUCell(3, tf.nn.elu), True),
    "srucell__dynamic_b1_n5-3_tanh_ts4_noIS_noTM": dynamic(lambda: tf.contrib.rnn.SRUCell(3)),
    "srucell__static_b1_n5-3_tanh_ts4_noIS_f32": static(lambda: tf.contrib.rnn.SRUCell(3)),
    "tr_lstmbfc__batch1_n5-3_tsLength4_noPH_noClip_fBias1_noIS":
        lambda graph, x: tf.contrib.rnn.TimeReversedFusedRNN(tf.contrib.rnn.LSTMBlockFusedCell(3))(
            x, dtype=x.dtype),
}


def inputs_of(graph, values):
    """Placeholders for the recorded inputs, and what to feed."""
    feeds = {}
    for node in graph.node:
        if node.name.startswith("in_") and node.name.endswith("/read"):
            value = values[node.name + ":0"]
            feeds[tf.placeholder(value.dtype, value.shape, name=node.name)] = value
    return feeds


def is_own(node):
    """Is it a node of the RNN, not folded to a constant and not of the recorder's?"""
    return node.op != "Const" and "/" in node.name and not node.name.startswith(("in_", "concat"))


@recorded.needed
@pytest.mark.parametrize("case", CASES)
def test_a_call_makes_the_recorded_nodes_and_values(case):
    values = recorded.load("rnn__" + case)
    graph = tf.GraphDef()
    with open(GOLDEN + "/rnn__" + case + "/graph.pb", "rb") as file:
        graph.ParseFromString(file.read())
    feeds = inputs_of(graph, values)
    CASES[case](graph, *feeds)
    made = {op.name: op.type for op in tf.get_default_graph().get_operations()}
    newer = {"AddV2": "Add"}
    for node in filter(is_own, graph.node):
        if not node.name.endswith("/read") and "kernel" not in node.name:
            got = made.get(node.name)
            assert newer.get(got, got) == newer.get(node.op, node.op), node.name
    fetches = [name + ":0" for name, op in made.items()
               if name + ":0" in values and "/while/" not in name
               and op not in ("Placeholder", "TensorArrayV3")]
    constants = {node.name: tf.make_ndarray(node.attr["value"].tensor) for node in graph.node
                 if node.op == "Const"}
    with tf.Session() as session:
        for variable in tf.global_variables():
            variable.load(constants[variable.op.name], session)
        for name, got in zip(fetches, session.run(fetches, feeds)):
            np.testing.assert_allclose(got, values[name], rtol=1e-5, atol=1e-6, err_msg=name)


# ---- lengths ----

def steps_until(x, lengths, cell):
    """Outputs [batch, time] and last states of a plain unrolling of each sequence alone."""
    with tf.variable_scope("rnn", reuse=tf.AUTO_REUSE):
        outputs, states = [], []
        for row, length in zip(x, lengths):
            state = cell.zero_state(1, tf.float32)
            made = []
            for step in row[:length]:
                output, state = cell(tf.constant(step[None]), state)
                made.append(output[0])
            made += [tf.zeros_like(made[0] if made else state[0])] * (len(row) - length)
            outputs.append(tf.stack(made))
            states.append(state)
    return tf.stack(outputs), states


@pytest.mark.parametrize("make", [lambda: cells.GRUCell(4), lambda: cells.LSTMCell(4),
                                  lambda: cells.MultiRNNCell([cells.GRUCell(3),
                                                              cells.BasicLSTMCell(4)])])
@pytest.mark.parametrize("looping", [True, False])
def test_a_sequence_ends_where_its_length_says(make, looping):
    x, lengths = drawn(3, 4, 5), [4, 1, 2]
    cell = make()
    if looping:
        outputs, state = tf.nn.dynamic_rnn(cell, tf.constant(x), lengths, dtype=tf.float32)
    else:
        outputs, state = tf.nn.static_rnn(cell, tf.unstack(tf.constant(x), axis=1),
                                          sequence_length=lengths, dtype=tf.float32)
        outputs = tf.stack(outputs, axis=1)
    wanted, states = steps_until(x, lengths, cell)
    with tf.Session() as session:
        load(session)
        outputs, state, wanted, states = session.run([outputs, state, wanted, states])
    np.testing.assert_allclose(outputs, wanted, rtol=1e-5, atol=1e-6)
    flat = tf.contrib.framework.nest.flatten
    for parts in zip(flat(state), *[flat(s) for s in states]):
        np.testing.assert_allclose(parts[0], np.concatenate(parts[1:]), rtol=1e-5, atol=1e-6)


def test_lengths_that_do_not_fit_the_batch():
    lengths = tf.placeholder(tf.int32, [None])
    outputs, _ = tf.nn.dynamic_rnn(cells.GRUCell(3), tf.constant(drawn(3, 4, 5)), lengths,
                                   dtype=tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="Expected shape for Tensor"):
            session.run(outputs, {lengths: [1, 2]})
    with pytest.raises(ValueError, match="sequence_length must be a vector of length batch_size"):
        tf.nn.dynamic_rnn(cells.GRUCell(3), tf.zeros([3, 4, 5]), [[1]], dtype=tf.float32)
    with pytest.raises(ValueError, match="sequence_length must be a vector of length batch_size"):
        tf.nn.static_rnn(cells.GRUCell(3), [tf.zeros([3, 4])], sequence_length=[[1]],
                         dtype=tf.float32)


# ---- unrolled and looping are the same ----

def test_unrolled_and_looping_are_the_same_also_in_gradients():
    x = drawn(2, 3, 4)
    with tf.variable_scope("r") as scope:
        looped, last = tf.nn.dynamic_rnn(cells.LSTMCell(3, use_peepholes=True), tf.constant(x),
                                         dtype=tf.float32, scope=scope)
        scope.reuse_variables()
        unrolled, end = tf.nn.static_rnn(
            cells.LSTMCell(3, use_peepholes=True), tf.unstack(tf.constant(x), axis=1),
            dtype=tf.float32, scope=scope)
    unrolled = tf.stack(unrolled, axis=1)
    variables = tf.trainable_variables()
    assert len(variables) == 5
    ways = [tf.gradients(tf.reduce_sum(y * y) + tf.reduce_sum(state.c), variables)
            for y, state in ((looped, last), (unrolled, end))]
    with tf.Session() as session:
        load(session)
        looped, unrolled, ways, last, end = session.run([looped, unrolled, ways, last, end])
    np.testing.assert_allclose(looped, unrolled, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(last.c, end.c, rtol=1e-5, atol=1e-6)
    for a, b in zip(*ways):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_sizes_that_are_known_only_when_it_runs():
    x = tf.placeholder(tf.float32, [None, None, 3])
    outputs, state = tf.nn.dynamic_rnn(cells.BasicLSTMCell(4), x, dtype=tf.float32)
    assert outputs.shape.as_list() == [None, None, 4] and state.h.shape.as_list() == [None, 4]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for shape in ((2, 5, 3), (1, 1, 3), (4, 9, 3)):
            got, last = session.run([outputs, state], {x: drawn(*shape)})
            assert got.shape == shape[:2] + (4,)
            np.testing.assert_array_equal(got[:, -1], last.h)


def test_inputs_that_are_structures():
    class Adding(cells.RNNCell):
        state_size, output_size = 3, (3, tf.TensorShape([2, 1]))

        def call(self, inputs, state):
            new = state + inputs["a"] + inputs["b"][0]
            return (new, tf.expand_dims(new[:, :2], 2)), new

    x = {"a": tf.constant(drawn(2, 4, 3)), "b": [tf.constant(drawn(2, 4, 3, seed=1))]}
    (first, second), state = tf.nn.dynamic_rnn(Adding(), x, dtype=tf.float32)
    assert second.shape.as_list() == [2, 4, 2, 1]
    first, state, a, b = run([first, state, x["a"], x["b"][0]])
    np.testing.assert_allclose(first, np.cumsum(a + b, axis=1), rtol=1e-5)
    np.testing.assert_array_equal(state, first[:, -1])


class KerasCell:
    """As Keras has them: no zero_state, and states in a list, also where there is one."""

    state_size = output_size = 3

    def get_initial_state(self, inputs=None, batch_size=None, dtype=None):
        return tf.zeros([batch_size, 3], dtype)

    def __call__(self, inputs, states):
        assert isinstance(states, list)
        return states[0] + inputs, [states[0] + inputs]


def test_cells_of_keras():
    x = drawn(2, 4, 3)
    looped, state = tf.nn.dynamic_rnn(KerasCell(), tf.constant(x), dtype=tf.float32)
    unrolled, last = tf.nn.static_rnn(KerasCell(), tf.unstack(tf.constant(x), axis=1),
                                      dtype=tf.float32)
    looped, state, unrolled, last = run([looped, state, unrolled, last])
    np.testing.assert_allclose(looped, np.cumsum(x, axis=1), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(looped, np.stack(unrolled, 1))
    np.testing.assert_array_equal(state, last)


def test_a_graph_with_loops_is_gone_with_its_last_reference():
    graph = tf.Graph()
    with graph.as_default():
        cell = cells.MultiRNNCell([cells.DropoutWrapper(cells.LSTMCell(4), 0.5),
                                   cells.GRUCell(4)])
        outputs, _ = tf.nn.dynamic_rnn(cell, tf.ones([2, 3, 4]), [3, 1], dtype=tf.float32)
        tf.train.AdamOptimizer().minimize(tf.reduce_sum(outputs))
    watched = weakref.ref(graph)
    gc.disable()
    try:
        del graph, cell, outputs, _
        assert watched() is None
    finally:
        gc.enable()


def test_names_in_a_loop():
    x = tf.placeholder(tf.float32, [2, 3, 4])
    tf.nn.dynamic_rnn(cells.MultiRNNCell([cells.BasicLSTMCell(3), cells.GRUCell(3)]), x, [3, 2],
                      dtype=tf.float32, scope="top")
    names = {op.name for op in tf.get_default_graph().get_operations()}
    assert {"top/CheckSeqLen", "top/sequence_length", "top/Min", "top/Max", "top/while/Select",
            "top/while/Select_3", "top/while/GreaterEqual", "top/TensorArrayUnstack/range",
            "top/while/top/multi_rnn_cell/cell_0/basic_lstm_cell/MatMul",
            "top/while/top/multi_rnn_cell/cell_1/gru_cell/MatMul/Enter",
            "top/while/Exit_4", "top/transpose_1"} <= names
    assert [v.op.name for v in tf.global_variables()][:2] == [
        "top/multi_rnn_cell/cell_0/basic_lstm_cell/kernel",
        "top/multi_rnn_cell/cell_0/basic_lstm_cell/bias"]
    array = next(op for op in tf.get_default_graph().get_operations()
                 if op.type == "TensorArrayV3")
    assert array.get_attr("tensor_array_name") == b"top/dynamic_rnn/output_0"


def test_dropout_in_a_loop_differs_by_step():
    tf.set_random_seed(3)
    cell = cells.DropoutWrapper(cells.BasicRNNCell(50, activation=tf.ones_like),
                                output_keep_prob=0.5)
    outputs, _ = tf.nn.dynamic_rnn(cell, tf.ones([2, 4, 3]), dtype=tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        got = session.run(outputs)
    assert set(np.unique(got)) == {0, 2} and (got[:, 0] != got[:, 1]).any()


# ---- both directions ----

@pytest.mark.parametrize("lengths", [None, [3, 1]])
@pytest.mark.parametrize("time_major", [True, False])
def test_both_directions(lengths, time_major):
    x = drawn(2, 3, 4)
    given = x.swapaxes(0, 1) if time_major else x
    with tf.variable_scope("b") as scope:
        (fw, bw), states = tf.nn.bidirectional_dynamic_rnn(
            cells.GRUCell(3), cells.GRUCell(3), tf.constant(given), lengths, dtype=tf.float32,
            time_major=time_major, scope=scope)
        scope.reuse_variables()
        joined, last_fw, last_bw = tf.nn.static_bidirectional_rnn(
            cells.GRUCell(3), cells.GRUCell(3), tf.unstack(tf.constant(x), axis=1),
            sequence_length=lengths, dtype=tf.float32, scope=scope)
    assert [v.op.name.split("gru_cell")[0] for v in tf.global_variables()] == \
        ["b/fw/"] * 4 + ["b/bw/"] * 4
    looped = tf.concat([fw, bw], 2)
    with tf.Session() as session:
        load(session)
        looped, joined, states, ends = session.run([looped, joined, states, (last_fw, last_bw)])
    looped = looped.swapaxes(0, 1) if time_major else looped
    np.testing.assert_allclose(looped, np.stack(joined, 1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(states, ends, rtol=1e-5, atol=1e-6)


# ---- raw_rnn ----

def test_a_loop_of_the_callers_own():
    x, lengths = drawn(4, 2, 3), tf.constant([4, 2])
    inputs = tf.TensorArray(tf.float32, size=4).unstack(tf.constant(x))
    cell = cells.GRUCell(3)

    def loop_fn(time, output, state, loop_state):
        finished = time >= lengths
        count = tf.constant(0) if output is None else loop_state + 1
        next_input = tf.cond(tf.reduce_all(finished), lambda: tf.zeros([2, 3]),
                             lambda: inputs.read(time))
        return (finished, next_input,
                cell.zero_state(2, tf.float32) if output is None else state, output, count)

    arrays, last, count = tf.nn.raw_rnn(cell, loop_fn)
    with tf.variable_scope("rnn", reuse=True):
        wanted, end = tf.nn.dynamic_rnn(cell, tf.constant(x), lengths, dtype=tf.float32,
                                        time_major=True, scope=tf.get_variable_scope())
    with tf.Session() as session:
        load(session)
        got, last, count, wanted, end = session.run([arrays.stack(), last, count, wanted, end])
    assert count == 4
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(last, end, rtol=1e-5, atol=1e-6)
    with pytest.raises(TypeError, match="loop_fn must be a callable"):
        tf.nn.raw_rnn(cell, 3)


def test_a_loop_that_emits_something_else():
    def loop_fn(time, output, state, loop_state):
        emitted = tf.zeros([], tf.int32) if output is None else tf.fill([2], time)
        return (tf.fill([2], time >= 3), tf.ones([2, 1]),
                tf.zeros([2, 1]) if output is None else state, emitted, None)

    arrays, _, loop_state = tf.nn.raw_rnn(cells.BasicRNNCell(1), loop_fn)
    assert loop_state is None
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(session.run(arrays.stack()), [[1, 1], [2, 2], [3, 3]])


# ---- states that are saved ----

def test_states_are_saved_before_the_results_are_there():
    kept = {name: tf.get_variable(name, [2, 3], initializer=tf.zeros_initializer())
            for name in ("c", "h")}

    class Saver:
        def state(self, name):
            return kept[name].read_value()

        def save_state(self, name, value):
            return tf.assign(kept[name], value)

    x = drawn(2, 4)
    cell = cells.BasicLSTMCell(3)
    outputs, state = tf.nn.static_state_saving_rnn(cell, [tf.constant(x)] * 2, Saver(),
                                                   ("c", "h"))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        first, state = session.run([outputs[-1], state])
        np.testing.assert_array_equal(session.run(kept["h"]), first)
        np.testing.assert_array_equal(session.run(kept["c"]), state.c)
        assert (session.run(outputs[-1]) != first).any()
    with pytest.raises(ValueError, match="state_name should be the same type as"):
        tf.nn.static_state_saving_rnn(cell, [tf.constant(x)], Saver(), "c")
    with pytest.raises(ValueError, match="#elems\\(state_name\\) != #elems"):
        tf.nn.static_state_saving_rnn(cell, [tf.constant(x)], Saver(), ("c",))


# ---- training, checkpoints, misuse ----

def test_a_loop_learns_to_remember():
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, 8, 1])
    outputs, state = tf.nn.dynamic_rnn(cells.GRUCell(12), x, dtype=tf.float32)
    loss = tf.reduce_mean(tf.square(tf.layers.dense(state, 1) - x[:, 0]))
    train = tf.train.AdamOptimizer(0.02).minimize(loss)
    draw = np.random.RandomState(0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(300):
            session.run(train, {x: draw.uniform(-1, 1, [32, 8, 1])})
        assert session.run(loss, {x: draw.uniform(-1, 1, [200, 8, 1])}) < 0.02


def test_a_checkpoint_of_one_cell_fits_another(tmp_path):
    x = tf.constant(drawn(2, 3, 4))
    outputs, _ = tf.nn.dynamic_rnn(cells.LSTMCell(5, name="basic_lstm_cell"), x, dtype=tf.float32)
    with tf.Session() as session:
        load(session)
        wanted = session.run(outputs)
        path = tf.train.Saver().save(session, str(tmp_path / "m"))
    tf.reset_default_graph()
    x = tf.constant(drawn(2, 3, 4))
    outputs, _ = tf.nn.static_rnn(cells.BasicLSTMCell(5), tf.unstack(x, axis=1), dtype=tf.float32)
    with tf.Session() as session:
        tf.train.Saver().restore(session, path)
        np.testing.assert_allclose(np.stack(session.run(outputs), 1), wanted, rtol=1e-5,
                                   atol=1e-6)


def test_misuse():
    x = tf.zeros([2, 3, 4])
    cell = cells.GRUCell(3)
    with pytest.raises(ValueError, match="If there is no initial_state, you must give a dtype"):
        tf.nn.dynamic_rnn(cell, x)
    with pytest.raises(ValueError, match="If no initial_state is provided, dtype must be"):
        tf.nn.static_rnn(cell, [x[0]])
    with pytest.raises(TypeError, match="is not an RNNCell"):
        tf.nn.dynamic_rnn(3, x, dtype=tf.float32)
    with pytest.raises(TypeError, match="inputs must be a sequence"):
        tf.nn.static_rnn(cell, x, dtype=tf.float32)
    with pytest.raises(ValueError, match="inputs must not be empty"):
        tf.nn.static_bidirectional_rnn(cell, cell, [], dtype=tf.float32)
    with pytest.raises(ValueError, match="must be accessible via shape inference, but saw value"):
        tf.nn.dynamic_rnn(cell, tf.placeholder(tf.float32, [2, 3, None]), dtype=tf.float32)
    with pytest.raises(ValueError, match="Expected input tensor .* to have rank at least 2"):
        tf.nn.dynamic_rnn(cell, tf.zeros([2]), dtype=tf.float32)
    with pytest.raises(ValueError, match="Time steps is not the same for all the elements"):
        tf.nn.dynamic_rnn(cell, (x, tf.zeros([2, 4, 4])), dtype=tf.float32)
