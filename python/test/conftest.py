"""What all tests share: a fresh default graph for each, and the marker that names facts."""
import pytest


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "fact(number...): facts of SEMANTICS.md that the test checks, \"C26\"")


@pytest.fixture(autouse=True)
def fresh_graph():
    from weft.python.framework import ops
    ops.reset_default_graph()
