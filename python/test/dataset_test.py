"""tf.data.Dataset: where elements come from, their order, number and batches."""
import collections

import numpy as np
import pytest
import weft as tf
from datasets import elements, numbers
from weft.python.data.util import nest

Dataset = tf.data.Dataset


# ---- structures ----

def test_nest():
    Pair = collections.namedtuple("Pair", "a b")
    structure = ([1, 2], {"y": Pair(3, (4,)), "x": 5}, tf.SparseTensorValue(1, 2, 3))
    flat = nest.flatten(structure)
    assert flat == [[1, 2], 5, 3, 4, tf.SparseTensorValue(1, 2, 3)]
    assert nest.pack_sequence_as(structure, flat) == structure
    assert nest.map_structure(lambda a, b: a + b, (1, {"a": 2}), (3, {"a": 4})) == (4, {"a": 6})
    with pytest.raises(ValueError, match="don't have the same nested structure"):
        nest.assert_same_structure((1, 2), 3)
    with pytest.raises(TypeError, match="don't have the same sequence type"):
        nest.assert_same_structure((1, 2), Pair(1, 2))
    assert nest.flatten_up_to((0, 0), (1, (2, 3))) == [1, (2, 3)]
    with pytest.raises(TypeError, match="input must also be a sequence. Input has type: 'int'."):
        nest.flatten_up_to((0, 0), 1)
    with pytest.raises(ValueError, match="Structure is a scalar but len\\(flat_sequence\\) == 2"):
        nest.pack_sequence_as(0, [1, 2])


def test_what_elements_are():
    dataset = Dataset.from_tensors({"a": [1., 2.], "b": (3, "x")})
    assert dataset.output_types == {"a": tf.float32, "b": (tf.int32, tf.string)}
    assert dataset.output_shapes == {"a": tf.TensorShape([2]),
                                     "b": (tf.TensorShape([]), tf.TensorShape([]))}
    assert dataset.output_classes == {"a": tf.Tensor, "b": (tf.Tensor, tf.Tensor)}
    assert tf.data.get_output_types(dataset) == dataset.output_types
    assert dataset.element_spec["a"] == tf.TensorSpec([2], tf.float32)
    assert repr(dataset) == ("<DatasetV1Adapter shapes: {a: (2,), b: ((), ())}, types: "
                             "{a: tf.float32, b: (tf.int32, tf.string)}>")
    with pytest.raises(RuntimeError, match="__iter__"):
        iter(dataset)


# ---- sources ----

def test_tensors():
    got, = elements(Dataset.from_tensors((np.arange(6).reshape(2, 3), "text")))
    assert got[0].tolist() == [[0, 1, 2], [3, 4, 5]] and got[1] == b"text"


def test_slices():
    dataset = Dataset.from_tensor_slices({"x": np.arange(6).reshape(3, 2), "y": ["a", "b", "c"]})
    assert dataset.output_shapes == {"x": tf.TensorShape([2]), "y": tf.TensorShape([])}
    got = elements(dataset)
    assert [e["x"].tolist() for e in got] == [[0, 1], [2, 3], [4, 5]]
    assert [e["y"] for e in got] == [b"a", b"b", b"c"]
    with pytest.raises(ValueError):
        Dataset.from_tensor_slices(([1, 2], [1, 2, 3]))
    with pytest.raises(ValueError, match="only supported for rank >= 1"):
        Dataset.from_tensor_slices(1)


def test_slices_of_a_placeholder():
    x = tf.placeholder(tf.int32, [None, 2])
    dataset = Dataset.from_tensor_slices(x)
    assert numbers(dataset, {x: [[1, 2], [3, 4]]}) == [[1, 2], [3, 4]]


def test_range():
    for args in ((4,), (2, 5), (9, 1, -3), (0,), (5, 5), (1, 10, 4)):
        assert numbers(Dataset.range(*args)) == list(range(*args))
    assert Dataset.range(3).output_types == tf.int64
    with pytest.raises(ValueError, match="Invalid arguments to RangeDataset"):
        Dataset.range()
    with pytest.raises(tf.errors.InvalidArgumentError, match="step must be a non-zero"):
        numbers(Dataset.range(1, 2, 0))


