"""tf.train.Saver: its nodes, its files, and what it says when something is wrong."""
import gc
import os
import weakref

import numpy as np
import pytest
import weft as tf
from weft.python.training import saver as saver_module
from weft.python.training.saving import saveable_object

fact = pytest.mark.fact


def saved_nodes(prefix="save/"):
    """[(name, op, inputs, device)] of the Saver's nodes."""
    return [(n.name[len(prefix):], n.op, list(n.input), n.device)
            for n in tf.get_default_graph().as_graph_def().node if n.name.startswith(prefix)]


def two_variables():
    return tf.Variable([1.0, 2.0], name="v"), tf.Variable(3, name="w", use_resource=True)


def initialized():
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


# ---- nodes ----

@fact("G1")
def test_the_nodes_are_tensorflows_by_name_and_order():
    two_variables()
    saver = tf.train.Saver()
    assert saved_nodes() == [
        ("filename/input", "Const", [], ""),
        ("filename", "PlaceholderWithDefault", ["save/filename/input"], ""),
        ("Const", "PlaceholderWithDefault", ["save/filename"], ""),
        ("SaveV2/tensor_names", "Const", [], ""),
        ("SaveV2/shape_and_slices", "Const", [], ""),
        ("SaveV2", "SaveV2", ["save/Const", "save/SaveV2/tensor_names",
                              "save/SaveV2/shape_and_slices", "v", "w/Read/ReadVariableOp"], ""),
        ("control_dependency", "Identity", ["save/Const", "^save/SaveV2"], ""),
        ("RestoreV2/tensor_names", "Const", [], "/device:CPU:0"),
        ("RestoreV2/shape_and_slices", "Const", [], "/device:CPU:0"),
        ("RestoreV2", "RestoreV2", ["save/Const", "save/RestoreV2/tensor_names",
                                    "save/RestoreV2/shape_and_slices"], "/device:CPU:0"),
        ("Assign", "Assign", ["v", "save/RestoreV2"], ""),
        ("Identity", "Identity", ["save/RestoreV2:1"], ""),
        ("AssignVariableOp", "AssignVariableOp", ["w", "save/Identity"], ""),
        ("restore_all", "NoOp", ["^save/Assign", "^save/AssignVariableOp"], "")]
    graph = tf.get_default_graph()
    assert graph.get_operation_by_name("save/control_dependency").get_attr("_class") == [
        b"loc:@save/Const"]
    assert graph.get_operation_by_name("save/Assign").get_attr("_class") == [b"loc:@v"]
    definition = saver.as_saver_def()
    assert definition.filename_tensor_name == "save/Const:0"
    assert definition.save_tensor_name == "save/control_dependency:0"
    assert definition.restore_op_name == "save/restore_all"
    assert definition.version == tf.train.SaverDef.V2 and definition.max_to_keep == 5
    second = tf.train.Saver()
    assert second.saver_def.save_tensor_name == "save_1/control_dependency:0"


