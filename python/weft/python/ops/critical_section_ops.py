"""CriticalSection: functions of which only one runs at a time, in all runs of a session."""
from weft.python.framework import dtypes, gen, ops
from weft.python.ops import control_flow_ops
from weft.python.util import nest

__all__ = ["CriticalSection"]


def _identity(x):
    """The same by another op; what is no tensor, through its own."""
    if isinstance(x, ops.Operation):
        return x
    if hasattr(x, "identity"):                  # a TensorArray
        return x.identity()
    return control_flow_ops._identity(ops.convert_to_tensor(x))


class CriticalSection:
    """A lock by name: what execute() is given runs while nobody else is in the section.

    Sections of the same `shared_name` are the same. What is executed must not execute in the same
    section, directly or not.
    """

    def __init__(self, name=None, shared_name=None, critical_section_def=None, import_scope=None):
        if critical_section_def:
            raise ValueError("critical_section_def is not supported.")
        with ops.name_scope(name, "CriticalSection", []) as name:
            with ops.init_scope():
                if shared_name is None:
                    shared_name = name[:-1]
                container = ops.get_default_graph()._container or ""
                self._handle = gen.MutexV2(shared_name=shared_name, container=container, name=name)

    @property
    def name(self):
        """That of the op that makes the lock."""
        return self._handle.op.name

    def execute(self, fn, exclusive_resource_access=True, name=None):
        """What fn() returns, computed while the lock is held.

        Unless `exclusive_resource_access` is False, the variables and other resources that fn uses
        are used in no other section.

        Raises:
          ValueError: fn executes in the same section, or uses what another one has to itself.
        """
        with ops.name_scope(name, "critical_section_execute", []):
            graph = ops.get_default_graph()
            lock = gen.MutexLock(self._handle)
            before = len(graph.get_operations())
            with ops.control_dependencies([lock]):
                result = fn()
            made = graph.get_operations()[before:]
            self._check(graph, made, exclusive_resource_access)
            return self._after(lock, result)

    def _after(self, lock, result):
        """The results, all of them there and the lock given back."""
        flat = [_identity(x) for x in nest.flatten(result)]
        with ops.control_dependencies([getattr(x, "flow", x) for x in flat]):
            with ops.colocate_with(self._handle):
                given_back = gen.ConsumeMutexLock(lock)
        tensors = [x for x in flat if isinstance(x, ops.Tensor)]
        together = iter(control_flow_ops.tuple(tensors) if tensors else [])
        flat = [next(together) if isinstance(x, ops.Tensor) else x for x in flat]
        with ops.control_dependencies([given_back]):
            flat = [control_flow_ops.group(x) if isinstance(x, ops.Operation) else _identity(x)
                    for x in flat]
        return nest.pack_sequence_as(result, flat) if nest.is_sequence(result) else flat[0]

    def _check(self, graph, made, exclusive):
        """What the function made locks no section again and uses nothing that is another's."""
        used = set()
        for op in made:
            if op.type == "MutexLock" and op.inputs[0] is self._handle:
                raise ValueError(
                    "Attempting to lock a CriticalSection in which we are already running "
                    "(signature = %s). This is illegal and may cause deadlocks." % self.name)
            used.update(x.name for x in op.inputs if x.dtype == dtypes.resource)
        used.discard(self._handle.name)
        executions = graph.__dict__.setdefault("_critical_sections", [])
        for section, others, alone in executions:
            shared = used & others
            if section != self.name and shared and (exclusive or alone):
                raise ValueError(
                    "This execution would access resources: %s.  Either this lock "
                    "(CriticalSection: %s) or lock of CriticalSection %s requested exclusive "
                    "resource access of this resource.  Did you mean to call execute with keyword "
                    "argument exclusive_resource_access=False?"
                    % (sorted(shared), self.name, section))
        executions.append((self.name, frozenset(used), exclusive))
