"""tf.summary: the ops, their names and tags, and the files that FileWriter writes."""
import pathlib
import re
import socket
import warnings

import numpy as np
import pytest
import records
import weft as tf
from run import run
from weft.python.framework import messages
from weft.python.platform import tf_logging


def summary_of(tensor):
    return tf.Summary.FromString(run(tensor))


def events(folder):
    """All events of a folder, read by the few lines of records.py."""
    return [messages.Event.FromString(record)
            for path in sorted(pathlib.Path(str(folder)).glob("*tfevents*"))
            for record in records.read(path.read_bytes())]


# ---- the ops ----

def test_scalar():
    s = tf.summary.scalar("loss", tf.constant(0.5))
    assert s.name == "loss:0" and s.op.type == "ScalarSummary" and s.dtype == tf.string
    assert s.op.inputs[0].op.name == "loss/tags"
    value, = summary_of(s).value
    assert value.tag == "loss" and value.simple_value == 0.5
    assert tf.get_collection(tf.GraphKeys.SUMMARIES) == [s]


def test_histogram():
    s = tf.summary.histogram("weights", [1., 2., 2., -1.])
    assert s.op.type == "HistogramSummary" and s.op.name == "weights"
    histo = summary_of(s).value[0].histo
    assert (histo.min, histo.max, histo.num, histo.sum, histo.sum_squares) == (-1, 2, 4, 4, 10)
    assert sum(histo.bucket) == 4 and len(histo.bucket) == len(histo.bucket_limit)


def test_image():
    pixels = np.zeros([2, 3, 4, 1], np.uint8)
    s = tf.summary.image("digits", pixels, max_outputs=2)
    first, second = summary_of(s).value
    assert (first.tag, second.tag) == ("digits/image/0", "digits/image/1")
    assert (first.image.height, first.image.width, first.image.colorspace) == (3, 4, 1)
    assert first.image.encoded_image_string[:8] == b"\x89PNG\r\n\x1a\n"
    assert summary_of(tf.summary.image("one", pixels[:1], 1)).value[0].tag == "one/image"


def test_audio():
    s = tf.summary.audio("tone", np.zeros([1, 50, 2], np.float32), 8000, max_outputs=1)
    assert s.op.type == "AudioSummaryV2"
    value, = summary_of(s).value
    assert value.tag == "tone/audio" and value.audio.content_type == "audio/wav"
    assert (value.audio.sample_rate, value.audio.num_channels) == (8000, 2)
    assert value.audio.length_frames == 50
    assert value.audio.encoded_audio_string[:4] == b"RIFF"


def test_text_and_tensors():
    value, = summary_of(tf.summary.text("note", tf.constant(["**a**", "b"]))).value
    assert value.metadata.plugin_data.plugin_name == "text" and value.tag == "note"
    assert tf.make_ndarray(value.tensor).tolist() == [b"**a**", b"b"]
    with pytest.raises(ValueError, match="Expected tensor x:0 to have dtype string, got .*float"):
        tf.summary.text("x", tf.constant(1., name="x"))
    value, = summary_of(tf.summary.tensor_summary(
        "t", [1., 2.], summary_description="two numbers", display_name="T")).value
    assert value.metadata.summary_description == "two numbers"
    assert value.metadata.display_name == "T" and tf.make_ndarray(value.tensor).tolist() == [1, 2]


def test_names_families_and_tags():
    with tf.name_scope("train"):
        one = tf.summary.scalar("loss", 1.)
    two = tf.summary.scalar("loss", 2.)
    again = tf.summary.scalar("loss", 3.)
    family = tf.summary.scalar("loss", 4., family="all")
    with tf.name_scope("train"):
        deep = tf.summary.scalar("loss", 5., family="all")
    tags = [tf.Summary.FromString(s).value[0].tag for s in run([one, two, again, family, deep])]
    assert tags == ["train/loss", "loss", "loss_1", "all/all/loss", "all/train_1/all/loss"]
    assert family.op.name == "all/loss" and deep.op.name == "train_1/all/loss"


def test_names_that_no_scope_can_have(monkeypatch):
    said = []
    monkeypatch.setattr(tf_logging, "info", lambda text, *args: said.append(text % args))
    assert tf.summary.scalar("my loss", 1.).op.name == "my_loss"
    assert said == ["Summary name my loss is illegal; using my_loss instead."]
    assert tf.summary.histogram("w:0", [1.]).op.name == "w_0"


def test_collections_and_merging():
    assert tf.summary.merge_all() is None
    a = tf.summary.scalar("a", 1.)
    b = tf.summary.scalar("b", 2., collections=["mine"])
    c = tf.summary.scalar("c", 3., collections=[])
    merged = tf.summary.merge_all()
    assert merged.name == "Merge/MergeSummary:0" and list(merged.op.inputs) == [a]
    assert list(tf.summary.merge_all("mine").op.inputs) == [b]
    assert tf.summary.merge_all("mine", scope="x") is None
    both = tf.summary.merge([a, c], collections=["merged"], name="both")
    assert both.name == "both/both:0" and tf.get_collection("merged") == [both]
    assert [v.tag for v in summary_of(both).value] == ["a", "c"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="[Dd]uplicate tag"):
        run(tf.summary.merge([a, a]))


def test_description():
    node = messages.NodeDef(op="TensorSummary")
    node.attr["description"].s = b'{"typeHint": "scalar"}'
    assert tf.summary.get_summary_description(node).type_hint == "scalar"
    with pytest.raises(ValueError, match="Can't get_summary_description on Const"):
        tf.summary.get_summary_description(messages.NodeDef(op="Const"))