def test_the_nodes_of_a_sharded_one():
    with tf.device("/cpu:0"):
        tf.Variable(1.0, name="v")
    tf.train.Saver(sharded=True)
    cpu = "/device:CPU:0"
    assert saved_nodes() == [
        ("filename/input", "Const", [], ""),
        ("filename", "PlaceholderWithDefault", ["save/filename/input"], ""),
        ("Const", "PlaceholderWithDefault", ["save/filename"], ""),
        ("StringJoin/inputs_1", "Const", [], ""),
        ("StringJoin", "StringJoin", ["save/Const", "save/StringJoin/inputs_1"], ""),
        ("num_shards", "Const", [], ""),
        ("ShardedFilename/shard", "Const", [], cpu),
        ("ShardedFilename", "ShardedFilename",
         ["save/StringJoin", "save/ShardedFilename/shard", "save/num_shards"], cpu),
        ("SaveV2/tensor_names", "Const", [], cpu),
        ("SaveV2/shape_and_slices", "Const", [], cpu),
        ("SaveV2", "SaveV2", ["save/ShardedFilename", "save/SaveV2/tensor_names",
                              "save/SaveV2/shape_and_slices", "v"], cpu),
        ("control_dependency", "Identity", ["save/ShardedFilename", "^save/SaveV2"], cpu),
        ("MergeV2Checkpoints/checkpoint_prefixes", "Pack",
         ["save/ShardedFilename", "^save/control_dependency"], cpu),
        ("MergeV2Checkpoints", "MergeV2Checkpoints",
         ["save/MergeV2Checkpoints/checkpoint_prefixes", "save/Const"], cpu),
        ("Identity", "Identity",
         ["save/Const", "^save/MergeV2Checkpoints", "^save/control_dependency"], cpu),
        ("RestoreV2/tensor_names", "Const", [], cpu),
        ("RestoreV2/shape_and_slices", "Const", [], cpu),
        ("RestoreV2", "RestoreV2", ["save/Const", "save/RestoreV2/tensor_names",
                                    "save/RestoreV2/shape_and_slices"], cpu),
        ("Assign", "Assign", ["v", "save/RestoreV2"], cpu),
        ("restore_shard", "NoOp", ["^save/Assign"], cpu),
        ("restore_all", "NoOp", ["^save/restore_shard"], cpu)]


def test_the_nodes_of_the_old_format():
    tf.Variable(1.0, name="v")
    tf.train.Saver(write_version=tf.train.SaverDef.V1)
    names = {name: op for name, op, _, _ in saved_nodes()}
    assert names["save"] == "SaveSlices" and names["save/shapes_and_slices"] == "Const"
    tf.train.Saver(write_version=tf.train.SaverDef.V1, sharded=True)
    names = [name for name, _, _, _ in saved_nodes("save_1/")]
    assert "ShardedFilespec" in names and "MergeV2Checkpoints" not in names


@fact("G1")
def test_nothing_to_save(tmp_path):
    with pytest.raises(ValueError, match="No variables to save"):
        tf.train.Saver()
    saver = tf.train.Saver(allow_empty=True)
    tf.Variable(1.0)
    with tf.Session() as session:
        assert saver.save(session, str(tmp_path / "m")) is None
        saver.restore(session, None)
    assert os.listdir(tmp_path) == ["m.meta"]


@fact("G1")
def test_later_variables_are_not_saved(tmp_path):
    tf.Variable(1.0, name="v")
    saver = tf.train.Saver()
    tf.Variable(2.0, name="later")
    with initialized() as session:
        prefix = saver.save(session, str(tmp_path / "m"))
    assert tf.train.list_variables(prefix) == [("v", [])]


# ---- what is saved ----

@fact("G2", "G3")
def test_what_may_be_saved(tmp_path):
    v, w = two_variables()
    with pytest.raises(TypeError, match="should be passed in a dict or a list"):
        tf.train.Saver(v)
    with pytest.raises(ValueError, match="At least two variables have the same name: v"):
        tf.train.Saver([v, v])
    with pytest.raises(ValueError, match="The same saveable will be restored with two names: v1"):
        tf.train.Saver({"v0": v, "v1": v})
    with pytest.raises(TypeError, match="Variable to save is not a Variable"):
        tf.train.Saver([tf.constant(1.0)])
    with pytest.raises(TypeError, match="Not a variable"):
        tf.train.Saver({"c": tf.constant(1.0)})
    with pytest.raises(TypeError, match="Name is not a string"):
        tf.train.Saver({1: v})
    with initialized() as session:
        for i, variables in enumerate(([w, v], {v, w}, None)):
            prefix = tf.train.Saver(variables).save(session, str(tmp_path / ("m%d" % i)))
            assert tf.train.list_variables(prefix) == [("v", [2]), ("w", [])]
        prefix = tf.train.Saver({"other": v}).save(session, str(tmp_path / "m"))
        assert tf.train.list_variables(prefix) == [("other", [2])]


