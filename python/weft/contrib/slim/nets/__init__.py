"""tf.contrib.slim.nets: networks known by name."""