def test_sparse_slices():
    sparse = tf.SparseTensor([[0, 1], [2, 0], [2, 2]], [1., 2., 3.], [3, 3])
    got = elements(Dataset.from_sparse_tensor_slices(sparse))
    assert [e[0].tolist() for e in got] == [[[1]], [], [[0], [2]]]
    assert [e[1].tolist() for e in got] == [[1.], [], [2., 3.]]
    assert [e[2].tolist() for e in got] == [[3]] * 3
    with pytest.raises(TypeError, match="`sparse_tensor` must be a `tf.SparseTensor` object"):
        Dataset.from_sparse_tensor_slices([1])


def test_sparse_elements():
    sparse = tf.SparseTensorValue([[0, 1], [2, 0]], [1., 2.], [3, 3])
    dataset = Dataset.from_tensors((sparse, 7))
    assert dataset.output_classes == (tf.SparseTensor, tf.Tensor)
    assert dataset.output_types == (tf.float32, tf.int32)
    (value, seven), = elements(dataset)
    assert value.indices.tolist() == [[0, 1], [2, 0]] and value.values.tolist() == [1., 2.]
    assert value.dense_shape.tolist() == [3, 3] and seven == 7
    rows = elements(Dataset.from_tensor_slices(sparse))
    assert [r.indices.tolist() for r in rows] == [[[1]], [], [[0]]]
    batch, = elements(Dataset.from_tensor_slices(sparse).batch(3))
    assert batch.indices.tolist() == [[0, 1], [2, 0]] and batch.dense_shape.tolist() == [3, 3]
    doubled, = elements(dataset.map(lambda s, _: s * 2.))
    assert doubled.values.tolist() == [2., 4.]


# ---- generators ----

def test_generator():
    def count():
        for i in range(3):
            yield i, ["a"] * i

    dataset = Dataset.from_generator(count, (tf.int64, tf.string), ([], [None]))
    assert [s.as_list() for s in dataset.output_shapes] == [[], [None]]
    got = elements(dataset.repeat(2))
    assert [e[0] for e in got] == [0, 1, 2] * 2
    assert [e[1].tolist() for e in got] == [[], [b"a"], [b"a", b"a"]] * 2


def test_generator_with_arguments():
    dataset = Dataset.from_generator(lambda n, text: ((i, text) for i in range(n)),
                                     (tf.int32, tf.string), args=(3, "x"))
    assert elements(dataset) == [(0, b"x"), (1, b"x"), (2, b"x")]


def test_generators_that_do_not_fit():
    for yielded, types, shapes, words in (
            (1, (tf.int32, tf.int32), None, "did not match the expected structure"),
            ("a", tf.int32, None, "could not be converted to the expected type"),
            ([1, 2], tf.int32, [3], "element of shape .* was expected")):
        dataset = Dataset.from_generator(lambda y=yielded: [y], types, shapes)
        with pytest.raises(tf.errors.InvalidArgumentError, match=words):
            elements(dataset)
    with pytest.raises(TypeError, match="`generator` must be callable."):
        Dataset.from_generator([1], tf.int32)


def test_generator_that_fails():
    def failing():
        yield 1
        raise ValueError("broken")

    with pytest.raises(tf.errors.InvalidArgumentError, match="broken"):
        elements(Dataset.from_generator(failing, tf.int32))


# ---- order and number ----

def test_take_skip_repeat():
    ten = Dataset.range(10)
    for count in (0, 3, 12, -1):
        assert numbers(ten.take(count)) == list(range(10))[:count if count >= 0 else None]
        assert numbers(ten.skip(count)) == ([] if count < 0 else list(range(10))[count:])
    assert numbers(ten.take(2).repeat(3)) == [0, 1] * 3
    assert numbers(ten.repeat().take(12)) == list(range(10)) + [0, 1]
    assert numbers(ten.repeat(0)) == []


def test_shard():
    for n in (1, 3, 4):
        for i in range(n):
            assert numbers(Dataset.range(10).shard(n, i)) == list(range(10))[i::n]


def test_zip_and_concatenate():
    a, b = Dataset.range(3), Dataset.from_tensor_slices(["x", "y"])
    assert elements(Dataset.zip((a, b))) == [(0, b"x"), (1, b"y")]
    assert elements(Dataset.zip({"one": a, "two": (b, a)})) == [
        {"one": 0, "two": (b"x", 0)}, {"one": 1, "two": (b"y", 1)}]
    assert numbers(a.concatenate(Dataset.range(7, 9))) == [0, 1, 2, 7, 8]
    with pytest.raises(TypeError, match="Nested structures do not support Python lists"):
        Dataset.zip([a, b])
    with pytest.raises(TypeError, match="must be a nested structure of `Dataset` objects."):
        Dataset.zip((a, 1))
    with pytest.raises(TypeError, match="Two datasets to concatenate have different types"):
        a.concatenate(b)
    wide = Dataset.from_tensors([1, 2]).concatenate(Dataset.from_tensors([3]))
    assert wide.output_shapes.as_list() == [None]


