"""tf.data's functions of elements: map, flat_map, interleave, filter, reduce."""
import collections
import subprocess
import sys

import numpy as np
import pytest
import weft as tf
from datasets import elements, numbers

Dataset = tf.data.Dataset


def test_map():
    assert numbers(Dataset.range(5).map(lambda x: x * x + 1)) == [x * x + 1 for x in range(5)]
    for calls in (1, 2, 7):
        got = numbers(Dataset.range(20).map(lambda x: x * 3, num_parallel_calls=calls))
        assert got == [x * 3 for x in range(20)]


def test_structures_of_results():
    Point = collections.namedtuple("Point", "x y")
    dataset = Dataset.range(2).map(lambda x: {"p": Point(x, -x), "t": (x,)})
    assert dataset.output_types == {"p": Point(tf.int64, tf.int64), "t": (tf.int64,)}
    assert elements(dataset)[1] == {"p": Point(1, -1), "t": (1,)}
    again = dataset.map(lambda d: d["p"].x + d["p"].y)
    assert numbers(again) == [0, 0]
    listed = Dataset.range(2).map(lambda x: [x, x + 1])
    assert elements(listed) == [(0, 1), (1, 2)]
    constant = Dataset.range(2).map(lambda x: 7)
    assert numbers(constant) == [7, 7]
    with pytest.raises(TypeError, match="Unsupported return value from function passed to "
                                        r"Dataset.map\(\)"):
        Dataset.range(2).map(lambda x: None)


def test_tuples_are_arguments():
    pairs = Dataset.zip((Dataset.range(3), Dataset.range(10, 13)))
    assert numbers(pairs.map(lambda a, b: a + b)) == [10, 12, 14]
    nested = Dataset.zip((Dataset.range(2), (Dataset.range(2), Dataset.range(2))))
    assert numbers(nested.map(lambda a, b: a + b[0] * b[1])) == [0, 2]


def test_captured_tensors():
    x = tf.placeholder(tf.int64, [])
    assert numbers(Dataset.range(3).map(lambda e: e + x), {x: 5}) == [5, 6, 7]
    v = tf.get_variable("v", initializer=np.int64(4), use_resource=True)
    iterator = Dataset.range(3).map(lambda e: e * v).make_initializable_iterator()
    following = iterator.get_next()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(iterator.initializer)
        assert sess.run(following) == 0 and sess.run(following) == 4
        sess.run(v.assign(10))
        assert sess.run(following) == 20


def test_tables():
    table = tf.contrib.lookup.index_table_from_tensor(["a", "b"])
    dataset = Dataset.from_tensor_slices(["b", "a", "c"]).map(table.lookup)
    assert numbers(dataset) == [1, 0, -1]


def test_python_functions():
    def square(x):
        return x * x
    dataset = Dataset.range(4).map(lambda x: tf.py_func(square, [x], tf.int64))
    assert numbers(dataset) == [0, 1, 4, 9]


def test_the_last_handle_waits_for_python_functions():
    """The iterator ends when its fetched handle does, while a thread of it is in such a function."""
    script = """if True:
        import time
        import weft as tf
        def slow(x):
            time.sleep(0.2)
            return x
        data = tf.data.Dataset.range(100).map(lambda x: tf.py_func(slow, [x], tf.int64))
        data = data.prefetch(9)
        it = tf.raw_ops.AnonymousIterator(output_types=[tf.int64], output_shapes=[[]])
        begin = tf.raw_ops.MakeIterator(dataset=data._as_variant_tensor(), iterator=it)
        with tf.control_dependencies([begin]):
            next = tf.raw_ops.IteratorGetNext(iterator=it, output_types=[tf.int64],
                                              output_shapes=[[]])
        with tf.Session() as session:
            session.run([it, next])
        print("ended")
        """
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, timeout=60)
    assert done.stdout == b"ended\n"


def test_random_numbers_are_new_each_time():
    values = numbers(Dataset.range(4).map(lambda x: tf.random_uniform([], seed=3)))
    assert len(set(values)) == 4


def test_errors_name_the_function():
    dataset = Dataset.range(3).map(lambda x: tf.check_numerics(1. / tf.cast(x, tf.float32), "bad"))
    with pytest.raises(tf.errors.InvalidArgumentError, match="bad"):
        elements(dataset)


