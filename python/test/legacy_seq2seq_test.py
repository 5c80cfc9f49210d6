"""tf.contrib.legacy_seq2seq: variables, values, losses, what is fed back."""
import numpy as np
import pytest
import weft as tf

seq2seq = tf.contrib.legacy_seq2seq
cells = tf.nn.rnn_cell


def drawn(*shape, seed=0):
    return np.random.RandomState(sum(shape) + seed).randn(*shape).astype("f") / 2


def names():
    return [v.op.name for v in tf.trainable_variables()]


def load(session):
    session.run(tf.global_variables_initializer())
    for variable in tf.global_variables():
        variable.load(drawn(*variable.shape.as_list()), session)


def evaluated(fetches, feeds=None):
    with tf.Session() as session:
        load(session)
        return session.run(fetches, feeds)


def numbers(n, seed=0):
    draw = np.random.RandomState(seed)
    return [tf.constant(draw.randint(0, 3, 4)) for _ in range(n)]


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_basic_and_tied():
    enc, dec = [tf.constant(drawn(4, 3))] * 2, [tf.constant(drawn(4, 3, seed=1))] * 3
    outputs, state = seq2seq.basic_rnn_seq2seq(enc, dec, cells.GRUCell(5))
    assert len(outputs) == 3
    assert sorted({name.split("/gru_cell")[0] for name in names()}) == [
        "basic_rnn_seq2seq/rnn", "basic_rnn_seq2seq/rnn_decoder"]
    outputs, state = evaluated([outputs, state])
    close(outputs[-1], state)
    tf.reset_default_graph()
    enc, dec = [tf.constant(drawn(4, 3))] * 2, [tf.constant(drawn(4, 3, seed=1))] * 3
    tied, _ = seq2seq.tied_rnn_seq2seq(enc, dec, cells.GRUCell(5))
    assert {name.split("/gru_cell")[0] for name in names()} == {
        "combined_tied_rnn_seq2seq/tied_rnn_seq2seq"}
    with tf.variable_scope("combined_tied_rnn_seq2seq/tied_rnn_seq2seq", reuse=True) as scope:
        whole, _ = tf.nn.static_rnn(cells.GRUCell(5), enc + dec, dtype=tf.float32, scope=scope)
    tied, whole = evaluated([tied, whole])
    close(tied, whole[2:])


def test_a_loop_function_gets_the_last_output():
    seen = []

    def loop_function(prev, i):
        seen.append(i)
        return prev * 2

    outputs, _ = seq2seq.rnn_decoder([tf.constant(drawn(4, 3))] * 3, tf.zeros([4, 3]),
                                     cells.GRUCell(3), loop_function)
    assert seen == [1, 2]
    with tf.variable_scope("rnn_decoder", reuse=True):
        cell = cells.GRUCell(3)
        first, state = cell(tf.constant(drawn(4, 3)), tf.zeros([4, 3]))
        second, _ = cell(first * 2, state)
    outputs, first, second = evaluated([outputs, first, second])
    close(outputs[0], first)
    close(outputs[1], second)


def test_symbols():
    enc, dec = numbers(2), numbers(3, 1)
    outputs, _ = seq2seq.embedding_rnn_seq2seq(enc, dec, cells.BasicLSTMCell(4), 3, 5, 6)
    assert names() == ["embedding_rnn_seq2seq/" + n for n in (
        "rnn/embedding_wrapper/embedding",
        "rnn/embedding_wrapper/basic_lstm_cell/kernel",
        "rnn/embedding_wrapper/basic_lstm_cell/bias",
        "embedding_rnn_decoder/embedding",
        "embedding_rnn_decoder/rnn_decoder/output_projection_wrapper/basic_lstm_cell/kernel",
        "embedding_rnn_decoder/rnn_decoder/output_projection_wrapper/basic_lstm_cell/bias",
        "embedding_rnn_decoder/rnn_decoder/output_projection_wrapper/kernel",
        "embedding_rnn_decoder/rnn_decoder/output_projection_wrapper/bias")]
    assert [o.shape.as_list() for o in outputs] == [[4, 5]] * 3


@pytest.mark.parametrize("model", ["embedding_rnn_seq2seq", "embedding_attention_seq2seq",
                                   "embedding_tied_rnn_seq2seq"])
def test_feeding_back_is_reading_what_was_said(model):
    """Fed back, a decoder says the same as when it reads its own words; a tensor chooses."""
    sizes = (5, 6) if "tied" in model else (5, 5, 6)
    enc = numbers(2)
    dec = [tf.placeholder(tf.int32, [4]) for _ in range(3)]
    fed = tf.placeholder(tf.bool, [])
    with tf.variable_scope("m", reuse=tf.AUTO_REUSE):
        ways = [getattr(seq2seq, model)(enc, dec, cells.GRUCell(4), *sizes, feed_previous=way)[0]
                for way in (True, False, fed)]
    with tf.Session() as session:
        load(session)
        first = np.zeros(4, "i")
        feeds = dict(zip(dec, [first] * 3))
        said = session.run(ways[0], feeds)
        words = [first] + [step.argmax(1) for step in said[:-1]]
        again = dict(zip(dec, words))
        for step in zip(said, session.run(ways[1], again),
                        session.run(ways[2], {**feeds, fed: True}),
                        session.run(ways[2], {**again, fed: False})):
            for other in step[1:]:
                close(step[0], other)
        assert any((a != b).any() for a, b in zip(
            said, session.run(ways[2], {**feeds, fed: False})))


