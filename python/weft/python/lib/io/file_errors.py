"""What the system says of files, as TensorFlow's errors."""
import contextlib
import errno
import os

from weft.python.framework import errors

_CODES = {
    errno.ENOENT: errors.NOT_FOUND, errno.ENXIO: errors.NOT_FOUND, errno.ENODEV: errors.NOT_FOUND,
    errno.EEXIST: errors.ALREADY_EXISTS,
    errno.EINVAL: errors.INVALID_ARGUMENT, errno.ENAMETOOLONG: errors.INVALID_ARGUMENT,
    errno.EPERM: errors.PERMISSION_DENIED, errno.EACCES: errors.PERMISSION_DENIED,
    errno.EROFS: errors.PERMISSION_DENIED,
    errno.ENOTEMPTY: errors.FAILED_PRECONDITION, errno.EISDIR: errors.FAILED_PRECONDITION,
    errno.ENOTDIR: errors.FAILED_PRECONDITION, errno.EBUSY: errors.FAILED_PRECONDITION,
    errno.ENOSPC: errors.RESOURCE_EXHAUSTED, errno.EMFILE: errors.RESOURCE_EXHAUSTED,
    errno.EDQUOT: errors.RESOURCE_EXHAUSTED, errno.ENOMEM: errors.RESOURCE_EXHAUSTED,
    errno.EFBIG: errors.OUT_OF_RANGE,
    errno.ENOSYS: errors.UNIMPLEMENTED, errno.EXDEV: errors.UNIMPLEMENTED,
    errno.EAGAIN: errors.UNAVAILABLE, errno.EINTR: errors.UNAVAILABLE,
}


@contextlib.contextmanager
def of(path):
    """A block whose OSErrors become OpErrors: "PATH; No such file or directory"."""
    try:
        yield
    except OSError as e:
        raise errors._make_specific_exception(
            None, None, "%s; %s" % (path, os.strerror(e.errno or errno.EIO)),
            _CODES.get(e.errno, errors.UNKNOWN)) from None
