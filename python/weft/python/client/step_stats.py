"""What a traced run took, as TensorFlow's StepStats (B60)."""
import json

_DEVICE = "/job:localhost/replica:0/task:0/device:CPU:0"


def fill(stats, trace):
    """Fills a StepStats from a trace in Chrome's format."""
    device = stats.dev_stats.add(device=_DEVICE)
    for event in json.loads(trace)["traceEvents"]:
        if event.get("ph") != "X":
            continue
        took = int(round(event["dur"]))
        device.node_stats.add(
            node_name=event["args"].get("name", event["name"]), timeline_label=event["name"],
            all_start_micros=int(event["ts"]), op_end_rel_micros=took, all_end_rel_micros=took,
            thread_id=int(event.get("tid", 0)))


def add_graph(metadata, graph):
    """Adds the graph to RunMetadata.partition_graphs: there is one partition, the CPU's."""
    metadata.partition_graphs.add().CopyFrom(graph.as_graph_def())
