"""Input producers, batches, and readers of files, with the threads that fill their queues."""
import numpy as np
import pytest
import weft as tf


def all_of(fetches, times=None):
    """What the fetches are, run by run, until the input ends."""
    got = []
    with tf.Session() as s:
        s.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(s, coord)
        try:
            while times is None or len(got) < times:
                got.append(s.run(fetches))
        except tf.errors.OutOfRangeError:
            pass
        coord.request_stop()
        coord.join(threads)
    return got


def names():
    return [n.name for n in tf.get_default_graph().get_operations()]


# ---- producers ----

def test_strings():
    q = tf.train.string_input_producer(["a", "b"], num_epochs=2, shuffle=False)
    assert all_of(q.dequeue()) == [b"a", b"b"] * 2
    assert q.name == "input_producer" and "input_producer/limit_epochs/epochs" in names()
    assert "input_producer/fraction_of_32_full" in names()
    assert [n for n in names() if "producer_" in n][:2] == [
        "input_producer/input_producer_EnqueueMany", "input_producer/input_producer_Close"]
    with pytest.raises(ValueError, match="requires a non-null input tensor"):
        tf.train.string_input_producer([])
    with pytest.raises(ValueError, match="num_epochs must be > 0 not -1"):
        tf.train.string_input_producer(["a"], num_epochs=-1)


def test_an_empty_tensor_of_strings_fails_the_run():
    q = tf.train.string_input_producer(tf.constant([], tf.string, shape=[0]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="non-null input tensor"):
        all_of(q.dequeue())


def test_shuffled_epochs():
    q = tf.train.range_input_producer(8, num_epochs=3, seed=1)
    got = all_of(q.dequeue())
    for i in range(3):
        assert sorted(got[8 * i:8 * i + 8]) == list(range(8))
    assert got[:8] != got[8:16]


def test_slices():
    x, y = tf.train.slice_input_producer([np.arange(6.).reshape(3, 2), ["a", "b", "c"]],
                                         num_epochs=1, shuffle=False)
    got = all_of([x, y])
    assert [v[1] for v in got] == [b"a", b"b", b"c"] and got[1][0].tolist() == [2, 3]
    with pytest.raises(ValueError, match="at least one tensor in slice_input_producer"):
        tf.train.slice_input_producer([])


def test_rows():
    q = tf.train.input_producer([[1, 2], [3, 4]], num_epochs=1, shuffle=False)
    assert [v.tolist() for v in all_of(q.dequeue())] == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match="must have a fully defined shape"):
        tf.train.input_producer(tf.placeholder(tf.int32, [None, None]))


# ---- batches ----

def counted(n=10):
    return tf.train.range_input_producer(n, num_epochs=1, shuffle=False).dequeue()


def test_batches():
    x = counted()
    batch = tf.train.batch({"x": x, "double": x * 2}, 4, allow_smaller_final_batch=True)
    assert batch["x"].shape.as_list() == [None] and batch["x"].op.name == "batch"
    got = all_of(batch)
    assert [v["x"].tolist() for v in got] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert got[1]["double"].tolist() == [8, 10, 12, 14]
    assert [n for n in names() if n.startswith("batch/")][:3] == [
        "batch/Const", "batch/fifo_queue", "batch/fifo_queue_enqueue"]
    assert "batch/fraction_of_32_full" in names()


def test_whole_batches_only():
    batch = tf.train.batch([counted()], 4)
    assert batch.shape.as_list() == [4] and len(all_of(batch)) == 2


def test_batches_of_rows_by_many_threads():
    x = counted(20)
    batch = tf.train.batch([tf.stack([x, x + 100])], 5, num_threads=4, enqueue_many=True)
    got = np.concatenate(all_of(batch))
    assert sorted(got) == sorted(list(range(20)) + list(range(100, 120)))


def test_padded_batches():
    x = counted(3)
    batch = tf.train.batch([tf.fill([x + 1], x)], 3, dynamic_pad=True)
    assert all_of(batch)[0].tolist() == [[0, 0, 0], [1, 1, 0], [2, 2, 2]]


def test_sparse_batches():
    x = tf.cast(counted(4), tf.int64)
    sparse = tf.SparseTensor(tf.reshape(x, [1, 1]), tf.reshape(x * 10, [1]), [5])
    batch = tf.train.batch([sparse, x], 2)
    got = all_of(batch)
    assert got[1][0].indices.tolist() == [[0, 2], [1, 3]]
    assert got[1][0].values.tolist() == [20, 30] and got[1][1].tolist() == [2, 3]
    assert got[0][0].dense_shape.tolist() == [2, 5]


def test_joined_batches():
    batch = tf.train.batch_join([[counted(6)], [counted(6) + 100]], 4)
    assert sorted(np.concatenate(all_of(batch))) == list(range(6)) + list(range(100, 106))
    with pytest.raises(TypeError, match="Expected types to be consistent"):
        tf.train.batch_join([[tf.constant(1)], [tf.constant(1.)]], 2)


def test_shuffled_batches():
    batch = tf.train.shuffle_batch([counted(20)], 5, capacity=30, min_after_dequeue=10, seed=1)
    got = np.concatenate(all_of(batch)).tolist()
    assert sorted(got) == list(range(20)) and got != list(range(20))
    assert "shuffle_batch/fraction_over_10_of_20_full" in names()
    with pytest.raises(ValueError, match="capacity 3 must be bigger than min_after_dequeue 3."):
        tf.train.shuffle_batch([tf.constant(1)], 5, capacity=3, min_after_dequeue=3)
    joined = tf.train.shuffle_batch_join([[counted(6)], [counted(6)]], 4, 30, 2)
    assert sorted(np.concatenate(all_of(joined))) == sorted(2 * list(range(6)))


