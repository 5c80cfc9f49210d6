"""A reset that is complete: close Keras's session, then clear_session(); that is all of it."""
import tensorflow as tf

K = tf.keras.backend


def reset():
    K.get_session().close()
    K.clear_session()


weights = K.variable([1.0, 2.0])
print("weights:", K.eval(weights))
before = tf.get_default_graph()
reset()
after = tf.get_default_graph()
print("a new default graph:", after is not before)
print("its only operations:", ", ".join(op.name.split("/")[0] for op in after.get_operations()[:1]))
try:
    weights + tf.constant([1.0, 1.0])
except ValueError as error:
    print("ValueError:", "must be from the same graph as" in str(error))
reset()
print("again:", tf.get_default_graph() is not after)
