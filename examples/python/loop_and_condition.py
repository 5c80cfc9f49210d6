"""A loop and, in it, a condition. Python's functions are called once, when the graph is built; how
often the loop goes round, and which branch it takes, is decided in the run."""
import tensorflow as tf


def step(x, steps):
    print("building an iteration")
    even = tf.equal(x % 2, 0)
    return tf.cond(even, lambda: x // 2, lambda: 3 * x + 1), steps + 1


start = tf.placeholder(tf.int32, [], name="start")
last, steps = tf.while_loop(lambda x, steps: x > 1, step, [start, 0])

with tf.Session() as session:
    for n in (1, 14, 27):
        print("from %d: %d steps" % (n, session.run(steps, {start: n})))

inside = tf.get_default_graph().get_tensor_by_name("while/add:0")
try:
    tf.identity(inside, name="outside")
except ValueError as error:
    print("refused:", str(error).split(". See")[0])

bounded, _ = tf.while_loop(lambda x, steps: x > 1, step, [27, 0], maximum_iterations=5)
with tf.Session() as session:
    print("after five steps:", session.run(bounded))
