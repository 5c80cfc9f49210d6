"""Checkpoints without a Saver: the state file, readers, variables that begin with one."""
import os
import pathlib

import numpy as np
import pytest
import weft as tf
from weft.python import pywrap_tensorflow
from weft.python.tools import inspect_checkpoint
from weft.python.training import checkpoint_management

fact = pytest.mark.fact
RECORDED = pathlib.Path(__file__).resolve().parents[3] / "shared/recorded/checkpoints"
recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason="../shared/recorded is not here")


def saved(folder, name="m", **variables):
    """A checkpoint of variables with these values."""
    with tf.Graph().as_default(), tf.Session() as session:
        for key, value in variables.items():
            tf.Variable(value, name=key)
        session.run(tf.global_variables_initializer())
        return tf.train.Saver().save(session, str(folder / name))


# ---- the state file ----

@fact("G11")
def test_the_latest_checkpoint(tmp_path):
    folder = str(tmp_path)
    assert tf.train.latest_checkpoint(folder) is None
    assert tf.train.get_checkpoint_state(folder) is None
    prefix = saved(tmp_path, v=1.0)
    assert tf.train.latest_checkpoint(folder) == prefix
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "m"\n')
    assert tf.train.latest_checkpoint(folder) == prefix         # relative to the folder
    os.remove(prefix + ".index")
    assert tf.train.latest_checkpoint(folder) is None
    (tmp_path / "checkpoint").write_text("neither text nor proto")
    assert tf.train.latest_checkpoint(folder) is None
    (tmp_path / "checkpoint").write_text("")
    with pytest.raises(ValueError, match="Invalid checkpoint state loaded from"):
        tf.train.get_checkpoint_state(folder)


