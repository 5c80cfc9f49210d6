"""Supervisor: initializes or restores a model, and saves checkpoints and summaries by threads
while a program trains it. MonitoredSession is its successor."""
import contextlib
import os
import time

from weft.python.framework import graph_io, messages, ops
from weft.python.ops import control_flow_ops, lookup_ops, variables
from weft.python.platform import tf_logging as logging
from weft.python.summary import summary
from weft.python.training import coordinator
from weft.python.training import saver as saver_lib
from weft.python.training import session_manager as session_manager_lib
from weft.python.training import training_util
from weft.python.util import deprecation

__all__ = ["SVStepCounterThread", "SVSummaryThread", "SVTimerCheckpointThread", "Supervisor"]


class Supervisor:
    """Cares for the sessions of a training. See managed_session()."""

    USE_DEFAULT = 0                     # not given, as opposed to None: not wanted

    @deprecation.deprecated(None, "Please switch to tf.train.MonitoredTrainingSession")
    def __init__(self, graph=None, ready_op=USE_DEFAULT, ready_for_local_init_op=USE_DEFAULT,
                 is_chief=True, init_op=USE_DEFAULT, init_feed_dict=None,
                 local_init_op=USE_DEFAULT, logdir=None, summary_op=USE_DEFAULT,
                 saver=USE_DEFAULT, global_step=USE_DEFAULT, save_summaries_secs=120,
                 save_model_secs=600, recovery_wait_secs=30, stop_grace_secs=120,
                 checkpoint_basename="model.ckpt", session_manager=None,
                 summary_writer=USE_DEFAULT, init_fn=None, local_init_run_options=None):
        """Makes what is not given and finalizes the graph.

        Args:
          graph: the default graph by default.
          ready_op, ready_for_local_init_op: string tensors, empty where the model is ready.
          is_chief: it initializes, saves and writes; others wait for it.
          init_op: initializes the model, with `init_feed_dict`; then init_fn(session) is called.
          local_init_op: run in each new session, with `local_init_run_options`.
          logdir: the folder of checkpoints and events; None: there are none.
          summary_op: all summaries.
          saver: what saves and restores.
          global_step: a scalar tensor of integers.
          save_summaries_secs, save_model_secs: how often; 0: never.
          recovery_wait_secs: how often to look whether the model is ready.
          stop_grace_secs: how long threads may take to stop.
          checkpoint_basename: what checkpoints' names begin with.
          session_manager: a SessionManager.
          summary_writer: a FileWriter.
        """
        self._graph = graph or ops.get_default_graph()
        self._init_feed_dict = init_feed_dict
        self._init_fn = init_fn
        with self._graph.as_default():
            self._make_ops(ready_op, ready_for_local_init_op, init_op, local_init_op, saver,
                           summary_op, global_step)
        self._is_chief = is_chief
        self._coord = coordinator.Coordinator()
        self._stop_grace_secs = stop_grace_secs
        self._logdir = self._save_path = self._summary_writer = None
        self._save_summaries_secs = self._save_model_secs = None
        if is_chief:
            self._logdir = logdir
            self._save_summaries_secs = save_summaries_secs
            self._save_model_secs = save_model_secs
            if logdir:
                self._save_path = os.path.join(logdir, checkpoint_basename)
            self._summary_writer = summary_writer
            if summary_writer is Supervisor.USE_DEFAULT:
                self._summary_writer = summary.FileWriter(logdir) if logdir else None
        self._graph_added_to_summary = False
        self._session_manager = session_manager or session_manager_lib.SessionManager(
            local_init_op=self._local_init_op, ready_op=self._ready_op,
            ready_for_local_init_op=self._ready_for_local_init_op, graph=self._graph,
            recovery_wait_secs=recovery_wait_secs, local_init_run_options=local_init_run_options)
        self._verify_setup()
        self._graph.finalize()

    # ---- what it makes ----

    def _make_ops(self, ready_op, ready_for_local_init_op, init_op, local_init_op, saver,
                  summary_op, global_step):
        keys = ops.GraphKeys

        def either(given, key, make):
            """What is given; else the first of a collection; else what is made, which goes there.
            """
            if given is not Supervisor.USE_DEFAULT:
                return given
            found = ops.get_collection(key)
            if found:
                return found[0]
            made = make()
            if made is not None:
                ops.add_to_collection(key, made)
            return made

        self._ready_op = either(ready_op, keys.READY_OP,
                                variables.report_uninitialized_variables)
        self._ready_for_local_init_op = either(ready_for_local_init_op,
                                               keys.READY_FOR_LOCAL_INIT_OP, lambda: None)
        self._init_op = either(init_op, keys.INIT_OP, variables.global_variables_initializer)
        self._local_init_op = either(local_init_op, keys.LOCAL_INIT_OP, _default_local_init_op)
        self._saver = either(saver, keys.SAVERS, _default_saver)
        self._summary_op = either(summary_op, keys.SUMMARY_OP, summary.merge_all)
        self._global_step = either(global_step, keys.GLOBAL_STEP, _default_global_step)

    def _verify_setup(self):
        if self._is_chief:
            return
        for op in self._graph.get_operations():
            if op.type in ("Variable", "VariableV2") and not op.device:
                raise ValueError("When using replicas, all Variables must have their device set: %s"
                                 % op)

    # ---- what it has ----

    @property
    def is_chief(self):
        """Does it initialize and save?"""
        return self._is_chief

    @property
    def session_manager(self):
        """The SessionManager."""
        return self._session_manager

    @property
    def coord(self):
        """The Coordinator of its threads."""
        return self._coord

    @property
    def init_op(self):
        """The op that initializes the model."""
        return self._init_op

    @property
    def init_feed_dict(self):
        """Its feeds."""
        return self._init_feed_dict

    @property
    def ready_op(self):
        """The tensor that is empty where the model is ready."""
        return self._ready_op

    @property
    def ready_for_local_init_op(self):
        """The tensor that is empty where the local init op may run."""
        return self._ready_for_local_init_op

    @property
    def summary_writer(self):
        """The FileWriter; None of whoever is not the chief, and without a folder."""
        return self._summary_writer

    @property
    def summary_op(self):
        """The tensor of all summaries, or None."""
        return self._summary_op

    @property
    def save_summaries_secs(self):
        """How often summaries are written."""
        return self._save_summaries_secs

    @property
    def global_step(self):
        """The global step, or None."""
        return self._global_step

    @property
    def saver(self):
        """The Saver, or None."""
        return self._saver

    @property
    def save_model_secs(self):
        """How often checkpoints are written."""
        return self._save_model_secs

    @property
    def save_path(self):
        """What the checkpoints' names begin with."""
        return self._save_path

    # ---- sessions ----

    def prepare_or_wait_for_session(self, master="", config=None, wait_for_checkpoint=False,
                                    max_wait_secs=7200, start_standard_services=True):
        """A session whose model is ready, with its queues' threads running.

        Args:
          master, config: the session's.
          wait_for_checkpoint: the chief waits for one, `max_wait_secs`; others wait so long for
            the chief.
          start_standard_services: the chief also saves and writes.
        """
        self._coord.clear_stop()
        if self._summary_writer:
            self._summary_writer.reopen()
        if self._is_chief:
            sess = self._session_manager.prepare_session(
                master, init_op=self._init_op, saver=self._saver, checkpoint_dir=self._logdir,
                wait_for_checkpoint=wait_for_checkpoint, max_wait_secs=max_wait_secs,
                config=config, init_feed_dict=self._init_feed_dict, init_fn=self._init_fn)
            self._write_graph()
            if start_standard_services:
                logging.info("Starting standard services.")
                self.start_standard_services(sess)
        else:
            sess = self._session_manager.wait_for_session(master, config=config,
                                                          max_wait_secs=max_wait_secs)
        if start_standard_services:
            logging.info("Starting queue runners.")
            self.start_queue_runners(sess)
        return sess

    PrepareSession = prepare_or_wait_for_session

    @contextlib.contextmanager
    def managed_session(self, master="", config=None, start_standard_services=True,
                        close_summary_writer=True):
        """A context of prepare_or_wait_for_session(): at its end threads are stopped and joined,
        and the session is closed. An exception of the block is raised again, but for
        OutOfRangeError: an input has ended."""
        sess = None
        try:
            sess = self.prepare_or_wait_for_session(
                master=master, config=config, start_standard_services=start_standard_services)
            yield sess
        except Exception as e:
            self.request_stop(e)
        finally:
            try:
                self.stop(close_summary_writer=close_summary_writer, ignore_live_threads=True)
            finally:
                try:
                    if sess is not None:
                        sess.close()
                except Exception:       # stop() has told what matters
                    pass

    def _write_graph(self):
        if self._logdir:
            graph_io.write_graph(self._graph.as_graph_def(add_shapes=True), self._logdir,
                                 "graph.pbtxt")
        if self._summary_writer and not self._graph_added_to_summary:
            self._summary_writer.add_graph(self._graph)
            self._graph_added_to_summary = True

    # ---- threads ----

    def start_standard_services(self, sess):
        """Starts the threads that write summaries, count steps and save; a list of them.

        Raises:
          RuntimeError: this is not the chief.
        """
        if not self._is_chief:
            raise RuntimeError("Only chief supervisor can start standard services. Because only "
                               "chief supervisors can write events.")
        if not self._logdir:
            logging.warning("Standard services need a 'logdir' passed to the SessionManager")
            return None
        threads = []
        if self._global_step is not None and self._summary_writer:
            self._summary_writer.add_session_log(
                messages.SessionLog(status=messages.SessionLog.START),
                training_util.global_step(sess, self._global_step))
        if self._save_summaries_secs and self._summary_writer:
            if self._summary_op is not None:
                threads.append(SVSummaryThread(self, sess))
            if self._global_step is not None:
                threads.append(SVStepCounterThread(self, sess))
        if self._saver and self._save_model_secs:
            threads.append(SVTimerCheckpointThread(self, sess))
        for thread in threads:
            thread.start()
        return threads

    StartStandardServices = start_standard_services

    def start_queue_runners(self, sess, queue_runners=None):
        """Starts the threads of queue runners, by default those of the graph; a list of them."""
        if queue_runners is None:
            queue_runners = self._graph.get_collection(ops.GraphKeys.QUEUE_RUNNERS)
        return [thread for runner in queue_runners
                for thread in runner.create_threads(sess, coord=self._coord, daemon=True,
                                                    start=True)]

    StartQueueRunners = start_queue_runners

    def loop(self, timer_interval_secs, target, args=None, kwargs=None):
        """Starts a thread that calls target(*args, **kwargs) every so many seconds; the thread."""
        return coordinator.LooperThread.loop(self._coord, timer_interval_secs, target, args, kwargs)

    Loop = loop

    def stop(self, threads=None, close_summary_writer=True, ignore_live_threads=False):
        """Stops and joins the threads, and these; raises what one of them raised."""
        self._coord.request_stop()
        try:
            self._coord.join(threads, stop_grace_period_secs=self._stop_grace_secs,
                             ignore_live_threads=ignore_live_threads)
        finally:
            if close_summary_writer and self._summary_writer:
                self._summary_writer.add_session_log(
                    messages.SessionLog(status=messages.SessionLog.STOP))
                self._summary_writer.close()
                self._graph_added_to_summary = False

    Stop = stop

    def request_stop(self, ex=None):
        """Asks threads to stop; `ex` is raised by stop()."""
        self._coord.request_stop(ex=ex)

    RequestStop = request_stop

    def should_stop(self):
        """Was a stop requested?"""
        return self._coord.should_stop()

    ShouldStop = should_stop

    def stop_on_exception(self):
        """A context whose exceptions become a request to stop."""
        return self._coord.stop_on_exception()

    StopOnException = stop_on_exception

    def wait_for_stop(self):
        """Waits for a request to stop."""
        return self._coord.wait_for_stop()

    WaitForStop = wait_for_stop

    def summary_computed(self, sess, summary, global_step=None):
        """Writes a Summary, by default at the global step.

        Raises:
          RuntimeError: there is no writer.
        """
        if not self._summary_writer:
            raise RuntimeError("Writing a summary requires a summary writer.")
        if global_step is None and self._global_step is not None:
            global_step = training_util.global_step(sess, self._global_step)
        self._summary_writer.add_summary(summary, global_step)

    SummaryComputed = summary_computed


