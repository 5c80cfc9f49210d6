"""Training in one session: the variables keep what they have learned from run to run."""
import numpy as np
import tensorflow as tf

random = np.random.RandomState(7)
x_train = random.rand(100, 1)
y_train = 2 * x_train + 1 + random.randn(100, 1) * 0.05

tf.set_random_seed(1)
X = tf.placeholder(tf.float32, [None, 1])
Y = tf.placeholder(tf.float32, [None, 1])
W = tf.Variable(tf.random_normal([1, 1]))
b = tf.Variable(tf.random_normal([1]))
loss = tf.reduce_mean(tf.square(tf.matmul(X, W) + b - Y))
train = tf.train.GradientDescentOptimizer(0.3).minimize(loss)

session = tf.Session()
session.run(tf.global_variables_initializer())
for epoch in range(1000):
    nothing, cost = session.run([train, loss], feed_dict={X: x_train, Y: y_train})
print("a train op's value is", nothing)
print("cost below 0.003:", cost < 0.003)
print("weight %.1f, bias %.1f" % (session.run(W)[0, 0], session.run(b)[0]))
session.run(tf.global_variables_initializer())
print("initialized again, it is back to the start:", session.run(loss, {X: x_train, Y: y_train}) > cost)
session.close()
