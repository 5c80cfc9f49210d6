"""An autoencoder: images of digits through 32 numbers and back.

    weft py autoencoder.py [FOLDER]

FOLDER has the four files of MNIST; it may also be named by the variable MNIST.
"""
import os
import sys

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MNIST", "MNIST_data")
steps = 1500

mnist = input_data.read_data_sets(folder, seed=1)
tf.set_random_seed(1)

weights = {
    "encoder1": tf.Variable(tf.truncated_normal([784, 128], stddev=0.05)),
    "encoder2": tf.Variable(tf.truncated_normal([128, 32], stddev=0.1)),
    "decoder1": tf.Variable(tf.truncated_normal([32, 128], stddev=0.1)),
    "decoder2": tf.Variable(tf.truncated_normal([128, 784], stddev=0.05)),
}
biases = {
    "encoder1": tf.Variable(tf.zeros([128])),
    "encoder2": tf.Variable(tf.zeros([32])),
    "decoder1": tf.Variable(tf.zeros([128])),
    "decoder2": tf.Variable(tf.zeros([784])),
}


def connected(x, name):
    return tf.add(tf.matmul(x, weights[name]), biases[name])


def encoder(x):
    return tf.nn.tanh(connected(tf.nn.relu(connected(x, "encoder1")), "encoder2"))


def decoder(code):
    return tf.nn.sigmoid(connected(tf.nn.relu(connected(code, "decoder1")), "decoder2"))


images = tf.placeholder("float", [None, 784])
restored = decoder(encoder(images))
loss = tf.reduce_mean(tf.pow(images - restored, 2))
train = tf.train.RMSPropOptimizer(0.003).minimize(loss)


def picture(row):
    """An image as text, a character for two rows of pixels."""
    shades = " .:*#"
    lines = (row.reshape(14, 2, 28).mean(axis=1) * 4.99).astype(int)
    return ["".join(shades[pixel] for pixel in line) for line in lines]


with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(1, steps + 1):
        batch, _ = mnist.train.next_batch(128)
        _, l = sess.run([train, loss], feed_dict={images: batch})
        if step % 500 == 0:
            print("step %d: squared error of a pixel %.4f" % (step, l))
    some = mnist.test.images[:2]
    for given, got in zip(some, sess.run(restored, {images: some})):
        for left, right in zip(picture(given), picture(got)):
            print(left, "|", right)
    reached = sess.run(loss, {images: mnist.test.images})
    print("reached squared error %.4f on the test images after %d steps" % (reached, steps))
assert reached < 0.035
