"""tf.contrib.rnn: cells beside the same in NumPy, names of variables, sequences at once."""
import numpy as np
import pytest
import weft as tf

rnn = tf.contrib.rnn


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def drawn(*shape, seed=0):
    return np.random.RandomState(sum(shape) + seed).randn(*shape).astype("f") / 2


def names():
    return [v.op.name for v in tf.global_variables()]


def load(session):
    """Gives all variables values of their shapes; {name: value}."""
    session.run(tf.global_variables_initializer())
    for variable in tf.global_variables():
        variable.load(drawn(*variable.shape.as_list()), session)
    return {v.op.name: session.run(v) for v in tf.global_variables()}


def unrolled(cell, xs, initial_state=None):
    """Outputs, last state and variables of a cell over arrays."""
    outputs, state = rnn.static_rnn(cell, [tf.constant(x) for x in xs], dtype=tf.float32,
                                    initial_state=initial_state)
    with tf.Session() as session:
        values = load(session)
        return (*session.run([outputs, state]), values)


def close(got, wanted):
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)


# ---- cells ----

def lstm(gates, c, forget_bias=1.0):
    i, j, f, o = gates
    c = sigmoid(f + forget_bias) * c + sigmoid(i) * np.tanh(j)
    return c, sigmoid(o) * np.tanh(c)


def normalized(x, gamma, beta):
    mean, var = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    return (x - mean) / np.sqrt(var + 1e-12) * gamma + beta


