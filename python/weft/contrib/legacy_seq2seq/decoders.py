"""Decoders: cells that step over the inputs of a decoder, or over what they said themselves."""
from weft.contrib.rnn.core_rnn_cell import _linear
from weft.python.framework import dtypes, ops
from weft.python.ops import array_ops, embedding_ops, math_ops, nn_ops, variable_scope as vs
from weft.python.util import nest

__all__ = ["attention_decoder", "embedding_attention_decoder", "embedding_rnn_decoder",
           "rnn_decoder"]


def extract_argmax_and_embed(embedding, output_projection=None, update_embedding=True):
    """A loop function: the row of `embedding` for the likeliest symbol of the last output."""
    def loop_function(prev, _):
        if output_projection is not None:
            prev = nn_ops.xw_plus_b(prev, output_projection[0], output_projection[1])
        row = embedding_ops.embedding_lookup(embedding, math_ops.argmax(prev, 1))
        return row if update_embedding else array_ops.stop_gradient(row)
    return loop_function


def check_projection(output_projection, dtype, num_symbols, biases_only=False):
    """ValueError unless a projection (weights and biases, or None) ends at `num_symbols`."""
    if output_projection is None:
        return
    shapes = [[num_symbols]] if biases_only else [[None, num_symbols], [num_symbols]]
    for part, shape in zip(output_projection[-len(shapes):], shapes):
        part = ops.convert_to_tensor(part, dtype=dtype)
        part.get_shape().assert_is_compatible_with(shape)


def _fed_back(loop_function, prev, i):
    with vs.variable_scope("loop_function", reuse=True):
        return loop_function(prev, i)


def rnn_decoder(decoder_inputs, initial_state, cell, loop_function=None, scope=None):
    """The outputs and the last state of `cell` over `decoder_inputs`; with
    `loop_function(output, i)` all inputs but the first are what that makes of the last output."""
    with vs.variable_scope(scope or "rnn_decoder"):
        state, outputs = initial_state, []
        for i, x in enumerate(decoder_inputs):
            if loop_function is not None and outputs:
                x = _fed_back(loop_function, outputs[-1], i)
            if i > 0:
                vs.get_variable_scope().reuse_variables()
            output, state = cell(x, state)
            outputs.append(output)
    return outputs, state


def embedding_rnn_decoder(decoder_inputs, initial_state, cell, num_symbols, embedding_size,
                          output_projection=None, feed_previous=False,
                          update_embedding_for_previous=True, scope=None):
    """rnn_decoder over symbols, whose rows are in the variable `embedding`.

    With `feed_previous` all inputs but the first are the symbols that the outputs say, after
    `output_projection` (weights, biases); `update_embedding_for_previous`: their rows learn too.
    """
    with vs.variable_scope(scope or "embedding_rnn_decoder") as scope:
        check_projection(output_projection, scope.dtype, num_symbols)
        embedding = vs.get_variable("embedding", [num_symbols, embedding_size])
        loop_function = extract_argmax_and_embed(
            embedding, output_projection, update_embedding_for_previous) if feed_previous else None
        embedded = (embedding_ops.embedding_lookup(embedding, i) for i in decoder_inputs)
        return rnn_decoder(embedded, initial_state, cell, loop_function=loop_function)


# ---- attention ----

