"""The thread's stacks of default graphs and default sessions.

What is on the graphs' stack is C's to know (weft._core.graph_stack()); beside it stands what
entered each of them and where, for the error of reset_default_graph() to say.
"""
import os
import sys
import threading

from weft import _core

_LIBRARY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep


class _Thread(threading.local):
    def __init__(self):
        self.sessions = []
        self.entries = []               # (what was entered, code, line), as the graphs


_thread = _Thread()


class entered:
    """A context that puts `item` on a stack; leaving it out of order is an AssertionError (A73)."""

    __slots__ = ("_stack", "_item", "_what")

    def __init__(self, stack, item, what="a graph"):
        self._stack = stack
        self._item = item
        self._what = what

    def __enter__(self):
        self._stack.append(self._item)
        if self._stack is not _thread.sessions:
            _thread.entries.append(_here(self._what))
        return self._item

    def __exit__(self, *exception):
        if not self._stack or self._stack[-1] is not self._item:
            raise AssertionError("Nesting violated for default stack of %s objects"
                                 % type(self._item))
        self._stack.pop()
        if self._stack is not _thread.sessions:
            _thread.entries.pop()
        return False


def _here(what):
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_LIBRARY):
        frame = frame.f_back
    return what, frame.f_code.co_filename, frame.f_lineno


def session_stack():
    """The sessions entered in this thread, innermost last."""
    return _thread.sessions


def get_default_session():
    """The innermost session entered in this thread, or None (B14)."""
    return _thread.sessions[-1] if _thread.sessions else None


def is_graph_stack_open():
    """Whether a graph is entered in this thread (A75)."""
    return bool(_core.graph_stack())


def describe_open():
    """What keeps the stack open, and where it was entered."""
    places = ["%s (%s:%d)" % entry for entry in _thread.entries]
    return " Still open in this thread: %s." % ", ".join(places) if places else ""
