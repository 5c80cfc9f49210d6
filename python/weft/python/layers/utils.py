"""What layers share: arguments in one form, lengths of outputs, conditions known before a run."""
from weft.python.framework import ops
from weft.python.framework.smart_cond import smart_cond, smart_constant_value as constant_value

__all__ = ["constant_value", "conv_input_length", "conv_output_length", "convert_data_format",
           "deconv_output_length", "get_reachable_from_inputs", "normalize_data_format",
           "normalize_padding", "normalize_tuple", "smart_cond"]


def convert_data_format(data_format: str, ndim: int) -> str:
    """`channels_last` or `channels_first` as an op's `data_format` for inputs of `ndim` axes."""
    formats = {"channels_last": {3: "NWC", 4: "NHWC", 5: "NDHWC"},
               "channels_first": {3: "NCW", 4: "NCHW", 5: "NCDHW"}}
    if data_format not in formats:
        raise ValueError("Invalid data_format:", data_format)
    if ndim not in formats[data_format]:
        raise ValueError("Input rank not supported:", ndim)
    return formats[data_format][ndim]


def normalize_tuple(value, n: int, name: str) -> tuple:
    """`value` as a tuple of `n` ints: one int stands for all of them."""
    if isinstance(value, int):
        return (value,) * n
    refusal = "The `%s` argument must be a tuple of %d integers. Received: %s" % (name, n, value)
    try:
        values = tuple(value)
    except TypeError:
        raise ValueError(refusal) from None
    if len(values) != n:
        raise ValueError(refusal)
    for single in values:
        try:
            int(single)
        except (ValueError, TypeError):
            raise ValueError("%s including element %s of type %s"
                             % (refusal, single, type(single))) from None
    return values


def normalize_data_format(value) -> str:
    """`channels_last` (also for None) or `channels_first`, in lower case."""
    data_format = "channels_last" if value is None else value.lower()
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError("The `data_format` argument must be one of \"channels_first\", "
                         "\"channels_last\". Received: " + str(value))
    return data_format


def normalize_padding(value):
    """`valid` or `same` (or `causal`), in lower case; a list or tuple stays as it is."""
    if isinstance(value, (list, tuple)):
        return value
    padding = value.lower()
    if padding not in ("valid", "same", "causal"):
        raise ValueError("The `padding` argument must be a list/tuple or one of \"valid\", "
                         "\"same\" (or \"causal\", only for `Conv1D). Received: " + str(padding))
    return padding


def conv_output_length(input_length, filter_size, padding, stride, dilation=1):
    """How long an axis is after a convolution or pooling; None when `input_length` is."""
    if input_length is None:
        return None
    if padding not in ("same", "valid", "full", "causal"):
        raise ValueError("Invalid border mode: %s" % padding)
    dilated = filter_size + (filter_size - 1) * (dilation - 1)
    growth = {"same": 0, "causal": 0, "valid": 1 - dilated, "full": dilated - 1}[padding]
    return (input_length + growth + stride - 1) // stride


def conv_input_length(output_length, filter_size, padding, stride):
    """The shortest axis that a convolution turns into `output_length`; None when that is."""
    if output_length is None:
        return None
    if padding not in ("same", "valid", "full"):
        raise ValueError("Invalid border mode: %s" % padding)
    pad = {"same": filter_size // 2, "valid": 0, "full": filter_size - 1}[padding]
    return (output_length - 1) * stride - 2 * pad + filter_size


def deconv_output_length(input_length, filter_size, padding, stride):
    """How long an axis is after a transposed convolution; may be a tensor, or None."""
    if padding not in ("same", "valid", "full"):
        raise ValueError("Invalid border mode: %s" % padding)
    if input_length is None:
        return None
    length = input_length * stride
    if padding == "valid":
        return length + max(filter_size - stride, 0)
    return length - (stride + filter_size - 2) if padding == "full" else length


def get_reachable_from_inputs(inputs, targets=None) -> set:
    """The tensors and operations that depend on `inputs`, which are among them.

    Stops as soon as all `targets` were met, if any are given.
    """
    reachable, queue = set(inputs), list(inputs)
    wanted = set(targets) if targets else None
    while queue:
        x = queue.pop()
        for y in x.outputs if isinstance(x, ops.Operation) else x.consumers():
            if y not in reachable:
                reachable.add(y)
                queue.insert(0, y)
        if wanted is not None and wanted <= reachable:
            break
    return reachable
