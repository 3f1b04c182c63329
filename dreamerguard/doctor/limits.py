"""Checks limits of the process: open files, threads and processes, and shared memory."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .child import run_probe
from .folders import gigabytes
from .grade import MachineCheck, error, not_checked, ok, warning

#: Open files of a run: 6 while it trains and up to 26 while it saves were measured; each worker adds a few.
FILES, FILES_EACH_WORKER = 64, 8
#: Threads of a run: 39 were measured on two cores, and libraries start some for each core.
THREADS, THREADS_EACH_CORE = 40, 6


def check_open_files(workers: int) -> MachineCheck:
    """Compares the limit of open files with what a run opens.

    Args:
      workers: worker processes of the run.
    """
    try:
        import resource
    except ImportError:
        return not_checked("open files", "this system states no limit")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = FILES + FILES_EACH_WORKER * workers
    text = f"{'no limit' if soft == resource.RLIM_INFINITY else soft}, a run needs about {need}"
    most = "unlimited" if hard == resource.RLIM_INFINITY else hard
    if soft == resource.RLIM_INFINITY or soft >= 4 * need:
        return ok("open files", text, "ulimit -n", soft=soft, hard=hard)
    report = error if soft < need else warning
    fix = f"ulimit -n {max(4 * need, 1024)} (at most {most} without an administrator)"
    return report("open files", text, "ulimit -n", fix, soft=soft, hard=hard)


def check_threads(workers: int, seconds: float) -> MachineCheck:
    """Starts as many threads as a run may need; limits of users, control groups and memory all count."""
    wanted = THREADS + THREADS_EACH_CORE * (os.cpu_count() or 1) + workers
    answer = run_probe("threads", seconds, [str(wanted)])
    if answer.problem:
        return not_checked("threads", answer.problem, "ulimit -u", "raise ulimit -u and the control group's pids.max")
    started = answer.values["started"]
    if started < wanted:
        fix = "raise ulimit -u, ulimit -v and the control group's pids.max"
        return error("threads", f"only {started} of {wanted} threads can be started", "ulimit -u", fix, **answer.values)
    return ok("threads", f"{wanted} threads start", **answer.values)


def check_shared_memory(workers: int, size: int, folder: Path = Path("/dev/shm")) -> MachineCheck:
    """Compares the shared memory with what worker processes exchange.

    Args:
      workers: worker processes; 0 if the run has none.
      size: bytes of one step of all environments.
      folder: the file system of shared memory.
    """
    where = str(folder)
    if not os.path.isdir(folder):  # noqa: PTH112 - does not raise
        if not workers:
            return ok("shared memory", "there is none; a run without worker processes needs none", where)
        text = "there is none; worker processes exchange data through the folder for temporary files, which is slow"
        return warning("shared memory", text, where, "mount a tmpfs on /dev/shm")
    try:
        free = shutil.disk_usage(folder).free
    except OSError as failure:
        return not_checked("shared memory", f"free space is not known: {failure.strerror}", where)
    text, need = f"{gigabytes(free)} free", 2 * size
    if workers and free < need:
        fix = "enlarge it (docker run --shm-size=1g), or set env.backend=serial"
        return error("shared memory", f"{text}, the run needs {gigabytes(need)}", where, fix, free=free)
    if workers and not os.access(folder, os.W_OK):
        return warning("shared memory", f"{text}, not writable", where, "make it writable, or env.backend=serial")
    return ok("shared memory", text, where, free=free)
