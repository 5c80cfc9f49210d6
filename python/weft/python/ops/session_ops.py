"""Tensors that a session keeps from one run to another, by handles."""
import numpy as np

from weft.python.framework import dtypes, gen, ops
from weft.python.ops import array_ops


class TensorHandle:
    """Stands for a tensor that a session keeps; it lets go of it when nobody has the handle."""

    def __init__(self, handle, dtype, session):
        self._handle = handle.decode() if isinstance(handle, bytes) else handle
        self._dtype = dtype
        self._session = session
        self._auto_gc_enabled = True

    def __del__(self):
        if self._auto_gc_enabled:
            self._session._dead_handles.append(self._handle)

    def __str__(self):
        return self._handle

    def __array__(self, dtype=None, copy=None):
        return np.array(self._handle, dtype)        # what is fed in its place

    @property
    def handle(self):
        """What the ops take for it, a string."""
        return self._handle

    def to_numpy_array(self):
        """Not from here: TypeError."""
        raise TypeError("Cannot convert a persistent tensor handle to a numpy array.")

    def eval(self):
        """The tensor's value."""
        if not self._auto_gc_enabled:
            raise TypeError("Persistent tensor %s may have already been deleted." % self.handle)
        holder, reader = _ends(self._session.graph, "readers", self._dtype)
        return self._session.run(reader, {holder: self._handle})

    def delete(self):
        """The session lets go of the tensor now."""
        self._auto_gc_enabled = False
        delete(self._session, self._handle)

    def get_raw_handle(self):
        """The string, which from here on the caller looks after."""
        self._auto_gc_enabled = False
        return self._handle


def delete(session, handle):
    """What a handle stands for is gone."""
    holder, deleter = _ends(session.graph, "deleters", None)
    session.run(deleter, {holder: handle})


def _ends(graph, kind, dtype):
    """(placeholder for a handle, what is done with it): made once for a graph and a dtype."""
    made = graph.__dict__.setdefault("_handle_ends", {})
    if (kind, dtype) not in made:
        with graph.as_default(), ops.control_dependencies(None), ops.name_scope(None):
            pair = get_session_tensor(None, dtype) if dtype else delete_session_tensor(None)
        made[kind, dtype] = [graph._hold_node(x) for x in pair]
    return [graph._unhold_node(token) for token in made[kind, dtype]]


def get_session_handle(data, name=None):
    """Keeps the value of a tensor in the session; fetched, it is a TensorHandle (or what stands for
    one: feed it to the placeholders of get_session_tensor() and delete_session_tensor())."""
    if not isinstance(data, ops.Tensor):
        raise TypeError("`data` must be of type Tensor.")
    with ops.colocate_with(data):
        handle = gen.GetSessionHandle(data, name=name)
    handle.graph._set_handle(handle.op)
    return handle


def _device(handle):
    """Where the handle says its tensor is."""
    return ops.device(str(handle).split(";")[-1] if handle else None)


def get_session_tensor(handle, dtype, name=None):
    """(placeholder, tensor): whatever handle is fed to the one, the other is its tensor."""
    with _device(handle):
        holder = array_ops.placeholder(dtypes.string)
        return holder, gen.GetSessionTensor(holder, dtype=dtype, name=name)


def delete_session_tensor(handle, name=None):
    """(placeholder, operation): lets go of the tensor of the handle that is fed."""
    with _device(handle):
        holder = array_ops.placeholder(dtypes.string)
        return holder, gen.DeleteSessionTensor(holder, name=name)
