"""A session runs the same graph as often as you like."""
import tensorflow as tf

c = tf.add(tf.constant(2), tf.constant(3))
with tf.Session() as session:
    for _ in range(3):
        print("Result:", session.run(c))
