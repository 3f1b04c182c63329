"""Checks the clock: against the file system, against files of the run, and against the monotonic clock."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .folders import existing, scratch
from .grade import MachineCheck, not_checked, ok, warning

#: Seconds by which clocks may differ.
_FILE_SYSTEM, _FUTURE, _JUMP = 2.0, 60.0, 0.5
#: 2026-01-01: no machine with this package can be earlier.
_EARLIEST = 1_767_225_600.0
_FIX = "synchronise the clock (timedatectl set-ntp true, or chrony)"


@dataclass(frozen=True, slots=True)
class ClockReading:
    """Both clocks at one moment, in seconds."""

    wall: float
    monotonic: float


def read_clocks() -> ClockReading:
    """Reads both clocks."""
    return ClockReading(time.time(), time.monotonic())


def check_clock(folder: Path, start: ClockReading, now: ClockReading) -> MachineCheck:
    """Checks the clock.

    Args:
      folder: run directory; it may not exist yet.
      start: both clocks at the start of the examination.
      now: both clocks now.
    """
    jump = (now.wall - start.wall) - (now.monotonic - start.monotonic)
    if abs(jump) > _JUMP:
        return warning("clock", f"the clock was set by {jump:+.1f} s while it was watched", "", _FIX, jump=jump)
    if now.wall < _EARLIEST:
        date = time.strftime("%Y-%m-%d", time.gmtime(now.wall))
        return warning("clock", f"the clock is wrong: it shows {date}", "", _FIX)
    newest = newest_file(folder)
    if newest is not None and newest[1] - now.wall > _FUTURE:
        text = f"the run holds a file from {newest[1] - now.wall:.0f} s in the future; the clock may have gone back"
        return warning("clock", text, str(newest[0]), _FIX)
    place = existing(folder)
    try:
        with scratch(place) as made:
            before = time.time()
            (made / "now").write_bytes(b"now")
            written, after = (made / "now").stat().st_mtime, time.time()
    except OSError as failure:
        return not_checked("clock", f"not compared with the file system: {failure.strerror or failure}", str(place))
    off = max(before - written, written - after, 0.0)
    if off > _FILE_SYSTEM:
        return warning(
            "clock", f"the file system's clock differs by {off:.1f} s", str(place), f"{_FIX} on both machines"
        )
    return ok("clock", f"agrees with the file system to {max(off, 0.01):.2f} s", str(place))


def newest_file(folder: Path) -> tuple[Path, float] | None:
    """Returns the file of a run directory that was written last, and the time; None if there are no files."""
    newest: tuple[Path, float] | None = None
    with suppress(OSError):
        for path in folder.iterdir():
            with suppress(OSError):
                written = path.lstat().st_mtime
                if newest is None or written > newest[1]:
                    newest = path, written
    return newest
