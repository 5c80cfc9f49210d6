"""tf.contrib.seq2seq: helpers, decoders, attention, beams, losses."""
import itertools

import numpy as np
import pytest
import weft as tf
from run import run

seq2seq = tf.contrib.seq2seq
cells = tf.nn.rnn_cell


def drawn(*shape, seed=0):
    return np.float32(np.random.RandomState(sum(shape) + seed).randn(*shape))


def names():
    return [v.op.name for v in tf.trainable_variables()]


def load(session, scale=0.5):
    session.run(tf.global_variables_initializer())
    for variable in tf.global_variables():
        variable.load(drawn(*variable.shape.as_list()) * scale, session)


def evaluated(fetches, feeds=None):
    with tf.Session() as session:
        load(session)
        return session.run(fetches, feeds)


def close(a, b, rtol=1e-5):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-6)


# ---- decoding what is there ----

def test_training_helper_decodes_as_dynamic_rnn_does():
    x, lengths = drawn(3, 4, 5), [4, 0, 2]
    cell = cells.GRUCell(6)
    layer = tf.layers.Dense(7, name="out")
    helper = seq2seq.TrainingHelper(tf.constant(x), lengths)
    decoder = seq2seq.BasicDecoder(cell, helper, cell.zero_state(3, tf.float32), layer)
    outputs, state, ends = seq2seq.dynamic_decode(decoder, impute_finished=True)
    assert outputs.rnn_output.shape.as_list() == [3, None, 7]
    with tf.variable_scope("decoder", reuse=True) as scope:
        wanted, last = tf.nn.dynamic_rnn(cell, tf.constant(x), lengths, dtype=tf.float32,
                                         scope=scope)
        wanted = layer(wanted)
    assert names()[0] == "decoder/gru_cell/gates/kernel" and names()[-1] == "decoder/out/bias"
    outputs, state, ends, wanted, last = evaluated([outputs, state, ends, wanted, last])
    assert list(ends) == lengths
    for row, length in enumerate(lengths):
        close(outputs.rnn_output[row, :length], wanted[row, :length])
        assert not outputs.rnn_output[row, length:].any()
        np.testing.assert_array_equal(outputs.sample_id[row, :length],
                                      wanted[row, :length].argmax(1))
    close(state, last)


def test_bounds_of_a_decoding():
    cell = cells.GRUCell(3)
    helper = seq2seq.TrainingHelper(tf.constant(drawn(4, 2, 3)), [4, 3], time_major=True)
    decoder = seq2seq.BasicDecoder(cell, helper, cell.zero_state(2, tf.float32))
    outputs, _, lengths = seq2seq.dynamic_decode(decoder, maximum_iterations=2,
                                                 output_time_major=True)
    outputs, lengths = evaluated([outputs.rnn_output, lengths])
    assert outputs.shape == (2, 2, 3) and list(lengths) == [2, 2]
    with pytest.raises(TypeError, match="Expected decoder to be type Decoder"):
        seq2seq.dynamic_decode(cell)
    with pytest.raises(ValueError, match="maximum_iterations must be a scalar"):
        seq2seq.dynamic_decode(decoder, maximum_iterations=[2])
    with pytest.raises(TypeError, match="helper must be a Helper"):
        seq2seq.BasicDecoder(cell, cell, None)
    with pytest.raises(TypeError, match="output_layer must be a Layer"):
        seq2seq.BasicDecoder(cell, helper, None, output_layer=3)
    with pytest.raises(ValueError, match="Expected sequence_length to be a vector"):
        seq2seq.TrainingHelper(tf.zeros([2, 3, 4]), 3)


def test_inputs_may_be_structures():
    x = drawn(2, 3, 4)

    class Adding(cells.RNNCell):
        state_size = output_size = 4

        def call(self, inputs, state):
            return inputs["a"] + inputs["b"], state

    helper = seq2seq.TrainingHelper({"a": tf.constant(x), "b": tf.constant(x * 2)}, [3, 3])
    decoder = seq2seq.BasicDecoder(Adding(), helper, tf.zeros([2, 4]))
    close(run(seq2seq.dynamic_decode(decoder)[0].rnn_output), x * 3)
    close(run(seq2seq.TrainingHelper(x.tolist(), [3, 3]).initialize()[1]), x[:, 0])


# ---- decoding what was said ----

