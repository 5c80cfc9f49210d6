"""tf.summary: ops that say something of a run, for TensorBoard, and what writes it down."""
from weft.python.framework import dtypes, gen, messages, ops
from weft.python.ops import summary_op_util
from weft.python.summary.writer.writer import FileWriter
from weft.python.summary.writer.writer_cache import FileWriterCache
from weft.python.util import compat

__all__ = [
    "Event", "FileWriter", "FileWriterCache", "SessionLog", "Summary", "SummaryDescription",
    "TaggedRunMetadata", "audio", "get_summary_description", "histogram", "image", "merge",
    "merge_all", "scalar", "tensor_summary", "text"]

_MESSAGES = {"Event", "SessionLog", "Summary", "SummaryDescription", "TaggedRunMetadata"}


def __getattr__(name):
    if name not in _MESSAGES:
        raise AttributeError("module %r has no attribute %r" % (__name__, name))
    return getattr(messages, name)


def _collected(val, collections):
    summary_op_util.collect(val, collections, [ops.GraphKeys.SUMMARIES])
    return val


def scalar(name, tensor, collections=None, family=None):
    """A summary of one number: a serialized Summary, as a string scalar."""
    with summary_op_util.summary_scope(name, family, values=[tensor]) as (tag, scope):
        return _collected(gen.ScalarSummary(tag, tensor, name=scope), collections)


def image(name, tensor, max_outputs=3, collections=None, family=None):
    """A summary of the first `max_outputs` images of [batch, height, width, 1, 3 or 4].

    Floats are scaled so that they fit 0 to 255; uint8 is shown as it is."""
    with summary_op_util.summary_scope(name, family, values=[tensor]) as (tag, scope):
        return _collected(gen.ImageSummary(tag, tensor, max_images=max_outputs, name=scope),
                          collections)


def histogram(name, values, collections=None, family=None):
    """A summary of how values are distributed."""
    with summary_op_util.summary_scope(name, family, "HistogramSummary",
                                       [values]) as (tag, scope):
        return _collected(gen.HistogramSummary(tag, values, name=scope), collections)


def audio(name, tensor, sample_rate, max_outputs=3, collections=None, family=None):
    """A summary of the first `max_outputs` sounds of [batch, frames] or [batch, frames, channels],
    values from -1 to 1."""
    with summary_op_util.summary_scope(name, family, values=[tensor]) as (tag, scope):
        rate = ops.convert_to_tensor(sample_rate, dtype=dtypes.float32, name="sample_rate")
        return _collected(gen.AudioSummaryV2(tag, tensor, rate, max_outputs=max_outputs,
                                             name=scope), collections)


def tensor_summary(name, tensor, summary_description=None, collections=None,
                   summary_metadata=None, family=None, display_name=None):
    """A summary of any tensor, with a SummaryMetadata that says who is to show it and how."""
    metadata = messages.SummaryMetadata() if summary_metadata is None else summary_metadata
    if summary_description is not None:
        metadata.summary_description = summary_description
    if display_name is not None:
        metadata.display_name = display_name
    with summary_op_util.summary_scope(name, family, values=[tensor]) as (tag, scope):
        val = gen.TensorSummaryV2(tag, tensor, metadata.SerializeToString(), name=scope)
        return _collected(val, collections)


def text(name, tensor, collections=None):
    """A summary of strings, which TensorBoard shows as Markdown; a matrix of them as a table."""
    if tensor.dtype != dtypes.string:
        raise ValueError("Expected tensor %s to have dtype string, got %s"
                         % (tensor.name, tensor.dtype))
    metadata = messages.SummaryMetadata()
    metadata.plugin_data.plugin_name = "text"
    return tensor_summary(name, tensor, summary_metadata=metadata, collections=collections)


def merge(inputs, collections=None, name=None):
    """One summary that holds all of these."""
    name = summary_op_util.clean_tag(name)
    with ops.name_scope(name, "Merge", inputs):
        val = gen.MergeSummary(inputs, name=name)
        summary_op_util.collect(val, collections, [])
    return val


def merge_all(key=ops.GraphKeys.SUMMARIES, scope=None, name=None):
    """merge() of all in a collection, the default graph's summaries; None if there are none."""
    found = ops.get_collection(key, scope=scope)
    return merge(found, name=name) if found else None


def get_summary_description(node_def):
    """The SummaryDescription of a TensorSummary; ValueError for any other node."""
    if node_def.op != "TensorSummary":
        raise ValueError("Can't get_summary_description on %s" % node_def.op)
    from google.protobuf import json_format
    return json_format.Parse(compat.as_str_any(node_def.attr["description"].s),
                             messages.SummaryDescription())
