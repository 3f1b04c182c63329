"""The lock of a run: the worker holds it while the run runs, so that no run runs twice, whoever starts it.

It is an ``flock`` whose file handle the program inherits: it lasts until the worker and everything that it started
have ended, also after ``kill -9`` of the worker. Where the file system has no such locks between machines, the worker
also renews the file's time, and a file that is renewed counts as held.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from dreamerguard.util.json_text import read_json

from .job_folder import LOCK

#: Seconds between two renewals, and without one after which a worker on another machine is taken for dead.
RENEWAL, PATIENCE = 10.0, 90.0
#: Seconds for which a worker tries to get the lock: a controller that looks at it holds it for an instant.
_TRIES, _PAUSE = 40, 0.05
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BUSY = (errno.EWOULDBLOCK, errno.EACCES)
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


class HeldElsewhere(Exception):
    """Another process runs the run."""


class WorkerLock:
    """Holds the lock of a run until `release`.

    Args:
      folder: folder of the worker's files.
      attempt: number of the attempt, for the record.
      wait: waits for seconds.

    Raises:
      HeldElsewhere: another process runs the run.
      OSError: the lock file cannot be made.
    """

    def __init__(self, folder: Path, attempt: int, wait: Callable[[float], None] = time.sleep) -> None:
        self._handle = _acquire(folder, wait)
        record = {"host": socket.gethostname(), "pid": os.getpid(), "attempt": attempt, "since": time.time()}
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, (json.dumps(record) + "\n").encode(), 0)
        os.set_inheritable(self._handle, True)
        self._ended = threading.Event()
        threading.Thread(target=self._renew, name="worker lock", daemon=True).start()

    def _renew(self) -> None:
        while not self._ended.wait(RENEWAL):
            with suppress(OSError):
                os.utime(self._handle)

    def release(self) -> None:
        """Gives the lock back. Processes that the program left behind may still hold it."""
        self._ended.set()
        with suppress(OSError):
            os.ftruncate(self._handle, 0)  # the record of nobody: a file that is not renewed counts at once
        os.close(self._handle)


def _acquire(folder: Path, wait: Callable[[float], None]) -> int:
    for _ in range(_TRIES):
        handle = os.open(folder / LOCK, _FLAGS, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                if not _renewed_elsewhere(handle):
                    return handle
            elif error.errno not in _BUSY:
                os.close(handle)
                raise
        else:
            if not _renewed_elsewhere(handle):
                return handle
        os.close(handle)
        wait(_PAUSE)
    raise HeldElsewhere(f"{folder.name} is run by another process")


def is_held(folder: Path) -> bool:
    """Returns whether a worker, or a process that it started, runs the run."""
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return _renewed_elsewhere(handle)
    except OSError as error:
        return error.errno in _BUSY or _renewed_elsewhere(handle)
    finally:
        os.close(handle)


def holder(folder: Path) -> dict[str, Any] | None:
    """Returns host, process, attempt and start of the worker that has the lock; None if the record is empty."""
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _record(handle)
    finally:
        os.close(handle)


def _record(handle: int) -> dict[str, Any] | None:
    try:
        found = read_json(os.pread(handle, 4096, 0))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _renewed_elsewhere(handle: int) -> bool:
    """Returns whether a worker on another machine has renewed the file in the last `PATIENCE` seconds."""
    record = _record(handle)
    if record is None or record.get("host") == socket.gethostname():
        return False
    return time.time() - os.fstat(handle).st_mtime < PATIENCE
