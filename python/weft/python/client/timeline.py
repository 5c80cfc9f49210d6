"""A traced run as a picture for chrome://tracing: Timeline(run_metadata.step_stats)."""
import json


class Timeline(object):
    """What each node of a step took, by device and thread."""

    def __init__(self, step_stats, graph=None):
        self._step_stats = step_stats

    def generate_chrome_trace_format(self, show_dataflow=True, show_memory=False, op_time=None):
        """The step as text in Chrome's format. What flowed between nodes and how much memory they
        held is not recorded, so that it is not shown either."""
        events = []
        for pid, device in enumerate(self._step_stats.dev_stats):
            events.append({"name": "process_name", "ph": "M", "pid": pid,
                           "args": {"name": "%s Compute" % device.device}})
            events += [_event(pid, node) for node in device.node_stats]
        return json.dumps({"traceEvents": events}, indent=4, separators=(",", ": "))


def _event(pid, node):
    label = node.timeline_label or node.node_name
    return {"ph": "X", "cat": "Op", "name": label, "pid": pid, "tid": node.thread_id,
            "ts": node.all_start_micros, "dur": node.all_end_rel_micros,
            "args": {"name": node.node_name, "op": label}}
