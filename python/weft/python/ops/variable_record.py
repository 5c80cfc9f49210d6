"""What a graph keeps of a variable, and the object that users have of it.

A graph must not hold objects that hold the graph. So a variable is two things: a VariableRecord,
which knows everything by tokens (see Graph.hold) and lies in collections and stores, and a
facade, which users have and which holds its graph and the record. As long as somebody has the
facade, the graph hands out the same one.
"""

import threading
import weakref

_making = threading.RLock()


class VariableRecord:
    """All that is known of one variable, as its graph may keep it."""

    __slots__ = ("kind", "fields", "_facade", "__weakref__")

    def __init__(self, facade):
        self.kind = type(facade)
        self.fields = {}                # attribute name: what Graph.hold() made of its value
        self._facade = weakref.ref(facade)

    def _hold_(self):
        return self

    def _unhold_(self, graph):
        """The facade: the one that somebody has, or a new one."""
        with _making:
            facade = self._facade()
            if facade is None:
                facade = self.kind.__new__(self.kind)
                facade._attach(graph, self)
                self._facade = weakref.ref(facade)
        return facade


class Facade:
    """Base of variables: attributes live in the record, held as its graph may hold them."""

    def _attach(self, graph, record=None):
        """Makes this the facade of `record` in `graph`; of a new one if there is none yet."""
        object.__setattr__(self, "_graph", graph)
        object.__setattr__(self, "_record", record or VariableRecord(self))

    def _hold_(self):
        return self._record

    def __setattr__(self, name, value):
        kind = getattr(type(self), name, None)
        if hasattr(kind, "__set__"):
            return object.__setattr__(self, name, value)
        self._record.fields[name] = self._graph.hold(value)

    def __getattr__(self, name):
        record = self.__dict__.get("_record")
        if record is None or name not in record.fields:
            raise AttributeError("'%s' object has no attribute '%s'" % (type(self).__name__, name))
        return self._graph.unhold(record.fields[name])

    def __delattr__(self, name):
        if self._record.fields.pop(name, self) is self:
            raise AttributeError(name)
