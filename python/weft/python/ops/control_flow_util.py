"""Where operations and contexts lie in one another."""

__all__ = ["GetContainingCondContext", "GetContainingWhileContext", "GetContainingXLAContext",
           "GetOutputContext", "IsCondMerge", "IsCondSwitch", "IsContainingContext", "IsInCond",
           "IsInWhileLoop", "IsInXLAContext", "IsLoopConstantEnter", "IsLoopEnter", "IsLoopExit",
           "IsLoopMerge", "IsLoopSwitch", "IsMerge", "IsSwitch", "OpInContext", "TensorInContext"]


def IsSwitch(op):
    """Whether it is a Switch, of a reference too."""
    return op.type in ("Switch", "RefSwitch")


def IsMerge(op):
    return op.type in ("Merge", "RefMerge")


def IsLoopEnter(op):
    return op.type in ("Enter", "RefEnter")


def IsLoopExit(op):
    return op.type in ("Exit", "RefExit")


def IsLoopConstantEnter(op):
    """Whether it brings in a value that stays the same in all iterations."""
    return IsLoopEnter(op) and op.get_attr("is_constant")


def IsLoopMerge(op):
    """Whether it is the Merge that the iterations of a loop begin with."""
    return IsMerge(op) and bool(op.inputs) and IsLoopEnter(op.inputs[0].op)


def IsCondMerge(op):
    """Whether it is the Merge that ends a condition."""
    return IsMerge(op) and bool(op.inputs) and not IsLoopMerge(op)


def IsLoopSwitch(op):
    """Whether it is the Switch of a loop's variable."""
    context = op._get_control_flow_context() if IsSwitch(op) else None
    return context is not None and context.IsWhileContext() and not IsCondSwitch(op)


def IsCondSwitch(op):
    """Whether it is the Switch of a condition: its predicate is no loop's."""
    return IsSwitch(op) and op.inputs[1].op.type != "LoopCond"


def GetOutputContext(op):
    """The context that what an operation gives is in, or None: of an Exit, that around its loop."""
    context = op._get_control_flow_context()
    return context.outer_context if context is not None and IsLoopExit(op) else context


def GetContainingWhileContext(ctxt, stop_ctxt=None):
    """`ctxt` or the innermost loop around it, None if there is none before `stop_ctxt`."""
    while ctxt is not None and not ctxt.IsWhileContext() and ctxt is not stop_ctxt:
        ctxt = ctxt.outer_context
    return ctxt if ctxt is None or ctxt.IsWhileContext() else None


def GetContainingCondContext(ctxt):
    """`ctxt` or the innermost branch around it, or None."""
    while ctxt is not None and not ctxt.IsCondContext():
        ctxt = ctxt.outer_context
    return ctxt


def GetContainingXLAContext(ctxt):
    """The part of `ctxt` that XLA compiles: there are no such parts."""
    while ctxt is not None and not ctxt.IsXLAContext():
        ctxt = ctxt.outer_context
    return ctxt


def IsInXLAContext(op):
    return GetContainingXLAContext(op._get_control_flow_context()) is not None


def IsInWhileLoop(op):
    return GetContainingWhileContext(op._get_control_flow_context()) is not None


def IsInCond(op):
    return GetContainingCondContext(op._get_control_flow_context()) is not None


def IsContainingContext(ctxt, maybe_containing_ctxt):
    """Whether `ctxt` is the other one, or lies in it."""
    while ctxt is not maybe_containing_ctxt:
        if ctxt is None:
            return False
        ctxt = ctxt.outer_context
    return True


def OpInContext(op, ctxt):
    return IsContainingContext(op._get_control_flow_context(), ctxt)


def TensorInContext(tensor, ctxt):
    return OpInContext(tensor.op, ctxt)
