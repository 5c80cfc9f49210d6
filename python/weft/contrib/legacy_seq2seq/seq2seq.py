"""Sequence to sequence, unrolled: an encoder's last state is where a decoder begins."""
import copy

from weft.contrib.legacy_seq2seq.decoders import (                       # noqa: F401
    attention_decoder, check_projection, embedding_attention_decoder, embedding_rnn_decoder,
    extract_argmax_and_embed, rnn_decoder)
from weft.contrib.legacy_seq2seq.losses import (                         # noqa: F401
    model_with_buckets, sequence_loss, sequence_loss_by_example)
from weft.contrib.rnn.core_rnn_cell import EmbeddingWrapper, OutputProjectionWrapper
from weft.python.framework import dtypes
from weft.python.ops import array_ops, control_flow_ops, embedding_ops, rnn, variable_scope as vs
from weft.python.util import nest

__all__ = [
    "attention_decoder", "basic_rnn_seq2seq", "embedding_attention_decoder",
    "embedding_attention_seq2seq", "embedding_rnn_decoder", "embedding_rnn_seq2seq",
    "embedding_tied_rnn_seq2seq", "model_with_buckets", "one2many_rnn_seq2seq", "rnn_decoder",
    "sequence_loss", "sequence_loss_by_example", "tied_rnn_seq2seq",
]


def basic_rnn_seq2seq(encoder_inputs, decoder_inputs, cell, dtype=dtypes.float32, scope=None):
    """An encoder and a decoder with cells alike, each with variables of its own."""
    with vs.variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = rnn.static_rnn(copy.deepcopy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


def tied_rnn_seq2seq(encoder_inputs, decoder_inputs, cell, loop_function=None,
                     dtype=dtypes.float32, scope=None):
    """An encoder and a decoder that are one cell, with the same variables."""
    with vs.variable_scope("combined_tied_rnn_seq2seq"):
        scope = scope or "tied_rnn_seq2seq"
        _, state = rnn.static_rnn(cell, encoder_inputs, dtype=dtype, scope=scope)
        vs.get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function=loop_function, scope=scope)


def _decoded(feed_previous, n_outputs, state_like, decode):
    """What `decode(feed_previous, update_embedding)` makes: outputs and state.

    Where a tensor says whether outputs are fed back, both ways are built, with the same variables,
    and a cond takes one.
    """
    if isinstance(feed_previous, bool):
        return decode(feed_previous, True)

    def way(fed):
        with vs.variable_scope(vs.get_variable_scope(), reuse=None if fed else True):
            outputs, state = decode(fed, False)
            return outputs + nest.flatten(state)

    both = control_flow_ops.cond(feed_previous, lambda: way(True), lambda: way(False))
    return both[:n_outputs], nest.pack_sequence_as(state_like, both[n_outputs:])


def _encoded(cell, encoder_inputs, num_symbols, embedding_size, dtype):
    """The outputs and the last state of `cell` over symbols."""
    cell = EmbeddingWrapper(cell, embedding_classes=num_symbols, embedding_size=embedding_size)
    return rnn.static_rnn(cell, encoder_inputs, dtype=dtype)


def embedding_rnn_seq2seq(encoder_inputs, decoder_inputs, cell, num_encoder_symbols,
                          num_decoder_symbols, embedding_size, output_projection=None,
                          feed_previous=False, dtype=None, scope=None):
    """An encoder and a decoder over symbols.

    Without `output_projection` the outputs are logits of all symbols. `feed_previous` (a bool or a
    tensor): all decoder inputs but the first are what the decoder said.
    """
    with vs.variable_scope(scope or "embedding_rnn_seq2seq") as scope:
        if dtype is not None:
            scope.set_dtype(dtype)
        _, state = _encoded(copy.deepcopy(cell), encoder_inputs, num_encoder_symbols,
                            embedding_size, scope.dtype)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
        return _decoded(
            feed_previous, len(decoder_inputs), state,
            lambda fed, update: embedding_rnn_decoder(
                decoder_inputs, state, cell, num_decoder_symbols, embedding_size,
                output_projection=output_projection, feed_previous=fed,
                update_embedding_for_previous=update))


def embedding_tied_rnn_seq2seq(encoder_inputs, decoder_inputs, cell, num_symbols, embedding_size,
                               num_decoder_symbols=None, output_projection=None,
                               feed_previous=False, dtype=None, scope=None):
    """One cell for both, and one embedding for the symbols of both."""
    with vs.variable_scope(scope or "embedding_tied_rnn_seq2seq", dtype=dtype) as scope:
        dtype = scope.dtype
        check_projection(output_projection, dtype, num_symbols)
        embedding = vs.get_variable("embedding", [num_symbols, embedding_size], dtype=dtype)
        encoder, decoder = ([embedding_ops.embedding_lookup(embedding, i) for i in inputs]
                            for inputs in (encoder_inputs, decoder_inputs))
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols or num_symbols)

        def decode(fed, update):
            loop_function = (extract_argmax_and_embed(embedding, output_projection, update)
                             if fed else None)
            return tied_rnn_seq2seq(encoder, decoder, cell, loop_function=loop_function,
                                    dtype=dtype)

        return _decoded(feed_previous, len(decoder_inputs), cell.state_size, decode)


def embedding_attention_seq2seq(encoder_inputs, decoder_inputs, cell, num_encoder_symbols,
                                num_decoder_symbols, embedding_size, num_heads=1,
                                output_projection=None, feed_previous=False, dtype=None,
                                scope=None, initial_state_attention=False):
    """embedding_rnn_seq2seq whose decoder attends to the encoder's outputs."""
    with vs.variable_scope(scope or "embedding_attention_seq2seq", dtype=dtype) as scope:
        dtype = scope.dtype
        outputs, state = _encoded(copy.deepcopy(cell), encoder_inputs, num_encoder_symbols,
                                  embedding_size, dtype)
        attention_states = array_ops.concat(
            [array_ops.reshape(output, [-1, 1, cell.output_size]) for output in outputs], 1)
        output_size = None
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
            output_size = num_decoder_symbols
        return _decoded(
            feed_previous, len(decoder_inputs), state,
            lambda fed, update: embedding_attention_decoder(
                decoder_inputs, state, attention_states, cell, num_decoder_symbols, embedding_size,
                num_heads=num_heads, output_size=output_size, output_projection=output_projection,
                feed_previous=fed, update_embedding_for_previous=update,
                initial_state_attention=initial_state_attention))


def one2many_rnn_seq2seq(encoder_inputs, decoder_inputs_dict, enc_cell, dec_cells_dict,
                         num_encoder_symbols, num_decoder_symbols_dict, embedding_size,
                         feed_previous=False, dtype=None, scope=None):
    """One encoder, and a decoder for each name: dicts of their outputs and last states."""
    outputs_dict, state_dict = {}, {}
    with vs.variable_scope(scope or "one2many_rnn_seq2seq", dtype=dtype) as scope:
        _, state = _encoded(enc_cell, encoder_inputs, num_encoder_symbols, embedding_size,
                            scope.dtype)
        for name, inputs in decoder_inputs_dict.items():
            symbols = num_decoder_symbols_dict[name]
            with vs.variable_scope("one2many_decoder_" + str(name)):
                cell = OutputProjectionWrapper(dec_cells_dict[name], symbols)
                outputs_dict[name], state_dict[name] = _decoded(
                    feed_previous, len(inputs), state,
                    lambda fed, update: embedding_rnn_decoder(
                        inputs, state, cell, symbols, embedding_size, feed_previous=fed,
                        update_embedding_for_previous=update))
    return outputs_dict, state_dict
