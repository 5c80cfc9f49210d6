"""Threads of a pipeline. All share the process's one pool here, so that these are kept, no more."""
from weft.python.data.util import options

__all__ = ["ThreadingOptions"]


class ThreadingOptions(options.OptionsBase):
    """How many threads a pipeline may have."""

    max_intra_op_parallelism = options.create_option(
        "max_intra_op_parallelism", int, "At most so many for one op.")
    private_threadpool_size = options.create_option(
        "private_threadpool_size", int, "A pool of its own of so many.")
