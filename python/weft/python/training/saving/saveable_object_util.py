"""Variables as SaveableObjects, and lists or dicts of them by their names in a checkpoint."""

from weft.python.framework import device_spec
from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.ops import partitioned_variable
from weft.python.ops import resource_variable_ops
from weft.python.ops import state_ops
from weft.python.ops import variables
from weft.python.training.saving import saveable_object

_REF_OPS = ("Variable", "VariableV2", "AutoReloadVariable")
_VARIABLE_OPS = _REF_OPS + ("VarHandleOp", "ReadVariableOp")


def set_cpu0(device_string):
    """The CPU of the machine that `device_string` is on."""
    spec = device_spec.DeviceSpec.from_string(device_string)
    spec.device_type, spec.device_index = "CPU", 0
    return spec.to_string()


def _reshaped(tensors, shapes):
    return tensors[0] if shapes is None else gen.Reshape(tensors[0], _shape(shapes[0]))


def _shape(shape):
    return shape if isinstance(shape, ops.Tensor) else shape.as_list()


class ReferenceVariableSaveable(saveable_object.SaveableObject):
    """A ref variable, given as its reference."""

    def __init__(self, var, slice_spec, name):
        spec = saveable_object.SaveSpec(var, slice_spec, name, dtype=var.dtype)
        super().__init__(var, [spec], name)

    def restore(self, restored_tensors, restored_shapes):
        """Assigns it; a value of another shape only to a variable whose shape may change."""
        known = restored_shapes is None and self.op.get_shape().is_fully_defined()
        return state_ops.assign(self.op, _reshaped(restored_tensors, restored_shapes),
                                validate_shape=known)


class ResourceVariableSaveable(saveable_object.SaveableObject):
    """A resource variable, given as itself or as a tensor that reads it."""

    def __init__(self, var, slice_spec, name):
        self._var_device, self._var_shape = var.device, var.shape
        if isinstance(var, ops.Tensor):
            self.handle_op, tensor = var.op.inputs[0], var
        elif resource_variable_ops.is_resource_variable(var):
            self.handle_op, tensor = var.handle, _reader(var)
        else:
            raise ValueError("Saveable is neither a resource variable nor a read operation. "
                             "Got: %r" % (var,))
        spec = saveable_object.SaveSpec(tensor, slice_spec, name, dtype=var.dtype,
                                        device=var.device)
        super().__init__(var, [spec], name)

    def restore(self, restored_tensors, restored_shapes):
        """Assigns it, on its device."""
        tensor = _reshaped(restored_tensors, restored_shapes)
        with ops.device(self._var_device):
            tensor = gen.Identity(tensor)
            self._var_shape.assert_is_compatible_with(tensor.shape)
            return gen.AssignVariableOp(self.handle_op, tensor)


def _reader(variable):
    """A function that reads the variable on its device and brings it to the CPU."""
    def read():
        with ops.device(variable.device):
            value = variable.read_value()
            with ops.device("/device:CPU:0"):
                return gen.Identity(value)

    return read


def _comes_from_variable(tensor):
    return isinstance(tensor, ops.Tensor) and tensor.op.type in _VARIABLE_OPS


def _as_tensor(variable):
    """What stands for a variable: its reference, or the tensor that reads it."""
    if isinstance(variable, resource_variable_ops.ResourceVariable):
        return variable._graph_element
    return ops.internal_convert_to_tensor(variable, as_ref=True)


# ---- one name, one or several saveables ----

def saveable_objects_for_op(op, name):
    """The SaveableObjects of what goes under `name`: a variable, a list of slices of one, or a
    SaveableObject already.

    Raises:
      TypeError: the name is no string, or `op` no variable.
      ValueError: slices that do not belong together.
    """
    if not isinstance(name, str):
        raise TypeError("names_to_saveables must be a dict mapping string names to trackable "
                        "operations. Name is not a string: %s" % (name,))
    if isinstance(op, saveable_object.SaveableObject):
        return [op]
    if isinstance(op, (list, tuple, partitioned_variable.PartitionedVariable)):
        return [_saveable(v, v._save_slice_info.spec, name) for v in _slices(list(op))]
    variable = _as_tensor(op)
    if not _comes_from_variable(variable):
        raise TypeError("names_to_saveables must be a dict mapping string names to "
                        "Tensors/Variables. Not a variable: %s" % variable)
    return [_saveable(variable, "", name)]


def _saveable(variable, slice_spec, name):
    if variable.op.type not in _REF_OPS:
        return ResourceVariableSaveable(variable, slice_spec, name)
    return ReferenceVariableSaveable(_as_tensor(variable), slice_spec, name)


def _slices(parts):
    """The slices of one variable, checked."""
    for v in parts:
        if not isinstance(v, variables.Variable):
            raise ValueError("Slices must all be Variables: %s" % v)
        if not v._save_slice_info:
            raise ValueError("Slices must all be slices: %s" % v)
        whole = parts[0]._save_slice_info.full_name
        if v._save_slice_info.full_name != whole:
            raise ValueError("Slices must all be from the same tensor: %s != %s" %
                             (whole, v._save_slice_info.full_name))
    return parts


# ---- many ----

def op_list_to_dict(op_list, convert_variable_to_tensor=True):
    """{name in the checkpoint: variable, list of slices, or SaveableObject} of a list.

    A variable goes by the name of its op, a slice by that of the whole. With
    `convert_variable_to_tensor` what stands for a variable are tensors.

    Raises:
      TypeError: no list, tuple or set; an element that is no variable.
      ValueError: two of one name.
    """
    if not isinstance(op_list, (list, tuple, set)):
        raise TypeError("Variables to save should be passed in a dict or a list: %s" % (op_list,))
    found = {}
    for var in sorted(op_list, key=lambda x: x.name):
        if isinstance(var, saveable_object.SaveableObject):
            found[var.name] = var
        elif isinstance(var, variables.Variable) and var._save_slice_info:
            _add_slice(found, var)
        else:
            name, var = _named(var, convert_variable_to_tensor)
            if name in found:
                raise ValueError("At least two variables have the same name: %s" % name)
            found[name] = var
    return found


def _named(var, convert):
    if isinstance(var, partitioned_variable.PartitionedVariable):
        return var.name, var
    tensor = _as_tensor(var)
    if not _comes_from_variable(tensor):
        raise TypeError("Variable to save is not a Variable: %s" % (var,))
    if tensor.op.type == "ReadVariableOp":
        return tensor.op.inputs[0].op.name, tensor if convert else var
    return tensor.op.name, tensor if convert else var


def _add_slice(found, var):
    name = var._save_slice_info.full_name
    parts = found.setdefault(name, [])
    if not isinstance(parts, list):
        raise ValueError("Mixing slices and non-slices with the same name: %s" % name)
    parts.append(var)


def validate_and_slice_inputs(names_to_saveables):
    """A list of SaveableObjects, in the order of their names, of a list or dict of variables.

    Raises:
      ValueError: one variable under two names.
    """
    if not isinstance(names_to_saveables, dict):
        names_to_saveables = op_list_to_dict(names_to_saveables)
    saveables, seen = [], set()
    for name, op in sorted(names_to_saveables.items(), key=lambda pair: pair[0]):
        for saveable in saveable_objects_for_op(op, name):
            if id(saveable.op) in seen:
                raise ValueError("The same saveable will be restored with two names: %s" %
                                 saveable.name)
            seen.add(id(saveable.op))
            saveables.append(saveable)
    return saveables
