"""The process that holds a run directory, as its lock file names it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dreamerguard.util.json_text import read_json

_LONGEST = 1 << 16


@dataclass(frozen=True)
class Holder:
    """A process on a machine.

    Attributes:
      host: name of the machine.
      boot: identifier of the machine's last boot; empty if the system has none.
      space: identifier of the process id namespace, which differs between containers; empty if the system has none.
      pid: process id.
      born: start time of the process in clock ticks since boot; 0 if the system does not say.
      since: time at which it took the lock.
      command: its command line.
    """

    host: str
    boot: str
    space: str
    pid: int
    born: int
    since: str
    command: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Returns the content of the lock file."""
        return asdict(self)

    def is_here(self) -> bool:
        """Returns whether its process id means the process on this machine."""
        return (self.host, self.boot, self.space) == (os.uname().nodename, _boot(), _space())

    def is_ended(self, locked: bool) -> bool:
        """Returns whether it certainly has ended.

        Args:
          locked: whether this process got the file lock. On one machine, a living holder would have kept it.
        """
        if self.is_here():
            return _born(self.pid) != self.born
        return locked and self.boot == _boot() != ""


def this_process(command: Sequence[str]) -> Holder:
    """Returns this process as a holder."""
    pid = os.getpid()
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    words = tuple(word[:200] for word in command[:50])
    return Holder(os.uname().nodename, _boot(), _space(), pid, _born(pid) or 0, since, words)


def read_holder(handle: int) -> Holder | None:
    """Reads the holder from an open lock file; None if it names none, as after a power cut."""
    try:
        found = read_json(os.pread(handle, _LONGEST, 0).decode())
        if not isinstance(found, dict):
            return None
        texts = {name: str(found[name])[:200] for name in ("host", "boot", "space", "since")}
        command = tuple(str(word) for word in found["command"])
        return Holder(**texts, pid=int(found["pid"]), born=int(found["born"]), command=command)
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def _born(pid: int) -> int | None:
    """Returns the start time of a process; None if there is none or it has ended; 0 if the system does not say."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0 if not Path("/proc/self/stat").exists() and _answers(pid) else None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return pid > 0


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _space() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
