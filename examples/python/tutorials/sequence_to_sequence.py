"""Sequence to sequence: a toy language is translated, with attention and beams.

    weft py sequence_to_sequence.py

A sentence of the one language is a string of letters; in the other it is said backwards, and each
letter is another one. Nobody tells the network that: an encoder reads the sentence from both sides,
and a decoder, which looks back at what was read, writes the translation letter by letter until it
says that it is finished.
"""
import random

import numpy as np
import tensorflow as tf
from tensorflow.contrib import seq2seq
from tensorflow.contrib.rnn import GRUCell

letters = "abcdefgh"
others = dict(zip(letters, "qrstuvwx"))
symbols = ["<pad>", "<go>", "<end>"] + sorted(letters) + sorted(others.values())
PAD, GO, END = 0, 1, 2
number = {symbol: i for i, symbol in enumerate(symbols)}
steps, batch_size, longest, hidden, depth, beams = 300, 64, 7, 64, 24, 3
draw = random.Random(2)


def sentence():
    return "".join(draw.choice(letters) for _ in range(draw.randint(2, longest)))


def translated(text):
    return "".join(others[letter] for letter in reversed(text))


def filled(texts):
    """The numbers of the texts, [batch, length], and how many there are of each."""
    lengths = [len(text) for text in texts]
    rows = np.full([len(texts), max(lengths)], PAD)
    for row, text in zip(rows, texts):
        row[:len(text)] = [number[symbol] for symbol in text]
    return rows, np.array(lengths)


def feeds_of(texts):
    """What to feed for sentences and their translations."""
    read, read_lengths = filled(texts)
    write, write_lengths = filled([list(translated(text)) + ["<end>"] for text in texts])
    return {source: read, source_lengths: read_lengths, target: write,
            target_lengths: write_lengths}


tf.set_random_seed(2)
source = tf.placeholder(tf.int32, [None, None])
source_lengths = tf.placeholder(tf.int32, [None])
target = tf.placeholder(tf.int32, [None, None])
target_lengths = tf.placeholder(tf.int32, [None])
batch = tf.shape(source)[0]

embedding = tf.get_variable("embedding", [len(symbols), depth])
both, ends = tf.nn.bidirectional_dynamic_rnn(
    GRUCell(hidden // 2), GRUCell(hidden // 2), tf.nn.embedding_lookup(embedding, source),
    source_lengths, dtype=tf.float32)
memory, read = tf.concat(both, 2), tf.concat(ends, 1)
output_layer = tf.layers.Dense(len(symbols), use_bias=False)


def decoder_cell(memory, lengths, first_state, size):
    """A cell that attends to the memory, and the state it begins with."""
    attention = seq2seq.LuongAttention(hidden, memory, memory_sequence_length=lengths)
    cell = seq2seq.AttentionWrapper(GRUCell(hidden), attention, attention_layer_size=hidden)
    return cell, cell.zero_state(size, tf.float32).clone(cell_state=first_state)


# In training the decoder reads what it should have written, a letter later.
with tf.variable_scope("translate"):
    cell, state = decoder_cell(memory, source_lengths, read, batch)
    begun = tf.concat([tf.fill([batch, 1], GO), target[:, :-1]], 1)
    helper = seq2seq.TrainingHelper(tf.nn.embedding_lookup(embedding, begun), target_lengths)
    outputs, _, _ = seq2seq.dynamic_decode(
        seq2seq.BasicDecoder(cell, helper, state, output_layer), scope="decoder")
loss = seq2seq.sequence_loss(outputs.rnn_output, target,
                             tf.sequence_mask(target_lengths, dtype=tf.float32))
optimizer = tf.train.AdamOptimizer(0.005)
gradients, variables = zip(*optimizer.compute_gradients(loss))
train = optimizer.apply_gradients(zip(tf.clip_by_global_norm(gradients, 5.)[0], variables))

# Later it reads what it has written, and keeps the best few beginnings.
with tf.variable_scope("translate", reuse=True):
    cell, state = decoder_cell(*(seq2seq.tile_batch(t, beams)
                                 for t in (memory, source_lengths, read)), batch * beams)
    search = seq2seq.BeamSearchDecoder(cell, embedding, tf.fill([batch], GO), END, state, beams,
                                       output_layer)
    found, _, _ = seq2seq.dynamic_decode(search, maximum_iterations=longest + 2, scope="decoder")


def said(row):
    """The symbols of a row up to its end."""
    row = list(row)
    return "".join(symbols[i] for i in row[:row.index(END) if END in row else None])


with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(1, steps + 1):
        l, _ = sess.run([loss, train], feeds_of([sentence() for _ in range(batch_size)]))
        if step % 100 == 0:
            print("step %d: loss %.4f" % (step, l))
    texts = [sentence() for _ in range(200)]
    best = sess.run(found.predicted_ids, feeds_of(texts))[:, :, 0]
    answers = [said(row) for row in best]
    for text, answer in list(zip(texts, answers))[:5]:
        print("%-8s %-8s %s" % (text, answer, "" if answer == translated(text) else "wrong"))
    reached = np.mean([answer == translated(text) for text, answer in zip(texts, answers)])
    print("reached %.1f%% of 200 new sentences translated without a fault" % (100 * reached))
assert reached > 0.9
