"""A session made inside a graph's block is bound to that graph, also after the block."""
import tensorflow as tf

with tf.Graph().as_default():
    total = tf.constant(5.0) + tf.constant(10.0)
    session1 = tf.Session()

with tf.Graph().as_default():
    product = tf.matmul([[1., 2.], [3., 4.]], [[5., 6.], [7., 8.]])
    session2 = tf.Session()

print("Graph 1 result:", session1.run(total))
print("Graph 2 result:", session2.run(product).tolist())
session1.close()
session2.close()
