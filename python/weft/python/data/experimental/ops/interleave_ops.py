"""Elements of several datasets: in turns, by choice, by chance."""
from weft.python.data.experimental.ops import random_ops
from weft.python.data.ops import dataset_functional, dataset_ops
from weft.python.data.ops.dataset_base import DatasetV2, made
from weft.python.data.ops.dataset_transforms import common_structure
from weft.python.data.util import convert, structure
from weft.python.framework import dtypes, gen, ops, tensor_spec
from weft.python.ops import array_ops, math_ops
from weft.python.util import deprecation

__all__ = ["choose_from_datasets", "parallel_interleave", "sample_from_datasets",
           "sloppy_interleave"]


@deprecation.deprecated(None, "Use `tf.data.Dataset.interleave(map_func, cycle_length, "
                              "block_length, num_parallel_calls=tf.data.experimental.AUTOTUNE)`.")
def parallel_interleave(map_func, cycle_length, block_length=1, sloppy=False,
                        buffer_output_elements=None, prefetch_input_elements=None):
    """A function of datasets: interleave() that reads `cycle_length` datasets at a time.

    Args:
      map_func: element -> dataset.
      cycle_length, block_length: see Dataset.interleave().
      sloppy: take what is there first, in whatever order.
      buffer_output_elements: so many of each dataset are made ahead.
      prefetch_input_elements: so many datasets are begun ahead.
    """
    return lambda dataset: interleaved(dataset, map_func, cycle_length, block_length, sloppy,
                                       buffer_output_elements, prefetch_input_elements)


def sloppy_interleave(map_func, cycle_length, block_length=1):
    """A function of datasets: interleave() in whatever order elements are there."""
    return lambda dataset: interleaved(dataset, map_func, cycle_length, block_length, True)


def interleaved(dataset, map_func, cycle_length, block_length=1, sloppy=False,
                buffer_output_elements=None, prefetch_input_elements=None):
    """parallel_interleave() of a dataset."""
    f = dataset_functional.to_datasets(dataset, map_func,
                                       "tf.data.experimental.parallel_interleave()")
    cycle = ops.convert_to_tensor(cycle_length, dtype=dtypes.int64, name="cycle_length")
    block = ops.convert_to_tensor(block_length, dtype=dtypes.int64, name="block_length")
    loose = ops.convert_to_tensor(False if sloppy is None else sloppy, dtype=dtypes.bool,
                                  name="sloppy")
    ahead = convert.optional_param_to_tensor("buffer_output_elements", buffer_output_elements,
                                             2 * block_length)
    begun = convert.optional_param_to_tensor("prefetch_input_elements", prefetch_input_elements,
                                             2 * cycle_length)
    spec = f.output_structure.element_spec
    return made(gen.ParallelInterleaveDataset(
        dataset._variant_tensor, f.captured_inputs, cycle, block, loose, ahead, begun,
        f=f.function, output_types=structure.flat_types(spec),
        output_shapes=structure.flat_shapes(spec)), spec, [dataset], [f])


def _directed(selector, datasets):
    """The next element of the dataset whose number `selector` says, each time."""
    spec = datasets[0].element_spec
    for other in datasets[1:]:
        spec = common_structure(spec, other.element_spec)
    return made(gen.DirectedInterleaveDataset(
        selector._variant_tensor, [d._variant_tensor for d in datasets],
        output_types=structure.flat_types(spec), output_shapes=structure.flat_shapes(spec)),
        spec, [selector] + list(datasets))


def choose_from_datasets(datasets, choice_dataset):
    """The next element of the dataset whose number `choice_dataset` says, each time.

    Raises:
      TypeError: the datasets have different types, or choices are no int64 scalars.
    """
    if not structure.are_compatible(choice_dataset.element_spec,
                                    tensor_spec.TensorSpec([], dtypes.int64)):
        raise TypeError("`choice_dataset` must be a dataset of scalar `tf.int64` tensors.")
    return _directed(choice_dataset, datasets)


def sample_from_datasets(datasets, weights=None, seed=None):
    """The next element of one of the datasets, chosen by chance each time.

    Args:
      datasets: those.
      weights: how likely each is: a vector, or a dataset of vectors; alike by default.
      seed: see tf.set_random_seed().

    Raises:
      TypeError: weights are no floats.
      ValueError: they are not as many as datasets.
    """
    if isinstance(weights, DatasetV2):
        logits = weights.map(lambda *p: math_ops.log(p, name="logits"))
        pairs = dataset_ops.Dataset.zip((logits, random_ops.RandomDataset(seed).batch(2)))
        return _directed(pairs.map(_draw), datasets)
    if len(datasets) == 1:
        return datasets[0]
    logits = _logits(weights, len(datasets))
    selector = dataset_functional.map_(random_ops.RandomDataset(seed).batch(2),
                                       lambda s: _draw(logits, s))
    return _directed(selector, datasets)


def _draw(logits, seed):
    return array_ops.squeeze(gen.StatelessMultinomial(logits, 1, seed), axis=[0, 1])


def _logits(weights, n):
    if weights is None:
        return [[1.0] * n]
    weights = ops.convert_to_tensor(weights, name="weights")
    if weights.dtype not in (dtypes.float32, dtypes.float64):
        raise TypeError("`weights` must be convertible to a tensor of `tf.float32` or `tf.float64` "
                        "elements.")
    if not weights.shape.is_compatible_with([n]):
        raise ValueError("`weights` must be a vector of length `len(datasets)`.")
    return array_ops.expand_dims(math_ops.log(weights, name="logits"), 0)
