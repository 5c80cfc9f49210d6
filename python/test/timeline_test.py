"""Traced runs as pictures for chrome://tracing."""
import json

import weft as tf
from weft.python.client.timeline import Timeline


def test_chrome_trace():
    x = tf.placeholder(tf.float32)
    y = tf.square(x, name="sq")
    metadata = tf.RunMetadata()
    with tf.Session() as sess:
        sess.run(y, {x: 2.0}, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE),
                 run_metadata=metadata)
    chrome = json.loads(Timeline(metadata.step_stats).generate_chrome_trace_format())
    first, *rest = chrome["traceEvents"]
    assert first["ph"] == "M" and "CPU:0 Compute" in first["args"]["name"]
    square, = (e for e in rest if e["args"]["name"] == "sq")
    assert square["ph"] == "X" and square["pid"] == 0 and square["dur"] >= 0
