"""SessionManager: a session whose model is ready, restored from a checkpoint or initialized."""
import time

import numpy as np

from weft.python.client import session
from weft.python.framework import errors, ops
from weft.python.platform import tf_logging as logging
from weft.python.training import checkpoint_management

__all__ = ["SessionManager"]


class SessionManager:
    """Makes sessions: prepare_session() of whoever initializes the model, wait_for_session() of
    whoever waits until another one has, recover_session() from a checkpoint."""

    def __init__(self, local_init_op=None, ready_op=None, ready_for_local_init_op=None,
                 graph=None, recovery_wait_secs=30, local_init_run_options=None,
                 local_init_feed_dict=None):
        """What says that a model is ready.

        Args:
          local_init_op: run in every new session, once `ready_for_local_init_op` allows it.
          ready_op: a string tensor, empty where the model is ready, else what is missing.
          ready_for_local_init_op: the same of what `local_init_op` needs.
          graph: of the sessions, the default graph by default.
          recovery_wait_secs: how long to wait before one looks again.
          local_init_run_options, local_init_feed_dict: of `local_init_op`.

        Raises:
          ValueError: `ready_for_local_init_op` without `local_init_op`.
        """
        if ready_for_local_init_op is not None and local_init_op is None:
            raise ValueError("If you pass a ready_for_local_init_op you must also pass a "
                             "local_init_op , ready_for_local_init_op [%s]"
                             % ready_for_local_init_op)
        self._graph = graph or ops.get_default_graph()
        self._target = None
        self._local_init_op = local_init_op
        self._local_init_options = local_init_run_options
        self._local_init_feeds = local_init_feed_dict
        self._ready_op = ready_op
        self._ready_for_local_init_op = ready_for_local_init_op
        self._recovery_wait_secs = recovery_wait_secs

    # ---- the three ways to a session ----

    def prepare_session(self, master, init_op=None, saver=None, checkpoint_dir=None,
                        checkpoint_filename_with_path=None, wait_for_checkpoint=False,
                        max_wait_secs=7200, config=None, init_feed_dict=None, init_fn=None):
        """A session, restored if there is a checkpoint, else initialized.

        Args:
          master: the session's target.
          init_op: run where nothing was restored, with `init_feed_dict`; then init_fn(session).
          saver: what restores.
          checkpoint_dir: the folder whose latest checkpoint is taken; or
          checkpoint_filename_with_path: a checkpoint's prefix.
          wait_for_checkpoint: wait `max_wait_secs` for one.
          config: the session's ConfigProto.

        Raises:
          RuntimeError: there is no way to initialize the model, or it is not ready afterwards.
          ValueError: both places of checkpoints are given.
        """
        sess, is_loaded = self._restored(master, saver, checkpoint_dir,
                                         checkpoint_filename_with_path, wait_for_checkpoint,
                                         max_wait_secs, config)
        if not is_loaded:
            self._initialize(sess, init_op, init_feed_dict, init_fn)
        said = "Init operations did not make model ready%s.  Init op: %s, init fn: %s, " \
               "local_init_op: %s, error: %s"
        is_ready, why = self._run_local_init(sess)
        if not is_ready:
            raise RuntimeError(said % (" for local_init", _name(init_op), init_fn,
                                       self._local_init_op, why))
        is_ready, why = self._is_ready(sess)
        if not is_ready:
            raise RuntimeError(said % ("", _name(init_op), init_fn, self._local_init_op, why))
        return sess

    def recover_session(self, master, saver=None, checkpoint_dir=None,
                        checkpoint_filename_with_path=None, wait_for_checkpoint=False,
                        max_wait_secs=7200, config=None):
        """(session, whether it was restored and is ready); the arguments are prepare_session()'s.
        """
        sess, is_loaded = self._restored(master, saver, checkpoint_dir,
                                         checkpoint_filename_with_path, wait_for_checkpoint,
                                         max_wait_secs, config)
        is_local_ready, why = self._run_local_init(sess)
        if not is_loaded:
            return sess, False
        place = checkpoint_dir or checkpoint_filename_with_path
        if not is_local_ready:
            logging.info("Restoring model from %s did not make model ready for local init: %s",
                         place, why)
            return sess, False
        is_ready, why = self._is_ready(sess)
        if not is_ready:
            logging.info("Restoring model from %s did not make model ready: %s", place, why)
            return sess, False
        logging.info("Restored model from %s", place)
        return sess, True

    def wait_for_session(self, master, config=None, max_wait_secs=float("Inf")):
        """A session as soon as another process, or thread, has made the model ready.

        Raises:
          DeadlineExceededError: it is not ready after `max_wait_secs`.
        """
        self._target = master
        end = time.time() + (float("Inf") if max_wait_secs is None else max_wait_secs)
        while True:
            sess = session.Session(master, graph=self._graph, config=config)
            why = None
            is_local_ready, local_why = self._run_local_init(sess)
            if is_local_ready:
                is_ready, why = self._is_ready(sess)
                if is_ready:
                    return sess
            self._close(sess)
            if end - time.time() < self._recovery_wait_secs:
                raise errors.DeadlineExceededError(
                    None, None,
                    "Session was not ready after waiting %s secs." % (max_wait_secs,))
            logging.info("Waiting for model to be ready.  Ready_for_local_init_op:  %s, ready: %s",
                         local_why, why)
            time.sleep(self._recovery_wait_secs)

    # ---- their parts ----

    def _restored(self, master, saver, folder, prefix, wait, max_wait_secs, config):
        """(a new session, whether a checkpoint was restored in it)."""
        self._target = master
        sess = session.Session(master, graph=self._graph, config=config)
        if folder and prefix:
            raise ValueError("Can not provide both checkpoint_dir and "
                             "checkpoint_filename_with_path.")
        if not saver or not (folder or prefix):
            return sess, False
        if prefix:
            saver.restore(sess, prefix)
            return sess, True
        state = self._state(folder, max_wait_secs if wait else 0)
        if state is None:
            return sess, False
        saver.restore(sess, state.model_checkpoint_path)
        saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
        return sess, True

    def _state(self, folder, max_wait_secs):
        """The CheckpointState of a folder, or None if there is none in so many seconds."""
        waited = 0
        while True:
            state = checkpoint_management.get_checkpoint_state(folder)
            if state and state.model_checkpoint_path:
                return state
            if waited >= max_wait_secs:
                return None
            logging.info("Waiting for checkpoint to be available.")
            time.sleep(self._recovery_wait_secs)
            waited += self._recovery_wait_secs

    def _initialize(self, sess, init_op, init_feed_dict, init_fn):
        if init_op is None and not init_fn and self._local_init_op is None:
            raise RuntimeError("Model is not initialized and no init_op or init_fn or "
                               "local_init_op was given")
        if init_op is not None:
            sess.run(init_op, feed_dict=init_feed_dict)
        if init_fn:
            init_fn(sess)

    def _is_ready(self, sess):
        return _ask(self._ready_op, sess, "Model not ready")

    def _run_local_init(self, sess):
        """(True, None) if the local init op has run or there is none, else (False, why)."""
        if self._local_init_op is None:
            return True, None
        is_ready, why = _ask(self._ready_for_local_init_op, sess, "Model not ready for local init")
        if not is_ready:
            return False, why
        logging.info("Running local_init_op.")
        sess.run(self._local_init_op, feed_dict=self._local_init_feeds,
                 options=self._local_init_options)
        logging.info("Done running local_init_op.")
        return True, None

    @staticmethod
    def _close(sess):
        """Closes a session of which nothing more is wanted, errors included."""
        try:
            sess.close()
        except Exception:
            pass


def _ask(op, sess, what):
    """(True, None) if an op's value is empty, else (False, what it names)."""
    if op is None:
        return True, None
    try:
        value = sess.run(op)
    except errors.FailedPreconditionError as e:
        if "uninitialized" not in str(e):
            logging.warning("%s : error [%s]", what, str(e))
            raise
        return False, str(e)
    if value is None or value.dtype == np.int32 or value.size == 0:
        return True, None
    missing = ", ".join(name.decode() for name in np.ravel(value))
    return False, "Variables not initialized: " + missing


def _name(op_or_tensor):
    """What to call an op in a message."""
    if op_or_tensor is None:
        return "None"
    return getattr(op_or_tensor, "name", "<no name for %s>" % type(op_or_tensor))
