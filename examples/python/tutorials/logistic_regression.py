"""Softmax regression on handwritten digits, from variables and gradients alone.

    weft py logistic_regression.py [FOLDER]

FOLDER has the four files of MNIST; it may also be named by the variable MNIST.
"""
import os
import sys

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MNIST", "MNIST_data")
steps = 2000
batch_size = 100

mnist = input_data.read_data_sets(folder, one_hot=True)
tf.set_random_seed(1)

# A score for each digit: the weighted sum of all pixels.
x = tf.placeholder(tf.float32, [None, 784], name="images")
y = tf.placeholder(tf.float32, [None, 10], name="labels")
W = tf.Variable(tf.zeros([784, 10]), name="weights")
b = tf.Variable(tf.zeros([10]), name="biases")
prediction = tf.nn.softmax(tf.matmul(x, W) + b)

cost = tf.reduce_mean(-tf.reduce_sum(y * tf.log(prediction + 1e-10), axis=1))
train = tf.train.GradientDescentOptimizer(0.5).minimize(cost)

correct = tf.equal(tf.argmax(prediction, 1), tf.argmax(y, 1))
accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    total = 0.0
    for step in range(1, steps + 1):
        images, labels = mnist.train.next_batch(batch_size)
        _, c = sess.run([train, cost], feed_dict={x: images, y: labels})
        total += c
        if step % 500 == 0:
            print("step %d: mean cost of the last 500 steps %.4f" % (step, total / 500))
            total = 0.0
    reached = sess.run(accuracy, {x: mnist.test.images, y: mnist.test.labels})
    print("reached accuracy %.4f on the test images after %d steps" % (reached, steps))
assert reached > 0.9
