"""Queues: elements that steps of one run, or of several, hand on to one another."""
import hashlib

from weft.python.framework import dtypes as _dtypes
from weft.python.framework import gen, ops, random_seed, tensor_util
from weft.python.framework import tensor_shape
from weft.python.ops import array_ops

__all__ = ["Components", "FIFOQueue", "PaddingFIFOQueue", "PriorityQueue", "QueueBase",
           "RandomShuffleQueue"]


# ---- arguments ----

def as_type_list(dtypes):
    """One dtype or several, as a list."""
    assert dtypes is not None
    return list(dtypes) if isinstance(dtypes, (list, tuple)) else [dtypes]


def as_shape_list(shapes, dtypes, unknown_dim_allowed=False, unknown_rank_allowed=False):
    """One shape or several, as a list of TensorShapes; None stays None."""
    del dtypes
    if unknown_dim_allowed and (
            not isinstance(shapes, (list, tuple)) or not shapes or
            any(shape is None or isinstance(shape, int) for shape in shapes)):
        raise ValueError("When providing partial shapes, a list of shapes must be provided.")
    if shapes is None:
        return None
    if isinstance(shapes, tensor_shape.TensorShape):
        shapes = [shapes]
    if not isinstance(shapes, (list, tuple)):
        raise TypeError("shapes must be a TensorShape or a list or tuple of TensorShapes.")
    if all(shape is None or isinstance(shape, int) for shape in shapes):
        shapes = [shapes]                   # a single one, as a list of sizes
    shapes = [tensor_shape.as_shape(shape) for shape in shapes]
    if not unknown_dim_allowed and any(not shape.is_fully_defined() for shape in shapes):
        raise ValueError("All shapes must be fully defined: %s" % shapes)
    if not unknown_rank_allowed and any(shape.dims is None for shape in shapes):
        raise ValueError("All shapes must have a defined rank: %s" % shapes)
    return shapes


def as_name_list(names, dtypes):
    """One name or several, as a list that is as long as dtypes; None stays None."""
    if names is None:
        return None
    if not isinstance(names, (list, tuple)):
        names = [names]
    if len(names) != len(dtypes):
        raise ValueError("List of names must have the same length as the list of dtypes")
    return list(names)


def _common_shape(shapes):
    """What all of them have: a dimension in which they differ is unknown."""
    common = shapes[0]
    for shape in shapes[1:]:
        if common.ndims is None or shape.ndims != common.ndims:
            return tensor_shape.unknown_shape()
        common = tensor_shape.TensorShape(
            [a if a == b else None for a, b in zip(common.as_list(), shape.as_list())])
    return common


def _first_dim(tensor):
    return tensor_shape.Dimension(
        tensor_shape.dimension_value(tensor.get_shape().with_rank_at_least(1)[0]))


class Components:
    """The components of an element: dtypes, and shapes and names or None for them."""

    def _set_components(self, dtypes, shapes, names, must):
        """ValueError, which begins with `must` of what is wrong, if the lists differ in length."""
        for what, given in (("shapes", shapes), ("names", names)):
            if given is not None and len(given) != len(dtypes):
                raise ValueError(must % what + " the same length as dtypes")
        self._dtypes = dtypes
        self._shapes = ([tensor_shape.unknown_shape() for _ in dtypes] if shapes is None
                        else [tensor_shape.TensorShape(shape) for shape in shapes])
        self._names = names

    @property
    def dtypes(self):
        """Those of the components."""
        return self._dtypes

    @property
    def shapes(self):
        """Those of the components, as far as they are known."""
        return self._shapes

    @property
    def names(self):
        """Those of the components, or None."""
        return self._names


class _Held:
    """A queue as a graph keeps it: without the graph."""

    def __init__(self, kind, ref, rest):
        self._kind, self._ref, self._rest = kind, ref, rest

    def _unhold_(self, graph):
        queue = self._kind.__new__(self._kind)
        QueueBase.__init__(queue, *self._rest, queue_ref=graph.unhold(self._ref))
        return queue


