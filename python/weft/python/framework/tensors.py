"""Tensor and Operation: the two things a graph is made of.

Both are facades that C hands out; the same object comes back as long as somebody has it. The
operators of Tensor are attached by math_ops and array_ops.
"""
from weft import _core
from weft.python.framework import default_stack
from weft.python.framework.tensor_shape import TensorShape


class Operation(_core.Operation):
    """One node of a graph: an op with a name, inputs and attributes. It never changes."""

    __slots__ = ("__dict__", "__weakref__")

    def __new__(cls, *args, **keywords):
        raise TypeError("Operations are made by a Graph, not by Operation()")

    @property
    def _id(self):
        return self._number + 1

    @property
    def node_def(self):
        """The NodeDef that describes it."""
        from weft.python.framework.messages import NodeDef
        return NodeDef.FromString(_core.node_export(self))

    @property
    def op_def(self):
        """The OpDef of its type."""
        from weft.python.framework import op_def_registry
        return op_def_registry.get(self.type)

    @property
    def traceback(self):
        """[(file, line, function, text)] of where it was made, outermost first."""
        import linecache
        return [(file, line, name, linecache.getline(file, line).strip() or None)
                for file, line, name in self.graph._traceback(self)]

    @property
    def traceback_with_start_lines(self):
        return [frame + (frame[1],) for frame in self.traceback]

    def values(self):
        """Its outputs, as a tuple."""
        return tuple(self.outputs)

    def get_attr(self, name):
        """The value of an attribute; ValueError if there is none of that name (A93). A function
        is a NameAttrList."""
        value = self._attr(name)
        if value is not NotImplemented:
            return value
        message = self.node_def.attr[name]
        return message.func if message.HasField("func") else list(message.list.func)

    def colocation_groups(self):
        """The groups it must share a device with; by itself, its own (A40)."""
        try:
            groups = [g for g in self._attr("_class") if g.startswith(b"loc:@")]
        except ValueError:
            groups = []
        return groups or [b"loc:@" + self.name.encode()]

    def run(self, feed_dict=None, session=None):
        """Runs it in `session`, or in the thread's default session (A94, B16)."""
        _session_for(self, session, "execute operation", "run()", "operation").run(self, feed_dict)

    @property
    def _control_flow_context(self):
        return self._get_control_flow_context()

    def __repr__(self):
        return "<tf.Operation '%s' type=%s>" % (self.name, self.type)

    def __str__(self):
        return str(self.node_def)


class Tensor(_core.Tensor):
    """One output of an Operation: a value in each run, of a known dtype and, as far as it could
    be inferred, a known shape."""

    __slots__ = ("__dict__", "__weakref__")
    __array_priority__ = 100            # NumPy leaves `array + tensor` to us

    def __new__(cls, *args, **keywords):
        raise TypeError("Tensors are made by operations, not by Tensor()")

    @property
    def shape(self):
        """The static TensorShape."""
        return TensorShape._of(self._dims)

    def get_shape(self):
        """The static TensorShape."""
        return TensorShape._of(self._dims)

    def set_shape(self, shape):
        """Merges `shape` into what is known; ValueError if they contradict (A90)."""
        self._set_shape(shape)

    _shape = shape

    def _shape_as_list(self):
        dims = self._dims
        return None if dims is None else list(dims)

    def _shape_tuple(self):
        return self._dims

    def _rank(self):
        dims = self._dims
        return None if dims is None else len(dims)

    @property
    def device(self):
        """The device asked for, or ""."""
        return self.op.device

    def consumers(self):
        """The Operations that have it as an input."""
        return [op for op in self.graph.get_operations()
                if any(x is self for x in op.inputs)]

    def eval(self, feed_dict=None, session=None):
        """Its value in `session`, or in the thread's default session (A94, B16, B17)."""
        return _session_for(self, session, "evaluate tensor", "eval()", "tensor").run(self,
                                                                                      feed_dict)

    def __bool__(self):
        raise TypeError("Using a `tf.Tensor` as a Python `bool` is not allowed. Use `if t is not "
                        "None:` instead of `if t:` to test if a tensor is defined, and use "
                        "TensorFlow ops such as tf.cond to execute subgraphs conditioned on the "
                        "value of a tensor.")

    def __iter__(self):
        raise TypeError("Tensor objects are only iterable when eager execution is enabled. To "
                        "iterate over this tensor use tf.map_fn.")

    def __len__(self):
        raise TypeError("len is not well defined for symbolic Tensors. (%s) Please call `x.shape` "
                        "rather than `len(x)` for shape information." % self.name)

    def __array__(self, *args, **keywords):
        raise NotImplementedError("Cannot convert a symbolic Tensor (%s) to a numpy array."
                                  % self.name)

    def __repr__(self):
        return "<tf.Tensor '%s' shape=%s dtype=%s>" % (self.name, self.shape, self.dtype.name)

    def __str__(self):
        dims = self._dims
        return 'Tensor("%s"%s%s%s)' % (
            self.name, "" if dims is None else ", shape=%s" % self.shape,
            ", dtype=%s" % self.dtype.name, ", device=%s" % self.device if self.device else "")

    @classmethod
    def _override_operator(cls, operator, function):
        """Makes `function` one of the class's operators; each is given once."""
        if operator in cls.__dict__ and operator not in ("__iter__", "__bool__"):
            raise ValueError("operator %s cannot be overwritten again on class %s."
                             % (operator, cls))
        setattr(cls, operator, function)


def _session_for(x, session, doing, method, kind):
    """The session to run `x` in, which must be of its graph."""
    if session is not None:
        if session.graph is not x.graph:
            raise ValueError("Cannot use the given session to %s: the %s's graph is different "
                             "from the session's graph." % (doing, kind))
        return session
    session = default_stack.get_default_session()
    if session is None:
        raise ValueError("Cannot %s using `%s`: No default session is registered. Use `with "
                         "sess.as_default()` or pass an explicit session to `%s(session=sess)`"
                         % (doing, method, method[:-2]))
    if session.graph is not x.graph:
        raise ValueError("Cannot use the default session to %s: the %s's graph is different from "
                         "the session's graph. Pass an explicit session to `%s(session=sess)`."
                         % (doing, kind, method[:-2]))
    return session


def is_dense_tensor_like(x):
    """Whether x is a Tensor or acts as one (a variable)."""
    return isinstance(x, Tensor) or hasattr(x, "_as_graph_element")
