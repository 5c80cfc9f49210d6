"""Sessions that see to their own: MonitoredSession initializes or restores the model, calls hooks
around each step, starts and joins threads, and begins again with a new session when a server was
lost.

A session of one is made of layers, each of which hands run() on to the next: _RecoverableSession,
_CoordinatedSession, _HookedSession, tf.Session.
"""
import inspect

from weft.python.framework import errors, messages, ops
from weft.python.platform import tf_logging as logging
from weft.python.training import basic_session_run_hooks as hooks_lib
from weft.python.training import (
    coordinator, queue_runner_impl, session_manager, session_run_hook)
from weft.python.training.scaffold import Scaffold

__all__ = ["ChiefSessionCreator", "MonitoredSession", "MonitoredTrainingSession", "Scaffold",
           "SessionCreator", "SingularMonitoredSession", "WorkerSessionCreator"]

_PREEMPTION_ERRORS = (errors.AbortedError, errors.UnavailableError)
USE_DEFAULT = object()                  # this argument was not given

_LOST = (" This may be due to a preemption of a connected worker or parameter server. %s This "
         "error may also occur due to a gRPC failure caused by high memory or network bandwidth "
         "usage in the parameter servers. If this error occurs repeatedly, try increasing the "
         "number of parameter servers assigned to the job. Error: %s")


# ---- who makes the sessions ----

class SessionCreator:
    """Makes sessions: create_session() returns one that is ready to run."""

    def create_session(self):
        """A new session."""
        raise NotImplementedError("create_session is not implemented for %s." % self)


class ChiefSessionCreator(SessionCreator):
    """Restores the model if there is a checkpoint, and else initializes it."""

    def __init__(self, scaffold=None, master="", config=None, checkpoint_dir=None,
                 checkpoint_filename_with_path=None):
        self._scaffold = scaffold or Scaffold()
        self._master = master
        self._config = config
        self._checkpoint_dir = checkpoint_dir
        self._checkpoint_filename_with_path = checkpoint_filename_with_path
        self._session_manager = None

    def create_session(self):
        scaffold = self._scaffold.finalize()
        if self._session_manager is None:
            self._session_manager = _manager(scaffold)
        return self._session_manager.prepare_session(
            self._master, saver=scaffold.saver, checkpoint_dir=self._checkpoint_dir,
            checkpoint_filename_with_path=self._checkpoint_filename_with_path,
            config=self._config, init_op=scaffold.init_op,
            init_feed_dict=scaffold.init_feed_dict, init_fn=scaffold.init_fn)


class WorkerSessionCreator(SessionCreator):
    """Waits until the chief has made the model ready."""

    def __init__(self, scaffold=None, master="", config=None, max_wait_secs=30 * 60):
        self._scaffold = scaffold or Scaffold()
        self._master = master
        self._config = config
        self._max_wait_secs = max_wait_secs
        self._session_manager = None

    def create_session(self):
        scaffold = self._scaffold.finalize()
        if self._session_manager is None:
            self._session_manager = _manager(scaffold)
        return self._session_manager.wait_for_session(
            self._master, config=self._config, max_wait_secs=self._max_wait_secs)


def _manager(scaffold):
    return session_manager.SessionManager(
        local_init_op=scaffold.local_init_op,
        local_init_feed_dict=scaffold.local_init_feed_dict, ready_op=scaffold.ready_op,
        ready_for_local_init_op=scaffold.ready_for_local_init_op, graph=ops.get_default_graph())


# ---- sessions with hooks ----

