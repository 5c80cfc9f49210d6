"""A network with two hidden layers on handwritten digits, layers made by a function of ours.

    weft py mlp_mnist.py [FOLDER]

FOLDER has the four files of MNIST; it may also be named by the variable MNIST.
"""
import os
import sys

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MNIST", "MNIST_data")
steps = 1500


def layer(inputs, size, name, activation=tf.nn.relu):
    """All inputs to `size` outputs."""
    with tf.variable_scope(name):
        weights = tf.get_variable("weights", [inputs.shape[1], size])
        biases = tf.get_variable("biases", [size], initializer=tf.zeros_initializer())
        outputs = tf.nn.xw_plus_b(inputs, weights, biases)
        return activation(outputs) if activation else outputs


def network(images):
    """The scores of the ten digits."""
    hidden = layer(images, 256, "hidden1")
    hidden = layer(hidden, 128, "hidden2")
    return layer(hidden, 10, "scores", activation=None)


mnist = input_data.read_data_sets(folder)
tf.set_random_seed(1)

images = tf.placeholder(tf.float32, [None, 784])
labels = tf.placeholder(tf.int64, [None])
scores = network(images)
loss = tf.reduce_mean(
    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=scores))

global_step = tf.train.get_or_create_global_step()
rate = tf.train.exponential_decay(0.002, global_step, decay_steps=500, decay_rate=0.7)
train = tf.train.AdamOptimizer(rate).minimize(loss, global_step=global_step)
accuracy = tf.reduce_mean(tf.cast(tf.nn.in_top_k(scores, labels, 1), tf.float32))

print("trains", sum(v.shape.num_elements() for v in tf.trainable_variables()), "numbers")
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    while sess.run(global_step) < steps:
        batch = mnist.train.next_batch(128)
        _, l, step = sess.run([train, loss, global_step], {images: batch[0], labels: batch[1]})
        if step % 500 == 0:
            valid = sess.run(accuracy, {images: mnist.validation.images,
                                        labels: mnist.validation.labels})
            print("step %d: loss %.4f, accuracy of validation %.4f" % (step, l, valid))
    reached = sess.run(accuracy, {images: mnist.test.images, labels: mnist.test.labels})
    print("reached accuracy %.4f on the test images after %d steps" % (reached, steps))
assert reached > 0.96
