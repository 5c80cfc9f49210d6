"""Questions about the branches and loops that operations stand in."""

__all__ = ["GetContainingCondContext", "GetContainingWhileContext", "GetContainingXLAContext",
           "IsCondMerge", "IsInCond", "IsInWhileLoop", "IsInXLAContext", "IsLoopConstantEnter",
           "IsLoopEnter", "IsLoopExit", "IsLoopMerge", "IsMerge", "IsSwitch"]


def IsSwitch(op):
    """Is it a Switch?"""
    return op.type in ("Switch", "RefSwitch")


def IsMerge(op):
    """Is it a Merge?"""
    return op.type in ("Merge", "RefMerge")


def IsLoopEnter(op):
    """Does it enter a loop?"""
    return op.type in ("Enter", "RefEnter")


def IsLoopExit(op):
    """Does it leave a loop?"""
    return op.type in ("Exit", "RefExit")


def IsLoopConstantEnter(op):
    """Does it enter a loop with a value that stays the same?"""
    return IsLoopEnter(op) and op.get_attr("is_constant")


def _context(op):
    return op._get_control_flow_context()


def IsLoopMerge(op):
    """Is it the Merge that begins the iterations of a loop?"""
    return IsMerge(op) and bool(op.inputs) and IsLoopEnter(op.inputs[0].op)


def IsCondMerge(op):
    """Is it the Merge that ends a condition?"""
    return IsMerge(op) and bool(op.inputs) and not IsLoopMerge(op)


def IsInWhileLoop(op):
    """Does it stand in a loop?"""
    return GetContainingWhileContext(_context(op)) is not None


def IsInCond(op):
    """Does it stand in a branch?"""
    return GetContainingCondContext(_context(op)) is not None


def IsInXLAContext(op):
    """Does it stand in a part that XLA compiles? There are no such parts."""
    return GetContainingXLAContext(_context(op)) is not None


def GetContainingWhileContext(ctxt, stop_ctxt=None):
    """The innermost loop of a context, the context itself included, or None; none of what is
    around `stop_ctxt`."""
    return _containing(ctxt, "IsWhileContext", stop_ctxt)


def GetContainingCondContext(ctxt):
    """The innermost branch of a context, the context itself included, or None."""
    return _containing(ctxt, "IsCondContext", None)


def GetContainingXLAContext(ctxt):
    """The part of a context that XLA compiles, or None."""
    return _containing(ctxt, "IsXLAContext", None)


def _containing(context, question, stop):
    while context is not None:
        if getattr(context, question)():
            return context
        if context is stop:
            return None
        context = context.outer_context
    return None
