"""QueueRunner: threads that fill a queue, each running one enqueue operation again and again."""
import threading
import weakref

from weft.python.client import session
from weft.python.framework import errors, messages, ops
from weft.python.framework.collection_protos import (
    prepend_name_scope, register_proto_function, strip_name_scope)
from weft.python.platform import tf_logging as logging

__all__ = ["QueueRunner", "add_queue_runner", "start_queue_runners"]


class _Counts:
    """What a runner and all that stand for it share: how many threads run in each session, and
    what they failed of."""

    def __init__(self):
        self.lock = threading.Lock()
        self.running = weakref.WeakKeyDictionary()
        self.failures = []
        self.runner = lambda: None          # the runner itself, while somebody has it


class _Held:
    """A runner as a graph keeps it: without the graph."""

    def __init__(self, parts, closed_types, counts):
        self._parts, self._closed_types, self._counts = parts, closed_types, counts

    def _unhold_(self, graph):
        runner = self._counts.runner()
        if runner is None:
            queue, close_op, cancel_op, *enqueue_ops = [graph.unhold(x) for x in self._parts]
            runner = QueueRunner.__new__(QueueRunner)
            runner._set(queue, enqueue_ops, close_op, cancel_op, self._closed_types, self._counts)
        return runner


class QueueRunner:
    """A queue, the operations that fill it, a thread for each, and what is done at the end.

    Args:
      queue: a Queue.
      enqueue_ops: the operations, one for each thread.
      close_op: run when all threads have seen the end of what they read; closes the queue by
        default, which what waits survives.
      cancel_op: run when the coordinator stops; closes the queue and cancels what waits.
      queue_closed_exception_types: errors that mean the end, (OutOfRangeError,) by default.
      queue_runner_def: a QueueRunnerDef instead of all that.
      import_scope: the scope that its names are in.

    Raises:
      ValueError: both or neither were given. TypeError: the exceptions are none.
    """

    def __init__(self, queue=None, enqueue_ops=None, close_op=None, cancel_op=None,
                 queue_closed_exception_types=None, queue_runner_def=None, import_scope=None):
        if queue_runner_def:
            if queue or enqueue_ops:
                raise ValueError("queue_runner_def and queue are mutually exclusive.")
            self._from_def(queue_runner_def, import_scope)
            return
        if not queue or not enqueue_ops:
            raise ValueError("Must provide queue and enqueue_ops.")
        types = queue_closed_exception_types
        if types is not None and (
                not isinstance(types, tuple) or not types or
                not all(issubclass(t, errors.OpError) for t in types)):
            raise TypeError("queue_closed_exception_types, when provided, must be a tuple of "
                            "tf.error types, but saw: %s" % (types,))
        if close_op is None:
            close_op = queue.close()
        if cancel_op is None:
            cancel_op = queue.close(cancel_pending_enqueues=True)
        self._set(queue, enqueue_ops, close_op, cancel_op, types or (errors.OutOfRangeError,),
                  _Counts())

    def _set(self, queue, enqueue_ops, close_op, cancel_op, closed_types, counts):
        self._queue = queue
        self._enqueue_ops = enqueue_ops
        self._close_op = close_op
        self._cancel_op = cancel_op
        self._queue_closed_exception_types = closed_types
        self._counts = counts
        counts.runner = weakref.ref(self)

    def _hold_(self):
        hold = self._queue.queue_ref.graph.hold if hasattr(self._queue, "queue_ref") \
            else self._queue.graph.hold
        parts = [self._queue, self._close_op, self._cancel_op, *self._enqueue_ops]
        return _Held([hold(x) for x in parts], self._queue_closed_exception_types, self._counts)

    # ---- as a message ----

    def _from_def(self, runner_def, import_scope):
        assert isinstance(runner_def, messages.QueueRunnerDef)
        graph = ops.get_default_graph()

        def find(name):
            return graph.as_graph_element(prepend_name_scope(name, import_scope))

        types = tuple(errors.exception_type_from_error_code(code)
                      for code in runner_def.queue_closed_exception_types)
        self._set(find(runner_def.queue_name),
                  [find(name) for name in runner_def.enqueue_op_name],
                  find(runner_def.close_op_name), find(runner_def.cancel_op_name),
                  types or (errors.OutOfRangeError,), _Counts())

    def to_proto(self, export_scope=None):
        """As a QueueRunnerDef; None if it is not in the scope that is exported."""
        if export_scope is not None and not self.name.startswith(export_scope):
            return None
        runner_def = messages.QueueRunnerDef()
        runner_def.queue_name = strip_name_scope(self.name, export_scope)
        for op in self._enqueue_ops:
            runner_def.enqueue_op_name.append(strip_name_scope(op.name, export_scope))
        runner_def.close_op_name = strip_name_scope(self._close_op.name, export_scope)
        runner_def.cancel_op_name = strip_name_scope(self._cancel_op.name, export_scope)
        runner_def.queue_closed_exception_types.extend(
            errors.error_code_from_exception_type(t) for t in self._queue_closed_exception_types)
        return runner_def

    @staticmethod
    def from_proto(queue_runner_def, import_scope=None):
        """The runner that a QueueRunnerDef describes, in the default graph."""
        return QueueRunner(queue_runner_def=queue_runner_def, import_scope=import_scope)

    # ---- what it is made of ----

    @property
    def queue(self):
        """The queue."""
        return self._queue

    @property
    def enqueue_ops(self):
        """The operations that fill it."""
        return self._enqueue_ops

    @property
    def close_op(self):
        """The operation at the end of what is read."""
        return self._close_op

    @property
    def cancel_op(self):
        """The operation when the coordinator stops."""
        return self._cancel_op

    @property
    def queue_closed_exception_types(self):
        """The errors that mean the end."""
        return self._queue_closed_exception_types

    @property
    def exceptions_raised(self):
        """What threads without a coordinator failed of."""
        return self._counts.failures

    @property
    def name(self):
        """The name of the queue."""
        return self._queue.name

    # ---- threads ----

    def _end_of_input(self, sess):
        """One thread fewer; after the last the queue is closed."""
        with self._counts.lock:
            self._counts.running[sess] -= 1
            last = self._counts.running[sess] == 0
        if last:
            try:
                sess.run(self._close_op)
            except Exception as e:          # it may be closed already
                logging.vlog(1, "Ignored exception: %s", str(e))

    def _enqueue_until_end(self, sess, enqueue_op, coord):
        """True at the end of the input, False where the coordinator stopped."""
        enqueue = sess.make_callable(enqueue_op)
        while not (coord and coord.should_stop()):
            try:
                enqueue()
            except self._queue_closed_exception_types:
                self._end_of_input(sess)
                return True
        return False

    def _run(self, sess, enqueue_op, coord=None):
        ended = False
        try:
            ended = self._enqueue_until_end(sess, enqueue_op, coord)
        except Exception as e:
            if coord:
                coord.request_stop(e)
                return
            logging.error("Exception in QueueRunner: %s", str(e))
            with self._counts.lock:
                self._counts.failures.append(e)
            raise
        finally:
            if not ended:
                with self._counts.lock:
                    self._counts.running[sess] -= 1

    def _close_on_stop(self, sess, cancel_op, coord):
        coord.wait_for_stop()
        try:
            sess.run(cancel_op)
        except Exception as e:              # the session may be closed already
            logging.vlog(1, "Ignored exception: %s", str(e))

    def create_threads(self, sess, coord=None, daemon=False, start=False):
        """The threads that run the operations in a session; none if they run there already.

        Args:
          sess: the Session.
          coord: None, or the Coordinator that they ask whether to stop and tell of failures; then
            there is one thread more, which cancels what waits when it stops.
          daemon: the threads do not keep the program alive.
          start: they run when this returns.
        """
        with self._counts.lock:
            if self._counts.running.get(sess, 0) > 0:
                return []
            self._counts.running[sess] = len(self._enqueue_ops)
            self._counts.failures = []
        threads = [threading.Thread(target=self._run, args=(sess, op, coord),
                                    name="QueueRunnerThread-%s-%s" % (self.name, op.name))
                   for op in self._enqueue_ops]
        if coord:
            threads.append(threading.Thread(
                target=self._close_on_stop, args=(sess, self._cancel_op, coord),
                name="QueueRunnerThread-%s-close_on_stop" % self.name))
        for thread in threads:
            if coord:
                coord.register_thread(thread)
            if daemon:
                thread.daemon = True
            if start:
                thread.start()
        return threads


