"""TensorArrays in branches and loops: what goes through is the tensor that orders their uses."""


def is_array(x):
    """Whether x is a TensorArray."""
    return hasattr(x, "flow") and hasattr(x, "handle") and hasattr(x, "gather")


def to_flow(x):
    """A TensorArray's flow; anything else as it is."""
    return x.flow if is_array(x) else x


def from_flow(like, flow):
    """`flow`, or where `like` is a TensorArray, that one with another flow."""
    if not is_array(like):
        return flow
    from weft.python.ops import tensor_array_ops
    return tensor_array_ops.build_ta_with_new_flow(like, flow)