def table_cell(logits):
    """A cell whose state is a symbol (one-hot) and whose output is that symbol's row."""
    class Table(cells.RNNCell):
        state_size = output_size = len(logits)

        def call(self, inputs, state):
            return tf.matmul(inputs, tf.constant(logits)), inputs

    return Table()


CYCLE = np.float32([[0, 9, 0, 0], [0, 0, 9, 0], [0, 0, 0, 9], [9, 0, 0, 0]])


def greedy(logits, start, end):
    eye = tf.constant(np.eye(len(logits), dtype="f"))
    helper = seq2seq.GreedyEmbeddingHelper(eye, start, end)
    cell = table_cell(logits)
    return seq2seq.BasicDecoder(cell, helper, cell.zero_state(len(start), tf.float32))


def test_greedy_decoding_goes_on_until_the_end():
    outputs, _, lengths = seq2seq.dynamic_decode(greedy(CYCLE, [0, 2], 3))
    outputs, lengths = run([outputs.sample_id, lengths])
    np.testing.assert_array_equal(outputs[0], [1, 2, 3])
    assert outputs[1][0] == 3 and list(lengths) == [3, 1]
    endless = seq2seq.dynamic_decode(greedy(CYCLE, [0], 9), maximum_iterations=6)[0]
    np.testing.assert_array_equal(run(endless.sample_id), [[1, 2, 3, 0, 1, 2]])
    with pytest.raises(ValueError, match="start_tokens must be a vector"):
        greedy_helper = seq2seq.GreedyEmbeddingHelper(lambda ids: ids, 1, 2)
    with pytest.raises(ValueError, match="end_token must be a scalar"):
        greedy_helper = seq2seq.GreedyEmbeddingHelper(lambda ids: ids, [1], [2])


def test_sampled_decoding():
    eye = tf.constant(np.eye(4, dtype="f"))
    cell = table_cell(np.log(np.float32([[.5, .5, 1e-9, 1e-9]] * 4)))
    helper = seq2seq.SampleEmbeddingHelper(eye, [0] * 200, 3, seed=5)
    decoder = seq2seq.BasicDecoder(cell, helper, cell.zero_state(200, tf.float32))
    ids = run(seq2seq.dynamic_decode(decoder, maximum_iterations=10)[0].sample_id)
    assert set(np.unique(ids)) == {0, 1} and 0.4 < ids.mean() < 0.6
    hot = seq2seq.SampleEmbeddingHelper(eye, [0] * 200, 3, softmax_temperature=1e6, seed=5)
    decoder = seq2seq.BasicDecoder(cell, hot, cell.zero_state(200, tf.float32))
    ids = run(seq2seq.dynamic_decode(decoder, maximum_iterations=3)[0].sample_id)
    assert set(np.unique(ids)) == {0, 1, 2, 3}


def test_a_helper_of_functions_and_one_of_inference():
    def next_inputs(time, outputs, state, sample_ids):
        return tf.fill([2], time >= 2), outputs, state

    helper = seq2seq.CustomHelper(lambda: (tf.fill([2], False), tf.ones([2, 3])),
                                  lambda time, outputs, state: tf.fill([2], time), next_inputs)
    with pytest.raises(ValueError, match="batch_size accessed before initialize"):
        helper.batch_size
    cell = cells.GRUCell(3)
    decoder = seq2seq.BasicDecoder(cell, helper, tf.zeros([2, 3]))
    ids = evaluated(seq2seq.dynamic_decode(decoder)[0].sample_id)
    np.testing.assert_array_equal(ids, [[0, 1, 2]] * 2)
    helper = seq2seq.InferenceHelper(
        sample_fn=lambda outputs: outputs * 2, sample_shape=[3], sample_dtype=tf.float32,
        start_inputs=tf.ones([2, 3]), end_fn=lambda ids: tf.fill([2], False))
    decoder = seq2seq.BasicDecoder(cell, helper, tf.zeros([2, 3]))
    outputs, _, _ = seq2seq.dynamic_decode(decoder, maximum_iterations=4, scope="again")
    outputs = evaluated(outputs)
    close(outputs.sample_id, outputs.rnn_output * 2)


# ---- scheduled sampling ----

