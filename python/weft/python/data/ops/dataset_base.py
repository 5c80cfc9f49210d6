"""What a dataset is: a variant tensor that makes it, and the structure of its elements."""
from weft.python.data.experimental.ops import (
    distribute_options, optimization_options, stats_options, threading_options)
from weft.python.data.util import nest, structure
from weft.python.data.util import options as options_lib
from weft.python.framework import dtypes, gen, ops
from weft.python.framework.tensor_shape import TensorShape
from weft.python.framework.type_spec import BatchableTypeSpec

__all__ = ["DatasetSpec", "DatasetV2", "Options", "made"]


class Options(options_lib.OptionsBase):
    """How a pipeline is run, for Dataset.with_options()."""

    experimental_deterministic = options_lib.create_option(
        "experimental_deterministic", bool, "Whether the order is always the same.")
    experimental_distribute = options_lib.create_option(
        "experimental_distribute", distribute_options.DistributeOptions,
        "How it is divided.", distribute_options.DistributeOptions)
    experimental_optimization = options_lib.create_option(
        "experimental_optimization", optimization_options.OptimizationOptions,
        "Which rewrites are wanted.", optimization_options.OptimizationOptions)
    experimental_slack = options_lib.create_option(
        "experimental_slack", bool, "Whether the last prefetch gives way to what is first.")
    experimental_stats = options_lib.create_option(
        "experimental_stats", stats_options.StatsOptions, "What is counted.",
        stats_options.StatsOptions)
    experimental_threading = options_lib.create_option(
        "experimental_threading", threading_options.ThreadingOptions, "Its threads.",
        threading_options.ThreadingOptions)

    def merge(self, options):
        """These, and what another set says."""
        return options_lib.merge_options(self, options)


class DatasetV2:
    """A dataset: it is made by a node of a graph, and its elements have a structure.

    A subclass gives the variant tensor and `element_spec`.
    """

    def __init__(self, variant_tensor):
        self._variant_tensor_attr = variant_tensor
        self._graph_attr = ops.get_default_graph()

    @property
    def _variant_tensor(self):
        return self._variant_tensor_attr

    @property
    def _graph(self):
        return self._graph_attr

    @property
    def element_spec(self):
        """The structure of TypeSpecs of an element."""
        raise NotImplementedError("Dataset.element_spec")

    @property
    def _type_spec(self):
        return DatasetSpec(self.element_spec)

    def _inputs(self):
        """The datasets it is made of."""
        return []

    def _functions(self):
        """The wrapped functions that it calls."""
        return []

    @property
    def _flat_shapes(self):
        return structure.flat_shapes(self.element_spec)

    @property
    def _flat_types(self):
        return structure.flat_types(self.element_spec)

    @property
    def _flat_structure(self):
        """The attributes that most ops of datasets have."""
        return {"output_shapes": self._flat_shapes, "output_types": self._flat_types}

    # ---- options ----

    def options(self):
        """The Options of it and of what it is made of."""
        return options_lib.merge_options(Options(), *[d.options() for d in self._inputs()])

    def _apply_options(self):
        """The dataset that iterators walk through: its Options are nodes of the graph."""
        options = self.options()
        dataset = self
        rewrites = options.experimental_optimization._static_optimizations()
        if rewrites:
            dataset = _Same(gen.OptimizeDataset(
                dataset._variant_tensor,
                ops.convert_to_tensor(rewrites, dtypes.string, name="optimizations"),
                **self._flat_structure), dataset)
        tries, algorithm, cores = options.experimental_optimization._autotune_settings()
        if tries:
            dataset = _Same(gen.ModelDataset(
                dataset._variant_tensor, algorithm=algorithm, cpu_budget=cores,
                **self._flat_structure), dataset)
        return dataset

    def __repr__(self):
        shapes = structure.legacy_shapes(self.element_spec)
        shapes = nest.map_structure(str, shapes)
        types = nest.map_structure(repr, structure.legacy_types(self.element_spec))
        return "<%s shapes: %s, types: %s>" % (type(self).__name__, _plain(shapes), _plain(types))

    def __iter__(self):
        raise RuntimeError("__iter__() is only supported inside of tf.function or when eager "
                           "execution is enabled.")

    def __bool__(self):
        return True


def _plain(texts):
    """A structure of texts without the quotes."""
    return str(texts).replace("'", "").replace('"', "")


def made(variant_tensor, element_spec, inputs=(), functions=()):
    """The dataset that a node makes, from others and with functions."""
    from weft.python.data.ops import dataset_ops
    return dataset_ops.DatasetV1Adapter(variant_tensor, element_spec, inputs, functions)


class _Same(DatasetV2):
    """A dataset with the elements of another, made by another node."""

    def __init__(self, variant_tensor, dataset):
        super().__init__(variant_tensor)
        self._dataset = dataset

    @property
    def element_spec(self):
        return self._dataset.element_spec

    def _inputs(self):
        return [self._dataset]


class DatasetSpec(BatchableTypeSpec):
    """What is known of a dataset: the structure of its elements."""

    __slots__ = ["_element_spec", "_dataset_shape"]
    value_type = DatasetV2

    def __init__(self, element_spec, dataset_shape=()):
        self._element_spec = element_spec
        self._dataset_shape = TensorShape(dataset_shape)

    @property
    def element_spec(self):
        """The structure of TypeSpecs of an element."""
        return self._element_spec

    def _serialize(self):
        return self._element_spec, self._dataset_shape

    def is_compatible_with(self, spec_or_value):
        other = getattr(spec_or_value, "_type_spec", spec_or_value)
        return isinstance(other, DatasetSpec) and structure.are_compatible(
            self._element_spec, other._element_spec)

    def __eq__(self, other):
        return (isinstance(other, DatasetSpec) and self._element_spec == other._element_spec and
                self._dataset_shape == other._dataset_shape)

    def __hash__(self):
        return hash((DatasetSpec, tuple(nest.flatten(self._element_spec))))

    def most_specific_compatible_type(self, other):
        if not self.is_compatible_with(other):
            raise ValueError("No TypeSpec is compatible with both %s and %s" % (self, other))
        return DatasetSpec(nest.map_structure(
            lambda a, b: a.most_specific_compatible_type(b), self._element_spec,
            other._element_spec))

    def _batch(self, batch_size):
        return DatasetSpec(self._element_spec,
                           TensorShape([batch_size]).concatenate(self._dataset_shape))

    def _unbatch(self):
        if self._dataset_shape.ndims == 0:
            raise ValueError("Unbatching a dataset is only supported for rank >= 1")
        return DatasetSpec(self._element_spec, self._dataset_shape[1:])

    def _types(self):
        return [dtypes.variant]

    def _shapes(self):
        return [self._dataset_shape]

    def _to_tensors(self, value):
        return [value._variant_tensor]

    def _from_tensors(self, tensors):
        return made(tensors[0], self._element_spec)

    def _to_legacy_output_types(self):
        return self

    def _to_legacy_output_shapes(self):
        return self

    def _to_legacy_output_classes(self):
        return self