def add_queue_runner(qr, collection=ops.GraphKeys.QUEUE_RUNNERS):
    """Puts a runner where start_queue_runners() finds it."""
    ops.add_to_collection(collection, qr)


def start_queue_runners(sess=None, coord=None, daemon=True, start=True,
                        collection=ops.GraphKeys.QUEUE_RUNNERS):
    """Starts the threads of all runners of a collection, and returns them (E45).

    Args:
      sess: the session; the default one by default.
      coord, daemon, start: as QueueRunner.create_threads() has them.
      collection: the key of the collection.

    Raises:
      ValueError: there is no session. TypeError: `sess` is none.
    """
    if sess is None:
        sess = ops.get_default_session()
        if not sess:
            raise ValueError("Cannot start queue runners: No default session is registered. Use "
                             "`with sess.as_default()` or pass an explicit session to "
                             "tf.start_queue_runners(sess=sess)")
    if not isinstance(sess, session.BaseSession):
        if type(sess).__name__ in ("MonitoredSession", "SingularMonitoredSession"):
            return []
        raise TypeError("sess must be a `tf.Session` object. Given class: %s" % type(sess))
    runners = sess.graph.get_collection(collection)
    if not runners:
        logging.warning("`tf.train.start_queue_runners()` was called when no queue runners were "
                        "defined. You can safely remove the call to this deprecated function.")
    return [thread for runner in runners
            for thread in runner.create_threads(sess, coord=coord, daemon=daemon, start=start)]


register_proto_function(ops.GraphKeys.QUEUE_RUNNERS, proto_type="QueueRunnerDef",
                        to_proto=QueueRunner.to_proto, from_proto=QueueRunner.from_proto)
