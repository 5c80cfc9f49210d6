"""group, tuple, dependencies, assertions, and what is printed."""
import pytest
import weft as tf
from run import run
from weft.python.framework import smart_cond
from weft.python.ops import control_flow_ops


@pytest.fixture
def graph():
    return tf.get_default_graph()


@pytest.mark.fact("E5")
def test_group(graph):
    a, b = tf.constant(1, name="a"), tf.constant(2, name="b")
    g = tf.group(a, [b])
    assert g.type == "NoOp" and g.name == "group_deps"
    assert {op.name for op in g.control_inputs} == {"a", "b"}
    assert tf.group().type == "NoOp" and not tf.group().control_inputs
    assert tf.group(a, name="both").name == "both"
    with pytest.raises(TypeError, match="Expected tf.group\\(\\) expected Tensor arguments not"):
        tf.group(a, 3)
    with tf.device("/cpu:1"):
        c = tf.constant(3, name="c")
    by_device = tf.group(a, c).control_inputs
    assert [op.type for op in by_device] == ["NoOp", "NoOp"]


@pytest.mark.fact("E5")
def test_tuple():
    a, b = tf.constant(1, name="a"), tf.constant(2, name="b")
    x, none, y = tf.tuple([a, None, b], control_inputs=[tf.no_op(name="before")])
    assert none is None and run([x, y]) == [1, 2] and x.op.type == "Identity"
    gate, = x.op.control_inputs
    assert {op.name for op in gate.control_inputs} == {"a", "b", "before"}
    with pytest.raises(ValueError, match="Must have at least one Tensor"):
        tf.tuple([None, None])
    s = tf.IndexedSlices(tf.constant([1.]), tf.constant([0]))
    assert isinstance(tf.tuple([s])[0], tf.IndexedSlices)


def test_with_dependencies():
    x = tf.constant(1., name="x")
    y = control_flow_ops.with_dependencies([tf.no_op(name="n")], x)
    assert y.op.name == "control_dependency" and y.op.type == "Identity"
    assert [op.name for op in y.op.control_inputs] == ["n"]


@pytest.mark.fact("E36")
def test_assert_shows_its_data_only_when_it_fails():
    p = tf.placeholder(tf.bool)
    checked = tf.Assert(p, [tf.constant([1, 2, 3, 4]), "text"])
    assert run(checked, {p: True}) is None
    with pytest.raises(tf.errors.InvalidArgumentError,
                       match=r"assertion failed: \[1 2 3\.\.\.\] \[text\]"):
        run(checked, {p: False})
    with tf.control_dependencies([tf.Assert(p, [[1., 2.]], summarize=1)]):
        y = tf.constant(1) + 1
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[1\.\.\.\]"):
        run(y, {p: False})


def test_smart_cond():
    called = []

    def branch(value):
        return lambda: called.append(value) or tf.constant(value)

    assert run(smart_cond.smart_cond(True, branch(1), branch(2))) == 1
    assert run(smart_cond.smart_cond(tf.constant(False), branch(1), branch(2))) == 2
    assert called == [1, 2]
    p = tf.placeholder(tf.bool, [])
    y = smart_cond.smart_cond(p, lambda: (tf.constant([1., 2.]), tf.constant(3)),
                              lambda: (tf.constant([5., 6.]), tf.constant(7)))
    assert run(y, {p: True})[0].tolist() == [1, 2] and run(y, {p: False})[1] == 7
    with pytest.raises(TypeError, match="`true_fn` must be callable"):
        smart_cond.smart_cond(True, 1, branch(2))
    with pytest.raises(TypeError, match="`pred` must be a Tensor, or a Python bool"):
        smart_cond.smart_cond("yes", branch(1), branch(2))
    assert smart_cond.smart_case([(False, branch(3)), (True, branch(4))]).op.type == "Const"
    assert called[2:] == [4]


@pytest.mark.fact("E37")
def test_print_is_written_when_it_runs(capfd):
    x = tf.placeholder(tf.float32, [2])
    y = tf.Print(x, [x, x * 2], "values: ", summarize=1)
    assert run(y, {x: [1, 2]}).tolist() == [1, 2]
    assert "values: [1...][2...]" in capfd.readouterr().err


def test_print_v2(capfd):
    x = tf.constant([[1, 2], [3, 4]])
    run(tf.print("x:", x, {"a": x[0]}, sep=" | "))
    assert "x: | [[1 2]\n [3 4]] | {'a': [1 2]}\n" in capfd.readouterr().err
    import sys
    run(tf.print(tf.constant("text"), output_stream=sys.stdout, end="!"))
    assert "text!" in capfd.readouterr().out
    with pytest.raises(ValueError, match="Unsupported output stream"):
        tf.print("x", output_stream=3)


def test_tables_initializer(graph):
    nothing = tf.tables_initializer()
    assert nothing.type == "NoOp" and nothing.name == "init_all_tables"
    tf.add_to_collection(tf.GraphKeys.TABLE_INITIALIZERS, tf.no_op(name="fill"))
    op = tf.initialize_all_tables(name="all")
    assert op.name == "all" and [o.name for o in op.control_inputs] == ["fill"]
    run([tf.global_variables_initializer(), op])
