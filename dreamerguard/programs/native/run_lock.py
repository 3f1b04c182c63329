"""One writer for a run directory: a lock that ends with its process, and a record of who holds it.

The lock is an ``flock`` on ``run.lock``, which the kernel releases when the process ends in any way. Some network file
systems have no such locks or keep them to one machine. So the file also names the process (machine, process id and
start time), and the holder renews its modification time. A process of this machine is looked up; one of another
machine holds the lock as long as it renews the file.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

from .lock_holder import Holder, read_holder, this_process

LOCK = "run.lock"
#: Seconds between two renewals of a held lock.
RENEWAL = 10.0
#: Seconds without a renewal after which a holder on another machine is taken for dead: NFS shows times a minute late.
PATIENCE = 90
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Say = Callable[[str], None]
Wait = Callable[[float], None]


class RunInUse(Exception):
    """Another process holds the run directory. The message names it and says how to stop it."""

    def __init__(self, directory: Path, holder: Holder | None) -> None:
        if holder is None:
            text = "by another process. Wait until it ends"
        elif holder.is_here():
            text = f"by process {holder.pid} since {holder.since}. Wait until it ends, stop it with `kill {holder.pid}`"
        else:
            text = f"by process {holder.pid} on {holder.host} since {holder.since}. Wait until it ends, stop it there"
        super().__init__(f"{directory} is in use {text}, or use another --logdir")
        #: What is known about the other process; None if its record is empty.
        self.holder = holder


class RunLock:
    """Holds run directories while it is open as a context manager.

    Args:
      directories: existing folders; all of them or none.
      command: the command, for the record.
      say: receives a line when it waits for a holder on another machine.
      wait: waits for seconds.

    Raises:
      RunInUse: another process holds one of them.
      OSError: a lock file cannot be made, for example because it is a link.
    """

    def __init__(self, directories: Sequence[Path], command: Sequence[str], say: Say, wait: Wait = time.sleep) -> None:
        self._holder, self._say, self._wait = this_process(command), say, wait
        self._held: list[tuple[Path, int]] = []
        self._ended = threading.Event()
        #: Whether another process has taken one of the directories, because this one seemed dead.
        self.taken = False
        with ExitStack() as stack:
            stack.callback(self.release)
            for directory in directories:
                self._held.append((directory / LOCK, self._acquire(directory)))
            stack.pop_all()
        threading.Thread(target=self._renew, name="run lock", daemon=True).start()

    def __enter__(self) -> RunLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _acquire(self, directory: Path) -> int:
        path = directory / LOCK
        while True:
            handle = os.open(path, _FLAGS, 0o666)
            try:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise OSError(errno.EINVAL, "run.lock is not a regular file", str(path))
                locked = _lock(handle, directory)
                if not _is_at(handle, path):
                    os.close(handle)  # its holder ended and removed the file meanwhile
                    continue
                self._check_record(handle, directory, locked)
                self._write_record(handle, directory, locked)
            except BaseException:
                with suppress(OSError):
                    os.close(handle)
                raise
            return handle

    def _check_record(self, handle: int, directory: Path, locked: bool) -> None:
        holder = read_holder(handle)
        if holder is None or holder.is_ended(locked):
            return
        if holder.is_here() or self._is_renewed(directory, holder):
            raise RunInUse(directory, holder)

    def _is_renewed(self, directory: Path, holder: Holder) -> bool:
        """Returns whether a holder on another machine still runs. Opening a file makes NFS ask its server."""
        self._say(
            f"{directory} was in use by process {holder.pid} on {holder.host}, which did not release it;"
            f" waiting up to {PATIENCE} s to see whether that process still runs"
        )
        first = _modified(directory / LOCK)
        for _ in range(PATIENCE):
            self._wait(1.0)
            if _modified(directory / LOCK) != first:
                return True
        return False

    def _write_record(self, handle: int, directory: Path, locked: bool) -> None:
        text = json.dumps(self._holder.as_dict()) + "\n"
        os.ftruncate(handle, 0)
        os.pwrite(handle, text.encode(), 0)
        os.fsync(handle)
        if not locked:  # of two processes that start at the same time, the later record counts
            self._wait(1.0)
            found = read_holder(handle)
            if found != self._holder:
                raise RunInUse(directory, found)

    def _renew(self) -> None:
        while not self._ended.wait(RENEWAL):
            for path, handle in list(self._held):
                with suppress(OSError):
                    os.utime(handle)
                    self.taken |= _is_at(handle, path) and read_holder(handle) != self._holder

    def release(self) -> None:
        """Releases the directories. It does not wait, so it may run while the process ends."""
        self._ended.set()
        while self._held:
            path, handle = self._held.pop()
            with suppress(OSError):
                if _is_at(handle, path) and read_holder(handle) == self._holder:
                    path.unlink()
            with suppress(OSError):
                os.close(handle)


def _lock(handle: int, directory: Path) -> bool:
    """Locks an open file. Returns False if the file system has no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return False
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise RunInUse(directory, read_holder(handle)) from error
        raise
    return True


def _is_at(handle: int, path: Path) -> bool:
    try:
        found, own = path.lstat(), os.fstat(handle)
    except FileNotFoundError:
        return False
    return (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)


def _modified(path: Path) -> int | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return os.fstat(handle).st_mtime_ns
    finally:
        os.close(handle)
