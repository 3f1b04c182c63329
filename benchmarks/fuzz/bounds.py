"""Runs one input in this process, with bounds on processor time and memory."""

from __future__ import annotations

import resource
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

#: Never the place of a failure.
_HERE = __file__


class TooSlow(BaseException):
    """The input took more processor time than is allowed. Not an Exception, so that no parser catches it."""


@dataclass(frozen=True)
class Failure:
    """What an input did wrong.

    Attributes:
      kind: exception and the place that raised it; two failures of one kind are the same fault.
      text: the traceback.
    """

    kind: str
    text: str


def limit_memory(megabytes: int) -> None:
    """Lets this process take so much memory more than it has now; then it gets a MemoryError."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def attempt(run: Callable[[bytes], object], data: bytes, seconds: float) -> tuple[object, Failure | None]:
    """Returns what the function returned, and its failure if it had one."""
    signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        return run(data), None
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        return None, _failure(error)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise TooSlow


def _failure(error: BaseException) -> Failure:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != _HERE]
    ours = [frame for frame in frames if "/dreamerguard" in frame.filename] or frames
    slow = isinstance(error, (TooSlow, MemoryError, RecursionError))
    # Where a slow input is stopped is chance: its outermost own function names the fault.
    place = (ours[0] if slow else ours[-1]) if ours else None
    where = "the target" if place is None else f"{Path(place.filename).name} {place.name}"
    if place is not None and not slow:
        where += f" line {place.lineno}"
    return Failure(f"{type(error).__name__} in {where}", "".join(traceback.format_exception(error))[-8000:])
