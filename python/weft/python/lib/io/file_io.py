"""Files and folders, by TensorFlow's names and with its errors.

Paths are the system's, with or without "file://" before them; other schemes are Unimplemented.
"""
import binascii
import fnmatch
import os
import shutil
import uuid

from weft.python.framework import errors
from weft.python.lib.io import file_errors
from weft.python.util import compat

__all__ = [
    "FileIO", "FileStatistics", "atomic_write_string_to_file", "copy", "copy_v2", "create_dir",
    "create_dir_v2", "delete_file", "delete_file_v2", "delete_recursively",
    "delete_recursively_v2", "file_crc32", "file_exists", "file_exists_v2", "filecmp",
    "get_matching_files", "get_matching_files_v2", "is_directory", "is_directory_v2",
    "list_directory", "list_directory_v2", "read_file_to_string", "recursive_create_dir",
    "recursive_create_dir_v2", "rename", "rename_v2", "stat", "stat_v2", "walk", "walk_v2",
    "write_string_to_file"]


def _local(path):
    """The path as the system takes it."""
    path = compat.as_str_any(compat.as_bytes(compat.path_to_str(path)))
    scheme, found, rest = path.partition("://")
    if not found:
        return path
    if scheme != "file":
        raise errors.UnimplementedError(None, None, "File system scheme '%s' not implemented "
                                        "(file: '%s')" % (scheme, path))
    return rest


class FileIO:
    """A file of text, or with "b" in its mode of bytes; opened when first read or written."""

    def __init__(self, name, mode):
        self._reader = self._writer = None
        self._name = name
        self._mode = mode
        self._binary = "b" in mode
        self._kind = mode.replace("b", "")
        if self._kind not in ("r", "w", "a", "r+", "w+", "a+"):
            raise errors.InvalidArgumentError(
                None, None, "mode is not 'r' or 'w' or 'a' or 'r+' or 'w+' or 'a+'")

    @property
    def name(self):
        """What it was opened by."""
        return self._name

    @property
    def mode(self):
        """How it was opened."""
        return self._mode

    def _reading(self):
        if self._kind in ("w", "a"):
            raise errors.PermissionDeniedError(None, None, "File isn't open for reading")
        if self._kind == "w+":
            self._writing()                     # makes the file
        self.flush()
        if self._reader is None:
            self._reader = self._open("rb")
        return self._reader

    def _writing(self):
        if self._kind == "r":
            raise errors.PermissionDeniedError(None, None, "File isn't open for writing")
        if self._writer is None:
            self._writer = self._open("wb" if self._kind in ("w", "w+") else "ab")
        return self._writer

    def _open(self, mode):
        path = _local(self._name)
        with file_errors.of(path):
            return open(path, mode)

    def _value(self, data):
        return data if self._binary else compat.as_str_any(data)

    def size(self):
        """How many bytes it has."""
        return stat(self._name).length

    def write(self, file_content):
        """Appends bytes, or a text as UTF-8."""
        with file_errors.of(self._name):
            self._writing().write(compat.as_bytes(file_content))

    def read(self, n=-1):
        """The next n bytes, or all that are left."""
        reader = self._reading()
        with file_errors.of(self._name):
            return self._value(reader.read(n))

    def readline(self):
        """The next line with its end; nothing at the end of the file."""
        return self._value(self._reading().readline())

    def readlines(self):
        """All lines that are left."""
        return list(self)

    def seek(self, offset=None, whence=0, position=None):
        """Reading goes on there: from the start (whence 0), from here (1), from the end (2)."""
        if offset is None and position is None:
            raise TypeError("seek(): offset argument required")
        offset = position if offset is None else offset
        if whence not in (0, 1, 2):
            raise errors.InvalidArgumentError(
                None, None, "Invalid whence argument: %s. Valid values are 0, 1, or 2." % whence)
        with file_errors.of(self._name):
            self._reading().seek(offset, whence)

    def tell(self):
        """Where the next byte is read, or written in a file that is not read."""
        writes_only = self._kind in ("w", "a")
        return (self._writing() if writes_only else self._reading()).tell()

    def flush(self):
        """What was written is in the file."""
        if self._writer is not None:
            with file_errors.of(self._name):
                self._writer.flush()

    def close(self):
        """Ends it; using it again opens it anew."""
        files, self._reader, self._writer = (self._reader, self._writer), None, None
        with file_errors.of(self._name):
            for file in files:
                if file is not None:
                    file.close()

    def seekable(self):
        """True: see seek()."""
        return True

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    next = __next__

    def __del__(self):
        try:
            self.close()
        except errors.OpError:
            pass                        # nobody is left to be told


# ---- files as a whole ----

def read_file_to_string(filename, binary_mode=False):
    """What is in a file: a text, or bytes."""
    with FileIO(filename, "rb" if binary_mode else "r") as f:
        return f.read()


def write_string_to_file(filename, file_content):
    """A file of that content, whatever was there."""
    with FileIO(filename, "w") as f:
        f._writing()
        f.write(file_content)


def atomic_write_string_to_file(filename, contents, overwrite=True):
    """write_string_to_file() to another name, which then takes the place of the file at once."""
    made = filename + ".tmp" + uuid.uuid4().hex
    write_string_to_file(made, contents)
    try:
        rename(made, filename, overwrite)
    except errors.OpError:
        delete_file(made)
        raise


def file_exists_v2(path):
    """Is there a file or a folder?"""
    return os.path.exists(_local(path))


def delete_file_v2(path):
    """Removes a file."""
    path = _local(path)
    with file_errors.of(path):
        os.remove(path)


def _may_write(path, overwrite):
    if not overwrite and os.path.exists(path):
        raise errors.AlreadyExistsError(None, None, "file already exists")


