"""Messages are protocol buffers, under TensorFlow's names."""
import copy
import importlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
import weft as tf
from google.protobuf import text_format
from weft import _api
from weft.python.framework import messages
from weft.python.framework.messages import (
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
    with pytest.raises(ValueError, match="nope"):
        ConfigProto(nope=1)
    c = ConfigProto()
    with pytest.raises(AttributeError):
        c.nope = 1
    with pytest.raises(AttributeError, match="nope"):
        c.nope
    with pytest.raises(AttributeError, match="gpu_options"):
        c.gpu_options = GPUOptions()
    with pytest.raises(AttributeError, match="device_filters"):
        c.device_filters = []
    for wrong in "4", 1.5:
        with pytest.raises(TypeError):
            c.intra_op_parallelism_threads = wrong
    with pytest.raises(ValueError, match="Value out of range: 4294967296"):
        c.intra_op_parallelism_threads = 1 << 32
    with pytest.raises(TypeError):
        NodeDef().attr["x"].s = "text"
    with pytest.raises(TypeError):
        c.CopyFrom(GPUOptions())


def test_numpy_numbers_are_numbers():
    c = ConfigProto(intra_op_parallelism_threads=np.int64(2))
    c.gpu_options.per_process_gpu_memory_fraction = np.float32(0.5)
    assert c.intra_op_parallelism_threads == 2


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
    for wrong in "device_filters", "nope":
        with pytest.raises(ValueError):
            c.HasField(wrong)
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
    parts = [a, AttrValue.ListValue(i=[1]), GraphDef(node=[NodeDef(name="n")]).node[0]]
    for message in parts:
        for same in copy.deepcopy(message), copy.copy(message), pickle.loads(pickle.dumps(message)):
            assert same == message and type(same) is type(message)
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
    assert str(AttrValue(f=0.5)) == "f: 0.5\n" and str(AttrValue(f=2)) == "f: 2.0\n"
    assert str(AttrValue(s=b"\x00a")) == 's: "\\000a"\n' and repr(ConfigProto()) == ""
    assert str(AttrValue(type=1)) == "type: DT_FLOAT\n"
    assert str(TensorShapeProto(unknown_rank=True)) == "unknown_rank: true\n"


def test_enums():
    assert RewriterConfig.Toggle.Value("OFF") == RewriterConfig.OFF == 2
    assert RewriterConfig.Toggle.Name(1) == "ON"
    assert ("FULL_TRACE", 3) in RunOptions.TraceLevel.items()
    with pytest.raises(ValueError):
        RewriterConfig.Toggle.Value("NOPE")


def test_every_message_and_enum_is_in_its_module():
    modules = [space for space in _api.API if space.endswith("_pb2")]
    assert len(modules) > 30
    for space in modules:
        module = importlib.import_module("weft." + space)
        for name in _api.API[space]["python.framework.messages"].split():
            assert getattr(module, name) is getattr(messages, name)
    there = {name for space in modules
             for name in _api.API[space]["python.framework.messages"].split()}
    assert {cls.partition(".")[2] for cls in messages._classes
            if cls.startswith("tensorflow.") and cls.count(".") == 1} - there == {
                "AllocationDescription"}


def test_numbers_of_types():
    from weft.core.framework import types_pb2
    for dtype in (tf.float32, tf.string, tf.uint64):
        assert types_pb2.DataType.Name(dtype.as_datatype_enum) == "DT_" + dtype.name.upper() \
            .replace("FLOAT32", "FLOAT")
        assert dtype._ref_dtype.as_datatype_enum == dtype.as_datatype_enum + 100
    assert types_pb2.DT_HALF == 19 and types_pb2.DT_HALF_REF == 119
    assert tf.as_dtype(types_pb2.DT_BOOL) is tf.bool


def test_a_message_within_a_message():
    meta = tf.MetaGraphDef()
    meta.graph_def.node.add(name="n")
    assert type(meta.graph_def) is GraphDef and type(meta.graph_def.node[0]) is NodeDef
    meta.meta_info_def.any_info.Pack(meta.graph_def)
    found = GraphDef()
    assert meta.meta_info_def.any_info.Unpack(found) and found == meta.graph_def
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=3)])
    assert tf.TensorShape(shape) == [3] and tf.TensorShape([None, 2]).as_proto().dim[0].size == -1
    again = tf.MetaGraphDef.FromString(meta.SerializeToString())
    assert again == meta and len(meta.SerializeToString()) == meta.ByteSize()


