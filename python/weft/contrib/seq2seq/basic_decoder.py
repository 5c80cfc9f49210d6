"""A decoder of a cell and a helper that says what the cell gets."""
import collections

from weft.contrib.seq2seq import decoder, helper as helper_py
from weft.python.framework import ops, tensor_shape
from weft.python.layers import base
from weft.python.ops.rnn_cell_base import assert_like_rnncell
from weft.python.util import nest

__all__ = ["BasicDecoder", "BasicDecoderOutput"]

BasicDecoderOutput = collections.namedtuple("BasicDecoderOutput", ("rnn_output", "sample_id"))


def size_after(size, output_layer):
    """The size of a cell's output after a layer, or as it is for None."""
    if output_layer is None:
        return size
    shape = nest.map_structure(lambda s: tensor_shape.TensorShape([None]).concatenate(s), size)
    shape = output_layer.compute_output_shape(shape)
    return nest.map_structure(lambda s: s[1:], shape)


def check_parts(cell, output_layer):
    """TypeError unless these are a cell, and a layer or None."""
    assert_like_rnncell("cell", cell)
    if output_layer is not None and not isinstance(output_layer, base.Layer):
        raise TypeError("output_layer must be a Layer, received: %s" % type(output_layer))


class BasicDecoder(decoder.Decoder):
    """Steps a cell, and `output_layer` if there is one; `helper` samples and gives inputs."""

    def __init__(self, cell, helper, initial_state, output_layer=None):
        check_parts(cell, output_layer)
        if not isinstance(helper, helper_py.Helper):
            raise TypeError("helper must be a Helper, received: %s" % type(helper))
        self._cell = cell
        self._helper = helper
        self._initial_state = initial_state
        self._output_layer = output_layer

    @property
    def batch_size(self):
        return self._helper.batch_size

    @property
    def output_size(self):
        return BasicDecoderOutput(
            rnn_output=size_after(self._cell.output_size, self._output_layer),
            sample_id=self._helper.sample_ids_shape)

    @property
    def output_dtype(self):
        dtype = nest.flatten(self._initial_state)[0].dtype
        return BasicDecoderOutput(
            nest.map_structure(lambda _: dtype, self.output_size.rnn_output),
            self._helper.sample_ids_dtype)

    def initialize(self, name=None):
        return self._helper.initialize() + (self._initial_state,)

    def step(self, time, inputs, state, name=None):
        with ops.name_scope(name, "BasicDecoderStep", (time, inputs, state)):
            outputs, state = self._cell(inputs, state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            sample_ids = self._helper.sample(time=time, outputs=outputs, state=state)
            finished, next_inputs, next_state = self._helper.next_inputs(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids)
        return BasicDecoderOutput(outputs, sample_ids), next_state, next_inputs, finished
