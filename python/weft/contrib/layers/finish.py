"""How layers of tf.contrib are made of those of tf.layers: variables' names, what comes after."""
from weft.contrib.framework import variables
from weft.contrib.layers import utils
from weft.python.framework import ops
from weft.python.ops import variable_scope as vs

__all__ = ["add_to_collections", "channels_of", "check_data_format", "finished",
           "model_variable_getter", "opened"]


def model_variable_getter(rename=None):
    """A custom getter that makes model variables, some under other names ("kernel": "weights")."""
    def renamed(getter, name, **kwargs):
        head, slash, last = name.rpartition("/")
        kwargs = {key: value for key, value in kwargs.items() if key in _PASSED_ON}
        return variables.model_variable(head + slash + (rename or {}).get(last, last),
                                        custom_getter=getter, **kwargs)
    return renamed


_PASSED_ON = ("shape", "dtype", "initializer", "regularizer", "collections", "trainable",
              "caching_device", "partitioner", "use_resource", "synchronization", "aggregation")


def add_to_collections(variable, collections, name) -> None:
    """Puts a variable (or all its parts) into the collections that are meant for `name`."""
    wanted = utils.get_variable_collections(collections, name) or []
    parts = list(variable) if hasattr(variable, "_get_partitions") else [variable]
    for key in [wanted] if isinstance(wanted, str) else wanted:
        for part in parts:
            ops.add_to_collection(key, part)


def check_data_format(data_format, allowed=("NCHW", "NHWC")) -> str:
    """channels_first or channels_last; ValueError for what is not among `allowed`."""
    if data_format not in (None, *allowed):
        raise ValueError("data_format has to be either %s." % " or ".join(allowed))
    return "channels_first" if data_format and data_format.startswith("NC") else "channels_last"


def channels_of(inputs, data_format) -> int:
    """How many channels `inputs` has."""
    return utils.channel_dimension(inputs.shape, data_format or "NHWC", min_rank=4)


def finished(outputs, scope, normalizer_fn, normalizer_params, activation_fn, collections):
    """Normalized, activated, and put into collections under the scope's name."""
    if normalizer_fn is not None:
        outputs = normalizer_fn(outputs, **(normalizer_params or {}))
    if activation_fn is not None:
        outputs = activation_fn(outputs)
    return utils.collect_named_outputs(collections, scope.name, outputs)


def opened(scope, default_name, inputs, reuse, rename=None):
    """The variable scope of a layer whose variables are model variables."""
    return vs.variable_scope(scope, default_name, inputs, reuse=reuse,
                             custom_getter=model_variable_getter(rename))
