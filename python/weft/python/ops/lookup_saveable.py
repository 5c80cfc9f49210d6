"""Lookup tables as a Saver sees them."""
from weft.python.framework import gen, ops
from weft.python.training.saving.saveable_object import SaveSpec, SaveableObject

__all__ = ["TableSaveable"]


class TableSaveable(SaveableObject):
    """The keys and values of a table, saved as NAME-keys and NAME-values."""

    def __init__(self, table, name):
        self._set(table.resource_handle, *table.export(), name)

    def _set(self, handle, keys, values, name):
        specs = [SaveSpec(keys, "", name + "-keys"), SaveSpec(values, "", name + "-values")]
        SaveableObject.__init__(self, handle.op, specs, name)

    def restore(self, restored_tensors, restored_shapes, name=None):
        """The operation that makes the table have what was saved, and nothing else."""
        with ops.name_scope(name, "%s_table_restore" % self.name):
            with ops.colocate_with(self.op):
                return gen.LookupTableImportV2(self.op.outputs[0], *restored_tensors)

    def _hold_(self):
        graph = self.op.graph
        return _Held([graph.hold(t) for t in (self.op.outputs[0], self.specs[0].tensor,
                                              self.specs[1].tensor)], self.name)


class _Held:
    """What a graph keeps of a TableSaveable: names."""

    def __init__(self, tokens, name):
        self.tokens, self.name = tokens, name

    def _unhold_(self, graph):
        saveable = TableSaveable.__new__(TableSaveable)
        saveable._set(*[graph.unhold(token) for token in self.tokens], self.name)
        return saveable