class QueueBase(Components):
    """What all queues have. Elements are tuples of tensors, each component of one dtype.

    Args:
      dtypes: those of the components.
      shapes: None, or those of the components.
      names: None, or those of the components: elements are then dictionaries.
      queue_ref: the tensor that ops on the queue take.

    Raises:
      ValueError: the lists differ in length.
    """

    def __init__(self, dtypes, shapes, names, queue_ref):
        self._set_components(dtypes, shapes, names, "Queue %s must have")
        self._queue_ref = queue_ref
        self._name = queue_ref.op.name.split("/")[-1]

    def _hold_(self):
        return _Held(type(self), self._queue_ref.graph.hold(self._queue_ref),
                     (self._dtypes, self._shapes, self._names))

    @staticmethod
    def from_list(index, queues):
        """The queue of the list that `index`, a tensor, says in each run.

        Raises TypeError if they are not queues, or their components differ."""
        if not queues or not isinstance(queues, list) or \
                not all(isinstance(queue, QueueBase) for queue in queues):
            raise TypeError("A list of queues expected")
        first = queues[0]
        if not all(first.dtypes == queue.dtypes for queue in queues[1:]):
            raise TypeError("Queues do not have matching component dtypes.")
        if not all(first.names == queue.names for queue in queues[1:]):
            raise TypeError("Queues do not have matching component names.")
        shapes = [_common_shape(list(of_one)) for of_one in
                  zip(*[queue.shapes for queue in queues])]
        refs = array_ops.stack([queue.queue_ref for queue in queues])
        return QueueBase(first.dtypes, shapes, first.names, array_ops.gather(refs, index))

    @property
    def queue_ref(self):
        """The tensor that ops on the queue take."""
        return self._queue_ref

    @property
    def name(self):
        """The name of the queue's operation."""
        return self._queue_ref.op.name

    def _call(self, op, *inputs, **attributes):
        """An op on this queue: old ones are passed by reference."""
        version = "V2" if self._queue_ref.dtype == _dtypes.resource else ""
        return getattr(gen, op + version)(self._queue_ref, *inputs, **attributes)

    # ---- in ----

    def _check_dict(self, vals):
        if not self._names:
            raise ValueError("Queue must have names to enqueue a dictionary")
        if sorted(self._names, key=str) != sorted(vals.keys(), key=str):
            raise ValueError("Keys in dictionary to enqueue do not match names of Queue.  "
                             "Dictionary: (%s), Queue: (%s)"
                             % (sorted(vals.keys()), sorted(self._names)))
        return [vals[name] for name in self._names]

    def _components(self, vals):
        """The components of an element, or of several, as tensors."""
        if isinstance(vals, dict):
            vals = self._check_dict(vals)
        elif self._names:
            raise ValueError("You must enqueue a dictionary in a Queue with names")
        elif not isinstance(vals, (list, tuple)):
            vals = [vals]
        return [ops.convert_to_tensor(val, dtype=dtype, name="component_%d" % i)
                for i, (val, dtype) in enumerate(zip(vals, self._dtypes))]

    @staticmethod
    def _scope_vals(vals):
        if isinstance(vals, dict):
            return list(vals.values())
        return list(vals) if isinstance(vals, (list, tuple)) else [vals]

    def enqueue(self, vals, name=None):
        """The operation that adds an element; it waits while the queue is full.

        Args:
          vals: a tensor, a list of them, or a dictionary where components have names.
          name: the operation's.
        """
        with ops.name_scope(name, "%s_enqueue" % self._name, self._scope_vals(vals)) as scope:
            vals = self._components(vals)
            for val, shape in zip(vals, self._shapes):
                val.get_shape().assert_is_compatible_with(shape)
            return self._call("QueueEnqueue", vals, name=scope)

    def enqueue_many(self, vals, name=None):
        """The operation that adds one element for each row of the tensors."""
        with ops.name_scope(name, "%s_EnqueueMany" % self._name, self._scope_vals(vals)) as scope:
            vals = self._components(vals)
            rows = _first_dim(vals[0])
            for val, shape in zip(vals, self._shapes):
                rows = rows.merge_with(_first_dim(val))
                val.get_shape()[1:].assert_is_compatible_with(shape)
            return self._call("QueueEnqueueMany", vals, name=scope)

    # ---- out ----

    def _taken(self, tensors, rows=None):
        """What a dequeue gives: one tensor, a list or a dictionary. `rows`: dimensions before."""
        tensors = list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
        for tensor, shape in zip(tensors, self._shapes):
            tensor.set_shape(shape if rows is None
                             else tensor_shape.TensorShape(rows).concatenate(shape))
        if self._names:
            return dict(zip(self._names, tensors))
        return tensors[0] if len(tensors) == 1 else tensors

    def dequeue(self, name=None):
        """The next element; it waits while the queue is empty."""
        return self._taken(self._call("QueueDequeue", component_types=self._dtypes,
                                      name=name or "%s_Dequeue" % self._name))

    def dequeue_many(self, n, name=None):
        """The next n elements, as rows. Fewer that are left when the queue is closed are an
        OutOfRangeError."""
        taken = self._call("QueueDequeueMany", n, component_types=self._dtypes,
                           name=name or "%s_DequeueMany" % self._name)
        one = taken[0] if isinstance(taken, (list, tuple)) else taken
        return self._taken(taken, [tensor_util.constant_value(one.op.inputs[1])])

    def dequeue_up_to(self, n, name=None):
        """The next n elements, as rows, or those that are left when the queue is closed."""
        return self._taken(self._call("QueueDequeueUpTo", n, component_types=self._dtypes,
                                      name=name or "%s_DequeueUpTo" % self._name), [None])

    # ---- the rest ----

    def close(self, cancel_pending_enqueues=False, name=None):
        """The operation after which nothing more is added; what waits to add something comes
        first, or is cancelled."""
        return self._call("QueueClose", cancel_pending_enqueues=cancel_pending_enqueues,
                          name=name or "%s_Close" % self._name)

    def is_closed(self, name=None):
        """Whether it is closed."""
        return self._call("QueueIsClosed", name=name or "%s_Is_Closed" % self._name)

    def size(self, name=None):
        """How many elements it has."""
        return self._call("QueueSize", name=name or "%s_Size" % self._name)


