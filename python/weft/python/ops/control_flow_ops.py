"""Order without data: groups of ops, tensors that wait for ops, assertions."""

from weft.python.framework import dtypes, gen, ops, tensor_util
from weft.python.ops import array_ops

__all__ = ["group", "tuple", "with_dependencies", "no_op", "Assert"]

_tuple = tuple              # Python's own, which a function below hides


def no_op(name=None):
    """An op that does nothing; what it depends on by control still runs before it."""
    return gen.NoOp(name=name)


def _flatten(structure):
    """What nested lists, tuples and dicts hold, sparse things as their parts, in order."""
    if isinstance(structure, dict):
        structure = [structure[key] for key in sorted(structure)]
    if isinstance(structure, (list, _tuple)):
        return [leaf for item in structure for leaf in _flatten(item)]
    if array_ops.is_sparse(structure):
        return [structure.indices, structure.values, structure.dense_shape]
    if isinstance(structure, ops.IndexedSlices):
        parts = [structure.values, structure.indices, structure.dense_shape]
        return [part for part in parts if part is not None]
    return [structure]


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
        for item in _flatten(inputs):
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


def Assert(condition, data, summarize=None, name=None):
    """An op that fails, showing `summarize` (3) elements of each of `data`, unless `condition`.

    It must be run, or depended on, to have an effect."""
    with ops.name_scope(name, "Assert", [condition, data]):
        values = ops.convert_n_to_tensor(data)
        summarize = 3 if summarize is None else summarize
        if all(v.dtype.base_dtype in (dtypes.string, dtypes.int32) for v in values):
            return gen.Assert(condition, data, summarize=summarize, name="Assert")
        condition = ops.convert_to_tensor(condition, name="Condition")
        with ops.name_scope("AssertGuard"):
            return gen.Assert(condition, data, summarize=summarize, name="Assert")
