"""tf.nn.rnn_cell: recurrent cells, stacks of them, and cells around cells."""
from weft.python.framework import dtypes, ops
from weft.python.keras import initializers
from weft.python.layers.base import Layer
from weft.python.ops import array_ops, init_ops, math_ops, nn_ops, variable_scope as vs
from weft.python.ops.rnn_cell_base import (      # noqa: F401
    BIAS_VARIABLE_NAME as _BIAS_VARIABLE_NAME, LayerRNNCell, LSTMStateTuple, RNNCell,
    UnitsCell, WEIGHTS_VARIABLE_NAME as _WEIGHTS_VARIABLE_NAME, assert_like_rnncell, check_dtype,
    check_input_depth, concat_sizes as _concat, zero_state_tensors as _zero_state_tensors)
from weft.python.ops.rnn_cell_lstm import BasicLSTMCell, LSTMCell            # noqa: F401
from weft.python.ops.rnn_cell_wrapper_impl import (                          # noqa: F401
    DeviceWrapper, DropoutWrapper, ResidualWrapper)
from weft.python.platform import tf_logging as logging
from weft.python.util import nest
from weft.python.util.deprecation import deprecated

ASSERT_LIKE_RNNCELL_ERROR_REGEXP = "is not an RNNCell"

_KERAS_HAS = ("This class is equivalent as tf.keras.layers.%s, and will be replaced by that in "
              "Tensorflow 2.0.")


class BasicRNNCell(UnitsCell):
    """The plainest cell: output = new_state = activation(inputs W + state U + b)."""

    @deprecated(None, _KERAS_HAS % "SimpleRNNCell")
    def __init__(self, num_units, activation=None, reuse=None, name=None, dtype=None, **kwargs):
        super().__init__(num_units, activation, reuse, name, dtype, **kwargs)
        check_dtype(self.dtype)

    def build(self, inputs_shape):
        depth = check_input_depth(inputs_shape)
        check_dtype(self.dtype)
        n = self._num_units
        self._kernel = self.add_variable(_WEIGHTS_VARIABLE_NAME, shape=[depth + n, n])
        self._bias = self.add_variable(
            _BIAS_VARIABLE_NAME, shape=[n],
            initializer=init_ops.zeros_initializer(dtype=dtypes.as_dtype(self.dtype)))
        self.built = True

    def call(self, inputs, state):
        sums = math_ops.matmul(array_ops.concat([inputs, state], 1), self._kernel)
        output = self._activation(nn_ops.bias_add(sums, self._bias))
        return output, output


class GRUCell(UnitsCell):
    """A gated recurrent unit: gates `r` and `u` say what of the state the candidate sees, and how
    much of the state stays."""

    @deprecated(None, _KERAS_HAS % "GRUCell")
    def __init__(self, num_units, activation=None, reuse=None, kernel_initializer=None,
                 bias_initializer=None, name=None, dtype=None, **kwargs):
        super().__init__(num_units, activation, reuse, name, dtype, **kwargs)
        check_dtype(self.dtype)
        self._kernel_initializer = initializers.get(kernel_initializer)
        self._bias_initializer = initializers.get(bias_initializer)

    def _bias_start(self, default):
        if self._bias_initializer is not None:
            return self._bias_initializer
        return init_ops.constant_initializer(default, dtype=dtypes.as_dtype(self.dtype))

    def build(self, inputs_shape):
        depth = check_input_depth(inputs_shape)
        check_dtype(self.dtype)
        n = self._num_units
        self._gate_kernel = self.add_variable(
            "gates/" + _WEIGHTS_VARIABLE_NAME, shape=[depth + n, 2 * n],
            initializer=self._kernel_initializer)
        self._gate_bias = self.add_variable(
            "gates/" + _BIAS_VARIABLE_NAME, shape=[2 * n], initializer=self._bias_start(1.0))
        self._candidate_kernel = self.add_variable(
            "candidate/" + _WEIGHTS_VARIABLE_NAME, shape=[depth + n, n],
            initializer=self._kernel_initializer)
        self._candidate_bias = self.add_variable(
            "candidate/" + _BIAS_VARIABLE_NAME, shape=[n],
            initializer=(init_ops.zeros_initializer(dtype=dtypes.as_dtype(self.dtype))
                         if self._bias_initializer is None else self._bias_initializer))
        self.built = True

    def call(self, inputs, state):
        gates = math_ops.matmul(array_ops.concat([inputs, state], 1), self._gate_kernel)
        gates = math_ops.sigmoid(nn_ops.bias_add(gates, self._gate_bias))
        r, u = array_ops.split(value=gates, num_or_size_splits=2, axis=1)
        seen = r * state
        candidate = math_ops.matmul(array_ops.concat([inputs, seen], 1), self._candidate_kernel)
        c = self._activation(nn_ops.bias_add(candidate, self._candidate_bias))
        new_h = u * state + (1 - u) * c
        return new_h, new_h


class MultiRNNCell(RNNCell):
    """Cells in a stack: the output of each is the input of the next.

    The state is a tuple of the cells' states, or with `state_is_tuple=False` one tensor that has
    them side by side.
    """

    @deprecated(None, _KERAS_HAS % "StackedRNNCells")
    def __init__(self, cells, state_is_tuple=True):
        super().__init__()
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not nest.is_sequence(cells):
            raise TypeError("cells must be a list or tuple, but saw: %s." % cells)
        if len({id(cell) for cell in cells}) < len(cells):
            logging.log_first_n(logging.WARN, "At least two cells provided to MultiRNNCell are "
                                "the same object and will share weights.", 1)
        self._cells = cells
        for number, cell in enumerate(cells):
            assert_like_rnncell("cell %d" % number, cell)
        self._state_is_tuple = state_is_tuple
        if not state_is_tuple and any(nest.is_sequence(c.state_size) for c in cells):
            raise ValueError("Some cells return tuples of states, but the flag state_is_tuple is "
                             "not set.  State sizes are: %s" % str([c.state_size for c in cells]))

    @property
    def state_size(self):
        sizes = tuple(cell.state_size for cell in self._cells)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self):
        return self._cells[-1].output_size

    def zero_state(self, batch_size, dtype):
        with ops.name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            if self._state_is_tuple:
                return tuple(cell.zero_state(batch_size, dtype) for cell in self._cells)
            return super().zero_state(batch_size, dtype)

    def _weights_of_cells(self, name):
        found = []
        for cell in self._cells:
            if isinstance(cell, Layer) and "_trainable_weights" in vars(cell):
                found += [w for w in getattr(cell, name) if not any(w is f for f in found)]
        return found

    @property
    def trainable_weights(self):
        return self._weights_of_cells("trainable_weights") if self.trainable else []

    @property
    def non_trainable_weights(self):
        found = self._weights_of_cells("non_trainable_weights")
        return found if self.trainable else self._weights_of_cells("trainable_weights") + found

    def _states_of_cells(self, state):
        if not self._state_is_tuple:
            at = 0
            for cell in self._cells:
                yield array_ops.slice(state, [0, at], [-1, cell.state_size])
                at += cell.state_size
            return
        if not nest.is_sequence(state):
            raise ValueError("Expected state to be a tuple of length %d, but received: %s"
                             % (len(self.state_size), state))
        yield from state

    def call(self, inputs, state):
        states = self._states_of_cells(state)
        new_states = []
        for number, cell in enumerate(self._cells):
            with vs.variable_scope("cell_%d" % number):
                inputs, new_state = cell(inputs, next(states))
                new_states.append(new_state)
        if self._state_is_tuple:
            return inputs, tuple(new_states)
        return inputs, array_ops.concat(new_states, 1)
