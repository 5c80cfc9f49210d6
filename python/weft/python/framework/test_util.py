"""TestCase: unittest's, with a fresh default graph for each test, sessions, and assertions."""
import contextlib
import os
import random
import shutil
import tempfile
import threading
import unittest

import numpy as np

from weft.python.framework import messages
from weft.python.framework import ops, random_seed
from weft.python.framework.test_asserts import Assertions

_SEED = 87654321


class TestCase(Assertions, unittest.TestCase):
    """A test of graphs. Each method starts with an empty default graph whose seed is set."""

    def __init__(self, methodName="runTest"):
        super().__init__(methodName)
        self._threads, self._folder, self._cached = [], None, None

    def setUp(self):
        super().setUp()
        self._close_cached()
        random.seed(_SEED)
        np.random.seed(_SEED)
        ops.reset_default_graph()
        random_seed.set_random_seed(_SEED)

    def tearDown(self):
        for thread in self._threads:
            thread.check_termination()
        self._close_cached()
        super().tearDown()

    def _close_cached(self):
        if getattr(self, "_cached", None) is not None:
            self._cached[0].close()
        self._cached = None

    def get_temp_dir(self):
        """A folder for this test, empty at first."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix=self._testMethodName, dir=get_temp_dir())
            self.addCleanup(shutil.rmtree, self._folder, True)
        return self._folder

    # ---- sessions ----

    @contextlib.contextmanager
    def session(self, graph=None, config=None, use_gpu=False, force_gpu=False):
        """A context with a new session on `graph` as the default one."""
        with self._new_session(graph, config) as sess:
            yield sess

    @contextlib.contextmanager
    def cached_session(self, graph=None, config=None, use_gpu=False, force_gpu=False):
        """A context with a session as the default one, the same each time in a test."""
        wanted = (graph or ops.get_default_graph(), config)
        if self._cached is None:
            self._cached = (self._new_session(graph, config), *wanted)
        sess, made_graph, made_config = self._cached
        for what, made, now in (("graph", made_graph, wanted[0]), ("config", made_config, config)):
            if made is not now:
                raise ValueError("The %s used to get the cached session is different than the one "
                                 "that was used to create the session. Maybe create a new session "
                                 "with self.session()" % what)
        with sess.graph.as_default(), sess.as_default():
            yield sess

    def test_session(self, graph=None, config=None, use_gpu=False, force_gpu=False):
        """cached_session(), or with a graph session(): the older name of both."""
        if self._testMethodName == "test_session":      # by its name it is a test too
            self.skipTest("Not a test.")
        return (self.cached_session if graph is None else self.session)(graph, config)

    def _new_session(self, graph, config):
        from weft.python.client import session
        if config is None:
            config = messages.ConfigProto(allow_soft_placement=True)
        return session.Session(graph=graph, config=config)

    def evaluate(self, tensors):
        """The value of a tensor, or of a structure of them, in the default session."""
        sess = ops.get_default_session()
        if sess is not None:
            return sess.run(tensors)
        with self.cached_session() as sess:
            return sess.run(tensors)

    # ---- threads ----

    def checkedThread(self, target, args=None, kwargs=None):
        """A thread: what it raises, join() raises too."""
        thread = _CheckedThread(self, target, args or (), kwargs or {})
        self._threads.append(thread)
        return thread


class _CheckedThread:
    def __init__(self, test, target, args, kwargs):
        self._test, self._error, self._joined = test, None, False
        self._call = (target, args, kwargs)
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        target, args, kwargs = self._call
        try:
            target(*args, **kwargs)
        except Exception as e:
            self._error = e

    def start(self):
        self._thread.start()

    def is_alive(self):
        return self._thread.is_alive()

    def join(self):
        self._joined = True
        self._thread.join()
        if self._error is not None:
            self._test.fail("Error in checkedThread: %s" % self._error)

    def check_termination(self):
        if self._joined:
            return
        if self.is_alive():
            self._test.fail("Thread was not joined with and is still running when the test ended.")
        self._test.fail("A checked thread was not joined.")


def get_temp_dir():
    """A folder for all tests of this process."""
    folder = os.environ.get("TEST_TMPDIR") or os.path.join(
        tempfile.gettempdir(), "weft_tests_%d" % os.getpid())
    os.makedirs(folder, exist_ok=True)
    return folder


def is_gpu_available(cuda_only=False, min_cuda_compute_capability=None):
    """Whether operations can run on a GPU."""
    return bool(gpu_device_name())


def gpu_device_name():
    """The name of a GPU, "" if there is none."""
    from weft.python.client import device_lib
    return next((d.name for d in device_lib.list_local_devices() if d.device_type == "GPU"), "")


def assert_equal_graph_def(actual, expected):
    """AssertionError unless two GraphDefs have the same nodes, in any order."""
    for what, graph in ("actual", actual), ("expected", expected):
        if not isinstance(graph, messages.GraphDef):
            raise TypeError("Expected tf.GraphDef for %s, got %s" % (what, type(graph).__name__))
    one, other = ({node.name: node for node in graph.node} for graph in (actual, expected))
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            raise AssertionError("Node '%s' differs:\n%s\n%s" % (
                name, one.get(name, "absent"), other.get(name, "absent")))
