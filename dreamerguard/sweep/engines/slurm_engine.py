"""The engine for Slurm, by submitit: each round of new runs is one job array.

submitit stores what a job runs as a pickle in the sweep's folder, and the job loads it. Only this user may write there,
as for the job scripts themselves. No pickle is read here: how a run ended stands in the worker's files.
"""

from __future__ import annotations

import logging
import math
import os
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from dreamerguard.sweep.plan.sweep_file import EngineSettings

from .interface import EngineError, WorkerLaunch
from .run_worker import WorkerTask

#: Folder of submitit's files in the sweep's folder, and the beginning of the names of jobs.
FOLDER, JOB = "slurm", "Slurm job"
#: Jobs in the queue at the same time, unless the file says otherwise, and how often one is put back into the queue.
_MOST, _REQUEUES = 500, 1000
#: Hours of a job if the file states none, and most seconds between Slurm's warning and its limit.
_HOURS, _SIGNAL_DELAY = 24.0, 180
#: Seconds between two questions for the queue, and time limit of one.
_QUEUE, _PATIENCE = 15.0, 60


class SlurmEngine:
    """Queues workers as jobs of Slurm.

    Args:
      settings: resources of each run, partition, account, time limit and further options.
      folder: the sweep's folder, which all nodes must share.
      cluster: ``slurm``, or ``local`` for submitit's processes on this machine.

    Raises:
      EngineError: submitit or Slurm is missing, or an option is not valid.
    """

    name = "slurm"

    def __init__(self, settings: EngineSettings, folder: Path, cluster: str = "slurm") -> None:
        try:
            import submitit
        except ImportError as error:
            raise EngineError("--engine slurm needs the package submitit: pip install 'dreamerguard[slurm]'") from error
        self._submitit: Any = submitit
        self._folder, self._cluster = folder / FOLDER, cluster
        self._most = settings.slots or _MOST
        self._jobs: dict[str, Any] = {}
        self._asked = float("-inf")
        logging.getLogger("submitit").setLevel(logging.ERROR)
        try:
            self._executor: Any = submitit.AutoExecutor(
                self._folder, cluster=cluster, slurm_max_num_timeout=_REQUEUES, local_max_num_timeout=_REQUEUES
            )
            self._executor.update_parameters(**_parameters(settings))
        except (RuntimeError, ValueError, NameError, AssertionError, OSError) as error:
            raise EngineError(f"Slurm cannot be used: {error}") from error

    def room(self) -> int:
        """Returns how many more jobs may be queued."""
        return self._most - len(self._jobs)

    def submit(self, launches: Sequence[WorkerLaunch]) -> Mapping[str, str]:
        """Queues workers as one job array."""
        try:
            with self._executor.batch():
                jobs = [self._executor.submit(WorkerTask(launch.words)) for launch in launches]
        except Exception as error:  # submitit passes on the errors of sbatch and of the file system
            raise EngineError(f"Slurm did not take the jobs: {error}") from error
        self._asked = time.monotonic()
        self._jobs |= {launch.name: job for launch, job in zip(launches, jobs, strict=True)}
        return {launch.name: f"{JOB} {job.job_id}" for launch, job in zip(launches, jobs, strict=True)}

    def adopt(self, name: str, folder: Path, job: str) -> None:
        """Takes over a job that an earlier controller queued."""
        number = job.removeprefix(JOB).strip()
        if job.startswith(JOB) and self._cluster == "slurm":
            self._jobs[name] = self._submitit.SlurmJob(folder=str(self._folder), job_id=number, tasks=[0])

    def alive(self) -> set[str]:
        """Returns the runs whose jobs are queued, run, or wait to run again."""
        if self._cluster != "slurm":
            self._jobs = {name: job for name, job in self._jobs.items() if not job.done()}
        elif self._jobs and time.monotonic() - self._asked >= _QUEUE:
            self._asked = time.monotonic()
            queued = _queued_jobs()
            if queued is not None:
                self._jobs = {name: job for name, job in self._jobs.items() if job.job_id in queued}
        return set(self._jobs)

    def cancel(self, names: Collection[str]) -> None:
        """Takes jobs out of the queue."""
        for name in names:
            job = self._jobs.pop(name, None)
            if job is not None:
                job.cancel(check=False)

    def wait(self, seconds: float) -> None:
        """Waits."""
        time.sleep(seconds)

    def close(self) -> None:
        """Does nothing: queued jobs stay in the queue, and a later controller adopts them."""


def _queued_jobs() -> set[str] | None:
    """Returns the user's jobs in the queue, ``12`` or ``12_3``, running ones too; None if Slurm does not answer.

    submitit asks sacct, which knows nothing on a cluster without accounting.
    """
    command = ["squeue", "--noheader", "--array", "--format=%i", f"--user={os.getuid()}"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return set(found.stdout.split())


def _parameters(settings: EngineSettings) -> dict[str, Any]:
    if settings.gpus_per_run % 1:
        raise EngineError("Slurm gives whole GPUs: write a whole number as engine.gpus_per_run")
    minutes = math.ceil((settings.hours or _HOURS) * 60)
    parameters = {
        "name": "dreamerguard",
        "timeout_min": minutes,
        "cpus_per_task": math.ceil(settings.cores_per_run),
        "mem_gb": settings.memory_per_run,
        "gpus_per_node": int(settings.gpus_per_run) or None,
        "slurm_partition": settings.partition,
        "slurm_account": settings.account,
        "slurm_array_parallelism": settings.slots or _MOST,
        "slurm_signal_delay_s": min(_SIGNAL_DELAY, minutes * 30),
        "slurm_additional_parameters": {"requeue": True, **settings.options},
    }
    return {key: value for key, value in parameters.items() if value is not None}