# ---- the writer ----

def test_a_file_of_events(tmp_path):
    folder = tmp_path / "logs" / "run"
    loss = tf.placeholder(tf.float32, [])
    tf.summary.scalar("loss", loss)
    merged = tf.summary.merge_all()
    with tf.Session() as session, tf.summary.FileWriter(str(folder)) as writer:
        assert writer.get_logdir() == str(folder)
        for step in range(3):
            writer.add_summary(session.run(merged, {loss: step / 2}), step)
    first, *others = events(folder)
    assert first.file_version == "brain.Event:2" and first.wall_time > 1e9
    assert [e.step for e in others] == [0, 1, 2]
    assert [e.summary.value[0].simple_value for e in others] == [0, .5, 1]
    path, = folder.iterdir()
    assert re.match(r"events\.out\.tfevents\.\d{10}\.", path.name)
    assert socket.gethostname() in path.name
    again = list(tf.train.summary_iterator(str(path)))
    assert again == [first] + others


def test_everything_that_can_be_added(tmp_path):
    tf.constant(1., name="one")
    graph = tf.get_default_graph()
    writer = tf.summary.FileWriter(str(tmp_path), filename_suffix=".mine")
    writer.add_graph(graph, 3)
    writer.add_graph(graph.as_graph_def())
    writer.add_meta_graph(tf.MetaGraphDef())
    writer.add_session_log(tf.SessionLog(status=tf.SessionLog.START), 4)
    writer.add_run_metadata(tf.RunMetadata(), "step1", 5)
    writer.add_event(tf.Event(wall_time=7, step=8))
    writer.close()
    version, g, g2, meta, log, run_metadata, own = events(tmp_path)
    node, = tf.GraphDef.FromString(g.graph_def).node
    assert node.name == "one" and "_output_shapes" in node.attr and g.step == 3
    assert tf.GraphDef.FromString(g2.graph_def) == graph.as_graph_def()
    assert meta.WhichOneof("what") == "meta_graph_def" and log.session_log.status == 1
    assert run_metadata.tagged_run_metadata.tag == "step1" and run_metadata.step == 5
    assert (own.wall_time, own.step) == (7, 8)
    assert next(tmp_path.iterdir()).name.endswith(".mine")


def test_a_writer_that_begins_with_its_graph(tmp_path):
    tf.constant(1., name="one")
    with tf.Session() as session:
        tf.summary.FileWriter(str(tmp_path), session.graph).close()
    _, graph, meta = events(tmp_path)
    assert tf.GraphDef.FromString(graph.graph_def).node[0].name == "one"
    meta = tf.MetaGraphDef.FromString(meta.meta_graph_def)
    assert meta.graph_def.node[0].name == "one"
    assert meta.meta_info_def.stripped_op_list.op[0].name == "Const"


def test_metadata_go_with_the_first_value_of_a_tag_only(tmp_path):
    note = run(tf.summary.text("note", tf.constant("x")))
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        writer.add_summary(note, 1)
        writer.add_summary(tf.Summary.FromString(note), 2)
        writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="py", simple_value=2)]), 3)
    _, first, second, third = events(tmp_path)
    assert first.summary.value[0].HasField("metadata")
    assert not second.summary.value[0].HasField("metadata")
    assert third.summary.value[0].tag == "py" and third.step == 3


def test_what_cannot_be_added(tmp_path):
    graph = tf.get_default_graph()
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        with pytest.raises(ValueError, match="only graph, or graph_def"):
            writer.add_graph(graph, graph_def=graph.as_graph_def())
        with pytest.raises(TypeError, match="must be an instance of `Graph`"):
            writer.add_graph("g")
        with pytest.raises(TypeError, match="meta_graph_def must be type MetaGraphDef"):
            writer.add_meta_graph(graph)
        writer.add_run_metadata(tf.RunMetadata(), "tag")
        with pytest.raises(ValueError, match="already used for this event type"):
            writer.add_run_metadata(tf.RunMetadata(), "tag")


def test_flushing_closing_and_opening_again(tmp_path):
    writer = tf.summary.FileWriter(str(tmp_path))
    value = tf.Summary(value=[tf.Summary.Value(tag="a", simple_value=1)])
    writer.add_summary(value, 1)
    writer.flush()
    assert [e.step for e in events(tmp_path)] == [0, 1]
    writer.close()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        writer.add_summary(value, 2)
        writer.flush()
    assert len(said) == 2 and "closed FileWriter" in str(said[0].message)
    writer.reopen()
    writer.add_summary(value, 3)
    writer.close()
    assert [e.step for e in events(tmp_path)] == [0, 1, 0, 3]


def test_a_writer_that_nobody_closes(tmp_path):
    writer = tf.summary.FileWriter(str(tmp_path), flush_secs=-1)
    writer.add_event(tf.Event(step=1))          # there at once: flush_secs have passed
    assert len(events(tmp_path)) == 2
    writer.event_writer._flush_secs = 100
    writer.add_event(tf.Event(step=2))
    del writer
    assert [e.step for e in events(tmp_path)] == [0, 1, 2]


def test_one_writer_for_a_folder(tmp_path):
    folder = str(tmp_path)
    writer = tf.summary.FileWriterCache.get(folder)
    assert tf.summary.FileWriterCache.get(folder) is writer
    tf.summary.FileWriterCache.clear()
    assert writer._closed and tf.summary.FileWriterCache.get(folder) is not writer
    tf.summary.FileWriterCache.clear()