class _Attention:
    """Means of `states` [batch, length, size], weighted by heads that look at a query."""

    def __init__(self, states, num_heads, batch_size, dtype):
        length, size = states.get_shape().as_list()[1:]
        length = array_ops.shape(states)[1] if length is None else length
        self._dtype = dtype
        self._length = length
        self._size = size
        self._batch_size = batch_size
        self._hidden = array_ops.reshape(states, [-1, length, 1, size])
        self._heads = []
        for head in range(num_heads):
            # A product with each state is a convolution of width 1.
            kernel = vs.get_variable("AttnW_%d" % head, [1, 1, size, size], dtype=dtype)
            features = nn_ops.conv2d(self._hidden, kernel, [1, 1, 1, 1], "SAME")
            self._heads.append((features, vs.get_variable("AttnV_%d" % head, [size],
                                                          dtype=dtype)))

    def zeros(self):
        """What there is before anything was looked at."""
        shape = array_ops.stack([self._batch_size, self._size])
        means = [array_ops.zeros(shape, dtype=self._dtype) for _ in self._heads]
        for mean in means:
            mean.set_shape([None, self._size])
        return means

    def __call__(self, query):
        """A mean [batch, size] of each head."""
        if nest.is_sequence(query):
            query = array_ops.concat(nest.flatten(query), 1)
        means = []
        for head, (features, v) in enumerate(self._heads):
            with vs.variable_scope("Attention_%d" % head):
                y = _linear(query, self._size, True)
                y = math_ops.cast(array_ops.reshape(y, [-1, 1, 1, self._size]), self._dtype)
                scores = math_ops.reduce_sum(v * math_ops.tanh(features + y), [2, 3])
                weights = nn_ops.softmax(math_ops.cast(scores, dtype=dtypes.float32))
                weights = array_ops.reshape(math_ops.cast(weights, self._dtype),
                                            [-1, self._length, 1, 1])
                mean = math_ops.reduce_sum(weights * self._hidden, [1, 2])
                means.append(array_ops.reshape(mean, [-1, self._size]))
        return means


def attention_decoder(decoder_inputs, initial_state, attention_states, cell, output_size=None,
                      num_heads=1, loop_function=None, dtype=None, scope=None,
                      initial_state_attention=False):
    """rnn_decoder whose cell also gets means of `attention_states` [batch, length, size], weighted
    by `num_heads` that look at the state; with `initial_state_attention` already before the
    first step, else zeros then."""
    if not decoder_inputs:
        raise ValueError("Must provide at least 1 input to attention decoder.")
    if num_heads < 1:
        raise ValueError("With less than 1 heads, use a non-attention decoder.")
    if attention_states.get_shape().as_list()[2] is None:
        raise ValueError("Shape[2] of attention_states must be known: %s"
                         % attention_states.get_shape())
    output_size = cell.output_size if output_size is None else output_size
    with vs.variable_scope(scope or "attention_decoder", dtype=dtype) as scope:
        dtype = scope.dtype
        attention = _Attention(attention_states, num_heads,
                               array_ops.shape(decoder_inputs[0])[0], dtype)
        state, outputs = initial_state, []
        means = attention.zeros()
        if initial_state_attention:
            means = attention(initial_state)
        for i, x in enumerate(decoder_inputs):
            if i > 0:
                vs.get_variable_scope().reuse_variables()
            if loop_function is not None and outputs:
                x = _fed_back(loop_function, outputs[-1], i)
            depth = x.get_shape().with_rank(2).as_list()[1]
            if depth is None:
                raise ValueError("Could not infer input size from input: %s" % x.name)
            x = _linear([math_ops.cast(part, dtype) for part in [x] + means], depth, True)
            output, state = cell(x, state)
            if i == 0 and initial_state_attention:
                with vs.variable_scope(vs.get_variable_scope(), reuse=True):
                    means = attention(state)
            else:
                means = attention(state)
            with vs.variable_scope("AttnOutputProjection"):
                outputs.append(_linear([math_ops.cast(output, dtype)] + means, output_size, True))
    return outputs, state


def embedding_attention_decoder(decoder_inputs, initial_state, attention_states, cell, num_symbols,
                                embedding_size, num_heads=1, output_size=None,
                                output_projection=None, feed_previous=False,
                                update_embedding_for_previous=True, dtype=None, scope=None,
                                initial_state_attention=False):
    """attention_decoder over symbols, as embedding_rnn_decoder is rnn_decoder over symbols."""
    output_size = cell.output_size if output_size is None else output_size
    check_projection(output_projection, dtype, num_symbols, biases_only=True)
    with vs.variable_scope(scope or "embedding_attention_decoder", dtype=dtype):
        embedding = vs.get_variable("embedding", [num_symbols, embedding_size])
        loop_function = extract_argmax_and_embed(
            embedding, output_projection, update_embedding_for_previous) if feed_previous else None
        embedded = [embedding_ops.embedding_lookup(embedding, i) for i in decoder_inputs]
        return attention_decoder(
            embedded, initial_state, attention_states, cell, output_size=output_size,
            num_heads=num_heads, loop_function=loop_function,
            initial_state_attention=initial_state_attention)
