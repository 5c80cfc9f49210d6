"""Keras's settings of the process, which clear_session keeps (D8)."""
__all__ = ["epsilon", "floatx", "image_data_format", "set_epsilon", "set_floatx",
           "set_image_data_format"]

_floatx = "float32"
_epsilon = 1e-7
_image_data_format = "channels_last"


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite."""
    return _epsilon


def set_epsilon(value) -> None:
    """Sets `epsilon()`."""
    global _epsilon
    _epsilon = value


def floatx() -> str:
    """The name of the dtype of Keras's variables and constants."""
    return _floatx


def set_floatx(value: str) -> None:
    """Sets `floatx()` to float16, float32 or float64."""
    global _floatx
    if value not in ("float16", "float32", "float64"):
        raise ValueError("Unknown floatx type: " + str(value))
    _floatx = str(value)


def image_data_format() -> str:
    """channels_last or channels_first."""
    return _image_data_format


def set_image_data_format(data_format: str) -> None:
    """Sets `image_data_format()`."""
    global _image_data_format
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError("Unknown data_format: " + str(data_format))
    _image_data_format = str(data_format)
