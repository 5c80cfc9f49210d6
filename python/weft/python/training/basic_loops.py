"""A loop of training steps that survives the loss of a server."""
from weft.python.framework import errors

__all__ = ["basic_train_loop"]


def basic_train_loop(supervisor, train_step_fn, args=None, kwargs=None, master=""):
    """Calls train_step_fn(session, *args, **kwargs) until the Supervisor stops, and begins with a
    new session whenever one is aborted."""
    aborted = True
    while aborted:
        aborted = False
        try:
            with supervisor.managed_session(master) as sess:
                while not supervisor.should_stop():
                    train_step_fn(sess, *(args or ()), **(kwargs or {}))
        except errors.AbortedError:
            aborted = True
