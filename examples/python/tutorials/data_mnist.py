"""Handwritten digits from files of records: written once, then read by a pipeline that parses,
shuffles and batches them while a network learns. MonitoredTrainingSession sees to steps, logs and
checkpoints.

    weft py data_mnist.py [FOLDER]

FOLDER has the four files of MNIST; it may also be named by the variable MNIST.
"""
import os
import sys
import tempfile

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MNIST", "MNIST_data")
work = tempfile.mkdtemp()
epochs, batch_size = 2, 100


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


def parse(record):
    """A record as an image of numbers between 0 and 1, and its label."""
    features = tf.parse_single_example(record, {
        "image": tf.FixedLenFeature([], tf.string), "label": tf.FixedLenFeature([], tf.int64)})
    image = tf.cast(tf.decode_raw(features["image"], tf.uint8), tf.float32) / 255.
    image.set_shape([784])
    return image, features["label"]


def pipeline(paths, training):
    """Batches of what is in files."""
    records = tf.data.TFRecordDataset(paths)
    if training:
        records = records.apply(tf.data.experimental.shuffle_and_repeat(10000, epochs, seed=1))
    return (records.map(parse, num_parallel_calls=2).batch(batch_size, drop_remainder=training)
            .prefetch(2))


def network(images):
    """The scores of the ten digits."""
    hidden = tf.layers.dense(images, 256, tf.nn.relu)
    return tf.layers.dense(tf.layers.dense(hidden, 64, tf.nn.relu), 10)


mnist = input_data.read_data_sets(folder)
train_paths = [write(os.path.join(work, "train%d" % i), mnist.train.images[i::2],
                     mnist.train.labels[i::2]) for i in range(2)]
test_path = write(os.path.join(work, "test"), mnist.test.images, mnist.test.labels)

tf.set_random_seed(1)
handle = tf.placeholder_with_default(
    pipeline(train_paths, True).make_one_shot_iterator().string_handle(), [])
test_iterator = pipeline(test_path, False).make_one_shot_iterator()
images, labels = tf.data.Iterator.from_string_handle(
    handle, test_iterator.output_types, test_iterator.output_shapes).get_next()
scores = network(images)
loss = tf.losses.sparse_softmax_cross_entropy(labels, scores)
train = tf.train.AdamOptimizer(0.001).minimize(loss, tf.train.get_or_create_global_step())
correct = tf.reduce_sum(tf.cast(tf.nn.in_top_k(scores, labels, 1), tf.int64))

with tf.train.MonitoredTrainingSession(checkpoint_dir=os.path.join(work, "run"),
                                       save_checkpoint_steps=500) as sess:
    while not sess.should_stop():
        _, value = sess.run([train, loss])
print("trained %d epochs, the last loss is %.3f" % (epochs, value))

with tf.train.MonitoredSession(tf.train.ChiefSessionCreator(
        checkpoint_dir=os.path.join(work, "run"))) as sess:
    test_handle = sess.run(test_iterator.string_handle())
    right = 0
    while not sess.should_stop():
        right += sess.run(correct, {handle: test_handle})
reached = right / len(mnist.test.labels)
print("reached accuracy %.4f on the test images" % reached)
assert reached > 0.96
