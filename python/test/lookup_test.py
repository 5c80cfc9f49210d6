"""Lookup tables: their names, what fills them, what they answer."""
import re

import pytest
import weft as tf
from weft.contrib import lookup as contrib
from weft.python.ops import lookup_ops


@pytest.fixture
def vocabulary(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("emerson\nlake\npalmer\n")
    return str(path)


def run(fetches, feeds=None):
    """The values, after the tables were filled."""
    with tf.Session() as session:
        session.run(tf.tables_initializer())
        return session.run(fetches, feeds)


def names():
    return [op.name for op in tf.get_default_graph().get_operations()]


# ---- tables that are filled once ----

def test_static_hash_table():
    init = tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2], tf.string, tf.int64)
    table = tf.lookup.StaticHashTable(init, -1)
    found = table.lookup(tf.constant([["a", "x"], ["b", "a"]]))
    assert (table.key_dtype, table.value_dtype) == (tf.string, tf.int64)
    assert found.op.name == "hash_table_Lookup/LookupTableFindV2"
    assert found.shape.as_list() == [2, 2]
    assert run([found, table.size()])[0].tolist() == [[1, -1], [2, 1]]
    assert tf.get_collection(tf.GraphKeys.TABLE_INITIALIZERS) == [table.initializer]
    keys, values = run(table.export())
    assert dict(zip(keys, values)) == {b"a": 1, b"b": 2}


def test_names():
    table = contrib.HashTable(contrib.KeyValueTensorInitializer(["a"], [1.]), 0.)
    assert names() == ["keys", "values", "Const", "hash_table",
                       "key_value_init/LookupTableImportV2"]
    assert table.name == "hash_table" and table.init is table.initializer
    assert table.resource_handle.op.get_attr("shared_name") == b""
    with tf.name_scope("scope"):
        other = contrib.HashTable(contrib.KeyValueTensorInitializer(["a"], [1.], name="fill"), 0.,
                                  shared_name="mine", name="table")
    assert other.resource_handle.op.name == "scope/table" and other.name == "table"
    assert other.initializer.name == "scope/fill/LookupTableImportV2"
    assert other.resource_handle.op.get_attr("shared_name") == b"mine"
    other.size()
    assert names()[-1] == "table_Size/LookupTableSizeV2"
    static = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [1]), 0)
    assert re.match(b"hash_table_[0-9a-f-]{36}$",
                    static.resource_handle.op.get_attr("shared_name"))


def test_sparse_keys():
    table = contrib.index_table_from_tensor(["a", "b"])
    keys = tf.SparseTensor([[0, 0], [1, 2]], ["b", "z"], [2, 3])
    found = run(table.lookup(keys))
    assert found.values.tolist() == [1, -1] and found.dense_shape.tolist() == [2, 3]


def test_before_it_is_filled():
    table = contrib.index_table_from_tensor(["a"])
    with tf.Session() as session:
        with pytest.raises(tf.errors.FailedPreconditionError, match="Table not initialized"):
            session.run(table.lookup(tf.constant("a")))


def test_dtypes_that_do_not_fit():
    table = contrib.index_table_from_tensor(["a"])
    with pytest.raises(TypeError, match="Signature mismatch. Keys must be dtype .*string.*int32"):
        table.lookup(tf.constant(1))
    init = contrib.KeyValueTensorInitializer([1, 2], [3, 4], tf.int64, tf.int64)
    with pytest.raises(TypeError, match="Invalid key dtype, expected .*string.* but got .*int64"):
        init.initialize(table)


# ---- from files ----

def test_from_a_file(vocabulary):
    table = contrib.index_table_from_file(vocabulary, num_oov_buckets=2)
    words = table.lookup(tf.constant(["lake", "palmer", "king"]))
    back = contrib.index_to_string_table_from_file(vocabulary, default_value="?")
    ids, texts, size = run([words, back.lookup(tf.constant([0, 7], tf.int64)), table.size()])
    assert ids.tolist()[:2] == [1, 2] and ids[2] in (3, 4) and size == 5
    assert texts.tolist() == [b"emerson", b"?"]
    assets = tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS)
    assert run(assets[0]) == vocabulary.encode() and len(assets) == 2
    assert assets[0].op.name == "string_to_index/hash_table/asset_path"
    op = tf.get_default_graph().get_operation_by_name("string_to_index/hash_table/hash_table")
    assert op.get_attr("shared_name").decode() == "hash_table_%s_-2_-1" % vocabulary
    assert "string_to_index/hash_table/table_init/InitializeTableFromTextFileV2" in names()


