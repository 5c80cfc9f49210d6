"""A graph outlives the session that ran it."""
import tensorflow as tf

graph = tf.Graph()
with graph.as_default():
    x = tf.constant(2)
    y = tf.constant(3)
    total = x + y

with tf.Session(graph=graph) as session:
    print("x + y =", session.run(total))

print("The session is gone; the graph has its operations:",
      ", ".join(op.name for op in graph.get_operations()))
