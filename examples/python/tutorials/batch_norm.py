"""Batch normalization: the same deep network with it and without it, side by side.

    weft py batch_norm.py [FOLDER]

FOLDER has the four files of MNIST; it may also be named by the variable MNIST.
"""
import os
import sys

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MNIST", "MNIST_data")
steps = 600


def network(images, training, normalized):
    """Eight hidden layers with sigmoids, which are hard to train."""
    net = images
    for i in range(8):
        net = tf.layers.dense(net, 64, use_bias=not normalized, name="hidden%d" % i)
        if normalized:
            net = tf.layers.batch_normalization(net, training=training, momentum=0.9,
                                                name="norm%d" % i)
        net = tf.nn.sigmoid(net)
    return tf.layers.dense(net, 10, name="scores")


def trained(images, labels, training, normalized, name):
    """(training step, accuracy) of a network in a scope of its own."""
    with tf.variable_scope(name):
        scores = network(images, training, normalized)
        loss = tf.losses.sparse_softmax_cross_entropy(labels=labels, logits=scores)
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS, scope=name)
        with tf.control_dependencies(updates):
            step = tf.train.AdamOptimizer(0.01).minimize(loss)
    correct = tf.equal(tf.argmax(scores, 1), labels)
    print("%s: %d updates of moving averages beside each step" % (name, len(updates)))
    return step, tf.reduce_mean(tf.cast(correct, tf.float32))


mnist = input_data.read_data_sets(folder)
tf.set_random_seed(1)

images = tf.placeholder(tf.float32, [None, 784])
labels = tf.placeholder(tf.int64, [None])
training = tf.placeholder(tf.bool, [])
plain_step, plain = trained(images, labels, training, False, "plain")
norm_step, norm = trained(images, labels, training, True, "normalized")

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(1, steps + 1):
        batch = mnist.train.next_batch(100)
        sess.run([plain_step, norm_step], {images: batch[0], labels: batch[1], training: True})
        if step % 200 == 0:
            print("step %d: accuracy of validation %.3f plain, %.3f normalized" % ((step,) + tuple(
                sess.run([plain, norm], {images: mnist.validation.images,
                                         labels: mnist.validation.labels, training: False}))))
    reached = sess.run([plain, norm], {images: mnist.test.images, labels: mnist.test.labels,
                                       training: False})
    print("reached accuracy %.4f plain and %.4f normalized after %d steps"
          % (reached[0], reached[1], steps))
assert reached[1] > 0.9 and reached[1] > reached[0]
