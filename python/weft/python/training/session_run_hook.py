"""Hooks: what is done before and after each step of a MonitoredSession.

A hook is told of five moments: begin() while the graph may still grow, after_create_session(),
before_run() and after_run() around each step, end(). It may ask for more fetches and feeds, and
that the training stops.
"""
import collections

__all__ = ["SessionRunArgs", "SessionRunContext", "SessionRunHook", "SessionRunValues"]


class SessionRunHook:
    """What a hook does: nothing. A subclass says what else, where it wants to."""

    def begin(self):
        """Called once, before the session is made; the default graph may still grow."""

    def after_create_session(self, session, coord):
        """Called whenever a new session was made; the graph is finalized.

        Args:
          session: a tf.Session.
          coord: the tf.train.Coordinator of its threads.
        """

    def before_run(self, run_context):
        """Called before each step.

        Args:
          run_context: a SessionRunContext.

        Returns:
          None, or SessionRunArgs that are added to what is run.
        """
        return None

    def after_run(self, run_context, run_values):
        """Called after each step that did not fail.

        Args:
          run_context: the same SessionRunContext.
          run_values: SessionRunValues of what before_run() asked for.
        """

    def end(self, session):
        """Called at the end, if it is one without an exception other than OutOfRangeError and
        StopIteration."""


class SessionRunArgs(collections.namedtuple("SessionRunArgs", "fetches feed_dict options")):
    """What is run, as run() takes it."""

    def __new__(cls, fetches, feed_dict=None, options=None):
        return super().__new__(cls, fetches, feed_dict, options)


class SessionRunContext:
    """What a step is: the session, what was asked for, and whether to stop after it."""

    def __init__(self, original_args, session):
        self._original_args = original_args
        self._session = session
        self._stop_requested = False

    @property
    def original_args(self):
        """The SessionRunArgs of whoever called run()."""
        return self._original_args

    @property
    def session(self):
        """The session that will run them."""
        return self._session

    @property
    def stop_requested(self):
        """Was a stop requested?"""
        return self._stop_requested

    def request_stop(self):
        """From now on should_stop() of the MonitoredSession says so."""
        self._stop_requested = True


SessionRunValues = collections.namedtuple("SessionRunValues", "results options run_metadata")
SessionRunValues.__doc__ = """What a step gave a hook.

`results` have the structure of the hook's fetches; `options` and `run_metadata` are the step's.
"""
