"""What is left of a variable after resets: the Python object, its old graph, and its value in every
session that the program still holds."""
import tensorflow as tf

counter = tf.Variable(1, name="my_var")
held = tf.Session()
held.run(tf.global_variables_initializer())

tf.reset_default_graph()
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
tf.keras.backend.clear_session()

print("in the new graph:", tf.global_variables())
print("the held session still has my_var =", held.run(counter))
try:
    counter + tf.constant(1)
except ValueError as error:
    print("ValueError:", "must be from the same graph as" in str(error))
held.close()
