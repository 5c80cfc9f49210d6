"""Threads that stop together: when one asks for it or fails, all are told, and whoever joins them
learns why."""

import contextlib
import sys
import threading
import time

from weft.python.framework import errors
from weft.python.platform import tf_logging

__all__ = ["Coordinator", "LooperThread"]


class Coordinator(object):
    """Threads ask `should_stop()`; anybody says `request_stop()`; `join()` waits for the threads
    and raises the exception that was given with the first request."""

    def __init__(self, clean_stop_exception_types=None):
        """`clean_stop_exception_types`: exceptions that are a wish to stop, not a failure;
        OutOfRangeError by default."""
        if clean_stop_exception_types is None:
            clean_stop_exception_types = (errors.OutOfRangeError,)
        self._clean = tuple(clean_stop_exception_types)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._failure = None            # what join() raises
        self._joined = False
        self._threads = set()

    def request_stop(self, ex=None):
        """Tells all threads to stop; the first exception (or sys.exc_info()) given is join()'s to
        raise."""
        with self._lock:
            failure = ex[1] if isinstance(ex, tuple) else ex
            if self._joined:
                if failure is not None and not isinstance(failure, self._clean):
                    raise failure
                return
            if self._stop.is_set():
                return
            if isinstance(failure, self._clean):
                failure = None
            elif failure is not None:
                tf_logging.info("Error reported to Coordinator: %s, %s", type(failure), failure)
            self._failure = failure
            self._stop.set()

    def clear_stop(self):
        """Forgets the request: threads may run again."""
        with self._lock:
            self._joined = False
            self._failure = None
            self._stop.clear()

    def should_stop(self):
        """Was a stop requested?"""
        return self._stop.is_set()

    @contextlib.contextmanager
    def stop_on_exception(self):
        """A context whose exceptions become a request to stop."""
        try:
            yield
        except BaseException:           # whatever it is, others shall hear of it
            self.request_stop(ex=sys.exc_info())

    def wait_for_stop(self, timeout=None):
        """Waits for a request; False if none came within `timeout` seconds."""
        return self._stop.wait(timeout)

    def register_thread(self, thread):
        """Makes `thread` one that join() waits for."""
        with self._lock:
            self._threads.add(thread)

    def join(self, threads=None, stop_grace_period_secs=120, ignore_live_threads=False):
        """Waits until the threads end, and after a request at most the grace period.

        Args:
          threads: besides the registered ones.
          stop_grace_period_secs: how long they may take to stop.
          ignore_live_threads: say nothing of those that run on.

        Raises:
          The exception given to request_stop(); RuntimeError if threads run on without one.
        """
        with self._lock:
            waited = self._threads.union(threads or ())
        while any(t.is_alive() for t in waited) and not self.wait_for_stop(1.0):
            pass
        end = time.monotonic() + stop_grace_period_secs
        for thread in waited:
            thread.join(max(0.0, end - time.monotonic()))
        running = [t.name for t in waited if t.is_alive()]
        with self._lock:
            self._joined = True
            self._threads = set()
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        if running and not ignore_live_threads:
            raise RuntimeError("Coordinator stopped with threads still running: %s"
                               % " ".join(running))

    @property
    def joined(self):
        """Did join() end?"""
        return self._joined

    def raise_requested_exception(self):
        """Raises the exception given to request_stop(), if there is one."""
        with self._lock:
            if self._failure is not None:
                raise self._failure


class LooperThread(threading.Thread):
    """Calls a function again and again until the coordinator stops.

    A subclass may have `start_loop()`, `run_loop()` and `stop_loop()`; the second calls `target`
    otherwise.
    """

    def __init__(self, coord, timer_interval_secs, target=None, args=None, kwargs=None):
        """`timer_interval_secs`: between the beginnings of two calls; None: without pause."""
        if not isinstance(coord, Coordinator):
            raise ValueError("'coord' argument must be a Coordinator: %s" % coord)
        super(LooperThread, self).__init__()
        self.daemon = True
        self._coord = coord
        self._interval = timer_interval_secs
        self._call = target, args or (), kwargs or {}
        if target is None and (args or kwargs):
            raise ValueError("'args' and 'kwargs' argument require that you also pass 'target'")
        coord.register_thread(self)

    @staticmethod
    def loop(coord, timer_interval_secs, target, args=None, kwargs=None):
        """Starts and returns such a thread."""
        looper = LooperThread(coord, timer_interval_secs, target=target, args=args, kwargs=kwargs)
        looper.start()
        return looper

    def run(self):
        with self._coord.stop_on_exception():
            self.start_loop()
            following = time.monotonic()
            while not self._coord.wait_for_stop(max(0.0, following - time.monotonic())):
                following += self._interval or 0.0
                self.run_loop()
            self.stop_loop()

    def start_loop(self):
        """Called before the first time."""

    def stop_loop(self):
        """Called after the last time."""

    def run_loop(self):
        """Called again and again."""
        target, args, kwargs = self._call
        if target is not None:
            target(*args, **kwargs)
