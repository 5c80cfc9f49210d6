"""Files as ops: read, written, matched."""
from weft.python.framework import gen

__all__ = ["matching_files", "read_file", "write_file"]


def read_file(filename, name=None):
    """The whole content of a file."""
    return gen.ReadFile(filename, name=name)


def write_file(filename, contents, name=None):
    """An operation that writes a file, and the folders that it is in."""
    return gen.WriteFile(filename, contents, name=name)


def matching_files(pattern, name=None):
    """The files that match a pattern, or one of a vector of patterns, sorted."""
    return gen.MatchingFiles(pattern, name=name)
