"""Staging areas: tuples of tensors on their way from one step to the next."""
from weft.python.framework import gen, ops
from weft.python.ops import control_flow_ops
from weft.python.ops.data_flow_queues import Components

__all__ = ["BaseStagingArea", "MapStagingArea", "StagingArea"]


class BaseStagingArea(Components):
    """What both kinds have.

    Args:
      dtypes, shapes, names: those of a tuple's tensors; the last two may be None.
      shared_name: under which its operations find it; a name of its own by default.
      capacity: how many tuples it has room for; 0: any number.
      memory_limit: how many bytes; 0: any number.

    Raises ValueError if the lists differ in length."""

    def __init__(self, dtypes, shapes=None, names=None, shared_name=None, capacity=0,
                 memory_limit=0):
        if shared_name is None:
            self._name = ops.get_default_graph().unique_name(type(self).__name__)
        elif isinstance(shared_name, str):
            self._name = shared_name
        else:
            raise ValueError("shared_name must be a string")
        self._set_components(dtypes, shapes, names, "StagingArea %s must be")
        self._capacity = capacity
        self._memory_limit = memory_limit
        with ops.name_scope("%s_root" % self._name):        # its operations go where this one is
            self._coloc_op = control_flow_ops.no_op()

    @property
    def name(self):
        """Its name, and what its operations share."""
        return self._name

    @property
    def capacity(self):
        """How many tuples it has room for; 0: any number."""
        return self._capacity

    @property
    def memory_limit(self):
        """How many bytes it has room for; 0: any number."""
        return self._memory_limit

    def _area(self):
        return dict(shared_name=self._name, capacity=self._capacity,
                    memory_limit=self._memory_limit)

    def _named(self, vals):
        """The values of a dictionary and their places, in order."""
        if not self._names:
            raise ValueError("Staging areas must have names to enqueue a dictionary")
        if not set(vals).issubset(self._names):
            raise ValueError("Keys in dictionary to put do not match names of staging area. "
                             "Dictionary: (%s), Queue: (%s)"
                             % (sorted(vals), sorted(self._names)))
        places = [i for i, name in enumerate(self._names) if name in vals]
        return [vals[self._names[i]] for i in places], places

    def _listed(self, vals, indices):
        if self._names:
            raise ValueError("You must enqueue a dictionary in a staging area with names")
        if indices is None:
            raise ValueError("Indices must be supplied when inserting a list of tensors")
        if not isinstance(vals, (list, tuple)):
            return [vals], [0]
        if len(indices) != len(vals):
            raise ValueError("Number of indices '%s' doesn't match number of values '%s'"
                             % (len(indices), len(vals)))
        return vals, indices

    def _check_put_dtypes(self, vals, indices=None):
        """(tensors, places)"""
        vals, indices = (self._named(vals) if isinstance(vals, dict)
                         else self._listed(vals, indices))
        if len(vals) > len(self._dtypes):
            raise ValueError("Unexpected number of inputs '%s' vs '%s'"
                             % (len(vals), len(self._dtypes)))
        tensors = []
        for val, i in zip(vals, indices):
            if val.dtype != self._dtypes[i]:
                raise ValueError("Datatypes do not match. Received val.dtype %s and dtype %s"
                                 % (val.dtype, self._dtypes[i]))
            val.get_shape().assert_is_compatible_with(self._shapes[i])
            tensors.append(ops.convert_to_tensor(val, dtype=self._dtypes[i],
                                                 name="component_%d" % i))
        return tensors, indices

    def _get_return_value(self, tensors, indices):
        """A list, or a dictionary where tensors have names."""
        tensors = list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
        for tensor, i in zip(tensors, indices):
            tensor.set_shape(self._shapes[i])
        if self._names:
            return {self._names[i]: t for t, i in zip(tensors, indices)}
        return tensors

    @staticmethod
    def _scope_vals(vals):
        if isinstance(vals, dict):
            return list(vals.values())
        return list(vals) if isinstance(vals, (list, tuple)) else [vals]


