"""Values written to standard error, or elsewhere, while a graph runs."""

import os
import pprint
import sys

from weft.python.framework import dtypes, gen, ops, tensor_util
from weft.python.ops import array_ops

__all__ = ["Print", "print_v2", "timestamp"]


def Print(input_, data, message=None, first_n=None, summarize=None, name=None):
    """input_, unchanged; when it is computed, `message` and the values of `data` are written.

    At most `summarize` (3) elements of each, and only the first `first_n` times if given."""
    return gen.Print(input_, data, message=message or "",
                     first_n=-1 if first_n is None else first_n,
                     summarize=3 if summarize is None else summarize, name=name)


def _stream_name(stream) -> str:
    """Where PrintV2 writes, in its words. Raises ValueError for another stream."""
    from weft.python.platform import tf_logging
    if stream is sys.stdout:
        return "stdout"
    if stream is sys.stderr:
        return "stderr"
    if isinstance(stream, str) and stream.startswith("file://"):
        return stream
    for level in ("info", "warning", "error"):
        if stream in (getattr(tf_logging, level), getattr(tf_logging, level.upper(), None)):
            return "log(%s)" % level
    raise ValueError("Unsupported output stream, logging level, or file.%s. Supported streams are "
                     "sys.stdout, sys.stderr, tf.compat.v1.logging.info, "
                     "tf.compat.v1.logging.warning, tf.compat.v1.logging.error. File needs to be "
                     "in the form of 'file://<filepath>'." % str(stream))


class _Template:
    """Inputs as one text in which each tensor is a mark, and the tensors in order."""

    def __init__(self, inputs, sep):
        self.tensors = []
        plain = repr(self._marked(inputs, ""))
        self.mark = "{}"
        while self.mark in plain:
            self.mark = "{" + self.mark + "}"
        self.tensors = []
        text = sep.join(x if isinstance(x, str) else pprint.pformat(self._marked(x, self.mark))
                        for x in inputs)
        self.text = text.replace("'" + self.mark + "'", self.mark)

    def _marked(self, x, mark):
        """The structure with each tensor replaced."""
        if isinstance(x, dict):
            return {key: self._marked(x[key], mark) for key in x}
        if isinstance(x, (list, tuple)):
            items = [self._marked(item, mark) for item in x]
            return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
        if array_ops.is_sparse(x):
            self.tensors += [x.indices, x.values, x.dense_shape]
            return "SparseTensor(indices=%s, values=%s, shape=%s)" % (mark, mark, mark)
        if tensor_util.is_tensor(x):
            self.tensors.append(x)
            return mark
        return x


def _is_text(x) -> bool:
    return isinstance(x, ops.Tensor) and x.shape.ndims == 0 and x.dtype == dtypes.string


def print_v2(*inputs, output_stream=None, summarize=3, sep=" ", end=os.linesep, name=None):
    """An op that writes the inputs, tensors among them by value, when it runs.

    They go to standard error unless output_stream is sys.stdout, a function of tf.logging or
    "file://PATH". `summarize` elements are shown at each end of a dimension (-1: all)."""
    stream = "stderr" if output_stream is None else _stream_name(output_stream)
    if len(inputs) == 1 and _is_text(inputs[0]):
        text = inputs[0]
    else:
        from weft.python.ops import string_ops
        made = _Template(inputs, sep)
        text = string_ops.string_format(made.text, made.tensors, made.mark, summarize,
                                        name + "_format" if name else None)
    return gen.PrintV2(text, output_stream=stream, end=end, name=name)


def timestamp(name=None):
    """The time when it runs, in seconds since 1970, as a float64 scalar."""
    return gen.Timestamp(name=name)