class _MonitoredSession:
    """What MonitoredSession and SingularMonitoredSession are."""

    def __init__(self, session_creator, hooks, should_recover, stop_grace_period_secs=120):
        self._graph_was_finalized = ops.get_default_graph().finalized
        self._hooks = hooks or []
        for hook in self._hooks:
            hook.begin()
        self._coordinated_creator = self._CoordinatedSessionCreator(
            session_creator or ChiefSessionCreator(), self._hooks, stop_grace_period_secs)
        if should_recover:
            self._sess = _RecoverableSession(self._coordinated_creator)
        else:
            self._sess = self._coordinated_creator.create_session()

    class _CoordinatedSessionCreator(SessionCreator):
        """Makes a session, a coordinator and its threads, and tells the hooks."""

        def __init__(self, session_creator, hooks, stop_grace_period_secs):
            self._session_creator = session_creator
            self._hooks = hooks
            self._stop_grace_period_secs = stop_grace_period_secs
            self.coord = self.tf_sess = None

        def create_session(self):
            self.tf_sess = self._session_creator.create_session()
            self.coord = coordinator.Coordinator(clean_stop_exception_types=[])
            if ops.get_collection(ops.GraphKeys.QUEUE_RUNNERS):
                queue_runner_impl.start_queue_runners(sess=self.tf_sess, coord=self.coord)
            for hook in self._hooks:
                hook.after_create_session(self.tf_sess, self.coord)
            return _CoordinatedSession(_HookedSession(self.tf_sess, self._hooks), self.coord,
                                       self._stop_grace_period_secs)

    @property
    def graph(self):
        """The session's graph; None without a session."""
        sess = self._tf_sess()
        return None if sess is None else sess.graph

    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        """Runs a step, as tf.Session.run(), with the hooks around it."""
        return self._open().run(fetches, feed_dict=feed_dict, options=options,
                                run_metadata=run_metadata)

    def run_step_fn(self, step_fn):
        """Calls step_fn(step_context), which runs what it wants: with hooks by
        step_context.run_with_hooks(), without by step_context.session; its result.

        Args:
          step_fn: a function of `step_context`, or a method with that argument.

        Raises:
          ValueError: it has other arguments.
        """
        arguments = tuple(inspect.signature(step_fn).parameters)
        if arguments not in (("step_context",), ("self", "step_context")):
            raise ValueError("'step_fn' may either have one 'step_context' argument, or 'self' and "
                             "'step_context' arguments if it's an instance method. Got {} instead."
                             .format(arguments))
        return self._open().run_step_fn(step_fn, self._tf_sess(), run_with_hooks=None)

    class StepContext:
        """What run_step_fn() gives its function."""

        def __init__(self, session, run_with_hooks_fn):
            self._session = session
            self._run_with_hooks_fn = run_with_hooks_fn

        @property
        def session(self):
            """The tf.Session, without hooks."""
            return self._session

        def run_with_hooks(self, *args, **kwargs):
            """run() with the hooks."""
            return self._run_with_hooks_fn(*args, **kwargs)

        def request_stop(self):
            """Leaves the function and ends the `with` block of the MonitoredSession."""
            raise StopIteration("step_fn has requested the iterations to stop.")

    def should_stop(self):
        """Has a hook or a thread asked to stop, or is it closed?"""
        return self._sess is None or self._sess.should_stop()

    def close(self):
        """Tells the hooks that it ends, joins the threads and closes the session."""
        self._close_internal()

    def __enter__(self):
        return self

    def __exit__(self, exception_type, exception_value, traceback):
        if exception_type in (errors.OutOfRangeError, StopIteration):
            exception_type = None
        self._close_internal(exception_type)
        return exception_type is None

    def _close_internal(self, exception_type=None):
        try:
            if not exception_type:
                for hook in self._hooks:
                    hook.end(self._coordinated_creator.tf_sess)
        finally:
            try:
                self._open().close()
            finally:
                self._sess = None
                self._coordinated_creator.tf_sess = None
                self._coordinated_creator.coord = None
                if not self._graph_was_finalized:
                    ops.get_default_graph()._unsafe_unfinalize()

    def _open(self):
        if self._sess is None:
            raise RuntimeError("Session is already closed.")
        return self._sess

    def _is_closed(self):
        return self._coordinated_creator.tf_sess is None

    def _tf_sess(self):
        return self._coordinated_creator.tf_sess


class MonitoredSession(_MonitoredSession):
    """A session that initializes the model, calls hooks, joins threads and recovers: when a server
    is lost (AbortedError, UnavailableError) the step is run again in a new session.

    Args:
      session_creator: a ChiefSessionCreator by default.
      hooks: SessionRunHooks.
      stop_grace_period_secs: how long close() waits for threads.
    """

    def __init__(self, session_creator=None, hooks=None, stop_grace_period_secs=120):
        super().__init__(session_creator, hooks, should_recover=True,
                         stop_grace_period_secs=stop_grace_period_secs)


class SingularMonitoredSession(_MonitoredSession):
    """The same for one process: errors are raised, and raw_session() may be saved and run."""

    def __init__(self, hooks=None, scaffold=None, master="", config=None, checkpoint_dir=None,
                 stop_grace_period_secs=120, checkpoint_filename_with_path=None):
        super().__init__(
            ChiefSessionCreator(scaffold=scaffold, master=master, config=config,
                                checkpoint_dir=checkpoint_dir,
                                checkpoint_filename_with_path=checkpoint_filename_with_path),
            hooks, should_recover=False, stop_grace_period_secs=stop_grace_period_secs)

    def raw_session(self):
        """The tf.Session."""
        return self._tf_sess()


