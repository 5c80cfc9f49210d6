"""Weights go from one model to another by their names: some of them, under other names, and the
rest of the new model starts afresh."""
import os
import tempfile

import numpy as np
import tensorflow as tf

path = os.path.join(tempfile.mkdtemp(), "old")


def features(x):
    with tf.variable_scope("features"):
        return tf.layers.dense(x, 4, tf.nn.relu, name="hidden")


# The old model: two classes.
images = tf.placeholder(tf.float32, [None, 3])
tf.layers.dense(features(images), 2, name="two_classes")
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    tf.train.Saver().save(session, path)

reader = tf.train.NewCheckpointReader(path)
for name, shape in sorted(reader.get_variable_to_shape_map().items()):
    print("old:", name, shape)
kernel = reader.get_tensor("features/hidden/kernel")

# The new one has ten classes. A Saver of some variables restores these and no others.
tf.reset_default_graph()
images = tf.placeholder(tf.float32, [None, 3])
tf.layers.dense(features(images), 10, name="ten_classes")
old = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope="features")
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    tf.train.Saver(old).restore(session, path)
    print("restored:", [v.op.name for v in old])
    print("the same:", np.array_equal(session.run(old[0]), kernel))

# A Saver of all does not find the new ones.
with tf.Session() as session:
    try:
        tf.train.Saver().restore(session, path)
    except tf.errors.NotFoundError as error:
        print(error.message.split(". ")[1] + ".")

# Under other names: here the initializers read the checkpoint.
tf.reset_default_graph()
with tf.variable_scope("encoder"):
    tf.layers.dense(tf.placeholder(tf.float32, [None, 3]), 4, name="hidden")
tf.train.init_from_checkpoint(path, {"features/": "encoder/"})
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    print("renamed:", np.array_equal(session.run("encoder/hidden/kernel:0"), kernel))
