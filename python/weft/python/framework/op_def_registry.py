"""OpDefs of the ops that there are."""
from weft import _core
from weft.python.framework import gen

_found = {}


def get(op_type):
    """The OpDef of an op type, without descriptions; None if there is no such op."""
    if op_type not in _found and gen.has(op_type):
        from weft.python.framework import messages
        _found[op_type] = messages.OpDef.FromString(_core.op_export(op_type))
    return _found.get(op_type)


def get_registered_ops():
    """{op type: OpDef} of all."""
    return {op_type: get(op_type) for op_type in gen.names()}
