"""The functions of tf.data.experimental."""
