"""Devices for training with parameter servers: variables there, everything else with the worker."""

from weft.python.framework.device_spec import DeviceSpec
from weft.python.training import server_lib

__all__ = ["replica_device_setter"]

_VARIABLE_OPS = ("Variable", "VariableV2", "AutoReloadVariable", "MutableHashTable",
                 "MutableHashTableV2", "MutableHashTableOfTensors", "MutableHashTableOfTensorsV2",
                 "MutableDenseHashTable", "MutableDenseHashTableV2", "VarHandleOp",
                 "BoostedTreesEnsembleResourceHandleOp")


class _InTurn(object):
    """One task after another, for each operation that is placed."""

    def __init__(self, n):
        self._n = n
        self._next = 0

    def __call__(self, op):
        task = self._next
        self._next = (task + 1) % self._n
        return task


def replica_device_setter(ps_tasks=0, ps_device="/job:ps", worker_device="/job:worker",
                          merge_devices=True, cluster=None, ps_ops=None, ps_strategy=None):
    """A device function, for tf.device(), that puts variables on parameter servers in turn.

    Args:
      ps_tasks: how many parameter servers; 0: there are none, and None is returned.
      ps_device, worker_device: their devices.
      merge_devices: fill up devices that ops ask for, instead of leaving them.
      cluster: a ClusterSpec (or a dict for one), whose job of `ps_device` says how many there are.
      ps_ops: the op types that go there; those of variables by default.
      ps_strategy: called with the operation, returns a task number; in turn by default.

    Raises:
      TypeError: `ps_strategy` cannot be called, or `cluster` is none.
    """
    if cluster is not None:
        spec = server_lib.ClusterSpec(cluster)
        job = DeviceSpec.from_string(ps_device).job
        ps_tasks = len(spec.as_dict().get(job) or [])
    if ps_tasks == 0:
        return None
    ps_ops = _VARIABLE_OPS if ps_ops is None else ps_ops
    strategy = _InTurn(ps_tasks) if ps_strategy is None else ps_strategy
    if not callable(strategy):
        raise TypeError("ps_strategy must be callable")

    def device_of(op):
        """The op's own device, filled up."""
        if not merge_devices and op.device:
            return op.device
        asked = DeviceSpec.from_string(op.device or "")
        on_ps = bool(ps_device) and op.type in ps_ops
        device = DeviceSpec.from_string((ps_device if on_ps else worker_device) or "")
        if on_ps and device.job and asked.job in (None, device.job):
            device.task = strategy(op)
        device.merge_from(asked)
        return device.to_string()
    return device_of
