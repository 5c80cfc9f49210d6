"""Data as files of Examples: written by a program, read as tensors."""
import os
import tempfile

import tensorflow as tf


def example(name, petals, color=None):
    features = {"name": tf.train.Feature(bytes_list=tf.train.BytesList(value=[name.encode()])),
                "petals": tf.train.Feature(int64_list=tf.train.Int64List(value=petals))}
    if color:
        features["color"] = tf.train.Feature(float_list=tf.train.FloatList(value=color))
    return tf.train.Example(features=tf.train.Features(feature=features))


path = os.path.join(tempfile.mkdtemp(), "flowers.tfrecord")
with tf.python_io.TFRecordWriter(path) as writer:
    writer.write(example("daisy", [34], [1., 1., 1.]).SerializeToString())
    writer.write(example("rose", [5, 23]).SerializeToString())

# Without a graph: each record is an Example again.
for record in tf.python_io.tf_record_iterator(path):
    features = tf.train.Example.FromString(record).features.feature
    print(features["name"].bytes_list.value[0].decode(), list(features["petals"].int64_list.value))

# In a graph: one op parses a whole batch. What every Example has is a tensor, what may be there
# any number of times is a sparse one, and what may be missing has a default.
records = tf.placeholder(tf.string, [None])
flowers = tf.parse_example(records, {
    "name": tf.FixedLenFeature([], tf.string),
    "color": tf.FixedLenFeature([3], tf.float32, default_value=[1., 0., 0.]),
    "petals": tf.VarLenFeature(tf.int64)})
most = tf.sparse_reduce_max(flowers["petals"], axis=1)

with tf.Session() as sess:
    batch = list(tf.python_io.tf_record_iterator(path))
    got, petals = sess.run([flowers, most], {records: batch})
    for name, color, n in zip(got["name"], got["color"], petals):
        print(name.decode(), color.tolist(), "at most", n, "petals")
