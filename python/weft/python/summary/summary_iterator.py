"""Reads event files."""
from weft.python.framework import messages
from weft.python.lib.io import tf_record

__all__ = ["summary_iterator"]


def summary_iterator(path):
    """The Events of an event file, one by one."""
    for record in tf_record.tf_record_iterator(path):
        yield messages.Event.FromString(record)