@fact("G2")
def test_slices_are_saved_as_one(tmp_path):
    with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(3)):
        whole = tf.get_variable("p", [7, 2], initializer=tf.random_normal_initializer(seed=1))
    parts = list(whole)
    info = parts[1]._get_save_slice_info()
    assert info.spec == "7 2 3,2:0,2" and info.full_name == "s/p"
    with pytest.raises(ValueError, match="Slices must all be slices"):
        tf.train.Saver({"x": [tf.Variable(1.0)]})
    with initialized() as session:
        value = session.run(whole.as_tensor())
        for i, variables in enumerate((None, {"s/p": whole}, {"s/p": parts}, [whole])):
            prefix = tf.train.Saver(variables, name="n%d" % i).save(
                session, str(tmp_path / ("m%d" % i)))
            np.testing.assert_array_equal(tf.train.load_variable(prefix, "s/p"), value)
    tf.reset_default_graph()
    one = tf.get_variable("s/p", [7, 2])
    two = tf.get_variable("q", [7, 2], partitioner=tf.fixed_size_partitioner(2))
    with tf.Session() as session:       # a slice of a tensor, of whatever slices it was written in
        tf.train.Saver({"s/p": one}).restore(session, prefix)
        np.testing.assert_array_equal(session.run(one), value)
        tf.train.Saver({"s/p": two}).restore(session, prefix)
        np.testing.assert_array_equal(session.run(two.as_tensor()), value)


class Doubled(saveable_object.SaveableObject):
    """Is saved as twice what it is."""

    def __init__(self, variable):
        super().__init__(variable, [saveable_object.SaveSpec(variable * 2, "", "twice")], "twice")

    def restore(self, restored_tensors, restored_shapes):
        return self.op.assign(restored_tensors[0] / 2).op


@fact("G2")
def test_objects_say_how_they_are_saved(tmp_path):
    v = tf.Variable(4.0, collections=[])
    tf.add_to_collection(tf.GraphKeys.SAVEABLE_OBJECTS, Doubled(v))
    saver = tf.train.Saver()
    assert saver_module.BaseSaverBuilder.SaveableObject is saveable_object.SaveableObject
    with tf.Session() as session:
        session.run(v.initializer)
        prefix = saver.save(session, str(tmp_path / "m"))
        assert tf.train.load_variable(prefix, "twice:0") == 8.0
        session.run(v.assign(0.0))
        saver.restore(session, prefix)
        assert session.run(v) == 4.0


# ---- files ----

@fact("G4")
def test_the_files_of_a_checkpoint(tmp_path):
    v, _ = two_variables()
    step = tf.Variable(9, name="step")
    saver = tf.train.Saver()
    with initialized() as session:
        assert saver.save(session, str(tmp_path / "m"), global_step=7) == str(tmp_path / "m-7")
        assert sorted(os.listdir(tmp_path)) == [
            "checkpoint", "m-7.data-00000-of-00001", "m-7.index", "m-7.meta"]
        state = tf.train.get_checkpoint_state(str(tmp_path))
        assert state.model_checkpoint_path == str(tmp_path / "m-7")
        assert (tmp_path / "checkpoint").read_text() == (
            'model_checkpoint_path: "%s"\nall_model_checkpoint_paths: "%s"\n'
            % (tmp_path / "m-7", tmp_path / "m-7"))
        for given in (step, step.value(), "step:0", np.int64(9)):
            assert saver.save(session, str(tmp_path / "m"), given) == str(tmp_path / "m-9")
        padded = tf.train.Saver([v], pad_step_number=True)
        assert padded.save(session, str(tmp_path / "p"), 12) == str(tmp_path / "p-00000012")


