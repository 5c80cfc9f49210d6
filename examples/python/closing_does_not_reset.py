"""Closing a session gives back what the session owned. The graph stays, and grows on."""
import tensorflow as tf

a = tf.constant(1)
b = tf.constant(2)


def count():
    return len(tf.get_default_graph().get_operations())


with tf.Session() as session:
    print("a + b =", session.run(a + b))

print("The session is closed; the default graph has", count(), "operations.")
tf.constant(3)
print("One more constant:", count(), "operations.")
try:
    session.run(a)
except RuntimeError as error:
    print("RuntimeError:", error)
