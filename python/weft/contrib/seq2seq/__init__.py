"""tf.contrib.seq2seq: its names are in weft/_api.py."""
