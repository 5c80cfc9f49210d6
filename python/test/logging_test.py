"""tf.logging, deprecation, and the small modules of util."""
import warnings

import pytest
from weft.python.platform import tf_logging as logging
from weft.python.util import compat, deprecation, tf_contextlib, tf_decorator, tf_inspect


@pytest.fixture
def said(capsys):
    logging.get_logger().propagate = False
    if not logging.get_logger().handlers:           # pytest has set up logging of its own
        handler = logging._Stderr()
        handler.setFormatter(logging.logging.Formatter(logging.logging.BASIC_FORMAT))
        logging.get_logger().addHandler(handler)
    before = logging.get_verbosity()
    yield lambda: capsys.readouterr().err
    logging.set_verbosity(before)


def test_levels(said):
    logging.set_verbosity(logging.WARN)
    logging.info("not %s", "shown")
    logging.warn("shown %d", 1)
    assert said() == "WARNING:tensorflow:shown 1\n"
    logging.set_verbosity(logging.INFO)
    assert logging.get_verbosity() == logging.INFO == 20
    logging.info("now")
    logging.log(logging.ERROR, "bad %s", "x")
    logging.debug("not this")
    assert said() == "INFO:tensorflow:now\nERROR:tensorflow:bad x\n"


def test_counts(said):
    for i in range(5):
        logging.log_first_n(logging.ERROR, "first %d", 2, i)
        logging.log_every_n(logging.ERROR, "every %d", 3, i)
        logging.log_if(logging.ERROR, "if %d", i == 4, i)
    words = [line.rpartition(":")[2] for line in said().splitlines()]
    assert words == ["first 0", "every 0", "first 1", "every 3", "if 4"]


def test_deprecation(said):
    @deprecation.deprecated("2030-01-01", "Use g.")
    def f(x):
        return x + 1

    @deprecation.deprecated_args(None, "Leave it out.", "old", ("dim", None))
    def h(a, old=None, dim=None):
        return a

    for _ in range(2):
        assert f(1) == 2
    text = said()
    assert text.count("is deprecated and will be removed after 2030-01-01") == 1
    assert "Instructions for updating:\nUse g." in text
    h(1, dim=None)
    assert said() == ""
    h(1, old=2)
    assert "with old is deprecated and will be removed in a future version" in said()
    with deprecation.silence():
        h(1, 2)
    assert said() == ""
    assert deprecation.deprecated_argument_lookup("new", None, "old", 3) == 3
    with pytest.raises(ValueError, match="Cannot specify both 'old' and 'new'"):
        deprecation.deprecated_argument_lookup("new", 1, "old", 3)


def test_texts_and_bytes():
    assert compat.as_bytes("é") == "é".encode() == compat.as_bytes("é".encode())
    assert compat.as_text(b"a") == compat.as_str("a") == "a" and compat.as_str_any(3) == "3"
    for wrong in compat.as_bytes, compat.as_text:
        with pytest.raises(TypeError, match="Expected binary or unicode string, got 3"):
            wrong(3)
    assert compat.forward_compatible(2019, 1, 1) and not compat.forward_compatible(2030, 1, 1)
    with compat.forward_compatibility_horizon(2031, 1, 1):
        assert compat.forward_compatible(2030, 1, 1)


def test_decorators():
    def f(a, b=2, *args, **kw):
        return a + b

    wrapped = tf_decorator.make_decorator(f, lambda *a, **k: f(*a, **k), "doubled")
    assert wrapped(1) == 3 and wrapped.__name__ == "f"
    assert tf_decorator.unwrap(wrapped)[1] is f
    assert tf_inspect.getargspec(wrapped) == (["a", "b"], "args", "kw", (2,))

    @tf_contextlib.contextmanager
    def g():
        yield 1

    with g() as one, warnings.catch_warnings():
        assert one == 1
