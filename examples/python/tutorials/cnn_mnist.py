"""A convolutional network on handwritten digits, made of tf.layers.

    weft py cnn_mnist.py [FOLDER]

FOLDER has the four files of MNIST; it may also be named by the variable MNIST.
"""
import os
import sys

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MNIST", "MNIST_data")
steps = 400


def network(images, training):
    """Two convolutions with pooling, a hidden layer with dropout, ten scores."""
    net = tf.reshape(images, [-1, 28, 28, 1])
    net = tf.layers.conv2d(net, filters=16, kernel_size=5, padding="same", activation=tf.nn.relu)
    net = tf.layers.max_pooling2d(net, pool_size=2, strides=2)
    net = tf.layers.conv2d(net, filters=32, kernel_size=5, padding="same", activation=tf.nn.relu)
    net = tf.layers.max_pooling2d(net, pool_size=2, strides=2)
    net = tf.layers.flatten(net)
    net = tf.layers.dense(net, 128, activation=tf.nn.relu)
    net = tf.layers.dropout(net, rate=0.4, training=training)
    return tf.layers.dense(net, 10)


mnist = input_data.read_data_sets(folder, one_hot=True)
tf.set_random_seed(1)

images = tf.placeholder(tf.float32, [None, 784])
labels = tf.placeholder(tf.float32, [None, 10])
training = tf.placeholder_with_default(False, [])

scores = network(images, training)
loss = tf.losses.softmax_cross_entropy(onehot_labels=labels, logits=scores)
train = tf.train.AdamOptimizer(1e-3).minimize(loss)
correct = tf.equal(tf.argmax(scores, axis=1), tf.argmax(labels, axis=1))
accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))

for v in tf.trainable_variables():
    print("%-20s %s" % (v.name, v.shape))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(1, steps + 1):
        batch = mnist.train.next_batch(64)
        feeds = {images: batch[0], labels: batch[1], training: True}
        sess.run(train, feeds)
        if step % 100 == 0:
            feeds[training] = False
            print("step %d: loss %.4f, accuracy of the batch %.3f"
                  % ((step,) + tuple(sess.run([loss, accuracy], feeds))))
    parts = [sess.run(accuracy, {images: mnist.test.images[i:i + 1000],
                                 labels: mnist.test.labels[i:i + 1000]})
             for i in range(0, len(mnist.test.images), 1000)]
    reached = np.mean(parts)
    print("reached accuracy %.4f on the test images after %d steps" % (reached, steps))
assert reached > 0.96
