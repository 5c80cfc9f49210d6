"""Files and folders by tf.gfile, tf.io.gfile and file_io."""
import os
import pathlib

import pytest
import weft as tf
from weft.python.lib.io import file_io


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\né")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.bin").write_bytes(b"\0\1\2")
    (tmp_path / "sub" / ".hidden.txt").write_text("")
    return str(tmp_path)


def test_reading(folder):
    name = os.path.join(folder, "a.txt")
    with tf.gfile.GFile(name) as f:
        assert f.name == name and f.mode == "r" and f.size() == 10
        assert f.readline() == "one\n" and f.tell() == 4
        assert f.read(3) == "two" and f.read() == "\né" and f.read() == ""
        f.seek(-2, whence=2)
        assert f.read() == "é"
        f.seek(position=4)
        assert f.readlines() == ["two\n", "é"]
    assert list(tf.gfile.Open(name)) == ["one\n", "two\n", "é"]
    assert tf.gfile.FastGFile(name, "rb").read() == "one\ntwo\né".encode()
    assert tf.io.gfile.GFile("file://" + name).read(3) == "one"
    assert tf.gfile.GFile(pathlib.Path(name)).readline() == "one\n"


def test_writing(folder):
    name = os.path.join(folder, "new")
    with tf.gfile.GFile(name, "w") as f:
        f.write("é")
        assert f.tell() == 2
        f.flush()
        assert file_io.read_file_to_string(name) == "é"
    with tf.gfile.GFile(name, "a") as f:
        f.write(b"!")
    assert file_io.read_file_to_string(name, binary_mode=True) == b"\xc3\xa9!"
    with tf.gfile.GFile(name, "w+") as f:
        f.write("abc")
        f.seek(1)
        assert f.read() == "bc"
    file_io.write_string_to_file(name, "")
    assert tf.gfile.Stat(name).length == 0


def test_what_a_mode_does_not_allow(folder):
    name = os.path.join(folder, "a.txt")
    with pytest.raises(tf.errors.PermissionDeniedError, match="File isn't open for writing"):
        tf.gfile.GFile(name).write("x")
    with pytest.raises(tf.errors.PermissionDeniedError, match="File isn't open for reading"):
        tf.gfile.GFile(name, "a").read()
    with pytest.raises(tf.errors.InvalidArgumentError, match="mode is not 'r' or 'w' or 'a'"):
        tf.gfile.GFile(name, "x")
    with pytest.raises(TypeError, match="offset argument required"):
        tf.gfile.GFile(name).seek()
    with pytest.raises(tf.errors.InvalidArgumentError, match="Invalid whence argument: 3"):
        tf.gfile.GFile(name).seek(0, 3)
    with pytest.raises(tf.errors.UnimplementedError, match="scheme 'gs' not implemented"):
        tf.gfile.Exists("gs://bucket/x")


def test_files_that_are_not_there(folder):
    none = os.path.join(folder, "none")
    f = tf.gfile.GFile(none)                    # only reading it says so
    says = "%s; No such file or directory" % none
    for call in (f.read, f.size, lambda: tf.gfile.Remove(none), lambda: tf.gfile.Stat(none),
                 lambda: tf.gfile.Copy(none, none + "2"), lambda: tf.gfile.Rename(none, "x"),
                 lambda: tf.gfile.DeleteRecursively(none), lambda: tf.gfile.MkDir(none + "/x")):
        with pytest.raises(tf.errors.NotFoundError, match="No such file or directory") as e:
            call()
        assert e.value.message in (says, says.replace("none;", "none/x;"))
    with pytest.raises(tf.errors.NotFoundError, match="Could not find directory"):
        tf.gfile.ListDirectory(none)
    assert not tf.gfile.Exists(none) and not tf.gfile.IsDirectory(none)
    assert list(tf.gfile.Walk(none)) == [] and tf.gfile.Glob(none) == []


def test_copying_and_renaming(folder):
    a, b = os.path.join(folder, "a.txt"), os.path.join(folder, "b.txt")
    tf.gfile.Copy(a, b)
    assert file_io.filecmp(a, b) and file_io.file_crc32(a) == file_io.file_crc32(b, 3)
    for move in (tf.gfile.Copy, tf.gfile.Rename, tf.io.gfile.copy):
        with pytest.raises(tf.errors.AlreadyExistsError, match="file already exists"):
            move(a, b)
    tf.gfile.Rename(a, b, overwrite=True)
    assert not tf.gfile.Exists(a) and tf.gfile.Exists(b)
    file_io.atomic_write_string_to_file(b, "new")
    with pytest.raises(tf.errors.AlreadyExistsError):
        file_io.atomic_write_string_to_file(b, "other", overwrite=False)
    assert file_io.read_file_to_string(b) == "new"
    assert sorted(os.listdir(folder)) == ["b.txt", "sub"]


def test_folders(folder):
    deep = os.path.join(folder, "x", "y")
    tf.gfile.MakeDirs(deep)
    tf.gfile.MakeDirs(deep)
    assert tf.gfile.IsDirectory(deep) and tf.gfile.Stat(deep).is_directory
    with pytest.raises(tf.errors.AlreadyExistsError, match="File exists"):
        tf.gfile.MkDir(deep)
    with pytest.raises(tf.errors.FailedPreconditionError, match="is not a directory"):
        tf.gfile.MakeDirs(os.path.join(folder, "a.txt"))
    with pytest.raises(tf.errors.FailedPreconditionError, match="Is a directory"):
        tf.gfile.Remove(deep)
    assert sorted(tf.gfile.ListDirectory(folder)) == ["a.txt", "sub", "x"]
    tf.gfile.DeleteRecursively(os.path.join(folder, "x"))
    assert sorted(tf.io.gfile.listdir(folder)) == ["a.txt", "sub"]


def test_walk(folder):
    sub = os.path.join(folder, "sub")
    found = [(top, dirs, sorted(files)) for top, dirs, files in tf.gfile.Walk(folder)]
    assert found == [(folder, ["sub"], ["a.txt"]), (sub, [], [".hidden.txt", "b.bin"])]
    assert [x[0] for x in tf.gfile.Walk(folder, in_order=False)] == [sub, folder]
    assert [x[0] for x in tf.io.gfile.walk(folder, topdown=False)] == [sub, folder]


def test_glob(folder):
    def names(pattern):
        return [os.path.relpath(p, folder) for p in tf.gfile.Glob(os.path.join(folder, pattern))]

    assert names("*.txt") == ["a.txt"] and names("*") == ["a.txt", "sub"]
    assert names("*/*") == ["sub/.hidden.txt", "sub/b.bin"]
    assert names("s[tu]b/?.bin") == ["sub/b.bin"] and names("none*") == []
    assert len(tf.io.gfile.glob([os.path.join(folder, "a*"), os.path.join(folder, "s*")])) == 2


def test_names_are_the_same_by_every_path():
    from weft.python.platform import gfile
    assert gfile.GFile is tf.gfile.GFile is tf.io.gfile.GFile
    assert tf.gfile.Exists is file_io.file_exists
