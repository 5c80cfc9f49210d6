"""roll: elements shifted around, where TensorFlow has it."""

from weft.python.ops.array_move import roll

__all__ = ["roll"]
