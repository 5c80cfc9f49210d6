"""Sessions: they run a graph and own the values of its variables."""
import warnings

from weft import _core
from weft.python.client.structures import (  # noqa: F401
    register_session_run_conversion_functions)
from weft.python.framework import default_stack, messages, ops


class BaseSession(_core.Session):
    """A session on a graph: run() runs what is asked for, once.

    It keeps its graph alive and never changes it. Variables have their values here; close() gives
    them back. Any thread may run it, several at a time.
    """

    _places_all = True                  # else only what a step needs has to have a device

    def __init__(self, target="", graph=None, config=None):
        if graph is not None and not isinstance(graph, ops.Graph):
            raise TypeError("graph must be a tf.Graph, but got %s" % type(graph))
        if not isinstance(target, (str, bytes)):
            raise TypeError("target must be a string, but got %s" % type(target))
        if config is not None and not isinstance(config, messages.ConfigProto):
            raise TypeError("config must be a tf.ConfigProto, but got %s" % type(config))
        _check_pools(config)
        self._dead_handles = []         # of kept tensors that nobody has a TensorHandle of any more
        self._target = target.decode() if isinstance(target, bytes) else target
        self._config = config
        self._open(graph if graph is not None else ops.get_default_graph(),
                   _options(self._target, config, self._places_all))

    # ---- what it is ----

    @property
    def graph_def(self):
        """The graph as a GraphDef."""
        return self.graph.as_graph_def()

    @property
    def sess_str(self):
        """The target, as bytes (B8)."""
        return self._target.encode()

    def __repr__(self):
        return "<%s.%s on %r%s>" % (type(self).__module__, type(self).__name__, self.graph,
                                    ", closed" if self._closed else "")

    def list_devices(self):
        """The devices it runs on, the CPU first (B92)."""
        if self._closed:
            from weft.python.framework import errors
            raise errors.CancelledError(None, None, "Session has been closed.")
        from weft.python.client import device_lib
        count = self._config.device_count.get("CPU", 1) if self._config else 1
        return [device_lib.DeviceAttributes("/job:localhost/replica:0/task:0/device:CPU:%d" % i)
                for i in range(max(1, count))]

    # ---- running ----

    def _run_with(self, fetches, feed_dict, options, run_metadata):
        self._check_pool(options)
        trace = _wants_trace(options)
        result, told = self._run_traced(fetches, feed_dict, _timeout(options), trace)
        _fill_metadata(run_metadata, told, self.graph, options)
        return result

    def _check_pool(self, options):
        pools = len(self._config.session_inter_op_thread_pool) if self._config else 0
        if options is not None and not -1 <= options.inter_op_thread_pool < max(1, pools):
            from weft.python.framework import errors
            raise errors.InvalidArgumentError(
                None, None, "Invalid inter_op_thread_pool: %d" % options.inter_op_thread_pool)

    def make_callable(self, fetches, feed_list=None, accept_options=False):
        """A function of a value for each of `feed_list`, with run()'s result (B85-B87).

        What it fetches is looked up once: calling it is the fastest way to run a step. It takes
        `options` and `run_metadata` besides, whatever `accept_options` says."""
        if feed_list is not None and not isinstance(feed_list, (list, tuple)):
            raise TypeError("`feed_list` must be a list or tuple.")
        feeds = tuple(self.graph.as_graph_element(f, allow_operation=False)
                      for f in feed_list or ())
        return self._prepare(fetches, feeds)

    def partial_run_setup(self, fetches, feeds=None):
        """Declares what will be fetched and fed over several partial_run()s; a handle (B88)."""
        tensors = tuple(self.graph.as_graph_element(f, allow_operation=False)
                        for f in feeds or ())
        return self._partial(fetches, tensors)

    def partial_run(self, handle, fetches, feed_dict=None):
        """The next part of a run in several parts (B88-B91)."""
        if not isinstance(handle, _core.Partial):
            from weft.python.framework import errors
            raise errors.InvalidArgumentError(
                None, None, "Must run 'setup' before performing partial runs!")
        return handle.run(fetches, feed_dict)

    # ---- tensors that it keeps ----

    _DEAD_HANDLES = 10                  # so many are let go at once

    def _handle_of(self, tensor, value):
        """What C makes of the value of a GetSessionHandle."""
        from weft.python.ops import session_ops
        if len(self._dead_handles) >= self._DEAD_HANDLES and not self.graph.finalized:
            dead, self._dead_handles = self._dead_handles, []
            for handle in dead:
                session_ops.delete(self, handle)
        return session_ops.TensorHandle(value, tensor.op.inputs[0].dtype, self)

    # ---- as the thread's default ----

    def as_default(self):
        """A context in which this is the thread's default session; it closes nothing (B11)."""
        return default_stack.entered(default_stack.session_stack(), self)

    def close(self):
        """Ends the steps in flight and gives back what it owns: variables, plans, buffers (B68).
        The graph is not touched."""
        self._close()


