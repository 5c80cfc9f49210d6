"""Two sessions on one graph share its operations, never the values of its variables."""
import tensorflow as tf

with tf.variable_scope("shared_scope"):
    var = tf.get_variable("shared_var", initializer=10.0)
    add = tf.assign_add(var, 5.0)

session1, session2 = tf.Session(), tf.Session()
session1.run(tf.global_variables_initializer())
try:
    session2.run(add)
except tf.errors.FailedPreconditionError as error:
    print("session 2 has no initializer of its own:", error.message.split("\n")[0])
session2.run(tf.global_variables_initializer())

print("Initial value:", session1.run(var))
session1.run(add)
print("Session1 Value:", session1.run(var))
session2.run(add)
print("Session2 Value:", session2.run(var))
print(session1.run(var) == session2.run(var))

session1.run(add)
print("One more addition in session 1:", session1.run(var), "and", session2.run(var))
print(session1.run(var) == session2.run(var))
session1.close()
session2.close()
