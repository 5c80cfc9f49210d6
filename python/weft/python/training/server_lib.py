"""Clusters and servers. A server runs in this process: sessions on its target share variables."""

from weft import _core
from weft.python.framework import errors, messages

__all__ = ["ClusterSpec", "Server"]


class ClusterSpec(object):
    """Jobs by name, each a list of tasks with network addresses.

    `cluster`: {job: [address...]} or {job: {task number: address}}, another ClusterSpec, or a
    ClusterDef.
    """

    def __init__(self, cluster):
        if isinstance(cluster, ClusterSpec):
            cluster = cluster.as_dict()
        elif not isinstance(cluster, dict) and isinstance(cluster, messages.ClusterDef):
            cluster = {job.name: dict(job.tasks) for job in cluster.job}
        if not isinstance(cluster, dict):
            raise TypeError("`cluster` must be a dictionary mapping one or more job names to lists "
                            "of network addresses, or a `ClusterDef` protocol buffer")
        self._jobs = {job: _tasks(tasks) for job, tasks in cluster.items()}

    def __bool__(self):
        return bool(self._jobs)

    def __eq__(self, other):
        return isinstance(other, ClusterSpec) and self._jobs == other._jobs

    def __ne__(self, other):
        return not self == other

    __hash__ = None

    def __repr__(self):
        return "ClusterSpec(%r)" % self.as_dict()

    def as_dict(self):
        """{job: addresses}; where task numbers have gaps, {job: {number: address}}."""
        return {job: [tasks[i] for i in sorted(tasks)] if _without_gaps(tasks) else dict(tasks)
                for job, tasks in self._jobs.items()}

    def as_cluster_def(self):
        """The same as a message."""
        return messages.ClusterDef(job=[messages.JobDef(name=job, tasks=self._jobs[job])
                                        for job in sorted(self._jobs)])

    @property
    def jobs(self):
        """The names of the jobs."""
        return list(self._jobs)

    def num_tasks(self, job_name):
        """How many tasks a job has; ValueError if there is no such job."""
        return len(self._job(job_name))

    def task_indices(self, job_name):
        """The numbers of a job's tasks, sorted."""
        return sorted(self._job(job_name))

    def task_address(self, job_name, task_index):
        """One task's address; ValueError if there is none."""
        tasks = self._job(job_name)
        if task_index not in tasks:
            raise ValueError("No task with index %r in job %r" % (task_index, job_name))
        return tasks[task_index]

    def job_tasks(self, job_name):
        """A job's addresses by number, None in gaps."""
        tasks = self._job(job_name)
        return [tasks.get(i) for i in range(max(tasks) + 1)] if tasks else []

    def _job(self, name):
        if name not in self._jobs:
            raise ValueError("No such job in cluster: %r" % (name,))
        return self._jobs[name]


def _tasks(tasks):
    if isinstance(tasks, (list, tuple)):
        tasks = dict(enumerate(tasks))
    if not isinstance(tasks, dict):
        raise TypeError("The tasks of a job must be a list or a dictionary.")
    for i, address in tasks.items():
        if not isinstance(i, int) or not isinstance(address, str):
            raise TypeError("Task %r must be a number and its address a string, not %r"
                            % (i, address))
    return tasks


def _without_gaps(tasks):
    return sorted(tasks) == list(range(len(tasks)))


class Server(object):
    """A server in this process. Variables of sessions on its target are the server's: shared, and
    kept when sessions close."""

    def __init__(self, server_or_cluster_def, job_name=None, task_index=None, protocol=None,
                 config=None, start=True):
        """`server_or_cluster_def`: a ServerDef, or a ClusterSpec (or what one is made of), of a
        single task, which is this.

        Raises:
          ValueError: job and task are not told and not clear from the cluster.
          UnimplementedError: the cluster has several tasks.
        """
        if hasattr(server_or_cluster_def, "default_session_config"):        # a ServerDef
            job_name = job_name or server_or_cluster_def.job_name
            task_index = server_or_cluster_def.task_index if task_index is None else task_index
            server_or_cluster_def = server_or_cluster_def.cluster
        self._cluster = ClusterSpec(server_or_cluster_def)
        self._job_name, self._task_index = self._own_task(job_name, task_index)
        self._protocol = protocol or "grpc"
        self._config = config
        if sum(self._cluster.num_tasks(job) for job in self._cluster.jobs) > 1:
            raise errors.UnimplementedError(
                None, None, "A server serves the one process it runs in; this cluster has several "
                "tasks: %r" % self._cluster)
        self._server = _core.Server() if start else None

    def _own_task(self, job_name, task_index):
        jobs = self._cluster.jobs
        if job_name is None:
            if len(jobs) != 1:
                raise ValueError("Must specify an explicit `job_name`.")
            job_name = jobs[0]
        if task_index is None:
            indices = self._cluster.task_indices(job_name)
            if len(indices) != 1:
                raise ValueError("Must specify an explicit `task_index`.")
            task_index = indices[0]
        self._cluster.task_address(job_name, task_index)
        return job_name, task_index

    @staticmethod
    def create_local_server(config=None, start=True):
        """A server by itself: a cluster of one task, job "local"."""
        return Server({"local": ["localhost:0"]}, protocol="grpc", config=config, start=start)

    @property
    def server_def(self):
        """What this server is, as a message."""
        return messages.ServerDef(
            cluster=self._cluster.as_cluster_def(), job_name=self._job_name,
            task_index=self._task_index, protocol=self._protocol,
            default_session_config=self._config)

    def start(self):
        """Starts a server that was made with `start=False`."""
        if self._server is None:
            self._server = _core.Server()

    def join(self):
        """Waits for the server to end, which it does with the process."""
        import threading
        threading.Event().wait()

    @property
    def target(self):
        """What tf.Session() takes to work on this server."""
        self.start()
        return self._server.target
