"""A cell that sees a memory through attention."""
import collections

from weft.contrib.seq2seq.attention_mechanisms import (                             # noqa: F401
    AttentionMechanism, BahdanauAttention, BaseAttentionMechanism as _BaseAttentionMechanism,
    LuongAttention, _masked_score as _maybe_mask_score, dense, size_of_axis)
from weft.contrib.seq2seq.monotonic_mechanisms import (                              # noqa: F401
    BahdanauMonotonicAttention, LuongMonotonicAttention, monotonic_attention, safe_cumprod)
from weft.python.framework import dtypes, ops, tensor_shape
from weft.python.ops import array_ops, check_ops, math_ops, tensor_array_ops
from weft.python.ops.rnn_cell_base import RNNCell, assert_like_rnncell, zero_state_tensors
from weft.python.util import nest

__all__ = ["AttentionMechanism", "AttentionWrapper", "AttentionWrapperState", "BahdanauAttention",
           "BahdanauMonotonicAttention", "LuongAttention", "LuongMonotonicAttention", "hardmax",
           "monotonic_attention", "safe_cumprod"]


class AttentionWrapperState(collections.namedtuple(
        "AttentionWrapperState", ("cell_state", "attention", "time", "alignments",
                                  "alignment_history", "attention_state"))):
    """The state of an AttentionWrapper."""

    __slots__ = ()

    def clone(self, **kwargs):
        """The state with other parts, which must have the shapes of those they replace."""
        return nest.map_structure(_with_same_shape, self, self._replace(**kwargs))


def _with_same_shape(old, new):
    """`new`, checked when the graph is built or, where that is too early, when it runs."""
    if not isinstance(old, ops.Tensor) or not isinstance(new, ops.Tensor):
        return new
    if not old.shape.is_compatible_with(new.shape):
        raise ValueError("Expected shape %s, got %s." % (old.shape, new.shape))
    if old.shape.is_fully_defined():
        new.set_shape(old.shape)
        return new
    same = check_ops.assert_equal(array_ops.shape(new), array_ops.shape(old))
    with ops.control_dependencies([same]):
        new = array_ops.identity(new)
    new.set_shape(old.shape)
    return new


def hardmax(logits, name=None):
    """1 for the largest of the last axis, 0 for all others."""
    with ops.name_scope(name, "Hardmax", [logits]):
        logits = ops.convert_to_tensor(logits, name="logits")
        return array_ops.one_hot(math_ops.argmax(logits, -1), size_of_axis(logits, -1),
                                 dtype=logits.dtype)


def _compute_attention(mechanism, cell_output, attention_state, attention_layer):
    """What is seen, the alignments, and the mechanism's next state."""
    alignments, next_state = mechanism(cell_output, state=attention_state)
    context = math_ops.matmul(array_ops.expand_dims(alignments, 1), mechanism.values)
    context = array_ops.squeeze(context, [1])
    if attention_layer is not None:
        context = attention_layer(array_ops.concat([cell_output, context], 1))
    return context, alignments, next_state


_FITS = {
    "init": ("When constructing AttentionWrapper %s: Non-matching batch sizes between the memory "
             "(encoder output) and initial_cell_state.  Are you using the BeamSearchDecoder?  You "
             "may need to tile the initial state via the tf.contrib.seq2seq.tile_batch function "
             "with argument multiple=beam_width."),
    "zero": ("When calling zero_state of AttentionWrapper %s: Non-matching batch sizes between "
             "the memory (encoder output) and the requested batch size.  Are you using the "
             "BeamSearchDecoder?  If so, make sure your encoder output has been tiled to "
             "beam_width via tf.contrib.seq2seq.tile_batch, and the batch_size= argument passed "
             "to zero_state is batch_size * beam_width."),
    "call": ("When applying AttentionWrapper %s: Non-matching batch sizes between the memory "
             "(encoder output) and the query (decoder output).  Are you using the "
             "BeamSearchDecoder?  You may need to tile your memory input via the "
             "tf.contrib.seq2seq.tile_batch function with argument multiple=beam_width."),
}


