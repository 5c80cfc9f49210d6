"""What a reset by initializers really does: nothing that the new graph alone would not do."""
import tensorflow as tf

tf.reset_default_graph()
init = tf.global_variables_initializer()
print("after a reset the initializer is %r, a %s with %d control inputs"
      % (init.name, init.type, len(init.control_inputs)))
init.run(session=tf.Session())

session = tf.Session()
session.run(tf.constant(1))
session.close()
print("sessions are closed one by one; the graph goes with its last reference")
