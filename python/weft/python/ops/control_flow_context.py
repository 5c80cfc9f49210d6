"""The branches and loops that operations are made in, as objects with TensorFlow's attributes.

They are C's: what brings values in, and what waits for what, is decided there.
"""
import collections

from weft import _core
from weft.python.framework import ops

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

    def _hold_(self):
        return _Held(self._number)

    def __str__(self):
        return self.name


class CondContext(ControlFlowContext):
    """One branch of a condition."""

    __slots__ = ()

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
