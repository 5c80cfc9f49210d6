"""A recurrent network that reads images of digits row by row, downwards and upwards.

    weft py bidirectional_mnist.py [FOLDER]

FOLDER has the four files of MNIST; it may also be named by the variable MNIST. Each direction is a
loop of its own in the graph.
"""
import os
import sys

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MNIST", "MNIST_data")
steps, batch_size = 350, 100
rows, columns, hidden, classes = 28, 28, 48, 10

mnist = input_data.read_data_sets(folder)
tf.set_random_seed(1)

x = tf.placeholder(tf.float32, [None, rows, columns])
y = tf.placeholder(tf.int64, [None])

outputs, (down, up) = tf.nn.bidirectional_dynamic_rnn(
    tf.nn.rnn_cell.GRUCell(hidden), tf.nn.rnn_cell.GRUCell(hidden), x, dtype=tf.float32)
# What each direction knows at its end: the whole image.
logits = tf.layers.dense(tf.concat([down, up], axis=1), classes)
loss = tf.losses.sparse_softmax_cross_entropy(labels=y, logits=logits)
train = tf.train.AdamOptimizer(0.008).minimize(loss)
accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), y), tf.float32))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(1, steps + 1):
        images, labels = mnist.train.next_batch(batch_size)
        feeds = {x: images.reshape(-1, rows, columns), y: labels}
        sess.run(train, feed_dict=feeds)
        if step % 70 == 0:
            l, a = sess.run([loss, accuracy], feed_dict=feeds)
            print("step %d: loss %.4f, accuracy %.3f" % (step, l, a))
    images = mnist.test.images[:2000].reshape(-1, rows, columns)
    reached = sess.run(accuracy, feed_dict={x: images, y: mnist.test.labels[:2000]})
    print("reached accuracy %.4f on 2000 test images after %d steps" % (reached, steps))
assert reached > 0.92