class RandomShuffleQueue(QueueBase):
    """A queue that gives its elements in a random order, and keeps `min_after_dequeue` of them
    until it is closed."""

    def __init__(self, capacity, min_after_dequeue, dtypes, shapes=None, names=None, seed=None,
                 shared_name=None, name="random_shuffle_queue"):
        dtypes = as_type_list(dtypes)
        shapes = as_shape_list(shapes, dtypes)
        names = as_name_list(names, dtypes)
        seed1, seed2 = random_seed.get_seed(seed)
        if seed1 is None and seed2 is None:
            seed1, seed2 = 0, 0
        elif seed is None and shared_name is not None:
            # Nodes of one queue in several graphs have to say the same.
            digest = hashlib.md5((str(seed1) + shared_name).encode("utf-8")).hexdigest()
            seed2 = int(digest[:8], 16) & 0x7FFFFFFF
        super().__init__(dtypes, shapes, names, gen.RandomShuffleQueueV2(
            component_types=dtypes, shapes=shapes or [], capacity=capacity,
            min_after_dequeue=min_after_dequeue, seed=seed1, seed2=seed2,
            shared_name=shared_name or "", name=name))


class FIFOQueue(QueueBase):
    """A queue: first in, first out."""

    def __init__(self, capacity, dtypes, shapes=None, names=None, shared_name=None,
                 name="fifo_queue"):
        dtypes = as_type_list(dtypes)
        shapes = as_shape_list(shapes, dtypes)
        names = as_name_list(names, dtypes)
        super().__init__(dtypes, shapes, names, gen.FIFOQueueV2(
            component_types=dtypes, shapes=shapes or [], capacity=capacity,
            shared_name=shared_name or "", name=name))


class PaddingFIFOQueue(QueueBase):
    """A queue of elements of different sizes: in a batch they are padded to the largest."""

    def __init__(self, capacity, dtypes, shapes, names=None, shared_name=None,
                 name="padding_fifo_queue"):
        dtypes = as_type_list(dtypes)
        shapes = as_shape_list(shapes, dtypes, unknown_dim_allowed=True)
        names = as_name_list(names, dtypes)
        if len(dtypes) != len(shapes):
            raise ValueError("Shapes must be provided for all components, but received %d dtypes "
                             "and %d shapes." % (len(dtypes), len(shapes)))
        super().__init__(dtypes, shapes, names, gen.PaddingFIFOQueueV2(
            component_types=dtypes, shapes=shapes, capacity=capacity,
            shared_name=shared_name or "", name=name))


class PriorityQueue(QueueBase):
    """A queue whose first component, which `types` leaves out, is an int64: the element with the
    least comes first."""

    def __init__(self, capacity, types, shapes=None, names=None, shared_name=None,
                 name="priority_queue"):
        types = as_type_list(types)
        shapes = as_shape_list(shapes, types)
        ref = gen.PriorityQueueV2(component_types=types, shapes=shapes or [], capacity=capacity,
                                  shared_name=shared_name or "", name=name)
        super().__init__([_dtypes.int64] + types,
                         [tensor_shape.TensorShape([])] + shapes if shapes else shapes, names, ref)
