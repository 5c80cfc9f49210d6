"""Handwritten digits by way of queues, as programs read before there was tf.data: threads of the
program read files of records, parse them and put them into a queue that shuffles; the network
takes batches from it. A Coordinator stops the threads at the end.

    weft py input_queues.py [FOLDER]

FOLDER has the four files of MNIST; it may also be named by the variable MNIST.
"""
import os
import sys
import tempfile
import threading

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MNIST", "MNIST_data")
work = tempfile.mkdtemp()
EPOCHS, BATCH, FILES, READERS = 2, 100, 4, 2


def write(path, images, labels):
    """Examples of images as bytes, and labels."""
    with tf.python_io.TFRecordWriter(path) as writer:
        for image, label in zip(images, labels):
            features = tf.train.Features(feature={
                "image": tf.train.Feature(bytes_list=tf.train.BytesList(
                    value=[(image * 255).astype("uint8").tobytes()])),
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[int(label)]))})
            writer.write(tf.train.Example(features=features).SerializeToString())
    return path


def next_example(names):
    """An image and its label, from the next record of the files that `names` gives."""
    _, record = tf.TFRecordReader().read(names)
    features = tf.parse_single_example(record, {
        "image": tf.FixedLenFeature([], tf.string), "label": tf.FixedLenFeature([], tf.int64)})
    image = tf.cast(tf.decode_raw(features["image"], tf.uint8), tf.float32) / 255.
    image.set_shape([784])
    return image, features["label"]


def inputs(paths):
    """Batches: each reader has its own thread, and its own file at a time."""
    names = tf.train.string_input_producer(paths, num_epochs=EPOCHS, seed=1)
    examples = [next_example(names) for _ in range(READERS)]
    return tf.train.shuffle_batch_join(examples, BATCH, capacity=3000, min_after_dequeue=2000,
                                       seed=1)


def scores_of(images):
    """The scores of the ten digits."""
    hidden = tf.layers.dense(images, 128, tf.nn.relu, name="hidden", reuse=tf.AUTO_REUSE)
    return tf.layers.dense(hidden, 10, name="scores", reuse=tf.AUTO_REUSE)


mnist = input_data.read_data_sets(folder)
paths = [write(os.path.join(work, "train%d" % i), mnist.train.images[i::FILES],
               mnist.train.labels[i::FILES]) for i in range(FILES)]

tf.set_random_seed(1)
images, labels = inputs(paths)
loss = tf.losses.sparse_softmax_cross_entropy(labels, scores_of(images))
train = tf.train.AdamOptimizer(0.002).minimize(loss)
guess = tf.argmax(scores_of(tf.constant(mnist.test.images)), 1)
fullness = [op.outputs[0] for op in tf.get_default_graph().get_operations()
            if op.type == "QueueSizeV2"]

steps = 0
before = threading.active_count()
with tf.Session() as sess:
    sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    coord = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(sess, coord)
    print("%d threads fill %d queues" % (len(threads), len(fullness)))
    try:
        while not coord.should_stop():
            sess.run(train)
            steps += 1
    except tf.errors.OutOfRangeError:
        print("every file was read %d times: %d steps" % (EPOCHS, steps))
    finally:
        coord.request_stop()
    coord.join(threads)
    right = (sess.run(guess) == mnist.test.labels).mean()

assert steps == EPOCHS * len(mnist.train.labels) // BATCH
assert threading.active_count() == before
print("reached accuracy %.4f on the test images" % right)
assert right > 0.95
