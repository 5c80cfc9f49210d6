"""Messages behave as protocol buffers do."""
import copy
import pickle

import numpy as np
import pytest
from weft.python.framework import config
from weft.python.framework.message_text import from_text
from weft.python.framework.config import (
    AttrValue, ConfigProto, GPUOptions, GraphDef, NodeDef, OptimizerOptions, RewriterConfig,
    RunMetadata, RunOptions, TensorShapeProto)


def test_fields_have_defaults_and_keep_what_they_are_given():
    c = ConfigProto()
    assert c.intra_op_parallelism_threads == 0 and c.allow_soft_placement is False
    c.intra_op_parallelism_threads = 4
    c.gpu_options.allow_growth = True
    assert c.intra_op_parallelism_threads == 4 and c.gpu_options.allow_growth
    assert c.gpu_options.per_process_gpu_memory_fraction == 0.0


def test_keywords():
    c = ConfigProto(device_count={"GPU": 0}, allow_soft_placement=True, device_filters=["/a", "/b"],
                    gpu_options=GPUOptions(per_process_gpu_memory_fraction=0.25),
                    session_inter_op_thread_pool=[{"num_threads": 3}])
    assert c.device_count["GPU"] == 0 and list(c.device_filters) == ["/a", "/b"]
    assert c.gpu_options.per_process_gpu_memory_fraction == 0.25
    assert c.session_inter_op_thread_pool[0].num_threads == 3
    assert RunOptions(trace_level="FULL_TRACE").trace_level == RunOptions.FULL_TRACE == 3


def test_refusals():
    with pytest.raises(ValueError, match='has no "nope" field'):
        ConfigProto(nope=1)
    c = ConfigProto()
    with pytest.raises(AttributeError, match="Assignment not allowed"):
        c.nope = 1
    with pytest.raises(AttributeError, match="nope"):
        c.nope
    with pytest.raises(AttributeError, match='message field "gpu_options"'):
        c.gpu_options = GPUOptions()
    with pytest.raises(AttributeError, match='repeated field "device_filters"'):
        c.device_filters = []
    with pytest.raises(TypeError, match="has type str, but expected one of: int"):
        c.intra_op_parallelism_threads = "4"
    with pytest.raises(TypeError, match="has type float"):
        c.intra_op_parallelism_threads = 1.5
    with pytest.raises(ValueError, match="Value out of range: 4294967296"):
        c.intra_op_parallelism_threads = 1 << 32
    with pytest.raises(TypeError, match="has type str"):
        NodeDef().attr["x"].s = "text"
    with pytest.raises(TypeError, match="same class"):
        c.CopyFrom(GPUOptions())


def test_numpy_numbers_are_numbers():
    c = ConfigProto(intra_op_parallelism_threads=np.int64(2), allow_soft_placement=np.bool_(True))
    c.gpu_options.per_process_gpu_memory_fraction = np.float32(0.5)
    assert c.intra_op_parallelism_threads == 2 and c.allow_soft_placement is True


def test_presence():
    c = ConfigProto()
    assert not c.gpu_options.allow_growth           # looking at it does not make it be there
    assert not c.HasField("gpu_options") and c == ConfigProto()
    c.graph_options.rewrite_options.constant_folding = RewriterConfig.OFF
    assert c.HasField("graph_options") and c.graph_options.HasField("rewrite_options")
    c.ClearField("graph_options")
    assert not c.HasField("graph_options")
    c.gpu_options.SetInParent()
    assert c.HasField("gpu_options")
    with pytest.raises(ValueError, match="presence"):
        c.HasField("device_filters")
    with pytest.raises(ValueError, match="no field"):
        c.HasField("nope")
    options = c.graph_options
    options.infer_shapes = True
    assert c.graph_options is options and c.graph_options.infer_shapes


def test_oneof():
    a = AttrValue(i=3)
    assert a.WhichOneof("value") == "i" and a.HasField("value")
    a.list.s.append(b"x")
    assert a.WhichOneof("value") == "list" and a.i == 0
    a.b = False
    assert a.WhichOneof("value") == "b" and list(a.list.s) == []
    a.shape.dim.add(size=2)
    assert a.WhichOneof("value") == "shape" and a.shape.dim[0].size == 2
    assert AttrValue().WhichOneof("value") is None


