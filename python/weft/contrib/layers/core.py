"""Fully connected layers, dropout, flattening and other layers without windows."""
import functools
import numbers

from weft.contrib.framework import variables
from weft.contrib.framework.arg_scopes import add_arg_scope
from weft.contrib.layers import finish, initializers, utils
from weft.python.framework import dtypes, ops
from weft.python.layers import core
from weft.python.ops import array_ops, init_ops, math_ops, nn_ops, variable_scope as vs

__all__ = ["bias_add", "dropout", "embed_sequence", "flatten", "fully_connected", "linear",
           "one_hot_encoding", "relu", "relu6", "repeat", "softmax", "stack", "unit_norm"]


@add_arg_scope
def fully_connected(inputs, num_outputs, activation_fn=nn_ops.relu, normalizer_fn=None,
                    normalizer_params=None,
                    weights_initializer=initializers.xavier_initializer(),
                    weights_regularizer=None, biases_initializer=init_ops.zeros_initializer(),
                    biases_regularizer=None, reuse=None, variables_collections=None,
                    outputs_collections=None, trainable=True, scope=None):
    """All inputs to all outputs, with variables `weights` and `biases`.

    There are no biases when `normalizer_fn` is given.
    """
    if not isinstance(num_outputs, numbers.Integral):
        raise ValueError("num_outputs type should be one of %s, got %s."
                         % ([int], type(num_outputs)))
    rename = {"bias": "biases", "kernel": "weights"}
    with finish.opened(scope, "fully_connected", [inputs], reuse, rename) as sc:
        inputs = ops.convert_to_tensor(inputs)
        layer = core.Dense(
            units=num_outputs, activation=None,
            use_bias=bool(not normalizer_fn and biases_initializer),
            kernel_initializer=weights_initializer, bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer, bias_regularizer=biases_regularizer,
            trainable=trainable, name=sc.name, dtype=inputs.dtype.base_dtype, _scope=sc,
            _reuse=reuse)
        outputs = layer.apply(inputs)
        finish.add_to_collections(layer.kernel, variables_collections, "weights")
        if layer.use_bias:
            finish.add_to_collections(layer.bias, variables_collections, "biases")
        return finish.finished(outputs, sc, normalizer_fn, normalizer_params, activation_fn,
                               outputs_collections)


linear = functools.partial(fully_connected, activation_fn=None)
relu = functools.partial(fully_connected, activation_fn=nn_ops.relu)
relu6 = functools.partial(fully_connected, activation_fn=nn_ops.relu6)


@add_arg_scope
def bias_add(inputs, activation_fn=None, initializer=init_ops.zeros_initializer(),
             regularizer=None, reuse=None, variables_collections=None, outputs_collections=None,
             trainable=True, data_format="NHWC", scope=None):
    """A bias for each channel, the variable `biases`."""
    finish.check_data_format(data_format)
    with vs.variable_scope(scope, "BiasAdd", [inputs], reuse=reuse) as sc:
        inputs = ops.convert_to_tensor(inputs)
        if data_format == "NCHW" and inputs.shape.ndims != 4:
            raise ValueError("NCHW needs an input of 4 axes, got %s" % inputs.shape)
        biases = variables.model_variable(
            "biases", shape=[utils.channel_dimension(inputs.shape, data_format, min_rank=2)],
            dtype=inputs.dtype.base_dtype, initializer=initializer, regularizer=regularizer,
            collections=utils.get_variable_collections(variables_collections, "biases"),
            trainable=trainable)
        outputs = nn_ops.bias_add(inputs, biases, data_format=data_format)
        return finish.finished(outputs, sc, None, None, activation_fn, outputs_collections)


@add_arg_scope
def dropout(inputs, keep_prob=0.5, noise_shape=None, is_training=True, outputs_collections=None,
            scope=None, seed=None):
    """In training, keeps an element with `keep_prob`, scaled up, and sets the others to 0."""
    with finish.opened(scope, "Dropout", [inputs], None) as sc:
        inputs = ops.convert_to_tensor(inputs)
        layer = core.Dropout(rate=1 - keep_prob, noise_shape=noise_shape, seed=seed, name=sc.name,
                             _scope=sc)
        outputs = layer.apply(inputs, training=is_training)
        return utils.collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
