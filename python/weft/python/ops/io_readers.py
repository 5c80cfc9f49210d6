"""Readers: records of the files whose names a queue gives."""
from weft.python.framework import dtypes, gen, ops
from weft.python.lib.io import tf_record

__all__ = ["FixedLengthRecordReader", "IdentityReader", "ReaderBase", "TFRecordReader",
           "TextLineReader", "WholeFileReader"]


class ReaderBase:
    """What all readers have.

    Args:
      reader_ref: the tensor that ops on the reader take.
      supports_serialize: whether it can tell where it is.
    """

    def __init__(self, reader_ref, supports_serialize=False):
        self._reader_ref = reader_ref
        self._supports_serialize = supports_serialize

    @property
    def reader_ref(self):
        """The tensor that ops on the reader take."""
        return self._reader_ref

    @property
    def supports_serialize(self):
        """Whether it can tell where it is."""
        return self._supports_serialize

    def _call(self, op, *inputs, name=None):
        """An op on this reader: old ones are passed by reference."""
        version = "V2" if self._reader_ref.dtype == dtypes.resource else ""
        return getattr(gen, op + version)(self._reader_ref, *inputs, name=name)

    def _queue_of(self, queue):
        ref = queue if isinstance(queue, ops.Tensor) else queue.queue_ref
        old = self._reader_ref.dtype != dtypes.resource
        return gen.FakeQueue(ref) if old and ref.dtype == dtypes.resource else ref

    def read(self, queue, name=None):
        """(key, value): the next record and its name. `queue`: where the files' names come from,
        a Queue or its tensor; it is asked when a file is at its end."""
        return self._call("ReaderRead", self._queue_of(queue), name=name)

    def read_up_to(self, queue, num_records, name=None):
        """(keys, values): the next records, at most so many, all of one file."""
        return self._call("ReaderReadUpTo", self._queue_of(queue), num_records, name=name)

    def num_records_produced(self, name=None):
        """How many records it has given."""
        return self._call("ReaderNumRecordsProduced", name=name)

    def num_work_units_completed(self, name=None):
        """How many files it has read to their end."""
        return self._call("ReaderNumWorkUnitsCompleted", name=name)

    def serialize_state(self, name=None):
        """Where it is, as a string; not all readers can tell."""
        return self._call("ReaderSerializeState", name=name)

    def restore_state(self, state, name=None):
        """The operation after which it is where it was."""
        return self._call("ReaderRestoreState", state, name=name)

    def reset(self, name=None):
        """The operation after which it is as new."""
        return self._call("ReaderReset", name=name)


class WholeFileReader(ReaderBase):
    """Gives each file's name and all that is in it."""

    def __init__(self, name=None):
        super().__init__(gen.WholeFileReaderV2(name=name), supports_serialize=True)


class TextLineReader(ReaderBase):
    """Gives lines, without what ends them; the keys are "FILE:LINE"."""

    def __init__(self, skip_header_lines=None, name=None):
        super().__init__(gen.TextLineReaderV2(skip_header_lines=skip_header_lines or 0, name=name))


class FixedLengthRecordReader(ReaderBase):
    """Gives records of one length; the next begins `hop_bytes` after one, its length by default.

    `encoding`: how the files are compressed, "ZLIB" or "GZIP"."""

    def __init__(self, record_bytes, header_bytes=None, footer_bytes=None, hop_bytes=None,
                 name=None, encoding=None):
        super().__init__(gen.FixedLengthRecordReaderV2(
            record_bytes=record_bytes, header_bytes=header_bytes or 0,
            footer_bytes=footer_bytes or 0, hop_bytes=hop_bytes or 0, encoding=encoding or "",
            name=name))


class TFRecordReader(ReaderBase):
    """Gives the records of TFRecord files; the keys are "FILE:OFFSET"."""

    def __init__(self, name=None, options=None):
        compression = tf_record.TFRecordOptions.get_compression_type_string(options)
        super().__init__(gen.TFRecordReaderV2(name=name, compression_type=compression))


class IdentityReader(ReaderBase):
    """Gives the names of the files, which need not be any."""

    def __init__(self, name=None):
        super().__init__(gen.IdentityReaderV2(name=name), supports_serialize=True)
