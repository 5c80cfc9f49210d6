"""Event files, which TensorBoard reads. C writes them (weft._core); here is when."""
import time
import weakref

from weft import _core
from weft.python.lib.io import file_io
from weft.python.util import compat

__all__ = ["EventFileWriter"]


def _close(files):
    """Ends the file that is open, the last of the list; what is said is nobody's any more."""
    while files:
        files.pop().close()


class EventFileWriter:
    """Writes Event messages into a file in a folder. They are there after flush(), close(), the
    end of the program, or `flush_secs` seconds later when there is another event."""

    def __init__(self, logdir, max_queue=10, flush_secs=120, filename_suffix=None):
        self._logdir = compat.as_str_any(compat.path_to_str(logdir))
        self._suffix = compat.as_str_any(filename_suffix or "")
        self._flush_secs = flush_secs
        self._files = []                # none or one; what is left at the end is closed then
        weakref.finalize(self, _close, self._files)
        if not file_io.is_directory(self._logdir):
            file_io.recursive_create_dir(self._logdir)
        self.reopen()

    def get_logdir(self):
        """The folder."""
        return self._logdir

    def reopen(self):
        """After close(): events go into a new file of the same folder."""
        if not self._files:
            self._files.append(_core.EventWriter(self._logdir, self._suffix))
            self._flushed = time.monotonic()

    def add_event(self, event):
        """Appends an Event; nothing after close()."""
        if not self._files:
            return
        self._files[0].event(event.SerializeToString())
        if time.monotonic() - self._flushed > self._flush_secs:
            self.flush()

    def flush(self):
        """All events are in the file."""
        if self._files:
            self._files[0].flush()
            self._flushed = time.monotonic()

    def close(self):
        """Ends the file."""
        _close(self._files)