class StagingArea(BaseStagingArea):
    """First in, first out."""

    def put(self, values, name=None):
        """The operation that adds a tuple; it waits while there is no room."""
        with ops.name_scope(name, "%s_put" % self._name, self._scope_vals(values)) as scope:
            if not isinstance(values, (list, tuple, dict)):
                values = [values]
            vals, _ = self._check_put_dtypes(values, list(range(len(values))))
            with ops.colocate_with(self._coloc_op):
                return gen.Stage(vals, name=scope, **self._area())

    def _all(self, tensors):
        return self._get_return_value(tensors, range(len(self._dtypes)))

    def get(self, name=None):
        """The tuple that is there longest; it waits for one."""
        with ops.colocate_with(self._coloc_op):
            return self._all(gen.Unstage(dtypes=self._dtypes, name=name or "%s_get" % self._name,
                                         **self._area()))

    def peek(self, index, name=None):
        """The tuple at a place, which stays there."""
        with ops.colocate_with(self._coloc_op):
            return self._all(gen.StagePeek(index, dtypes=self._dtypes,
                                           name=name or "%s_peek" % self._name, **self._area()))

    def size(self, name=None):
        """How many tuples there are."""
        return gen.StageSize(dtypes=self._dtypes, name=name or "%s_size" % self._name,
                             **self._area())

    def clear(self, name=None):
        """The operation that removes all."""
        return gen.StageClear(dtypes=self._dtypes, name=name or "%s_clear" % self._name,
                              **self._area())


class MapStagingArea(BaseStagingArea):
    """By int64 keys, in parts if need be; `ordered`: the least key comes first."""

    def __init__(self, dtypes, shapes=None, names=None, shared_name=None, ordered=False,
                 capacity=0, memory_limit=0):
        super().__init__(dtypes, shapes, names, shared_name, capacity, memory_limit)
        self._kind = "OrderedMap" if ordered else "Map"

    def _op(self, what):
        return getattr(gen, self._kind + what)

    def _places(self, indices):
        if all(isinstance(i, str) for i in indices):
            if self._names is None:
                raise ValueError("String indices provided '%s', but this Staging Area was not "
                                 "created with names." % indices)
            try:
                return [self._names.index(n) for n in indices]
            except ValueError:
                raise ValueError("Named index '%s' not in Staging Area names '%s'"
                                 % (indices, self._names)) from None
        if not all(isinstance(i, int) for i in indices):
            raise TypeError("Mixed types in indices '%s', May only be str or int" % indices)
        return indices

    def _get_indices_and_dtypes(self, indices=None):
        if indices is None:
            indices = list(range(len(self._dtypes)))
        if not isinstance(indices, (tuple, list)):
            raise TypeError("Invalid indices type '%s'" % type(indices))
        if not indices:
            raise ValueError("Empty indices")
        indices = self._places(indices)
        return indices, [self._dtypes[i] for i in indices]

    def put(self, key, vals, indices=None, name=None):
        """The operation that adds tensors to the tuple of `key`, an int64; it waits while there is
        no room."""
        with ops.name_scope(name, "%s_put" % self._name, self._scope_vals(vals)) as scope:
            vals, indices = self._check_put_dtypes(vals, indices)
            with ops.colocate_with(self._coloc_op):
                return self._op("Stage")(key, list(indices), vals, dtypes=self._dtypes, name=scope,
                                         **self._area())

    def get(self, key=None, indices=None, name=None):
        """(key, tensors) of `key`, or of any where it is None; the tensors are gone then."""
        indices, dtypes = self._get_indices_and_dtypes(indices)
        if key is None:
            with ops.colocate_with(self._coloc_op):
                key, result = self._op("UnstageNoKey")(
                    indices, dtypes=dtypes, name=name or "%s_get_nokey" % self._name,
                    **self._area())
            return key, self._get_return_value(result, indices)
        with ops.colocate_with(self._coloc_op):
            result = self._op("Unstage")(key, indices, dtypes=dtypes,
                                         name=name or "%s_get" % self._name, **self._area())
        return key, self._get_return_value(result, indices)

    def peek(self, key, indices=None, name=None):
        """The tensors of `key`, which stay."""
        indices, dtypes = self._get_indices_and_dtypes(indices)
        with ops.colocate_with(self._coloc_op):
            result = self._op("Peek")(key, indices, dtypes=dtypes,
                                      name=name or "%s_pop" % self._name, **self._area())
        return self._get_return_value(result, indices)

    def size(self, name=None):
        """How many tuples are complete."""
        return self._op("Size")(dtypes=self._dtypes, name=name or "%s_size" % self._name,
                                **self._area())

    def incomplete_size(self, name=None):
        """How many tuples wait for tensors."""
        return self._op("IncompleteSize")(
            dtypes=self._dtypes, name=name or "%s_incomplete_size" % self._name, **self._area())

    def clear(self, name=None):
        """The operation that removes all."""
        return self._op("Clear")(dtypes=self._dtypes, name=name or "%s_clear" % self._name,
                                 **self._area())
