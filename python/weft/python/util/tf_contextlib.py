"""contextmanager(), under the name that TensorFlow has for it."""
from contextlib import contextmanager

__all__ = ["contextmanager"]
