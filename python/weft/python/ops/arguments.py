"""Old spellings of arguments: each function that TensorFlow renamed an argument of takes both."""

__all__ = ["renamed_argument"]


def renamed_argument(name, value, old_name, old_value):
    """The value given under either spelling, None if under none; ValueError if under both."""
    if old_value is None:
        return value
    if value is not None:
        raise ValueError("Cannot specify both '%s' and '%s'" % (old_name, name))
    return old_value
