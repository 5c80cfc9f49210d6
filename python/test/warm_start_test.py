"""tf.train.warm_start: variables that begin with another model's values."""
import numpy as np
import pytest
import weft as tf


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint with w, bias, and rows of three words."""
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.get_variable("w", initializer=[[1., 2.], [3., 4.], [5., 6.]])
        tf.get_variable("bias", initializer=7.)
        sess.run(tf.global_variables_initializer())
        prefix = tf.train.Saver().save(sess, str(tmp_path / "m"))
    (tmp_path / "old").write_text("red\ngreen\nblue\n")
    (tmp_path / "new").write_text("blue\nblack\nred\n")
    return prefix, str(tmp_path / "old"), str(tmp_path / "new")


def values(*which):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return [x.tolist() for x in sess.run(list(which))]


def test_by_name(checkpoint):
    w = tf.get_variable("w", shape=[3, 2])
    bias = tf.get_variable("other", shape=[])
    tf.train.warm_start(checkpoint[0], var_name_to_prev_var_name={"other": "bias"})
    assert values(w, bias) == [[[1., 2.], [3., 4.], [5., 6.]], 7.]


def test_some(checkpoint):
    w = tf.get_variable("w", shape=[3, 2])
    own = tf.get_variable("own", initializer=1.)
    tf.train.warm_start(checkpoint[0], ["w"])
    assert values(w, own) == [[[1., 2.], [3., 4.], [5., 6.]], 1.]
    tf.train.warm_start(checkpoint[0], [w])
    with pytest.raises(ValueError, match="it must be all `Variable` or all `str`"):
        tf.train.warm_start(checkpoint[0], [w, "own"])
    with pytest.raises(ValueError, match="that were not used: \\['nope'\\]"):
        tf.train.warm_start(checkpoint[0], ["w"], var_name_to_prev_var_name={"nope": "w"})


def test_words(checkpoint):
    prefix, old, new = checkpoint
    w = tf.get_variable("w", shape=[4, 2])
    info = tf.train.VocabInfo(new, 3, 1, old,
                              backup_initializer=tf.constant_initializer(9.))
    tf.train.warm_start(prefix, "w", {"w": info})
    assert values(w) == [[[5., 6.], [9., 9.], [1., 2.], [9., 9.]]]
    with pytest.raises(ValueError, match="The only supported values for the axis argument"):
        tf.train.VocabInfo(new, 3, 0, old, axis=2)


def test_words_of_columns(tmp_path):
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.get_variable("w", initializer=np.array([[1., 2.], [3., 4.]], np.float32))
        sess.run(tf.global_variables_initializer())
        prefix = tf.train.Saver().save(sess, str(tmp_path / "m"))
    (tmp_path / "old").write_text("a\nb\n")
    (tmp_path / "new").write_text("b\nc\n")
    w = tf.get_variable("w", shape=[2, 2])
    info = tf.train.VocabInfo(str(tmp_path / "new"), 2, 0, str(tmp_path / "old"), axis=1)
    tf.train.warm_start(prefix, "w", {"w": info})
    assert values(w) == [[[2., 0.], [4., 0.]]]
