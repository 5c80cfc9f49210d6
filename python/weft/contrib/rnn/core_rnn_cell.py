"""Linear maps of several inputs, and the wrappers that embed or project what a cell takes or gives.

It also holds the cells of tf.nn.rnn_cell, which scripts look for here.
"""
from weft.python.framework import ops
from weft.python.ops import (
    array_ops, embedding_ops, init_ops, math_ops, nn_ops, variable_scope as vs)
from weft.python.ops.rnn_cell_base import RNNCell, assert_like_rnncell
from weft.python.ops.rnn_cell_impl import (                                   # noqa: F401
    BasicLSTMCell, BasicRNNCell, DeviceWrapper, DropoutWrapper, GRUCell, LayerRNNCell, LSTMCell,
    LSTMStateTuple, MultiRNNCell, ResidualWrapper)
from weft.python.util import nest

__all__ = ["EmbeddingWrapper", "InputProjectionWrapper", "OutputProjectionWrapper"]


class _Linear:
    """The sum of products `args[i] W[i]`, and a bias: the variables `kernel` and `bias` of the
    variable scope in which it is made."""

    def __init__(self, args, output_size, build_bias, bias_initializer=None,
                 kernel_initializer=None):
        if args is None or (nest.is_sequence(args) and not args):
            raise ValueError("`args` must be specified")
        args = args if nest.is_sequence(args) else [args]
        self._build_bias = build_bias
        dtype = args[0].dtype
        with vs.variable_scope(vs.get_variable_scope()) as outer:
            self._weights = vs.get_variable("kernel", [total_depth(args), output_size],
                                            dtype=dtype, initializer=kernel_initializer)
            if build_bias:
                with vs.variable_scope(outer) as inner:
                    inner.set_partitioner(None)
                    if bias_initializer is None:
                        bias_initializer = init_ops.constant_initializer(0.0, dtype=dtype)
                    self._biases = vs.get_variable("bias", [output_size], dtype=dtype,
                                                   initializer=bias_initializer)

    def __call__(self, args):
        if nest.is_sequence(args):
            args = args[0] if len(args) == 1 else array_ops.concat(args, 1)
        result = math_ops.matmul(args, self._weights)
        return nn_ops.bias_add(result, self._biases) if self._build_bias else result


def total_depth(args):
    """The columns of all `args`, which must be matrices of known width."""
    shapes = [arg.get_shape() for arg in args]
    for shape in shapes:
        if shape.ndims != 2:
            raise ValueError("linear is expecting 2D arguments: %s" % shapes)
        if shape.as_list()[1] is None:
            raise ValueError("linear expects shape[1] to be provided for shape %s, but saw %s"
                             % (shape, shape[1]))
    return sum(shape.as_list()[1] for shape in shapes)


def _linear(args, output_size, bias, bias_initializer=None, kernel_initializer=None):
    """The same at once."""
    return _Linear(args, output_size, bias, bias_initializer, kernel_initializer)(args)


def once(cell, name, make):
    """The attribute `name` of a cell, made the first time it is needed."""
    if getattr(cell, name, None) is None:
        setattr(cell, name, make())
    return getattr(cell, name)


class CellWrapper(RNNCell):
    """A cell around `self._cell` that has a scope of its own."""

    def __init__(self, cell, reuse=None):
        super().__init__(_reuse=reuse)
        assert_like_rnncell("cell", cell)
        self._cell = cell

    @property
    def state_size(self):
        return self._cell.state_size

    @property
    def output_size(self):
        return self._cell.output_size

    def zero_state(self, batch_size, dtype):
        with ops.name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return self._cell.zero_state(batch_size, dtype)


class EmbeddingWrapper(CellWrapper):
    """A cell that takes numbers, whose rows it finds in the variable `embedding`."""

    def __init__(self, cell, embedding_classes, embedding_size, initializer=None, reuse=None):
        super().__init__(cell, reuse)
        if embedding_classes <= 0 or embedding_size <= 0:
            raise ValueError("Both embedding_classes and embedding_size must be > 0: %d, %d."
                             % (embedding_classes, embedding_size))
        self._embedding_classes = embedding_classes
        self._embedding_size = embedding_size
        self._initializer = initializer

    def _rows_initializer(self):
        """What is said here or for the scope; else uniform of variance 1."""
        bound = 3 ** 0.5
        return (self._initializer or vs.get_variable_scope().initializer or
                init_ops.random_uniform_initializer(-bound, bound))

    def call(self, inputs, state):
        with ops.device("/cpu:0"):
            dtype = state[0].dtype if isinstance(state, tuple) else state.dtype
            embedding = vs.get_variable(
                "embedding", [self._embedding_classes, self._embedding_size],
                initializer=self._rows_initializer(), dtype=dtype)
            embedded = embedding_ops.embedding_lookup(embedding, array_ops.reshape(inputs, [-1]))
            return self._cell(embedded, state)


class InputProjectionWrapper(CellWrapper):
    """A cell whose inputs are first made `num_proj` wide by a linear layer."""

    def __init__(self, cell, num_proj, activation=None, input_size=None, reuse=None):
        super().__init__(cell, reuse)
        self._num_proj = num_proj
        self._activation = activation

    def call(self, inputs, state):
        linear = once(self, "_linear", lambda: _Linear(inputs, self._num_proj, True))
        projected = linear(inputs)
        return self._cell(self._activation(projected) if self._activation else projected, state)


class OutputProjectionWrapper(CellWrapper):
    """A cell whose output is made `output_size` wide by a linear layer."""

    def __init__(self, cell, output_size, activation=None, reuse=None):
        super().__init__(cell, reuse)
        if output_size < 1:
            raise ValueError("Parameter output_size must be > 0: %d." % output_size)
        self._output_size = output_size
        self._activation = activation

    @property
    def output_size(self):
        return self._output_size

    def call(self, inputs, state):
        output, new_state = self._cell(inputs, state)
        linear = once(self, "_linear", lambda: _Linear(output, self._output_size, True))
        projected = linear(output)
        return self._activation(projected) if self._activation else projected, new_state
