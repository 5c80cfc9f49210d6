"""What scripts take from TensorFlow's own binding to C."""

from weft.python.training.checkpoint_reader import (  # noqa: F401
    CheckpointReader, NewCheckpointReader)
from weft.python.lib.io.events_writer import EventsWriter  # noqa: F401
