"""A variable keeps its value from run to run of a session, and has none before its initializer."""
import tensorflow as tf

v = tf.Variable(1, dtype=tf.int32, name="counter")
increment = tf.assign_add(v, 1)

with tf.Session() as session:
    try:
        session.run(increment)
    except tf.errors.FailedPreconditionError as error:
        print("a new session:", error.message.split("\n")[0])
    session.run(tf.global_variables_initializer())
    for _ in range(3):
        print("Value of v:", session.run(increment))
    session.run(v.initializer)
    print("initialized again:", session.run(v))
