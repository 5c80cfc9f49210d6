"""Keras's session, learning phase and variables: what is global, and for how long.

The session is one for the process (D1, D17). The learning phase and the variables that Keras has
yet to initialize are remembered for each graph, in tables that do not keep graphs alive (D18).
"""
import os
from weakref import WeakKeyDictionary

from weft.python.client import session as session_module
from weft.python.framework import messages, ops
from weft.python.keras import names
from weft.python.ops import array_ops, variables

__all__ = ["clear_session", "get_session", "learning_phase", "manual_variable_initialization",
           "set_learning_phase", "set_session", "track_variable"]

_session = None
_manual_initialization = False
_phases = WeakKeyDictionary()       # graph -> what it holds of its learning phase
_unchecked = WeakKeyDictionary()    # graph -> what it holds of variables never looked at (D3)


def get_session():
    """The default session, else the process's own, made now if there is none (D1).

    Keras variables of its graph that are new and have no value get their initial one (D2).
    """
    session = ops.get_default_session() or _own_session()
    if not _manual_initialization:
        _initialize_variables(session)
    return session


def _own_session():
    global _session
    if _session is None:
        threads = os.environ.get("OMP_NUM_THREADS")
        settings = {"intra_op_parallelism_threads": int(threads)} if threads else {}
        _session = session_module.Session(
            config=messages.ConfigProto(allow_soft_placement=True, **settings))
    return _session


def set_session(session) -> None:
    """Makes `session` the process's own; the one before is not closed (D5)."""
    global _session
    _session = session


def manual_variable_initialization(value) -> None:
    """Whether variables are left alone by `get_session` (D14)."""
    global _manual_initialization
    _manual_initialization = value


def clear_session() -> None:
    """Drops the default graph, the process's own session and all layer names (D6).

    AssertionError inside a graph's or session's context. Neither session nor graph is closed or
    emptied: whoever still has them goes on with them.
    """
    global _session
    ops.reset_default_graph()
    names.reset_uids()
    _session = None
    _phases.clear()
    learning_phase()


def track_variable(variable) -> None:
    """Lets `get_session` give `variable` its initial value."""
    _unchecked.setdefault(variable.graph, []).append(variable.graph.hold(variable))


def _initialize_variables(session):
    """Looks at each new variable once in its life, whatever becomes of the session (D3)."""
    graph = session.graph
    new = [graph.unhold(token) for token in _unchecked.pop(graph, ())]
    if not new:
        return
    with graph.as_default():
        there = session.run([variables.is_variable_initialized(v) for v in new])
        missing = [v for v, has_value in zip(new, there) if not has_value]
        if missing:
            session.run(variables.variables_initializer(missing))


def learning_phase():
    """0 or 1 if it was set, else a bool placeholder that is False unless fed (D12)."""
    graph = ops.get_default_graph()
    if graph not in _phases:
        with ops.name_scope(""):
            phase = array_ops.placeholder_with_default(False, shape=(), name="keras_learning_phase")
        _phases[graph] = graph.hold(phase)
    return graph.unhold(_phases[graph])


def set_learning_phase(value) -> None:
    """Pins the default graph's learning phase: 0 for test, 1 for training."""
    if value not in (0, 1):
        raise ValueError("Expected learning phase to be 0 or 1.")
    _phases[ops.get_default_graph()] = value
