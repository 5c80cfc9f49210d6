"""tf.gfile: files and folders by the names that TensorFlow has given them first."""
from weft.python.lib.io.file_io import (
    FileIO, copy as Copy, create_dir as MkDir, delete_file as Remove,
    delete_recursively as DeleteRecursively, file_exists as Exists, get_matching_files as Glob,
    is_directory as IsDirectory, list_directory as ListDirectory,
    recursive_create_dir as MakeDirs, rename as Rename, stat as Stat, walk as Walk)

__all__ = [
    "Copy", "DeleteRecursively", "Exists", "FastGFile", "GFile", "Glob", "IsDirectory",
    "ListDirectory", "MakeDirs", "MkDir", "Open", "Remove", "Rename", "Stat", "Walk"]


class GFile(FileIO):
    """A file of text, or with "b" in its mode of bytes."""

    def __init__(self, name, mode="r"):
        super().__init__(name, mode)


class FastGFile(GFile):
    """GFile by another name."""


Open = GFile
