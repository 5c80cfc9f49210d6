"""Files as ops: read, written, matched; readers."""
from weft.python.framework import gen
from weft.python.ops.io_readers import (  # noqa: F401
    FixedLengthRecordReader, IdentityReader, ReaderBase, TFRecordReader, TextLineReader,
    WholeFileReader)

__all__ = ["FixedLengthRecordReader", "IdentityReader", "ReaderBase", "TFRecordReader",
           "TextLineReader", "WholeFileReader", "matching_files", "read_file", "write_file"]


def read_file(filename, name=None):
    """The whole content of a file."""
    return gen.ReadFile(filename, name=name)


def write_file(filename, contents, name=None):
    """An operation that writes a file, and the folders that it is in."""
    return gen.WriteFile(filename, contents, name=name)


def matching_files(pattern, name=None):
    """The files that match a pattern, or one of a vector of patterns, sorted."""
    return gen.MatchingFiles(pattern, name=name)
