"""Names and name scopes (A.1, A.2)."""
import threading

import pytest
import weft as tf

fact = pytest.mark.fact


def name(wanted=None):
    return (tf.constant(1.0) if wanted is None else tf.constant(1.0, name=wanted)).op.name


@fact("A1")
def test_first_use_is_plain_then_numbered():
    assert [name(), name(), name("x"), name("x")] == ["Const", "Const_1", "x", "x_1"]
    with tf.name_scope("s"):
        assert [name(), name("x")] == ["s/Const", "s/x"]


@fact("A2")
def test_case_does_not_distinguish_but_stays():
    assert [name("foo"), name("Foo")] == ["foo", "Foo_1"]
    with tf.name_scope("bar"):
        pass
    with tf.name_scope("Bar") as scope:
        assert scope == "Bar_1/"


@fact("A3", "A4")
def test_taken_names_are_skipped_and_generated_ones_are_taken():
    assert name("foo_2") == "foo_2"
    assert [name("foo") for _ in range(3)] == ["foo", "foo_1", "foo_3"]
    assert [name("foo_1"), name("foo_1")] == ["foo_1_1", "foo_1_2"]


@fact("A5")
def test_unique_name_may_only_look():
    g = tf.get_default_graph()
    assert g.unique_name("n", mark_as_used=False) == "n"
    assert [g.unique_name("n"), g.unique_name("n")] == ["n", "n_1"]
    with g.name_scope("s"):
        assert g.unique_name("n") == "s/n"


@fact("A6")
def test_ops_and_scopes_share_names():
    with tf.name_scope("bar"):
        pass
    assert name("bar") == "bar_1"
    with tf.name_scope("bar") as scope:
        assert scope == "bar_2/"
    assert name("q") == "q"
    with tf.name_scope("q") as scope:
        assert scope == "q_1/"


@fact("A7", "A8")
def test_trailing_slash_is_exactly_that_name():
    with tf.name_scope("s") as scope:
        with tf.name_scope("t"):
            assert name(scope) == "s"
        with pytest.raises(ValueError, match="Duplicate node name in graph: 's'"):
            name(scope)


@fact("A9")
@pytest.mark.parametrize("wrong", ["", "_x", "-x", "/x", "x:0", "a b", "x?"])
def test_illegal_names(wrong):
    if wrong == "":
        assert tf.add(1.0, 2.0, name=None).op.name == "Add"
        with pytest.raises(ValueError):
            tf.get_default_graph()._push_name("?")
        return
    with pytest.raises(ValueError, match="is not a valid"):
        name(wrong)


@fact("A9")
@pytest.mark.parametrize("right", ["x", "9x", ".x", "a.b-c_d/e"])
def test_legal_names(right):
    assert name(right) == right


@fact("A10", "A11")
def test_names_are_text_and_tensors_say_their_index():
    t = tf.constant(1.0, name="x")
    assert t.name == "x:0" and isinstance(t.name, str) and isinstance(t.op.name, str)
    assert tf.get_default_graph().get_tensor_by_name(b"x:0") is t
    parts = tf.split(tf.zeros([4]), 2, name="two")
    assert [p.name for p in parts] == ["two:0", "two:1"]
    assert tf.constant(2.0, name=b"y").name == "y:0" and tf.add(t, t, name=b"z").name == "z:0"
    for no_name in (3, ["a"], t):
        with pytest.raises(TypeError, match="Names are strings"):
            tf.constant(1.0, name=no_name)
        with pytest.raises(TypeError, match="Names are strings"):
            tf.add(t, 1.0, name=no_name)
    with pytest.raises(ValueError, match="is not a valid node name"):
        tf.add(t, t, name="a\0b")


@fact("A12")
def test_failed_op_takes_name_and_id():
    g = tf.get_default_graph()
    a, b = tf.zeros([2, 3]), tf.zeros([4, 5])
    version, ids = g.version, g._last_id
    with pytest.raises(ValueError):
        tf.add(a, b, name="x")
    assert g.version == version and g._last_id == ids + 1
    c = tf.add(a, a, name="x")
    assert c.op.name == "x_1" and g.version == ids + 2
    assert tf.Session().run(c).shape == (2, 3)


@fact("A14", "A15")
def test_scope_names():
    with tf.name_scope("nested") as outer:
        assert outer == "nested/"
        with tf.name_scope("inner") as inner:
            assert inner == "nested/inner/"
            for root in (None, ""):
                with tf.name_scope(root) as scope:
                    assert scope == "" and name("r%s" % (root is None)).startswith("r")


@fact("A16", "A17")
def test_reentering():
    with tf.name_scope("bar") as bar:
        assert [name("X"), name("X")] == ["bar/X", "bar/X_1"]
    with tf.name_scope(bar):
        assert name("X") == "bar/X_2"
    with tf.name_scope("bar") as again:
        assert again == "bar_1/"


@fact("A18")
def test_scope_name_rules():
    for wrong in ("_a", "-a", "/a", "a?"):
        with pytest.raises(ValueError, match="is not a valid scope name"):
            with tf.name_scope(wrong):
                pass
    with tf.name_scope("s"):
        with tf.name_scope("_a") as scope:
            assert scope == "s/_a/"


@fact("A19")
def test_default_name_and_values():
    with tf.name_scope(None, "d", []) as scope:
        assert scope == "d/"
    with tf.name_scope("n", "d") as scope:
        assert scope == "n/"
    with pytest.raises(ValueError, match="At least one of name .None. and default_name .None. "
                                         "must be provided."):
        with tf.name_scope(None, None, [1.0]):
            pass
    with tf.name_scope("s"), tf.name_scope(None) as scope:
        assert scope == ""


@fact("A20")
def test_scope_follows_its_values_graph():
    g = tf.Graph()
    with g.as_default():
        c = tf.constant(1.0)
    assert tf.get_default_graph() is not g
    with tf.name_scope("s", values=[c]):
        assert tf.get_default_graph() is g
        with pytest.raises(AssertionError, match="Do not use tf.reset_default_graph"):
            tf.reset_default_graph()
    with pytest.raises(ValueError, match="must be from the same graph as"):
        with tf.name_scope("s", values=[c, tf.constant(2.0)]):
            pass


@fact("A21")
def test_scopes_are_each_threads_own():
    g, got, step = tf.get_default_graph(), [], threading.Barrier(3)

    def build():
        with g.as_default(), g.name_scope("foo") as scope:
            step.wait()
            got.append((scope, tf.constant(1.0, name="c").op.name))
            step.wait()

    threads = [threading.Thread(target=build) for _ in range(3)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert sorted(s for s, _ in got) == ["foo/", "foo_1/", "foo_2/"]
    assert all(n == s + "c" for s, n in got)


@fact("A22")
def test_current_scope():
    g = tf.get_default_graph()
    assert g.get_name_scope() == ""
    with tf.name_scope("a"), tf.name_scope("b"):
        assert g.get_name_scope() == "a/b"


@fact("A23")
def test_an_exception_restores_the_scope():
    with pytest.raises(KeyError):
        with tf.name_scope("s"):
            raise KeyError
    assert name("x") == "x"


@fact("A12")
def test_scope_of_converted_inputs():
    c = tf.add(tf.placeholder(tf.float32), 3.0)
    assert c.op.inputs[1].op.name == "Add/y"
    d = tf.placeholder(tf.float32) + 3.0
    assert d.op.name == "add_1" and d.op.inputs[1].op.name == "add_1/y"
