"""Iterators of tf.data: one-shot, initializable, of several datasets, by handle."""
import warnings

import numpy as np
import pytest
import weft as tf
from weft.python.data.ops import iterator_ops

Dataset = tf.data.Dataset


@pytest.mark.fact("E48")
def test_one_shot():
    following = Dataset.range(3).map(lambda x: x * 2).make_one_shot_iterator().get_next()
    for _ in range(2):                  # each session walks by itself
        with tf.Session() as sess:
            assert [sess.run(following) for _ in range(3)] == [0, 2, 4]
            for _ in range(2):
                with pytest.raises(tf.errors.OutOfRangeError, match="End of sequence"):
                    sess.run(following)


@pytest.mark.fact("E48")
def test_one_shot_captures_nothing_stateful():
    v = tf.get_variable("v", initializer=np.int64(1), use_resource=True)
    with pytest.raises(ValueError, match="Failed to create a one-shot iterator for a dataset."):
        Dataset.range(3).map(lambda x: x + v).make_one_shot_iterator()
    x = tf.placeholder(tf.int64)
    with pytest.raises(ValueError, match="Cannot capture a placeholder"):
        Dataset.range(x).make_one_shot_iterator()


def test_one_shot_captures_values():
    x = tf.constant([3, 1, 2]) * 2
    following = Dataset.from_tensor_slices(x).make_one_shot_iterator().get_next()
    iterator = Dataset.range(2).map(lambda e: tf.cast(e, tf.int32) + x[0]) \
        .make_one_shot_iterator()
    assert tf.data.get_output_types(iterator) == tf.int32
    with pytest.raises(ValueError, match="Iterator does not have an initializer."):
        iterator.initializer
    other = iterator.get_next()
    with tf.Session() as sess:
        assert [sess.run(following) for _ in range(3)] == [6, 2, 4]
        assert [sess.run(other) for _ in range(2)] == [6, 7]


def test_one_shot_of_a_generator():
    dataset = Dataset.from_generator(lambda: iter("abc"), tf.string, [])
    following = dataset.make_one_shot_iterator().get_next()
    with tf.Session() as sess:
        assert [sess.run(following) for _ in range(3)] == [b"a", b"b", b"c"]


def test_seeds_of_one_shot_iterators():
    def values():
        with tf.Graph().as_default():
            tf.set_random_seed(1)
            following = Dataset.range(10).shuffle(10).make_one_shot_iterator().get_next()
            with tf.Session() as sess:
                return [sess.run(following) for _ in range(10)]
    assert values() == values() != list(range(10))


@pytest.mark.fact("E48")
def test_initializable():
    n = tf.placeholder(tf.int64, [])
    iterator = Dataset.range(n).make_initializable_iterator()
    following = iterator.get_next()
    with tf.Session() as sess, tf.Session() as other:
        with pytest.raises(tf.errors.FailedPreconditionError,
                           match=r"GetNext\(\) failed because the iterator has not been init"):
            sess.run(following)
        sess.run(iterator.initializer, {n: 2})
        other.run(iterator.initializer, {n: 5})
        assert [sess.run(following), other.run(following), sess.run(following)] == [0, 0, 1]
        for _ in range(2):
            with pytest.raises(tf.errors.OutOfRangeError, match="End of sequence"):
                sess.run(following)
        assert other.run(following) == 1
        sess.run(iterator.initializer, {n: 1})
        assert sess.run(following) == 0


@pytest.mark.fact("E49")
def test_many_calls_are_warned_of():
    iterator = Dataset.range(3).make_one_shot_iterator()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(iterator_ops.GET_NEXT_CALL_WARNING_THRESHOLD):
            iterator.get_next()
        assert not said
        before = len(tf.get_default_graph().get_operations())
        iterator.get_next()
        assert len(tf.get_default_graph().get_operations()) > before
    assert "An unusually high number of `Iterator.get_next()` calls was detected" in str(
        said[0].message)


