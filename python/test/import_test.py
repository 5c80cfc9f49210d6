"""tf.import_graph_def and its way back, Graph.as_graph_def."""
import numpy as np
import pytest
import weft as tf
from google.protobuf import text_format

fact = pytest.mark.fact


def graph_def(text):
    return text_format.Parse(text, tf.GraphDef())


def nodes(*lines):
    """A GraphDef: "name Op input..." each, of floats."""
    g = tf.GraphDef()
    g.versions.producer = 27
    for line in lines:
        name, op, *inputs = line.split()
        node = g.node.add(name=name, op=op, input=inputs)
        if op == "Placeholder":
            node.attr["dtype"].type = 1
        elif op == "Const":
            node.attr["dtype"].type = 1
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(2.0))
        elif op not in ("NoOp", "Nope"):
            node.attr["T"].type = 1
    return g


AB = ("A Const", "B Square A")


@fact("G26")
def test_prefix_and_what_is_returned():
    assert tf.import_graph_def(nodes(*AB)) is None
    b, op = tf.import_graph_def(nodes(*AB), return_elements=["B:0", "A"])
    assert b.name == "import_1/B:0" and op is tf.get_default_graph().get_operation_by_name(
        "import_1/A")
    c, = tf.import_graph_def(nodes(*AB), return_elements=[b"B:0"], name="")
    assert c.name == "B:0" and tf.Session().run(c) == 4
    with tf.name_scope("outer"):
        d, = tf.import_graph_def(nodes(*AB), return_elements=["B"], name="inner")
    assert d.name == "outer/inner/B" and d.inputs[0].name == "outer/inner/A:0"
    assert tf.import_graph_def(nodes(*AB), return_elements=[]) == []
    assert tf.constant(1.0, name="A").name == "A_1:0" and tf.constant(1.0, name="import").name \
        == "import_3:0"


@fact("G27")
def test_names_that_are_taken():
    tf.import_graph_def(nodes(*AB), name="")
    before = len(tf.get_default_graph().get_operations())
    with pytest.raises(ValueError, match="Node name 'A' already exists in the Graph"):
        tf.import_graph_def(nodes(*AB), name="")
    with pytest.raises(ValueError, match="Node 'A' is not unique"):
        tf.import_graph_def(nodes("A Const", "A Const"))
    assert len(tf.get_default_graph().get_operations()) == before


@fact("G28")
def test_input_map():
    x = tf.constant(3.0, name="x")
    first = tf.no_op(name="first")
    for key in ("A:0", "A", b"A"):
        b, = tf.import_graph_def(nodes(*AB), {key: x}, ["B:0"])
        assert b.op.inputs[0] is x and tf.Session().run(b) == 9
    b, = tf.import_graph_def(nodes("A NoOp", "B Const ^A"), {"^A": x}, ["B"])
    assert b.control_inputs == [x.op]
    b, = tf.import_graph_def(nodes("A NoOp", "B Const ^A"), {"^A": first}, ["B"])
    assert b.control_inputs == [first]
    b, = tf.import_graph_def(nodes(*AB), {"A": 5.0}, ["B:0"], name="n")
    assert b.op.inputs[0].name.startswith("n/_inputs/") and tf.Session().run(b) == 25
    found, = tf.import_graph_def(nodes(*AB), {"A:0": x}, ["A:0"])
    assert found is x
    with pytest.raises(ValueError, match=r"map inputs that were not found in graph_def: \[C:0\]"):
        tf.import_graph_def(nodes(*AB), {"C:0": x})
    for wrong in ([x], {1: x}, "A"):
        with pytest.raises(TypeError, match="input_map must be a dictionary mapping strings to "
                                            "Tensor objects."):
            tf.import_graph_def(nodes(*AB), wrong)
    with pytest.raises(ValueError, match="requires a non-empty `name` if `input_map` contains "
                                         "non-Tensor values"):
        tf.import_graph_def(nodes(*AB), {"A": 5.0}, name="")


