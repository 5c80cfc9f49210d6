"""A session has one graph for life; what changes is the default graph."""
import tensorflow as tf

z = tf.add(tf.constant(2), tf.constant(3))
session = tf.Session()
print("the session's graph is the default one:", session.graph is tf.get_default_graph())
print("z =", session.run(z))
with tf.Graph().as_default():
    print("inside another graph:", session.graph is tf.get_default_graph())
    print("z is still", session.run(z))
print("outside again:", session.graph is tf.get_default_graph())
session.close()