@pytest.mark.parametrize("probability", [0., 1., 0.5])
def test_scheduled_embeddings(probability):
    tf.set_random_seed(4)
    eye = tf.constant(np.eye(4, dtype="f"))
    read = np.eye(4, dtype="f")[[[0, 0, 0, 0, 0]] * 40]
    helper = seq2seq.ScheduledEmbeddingTrainingHelper(tf.constant(read), [5] * 40, eye,
                                                      probability)
    cell = table_cell(CYCLE * 9)
    decoder = seq2seq.BasicDecoder(cell, helper, cell.zero_state(40, tf.float32))
    outputs = run(seq2seq.dynamic_decode(decoder)[0])
    said = outputs.rnn_output.argmax(2)
    if probability == 0:
        assert (outputs.sample_id == -1).all() and (said == 1).all()
    elif probability == 1:
        np.testing.assert_array_equal(said, [[1, 2, 3, 0, 1]] * 40)
    else:
        sampled = outputs.sample_id[:, :-1] >= 0
        assert 0.3 < sampled.mean() < 0.7
        np.testing.assert_array_equal(said[:, 1:] != 1, sampled & (said[:, :-1] != 0))


@pytest.mark.parametrize("made", [None, lambda out: out * 3])
def test_scheduled_outputs(made):
    x, beside = drawn(2, 3, 2), drawn(2, 3, 1, seed=2)
    helper = seq2seq.ScheduledOutputTrainingHelper(
        tf.constant(x), [3, 3], 1.0, next_inputs_fn=made, auxiliary_inputs=tf.constant(beside))

    class Adding(cells.RNNCell):
        state_size = output_size = 2

        def call(self, inputs, state):
            return inputs[:, :2] + inputs[:, 2:], state

    decoder = seq2seq.BasicDecoder(Adding(), helper, tf.zeros([2, 2]))
    outputs = run(seq2seq.dynamic_decode(decoder)[0].rnn_output)
    wanted = x[:, 0] + beside[:, 0]
    for step in range(3):
        close(outputs[:, step], wanted)
        wanted = wanted * (3 if made else 1) + beside[:, min(step + 1, 2)]


# ---- attention ----

def softmax(x):
    return np.exp(x) / np.exp(x).sum(1, keepdims=True)


@pytest.mark.parametrize("normalize", [False, True])
def test_bahdanau(normalize):
    memory, query, lengths = drawn(2, 4, 3), drawn(2, 5), [4, 2]
    mechanism = seq2seq.BahdanauAttention(6, tf.constant(memory), lengths, normalize=normalize)
    alignments, state = mechanism(tf.constant(query), None)
    assert sorted(names()) == sorted(
        ["memory_layer/kernel", "bahdanau_attention/query_layer/kernel",
         "bahdanau_attention/attention_v"] +
        ["bahdanau_attention/attention_" + n for n in "gb"] * normalize)
    values = {v.op.name.split("/", normalize * 0)[-1]: v for v in tf.global_variables()}
    got, v = evaluated([alignments, values])
    at = "bahdanau_attention/"
    masked = memory * np.float32([[1] * 4, [1, 1, 0, 0]])[..., None]
    sums = masked @ v["memory_layer/kernel"] + (query @ v[at + "query_layer/kernel"])[:, None]
    w = v[at + "attention_v"]
    if normalize:
        w = v[at + "attention_g"] * w / np.sqrt((w * w).sum())
        sums = sums + v[at + "attention_b"]
    scores = (w * np.tanh(sums)).sum(2)
    scores[1, 2:] = -np.inf
    close(got, softmax(scores))
    assert state is alignments


@pytest.mark.parametrize("scale", [False, True])
def test_luong(scale):
    memory, query = drawn(2, 4, 3), drawn(2, 5)
    mechanism = seq2seq.LuongAttention(5, tf.constant(memory), scale=scale)
    alignments, _ = mechanism(tf.constant(query), None)
    assert names() == ["memory_layer/kernel"] + ["luong_attention/attention_g"] * scale
    got, kernel, *g = evaluated([alignments] + tf.global_variables())
    scores = (query[:, None] * (memory @ kernel)).sum(2)
    close(got, softmax(scores * (g[0] if scale else 1)))
    with pytest.raises(ValueError, match="Incompatible or unknown inner dimensions"):
        seq2seq.LuongAttention(4, tf.constant(memory))(tf.constant(query), None)


