"""tf.data.experimental and tf.contrib.data."""
import numpy as np
import pytest
import weft as tf
from datasets import elements, numbers
from weft.python.framework import gen

Dataset = tf.data.Dataset
more = tf.data.experimental


def test_map_and_batch():
    for arguments in ({}, {"num_parallel_batches": 2}, {"num_parallel_calls": 3}):
        dataset = Dataset.range(7).apply(more.map_and_batch(lambda x: x * x, 3, **arguments))
        assert numbers(dataset) == [[0, 1, 4], [9, 16, 25], [36]]
    dropped = Dataset.range(7).apply(tf.contrib.data.map_and_batch(lambda x: x, 3,
                                                                   drop_remainder=True))
    assert dropped.output_shapes.as_list() == [3] and len(elements(dropped)) == 2
    with pytest.raises(ValueError, match="arguments are mutually exclusive."):
        more.map_and_batch(lambda x: x, 3, 2, num_parallel_calls=3)


def test_shuffle_and_repeat():
    dataset = Dataset.range(5).apply(more.shuffle_and_repeat(5, 2, seed=3))
    got = numbers(dataset)
    assert sorted(got[:5]) == sorted(got[5:]) == list(range(5))


def test_parallel_interleave():
    dataset = Dataset.range(1, 4).apply(more.parallel_interleave(
        lambda x: Dataset.from_tensors(x).repeat(x), cycle_length=2))
    assert numbers(dataset) == [1, 2, 2, 3, 3, 3]
    loose = Dataset.range(4).apply(tf.contrib.data.sloppy_interleave(
        lambda x: Dataset.from_tensors(x).repeat(3), cycle_length=2))
    assert sorted(numbers(loose)) == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3


def test_group_by_window():
    dataset = Dataset.range(10).apply(more.group_by_window(
        lambda x: x % 2, lambda key, group: group.batch(3), window_size=3))
    assert numbers(dataset) == [[0, 2, 4], [1, 3, 5], [6, 8], [7, 9]]
    sized = Dataset.range(6).apply(more.group_by_window(
        lambda x: x % 2, lambda key, group: group.batch(9),
        window_size_func=lambda key: key + 1))
    assert numbers(sized) == [[0], [2], [1, 3], [4], [5]]
    with pytest.raises(ValueError, match="Must pass either window_size or window_size_func."):
        more.group_by_window(lambda x: x, lambda k, g: g)
    with pytest.raises(ValueError, match="`key_func` must return a single tf.int64 tensor."):
        Dataset.range(3).apply(more.group_by_window(lambda x: tf.cast(x, tf.int32),
                                                    lambda k, g: g, 2))
    with pytest.raises(TypeError, match="`reduce_func` must return a `Dataset` object."):
        Dataset.range(3).apply(more.group_by_window(lambda x: x, lambda k, g: k, 2))


def test_group_by_reducer():
    reducer = more.Reducer(lambda key: (key, np.int64(0)),
                           lambda state, x: (state[0], state[1] + x),
                           lambda key, total: key * 1000 + total)
    dataset = Dataset.range(10).apply(more.group_by_reducer(lambda x: x % 3, reducer))
    assert sorted(numbers(dataset)) == [18, 1012, 2015]
    with tf.Session() as sess:
        assert sess.run(tf.contrib.data.reduce_dataset(Dataset.range(5), reducer)) == 10


def test_buckets():
    dataset = Dataset.from_generator(lambda: [[1] * n for n in (1, 5, 2, 6, 7)], tf.int32, [None])
    got = elements(dataset.apply(more.bucket_by_sequence_length(
        lambda x: tf.shape(x)[0], [4], [2, 2])))
    assert [x.shape for x in got] == [(2, 2), (2, 6), (1, 7)]
    with pytest.raises(ValueError, match=r"must equal len\(bucket_boundaries\) \+ 1"):
        more.bucket_by_sequence_length(lambda x: 1, [1], [2])


def test_scan():
    sums = Dataset.range(5).apply(more.scan(np.int64(0), lambda s, x: (s + x, s + x)))
    assert numbers(sums) == [0, 1, 3, 6, 10]
    with pytest.raises(TypeError, match="must return a pair comprising the new state"):
        Dataset.range(5).apply(more.scan(np.int64(0), lambda s, x: s))


