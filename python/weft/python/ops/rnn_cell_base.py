"""What all recurrent cells share: states of zeros, and RNNCell, the layer that steps.

A cell's `state_size` and `output_size` are numbers, shapes, or structures of them; a state is a
structure of tensors like `state_size`, each [batch, size].
"""
import collections
import functools
import weakref

from weft.python.framework import constant_op, dtypes, ops, tensor_shape, tensor_util
from weft.python.keras import activations
from weft.python.layers import base
from weft.python.layers.input_spec import InputSpec
from weft.python.ops import array_ops, math_ops, variable_scope as vs, variables
from weft.python.util import nest

__all__ = ["BIAS_VARIABLE_NAME", "LSTMStateTuple", "LayerRNNCell", "RNNCell", "UnitsCell",
           "WEIGHTS_VARIABLE_NAME", "assert_like_rnncell", "check_dtype", "check_input_depth",
           "concat_sizes", "static_size", "zero_state_tensors"]

BIAS_VARIABLE_NAME = "bias"
WEIGHTS_VARIABLE_NAME = "kernel"


class LSTMStateTuple(collections.namedtuple("LSTMStateTuple", ("c", "h"))):
    """The state of an LSTM: what it remembers, `c`, and its last output, `h`."""

    __slots__ = ()

    @property
    def dtype(self):
        """Of both; TypeError where they differ."""
        c, h = self
        if c.dtype != h.dtype:
            raise TypeError("Inconsistent internal state: %s vs %s" % (c.dtype, h.dtype))
        return c.dtype


# ---- sizes and states ----

def assert_like_rnncell(cell_name, cell) -> None:
    """TypeError unless `cell` has what RNNs ask of a cell."""
    wanted = [("'output_size' property is missing", hasattr(cell, "output_size")),
              ("'state_size' property is missing", hasattr(cell, "state_size")),
              ("either 'zero_state' or 'get_initial_state' method is required",
               hasattr(cell, "zero_state") or hasattr(cell, "get_initial_state")),
              ("is not callable", callable(cell))]
    errors = [error for error, there in wanted if not there]
    if errors:
        raise TypeError("The argument {!r} ({}) is not an RNNCell: {}.".format(
            cell_name, cell, ", ".join(errors)))


def _dynamic_size(size, word):
    """A batch size or a cell's size as a vector, in the graph; None if that is not known."""
    if isinstance(size, ops.Tensor):
        if size.shape.ndims == 0:
            return array_ops.expand_dims(size, 0)
        if size.shape.ndims != 1:
            raise ValueError("%s tensor must be either a scalar or vector, but saw tensor: %s"
                             % (word, size))
        return size
    shape = tensor_shape.as_shape(size)
    if not shape.is_fully_defined():
        return None
    return constant_op.constant(shape.as_list(), dtype=dtypes.int32)


def static_size(size):
    """The same as far as it is known now: a shape."""
    if isinstance(size, ops.Tensor):
        value = tensor_util.constant_value(size)
        rank = size.shape.ndims
        if value is None:
            return tensor_shape.TensorShape(None if rank is None else
                                            [None] * (size.shape.as_list()[0] if rank else 1))
        return tensor_shape.TensorShape(value.reshape(-1).tolist())
    return tensor_shape.as_shape(size)


def concat_sizes(prefix, suffix, static=False):
    """The shape prefix + suffix (numbers, shapes or tensors of them): a tensor, or with `static` a
    list of what is known."""
    # TF: both are made nodes also where only the static shape is asked for.
    p, s = _dynamic_size(prefix, "prefix"), _dynamic_size(suffix, "suffix")
    if static:
        shape = static_size(prefix).concatenate(static_size(suffix))
        return None if shape.ndims is None else shape.as_list()
    if p is None or s is None:
        raise ValueError("Provided a prefix or suffix of None: %s and %s" % (prefix, suffix))
    return array_ops.concat((p, s), 0)


def zero_state_tensors(state_size, batch_size, dtype):
    """Zeros of [batch_size, size] for each size of `state_size`, in its structure."""
    def zeros(size):
        made = array_ops.zeros(concat_sizes(batch_size, size), dtype=dtype)
        made.set_shape(concat_sizes(batch_size, size, static=True))
        return made

    return nest.map_structure(zeros, state_size)


def check_input_depth(inputs_shape) -> int:
    """The last dimension of a cell's input; ValueError if that is not known."""
    depth = tensor_shape.TensorShape(inputs_shape).as_list()[-1]
    if depth is None:
        raise ValueError("Expected inputs.shape[-1] to be known, saw shape: %s"
                         % str(inputs_shape))
    return depth


