"""Sequences of many lengths: which rise steadily, and which jump about?

    weft py dynamic_rnn.py

The sequences of a batch are filled up with zeros to the same length. dynamic_rnn is told how long
each one is: behind its end nothing changes any more, and so the last state is that at the end.
"""
import random

import numpy as np
import tensorflow as tf

steps, batch_size, longest, hidden = 400, 128, 20, 32
draw = random.Random(1)


def sequence():
    """(numbers, class): 0 for a steady rise, 1 for numbers drawn anew each time."""
    length = draw.randint(3, longest)
    if draw.random() < 0.5:
        start = draw.randint(0, 1000 - length)
        return [i / 1000 for i in range(start, start + length)], 0
    return [draw.randint(0, 1000) / 1000 for _ in range(length)], 1


def batch(n):
    """Sequences filled up with zeros, their classes and lengths."""
    drawn = [sequence() for _ in range(n)]
    filled = np.zeros([n, longest, 1], np.float32)
    for row, (numbers, _) in zip(filled, drawn):
        row[:len(numbers), 0] = numbers
    return filled, [label for _, label in drawn], [len(numbers) for numbers, _ in drawn]


tf.set_random_seed(1)
x = tf.placeholder(tf.float32, [None, longest, 1])
y = tf.placeholder(tf.int32, [None])
lengths = tf.placeholder(tf.int32, [None])

cell = tf.contrib.rnn.BasicLSTMCell(hidden)
outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, sequence_length=lengths)
# The same by hand: the output of the last step that there is, whose place differs by row.
last = tf.gather_nd(outputs, tf.stack([tf.range(tf.shape(x)[0]), lengths - 1], axis=1))
logits = tf.layers.dense(last, 2)
loss = tf.losses.sparse_softmax_cross_entropy(labels=y, logits=logits)
train = tf.train.AdamOptimizer(0.02).minimize(loss)
right = tf.equal(tf.argmax(logits, 1, output_type=tf.int32), y)
accuracy = tf.reduce_mean(tf.cast(right, tf.float32))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(1, steps + 1):
        feeds = dict(zip((x, y, lengths), batch(batch_size)))
        sess.run(train, feed_dict=feeds)
        if step % 100 == 0:
            l, a = sess.run([loss, accuracy], feed_dict=feeds)
            print("step %d: loss %.4f, accuracy %.3f" % (step, l, a))
    feeds = dict(zip((x, y, lengths), batch(1000)))
    reached, at_end, kept = sess.run([accuracy, last, state.h], feed_dict=feeds)
    assert (at_end == kept).all()
    print("reached accuracy %.3f on 1000 new sequences after %d steps" % (reached, steps))
assert reached > 0.95
