"""tf.compat: texts and bytes, and other differences between versions."""
import datetime
import numbers
import os

import numpy as np

from weft.python.framework.tensor_shape import dimension_at_index, dimension_value

__all__ = [
    "as_bytes", "as_str", "as_str_any", "as_text", "bytes_or_text_types", "complex_types",
    "dimension_at_index", "dimension_value", "forward_compatibility_horizon",
    "forward_compatible", "integral_types", "path_to_bytes", "path_to_str", "real_types"]

bytes_or_text_types = (bytes, str)
integral_types = (numbers.Integral, np.integer)
real_types = (numbers.Real, np.integer, np.floating)
complex_types = (numbers.Complex, np.number)

_HORIZON = datetime.date(2019, 10, 14)          # when the version that Weft follows was released


def as_bytes(bytes_or_text, encoding="utf-8"):
    """Bytes as they are, a text encoded; TypeError for anything else."""
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    if isinstance(bytes_or_text, (bytes, bytearray)):
        return bytes(bytes_or_text)
    raise TypeError("Expected binary or unicode string, got %r" % (bytes_or_text,))


def as_text(bytes_or_text, encoding="utf-8"):
    """A text as it is, bytes decoded; TypeError for anything else."""
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text.decode(encoding)
    raise TypeError("Expected binary or unicode string, got %r" % (bytes_or_text,))


as_str = as_text


def as_str_any(value):
    """A text for anything: bytes decoded, all else by str()."""
    return as_text(value) if isinstance(value, bytes) else str(value)


def path_to_str(path):
    """The text of a path object; anything else as it is."""
    return as_str_any(os.fspath(path)) if hasattr(path, "__fspath__") else path


def path_to_bytes(path):
    """The bytes of a path."""
    return as_bytes(os.fspath(path) if hasattr(path, "__fspath__") else path)


def forward_compatible(year, month, day):
    """Whether programs older than that date need no longer be able to read what is made."""
    return _HORIZON > datetime.date(year, month, day)


def forward_compatibility_horizon(year, month, day):
    """A block in which forward_compatible() answers as on that date."""
    from contextlib import contextmanager

    @contextmanager
    def horizon():
        global _HORIZON
        before, _HORIZON = _HORIZON, datetime.date(year, month, day)
        try:
            yield
        finally:
            _HORIZON = before

    return horizon()