def test_flat_map():
    dataset = Dataset.range(4).flat_map(lambda x: Dataset.range(x))
    assert numbers(dataset) == [0, 0, 1, 0, 1, 2]
    rows = Dataset.from_tensor_slices([[1, 2], [3, 4]]).flat_map(Dataset.from_tensor_slices)
    assert numbers(rows) == [1, 2, 3, 4]
    deep = Dataset.range(3).flat_map(
        lambda x: Dataset.range(2).flat_map(lambda y: Dataset.from_tensors(x * 10 + y)))
    assert numbers(deep) == [0, 1, 10, 11, 20, 21]
    with pytest.raises(TypeError, match="`map_func` must return a `Dataset` object."):
        Dataset.range(3).flat_map(lambda x: x)


def interleaved(lists, cycle, block):
    """What interleave() does, in Python."""
    waiting = [iter(x) for x in lists]
    open_ones = [waiting.pop(0) if waiting else None for _ in range(cycle)]
    found, at = [], 0
    while any(x is not None for x in open_ones):
        for _ in range(block):
            if open_ones[at] is None:
                break
            try:
                found.append(next(open_ones[at]))
            except StopIteration:
                open_ones[at] = waiting.pop(0) if waiting else None
                break
        at = (at + 1) % cycle
    return found


def test_interleave():
    for cycle, block in ((1, 1), (2, 1), (3, 2), (2, 3)):
        dataset = Dataset.range(4).interleave(
            lambda x: Dataset.from_tensors(x).repeat(4), cycle, block)
        assert numbers(dataset) == interleaved([[x] * 4 for x in range(4)], cycle, block)
        parallel = Dataset.range(4).interleave(
            lambda x: Dataset.from_tensors(x).repeat(4), cycle, block, num_parallel_calls=cycle)
        assert numbers(parallel) == interleaved([[x] * 4 for x in range(4)], cycle, block)


def test_filter():
    assert numbers(Dataset.range(9).filter(lambda x: tf.equal(x % 3, 0))) == [0, 3, 6]
    pairs = Dataset.zip((Dataset.range(5), Dataset.range(4, -1, -1)))
    assert elements(pairs.filter(lambda a, b: a < b)) == [(0, 4), (1, 3)]
    with pytest.raises(ValueError, match="`predicate` return type must be convertible to a scalar"):
        Dataset.range(3).filter(lambda x: x)


def test_legacy_functions():
    assert numbers(Dataset.range(3).map_with_legacy_function(lambda x: x + 1)) == [1, 2, 3]
    assert numbers(Dataset.range(3).map_with_legacy_function(lambda x: x + 1, 2)) == [1, 2, 3]
    assert numbers(Dataset.range(3).filter_with_legacy_function(lambda x: x > 0)) == [1, 2]


def test_reduce():
    total = Dataset.range(5).reduce(np.int64(0), lambda state, x: state + x)
    pair = Dataset.range(5).reduce((np.int64(0), np.int64(1)),
                                   lambda s, x: (s[0] + x, s[1] * (x + 1)))
    grown = Dataset.range(3).reduce(tf.zeros([0], tf.int64),
                                    lambda s, x: tf.concat([s, [x]], 0))
    with tf.Session() as sess:
        assert sess.run(total) == 10 and sess.run(pair) == (10, 120)
        assert sess.run(grown).tolist() == [0, 1, 2]
    assert grown.shape.as_list() == [None]
    with pytest.raises(TypeError, match="The element types for the new state must match"):
        Dataset.range(5).reduce(0, lambda state, x: x)


def test_functions_of_the_graph():
    Dataset.range(3).map(lambda x: x + 1)
    names = [f.signature.name for f in tf.get_default_graph().as_graph_def().library.function]
    assert len(names) == 1 and names[0].startswith("__inference_Dataset_map_lambda_")
    node = tf.get_default_graph().get_operation_by_name("MapDataset")
    assert node.get_attr("f").name == names[0]
    assert node.get_attr("use_inter_op_parallelism") is True
    assert node.get_attr("preserve_cardinality") is False


def test_pipelines_are_written_and_read():
    dataset = Dataset.range(6).filter(lambda x: x > 1).map(lambda x: x * 2).batch(2)
    iterator = dataset.make_initializable_iterator()
    tf.identity(iterator.get_next(), name="out")
    graph_def = tf.get_default_graph().as_graph_def()
    with tf.Graph().as_default():
        tf.import_graph_def(graph_def, name="")
        with tf.Session() as sess:
            sess.run("MakeIterator")
            assert sess.run("out:0").tolist() == [4, 6]
