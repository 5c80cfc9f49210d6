"""A recurrent network that reads images of digits row by row.

    weft py rnn_mnist.py [FOLDER]

FOLDER has the four files of MNIST; it may also be named by the variable MNIST. The network is
unrolled: each of the 28 rows has its own nodes, and all share one LSTM's variables.
"""
import os
import sys

import tensorflow as tf
from tensorflow.contrib import rnn
from tensorflow.examples.tutorials.mnist import input_data

folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MNIST", "MNIST_data")
steps, batch_size = 400, 100
rows, columns, hidden, classes = 28, 28, 64, 10

mnist = input_data.read_data_sets(folder, one_hot=True)
tf.set_random_seed(1)

x = tf.placeholder("float", [None, rows, columns])
y = tf.placeholder("float", [None, classes])
weights = tf.Variable(tf.random_normal([hidden, classes], stddev=0.1))
biases = tf.Variable(tf.zeros([classes]))


def network(images):
    """Logits from the output after the last row."""
    cell = rnn.BasicLSTMCell(hidden, forget_bias=1.0)
    outputs, _ = rnn.static_rnn(cell, tf.unstack(images, rows, 1), dtype=tf.float32)
    return tf.matmul(outputs[-1], weights) + biases


logits = network(x)
loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=y))
train = tf.train.AdamOptimizer(0.006).minimize(loss)
correct = tf.equal(tf.argmax(logits, 1), tf.argmax(y, 1))
accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(1, steps + 1):
        images, labels = mnist.train.next_batch(batch_size)
        feeds = {x: images.reshape(-1, rows, columns), y: labels}
        sess.run(train, feed_dict=feeds)
        if step % 100 == 0:
            l, a = sess.run([loss, accuracy], feed_dict=feeds)
            print("step %d: loss %.4f, accuracy %.3f" % (step, l, a))
    images = mnist.test.images[:2000].reshape(-1, rows, columns)
    reached = sess.run(accuracy, feed_dict={x: images, y: mnist.test.labels[:2000]})
    print("reached accuracy %.4f on 2000 test images after %d steps" % (reached, steps))
assert reached > 0.92
