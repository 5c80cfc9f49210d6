"""Event files by TensorFlow's lowest interface: a prefix, and events as they come."""
import os
import socket
import time

from weft.python.framework import messages
from weft.python.lib.io import tf_record
from weft.python.util import compat

__all__ = ["EventsWriter"]


class EventsWriter:
    """Writes Events into a file whose name begins with a prefix."""

    def __init__(self, file_prefix):
        self._prefix = compat.as_str_any(file_prefix)
        self._name = self._writer = None

    def InitWithSuffix(self, suffix):
        """Begins the file, whose name ends with the suffix."""
        self._name = "%s.out.tfevents.%010d.%s%s" % (
            self._prefix, time.time(), socket.gethostname(), compat.as_str_any(suffix))
        os.makedirs(os.path.dirname(self._name) or ".", exist_ok=True)
        self._writer = tf_record.TFRecordWriter(self._name)
        self.WriteEvent(messages.Event(wall_time=time.time(), file_version="brain.Event:2"))

    def FileName(self):
        """The file's name, as bytes."""
        if self._writer is None:
            self.InitWithSuffix("")
        return self._name.encode()

    def WriteEvent(self, event):
        """Appends an Event."""
        self.WriteSerializedEvent(event.SerializeToString())

    def WriteSerializedEvent(self, event):
        """Appends one that is bytes already."""
        if self._writer is None:
            self.InitWithSuffix("")
        self._writer.write(event)

    def Flush(self):
        """All events are in the file."""
        if self._writer is not None:
            self._writer.flush()

    def Close(self):
        """Ends the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