def test_counter():
    assert numbers(more.Counter(3, 2).take(3)) == [3, 5, 7]


def test_choices():
    datasets = [Dataset.from_tensors(x).repeat() for x in "abc"]
    choice = Dataset.from_tensor_slices(np.array([0, 2, 1, 1], dtype=np.int64))
    assert elements(more.choose_from_datasets(datasets, choice)) == [b"a", b"c", b"b", b"b"]
    drawn = numbers(more.sample_from_datasets(
        [Dataset.from_tensors(x).repeat() for x in (0, 1)], [0.25, 0.75], seed=1).take(400))
    assert 0.65 < np.mean(drawn) < 0.85
    assert sorted(numbers(more.sample_from_datasets([Dataset.range(3), Dataset.range(3)]))) == [
        0, 0, 1, 1, 2, 2]
    with pytest.raises(TypeError, match="must be a dataset of scalar `tf.int64` tensors."):
        more.choose_from_datasets(datasets, Dataset.from_tensors(1.))
    with pytest.raises(ValueError, match="`weights` must be a vector of length"):
        more.sample_from_datasets(datasets, [0.5, 0.5])
    with pytest.raises(TypeError, match="`weights` must be convertible to a tensor of"):
        more.sample_from_datasets(datasets, [1, 2, 3])


@pytest.mark.parametrize("known", [None, [0.5, 0.5]])
def test_resampling(known):
    dataset = Dataset.from_tensor_slices([0, 1]).repeat(2000).apply(more.rejection_resample(
        lambda x: x, [0.2, 0.8], known, seed=1))
    got = elements(dataset.take(700))
    assert all(kind == x for kind, x in got) and 0.7 < np.mean([x for _, x in got[200:]]) < 0.9


def test_errors_ignored():
    dataset = Dataset.from_tensor_slices([1., 0., 2.]).map(
        lambda x: tf.check_numerics(1. / x, "bad"))
    assert numbers(dataset.apply(more.ignore_errors())) == [1., 0.5]


def test_one_element_and_number():
    with tf.Session() as sess:
        assert sess.run(more.get_single_element(Dataset.range(3, 4))) == 3
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(more.get_single_element(Dataset.range(3)))
        for dataset, number in ((Dataset.range(4), 4), (Dataset.range(4).batch(3), 2),
                                (Dataset.range(4).repeat(), more.INFINITE_CARDINALITY),
                                (Dataset.range(4).filter(lambda x: x > 1),
                                 more.UNKNOWN_CARDINALITY)):
            assert sess.run(more.cardinality(dataset)) == number


def test_sparse_batch():
    dataset = Dataset.from_generator(lambda: [[1], [2, 3]], tf.int32, [None])
    value, = elements(dataset.apply(more.dense_to_sparse_batch(2, [4])))
    assert value.indices.tolist() == [[0, 0], [1, 0], [1, 1]]
    assert value.dense_shape.tolist() == [2, 4]


def test_small_ones():
    assert numbers(Dataset.range(4).batch(2).apply(more.unbatch())) == [0, 1, 2, 3]
    assert elements(Dataset.range(2).apply(more.enumerate_dataset(3))) == [(3, 0), (4, 1)]
    assert numbers(Dataset.range(2).apply(more.prefetch_to_device("/cpu:0"))) == [0, 1]
    assert numbers(Dataset.from_tensor_slices([1, 1, 2]).apply(more.unique())) == [1, 2]
    assert numbers(Dataset.range(5).apply(tf.contrib.data.sliding_window_batch(3))) == [
        [0, 1, 2], [1, 2, 3], [2, 3, 4]]
    assert numbers(Dataset.range(9).apply(more.take_while(lambda x: x < 3))) == [0, 1, 2]
    assert numbers(Dataset.range(3).apply(tf.contrib.data.batch_and_drop_remainder(2))) == [[0, 1]]
    random = numbers(more.RandomDataset(seed=7).take(3))
    assert len(set(random)) == 3 and random == numbers(more.RandomDataset(seed=7).take(3))
    assert gen.has("RandomDataset")


def test_variants():
    dataset = Dataset.range(3)
    again = more.from_variant(more.to_variant(dataset), more.get_structure(dataset))
    assert numbers(again) == [0, 1, 2]
    with pytest.raises(TypeError, match="must be a Dataset or Iterator object"):
        more.get_structure(3)