def MonitoredTrainingSession(
        master="", is_chief=True, checkpoint_dir=None, scaffold=None, hooks=None,
        chief_only_hooks=None, save_checkpoint_secs=USE_DEFAULT, save_summaries_steps=USE_DEFAULT,
        save_summaries_secs=USE_DEFAULT, config=None, stop_grace_period_secs=120,
        log_step_count_steps=100, max_wait_secs=7200, save_checkpoint_steps=USE_DEFAULT,
        summary_dir=None):
    """A MonitoredSession for training, with the usual hooks.

    Args:
      master, config: the session's.
      is_chief: it initializes, saves and writes; others wait for it, `max_wait_secs`.
      checkpoint_dir: where the chief saves, and from where it goes on.
      scaffold: a Scaffold.
      hooks, chief_only_hooks: SessionRunHooks, of all and of the chief.
      save_checkpoint_secs, save_checkpoint_steps: every 600 seconds by default; None: not.
      save_summaries_steps, save_summaries_secs: every 100 steps by default; None: not.
      stop_grace_period_secs: how long close() waits for threads.
      log_step_count_steps: how often steps in a second are logged.
      summary_dir: where summaries go, checkpoint_dir by default.
    """
    if save_summaries_steps is USE_DEFAULT and save_summaries_secs is USE_DEFAULT:
        save_summaries_steps = 100
    if save_checkpoint_secs is USE_DEFAULT and save_checkpoint_steps is USE_DEFAULT:
        save_checkpoint_secs = 600
    steps, secs, save_steps, save_secs = [
        None if given is USE_DEFAULT else given for given in (
            save_summaries_steps, save_summaries_secs, save_checkpoint_steps,
            save_checkpoint_secs)]
    scaffold = scaffold or Scaffold()
    if not is_chief:
        creator = WorkerSessionCreator(scaffold=scaffold, master=master, config=config,
                                       max_wait_secs=max_wait_secs)
        return MonitoredSession(session_creator=creator, hooks=hooks or [],
                                stop_grace_period_secs=stop_grace_period_secs)
    all_hooks = list(chief_only_hooks or ())
    creator = ChiefSessionCreator(scaffold=scaffold, checkpoint_dir=checkpoint_dir, master=master,
                                  config=config)
    summary_dir = summary_dir or checkpoint_dir
    if summary_dir and log_step_count_steps and log_step_count_steps > 0:
        all_hooks.append(hooks_lib.StepCounterHook(output_dir=summary_dir,
                                                   every_n_steps=log_step_count_steps))
    if summary_dir and (_positive(steps) or _positive(secs)):
        all_hooks.append(hooks_lib.SummarySaverHook(scaffold=scaffold, save_steps=steps,
                                                    save_secs=secs, output_dir=summary_dir))
    if checkpoint_dir and (_positive(save_secs) or _positive(save_steps)):
        all_hooks.append(hooks_lib.CheckpointSaverHook(
            checkpoint_dir, save_steps=save_steps, save_secs=save_secs, scaffold=scaffold))
    return MonitoredSession(session_creator=creator, hooks=all_hooks + list(hooks or ()),
                            stop_grace_period_secs=stop_grace_period_secs)


def _positive(number):
    return bool(number) and number > 0


# ---- the layers ----

class _WrappedSession:
    """A session around another, or around a tf.Session; None in place of it: closed."""

    def __init__(self, sess):
        self._sess = sess
        self._wrapped_is_stoppable = isinstance(sess, _WrappedSession)

    @property
    def graph(self):
        """The session's graph."""
        return self._sess.graph

    @property
    def sess_str(self):
        """The session's target."""
        return self._sess.sess_str

    def should_stop(self):
        """Does this layer, or one inside, want to stop?"""
        if self._check_stop():
            return True
        if self._sess:
            return self._wrapped_is_stoppable and self._sess.should_stop()
        return True

    def _check_stop(self):
        """Does this layer want to stop?"""
        return False

    def close(self):
        """Closes what is inside."""
        if self._sess is None:
            return
        try:
            self._sess.close()
        except _PREEMPTION_ERRORS as e:
            logging.error("An error occurred when attempting to close the session." + _LOST, "", e)
        finally:
            self._sess = None

    def run(self, *args, **kwargs):
        """A step of what is inside."""
        return self._sess.run(*args, **kwargs)

    def run_step_fn(self, step_fn, raw_session, run_with_hooks):
        """Calls the function of run_step_fn(): the outermost layer's run() has the hooks."""
        run_with_hooks = run_with_hooks or self.run
        return step_fn(_MonitoredSession.StepContext(raw_session, run_with_hooks))


