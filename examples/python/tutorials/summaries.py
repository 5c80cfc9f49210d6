"""What TensorBoard shows of a training: scalars, histograms, images, the graph.

    weft py summaries.py [FOLDER]

FOLDER has the four files of MNIST; it may also be named by the variable MNIST. The summaries go to
a folder that is printed: tensorboard --logdir shows it. At the end they are read back.
"""
import collections
import os
import sys
import tempfile

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MNIST", "MNIST_data")
logs = tempfile.mkdtemp(prefix="summaries-")
steps, every = 300, 10


def layer(inputs, size, name, activation=tf.nn.relu):
    """All inputs to `size` outputs; says how its weights are distributed."""
    with tf.name_scope(name):
        with tf.name_scope("weights"):
            start = tf.truncated_normal([int(inputs.shape[1]), size], stddev=0.1)
            weights = tf.Variable(start)
            tf.summary.scalar("average", tf.reduce_mean(weights))
            tf.summary.histogram("histogram", weights)
        biases = tf.Variable(tf.constant(0.1, shape=[size]), name="biases")
        outputs = activation(tf.matmul(inputs, weights) + biases)
        tf.summary.histogram("activations", outputs)
        return outputs


mnist = input_data.read_data_sets(folder)
tf.set_random_seed(1)

with tf.name_scope("input"):
    images = tf.placeholder(tf.float32, [None, 784], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    tf.summary.image("digits", tf.reshape(images, [-1, 28, 28, 1]), max_outputs=2)

hidden = layer(images, 128, "hidden")
scores = layer(hidden, 10, "scores", activation=tf.identity)
with tf.name_scope("cross_entropy"):
    loss = tf.losses.sparse_softmax_cross_entropy(labels, scores)
train = tf.train.AdamOptimizer(0.002).minimize(loss)
with tf.name_scope("evaluation"):
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(scores, 1), labels), tf.float32))
tf.summary.scalar("loss", loss)
tf.summary.scalar("accuracy", accuracy)
merged = tf.summary.merge_all()

with tf.Session() as sess:
    train_writer = tf.summary.FileWriter(os.path.join(logs, "train"), sess.graph)
    test_writer = tf.summary.FileWriter(os.path.join(logs, "test"))
    test = {images: mnist.test.images[:1000], labels: mnist.test.labels[:1000]}
    sess.run(tf.global_variables_initializer())
    for step in range(steps + 1):
        if step % every == 0:
            summary, reached = sess.run([merged, accuracy], test)
            test_writer.add_summary(summary, step)
        batch = mnist.train.next_batch(100)
        summary, _ = sess.run([merged, train], {images: batch[0], labels: batch[1]})
        train_writer.add_summary(summary, step)
    train_writer.close()
    test_writer.close()
print("reached accuracy %.4f on test images after %d steps" % (reached, steps))

# What was written, read as TensorBoard does.
found = collections.defaultdict(list)
for run in ("train", "test"):
    path, = tf.gfile.Glob(os.path.join(logs, run, "events.out.tfevents.*"))
    for event in tf.train.summary_iterator(path):
        if event.graph_def:
            found[run, "graph"].append(tf.GraphDef.FromString(event.graph_def))
        for value in event.summary.value:
            found[run, value.tag].append((event.step, value))

for (run, tag), values in sorted(found.items()):
    print("%-5s  %-28s %4d" % (run, tag, len(values)))
losses = [value.simple_value for step, value in found["train", "loss"]]
accuracies = [(step, value.simple_value) for step, value in found["test", "accuracy"]]
assert len(losses) == steps + 1 and np.mean(losses[-20:]) < 0.5 < losses[0]
assert [step for step, _ in accuracies] == list(range(0, steps + 1, every))
assert accuracies[-1][1] == np.float32(reached) and reached > 0.9
weights = found["train", "hidden/weights/histogram"][0][1].histo
assert weights.num == sum(weights.bucket) == 784 * 128 and abs(weights.max) < 0.25
picture = found["test", "input/digits/image/1"][0][1].image
assert (picture.height, picture.width, picture.colorspace) == (28, 28, 1)
names = [node.name for node in found["train", "graph"][0].node]
assert "hidden/weights/histogram" in names and names[0] == "input/images"
print("all summaries are in", logs)