def test_enumerate():
    dataset = Dataset.from_tensor_slices(["a", "b"]).enumerate(start=5)
    assert elements(dataset) == [(5, b"a"), (6, b"b")]


def test_shuffle():
    dataset = Dataset.range(20).shuffle(20, seed=3)
    got = numbers(dataset)
    assert sorted(got) == list(range(20)) and got != list(range(20))
    assert numbers(Dataset.range(20).shuffle(20, seed=3)) == got
    first, second = np.split(np.array(numbers(
        Dataset.range(6).shuffle(6, seed=1, reshuffle_each_iteration=False).repeat(2))), 2)
    assert first.tolist() == second.tolist()
    small = numbers(Dataset.range(10).shuffle(2, seed=5))
    assert all(x <= i + 1 for i, x in enumerate(small)) and sorted(small) == list(range(10))


def test_seeds():
    tf.set_random_seed(4)
    ids = tf.get_default_graph()._last_id
    dataset = Dataset.range(20)
    shuffled = dataset.shuffle(20)
    seed2 = tf.get_default_graph().get_tensor_by_name("seed2:0")
    seed = tf.get_default_graph().get_tensor_by_name("seed:0")
    with tf.Session() as sess:
        graph_seed, op_seed = sess.run([seed, seed2])
    assert graph_seed == 4 and op_seed > ids
    got = numbers(shuffled)
    with tf.Graph().as_default():
        tf.set_random_seed(4)
        assert numbers(Dataset.range(20).shuffle(20)) == got


def test_cache(tmp_path):
    calls = []

    def count(x):
        calls.append(x)
        return x

    def counted(dataset):
        return dataset.map(lambda x: tf.py_func(count, [x], tf.int64))

    assert numbers(counted(Dataset.range(3)).cache().repeat(3)) == [0, 1, 2] * 3
    assert len(calls) == 3
    dataset = counted(Dataset.range(3)).cache(str(tmp_path / "kept"))
    assert numbers(dataset.repeat(2)) == [0, 1, 2] * 2 == numbers(dataset.repeat(2))
    assert len(calls) == 6


def test_prefetch():
    for size in (0, 1, 5, tf.data.experimental.AUTOTUNE, None):
        assert numbers(Dataset.range(9).prefetch(size)) == list(range(9))


# ---- batches ----

def test_batch():
    dataset = Dataset.range(7).batch(3)
    assert dataset.output_shapes.as_list() == [None]
    assert numbers(dataset) == [[0, 1, 2], [3, 4, 5], [6]]
    dropped = Dataset.range(7).batch(3, drop_remainder=True)
    assert dropped.output_shapes.as_list() == [3]
    assert numbers(dropped) == [[0, 1, 2], [3, 4, 5]]
    size = tf.placeholder(tf.int64, [])
    assert numbers(Dataset.range(3).batch(size, True), {size: 2}) == [[0, 1]]


def test_padded_batch():
    rows = [[1], [2, 3], [4, 5, 6]]
    dataset = Dataset.from_generator(lambda: rows, tf.int32, [None])
    assert numbers(dataset.padded_batch(2, [None])) == [[[1, 0], [2, 3]], [[4, 5, 6]]]
    assert numbers(dataset.padded_batch(3, [4], 9)) == [[[1, 9, 9, 9], [2, 3, 9, 9],
                                                         [4, 5, 6, 9]]]
    fixed = dataset.padded_batch(2, [5], drop_remainder=True)
    assert fixed.output_shapes.as_list() == [2, 5] and len(elements(fixed)) == 1
    text = Dataset.from_tensor_slices(["a", "b"]).map(lambda x: (tf.stack([x, x]), x))
    (padded, plain), = elements(text.padded_batch(2, ([3], []), ("-", "")))
    assert padded.tolist() == [[b"a", b"a", b"-"], [b"b", b"b", b"-"]]
    with pytest.raises(ValueError, match="is not compatible with the corresponding input comp"):
        Dataset.from_tensors([1, 2, 3]).padded_batch(1, [2])
    with pytest.raises(TypeError, match="Padding value tensor .* does not match output type"):
        dataset.padded_batch(2, [None], 1.5)
    with pytest.raises(tf.errors.DataLossError, match="pad"):
        numbers(dataset.padded_batch(3, [2]))


