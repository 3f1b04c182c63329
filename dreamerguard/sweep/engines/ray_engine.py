"""The engine for Ray: each run is a task of Ray that runs a worker, on this machine or on a cluster by its address.

Ray ends the tasks of a driver that dies. The worker of such a run gets SIGTERM and saves it, so that the next
controller continues it. How a run ended stands in the worker's files; no result of Ray is read.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from dreamerguard.sweep.plan.sweep_file import EngineSettings

from .interface import EngineError, WorkerLaunch
from .run_worker import WorkerTask

#: Ray would kill the children of a task with SIGKILL; here they get SIGTERM by themselves (`guard.linux`) and save.
_KEEP_CHILDREN = ("RAY_kill_child_processes_on_worker_exit", "0")
#: Seconds between two questions for the size of the cluster.
_SIZE = 10.0


def run_worker(words: Sequence[str]) -> int:
    """Runs a worker in a task of Ray; returns its exit code."""
    return WorkerTask(words)()


class RayEngine:
    """Runs workers as tasks of Ray.

    Args:
      settings: resources of each run, and the address of a cluster.

    Raises:
      EngineError: Ray is missing, does not answer, or has not what one run takes.
    """

    name = "ray"

    def __init__(self, settings: EngineSettings) -> None:
        try:
            import ray
        except ImportError as error:
            raise EngineError("--engine ray needs the package ray: pip install 'dreamerguard[ray]'") from error
        self._ray: Any = ray
        self._settings = settings
        self._tasks: dict[str, Any] = {}
        self._capacity, self._asked = 0, float("-inf")
        os.environ.setdefault(*_KEEP_CHILDREN)
        try:
            # Without "local", Ray would silently join a cluster that RAY_ADDRESS names.
            ray.init(
                address=settings.address or "local", include_dashboard=False, log_to_driver=False,
                logging_level="ERROR", namespace="dreamerguard",
            )  # fmt: skip
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise EngineError(f"Ray cannot be used: {error}") from error
        needs: dict[str, Any] = {"num_cpus": settings.cores_per_run, "num_gpus": settings.gpus_per_run}
        if settings.memory_per_run is not None:
            needs["memory"] = int(settings.memory_per_run * 1e9)
        self._task = ray.remote(**needs, max_retries=0)(run_worker)
        if settings.slots is None and not self._fits():
            self.close()
            raise EngineError(f"the resources of Ray, {ray.cluster_resources()}, do not hold one run: {needs}")

    def room(self) -> int:
        """Returns how many more tasks it takes: those that fit, or as many as the file says if the cluster grows."""
        most = self._settings.slots
        return (self._fits() if most is None else most) - len(self._tasks)

    def _fits(self) -> int:
        if time.monotonic() - self._asked >= _SIZE:
            self._asked = time.monotonic()
            self._capacity = runs_that_fit(self._ray.cluster_resources(), self._settings)
        return self._capacity

    def submit(self, launches: Sequence[WorkerLaunch]) -> Mapping[str, str]:
        """Gives tasks to Ray."""
        for launch in launches:
            self._tasks[launch.name] = self._task.remote(launch.words)
        return {launch.name: f"Ray task {self._tasks[launch.name].task_id().hex()[:16]}" for launch in launches}

    def adopt(self, name: str, folder: Path, job: str) -> None:
        """Does nothing: Ray has ended the tasks of an earlier controller, and their runs save themselves."""

    def alive(self) -> set[str]:
        """Returns the runs whose tasks wait or run."""
        refs = list(self._tasks.values())
        if refs:
            ended = set(self._ray.wait(refs, num_returns=len(refs), timeout=0, fetch_local=False)[0])
            self._tasks = {name: ref for name, ref in self._tasks.items() if ref not in ended}
        return set(self._tasks)

    def cancel(self, names: Collection[str]) -> None:
        """Takes tasks out of the queue."""
        for name in names:
            ref = self._tasks.pop(name, None)
            if ref is not None:
                self._ray.cancel(ref, force=False)

    def wait(self, seconds: float) -> None:
        """Waits; returns early when a task has ended."""
        refs = list(self._tasks.values())
        if refs:
            self._ray.wait(refs, num_returns=1, timeout=seconds, fetch_local=False)
        else:
            time.sleep(seconds)

    def close(self) -> None:
        """Leaves the cluster, or ends the one that was started here."""
        self._ray.shutdown()


def runs_that_fit(resources: Mapping[str, float], settings: EngineSettings) -> int:
    """Returns how many runs fit into the resources of a cluster, as Ray counts them."""
    memory = None if settings.memory_per_run is None else settings.memory_per_run * 1e9
    needs = {"CPU": settings.cores_per_run, "GPU": settings.gpus_per_run, "memory": memory}
    return min(int(resources.get(name, 0.0) / need + 1e-9) for name, need in needs.items() if need)
