"""The branches and loops that operations are made in, as objects with TensorFlow's attributes.

They are C's: what brings values in, and what waits for what, is decided there.
"""
import collections

from weft import _core
from weft.python.framework import messages, ops

__all__ = ["ControlFlowContext", "CondContext", "WhileContext"]


class _Held(collections.namedtuple("_Held", ["number"])):
    """What a graph keeps of a context."""

    def _unhold_(self, graph):
        return graph._context(self.number)


class ControlFlowContext(_core.Context):
    """A branch or a loop. While it is entered, operations are made in it."""

    __slots__ = ("__dict__", "__weakref__")

    # The loop that it goes back through, of a gradient's loop: it has no object here.
    grad_state = None

    @property
    def back_prop(self):
        """Whether there may be gradients through the loop, or through that around the branch."""
        loop = self.GetWhileContext()
        return loop is None or loop._back_prop

    def Enter(self):
        """Operations are made in it from now on, until Exit()."""
        self.graph._push_context(self)

    def Exit(self):
        self.graph._pop()

    def ExitResult(self, result):
        """What is made of the values of a context is known around it."""

    def GetWhileContext(self):
        """The loop itself, or the innermost one around the branch; None if there is none."""
        context = self
        while context is not None and not context.IsWhileContext():
            context = context.outer_context
        return context

    def GetControlPivot(self):
        return None

    def IsWhileContext(self):
        return False

    def IsCondContext(self):
        return False

    def IsXLAContext(self):
        return False

    def to_proto(self, export_scope=None):
        """The message that tells of it, with names as seen from a scope; None if it is not there.
        """
        if export_scope and not self.name.startswith(export_scope):
            return None
        message = getattr(messages, self._MESSAGE).FromString(self._export())
        return _stripped(message, export_scope) if export_scope else message

    @classmethod
    def from_proto(cls, context_def, import_scope=None):
        """The context that a message tells of, whose operations are in the default graph, in a
        scope."""
        message = context_def.SerializeToString()
        return ops.get_default_graph()._import_context(cls._MESSAGE == "WhileContextDef", message,
                                                       (import_scope or "").rstrip("/"))

    def _hold_(self):
        return _Held(self._number)

    def __str__(self):
        return self.name


def _stripped(message, scope):
    """The message with all names in it as seen from a scope."""
    for field, value in message.ListFields():
        if field.name == "values_def":
            _strip_values(value, scope)
        elif field.name == "nested_contexts":
            for nested in value:
                _stripped(getattr(nested, nested.WhichOneof("ctxt")), scope)
        elif field.name.endswith("_names"):
            value[:] = [ops.strip_name_scope(name, scope) for name in value]
        elif field.name.endswith("_name"):
            setattr(message, field.name, ops.strip_name_scope(value, scope))
    return message


def _strip_values(values, scope):
    values.values[:] = [ops.strip_name_scope(name, scope) for name in values.values]
    pairs = [(ops.strip_name_scope(key, scope), ops.strip_name_scope(value, scope))
             for key, value in values.external_values.items()]
    values.external_values.clear()
    values.external_values.update(pairs)


class CondContext(ControlFlowContext):
    """One branch of a condition."""

    __slots__ = ()

    _MESSAGE = "CondContextDef"

    def __new__(cls, pred=None, pivot=None, branch=None, name="cond_text", context_def=None,
                import_scope=None):
        return ops.get_default_graph()._new_branch(pred, pivot, branch, name)

    pred = _core.Context._pred
    pivot = _core.Context._pivot
    branch = _core.Context._branch

    def IsCondContext(self):
        return True


class WhileContext(ControlFlowContext):
    """A loop."""

    __slots__ = ()

    _MESSAGE = "WhileContextDef"

    maximum_iterations = _core.Context._maximum_iterations
    parallel_iterations = _core.Context._parallel_iterations
    swap_memory = _core.Context._swap_memory
    pivot = _core.Context._pivot
    loop_enters = _core.Context._loop_enters
    loop_exits = _core.Context._loop_exits

    def GetControlPivot(self):
        """What operations of the loop that need nothing from it wait for."""
        return self._pivot_for_body if self._pivot_for_body is not None else self._pivot_for_pred

    def IsWhileContext(self):
        return True


def _to_proto(context, export_scope=None):
    return context.to_proto(export_scope)


ops.register_proto_function(ops.GraphKeys.COND_CONTEXT, "CondContextDef", _to_proto,
                            CondContext.from_proto)
ops.register_proto_function(ops.GraphKeys.WHILE_CONTEXT, "WhileContextDef", _to_proto,
                            WhileContext.from_proto)
