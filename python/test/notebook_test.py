"""What a notebook shows, and what running a cell again does."""
import shutil

import pytest
import weft as tf
from weft.python.framework import graph_svg

CELL = """
with tf.name_scope("layer"):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.Variable(tf.zeros([3, 2]), name="w")
    y = tf.matmul(x, w, name="y")
"""


def run_cell(cell=CELL):
    exec(cell, {"tf": tf})


def test_the_graph_as_dot():
    run_cell()
    text = graph_svg.dot(tf.get_default_graph())
    assert text.startswith("digraph {") and text.count("{") == text.count("}")
    assert 'subgraph "cluster_layer"' in text and '"layer/x" -> "layer/y" [label="(?, 3)"' in text


def test_large_graphs_are_folded():
    for scope in range(30):
        with tf.name_scope("block"):
            for _ in range(20):
                tf.constant(1.0)
    text = graph_svg.dot(tf.get_default_graph(), most=40)
    assert '"block_7" [label="block_7\\n20 operations"' in text and "block_7/Const" not in text


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
def test_the_graph_as_a_picture(monkeypatch):
    monkeypatch.delenv("LD_PRELOAD", raising=False)     # a sanitizer's runtime is not for Graphviz
    run_cell()
    picture = tf.get_default_graph()._repr_svg_()
    assert picture.startswith("<svg") and "MatMul" in picture
    assert tf.get_default_graph()._repr_html_() == picture


def test_without_graphviz_there_is_a_table(monkeypatch):
    run_cell()
    monkeypatch.setenv("PATH", "")
    assert tf.get_default_graph()._repr_svg_() is None
    assert "<td>MatMul</td><td>1</td>" in tf.get_default_graph()._repr_html_()


def test_objects_say_what_they_are():
    run_cell()
    graph = tf.get_default_graph()
    assert repr(graph).startswith("<tf.Graph with 6 operations at 0x")
    session = tf.Session()
    assert "Session on <tf.Graph with 6 operations" in repr(session)
    session.close()
    assert repr(session).endswith(", closed>")
    assert repr(tf.global_variables()[0]) == \
        "<tf.Variable 'layer/w:0' shape=(3, 2) dtype=float32_ref>"


@pytest.mark.fact("A1", "C23", "C26")
def test_a_cell_run_twice():
    run_cell(), run_cell()
    names = [v.op.name for v in tf.global_variables()]
    assert names == ["layer/w", "layer_1/w"]
    cell = "v = tf.get_variable('v', [2])"
    run_cell(cell)
    with pytest.raises(ValueError, match="Variable v already exists, disallowed."):
        run_cell(cell)
    run_cell("tf.reset_default_graph()\n" + cell)
    assert [v.op.name for v in tf.global_variables()] == ["v"]
