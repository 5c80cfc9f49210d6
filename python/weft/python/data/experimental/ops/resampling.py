"""Elements dropped by chance, so that classes are as frequent as is wanted."""
import numpy as np

from weft.python.data.experimental.ops import interleave_ops, scan_ops
from weft.python.data.ops import dataset_ops
from weft.python.framework import dtypes, ops, tensor_util
from weft.python.ops import array_ops, math_ops, random_ops

__all__ = ["rejection_resample"]

_BATCH = 32                             # frequencies are counted anew after so many elements
_COUNT_BEFORE = 10                      # of each class, as if so many had been seen


def rejection_resample(class_func, target_dist, initial_dist=None, seed=None):
    """A function of datasets: (class, element), with classes as frequent as `target_dist` says.

    Args:
      class_func: element -> its class, an int32 scalar.
      target_dist: how frequent each class shall be.
      initial_dist: how frequent each is; counted where it is not given.
      seed: see tf.set_random_seed().
    """
    def apply(dataset):
        target = ops.convert_to_tensor(target_dist, name="target_dist")
        classes = dataset.map(class_func)
        constant = None
        if initial_dist is None:
            accepted = _estimated(target, classes).map(lambda initial: _accepted(initial, target))
        else:
            initial = ops.convert_to_tensor(initial_dist, name="initial_dist")
            constant = tensor_util.constant_value(_accepted(initial, target)[1])
            accepted = dataset_ops.Dataset.from_tensors(_accepted(initial, target)).repeat()
        all_ = dataset_ops.Dataset.zip((classes, dataset))
        if constant == 1:
            return all_
        some = _filtered(dataset, accepted, classes, seed).prefetch(3)
        if constant == 0:
            return some
        weights = accepted.map(lambda _, untouched: [(untouched, 1.0 - untouched)])
        return interleave_ops.sample_from_datasets([all_, some], weights=weights, seed=seed)
    return apply


def _accepted(initial, target):
    """How likely an element of each class is kept, and how likely any is kept without a look at
    its class: the former is for the rest only, so that fewer are dropped."""
    ratio = target / (initial + np.finfo(initial.dtype.as_numpy_dtype).tiny)
    least, most = math_ops.reduce_min(ratio), math_ops.reduce_max(ratio)
    return (ratio - least) / (most - least), least


def _estimated(target, classes):
    """How frequent each class has been so far, for each element."""
    n = target.shape.as_list()[0] or array_ops.shape(target)[0]
    seen = array_ops.fill([n], np.int64(_COUNT_BEFORE))

    def count(seen, batch):
        new = math_ops.reduce_sum(array_ops.one_hot(batch, n, dtype=dtypes.int64), 0)
        seen = math_ops.add(seen, new)
        shares = math_ops.cast(math_ops.truediv(seen, math_ops.reduce_sum(seen)), dtypes.float32)
        return seen, array_ops.tile(array_ops.expand_dims(shares, 0), [_BATCH, 1])
    return classes.batch(_BATCH).apply(scan_ops.scan(seen, count)).unbatch()


def _filtered(dataset, accepted, classes, seed):
    """(class, element) of those that are kept."""
    with_chance = dataset_ops.Dataset.zip((classes, accepted, dataset)).map(
        lambda kind, probabilities, data: (
            kind, array_ops.gather(probabilities[0], kind), data))
    kept = with_chance.filter(
        lambda kind, p, data: random_ops.random_uniform([], seed=seed, dtype=p.dtype) < p)
    return kept.map(lambda kind, p, data: (kind, data))
