"""Threads that fill queues."""
from weft.python.training.queue_runner_impl import (  # noqa: F401
    QueueRunner, add_queue_runner, start_queue_runners)

__all__ = ["QueueRunner", "add_queue_runner", "start_queue_runners"]
