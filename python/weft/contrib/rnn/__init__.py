"""tf.contrib.rnn: its names are in weft/_api.py."""
