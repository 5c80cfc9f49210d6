"""@needs("StringSplit"): a test of what the library has no op for yet is skipped, and says so."""
import pytest
from weft.python.framework import gen


def needs(*ops):
    missing = [op for op in ops if not gen.has(op)]
    return pytest.mark.skipif(bool(missing), reason="no op %s" % ", ".join(missing))
