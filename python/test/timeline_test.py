"""Traced runs: what they tell, and pictures of them for chrome://tracing."""
import json

import pytest
import weft as tf
from weft.core.framework import step_stats_pb2
from weft.python.client.timeline import Timeline

fact = pytest.mark.fact


def traced():
    x = tf.placeholder(tf.float32, [None])
    y = tf.matmul([tf.square(x, name="sq")], [[1.0], [2.0]], name="mm")
    metadata = tf.RunMetadata()
    with tf.Session() as sess:
        sess.run(y, {x: [2.0, 3.0]}, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE),
                 run_metadata=metadata)
    return metadata


@fact("B60")
def test_step_stats():
    metadata = traced()
    device, = metadata.step_stats.dev_stats
    assert device.device == "/job:localhost/replica:0/task:0/device:CPU:0"
    nodes = {node.node_name: node for node in device.node_stats}
    square = nodes["sq"]
    assert square.timeline_label == "sq = Square(Placeholder)"
    description = square.output[0].tensor_description
    assert description.dtype == 1 and [d.size for d in description.shape.dim] == [2]
    assert description.allocation_description.allocated_bytes == 8
    assert nodes["mm"].all_start_micros >= square.all_start_micros > 1.6e15
    assert metadata == tf.RunMetadata.FromString(metadata.SerializeToString())


def test_chrome_trace():
    timeline = Timeline(traced().step_stats)
    chrome = json.loads(timeline.generate_chrome_trace_format(show_memory=True))
    first, *rest = chrome["traceEvents"]
    assert first["ph"] == "M" and "CPU:0 Compute" in first["args"]["name"]
    square, = (e for e in rest if e["args"].get("name") == "sq")
    assert square["ph"] == "X" and square["pid"] == 0 and square["dur"] >= 0
    assert square["name"] == "Square" and square["args"]["input0"] == "Placeholder"
    bytes_in_use = [e["args"]["cpu"] for e in rest if e["ph"] == "C"]
    assert bytes_in_use[-1] == 0 and max(bytes_in_use) >= 8


def test_lanes_and_arrows():
    stats = step_stats_pb2.StepStats()
    device = stats.dev_stats.add(device="/device:CPU:0")
    for name, label, start, took in (("a", "a = A()", 0, 10), ("b", "b = B(a, ^c)", 20, 10),
                                     ("c", "c = C(a:1)", 25, 10), ("d", "odd", 40, 1)):
        device.node_stats.add(node_name=name, timeline_label=label, all_start_micros=start,
                              all_end_rel_micros=took)
    _, *events = json.loads(Timeline(stats).generate_chrome_trace_format())["traceEvents"]
    bars = {e["args"]["name"]: e for e in events if e["ph"] == "X"}
    assert [bars[n]["tid"] for n in "abcd"] == [0, 0, 1, 0] and bars["d"]["name"] == "odd"
    start, end = (e for e in events if e["ph"] in "st")
    assert start["name"] == "a:1" and start["ts"] == 10 and end["tid"] == 1 and end["ts"] == 25
    plain = Timeline(stats).generate_chrome_trace_format(show_dataflow=False)
    assert len(json.loads(plain)["traceEvents"]) == 5
