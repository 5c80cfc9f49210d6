"""What stands for a tensor by the parts of it that are there: values, and where they stand."""


class CompositeTensor:
    """Base of IndexedSlices and SparseTensor, which have `values` and a `shape`. Its operation, dtype
    and name are those of the values. nest takes it apart by _parts_(), a list of its tensors, and
    makes another one of _of_parts_(tensors)."""

    @property
    def op(self):
        return self.values.op

    @property
    def dtype(self):
        return self.values.dtype

    @property
    def graph(self):
        return self.values.graph

    @property
    def name(self):
        return self.values.name

    @property
    def device(self):
        return self.values.device

    def get_shape(self):
        """The static shape of the whole."""
        return self.shape