@fact("G29")
def test_return_elements_that_are_not_there():
    for name, words in (("C", "Requested return node 'C' not found in graph def"),
                        ("C:0", "Requested return tensor 'C:0' not found in graph def"),
                        ("A:1", r"Invalid return output 1 of node 'A', which has 1 output\(s\)"),
                        ("A:B:0", "Cannot convert 'A:B:0' to a tensor name."),
                        ("A:", "Cannot convert 'A:' to a tensor name.")):
        with pytest.raises(ValueError, match=words):
            tf.import_graph_def(nodes(*AB), return_elements=[name])
    for wrong in ([1], [None]):
        with pytest.raises(TypeError, match="return_elements must be a list of strings."):
            tf.import_graph_def(nodes(*AB), return_elements=wrong)


@fact("G30")
def test_broken_inputs():
    whole = nodes("A Const", "B Square A")
    whole.node[0].attr["dtype"].type = 3
    whole.node[0].attr["value"].tensor.CopyFrom(tf.make_tensor_proto(2))
    for message, words in (
            (nodes("B Square A:0"), "Node 'B': Unknown input node 'A:0'"),
            (nodes("A Const", "B Square A:1"),
             "Connecting to invalid output 1 of source node A which has 1 outputs"),
            (nodes("A Const", "B Square"), "NodeDef expected inputs '.*' do not match"),
            (nodes("A Const", "B Square A A"), "do not match"),
            (whole, "Input 0 of node import.*/B was passed int32 from import.*/A:0 incompatible "
                    "with expected float.")):
        with pytest.raises(ValueError, match=words):
            tf.import_graph_def(message)


@fact("G31", "E59")
def test_what_is_no_graph_and_ops_that_are_not_there():
    for wrong in ("A", None, tf.NodeDef(), tf.GraphDef, tf.get_default_graph()):
        with pytest.raises(TypeError, match="graph_def must be a GraphDef proto."):
            tf.import_graph_def(wrong)
    with pytest.raises(tf.errors.NotFoundError, match="Op type not registered 'Nope' in binary "
                                                      "running on"):
        tf.import_graph_def(nodes("A Nope"))
    product, = tf.import_graph_def(nodes("A Placeholder", "B Placeholder", "C MatMul A B"),
                                   return_elements=["C"])
    assert product.get_attr("transpose_a") is False
    strange = nodes("A Const", "B Square A")
    strange.node[1].attr["unheard_of"].i = 3
    with pytest.raises(ValueError, match="unheard_of"):
        tf.import_graph_def(strange)
    late = nodes(*AB)
    late.versions.producer = -1
    with pytest.raises(ValueError, match="GraphDef producer version -1 below min producer 0"):
        tf.import_graph_def(late)
    late.versions.producer, late.versions.min_consumer = 27, 1 << 30
    with pytest.raises(ValueError, match="min consumer version .* above current"):
        tf.import_graph_def(late)


@fact("G31")
def test_the_writers_ops():
    newer = nodes("A Const", "B Square A")
    newer.node[1].attr["newer"].b = True
    ops = text_format.Parse(
        """op { name: "Square" input_arg { name: "x" type_attr: "T" }
             output_arg { name: "y" type_attr: "T" } attr { name: "T" type: "type" }
             attr { name: "newer" type: "bool" default_value { b: true } } }
           op { name: "Const" output_arg { name: "output" type_attr: "dtype" }
             attr { name: "value" type: "tensor" } attr { name: "dtype" type: "type" } }""",
        tf.core.framework.op_def_pb2.OpList())
    b, = tf.import_graph_def(newer, return_elements=["B:0"], producer_op_list=ops)
    assert tf.Session().run(b) == 4
    newer.node[1].attr["newer"].b = False
    with pytest.raises(ValueError, match="newer"):
        tf.import_graph_def(newer, producer_op_list=ops)
    with pytest.raises(TypeError, match="OpList"):
        tf.import_graph_def(newer, producer_op_list=[ops])