def test_only_some_are_kept():
    x = counted()
    some = tf.train.maybe_batch([x], tf.equal(x % 2, 1), 2)
    assert np.concatenate(all_of(some)).tolist() == [1, 3, 5, 7]
    tf.reset_default_graph()
    rows = tf.constant([1, 2, 3, 4])
    some = tf.train.maybe_batch([rows], [True, False, False, True], 4, enqueue_many=True)
    assert all_of(some, 1)[0].tolist() == [1, 4, 1, 4]
    with pytest.raises(ValueError, match="cannot be a vector when `enqueue_many=False`"):
        tf.train.maybe_batch([rows], [True], 2)
    tf.reset_default_graph()
    assert len(all_of(tf.train.maybe_shuffle_batch([counted()], 5, 20, 2, True))) == 2


# ---- readers ----

@pytest.fixture
def folder(tmp_path):
    for i in range(2):
        (tmp_path / ("%d.csv" % i)).write_text("x,y\n%d,1.5\n%d,2.5\n" % (i, i + 10))
    return tmp_path


def files(folder, pattern="*.csv", **named):
    found = sorted(str(f) for f in folder.glob(pattern))
    return tf.train.string_input_producer(found, num_epochs=1, shuffle=False, **named)


def test_lines(folder):
    key, line = tf.TextLineReader(skip_header_lines=1).read(files(folder))
    x, y = tf.decode_csv(line, [[0], [0.]])
    got = all_of([key, x, y])
    assert [v[1] for v in got] == [0, 10, 1, 11] and got[1][2] == 2.5
    assert got[0][0] == ("%s/0.csv:2" % folder).encode()


def test_lines_in_batches(folder):
    x, y = tf.decode_csv(tf.TextLineReader(skip_header_lines=1).read(files(folder))[1],
                         [[0], [0.]])
    xs, ys = all_of(tf.train.batch([x, y], 4))[0]
    assert xs.tolist() == [0, 10, 1, 11] and ys.tolist() == [1.5, 2.5] * 2


def test_several_at_a_time(folder):
    reader = tf.TextLineReader()
    keys, lines = reader.read_up_to(files(folder), 5)
    assert [len(v) for v in all_of(lines)] == [3, 3]
    assert keys.shape.as_list() == [None]


def test_records(folder):
    for zipped in (False, True):
        tf.reset_default_graph()
        options = tf.python_io.TFRecordOptions("ZLIB" if zipped else "")
        with tf.python_io.TFRecordWriter(str(folder / "r.tfrecord"), options) as w:
            w.write(b"one")
            w.write(b"two")
        _, value = tf.TFRecordReader(options=options).read(files(folder, "r.*"))
        assert all_of(value) == [b"one", b"two"]


def test_other_readers(folder):
    (folder / "f.bin").write_bytes(b"Haabbcc")
    whole = tf.WholeFileReader()
    assert whole.supports_serialize
    assert all_of(whole.read(files(folder, "f.*")))[0][1] == b"Haabbcc"
    fixed = tf.FixedLengthRecordReader(2, header_bytes=1)
    assert all_of(fixed.read(files(folder, "f.*"))[1]) == [b"aa", b"bb", b"cc"]
    identity = tf.IdentityReader()
    assert all_of(identity.read(files(folder, "f.*"))[0]) == [str(folder / "f.bin").encode()]


def test_what_a_reader_knows():
    with tf.Session() as s:
        q = tf.FIFOQueue(9, tf.string, [[]])
        s.run(q.enqueue_many([["a", "b", "c"]]))
        reader = tf.IdentityReader("reader")
        key, value = reader.read(q)
        assert key.op.type == "ReaderReadV2" and reader.reader_ref.op.name == "reader"
        assert s.run([key, value]) == [b"a", b"a"]
        known = s.run(reader.serialize_state())
        s.run(key)
        count = reader.num_records_produced()
        assert s.run([count, reader.num_work_units_completed()]) == [2, 2]
        s.run(reader.restore_state(known))
        assert s.run(count) == 1
        s.run(reader.reset())
        assert s.run(count) == 0


def test_records_without_end(folder):
    from weft.python.ops.data_flow_ops import RecordInput
    for i in range(3):
        with tf.python_io.TFRecordWriter(str(folder / ("%d.records" % i))) as w:
            for j in range(4):
                w.write(b"%d" % (4 * i + j))
    pattern = str(folder / "*.records")
    batch = RecordInput(pattern, batch_size=6, buffer_size=5, seed=1).get_yield_op()
    lists = RecordInput(pattern, batch_size=2, batches=2, name="r").get_yield_op()
    assert [len(one) for one in lists] == [2, 2] and lists[0][0].shape.as_list() == []
    with tf.Session() as s:
        got = [s.run(batch).tolist() for _ in range(4)]
        assert len(set(s.run(lists)[0])) == 2
    every = sorted(b"%d" % i for i in range(12))
    assert sorted(got[0] + got[1]) == sorted(got[2] + got[3]) == every
    assert got[0] + got[1] != got[2] + got[3] != every
