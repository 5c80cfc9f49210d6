"""Datasets of Examples as datasets of their features."""
from weft.python.framework import dtypes, tensor_spec
from weft.python.ops import parsing_ops

__all__ = ["parse_example_dataset"]


def parse_example_dataset(features, num_parallel_calls=1):
    """A function of datasets of vectors of serialized Examples: dicts of features; see
    tf.parse_example().

    Raises:
      ValueError: there are no features.
      TypeError: elements are no vectors of strings.
    """
    if not features:
        raise ValueError("Missing: features was %s." % features)

    def apply(dataset):
        spec = dataset.element_spec
        if not tensor_spec.TensorSpec([None], dtypes.string).is_compatible_with(spec):
            raise TypeError("Input dataset should be a dataset of vectors of strings.")
        return dataset.map(lambda records: parsing_ops.parse_example(records, features),
                           num_parallel_calls=num_parallel_calls)
    return apply
