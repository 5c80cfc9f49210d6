"""Iterators: each walks through a dataset, one element a run, in each session by itself."""
import warnings

from weft.python.data.util import nest, structure
from weft.python.framework import dtypes, function, gen, ops, random_seed
from weft.python.framework.type_spec import TypeSpec

__all__ = ["GET_NEXT_CALL_WARNING_THRESHOLD", "GLOBAL_ITERATORS", "Iterator", "IteratorSpec",
           "get_next_as_optional"]

GET_NEXT_CALL_WARNING_THRESHOLD = 32
GET_NEXT_CALL_WARNING_MESSAGE = (
    "An unusually high number of `Iterator.get_next()` calls was detected. Each call adds "
    "operations to the graph: in a training loop this makes steps slower and slower and uses more "
    "and more memory. Call `next_element = iterator.get_next()` once outside the loop, and use "
    "`next_element` inside.")
GLOBAL_ITERATORS = "iterators"          # the collection of all


class Iterator:
    """Walks through a dataset. The values of get_next() in a run are the next element."""

    def __init__(self, iterator_resource, initializer, output_types, output_shapes,
                 output_classes):
        """`initializer` begins the walk, or is None; the rest says what elements are."""
        self._iterator_resource = iterator_resource
        self._initializer = initializer
        if output_types is None or output_shapes is None or output_classes is None:
            raise ValueError("If `structure` is not specified, all of `output_types`, "
                             "`output_shapes`, and `output_classes` must be specified.")
        self._element_spec = structure.convert_legacy_structure(output_types, output_shapes,
                                                                output_classes)
        self._string_handle = gen.IteratorToStringHandle(iterator_resource)
        self._get_next_call_count = 0
        ops.add_to_collection(GLOBAL_ITERATORS, iterator_resource)

    @staticmethod
    def from_structure(output_types, output_shapes=None, shared_name=None, output_classes=None):
        """An Iterator that may be initialized by several datasets of this structure, with what
        make_initializer() returns.

        Args:
          output_types: the structure of DTypes.
          output_shapes: that of TensorShapes, unknown by default.
          shared_name: sessions of one server share an iterator of a name.
          output_classes: the structure of classes, tensors by default.
        """
        types, shapes, classes = _structures(output_types, output_shapes, output_classes)
        spec = structure.convert_legacy_structure(types, shapes, classes)
        resource = gen.IteratorV2(container="", shared_name=shared_name or "", **_flat(spec))
        return Iterator(resource, None, types, shapes, classes)

    @staticmethod
    def from_string_handle(string_handle, output_types, output_shapes=None, output_classes=None):
        """The Iterator whose string_handle() a string tensor, perhaps a fed one, is."""
        types, shapes, classes = _structures(output_types, output_shapes, output_classes)
        spec = structure.convert_legacy_structure(types, shapes, classes)
        string_handle = ops.convert_to_tensor(string_handle, dtype=dtypes.string)
        resource = gen.IteratorFromStringHandleV2(string_handle, **_flat(spec))
        return Iterator(resource, None, types, shapes, classes)

    @property
    def initializer(self):
        """The op that begins a walk.

        Raises:
          ValueError: it has none of its own; see make_initializer().
        """
        if self._initializer is None:
            raise ValueError("Iterator does not have an initializer.")
        return self._initializer

    def make_initializer(self, dataset, name=None):
        """An op that begins a walk through a dataset.

        Raises:
          TypeError: its elements have another structure.
        """
        with ops.name_scope(name, "make_initializer") as name:
            self._check_structure(dataset)
            with ops.colocate_with(self._iterator_resource):
                return gen.MakeIterator(dataset._variant_tensor, self._iterator_resource,
                                        name=name)

    def _check_structure(self, dataset):
        spec = dataset.element_spec
        types, shapes = structure.legacy_types(spec), structure.legacy_shapes(spec)
        nest.assert_same_structure(self.output_types, types)
        nest.assert_same_structure(self.output_shapes, shapes)
        for what, own, other in (
                ("classes", self.output_classes, structure.legacy_classes(spec)),
                ("types", self.output_types, types)):
            if nest.flatten(own) != nest.flatten(other):
                raise TypeError("Expected output %s %r but got dataset with output %s %r."
                                % (what, own, "class" if what == "classes" else what, other))
        for own, other in zip(nest.flatten(self.output_shapes), nest.flatten(shapes)):
            if not own.is_compatible_with(other):
                raise TypeError("Expected output shapes compatible with %r but got dataset with "
                                "output shapes %r." % (self.output_shapes, shapes))

    def get_next(self, name=None):
        """The structure of tensors that are the next element in each run that needs them.

        Call it once: each call adds operations. At the end a run fails with OutOfRangeError.
        """
        self._get_next_call_count += 1
        if self._get_next_call_count > GET_NEXT_CALL_WARNING_THRESHOLD:
            warnings.warn(GET_NEXT_CALL_WARNING_MESSAGE)
        tensors = gen.IteratorGetNext(self._iterator_resource, name=name,
                                      **_flat(self._element_spec))
        return structure.from_tensor_list(self._element_spec, _list(tensors))

    def string_handle(self, name=None):
        """A string tensor that names it, for from_string_handle()."""
        if name is None:
            return self._string_handle
        return gen.IteratorToStringHandle(self._iterator_resource, name=name)

    @property
    def element_spec(self):
        """The structure of TypeSpecs of an element."""
        return self._element_spec

    @property
    def output_types(self):
        """The structure of DTypes of an element."""
        return structure.legacy_types(self._element_spec)

    @property
    def output_shapes(self):
        """The structure of TensorShapes of an element."""
        return structure.legacy_shapes(self._element_spec)

    @property
    def output_classes(self):
        """The structure of classes of an element."""
        return structure.legacy_classes(self._element_spec)

    @property
    def _type_spec(self):
        return IteratorSpec(self._element_spec)


