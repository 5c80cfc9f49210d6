"""What all tests share: a fresh default graph for each, and the marker that names a fact."""
import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "fact(*numbers): the statements of SEMANTICS that a test "
                                       "checks, as \"A12\"")


@pytest.fixture(autouse=True)
def fresh_graph():
    """Every test starts on an empty default graph and leaves no context open."""
    import weft as tf
    from weft.python.framework import default_stack
    tf.reset_default_graph()
    yield
    assert not default_stack.is_graph_stack_open()
    assert tf.get_default_session() is None
