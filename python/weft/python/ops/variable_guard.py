"""Initial values that depend on other variables (C14).

An initializer may run before those of the variables that its value is made of. So wherever an
initial value reads a ref variable, the initializer gets another expression, in which
`initialized_value()` stands for the variable: its value if it has one, its initial value otherwise.
"""

from weft.python.framework import gen
from weft.python.framework import ops

_KEPT = ("IsVariableInitialized", "VarIsInitializedOp", "ReadVariableOp")
_VARIABLES = ("Variable", "VariableV2", "VarHandleOp")


class _Loop(Exception):
    """The initial value has a loop in it: it is left as it is."""


def guarded(name, value):
    """`value`, or what stands for it in the initializer of the variable of name scope `name`."""
    try:
        return _Rewriting(name).tensor(value)
    except _Loop:
        return value


class _Rewriting:
    """One initial value's rewriting: each op at most once."""

    def __init__(self, name):
        # The scope's name ends with a slash: copies are called exactly so, wherever they are made.
        self._suffix = "_" + name
        self._done = {}

    def tensor(self, t):
        """What stands for a tensor."""
        if t.op not in self._done:
            self._done[t.op] = None
            self._done[t.op] = self._op(t.op)
        op = self._done[t.op]
        if op is None:
            raise _Loop()
        return op.outputs[t.value_index]

    def _op(self, op):
        if op.type in _KEPT:
            return op
        if op.type in _VARIABLES:
            variable = _variable_of(op)
            return op if variable is None else variable.initialized_value().op
        inputs = [self.tensor(t) for t in op.inputs]
        if all(new is old for new, old in zip(inputs, op.inputs)):
            return op
        return self._copy(op, inputs)

    def _copy(self, op, inputs):
        """An op like `op` on other inputs."""
        op_type = "Switch" if op.type == "RefSwitch" else op.type
        make = getattr(gen, op_type)
        attributes = {n: op.get_attr(n) for n in op._attr_names() if n in make.parameters}
        made = make(*_grouped(op, inputs), name=op.name + self._suffix, **attributes)
        while isinstance(made, (list, tuple)):
            made = made[0]
        return made.op


def _grouped(op, inputs):
    """The inputs as the op function takes them: lists where the op has lists."""
    inputs = iter(inputs)
    groups = []
    for spec in _input_specs(op):
        length = _length(op, spec)
        groups.append(next(inputs) if length is None else [next(inputs) for _ in range(length)])
    return groups


def _input_specs(op):
    """What the op's row says of its inputs: "T", "N * T"..."""
    signature = getattr(gen, op.type).__doc__.split("\n")[-2]
    inputs = signature[1:signature.index(") -> (")]
    return [spec.split(": ")[1] for spec in inputs.split(", ") if spec]


def _length(op, spec):
    """How many tensors an input of this kind has in `op`; None if it is no list."""
    if " * " in spec:
        return op.get_attr(spec.split(" * ")[0])
    value = op.get_attr(spec) if spec in op._attr_names() else None
    return len(value) if isinstance(value, list) else None


def _variable_of(op):
    """The variable whose op this is, or None."""
    for key in (ops.GraphKeys.GLOBAL_VARIABLES, ops.GraphKeys.LOCAL_VARIABLES):
        for variable in ops.get_collection(key):
            if variable.op is op:
                return variable
    return None