@fact("G5")
def test_how_many_are_kept(tmp_path):
    tf.Variable(1.0)
    saver = tf.train.Saver(max_to_keep=2)
    path = str(tmp_path / "m")
    with initialized() as session:
        for step in (1, 2, 1, 3):               # the second 1 is the newest then
            saver.save(session, path, step)
        assert saver.last_checkpoints == [path + "-1", path + "-3"]
        assert sorted(f for f in os.listdir(tmp_path) if "-2" in f) == []
        assert tf.train.checkpoint_exists(path + "-1")
        state = tf.train.get_checkpoint_state(str(tmp_path))
        assert list(state.all_model_checkpoint_paths) == saver.last_checkpoints
        fresh = tf.train.Saver(max_to_keep=2)
        assert fresh.last_checkpoints == []
        fresh.recover_last_checkpoints(list(state.all_model_checkpoint_paths) + [path + "-77"])
        assert fresh.last_checkpoints == saver.last_checkpoints
        fresh.save(session, path, 4)
        assert not tf.train.checkpoint_exists(path + "-1")
        for none in (None, 0):
            every = tf.train.Saver(max_to_keep=none)
            for step in range(10, 18):
                every.save(session, path, step)
            assert tf.train.checkpoint_exists(path + "-10") and every.last_checkpoints == []


@fact("G5")
def test_some_are_spared(tmp_path):
    tf.Variable(1.0)
    saver = tf.train.Saver(max_to_keep=1, keep_checkpoint_every_n_hours=0)
    path = str(tmp_path / "m")
    with initialized() as session:
        for step in range(3):
            saver.save(session, path, step)
    assert all(tf.train.checkpoint_exists("%s-%d" % (path, i)) for i in range(3))
    saver.set_last_checkpoints([path + "-0"])
    assert saver.last_checkpoints == [path + "-0"]
    saver.set_last_checkpoints_with_time([(path + "-1", 1.0)])
    assert saver.last_checkpoints == [path + "-1"]


@fact("G6")
def test_arguments_of_save_that_are_wrong(tmp_path):
    tf.Variable(1.0)
    saver = tf.train.Saver()
    path = str(tmp_path / "m")
    with initialized() as session:
        with pytest.raises(ValueError, match="'latest_filename' must not contain path components"):
            saver.save(session, path, latest_filename="a/b")
        with pytest.raises(ValueError, match="'latest_filename' collides with 'save_path'"):
            saver.save(session, path, latest_filename="m")
        with pytest.raises(TypeError, match="'sess' must be a Session;"):
            saver.save("session", path)
        with pytest.raises(ValueError, match="Parent directory of .* doesn't exist, can't save."):
            saver.save(session, str(tmp_path / "no" / "way" / "m"))
        saver.save(session, path, latest_filename="latest")
    assert tf.train.latest_checkpoint(str(tmp_path), "latest") == path


@fact("G7")
def test_what_is_written_besides(tmp_path):
    tf.Variable(1.0, name="v")
    saver = tf.train.Saver()
    with tf.Session() as session:
        with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value v"):
            saver.save(session, str(tmp_path / "m"))
        assert os.listdir(tmp_path) == []
        session.run(tf.global_variables_initializer())
        saver.save(session, str(tmp_path / "m"), write_meta_graph=False, write_state=False)
        assert sorted(os.listdir(tmp_path)) == ["m.data-00000-of-00001", "m.index"]
        saver.save(session, str(tmp_path / "m"), meta_graph_suffix="graph")
        assert (tmp_path / "m.graph").exists() and (tmp_path / "checkpoint").exists()


def test_paths_that_are_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir("d")
    tf.Variable(1.0)
    with initialized() as session:
        assert tf.train.Saver().save(session, "d/m") == "d/m"
        assert tf.train.get_checkpoint_state("d").model_checkpoint_path == "d/m"
        assert 'path: "m"' in (tmp_path / "d/checkpoint").read_text()
        tf.train.Saver().save(session, "here")
        assert tf.train.latest_checkpoint(".") == "./here"
        tf.train.Saver(save_relative_paths=True).save(session, str(tmp_path / "d/n"))
        assert 'path: "n"' in (tmp_path / "d/checkpoint").read_text()


# ---- restoring ----

