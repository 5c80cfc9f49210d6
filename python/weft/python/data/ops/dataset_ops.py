"""tf.data.Dataset: elements one after another, each a nested structure of tensors."""
from weft.python.data.ops import (
    dataset_functional, dataset_sources, dataset_transforms, iterator_ops)
from weft.python.data.ops.dataset_base import (  # noqa: F401
    DatasetSpec, DatasetV2, Options)
from weft.python.data.ops.structured_function import StructuredFunctionWrapper  # noqa: F401
from weft.python.data.util import options as options_lib
from weft.python.data.util import structure
from weft.python.framework import dtypes
from weft.python.util import deprecation

__all__ = ["AUTOTUNE", "Dataset", "DatasetSpec", "DatasetV1", "DatasetV1Adapter", "DatasetV2",
           "Options", "get_legacy_output_classes", "get_legacy_output_shapes",
           "get_legacy_output_types", "get_structure", "make_initializable_iterator",
           "make_one_shot_iterator"]

AUTOTUNE = -1                           # let the system choose


class DatasetV1(DatasetV2):
    """Elements one after another. Each is a nested structure (tuples, named tuples, dicts) of
    tensors, sparse tensors or datasets, the same for all elements but for shapes.

    Transformations make new datasets; an iterator walks through one. A subclass gives
    `element_spec`, or the three output_... properties, and _as_variant_tensor().
    """

    def __init__(self):
        try:
            variant_tensor = self._as_variant_tensor()
        except AttributeError as e:
            raise AttributeError(
                "%s: A likely cause of this error is that the super call for this dataset is not "
                "the last line of the __init__ method. The base class calls the "
                "_as_variant_tensor() method in its constructor and if that uses attributes "
                "defined in the __init__ method, those attrs need to be defined before the super "
                "call." % e) from e
        super().__init__(variant_tensor)

    def _as_variant_tensor(self):
        """The variant tensor of this dataset."""
        raise NotImplementedError("Dataset._as_variant_tensor")

    # ---- where elements come from ----

    @staticmethod
    def from_tensors(tensors):
        """One element: these tensors."""
        return dataset_sources.from_tensors(tensors)

    @staticmethod
    def from_tensor_slices(tensors):
        """The rows of these tensors, which have the same number of them."""
        return dataset_sources.from_tensor_slices(tensors)

    @staticmethod
    @deprecation.deprecated(None, "Use `tf.data.Dataset.from_tensor_slices()`.")
    def from_sparse_tensor_slices(sparse_tensor):
        """The rows of a SparseTensor."""
        return dataset_sources.from_sparse_tensor_slices(sparse_tensor)

    @staticmethod
    def from_generator(generator, output_types, output_shapes=None, args=None):
        """What generator(*args), which returns something to iterate over, yields.

        Args:
          generator: a function, called each time the dataset is walked through.
          output_types: the structure of DTypes of what it yields.
          output_shapes: that of its TensorShapes, unknown by default.
          args: tensors, which it gets as arrays.

        Raises:
          TypeError: `generator` is not callable. A run fails with InvalidArgumentError where
            what is yielded does not fit.
        """
        return dataset_sources.from_generator(generator, output_types, output_shapes, args)

    @staticmethod
    def range(*args):
        """The int64 numbers of range(stop), range(start, stop) or range(start, stop, step)."""
        return dataset_sources.range_(*args)

    @staticmethod
    def list_files(file_pattern, shuffle=None, seed=None):
        """The names of the files that match a pattern, or several; in random order unless `shuffle`
        is False. A run fails if there are none."""
        from weft.python.data.ops import readers
        return readers.list_files(file_pattern, shuffle, seed)

    # ---- several ----

    @staticmethod
    def zip(datasets):
        """Elements of a structure of datasets side by side, as many as the shortest has."""
        return dataset_transforms.zip_(datasets)

    def concatenate(self, dataset):
        """These elements, then those of another dataset of the same types."""
        return dataset_transforms.concatenate(self, dataset)

    # ---- order and number ----

    def prefetch(self, buffer_size):
        """So many elements are made ahead, while others are used."""
        return dataset_transforms.prefetch(self, buffer_size)

    def repeat(self, count=None):
        """So many times; without end by default."""
        return dataset_transforms.repeat(self, count)

    def enumerate(self, start=0):
        """(number, element), counted from `start`."""
        return DatasetV1.zip((DatasetV1.range(start, dtypes.int64.max), self))

    def shuffle(self, buffer_size, seed=None, reshuffle_each_iteration=None):
        """In random order: each is drawn from a buffer of so many.

        Args:
          buffer_size: of as many elements as there are the order is quite random.
          seed: see tf.set_random_seed().
          reshuffle_each_iteration: another order each time it is walked through; True by default.
        """
        return dataset_transforms.shuffle(self, buffer_size, seed, reshuffle_each_iteration)

    def cache(self, filename=""):
        """Elements are kept when it is walked through to the end: in memory, or in files whose
        names begin with `filename`."""
        return dataset_transforms.cache(self, filename)

    def take(self, count):
        """The first so many; -1: all."""
        return dataset_transforms.take(self, count)

    def skip(self, count):
        """All but the first so many; -1: none."""
        return dataset_transforms.skip(self, count)

    def shard(self, num_shards, index):
        """Those whose number modulo `num_shards` is `index`."""
        return dataset_transforms.shard(self, num_shards, index)

    # ---- batches ----

    def batch(self, batch_size, drop_remainder=False):
        """So many elements as the rows of one; what is left at the end is a smaller one, or is
        dropped."""
        return dataset_transforms.batch(self, batch_size, drop_remainder)

    def padded_batch(self, batch_size, padded_shapes, padding_values=None, drop_remainder=False):
        """The same of elements of different shapes.

        Args:
          batch_size: so many.
          padded_shapes: the structure of shapes to pad to; where one says None: to the longest.
          padding_values: the structure of what is padded with, zeros by default.
          drop_remainder: a smaller one at the end is dropped.
        """
        return dataset_transforms.padded_batch(self, batch_size, padded_shapes, padding_values,
                                               drop_remainder)

    def unbatch(self):
        """The rows of each element."""
        return dataset_transforms.unbatch(self)

    def window(self, size, shift=None, stride=1, drop_remainder=False):
        """Datasets of `size` elements, each `shift` (size by default) after the one before, of
        each so manyth (`stride`) element. Elements with several parts give as many datasets."""
        return dataset_transforms.window(self, size, shift, stride, drop_remainder)

    # ---- functions ----

    def map(self, map_func, num_parallel_calls=None):
        """map_func(element), or map_func(*element) of tuples; so many at a time."""
        if num_parallel_calls is None:
            return dataset_functional.map_(self, map_func)
        return dataset_functional.parallel_map(self, map_func, num_parallel_calls)

    @deprecation.deprecated(None, "Use `tf.data.Dataset.map()`.")
    def map_with_legacy_function(self, map_func, num_parallel_calls=None):
        """map() whose function is named as in older versions."""
        if num_parallel_calls is None:
            return dataset_functional.map_(self, map_func, use_legacy_function=True)
        return dataset_functional.parallel_map(self, map_func, num_parallel_calls,
                                               use_legacy_function=True)

    def flat_map(self, map_func):
        """The elements of the datasets that map_func returns, one after another."""
        return dataset_functional.flat_map(self, map_func)

    def interleave(self, map_func, cycle_length=AUTOTUNE, block_length=1,
                   num_parallel_calls=None):
        """The elements of the datasets that map_func returns: `block_length` of each of
        `cycle_length` of them in turns."""
        if num_parallel_calls is None:
            return dataset_functional.interleave(self, map_func, cycle_length, block_length)
        return dataset_functional.parallel_interleave(self, map_func, cycle_length, block_length,
                                                      num_parallel_calls)

    def filter(self, predicate):
        """The elements of which predicate says True."""
        return dataset_functional.filter_(self, predicate)

    @deprecation.deprecated(None, "Use `tf.data.Dataset.filter()`.")
    def filter_with_legacy_function(self, predicate):
        """filter() whose function is named as in older versions."""
        return dataset_functional.filter_(self, predicate, use_legacy_function=True)

    def reduce(self, initial_state, reduce_func):
        """The last of the states: the initial one, then reduce_func(state, element) for each."""
        return dataset_functional.reduce_(self, initial_state, reduce_func)

    def apply(self, transformation_func):
        """transformation_func(self), which is a dataset."""
        dataset = transformation_func(self)
        if not isinstance(dataset, DatasetV2):
            raise TypeError("`transformation_func` must return a Dataset.")
        return dataset

    def with_options(self, options):
        """The same dataset, run with Options."""
        return _OptionsDataset(self, options)

    # ---- iterators ----

    @deprecation.deprecated(None, "Use `tf.compat.v1.data.make_one_shot_iterator(dataset)`.")
    def make_one_shot_iterator(self):
        """An Iterator that needs no initializer and walks through it once.

        Raises:
          ValueError: it uses something stateful, as a variable or a table.
        """
        return iterator_ops.make_one_shot_iterator(self)

    def _make_one_shot_iterator(self):
        return iterator_ops.make_one_shot_iterator(self)

    @deprecation.deprecated(None,
                            "Use `tf.compat.v1.data.make_initializable_iterator(dataset)`.")
    def make_initializable_iterator(self, shared_name=None):
        """An Iterator to be initialized in each session: by its `initializer`.

        `shared_name`: sessions of one server share an iterator of a name.
        """
        return iterator_ops.make_initializable_iterator(self, shared_name)

    def _make_initializable_iterator(self, shared_name=None):
        return iterator_ops.make_initializable_iterator(self, shared_name)

    # ---- what elements are ----

    @property
    def element_spec(self):
        """The structure of TypeSpecs of an element."""
        return structure.convert_legacy_structure(self.output_types, self.output_shapes,
                                                  self.output_classes)

    @property
    def output_types(self):
        """The structure of DTypes of an element."""
        return structure.legacy_types(self.element_spec)

    @property
    def output_shapes(self):
        """The structure of TensorShapes of an element."""
        return structure.legacy_shapes(self.element_spec)

    @property
    def output_classes(self):
        """The structure of classes of an element."""
        return structure.legacy_classes(self.element_spec)


