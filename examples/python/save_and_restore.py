"""A Saver writes what a session has learned to files; another session, of a graph that was built
again or read from the files, goes on from there."""
import os
import tempfile

import numpy as np
import tensorflow as tf

folder = tempfile.mkdtemp()
x_train = np.linspace(-1, 1, 50, dtype=np.float32)
y_train = 3 * x_train + 2


def model():
    x = tf.placeholder(tf.float32, [None], name="x")
    w = tf.get_variable("w", [], initializer=tf.zeros_initializer())
    b = tf.get_variable("b", [], initializer=tf.zeros_initializer())
    return x, tf.add(w * x, b, name="y")


x, y = model()
loss = tf.reduce_mean(tf.square(y - y_train))
step = tf.train.get_or_create_global_step()
train = tf.train.GradientDescentOptimizer(0.5).minimize(loss, global_step=step)
saver = tf.train.Saver(max_to_keep=2)

with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for i in range(40):
        session.run(train, {x: x_train})
        if (i + 1) % 10 == 0:
            path = saver.save(session, os.path.join(folder, "line"), global_step=step)
            print("saved", os.path.basename(path), "loss %.6f" % session.run(loss, {x: x_train}))
    learned = session.run(y, {x: [0.5]})
print("kept:", [os.path.basename(p) for p in saver.last_checkpoints])

# The graph is built again: no initializer is needed.
tf.reset_default_graph()
x, y = model()
with tf.Session() as session:
    latest = tf.train.latest_checkpoint(folder)
    tf.train.Saver().restore(session, latest)
    print("built again:", session.run(y, {x: [0.5]}) == learned)

# The graph is read from the files: no code of the model is needed.
tf.reset_default_graph()
with tf.Session() as session:
    tf.train.import_meta_graph(latest + ".meta").restore(session, latest)
    print("read:", session.run("y:0", {"x:0": [0.5]}) == learned)
    print("steps:", session.run("global_step:0"))

for name, shape in tf.train.list_variables(folder):
    print("in the checkpoint:", name, shape)
