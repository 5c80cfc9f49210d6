"""tf.contrib.learn: how texts become numbers."""