@fact("G32")
def test_scopes_hold_for_what_is_imported():
    first = tf.no_op(name="first")
    placed = nodes("A Const", "B Square A", "C Square A")
    placed.node[1].device = "/job:worker"
    with tf.device("/device:CPU:1"), tf.control_dependencies([first]):
        a, b, c = tf.import_graph_def(placed, return_elements=["A", "B", "C"])
    assert a.device == c.device == "/device:CPU:1" and b.device == "/job:worker/device:CPU:1"
    assert a.control_inputs == [first] and b.control_inputs == []
    seen = []
    with tf.device(lambda op: seen.append((op.type, op.name)) or "/device:CPU:2"):
        d, = tf.import_graph_def(placed, return_elements=["A"], name="d")
    assert d.device == "/device:CPU:2" and ("Square", "d/B") in seen
    together = nodes("A Const", "B Square A")
    together.node[1].attr["_class"].list.s.append(b"loc:@A")
    b, = tf.import_graph_def(together, return_elements=["B"], name="e")
    assert b.get_attr("_class") == [b"loc:@e/A"] and b.colocation_groups() == [b"loc:@e/A"]
    together.node[1].attr["_class"].list.s[0] = b"loc:@Z"
    with pytest.raises(ValueError, match="Node 'B' expects to be colocated with unknown node 'Z'"):
        tf.import_graph_def(together)
    with tf.Graph().as_default():
        tf.Variable(1.0)
        variables = tf.get_default_graph().as_graph_def()
    tf.import_graph_def(variables, name="f")
    assert tf.global_variables() == []
    tf.get_default_graph().finalize()
    with pytest.raises(RuntimeError, match="Graph is finalized and cannot be modified."):
        tf.import_graph_def(placed)


@fact("G33")
def test_any_order():
    b, = tf.import_graph_def(nodes("B Square A", "C Square B", "A Const"), return_elements=["C:0"])
    assert tf.Session().run(b) == 16


@fact("G34", "B79")
def test_a_session_sees_what_is_imported_later():
    with tf.Session() as s:
        x = tf.constant(3.0)
        assert s.run(x) == 3
        b, = tf.import_graph_def(nodes(*AB), {"A": x}, ["B:0"])
        assert s.run(b) == 9 and s.run(x) == 3


@fact("G34")
def test_write_graph(tmp_path):
    tf.import_graph_def(nodes(*AB), name="")
    graph = tf.get_default_graph()
    folder = tmp_path / "new" / "folder"
    assert tf.train.write_graph(graph, str(folder), "g.pbtxt") == str(folder / "g.pbtxt")
    assert graph_def((folder / "g.pbtxt").read_text()) == graph.as_graph_def()
    tf.io.write_graph(graph.as_graph_def(), str(folder), "g.pb", as_text=False)
    assert tf.GraphDef.FromString((folder / "g.pb").read_bytes()) == graph.as_graph_def()
    assert sorted(p.name for p in folder.iterdir()) == ["g.pb", "g.pbtxt"]


@fact("A47")
def test_there_and_back():
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    with tf.control_dependencies([tf.no_op()]):
        v = tf.Variable(tf.ones([3, 2]), name="v")
    y = tf.nn.relu(tf.matmul(x, v), name="y")
    tf.train.AdamOptimizer().minimize(tf.reduce_sum(y))
    tf.split(y, 2, axis=1)[1] + tf.constant(["a"], name="text").op.get_attr("dtype").size
    message = tf.get_default_graph().as_graph_def()
    assert message.node[0] == x.op.node_def and not message.HasField("library")
    assert tf.get_default_graph().graph_def_versions == message.versions
    with tf.Graph().as_default() as g:
        tf.import_graph_def(message, name="")
        assert g.as_graph_def() == message
        shaped = g.as_graph_def(add_shapes=True)
        assert shaped != message
        assert g.get_tensor_by_name("y:0").shape.as_list() == [None, 2]
        with tf.Session() as s:
            s.run([g.get_operation_by_name(n) for n in ("v/Assign",)])
            assert np.array_equal(s.run("y:0", {"x:0": np.ones([1, 3])}), [[3, 3]])
    with tf.Graph().as_default() as g:
        tf.import_graph_def(shaped, name="")
        assert g.as_graph_def() == message


def test_real_tensorflows_message_is_taken():
    """A GraphDef of another pool: TensorFlow's own, or TensorBoard's."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    pool = descriptor_pool.DescriptorPool()
    file = descriptor_pb2.FileDescriptorProto(name="other", package="tensorflow")
    file.message_type.add(name="GraphDef")
    pool.Add(file)
    get = getattr(message_factory, "GetMessageClass", None) or \
        message_factory.MessageFactory(pool).GetPrototype
    other = get(pool.FindMessageTypeByName("tensorflow.GraphDef"))
    message = other.FromString(nodes(*AB).SerializeToString())
    assert tf.import_graph_def(message, return_elements=["B"])[0].type == "Square"
