"""Cells around cells: dropout, residual connections, devices.

A wrapper has no variables and no name scope of its own: what it holds is named by the cell inside.
"""
import hashlib
import numbers

from weft.python.framework import ops, tensor_shape, tensor_util
from weft.python.ops import array_ops, math_ops, nn_ops, random_ops
from weft.python.ops.rnn_cell_base import LSTMStateTuple, RNNCell, assert_like_rnncell
from weft.python.util import nest

__all__ = ["DeviceWrapper", "DropoutWrapper", "ResidualWrapper"]


class _Wrapper(RNNCell):
    """A cell around `cell`, with its sizes and states."""

    def __init__(self, cell):
        super().__init__()
        assert_like_rnncell("cell", cell)
        self.cell = cell

    def _call_wrapped_cell(self, inputs, state, cell_call_fn, **kwargs):
        """The step, which asks `cell_call_fn` for that of the cell inside."""
        raise NotImplementedError

    def __call__(self, inputs, state, scope=None):
        return self._call_wrapped_cell(inputs, state, cell_call_fn=self.cell.__call__, scope=scope)

    @property
    def wrapped_cell(self):
        """The cell inside."""
        return self.cell

    @property
    def state_size(self):
        return self.cell.state_size

    @property
    def output_size(self):
        return self.cell.output_size

    def zero_state(self, batch_size, dtype):
        with ops.name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return self.cell.zero_state(batch_size, dtype)


# ---- dropout ----

def _keeps_memory(substate):
    """Which parts of a state are dropped where nobody says: all tensors but the `c` of an LSTM."""
    if isinstance(substate, LSTMStateTuple):
        return LSTMStateTuple(c=False, h=True)
    return nest.is_sequence(substate) or tensor_util.is_tensor(substate)


def _map_numbered(shallow, function, *structures):
    """`function(number, ...)` of each leaf, which are numbered in their order."""
    count = iter(range(1 << 62))
    return nest.map_structure_up_to(shallow, lambda *x: function(next(count), *x), *structures)


def _keep_prob(name, prob):
    """A probability as a float, if its value is known, or as the tensor it is."""
    tensor = ops.convert_to_tensor(prob)
    value = tensor_util.constant_value(tensor)
    if value is None:
        return tensor
    if value < 0 or value > 1:
        raise ValueError("Parameter %s must be between 0 and 1: %d" % (name, value))
    return float(value)


def _drops(keep_prob):
    return not isinstance(keep_prob, numbers.Real) or keep_prob < 1