def test_the_state_file_is_replaced_as_a_whole(tmp_path, monkeypatch):
    folder = str(tmp_path)
    tf.train.update_checkpoint_state(folder, "a", ["b", "a"])
    before = (tmp_path / "checkpoint").read_text()

    def die(*args):
        raise KeyboardInterrupt()

    monkeypatch.setattr(os, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        tf.train.update_checkpoint_state(folder, "c")
    assert (tmp_path / "checkpoint").read_text() == before
    with pytest.raises(RuntimeError, match="conflicts with path used for checkpoint state"):
        tf.train.update_checkpoint_state(folder, folder + "/checkpoint")


def test_states():
    state = tf.train.generate_checkpoint_state_proto("d", "d/b", ["d/a", "/c"])
    assert state.model_checkpoint_path == "b"
    assert list(state.all_model_checkpoint_paths) == ["a", "/c", "b"]
    state = tf.train.generate_checkpoint_state_proto("/d", "/d/b", ["/d/b"], [5.5], 4.5)
    assert list(state.all_model_checkpoint_timestamps) == [5.5]
    assert state.last_preserved_timestamp == 4.5
    with pytest.raises(ValueError, match="Checkpoint timestamps, if provided, must match"):
        tf.train.generate_checkpoint_state_proto("/d", "/d/b", ["/d/b"], [1, 2])
    from weft.python.training import checkpoint_state_pb2
    assert isinstance(state, checkpoint_state_pb2.CheckpointState)


def test_files_of_checkpoints(tmp_path):
    prefix = saved(tmp_path, v=1.0)
    assert tf.train.checkpoint_exists(prefix)
    assert not tf.train.checkpoint_exists(prefix + "1")
    times = tf.train.get_checkpoint_mtimes([prefix, prefix + "1"])
    assert times == [os.stat(prefix + ".index").st_mtime_ns / 1e9]
    (tmp_path / "old-00001-of-00002").write_text("")
    assert tf.train.checkpoint_exists(str(tmp_path / "old-?????-of-00002"))
    assert checkpoint_management.meta_graph_filename("m-3-?????-of-00002") == "m-3.meta"
    tf.train.remove_checkpoint(prefix)
    assert sorted(os.listdir(tmp_path)) == ["checkpoint", "old-00001-of-00002"]
    tf.train.remove_checkpoint(str(tmp_path / "old-?????-of-00002"), tf.train.SaverDef.V1)
    assert os.listdir(tmp_path) == ["checkpoint"]


# ---- readers ----

@fact("G15")
def test_a_reader(tmp_path):
    prefix = saved(tmp_path, v=[[1.0, 2.0]], n=3)
    for new in (tf.train.NewCheckpointReader, pywrap_tensorflow.NewCheckpointReader):
        reader = new(prefix)
        assert reader.get_variable_to_shape_map() == {"v": [1, 2], "n": []}
        assert reader.get_variable_to_dtype_map() == {"v": tf.float32, "n": tf.int32}
        assert reader.has_tensor("v") and not reader.has_tensor("w")
        assert reader.get_tensor("v").tolist() == [[1.0, 2.0]] and reader.get_tensor(b"n") == 3
        assert reader.debug_string() == b"n (DT_INT32) []\nv (DT_FLOAT) [1,2]\n"
        with pytest.raises(tf.errors.NotFoundError, match="Key w not found in checkpoint"):
            reader.get_tensor("w")
    with pytest.raises(tf.errors.NotFoundError, match="Unsuccessful TensorSliceReader constructor"):
        tf.train.NewCheckpointReader(str(tmp_path / "no"))
    with pytest.raises(TypeError):
        tf.train.NewCheckpointReader(3)


@recorded
@fact("G14", "G15")
@pytest.mark.parametrize("name", ["ckpt_all_dtypes", "ckpt_slices", "ckpt_many", "ckpt_v1"])
def test_what_tensorflow_wrote(name):
    reader = tf.train.NewCheckpointReader(str(RECORDED / name / "model.ckpt"))
    values = np.load(RECORDED / name / "values.npz", allow_pickle=True)
    shapes = reader.get_variable_to_shape_map()
    for key in values.files:
        variable, wanted = key.replace("|", "/"), values[key]
        assert shapes[variable] == list(wanted.shape)
        value = reader.get_tensor(variable)
        if value.dtype == object:
            value = np.vectorize(bytes.decode)(value)
        np.testing.assert_array_equal(value, wanted)
        assert value.dtype.kind == wanted.dtype.kind


@recorded
@fact("G14")
def test_a_graph_restores_what_tensorflow_wrote():
    values = np.load(RECORDED / "ckpt_slices/values.npz")
    v = tf.get_variable("part", [10, 4], partitioner=tf.fixed_size_partitioner(3))
    with tf.Session() as session:
        tf.train.Saver().restore(session, str(RECORDED / "ckpt_slices/model.ckpt"))
        np.testing.assert_array_equal(session.run(v.as_tensor()), values["part"])
    tf.reset_default_graph()
    v = tf.get_variable("f32", [3, 4])
    with tf.Session() as session:
        tf.train.Saver().restore(session, str(RECORDED / "ckpt_v1/model.ckpt"))
        np.testing.assert_array_equal(session.run(v),
                                      np.load(RECORDED / "ckpt_v1/values.npz")["f32"])


def test_what_is_in_a_checkpoint(tmp_path, capsys):
    prefix = saved(tmp_path, b=[1.0, 2.0], a=3)
    for where in (prefix, str(tmp_path)):
        assert tf.train.list_variables(where) == [("a", []), ("b", [2])]
        assert tf.train.load_variable(where, "b:0").tolist() == [1.0, 2.0]
        assert tf.train.load_checkpoint(where).has_tensor("a")
    os.mkdir(tmp_path / "empty")
    with pytest.raises(ValueError, match="Couldn't find 'checkpoint' file"):
        tf.train.load_checkpoint(str(tmp_path / "empty"))
    show = inspect_checkpoint.print_tensors_in_checkpoint_file
    show(prefix, "", False)
    assert "a (DT_INT32) []\n" in capsys.readouterr().out
    show(prefix, "", True)
    assert "tensor_name:  b\n[1. 2.]\n" in capsys.readouterr().out
    show(prefix, "a", False, count_exclude_pattern="b")
    assert capsys.readouterr().out == "tensor_name:  a\n3\n# Total number of params: 1\n"


# ---- variables that begin with what is in one ----

def test_variables_that_begin_with_a_checkpoint(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        with tf.variable_scope("old"):
            tf.get_variable("a", initializer=[1.0, 2.0])
            tf.get_variable("b", initializer=[[1], [2], [3], [4]])
        session.run(tf.global_variables_initializer())
        prefix = tf.train.Saver().save(session, str(tmp_path / "m"))
    with tf.variable_scope("new"):
        a = tf.get_variable("a", [2])
        b = tf.get_variable("b", [4, 1], tf.int32, partitioner=tf.fixed_size_partitioner(2))
    c = tf.get_variable("c", [2], use_resource=True)
    tf.train.init_from_checkpoint(prefix, {"old/": "new/", "old/a": c})
    assert a.initial_value.op.type == "RestoreV2"
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(a).tolist() == [1.0, 2.0] == session.run(c).tolist()
        assert session.run(b.as_tensor()).tolist() == [[1], [2], [3], [4]]
        a.load([3.0, 4.0], session)
        assert session.run(a).tolist() == [3.0, 4.0]


def test_assignment_maps(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("a", initializer=[1.0, 2.0])
        session.run(tf.global_variables_initializer())
        prefix = tf.train.Saver().save(session, str(tmp_path / "m"))
    a = tf.get_variable("a", [2])
    wrong = tf.get_variable("s/wrong", [3])
    tf.train.init_from_checkpoint(str(tmp_path), {"a": "a"})
    for mapping, words in (({"no": a}, "Tensor no is not found in"),
                           ({"a": wrong}, r"Shape of variable s/wrong:0 \(\(3,\)\) doesn't match"),
                           ({"a": "nobody"}, "should map to scope only"),
                           ({"/": "s/"}, r"Tensor wrong \(wrong in /\) is not found in")):
        with pytest.raises(ValueError, match=words):
            tf.train.init_from_checkpoint(prefix, mapping)
    with tf.Session() as session:
        session.run(a.initializer)
        assert session.run(a).tolist() == [1.0, 2.0]
    tf.train.init_from_checkpoint(prefix, {"a": [a]})


def test_values_for_models(tmp_path):
    from weft.contrib import framework, slim
    prefix = saved(tmp_path, v=[[1.0, 2.0]], w=[1.0, 2.0, 3.0, 4.0])
    v, other = tf.Variable([[0.0], [0.0]], name="v"), tf.Variable(5.0, name="other")
    w = tf.get_variable("w", [4], partitioner=tf.fixed_size_partitioner(2))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        op, feeds = framework.assign_from_checkpoint(prefix, [v, *w])
        session.run(op, feeds)
        assert session.run(v).tolist() == [[1.0], [2.0]]
        assert session.run(w.as_tensor()).tolist() == [1.0, 2.0, 3.0, 4.0]
        with pytest.raises(ValueError, match=r"Checkpoint is missing variable \[other\]"):
            framework.assign_from_checkpoint(prefix, [v, other])
        with pytest.raises(ValueError, match="Total size of new array must be unchanged"):
            framework.assign_from_checkpoint(prefix, {"v": other})
        session.run(v.assign([[0.0], [0.0]]))
        slim.assign_from_checkpoint_fn(prefix, [v, other], ignore_missing_vars=True,
                                       reshape_variables=True)(session)
        assert session.run(v).tolist() == [[1.0], [2.0]] and session.run(other) == 5.0
        assert slim.assign_from_checkpoint_fn(prefix, [other], ignore_missing_vars=True) is None
    assert framework.load_variable(prefix, "w").tolist() == [1.0, 2.0, 3.0, 4.0]