class Session(BaseSession):
    """A session. As a context it is the thread's default session and its graph the default
    graph; leaving closes it (B10)."""

    _entered = None

    def __enter__(self):
        if self._entered is not None:
            raise RuntimeError("Session context managers are not re-entrant. Use "
                               "`Session.as_default()` if you want to enter a session multiple "
                               "times.")
        graph = default_stack.entered(_core.graph_stack(), self.graph, "a session's graph")
        session = self.as_default()
        graph.__enter__()
        session.__enter__()
        self._entered = graph, session
        return self

    def __exit__(self, kind, value, traceback):
        graph, session = self._entered
        self._entered = None
        session.__exit__(kind, value, traceback)
        graph.__exit__(kind, value, traceback)
        self.close()

    @staticmethod
    def reset(target, containers=None, config=None):
        """Empties the containers (none: the default one) of the target's sessions and closes
        them (B93-B95)."""
        _core.reset(target, tuple(containers or ()))


class InteractiveSession(BaseSession):
    """A session that is the thread's default one from the start until close() (B18-B24)."""

    _places_all = False
    _open_ones = 0

    def __init__(self, target="", graph=None, config=None):
        if config is not None:
            config.graph_options.place_pruned_graph = True
        super().__init__(target, graph, config)
        if InteractiveSession._open_ones > 0:
            warnings.warn("An interactive session is already active. This can cause out-of-memory "
                          "errors in some cases. You must explicitly call "
                          "`InteractiveSession.close()` to release resources held by the other "
                          "session(s).")
        InteractiveSession._open_ones += 1
        self._explicit_graph = graph
        self._contexts = [self.as_default()]
        if graph is not None:
            self._contexts.insert(0, graph.as_default())
        for context in self._contexts:
            context.__enter__()

    def close(self):
        """Closes it; it is no longer the default session."""
        super().close()
        if self._contexts:
            InteractiveSession._open_ones -= 1
        while self._contexts:
            self._contexts.pop().__exit__(None, None, None)


def traced_call(prepared, graph, values, options, run_metadata):
    """A prepared run with RunOptions, or whose RunMetadata is wanted (B87)."""
    trace = _wants_trace(options)
    result, told = prepared.run_traced(values, _timeout(options), trace)
    _fill_metadata(run_metadata, told, graph, options)
    return result


# ---- from the configuration's messages ----

def _options(target, config, places_all):
    if config is None:
        return dict(target=target, pruned=not places_all)
    return dict(target=target, intra=config.intra_op_parallelism_threads,
                inter=config.inter_op_parallelism_threads, soft=config.allow_soft_placement,
                pruned=config.graph_options.place_pruned_graph, log=config.log_device_placement,
                isolate=config.isolate_session_state, timeout=config.operation_timeout_in_ms)


_pools = {}                             # global name -> threads, as first configured


def _check_pools(config):
    """Pools of one name are one pool, of one size (E53). All are the process's one pool here."""
    for pool in config.session_inter_op_thread_pool if config is not None else ():
        known = _pools.setdefault(pool.global_name, pool.num_threads) if pool.global_name else None
        if known not in (None, pool.num_threads):
            from weft.python.framework import errors
            raise errors.InvalidArgumentError(
                None, None, "'%s' configured previously with num_threads=%d; cannot re-configure "
                            "with num_threads=%d" % (pool.global_name, known, pool.num_threads))


def _timeout(options):
    if options is not None and not isinstance(options, messages.RunOptions):
        raise TypeError("options must be a tf.RunOptions, but got %s" % type(options))
    return 0 if options is None else options.timeout_in_ms


def _wants_trace(options):
    return options is not None and options.trace_level > messages.RunOptions.NO_TRACE


def _fill_metadata(metadata, told, graph, options):
    """RunMetadata is overwritten with what was asked for (B60): what the run told, in bytes, and
    the graph, of which there is one partition, the CPU's."""
    if metadata is None:
        return
    if not isinstance(metadata, messages.RunMetadata):
        raise TypeError("run_metadata must be a tf.RunMetadata, but got %s" % type(metadata))
    metadata.ParseFromString(told)
    if options is not None and options.output_partition_graphs:
        metadata.partition_graphs.add().CopyFrom(graph.as_graph_def())
