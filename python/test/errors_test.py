"""Errors of a run."""
import pickle
import types

import pytest
from weft.python.framework import errors


def test_one_class_a_code():
    for code in range(1, 17):
        kind = errors.exception_type_from_error_code(code)
        assert issubclass(kind, errors.OpError)
        assert errors.error_code_from_exception_type(kind) == code
        assert kind(None, None, "m").error_code == code
    assert errors.OutOfRangeError(None, None, "").error_code == errors.OUT_OF_RANGE == 11
    with pytest.raises(KeyError):
        errors.exception_type_from_error_code(77)


def test_text_without_an_operation():
    e = errors.NotFoundError(None, None, "no file")
    assert str(e) == e.message == "no file" and e.op is None and e.node_def is None


def test_text_says_where_the_operation_was_made():
    origin = types.SimpleNamespace(name="x", traceback=[("a.py", 1, "f", "tf.log(x)")])
    op = types.SimpleNamespace(name="gradients/x", traceback=[("b.py", 2, "g", "tf.gradients(y)")],
                               _original_op=origin, node_def="the node")
    e = errors.InvalidArgumentError(None, op, "bad x")
    text = str(e)
    assert text.startswith("bad x\n\nCaused by op 'gradients/x', defined at:\n")
    assert '"b.py", line 2, in g\n    tf.gradients(y)\n' in text
    assert "...which was originally created as op 'x', defined at:\n" in text
    assert text.endswith("InvalidArgumentError (see above for traceback): bad x\n")
    assert e.node_def == "the node"


def test_an_error_travels_between_processes():
    e = pickle.loads(pickle.dumps(errors.AbortedError(None, None, "m")))
    assert type(e) is errors.AbortedError and e.message == "m"
    e = pickle.loads(pickle.dumps(errors.OpError(None, None, "m", 3)))
    assert type(e) is errors.OpError and e.error_code == 3
