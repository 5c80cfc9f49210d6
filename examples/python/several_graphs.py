"""Two graphs of their own, each with its session; the default graph is a third."""
import tensorflow as tf

graph1, graph2 = tf.Graph(), tf.Graph()
with graph1.as_default():
    z1 = tf.add(tf.constant(2), tf.constant(3))
with graph2.as_default():
    z2 = tf.multiply(tf.constant(5), tf.constant(10))

session1, session2 = tf.Session(graph=graph1), tf.Session(graph=graph2)
print(session1.graph is tf.get_default_graph(), session2.graph is tf.get_default_graph())
print(session1.graph is graph1, session2.graph is graph2)
print(session1.run(z1))
print(session2.run(z2))
try:
    session1.run(z2)
except ValueError as error:
    print("ValueError:", "is not an element of this graph." in str(error))
session1.close()
session2.close()

session3 = tf.Session()
print(session3.run(tf.add(tf.constant(15), tf.constant(5))))
session3.close()