def test_layer_norm_basic_lstm_cell():
    x = drawn(3, 5)
    (output,), state, v = unrolled(rnn.LayerNormBasicLSTMCell(4), [x])
    at = "rnn/layer_norm_basic_lstm_cell/"
    sums = np.hstack([x, np.zeros([3, 4], "f")]) @ v[at + "kernel"]
    gates = [normalized(part, v[at + scope + "/gamma"], v[at + scope + "/beta"])
             for part, scope in zip(np.split(sums, 4, 1),
                                    ("input", "transform", "forget", "output"))]
    i, j, f, o = gates
    c = normalized(sigmoid(i) * np.tanh(j), v[at + "state/gamma"], v[at + "state/beta"])
    np.testing.assert_allclose(state.c, c, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(output, np.tanh(c) * sigmoid(o), rtol=1e-4, atol=1e-5)
    tf.reset_default_graph()
    unrolled(rnn.LayerNormBasicLSTMCell(4, layer_norm=False, dropout_keep_prob=0.5), [x])
    assert names() == [at + "kernel", at + "bias"]


def test_coupled_gates():
    x, c, m = drawn(3, 5), drawn(3, 4), drawn(3, 2)
    cell = rnn.CoupledInputForgetGateLSTMCell(4, use_peepholes=True, num_proj=2, proj_clip=0.3,
                                              num_unit_shards=2)
    (output,), state, v = unrolled(cell, [x], rnn.LSTMStateTuple(tf.constant(c), tf.constant(m)))
    at = "rnn/coupled_input_forget_gate_lstm_cell/"
    assert names() == [at + n for n in ("W_0", "W_1", "B", "W_F_diag", "W_O_diag", "W_P_0")]
    kernel = np.vstack([v[at + "W_0"], v[at + "W_1"]])
    j, f, o = np.split(np.hstack([x, m]) @ kernel + v[at + "B"], 3, 1)
    f = sigmoid(f + 1 + v[at + "W_F_diag"] * c)
    c = f * c + (1 - f) * np.tanh(j)
    close(state.c, c)
    m = (sigmoid(o + v[at + "W_O_diag"] * c) * np.tanh(c)) @ v[at + "W_P_0"]
    close(output, np.clip(m, -0.3, 0.3))


def test_nas_cell():
    x = drawn(3, 5)
    (_, output), state, v = unrolled(rnn.NASCell(4, use_bias=True), [x, x])
    at = "rnn/nas_cell/"
    assert names() == [at + n for n in ("recurrent_kernel", "kernel", "bias")]
    c = m = np.zeros([3, 4], "f")
    relu = lambda x: np.maximum(x, 0)
    for _ in range(2):
        a = np.split(x @ v[at + "kernel"], 8, 1)
        b = np.split(m @ v[at + "recurrent_kernel"] + v[at + "bias"], 8, 1)
        left = np.tanh(np.tanh(sigmoid(a[0] + b[0]) * relu(a[1] + b[1])) + c)
        c = left * np.tanh(sigmoid(a[2] + b[2]) + relu(a[3] * b[3]))
        right = np.tanh(np.tanh(np.tanh(a[4] + b[4]) * sigmoid(a[5] + b[5])) +
                        sigmoid(np.tanh(a[6] + b[6]) + sigmoid(a[7] + b[7])))
        m = np.tanh(c * right)
    close(output, m)
    close(state.c, c)


@pytest.mark.parametrize("norm", [True, False])
def test_lstms_with_normalized_layers_or_weights(norm):
    x, c, m = drawn(3, 5), drawn(3, 4), drawn(3, 2)
    state = rnn.LSTMStateTuple(tf.constant(c), tf.constant(m))
    full = dict(use_peepholes=True, cell_clip=0.9, num_proj=2, proj_clip=0.5)
    (output,), new, v = unrolled(rnn.LayerNormLSTMCell(4, layer_norm=norm, **full), [x], state)
    at = "rnn/layer_norm_lstm_cell/"
    gates = np.split(np.hstack([x, m]) @ v[at + "kernel"] + (0 if norm else v[at + "bias"]), 4, 1)
    if norm:
        gates = [normalized(g, v[at + s + "/gamma"], v[at + s + "/beta"]) for g, s in zip(
            gates, ("input", "transform", "forget", "output"))]
    i, j, f, o = gates
    peep = [v[at + "w_%s_diag" % gate] for gate in "fio"]
    wanted = sigmoid(f + 1 + peep[0] * c) * c + sigmoid(i + peep[1] * c) * np.tanh(j)
    if norm:
        wanted = normalized(wanted, v[at + "state/gamma"], v[at + "state/beta"])
    wanted = np.clip(wanted, -.9, .9)
    np.testing.assert_allclose(new.c, wanted, rtol=1e-4, atol=1e-5)
    h = (sigmoid(o + peep[2] * wanted) * np.tanh(wanted)) @ v[at + "projection/kernel"]
    np.testing.assert_allclose(output, np.clip(h, -.5, .5), rtol=1e-4, atol=1e-5)

    tf.reset_default_graph()
    (output,), new, v = unrolled(rnn.WeightNormLSTMCell(4, norm=norm), [x])
    at = "rnn/wn_lstm_cell/wn_lstm_cell/"
    kernel = v[at + "kernel"]
    if norm:
        kernel = np.vstack([part / np.sqrt((part ** 2).sum(0)) * v[at + "norm_%d" % n]
                            for n, part in enumerate((kernel[:5], kernel[5:]))])
    sums = np.hstack([x, np.zeros([3, 4], "f")]) @ kernel + v[at + "bias"]
    np.testing.assert_allclose(output, lstm(np.split(sums, 4, 1), 0)[1], rtol=1e-4, atol=1e-5)


def test_along_the_frequencies():
    x = drawn(3, 6)
    cell = rnn.TimeFreqLSTMCell(4, use_peepholes=True, feature_size=3, frequency_skip=3,
                                cell_clip=0.8)
    state = drawn(3, 16)
    output, new = cell(tf.constant(x), tf.constant(state))
    at = "time_freq_lstm_cell/"
    assert names() == [at + n for n in ("W_0", "B", "W_F_diag", "W_I_diag", "W_O_diag")]
    with tf.Session() as session:
        v = load(session)
        output, new = session.run([output, new])
    beside = np.zeros([3, 4], "f")
    for window in range(2):
        c, m = state[:, 8 * window:8 * window + 4], state[:, 8 * window + 4:8 * window + 8]
        sums = np.hstack([x[:, 3 * window:3 * window + 3], m, beside]) @ v[at + "W_0"]
        i, j, f, o = np.split(sums + v[at + "B"], 4, 1)
        c = sigmoid(f + 1 + v[at + "W_F_diag"] * c) * c + sigmoid(
            i + v[at + "W_I_diag"] * c) * np.tanh(j)
        c = np.clip(c, -.8, .8)
        beside = sigmoid(o + v[at + "W_O_diag"] * c) * np.tanh(c)
        close(new[:, 8 * window:8 * window + 4], c)
        close(output[:, 4 * window:4 * window + 4], beside)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("coupled", [True, False])
def test_grids(shared, coupled):
    x = drawn(3, 6)
    cell = rnn.GridLSTMCell(4, use_peepholes=True, share_time_frequency_weights=shared,
                            couple_input_forget_gates=coupled, feature_size=3, frequency_skip=3,
                            num_frequency_blocks=[2], cell_clip=0.9)
    assert cell.output_size == 16 and cell.state_size._fields == (
        "state_f00_b00_c", "state_f00_b00_m", "state_f01_b00_c", "state_f01_b00_m")
    state = [drawn(3, 4, seed=i) for i in range(4)]
    output, new = cell(tf.constant(x), cell.state_tuple_type(*map(tf.constant, state)))
    with tf.Session() as session:
        v = load(session)
        output, new = session.run([output, new])
    at = "grid_lstm_cell/"
    ways = "ff" if shared else "ft"
    long = {"f": "freq", "t": "time"}

    def gates(way, inputs):
        parts = np.split(inputs @ v[at + "W_%s_0_0" % way] + v[at + "B_%s_0" % way],
                         3 if coupled else 4, 1)
        return parts if not coupled else [parts[0], parts[1], None, parts[2]]

    def gate(way, name, value, c_freq, c_time):
        w = [v[at + "W_%s_diag_%s%s_0" % (name, long[way], s)] for s in "ft"]
        return sigmoid(value + w[0] * c_freq + w[1] * c_time)

    m_freq = c_freq = np.zeros([3, 4], "f")
    for window in range(2):
        last_c, last_m = state[2 * window:2 * window + 2]
        inputs = np.hstack([x[:, 3 * window:3 * window + 3], last_m, m_freq])
        memory = []
        for way, old in zip(ways, (c_freq, last_c)):
            i, j, f, o = gates(way, inputs)
            i = gate(way, "I", i, c_freq, last_c)
            f = 1 - i if coupled else gate(way, "F", f + 1, c_freq, last_c)
            memory.append(np.clip(f * old + i * np.tanh(j), -.9, .9))
        c_freq, c_time = memory
        m_freq, m_time = [gate(way, "O", gates(way, inputs)[3], c_freq, c_time) * np.tanh(c)
                          for way, c in zip(ways, memory)]
        close(new[2 * window], c_time)
        close(output[:, 8 * window:8 * window + 8], np.hstack([m_time, m_freq]))


def test_grids_of_blocks_and_of_both_directions():
    x = tf.constant(drawn(3, 8))
    cell = rnn.GridLSTMCell(2, feature_size=2, frequency_skip=1, num_frequency_blocks=[3, 2],
                            start_freqindex_list=[0, 5], end_freqindex_list=[4, 8],
                            state_is_tuple=False)
    assert cell.state_size == 20 and cell.output_size == 20
    output, state = cell(x, cell.zero_state(3, tf.float32))
    assert output.shape.as_list() == state.shape.as_list() == [3, 20]
    both = rnn.BidirectionalGridLSTMCell(2, feature_size=2, frequency_skip=2,
                                         num_frequency_blocks=[4], backward_slice_offset=1)
    output, state = both(x, both.zero_state(3, tf.float32))
    assert output.shape.as_list() == [3, 32] and len(state) == 16
    assert state._fields[8] == "bwd_state_f00_b00_c"
    assert "bidirectional_grid_lstm_cell/bwd/W_t_0_0" in names()
    with tf.Session() as session:
        load(session)
        assert np.isfinite(session.run(output)).all()
    with pytest.raises(ValueError, match="Must specify num_frequency_blocks"):
        rnn.GridLSTMCell(2)
    for blocks, words in (([3], "requires 3 but gets 4"), ([2, 2], "is not 1, but instead is 2")):
        wrong = rnn.GridLSTMCell(2, feature_size=2, frequency_skip=2, num_frequency_blocks=blocks)
        with pytest.raises(ValueError, match=words):
            wrong(x, wrong.zero_state(3, tf.float32))


def test_groups_of_units():
    x = drawn(3, 6)
    (output,), _, v = unrolled(rnn.GLSTMCell(6, number_of_groups=2), [x])
    parts = [np.split(np.hstack([x[:, g:g + 3], np.zeros([3, 3], "f")]) @
                      v["rnn/glstm_cell/group%d/kernel" % (g // 3)], 4, 1) for g in (0, 3)]
    gates = [np.hstack(gate) + v["rnn/glstm_cell/bias_" + name]
             for name, gate in zip("ijfo", zip(*parts))]
    close(output, lstm(gates, 0)[1])
    with pytest.raises(ValueError, match="must be divisible by number_of_groups"):
        rnn.GLSTMCell(5, number_of_groups=2)


def test_a_phase_opens_a_cell_by_the_clock():
    x, time = drawn(2, 3), np.float32([[0.5], [7]])
    cell = rnn.PhasedLSTMCell(4, use_peepholes=True)
    output, state = cell((tf.constant(time), tf.constant(x)), cell.zero_state(2, tf.float32))
    with tf.Session() as session:
        v = load(session)
        for name, value in (("period", [2., 4, 6, 8]), ("phase", [0., 0, 1, 1]),
                            ("ratio_on", [.5] * 4)):
            v["phased_lstm_cell/" + name] = np.float32(value)
            next(w for w in tf.global_variables() if w.op.name.endswith(name)).load(
                v["phased_lstm_cell/" + name], session)
        output, state = session.run([output, state])
    at = "phased_lstm_cell/"

    def linear(name, *args):
        return np.hstack(args) @ v[at + name + "/kernel"] + v[at + name + "/bias"]

    zero = np.zeros([2, 4], "f")
    i, f = np.split(sigmoid(linear("mask_gates", x, zero, zero)), 2, 1)
    c = i * np.tanh(linear("new_input", x, zero))
    h = np.tanh(c) * sigmoid(linear("output_gate", x, zero, c))
    cycle = np.mod(time - v[at + "phase"], v[at + "period"]) / v[at + "period"]
    k = np.where(cycle < .25, 4 * cycle, np.where(cycle < .5, 2 - 4 * cycle, .001 * cycle))
    close(state.c, k * c)
    close(output, k * h)


def test_convolutional_cells():
    for ndims, made in ((1, rnn.Conv1DLSTMCell), (2, rnn.Conv2DLSTMCell),
                        (3, rnn.Conv3DLSTMCell)):
        tf.reset_default_graph()
        cell = made(input_shape=[4] * ndims + [3], output_channels=2, kernel_shape=[1] * ndims)
        x = drawn(2, *[4] * ndims, 3)
        output, state = cell(tf.constant(x), cell.zero_state(2, tf.float32))
        at = "conv_%dd_lstm_cell/" % ndims
        assert names() == [at + "kernel", at + "biases"]
        with tf.Session() as session:
            v = load(session)
            output, state = session.run([output, state])
        sums = np.concatenate([x, np.zeros(x.shape[:-1] + (2,), "f")], -1) @ \
            v[at + "kernel"].reshape(5, 8) + v[at + "biases"]
        close(output, lstm(np.split(sums, 4, -1), 0)[1])
    skipping = rnn.ConvLSTMCell(1, [4, 3], 2, [1], skip_connection=True)
    assert skipping.output_size.as_list() == [4, 5]
    with pytest.raises(ValueError, match="Invalid input_shape"):
        rnn.ConvLSTMCell(2, [4, 3], 2, [1])


def test_gated_cells():
    x, h = drawn(3, 4), drawn(3, 4, seed=1)
    state = tf.constant(h)
    (output,), _, v = unrolled(rnn.UGRNNCell(4), [x], state)
    sums = np.hstack([x, h]) @ v["rnn/ugrnn_cell/kernel"] + v["rnn/ugrnn_cell/bias"]
    g = sigmoid(sums[:, :4] + 1)
    close(output, g * h + (1 - g) * np.tanh(sums[:, 4:]))

    tf.reset_default_graph()
    (output,), new, v = unrolled(rnn.IntersectionRNNCell(4), [x], tf.constant(h))
    sums = (np.hstack([x, h]) @ v["rnn/intersection_rnn_cell/kernel"] +
            v["rnn/intersection_rnn_cell/bias"])
    gh, a, gy, y = np.split(sums, 4, 1)
    gh, gy = sigmoid(gh + 1), sigmoid(gy + 1)
    close(new, gh * h + (1 - gh) * np.tanh(a))
    close(output, gy * x + (1 - gy) * np.maximum(y, 0))
    with pytest.raises(ValueError, match="Must have input size == output size"):
        rnn.IntersectionRNNCell(3)(tf.constant(x), tf.zeros([3, 3]))

    tf.reset_default_graph()
    (output,), new, v = unrolled(rnn.SRUCell(4), [x], tf.constant(h))
    a, f, r, b = np.split(x @ v["rnn/sru_cell/kernel"], 4, 1)
    f, r = (sigmoid(part + bias) for part, bias in zip((f, r), np.split(v["rnn/sru_cell/bias"],
                                                                        2)))
    close(new, f * h + (1 - f) * a)
    close(output, r * np.tanh(new) + (1 - r) * b)


def test_units_that_see_only_themselves():
    x, h = drawn(3, 5), drawn(3, 4, seed=1)
    (output,), _, v = unrolled(rnn.IndRNNCell(4), [x], tf.constant(h))
    at = "rnn/ind_rnn_cell/"
    close(output, np.tanh(x @ v[at + "kernel_w"] + h * v[at + "kernel_u"] + v[at + "bias"]))

    tf.reset_default_graph()
    (output,), _, v = unrolled(rnn.IndyGRUCell(4), [x], tf.constant(h))
    at = "rnn/indy_gru_cell/"
    r, u = np.split(sigmoid(x @ v[at + "gates/kernel_w"] + np.hstack([h, h]) *
                            v[at + "gates/kernel_u"] + v[at + "gates/bias"]), 2, 1)
    c = np.tanh(x @ v[at + "candidate/kernel"] + r * h * v[at + "candidate/kernel_u"] +
                v[at + "candidate/bias"])
    close(output, u * h + (1 - u) * c)

    tf.reset_default_graph()
    (output,), _, v = unrolled(rnn.IndyLSTMCell(4), [x])
    at = "rnn/indy_lstm_cell/"
    close(output, lstm(np.split(x @ v[at + "kernel_w"] + v[at + "bias"], 4, 1), 0)[1])


def test_cells_with_less():
    x, h = drawn(3, 5), drawn(3, 4, seed=1)
    (output,), _, v = unrolled(rnn.MinimalRNNCell(4), [x], tf.constant(h))
    at = "rnn/minimal_rnn_cell/"
    kernel = v[at + "kernel"]
    fed = np.tanh(x @ kernel[:5])
    u = sigmoid(np.hstack([fed, h]) @ kernel[5:] + v[at + "bias"])
    close(output, u * h + (1 - u) * fed)

    tf.reset_default_graph()
    (output,), _, v = unrolled(rnn.CFNCell(4), [x], tf.constant(h))
    at = "rnn/cfn_cell/"
    kernel = v[at + "kernel"]
    theta, eta = np.split(sigmoid(h @ v[at + "recurrent_kernel"] + x @ kernel[:, :8] +
                                  v[at + "bias"]), 2, 1)
    close(output, theta * np.tanh(h) + (1 - eta) * np.tanh(x @ kernel[:, 8:]))


# ---- wrappers ----

@pytest.mark.parametrize("is_tuple", [True, False])
def test_attention_to_the_past(is_tuple):
    xs = [drawn(3, 5, seed=i) for i in range(4)]
    cell = rnn.AttentionCellWrapper(rnn.GRUCell(4), 2, attn_size=3, state_is_tuple=is_tuple)
    assert cell.state_size == ((4, 3, 6) if is_tuple else 13) and cell.output_size == 3
    outputs, _, v = unrolled(cell, xs)
    at = "rnn/attention_cell_wrapper/"
    h, seen, past = np.zeros([3, 4], "f"), np.zeros([3, 3], "f"), np.zeros([3, 2, 3], "f")

    def linear(name, *args):
        return np.hstack(args) @ v[at + name + "kernel"] + v[at + name + "bias"]

    for x, output in zip(xs, outputs):
        x = linear("", x, seen)
        r, u = np.split(sigmoid(linear("gru_cell/gates/", x, h)), 2, 1)
        h = u * h + (1 - u) * np.tanh(linear("gru_cell/candidate/", x, r * h))
        features = past @ v[at + "attention/attn_w"][0, 0]
        scores = (v[at + "attention/attn_v"] * np.tanh(
            features + linear("attention/", h)[:, None])).sum(2)
        weights = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        seen = (weights[:, :, None] * past).sum(1)
        wanted = linear("attn_output_projection/", h, seen)
        past = np.concatenate([past[:, 1:], wanted[:, None]], 1)
        np.testing.assert_allclose(output, wanted, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="attn_length should be greater than zero"):
        rnn.AttentionCellWrapper(rnn.GRUCell(4), 0)


def test_projections_embeddings_and_highways():
    x = drawn(3, 4)
    unrolled(rnn.InputProjectionWrapper(rnn.GRUCell(4), 6, tf.nn.relu), [x])
    assert names()[:2] == ["rnn/input_projection_wrapper/kernel",
                           "rnn/input_projection_wrapper/bias"]
    tf.reset_default_graph()
    (output,), state, v = unrolled(rnn.OutputProjectionWrapper(rnn.GRUCell(4), 2), [x])
    close(output, state @ v["rnn/output_projection_wrapper/kernel"] +
          v["rnn/output_projection_wrapper/bias"])
    tf.reset_default_graph()
    (output,), _, v = unrolled(rnn.EmbeddingWrapper(rnn.BasicRNNCell(4), 9, 5),
                               [np.int32([[3], [8]])])
    at = "rnn/embedding_wrapper/"
    rows = v[at + "embedding"][[3, 8]]
    close(output, np.tanh(rows @ v[at + "basic_rnn_cell/kernel"][:5] +
                          v[at + "basic_rnn_cell/bias"]))
    tf.reset_default_graph()
    (output,), state, v = unrolled(rnn.HighwayWrapper(rnn.GRUCell(4)), [x])
    carry = sigmoid(x @ v["rnn/carry_w"] + v["rnn/carry_b"])
    close(output, x * carry + state * (1 - carry))
    for wrong in (lambda: rnn.EmbeddingWrapper(rnn.GRUCell(4), 0, 5),
                  lambda: rnn.OutputProjectionWrapper(rnn.GRUCell(4), 0)):
        with pytest.raises(ValueError, match="must be > 0"):
            wrong()


# ---- cells of one op ----

def test_an_lstm_by_one_op_is_the_same():
    xs = [drawn(3, 5, seed=i) for i in range(3)]
    wanted, state, v = unrolled(rnn.LSTMCell(4, use_peepholes=True, cell_clip=0.2,
                                             name="lstm_cell"), xs)
    plain = names()
    tf.reset_default_graph()
    got, block, w = unrolled(rnn.LSTMBlockCell(4, use_peephole=True, cell_clip=0.2), xs)
    assert sorted(plain) == sorted(names())
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)
    close(block.c, state.c)
    tf.reset_default_graph()
    fused = rnn.LSTMBlockFusedCell(4, use_peephole=True, cell_clip=0.2)
    outputs, last = fused(tf.constant(np.stack(xs)), dtype=tf.float32)
    with tf.Session() as session:
        load(session)
        outputs, last = session.run([outputs, last])
    np.testing.assert_allclose(outputs, wanted, rtol=1e-5, atol=1e-6)
    close(last.c, state.c)


def test_a_fused_lstm_with_lengths():
    x = drawn(4, 3, 5)
    cell = rnn.LSTMBlockFusedCell(4)
    lengths = np.int32([4, 0, 2])
    first = [drawn(3, 4), drawn(3, 4, seed=1)]
    outputs, state = cell(tf.constant(x), [tf.constant(f) for f in first],
                          sequence_length=lengths)
    whole, _ = cell(tf.constant(x), [tf.constant(f) for f in first])
    with tf.Session() as session:
        load(session)
        outputs, state, whole = session.run([outputs, state, whole])
    for row, length in enumerate(lengths):
        close(outputs[:length, row], whole[:length, row])
        assert not outputs[length:, row].any()
        close(state.h[row], whole[length - 1][row] if length else first[1][row])


def test_grus_by_one_op_are_the_same():
    xs = [drawn(3, 5, seed=i) for i in range(3)]
    wanted, _, v = unrolled(rnn.GRUCell(4), xs)
    plain = names()
    tf.reset_default_graph()
    got, _, _ = unrolled(rnn.GRUBlockCellV2(4), xs)
    assert names() == plain
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)
    tf.reset_default_graph()
    unrolled(rnn.GRUBlockCell(cell_size=4), xs)
    assert names() == ["rnn/gru_cell/" + n for n in ("w_ru", "b_ru", "w_c", "b_c")]
    with pytest.raises(ValueError, match="Exactly one of num_units or cell_size"):
        rnn.GRUBlockCell()


def test_whole_sequences_forwards_and_backwards():
    x = drawn(4, 3, 5)
    forward = rnn.FusedRNNCellAdaptor(rnn.BasicRNNCell(4))
    with tf.variable_scope("f"):
        outputs, state = forward(tf.constant(x), dtype=tf.float32)
    backward = rnn.TimeReversedFusedRNN(rnn.FusedRNNCellAdaptor(rnn.BasicRNNCell(4)))
    with tf.variable_scope("b"):
        turned, last = backward([tf.constant(step) for step in x[::-1]], dtype=tf.float32)
    with tf.Session() as session:
        load(session)
        outputs, state, turned, last = session.run([outputs, state, turned, last])
    np.testing.assert_allclose(outputs[::-1], turned, rtol=1e-5, atol=1e-6)
    close(state, last)


# ---- both directions, in layers ----

def test_layers_of_both_directions():
    xs = [drawn(3, 5, seed=i) for i in range(3)]
    outputs, fw, bw = rnn.stack_bidirectional_rnn(
        [rnn.GRUCell(2), rnn.GRUCell(3)], [rnn.GRUCell(2), rnn.GRUCell(3)],
        [tf.constant(x) for x in xs], dtype=tf.float32)
    assert len(outputs) == 3 and outputs[0].shape.as_list() == [3, 6]
    assert len(fw) == 2 and bw[1].shape.as_list() == [3, 3]
    assert names()[0] == "stack_bidirectional_rnn/cell_0/fw/gru_cell/gates/kernel" or \
        names()[0] == "stack_bidirectional_rnn/cell_0/bidirectional_rnn/fw/gru_cell/gates/kernel"
    for cells_fw, cells_bw, words in (
            ([], [], "at least one fw cell"), ([rnn.GRUCell(2)], [], "at least one bw cell"),
            ((rnn.GRUCell(2),), [rnn.GRUCell(2)], "cells_fw must be a list"),
            ([rnn.GRUCell(2)] * 2, [rnn.GRUCell(2)], "must have the same depth")):
        with pytest.raises(ValueError, match=words):
            rnn.stack_bidirectional_rnn(cells_fw, cells_bw, xs, dtype=tf.float32)


def test_batch_and_time():
    x = tf.placeholder(tf.float32, [None, 5, 3])
    assert rnn.transpose_batch_time(x).shape.as_list() == [5, None, 3]
    assert rnn.best_effort_input_batch_size([x]) == 5
    assert isinstance(rnn.best_effort_input_batch_size(
        [tf.placeholder(tf.float32, [5, None, 3])]), tf.Tensor)
    with pytest.raises(ValueError, match="to have rank at least 2, but saw shape"):
        rnn.transpose_batch_time(tf.zeros([2]))


def test_internal_spellings():
    from weft import _alias
    _alias.claim("tensorflow")
    from tensorflow.contrib.rnn.python.ops import core_rnn_cell, rnn_cell
    from tensorflow.contrib.rnn.python.ops.core_rnn import static_bidirectional_rnn
    from tensorflow.python.ops import rnn as core_rnn, rnn_cell as old, rnn_cell_impl
    assert core_rnn_cell.LSTMStateTuple is rnn.LSTMStateTuple is rnn_cell_impl.LSTMStateTuple
    assert old.MultiRNNCell is tf.nn.rnn_cell.MultiRNNCell and rnn_cell.NASCell is rnn.NASCell
    assert static_bidirectional_rnn is core_rnn.static_bidirectional_rnn
    assert core_rnn.rnn_cell_impl is rnn_cell_impl and core_rnn_cell.RNNCell is rnn.RNNCell