Dataset = DatasetV1


class DatasetV1Adapter(DatasetV1):
    """The dataset that a node of the graph makes."""

    def __init__(self, variant_tensor, element_spec, inputs=(), functions=()):
        self._spec = element_spec
        self._made_of = list(inputs)
        self._calls = list(functions)
        self._variant = variant_tensor
        super().__init__()

    def _as_variant_tensor(self):
        return self._variant

    @property
    def element_spec(self):
        return self._spec

    def _inputs(self):
        return list(self._made_of)

    def _functions(self):
        return list(self._calls)


class _OptionsDataset(DatasetV1Adapter):
    """A dataset with Options."""

    def __init__(self, dataset, options):
        super().__init__(dataset._variant_tensor, dataset.element_spec, [dataset])
        self._merged = options_lib.merge_options(dataset.options(), options)

    def options(self):
        return self._merged


# ---- functions of datasets and iterators ----

def make_one_shot_iterator(dataset):
    """An Iterator that needs no initializer and walks through a dataset once."""
    return iterator_ops.make_one_shot_iterator(dataset)


def make_initializable_iterator(dataset, shared_name=None):
    """An Iterator to be initialized in each session."""
    return iterator_ops.make_initializable_iterator(dataset, shared_name)


def get_structure(dataset_or_iterator):
    """The structure of TypeSpecs of an element.

    Raises:
      TypeError: it has none.
    """
    try:
        return dataset_or_iterator.element_spec
    except AttributeError:
        raise TypeError("`dataset_or_iterator` must be a Dataset or Iterator object, but got %s."
                        % type(dataset_or_iterator)) from None


def get_legacy_output_types(dataset_or_iterator):
    """The structure of DTypes of an element."""
    return structure.legacy_types(get_structure(dataset_or_iterator))


def get_legacy_output_shapes(dataset_or_iterator):
    """The structure of TensorShapes of an element."""
    return structure.legacy_shapes(get_structure(dataset_or_iterator))


def get_legacy_output_classes(dataset_or_iterator):
    """The structure of classes of an element."""
    return structure.legacy_classes(get_structure(dataset_or_iterator))


def from_variant(variant, structure):
    """The dataset that a variant tensor is."""
    return DatasetV1Adapter(variant, structure)


def to_variant(dataset):
    """The variant tensor of a dataset."""
    return dataset._variant_tensor
