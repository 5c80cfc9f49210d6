"""Many sessions on one graph: the same model trained several times from other initial values, each
in a thread with a session of its own; then the ensemble votes.

    weft py many_sessions.py [MNIST folder]
"""
import sys
import threading

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

SESSIONS, STEPS, BATCH = 4, 700, 100


def build():
    """The model's tensors, in the default graph."""
    x = tf.placeholder(tf.float32, [None, 784], name="x")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    hidden = tf.layers.dense(x, 64, activation=tf.nn.relu)
    logits = tf.layers.dense(hidden, 10)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    train = tf.train.AdamOptimizer(0.003).minimize(loss)
    return x, labels, train, tf.nn.softmax(logits)


def main():
    data = input_data.read_data_sets(sys.argv[1] if len(sys.argv) > 1 else "MNIST_data")
    x, labels, train, probabilities = build()
    init = tf.global_variables_initializer()
    graph = tf.get_default_graph()
    graph.finalize()                    # the threads run it and add nothing
    votes = [None] * SESSIONS

    def learn(i):
        random = np.random.RandomState(i)
        with tf.Session(graph=graph) as sess:
            sess.run(init)
            for _ in range(STEPS):
                batch = random.randint(0, len(data.train.images), BATCH)
                sess.run(train, {x: data.train.images[batch], labels: data.train.labels[batch]})
            votes[i] = sess.run(probabilities, {x: data.test.images})

    threads = [threading.Thread(target=learn, args=(i,)) for i in range(SESSIONS)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    alone = [np.mean(v.argmax(1) == data.test.labels) for v in votes]
    together = np.mean(np.mean(votes, axis=0).argmax(1) == data.test.labels)
    print("alone: " + ", ".join("%.3f" % a for a in alone))
    print("together: test accuracy %.3f" % together)
    assert together > max(alone) - 0.002 and together > 0.955


if __name__ == "__main__":
    main()
