"""Functions that datasets call: of elements with a structure, in the graph's library."""
import itertools

from weft.python.data.util import nest, structure
from weft.python.framework import function, ops

__all__ = ["StructuredFunctionWrapper"]

_count = itertools.count()


class StructuredFunctionWrapper:
    """A Python function of elements, as a function of the graph.

    It is called with an element; where that is a tuple, with its parts as arguments. What it uses
    of the graph around it is captured: `captured_inputs`, to be given to the node that calls it.
    """

    def __init__(self, func, transformation_name, dataset=None, input_structure=None,
                 add_to_graph=True, use_legacy_function=False, defun_kwargs=None):
        """Traces the function.

        Args:
          func: the function.
          transformation_name: who calls it, as messages say it: "Dataset.map()".
          dataset: whose elements it is called with, or else
          input_structure: the structure of what it is called with.
          add_to_graph: put it into the default graph.
          use_legacy_function: name it as TensorFlow's older functions.
          defun_kwargs: arguments of Defun().

        Raises:
          TypeError: what it returns is no element.
        """
        self._func = func
        self._input_structure = dataset.element_spec if dataset is not None else input_structure
        self._transformation_name = transformation_name
        self._output_structure = None
        self._seed = None if use_legacy_function else ops.get_default_graph().seed
        name = "%s_%d" % (self._readable_name(), next(_count))
        if not use_legacy_function:
            name = "__inference_" + name
        defun = function.Defun(*structure.flat_types(self._input_structure), func_name=name,
                               **(defun_kwargs or {}))
        self._function = defun(self._body)
        if add_to_graph:
            self._function.add_to_graph(ops.get_default_graph())
        else:
            self._function.name             # traces it

    def _readable_name(self):
        name = getattr(self._func, "__name__", None) or type(self._func).__name__
        who = self._transformation_name.replace(".", "_")[:-2]
        return "".join(c for c in "%s_%s" % (who, name) if c not in "<>\\' ")

    def _body(self, *tensors):
        ops.get_default_graph().seed = self._seed
        element = structure.from_tensor_list(self._input_structure, tensors)
        unpack = type(element) is tuple
        result = self._func(*element) if unpack else self._func(element)
        if isinstance(result, list):        # several tensors rather than one made of them
            result = tuple(result)
        try:
            result = nest.map_structure(_as_component, result)
            self._output_structure = structure.type_spec_from_value(result)
        except (ValueError, TypeError):
            raise TypeError("Unsupported return value from function passed to %s: %s."
                            % (self._transformation_name, result)) from None
        return structure.to_tensor_list(self._output_structure, result)

    @property
    def function(self):
        """The function of the graph."""
        return self._function

    @property
    def captured_inputs(self):
        """The tensors that it uses of the graph around it."""
        return self._function.captured_inputs

    @property
    def captured_types(self):
        """Their dtypes."""
        return [x.dtype.base_dtype for x in self.captured_inputs]

    @property
    def output_structure(self):
        """The structure of what it returns."""
        return self._output_structure

    @property
    def output_types(self):
        """The DTypes of what it returns."""
        return structure.legacy_types(self._output_structure)

    @property
    def output_shapes(self):
        """The TensorShapes of what it returns."""
        return structure.legacy_shapes(self._output_structure)

    @property
    def output_classes(self):
        """The classes of what it returns."""
        return structure.legacy_classes(self._output_structure)


def _as_component(value):
    """A leaf as what datasets carry."""
    from weft.python.framework import sparse_tensor
    if isinstance(value, sparse_tensor.SparseTensorValue):
        return sparse_tensor.SparseTensor.from_value(value)
    return value if hasattr(value, "_type_spec") else ops.convert_to_tensor(value)
