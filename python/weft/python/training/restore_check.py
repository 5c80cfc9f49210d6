"""What a restore would find wrong only when it is half done: shapes that do not fit. Assignments
run side by side, and one that fails would leave the others done."""
from weft.python.framework import errors
from weft.python.framework import tensor_util
from weft.python.framework.tensor_shape import TensorShape
from weft.python.training import checkpoint_reader

__all__ = ["check_shapes"]


def check_shapes(restore_op, prefix):
    """InvalidArgumentError, as Assign has it, if a variable that the node `restore_op` assigns has
    another shape in the checkpoint."""
    saved = checkpoint_reader.NewCheckpointReader(prefix).get_variable_to_shape_map()
    names = {}                          # of what each RestoreV2 reads
    for assign in _assigns(restore_op):
        name = _name(assign.inputs[1], names)
        shape = _variable_shape(assign)
        if name in saved and not shape.is_compatible_with(saved[name]):
            raise errors.InvalidArgumentError(
                assign.node_def, assign, "Assign requires shapes of both tensors to match. lhs "
                "shape= %s rhs shape= %s" % (_text(shape.as_list()), _text(saved[name])))


def _assigns(op):
    """The assignments that an operation waits for, through groups of them."""
    left, seen = [op], set()
    while left:
        op = left.pop()
        if op.type in ("Assign", "AssignVariableOp"):
            yield op
        elif op.type == "NoOp" and op.name not in seen:
            seen.add(op.name)
            left.extend(op.control_inputs)


def _name(value, names):
    """The key of the whole tensor that a value is read from; None: it is made otherwise."""
    while value.op.type == "Identity":
        value = value.op.inputs[0]
    op = value.op
    if op.type != "RestoreV2":
        return None
    if op.name not in names:
        names[op.name] = [tensor_util.constant_value(x) for x in (op.inputs[1], op.inputs[2])]
    keys, slices = names[op.name]
    if keys is None or slices is None or slices[value.value_index]:
        return None
    return keys[value.value_index].decode()


def _variable_shape(assign):
    if assign.type == "Assign" and not assign.get_attr("validate_shape"):
        return TensorShape(None)
    variable = assign.inputs[0]
    if variable.op.type == "VarHandleOp":
        return TensorShape(variable.op.get_attr("shape"))
    return variable.shape


def _text(dims):
    return "[%s]" % ",".join(map(str, dims))