def test_columns(tmp_path):
    path = tmp_path / "columns.txt"
    path.write_text("a 10\nb 20\n")
    init = tf.lookup.TextFileInitializer(str(path), tf.string, 0, tf.int64, 1, delimiter=" ")
    assert run(tf.lookup.StaticHashTable(init, -1).lookup(tf.constant(["b", "c"]))).tolist() == [
        20, -1]
    line = tf.lookup.TextFileIndex.LINE_NUMBER
    for key, value, error in (
            ((tf.string, line), (tf.int64, 0), "Keys must be dtype .*int64"),
            ((tf.float32, -2), (tf.int64, 0), "Keys must be integer or string"),
            ((tf.string, 0), (tf.string, line), "Values must be dtype .*int64"),
            ((tf.string, 0), (tf.int64, -2), "Values must be dtype .*string"),
            ((tf.string, -3), (tf.int64, 0), "Invalid key index -3"),
            ((tf.string, 0), (tf.int64, -3), "Invalid value index -3")):
        with pytest.raises(ValueError, match=error):
            tf.lookup.TextFileInitializer("x", *key, *value)
    with pytest.raises(ValueError, match="Filename required for n"):
        tf.lookup.TextFileInitializer("", tf.string, 0, tf.int64, 1, name="n")
    with pytest.raises(ValueError, match="Invalid vocab_size 0"):
        tf.lookup.TextFileInitializer("x", tf.string, 0, tf.int64, 1, vocab_size=0)


def test_files_that_do_not_fit(vocabulary):
    for path, size, error in (("none", None, tf.errors.NotFoundError),
                              (vocabulary, 5, tf.errors.InvalidArgumentError)):
        with tf.Graph().as_default():
            contrib.index_table_from_file(path, vocab_size=size)
            with pytest.raises(error):
                run([])


# ---- vocabularies ----

def test_from_tensors():
    table = contrib.index_table_from_tensor(["a", "b"], num_oov_buckets=1, default_value=-1)
    assert run(table.lookup(tf.constant(["b", "z", "a"]))).tolist() == [1, 2, 0]
    numbers = lookup_ops.index_table_from_tensor([10, 20], dtype=tf.int32)
    assert numbers.key_dtype == tf.int64
    assert run(numbers.lookup(tf.constant([20, 5], tf.int64))).tolist() == [1, -1]
    assert run(contrib.index_to_string(tf.constant([1, 9], tf.int64), ["a", "b"])).tolist() == [
        b"b", b"UNK"]
    assert run(contrib.string_to_index(tf.constant(["b", "c"]), ["a", "b"])).tolist() == [1, -1]


def test_buckets():
    hashed = lookup_ops.IdTableWithHashBuckets(None, 4)
    strong = lookup_ops.IdTableWithHashBuckets(None, 4, lookup_ops.StrongHashSpec([1, 2]))
    words = tf.constant(["a", "b"])
    same = tf.string_to_hash_bucket_fast(words, 4)
    a, b, c = run([hashed.lookup(words), same, strong.lookup(words)])
    assert a.tolist() == b.tolist() and all(0 <= x < 4 for x in c)
    assert hashed.name == "hash_bucket" and hashed.resource_handle is None
    with pytest.raises(ValueError, match="oov_buckets must be > 0 if no table is supplied"):
        lookup_ops.IdTableWithHashBuckets(None, 0)
    with pytest.raises(TypeError, match="hasher_spec must be of type HasherSpec, got 3"):
        lookup_ops.IdTableWithHashBuckets(None, 1, 3)
    with pytest.raises(ValueError, match="key must have size 2, got 1"):
        lookup_ops.StrongHashSpec([1])
    with pytest.raises(TypeError, match="Must be unsigned integer values"):
        lookup_ops.StrongHashSpec([1, "a"])


