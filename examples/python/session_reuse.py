"""One graph, one session, many inputs: nothing is rebuilt between the runs."""
import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 784])
W = tf.Variable(tf.zeros([784, 10]))
b = tf.Variable(tf.zeros([10]))
y = tf.nn.softmax(tf.matmul(x, W) + b)

session = tf.Session()
session.run(tf.global_variables_initializer())
operations = len(tf.get_default_graph().get_operations())
tf.get_default_graph().finalize()       # whatever would add to the graph now is an error
for n in (1, 2, 3):
    output = session.run(y, feed_dict={x: np.ones([n, 784])})
    print(n, "inputs:", output.shape, "each %.1f" % output[0, 0])
print("the graph has grown:", len(tf.get_default_graph().get_operations()) != operations)
session.close()