@pytest.mark.fact("E50")
def test_one_run_takes_one_element():
    pairs = Dataset.zip((Dataset.range(4), Dataset.range(4)))
    a, b = pairs.make_one_shot_iterator().get_next()
    with tf.Session() as sess:
        assert sess.run([a, b, a + b]) == [0, 0, 0]
        assert sess.run([a, a]) == [1, 1]
        assert sess.run(b) == 2


@pytest.mark.fact("E51")
def test_reinitialized():
    iterator = tf.data.Iterator.from_structure(tf.int64, [])
    following = iterator.get_next()
    first = iterator.make_initializer(Dataset.range(2))
    second = iterator.make_initializer(Dataset.range(10, 12), name="again")
    assert first.name == "make_initializer" and second.name == "again"
    with tf.Session() as sess:
        for init, wanted in ((first, [0, 1]), (second, [10, 11]), (first, [0, 1])):
            sess.run(init)
            assert [sess.run(following) for _ in range(2)] == wanted
    with pytest.raises(TypeError, match="Expected output types tf.int64 but got dataset with "
                                        "output types tf.float32."):
        iterator.make_initializer(Dataset.from_tensors(1.))
    with pytest.raises(TypeError, match="Expected output shapes compatible with"):
        iterator.make_initializer(Dataset.range(3).batch(2))
    with pytest.raises(TypeError, match="Expected output classes"):
        iterator.make_initializer(Dataset.from_tensors(
            tf.SparseTensor([[0]], tf.constant([1], tf.int64), [1])))
    with pytest.raises(ValueError):
        iterator.make_initializer(Dataset.zip((Dataset.range(1), Dataset.range(1))))


def test_feedable():
    handle = tf.placeholder(tf.string, [])
    train, test = Dataset.range(3).repeat(), Dataset.range(100, 103)
    iterator = tf.data.Iterator.from_string_handle(handle, train.output_types,
                                                   train.output_shapes)
    following = iterator.get_next()
    trains, tests = train.make_one_shot_iterator(), test.make_initializable_iterator()
    with tf.Session() as sess:
        train_handle, test_handle = sess.run([trains.string_handle(), tests.string_handle("h")])
        sess.run(tests.initializer)
        got = [sess.run(following, {handle: h}) for h in (train_handle, test_handle,
                                                          train_handle, test_handle)]
        assert got == [0, 100, 1, 101]


def test_shared_name():
    server = tf.train.Server.create_local_server()
    iterator = Dataset.range(5).make_initializable_iterator(shared_name="shared")
    following = iterator.get_next()
    with tf.Session(server.target) as one, tf.Session(server.target) as other:
        one.run(iterator.initializer)
        assert [one.run(following), other.run(following), one.run(following)] == [0, 1, 2]


def test_datasets_of_other_graphs():
    dataset = Dataset.range(3)
    with tf.Graph().as_default():
        for make in (dataset.make_one_shot_iterator, dataset.make_initializable_iterator):
            with pytest.raises(ValueError, match="of the iterator is different from the graph"):
                make()


def test_optional():
    iterator = Dataset.range(2).make_initializable_iterator()
    following = tf.data.experimental.get_next_as_optional(iterator)
    there, value = following.has_value(), following.get_value()
    with tf.Session() as sess:
        sess.run(iterator.initializer)
        assert sess.run([there, value]) == [True, 0] and sess.run([there, value]) == [True, 1]
        assert not sess.run(there)
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(value)
        made = tf.data.experimental.Optional.from_value((1, 2.))
        none = tf.data.experimental.Optional.none_from_structure(made.value_structure)
        assert sess.run(made.get_value()) == (1, 2.)
        assert sess.run([made.has_value(), none.has_value()]) == [True, False]


def test_in_a_monitored_session():
    following = Dataset.range(3).make_one_shot_iterator().get_next()
    got = []
    with tf.train.MonitoredSession() as sess:
        while not sess.should_stop():
            got.append(sess.run(following))
    assert got == [0, 1, 2]
