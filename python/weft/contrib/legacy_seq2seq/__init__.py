"""tf.contrib.legacy_seq2seq: its names are in weft/_api.py."""