class AttentionWrapper(RNNCell):
    """A cell that also gets what it saw last, and puts out what it sees now.

    What is seen is the memory by its alignments, or, with `attention_layer_size` or
    `attention_layer`, what a layer makes of that and the cell's output. There may be a list of
    mechanisms, with a layer for each. `output_attention=False`: the cell's own output is put out.
    """

    def __init__(self, cell, attention_mechanism, attention_layer_size=None,
                 alignment_history=False, cell_input_fn=None, output_attention=True,
                 initial_cell_state=None, name=None, attention_layer=None, attention_fn=None):
        super().__init__(name=name)
        assert_like_rnncell("cell", cell)
        self._is_multi = isinstance(attention_mechanism, (list, tuple))
        mechanisms = attention_mechanism if self._is_multi else (attention_mechanism,)
        _check_mechanisms(mechanisms, self._is_multi)
        if cell_input_fn is None:
            cell_input_fn = _side_by_side
        elif not callable(cell_input_fn):
            raise TypeError("cell_input_fn must be callable, saw type: %s"
                            % type(cell_input_fn).__name__)
        self._cell = cell
        self._attention_mechanisms = mechanisms
        self._take_layers(attention_layer_size, attention_layer)
        self._cell_input_fn = cell_input_fn
        self._output_attention = output_attention
        self._alignment_history = alignment_history
        self._attention_fn = attention_fn or _compute_attention
        with ops.name_scope(name, "AttentionWrapperInit"):
            self._initial_cell_state = None
            if initial_cell_state is not None:
                batch_size = size_of_axis(nest.flatten(initial_cell_state)[-1], 0)
                with ops.control_dependencies(self._fits(batch_size, "init", self._base_name)):
                    self._initial_cell_state = nest.map_structure(
                        lambda s: array_ops.identity(s, name="check_initial_cell_state"),
                        initial_cell_state)

    def _take_layers(self, sizes, layers):
        """The layers over what is seen, and how wide that is in the end."""
        mechanisms = self._attention_mechanisms
        if sizes is not None and layers is not None:
            raise ValueError("Only one of attention_layer_size and attention_layer should be set")
        if sizes is not None:
            sizes = tuple(sizes if isinstance(sizes, (list, tuple)) else (sizes,))
            _check_count("attention_layer_size must contain exactly one integer", sizes,
                         mechanisms)
            self._attention_layers = tuple(dense(size, "attention_layer", mechanism.dtype)
                                           for size, mechanism in zip(sizes, mechanisms))
        elif layers is not None:
            layers = tuple(layers if isinstance(layers, (list, tuple)) else (layers,))
            _check_count("attention_layer must contain exactly one layer", layers, mechanisms)
            self._attention_layers = layers
            sizes = [layer.compute_output_shape(
                [None, self._cell.output_size + mechanism.values.shape.as_list()[-1]])
                .as_list()[-1] for layer, mechanism in zip(layers, mechanisms)]
        else:
            self._attention_layers = None
            sizes = [m.values.get_shape().as_list()[-1] for m in mechanisms]
        self._attention_layer_size = sum(sizes)

    def _fits(self, batch_size, when, name):
        return [check_ops.assert_equal(batch_size, mechanism.batch_size,
                                       message=_FITS[when] % name)
                for mechanism in self._attention_mechanisms]

    def _item_or_tuple(self, seq):
        """Of each mechanism, or of the only one."""
        items = tuple(seq)
        return items if self._is_multi else items[0]

    @property
    def output_size(self):
        return self._attention_layer_size if self._output_attention else self._cell.output_size

    @property
    def state_size(self):
        mechanisms = self._attention_mechanisms
        return AttentionWrapperState(
            cell_state=self._cell.state_size, time=tensor_shape.TensorShape([]),
            attention=self._attention_layer_size,
            alignments=self._item_or_tuple(m.alignments_size for m in mechanisms),
            attention_state=self._item_or_tuple(m.state_size for m in mechanisms),
            alignment_history=self._item_or_tuple(
                m.alignments_size if self._alignment_history else () for m in mechanisms))

    def zero_state(self, batch_size, dtype):
        with ops.name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            cell_state = self._initial_cell_state
            if cell_state is None:
                cell_state = self._cell.get_initial_state(batch_size=batch_size, dtype=dtype)
            with ops.control_dependencies(self._fits(batch_size, "zero", self._base_name)):
                cell_state = nest.map_structure(
                    lambda s: array_ops.identity(s, name="checked_cell_state"), cell_state)
            alignments = [m.initial_alignments(batch_size, dtype)
                          for m in self._attention_mechanisms]
            return AttentionWrapperState(
                cell_state=cell_state, time=array_ops.zeros([], dtype=dtypes.int32),
                attention=zero_state_tensors(self._attention_layer_size, batch_size, dtype),
                alignments=self._item_or_tuple(alignments),
                attention_state=self._item_or_tuple(
                    m.initial_state(batch_size, dtype) for m in self._attention_mechanisms),
                alignment_history=self._item_or_tuple(
                    self._history(dtype, a) for a in alignments))

    def _history(self, dtype, alignments):
        if not self._alignment_history:
            return ()
        return tensor_array_ops.TensorArray(dtype, size=0, dynamic_size=True,
                                            element_shape=alignments.shape)

    def _looked(self, cell_output, state):
        """(what is seen, alignments, next state, history) of each mechanism."""
        parts = (state.attention_state, state.alignment_history)
        if not self._is_multi:
            parts = [[part] for part in parts]
        layers = self._attention_layers or [None] * len(self._attention_mechanisms)
        for mechanism, layer, last, history in zip(self._attention_mechanisms, layers, *parts):
            seen, alignments, following = self._attention_fn(mechanism, cell_output, last, layer)
            if self._alignment_history:
                history = history.write(state.time, alignments)
            yield seen, alignments, following, history

    def call(self, inputs, state):
        if not isinstance(state, AttentionWrapperState):
            raise TypeError("Expected state to be instance of AttentionWrapperState. Received type "
                            "%s instead." % type(state))
        cell_inputs = self._cell_input_fn(inputs, state.attention)
        output, cell_state = self._cell(cell_inputs, state.cell_state)
        with ops.control_dependencies(self._fits(size_of_axis(output, 0), "call", self.name)):
            output = array_ops.identity(output, name="checked_cell_output")
        seen, alignments, states, histories = zip(*self._looked(output, state))
        attention = array_ops.concat(seen, 1)
        next_state = AttentionWrapperState(
            time=state.time + 1, cell_state=cell_state, attention=attention,
            attention_state=self._item_or_tuple(states),
            alignments=self._item_or_tuple(alignments),
            alignment_history=self._item_or_tuple(histories))
        return attention if self._output_attention else output, next_state


def _side_by_side(inputs, attention):
    return array_ops.concat([inputs, attention], -1)


def _check_mechanisms(mechanisms, is_multi):
    for mechanism in mechanisms:
        if not isinstance(mechanism, AttentionMechanism):
            words = ("must contain only instances of AttentionMechanism" if is_multi else
                     "must be an AttentionMechanism or list of multiple AttentionMechanism "
                     "instances")
            raise TypeError("attention_mechanism %s, saw type: %s"
                            % (words, type(mechanism).__name__))


def _check_count(words, given, mechanisms):
    if len(given) != len(mechanisms):
        raise ValueError("If provided, %s per attention_mechanism, saw: %d vs %d"
                         % (words, len(given), len(mechanisms)))