def check_dtype(dtype) -> None:
    """ValueError for what a cell cannot compute with."""
    if dtype is None:
        return
    dtype = dtypes.as_dtype(dtype)
    if not (dtype.is_floating or dtype.is_complex):
        raise ValueError("RNN cell only supports floating point inputs, but saw dtype: %s" % dtype)


# ---- the cell ----

def _note_variable(cell, getter, *args, **kwargs):
    """A custom getter: what is made under a cell is among its weights (`cell` is a weak one, as
    the cell holds the scope that holds this)."""
    variable = getter(*args, **kwargs)
    cell = cell()
    if cell is not None:
        trainable = any(variable is v for v in variables.trainable_variables())
        kept = cell._trainable_weights if trainable else cell._non_trainable_weights
        if not any(variable is v for v in kept):
            kept.append(variable)
    return variable


class RNNCell(base.Layer):
    """A step of a recurrent network: `output, new_state = cell(inputs, state)`.

    A subclass says `state_size` and `output_size` and makes its step in `call(inputs, state)`,
    where get_variable makes variables in a scope that the cell has taken at its first call.
    """

    def __init__(self, trainable=True, name=None, dtype=None, **kwargs):
        super().__init__(trainable=trainable, name=name, dtype=dtype, **kwargs)
        self._is_tf_rnn_cell = True
        self._around_scope = None

    def __call__(self, inputs, state, scope=None):
        """The output [batch, output_size] and the next state, for inputs [batch, depth]."""
        if scope is not None:
            with vs.variable_scope(scope, custom_getter=self._getter()) as scope:
                return super().__call__(inputs, state, scope=scope)
        if self._around_scope is None:
            self._around_scope = vs.variable_scope(vs.get_variable_scope(),
                                                   custom_getter=self._getter())
        with self._around_scope:
            return super().__call__(inputs, state)

    def _getter(self):
        return functools.partial(_note_variable, weakref.ref(self))

    def _gathered(self, own, name):
        unique = []
        for weight in super()._gathered(own, name):
            if not any(weight is w for w in unique):
                unique.append(weight)
        return unique

    @property
    def state_size(self):
        """The size of the state, or a structure of sizes; a subclass says it."""
        raise NotImplementedError("Abstract method")

    @property
    def output_size(self):
        """The size of the output; a subclass says it."""
        raise NotImplementedError("Abstract method")

    def build(self, _):
        # The variables are made by `call`.
        pass

    def get_initial_state(self, inputs=None, batch_size=None, dtype=None):
        """The state to begin with: `zero_state` for a batch as large as that of `inputs`, or as
        `batch_size` and `dtype` say."""
        if inputs is not None:
            batch_size, dtype = _said_by(ops.convert_to_tensor(inputs, name="inputs"), batch_size,
                                         dtype)
        if batch_size is None or dtype is None:
            raise ValueError("batch_size and dtype cannot be None while constructing initial "
                             "state: batch_size={}, dtype={}".format(batch_size, dtype))
        return self.zero_state(batch_size, dtype)

    def zero_state(self, batch_size, dtype):
        """A state of zeros, each [batch_size, size]."""
        with ops.name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return zero_state_tensors(self.state_size, batch_size, dtype)


def _said_by(inputs, batch_size, dtype):
    """Batch size and dtype of inputs; ValueError if something else was said."""
    own = inputs.shape.as_list()[0]
    if batch_size is not None:
        said = batch_size
        if tensor_util.is_tensor(batch_size):
            said = tensor_util.constant_value(batch_size)
        if own != said:
            raise ValueError("batch size from input tensor is different from the input param. "
                             "Input tensor batch: {}, batch_size: {}".format(own, batch_size))
    if dtype is not None and inputs.dtype != dtypes.as_dtype(dtype):
        raise ValueError("dtype from input tensor is different from the input param. "
                         "Input tensor dtype: {}, dtype: {}".format(inputs.dtype, dtype))
    return (array_ops.shape(inputs)[0] if own is None else own), inputs.dtype


class LayerRNNCell(RNNCell):
    """A cell that makes its variables in `build`, by `add_variable`, as layers do."""

    def __call__(self, inputs, state, scope=None, *args, **kwargs):
        return base.Layer.__call__(self, inputs, state, scope=scope, *args, **kwargs)


class UnitsCell(LayerRNNCell):
    """A cell of `num_units` whose state is its output."""

    def __init__(self, num_units, activation=None, reuse=None, name=None, dtype=None, **kwargs):
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = activations.get(activation) if activation else math_ops.tanh

    @property
    def state_size(self):
        return self._num_units

    @property
    def output_size(self):
        return self._num_units