def _default_local_init_op():
    return control_flow_ops.group(variables.local_variables_initializer(),
                                  lookup_ops.tables_initializer())


def _default_saver():
    return saver_lib.Saver() if variables.global_variables() else None


def _default_global_step():
    """The tensor of that name, if it is one of integers."""
    try:
        step = ops.get_default_graph().get_tensor_by_name("global_step:0")
    except KeyError:
        return None
    if step.dtype.base_dtype.is_integer:
        return step
    logging.warning("Found 'global_step' is not an int type: %s", step.dtype)
    return None


# ---- its threads ----

class SVSummaryThread(coordinator.LooperThread):
    """Writes summaries from time to time."""

    def __init__(self, sv, sess):
        super().__init__(sv.coord, sv.save_summaries_secs)
        self._sv = sv
        self._sess = sess

    def run_loop(self):
        step = None
        if self._sv.global_step is not None:
            text, step = self._sess.run([self._sv.summary_op, self._sv.global_step])
        else:
            text = self._sess.run(self._sv.summary_op)
        if self._sv.summary_writer:
            logging.info("Recording summary at step %s.", step)
            self._sv.summary_writer.add_summary(text, step)


class SVStepCounterThread(coordinator.LooperThread):
    """Writes from time to time how many global steps there were in a second."""

    def __init__(self, sv, sess, step_counter=None):
        super().__init__(sv.coord, sv.save_summaries_secs)
        self._sv = sv
        self._sess = sess
        self._step_counter = sv.global_step if step_counter is None else step_counter
        self._summary_tag = "%s/sec" % self._step_counter.op.name

    def start_loop(self):
        self._last_time = time.time()
        self._last_step = training_util.global_step(self._sess, self._step_counter)

    def run_loop(self):
        step = training_util.global_step(self._sess, self._step_counter)
        now = time.time()
        steps, secs = step - self._last_step, now - self._last_time
        self._last_step, self._last_time = step, now
        per_sec = steps / secs if secs > 0 else float("inf")
        if self._sv.summary_writer:
            value = messages.Summary.Value(tag=self._summary_tag, simple_value=per_sec)
            self._sv.summary_writer.add_summary(messages.Summary(value=[value]), step)
        logging.info("%s: %g", self._summary_tag, per_sec)


class SVTimerCheckpointThread(coordinator.LooperThread):
    """Saves a checkpoint from time to time."""

    def __init__(self, sv, sess):
        super().__init__(sv.coord, sv.save_model_secs)
        self._sv = sv
        self._sess = sess

    def run_loop(self):
        logging.info("Saving checkpoint to path %s", self._sv.save_path)
        self._sv.saver.save(self._sess, self._sv.save_path, global_step=self._sv.global_step)
        if self._sv.summary_writer and self._sv.global_step is not None:
            self._sv.summary_writer.add_session_log(
                messages.SessionLog(status=messages.SessionLog.CHECKPOINT,
                                    checkpoint_path=self._sv.save_path),
                training_util.global_step(self._sess, self._sv.global_step))