class DropoutWrapper(_Wrapper):
    """Drops inputs, outputs and states of a cell.

    With `variational_recurrent` the same elements fall at every step and for all of the batch;
    that needs `dtype`, and `input_size` where inputs are dropped. `seed` is made another one for
    each tensor. `dropout_state_filter_visitor(substate)` says by a bool, or a structure of bools,
    what of a state may be dropped; the memory of an LSTM is not, unless it says so.
    """

    def __init__(self, cell, input_keep_prob=1.0, output_keep_prob=1.0, state_keep_prob=1.0,
                 variational_recurrent=False, input_size=None, dtype=None, seed=None,
                 dropout_state_filter_visitor=None):
        super().__init__(cell)
        if dropout_state_filter_visitor is not None and not callable(dropout_state_filter_visitor):
            raise TypeError("dropout_state_filter_visitor must be callable")
        self._dropout_state_filter = dropout_state_filter_visitor or _keeps_memory
        with ops.name_scope("DropoutWrapperInit"):
            self._input_keep_prob = _keep_prob("input_keep_prob", input_keep_prob)
            self._state_keep_prob = _keep_prob("state_keep_prob", state_keep_prob)
            self._output_keep_prob = _keep_prob("output_keep_prob", output_keep_prob)
            self._variational_recurrent = variational_recurrent
            self._input_size = input_size
            self._seed = seed
            self._recurrent_input_noise = None
            self._recurrent_state_noise = None
            self._recurrent_output_noise = None
            if variational_recurrent:
                self._make_noise(dtype)

    def _make_noise(self, dtype):
        """The noise of all steps, a tensor for each size."""
        if dtype is None:
            raise ValueError("When variational_recurrent=True, dtype must be provided")

        def noise(salt, sizes):
            def of_size(number, size):
                shape = array_ops.concat(([1], tensor_shape.TensorShape(size).as_list()), 0)
                return random_ops.random_uniform(shape, seed=self._gen_seed(salt, number),
                                                 dtype=dtype)
            return _map_numbered(sizes, of_size, sizes)

        if _drops(self._input_keep_prob):
            if self._input_size is None:
                raise ValueError("When variational_recurrent=True and input_keep_prob < 1.0 or is "
                                 "unknown, input_size must be provided")
            self._recurrent_input_noise = noise("input", self._input_size)
        self._recurrent_state_noise = noise("state", self.cell.state_size)
        self._recurrent_output_noise = noise("output", self.cell.output_size)

    def _gen_seed(self, salt_prefix, index):
        """The seed of one tensor, as TensorFlow derives it."""
        if self._seed is None:
            return None
        text = "%s%s_%d" % (self._seed, salt_prefix, index)
        return int(hashlib.md5(text.encode("utf-8")).hexdigest()[:8], 16) & 0x7FFFFFFF

    def _dropout(self, values, salt_prefix, noise, keep_prob, which=None):
        """`values` with what `which` names (everything, if None) dropped."""
        which = values if which is None else which
        if self._variational_recurrent:
            return _map_numbered(
                which, lambda _, drop, value, noise:
                value if drop is False else _dropped_by(noise, value, keep_prob),
                which, values, noise)
        return _map_numbered(
            which, lambda number, drop, value:
            value if drop is False else nn_ops.dropout_v2(
                value, rate=1. - keep_prob, seed=self._gen_seed(salt_prefix, number)),
            which, values)

    def _call_wrapped_cell(self, inputs, state, cell_call_fn, **kwargs):
        if _drops(self._input_keep_prob):
            inputs = self._dropout(inputs, "input", self._recurrent_input_noise,
                                   self._input_keep_prob)
        output, new_state = cell_call_fn(inputs, state, **kwargs)
        if _drops(self._state_keep_prob):
            which = nest.get_traverse_shallow_structure(self._dropout_state_filter, new_state)
            new_state = self._dropout(new_state, "state", self._recurrent_state_noise,
                                      self._state_keep_prob, which)
        if _drops(self._output_keep_prob):
            output = self._dropout(output, "output", self._recurrent_output_noise,
                                   self._output_keep_prob)
        return output, new_state


def _dropped_by(noise, value, keep_prob):
    """`value` scaled up where keep_prob + noise reaches 1, and 0 elsewhere."""
    kept = math_ops.floor(keep_prob + noise)
    result = math_ops.div(value, keep_prob) * kept
    result.set_shape(value.get_shape())
    return result


# ---- residuals and devices ----

def _sum_of(inputs, outputs):
    """inputs + outputs, which must be alike."""
    nest.assert_same_structure(inputs, outputs)
    nest.map_structure(lambda inp, out: inp.get_shape().assert_is_compatible_with(out.get_shape()),
                       inputs, outputs)
    return nest.map_structure(lambda inp, out: inp + out, inputs, outputs)


class ResidualWrapper(_Wrapper):
    """A cell whose output has the inputs added; or `residual_fn(inputs, outputs)`."""

    def __init__(self, cell, residual_fn=None):
        super().__init__(cell)
        self._residual_fn = residual_fn

    def _call_wrapped_cell(self, inputs, state, cell_call_fn, **kwargs):
        outputs, new_state = cell_call_fn(inputs, state, **kwargs)
        result = (self._residual_fn or _sum_of)(inputs, outputs)
        nest.assert_same_structure(outputs, result)
        return result, new_state


class DeviceWrapper(_Wrapper):
    """A cell that steps on `device`."""

    def __init__(self, cell, device):
        super().__init__(cell)
        self._device = device

    def zero_state(self, batch_size, dtype):
        with ops.name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            with ops.device(self._device):
                return self.cell.zero_state(batch_size, dtype)

    def _call_wrapped_cell(self, inputs, state, cell_call_fn, **kwargs):
        with ops.device(self._device):
            return cell_call_fn(inputs, state, **kwargs)