def test_static_vocabulary_table():
    init = tf.lookup.KeyValueTensorInitializer(["a", "b"], [0, 1], tf.string, tf.int64)
    table = tf.lookup.StaticVocabularyTable(init, 2)
    found, size = run([table.lookup(tf.constant(["b", "zz"])), table.size()])
    assert found[0] == 1 and found[1] in (2, 3) and size == 4
    assert table.initializer.type == "LookupTableImportV2"
    with pytest.raises(ValueError, match="oov_buckets must be > 0."):
        tf.lookup.StaticVocabularyTable(init, 0)
    wrong = tf.lookup.KeyValueTensorInitializer(["a"], [0], tf.string, tf.int32)
    with pytest.raises(TypeError, match="Invalid value dtype, expected .*int64.* but got .*int32"):
        tf.lookup.StaticVocabularyTable(wrong, 1)


@pytest.mark.parametrize("make, error", [
    (lambda: lookup_ops.index_table_from_file(""), "vocabulary_file must be specified"),
    (lambda: lookup_ops.index_table_from_file("x", -1), "num_oov_buckets must be greater"),
    (lambda: lookup_ops.index_table_from_file("x", vocab_size=0),
     "vocab_size must be greater than 0, got 0. vocabulary_file: x"),
    (lambda: lookup_ops.index_table_from_file("x", key_dtype=tf.float32),
     "Only integer and string"),
    (lambda: lookup_ops.index_table_from_tensor(None), "vocabulary_list must be specified"),
    (lambda: lookup_ops.index_table_from_tensor([1]), "Expected non-integer, got .*int32"),
    (lambda: lookup_ops.index_to_string_table_from_file(None), "vocabulary_file must be"),
    (lambda: lookup_ops.index_to_string_table_from_tensor(None), "vocabulary_list must be"),
    (lambda: contrib.index_table_from_tensor(None), "mapping must be specified")])
def test_vocabularies_that_cannot_be(make, error):
    with pytest.raises((ValueError, TypeError), match=error):
        make()


# ---- tables that change ----

def test_mutable_table():
    table = contrib.MutableHashTable(tf.string, tf.int64, -1, checkpoint=False)
    assert table.name == "MutableHashTable"
    put = table.insert(["a", "b"], [1, 2])
    assert put.name == "MutableHashTable_lookup_table_insert/LookupTableInsertV2"
    find = table.lookup(["b", "c"])
    drop = table.remove(tf.constant(["b"]))
    with tf.Session() as session:
        session.run(put)
        assert session.run(find).tolist() == [2, -1] and session.run(table.size()) == 2
        session.run(drop)
        assert session.run(find).tolist() == [-1, -1]
        assert [x.tolist() for x in session.run(table.export())] == [[b"a"], [1]]
    rows = contrib.MutableHashTable(tf.int64, tf.float32, [0., 0.], checkpoint=False)
    with tf.Session() as session:
        session.run(rows.insert([5], [[1., 2.]]))
        assert session.run(rows.lookup([5, 6])).tolist() == [[1, 2], [0, 0]]
    with pytest.raises(TypeError, match="Signature mismatch"):
        rows.remove(tf.constant(["a"]))


def test_dense_table():
    table = tf.lookup.experimental.DenseHashTable(tf.int64, tf.int64, -1, empty_key=0,
                                                  deleted_key=-1, checkpoint=False)
    with tf.Session() as session:
        session.run(table.insert([1, 2], [10, 20]))
        assert session.run(table.lookup([2, 3])).tolist() == [20, -1]
        session.run(table.erase(tf.constant([2], tf.int64)))
        assert session.run(table.lookup([2])).tolist() == [-1] and session.run(table.size()) == 1


def test_tables_are_saved(tmp_path):
    table = contrib.MutableHashTable(tf.string, tf.int64, -1)
    saver, put = tf.train.Saver(), table.insert(["a", "b"], [1, 2])
    saveable, = tf.get_collection(tf.GraphKeys.SAVEABLE_OBJECTS)
    assert [spec.name for spec in saveable.specs] == ["MutableHashTable-keys",
                                                      "MutableHashTable-values"]
    with tf.Session() as session:
        session.run(put)
        path = saver.save(session, str(tmp_path / "model"))
    with tf.Session() as session:
        session.run(table.insert(["c"], [3]))
        saver.restore(session, path)
        assert session.run(table.lookup(["a", "b", "c"])).tolist() == [1, 2, -1]
