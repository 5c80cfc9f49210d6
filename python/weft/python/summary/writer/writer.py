"""tf.summary.FileWriter: summaries, graphs and other news of a run, as events in a file."""
import time
import warnings

from weft.python.framework import messages, ops
from weft.python.platform import tf_logging
from weft.python.summary.writer.event_file_writer import EventFileWriter

__all__ = ["FileWriter", "SummaryToEventTransformer"]


class SummaryToEventTransformer:
    """Makes events of what it is given and hands them to a writer of events."""

    def __init__(self, event_writer, graph=None, graph_def=None):
        self.event_writer = event_writer
        self._session_run_tags = set()
        self._seen_summary_tags = set()
        if graph is not None or graph_def is not None:
            self._add_graph_and_meta_graph(graph, graph_def)

    def _add_graph_and_meta_graph(self, graph, graph_def):
        from weft.python.framework import meta_graph
        self.add_graph(graph=graph, graph_def=graph_def)
        either = graph if graph_def is None else graph_def
        if isinstance(either, ops.Graph):
            either = either.as_graph_def(add_shapes=True)
        self.add_meta_graph(meta_graph.create_meta_graph_def(graph_def=either))

    def add_summary(self, summary, global_step=None):
        """A Summary, or its bytes: what merge_all() has computed. The metadata of a tag are
        written with its first value only."""
        if isinstance(summary, bytes):
            summary = messages.Summary.FromString(summary)
        for value in summary.value:
            if not value.HasField("metadata"):
                continue
            if value.tag in self._seen_summary_tags:
                value.ClearField("metadata")
            self._seen_summary_tags.add(value.tag)
        self._add_event(messages.Event(summary=summary), global_step)

    def add_session_log(self, session_log, global_step=None):
        """A SessionLog: that a run has started, stopped or saved a checkpoint."""
        self._add_event(messages.Event(session_log=session_log), global_step)

    def add_graph(self, graph, global_step=None, graph_def=None):
        """A Graph, with the shapes of its tensors, or a GraphDef."""
        if graph is not None and graph_def is not None:
            raise ValueError("Please pass only graph, or graph_def (deprecated), but not both.")
        given = graph if graph_def is None else graph_def
        if isinstance(given, ops.Graph):
            if graph is None:
                tf_logging.warning("When passing a `Graph` object, please use the `graph` named "
                                   "argument instead of `graph_def`.")
            given = given.as_graph_def(add_shapes=True)
        elif isinstance(given, messages.GraphDef):
            tf_logging.warning("Passing a `GraphDef` to the SummaryWriter is deprecated. Pass a "
                               "`Graph` object instead, such as `sess.graph`.")
        else:
            raise TypeError("The passed graph must be an instance of `Graph` or the deprecated "
                            "`GraphDef`")
        self._add_event(messages.Event(graph_def=given.SerializeToString()), global_step)

    def add_meta_graph(self, meta_graph_def, global_step=None):
        """A MetaGraphDef."""
        if not isinstance(meta_graph_def, messages.MetaGraphDef):
            raise TypeError("meta_graph_def must be type MetaGraphDef, saw type: %s"
                            % type(meta_graph_def))
        self._add_event(messages.Event(meta_graph_def=meta_graph_def.SerializeToString()),
                        global_step)

    def add_run_metadata(self, run_metadata, tag, global_step=None):
        """What a traced run took, under a tag that no other has."""
        if tag in self._session_run_tags:
            raise ValueError("The provided tag was already used for this event type")
        self._session_run_tags.add(tag)
        tagged = messages.TaggedRunMetadata(tag=tag,
                                            run_metadata=run_metadata.SerializeToString())
        self._add_event(messages.Event(tagged_run_metadata=tagged), global_step)

    def _add_event(self, event, step):
        event.wall_time = time.time()
        if step is not None:
            event.step = int(step)
        self.event_writer.add_event(event)


class FileWriter(SummaryToEventTransformer):
    """Writes what it is given into a new event file of the folder `logdir`.

    max_queue and session have no meaning here: events are written as they come, by this process.
    A context that closes it."""

    def __init__(self, logdir, graph=None, max_queue=10, flush_secs=120, graph_def=None,
                 filename_suffix=None, session=None):
        self._closed = False
        super().__init__(EventFileWriter(logdir, max_queue, flush_secs, filename_suffix), graph,
                         graph_def)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def get_logdir(self):
        """The folder that the file is in."""
        return self.event_writer.get_logdir()

    def _warn_if_event_writer_is_closed(self):
        if self._closed:
            warnings.warn("Attempting to use a closed FileWriter. The operation will be a noop "
                          "unless the FileWriter is explicitly reopened.")

    def _add_event(self, event, step):
        self._warn_if_event_writer_is_closed()
        super()._add_event(event, step)

    def add_event(self, event):
        """An Event as it is."""
        self._warn_if_event_writer_is_closed()
        self.event_writer.add_event(event)

    def flush(self):
        """What was added is in the file."""
        self._warn_if_event_writer_is_closed()
        self.event_writer.flush()

    def close(self):
        """Ends the file."""
        self.event_writer.close()
        self._closed = True

    def reopen(self):
        """After close(): what is added goes into a new file of the same folder."""
        self.event_writer.reopen()
        self._closed = False