def test_attention():
    states = drawn(4, 3, 6)
    x = drawn(4, 5)
    outputs, _ = seq2seq.attention_decoder(
        [tf.constant(x)] * 2, tf.zeros([4, 6]), tf.constant(states), cells.GRUCell(6),
        output_size=2, num_heads=2, initial_state_attention=True)
    assert [n for n in names() if "gru_cell" not in n] == ["attention_decoder/" + n for n in (
        "AttnW_0", "AttnV_0", "AttnW_1", "AttnV_1", "Attention_0/kernel", "Attention_0/bias",
        "Attention_1/kernel", "Attention_1/bias", "kernel", "bias",
        "AttnOutputProjection/kernel", "AttnOutputProjection/bias")]
    values = {v.op.name[len("attention_decoder/"):]: v for v in tf.global_variables()}
    outputs, v = evaluated([outputs, values])

    def linear(name, *args):
        return np.hstack(args) @ v[name + "kernel"] + v[name + "bias"]

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    def looked(query):
        for head in "01":
            features = states @ v["AttnW_" + head][0, 0]
            scores = (v["AttnV_" + head] * np.tanh(
                features + linear("Attention_%s/" % head, query)[:, None])).sum(2)
            weights = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
            yield (weights[:, :, None] * states).sum(1)

    h = np.zeros([4, 6], "f")
    means = list(looked(h))
    for output in outputs:
        y = linear("", x, *means)
        r, u = np.split(sigmoid(linear("gru_cell/gates/", y, h)), 2, 1)
        h = u * h + (1 - u) * np.tanh(linear("gru_cell/candidate/", y, r * h))
        means = list(looked(h))
        np.testing.assert_allclose(output, linear("AttnOutputProjection/", h, *means), rtol=1e-4,
                                   atol=1e-5)
    for kwargs, words in (({"decoder_inputs": []}, "at least 1 input"),
                          ({"num_heads": 0}, "With less than 1 heads"),
                          ({"attention_states": tf.placeholder(tf.float32, [4, 3, None])},
                           "must be known")):
        given = {"decoder_inputs": [tf.constant(x)], "initial_state": tf.zeros([4, 6]),
                 "attention_states": tf.constant(states), "cell": cells.GRUCell(6), **kwargs}
        with pytest.raises(ValueError, match=words):
            seq2seq.attention_decoder(**given)


def test_one_encoder_of_many_decoders():
    outputs, states = seq2seq.one2many_rnn_seq2seq(
        numbers(2), {"a": numbers(3), "b": numbers(1)}, cells.GRUCell(4),
        {"a": cells.GRUCell(4), "b": cells.GRUCell(4)}, 3, {"a": 5, "b": 7}, 6)
    assert len(outputs["a"]) == 3 and outputs["b"][0].shape.as_list() == [4, 7]
    assert set(states) == {"a", "b"}
    assert {n.split("/")[1] for n in names()} == {"rnn", "one2many_decoder_a",
                                                  "one2many_decoder_b"}


def test_losses():
    logits, targets = drawn(2, 4, 3), np.int32([[0, 1, 2, 0], [1, 1, 0, 2]])
    weights = np.float32([[1, 1, 0, 0.5], [1, 0, 0, 2]])
    args = [[tf.constant(part) for part in given] for given in (logits, targets, weights)]
    by_example = seq2seq.sequence_loss_by_example(*args)
    p = np.exp(logits) / np.exp(logits).sum(2, keepdims=True)
    losses = -np.log(np.take_along_axis(p, targets[..., None], 2)[..., 0]) * weights
    wanted = losses.sum(0) / (weights.sum(0) + 1e-12)
    close(evaluated(by_example), wanted)
    close(evaluated(seq2seq.sequence_loss(*args)), wanted.sum() / 4)
    total = seq2seq.sequence_loss(*args, average_across_timesteps=False,
                                  average_across_batch=False)
    close(evaluated(total), losses.sum())
    own = seq2seq.sequence_loss_by_example(
        *args, softmax_loss_function=lambda labels, logits: tf.cast(labels, tf.float32))
    close(evaluated(own), (targets * weights).sum(0) / (weights.sum(0) + 1e-12))
    with pytest.raises(ValueError, match="Lengths of logits, weights, and targets must be"):
        seq2seq.sequence_loss(args[0], args[1], args[2][:1])


def test_buckets_share_their_variables():
    enc, dec = numbers(3), numbers(4, 1)
    outputs, losses = seq2seq.model_with_buckets(
        enc, dec, dec, [tf.ones([4])] * 4, [(2, 2), (3, 4)],
        lambda x, y: seq2seq.embedding_rnn_seq2seq(x, y, cells.GRUCell(8), 3, 3, 4))
    assert [len(o) for o in outputs] == [2, 4] and len(names()) == 12
    train = tf.train.AdamOptimizer(0.05).minimize(losses[1])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(60):
            session.run(train)
        assert session.run(losses[1]) < 0.1
    with pytest.raises(ValueError, match="Length of encoder_inputs \\(3\\) must be at least"):
        seq2seq.model_with_buckets(enc, dec, dec, dec, [(4, 4)], None)


def test_internal_spelling():
    from weft import _alias
    _alias.claim("tensorflow")
    from tensorflow.contrib.legacy_seq2seq.python.ops import seq2seq as inside
    for name in ("embedding_attention_seq2seq", "embedding_rnn_seq2seq", "sequence_loss"):
        assert getattr(inside, name) is getattr(seq2seq, name)
