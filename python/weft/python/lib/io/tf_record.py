"""Files of records: tf.python_io. The files themselves are C's (weft._core)."""
from weft import _core
from weft.python.framework import errors  # noqa: F401  (what C raises)
from weft.python.util import compat

__all__ = ["TFRecordCompressionType", "TFRecordOptions", "TFRecordWriter", "tf_record_iterator"]


class TFRecordCompressionType:
    """How a file is compressed."""

    NONE = 0
    ZLIB = 1
    GZIP = 2


class TFRecordOptions:
    """How a file is written: a TFRecordCompressionType, or "", "ZLIB", "GZIP".

    What else TensorFlow lets one choose of zlib does not change what a reader sees; it is kept
    here for those who ask, and zlib's own defaults are used."""

    compression_type_map = {
        TFRecordCompressionType.ZLIB: "ZLIB",
        TFRecordCompressionType.GZIP: "GZIP",
        TFRecordCompressionType.NONE: "",
    }

    def __init__(self, compression_type=None, flush_mode=None, input_buffer_size=None,
                 output_buffer_size=None, window_bits=None, compression_level=None,
                 compression_method=None, mem_level=None, compression_strategy=None):
        self.get_compression_type_string(compression_type)
        self.compression_type = compression_type
        self.flush_mode = flush_mode
        self.input_buffer_size = input_buffer_size
        self.output_buffer_size = output_buffer_size
        self.window_bits = window_bits
        self.compression_level = compression_level
        self.compression_method = compression_method
        self.mem_level = mem_level
        self.compression_strategy = compression_strategy

    @classmethod
    def get_compression_type_string(cls, options):
        """"", "ZLIB" or "GZIP"; ValueError for what is none of them."""
        if not options:
            return ""
        if isinstance(options, TFRecordOptions):
            return cls.get_compression_type_string(options.compression_type)
        if options in cls.compression_type_map:
            return cls.compression_type_map[options]
        if options in cls.compression_type_map.values():
            return options
        raise ValueError('Not a valid compression_type: "%s"' % options)


class TFRecordWriter(_core.RecordWriter):
    """Writes records, which are bytes, into a file; a context that closes it."""

    def __new__(cls, path, options=None):
        return super().__new__(cls, compat.as_str_any(compat.path_to_str(path)),
                               TFRecordOptions.get_compression_type_string(options))

    def write(self, record):
        """Appends a record."""
        super().write(compat.as_bytes(record))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def tf_record_iterator(path, options=None):
    """The records of a file, each as bytes; DataLossError at what is damaged."""
    compression = TFRecordOptions.get_compression_type_string(options)
    yield from _core.RecordReader(compat.as_str_any(compat.path_to_str(path)), compression)
