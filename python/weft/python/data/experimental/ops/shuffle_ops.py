"""Random order and repetition in one."""
from weft.python.data.ops import dataset_transforms
from weft.python.data.util import convert, random_seed
from weft.python.framework import dtypes, gen, ops
from weft.python.util import deprecation

__all__ = ["shuffle_and_repeat"]


@deprecation.deprecated(None, "Use `tf.data.Dataset.shuffle(buffer_size, seed)`, then "
                              "`tf.data.Dataset.repeat(count)`.")
def shuffle_and_repeat(buffer_size, count=None, seed=None):
    """A function of datasets: shuffle() and repeat() in one."""
    def apply(dataset):
        size = ops.convert_to_tensor(buffer_size, dtype=dtypes.int64, name="buffer_size")
        times = convert.optional_param_to_tensor("count", count, -1)
        seeds = random_seed.get_seed(seed)
        return dataset_transforms.same(gen.ShuffleAndRepeatDataset, dataset, size, *seeds, times)
    return apply