def copy_v2(src, dst, overwrite=False):
    """Copies a file; AlreadyExistsError if there is one and `overwrite` does not say so."""
    src, dst = _local(src), _local(dst)
    _may_write(dst, overwrite)
    with file_errors.of(src), open(src, "rb") as a:
        with file_errors.of(dst), open(dst, "wb") as b:
            shutil.copyfileobj(a, b)


def rename_v2(src, dst, overwrite=False):
    """Moves a file or folder; AlreadyExistsError as copy() has it."""
    src, dst = _local(src), _local(dst)
    _may_write(dst, overwrite)
    with file_errors.of(src):
        os.replace(src, dst)


class FileStatistics:
    """length in bytes, mtime_nsec, is_directory."""

    def __init__(self, length, mtime_nsec, is_directory):
        self.length, self.mtime_nsec, self.is_directory = length, mtime_nsec, is_directory

    def __repr__(self):
        return ("<FileStatistics: length %d, mtime_nsec %d, is_directory %s>"
                % (self.length, self.mtime_nsec, self.is_directory))


def stat_v2(path):
    """The FileStatistics of a file or folder."""
    path = _local(path)
    with file_errors.of(path):
        found = os.stat(path)
    return FileStatistics(found.st_size, found.st_mtime_ns, os.path.isdir(path))


def filecmp(filename_a, filename_b):
    """Whether two files have the same content."""
    if stat(filename_a).length != stat(filename_b).length:
        return False
    return file_crc32(filename_a) == file_crc32(filename_b)


def file_crc32(filename, block_size=1 << 20):
    """The CRC-32 of a file, "0x...". """
    crc = 0
    with FileIO(filename, "rb") as f:
        for block in iter(lambda: f.read(block_size), b""):
            crc = binascii.crc32(block, crc)
    return hex(crc & 0xFFFFFFFF)


# ---- folders ----

def is_directory_v2(path):
    """Is there a folder?"""
    return os.path.isdir(_local(path))


def create_dir_v2(path):
    """Makes a folder in one that is there."""
    path = _local(path)
    with file_errors.of(path):
        os.mkdir(path)


def recursive_create_dir_v2(path):
    """Makes a folder, and those above it, unless they are there."""
    path = _local(path)
    try:
        with file_errors.of(path):
            os.makedirs(path, exist_ok=True)
    except (errors.AlreadyExistsError, errors.FailedPreconditionError):
        raise errors.FailedPreconditionError(None, None, path + " is not a directory") from None


def list_directory_v2(path):
    """The names of what is in a folder."""
    path = _local(path)
    if not os.path.isdir(path):
        raise errors.NotFoundError(None, None, "Could not find directory %s" % path)
    with file_errors.of(path):
        return os.listdir(path)


def delete_recursively_v2(path):
    """Removes a folder with all that is in it, or a file."""
    path = _local(path)
    with file_errors.of(path):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.remove(path)


def walk_v2(top, topdown=True, onerror=None):
    """(folder, folders in it, files in it) for a folder and all below it."""
    top = compat.as_str_any(compat.path_to_str(top))
    try:
        items = list_directory(top)
    except errors.NotFoundError as e:
        if onerror:
            onerror(e)
        return
    folders = [x for x in items if is_directory(os.path.join(top, x))]
    here = top, folders, [x for x in items if x not in folders]
    if topdown:
        yield here
    for folder in folders:
        yield from walk_v2(os.path.join(top, folder), topdown, onerror)
    if not topdown:
        yield here


def _matches(folder, parts):
    """The paths below `folder` ("" or with a slash at its end) that match one pattern a level."""
    part, rest = parts[0], parts[1:]
    if not any(c in part for c in "*?["):
        names = [part] if part == "" or os.path.lexists(folder + part) else []
    else:
        try:
            names = sorted(n for n in os.listdir(folder or ".") if fnmatch.fnmatchcase(n, part))
        except OSError:
            names = []
    for name in names:
        if not rest:
            yield folder + name
        else:
            yield from _matches(folder + name + "/", rest)


def get_matching_files_v2(pattern):
    """The paths that match a pattern, or one of several: * and ? stay within one level."""
    if isinstance(pattern, (str, bytes)) or hasattr(pattern, "__fspath__"):
        pattern = [pattern]
    return [path for one in pattern for path in _matches("", _local(one).split("/"))]


# ---- the same by the names of the arguments that they had first ----

def file_exists(filename):
    """Is there a file or a folder?"""
    return file_exists_v2(filename)


def delete_file(filename):
    """Removes a file."""
    delete_file_v2(filename)


def copy(oldpath, newpath, overwrite=False):
    """copy_v2()."""
    copy_v2(oldpath, newpath, overwrite)


def rename(oldname, newname, overwrite=False):
    """rename_v2()."""
    rename_v2(oldname, newname, overwrite)


def stat(filename):
    """The FileStatistics of a file or folder."""
    return stat_v2(filename)


def is_directory(dirname):
    """Is there a folder?"""
    return is_directory_v2(dirname)


def create_dir(dirname):
    """Makes a folder in one that is there."""
    create_dir_v2(dirname)


def recursive_create_dir(dirname):
    """Makes a folder, and those above it, unless they are there."""
    recursive_create_dir_v2(dirname)


def list_directory(dirname):
    """The names of what is in a folder."""
    return list_directory_v2(dirname)


def delete_recursively(dirname):
    """Removes a folder with all that is in it."""
    delete_recursively_v2(dirname)


def walk(top, in_order=True):
    """walk_v2()."""
    return walk_v2(top, in_order)


def get_matching_files(filename):
    """The paths that match a pattern, or one of several."""
    return get_matching_files_v2(filename)
