"""A variational autoencoder: digits as points of a plane, and new digits from points.

    weft py vae.py [FOLDER]

FOLDER has the four files of MNIST; it may also be named by the variable MNIST.
"""
import os
import sys

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MNIST", "MNIST_data")
steps = 1500
latent = 2


def encoder(images):
    """Mean and logarithm of the variance of each image's point."""
    with tf.variable_scope("encoder"):
        net = tf.layers.dense(images, 256, tf.nn.relu)
        net = tf.layers.dense(net, 128, tf.nn.relu)
        return tf.layers.dense(net, latent, name="mean"), tf.layers.dense(net, latent, name="log")


def decoder(points, reuse=None):
    """Scores of the pixels of images, of points of the plane."""
    with tf.variable_scope("decoder", reuse=reuse):
        net = tf.layers.dense(points, 128, tf.nn.relu)
        net = tf.layers.dense(net, 256, tf.nn.relu)
        return tf.layers.dense(net, 784)


mnist = input_data.read_data_sets(folder)
tf.set_random_seed(1)

images = tf.placeholder(tf.float32, [None, 784])
mean, log_variance = encoder(images)
noise = tf.random_normal(tf.shape(mean))
points = mean + tf.exp(0.5 * log_variance) * noise
scores = decoder(points)

# How badly the image is restored, and how far the points are from a standard normal.
crossed = tf.nn.sigmoid_cross_entropy_with_logits(labels=images, logits=scores)
restoring = tf.reduce_mean(tf.reduce_sum(crossed, axis=1))
distance = -0.5 * tf.reduce_sum(
    1 + log_variance - tf.square(mean) - tf.exp(log_variance), axis=1)
divergence = tf.reduce_mean(distance)
loss = restoring + divergence
train = tf.train.AdamOptimizer(0.001).minimize(loss)

given = tf.placeholder(tf.float32, [None, latent])
drawn = tf.sigmoid(decoder(given, reuse=True))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(1, steps + 1):
        batch, _ = mnist.train.next_batch(128)
        _, r, d = sess.run([train, restoring, divergence], {images: batch})
        if step % 500 == 0:
            print("step %d: restoring %.2f, divergence %.2f" % (step, r, d))
    line = np.linspace(-1.5, 1.5, 5)
    new = sess.run(drawn, {given: [[x, 0.0] for x in line]})
    for row in new.reshape(5, 14, 2, 28).mean(axis=2).transpose(1, 0, 2).reshape(14, 140):
        print("".join(" .:*#"[int(pixel * 4.99)] for pixel in row))
    reached = sess.run(loss, {images: mnist.test.images})
    print("reached loss %.2f on the test images after %d steps" % (reached, steps))
assert reached < 175
