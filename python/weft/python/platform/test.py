"""tf.test: TestCase, and what stands around it."""
from unittest import mock

from weft.python.framework.test_util import (
    TestCase, assert_equal_graph_def, get_temp_dir, gpu_device_name, is_gpu_available)
from weft.python.ops.gradient_checker import compute_gradient, compute_gradient_error

__all__ = [
    "TestCase", "assert_equal_graph_def", "compute_gradient", "compute_gradient_error",
    "get_temp_dir", "gpu_device_name", "is_built_with_cuda", "is_built_with_gpu_support",
    "is_built_with_rocm", "is_built_with_xla", "is_gpu_available", "main", "mock",
    "test_src_dir_path"]


def main(argv=None):
    """Run the tests of the script, after its flags, and exit."""
    import sys
    import unittest

    from weft.python.platform import app

    def run(rest):
        unittest.main(argv=rest)

    app.run(main=run, argv=argv or sys.argv)


def is_built_with_cuda():
    """False: operations run on CPUs."""
    return False


def is_built_with_rocm():
    """False: operations run on CPUs."""
    return False


def is_built_with_gpu_support():
    """False: operations run on CPUs."""
    return False


def is_built_with_xla():
    """False: plans are run as they are."""
    return False


def test_src_dir_path(relative_path):
    """The path of a file beside the package."""
    import os

    from weft.python.platform import resource_loader
    return os.path.join(resource_loader.get_root_dir_with_all_resources(), relative_path)


test_src_dir_path.__test__ = False          # not a test, whatever its name says
