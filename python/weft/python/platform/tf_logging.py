"""tf.logging: what the library and scripts have to say, on standard error as "INFO:tensorflow:...".

It is Python's own logging, under the name "tensorflow". Warnings and worse are shown unless
set_verbosity() says otherwise.
"""
import logging
import sys
import threading

DEBUG = logging.DEBUG
INFO = logging.INFO
WARN = logging.WARN
ERROR = logging.ERROR
FATAL = logging.FATAL

_lock = threading.Lock()
_counts = {}                    # place in a script -> how often log_every_n, log_first_n came by


class _Stderr(logging.StreamHandler):
    """Writes to what is standard error at that moment."""

    @property
    def stream(self):
        return sys.stderr

    @stream.setter
    def stream(self, value):
        pass


def get_logger():
    """Python's logger that all of this goes through."""
    logger = logging.getLogger("tensorflow")
    with _lock:
        if not logger.handlers and not logging.getLogger().handlers:
            handler = _Stderr()
            handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
            logger.addHandler(handler)
            if hasattr(sys, "ps1"):                 # a person types: tell more
                logger.setLevel(INFO)
    return logger


def set_verbosity(v):
    """Show messages of level `v` and above: tf.logging.INFO..."""
    get_logger().setLevel(v)


def get_verbosity():
    """The level from which messages are shown."""
    return get_logger().getEffectiveLevel()


def log(level, msg, *args, **kwargs):
    """Say `msg % args` at a level."""
    get_logger().log(level, msg, *args, stacklevel=kwargs.pop("stacklevel", 2), **kwargs)


def _at(level, word):
    def say(msg, *args, **kwargs):
        log(level, msg, *args, stacklevel=3, **kwargs)
    say.__name__ = say.__qualname__ = word
    say.__doc__ = "Say `msg %% args` at level %s." % logging.getLevelName(level)
    return say


debug = _at(DEBUG, "debug")
info = _at(INFO, "info")
warn = _at(WARN, "warn")
warning = _at(WARN, "warning")
error = _at(ERROR, "error")
fatal = _at(FATAL, "fatal")


def vlog(level, msg, *args, **kwargs):
    """Say `msg % args` at a level."""
    log(level, msg, *args, stacklevel=3, **kwargs)


def TaskLevelStatusMessage(msg):
    """Say it as an error."""
    error(msg)


def log_if(level, msg, condition, *args):
    """Say it if `condition` holds."""
    if condition:
        log(level, msg, *args, stacklevel=3)


def _passes():
    """How often the caller's caller came by before."""
    frame = sys._getframe(2)
    place = frame.f_code.co_filename, frame.f_lineno
    with _lock:
        count = _counts.get(place, 0)
        _counts[place] = count + 1
    return count


def log_every_n(level, msg, n, *args):
    """Say it the first time this line is reached, and every n-th time after."""
    if _passes() % n == 0:
        log(level, msg, *args, stacklevel=3)


def log_first_n(level, msg, n, *args):
    """Say it only the first n times this line is reached."""
    if _passes() < n:
        log(level, msg, *args, stacklevel=3)


def flush():
    """Write what is buffered."""
    for handler in get_logger().handlers:
        handler.flush()
