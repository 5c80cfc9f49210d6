"""What changes and what does not, in one run; a string comes back as bytes."""
import tensorflow as tf

state = tf.Variable(0, name="counter", dtype=tf.int32)
update = tf.assign(state, tf.add(state, tf.constant(1)))
output = tf.constant("Hello", dtype=tf.string)

with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for _ in range(3):
        counter_value, output_value = session.run([update, output])
        print("Counter: %d, Output: %s" % (session.run(state), output_value))
