"""SaveableObject: what a Saver writes under one name and puts back, variable or not."""


class SaveSpec:
    """One tensor of a checkpoint: what to write, and under which name.

    Args:
      tensor: a tensor, or a function without arguments that makes it where it is saved; then
        `dtype` and `device` must be said.
      slice_spec: which part of a bigger tensor it is, as SaveSliceInfo.spec says; "" for all.
      name: its key in the checkpoint.
      dtype, device: the tensor's own by default.
    """

    def __init__(self, tensor, slice_spec, name, dtype=None, device=None):
        if callable(tensor) and (dtype is None or device is None):
            raise AssertionError("When passing a callable `tensor` to a SaveSpec, an explicit "
                                 "dtype and device must be provided.")
        self._tensor = tensor
        self.slice_spec = slice_spec
        self.name = name
        self.dtype = dtype if callable(tensor) else tensor.dtype
        self.device = tensor.device if device is None else device

    @property
    def tensor(self):
        """The tensor to write."""
        return self._tensor() if callable(self._tensor) else self._tensor


class SaveableObject:
    """Something that is saved and restored as one: its tensors, and how they are put back.

    A subclass gives its tensors to this constructor and has a method restore().
    """

    def __init__(self, op, specs, name):
        """`op`: what it is about, a variable or operation; `specs`: a list of SaveSpec."""
        self.op = op
        self.specs = specs
        self.name = name

    @property
    def device(self):
        """The device of its first tensor."""
        return self.specs[0].device

    def restore(self, restored_tensors, restored_shapes):
        """The Operation that puts the tensors, in the order of `specs`, back.

        `restored_shapes`: what to reshape each to first, or None.
        """
        raise ValueError("Calling an abstract method.")