def test_unbatch():
    assert numbers(Dataset.range(7).batch(3).unbatch()) == list(range(7))
    pairs = Dataset.from_tensors(([1, 2], ["a", "b"])).unbatch()
    assert elements(pairs) == [(1, b"a"), (2, b"b")]
    sparse = tf.SparseTensorValue([[0, 1], [2, 0]], [1., 2.], [3, 3])
    got = elements(Dataset.from_tensors(sparse).unbatch())
    assert [r.values.tolist() for r in got] == [[1.], [], [2.]]


def test_window():
    def windows(n, *args, **kwargs):
        dataset = Dataset.range(n).window(*args, **kwargs)
        return numbers(dataset.flat_map(lambda window: window.batch(100)))

    assert windows(7, 3) == [[0, 1, 2], [3, 4, 5], [6]]
    assert windows(7, 3, drop_remainder=True) == [[0, 1, 2], [3, 4, 5]]
    assert windows(6, 3, shift=1, drop_remainder=True) == [[0, 1, 2], [1, 2, 3], [2, 3, 4],
                                                           [3, 4, 5]]
    assert windows(7, 2, shift=1, stride=3, drop_remainder=True) == [[0, 3], [1, 4], [2, 5],
                                                                     [3, 6]]
    pairs = Dataset.zip((Dataset.range(4), Dataset.range(10, 14))).window(2)
    assert elements(pairs.flat_map(
        lambda a, b: Dataset.zip((a.batch(2), b.batch(2)))))[1][1].tolist() == [12, 13]


# ---- names and attributes ----

def test_nodes():
    graph = tf.get_default_graph()
    dataset = Dataset.range(3).batch(2).repeat().shuffle(4, seed=1).prefetch(1)
    iterator = dataset.make_initializable_iterator()
    iterator.get_next()
    assert [op.name for op in graph.get_operations() if "Dataset" in op.type] == [
        "RangeDataset", "BatchDatasetV2", "RepeatDataset", "ShuffleDataset", "PrefetchDataset",
        "OptimizeDataset", "ModelDataset"]
    inputs = [x.op.name for x in graph.get_operation_by_name("RangeDataset").inputs]
    assert inputs == ["start", "stop", "step"]
    names = [op.name for op in graph.get_operations()]
    for name in ("batch_size", "drop_remainder", "count", "buffer_size", "buffer_size_1", "seed",
                 "seed2", "optimizations", "IteratorV2", "MakeIterator", "IteratorToStringHandle",
                 "IteratorGetNext"):
        assert name in names
    shuffle = graph.get_operation_by_name("ShuffleDataset")
    assert shuffle.get_attr("reshuffle_each_iteration") is True
    assert shuffle.get_attr("output_types") == [tf.int64]
    assert graph.get_operation_by_name("MakeIterator").colocation_groups() == [b"loc:@IteratorV2"]
    assert graph.get_operation_by_name("ModelDataset").get_attr("cpu_budget") == 0
    assert tf.get_collection("iterators") == [graph.get_tensor_by_name("IteratorV2:0")]


def test_options():
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    options.experimental_optimization.autotune = False
    dataset = Dataset.range(3).with_options(options)
    assert dataset.options() == options and numbers(dataset.map(lambda x: x * 2)) == [0, 2, 4]
    types = {op.type for op in tf.get_default_graph().get_operations()}
    assert not {"OptimizeDataset", "ModelDataset"} & types
    with pytest.raises(AttributeError, match="Cannot set the property wrong on Options."):
        options.wrong = 1
    with pytest.raises(TypeError, match='Property "experimental_slack" must be of type'):
        options.experimental_slack = 3


def test_apply():
    assert numbers(Dataset.range(3).apply(lambda d: d.repeat(2))) == [0, 1, 2] * 2
    with pytest.raises(TypeError, match="`transformation_func` must return a Dataset."):
        Dataset.range(3).apply(lambda d: 3)


def test_subclass():
    class Doubled(tf.data.Dataset):
        def __init__(self, dataset):
            self._dataset = dataset.map(lambda x: x * 2)
            super().__init__()

        def _as_variant_tensor(self):
            return self._dataset._variant_tensor

        def _inputs(self):
            return [self._dataset]

        output_types = output_shapes = output_classes = None

        @property
        def element_spec(self):
            return self._dataset.element_spec

    assert numbers(Doubled(Dataset.range(3)).take(2)) == [0, 2]