@fact("G8", "G16")
def test_restoring(tmp_path):
    v, w = two_variables()
    other = tf.Variable(1.0, name="other")
    saver = tf.train.Saver([v, w])
    with initialized() as session:
        prefix = saver.save(session, str(tmp_path / "m"))
    with tf.Session() as one, tf.Session() as two:
        saver.restore(one, prefix)
        assert list(one.run(v)) == [1.0, 2.0] and one.run(w) == 3
        for session, variable in ((one, other), (two, v)):
            with pytest.raises(tf.errors.FailedPreconditionError):
                session.run(variable)
        with pytest.raises(ValueError, match="Can't load save_path when it is None."):
            saver.restore(one, None)
        with pytest.raises(ValueError, match="The passed save_path is not a valid checkpoint: "):
            saver.restore(one, str(tmp_path / "none"))


@fact("G9")
def test_a_name_that_is_missing(tmp_path):
    v = tf.Variable(1.0, name="v")
    with initialized() as session:
        prefix = tf.train.Saver().save(session, str(tmp_path / "m"))
        session.run(v.assign(2.0))
        tf.Variable(1.0, name="v")              # v_1: the graph was built twice
        with pytest.raises(tf.errors.NotFoundError) as error:
            tf.train.Saver().restore(session, prefix)
        assert error.value.message.startswith(
            "Restoring from checkpoint failed. This is most likely due to a Variable name or other "
            "graph key that is missing from the checkpoint. Please ensure that you have not "
            "altered the graph expected based on the checkpoint. Original error:\n\n")
        assert "Key v_1 not found in checkpoint" in error.value.message
        assert session.run(v) == 2.0            # a failed restore changes nothing


@fact("G10")
def test_shapes_and_dtypes_that_do_not_fit(tmp_path):
    tf.Variable([1.0, 2.0], name="v")
    with initialized() as session:
        prefix = tf.train.Saver().save(session, str(tmp_path / "m"))
    tf.reset_default_graph()
    v = tf.Variable([1.0, 2.0, 3.0], name="v")
    with tf.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError) as error:
            tf.train.Saver().restore(session, prefix)
        assert ("most likely due to a mismatch between the current graph and the graph from the "
                "checkpoint.") in error.value.message
        assert "Assign requires shapes of both tensors to match." in error.value.message
        with pytest.raises(tf.errors.FailedPreconditionError):
            session.run(v)
    tf.reset_default_graph()
    tf.Variable([1, 2], name="v")
    with tf.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError, match="tensor_name = v; expected dtype "
                           "int32 does not equal original dtype float"):
            tf.train.Saver().restore(session, prefix)


@pytest.mark.parametrize("use_resource", [False, True])
def test_a_restore_that_fails_changes_nothing(tmp_path, use_resource):
    def build(size):
        tf.reset_default_graph()
        first = [tf.get_variable("a%d" % i, initializer=[0.0], use_resource=use_resource)
                 for i in range(20)]
        tf.get_variable("w", initializer=[1.0] * size, use_resource=use_resource)
        return first, tf.train.Saver()

    first, saver = build(2)
    with initialized() as session:
        session.run([v.assign([1.0]) for v in first])
        prefix = saver.save(session, str(tmp_path / "m"))
    first, saver = build(3)
    with initialized() as session:
        shapes = r"lhs shape= \[3\] rhs shape= \[2\]"
        with pytest.raises(tf.errors.InvalidArgumentError, match=shapes):
            saver.restore(session, prefix)
        assert session.run(first) == [[0.0]] * 20


def test_another_shape_of_as_many_elements(tmp_path):
    tf.Variable([1.0, 2.0, 3.0, 4.0], name="v")
    tf.Variable([1.0, 2.0], name="w")
    with initialized() as session:
        prefix = tf.train.Saver().save(session, str(tmp_path / "m"))
    tf.reset_default_graph()
    v = tf.Variable([[0.0, 0.0], [0.0, 0.0]], name="v")
    w = tf.Variable([[0.0], [0.0]], name="w", use_resource=True)
    with tf.Session() as session:
        tf.train.Saver(reshape=True).restore(session, prefix)
        assert session.run(v).tolist() == [[1.0, 2.0], [3.0, 4.0]]
        assert session.run(w).tolist() == [[1.0], [2.0]]