class IteratorSpec(TypeSpec):
    """What is known of an Iterator: the structure of its elements."""

    __slots__ = ["_element_spec"]
    value_type = Iterator

    def __init__(self, element_spec):
        self._element_spec = element_spec

    def _serialize(self):
        return (self._element_spec,)


def _structures(output_types, output_shapes, output_classes):
    """The three structures, with what was not given."""
    types = structure.types_of(output_types)
    shapes = structure.shapes_of(types, output_shapes)
    if output_classes is None:
        output_classes = nest.map_structure(lambda _: ops.Tensor, types)
    nest.assert_same_structure(types, shapes)
    return types, shapes, output_classes


def _flat(spec):
    return {"output_types": structure.flat_types(spec),
            "output_shapes": structure.flat_shapes(spec)}


def _list(tensors):
    return [tensors] if isinstance(tensors, ops.Tensor) else list(tensors)


def get_next_as_optional(iterator):
    """The next element as an Optional, without a value at the end."""
    from weft.python.data.ops import optional_ops
    return optional_ops._OptionalImpl(
        gen.IteratorGetNextAsOptional(iterator._iterator_resource, **_flat(iterator.element_spec)),
        iterator.element_spec)


# ---- iterators of datasets ----

def _check_graph(dataset):
    """ValueError if a dataset, or what it is made of, is of another graph than the default one."""
    current = ops.get_default_graph()
    waiting = [dataset]
    while waiting:
        one = waiting.pop()
        if one._graph is not current and not current.building_function:
            raise ValueError(
                "The graph (%s) of the iterator is different from the graph (%s) the dataset: %s "
                "was created in. If you are using the Estimator API, make sure that no part of the "
                "dataset returned by the `input_fn` function is defined outside the `input_fn` "
                "function. Please ensure that all datasets in the pipeline are created in the "
                "same graph as the iterator." % (current, one._graph, one._variant_tensor))
        waiting += one._inputs()


def make_initializable_iterator(dataset, shared_name=None):
    """An Iterator that its initializer begins."""
    _check_graph(dataset)
    walked = dataset._apply_options()
    resource = gen.IteratorV2(container="", shared_name=shared_name or "",
                              **dataset._flat_structure)
    with ops.colocate_with(resource):
        initializer = gen.MakeIterator(walked._variant_tensor, resource)
    return Iterator(resource, initializer, *_legacy(dataset))


def make_one_shot_iterator(dataset):
    """An Iterator that makes the dataset itself, by a function that has captured all by value."""
    _check_graph(dataset)
    graph_seed, op_seed = random_seed.get_seed(None)

    @function.Defun(capture_by_value=True, whitelisted_stateful_ops=_dataset_ops(dataset))
    def _make_dataset():
        # The function has no seed of the graph around it, so that one is made of both.
        if graph_seed is not None:
            random_seed.set_random_seed((graph_seed + 87654321 * op_seed) % (2 ** 63 - 1))
        return dataset._apply_options()._variant_tensor

    try:
        _make_dataset.add_to_graph(ops.get_default_graph())
    except ValueError as e:
        if "Cannot capture a stateful node" not in str(e):
            raise
        raise ValueError(
            "Failed to create a one-shot iterator for a dataset. One that uses something stateful, "
            "as a `Variable` or a `LookupTable`, needs an iterator with an initializer: use "
            "`Dataset.make_initializable_iterator()`. (Original error: %s)" % e) from None
    return Iterator(gen.OneShotIterator(dataset_factory=_make_dataset, **dataset._flat_structure),
                    None, *_legacy(dataset))


def _legacy(dataset):
    spec = dataset.element_spec
    return (structure.legacy_types(spec), structure.legacy_shapes(spec),
            structure.legacy_classes(spec))


def _dataset_ops(dataset):
    """The ops that make a dataset and those that it is made of."""
    found, waiting = set(), [dataset._variant_tensor]
    while waiting:
        op = waiting.pop().op
        if op not in found:
            found.add(op)
            waiting += [x for x in op.inputs if x.dtype == dtypes.variant]
    return found
