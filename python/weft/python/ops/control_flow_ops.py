"""Order without data: groups of ops, tensors that wait for ops; conditions and loops, which stand
in files of their own."""

from weft.python.framework import gen, ops, tensor_util
from weft.python.framework.composite_tensor import CompositeTensor
from weft.python.ops import array_ops
from weft.python.ops.control_flow_cond import Assert, case, case_helper, cond, switch_case
from weft.python.ops.control_flow_context import CondContext, ControlFlowContext, WhileContext
from weft.python.ops.control_flow_loop import while_loop
from weft.python.util import nest

__all__ = ["Assert", "CondContext", "ControlFlowContext", "WhileContext", "case", "cond", "exit",
           "group", "merge", "no_op", "switch", "switch_case", "tuple", "while_loop",
           "with_dependencies"]

_case_helper = case_helper


def no_op(name=None):
    """An op that does nothing; what it depends on by control still runs before it."""
    return gen.NoOp(name=name)


def _after(inputs, device=None, name=None):
    """A NoOp, on a device, that waits for inputs."""
    with ops.control_dependencies(inputs):
        if device is None:
            return no_op(name=name)
        with ops.device(device):
            return no_op(name=name)


def group(*inputs, name=None, **unknown):
    """One op that has run when all of the inputs, ops or tensors, have.

    Inputs on several devices are first joined on each. Raises TypeError for anything else."""
    if unknown:
        raise ValueError("Unknown keyword arguments: " + ", ".join(unknown))
    with ops.name_scope(name, "group_deps", inputs) as name:
        if not inputs:
            return no_op(name=name)
        on_device = {}
        for item in nest.flatten(inputs, expand_composites=True):
            if not hasattr(item, "device"):
                raise TypeError("Expected tf.group() expected Tensor arguments not '%s' with type "
                                "'%s'" % (item, type(item)))
            on_device.setdefault(item.device, []).append(item)
        if not on_device:
            return no_op(name=name)
        if len(on_device) == 1:
            (device, items), = on_device.items()
            return _after(items, device, name)
        joined = [_after(on_device[device], device)
                  for device in sorted(on_device, key=lambda d: d or "")]
        return _after(joined, name=name)


def _identity(data, name=None):
    """The same value by another op: a reference stays one."""
    if getattr(data.dtype, "_is_ref_dtype", False) and gen.has("RefIdentity"):
        return gen.RefIdentity(data, name=name)
    return array_ops.identity(data, name=name)


def with_dependencies(dependencies, output_tensor, name=None):
    """The value of output_tensor, there only once all dependencies have run."""
    with ops.name_scope(name, "control_dependency", list(dependencies) + [output_tensor]) as name:
        with ops.colocate_with(output_tensor):
            with ops.control_dependencies(dependencies):
                output = ops.convert_to_tensor_or_indexed_slices(output_tensor)
                if isinstance(output, ops.Tensor):
                    return _identity(output, name=name)
                return ops.IndexedSlices(_identity(output.values, name=name), output.indices,
                                         output.dense_shape)


def _is_value(x) -> bool:
    return tensor_util.is_tensor(x) or isinstance(x, ops.IndexedSlices)


def _gates(tensors, control_inputs):
    """The ops that tuple() waits for, each once, in the order of creation."""
    gates = [t if isinstance(t, ops.Operation) else t.op for t in tensors if t is not None]
    for control in control_inputs or []:
        if isinstance(control, ops.Tensor):
            control = control.op
        elif not isinstance(control, ops.Operation):
            raise TypeError("Control input must be Operation or Tensor: %s" % control)
        gates.append(control)
    if not gates:
        raise ValueError("Must have at least one Tensor: %s" % tensors)
    return sorted(set(gates), key=lambda op: op._id)


def tuple(tensors, name=None, control_inputs=None):
    """The tensors as a list, each of which is there only when all are (None stays None).

    control_inputs are further ops to wait for. Raises ValueError if all are None."""
    with ops.name_scope(name, "tuple", tensors):
        tensors = [t if t is None or isinstance(t, ops.Operation) or _is_value(t)
                   else ops.convert_to_tensor(t) for t in tensors]
        gate = group(*_gates(tensors, control_inputs))
        return [with_dependencies([gate], t) if t is not None and _is_value(t) else t
                for t in tensors]


# ---- what conditions and loops are made of ----

def switch(data, pred, dtype=None, name=None):
    """(data where pred is false, data where pred is true): one of them is there in a run."""
    with ops.name_scope(name, "Switch", [data, pred]) as name:
        pred = ops.convert_to_tensor(pred, name="pred")
        if not isinstance(data, CompositeTensor):
            data = ops.internal_convert_to_tensor(data, dtype=dtype, name="data", as_ref=True)
            return gen.Switch(data, pred, name=name)
        ways = [gen.Switch(part, pred) for part in data._parts_()]
        return (data._of_parts_([way[0] for way in ways]),
                data._of_parts_([way[1] for way in ways]))


def ref_switch(data, pred, name="Switch"):
    """switch() of a tensor with that, a reference staying one."""
    data = ops.internal_convert_to_tensor(data, name="data", as_ref=True)
    with ops.colocate_with(data, ignore_existing=True):
        if data.dtype._is_ref_dtype:
            return gen.RefSwitch(data, pred, name=name)
        return switch(data, pred, name=name)


_SwitchRefOrTensor = ref_switch


def merge(inputs, name=None):
    """(the input that is there, its index)."""
    if any(x is None for x in inputs):
        raise ValueError("At least one of the merge inputs is None: %s" % inputs)
    with ops.name_scope(name, "Merge", inputs) as name:
        if any(isinstance(x, CompositeTensor) for x in inputs):
            return _merge_parts(inputs)
        inputs = [ops.internal_convert_to_tensor(x, as_ref=True) for x in inputs]
        if all(x.dtype._is_ref_dtype for x in inputs):
            return gen.RefMerge(inputs, name=name)
        return gen.Merge(inputs, name=name)


def _merge_parts(inputs):
    if not all(isinstance(x, type(inputs[0])) for x in inputs):
        raise TypeError("Type %s not supported" % type(inputs[-1]))
    merged = [gen.Merge(list(parts)) for parts in zip(*[x._parts_() for x in inputs])]
    return inputs[0]._of_parts_([part[0] for part in merged]), merged[0][1]


def exit(data, name=None):
    """What leaves a loop, in the frame around it."""
    data = ops.internal_convert_to_tensor(data, as_ref=True)
    return (gen.RefExit if data.dtype._is_ref_dtype else gen.Exit)(data, name=name)