def flatten(inputs, outputs_collections=None, scope=None):
    """All axes but the first as one."""
    with ops.name_scope(scope, "Flatten", [inputs]) as sc:
        outputs = core.flatten(ops.convert_to_tensor(inputs))
        return utils.collect_named_outputs(outputs_collections, sc, outputs)


@add_arg_scope
def softmax(logits, scope=None):
    """Softmax over the last axis."""
    with vs.variable_scope(scope, "softmax", [logits]):
        classes = utils.last_dimension(logits.shape, min_rank=2)
        rows = nn_ops.softmax(array_ops.reshape(logits, [-1, classes]))
        predictions = array_ops.reshape(rows, array_ops.shape(logits))
        predictions.set_shape(logits.shape)
        return predictions


@add_arg_scope
def one_hot_encoding(labels, num_classes, on_value=1.0, off_value=0.0, outputs_collections=None,
                     scope=None):
    """Vectors of `num_classes` with `on_value` at each label."""
    with ops.name_scope(scope, "OneHotEncoding", [labels, num_classes]) as sc:
        labels = ops.convert_to_tensor(labels)
        if labels.dtype == dtypes.int32:
            labels = math_ops.to_int64(labels)
        outputs = array_ops.one_hot(labels, num_classes, on_value=on_value, off_value=off_value)
        return utils.collect_named_outputs(outputs_collections, sc, outputs)


@add_arg_scope
def unit_norm(inputs, dim, epsilon=1e-7, scope=None):
    """`inputs` over its norm along the axis `dim`."""
    with vs.variable_scope(scope, "UnitNorm", [inputs]):
        rank = inputs.shape.ndims
        if not rank:
            raise ValueError("The input rank must be known.")
        if dim < 0 or dim >= rank:
            raise ValueError("dim must be positive but smaller than the input rank.")
        squares = math_ops.reduce_sum(math_ops.square(inputs), dim, True)
        return math_ops.div(inputs, math_ops.sqrt(epsilon + squares))


def embed_sequence(ids, vocab_size=None, embed_dim=None, unique=False, initializer=None,
                   regularizer=None, trainable=True, scope=None, reuse=None):
    """[batch, steps, embed_dim] of [batch, steps] numbers, from the variable `embeddings`."""
    from weft.python.ops import embedding_ops
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError("Must specify vocab size and embedding dimension when not reusing. Got "
                         "vocab_size=%s and embed_dim=%s" % (vocab_size, embed_dim))
    with vs.variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        embeddings = variables.model_variable(
            "embeddings", shape=[vocab_size, embed_dim], initializer=initializer,
            regularizer=regularizer, trainable=trainable)
        if not unique:
            return embedding_ops.embedding_lookup(embeddings, ids)
        flat, places = array_ops.unique(array_ops.reshape(ids, [-1]))
        rows = array_ops.gather(embedding_ops.embedding_lookup(embeddings, flat), places)
        return array_ops.reshape(rows, array_ops.concat([array_ops.shape(ids), [embed_dim]], 0))


# Layers of layers.

def _name_of(layer, default):
    """The name of a layer function, also behind functools.partial."""
    return getattr(layer, "__name__", None) or getattr(
        getattr(layer, "func", None), "__name__", default)


def repeat(inputs, repetitions, layer, *args, **kwargs):
    """The same layer `repetitions` times, in scopes `scope_1`, `scope_2`..."""
    scope = kwargs.pop("scope", None)
    with vs.variable_scope(scope, "Repeat", [inputs]):
        outputs = ops.convert_to_tensor(inputs)
        name = scope or _name_of(layer, "repeat")
        for i in range(repetitions):
            outputs = layer(outputs, *args, **{**kwargs, "scope": "%s_%d" % (name, i + 1)})
        return outputs


def stack(inputs, layer, stack_args, **kwargs):
    """A layer for each of `stack_args` (an argument or a tuple of them), each on the last one's."""
    scope, reuse = kwargs.pop("scope", None), kwargs.pop("reuse", None)
    if not isinstance(stack_args, (list, tuple)):
        raise ValueError("stack_args need to be a list or tuple")
    with vs.variable_scope(scope, "Stack", [inputs], reuse=reuse):
        outputs = ops.convert_to_tensor(inputs)
        name = scope or _name_of(layer, "stack")
        for i, given in enumerate(stack_args):
            args = given if isinstance(given, (list, tuple)) else [given]
            outputs = layer(outputs, *args, **{**kwargs, "scope": "%s_%d" % (name, i + 1)})
        return outputs
