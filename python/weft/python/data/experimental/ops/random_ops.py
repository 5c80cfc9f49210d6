"""A dataset of random numbers."""
from weft.python.data.ops import dataset_ops
from weft.python.data.util import random_seed
from weft.python.framework import dtypes, gen, tensor_spec
from weft.python.framework.tensor_shape import TensorShape

__all__ = ["RandomDataset"]


class RandomDataset(dataset_ops.DatasetV1Adapter):
    """Random int64 numbers without end."""

    def __init__(self, seed=None):
        pair = random_seed.get_seed(seed)
        super().__init__(gen.RandomDataset(*pair, output_types=[dtypes.int64],
                                           output_shapes=[TensorShape([])]),
                         tensor_spec.TensorSpec([], dtypes.int64))
