"""Graphs that other people's TensorFlow wrote (../shared/models): read, run, written again."""
import csv
import os

import numpy as np
import pytest
import weft as tf

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "shared",
                      "models")
pytestmark = pytest.mark.skipif(not os.path.isdir(FOLDER), reason="../shared/models is not here")


# Read by a program that parses Examples, never imported: what it holds has not the ranks it should.
ODD = "tensorflow_r1.12_testdata/core/example/testdata/parse_example_graph_def.pbtxt.bin"


def models():
    """The rows of MODELS.tsv that are GraphDefs."""
    if not os.path.isdir(FOLDER):
        return []
    csv.field_size_limit(1 << 24)
    with open(os.path.join(FOLDER, "MODELS.tsv"), newline="") as f:
        return [row for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
                if row["kind"] == "GraphDef"]


def read(row):
    with open(os.path.join(FOLDER, row["path"]), "rb") as f:
        return tf.GraphDef.FromString(f.read())


@pytest.mark.parametrize("row", models(), ids=lambda row: row["path"])
def test_there_and_back(row):
    message = read(row)
    assert len(message.node) == int(row["nodes"])
    assert tf.GraphDef.FromString(message.SerializeToString()) == message
    if any(node.op == "SomeUnknownOp" for node in message.node):
        with pytest.raises(tf.errors.NotFoundError, match="Op type not registered 'SomeUnknownOp'"):
            tf.import_graph_def(message, name="")
        return
    if row["path"] == ODD:
        with pytest.raises(ValueError, match="Shape must be rank 1 but is rank 0"):
            tf.import_graph_def(message, name="")
        return
    names = {node.name for node in message.node}
    if not names.issuperset(x.lstrip("^").split(":")[0] for node in message.node
                            for x in node.input):
        with pytest.raises(ValueError, match="Unknown input node"):
            tf.import_graph_def(message, name="")
        return
    tf.import_graph_def(message, name="")
    graph = tf.get_default_graph()
    once = graph.as_graph_def()
    before = {node.name: node for node in message.node}
    assert {node.name for node in once.node} == before.keys()
    for node in once.node:
        old = before[node.name]
        assert node.op == old.op and len(node.input) == len(old.input)
        for key in old.attr:
            assert key == "_output_shapes" or key in node.attr
    with tf.Graph().as_default() as again:
        tf.import_graph_def(once, name="")
        assert again.as_graph_def() == once


@pytest.mark.parametrize("row", [row for row in models() if row["golden"]],
                         ids=lambda row: row["path"])
def test_recorded_outputs(row):
    message = read(row)
    unseeded = any(node.op.startswith("Random") and not node.attr["seed"].i
                   for node in message.node)
    with np.load(os.path.join(FOLDER, row["golden"]), allow_pickle=True) as recorded:
        values = {name.replace("|", "/"): recorded[name] for name in recorded.files}
    feeds = {_tensor(name[3:]): value for name, value in values.items() if name[:3] == "in/"}
    wanted = {_tensor(name[4:]): value for name, value in values.items() if name[:4] == "out/"}
    tf.import_graph_def(message, name="")
    with tf.Session() as s:
        got = s.run(list(wanted), feeds)
    for name, value, expected in zip(wanted, got, wanted.values()):
        if unseeded:                            # its values are new in each run
            assert (value.dtype, value.shape) == (expected.dtype, expected.shape), name
        elif expected.dtype.kind == "f":
            np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5, err_msg=name)
        else:
            np.testing.assert_array_equal(value, expected, err_msg=name)


def _tensor(name):
    return name if ":" in name else name + ":0"
