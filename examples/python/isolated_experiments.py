"""A graph for each experiment: names and operations never pile up."""
import tensorflow as tf

for experiment in (1, 2):
    graph = tf.Graph()
    with graph.as_default():
        total = tf.constant(10) + tf.constant(20)
    with tf.Session(graph=graph) as session:
        print("experiment %d: %d, %s, %d operations"
              % (experiment, session.run(total), total.name, len(graph.get_operations())))
