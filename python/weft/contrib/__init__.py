"""tf.contrib: what TensorFlow 1 offered beside its core. Each folder is a namespace of its own."""
