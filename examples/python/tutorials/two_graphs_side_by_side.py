"""Two models in two graphs, trained side by side in one process: one with a hidden layer, one
without. Neither graph knows of the other, and each session has its own variables.

    weft py two_graphs_side_by_side.py [MNIST folder]
"""
import sys

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data


class Model:
    """A classifier of 784 pixels, in a graph and a session of its own."""

    def __init__(self, name, hidden):
        self.name = name
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.set_random_seed(1)
            self.x = tf.placeholder(tf.float32, [None, 784], name="x")
            self.labels = tf.placeholder(tf.int64, [None], name="labels")
            net = self.x
            for units in hidden:
                net = tf.layers.dense(net, units, activation=tf.nn.relu)
            logits = tf.layers.dense(net, 10)
            self.loss = tf.losses.sparse_softmax_cross_entropy(self.labels, logits)
            self.train = tf.train.AdamOptimizer(0.002).minimize(self.loss)
            hits = tf.equal(tf.argmax(logits, 1), self.labels)
            self.accuracy = tf.reduce_mean(tf.cast(hits, tf.float32))
            self.session = tf.Session()
            self.session.run(tf.global_variables_initializer())

    def run(self, what, images, labels):
        return self.session.run(what, {self.x: images, self.labels: labels})


def main():
    data = input_data.read_data_sets(sys.argv[1] if len(sys.argv) > 1 else "MNIST_data")
    models = [Model("linear", []), Model("one hidden layer", [128])]
    for _ in range(1500):
        images, labels = data.train.next_batch(100)
        for model in models:
            model.run(model.train, images, labels)
    reached = [m.run(m.accuracy, data.test.images, data.test.labels) for m in models]
    for model, accuracy in zip(models, reached):
        print("%-18s test accuracy %.3f, %d variables in its graph"
              % (model.name + ":", accuracy, len(model.graph.get_collection("variables"))))
        model.session.close()
    assert reached[0] > 0.915 and reached[1] > 0.965
    assert not tf.get_default_graph().get_operations()


if __name__ == "__main__":
    main()