def test_merge_and_copy():
    a = ConfigProto(device_count={"CPU": 1}, device_filters=["x"], allow_soft_placement=True)
    b = ConfigProto(device_count={"GPU": 2}, device_filters=["y"], log_device_placement=True)
    a.MergeFrom(b)
    assert dict(a.device_count) == {"CPU": 1, "GPU": 2} and a.device_filters == ["x", "y"]
    assert a.allow_soft_placement and a.log_device_placement
    c = ConfigProto()
    c.CopyFrom(a)
    assert c == a and c is not a
    c.device_filters.append("z")
    assert c != a
    for same in copy.deepcopy(a), copy.copy(a), pickle.loads(pickle.dumps(a)):
        assert same == a
    a.Clear()
    assert a == ConfigProto()


def test_messages_in_lists_and_maps_are_copied():
    node = NodeDef(name="a", op="Const", input=["x", "^y"])
    node.attr["T"].type = 1
    g = GraphDef()
    g.node.extend([node])
    node.name = "b"
    assert g.node[0].name == "a" and g.node[0].attr["T"].type == 1
    g.node.add().CopyFrom(node)
    assert [n.name for n in g.node] == ["a", "b"] and len(g.node) == 2
    del g.node[0]
    assert g.node[0].name == "b"
    assert "U" not in node.attr and node.attr["U"].i == 0 and "U" in node.attr
    with pytest.raises(ValueError):
        node.attr["T"] = AttrValue()
    m = RunMetadata()
    m.partition_graphs.add().node.add(name="n")
    assert m.partition_graphs[0].node[0].name == "n"


def test_text():
    c = ConfigProto(device_count={"GPU": 0}, allow_soft_placement=True, device_filters=['a"\n'])
    c.gpu_options.per_process_gpu_memory_fraction = 0.5
    c.graph_options.optimizer_options.global_jit_level = OptimizerOptions.ON_1
    assert str(c) == """device_count {
  key: "GPU"
  value: 0
}
device_filters: "a\\"\\n"
gpu_options {
  per_process_gpu_memory_fraction: 0.5
}
allow_soft_placement: true
graph_options {
  optimizer_options {
    global_jit_level: ON_1
  }
}
"""
    assert str(AttrValue(f=0.1)) == "f: 0.1\n" and str(AttrValue(f=2)) == "f: 2.0\n"
    assert str(AttrValue(s=b"\x00a")) == 's: "\\000a"\n' and repr(ConfigProto()) == ""
    assert str(AttrValue(type=1)) == "type: DT_FLOAT\n"
    assert str(TensorShapeProto(unknown_rank=True)) == "unknown_rank: true\n"


def test_enums():
    assert RewriterConfig.Toggle.Value("OFF") == RewriterConfig.OFF == 2
    assert RewriterConfig.Toggle.Name(1) == "ON"
    assert ("FULL_TRACE", 3) in RunOptions.TraceLevel.items()
    with pytest.raises(ValueError):
        RewriterConfig.Toggle.Value("NOPE")


def test_every_class_reads_its_fields():
    for name in config.__all__:
        message = getattr(config, name)()
        for field in message.DESCRIPTOR.fields:
            getattr(message, field.name)
        assert message == type(message)()


def test_text_is_read_back():
    c = ConfigProto(device_count={"GPU": 0, "CPU": 2}, device_filters=['a"\n', "é", "\t\x01"],
                    session_inter_op_thread_pool=[{"num_threads": 3}, {"global_name": "x"}])
    c.gpu_options.per_process_gpu_memory_fraction = 1e-7
    c.graph_options.optimizer_options.global_jit_level = OptimizerOptions.OFF
    assert from_text(str(c), ConfigProto()) == c
    n = NodeDef(name="n", input=["a", "b"])
    n.attr["s"].s = b"\x00\xff'"
    n.attr["l"].list.i.extend([1, -2])
    assert from_text(str(n), NodeDef()) == n
    g = from_text("node { name: 'x' op: \"Const\" # a remark\n"
                  "attr { key: 'T' value { type: 1 } } } versions < producer: 27 > node { input: ['a', 'b'] }", GraphDef())
    assert g.node[0].attr["T"].type == 1 and g.versions.producer == 27
    assert list(g.node[1].input) == ["a", "b"]
    for wrong in ("nope: 1", "node {", "node { name: x }", "%"):
        with pytest.raises(ValueError):
            from_text(wrong, GraphDef())