def test_monotonic_attention():
    p, previous = np.float32([[.2, .5, .9]]), np.float32([[.3, .4, .1]])
    wanted, left = [], 0.
    for i in range(3):
        # What was at i, and what passed the places before.
        left = left * (1 - p[0, i - 1] if i else 0) + previous[0, i]
        wanted.append(p[0, i] * left)
    for mode in ("parallel", "recursive"):
        close(run(seq2seq.monotonic_attention(p, previous, mode)), [wanted], rtol=1e-4)
    hard = run(seq2seq.monotonic_attention(np.float32([[1, 0, 1]]), np.float32([[0, 1, 0]]),
                                           "hard"))
    close(hard, [[0, 0, 1]])
    close(run(seq2seq.safe_cumprod(p, axis=1)), np.cumprod(p, axis=1))
    with pytest.raises(ValueError, match="mode must be 'recursive', 'parallel', or 'hard'"):
        seq2seq.monotonic_attention(p, previous, "soft")


@pytest.mark.parametrize("made", [seq2seq.BahdanauMonotonicAttention,
                                  seq2seq.LuongMonotonicAttention])
def test_monotonic_mechanisms(made):
    mechanism = made(5, tf.constant(drawn(2, 4, 3)), [4, 3], sigmoid_noise=0.1, mode="parallel",
                     score_bias_init=-1.)
    first = mechanism.initial_alignments(2, tf.float32)
    alignments, _ = mechanism(tf.constant(drawn(2, 5)), first)
    first, alignments = evaluated([first, alignments])
    np.testing.assert_array_equal(first, [[1, 0, 0, 0]] * 2)
    assert (alignments >= 0).all() and (alignments.sum(1) <= 1.0001).all()
    assert alignments[1, 3] == 0
    assert [n.split("/")[-1] for n in names()][-1] == "attention_score_bias"


def test_attention_wrapper():
    memory, x = drawn(2, 4, 3), drawn(2, 5)
    mechanism = seq2seq.LuongAttention(6, tf.constant(memory))
    cell = seq2seq.AttentionWrapper(cells.GRUCell(6), mechanism, attention_layer_size=7,
                                    alignment_history=True)
    state = cell.zero_state(2, tf.float32)
    assert cell.output_size == 7 and cell.state_size.alignments == 4
    output, state = cell(tf.constant(x), state)
    output, state = cell(tf.constant(x), state)
    assert [n for n in names() if "gates" not in n and "candidate" not in n] == [
        "memory_layer/kernel", "attention_wrapper/attention_layer/kernel"]
    assert "attention_wrapper/gru_cell/gates/kernel" in names()
    values = {v.op.name: v for v in tf.global_variables()}
    output, h, alignments, time, history, v = evaluated(
        [output, state.cell_state, state.alignments, state.time,
         state.alignment_history.stack(), values])
    assert time == 2 and history.shape == (2, 2, 4)
    close(history[1], alignments)
    keys = memory @ v["memory_layer/kernel"]
    close(alignments, softmax((h[:, None] * keys).sum(2)))
    context = (alignments[:, :, None] * memory).sum(1)
    close(output, np.hstack([h, context]) @ v["attention_wrapper/attention_layer/kernel"])
    with pytest.raises(TypeError, match="Expected state to be instance of AttentionWrapperState"):
        cell(tf.constant(x), tf.zeros([2, 6]))


def test_several_mechanisms_and_a_given_state():
    memory = tf.constant(drawn(2, 4, 3))
    mechanisms = [seq2seq.BahdanauAttention(5, memory), seq2seq.BahdanauAttention(5, memory)]
    first = tf.constant(drawn(2, 6))
    cell = seq2seq.AttentionWrapper(cells.GRUCell(6), mechanisms, initial_cell_state=first,
                                    output_attention=False)
    assert cell.output_size == 6 and cell.state_size.attention == 6
    state = cell.zero_state(2, tf.float32)
    assert len(state.alignments) == 2
    other = state.clone(cell_state=tf.zeros([2, 6]))
    assert other.cell_state is not state.cell_state and other.time is state.time
    with pytest.raises(ValueError):
        state.clone(cell_state=tf.zeros([2, 5]))
    got, first = evaluated([state.cell_state, first])
    close(got, first)
    for args, words in (((cells.GRUCell(6), 3), "attention_mechanism must be an Attention"),
                        ((cells.GRUCell(6), [3]), "must contain only instances of Attention")):
        with pytest.raises(TypeError, match=words):
            seq2seq.AttentionWrapper(*args)
    with pytest.raises(ValueError, match="attention_layer_size must contain exactly one"):
        seq2seq.AttentionWrapper(cells.GRUCell(6), mechanisms, attention_layer_size=[1])
    with pytest.raises(ValueError, match="Only one of attention_layer_size and attention_layer"):
        seq2seq.AttentionWrapper(cells.GRUCell(6), mechanisms, [1, 1],
                                 attention_layer=[tf.layers.Dense(1)] * 2)


