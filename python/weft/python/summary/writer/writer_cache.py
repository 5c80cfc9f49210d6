"""One FileWriter for each folder of a process."""
import threading

from weft.python.framework import ops
from weft.python.summary.writer.writer import FileWriter

__all__ = ["FileWriterCache"]

_lock = threading.RLock()


class FileWriterCache:
    """The FileWriters that get() has made."""

    _cache = {}

    @staticmethod
    def clear():
        """Closes and forgets them."""
        with _lock:
            for writer in FileWriterCache._cache.values():
                writer.close()
            FileWriterCache._cache = {}

    @staticmethod
    def get(logdir):
        """The FileWriter of a folder; a new one begins with the default graph."""
        with _lock:
            if logdir not in FileWriterCache._cache:
                FileWriterCache._cache[logdir] = FileWriter(logdir,
                                                            graph=ops.get_default_graph())
            return FileWriterCache._cache[logdir]
