"""The files by which a controller and the worker of a run talk, on any engine: they need only a common folder.

| file | writer | content |
| --- | --- | --- |
| ``job.json`` | controller | command, folder, environment and limits |
| ``worker.lock`` | worker | who runs the run; held while it runs, see `worker_lock` |
| ``ended.json`` | worker | how the last attempt ended, written in one step |
| ``stop.json`` | controller | asks an attempt to stop, and why |
| ``output.log`` | worker | output of all attempts |
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dreamerguard.util.json_text import read_json
from dreamerguard.util.regular_files import read_regular
from dreamerguard.util.replace_file import replace_file

JOB, LOCK, ENDED, STOP, OUTPUT = "job.json", "worker.lock", "ended.json", "stop.json", "output.log"
_MOST = 1 << 20


@dataclass(frozen=True, slots=True)
class RunJob:
    """What a worker runs.

    Attributes:
      words: the words to start.
      folder: folder in which they start.
      env: environment variables that are set.
      kill_after: seconds from SIGTERM to SIGKILL when the controller asks it to stop.
    """

    words: tuple[str, ...]
    folder: str
    env: Mapping[str, str]
    kill_after: float


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """How an attempt ended.

    Attributes:
      attempt: number of the attempt.
      code: exit code; 128 plus the number if a signal ended it.
      signalled: whether a signal to the worker or to the program asked it to end.
      stop: kind of the request of the controller, ``hopeless`` or ``pause``; empty without one.
      why: reason of the request, or why the program could not start.
      started, ended: seconds since the epoch.
      seconds: time that the run ran, over all attempts that ended.
      host: name of the machine.
    """

    attempt: int
    code: int
    signalled: bool
    stop: str
    why: str
    started: float
    ended: float
    seconds: float
    host: str


@dataclass(frozen=True, slots=True)
class StopRequest:
    """Asks an attempt to stop; ``kind`` is ``hopeless`` (for good) or ``pause`` (to continue later)."""

    attempt: int
    kind: str
    why: str


def write_job(folder: Path, job: RunJob) -> None:
    """Writes what a worker runs, and makes its folder.

    Raises:
      OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / JOB, asdict(job))


def read_job(folder: Path) -> RunJob:
    """Reads what a worker runs.

    Raises:
      OSError, ValueError: it is missing or damaged.
    """
    found = _read(folder / JOB)
    try:
        env = {str(key): str(value) for key, value in found["env"].items()}
        return RunJob(tuple(map(str, found["words"])), str(found["folder"]), env, float(found["kill_after"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{folder / JOB} is damaged: {error}") from error


def write_ending(folder: Path, ending: AttemptEnd) -> None:
    """Stores how an attempt ended, in one step and on the disk."""
    _write(folder / ENDED, asdict(ending))


def read_ending(folder: Path) -> AttemptEnd | None:
    """Reads how the last attempt ended; None if none has ended."""
    try:
        return AttemptEnd(**_read(folder / ENDED))
    except (OSError, ValueError, TypeError):
        return None


def write_stop(folder: Path, request: StopRequest) -> None:
    """Asks an attempt to stop."""
    _write(folder / STOP, asdict(request))


def read_stop(folder: Path, attempt: int) -> StopRequest | None:
    """Returns the request to stop this attempt; None without one."""
    try:
        found = StopRequest(**_read(folder / STOP))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.attempt == attempt else None


def _write(path: Path, content: Mapping[str, Any]) -> None:
    replace_file(path, (json.dumps(content) + "\n").encode())


def _read(path: Path) -> dict[str, Any]:
    found = read_json(read_regular(path, _MOST))
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds no object")
    return found
