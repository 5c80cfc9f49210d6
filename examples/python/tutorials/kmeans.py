"""k-means on handwritten digits, as a graph: assign every image to its nearest center, move the
centers to the mean of what they were given.

    weft py kmeans.py [MNIST folder]
"""
import sys

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

CLUSTERS, IMAGES, STEPS = 100, 10000, 25


def build(images):
    """(one round of the algorithm, the mean squared distance, which cluster each image is in)"""
    x = tf.constant(images)
    centers = tf.Variable(tf.random_shuffle(x, seed=3)[:CLUSTERS], name="centers")
    distances = (tf.reduce_sum(tf.square(x), 1, keepdims=True)
                 - 2.0 * tf.matmul(x, centers, transpose_b=True)
                 + tf.reduce_sum(tf.square(centers), 1))
    cluster = tf.argmin(distances, axis=1)
    sums = tf.unsorted_segment_sum(x, cluster, CLUSTERS)
    counts = tf.unsorted_segment_sum(tf.ones([IMAGES]), cluster, CLUSTERS)
    moved = tf.where(counts > 0, sums / tf.maximum(counts, 1.0)[:, tf.newaxis], centers)
    step = tf.assign(centers, moved)
    return step, tf.reduce_mean(tf.reduce_min(distances, 1)), cluster


def purity(cluster, labels):
    """The share of images that wear the label most frequent in their cluster."""
    table = np.zeros([CLUSTERS, 10])
    np.add.at(table, (cluster, labels), 1)
    return table.max(axis=1).sum() / len(labels)


def main():
    data = input_data.read_data_sets(sys.argv[1] if len(sys.argv) > 1 else "MNIST_data")
    images, labels = data.train.images[:IMAGES], data.train.labels[:IMAGES]
    tf.set_random_seed(1)
    step, distance, cluster = build(images)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for i in range(STEPS):
            _, d = sess.run([step.op, distance])
            if i % 8 == 0:
                print("step %2d: mean squared distance %.2f" % (i, d))
        reached = purity(sess.run(cluster), labels)
    print("%d clusters, purity %.3f" % (CLUSTERS, reached))
    assert reached > 0.74


if __name__ == "__main__":
    main()