def test_a_batch_that_does_not_fit_the_memory():
    memory = tf.placeholder(tf.float32, [None, 4, 3])
    cell = seq2seq.AttentionWrapper(cells.GRUCell(6), seq2seq.LuongAttention(6, memory))
    state = cell.zero_state(tf.placeholder_with_default(3, []), tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="tile_batch"):
            session.run(state.cell_state, {memory: drawn(2, 4, 3)})


def test_hardmax():
    np.testing.assert_array_equal(run(seq2seq.hardmax([[1., 3, 2], [5, 0, 0]])),
                                  [[0, 1, 0], [1, 0, 0]])


# ---- beams ----

def test_gather_tree():
    steps = np.int32([[[1, 2]], [[3, 4]], [[5, 6]]])
    parents = tf.constant([[[0, 0]], [[0, 1]], [[1, 0]]])
    np.testing.assert_array_equal(run(seq2seq.gather_tree(steps, parents, [3], 9)),
                                  [[[2, 1]], [[4, 3]], [[5, 6]]])
    kept = np.arange(12, dtype="f").reshape(3, 1, 2, 2)
    lengths = np.int64([[3, 3]])
    ordered = run(seq2seq.gather_tree_from_array(tf.constant(kept), parents, lengths))
    np.testing.assert_array_equal(ordered[0, 0], kept[0, 0, [1, 0]])
    flat = run(seq2seq.gather_tree_from_array(tf.constant(kept.reshape(3, 2, 2)), parents,
                                              lengths))
    np.testing.assert_array_equal(flat, ordered.reshape(3, 2, 2))


def test_tile_batch():
    tiled = seq2seq.tile_batch({"a": tf.constant([[1, 2], [3, 4]]), "b": tf.constant([5, 6])}, 2)
    assert tiled["a"].shape.as_list() == [4, 2]
    tiled = run(tiled)
    np.testing.assert_array_equal(tiled["a"], [[1, 2], [1, 2], [3, 4], [3, 4]])
    np.testing.assert_array_equal(tiled["b"], [5, 5, 6, 6])
    unknown = seq2seq.tile_batch(tf.placeholder(tf.float32, [None, 3]), 4)
    assert unknown.shape.as_list() == [None, 3]
    with pytest.raises(ValueError, match="statically known rank"):
        seq2seq.tile_batch(tf.constant(3), 2)


def best_sequences(logits, start, end, steps, width):
    """The likeliest sequences of `steps` symbols, found by trying all."""
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    found = {}
    for sequence in itertools.product(range(len(logits)), repeat=steps):
        last, score, ended = start, 0., False
        kept = []
        for symbol in sequence:
            if ended:
                symbol = end
            else:
                score += log_p[last, symbol]
            kept.append(symbol)
            ended, last = ended or symbol == end, symbol
        found[tuple(kept)] = score
    return sorted(found.items(), key=lambda item: -item[1])[:width]


def test_beams_find_the_best_of_all_sequences():
    logits, width, steps = drawn(4, 4) * 2, 16, 3
    cell = table_cell(logits)
    decoder = seq2seq.BeamSearchDecoder(
        cell, tf.constant(np.eye(4, dtype="f")), start_tokens=[0, 1], end_token=3,
        initial_state=cell.zero_state(2 * width, tf.float32), beam_width=width)
    outputs, state, lengths = seq2seq.dynamic_decode(decoder, maximum_iterations=steps)
    ids, log_probs = run([outputs.predicted_ids, state.log_probs])
    assert ids.shape == (2, steps, width)
    for row, start in enumerate((0, 1)):
        for beam, (sequence, score) in enumerate(best_sequences(logits, start, 3, steps, 8)):
            assert tuple(ids[row, :, beam]) == sequence
            close(log_probs[row, beam], score, rtol=1e-4)