def test_devices_of_the_process():
    from weft.python.client import device_lib
    cpu, = device_lib.list_local_devices()
    assert isinstance(cpu, messages.DeviceAttributes) and cpu.memory_limit > 0
    assert (cpu.name, cpu.device_type) == ("/device:CPU:0", "CPU")


def test_examples():
    record = tf.train.Example(features=tf.train.Features(feature={
        "a": tf.train.Feature(int64_list=tf.train.Int64List(value=[1, -2])),
        "b": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"x"]))}))
    same = tf.train.Example.FromString(record.SerializeToString())
    assert same.features.feature["a"].int64_list.value == [1, -2]
    assert same.features.feature["b"].WhichOneof("kind") == "bytes_list"


def test_protobuf_is_not_loaded_before_a_message_is_wanted():
    code = """if True:
        import sys
        import weft as tf
        x = tf.placeholder(tf.float32)
        v = tf.Variable([1.0])
        step = tf.train.AdamOptimizer().minimize(tf.square(v * x))
        with tf.Session() as s:
            s.run(tf.global_variables_initializer())
            s.run(step, {x: 2.0})
        tf.InteractiveSession().close()
        tf.train.ClusterSpec({"local": ["localhost:1"]})
        assert "google.protobuf" not in sys.modules
        assert tf.GraphDef is tf.GraphDef and "google.protobuf" in sys.modules"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_text_is_read_back():
    c = ConfigProto(device_count={"GPU": 0, "CPU": 2}, device_filters=['a"\n', "é", "\t\x01"],
                    session_inter_op_thread_pool=[{"num_threads": 3}, {"global_name": "x"}])
    c.gpu_options.per_process_gpu_memory_fraction = 1e-7
    c.graph_options.optimizer_options.global_jit_level = OptimizerOptions.OFF
    assert text_format.Parse(str(c), ConfigProto()) == c
    n = NodeDef(name="n", input=["a", "b"])
    n.attr["s"].s = b"\x00\xff'"
    n.attr["l"].list.i.extend([1, -2])
    assert text_format.Parse(str(n), NodeDef()) == n
    g = text_format.Parse(
        "node { name: 'x' op: \"Const\" # a remark\n"
        "attr { key: 'T' value { type: 1 } } } versions < producer: 27 > "
        "node { input: ['a', 'b'] }", GraphDef())
    assert g.node[0].attr["T"].type == 1 and g.versions.producer == 27
    assert list(g.node[1].input) == ["a", "b"]
    for wrong in ("nope: 1", "node {", "node { name: x }", "%"):
        with pytest.raises(text_format.ParseError):
            text_format.Parse(wrong, GraphDef())


def test_op_def():
    product = tf.matmul([[1.0]], [[2.0]]).op.op_def
    assert type(product) is messages.OpDef and product.name == "MatMul" and not product.is_stateful
    assert [a.name for a in product.input_arg] == ["a", "b"]
    assert product.input_arg[0].type_attr == "T" and product.output_arg[0].name == "product"
    attrs = {attr.name: attr for attr in product.attr}
    assert attrs["transpose_a"].type == "bool" and attrs["transpose_a"].default_value.b is False
    assert messages.DT_FLOAT in attrs["T"].allowed_values.list.type
    x = tf.placeholder(tf.float32)
    total = tf.add_n([x, x]).op.op_def
    assert total.is_aggregate and total.input_arg[0].number_attr == "N"
    assert tf.Variable(1.0).op.op_def.is_stateful
