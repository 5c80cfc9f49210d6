"""What a run can fail with: OpError, and a subclass for each of TensorFlow's codes.

An error knows the operation that failed, and says where the script made it.
"""
import traceback

OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class OpError(Exception):
    """A run failed. The subclass says how, the message why, `op` where."""

    def __init__(self, node_def, op, message, error_code):
        super().__init__()
        self._node_def = node_def
        self._op = op
        self._message = message
        self._error_code = error_code

    @property
    def message(self):
        """What was wrong, in words."""
        return self._message

    @property
    def op(self):
        """The Operation that failed; None if no operation of the graph did."""
        return self._op

    @property
    def error_code(self):
        """The number of the kind of error."""
        return self._error_code

    @property
    def node_def(self):
        """The NodeDef of the operation that failed, or None."""
        if self._node_def is None and self._op is not None:
            return self._op.node_def
        return self._node_def

    def __str__(self):
        if self._op is None:
            return str(self._message)
        lines = ["%s\n\nCaused by op %r, defined at:\n" % (self._message, self._op.name)]
        lines += traceback.format_list(self._op.traceback)
        origin = getattr(self._op, "_original_op", None)
        while origin is not None:
            lines.append("\n...which was originally created as op %r, defined at:\n" % origin.name)
            lines += traceback.format_list(origin.traceback)
            origin = getattr(origin, "_original_op", None)
        lines.append("\n%s (see above for traceback): %s\n" % (type(self).__name__, self._message))
        return "".join(lines)

    def __reduce__(self):
        # An operation stays with its graph: a copy of the error in another process has its text.
        return _again, (type(self), self._message, self._error_code)


def _again(kind, message, error_code):
    if kind in (OpError, UnknownError):
        return kind(None, None, message, error_code)
    return kind(None, None, message)


class UnknownError(OpError):
    """Something that has no better name."""

    def __init__(self, node_def, op, message, error_code=UNKNOWN):
        super().__init__(node_def, op, message, error_code)


_CLASSES = {UNKNOWN: UnknownError}


def _kind(code, name, doc):
    """The class of errors with this code."""
    def __init__(self, node_def, op, message):
        OpError.__init__(self, node_def, op, message, code)

    kind = type(name, (OpError,), {"__init__": __init__, "__doc__": doc, "__module__": __name__})
    _CLASSES[code] = kind
    return kind


CancelledError = _kind(CANCELLED, "CancelledError", "Somebody ended the run, or the session.")
InvalidArgumentError = _kind(INVALID_ARGUMENT, "InvalidArgumentError",
                             "An operation was given what it cannot take.")
DeadlineExceededError = _kind(DEADLINE_EXCEEDED, "DeadlineExceededError",
                              "The time allowed for the run is over.")
NotFoundError = _kind(NOT_FOUND, "NotFoundError", "A file, a node or a resource is not there.")
AlreadyExistsError = _kind(ALREADY_EXISTS, "AlreadyExistsError",
                           "What was to be made is there already.")
PermissionDeniedError = _kind(PERMISSION_DENIED, "PermissionDeniedError",
                              "The caller may not do that.")
UnauthenticatedError = _kind(UNAUTHENTICATED, "UnauthenticatedError",
                             "The caller has not said who it is.")
ResourceExhaustedError = _kind(RESOURCE_EXHAUSTED, "ResourceExhaustedError",
                               "Memory, or space on a disk, is used up.")
FailedPreconditionError = _kind(FAILED_PRECONDITION, "FailedPreconditionError",
                                "Something must be done first: a variable initialized, say.")
AbortedError = _kind(ABORTED, "AbortedError", "Another run, or a reset, came between.")
OutOfRangeError = _kind(OUT_OF_RANGE, "OutOfRangeError",
                        "The end of the input, or past the end of a tensor.")
UnimplementedError = _kind(UNIMPLEMENTED, "UnimplementedError", "Nobody has written that yet.")
InternalError = _kind(INTERNAL, "InternalError", "A mistake in the system itself.")
UnavailableError = _kind(UNAVAILABLE, "UnavailableError", "A service does not answer now.")
DataLossError = _kind(DATA_LOSS, "DataLossError", "Data is damaged beyond repair.")

_CODES = {kind: code for code, kind in _CLASSES.items()}


def exception_type_from_error_code(error_code):
    """The class of errors with this code; KeyError if there is none."""
    return _CLASSES[error_code]


def error_code_from_exception_type(cls):
    """The code of a class of errors; UNKNOWN for any other class."""
    return _CODES.get(cls, UNKNOWN)


def _make_specific_exception(node_def, op, message, error_code):
    """The error that a code and a message stand for."""
    if error_code in _CLASSES:
        return _CLASSES[error_code](node_def, op, message)
    return UnknownError(node_def, op, message, error_code)