def test_beams_end_and_prefer_by_length():
    logits = np.log(np.float32([[.01, .49, .01, .49], [.01, .01, .9, .08],
                                [.01, .01, .01, .97], [.25] * 4]))
    cell = table_cell(logits)

    def decoded(weight):
        decoder = seq2seq.BeamSearchDecoder(
            cell, tf.constant(np.eye(4, dtype="f")), [0], 3, cell.zero_state(3, tf.float32), 3,
            length_penalty_weight=weight)
        outputs, state, _ = seq2seq.dynamic_decode(decoder, maximum_iterations=20)
        return run([outputs.predicted_ids, state.lengths, state.finished])

    ids, lengths, finished = decoded(0.)
    assert finished.all() and list(ids[0, :, 0][:1]) == [3] and lengths[0, 0] == 1
    ids, lengths, _ = decoded(2.)
    assert list(ids[0, :3, 0]) == [1, 2, 3] and lengths[0, 0] == 3


def test_beams_with_attention_and_coverage():
    width = 3
    memory = seq2seq.tile_batch(tf.constant(drawn(2, 4, 5)), width)
    lengths = seq2seq.tile_batch(tf.constant([4, 2]), width)
    mechanism = seq2seq.BahdanauAttention(5, memory, lengths)
    cell = seq2seq.AttentionWrapper(cells.BasicLSTMCell(6), mechanism, attention_layer_size=6,
                                    alignment_history=True)
    decoder = seq2seq.BeamSearchDecoder(
        cell, lambda ids: tf.one_hot(ids, 7), [1, 2], 0, cell.zero_state(2 * width, tf.float32),
        width, output_layer=tf.layers.Dense(7), coverage_penalty_weight=0.2,
        length_penalty_weight=0.5)
    outputs, state, ends = seq2seq.dynamic_decode(decoder, maximum_iterations=5)
    ids, history, scores = evaluated(
        [outputs.predicted_ids, state.cell_state.alignment_history,
         outputs.beam_search_decoder_output.scores])
    assert ids.shape[0] == 2 and ids.shape[2] == width and history.shape[1:] == (6, 4)
    close(history[0].sum(1), np.ones(6))
    assert (np.diff(scores[:, -1], axis=1) <= 0).all()
    with pytest.raises(ValueError, match="AttentionWrapper must be used when coverage"):
        plain = cells.GRUCell(3)
        decoder = seq2seq.BeamSearchDecoder(
            plain, lambda ids: tf.one_hot(ids, 7), [1], 0, plain.zero_state(2, tf.float32), 2,
            coverage_penalty_weight=0.1)
        decoder.initialize()


def test_a_state_that_was_not_tiled():
    cell = cells.GRUCell(4)
    with pytest.raises(ValueError, match="Perhaps you forgot to create a zero_state"):
        seq2seq.BeamSearchDecoder(cell, lambda ids: tf.one_hot(ids, 7), [1, 1], 0,
                                  tf.zeros([4, 3]), 2)


# ---- losses ----

def test_sequence_loss():
    logits, targets = drawn(2, 3, 4), np.int32([[0, 1, 2], [3, 3, 0]])
    weights = np.float32([[1, 2, 0], [1, 0, 0]])
    p = np.exp(logits) / np.exp(logits).sum(2, keepdims=True)
    losses = -np.log(np.take_along_axis(p, targets[..., None], 2)[..., 0]) * weights

    def loss(**kwargs):
        return run(seq2seq.sequence_loss(tf.constant(logits), tf.constant(targets),
                                         tf.constant(weights), **kwargs))

    off = {"average_across_timesteps": False, "average_across_batch": False}
    close(loss(), losses.sum() / weights.sum())
    close(loss(average_across_batch=False), losses.sum(1) / weights.sum(1))
    close(loss(average_across_timesteps=False), [losses[:, i].sum() / max(weights[:, i].sum(), 1)
                                                 for i in range(3)])
    close(loss(**off), losses)
    close(loss(**off, sum_over_timesteps=True, sum_over_batch=True), losses.sum() / 3)
    close(loss(**off, sum_over_timesteps=True), losses.sum(1) / [2, 1])
    with pytest.raises(ValueError, match="Logits must be a \\[batch_size x sequence_length x"):
        seq2seq.sequence_loss(tf.zeros([2, 3]), targets, weights)
    with pytest.raises(ValueError, match="cannot be set to True at same time"):
        seq2seq.sequence_loss(tf.constant(logits), tf.constant(targets), tf.constant(weights),
                              sum_over_batch=True)
