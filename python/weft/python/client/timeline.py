"""A traced run as a picture for chrome://tracing: Timeline(run_metadata.step_stats)."""
import json
import re


class Timeline(object):
    """What each node of a step took, by device, on as many lanes as ran side by side."""

    def __init__(self, step_stats, graph=None):
        self._step_stats = step_stats
        self._graph = graph

    def generate_chrome_trace_format(self, show_dataflow=True, show_memory=False, op_time=None):
        """The step as text in Chrome's format: nodes as bars, with arrows from who made a value to
        who took it, and the bytes that are in use if that is wanted.

        `op_time` "gpu" is of no effect: there is no GPU."""
        events = []
        for pid, device in enumerate(self._step_stats.dev_stats):
            events.append({"name": "process_name", "ph": "M", "pid": pid,
                           "args": {"name": "%s Compute" % device.device}})
            bars = _bars(device.node_stats)
            events += [bar.event(pid) for bar in bars]
            if show_dataflow:
                events += _arrows(bars, pid)
            if show_memory:
                events += _memory(bars, pid)
        return json.dumps({"traceEvents": events}, indent=4, separators=(",", ": "))


class _Bar:
    """A node that ran."""

    def __init__(self, node, lane):
        self.node, self.lane = node, lane
        self.name = node.node_name
        self.start, self.took = node.all_start_micros, node.all_end_rel_micros
        self.op, self.inputs = _parsed(node)

    def event(self, pid):
        arguments = {"name": self.name, "op": self.op}
        arguments.update(("input%d" % i, name) for i, name in enumerate(self.inputs))
        return {"ph": "X", "cat": "Op", "name": self.op, "pid": pid, "tid": self.lane,
                "ts": self.start, "dur": self.took, "args": arguments}


def _parsed(node):
    """The op and the inputs, from "name = Op(input, ...)"."""
    found = re.match(r".* = (\w+)\((.*)\)", node.timeline_label)
    if not found:
        return node.timeline_label or node.node_name, []
    return found[1], [x for x in found[2].split(", ") if x and not x.startswith("^")]


def _bars(nodes):
    """The nodes by time, each on the first lane that is free when it starts."""
    bars, free_at = [], []
    for node in sorted(nodes, key=lambda n: (n.all_start_nanos or n.all_start_micros * 1000)):
        start = node.all_start_micros
        lane = next((i for i, end in enumerate(free_at) if end <= start), len(free_at))
        free_at[lane:lane + 1] = [start + node.all_end_rel_micros]
        bars.append(_Bar(node, lane))
    return bars


def _arrows(bars, pid):
    """From the end of each node to those on other lanes that read it."""
    by_name = {bar.name: bar for bar in bars}
    events = []
    for bar in bars:
        for name in bar.inputs:
            source = by_name.get(name.partition(":")[0])
            if source is not None and source.lane != bar.lane:
                arrow = {"cat": "DataFlow", "name": name, "pid": pid, "id": len(events) // 2}
                events += [dict(arrow, ph="s", tid=source.lane, ts=source.start + source.took),
                           dict(arrow, ph="t", tid=bar.lane, ts=bar.start)]
    return events


def _memory(bars, pid):
    """The bytes of outputs from when they are made until the last one who reads them ends."""
    ends = {bar.name: bar.start + bar.took for bar in bars}
    for bar in bars:
        for name in bar.inputs:
            source = name.partition(":")[0]
            if source in ends:
                ends[source] = max(ends[source], bar.start + bar.took)
    changes = []
    for bar in bars:
        for output in bar.node.output:
            memory = output.tensor_description.allocation_description
            changes += [(bar.start, memory.allocator_name, memory.allocated_bytes),
                        (ends[bar.name], memory.allocator_name, -memory.allocated_bytes)]
    return _counters(sorted(changes), pid)


def _counters(changes, pid):
    total, events = {}, []
    for time, allocator, size in changes:
        total[allocator] = total.get(allocator, 0) + size
        events.append({"ph": "C", "cat": "Memory", "name": allocator, "pid": pid, "ts": time,
                       "args": {allocator: total[allocator]}})
    return events
