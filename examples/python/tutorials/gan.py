"""A generative adversarial network: one network draws digits, another tells them from real ones.

    weft py gan.py [FOLDER]

FOLDER has the four files of MNIST; it may also be named by the variable MNIST.
"""
import os
import sys

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MNIST", "MNIST_data")
steps = 2000
batch_size, noise_size = 128, 64


def generator(noise):
    """Images with pixels in [0, 1]."""
    with tf.variable_scope("generator"):
        hidden = tf.layers.dense(noise, 128, tf.nn.relu)
        return tf.layers.dense(hidden, 784, tf.nn.sigmoid)


def discriminator(images, reuse=False):
    """A score for each image: above 0 where it is taken for a real one."""
    with tf.variable_scope("discriminator", reuse=reuse):
        hidden = tf.layers.dense(images, 128, tf.nn.leaky_relu)
        return tf.layers.dense(hidden, 1)


def loss_of(scores, target):
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(
        labels=tf.fill(tf.shape(scores), target), logits=scores))


mnist = input_data.read_data_sets(folder)
np.random.seed(1)
tf.set_random_seed(1)

real = tf.placeholder(tf.float32, [None, 784])
noise = tf.placeholder(tf.float32, [None, noise_size])
drawn = generator(noise)
real_scores, drawn_scores = discriminator(real), discriminator(drawn, reuse=True)

# The discriminator wants to tell them apart; the generator wants to be taken for real.
d_loss = loss_of(real_scores, 0.9) + loss_of(drawn_scores, 0.0)
g_loss = loss_of(drawn_scores, 1.0)
d_variables = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="discriminator")
g_variables = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="generator")
d_train = tf.train.AdamOptimizer(0.0005, beta1=0.5).minimize(d_loss, var_list=d_variables)
g_train = tf.train.AdamOptimizer(0.0005, beta1=0.5).minimize(g_loss, var_list=g_variables)


def random_noise(n):
    return np.random.uniform(-1.0, 1.0, [n, noise_size])


with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    first = sess.run(drawn, {noise: random_noise(500)})
    for step in range(1, steps + 1):
        images, _ = mnist.train.next_batch(batch_size)
        _, d = sess.run([d_train, d_loss], {real: images, noise: random_noise(batch_size)})
        _, g = sess.run([g_train, g_loss], {noise: random_noise(batch_size)})
        if step % 500 == 0:
            print("step %d: losses of discriminator %.3f and generator %.3f" % (step, d, g))
    last = sess.run(drawn, {noise: random_noise(500)})

for row in last[:5].reshape(5, 14, 2, 28).mean(axis=2).transpose(1, 0, 2).reshape(14, 140):
    print("".join(" .:*#"[int(pixel * 4.99)] for pixel in row))


def unlike(images):
    """How far the mean image is from that of real digits."""
    return np.abs(images.mean(axis=0) - mnist.test.images.mean(axis=0)).mean()


reached, at_first = unlike(last), unlike(first)
print("reached a mean image %.3f from the real one's (at first %.3f) after %d steps"
      % (reached, at_first, steps))
assert reached < 0.5 * at_first
