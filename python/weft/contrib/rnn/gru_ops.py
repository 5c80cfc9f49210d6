"""The gated recurrent unit's step by one op."""
from weft.python.framework import gen
from weft.python.layers.input_spec import InputSpec
from weft.python.ops import init_ops
from weft.python.ops.rnn_cell_base import LayerRNNCell
from weft.python.util.deprecation import deprecated_args

__all__ = ["GRUBlockCell", "GRUBlockCellV2"]


class GRUBlockCell(LayerRNNCell):
    """GRUCell's step by one op, with variables of older names."""

    _NAMES = ("w_ru", "b_ru", "w_c", "b_c")

    @deprecated_args(None, "cell_size is deprecated, use num_units instead", "cell_size")
    def __init__(self, num_units=None, cell_size=None, reuse=None, name="gru_cell"):
        super().__init__(_reuse=reuse, name=name)
        if (cell_size is None) == (num_units is None):
            raise ValueError("Exactly one of num_units or cell_size must be provided.")
        self._cell_size = cell_size if num_units is None else num_units
        self.input_spec = InputSpec(ndim=2)

    @property
    def state_size(self):
        return self._cell_size

    @property
    def output_size(self):
        return self._cell_size

    def build(self, input_shape):
        depth, n = input_shape.as_list()[1], self._cell_size
        if depth is None:
            raise ValueError("Expecting input_shape[1] to be set.")
        shapes = ([depth + n, 2 * n], [2 * n], [depth + n, n], [n])
        starts = (None, init_ops.constant_initializer(1.0), None,
                  init_ops.constant_initializer(0.0))
        (self._gate_kernel, self._gate_bias, self._candidate_kernel, self._candidate_bias) = [
            self.add_variable(name, shape, initializer=start)
            for name, shape, start in zip(self._NAMES, shapes, starts)]
        self.built = True

    def call(self, inputs, h_prev):
        made = gen.GRUBlockCell(inputs, h_prev, self._gate_kernel, self._candidate_kernel,
                                self._gate_bias, self._candidate_bias)
        return made.h, made.h


class GRUBlockCellV2(GRUBlockCell):
    """GRUCell's step by one op; its checkpoints fit GRUCell's."""

    _NAMES = ("gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias")