@pytest.mark.parametrize("options", [
    dict(sharded=True), dict(restore_sequentially=True), dict(filename="other"),
    dict(builder=saver_module.BaseSaverBuilder(), restore_sequentially=True),
    dict(builder=saver_module.BaseSaverBuilder()), dict(write_version=tf.train.SaverDef.V1),
    dict(write_version=tf.train.SaverDef.V1, sharded=True)], ids=str)
def test_every_kind_of_saver_restores_what_it_saved(options, tmp_path):
    v, w = two_variables()
    text = tf.Variable([b"a", b"", b"\0b" * 40], name="text")
    saver = tf.train.Saver(**options)
    with initialized() as session:
        prefix = saver.save(session, str(tmp_path / "m"))
        session.run([v.assign([0.0, 0.0]), w.assign(0).op])
        saver.restore(session, prefix)
        assert session.run(v).tolist() == [1.0, 2.0] and session.run(w) == 3
        assert session.run(text).tolist() == [b"a", b"", b"\0b" * 40]
    assert not [name for name in os.listdir(tmp_path) if "temp" in name]


# ---- as a message, and later ----

@fact("G13")
def test_nodes_that_are_made_later(tmp_path):
    saver = tf.train.Saver(defer_build=True)
    v = tf.Variable(1.0)
    with pytest.raises(ValueError, match="If `var_list` is provided then build cannot be deferred"):
        tf.train.Saver([v], defer_build=True)
    with initialized() as session:
        with pytest.raises(RuntimeError, match=r"`build\(\)` should be called before save"):
            saver.save(session, str(tmp_path / "m"))
        saver.build()
        assert saver.save(session, str(tmp_path / "m"))


def test_as_a_message(tmp_path):
    with tf.name_scope("a"):
        v = tf.Variable(5.0, name="v")
        saver = tf.train.Saver()
    assert saver.to_proto() is saver.saver_def
    assert saver.to_proto("b") is None
    inner = saver.to_proto("a")
    assert inner.save_tensor_name == "save/control_dependency:0"
    same = tf.train.Saver.from_proto(inner, import_scope="a")
    assert same.saver_def == saver.saver_def and inner.restore_op_name == "save/restore_all"
    with pytest.raises(ValueError, match="saver_def must specify the save_tensor_name"):
        tf.train.Saver(saver_def=tf.train.SaverDef())
    with initialized() as session:
        prefix = same.save(session, str(tmp_path / "m"))
        assert tf.train.load_variable(prefix, v.op.name) == 5.0


def test_the_saver_of_a_collection():
    tf.Variable(1.0)
    saver = saver_module._get_saver_or_default()
    assert saver_module._get_saver_or_default() is saver
    tf.add_to_collection(tf.GraphKeys.SAVERS, saver)
    with pytest.raises(RuntimeError, match="More than one item in collection savers"):
        saver_module._get_saver_or_default()


def test_a_graph_with_a_saver_in_it_goes_at_once():
    gc.disable()
    try:
        with tf.Graph().as_default() as graph:
            tf.Variable(1.0)
            tf.add_to_collection(tf.GraphKeys.SAVERS, tf.train.Saver())
        gone = weakref.ref(graph)
        del graph
        assert gone() is None
    finally:
        gc.enable()


def test_averages_are_restored_into_their_variables(tmp_path):
    v = tf.Variable(1.0, name="v")
    average = tf.train.ExponentialMovingAverage(0.5)
    update = average.apply([v])
    with initialized() as session:
        session.run(v.assign(3.0))
        session.run(update)                     # 1 -> 2
        prefix = tf.train.Saver().save(session, str(tmp_path / "m"))
        tf.train.Saver(average.variables_to_restore()).restore(session, prefix)
        assert session.run(v) == 2.0
