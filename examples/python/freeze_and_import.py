"""A trained model as one file: its variables become constants, what only training needs is left
out, and whoever reads the file has nothing to initialize."""
import os
import tempfile

import tensorflow as tf

path = os.path.join(tempfile.mkdtemp(), "frozen.pb")

x = tf.placeholder(tf.float32, [None, 2], name="x")
w = tf.Variable([[1.0], [2.0]], name="w")
b = tf.Variable([0.5], name="b")
y = tf.nn.bias_add(tf.matmul(x, w), b, name="y")
loss = tf.reduce_mean(tf.square(y - 1.0), name="loss")
train = tf.train.AdamOptimizer().minimize(loss)

with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    session.run(train, {x: [[1.0, 1.0]]})
    before = session.run(y, {x: [[3.0, 4.0]]})
    graph_def = tf.get_default_graph().as_graph_def()
    frozen = tf.graph_util.convert_variables_to_constants(session, graph_def, ["y"])
print("nodes: fewer than a tenth:", len(frozen.node) < len(graph_def.node) / 10)
print("frozen:", [(node.name, node.op) for node in frozen.node])
tf.train.write_graph(frozen, os.path.dirname(path), os.path.basename(path), as_text=False)

# In another program.
tf.reset_default_graph()
graph_def = tf.GraphDef()
with tf.gfile.GFile(path, "rb") as f:
    graph_def.ParseFromString(f.read())
x, y = tf.import_graph_def(graph_def, name="", return_elements=["x:0", "y:0"])
print("variables:", tf.global_variables())
with tf.Session() as session:
    print("the same:", session.run(y, {x: [[3.0, 4.0]]}) == before)

# Beside another model, on an input of its own.
double = tf.import_graph_def(graph_def, name="model", input_map={"x:0": 2.0 * x},
                             return_elements=["y:0"])[0]
print("imported again:", double.name)
with tf.Session() as session:
    print("of doubled inputs:", session.run(double, {x: [[1.5, 2.0]]}) == before)
