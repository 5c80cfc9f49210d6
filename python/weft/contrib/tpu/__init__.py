"""tf.contrib.tpu: what programs for TPUs do where there is none."""
from weft.contrib.tpu.tpu_optimizer import CrossShardOptimizer

__all__ = ["CrossShardOptimizer"]
