"""tf.reset_default_graph() gives the thread a fresh graph; the old one is dropped, not emptied."""
import tensorflow as tf

seven = tf.constant(7)
old = tf.get_default_graph()
session = tf.Session()
print("before:", [op.name for op in old.get_operations()])

tf.reset_default_graph()
print("after:", tf.get_default_graph().get_operations())
print("names begin anew:", tf.constant(8).op.name)
print("the old session still computes", session.run(seven))
print("another graph:", tf.get_default_graph() is not old)

with tf.name_scope("layer"):
    try:
        tf.reset_default_graph()
    except AssertionError as error:
        print("AssertionError:", str(error).split(".  ")[0].split(". If")[0])
session.close()