class _RecoverableSession(_WrappedSession):
    """When a server is lost it makes a new session and tries again."""

    def __init__(self, sess_creator):
        self._sess_creator = sess_creator
        super().__init__(self._create_session())

    def _create_session(self):
        while True:
            try:
                return self._sess_creator.create_session()
            except _PREEMPTION_ERRORS as e:
                logging.info("An error was raised while a session was being created." + _LOST,
                             "A new session will be created.", e)

    def _check_stop(self):
        try:
            return self._sess._check_stop() if self._sess else True
        except _PREEMPTION_ERRORS as e:
            logging.info("An error was raised while considering whether the session is complete."
                         + _LOST, "The current session will be closed and a new session will be "
                         "created.", e)
            self.close()
            self._sess = self._create_session()
            return False
        except Exception:               # a step will raise it
            return False

    def _again(self, step):
        """The step's result, from a session that was not lost."""
        while True:
            try:
                if not self._sess:
                    self._sess = self._create_session()
                return step(self._sess)
            except _PREEMPTION_ERRORS as e:
                logging.info("An error was raised." + _LOST, "The current session will be closed "
                             "and a new session will be created.", e)
                self.close()

    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        return self._again(lambda sess: sess.run(fetches, feed_dict=feed_dict, options=options,
                                                 run_metadata=run_metadata))

    def run_step_fn(self, step_fn, raw_session, run_with_hooks):
        def step(sess):
            return sess.run_step_fn(step_fn, self._sess_creator.tf_sess, run_with_hooks=None)
        return self._again(step)


class _CoordinatedSession(_WrappedSession):
    """Ends with its coordinator's threads; what one of them raised comes out of run()."""

    def __init__(self, sess, coord, stop_grace_period_secs=120):
        super().__init__(sess)
        self._coord = coord
        self._stop_grace_period_secs = stop_grace_period_secs

    def _check_stop(self):
        self._coord.raise_requested_exception()
        return self._coord.should_stop()

    def close(self):
        self._coord.request_stop()
        try:
            self._coord.join(stop_grace_period_secs=self._stop_grace_period_secs,
                             ignore_live_threads=True)
        finally:
            try:
                super().close()
            except Exception:           # join() has told what matters
                pass

    def run(self, *args, **kwargs):
        try:
            return self._sess.run(*args, **kwargs)
        except _PREEMPTION_ERRORS:
            raise
        except Exception as e:
            # A thread that lost its server is the cause rather than what came of it here.
            try:
                self._coord.raise_requested_exception()
            except _PREEMPTION_ERRORS:
                raise
            except Exception:
                pass
            raise e


class _HookedSession(_WrappedSession):
    """Calls hooks around each step."""

    def __init__(self, sess, hooks):
        super().__init__(sess)
        self._hooks = hooks
        self._should_stop = False

    def _check_stop(self):
        return self._should_stop

    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        if self.should_stop():
            raise RuntimeError("Run called even after should_stop requested.")
        context = session_run_hook.SessionRunContext(
            session_run_hook.SessionRunArgs(fetches, feed_dict), self._sess)
        options = options or messages.RunOptions()
        run_metadata = run_metadata or messages.RunMetadata()
        wanted = {"caller": fetches}
        feeds = self._ask_hooks(context, wanted, feed_dict, options)
        outputs = self._sess.run(wanted, feed_dict=feeds, options=options,
                                 run_metadata=run_metadata)
        for hook in self._hooks:
            hook.after_run(context, session_run_hook.SessionRunValues(
                results=outputs.get(hook), options=options, run_metadata=run_metadata))
        self._should_stop = self._should_stop or context.stop_requested
        return outputs["caller"]

    def _ask_hooks(self, context, wanted, user_feeds, options):
        """The feeds of user and hooks; the hooks' fetches go into `wanted`."""
        feeds = {}
        for hook in self._hooks:
            request = hook.before_run(context)
            if request is None:
                continue
            if request.fetches is not None:
                wanted[hook] = request.fetches
            if request.feed_dict:
                _refuse_common(feeds, request.feed_dict, "Same tensor is fed by two hooks.")
                feeds.update(request.feed_dict)
            if request.options:
                _merge_run_options(options, request.options)
        if not feeds:
            return user_feeds
        if user_feeds:
            _refuse_common(feeds, user_feeds, "Same tensor is fed by a SessionRunHook and user.")
            feeds.update(user_feeds)
        return feeds


def _refuse_common(feeds, others, message):
    common = [_feed_key(key) for key in feeds]
    common = [key for key in others if _feed_key(key) in common]
    if common:
        raise RuntimeError(message + " Conflict(s): " + str(set(map(str, common))))


def _feed_key(key):
    return key if isinstance(key, str) else id(key)


def _merge_run_options(options, incoming):
    """Adds what a hook asks for: the most of each."""
    for field in ("trace_level", "timeout_in_ms", "inter_op_thread_pool"):
        setattr(options, field, max(getattr(options, field), getattr(incoming, field)))
    options.output_partition_graphs |= incoming.output_partition_graphs
    options.debug_options.MergeFrom(incoming.debug_options)
